/**
 * A partition: one single-threaded engine that owns a share of the keys. The loop that lets whoever is ready run.
 *
 * N1. One entity runs at a time, to the end of its step.
 * N2. After a failure that no policy covers nothing runs any more; what was under way has been undone.
 */
import { PorticoError, describe, ours } from '../errors.ts';
import type { EntityKind } from '../graph/application.ts';
import { deriveKey, type Key } from '../graph/keys.ts';
import type { Clock, LogLevel } from '../host.ts';
import type { Known, Plan } from '../plan/plan.ts';
import { AtomPool, type Atom } from './atom.ts';
import type { Care } from './care.ts';
import { Backlog, BACKLOG_LIMIT } from './backlog.ts';
import { checkedKey } from './task.ts';
import { DeadLetters } from './deadletters.ts';
import { TaskTimers, type Pass, type TaskTimer } from './entrance.ts';
import { REMEMBER, type RememberOptions } from './entered.ts';
import { Instance, type Entity, type Ground } from './instance.ts';
import type { Outbox } from './outbox.ts';
import { Random } from './random.ts';
import type { Image } from './recover.ts';
import { FairReady, RankedReady, type Ready, type Runnable } from './ready.ts';
import type { AtomicStream } from './stream.ts';
import { Tap, type Place, type Subscriber } from './tap.ts';
import { Turns } from './turn.ts';
import type { WorkflowRuntime } from './workflow.ts';

/** How a partition runs. */
export interface PartitionOptions {
  readonly seed: number;
  readonly clock: Clock;
  /** Everyone in turn, or strictly by class so that each generated atom is driven to rest. */
  readonly order: 'fair' | 'ranked';
  readonly strict: boolean;
  readonly deadLetterLimit: number;
  /** How many events may wait. */
  readonly backlogLimit?: number;
  readonly log: (level: LogLevel, name: string, path: string, value: unknown) => void;
  /** What the store holds, if there is one. */
  readonly image?: Image | undefined;
  /** Refuses what cannot be stored. */
  readonly check?: ((value: unknown, where: string) => void) | undefined;
  /** Refuses what may not come in from outside. The same if not given. */
  readonly door?: ((value: unknown, where: string) => void) | undefined;
  /** How much of what has entered under a key is remembered. */
  readonly remember?: Partial<RememberOptions> | undefined;
  /** Looks after what is handled, if processes have ended in it. */
  readonly care?: Care | undefined;
  /** Waits, outside all turns. */
  readonly pause?: (ms: number) => Promise<void>;
}

export class Partition implements Ground, Known {
  readonly pool: AtomPool = new AtomPool();
  readonly backlog: Backlog;
  readonly random: Random;
  readonly ready: Ready;
  readonly turns: Turns;
  readonly taskTimers: TaskTimers = new TaskTimers();
  readonly strict: boolean;
  readonly log: PartitionOptions['log'];
  readonly deadLetters: DeadLetters;
  /** The applications, by path, in the order of their launch. */
  readonly instances: Map<string, Instance> = new Map();
  /** Why it stopped. */
  failure: PorticoError | undefined;
  /** Whether an entity is running. */
  busy = false;
  /** How many steps were made. */
  steps = 0;
  readonly image: Image | undefined;
  readonly check: PartitionOptions['check'];
  readonly #door: PartitionOptions['check'];
  readonly remember: RememberOptions;
  readonly care: Care | undefined;
  readonly pause: (ms: number) => Promise<void>;
  /** Called when something waits that may leave only after a commit. */
  onHeld: (() => void) | undefined;
  readonly #entities = new Map<string, Entity>();
  readonly taps: Set<Tap> = new Set();

  constructor(options: PartitionOptions) {
    const { seed, clock, order, strict, deadLetterLimit, log, image } = options;
    this.random = new Random(seed);
    this.backlog = new Backlog(options.backlogLimit ?? BACKLOG_LIMIT);
    this.image = image;
    this.check = options.check;
    this.#door = options.door ?? options.check;
    this.care = options.care;
    this.remember = { ...REMEMBER, ...options.remember };
    this.pause = options.pause ?? (() => Promise.resolve());
    this.ready = order === 'fair' ? new FairReady() : new RankedReady(this.random);
    this.turns = new Turns(clock);
    this.turns.undoLog.onWrap = () => {
      for (const instance of this.instances.values()) instance.clearStamps();
    };
    this.strict = strict;
    this.deadLetters = new DeadLetters(deadLetterLimit);
    this.log = log;
    if (image !== undefined) {
      image.freezes = strict;
      this.#restore(image);
    }
  }

