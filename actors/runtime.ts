/**
 * The ActorRuntime: the one keyed task that runs every actor. A key is an actor; its cell holds the behavior and, if it has
 * any, what else belongs to it.
 *
 * B1. A turn handles one message. If it throws, the whole turn is undone, and supervision decides in its place. Where one
 *     event brings several (those that waited, those unstashed), or something that must stay whatever becomes of the
 *     message (that a timer fired, that a reply came), `keep` makes turns of their own of them.
 * B2. A plain actor (no parent, watchers, timers, stash, supervision) is one slot of one cell; `extras` says what else there is.
 * B3. Nothing is left of a stopped actor. A number at or below the highest creation seen, with no behavior, has stopped;
 *     a number above it is not here yet, and its messages wait. So do those for a name that is announced.
 * B4. A parent stops after its children have stopped; `PostStop` runs in that order. It begins again after them, too.
 */
import {
  continuation,
  perKeyMap,
  perKeyState,
  perTaskMap,
  perTaskState,
  PorticoError,
  type AskerContext,
  type Continuation,
  type Egress,
  type Key,
  type ReplierContext,
} from '../src/index.ts';
import { Behavior, same, stopped, unhandled } from './behavior.ts';
import { nameId } from './identity.ts';
import { LiveContext, type NewTimer, type RuntimeContext, type Services } from './live.ts';
import type { ToEntity } from './messages.ts';
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
  type Outcome,
  type OutsideReply,
} from './messages.ts';
import type { ActorAsk } from './portal.ts';
import { ActorRef } from './ref.ts';
import { restartAllowed, waitBefore, type Extras } from './extras.ts';
import type { Signal } from './signals.ts';
import { quarantine, type Supervision } from './supervise.ts';
import { nextFixedRate, type TimerEntry } from './timers.ts';
import { nextCron } from './cron.ts';

/** Where the runtime releases what is for others than actors. */
export interface Outlets {
  /** Replies for those outside who asked. */
  readonly outside: Egress<OutsideReply>;
  /** Effects that are to be carried out. */
  readonly effects: Egress<EffectCall>;
  /** Messages that nobody handled. */
  readonly deadLetters: Egress<ActorDeadLetter>;
  /** What actors emit. */
  readonly emitted: Egress<unknown>;
}

// The first slot of every cell: it comes first in every turn.
const behaviorOf = perKeyState<Behavior<never> | undefined>('portico/behavior', undefined);
const extrasOf = perKeyState<Extras | undefined>('portico/extras', undefined);
/** How many of its creations under a key have not stopped: a name can be taken again before the parent knows of the end. */
const childrenOf = perKeyMap<Key, number>('portico/children');
const watchersOf = perKeyMap<Key, true>('portico/watchers');
const watchingOf = perKeyMap<Key, { readonly as: object | undefined }>('portico/watching');
const stashOf = perKeyMap<number, unknown>('portico/stash');
const waitingOf = perKeyMap<number, unknown>('portico/waiting');
const timersOf = perKeyMap<Key, TimerEntry>('portico/timers');
/** An ask of a portal has no timer of ours: the portal tells when its time is over. */
const asksOf = perKeyMap<number, { readonly as: object; readonly timer: number | undefined }>('portico/asks');

/** The highest number that was given out, and the highest of those created outside, of which a creation was seen. */
const given = perTaskState('portico/given', 0);
const seen = perTaskState('portico/seen', 0);
const seenOutside = perTaskState('portico/seenOutside', 0);
/** How many creations under a name are on their way. */
const announced = perTaskMap<Key, number>('portico/announced');
/** Numbers for asks, timers and effects. */
const numbers = perTaskState('portico/numbers', 0);

const NO_EXTRAS: Extras = {};
/** Marks an actor whose children have to stop first. */
const stopping = new Behavior<never>({ kind: 'ignore', onMessage: () => same });
/** Marks an actor that waits to begin again: for its time, or for its children to stop. */
const backingOff = new Behavior<never>({ kind: 'ignore', onMessage: () => same });

