/** Rounds: every contender runs once in each, one after the other, and each round begins with another one. */
import type { Contender, Measured, Question } from './question.ts';

/** The runs of one round, by contender. */
export type Round = ReadonlyMap<string, Measured>;

/** Runs a contender once, wherever that may be. */
export type Measure = (question: Question, contender: Contender) => Promise<Measured>;

/** A run that had less of a core was disturbed. */
export const UNDISTURBED = 0.9;
const ATTEMPTS = 3;

/** Runs again what was disturbed, a few times; gives the run that was disturbed the least. */
export function undisturbed(measure: Measure): Measure {
  return async (question, contender) => {
    let best = await measure(question, contender);
    for (let attempt = 1; attempt < ATTEMPTS && best.share < UNDISTURBED; attempt++) {
      const again = await measure(question, contender);
      if (again.share > best.share) best = again;
    }
    return best;
  };
}

export async function runRounds(
  question: Question,
  rounds: number,
  measure: Measure,
  tell: (progress: string) => void,
): Promise<Round[]> {
  const done: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const runs = new Map<string, Measured>();
    for (const contender of rotated(question.contenders, round)) {
      tell(`${question.name}, round ${round + 1} of ${rounds}: ${contender.name}`);
      runs.set(contender.name, await measure(question, contender));
    }
    done.push(runs);
  }
  return done;
}

function rotated<T>(all: readonly T[], by: number): T[] {
  const first = all.length === 0 ? 0 : by % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}
