/**
 * A simulated machine on which processes come and go by a plan of faults, and time passes only when nothing else can happen.
 *
 * SW1. Everything follows from the plan: the same plan gives the same trace, every time.
 * SW2. One callback runs at a time; between two of them every promise goes on that can.
 * SW3. A run has two phases: in the first everything of the plan goes wrong, in the second nothing does. Then all has to come to
 *      rest, and the scenario looks at what is there.
 */
import { Random } from '../../engine/random.ts';
import { diskCode } from '../../host.ts';
import { SimulatedDisk, type DiskOperation } from '../simulated-disk.ts';
import { platformTurn, promises } from './drain.ts';
import type { Damage, Fault, FaultPlan } from './plan.ts';
import { SimulatedProcess, type Machine } from './process.ts';
import { Trace } from './trace.ts';

/** Something that must not be. */
export class Violation extends Error {
  override readonly name: string = 'Violation';
}

/** Nothing goes wrong any more, and it does not come to rest nevertheless. */
export class Unrest extends Violation {
  constructor() {
    super(noRest);
  }
}

/** What runs on the machine, and the world around it that knows what it was told. */
export interface Scenario {
  /** Starts the system in a process, and goes on with it. */
  begin(process: SimulatedProcess): Promise<void>;
  /** Whether all that is to be done was done; asked when nothing goes wrong any more. */
  readonly isDone: boolean;
  /** Looks at what is there, once all has come to rest. Throws a `Violation`. */
  check(process: SimulatedProcess): Promise<void>;
}

/** What happened in a run. */
export interface RunReport {
  readonly hash: string;
  readonly steps: number;
  /** How many processes were started again after a crash, and how many faults there were of each kind. */
  readonly crashes: number;
  readonly faults: Readonly<Record<string, number>>;
  /** What came of them that is worth counting, and how often. */
  readonly seen: Readonly<Record<string, number>>;
  readonly virtualMs: number;
}

interface Task {
  readonly process: SimulatedProcess | undefined;
  readonly run: () => void;
  /** How many turns it lets pass first. */
  turns: number;
}

interface Timer extends Task {
  readonly dueMs: number;
}

/** More than this is no rest. */
const CALM_STEPS = 60_000;
const CALM_MS = 30 * 60_000;
const RESTART_MS = 5;

export class SimulatedWorld implements Machine {
  readonly plan: FaultPlan;
  /** What chance of the world follows from: entropy, latencies, what is outside. */
  readonly random: Random;
  readonly disk: SimulatedDisk;
  readonly trace: Trace = new Trace();
  /** The scenario's rules that were broken where nobody waits to be told. */
  readonly violations: unknown[] = [];
  /** The youngest process. */
  process: SimulatedProcess | undefined;
  /** Whether the faults are over. */
  isCalm = false;
  isRotten = false;
  #isRefused = false;
  steps = 0;
  crashes = 0;
  readonly faults: Record<string, number> = {};
  readonly seen: Record<string, number> = {};
  #nowMs = 1_000_000;
  #jumpedMs = 0;
  /** By how much the clock was set back, in all. */
  setBackMs = 0;
  readonly #scenario: Scenario;
  readonly #calmSteps: number;
  readonly #beganMs = this.#nowMs;
  readonly #ready: Task[] = [];
  readonly #held: Task[] = [];
  readonly #timers: Timer[] = [];
  #started = 0;
  #next = 0;
  #fullUntil = 0;
  #slow = { until: 0, ms: 0 };
  #processes = new Set<SimulatedProcess>();
  /** What was in the files some time before. */
  #past = new Map<string, Uint8Array>();

  /** With how many steps there may be until it has come to rest. */
  constructor(
    plan: FaultPlan,
    scenario: (world: SimulatedWorld) => Scenario,
    calmSteps: number = CALM_STEPS,
  ) {
    this.plan = plan;
    this.#calmSteps = calmSteps;
    this.random = new Random(plan.seed ^ 0x2545_f491);
    this.disk = new SimulatedDisk({ ...plan.setting, seed: plan.seed });
    this.#scenario = scenario(this);
  }

  /** The clock on the wall. */
  get wallMs(): number {
    return this.#nowMs + this.#jumpedMs;
  }

  /** How much time has passed, whatever the clock on the wall says. */
  get elapsedMs(): number {
    return this.#nowMs - this.#beganMs;
  }

