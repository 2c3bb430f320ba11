// A program that is started, dies and is started again with the same store: what the tests of kept actors share.
import {
  behavior,
  mapState,
  receive,
  same,
  start,
  type ActorRef,
  type ActorSystem,
  type Host,
  type LogRecord,
  type StartOptions,
} from 'portico';
import { CrashStore } from './crash-store.ts';

/** How a life can end. */
export const ends = ['a stop', 'a crash'] as const;
export type End = (typeof ends)[number];

type Heard = { readonly said: unknown } | { readonly replyTo: ActorRef<readonly unknown[]> };

const said = mapState<number, unknown>('said');

/** Keeps what it is told, so that it can be asked how often that was over all lives. */
export const witness = behavior('witness', () =>
  receive<Heard>((message, ctx) => {
    if ('replyTo' in message)
      ctx.send(
        message.replyTo,
        said.entries(ctx).map(([, each]) => each),
      );
    else said.set(ctx, said.size(ctx), message.said);
    return same;
  }),
);

/** A platform whose time a test has in its hand. What runs on it runs no more once it is dead. */
class Platform implements Host {
  readonly log: (record: LogRecord) => void;
  readonly #entropy: () => number;
  readonly #timers = new Set<{ readonly dueMs: number; readonly wake: () => void }>();
  #nowMs: number;
  isDead = false;

  constructor(nowMs: number, log: (record: LogRecord) => void, entropy: () => number) {
    this.#nowMs = nowMs;
    this.log = log;
    this.#entropy = entropy;
  }

  now(): number {
    return this.#nowMs;
  }

  entropy(): number {
    return this.#entropy();
  }

  yield(resume: () => void): void {
    setImmediate(() => {
      if (!this.isDead) resume();
    });
  }

  after(delayMs: number, wake: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, wake };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves to the next time at which anything is due and does that, if it is due by then; whether it was. */
  moveTo(byMs: number): boolean {
    const due = [...this.#timers].filter(({ dueMs }) => dueMs <= byMs).sort((a, b) => a.dueMs - b.dueMs)[0];
    this.#nowMs = due?.dueMs ?? byMs;
    if (due === undefined || this.isDead) return false;
    this.#timers.delete(due);
    due.wake();
    return true;
  }
}

export class Lives {
  readonly store = new CrashStore();
  /** The lines of the log of all lives. */
  readonly log: LogRecord[] = [];
  readonly #program: StartOptions;
  readonly #seed: number;
  #platform: Platform | undefined;
  #system: ActorSystem | undefined;
  #entropy = 0;
  /** The time on the clock. A test may move it while nothing runs. */
  nowMs = 1_000_000;

  constructor(program: StartOptions = {}, seed = 1) {
    this.#program = program;
    this.#seed = seed;
  }

  /** The next life, perhaps of another program. */
  async start(changes: StartOptions = {}): Promise<ActorSystem> {
    this.store.pause = () => Promise.resolve();
    const program = { ...this.#program, ...changes };
    const platform = new Platform(
      this.nowMs,
      (record) => this.log.push(record),
      () => this.#seed * 1_000 + this.#entropy++,
    );
    this.#platform = platform;
    this.#system = await start({
      ...program,
      behaviors: { witness, ...program.behaviors },
      host: platform,
      store: this.store,
    });
    return this.#system;
  }

  get system(): ActorSystem {
    return this.#system as ActorSystem;
  }

  /** From now on no commit comes to its end. */
  hold(): void {
    this.store.pause = () => new Promise(() => undefined);
  }

  /** Lets what runs run for a while, whether or not it can come to rest. */
  async ticks(count = 20): Promise<void> {
    for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Runs until there is nothing left to do at the present time, effects included that end by themselves. */
  async rest(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      await this.system.dataflow.idle();
      await this.ticks(2);
    }
  }

  /** Lets time pass, with all that is due on the way. */
  async pass(ms: number): Promise<void> {
    await this.rest();
    const untilMs = this.nowMs + ms;
    while (this.#platform?.moveTo(untilMs) === true) {
      this.nowMs = this.#platform.now();
      await this.rest();
    }
    this.nowMs = untilMs;
  }

  /** Moves the clock to a time at which something is due, and lets that run for a while, though it cannot come to rest. */
  async tick(ms: number): Promise<void> {
    this.nowMs += ms;
    this.#platform?.moveTo(this.nowMs);
    await this.ticks();
  }

  /** The process is gone from one moment to the next; the append under way has reached the disk or has not. */
  crash({ keeps = false } = {}): void {
    if (this.#platform !== undefined) this.#platform.isDead = true;
    this.store.crash(keeps);
  }

  async end(how: End): Promise<void> {
    if (how === 'a stop') await this.system.stop();
    else this.crash();
  }

  /** Ends this life and begins the next one. */
  async again(how: End = 'a crash', changes: StartOptions = {}): Promise<ActorSystem> {
    await this.end(how);
    return this.start(changes);
  }

  /** What the witness was told, over all lives. */
  async heard(): Promise<readonly unknown[]> {
    await this.rest();
    return this.system.ask(this.witness, {});
  }

  get witness(): ActorRef<Heard> {
    return this.system.entity(witness(), 'the only one');
  }

  /** What the log says, in words. */
  get lines(): string[] {
    return this.log.map(({ value }) => String(value));
  }
}
