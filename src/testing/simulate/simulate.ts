/**
 * Runs a program again and again on a simulated machine, each time with other things going wrong, and reports the simplest run
 * in which it does what it must not.
 *
 * SU1. A run follows from its plan alone. A program that does not keep to that is told so, before anything else is looked for.
 * SU2. First a run in which nothing goes wrong: a mistake that shows there is reported without looking for others.
 * SU3. What is reported did fail, just so, in the last run that was made of it.
 */
import { describe, PorticoError } from '../../errors.ts';
import { platformHost } from '../../host.ts';
import { refuse } from '../../system/guards.ts';
import { fewest } from '../simulation/plan.ts';
import { SimulatedWorld, Unrest } from '../simulation/world.ts';
import { ambientUses } from './ambient.ts';
import { failureOf, type Failure, type SimulationError } from './failure.ts';
import {
  calmAfter,
  CALM_SEED,
  machinePlan,
  planOfSeed,
  planWith,
  type Extent,
  type FaultName,
  type Plan,
} from './faults.ts';
import { nothingToTry, weightsOf, wrongOptions, wrongScenario, type SimulateOptions } from './options.ts';
import { lineOf, planOfLine } from './plan-text.ts';
import type { Scenario, SimulatedSystem } from './scenario.ts';
import { Thrown, Trial } from './trial.ts';

/** What came of a simulation in which nothing failed. */
export interface Simulated {
  /** How many runs were made, not counting those in which nothing goes wrong. */
  readonly runs: number;
  /** How many processes were killed, by themselves or with the power. */
  readonly crashes: number;
  /** How many faults there were of all kinds, crashes and failed calls included. */
  readonly faults: number;
  /** How many calls of the outside were made. */
  readonly calls: number;
  readonly steps: number;
  /** How much time has passed for the programs. */
  readonly virtualMs: number;
}

/**
 * Runs a program on a simulated machine: under crashes at any moment, with messages in other orders, with calls of the outside that
 * fail or whose outcome is lost, with disks that fail and clocks that jump. Rejects with the simplest run that fails, if there is
 * one.
 *
 * @param scenario Gives the program and the world around it. It is called once for each run, so that what it makes is new in each,
 *   and survives the crashes of the run as the outside does.
 *
 * @example
 * ```ts
 * import { behavior, receive, same, start, valueState, type ActorRef } from 'portico';
 * import { simulate } from 'portico/testing';
 *
 * type Message = { type: 'add'; n: number } | { type: 'total'; replyTo: ActorRef<number> };
 * const total = valueState('total', 0);
 * const counter = behavior('counter', () =>
 *   receive<Message>((message, ctx) => {
 *     if (message.type === 'add') total.update(ctx, (before) => before + message.n);
 *     else ctx.send(message.replyTo, total.get(ctx));
 *     return same;
 *   }),
 * );
 *
 * const { runs } = await simulate(
 *   () => ({
 *     start: (where) => start({ behaviors: { counter }, ...where }),
 *     run: async (client) => {
 *       for (const n of [1, 2, 3]) {
 *         await client.retry(`add ${n}`, (system, idempotencyKey) =>
 *           system.send(system.entity(counter(), 'all'), { type: 'add', n }, { idempotencyKey }),
 *         );
 *       }
 *     },
 *     check: async (system) => {
 *       const sum = await system.ask(system.entity(counter(), 'all'), { type: 'total' });
 *       if (sum !== 6) throw new Error(`1, 2 and 3 are ${sum}`);
 *     },
 *   }),
 *   { seeds: 10 },
 * );
 * console.log(runs); // 10
 * ```
 */
export async function simulate<S extends SimulatedSystem>(
  scenario: () => Scenario<S>,
  options: SimulateOptions = {},
): Promise<Simulated> {
  refuse('simulate', wrongOptions(scenario, options));
  return new Campaign(scenario, options).run();
}

interface Run {
  readonly plan: Plan;
  readonly story: readonly string[];
  readonly hash: string;
  readonly counts: Omit<Simulated, 'runs'>;
  /** What it ended with, if it has failed. */
  readonly failure?: { readonly error: unknown };
}

class Campaign<S extends SimulatedSystem> {
  readonly #scenario: () => Scenario<S>;
  readonly #options: SimulateOptions;
  readonly #weights: Readonly<Record<FaultName, number>>;
  readonly #total = { runs: 0, crashes: 0, faults: 0, calls: 0, steps: 0, virtualMs: 0 };

