/** The choices of a run: made at random or given, always written down, and made simpler while the run still fails. */
import { virtualHost } from '../../src/testing/index.ts';

/** The choices of one run, in the order in which they were made. */
export type Choices = readonly number[];

/** Makes choices: those that are given first, then others. */
export class Chooser {
  readonly made: number[] = [];
  readonly #given: Choices;
  readonly #otherwise: (bound: number) => number;

  constructor(given: Choices, otherwise: (bound: number) => number = () => 0) {
    this.#given = given;
    this.#otherwise = otherwise;
  }

  readonly choose = (bound: number): number => {
    const given = this.#given[this.made.length];
    const choice = given === undefined ? this.#otherwise(bound) : Math.min(given, bound - 1);
    this.made.push(choice);
    return choice;
  };
}

/**
 * Choices at random. Some seeds choose 0, the usual, often: what needs few unusual choices in a long run is found that way.
 */
export function atRandom(seed: number): (bound: number) => number {
  const host = virtualHost({ seed });
  const usual = [0, 50, 80, 95][host.entropy() % 4] ?? 0;
  return (bound) => (host.entropy() % 100 < usual ? 0 : host.entropy() % bound);
}

/** Without the zeros at the end, which are chosen anyway when nothing is given. */
export function trimmed(choices: Choices): Choices {
  let { length } = choices;
  while (length > 0 && choices[length - 1] === 0) length--;
  return choices.slice(0, length);
}

/** Whether `a` is simpler: fewer choices that are not the usual, then fewer choices, then smaller ones. */
export function isSimpler(a: Choices, b: Choices): boolean {
  const measures = (choices: Choices): number[] => [
    choices.filter((choice) => choice > 0).length,
    choices.length,
    choices.reduce((sum, choice) => sum + choice, 0),
  ];
  const [left, right] = [measures(trimmed(a)), measures(trimmed(b))];
  const at = left.findIndex((measure, i) => measure !== right[i]);
  return at >= 0 && (left[at] ?? 0) < (right[at] ?? 0);
}

/** Simpler choices that may fail as well, the boldest first. */
export function* simpler(choices: Choices): Generator<Choices> {
  const { length } = choices;
  for (let size = length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < length; at += size) {
      const [before, after] = [choices.slice(0, at), choices.slice(at + size)];
      yield trimmed([...before, ...after]);
      const chunk = choices.slice(at, at + size);
      if (chunk.some((choice) => choice > 0)) yield trimmed([...before, ...chunk.map(() => 0), ...after]);
    }
  }
  for (const [at, choice] of choices.entries()) {
    for (const less of new Set([choice >> 1, choice - 1])) {
      if (less > 0 && less < choice) yield choices.map((each, i) => (i === at ? less : each));
    }
  }
}
