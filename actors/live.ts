/** The context that handlers are given: one for all actors of a system, exact in each turn. */
import { PorticoError, type Key, type Log, type StateAccess } from '../src/index.ts';
import { Behavior, type Definition } from './behavior.ts';
import { children, stopChild } from './children.ts';
import type { ActorContext, CreateOptions, StashBuffer, Timers } from './context.ts';
import { cron, nextCron } from './cron.ts';
import type { Effect } from './effects.ts';
import { calledBy, entityRef } from './identity.ts';
import { named, type RuntimeContext } from './kept.ts';
import { ActorRef } from './ref.ts';
import { checkStorable, type Definitions } from './storable.ts';
import type { TimerEntry } from './timers.ts';
import type { Topic } from './topics.ts';

/** What the runtime does for the actor whose turn it is. */
export interface Services {
  send(ref: ActorRef<never>, message: unknown, t: RuntimeContext): void;
  create(
    behavior: Behavior<never>,
    name: string | undefined,
    child: boolean,
    t: RuntimeContext,
  ): ActorRef<never>;
  self(t: RuntimeContext): ActorRef<never>;
  run(effect: string, args: unknown, as: object, t: RuntimeContext): void;
  emit(topic: Topic<never> | undefined, value: unknown, t: RuntimeContext): void;
  readonly asking: {
    ask(request: object, as: object, timeoutMs: number, t: RuntimeContext): object;
    askPortal(
      portal: { readonly path: string },
      request: unknown,
      as: object,
      timeoutMs: number,
      t: RuntimeContext,
    ): void;
  };
  readonly watching: {
    watch(ref: ActorRef<never>, as: object | undefined, t: RuntimeContext): void;
    unwatch(ref: ActorRef<never>, t: RuntimeContext): void;
  };
  readonly timing: {
    set(key: Key, entry: NewTimer, t: RuntimeContext): void;
    cancel(key: Key, t: RuntimeContext): void;
    cancelAll(t: RuntimeContext): void;
    has(key: Key, t: RuntimeContext): boolean;
  };
  readonly stashing: {
    stash(message: unknown, limit: number, t: RuntimeContext): void;
    size(t: RuntimeContext): number;
  };
}

/** A timer as it is asked for. */
export type NewTimer = TimerEntry extends infer E
  ? E extends TimerEntry
    ? Omit<E, 'id' | 'number'>
    : never
  : never;

/** How long an ask waits if it does not say. */
const ASK_TIMEOUT_MS = 30_000;
/** How many messages may be stashed if the actor does not say. */
const STASH_LIMIT = 1_000;

export class LiveContext implements ActorContext<never> {
  /** Whether the stash is to be emptied at the end of this turn. */
  unstashes = false;
  /** Called before users' code is, if processes have ended in it. */
  before: (() => void) | undefined;
  readonly timers: Timers<never>;
  readonly stash: StashBuffer<never>;
  readonly #services: Services;
  readonly #storable: Definitions | undefined;
  /** The one that was found to be storable last: mostly it is that again. */
  #lastStorable: Definition | undefined;
  #t: RuntimeContext | undefined;
  /** References to those who asked for their own of late, so that most need no new one. An entity's says more: it is made. */
  readonly #selves: ActorRef<never>[] = Array.from({ length: SELVES }, () => new ActorRef<never>(NaN));

  /** `storable`: the behaviors that can be stored; undefined if nothing is. */
  constructor(services: Services, storable: Definitions | undefined) {
    this.#services = services;
    this.#storable = storable;
    const set = (key: Key, entry: NewTimer): void => {
      services.timing.set(key, entry, this.t);
    };
    this.timers = {
      single: (key, delayMs, message) => {
        this.#waits(delayMs, delayMs >= 0, 'from 0 up');
        set(key, { kind: 'single', message, dueMs: this.nowMs + delayMs });
      },
      fixedDelay: (key, periodMs, message) => {
        this.#waits(periodMs, periodMs > 0, 'above 0');
        set(key, { kind: 'fixedDelay', periodMs, message, dueMs: this.nowMs + periodMs });
      },
      fixedRate: (key, periodMs, message) => {
        this.#waits(periodMs, periodMs > 0, 'above 0');
        set(key, { kind: 'fixedRate', periodMs, message, dueMs: this.nowMs + periodMs });
      },
      cron: (key, expression, message) => {
        const read = cron(expression);
        set(key, { kind: 'cron', cron: read, message, dueMs: nextCron(read, this.nowMs) });
      },
      cancel: (key) => {
        services.timing.cancel(key, this.t);
      },
      cancelAll: () => {
        services.timing.cancelAll(this.t);
      },
      isActive: (key) => services.timing.has(key, this.t),
    };
    const stashed = (): number => services.stashing.size(this.t);
    this.stash = {
      stash: (message, limit = STASH_LIMIT) => {
        services.stashing.stash(message, limit, this.t);
      },
      unstashAll: () => {
        this.unstashes = true;
      },
      get size() {
        return stashed();
      },
    };
  }

