/**
 * How actors end.
 *
 * L1. A parent stops after its children have stopped; `PostStop` runs in that order.
 * L2. What waited for an actor is not lost: messages are dead letters, and whoever wants to know something of it is told.
 */
import type { Key } from '../src/index.ts';
import { Behavior } from './behavior.ts';
import { stopChildren } from './children.ts';
import {
  asksOf,
  behaviorOf,
  childrenOf,
  extend,
  extrasOf,
  stashOf,
  stopping,
  timersOf,
  undo,
  visitors,
  waitingOf,
  watchersOf,
  watchingOf,
  type RuntimeContext,
} from './kept.ts';
import { badBehavior, handlerOf } from './making.ts';
import { ChildStopped, Control, Unwatch, WatchedStopped } from './messages.ts';
import type { Runner } from './runner.ts';
import type { Signal } from './signals.ts';
import type { Undelivered } from './undelivered.ts';
import { waitsNoMore } from './unknown.ts';

export class Ending {
  readonly #runner: Runner;
  readonly #undelivered: Undelivered;

  constructor(runner: Runner, undelivered: Undelivered) {
    this.#runner = runner;
    this.#undelivered = undelivered;
  }

  /** L1. */
  stop(t: RuntimeContext): void {
    if (extrasOf.get(t)?.parental !== true || childrenOf.size(t) === 0) {
      this.finish(t);
      return;
    }
    silence(t);
    extend({ last: behaviorOf.get(t) }, t);
    behaviorOf.set(t, stopping);
    stopChildren(t);
  }

  /** A parent wants its child to stop. */
  stoppedBy(parent: Key, behavior: Behavior<never> | undefined, t: RuntimeContext): void {
    if (behavior === undefined || behavior === stopping) return;
    // Whoever has the name by now may be somebody else's.
    if (extrasOf.get(t)?.birth?.parent === parent) this.stop(t);
  }

  /** The end of an actor: its last word, those who are told, and nothing left. */
  finish(t: RuntimeContext): void {
    let extras = extrasOf.get(t);
    const behavior = extras?.last ?? behaviorOf.get(t);
    if (behavior !== undefined && mayHear(behavior)) {
      this.lastSignal(behavior, { signal: 'postStop' }, t);
      // Its last word may have added to it.
      extras = extrasOf.get(t);
    }
    const key = t.key as Key;
    if (extras === undefined) {
      t.forget();
      return;
    }
    silence(t);
    if (extras.unknown === true) waitsNoMore(t);
    if (extras.visitor === true) visitors.delete(t, key);
    if (extras.parental === true) stopChildren(t);
    for (const [, message] of stashOf.entries(t)) this.#undelivered.deadLetter(message, 'stopped', t);
    for (const [watcher, number] of watchersOf.entries(t)) {
      t.emitTo(watcher, new WatchedStopped(key, number));
    }
    for (const [watched] of watchingOf.entries(t)) t.emitTo(watched, new Unwatch(key));
    const { birth } = extras;
    if (birth !== undefined) t.emitTo(birth.parent, new ChildStopped(key, birth.number));
    const waiting = extras.waited === true ? waitingOf.entries(t) : [];
    for (const [, value] of waiting) {
      if (!(value instanceof Control)) this.#undelivered.deadLetter(value, 'stopped', t);
    }
    t.forget();
    // L2.
    for (const [, value] of waiting) {
      if (!(value instanceof Control)) continue;
      t.keep();
      this.#runner.event(value, t);
    }
  }

  /** A signal whose outcome changes nothing any more; a failure in it is a dead letter. */
  lastSignal(behavior: Behavior<never>, signal: Signal, t: RuntimeContext): void {
    const { ctx } = this.#runner;
    t.keep();
    try {
      ctx.at(t);
      if (behavior.onMessage === undefined) handlerOf(behavior, ctx, t);
      if (behavior.onSignal === undefined) return;
      const next: unknown = behavior.onSignal(signal, ctx);
      if (!(next instanceof Behavior)) throw badBehavior(next, t, 'was returned by a handler of signals');
    } catch (error) {
      undo(t);
      this.#undelivered.deadLetter(signal, 'failed', t, { what: 'signal', error });
    }
    ctx.takeUnstash();
  }
}

/** Whether a behavior handles signals, or it is not known yet: its factory has not run since it was read from the store. */
export function mayHear({ kind, onMessage, onSignal }: Behavior<never>): boolean {
  return onSignal !== undefined || (kind === 'named' && onMessage === undefined);
}

/** Nothing comes any more that it has asked for. */
export function silence(t: RuntimeContext): void {
  for (const [, { id }] of timersOf.entries(t)) t.cancel({ timer: id });
  for (const [, { timer }] of asksOf.entries(t)) if (timer !== undefined) t.cancel({ timer });
  const restart = extrasOf.get(t)?.restart;
  if (restart !== undefined) t.cancel({ timer: restart.timer });
  timersOf.clear(t);
  asksOf.clear(t);
}
