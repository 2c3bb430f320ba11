/**
 * A single behavior in a test's hand: give it a message, and what it wants done comes back as data, and is not done. State,
 * time and chance are real.
 *
 * A1. A turn that throws is undone: state, stash and behavior are as before, and the error reaches the test.
 * A2. Effects come in the order in which they were asked for.
 */
import {
  application,
  manualClock,
  steppingSystem,
  type Key,
  type Log,
  type LogLevel,
  type ProcessorContext,
  type StateAccess,
} from '../../src/index.ts';
import {
  ActorRef,
  entityRef,
  PorticoError,
  same,
  stopped,
  unhandled,
  type ActorContext,
  type Behavior,
  type CreateOptions,
  type Effect,
  type Failure,
  type Signal,
  type StashBuffer,
  type Timers,
  type Topic,
} from '../index.ts';
import { begin, handle, handleSignal } from '../interpret.ts';
import { AskReply, routed } from '../messages.ts';

/** What a behavior wants done. */
export type KitEffect =
  | {
      readonly effect: 'created';
      readonly ref: ActorRef<never>;
      readonly behavior: Behavior<never>;
      readonly name?: string;
      readonly child: boolean;
    }
  | { readonly effect: 'sent'; readonly ref: ActorRef<never>; readonly message: unknown }
  | {
      readonly effect: 'asked';
      readonly ref: ActorRef<never>;
      readonly request: object;
      readonly as: object;
      readonly timeoutMs?: number;
    }
  | {
      readonly effect: 'askedPortal';
      readonly portal: string;
      readonly request: unknown;
      readonly as: object;
      readonly timeoutMs?: number;
    }
  | { readonly effect: 'ran'; readonly name: string; readonly args: unknown; readonly as: object }
  | {
      readonly effect: 'scheduled';
      readonly key: Key;
      readonly kind: 'single' | 'fixedDelay' | 'fixedRate';
      readonly ms: number;
      readonly message: unknown;
    }
  | {
      readonly effect: 'scheduled';
      readonly key: Key;
      readonly kind: 'cron';
      readonly expression: string;
      readonly message: unknown;
    }
  | { readonly effect: 'cancelled'; readonly key: Key }
  | { readonly effect: 'watched'; readonly ref: ActorRef<never>; readonly as?: object }
  | { readonly effect: 'unwatched'; readonly ref: ActorRef<never> }
  | { readonly effect: 'stoppedChild'; readonly ref: ActorRef<never> }
  | { readonly effect: 'stashed'; readonly message: unknown }
  | { readonly effect: 'unstashed'; readonly message: unknown }
  | { readonly effect: 'emitted'; readonly topic?: string; readonly value: unknown }
  | { readonly effect: 'logged'; readonly level: LogLevel; readonly value: unknown }
  | { readonly effect: 'unhandled'; readonly message: unknown }
  | { readonly effect: 'stopped' };

export interface BehaviorKitOptions {
  /** The name of the actor that it is. `kit` if not given. */
  readonly name?: string;
  /** Where `ctx.random` comes from. 1 if not given. */
  readonly seed?: number;
  /** The time at which it begins. 0 if not given. */
  readonly startMs?: number;
}

/**
 * Takes a behavior in hand.
 *
 * @example
 * ```ts
 * import { behavior, receive, type Behavior } from 'portico';
 * import { behaviorKit } from 'portico/testkit';
 *
 * const counter = behavior('counter', (n: number): Behavior<'up'> =>
 *   receive((_, ctx) => {
 *     ctx.emit(n + 1);
 *     return counter(n + 1);
 *   }),
 * );
 *
 * const kit = behaviorKit(counter(0));
 * console.log(kit.run('up')); // [ { effect: 'emitted', value: 1 } ]
 * console.log(String(kit.behavior)); // counter(1)
 * ```
 */
export function behaviorKit<M>(behavior: Behavior<M>, options: BehaviorKitOptions = {}): BehaviorKit<M> {
  return new BehaviorKit(behavior, options);
}

export class BehaviorKit<M> {
  /** The actor that it is. */
  readonly ref: ActorRef<M>;
  readonly #clock: ReturnType<typeof manualClock>;
  readonly #turn: (job: (t: TaskContext) => void) => void;
  readonly #ctx: KitContext<M>;
  #behavior: Behavior<M> = stopped;
  #effects: KitEffect[] = [];