  /** Whether the stash is to be emptied; that is then done. */
  takeUnstash(): boolean {
    const { unstashes } = this;
    this.unstashes = false;
    return unstashes;
  }

  #waits(ms: unknown, fits: boolean, what: string): void {
    if (typeof ms === 'number' && fits) return;
    throw new PorticoError({
      code: 'context/bad-argument',
      where: this.#where,
      what: `a timer cannot wait ${String(ms)} ms`,
      cure: `Give it a number ${what}`,
    });
  }

  /** Who it is, for errors. */
  get #where(): string {
    return named(this.t);
  }

  /** For a turn of this task context, in which users' code is about to be called. */
  at(t: RuntimeContext): this {
    this.#t = t;
    if (this.before !== undefined) this.before();
    return this;
  }

  /** Refuses a behavior that is to be kept and could not be found again. */
  checkStorable(behavior: Behavior<never>, t: RuntimeContext, of?: Behavior<never>): void {
    if (this.#storable === undefined) return;
    const { definition, args } = behavior;
    if (definition === undefined || definition !== this.#lastStorable) {
      checkStorable(behavior, this.#storable, named(t), of);
      this.#lastStorable = definition;
    }
    for (const arg of args) if (arg instanceof Behavior) this.checkStorable(arg, t, behavior);
  }

  /** The context of the task. */
  get t(): RuntimeContext {
    return this.#t as RuntimeContext;
  }

  get self(): ActorRef<never> {
    const { key } = this.t;
    // Only a number is never an entity.
    if (typeof key !== 'number') return this.#services.self(this.t);
    const at = key & (SELVES - 1);
    const known = this.#selves[at] as ActorRef<never>;
    return known.id === key ? known : (this.#selves[at] = new ActorRef<never>(key));
  }

  /** @internal */
  get states(): StateAccess {
    return this.t.states;
  }

  get name(): string {
    return calledBy(this.self);
  }

  get nowMs(): number {
    return this.t.nowMs;
  }

  get log(): Log {
    return this.t.log;
  }

  get children(): readonly ActorRef<never>[] {
    return children(this.t);
  }

  create<T>(behavior: Behavior<T>, options: CreateOptions = NO_OPTIONS): ActorRef<T> {
    return this.#services.create(behavior, options.name, options.child === true, this.t) as ActorRef<T>;
  }

  entity<T>(behavior: Behavior<T>, id: string): ActorRef<T> {
    return entityRef(behavior, id, this.#where);
  }

  send<T>(ref: ActorRef<T>, message: NoInfer<T>): void {
    if (ref.via === undefined) this.t.emitTo(ref.id, message);
    else this.#services.send(ref, message, this.t);
  }

  ask(
    ref: ActorRef<never>,
    request: object,
    options: { readonly as: object; readonly timeoutMs?: number },
  ): void {
    const waitMs = options.timeoutMs ?? ASK_TIMEOUT_MS;
    this.send(ref, this.#services.asking.ask(request, options.as, waitMs, this.t) as never);
  }

  askPortal(
    portal: { readonly path: string },
    request: unknown,
    options: { readonly as: object; readonly timeoutMs?: number },
  ): void {
    this.#services.asking.askPortal(portal, request, options.as, options.timeoutMs ?? ASK_TIMEOUT_MS, this.t);
  }

  adapt<R>(as: object): ActorRef<R> {
    return new ActorRef<R>(this.self.id, { kind: 'as', as });
  }

  run(effect: Effect<never, unknown>, args: unknown, options: { readonly as: object }): void {
    this.#services.run(effect.name, args, options.as, this.t);
  }

  watch(ref: ActorRef<never>, options: { readonly as?: object } = NO_OPTIONS): void {
    this.#services.watching.watch(ref, options.as, this.t);
  }

  unwatch(ref: ActorRef<never>): void {
    this.#services.watching.unwatch(ref, this.t);
  }

  stop(child: ActorRef<never>): void {
    stopChild(child, this.t);
  }

  emit(topic: unknown, ...values: readonly unknown[]): void {
    if (values.length === 0) this.#services.emit(undefined, topic, this.t);
    else this.#services.emit(topic as Topic<never>, values[0], this.t);
  }

  random(bound: number): number {
    return this.t.random(bound);
  }
}

const NO_OPTIONS = {};
const SELVES = 64;
