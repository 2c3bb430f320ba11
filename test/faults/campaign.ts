// Which calls fail, one after the other, and how: each operation of each port, in each way in which it can, at each of its
// calls; for good; and once more while the system ends or recovers from it.
import { PorticoError } from 'portico/dataflow';
import { operations, waysToFail, type Answer, type Fault, type When } from 'portico/testing';
import { runBank } from './bank.ts';

/** What a call fails with: an error, one of a disk, one of ours, and what is no error at all. */
const errors: readonly (() => unknown)[] = [
  () => new Error('planted'),
  () => 'a text that was planted',
  () =>
    new PorticoError({ code: 'store/failed', where: 'a port', what: 'it was planted', cure: 'Take it out' }),
  () => Object.assign(new Error('there is no room'), { code: 'ENOSPC' }),
  () => Object.assign(new Error('the disk is gone'), { code: 'EIO' }),
  () => undefined,
];

/** Every operation of every port, as in `Journal.append`, and in which ways it can fail. */
export const ports: ReadonlyMap<string, readonly When[]> = new Map(
  Object.entries(operations).flatMap(([contract, answers]) =>
    Object.entries(answers as Record<string, Answer>).map(
      ([name, answer]) => [`${contract}.${name}`, waysToFail[answer]] as const,
    ),
  ),
);

/** How many of the calls of an operation fail, in each run another one. */
export type Calls = (count: number) => readonly number[];

export const everyCall: Calls = (count) => Array.from({ length: count }, (_, at) => at + 1);

/** The first, the last, and one between. */
export const someCalls: Calls = (count) => [...new Set([1, Math.ceil(count / 2), count])];

/** One fault in each run. */
export function* single(counts: ReadonlyMap<string, number>, calls: Calls): Generator<Fault> {
  let turn = 0;
  for (const [operation, ways] of ports) {
    for (const call of calls(counts.get(operation) ?? 0)) {
      for (const when of ways) yield { operation, call, when, error: errorFor(turn++) };
    }
  }
}

/** From one call on, all calls of an operation fail. */
export function* lasting(counts: ReadonlyMap<string, number>, calls: Calls): Generator<Fault> {
  let turn = 0;
  for (const [operation, ways] of ports) {
    for (const call of calls(counts.get(operation) ?? 0))
      yield { operation, call, when: ways[turn % 2] as When, error: errorFor(turn++), lasting: true };
  }
}

/** What ends a system, and then what it is ended with, or what the next one recovers with. */
export function* second(counts: ReadonlyMap<string, number>, calls: Calls): Generator<Fault> {
  let turn = 0;
  for (const operation of ['Journal.append', 'State.apply', 'DiskFile.sync', 'Host.yield', 'Journal.check']) {
    for (const call of calls(counts.get(operation) ?? 0)) {
      for (const [other, ways] of ports) {
        // Of these there are none any more.
        if (other === 'DiskFile.readSync') continue;
        const next: Fault = {
          operation: other,
          call: 1 + (turn % 3),
          when: ways[turn % ways.length] as When,
          error: errorFor(turn + 1),
        };
        yield { operation, call, when: 'at once', error: errorFor(turn++), next };
      }
    }
  }
}

function errorFor(turn: number): unknown {
  return errors[turn % errors.length]?.();
}

/** What came of a part of the campaign. */
export interface Report {
  readonly runs: number;
  /** How many faults came. */
  readonly met: number;
  /** What went wrong, with the fault that led there. */
  readonly wrong: readonly string[];
}

/** Runs the bank with each of these faults, and tells of what goes wrong. */
export async function fail(faults: Iterable<Fault>, isOver: () => boolean = () => false): Promise<Report> {
  let [runs, met] = [0, 0];
  const wrong: string[] = [];
  for (const fault of faults) {
    if (isOver()) break;
    runs++;
    const outcome = await runBank([fault], runs);
    met += outcome.met;
    for (const what of outcome.wrong) wrong.push(`${inWords(fault)}, seed ${runs}: ${what}`);
  }
  return { runs, met, wrong };
}

function inWords({ operation, call, when, error, lasting: isLasting, next }: Fault): string {
  const first = `${operation} ${call} fails ${when}${isLasting === true ? ' and for good' : ''} with ${String(error)}`;
  return next === undefined ? first : `${first}, then ${inWords(next)}`;
}