  constructor(scenario: () => Scenario<S>, options: SimulateOptions) {
    this.#scenario = scenario;
    this.#options = options;
    this.#weights = weightsOf(options.faults);
  }

  async run(): Promise<Simulated> {
    const { seed, plan, systematic = false, seeds = 100, from = 1, timeLimitMs = Infinity } = this.#options;
    if (plan !== undefined) {
      const given = await this.#once(planOfLine(plan));
      if (given.failure !== undefined) throw this.#failed(given, given.failure.error);
      this.#count(given);
      return this.#total;
    }
    const extent = await this.#calm();
    if (seed !== undefined) await this.#expectFine(planOfSeed(seed, extent), true);
    else if (systematic) {
      const all = [...everywhere(extent)];
      // To find nothing would say nothing.
      refuse('simulate', all.length > 0 ? [] : [nothingToTry]);
      for (const each of all) await this.#expectFine(each, false);
    } else {
      const host = platformHost();
      const until = host.now() + timeLimitMs;
      for (let at = from; at < from + seeds && host.now() < until; at++) {
        // SU1.
        const planned = planOfSeed(at, extent);
        const first = await this.#expectFine(planned, true);
        if (at === from) await this.#expectSame(first, await this.#once(planned));
      }
    }
    return this.#total;
  }

  /** SU1, SU2. */
  async #calm(): Promise<Extent> {
    const plan = planWith(CALM_SEED, []);
    const first = await this.#once(plan);
    if (first.failure !== undefined && isMistake(first.failure.error)) throw await this.#explained(first);
    await this.#expectSame(first, await this.#once(plan));
    if (first.failure !== undefined) throw this.#failed(first, first.failure.error);
    const { steps, calls } = first.counts;
    return { steps, calls, weights: this.#weights, most: this.#options.mostFaults ?? 8 };
  }

  async #expectFine(plan: Plan, isRandom: boolean): Promise<Run> {
    const run = await this.#once(plan);
    this.#count(run);
    if (run.failure === undefined) return run;
    // SU1.
    await this.#expectSame(run, await this.#once(plan));
    throw await this.#shrunk(run, isRandom);
  }

  /** SU3. */
  async #shrunk(first: Run, isRandom: boolean): Promise<SimulationError> {
    const kind = kindOf(first.failure?.error);
    const { shrinks = 200 } = this.#options;
    let simplest = first;
    let tries = 0;
    const fails = async (plan: Plan): Promise<boolean> => {
      if (tries >= shrinks) return false;
      tries++;
      const run = await this.#once(plan);
      if (kindOf(run.failure?.error) !== kind) return false;
      simplest = run;
      return true;
    };
    const { mishaps, calmAt } = first.plan;
    await fewest(mishaps, (fewer) => fails({ ...first.plan, mishaps: fewer }));
    if (calmAt > 0) await fails({ ...simplest.plan, calmAt: 0 });
    return this.#failed(simplest, simplest.failure?.error, mishaps.length, tries, isRandom);
  }

  #failed(
    { plan, story }: Run,
    error: unknown,
    mishaps = plan.mishaps.length,
    tries = 0,
    isRandom = false,
  ): SimulationError {
    const failure: Failure = { plan, error, story };
    return failureOf(failure, { mishaps, tries }, isRandom);
  }

  /** SU1. */
  async #expectSame(first: Run, second: Run): Promise<void> {
    if (first.hash === second.hash && kindOf(first.failure?.error) === kindOf(second.failure?.error)) return;
    const uses = await ambientUses(() => this.#once(first.plan));
    const [one, other] = firstDifference(first.story, second.story);
    const differs = one === other ? '' : `; first “${one}”, then “${other}”`;
    const what = `the run with the plan '${lineOf(first.plan)}' came out differently the second time${differs}`;
    const cure =
      uses.length > 0
        ? `Take time and chance from the context, the client or where.host; these take them from the platform: ${uses.join(', ')}`
        : 'Take time and chance from the context, the client or where.host, and keep nothing from run to run: what the function that is given to simulate does not make itself outlives the run, such as a variable of a module';
    throw new PorticoError(
      { code: 'simulation/not-repeatable', where: 'simulate', what, cure },
      { cause: first.failure?.error ?? second.failure?.error },
    );
  }

  /** A mistake, with who is to blame if it can be found out. */
  async #explained(run: Run): Promise<unknown> {
    const error = run.failure?.error;
    if (!(error instanceof PorticoError) || error.code !== 'simulation/no-rest') return error;
    const uses = await ambientUses(() => this.#once(run.plan));
    if (uses.length === 0) return error;
    const cure = `Wait with client.pause, timers of actors or where.host; these wait for the platform, or for what is outside of the simulation: ${uses.join(', ')}`;
    return new PorticoError({ code: error.code, where: error.where, what: error.what, cure });
  }

  async #once(plan: Plan): Promise<Run> {
    const { restMs = 60_000, steps = 20_000 } = this.#options;
    const scenario = this.#scenario();
    refuse('simulate', wrongScenario(scenario));
    const trials: Trial<S>[] = [];
    const world = new SimulatedWorld(
      machinePlan(plan),
      (world) => {
        const trial = new Trial(world, plan, scenario, restMs);
        trials.push(trial);
        return trial;
      },
      steps,
    );
    const trial = trials[0] as Trial<S>;
    let failure: { readonly error: unknown } | undefined;
    try {
      await world.run();
    } catch (error) {
      failure = { error: errorOf(error, trial.waitsFor) };
    }
    const { story, outside } = trial;
    const { crashes, steps: made, elapsedMs } = world;
    const counts = {
      crashes,
      faults: Object.values(world.faults).reduce((sum, count) => sum + count, 0) + outside.failed,
      calls: outside.called,
      steps: made,
      virtualMs: elapsedMs,
    };
    return { plan, story, hash: world.trace.hash, counts, ...(failure && { failure }) };
  }

  #count({ counts }: Run): void {
    const total = this.#total;
    total.runs++;
    total.crashes += counts.crashes;
    total.faults += counts.faults;
    total.calls += counts.calls;
    total.steps += counts.steps;
    total.virtualMs += counts.virtualMs;
  }
}

