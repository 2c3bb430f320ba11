// `npm run simulate`: a campaign of the simulation, or one seed of it, or the planted bugs.
//
//     npm run simulate -- --seeds 1000                 seeds 1 to 1000 of all scenarios, in turn
//     npm run simulate -- --minutes 5 --from 5000      as many as fit into five minutes, from seed 5000 on
//     npm run simulate -- --scenario ledger --seed 73  one seed; if it fails, the plan is made smaller
//     npm run simulate -- --scenario ledger --plan '…' one plan, as it was printed
//     npm run simulate -- --twice --seeds 200          each seed in two processes, of which one may use nothing ambient
//     npm run simulate -- --exhaustive                 a crash at each step of a short run, and again at each step after that
//     npm run simulate -- --processes 1 …              in so many processes; as many as there are cores if not given
//     npm run simulate -- --planted                    searches for every planted bug; with a text, for those that it is in
import { availableParallelism } from 'node:os';
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
import { median, runSeeds, search, together } from './children.ts';
import { crashPlanOf, runPlan, scenarioOf, scenarios } from './scenarios.ts';
import type { Job, Ran } from './seeds.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    scenario: { type: 'string' },
    plan: { type: 'string' },
    processes: { type: 'string', default: String(availableParallelism()) },
    twice: { type: 'boolean', default: false },
    planted: { type: 'boolean', default: false },
    exhaustive: { type: 'boolean', default: false },
    steps: { type: 'string', default: '200' },
    again: { type: 'string', default: '40' },
  },
});

const started = performance.now();
const processes = Number(values.processes);
const seconds = (): number => (performance.now() - started) / 1000;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** How many seeds, and for how long. */
const most = values.seeds === undefined ? (values.minutes === undefined ? 200 : 1e9) : Number(values.seeds);
const minutes = values.minutes === undefined ? undefined : Number(values.minutes);

/** What all seeds gave. */
class Total {
  seeds = 0;
  crashes = 0;
  steps = 0;
  virtualMs = 0;
  readonly faults: Record<string, number> = {};
  readonly seen: Record<string, number> = {};

  add({ crashes, steps, virtualMs, faults, seen }: RunReport): void {
    this.seeds++;
    this.crashes += crashes;
    this.steps += steps;
    this.virtualMs += virtualMs - 1_000_000;
    for (const [kind, count] of Object.entries(faults)) this.faults[kind] = (this.faults[kind] ?? 0) + count;
    for (const [kind, count] of Object.entries(seen)) this.seen[kind] = (this.seen[kind] ?? 0) + count;
    if (this.seeds % 1_000 === 0) this.print();
  }

  print(before = ''): void {
    const { seeds, crashes, steps, virtualMs } = this;
    const all = Object.values(this.faults).reduce((sum, count) => sum + count, 0);
    const list = (what: Readonly<Record<string, number>>): string =>
      Object.entries(what)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([kind, count]) => `${count} ${kind}`)
        .join(', ');
    const time = seconds();
    print(
      `${before}${seeds} seeds in ${time.toFixed(1)} s (${(seeds / time).toFixed(1)}/s), ${crashes} crash-restarts (${(crashes / time).toFixed(0)}/s), ${all} faults (${list(this.faults)}), seen: ${list(this.seen)}; ${steps} steps, ${(virtualMs / 60_000).toFixed(0)} minutes of virtual time; nothing is wrong`,
    );
  }
}

async function campaign(): Promise<void> {
  const total = new Total();
  const { scenario } = values;
  const wrong = await runAll({ from: Number(values.from), count: most, scenario, minutes }, total);
  if (wrong === undefined) total.print();
  else await failedSeed(wrong);
}

interface Wrong {
  readonly seed: number;
  readonly what: string;
}