  /** Runs all of the plan. Throws a `Violation` if a rule was broken. */
  async run(): Promise<RunReport> {
    // From here on it runs among promises, whoever has called.
    await platformTurn();
    this.#start();
    const { faults, calmAt = 0, ends = ['power', 'stop'] } = this.plan;
    await this.#drive(
      () => this.#next >= faults.length && this.steps >= Math.max(this.#fullUntil, calmAt),
      Infinity,
    );
    this.#becomeCalm();
    await this.#look();
    // What is there must be there again: after a loss of power, and after an orderly stop.
    for (const end of ends) {
      this.trace.text(`end ${end}`);
      const { process } = this;
      if (end === 'stop' && process?.onStop !== undefined) await this.#finish(process.onStop(), process);
      this.#end(end === 'power');
      this.#start();
      await this.#look();
    }
    if (this.plan.rot !== undefined) await this.#rot(this.plan.rot);
    await platformTurn();
    return {
      hash: this.trace.hash,
      steps: this.steps,
      crashes: this.crashes,
      faults: this.faults,
      seen: this.seen,
      virtualMs: this.#nowMs,
    };
  }

  soon(process: SimulatedProcess | undefined, run: () => void): void {
    this.#ready.push({ process, run, turns: 0 });
  }

  later(process: SimulatedProcess | undefined, delayMs: number, run: () => void): () => void {
    const dueMs = this.#nowMs + Math.max(0, Math.ceil(delayMs));
    const timer = { process, run, dueMs, turns: 0 };
    // Those that are due last come first.
    let at = this.#timers.length;
    while (at > 0 && (this.#timers[at - 1] as Timer).dueMs <= dueMs) at--;
    this.#timers.splice(at, 0, timer);
    return () => {
      const found = this.#timers.indexOf(timer);
      if (found >= 0) this.#timers.splice(found, 1);
    };
  }

  /** A promise that comes after a while. */
  pause(ms: number, process?: SimulatedProcess): Promise<void> {
    return new Promise((resolve) => {
      this.later(process, ms, resolve);
    });
  }

  turns(process: SimulatedProcess | undefined, count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#ready.push({ process, run: resolve, turns: count - 1 });
    });
  }

  /** Counts something that is worth it. */
  count(what: Record<string, number>, kind: string): void {
    what[kind] = (what[kind] ?? 0) + 1;
  }

  /** @internal */
  async operation<T>(
    process: SimulatedProcess,
    operation: DiskOperation,
    name: string,
    act: () => Promise<T>,
  ): Promise<T> {
    const { until, ms } = this.#slow;
    if (this.steps < until) await this.pause(ms, process);
    const { setting } = this.plan;
    const more = /^(journal|highwater|$)/.test(name) ? 0 : setting.snapshotTurns;
    await this.turns(process, 1 + more + this.random.below(setting.turns));
    this.trace.text(`${process.number} ${operation} ${name}`);
    const crash = this.#step(process, true);
    if (crash !== undefined) {
      const kind = crash.power ? 'power' : 'process';
      this.disk.crashAt({ at: this.disk.operations + 1, kind, done: crash.done });
    } else if (this.#isFrozen(process)) await this.turns(process, 1);
    try {
      return await act();
    } catch (error) {
      if (crash !== undefined) this.#end(crash.power);
      if (process.isAlive && diskCode(error) !== 'EGONE') throw error;
      return await never();
    } finally {
      if (!process.isAlive) await never();
      else if (this.#isFrozen(process)) await this.turns(process, 1);
    }
  }

  /** @internal */
  exited(process: SimulatedProcess): void {
    if (!process.isAlive) return;
    this.trace.text(`${process.number} exits`);
    process.isAlive = false;
    this.#processes.delete(process);
    if (this.process !== process) return;
    this.process = undefined;
    this.later(undefined, RESTART_MS, () => {
      if (this.process === undefined) this.#start();
    });
  }

  refuse(): void {
    this.#isRefused = true;
  }

  /** Something on the medium changes while nothing runs: that is found, or it was something that says nothing. */
  async #rot(damage: Damage): Promise<void> {
    this.#past = new Map(this.disk.files().map((name) => [name, this.disk.content(name)]));
    const { process } = this;
    if (process?.onStop !== undefined) await this.#finish(process.onStop(), process);
    this.#end(false);
    const damaged = this.#damage(damage);
    if (damaged === undefined) return;
    this.trace.text(damaged);
    this.isRotten = true;
    this.count(this.faults, `rot ${damage.kind}`);
    this.#start();
    await this.#drive(
      () => this.#isRefused || (this.#scenario.isDone && this.process !== undefined),
      CALM_STEPS,
    );
    this.count(this.seen, `rot ${damage.kind} ${this.#isRefused ? 'refused' : 'harmless'}`);
    if (!this.#isRefused) await this.#look();
  }

  /** Says what it did, if anything is another one now. */
  #damage({ kind, file, at, bit }: Damage): string | undefined {
    const { disk } = this;
    const { sectorBytes } = this.plan.setting;
    // What was there before is another one in few places.
    const places = disk.files().flatMap((name) => {
      const content = disk.content(name);
      const past = kind === 'stale' ? this.#past.get(name) : undefined;
      return Array.from({ length: Math.ceil(content.length / sectorBytes) }, (_, sector) => ({
        name,
        content,
        from: sector * sectorBytes,
        to: Math.min((sector + 1) * sectorBytes, content.length),
        past,
      })).filter(
        ({ from, to }) => kind !== 'stale' || (past !== undefined && differ(content, past, from, to)),
      );
    });
    const names = [...new Set(places.map(({ name }) => name))];
    const those = places.filter(({ name }) => name === names[Math.floor(file * names.length)]);
    const place = those[Math.floor(at * those.length)];
    if (place === undefined) return undefined;
    const { name, content, from, to, past } = place;
    const before = content.slice();
    if (kind === 'bit') disk.rot(name, from + Math.floor(((at * those.length) % 1) * (to - from)), 1 << bit);
    else if (kind === 'zeros') disk.zero(name, from, to);
    else {
      const other = places[(places.indexOf(place) + 1 + bit) % places.length] as typeof place;
      const source = past?.subarray(from, to) ?? other.content.subarray(other.from, other.to);
      content.set(source.subarray(0, to - from), from);
      disk.put(name, content);
    }
    return differ(before, disk.content(name), from, to) ? `${kind} of ${name} from ${from}` : undefined;
  }

  #start(): void {
    const process = new SimulatedProcess(this, ++this.#started, this.disk.mount());
    this.process = process;
    this.#processes.add(process);
    this.trace.text(`${process.number} starts`);
    this.#scenario.begin(process).catch((error: unknown) => {
      this.violations.push(error);
    });
  }

  /** Ends all processes. */
  #end(power: boolean): void {
    for (const process of this.#processes) process.isAlive = false;
    this.#processes.clear();
    this.process = undefined;
    if (power) this.disk.powerLoss();
    else this.disk.kill();
    this.#held.length = 0;
    const ofTheWorld = ({ process }: Task): boolean => process === undefined;
    this.#ready.splice(0, Infinity, ...this.#ready.filter(ofTheWorld));
    this.#timers.splice(0, Infinity, ...this.#timers.filter(ofTheWorld));
  }

  #crash(power: boolean): void {
    this.#end(power);
    this.#afterCrash();
  }

  #afterCrash(): void {
    this.later(undefined, this.random.below(3) * RESTART_MS, () => {
      if (this.process === undefined) this.#start();
    });
  }

  /** Counts a step, and lets what is planned for it happen. Returns the crash that an operation has to do itself. */
  #step(
    process: SimulatedProcess | undefined,
    isOperation: boolean,
  ): (Fault & { kind: 'crash' }) | undefined {
    this.steps++;
    if (this.steps >= this.#fullUntil && this.#fullUntil > 0) {
      this.disk.capacityBytes = Infinity;
      this.#fullUntil = 0;
    }
    const fault = this.plan.faults[this.#next];
    if (fault === undefined || fault.at > this.steps || this.isCalm) return undefined;
    // Nothing can end where nothing runs.
    if (this.process === undefined && fault.kind !== 'jump') return undefined;
    this.#next++;
    this.count(this.faults, fault.kind);
    this.trace.text(`fault ${fault.kind}`);
    switch (fault.kind) {
      case 'crash':
        this.crashes++;
        if (isOperation && process !== undefined) {
          this.#afterCrash();
          return fault;
        }
        this.#crash(fault.power);
        break;
      case 'stop':
        this.#stop();
        break;
      case 'freeze':
        this.#freeze(fault.steps);
        break;
      case 'fail':
        this.disk.failAt(fault);
        break;
      case 'full':
        this.disk.capacityBytes = this.#usedBytes() + fault.roomBytes;
        this.#fullUntil = this.steps + fault.steps;
        break;
      case 'slow':
        this.#slow = { until: this.steps + fault.steps, ms: fault.ms };
        break;
      case 'jump':
        this.#jumpedMs += fault.ms;
        this.setBackMs += Math.max(0, -fault.ms);
        break;
    }
    return undefined;
  }

  #stop(): void {
    const { process } = this;
    const stop = process?.onStop;
    if (process === undefined || stop === undefined) return;
    process.onStop = undefined;
    stop().then(
      () => {
        process.exit();
      },
      () => {
        process.exit();
      },
    );
  }

  #freeze(steps: number): void {
    const { process } = this;
    if (process === undefined) return;
    process.frozenUntil = this.steps + steps;
    this.process = undefined;
    this.#afterCrash();
  }

  #isFrozen(process: SimulatedProcess): boolean {
    return process.frozenUntil > this.steps;
  }

  #usedBytes(): number {
    return this.disk.files().reduce((sum, name) => sum + this.disk.content(name).length, 0);
  }

  #becomeCalm(): void {
    this.trace.text('calm');
    this.isCalm = true;
    this.disk.heal();
    this.disk.capacityBytes = Infinity;
    this.#slow = { until: 0, ms: 0 };
    for (const process of this.#processes) process.frozenUntil = 0;
  }

  /** Looks at what is there. A process that stood still when it was about to take over may do so now, once. */
  async #look(): Promise<void> {
    for (;;) {
      await this.#drive(() => this.#scenario.isDone && this.process !== undefined, this.#calmSteps);
      const process = this.process as SimulatedProcess;
      if (await this.#finish(this.#scenario.check(process), process)) return;
    }
  }

  /** Lets the world go on until a promise has come. Returns whether it did before the process ended. */
  async #finish(promise: Promise<void>, process: SimulatedProcess): Promise<boolean> {
    let isOver = false;
    let failure: { readonly error: unknown } | undefined;
    promise.then(
      () => (isOver = true),
      (error: unknown) => {
        failure = { error };
        isOver = true;
      },
    );
    await this.#drive(() => isOver || !process.isAlive, this.#calmSteps);
    // What it took part in may have failed because it was taken over.
    if (failure === undefined) return isOver;
    if (failure.error instanceof Violation) throw failure.error;
    await this.#drive(() => !process.isAlive, this.#calmSteps).catch(() => {
      throw failure?.error;
    });
    return false;
  }

  /** Lets the world go on until something is so. */
  async #drive(until: () => boolean, mostSteps: number): Promise<void> {
    const lastStep = this.steps + mostSteps;
    const lastMs = this.#nowMs + CALM_MS;
    await promises();
    for (;;) {
      if (this.violations.length > 0) throw this.violations[0];
      if (until()) return;
      if (this.steps > lastStep || (this.isCalm && this.#nowMs > lastMs)) throw new Unrest();
      if (!(await this.#go())) throw new Unrest();
    }
  }

  /** The next that can happen, if anything can. */
  async #go(): Promise<boolean> {
    const task = this.#thawed() ?? this.#ready.shift() ?? this.#due();
    if (task === undefined) {
      if (this.isCalm) return false;
      // Until something goes wrong, nothing happens any more.
      const soonest = Math.min(
        ...this.#held.map(({ process }) => process?.frozenUntil ?? Infinity),
        this.#fullUntil > this.steps ? this.#fullUntil : Infinity,
        this.plan.faults[this.#next]?.at ?? Infinity,
      );
      if (soonest === Infinity) return false;
      this.steps = Math.max(this.steps, soonest - 1);
      this.#step(undefined, false);
      return true;
    }
    const { process, run } = task;
    if (process !== undefined && !process.isAlive) return true;
    if (process !== undefined && this.#isFrozen(process)) {
      this.#held.push(task);
      return true;
    }
    this.#step(process, false);
    // The step may have ended it, or made it stand still.
    if (process !== undefined && !process.isAlive) return true;
    if (process !== undefined && this.#isFrozen(process)) {
      this.#held.push(task);
      return true;
    }
    if (task.turns-- > 0) {
      this.#ready.push(task);
      return true;
    }
    run();
    // SW2.
    await promises();
    return true;
  }

  /** What was held back of a process that goes on again. */
  #thawed(): Task | undefined {
    if (this.#held.length === 0) return undefined;
    const at = this.#held.findIndex(({ process }) => process === undefined || !this.#isFrozen(process));
    return at < 0 ? undefined : this.#held.splice(at, 1)[0];
  }

  #due(): Timer | undefined {
    const timer = this.#timers.pop();
    if (timer !== undefined) this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    return timer;
  }
}

/** Whether two files differ somewhere in a stretch. */
function differ(a: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (a[at] !== b[at]) return true;
  return false;
}

const noRest = 'it does not come to rest although nothing goes wrong any more';

function never(): Promise<never> {
  return new Promise(() => undefined);
}
