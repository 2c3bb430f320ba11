/**
 * The running system: runs by itself whenever there is something to do, fair to all, and lets the platform have its turn.
 *
 * Y1. At most one pump is scheduled. It runs for a slice of time and then yields.
 * Y2. Nobody waits for ever: when the system fails or is shut down, all who wait are told.
 * Y3. If the system is kept, what has changed is committed when nothing is left to do, when somebody waits for it, or after a
 *     while; and what comes from outside is acknowledged then.
 * Y4. A system whose store was taken over stops within a moment, also if it has nothing to commit, and lets go of it.
 */
import { describe, PorticoError } from '../errors.ts';
import { Care, CARE_MS } from '../engine/care.ts';
import type { Entered, Once } from '../engine/entered.ts';
import { Epochs, ofStore, type EpochOptions, type Kept } from '../engine/epoch.ts';
import { Partition } from '../engine/partition.ts';
import { streamPath, type Application } from '../graph/application.ts';
import type { Egress, Ingress, Stream } from '../graph/handles.ts';
import type { Key } from '../graph/keys.ts';
import type { Host } from '../host.ts';
import type { Reader } from './reader.ts';
import { letGo, openStore } from './store.ts';
import { aFunction, atLeast, guardedClock, guardedHost, refuse } from './guards.ts';
import {
  deadLettersOf,
  enteredAt,
  forgetIn,
  handleIn,
  ingressPath,
  launchInto,
  noKey,
  outboxOf,
  outsideTurns,
  readerFrom,
  readerOf,
  sendInto,
  stopIn,
  subscribeTo,
  systemFailed,
  wrong,
  type ApplicationRef,
  type DeadLetterBox,
  type ReaderListener,
  type StreamValue,
  type SubscriberOf,
} from './operations.ts';
import {
  doorOf,
  settledOptions,
  type RunningOptions,
  type SettledOptions,
  type ShutdownOptions,
} from './options.ts';

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
  const settled = settledOptions(options);
  const { store, types, owner } = settled;
  if (store === undefined) return new RunningSystem(settled, undefined);
  const host = guardedHost(settled.host);
  const kept = await openStore(
    store,
    types,
    owner,
    (ms) => new Promise((resolve) => host.after(ms, resolve)),
  );
  try {
    return new RunningSystem(settled, kept);
  } catch (error) {
    await letGo(kept);
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

/** Milliseconds after which a system that is kept looks whether it still owns its store. */
const WATCH_MS = 1_000;

/** How long it runs before the platform has its turn. */
const SLICE_MS = 8;
/** Steps between two looks at the clock, and events, unless a single atom has more. */
const BURST = 512;
const BURST_EVENTS = 20_000;

export class RunningSystem implements AsyncDisposable {
  /** @internal */
  readonly partition: Partition;
  /** What was set aside. */
  readonly deadLetters: DeadLetterBox;
  readonly #host: Host;
  readonly #ingressLimit: number;
  readonly #sendLimit: number;
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
  /** Whether it is being shut down: nothing enters any more. */
  #leaving = false;
  #closed: Promise<void> | undefined;
  #hurry: () => void = nothing;
  #hurried = false;
  readonly #care: Care | undefined;
  #noRest: () => void = nothing;

  /** @internal */
  constructor(options: SettledOptions, kept: Kept | undefined) {
    const { applications, host: given, ingressLimit, sendLimit, maxAttempts } = options;
    const { strict, deadLetterLimit, backlogLimit, remember } = options;
    const host = guardedHost(given);
    this.#host = host;
    this.run = kept?.run ?? 0;
    this.#care = kept && this.#careFor(kept, maxAttempts);
    this.#ingressLimit = ingressLimit;
    this.#sendLimit = sendLimit;
    this.partition = new Partition({
      seed: options.seed ?? host.entropy(),
      clock: guardedClock(given, (error) => {
        // It may be a turn that asks for the time: that it fails is not its fault.
        this.partition.failure ??= error;
      }),
      order: 'fair',
      strict,
      deadLetterLimit,
      backlogLimit,
      log: (level, name, path, value) => host.log({ level, name, path, value }),
      image: kept?.image,
      check:
        kept &&
        ((value, where) => {
          kept.codec.check(value, where);
        }),
      door: kept && doorOf(options),
      pause: (ms) => new Promise((resolve) => host.after(ms, resolve)),
      remember,
      care: this.#care?.isNeeded === true ? this.#care : undefined,
    });
    this.deadLetters = deadLettersOf(
      this.partition,
      (what) => {
        this.#usable(what);
      },
      () => {
        if (this.#epochs !== undefined) this.#epochs.changed = true;
        this.#wake();
      },
    );
    try {
      for (const application of applications) this.launch(application);
      if (kept !== undefined) this.#watchOver(kept);
      if (kept !== undefined) this.#epochs = this.#keep(kept, options.epochs);
    } catch (error) {
      // Nobody gets hold of this system; those launched before must not run on in the dark.
      this.#down = true;
      throw error;
    }
  }

  /** Looks after what is handled, if processes have ended in it. */
  #careFor({ words, codec }: Kept, maxAttempts: number): Care | undefined {
    if (words === undefined) return undefined;
    const host = this.#host;
    const care = new Care({
      words: words.last,
      before: words.before,
      nowMs: host.now(),
      codec,
      maxAttempts,
      log: (level, value) => {
        host.log({ level, name: 'system', path: 'startSystem', value });
      },
    });
    const rests = (): void => {
      care.rest();
    };
    if (care.isNeeded) this.#noRest = host.after(CARE_MS, rests, 'aside');
    return care;
  }

  /** @internal Carries out something under a name, or refuses to if processes have ended in it. */
  attempt<T>(name: string, value: unknown, act: () => T): T {
    refuse('attempt', aFunction('what is to be attempted', act));
    return this.#care?.isNeeded === true ? this.#care.guard(name)(undefined, value, act) : act();
  }

  /** Y3. */
  #keep(kept: Kept, options: EpochOptions): Epochs {
    return new Epochs(this.partition, kept, options, {
      committed: () => {
        this.#schedule();
      },
      mayCut: () => {
        this.#schedule();
      },
      full: (error) => {
        this.#host.log({ level: 'error', name: 'system', path: error.where, value: error.message });
      },
      failed: (error) => {
        this.#fail(error);
      },
    });
  }

  /** Y4. */
  #watchOver({ journal }: Kept): void {
    const isOver = (): boolean => this.#down || this.partition.failure !== undefined;
    const look = async (): Promise<void> => {
      if (isOver()) return;
      try {
        await journal.check();
        again();
      } catch (error) {
        // The end of the system may have closed it meanwhile.
        if (!isOver()) this.#fail(ofStore(error));
      }
    };
    const again = (): void => {
      this.#host.after(WATCH_MS, () => void look(), 'aside');
    };
    again();
  }

  /** Which run this is of the store that it is kept in: grows with each start; 0 if it is not kept. */
  readonly run: number;

  /** What was committed since the start, if it is kept: commits, rows and bytes. */
  get committed(): { readonly commits: number; readonly rows: number; readonly bytes: number } {
    return this.#epochs?.counts ?? { commits: 0, rows: 0, bytes: 0 };
  }

  /** @internal What has entered under a key. */
  entered<T>(ingress: Ingress<T>): Entered {
    return enteredAt(this.partition, ingress);
  }

  /** @internal Refuses what could not be stored, if the system is kept. */
  check(value: unknown, where: string): void {
    this.partition.mayEnter(value, where);
  }

  /** Why the system stopped by itself, if it did. */
  get failure(): PorticoError | undefined {
    return this.partition.failure;
  }

  /** Launches an application. Throws everything that is wrong with it in one error; then nothing of it runs. */
  launch(application: Application): void {
    this.#usable('launch');
    launchInto(this.partition, application);
    this.#epochs?.launched();
    this.#wake();
  }

  /** Stops an application that no other one needs. If the system is kept, nothing of it is kept any more. */
  stop(application: ApplicationRef): void {
    this.#usable('stop');
    const stopped = stopIn(this.partition, application);
    this.#epochs?.stopped(stopped);
    this.#wake();
  }

  /** Lets an atom with these values enter; waits while too many are waiting already. */
  send<T>(ingress: Ingress<T>, ...values: readonly T[]): Promise<void> {
    return this.enter(ingress, values, false);
  }

  /**
   * @internal The same, for values of which it may be sure that each has passed `check`. What the system itself has to know
   * does not wait for room.
   */
  async enter<T>(
    ingress: Ingress<T>,
    values: readonly T[],
    isChecked: boolean,
    waits: boolean = true,
  ): Promise<void> {
    this.#open('send');
    const path = streamPath(ingressPath(ingress));
    const admit = (): void => {
      sendInto(this.partition, ingress, values, isChecked);
    };
    if (waits && this.#isFull(path)) await this.#waitForRoom(path, admit);
    else admit();
    this.#wake();
    await this.#epochs?.wait();
  }

  /**
   * The same for what may be sent again: what has entered under this key, or with this number of the client or a higher one,
   * does not enter again. Resolves when it is as sure as after `send` that it has, now or before; with whether that was now.
   *
   * @example
   * ```ts
   * import { application, startSystem } from 'portico/dataflow';
   *
   * const app = application('shop', (app) => {
   *   const orders = app.ingress<string>('orders');
   *   app.workflow().source(orders.stream).logger('ordered: ').sink();
   *   return { orders };
   * });
   * await using system = await startSystem({ applications: [app] });
   * const { orders } = app.handles;
   * console.log(await system.sendOnce(orders, { key: 'order 1' }, 'tea')); // true
   * console.log(await system.sendOnce(orders, { key: 'order 1' }, 'tea')); // false
   * console.log(await system.sendOnce(orders, { client: 'till 4', seq: 17 }, 'milk')); // true
   * console.log(await system.sendOnce(orders, { client: 'till 4', seq: 16 }, 'rice')); // false
   * ```
   */
  async sendOnce<T>(ingress: Ingress<T>, once: Once, ...values: readonly T[]): Promise<boolean> {
    this.#open('sendOnce');
    refuse('sendOnce', noKey(once));
    const path = streamPath(ingressPath(ingress));
    const entered = enteredAt(this.partition, ingress);
    const entry: { epoch: number | undefined; isNew: boolean } = {
      epoch: entered.epochOf(once, this.#host.now()),
      isNew: false,
    };
    const admit = (): void => {
      const nowMs = this.#host.now();
      // Another one may have come while this one waited.
      entry.epoch = entered.epochOf(once, nowMs);
      if (entry.epoch !== undefined) return;
      sendInto(this.partition, ingress, values);
      entry.epoch = this.partition.turns.undoLog.epoch;
      entered.add(once, nowMs, entry.epoch);
      entry.isNew = true;
    };
    if (entry.epoch === undefined) {
      if (this.#isFull(path)) await this.#waitForRoom(path, admit);
      else admit();
    }
    this.#wake();
    await this.#epochs?.waitFor(entry.epoch ?? 0);
    return entry.isNew;
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
   * for room. False if the value was done with before; then its outcome does not enter.
   */
  async settle<T, R = never>(
    egress: Egress<T>,
    id: number,
    outcome?: { readonly ingress: Ingress<R>; readonly values: readonly R[] },
  ): Promise<boolean> {
    this.#usable('settle');
    const outbox = outboxOf(this.partition, 'settle', egress);
    const isNew = outbox.waiting.has(id);
    if (isNew) {
      if (outcome !== undefined) sendInto(this.partition, outcome.ingress, outcome.values);
      outbox.settle(id);
    }
    // Also if it was done with before: that may not be durable yet.
    this.#wake();
    await this.#epochs?.wait();
    return isNew;
  }

  /**
   * Reads every cell that is stored, and stores it anew as this program has it: what has older versions is migrated then, all
   * at once instead of when it is first needed. The system goes on meanwhile. Returns how many cells there were.
   */
  async migrate(): Promise<number> {
    this.#usable('migrate');
    return this.#epochs === undefined ? 0 : await this.#untilTheEnd(this.#epochs.rewrite());
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
    const reader = readerOf(this.partition, stream, options, this.#listening());
    this.#readers.add(reader);
    return reader;
  }

  /**
   * Reads a stream that is retained, value by value, each with a cursor; from its beginning, or on from the cursor of the last
   * value that was read. Who keeps the cursor together with what was made of the value sees every value once, whoever crashes.
   *
   * @example
   * ```ts
   * import { application, startSystem } from 'portico/dataflow';
   *
   * const app = application('squares', (app) => {
   *   const numbers = app.generators.fromArray([1, 2, 3]);
   *   return app.retain(app.workflow().source(numbers).map((n) => n * n).sink());
   * });
   * await using system = await startSystem({ applications: [app] });
   * let kept: string | undefined;
   * for await (const { value, cursor } of system.readFrom(app.handles)) {
   *   console.log(value); // 1
   *   kept = cursor;
   *   break;
   * }
   * const rest = system.readFrom(app.handles, kept);
   * console.log((await rest.next()).value?.value); // 4
   * ```
   */
  readFrom<T>(stream: Stream<T>, cursor?: string): AsyncIterableIterator<StreamValue<T>, undefined, void> {
    this.#usable('readFrom');
    const reader = readerFrom(this.partition, stream, cursor, this.#listening());
    this.#readers.add(reader);
    return reader;
  }

  /** Lets go of all that a retained stream holds before a cursor. What somebody reads right now stays until it is read. */
  forget<T>(stream: Stream<T>, cursor: string): void {
    this.#usable('forget');
    forgetIn(this.partition, stream, cursor);
    if (this.#epochs !== undefined) this.#epochs.changed = true;
    this.#wake();
  }

  #listening<T>(): ReaderListener<T> {
    return {
      wake: () => {
        // If the host fails, the reader is told as all are who wait.
        this.#schedule();
      },
      closed: (reader) => {
        this.#readers.delete(reader);
        // What waited for it waits no more, and others may have waited for that.
        this.#schedule();
      },
    };
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

  /**
   * Ends the system after the step that is under way; with `drain`, after all that is under way. If it is kept, all that has
   * happened is committed, and what was not done by then is done when it is started again; otherwise that is lost. Rejects with
   * `system/unfinished` if it could not do so in time. A second call ends the first at once: what was committed stays.
   */
  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    if (this.#leaving) {
      this.#hurry();
      await this.#left();
      return;
    }
    outsideTurns(this.partition, 'shutdown');
    const { drain = false, deadlineMs = 10_000 } = options;
    refuse('shutdown', atLeast('deadlineMs', deadlineMs, 0));
    this.#leaving = true;
    this.#closed = this.#leave(drain, deadlineMs);
    await this.#closed;
  }

  /** Shuts it down, unless that was done or is under way. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#leaving ? this.#left() : this.shutdown();
  }

  /** Resolves when a shutdown has ended, whatever became of it: its caller knows. */
  async #left(): Promise<void> {
    await this.#closed?.catch(() => {
      // Who shut it down is told.
    });
  }

  /** Y2. What a call gives, unless the system ends before. */
  async #untilTheEnd<T>(call: Promise<T>): Promise<T> {
    let waiter: Pick<Waiter, 'reject'> | undefined;
    const ended = new Promise<never>((_, reject) => {
      this.#ended.add((waiter = { reject }));
    });
    try {
      return await Promise.race([call, ended]);
    } finally {
      if (waiter !== undefined) this.#ended.delete(waiter);
    }
  }

  async #leave(drain: boolean | (() => Promise<void>), deadlineMs: number): Promise<void> {
    let left: PorticoError | undefined;
    if (drain !== false) {
      const over = this.#over(deadlineMs, 'all was done');
      const drained = drain === true ? this.idle() : drain();
      const rested = drained.then(nothing, () => {
        // It has failed, and what that means for what is left to commit is seen next.
        return undefined;
      });
      left = await Promise.race([rested, over.reason]);
      over.cancel();
    }
    this.#down = true;
    this.#wordsEnd();
    this.#cancelAlarm?.();
    this.#tellAll(
      wrong('system/shut-down', 'shutdown', 'the system was shut down', 'Wait for idle() before'),
    );
    if (this.#epochs !== undefined) {
      const over = this.#over(deadlineMs, 'all was committed');
      left = await this.#epochs.close(over.reason).finally(() => {
        over.cancel();
      });
    }
    if (left === undefined) return;
    if (left.code === 'system/unfinished') throw left;
    const what = `the system was shut down, and what was not committed is lost: ${left.what} [${left.code}]`;
    throw new PorticoError(
      { code: 'system/unfinished', where: left.where, what, cure: left.cure },
      { cause: left },
    );
  }

  /** Gives a reason when so much time is over, or when somebody is in a hurry. */
  #over(
    deadlineMs: number,
    before: string,
  ): { readonly reason: Promise<PorticoError>; readonly cancel: () => void } {
    let cancel = (): void => undefined;
    const reason = new Promise<PorticoError>((resolve) => {
      const end = (when: string): void => {
        const what = `the system was shut down ${when}, before ${before}`;
        resolve(wrong('system/unfinished', 'shutdown', what, 'Allow more time with deadlineMs'));
      };
      this.#hurry = () => {
        this.#hurried = true;
        end('at once');
      };
      if (this.#hurried) end('at once');
      else if (deadlineMs !== Infinity)
        cancel = this.#host.after(deadlineMs, () => {
          end(`after ${deadlineMs} ms`);
        });
    });
    return {
      reason,
      cancel: () => {
        cancel();
        this.#hurry = nothing;
      },
    };
  }

  /** For a call from outside, which learns at once that the host has failed. */
  #wake(): void {
    const failure = this.#schedule();
    if (failure !== undefined) throw failure;
  }

  /** Y1. Why it cannot be, if the host fails: all who wait are told already. */
  #schedule(): PorticoError | undefined {
    if (this.#scheduled || this.#down) return undefined;
    this.#scheduled = true;
    try {
      this.#host.yield(() => {
        this.#pump();
      });
      return undefined;
    } catch (error) {
      this.#scheduled = false;
      this.#fail(error as PorticoError);
      return error as PorticoError;
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
    // Somebody wakes it when there is room, or may be a cut again.
    if (this.#epochs?.full === true || this.#epochs?.crowded === true) return;
    const { partition } = this;
    const until = this.#host.now() + SLICE_MS;
    let goesOn = partition.runnable;
    while (goesOn) {
      partition.run(BURST, BURST_EVENTS);
      this.#look();
      const now = this.#host.now();
      if (this.#epochs !== undefined) this.#epochs.changed = true;
      this.#commit(now);
      goesOn = now < until && partition.runnable;
    }
    if (this.#epochs?.changed === true) this.#commit(this.#host.now());
    this.#look();
    this.#giveRoom();
    if (partition.failure !== undefined) this.#fail(partition.failure);
    else if (partition.ready.size > 0) this.#schedule();
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
      this.#schedule();
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
      let entered = 0;
      // Each of them may have very many values, and there may be none for the next.
      while (entered < waiters.length && this.#roomAt(path) > 0) letIn(waiters[entered++] as Sender);
      waiters.splice(0, entered);
      if (waiters.length === 0) this.#room.delete(path);
    }
  }

  /** Looks how much waits, and says so if it has become too much. */
  #look(): void {
    const { backlog } = this.partition;
    if (!this.partition.look() || !backlog.crowded) return;
    const { fullest } = this.partition;
    const { path, events } = fullest;
    const what = `${backlog.events} events wait, ${events} of them at ${path}: hardly anything is let in until half of them are done`;
    this.#host.log({ level: 'warn', name: 'system', path, value: what });
  }

  /** How many atoms may enter now. */
  #roomAt(path: string): number {
    const { over, shut } = this.partition.backlog;
    if (over) return !shut && this.#backlog(path) === 0 ? 1 : 0;
    const room = this.#ingressLimit - this.#backlog(path);
    return this.#epochs === undefined ? room : Math.min(room, this.#sendLimit - this.#epochs.waiters);
  }

  /** Nobody overtakes those who wait already. */
  #isFull(path: string): boolean {
    return this.#room.has(path) || this.#roomAt(path) <= 0;
  }

  #waitForRoom(path: string, admit: () => void): Promise<void> {
    const waiters = this.#room.get(path) ?? [];
    if (waiters.length >= this.#sendLimit) {
      const what = `it is full, and ${waiters.length} calls of send wait for room`;
      const cure = 'Await each send, or so many at a time; or allow more with sendLimit';
      return Promise.reject(wrong('ingress/overflow', path, what, cure));
    }
    this.#room.set(path, waiters);
    return new Promise((resolve, reject) => {
      waiters.push({ resolve, reject, admit });
    });
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
    this.#epochs?.fail(systemFailed(failure));
    // Whoever takes the store over must not wait for this process to end.
    this.#epochs?.letGo();
    this.#wordsEnd();
    this.#host.log({ level: 'error', name: 'system', path: failure.where, value: failure.message });
    this.#tellAll(systemFailed(failure));
  }

  /** The process did not end in anything. */
  #wordsEnd(): void {
    this.#noRest();
    this.#care?.end();
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

  /** Whether something may enter. */
  #open(what: string): void {
    this.#usable(what);
    if (this.#leaving) throw leaving(what);
  }

  #usable(what: string): void {
    outsideTurns(this.partition, what);
    if (this.#down) throw leaving(what);
    if (this.partition.failure !== undefined) throw systemFailed(this.partition.failure);
  }
}

function leaving(where: string): PorticoError {
  return wrong('system/shut-down', where, 'the system was shut down', 'Start a new one');
}

function nothing(): undefined {
  return undefined;
}

function letIn({ admit, resolve, reject }: Sender): void {
  try {
    admit();
    resolve();
  } catch (error) {
    reject(error);
  }
}
