/**
 * One run of a program on the simulated machine: starts it in each process, lets the world do its part, and looks at what is there
 * when all has come to rest.
 *
 * TR1. What the program does wrong ends the run; what the machine does to it does not.
 * TR2. It looks only when nothing is left to do, and no timer is due soon.
 * TR3. What is told of a run follows from its plan, as all that happens in it does.
 */
import { Random } from '../../engine/random.ts';
import { describe, ours, PorticoError, printed } from '../../errors.ts';
import type { RunningSystem } from '../../system/running.ts';
import type { SimulatedProcess } from '../simulation/process.ts';
import { Violation, type Scenario as OfTheWorld, type SimulatedWorld } from '../simulation/world.ts';
import { Client, type Doors } from './client.ts';
import { faultsOf, fatesOf, type Mishap, type Plan } from './faults.ts';
import { Outside } from './outside.ts';
import { inSmallSteps } from '../small-steps.ts';
import { dataflowOf, hostAt, storeAt, type Place } from './place.ts';
import { what } from './plan-text.ts';
import { turn } from './way.ts';
import type { AnyEffect, Scenario, SimulatedSystem, Where } from './scenario.ts';

/** What somebody's code threw. It ends the run. */
export class Thrown extends Violation {
  readonly error: unknown;

  constructor(error: unknown) {
    super(describe(error));
    this.error = error;
  }
}

interface Running<S> {
  readonly process: SimulatedProcess;
  readonly system: S;
  readonly dataflow: RunningSystem;
  readonly place: Place;
}

export class Trial<S extends SimulatedSystem> implements OfTheWorld {
  /** What happened, line by line. */
  readonly story: string[] = [];
  readonly outside: Outside;
  readonly #world: SimulatedWorld;
  readonly #scenario: Scenario<S>;
  readonly #client: Client<S>;
  readonly #order: Random;
  readonly #restMs: number;
  /** Those that run, the youngest last. */
  #open: Running<S>[] = [];
  /** Who waits until one runs. */
  #callers: (() => void)[] = [];
  #isRunDone = false;
  /** What is waited for. */
  #phase = 'start';

  constructor(world: SimulatedWorld, plan: Plan, scenario: Scenario<S>, restMs: number) {
    this.#world = world;
    this.#scenario = scenario;
    this.#restMs = restMs;
    this.#order = new Random(plan.seed ^ 0x66ef_438c);
    const tell = (line: string): void => {
      world.trace.text(`${TOLD}${line}`);
    };
    this.#listen(faultsOf(plan.mishaps));
    this.outside = new Outside(world, new Random(plan.seed ^ 0x74b0_dc51), fatesOf(plan.mishaps), tell);
    const doors: Doors<S> = {
      find: () => this.#door(),
      whenOpen: (call) => {
        if (this.#open.some(({ process }) => process.isAlive)) call();
        else this.#callers.push(call);
      },
    };
    this.#client = new Client<S>(world, new Random(plan.seed ^ 0x1190_4a2b), doors, tell);
    void this.#run();
  }

  get isDone(): boolean {
    if (!this.#world.isCalm) return false;
    this.outside.release();
    return this.#isRunDone && this.#open.some(({ process }) => process === this.#world.process);
  }

  /** What a run that does not come to rest waits for. */
  get waitsFor(): string {
    const calls = this.outside.underWay;
    if (calls.length > 0) return `the outside: ${calls.join('; ')}`;
    if (!this.#isRunDone && this.#open.length > 0) {
      const { underWay } = this.#client;
      return underWay.length > 0
        ? `the client: ${underWay.join('; ')}`
        : 'the function run, which does not end';
    }
    return `the function ${this.#phase}, which does not end`;
  }

  async begin(process: SimulatedProcess): Promise<void> {
    const place: Place = { host: false, store: false, due: new Set() };
    const where = this.#where(process, place);
    let system: S;
    let dataflow: RunningSystem;
    try {
      system = await this.#scenario.start(where);
      if (!process.isAlive) return;
      dataflow = dataflowOf(system, place);
    } catch (error) {
      if (!process.isAlive) return;
      this.#ended(error, process, true);
      process.exit();
      return;
    }
    inSmallSteps(dataflow, process.world.plan.setting.burst);
    const running: Running<S> = { process, system, dataflow, place };
    const close = (): void => {
      this.#open = this.#open.filter((each) => each !== running);
    };
    this.#open.push(running);
    for (const call of this.#callers.splice(0)) call();
    const ended = (reason: unknown): void => {
      close();
      try {
        this.#ended(reason, process, false);
      } catch (error) {
        this.#world.violations.push(error);
      }
    };
    process.onStop = async () => {
      close();
      // Whoever has taken the store over may show only now.
      await system[Symbol.asyncDispose]().then(undefined, ended);
    };
    dataflow.onEnd(() => {
      const { failure } = dataflow;
      if (failure === undefined) return;
      ended(failure);
      process.host.yield(() => {
        process.exit();
      });
    });
  }

  async check(process: SimulatedProcess): Promise<void> {
    const running = this.#open.find((each) => each.process === process);
    // It has ended since; another one is there soon.
    if (running === undefined) return never();
    try {
      this.#phase = 'idle of the system: work never ends, or a generator does not';
      await this.#rest(running);
      this.#phase = 'check';
      await this.#scenario.check(running.system, this.#client);
    } catch (error) {
      // One that stood still may have taken over: then it is looked at again.
      await this.#world.pause(TAKEN_OVER_MS);
      if (running.dataflow.failure !== undefined) return never();
      throw new Thrown(error);
    }
  }

  async #run(): Promise<void> {
    try {
      // So that what it throws at once is told like what it throws later.
      await turn(this.#world);
      await this.#scenario.run(this.#client);
      this.#world.trace.text(`${TOLD}run has done its part`);
      this.#isRunDone = true;
    } catch (error) {
      this.#world.violations.push(new Thrown(error));
    }
  }

  /** TR2. */
  async #rest({ system, dataflow, process, place }: Running<S>): Promise<void> {
    const { host } = process;
    const until = host.now() + this.#restMs;
    for (;;) {
      await system.idle();
      // What a call brings back is not known to the system before it is there.
      const isCalling = this.outside.underWay.length > 0;
      const nextMs = isCalling ? host.now() : Math.min(dataflow.partition.turns.timers.nextMs, ...place.due);
      if (nextMs > until) return;
      await this.#world.pause(Math.max(1, nextMs - host.now()));
    }
  }

  /** The youngest system, or now and then an older one that does not know yet that it has a successor. */
  #door(): Running<S> | undefined {
    this.#open = this.#open.filter(({ process }) => process.isAlive);
    const isOld = this.#open.length > 1 && this.#order.below(3) === 0;
    return this.#open.at(isOld ? 0 : -1);
  }

  #where(process: SimulatedProcess, place: Place): Where {
    const { host, store, epochs, number, world } = process;
    const call = <A extends readonly unknown[], R>(
      name: string,
      outside: (...args: A) => Promise<R> | R,
      shows: number,
    ): ((...args: A) => Promise<R>) => {
      return (...args) => this.outside.call(process, name, args.slice(0, shows), () => outside(...args));
    };
    return {
      host: hostAt(place, host, ({ value }) => {
        world.trace.text(`${TOLD}process ${number} logs: ${printed(value)}`);
      }),
      store: storeAt(place, store),
      epochs,
      seed: new Random(world.plan.seed).below(0x4000_0000),
      process: number,
      effect: <E extends AnyEffect>(effect: E): E => ({
        ...effect,
        // The context says nothing to a reader.
        call: call(effect.name, effect.call as (...args: unknown[]) => unknown, 1),
      }),
      call: (name, outside) => call(name, outside, Infinity),
    };
  }