  /** @internal */
  constructor(behavior: Behavior<M>, { name = 'kit', seed = 1, startMs = 0 }: BehaviorKitOptions) {
    this.ref = new ActorRef<M>(`name:${name}`);
    this.#clock = manualClock(startMs);
    this.#turn = turns(seed, this.#clock);
    this.#ctx = new KitContext<M>(this.ref);
    this.#take(() => {
      const { first } = begin(behavior, this.#ctx);
      this.#follow(first, behavior);
    });
  }

  /** The behavior for the next message. */
  get behavior(): Behavior<M> {
    return this.#behavior;
  }

  get isAlive(): boolean {
    return this.#behavior !== stopped;
  }

  /** All effects since the beginning, those of `init` first. */
  get effects(): readonly KitEffect[] {
    return this.#effects;
  }

  /** The time that the behavior is told. */
  get nowMs(): number {
    return this.#clock.now();
  }

  /** Moves that time. Nothing happens by that: a timer's message is in its effect, for `run`. */
  advance(ms: number): void {
    this.#clock.advance(ms);
  }

  /** Gives it a message, and returns the effects. Throws what the behavior throws. */
  run(message: M): KitEffect[] {
    return this.#take(() => {
      const now = this.#living();
      this.#follow(handle(now, message, this.#ctx), message);
    });
  }

  /** Gives it a signal. */
  signal(signal: Signal): KitEffect[] {
    return this.#take(() => {
      const now = this.#living();
      this.#follow(handleSignal(now, signal, this.#ctx), signal);
    });
  }

  /** Gives it what comes by a reference of its own: an adapter, or the `replyTo` of one of its asks. */
  deliver<T>(ref: ActorRef<T>, message: NoInfer<T>): KitEffect[] {
    const { key, value } = routed(ref, message);
    if (key !== this.ref.id)
      throw wrong(
        `${String(ref)} is not a reference of ${String(this.ref)}`,
        'Give it one that the behavior made',
      );
    if (!(value instanceof AskReply)) return this.run(value as M);
    return this.run({ ...this.#ctx.asked(value.ask), ...value.outcome } as M);
  }

  /** Answers an ask, or says the outcome of an effect that it ran. */
  reply(waiting: Waiting, reply: unknown): KitEffect[] {
    return this.run({ ...waiting.as, reply } as M);
  }

  /** Says that there is no reply. */
  fail(waiting: Waiting, failure: Failure): KitEffect[] {
    return this.run({ ...waiting.as, failure } as M);
  }

  /** What `read` makes of the state: `kit.inspect((ctx) => count.get(ctx))`. */
  inspect<T>(read: (ctx: ActorContext<M>) => T): T {
    let seen: { readonly value: T } | undefined;
    this.#take(() => {
      seen = { value: read(this.#ctx) };
    });
    return (seen as unknown as { readonly value: T }).value;
  }

  /** One turn (A1). */
  #take(act: () => void): KitEffect[] {
    const before = this.#behavior;
    const ctx = this.#ctx;
    let thrown: { readonly error: unknown } | undefined;
    this.#turn((t) => {
      ctx.enter(t);
      try {
        act();
        ctx.leave();
      } catch (error) {
        t.undo();
        ctx.undo();
        this.#behavior = before;
        thrown = { error };
      }
    });
    if (thrown !== undefined) throw thrown.error;
    const effects = ctx.takeEffects();
    this.#effects.push(...effects);
    return effects;
  }

  #living(): Behavior<M> {
    if (this.isAlive) return this.#behavior;
    throw wrong(`${String(this.ref)} has stopped`, 'Give it messages only as long as it is alive');
  }

  /** What the runtime does with what a handler returns. */
  #follow(next: Behavior<M>, message: unknown): void {
    const ctx = this.#ctx;
    if (next === unhandled) ctx.note({ effect: 'unhandled', message });
    else if (next !== same) this.#become(begin(next, ctx).first);
    this.#unstash();
  }

  /** As in the runtime: what is stashed again waits for the next time, as long as there is progress. */
  #unstash(): void {
    const ctx = this.#ctx;
    for (
      let messages = ctx.takeStash(Infinity);
      messages.length > 0;
      messages = ctx.takeStash(messages.length)
    ) {
      for (const message of messages) {
        if (!this.isAlive) return;
        ctx.note({ effect: 'unstashed', message });
        const next = handle(this.#behavior, message, ctx);
        if (next === unhandled) ctx.note({ effect: 'unhandled', message });
        else if (next !== same) this.#become(begin(next, ctx).first);
      }
    }
  }

  #become(behavior: Behavior<M>): void {
    this.#behavior = behavior;
    if (behavior === stopped) this.#ctx.note({ effect: 'stopped' });
  }
}