  #restore(image: Image): void {
    const now = image.list('partition', 'now');
    if (now === undefined) return;
    const [random, timers, letters] = now as [number, number, number];
    this.random.state = random;
    this.taskTimers.last = timers;
    this.deadLetters.last = letters;
  }

  launch(plan: Plan): Instance {
    // L1: the constructor may throw, attaching does not.
    const instance = new Instance(plan, this);
    this.instances.set(instance.path, instance);
    for (const [path, entity] of instance.entities) this.#entities.set(path, entity);
    instance.attach();
    if (this.image !== undefined) {
      for (const { kind, runtime } of this.#entities.values())
        if (kind === 'stream') runtime.giveUp(`${instance.path}/`);
    }
    return instance;
  }

  /** Takes an application out again. */
  remove(instance: Instance): void {
    instance.close();
    this.instances.delete(instance.path);
    for (const path of instance.entities.keys()) this.#entities.delete(path);
    for (const tap of this.taps)
      if (instance.entities.get(tap.stream.path)?.runtime === tap.stream) this.untap(tap);
    const under = `${instance.path}/`;
    const { timers } = this.turns;
    for (const timed of timers.waiting().slice()) {
      if (!timed.owner.startsWith(under)) continue;
      timers.cancel(timed);
      timed.abandon();
    }
    this.taskTimers.forget(under);
    this.deadLetters.forget(under);
  }

  /** Who, of the other applications, needs something of this one: what, and who. */
  dependentsOf(instance: Instance): string[] {
    return [...this.instances.values()].flatMap(({ path, plan }) =>
      path === instance.path
        ? []
        : plan.requires.filter((need) => instance.entities.has(need.path)).map(({ by }) => by),
    );
  }

  /** Something waits for the next commit. */
  held(): void {
    this.onHeld?.();
  }

  /** All that holds back what may leave only after a commit (E3). */
  *gates(): Iterable<{ cut(): void; release(): void }> {
    yield* this.taps;
    for (const { outboxes } of this.instances.values()) yield* outboxes.values();
  }

  outbox(path: string): Outbox | undefined {
    for (const { outboxes } of this.instances.values()) {
      const found = outboxes.get(path);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Lets up to so many entities run, fewer if they have very many events to do. Returns how many did. */
  run(limit: number, events: number = Infinity): number {
    const { ready, turns } = this;
    const { pace } = ready;
    pace.events = events;
    let done = 0;
    this.busy = true;
    let entity: Runnable | undefined;
    try {
      while (done < limit && pace.events > 0 && this.failure === undefined) {
        // Looking at the clock costs more than a step does.
        if ((this.steps & 0xff) === 0 && turns.timers.size > 0) {
          if (entity !== undefined) ready.add(entity);
          entity = undefined;
          turns.fireDue();
        }
        entity ??= ready.take();
        if (entity === undefined) break;
        const steps = Math.min(limit - done, 0x100 - (this.steps & 0xff)) - 1;
        pace.left = steps;
        const more = entity.run();
        const made = 1 + steps - pace.left;
        done += made;
        this.steps += made;
        if (!more) entity = undefined;
        else if (ready.before(entity)) {
          ready.add(entity);
          entity = undefined;
        }
        // Otherwise it is its turn again.
      }
      if (entity !== undefined) ready.add(entity);
    } catch (error) {
      this.failure = ours(error) ?? unexpected(error);
      // N2.
      turns.undo();
    } finally {
      this.busy = false;
    }
    return done;
  }

  /**
   * Looks how much waits. Returns whether that has changed something: what comes from outside has to wait from now on, or need
   * not any more. A reader that is the cause, because it does not read, is ended.
   */
  look(): boolean {
    const { backlog } = this;
    const changed = backlog.look();
    backlog.shut = backlog.crowded && this.#waitsOutside();
    if (changed && !backlog.crowded)
      for (const { generators } of this.instances.values())
        for (const { stream } of generators) stream.onRoom?.();
    return changed;
  }

  /**
   * Whether most of what waits does so for those outside. If it is half of what may wait, the reader that is furthest behind is
   * ended.
   */
  #waitsOutside(): boolean {
    const { backlog } = this;
    const readers = [...this.taps].filter(({ unread }) => unread > 0);
    const unread = readers.reduce((sum, tap) => sum + tap.unread, 0);
    if (2 * unread > backlog.limit)
      readers.reduce((last, tap) => (tap.unread > last.unread ? tap : last)).giveUp();
    let kept = 0;
    for (const { outboxes } of this.instances.values())
      for (const { waits, waiting } of outboxes.values()) if (waits) kept += waiting.size;
    return 2 * (unread + kept) > backlog.events;
  }

  /** Where the most events wait, and how many. */
  get fullest(): { readonly path: string; readonly events: number } {
    let fullest = { path: '', events: 0 };
    const look = (path: string, events: number): void => {
      if (events > fullest.events) fullest = { path, events };
    };
    for (const { kind, runtime } of this.#entities.values())
      if (kind === 'stream' && !runtime.retained) look(runtime.path, runtime.waiting);
    for (const { outboxes } of this.instances.values())
      for (const { path, waits, waiting } of outboxes.values()) if (waits) look(path, waiting.size);
    return fullest;
  }

  /** Whether anything can run now. */
  get runnable(): boolean {
    if (this.failure !== undefined) return false;
    if (this.ready.size === 0 && this.turns.timers.size > 0) this.turns.fireDue();
    return this.ready.size > 0;
  }

  /** Refuses what may not come in. */
  mayEnter(value: unknown, where: string): void {
    if (this.#door !== undefined && mustBeSeen(value)) this.#door(value, where);
  }

  /** Appends an atom from outside. */
  admit(
    stream: AtomicStream,
    keyOf: ((value: unknown) => Key) | undefined,
    values: readonly unknown[],
  ): void {
    // All keys first: a key function may throw, and then nothing has happened.
    const keys = values.map((value) =>
      keyOf === undefined ? deriveKey(value, 0) : checkedKey(keyOf(value), stream.path),
    );
    const atom = this.pool.take();
    for (let i = 0; i < values.length; i++) atom.push(keys[i] as Key, values[i]);
    stream.append(atom);
  }

  tap(stream: AtomicStream, subscriber: Subscriber, from: 'end' | 'start' | Place): Tap {
    const failed = (cause: unknown): void => {
      this.taps.delete(tap);
      const cure = 'Catch in the subscriber what may happen there, and subscribe again';
      const what = `a subscriber threw and was unsubscribed: ${describe(cause)}`;
      const error = new PorticoError(
        { code: 'system/subscriber-failed', where: stream.path, what, cure },
        { cause },
      );
      this.log('error', stream.path, stream.path, error.message);
    };
    const held =
      this.image === undefined
        ? undefined
        : (): void => {
            this.held();
          };
    const tap: Tap = new Tap(stream, subscriber, this.ready, from, failed, held);
    this.taps.add(tap);
    return tap;
  }

  untap(tap: Tap): void {
    tap.close();
    this.taps.delete(tap);
  }

  /** Lets an atom or pass that was set aside run again. */
  resend(id: number): boolean {
    const found = this.deadLetters.take(id);
    found?.workflow.inbox.push(found.work);
    return found !== undefined;
  }

  /** Forgets an atom or pass that was set aside. */
  discard(id: number): boolean {
    const work = this.deadLetters.take(id)?.work;
    // What a pass of timers brought has not been delivered, and never will be.
    if (work !== undefined && 'kind' in work && work.kind === 'timers')
      for (const timer of work.items as readonly TaskTimer[]) timer.done();
    return work !== undefined;
  }

  failed(workflow: WorkflowRuntime, work: Atom | Pass, error: PorticoError): boolean {
    if (workflow.onFailure === 'stop') this.failure = error;
    else if (this.deadLetters.full) {
      const cure = 'Re-send or discard dead letters, or allow more of them';
      const what = `the dead letters are full, and so this could not be set aside: ${error.what}`;
      this.failure = new PorticoError(
        { code: 'deadletter/full', where: workflow.path, what, cure },
        { cause: error },
      );
    } else {
      const { id } = this.deadLetters.add(workflow, work, error);
      this.log('error', workflow.path, workflow.path, `set aside as dead letter ${id}: ${error.message}`);
      return true;
    }
    return false;
  }

  entity(path: string): Entity | undefined {
    return this.#entities.get(path);
  }

  kindOf(path: string): EntityKind | undefined {
    return this.#entities.get(path)?.kind;
  }

  isRetained(path: string): boolean {
    const found = this.#entities.get(path);
    return found?.kind === 'stream' && found.runtime.retained;
  }

  paths(): Iterable<string> {
    return this.#entities.keys();
  }
}

/** Whether it has to be looked at before it is sure that it can be stored. */
function mustBeSeen(value: unknown): boolean {
  if (typeof value === 'string') return value.length > SHORT_TEXT;
  return typeof value !== 'number' && typeof value !== 'boolean' && value !== undefined;
}

const SHORT_TEXT = 256;

/** Only our own code is outside the places that catch errors of users. */
function unexpected(cause: unknown): PorticoError {
  const what = `an error escaped the engine: ${describe(cause)}`;
  return new PorticoError(
    { code: 'invariant/violated', where: 'engine', what, cure: 'Please report it' },
    { cause },
  );
}
