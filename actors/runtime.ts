/**
 * The ActorRuntime: the one keyed task that runs every actor. A key is an actor; its cell holds the behavior and, if it has
 * any, what else belongs to it.
 *
 * B1. A turn handles one message. If it throws, the whole turn is undone, and supervision decides in its place.
 * B2. A plain actor (no parent, watchers, timers, stash, supervision) is one slot of one cell; `extras` says what else there is.
 * B3. Nothing is left of a stopped actor. A number at or below the highest creation seen, with no behavior, has stopped;
 *     a number above it is not here yet, and its messages wait.
 * B4. A parent stops after its children have stopped; `PostStop` runs in that order.
 */
import {
  perKeyMap,
  perKeyState,
  perTaskState,
  PorticoError,
  type Egress,
  type Key,
} from '../src/index.ts';
import { Behavior, same, stopped, unhandled } from './behavior.ts';
import { nameId } from './identity.ts';
import { LiveContext, type NewTimer, type RuntimeContext, type Services } from './live.ts';
import type {
  ToEntity} from './messages.ts';
import {
  ActorCreate,
  AskReply,
  ChildStopped,
  Control,
  routed,
  Stop,
  Unwatch,
  Watch,
  WatchedStopped,
  type ActorDeadLetter,
  type AnyControl,
  type EffectCall,
  type Failure,
  type OutsideReply,
} from './messages.ts';
import { ActorRef } from './ref.ts';
import { restartAllowed, waitBefore, type Extras } from './extras.ts';
import type { Signal } from './signals.ts';
import { quarantine, type Supervision } from './supervise.ts';
import { nextFixedRate, type TimerEntry } from './timers.ts';
import { nextCron } from './cron.ts';

/** Where the runtime releases what is for others than actors. */
export interface Outlets {
  readonly outside: Egress<OutsideReply>;
  readonly effects: Egress<EffectCall>;
  readonly deadLetters: Egress<ActorDeadLetter>;
  readonly emitted: Egress<unknown>;
}

// The first slot of every cell: it comes first in every turn.
const behaviorOf = perKeyState<Behavior<never> | undefined>('portico/behavior', undefined);
const extrasOf = perKeyState<Extras | undefined>('portico/extras', undefined);
const childrenOf = perKeyMap<Key, true>('portico/children');
const watchersOf = perKeyMap<Key, true>('portico/watchers');
const watchingOf = perKeyMap<Key, { readonly as: object | undefined }>('portico/watching');
const stashOf = perKeyMap<number, unknown>('portico/stash');
const waitingOf = perKeyMap<number, unknown>('portico/waiting');
const timersOf = perKeyMap<Key, TimerEntry>('portico/timers');
const asksOf = perKeyMap<number, { readonly as: object; readonly timer: number }>('portico/asks');

/** The highest number that was given out, and the highest of those created outside, of which a creation was seen. */
const given = perTaskState('portico/given', 0);
const seen = perTaskState('portico/seen', 0);
const seenOutside = perTaskState('portico/seenOutside', 0);
/** Numbers for asks, timers and effects. */
const numbers = perTaskState('portico/numbers', 0);

const NO_EXTRAS: Extras = {};
/** Marks an actor whose children have to stop first. */
const stopping = new Behavior<never>({ kind: 'ignore', onMessage: () => same });
/** Marks an actor that waits to be restarted. */
const backingOff = new Behavior<never>({ kind: 'ignore', onMessage: () => same });

/** A timer of the runtime's task. */
export type TimerPayload =
  | { readonly timer: Key; readonly number: number }
  | { readonly askTimeout: number }
  | { readonly restart: true };

export class ActorRuntime implements Services {
  readonly #outlets: Outlets;
  readonly #supervision: Supervision;
  readonly #ctx: LiveContext;

  constructor(outlets: Outlets, supervision: Supervision = quarantine) {
    this.#outlets = outlets;
    this.#supervision = supervision;
    this.#ctx = new LiveContext(this);
  }

