/**
 * The running system: runs by itself whenever there is something to do, fair to all, and lets the platform have its turn.
 *
 * Y1. At most one pump is scheduled. It runs for a slice of time and then yields.
 * Y2. Nobody waits for ever: when the system fails or is shut down, all who wait are told.
 * Y3. If the system is kept, what has changed is committed when nothing is left to do, when somebody waits for it, or after a
 *     while; and what comes from outside is acknowledged then.
 */
import { describe, type PorticoError } from '../errors.ts';
import type { DataType } from '../codec.ts';
import { Epochs, type EpochOptions, type Kept } from '../engine/epoch.ts';
import { Partition } from '../engine/partition.ts';
import { streamPath, type Application } from '../graph/application.ts';
import { inWords } from '../graph/arguments.ts';
import type { Egress, Ingress, Stream } from '../graph/handles.ts';
import type { Key } from '../graph/keys.ts';
import { platformHost, type Host } from '../host.ts';
import type { Reader } from './reader.ts';
import { openStore, type Store } from './store.ts';
import { aFunction, anObject, atLeast, guardedHost, has, refuse, wholeNumber } from './guards.ts';
import {
  deadLettersOf,
  handleIn,
  ingressPath,
  launchInto,
  outboxOf,
  outsideTurns,
  readerOf,
  sendInto,
  stopIn,
  subscribeTo,
  systemFailed,
  wrong,
  type ApplicationRef,
  type DeadLetterBox,
  type SubscriberOf,
} from './operations.ts';

export interface RunningOptions {
  /** Launched in this order. */
  readonly applications?: readonly Application[];
  /** Where it runs. The platform's if not given. */
  readonly host?: Host;
  /** Decides every choice that the program leaves open. From the host's entropy if not given. */
  readonly seed?: number;
  /** Freezes values of state, so that a change in place is found at once. True if not given. */
  readonly strict?: boolean;
  /** How many dead letters are kept. 10,000 if not given. */
  readonly deadLetterLimit?: number;
  /** Where everything is kept, so that the system goes on when it is started again. In memory only if not given. */
  readonly store?: Store;
  /** The classes whose instances are sent or kept in state, with how they are stored. */
  readonly types?: readonly DataType<unknown>[];
  /** Who starts it, for those who take the store over or are refused by it. */
  readonly owner?: string;
  /** How often to commit, and how much to keep in memory. */
  readonly epochs?: Partial<EpochOptions>;
  /** How many atoms of one ingress may wait to be read before `send` waits too. 1,024 if not given. */
  readonly ingressLimit?: number;
}

/**
 * Starts a system that runs by itself.
 *
 * @example
 * ```ts
 * import { application, startSystem, type Ingress } from 'portico/dataflow';
 *
 * let words: Ingress<string> | undefined;
 * const app = application('echo', (app) => {
 *   words = app.ingress<string>('words');
 *   app.workflow().source(words.stream).logger('heard: ').sink();
 * });
 * await using system = await startSystem({ applications: [app] });
 * if (words !== undefined) await system.send(words, 'hello');
 * await system.idle();
 * ```
 */