/** The lines at which two stories part. */
function firstDifference(a: readonly string[], b: readonly string[]): readonly [string, string] {
  let at = 0;
  while (at < Math.max(a.length, b.length) - 1 && a[at] === b[at]) at++;
  return [a[at]?.trim() ?? 'nothing', b[at]?.trim() ?? 'nothing'];
}

/** One plan for each step with a crash there, and one for each way in which a call can go wrong. */
function* everywhere({ steps, calls, weights }: Extent): Generator<Plan> {
  const done = ['not', 'half', 'whole'] as const;
  for (let at = 1; at <= steps; at++) {
    const power = weights.kill === 0 || (weights.power > 0 && at % 2 === 0);
    if (weights[power ? 'power' : 'kill'] === 0) break;
    yield planWith(CALM_SEED, [{ kind: 'crash', at, power, done: done[at % 3] as 'not' }]);
  }
  for (let at = 1; at <= calls; at++)
    for (const kind of ['failingCall', 'lostOutcome', 'hangingCall'] as const)
      if (weights[kind] > 0) yield planWith(CALM_SEED, [{ kind, at }], calmAfter(steps));
}

/** What a run ended with: what was thrown, or that it does not end. */
function errorOf(error: unknown, waitsFor: string): unknown {
  if (error instanceof Thrown) return error.error;
  if (!(error instanceof Unrest)) return error;
  const what = `a run does not come to rest although nothing goes wrong any more; it waits for ${waitsFor}`;
  const cure =
    'Let everything that is begun end; wait with client.pause, timers of actors or where.host, and for nothing outside of the simulation; or allow a long run more steps';
  return new PorticoError({ code: 'simulation/no-rest', where: 'simulate', what, cure });
}

/** Whether it says what is wrong with the simulation itself, not with the program under faults. */
function isMistake(error: unknown): boolean {
  return error instanceof PorticoError && error.code.startsWith('simulation/');
}

/** What was thrown, without what differs from run to run. */
function kindOf(error: unknown): string {
  if (error === undefined) return '';
  const [name, words] =
    error instanceof Error ? [error.name, error.message] : [typeof error, describe(error)];
  return `${name} ${words.replaceAll(/\d+/g, '#').slice(0, 60)}`;
}