  /** One event: a message, or something that is not simply one. */
  readonly onNext = (value: unknown, t: RuntimeContext): void => {
    const behavior = behaviorOf.get(t);
    if (value instanceof Control) this.#control(value as AnyControl, behavior, t);
    else this.#message(value, behavior, t);
  };

  /** A timer of an actor, of one of its asks, or of its restart. */
  readonly onTimer = (payload: TimerPayload, t: RuntimeContext): void => {
    const behavior = behaviorOf.get(t);
    if (behavior === undefined) return;
    if ('askTimeout' in payload) {
      this.#settleAsk(payload.askTimeout, { failure: { code: 'ask/timeout', message: 'no reply came in time' } }, behavior, t);
    } else if ('restart' in payload) this.#begin(behavior, t);
    else this.#fired(payload.timer, payload.number, behavior, t);
  };

  #message(message: unknown, behavior: Behavior<never> | undefined, t: RuntimeContext): void {
    if (behavior === undefined) this.#nobody(message, t);
    else if (behavior === stopping) this.#deadLetter(message, 'stopped', t);
    else if (behavior === backingOff) this.#waitForRestart(message, t);
    else this.#deliver(message, behavior, t);
  }

  /** B1. */
  #deliver(message: unknown, behavior: Behavior<never>, t: RuntimeContext): void {
    const ctx = this.#ctx.at(t);
    try {
      const handle = behavior.onMessage ?? this.#handlerOf(behavior, t);
      const next = handle(message, ctx);
      if (next !== same || ctx.unstashes) this.#become(next, behavior, message, t);
    } catch (error) {
      this.#failed(error, message, t);
    }
  }

  /** The handler of a named behavior that has not been used yet. */
  #handlerOf(behavior: Behavior<never>, t: RuntimeContext): NonNullable<Behavior<never>['onMessage']> {
    const made = this.#made(behavior, t);
    if (made.onMessage === undefined) throw badBehavior(made, t.path, 'was to handle a message');
    return made.onMessage;
  }

  #become(next: Behavior<never>, before: Behavior<never>, message: unknown, t: RuntimeContext): void {
    if (next !== same) this.#changeTo(next, message, t);
    if (this.#ctx.unstashes) this.#unstash(behaviorOf.get(t) ?? before, t);
  }

  #changeTo(next: Behavior<never>, message: unknown, t: RuntimeContext): void {
    if (!(next instanceof Behavior)) throw badBehavior(next, t.path, 'was returned by a handler');
    if (next === unhandled) this.#deadLetter(message, 'unhandled', t);
    else if (next !== same) {
      const now = this.#made(next, t);
      if (now === stopped) this.#stop(t);
      else behaviorOf.set(t, now);
    }
  }

  /** The stashed messages, oldest first, each to the behavior that the one before left. */
  #unstash(behavior: Behavior<never>, t: RuntimeContext): void {
    let now: Behavior<never> | undefined = behavior;
    let before = Infinity;
    // A message that is stashed again waits for the next time; as long as there are fewer, there is progress.
    while (this.#ctx.takeUnstash() && stashOf.size(t) < before) {
      const messages = stashOf.entries(t);
      before = messages.length;
      stashOf.clear(t);
      for (const [, message] of messages) {
        if (now === undefined || now === stopping) this.#deadLetter(message, 'stopped', t);
        else now = this.#unstashOne(message, now, t);
      }
    }
  }

  #unstashOne(message: unknown, behavior: Behavior<never>, t: RuntimeContext): Behavior<never> | undefined {
    const next = (behavior.onMessage ?? this.#handlerOf(behavior, t))(message, this.#ctx);
    if (next !== same) this.#changeTo(next, message, t);
    return behaviorOf.get(t);
  }

  /** A behavior that can handle messages, or `stopped`: factories are called, `init` runs. */
  #made(behavior: Behavior<never>, t: RuntimeContext): Behavior<never> {
    let now = behavior;
    let supervision = behavior.supervision;
    for (let depth = 0; depth < MOST_FACTORIES; depth++) {
      if (supervision !== undefined) this.#extend({ supervision }, t);
      supervision = undefined;
      switch (now.kind) {
        case 'receive':
        case 'empty':
        case 'ignore':
        case 'stopped':
          return now;
        case 'named': {
          if (now.onMessage !== undefined) return now;
          const made = now.definition?.make(...(now.args as never[]));
          if (!(made instanceof Behavior)) throw badBehavior(made, t.path, `was made by ${String(now)}`);
          supervision = made.supervision;
          if (made.kind === 'receive' || made.kind === 'empty' || made.kind === 'ignore') {
            now.onMessage = made.onMessage;
            now.onSignal = made.onSignal;
          } else now = made;
          break;
        }
        case 'init': {
          const made = now.onInit?.(this.#ctx.at(t)) as Behavior<never>;
          if (!(made instanceof Behavior)) throw badBehavior(made, t.path, 'was returned by init');
          supervision = made.supervision;
          now = made;
          break;
        }
        case 'same':
        case 'unhandled':
          throw badBehavior(now, t.path, 'stands where an actor begins');
      }
    }
    const what = `its behavior is still made by another one after ${MOST_FACTORIES} steps, last by ${String(now)}`;
    throw wrong('actor/bad-behavior', t.path, what, 'Let a factory return receive(…), init(…) or stopped in the end');
  }

  #control(control: AnyControl, behavior: Behavior<never> | undefined, t: RuntimeContext): void {
    switch (control.kind) {
      case 'send': {
        const { key, value } = routed(control.ref, control.message);
        if (key !== t.key) t.emitTo(key, value);
        else if (value instanceof Control) this.#control(value as AnyControl, behavior, t);
        else this.#message(value, behavior, t);
        break;
      }
      case 'create':
        this.#create(control, behavior, t);
        break;
      case 'toEntity':
        if (behavior === undefined) this.#createEntity(control, t);
        else this.#message(control.message, behavior, t);
        break;
      case 'askReply':
        if (behavior !== undefined) this.#settleAsk(control.ask, control.outcome, behavior, t);
        break;
      case 'stop':
        if (behavior !== undefined && behavior !== stopping) this.#stop(t);
        break;
      case 'childStopped':
        this.#childStopped(control.child, behavior, t);
        break;
      case 'watch':
        if (behavior !== undefined) {
          watchersOf.set(t, control.watcher, true);
          this.#extend({ watched: true }, t);
        } else if (this.#hasStopped(t)) t.emitTo(control.watcher, new WatchedStopped(t.key as Key));
        else this.#wait(control, t);
        break;
      case 'unwatch':
        watchersOf.delete(t, control.watcher);
        break;
      case 'watchedStopped':
        if (behavior !== undefined) this.#watchedStopped(control.ref, behavior, t);
        break;
    }
  }

  #create({ ref, behavior, parent }: ActorCreate, before: Behavior<never> | undefined, t: RuntimeContext): void {
    const key = t.key as Key;
    if (before !== undefined) {
      this.#deadLetter(behavior, 'nameTaken', t, alreadyThere(ref, t.path));
      return;
    }
    if (typeof key === 'number') {
      if (key > 0) seen.set(t, Math.max(seen.get(t), key));
      else seenOutside.set(t, Math.max(seenOutside.get(t), -key));
    }
    if (parent !== undefined) this.#extend({ parent }, t);
    this.#start(behavior, t);
    if (waitingOf.size(t) > 0) this.#deliverWaiting(t);
  }

  #createEntity({ behavior, message }: ToEntity, t: RuntimeContext): void {
    this.#extend({ entity: behavior }, t);
    this.#start(behavior, t);
    this.#message(message, behaviorOf.get(t), t);
  }

  /** The first behavior of an actor. If there is none to be had, there is no actor. */
  #start(behavior: Behavior<never>, t: RuntimeContext): void {
    try {
      if (behavior.supervision !== undefined) this.#extend({ supervision: behavior.supervision }, t);
      const first = this.#made(behavior, t);
      behaviorOf.set(t, first);
      if (extrasOf.get(t)?.supervision !== undefined) this.#extend({ initial: behavior }, t);
      if (first === stopped) this.#stop(t);
      else if (this.#ctx.unstashes) this.#unstash(first, t);
    } catch (error) {
      const extras = extrasOf.get(t);
      t.undo();
      if (extras !== undefined) extrasOf.set(t, extras);
      this.#deadLetter(behavior, 'failed', t, error);
      this.#stop(t);
    }
  }

  #deliverWaiting(t: RuntimeContext): void {
    const waiting = waitingOf.entries(t);
    waitingOf.clear(t);
    for (const [, value] of waiting) this.onNext(value, t);
  }

  /** B3: there is no actor under this key. */
  #nobody(message: unknown, t: RuntimeContext): void {
    if (this.#hasStopped(t)) this.#deadLetter(message, typeof t.key === 'number' ? 'stopped' : 'unknown', t);
    else this.#wait(message, t);
  }

  #hasStopped(t: RuntimeContext): boolean {
    const { key } = t;
    if (typeof key !== 'number') return true;
    return key > 0 ? key <= seen.get(t) : -key <= seenOutside.get(t);
  }

  #wait(value: unknown, t: RuntimeContext): void {
    waitingOf.set(t, waitingOf.size(t), value);
  }

  #stop(t: RuntimeContext): void {
    const extras = extrasOf.get(t);
    const children = extras?.parental === true ? childrenOf.entries(t) : [];
    if (children.length === 0) {
      this.#finish(t);
      return;
    }
    this.#extend({ last: behaviorOf.get(t) }, t);
    behaviorOf.set(t, stopping);
    for (const [child] of children) t.emitTo(child, new Stop());
  }

  /** B4. */
  #childStopped(child: Key, behavior: Behavior<never> | undefined, t: RuntimeContext): void {
    if (behavior === undefined) return;
    childrenOf.delete(t, child);
    if (behavior === stopping && childrenOf.size(t) === 0) this.#finish(t);
  }

  /** The end of an actor: its last word, those who are told, and nothing left. */
  #finish(t: RuntimeContext): void {
    const extras = extrasOf.get(t);
    const behavior = extras?.last ?? behaviorOf.get(t);
    if (behavior?.onSignal !== undefined) this.#lastSignal(behavior, { signal: 'postStop' }, t);
    const key = t.key as Key;
    if (extras !== undefined) {
      for (const [, { id }] of timersOf.entries(t)) t.cancel({ timer: id });
      for (const [, { timer }] of asksOf.entries(t)) t.cancel({ timer });
      for (const [, message] of stashOf.entries(t)) this.#deadLetter(message, 'stopped', t);
      for (const [watcher] of watchersOf.entries(t)) t.emitTo(watcher, new WatchedStopped(key));
      for (const [watched] of watchingOf.entries(t)) t.emitTo(watched, new Unwatch(key));
      if (extras.parent !== undefined) t.emitTo(extras.parent, new ChildStopped(key));
    }
    t.forget();
  }

  /** A signal whose outcome changes nothing any more; a failure in it is a dead letter. */
  #lastSignal(behavior: Behavior<never>, signal: Signal, t: RuntimeContext): void {
    try {
      behavior.onSignal?.(signal, this.#ctx.at(t));
    } catch (error) {
      this.#deadLetter(signal, 'failed', t, error);
    }
  }

  #watchedStopped(ref: ActorRef<never>, behavior: Behavior<never>, t: RuntimeContext): void {
    const watching = watchingOf.get(t, ref.id);
    if (watching === undefined || behavior === stopping) return;
    watchingOf.delete(t, ref.id);
    if (watching.as !== undefined) this.#message({ ...watching.as, reply: ref }, behavior, t);
    else this.#signal({ signal: 'terminated', ref }, behavior, t);
  }

  #signal(signal: Signal, behavior: Behavior<never>, t: RuntimeContext): void {
    const ctx = this.#ctx.at(t);
    try {
      if (behavior.onMessage === undefined) this.#handlerOf(behavior, t);
      const next = behavior.onSignal?.(signal, ctx) ?? unhandled;
      if (next === unhandled && signal.signal === 'terminated') throw deathPact(signal.ref, t.path);
      if (next !== same && next !== unhandled) this.#become(next, behavior, signal, t);
    } catch (error) {
      this.#failed(error, signal, t);
    }
  }

  #settleAsk(ask: number, outcome: AskReply['outcome'], behavior: Behavior<never>, t: RuntimeContext): void {
    const asked = asksOf.get(t, ask);
    if (asked === undefined) return;
    asksOf.delete(t, ask);
    t.cancel({ timer: asked.timer });
    this.#message({ ...asked.as, ...outcome }, behavior, t);
  }

  #fired(key: Key, number: number, behavior: Behavior<never>, t: RuntimeContext): void {
    const entry = timersOf.get(t, key);
    if (entry === undefined || entry.number !== number) return;
    if (entry.kind === 'single') timersOf.delete(t, key);
    else {
      const due =
        entry.kind === 'fixedDelay'
          ? t.nowMs + entry.periodMs
          : entry.kind === 'fixedRate'
            ? nextFixedRate(entry.dueMs, entry.periodMs, t.nowMs)
            : nextCron(entry.cron, t.nowMs);
      const { timer } = t.after(due - t.nowMs, { timer: key, number } satisfies TimerPayload);
      timersOf.set(t, key, { ...entry, dueMs: due, id: timer });
    }
    this.#message(entry.message, behavior, t);
  }

  /** B1. */
  #failed(error: unknown, message: unknown, t: RuntimeContext): void {
    t.undo();
    this.#ctx.takeUnstash();
    const extras = extrasOf.get(t);
    const supervision = extras?.supervision ?? this.#supervision;
    switch (supervision.on) {
      case 'quarantine':
        this.#deadLetter(message, 'failed', t, error);
        break;
      case 'resume':
        t.log.warn(`${this.#named(t)} failed and goes on: ${words(error)}`);
        break;
      case 'stop':
        t.log.warn(`${this.#named(t)} failed and stops: ${words(error)}`);
        this.#stop(t);
        break;
      case 'restart': {
        const restarts = restartAllowed(extras?.restarts ?? [], supervision, t.nowMs);
        t.log.warn(`${this.#named(t)} failed and ${restarts === undefined ? 'stops' : 'begins again'}: ${words(error)}`);
        if (restarts === undefined) this.#stop(t);
        else {
          if (supervision.stopChildren) for (const [child] of childrenOf.entries(t)) t.emitTo(child, new Stop());
          this.#reset({ restarts }, t);
          this.#begin(behaviorOf.get(t), t);
        }
        break;
      }
      case 'backoff': {
        const wait = waitBefore(extras?.backoff, supervision, t.nowMs, () => t.random(JITTER_STEPS) / JITTER_STEPS);
        t.log.warn(`${this.#named(t)} failed and begins again in ${wait.waitMs} ms: ${words(error)}`);
        for (const [child] of childrenOf.entries(t)) t.emitTo(child, new Stop());
        this.#reset({ backoff: wait }, t);
        behaviorOf.set(t, backingOff);
        t.after(wait.waitMs, { restart: true } satisfies TimerPayload);
        break;
      }
    }
  }

  /** Takes back what the actor had beside its place among others: state, timers, asks, stash. */
  #reset(more: Extras, t: RuntimeContext): void {
    const behavior = behaviorOf.get(t);
    const extras = extrasOf.get(t);
    if (behavior?.onSignal !== undefined) this.#lastSignal(behavior, { signal: 'preRestart' }, t);
    const watchers = watchersOf.entries(t);
    const children = childrenOf.entries(t);
    const stashed = stashOf.entries(t);
    for (const [, { id }] of timersOf.entries(t)) t.cancel({ timer: id });
    for (const [, { timer }] of asksOf.entries(t)) t.cancel({ timer });
    for (const [watched] of watchingOf.entries(t)) t.emitTo(watched, new Unwatch(t.key as Key));
    t.forget();
    behaviorOf.set(t, behavior);
    extrasOf.set(t, { ...extras, ...more });
    for (const [watcher] of watchers) watchersOf.set(t, watcher, true);
    for (const [child] of children) childrenOf.set(t, child, true);
    for (const [, message] of stashed) waitingOf.set(t, waitingOf.size(t), message);
  }

  /** Begins again with the behavior that the actor was created with. */
  #begin(before: Behavior<never> | undefined, t: RuntimeContext): void {
    const initial = extrasOf.get(t)?.initial ?? before;
    if (initial === undefined) return;
    try {
      const first = this.#made(initial, t);
      if (first === stopped) {
        this.#stop(t);
        return;
      }
      behaviorOf.set(t, first);
    } catch (error) {
      t.undo();
      this.#deadLetter(initial, 'failed', t, error);
      this.#stop(t);
      return;
    }
    this.#deliverWaiting(t);
  }

  #waitForRestart(message: unknown, t: RuntimeContext): void {
    const supervision = extrasOf.get(t)?.supervision;
    const most = supervision?.on === 'backoff' ? supervision.stash : 0;
    if (waitingOf.size(t) >= most) this.#deadLetter(message, 'stashFull', t);
    else this.#wait(message, t);
  }

  #extend(more: Extras, t: RuntimeContext): void {
    extrasOf.set(t, { ...(extrasOf.get(t) ?? NO_EXTRAS), ...more });
  }

  #named({ key }: RuntimeContext): string {
    return `actor:${String(key)}`;
  }

  #deadLetter(message: unknown, reason: ActorDeadLetter['reason'], t: RuntimeContext, error?: unknown): void {
    const ref = new ActorRef<never>(t.key as Key);
    t.release(this.#outlets.deadLetters, { ref, message, reason, ...(error !== undefined && { error }) });
    const failure = { code: `actor/${reason}`, message: `${String(ref)} did not handle the request: ${reason}` };
    this.#tellAsker(message, error === undefined ? failure : { ...failure, message: words(error) }, t);
  }

  /** Whoever asked learns at once that there will be no reply. */
  #tellAsker(message: unknown, failure: Failure, t: RuntimeContext): void {
    if (typeof message !== 'object' || message === null || !('replyTo' in message)) return;
    const { replyTo } = message;
    if (!(replyTo instanceof ActorRef)) return;
    const { via, id } = replyTo;
    if (via?.kind === 'ask') t.emitTo(id, new AskReply(via.ask, { failure }));
    else if (via?.kind === 'outside') t.release(this.#outlets.outside, { waiter: via.waiter, outcome: { failure } });
  }

  // What contexts do, in the words of the runtime.

  send(ref: ActorRef<never>, message: unknown, t: RuntimeContext): void {
    const { via } = ref;
    if (via === undefined) t.emitTo(ref.id, message);
    else if (via.kind === 'outside') {
      t.release(this.#outlets.outside, { waiter: via.waiter, outcome: { reply: message } });
    } else {
      const { key, value } = routed(ref, message);
      t.emitTo(key, value);
    }
  }

  create(behavior: Behavior<never>, name: string | undefined, child: boolean, t: RuntimeContext): ActorRef<never> {
    if (!(behavior instanceof Behavior)) throw badBehavior(behavior, t.path, 'was given to create');
    let id: Key;
    if (name === undefined) given.set(t, (id = given.get(t) + 1));
    else id = nameId(name, t.path);
    const ref = new ActorRef<never>(id);
    t.emitTo(id, new ActorCreate(ref, behavior, child ? t.key : undefined));
    if (child) {
      childrenOf.set(t, id, true);
      this.#extend({ parental: true }, t);
    }
    return ref;
  }

  self(t: RuntimeContext): ActorRef<never> {
    const entity = extrasOf.get(t)?.entity;
    return new ActorRef(t.key as Key, entity && { kind: 'entity', behavior: entity });
  }

  children(t: RuntimeContext): ActorRef<never>[] {
    return childrenOf.entries(t).map(([child]) => new ActorRef(child));
  }

  stopChild(child: ActorRef<never>, t: RuntimeContext): void {
    if (childrenOf.has(t, child.id)) t.emitTo(child.id, new Stop());
    else {
      const cure = 'Create it with { child: true }, or send it a message that makes it stop';
      throw wrong('actor/not-a-child', t.path, `${this.#named(t)} cannot stop ${String(child)}, which is not its child`, cure);
    }
  }

  ask(ref: ActorRef<never>, request: object, as: object, timeoutMs: number, t: RuntimeContext): void {
    const ask = this.#number(t);
    const { timer } = t.after(timeoutMs, { askTimeout: ask } satisfies TimerPayload);
    asksOf.set(t, ask, { as, timer });
    this.#extend({ asking: true }, t);
    this.send(ref, { ...request, replyTo: new ActorRef<never>(t.key as Key, { kind: 'ask', ask }) }, t);
  }

  watch(ref: ActorRef<never>, as: object | undefined, t: RuntimeContext): void {
    watchingOf.set(t, ref.id, { as });
    this.#extend({ watching: true }, t);
    t.emitTo(ref.id, new Watch(t.key as Key));
  }

  unwatch(ref: ActorRef<never>, t: RuntimeContext): void {
    watchingOf.delete(t, ref.id);
    t.emitTo(ref.id, new Unwatch(t.key as Key));
  }

  run(effect: string, args: unknown, as: object, t: RuntimeContext): void {
    t.release(this.#outlets.effects, { id: this.#number(t), effect, args, ref: this.self(t), as });
  }

  emit(value: unknown, t: RuntimeContext): void {
    t.release(this.#outlets.emitted, value);
  }

  setTimer(key: Key, entry: NewTimer, t: RuntimeContext): void {
    this.cancelTimer(key, t);
    const number = this.#number(t);
    const { timer } = t.after(Math.max(0, entry.dueMs - t.nowMs), { timer: key, number } satisfies TimerPayload);
    timersOf.set(t, key, { ...entry, id: timer, number });
    this.#extend({ timed: true }, t);
  }

  cancelTimer(key: Key, t: RuntimeContext): void {
    const entry = timersOf.get(t, key);
    if (entry === undefined) return;
    t.cancel({ timer: entry.id });
    timersOf.delete(t, key);
  }

  cancelTimers(t: RuntimeContext): void {
    for (const [key] of timersOf.entries(t)) this.cancelTimer(key, t);
  }

  hasTimer(key: Key, t: RuntimeContext): boolean {
    return timersOf.has(t, key);
  }

  stash(message: unknown, limit: number, t: RuntimeContext): void {
    const size = stashOf.size(t);
    if (size >= limit) {
      const what = `${this.#named(t)} has ${size} stashed messages, and no more may wait`;
      throw wrong('actor/stash-full', t.path, what, 'Unstash earlier, allow more, or refuse the message');
    }
    stashOf.set(t, size, message);
    this.#extend({ stashing: true }, t);
  }

  stashed(t: RuntimeContext): number {
    return stashOf.size(t);
  }

  #number(t: RuntimeContext): number {
    return numbers.update(t, (n) => n + 1);
  }
}

function badBehavior(value: unknown, where: string, how: string): PorticoError {
  const what = `${value instanceof Behavior ? String(value) : `a value of type ${typeof value}`} ${how}, and a behavior is needed`;
  return wrong('actor/bad-behavior', where, what, 'Return receive(…), same, stopped or what behavior(…) makes');
}

function alreadyThere(ref: ActorRef<never>, where: string): PorticoError {
  return wrong('actor/name-taken', where, `${String(ref)} is alive already`, 'Use another name, or wait until it has stopped');
}

function deathPact(ref: ActorRef<never>, where: string): PorticoError {
  const what = `the watched ${String(ref)} has stopped, and nothing handles that`;
  return wrong('actor/death-pact', where, what, 'Handle the signal terminated, or watch with { as: … }');
}

function wrong(code: ConstructorParameters<typeof PorticoError>[0]['code'], where: string, what: string, cure: string): PorticoError {
  return new PorticoError({ code, where, what, cure });
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const MOST_FACTORIES = 1_000;
const JITTER_STEPS = 1_000;