/** What waits for an outcome. */
export interface Waiting {
  readonly as: object;
}

type TaskContext = ProcessorContext<unknown>;

/** Runs jobs, each in a turn of a task: that is where state, time and chance come from. */
function turns(seed: number, clock: ReturnType<typeof manualClock>): (job: (t: TaskContext) => void) => void {
  const app = application('behavior kit', (app) => {
    const jobs = app.ingress<(t: TaskContext) => void>('jobs');
    app
      .workflow('kit')
      .source(jobs.stream)
      .key(() => 0)
      .processor<unknown>((job, t) => {
        job(t);
      })
      .sink();
    return jobs;
  });
  const system = steppingSystem({ seed, clock });
  system.launch(app);
  return (job) => {
    system.send(app.handles, job);
    system.stepUntilComplete();
  };
}

/** What an actor has beside its behavior and its state. Replaced as a whole, so that it can be undone. */
interface Beside<M> {
  readonly stashed: readonly M[];
  /** Whether the stash is to be emptied at the end of this turn. */
  readonly unstashes: boolean;
  /** What waits for the reply to each ask. */
  readonly asks: readonly object[];
  /** The keys of the timers that are set. */
  readonly active: readonly Key[];
  readonly children: readonly ActorRef<never>[];
  readonly created: number;
}

/** A context that notes what it is asked for. */
class KitContext<M> implements ActorContext<M> {
  readonly self: ActorRef<M>;
  readonly timers: Timers<M>;
  readonly stash: StashBuffer<M>;
  readonly log: Log;
  #t: TaskContext | undefined;
  #effects: KitEffect[] = [];
  #now: Beside<M> = { stashed: [], unstashes: false, asks: [], active: [], children: [], created: 0 };
  #before: Beside<M> = this.#now;