/** Shares seeds between the processes, until one fails. */
async function runAll(job: Job, total: Total): Promise<Wrong | undefined> {
  let wrong: Wrong | undefined;
  const hear = (ran: Ran): boolean => {
    if ('wrong' in ran) wrong ??= { seed: ran.seed, what: ran.wrong };
    else if (wrong === undefined) total.add(ran);
    return wrong === undefined;
  };
  const { from, count } = job;
  const shares = Array.from({ length: processes }, (_, at) => ({
    ...job,
    from: from + at,
    count: Math.ceil((count - at) / processes),
    step: processes,
  }));
  await Promise.all(shares.map((share) => runSeeds(share, hear)));
  return wrong;
}

/** Each seed in two processes, of which one may use nothing ambient: the traces have to be equal. */
async function twice(): Promise<void> {
  const total = new Total();
  const hashes = new Map<number, string>();
  let wrong: Wrong | undefined;
  const hear = (ran: Ran): boolean => {
    if ('wrong' in ran) wrong ??= { seed: ran.seed, what: ran.wrong };
    else {
      const other = hashes.get(ran.seed);
      if (other === undefined) hashes.set(ran.seed, ran.hash);
      else if (other !== ran.hash) wrong ??= { seed: ran.seed, what: `${other} and ${ran.hash}` };
      else {
        hashes.delete(ran.seed);
        total.add(ran);
      }
    }
    return wrong === undefined;
  };
  const job = { from: Number(values.from), count: most, scenario: values.scenario, minutes };
  await Promise.all([runSeeds(job, hear), runSeeds({ ...job, guarded: true }, hear)]);
  if (wrong === undefined) {
    total.print();
    print(`${total.seeds} seeds gave the same trace twice, with and without the guard`);
  } else await failedSeed(wrong);
}

async function failedSeed({ seed, what }: Wrong): Promise<void> {
  const name = values.scenario ?? scenarioOf(seed);
  print(`seed ${seed} of ${name} fails: ${what}`);
  process.exitCode = 1;
  await one(planOf(seed), name);
}

/** Every step of a short run, and every step of what comes after the crash there. */
async function everywhere(): Promise<void> {
  const again = Number(values.again);
  const plans = Number(values.steps) * 2 * (again + 1);
  for (const scenario of values.scenario === undefined ? Object.keys(scenarios) : [values.scenario]) {
    const total = new Total();
    const wrong = await runAll({ from: 0, count: plans, scenario, again }, total);
    if (wrong !== undefined) {
      await failed(crashPlanOf(wrong.seed, again), scenario, new Error(wrong.what));
      return;
    }
    total.print(`${scenario}: `);
  }
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
  await together(processes, Object.entries(bugs), async ([name, change]) => {
    if (!name.includes(part)) return;
    if (change.equivalent !== undefined) {
      print(`       – ${name}: ${change.equivalent}`);
      return;
    }
    const found = await search(change, 400, [1, 2_001, 4_001]);
    const seeds = median(found.map((each) => each.seeds));
    medians.push(seeds);
    if (seeds > 100) missed.push(name);
    const each = found.map(({ seeds }) => seeds).join(', ');
    print(`${String(seeds).padStart(8)} (${each}) ${name}: ${(found[0]?.what ?? '').slice(0, 100)}`);
  });
  print(`${medians.length} planted bugs, ${median(medians)} seeds in the median, ${seconds().toFixed(0)} s`);
  if (missed.length > 0) print(`more than 100 seeds: ${missed.join('; ')}`);
  process.exitCode = missed.length > 0 ? 1 : 0;
}

if (values.planted) await searchAll(positionals[0] ?? '');
else if (values.exhaustive) await everywhere();
else if (values.plan !== undefined)
  await one(JSON.parse(values.plan) as FaultPlan, values.scenario ?? 'ledger');
else if (values.seed !== undefined) {
  const seed = Number(values.seed);
  await one(planOf(seed), values.scenario ?? scenarioOf(seed));
} else if (values.twice) await twice();
else await campaign();
