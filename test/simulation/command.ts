// `npm run simulate`: a campaign of the simulation, or one seed of it, or the planted bugs.
//
//     npm run simulate -- --seeds 1000                 seeds 1 to 1000 of all scenarios, in turn
//     npm run simulate -- --minutes 5 --from 5000      as many as fit into five minutes, from seed 5000 on
//     npm run simulate -- --scenario ledger --seed 73  one seed; if it fails, the plan is made smaller
//     npm run simulate -- --scenario ledger --plan '…' one plan, as it was printed
//     npm run simulate -- --twice --seeds 200          each seed twice: the traces have to be equal
//     npm run simulate -- --exhaustive                 a crash at each step of a short run, and again at each step after that
//     npm run simulate -- --planted                    searches for every planted bug; with a text, for those that it is in
import process from 'node:process';
import { parseArgs } from 'node:util';
import {
  planOf,
  printedPlan,
  shrunkPlan,
  type FaultPlan,
  type RunReport,
} from '../../src/testing/simulation/index.ts';
import { bugs } from './bugs.ts';
import { hunt, median } from './planted.ts';
import { crashPlan, runPlan, runSeed, scenarioOf, scenarios } from './scenarios.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    scenario: { type: 'string' },
    plan: { type: 'string' },
    twice: { type: 'boolean', default: false },
    planted: { type: 'boolean', default: false },
    exhaustive: { type: 'boolean', default: false },
    steps: { type: 'string', default: '200' },
    again: { type: 'string', default: '40' },
  },
});

const started = performance.now();
const seconds = (): number => (performance.now() - started) / 1000;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

if (values.planted) await searchAll(positionals[0] ?? '');
else if (values.exhaustive) await everywhere();
else if (values.plan !== undefined)
  await one(JSON.parse(values.plan) as FaultPlan, values.scenario ?? 'ledger');
else if (values.seed !== undefined) {
  const seed = Number(values.seed);
  await one(planOf(seed), values.scenario ?? scenarioOf(seed));
} else await campaign();

async function campaign(): Promise<void> {
  const from = Number(values.from);
  const most =
    values.seeds === undefined ? (values.minutes === undefined ? 200 : Infinity) : Number(values.seeds);
  const until = values.minutes === undefined ? Infinity : Number(values.minutes) * 60;
  const total = { seeds: 0, crashes: 0, steps: 0, virtualMs: 0, faults: {} as Record<string, number> };
  for (let seed = from; seed < from + most && seconds() < until; seed++) {
    const name = values.scenario ?? scenarioOf(seed);
    let report: RunReport;
    try {
      report = await runSeed(seed, name);
      if (values.twice && (await runSeed(seed, name)).hash !== report.hash)
        throw new Error(`seed ${seed} of ${name} has two traces`);
    } catch (error) {
      print(`seed ${seed} of ${name} fails`);
      await failed(planOf(seed), name, error);
      return;
    }
    total.seeds++;
    total.crashes += report.crashes;
    total.steps += report.steps;
    total.virtualMs += report.virtualMs - 1_000_000;
    for (const [kind, count] of Object.entries(report.faults))
      total.faults[kind] = (total.faults[kind] ?? 0) + count;
    if (total.seeds % 500 === 0) summary(total);
  }
  summary(total);
}

/** Every step of a short run, and every step of what comes after the crash there. */
async function everywhere(): Promise<void> {
  let crashes = 0;
  for (const name of values.scenario === undefined ? Object.keys(scenarios) : [values.scenario]) {
    for (let at = 1; at <= Number(values.steps); at++) {
      for (const power of [false, true]) {
        for (let again = 0; again <= Number(values.again); again++) {
          const plan = crashPlan(at, power, again === 0 ? undefined : again);
          try {
            crashes += (await runPlan(plan, name)).crashes;
          } catch (error) {
            await failed(plan, name, error);
            return;
          }
        }
      }
    }
    print(`${name}: ${crashes} crashes by now, in ${seconds().toFixed(0)} s; nothing is wrong`);
  }
}

function summary(total: {
  readonly seeds: number;
  readonly crashes: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly faults: Readonly<Record<string, number>>;
}): void {
  const { seeds, crashes, steps, virtualMs, faults } = total;
  const all = Object.values(faults).reduce((sum, count) => sum + count, 0);
  const kinds = Object.entries(faults)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
  const time = seconds();
  print(
    `${seeds} seeds in ${time.toFixed(1)} s (${(seeds / time).toFixed(1)}/s), ${crashes} crash-restarts (${(crashes / time).toFixed(0)}/s), ${all} faults (${kinds}), ${steps} steps, ${(virtualMs / 60_000).toFixed(0)} minutes of virtual time; nothing is wrong`,
  );
}

async function one(plan: FaultPlan, name: string): Promise<void> {
  try {
    const report = await runPlan(plan, name);
    print(`${printedPlan(plan)}\nnothing is wrong: ${JSON.stringify(report)}`);
  } catch (error) {
    await failed(plan, name, error);
  }
}

/** Makes the plan smaller, and says how to see it again. */
async function failed(plan: FaultPlan, name: string, error: unknown): Promise<void> {
  print(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const rule = ruleOf(error);
  const small = await shrunkPlan(plan, async (smaller) => {
    try {
      await runPlan(smaller, name);
      return false;
    } catch (other) {
      return ruleOf(other) === rule;
    }
  });
  print(`\n${plan.faults.length} faults, of which these are enough:\n${printedPlan(small)}\n`);
  print(`npm run simulate -- --scenario ${name} --seed ${plan.seed}`);
  print(`npm run simulate -- --scenario ${name} --plan '${JSON.stringify(small)}'`);
  process.exitCode = 1;
}

/** What was broken, without what differs from run to run. */
function ruleOf(error: unknown): string {
  const what = error instanceof Error ? error.message : String(error);
  return what.replace(/\d+/g, '#').slice(0, 50);
}

/** Each bug from three seeds on: the number of seeds that it took, in the median. */
async function searchAll(part: string): Promise<void> {
  const missed: string[] = [];
  const medians: number[] = [];
  for (const [name, change] of Object.entries(bugs)) {
    if (!name.includes(part)) continue;
    if (change.equivalent !== undefined) {
      print(`       – ${name}: ${change.equivalent}`);
      continue;
    }
    const { found } = await hunt(change, 400, [1, 2_001, 4_001]);
    const seeds = median(found.map((each) => each.seeds));
    medians.push(seeds);
    if (seeds > 100) missed.push(name);
    print(`${String(seeds).padStart(8)} ${name}: ${(found[0]?.what ?? '').slice(0, 100)}`);
  }
  print(`${medians.length} planted bugs, ${median(medians)} seeds in the median, ${seconds().toFixed(0)} s`);
  if (missed.length > 0) print(`more than 100 seeds: ${missed.join('; ')}`);
  process.exitCode = missed.length > 0 ? 1 : 0;
}