  constructor(self: ActorRef<M>) {
    this.self = self;
    const logs =
      (level: LogLevel) =>
      (value: unknown): void => {
        this.note({ effect: 'logged', level, value });
      };
    this.log = { debug: logs('debug'), info: logs('info'), warn: logs('warn'), error: logs('error') };
    const sets =
      (kind: 'single' | 'fixedDelay' | 'fixedRate') =>
      (key: Key, ms: number, message: M): void => {
        this.#activate(key);
        this.note({ effect: 'scheduled', key, kind, ms, message });
      };
    this.timers = {
      single: sets('single'),
      fixedDelay: sets('fixedDelay'),
      fixedRate: sets('fixedRate'),
      cron: (key, expression, message) => {
        this.#activate(key);
        this.note({ effect: 'scheduled', key, kind: 'cron', expression, message });
      },
      cancel: (key) => {
        this.#change({ active: this.#now.active.filter((each) => each !== key) });
        this.note({ effect: 'cancelled', key });
      },
      cancelAll: () => {
        for (const key of this.#now.active) this.timers.cancel(key);
      },
      isActive: (key) => this.#now.active.includes(key),
    };
    const size = (): number => this.#now.stashed.length;
    this.stash = {
      stash: (message, limit = STASH_LIMIT) => {
        const { stashed } = this.#now;
        if (stashed.length >= limit) throw stashFull(String(this.self), limit);
        this.#change({ stashed: [...stashed, message] });
        this.note({ effect: 'stashed', message });
      },
      unstashAll: () => {
        this.#change({ unstashes: true });
      },
      get size() {
        return size();
      },
    };
  }

  enter(t: TaskContext): void {
    this.#t = t;
    this.#before = this.#now;
    this.#effects = [];
  }

  leave(): void {
    this.#t = undefined;
  }

  undo(): void {
    this.#now = this.#before;
    this.#effects = [];
    this.#t = undefined;
  }

  note(effect: KitEffect): void {
    this.#effects.push(effect);
  }

  takeEffects(): KitEffect[] {
    return this.#effects.splice(0);
  }

  /** What waits for the reply to an ask. */
  asked(ask: number): object | undefined {
    return this.#now.asks[ask];
  }

  /** The stashed messages, if they are to be given again and are fewer than before. */
  takeStash(before: number): readonly M[] {
    const { unstashes, stashed } = this.#now;
    this.#change({ unstashes: false });
    if (!unstashes || stashed.length >= before) return [];
    this.#change({ stashed: [] });
    return stashed;
  }

  get name(): string {
    return String(this.self.id);
  }

  get nowMs(): number {
    return this.#task.nowMs;
  }

  get children(): readonly ActorRef<never>[] {
    return this.#now.children;
  }

  create<T>(behavior: Behavior<T>, { name, child = false }: CreateOptions = {}): ActorRef<T> {
    const created = this.#now.created + 1;
    const ref = new ActorRef<T>(name === undefined ? created : `name:${name}`);
    this.#change({ created, ...(child && { children: [...this.#now.children, ref] }) });
    this.note({ effect: 'created', ref, behavior, child, ...(name !== undefined && { name }) });
    return ref;
  }

  entity<T>(behavior: Behavior<T>, id: string): ActorRef<T> {
    return entityRef(behavior, id);
  }

  send<T>(ref: ActorRef<T>, message: NoInfer<T>): void {
    this.note({ effect: 'sent', ref, message });
  }

  ask(
    ref: ActorRef<never>,
    request: object,
    options: { readonly as: object; readonly timeoutMs?: number },
  ): void {
    const ask = this.#now.asks.length;
    this.#change({ asks: [...this.#now.asks, options.as] });
    const replyTo = new ActorRef<never>(this.self.id, { kind: 'ask', ask });
    this.note({ effect: 'asked', ref, request: { ...request, replyTo }, ...options });
  }

  askPortal(
    { path: portal }: { readonly path: string },
    request: unknown,
    options: { readonly as: object; readonly timeoutMs?: number },
  ): void {
    this.note({ effect: 'askedPortal', portal, request, ...options });
  }

  adapt<R>(as: object): ActorRef<R> {
    return new ActorRef<R>(this.self.id, { kind: 'as', as });
  }

  run({ name }: Effect<never, unknown>, args: unknown, { as }: { readonly as: object }): void {
    this.note({ effect: 'ran', name, args, as });
  }

  watch(ref: ActorRef<never>, options: { readonly as?: object } = {}): void {
    this.note({ effect: 'watched', ref, ...options });
  }

  unwatch(ref: ActorRef<never>): void {
    this.note({ effect: 'unwatched', ref });
  }

  stop(ref: ActorRef<never>): void {
    this.#change({ children: this.#now.children.filter((child) => child.id !== ref.id) });
    this.note({ effect: 'stoppedChild', ref });
  }

  emit(topic: unknown, ...values: readonly unknown[]): void {
    if (values.length === 0) this.note({ effect: 'emitted', value: topic });
    else this.note({ effect: 'emitted', topic: (topic as Topic<never>).name, value: values[0] });
  }

  random(bound: number): number {
    return this.#task.random(bound);
  }

  /** @internal */
  get states(): StateAccess {
    return this.#task.states;
  }

  #activate(key: Key): void {
    if (!this.timers.isActive(key)) this.#change({ active: [...this.#now.active, key] });
  }

  #change(more: Partial<Beside<M>>): void {
    this.#now = { ...this.#now, ...more };
  }

  get #task(): TaskContext {
    if (this.#t !== undefined) return this.#t;
    throw new PorticoError({
      code: 'context/outside-turn',
      where: String(this.self),
      what: 'its context was used when it had no turn',
      cure: 'Use the context only in the handler that it was given to',
    });
  }
}

function stashFull(where: string, limit: number): PorticoError {
  const what = `${limit} messages are stashed, and no more may wait`;
  return new PorticoError({
    code: 'actor/stash-full',
    where,
    what,
    cure: 'Unstash earlier, allow more, or refuse the message',
  });
}

function wrong(what: string, cure: string): PorticoError {
  return new PorticoError({ code: 'system/bad-argument', where: 'behaviorKit', what, cure });
}

const STASH_LIMIT = 1_000;