export async function startSystem(options: RunningOptions = {}): Promise<RunningSystem> {
  const { store, types = [], owner = 'a system' } = options;
  if (store === undefined) return new RunningSystem(options, undefined);
  const kept = await openStore(store, types, owner);
  try {
    return new RunningSystem(options, kept);
  } catch (error) {
    await kept.state.close();
    await kept.journal.close();
    throw error;
  }
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Who waits until what was sent can be admitted. */
interface Sender extends Waiter {
  readonly admit: () => void;
}

const EPOCHS: EpochOptions = {
  epochMs: 5,
  epochDirty: 20_000,
  activeCells: 100_000,
  applyBytes: 0x40_0000,
  checkpointBytes: 0x400_0000,
};

/** How long it runs before the platform has its turn. */
const SLICE_MS = 8;
/** Steps between two looks at the clock. */
const BURST = 512;

export class RunningSystem implements AsyncDisposable {
  /** @internal */
  readonly partition: Partition;
  /** What was set aside. */
  readonly deadLetters: DeadLetterBox;
  readonly #host: Host;
  readonly #ingressLimit: number;
  #scheduled = false;
  #down = false;
  #reported = false;
  #cancelAlarm: (() => void) | undefined;
  #idle: Waiter[] = [];
  readonly #readers = new Set<Pick<Reader<unknown>, 'end'>>();
  /** Those who wait for the end. */
  readonly #ended = new Set<Pick<Waiter, 'reject'>>();
  /** Those who wait for room, by the path of the stream. */
  readonly #room = new Map<string, Sender[]>();
  readonly #epochs: Epochs | undefined;
  /** Why nothing runs now: there is no room to keep what would come of it. */
  #full: PorticoError | undefined;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(options: RunningOptions, kept: Kept | undefined) {
    refuse('startSystem', anObject('options', options));
    const {
      applications = [],
      host: given = platformHost(),
      strict = true,
      deadLetterLimit = 10_000,
      ingressLimit = 1024,
    } = options;
    refuse('startSystem', [
      ...has('host', given, ['now', 'entropy', 'yield', 'after', 'log']),
      ...wholeNumber('seed', options.seed ?? 0),
      ...atLeast('deadLetterLimit', deadLetterLimit, 0),
      ...atLeast('ingressLimit', ingressLimit, 1),
      ...(Array.isArray(applications)
        ? []
        : [{ what: `applications is ${inWords(applications)}`, cure: 'Give a list of them' }]),
    ]);
    const host = guardedHost(given);
    this.#host = host;
    this.run = kept?.run ?? 0;
    this.#ingressLimit = ingressLimit;
    this.partition = new Partition({
      seed: options.seed ?? host.entropy(),
      clock: host,
      order: 'fair',
      strict,
      deadLetterLimit,
      log: (level, name, path, value) => host.log({ level, name, path, value }),
      image: kept?.image,
      check:
        kept &&
        ((value, where) => {
          kept.codec.check(value, where);
        }),
      pause: (ms) => new Promise((resolve) => host.after(ms, resolve)),
    });
    this.deadLetters = deadLettersOf(
      this.partition,
      (what) => {
        this.#usable(what);
      },
      () => {
        this.#wake();
      },
    );
    try {
      for (const application of applications) this.launch(application);
    } catch (error) {
      // Nobody gets hold of this system; those launched before must not run on in the dark.
      this.#down = true;
      throw error;
    }
    if (kept !== undefined) this.#epochs = this.#keep(kept, { ...EPOCHS, ...options.epochs });
  }

  /** Y3. */
  #keep(kept: Kept, options: EpochOptions): Epochs {
    return new Epochs(this.partition, kept, options, {
      committed: () => {
        this.#full = undefined;
        this.#wake();
      },
      full: (error) => {
        if (this.#full === undefined)
          this.#host.log({ level: 'error', name: 'system', path: error.where, value: error.message });
        this.#full = error;
      },
      failed: (error) => {
        this.#fail(error);
      },
    });
  }

  /** Which run this is of the store that it is kept in: grows with each start; 0 if it is not kept. */
  readonly run: number;

  /** What was committed since the start, if it is kept: commits, rows and bytes. */
  get committed(): { readonly commits: number; readonly rows: number; readonly bytes: number } {
    return this.#epochs?.counts ?? { commits: 0, rows: 0, bytes: 0 };
  }

  /** Why the system stopped by itself, if it did. */
  get failure(): PorticoError | undefined {
    return this.partition.failure;
  }

  /** Launches an application. Throws everything that is wrong with it in one error; then nothing of it runs. */
  launch(application: Application): void {
    this.#usable('launch');
    launchInto(this.partition, application);
    this.#wake();
  }

  /** Stops an application that no other one needs. */
  stop(application: ApplicationRef): void {
    this.#usable('stop');
    stopIn(this.partition, application);
    this.#wake();
  }

  /** Lets an atom with these values enter; waits while too many are waiting already. */
  async send<T>(ingress: Ingress<T>, ...values: readonly T[]): Promise<void> {
    this.#usable('send');
    const path = streamPath(ingressPath(ingress));
    const admit = (): void => {
      sendInto(this.partition, ingress, values);
    };
    // Nobody overtakes those who wait already.
    if (this.#room.has(path) || this.#backlog(path) >= this.#ingressLimit) {
      await new Promise<void>((resolve, reject) => {
        this.#waitersFor(path).push({ resolve, reject, admit });
      });
    } else admit();
    this.#wake();
    await this.#epochs?.wait();
  }

  /**
   * Hands each value that is kept at an egress to `keeper`, those of earlier runs among them, until `settle` says that it is
   * done with: at least once, always with the same `id`.
   */
  handle<T>(
    egress: Egress<T>,
    keeper: (value: T, event: { readonly key: Key; readonly id: number }) => void,
  ): void {
    this.#usable('handle');
    handleIn(this.partition, egress, keeper);
    this.#wake();
  }

  /**
   * Says that a kept value is done with, and in the same commit lets its outcome in, if there is one. An outcome does not wait
   * for room.
   */
  async settle<T, R = never>(
    egress: Egress<T>,
    id: number,
    outcome?: { readonly ingress: Ingress<R>; readonly values: readonly R[] },
  ): Promise<void> {
    this.#usable('settle');
    const outbox = outboxOf(this.partition, 'settle', egress);
    if (!outbox.waiting.has(id)) return;
    if (outcome !== undefined) sendInto(this.partition, outcome.ingress, outcome.values);
    outbox.settle(id);
    this.#wake();
    await this.#epochs?.wait();
  }

  /** Calls `subscriber` for each event of a stream; the returned function ends that. */
  subscribe<T>(
    stream: Stream<T>,
    subscriber: SubscriberOf<T>,
    options: { readonly from?: 'end' | 'start' } = {},
  ): () => void {
    this.#usable('subscribe');
    const unsubscribe = subscribeTo(this.partition, stream, subscriber, options);
    this.#wake();
    return unsubscribe;
  }

  /**
   * Reads a stream value by value: `for await (const value of system.read(stream))`. What was not read yet waits in the
   * stream; if that is the stream of an ingress or of a generator, these wait too. It ends with the system.
   */
  read<T>(
    stream: Stream<T>,
    options: { readonly from?: 'end' | 'start' } = {},
  ): AsyncIterableIterator<T, undefined, void> {
    this.#usable('read');
    const reader = readerOf(this.partition, stream, options, {
      wake: () => {
        this.#wake();
      },
      closed: (reader) => {
        this.#readers.delete(reader);
      },
    });
    this.#readers.add(reader);
    return reader;
  }

  /**
   * Calls `listener` when the system has ended, with the reason: it failed, or it was shut down. The returned function
   * ends that.
   */
  onEnd(listener: (reason: PorticoError) => void): () => void {
    this.#usable('onEnd');
    refuse('onEnd', aFunction('the listener', listener));
    const waiter = { reject: listener as Waiter['reject'] };
    this.#ended.add(waiter);
    return () => {
      this.#ended.delete(waiter);
    };
  }

  /**
   * Resolves when there is nothing left to do: no atom waits anywhere and no generator has more to give. Timers and
   * asks that wait for their time do not count. Rejects if the system fails.
   */
  async idle(): Promise<void> {
    this.#usable('idle');
    if (this.#atRest()) return;
    this.#wake();
    await this.#wait(this.#idle);
  }

  /** Ends the system after the step that is under way. What has not been done by then is not done; `idle` comes first. */
  async shutdown(): Promise<void> {
    if (!this.#down) {
      outsideTurns(this.partition, 'shutdown');
      this.#down = true;
      this.#cancelAlarm?.();
      this.#tellAll(
        wrong('system/shut-down', 'shutdown', 'the system was shut down', 'Wait for idle() before'),
      );
      this.#closed = this.#epochs?.close();
    }
    await this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** Y1. */
  #wake(): void {
    if (this.#scheduled || this.#down) return;
    this.#scheduled = true;
    try {
      this.#host.yield(() => {
        this.#pump();
      });
    } catch (error) {
      this.#scheduled = false;
      this.#fail(error as PorticoError);
      throw error;
    }
  }

  #pump(): void {
    this.#scheduled = false;
    if (this.#down) return;
    try {
      this.#runSlice();
    } catch (error) {
      // Nothing but the host can throw here, and nobody is there to catch it.
      this.#fail(error as PorticoError);
    }
  }

  #runSlice(): void {
    if (this.#full !== undefined) return;
    const { partition } = this;
    const until = this.#host.now() + SLICE_MS;
    let goesOn = partition.runnable;
    while (goesOn) {
      goesOn = partition.run(BURST) === BURST && partition.failure === undefined;
      const now = this.#host.now();
      if (this.#epochs !== undefined) this.#epochs.changed = true;
      this.#commit(now);
      goesOn &&= now < until && partition.runnable;
    }
    if (this.#epochs?.changed === true) this.#commit(this.#host.now());
    this.#giveRoom();
    if (partition.failure !== undefined) this.#fail(partition.failure);
    else if (partition.ready.size > 0) this.#wake();
    else {
      if (this.#atRest()) for (const { resolve } of this.#idle.splice(0)) resolve();
      this.#setAlarm();
    }
  }

  /** Y3. */
  #commit(now: number): void {
    if (this.partition.failure !== undefined) return;
    if (this.#epochs?.due(now, this.partition.ready.size === 0) === true) this.#epochs.cut(now);
  }

  /** Wakes up when the next timer is due. */
  #setAlarm(): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
    const { nextMs } = this.partition.turns.timers;
    if (nextMs === Infinity) return;
    this.#cancelAlarm = this.#host.after(Math.max(0, nextMs - this.#host.now()), () => {
      this.#wake();
    });
  }

  #atRest(): boolean {
    if (this.partition.ready.size > 0 || this.#epochs?.settled === false) return false;
    return [...this.partition.instances.values()].every(({ generators }) =>
      generators.every(({ slot }) => slot === -1),
    );
  }

  #backlog(path: string): number {
    const stream = this.partition.entity(path);
    return stream?.kind === 'stream' ? stream.runtime.backlog : 0;
  }

  #giveRoom(): void {
    for (const [path, waiters] of this.#room) {
      const free = this.#ingressLimit - this.#backlog(path);
      for (const sender of waiters.splice(0, Math.max(0, free))) letIn(sender);
      if (waiters.length === 0) this.#room.delete(path);
    }
  }

  #waitersFor(path: string): Sender[] {
    const waiters = this.#room.get(path) ?? [];
    this.#room.set(path, waiters);
    return waiters;
  }

  #wait(waiters: Waiter[]): Promise<void> {
    return new Promise((resolve, reject) => {
      waiters.push({ resolve, reject });
    });
  }

  /** Y2. */
  #fail(failure: PorticoError): void {
    if (this.#reported) return;
    this.#reported = true;
    this.partition.failure ??= failure;
    this.#host.log({ level: 'error', name: 'system', path: failure.where, value: failure.message });
    this.#tellAll(systemFailed(failure));
  }

  #tellAll(error: PorticoError): void {
    const waiters = [...this.#idle.splice(0), ...[...this.#room.values()].flat(), ...this.#ended];
    this.#room.clear();
    this.#ended.clear();
    for (const { reject } of waiters) {
      try {
        reject(error);
      } catch (cause) {
        // A listener's own failure must not keep the others from being told.
        const value = `a listener to the end of the system threw: ${describe(cause)}`;
        this.#host.log({ level: 'error', name: 'system', path: 'onEnd', value });
      }
    }
    // To read on after a shutdown is no mistake; there is just nothing more.
    for (const reader of this.#readers) reader.end(this.#down ? undefined : error);
  }

  #usable(what: string): void {
    outsideTurns(this.partition, what);
    if (this.#down) throw wrong('system/shut-down', what, 'the system was shut down', 'Start a new one');
    if (this.partition.failure !== undefined) throw systemFailed(this.partition.failure);
  }
}

function letIn({ admit, resolve, reject }: Sender): void {
  try {
    admit();
    resolve();
  } catch (error) {
    reject(error);
  }
}
