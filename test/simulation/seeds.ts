// Runs one seed after the other in a process of its own, and prints of each what it gave, as a line of JSON.
//
//     node seeds.js '{"from": 1, "count": 100, "guarded": true}'
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { RunReport } from '../../src/testing/simulation/index.ts';
// First of all, for it takes what the guard forbids.
import '../../src/testing/simulation/drain.ts';
import { guard } from './guard.ts';

export interface Job {
  readonly from: number;
  readonly count: number;
  /** From one seed to the next. 1 if not given. */
  readonly step?: number;
  readonly scenario?: string | undefined;
  /** If given, a seed is the number of a plan with a crash at a step, and one at each of so many steps after that. */
  readonly again?: number;
  /** It begins no seed after that. */
  readonly minutes?: number | undefined;
  /** Whether everything ambient is forbidden, from before the product is loaded. */
  readonly guarded?: boolean;
}

/** A seed that was run: what it gave, or what was wrong. */
export type Ran = { readonly seed: number } & (RunReport | { readonly wrong: string });

const job = JSON.parse(process.argv[2] ?? '') as Job;
const { from, count, step = 1, scenario, again, minutes = Infinity, guarded = false } = job;
const { hrtime, stdout } = process;
const startedNs = hrtime.bigint();
const root = pathToFileURL(fileURLToPath(new URL('../..', import.meta.url))).href;
const watch = guarded ? guard(root) : undefined;
const { crashPlanOf, runPlan, runSeed, scenarioOf } = await import('./scenarios.ts');

// A promise that nobody waits for is a way to fail, too.
const unhandled: unknown[] = [];
process.on('unhandledRejection', (error) => unhandled.push(error));

for (let seed = from; seed < from + count * step; seed += step) {
  if (Number(hrtime.bigint() - startedNs) > minutes * 60e9) break;
  let ran: Ran;
  try {
    const report =
      again === undefined
        ? await runSeed(seed, scenario)
        : await runPlan(crashPlanOf(seed, again), scenario ?? scenarioOf(seed));
    ran = { seed, ...report };
    if (unhandled.length > 0) throw unhandled[0];
  } catch (error) {
    ran = { seed, wrong: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    unhandled.length = 0;
  }
  const uses = watch?.uses() ?? [];
  if (uses.length > 0) ran = { seed, wrong: `it used ${uses.join(', ')}` };
  stdout.write(`${JSON.stringify(ran)}\n`);
}