/** A timer of the runtime's task. */
export type TimerPayload =
  | { readonly timer: Key; readonly number: number }
  | { readonly askTimeout: number }
  | { readonly restart: number };

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
      this.#settleAsk(
        payload.askTimeout,
        { failure: { code: 'ask/timeout', message: 'no reply came in time' } },
        behavior,
        t,
      );
    } else if ('restart' in payload) this.#restartDue(payload.restart, behavior, t);
    else this.#fired(payload.timer, payload.number, behavior, t);
  };

  /** A task asks an actor. The request travels like any message; the actor replies in a turn of its own, when it likes. */
  readonly onRequest = ({ ref, request }: ActorAsk, t: ReplierContext<unknown, unknown>): void => {
    const replyTo = new ActorRef<never>('portal', { kind: 'portal', request: t.defer() });
    const { key, value } = routed(ref, { ...request, replyTo });
    t.emitTo(key, value);
  };

  /** What became of an ask of a portal. */
  readonly portalReply: Continuation<unknown, number, unknown> = continuation<unknown, number, unknown>(
    'portico/portalReply',
    (reply, ask, t) => {
      this.#portalSettled(ask, { reply }, t);
    },
    (error, ask, t) => {
      this.#portalSettled(ask, { failure: failureOf(error) }, t);
    },
  );

  #portalSettled(ask: number, outcome: Outcome, t: RuntimeContext): void {
    this.#settleAsk(ask, outcome, behaviorOf.get(t), t);
  }

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
      if (next !== same || ctx.unstashes) this.#become(next, message, t);
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

  #become(next: Behavior<never>, message: unknown, t: RuntimeContext): void {
    if (next !== same) this.#changeTo(next, message, t);
    if (this.#ctx.unstashes) this.#unstash(t);
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

  /** B1. The stashed messages, oldest first, each to the behavior that the one before left. */
  #unstash(t: RuntimeContext): void {
    let before = Infinity;
    let again = this.#ctx.takeUnstash();
    // A message that is stashed again waits for the next time; as long as there are fewer, there is progress.
    while (again && stashOf.size(t) < before) {
      const messages = stashOf.entries(t);
      before = messages.length;
      again = false;
      stashOf.clear(t);
      for (const [, message] of messages) {
        t.keep();
        this.#unstashOne(message, t);
        again = this.#ctx.takeUnstash() || again;
      }
    }
  }

  #unstashOne(message: unknown, t: RuntimeContext): void {
    const behavior = behaviorOf.get(t);
    if (behavior === undefined || behavior === stopping) this.#deadLetter(message, 'stopped', t);
    else if (behavior === backingOff) this.#waitForRestart(message, t);
    else {
      try {
        const next = (behavior.onMessage ?? this.#handlerOf(behavior, t))(message, this.#ctx.at(t));
        if (next !== same) this.#changeTo(next, message, t);
      } catch (error) {
        this.#failed(error, message, t);
      }
    }
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
            // The next actor with this very behavior is not made by the factory any more.
            now.supervision = supervision ?? now.supervision;
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
    throw wrong(
      'actor/bad-behavior',
      t.path,
      what,
      'Let a factory return receive(…), init(…) or stopped in the end',
    );
  }

  #control(control: AnyControl, behavior: Behavior<never> | undefined, t: RuntimeContext): void {
    switch (control.kind) {
      case 'send': {
        const { kind } = control.ref.via ?? {};
        const { key, value } = routed(control.ref, control.message);
        if (kind === 'outside' || kind === 'portal') this.send(control.ref, control.message, t);
        else if (key !== t.key) t.emitTo(key, value);
        else if (value instanceof Control) this.#control(value as AnyControl, behavior, t);
        else this.#message(value, behavior, t);
        break;
      }
      case 'create':
        this.#create(control, behavior, t);
        break;
      case 'toEntity':
        if (behavior === undefined) this.#createEntity(control, t);
        // It comes into being again afterwards.
        else if (behavior === stopping) this.#wait(control, t);
        else this.#message(control.message, behavior, t);
        break;
      case 'askReply':
        this.#settleAsk(control.ask, control.outcome, behavior, t);
        break;
      case 'signalled':
        if (behavior === undefined || behavior === stopping)
          this.#deadLetter(control.signal, 'stopped', t, { what: 'signal' });
        else if (behavior === backingOff) this.#wait(control, t);
        else this.#signal(control.signal, behavior, t);
        break;
      case 'stop':
        // An actor that had the name before it is no child of who stops it.
        if (behavior !== undefined && behavior !== stopping && extrasOf.get(t)?.parent === control.by)
          this.#stop(t);
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

  #create(
    { ref, behavior, parent }: ActorCreate,
    before: Behavior<never> | undefined,
    t: RuntimeContext,
  ): void {
    this.#sawCreation(t);
    if (before !== undefined) {
      this.#deadLetter(behavior, 'nameTaken', t, { what: 'creation', error: alreadyThere(ref, t.path) });
      if (parent !== undefined) t.emitTo(parent, new ChildStopped(t.key as Key));
      return;
    }
    if (parent !== undefined) this.#extend({ parent }, t);
    if (ref.via?.kind === 'entity') this.#extend({ entity: ref.via.behavior as Behavior<never> }, t);
    this.#start(behavior, t);
    if (waitingOf.size(t) > 0) this.#deliverWaiting(t);
  }

  /** B3. */
  #sawCreation(t: RuntimeContext): void {
    const key = t.key as Key;
    if (typeof key !== 'number') this.#announce(key, -1, t);
    else if (key > 0) seen.set(t, Math.max(seen.get(t), key));
    else seenOutside.set(t, Math.max(seenOutside.get(t), -key));
  }

  #announce(name: Key, more: 1 | -1, t: RuntimeContext): void {
    const now = (announced.get(t, name) ?? 0) + more;
    if (now > 0) announced.set(t, name, now);
    else announced.delete(t, name);
  }

  #createEntity({ behavior, message }: ToEntity, t: RuntimeContext): void {
    this.#extend({ entity: behavior }, t);
    this.#start(behavior, t);
    t.keep();
    const now = behaviorOf.get(t);
    if (now !== undefined) this.#message(message, now, t);
    else
      this.#deadLetter(message, 'stopped', t, {
        ref: new ActorRef(t.key as Key, { kind: 'entity', behavior }),
      });
  }

  /** The first behavior of an actor. */
  #start(behavior: Behavior<never>, t: RuntimeContext): void {
    if (behavior.supervision !== undefined) this.#extend({ supervision: behavior.supervision }, t);
    this.#begin(behavior, t);
  }

  /** Begins, or begins again, with the behavior that the actor was created with. If there is none to be had, it stops. */
  #begin(initial: Behavior<never>, t: RuntimeContext): void {
    try {
      const first = this.#made(initial, t);
      const extras = extrasOf.get(t);
      const { on } = extras?.supervision ?? this.#supervision;
      if ((on === 'restart' || on === 'backoff') && extras?.initial === undefined)
        this.#extend({ initial }, t);
      behaviorOf.set(t, first);
      if (first === stopped) this.#stop(t);
    } catch (error) {
      this.#didNotBegin(error, initial, t);
    }
    if (this.#ctx.unstashes) this.#unstash(t);
  }

  /** Supervision may let it try again; but not without end, unless time passes in between. */
  #didNotBegin(error: unknown, initial: Behavior<never>, t: RuntimeContext): void {
    // Factories may have said how it is supervised; that stays.
    const extras = extrasOf.get(t);
    t.undo();
    this.#ctx.takeUnstash();
    this.#sawCreation(t);
    if (extras !== undefined) extrasOf.set(t, extras);
    const supervision = extras?.supervision ?? this.#supervision;
    if (supervision.on === 'backoff') this.#backOff(supervision, initial, error, t);
    else {
      const restarts =
        supervision.on === 'restart' && supervision.limit !== Infinity
          ? this.#counted(supervision, error, t)
          : undefined;
      if (restarts === undefined) {
        this.#deadLetter(initial, 'failed', t, { what: 'creation', error });
        this.#stop(t);
      } else {
        this.#extend({ restarts, initial }, t);
        t.keep();
        this.#begin(initial, t);
      }
    }
  }

  /** B1. */
  #deliverWaiting(t: RuntimeContext): void {
    const waiting = waitingOf.entries(t);
    waitingOf.clear(t);
    for (const [, value] of waiting) {
      t.keep();
      this.onNext(value, t);
    }
  }

  /** B3: there is no actor under this key. */
  #nobody(message: unknown, t: RuntimeContext): void {
    if (this.#hasStopped(t)) this.#deadLetter(message, typeof t.key === 'number' ? 'stopped' : 'unknown', t);
    else this.#wait(message, t);
  }

  #hasStopped(t: RuntimeContext): boolean {
    const { key } = t;
    if (typeof key !== 'number') return !announced.has(t, key as Key);
    return key > 0 ? key <= seen.get(t) : -key <= seenOutside.get(t);
  }

  #wait(value: unknown, t: RuntimeContext): void {
    waitingOf.set(t, waitingOf.size(t), value);
    if (extrasOf.get(t)?.waited !== true) this.#extend({ waited: true }, t);
  }

  #stop(t: RuntimeContext): void {
    if (extrasOf.get(t)?.parental !== true || childrenOf.size(t) === 0) {
      this.#finish(t);
      return;
    }
    this.#silence(t);
    this.#extend({ last: behaviorOf.get(t) }, t);
    behaviorOf.set(t, stopping);
    this.#stopChildren(t);
  }

  #stopChildren(t: RuntimeContext): void {
    for (const [child] of childrenOf.entries(t)) t.emitTo(child, new Stop(t.key as Key));
  }

  /** B4. */
  #childStopped(child: Key, behavior: Behavior<never> | undefined, t: RuntimeContext): void {
    if (behavior === undefined) return;
    const alive = (childrenOf.get(t, child) ?? 0) - 1;
    if (alive > 0) childrenOf.set(t, child, alive);
    else childrenOf.delete(t, child);
    if (childrenOf.size(t) > 0) return;
    if (behavior === stopping) this.#finish(t);
    else if (behavior === backingOff && extrasOf.get(t)?.restart === undefined) this.#beginAgain(t);
  }

  /** The end of an actor: its last word, those who are told, and nothing left. */
  #finish(t: RuntimeContext): void {
    let extras = extrasOf.get(t);
    const behavior = extras?.last ?? behaviorOf.get(t);
    if (behavior?.onSignal !== undefined) {
      this.#lastSignal(behavior, { signal: 'postStop' }, t);
      // Its last word may have added to it.
      extras = extrasOf.get(t);
    }
    const key = t.key as Key;
    if (extras === undefined) {
      t.forget();
      return;
    }
    this.#silence(t);
    if (extras.parental === true) this.#stopChildren(t);
    for (const [, message] of stashOf.entries(t)) this.#deadLetter(message, 'stopped', t);
    for (const [watcher] of watchersOf.entries(t)) t.emitTo(watcher, new WatchedStopped(key));
    for (const [watched] of watchingOf.entries(t)) t.emitTo(watched, new Unwatch(key));
    if (extras.parent !== undefined) t.emitTo(extras.parent, new ChildStopped(key));
    const waiting = extras.waited === true ? waitingOf.entries(t) : [];
    for (const [, value] of waiting) if (!(value instanceof Control)) this.#deadLetter(value, 'stopped', t);
    t.forget();
    for (const [, value] of waiting) {
      if (!(value instanceof Control)) continue;
      t.keep();
      this.onNext(value, t);
    }
  }

  /** Nothing comes any more that it has asked for. */
  #silence(t: RuntimeContext): void {
    for (const [, { id }] of timersOf.entries(t)) t.cancel({ timer: id });
    for (const [, { timer }] of asksOf.entries(t)) if (timer !== undefined) t.cancel({ timer });
    const { restart } = extrasOf.get(t) ?? NO_EXTRAS;
    if (restart !== undefined) t.cancel({ timer: restart.timer });
    timersOf.clear(t);
    asksOf.clear(t);
  }

  /** A signal whose outcome changes nothing any more; a failure in it is a dead letter. */
  #lastSignal(behavior: Behavior<never>, signal: Signal, t: RuntimeContext): void {
    t.keep();
    try {
      const next: unknown = behavior.onSignal?.(signal, this.#ctx.at(t));
      if (!(next instanceof Behavior))
        throw badBehavior(next, t.path, 'was returned by a handler of signals');
    } catch (error) {
      t.undo();
      this.#deadLetter(signal, 'failed', t, { what: 'signal', error });
    }
    this.#ctx.takeUnstash();
  }

  #watchedStopped(ref: ActorRef<never>, behavior: Behavior<never>, t: RuntimeContext): void {
    const watching = watchingOf.get(t, ref.id);
    if (watching === undefined || behavior === stopping) return;
    watchingOf.delete(t, ref.id);
    t.keep();
    if (watching.as !== undefined) this.#message({ ...watching.as, reply: ref }, behavior, t);
    else this.#signal({ signal: 'terminated', ref }, behavior, t);
  }

  #signal(signal: Signal, behavior: Behavior<never>, t: RuntimeContext): void {
    const ctx = this.#ctx.at(t);
    try {
      if (behavior.onMessage === undefined) this.#handlerOf(behavior, t);
      const next = behavior.onSignal === undefined ? unhandled : behavior.onSignal(signal, ctx);
      if (next === unhandled && signal.signal === 'terminated') throw deathPact(signal.ref, t.path);
      if (next !== same || ctx.unstashes) this.#become(next, signal, t);
    } catch (error) {
      this.#failed(error, signal, t, 'signal');
    }
  }

  #settleAsk(ask: number, outcome: Outcome, behavior: Behavior<never> | undefined, t: RuntimeContext): void {
    const asked = asksOf.get(t, ask);
    if (asked === undefined || behavior === undefined) {
      if ('reply' in outcome) this.#lateReply(ask, outcome.reply, t);
      return;
    }
    asksOf.delete(t, ask);
    if (asked.timer !== undefined) t.cancel({ timer: asked.timer });
    t.keep();
    this.#message({ ...asked.as, ...outcome }, behavior, t);
  }

  /** A reply that came after its time, or after another one. */
  #lateReply(ask: number, reply: unknown, t: RuntimeContext): void {
    const ref = new ActorRef<never>(t.key as Key, { kind: 'ask', ask });
    t.release(this.#outlets.deadLetters, { ref, message: reply, reason: 'late' });
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
    t.keep();
    this.#message(entry.message, behavior, t);
  }

  /** B1. */
  #failed(error: unknown, message: unknown, t: RuntimeContext, what?: 'signal'): void {
    t.undo();
    this.#ctx.takeUnstash();
    const supervision = extrasOf.get(t)?.supervision ?? this.#supervision;
    if (supervision.on === 'quarantine') {
      t.log.warn(`${this.#named(t)} failed, and the message is a dead letter: ${words(error)}`);
      this.#deadLetter(message, 'failed', t, { error, ...(what !== undefined && { what }) });
      return;
    }
    this.#tellAsker(message, { code: 'actor/failed', message: words(error) }, t);
    switch (supervision.on) {
      case 'resume':
        t.log.warn(`${this.#named(t)} failed and goes on: ${words(error)}`);
        break;
      case 'stop':
        t.log.warn(`${this.#named(t)} failed and stops: ${words(error)}`);
        this.#stop(t);
        break;
      case 'restart': {
        const restarts = this.#counted(supervision, error, t);
        if (restarts === undefined) this.#stop(t);
        else {
          if (supervision.stopChildren) this.#stopChildren(t);
          this.#reset({ restarts }, t);
          if (!supervision.stopChildren || childrenOf.size(t) === 0) this.#beginAgain(t);
        }
        break;
      }
      case 'backoff':
        this.#stopChildren(t);
        this.#reset(NO_EXTRAS, t);
        this.#backOff(supervision, extrasOf.get(t)?.initial ?? stopped, error, t);
        break;
    }
  }

  /** The restarts that count, if one more is allowed. */
  #counted(
    supervision: Extract<Supervision, { on: 'restart' }>,
    error: unknown,
    t: RuntimeContext,
  ): readonly number[] | undefined {
    const restarts = restartAllowed(extrasOf.get(t)?.restarts ?? [], supervision, t.nowMs);
    t.log.warn(
      `${this.#named(t)} failed and ${restarts === undefined ? 'stops' : 'begins again'}: ${words(error)}`,
    );
    return restarts;
  }

  #backOff(
    supervision: Extract<Supervision, { on: 'backoff' }>,
    initial: Behavior<never>,
    error: unknown,
    t: RuntimeContext,
  ): void {
    const backoff = waitBefore(
      extrasOf.get(t)?.backoff,
      supervision,
      t.nowMs,
      () => t.random(JITTER_STEPS) / JITTER_STEPS,
    );
    t.log.warn(`${this.#named(t)} failed and begins again in ${backoff.waitMs} ms: ${words(error)}`);
    const number = this.#number(t);
    const { timer } = t.after(backoff.waitMs, { restart: number } satisfies TimerPayload);
    this.#extend({ backoff, initial, restart: { number, timer } }, t);
    behaviorOf.set(t, backingOff);
  }

  /** Its wait is over; but it begins after its children have stopped. */
  #restartDue(number: number, behavior: Behavior<never>, t: RuntimeContext): void {
    if (behavior !== backingOff || extrasOf.get(t)?.restart?.number !== number) return;
    this.#extend({ restart: undefined }, t);
    if (childrenOf.size(t) === 0) this.#beginAgain(t);
  }

  /** Takes back what the actor had beside its place among others: state, timers, asks. What it had stashed waits. */
  #reset(more: Extras, t: RuntimeContext): void {
    const behavior = behaviorOf.get(t);
    if (behavior?.onSignal !== undefined) this.#lastSignal(behavior, { signal: 'preRestart' }, t);
    this.#silence(t);
    const extras = extrasOf.get(t);
    const watchers = watchersOf.entries(t);
    const children = childrenOf.entries(t);
    const waiting = [...stashOf.entries(t), ...waitingOf.entries(t)];
    for (const [watched] of watchingOf.entries(t)) t.emitTo(watched, new Unwatch(t.key as Key));
    t.forget();
    behaviorOf.set(t, backingOff);
    extrasOf.set(t, { ...extras, ...more, initial: extras?.initial ?? behavior });
    for (const [watcher] of watchers) watchersOf.set(t, watcher, true);
    for (const [child, alive] of children) childrenOf.set(t, child, alive);
    for (const [, value] of waiting) this.#wait(value, t);
  }

  #beginAgain(t: RuntimeContext): void {
    const initial = extrasOf.get(t)?.initial;
    if (initial === undefined) return;
    t.keep();
    this.#begin(initial, t);
    const now = behaviorOf.get(t);
    if (now !== undefined && now !== stopping && now !== backingOff) this.#deliverWaiting(t);
  }

  #waitForRestart(message: unknown, t: RuntimeContext): void {
    const supervision = extrasOf.get(t)?.supervision ?? this.#supervision;
    const most = supervision.on === 'backoff' ? supervision.stash : Infinity;
    if (waitingOf.size(t) >= most) this.#deadLetter(message, 'stashFull', t);
    else this.#wait(message, t);
  }

  #extend(more: Extras, t: RuntimeContext): void {
    extrasOf.set(t, { ...(extrasOf.get(t) ?? NO_EXTRAS), ...more });
  }

  #named({ key }: RuntimeContext): string {
    return `actor:${String(key)}`;
  }

  #deadLetter(
    message: unknown,
    reason: ActorDeadLetter['reason'],
    t: RuntimeContext,
    more: Partial<ActorDeadLetter> = {},
  ): void {
    const ref = more.ref ?? this.self(t);
    t.release(this.#outlets.deadLetters, { ref, message, reason, ...more });
    const failure = {
      code: `actor/${reason}`,
      message: `${String(ref)} did not handle the request: ${reason}`,
    };
    this.#tellAsker(message, 'error' in more ? { ...failure, message: words(more.error) } : failure, t);
  }

  /** Whoever asked learns at once that there will be no reply. */
  #tellAsker(message: unknown, failure: Failure, t: RuntimeContext): void {
    if (typeof message !== 'object' || message === null || !('replyTo' in message)) return;
    const { replyTo } = message;
    if (!(replyTo instanceof ActorRef)) return;
    const { via, id } = replyTo;
    if (via?.kind === 'ask') t.emitTo(id, new AskReply(via.ask, { failure }));
    else if (via?.kind === 'outside')
      t.release(this.#outlets.outside, { waiter: via.waiter, outcome: { failure } });
    else if (via?.kind === 'portal') once(() => t.refuse(via.request, askFailed(failure, t.path)));
  }

  // What contexts do, in the words of the runtime.

  send(ref: ActorRef<never>, message: unknown, t: RuntimeContext): void {
    const { via } = ref;
    if (via === undefined) t.emitTo(ref.id, message);
    else if (via.kind === 'outside') {
      t.release(this.#outlets.outside, { waiter: via.waiter, outcome: { reply: message } });
    } else if (via.kind === 'portal') once(() => t.replyTo(via.request, message));
    else {
      const { key, value } = routed(ref, message);
      t.emitTo(key, value);
    }
  }

  create(
    behavior: Behavior<never>,
    name: string | undefined,
    child: boolean,
    t: RuntimeContext,
  ): ActorRef<never> {
    if (!(behavior instanceof Behavior)) throw badBehavior(behavior, t.path, 'was given to create');
    let id: Key;
    if (name === undefined) given.set(t, (id = given.get(t) + 1));
    else this.#announce((id = nameId(name, t.path)), 1, t);
    const ref = new ActorRef<never>(id);
    t.emitTo(id, new ActorCreate(ref, behavior, child ? t.key : undefined));
    if (child) {
      childrenOf.set(t, id, (childrenOf.get(t, id) ?? 0) + 1);
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
    if (childrenOf.has(t, child.id)) t.emitTo(child.id, new Stop(t.key as Key));
    else {
      const cure = 'Create it with { child: true }, or send it a message that makes it stop';
      throw wrong(
        'actor/not-a-child',
        t.path,
        `${this.#named(t)} cannot stop ${String(child)}, which is not its child`,
        cure,
      );
    }
  }

  ask(ref: ActorRef<never>, request: object, as: object, timeoutMs: number, t: RuntimeContext): void {
    const ask = this.#number(t);
    const { timer } = t.after(timeoutMs, { askTimeout: ask } satisfies TimerPayload);
    asksOf.set(t, ask, { as, timer });
    this.#extend({ asking: true }, t);
    this.send(ref, { ...request, replyTo: new ActorRef<never>(t.key as Key, { kind: 'ask', ask }) }, t);
  }

  askPortal(
    portal: { readonly path: string },
    request: unknown,
    as: object,
    timeoutMs: number,
    t: RuntimeContext,
  ): void {
    const asker = t as AskerContext<unknown>;
    const ask = this.#number(t);
    asksOf.set(t, ask, { as, timer: undefined });
    this.#extend({ asking: true }, t);
    asker.await(asker.ask(portal as never, request as never, { timeoutMs }), this.portalReply, ask);
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
    const { timer } = t.after(Math.max(0, entry.dueMs - t.nowMs), {
      timer: key,
      number,
    } satisfies TimerPayload);
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
  if (isPromise(value)) {
    // The turn fails for it; what becomes of the promise is of no interest any more.
    value.then(undefined, () => undefined);
    const cure = 'Return at once, and have what takes time carried out as an effect, with ctx.run';
    return wrong('actor/bad-behavior', where, `a promise ${how}, and a behavior is needed`, cure);
  }
  const what = `${value instanceof Behavior ? String(value) : `a value of type ${typeof value}`} ${how}, and a behavior is needed`;
  return wrong(
    'actor/bad-behavior',
    where,
    what,
    'Return receive(…), same, stopped or what behavior(…) makes',
  );
}

function alreadyThere(ref: ActorRef<never>, where: string): PorticoError {
  return wrong(
    'actor/name-taken',
    where,
    `${String(ref)} is alive already`,
    'Use another name, or wait until it has stopped',
  );
}

function deathPact(ref: ActorRef<never>, where: string): PorticoError {
  const what = `the watched ${String(ref)} has stopped, and nothing handles that`;
  return wrong('actor/death-pact', where, what, 'Handle the signal terminated, or watch with { as: … }');
}

function wrong(
  code: ConstructorParameters<typeof PorticoError>[0]['code'],
  where: string,
  what: string,
  cure: string,
): PorticoError {
  return new PorticoError({ code, where, what, cure });
}

/** Settles a request, unless the same atom has done so already: what comes after that is late, as with every ask. */
function once(settle: () => void): void {
  try {
    settle();
  } catch (error) {
    if (!(error instanceof PorticoError && error.code === 'portal/replied-twice')) throw error;
  }
}

/** An error as data. */
function failureOf(error: unknown): Failure {
  if (error instanceof PorticoError) return { code: error.code, message: error.what };
  return { code: 'ask/failed', message: words(error) };
}

/** Data as an error. */
function askFailed({ code, message }: Failure, where: string): PorticoError {
  const cure = 'Look at the dead letters for the message and its cause';
  return wrong('ask/failed', where, `there is no reply [${code}]: ${message}`, cure);
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

const MOST_FACTORIES = 1_000;
const JITTER_STEPS = 1_000;