  /** TR1. Throws if it was not the machine that ended a system. */
  #ended(error: unknown, { number, isCalm }: SimulatedProcess, isStart: boolean): void {
    const codes = codesOf(error);
    const takenOver = codes.some((code) => code === 'journal/fenced' || code === 'state/failed');
    // What was not done in time is done after the next start.
    const hurried = codes.includes('system/unfinished');
    const failed = !isCalm && codes.some((code) => /^(journal|state|store)\//.test(code));
    if (takenOver || hurried || failed) {
      const how = isStart ? 'could not be started' : 'has ended by itself';
      this.#world.trace.text(`${TOLD}process ${number} ${how}: ${describe(error)}`);
      return;
    }
    // What `start` did not make of the machine is a mistake in it.
    if (!isStart || ours(error)?.code.startsWith('simulation/') === true) throw new Thrown(error);
    const what = `start has failed: ${describe(error)}`;
    const cure = 'Mend what start does; what it throws is the cause';
    throw new Thrown(
      new PorticoError({ code: 'simulation/start-failed', where: 'start', what, cure }, { cause: error }),
    );
  }

  /** TR3. */
  #listen(faults: readonly Mishap[]): void {
    const { trace } = this.#world;
    let next = 0;
    const tell = (line: string): void => {
      this.story.push(`${String(this.#world.elapsedMs).padStart(6)} ms  ${line}`);
    };
    trace.onLine = (line) => {
      if (line.startsWith(TOLD)) tell(line.slice(TOLD.length));
      else if (line.startsWith('fault ')) {
        const fault = faults[next++];
        if (fault !== undefined) tell(`FAULT: ${what(fault)}`);
      } else if (line === 'calm') tell('from now on nothing goes wrong');
      else if (line === 'end power') tell(`FAULT: ${what({ kind: 'end', by: 'power' })}`);
      else if (line === 'end stop') tell(`FAULT: ${what({ kind: 'end', by: 'stop' })}`);
      else if (line.endsWith(' starts')) tell(`process ${line}`);
    };
  }
}

/** What tells the lines of the story among those of the trace. */
const TOLD = '~ ';
/** Within which a system that was taken over has noticed. */
const TAKEN_OVER_MS = 1_500;

function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) codes.push(ours(at)?.code ?? '');
  return codes;
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
