/** How actors begin, and begin again. What waited for one is given to it once it has begun. */
import { PorticoError, type Key } from '../src/index.ts';
import { stopped, type Behavior } from './behavior.ts';
import { visitorDefinitions } from './behaviors.ts';
import { lost } from './children.ts';
import type { Ending } from './ending.ts';
import {
  backingOff,
  behaviorOf,
  childrenOf,
  extend,
  extrasOf,
  sawCreation,
  stopping,
  undo,
  visitors,
  wait,
  waitingOf,
  type RuntimeContext,
} from './kept.ts';
import { made } from './making.ts';
import { BY_ACTOR, ChildStopped, type ActorCreate, type ToEntity } from './messages.ts';
import { ActorRef } from './ref.ts';
import { backOff, counted } from './restarts.ts';
import type { Runner } from './runner.ts';
import type { Undelivered } from './undelivered.ts';
import { waitsNoMore } from './unknown.ts';

export class Beginning {
  readonly #runner: Runner;
  readonly #ending: Ending;
  readonly #undelivered: Undelivered;

  constructor(runner: Runner, ending: Ending, undelivered: Undelivered) {
    this.#runner = runner;
    this.#ending = ending;
    this.#undelivered = undelivered;
  }

  create(creation: ActorCreate, before: Behavior<never> | undefined, t: RuntimeContext): void {
    const { via, behavior, birth } = creation;
    const isChild = birth !== undefined && birth !== BY_ACTOR;
    sawCreation(birth !== undefined, t);
    if (before !== undefined) {
      const error = alreadyThere(creation.ref);
      this.#undelivered.deadLetter(behavior, 'nameTaken', t, { what: 'creation', error });
      if (isChild) t.emitTo(birth.parent, new ChildStopped(t.key as Key, birth.number));
      return;
    }
    if (isChild) extend({ birth }, t);
    // Only what is created outside has a number below 0.
    if ((t.key as number) < 0 && visitorDefinitions.has(behavior.definition)) {
      visitors.set(t, t.key as Key, true);
      extend({ visitor: true }, t);
    }
    if (via?.kind === 'entity') extend({ entity: via.behavior as Behavior<never> }, t);
    this.#start(behavior, creation, t);
    if (waitingOf.size(t) > 0) this.#deliverWaiting(t);
  }

  /** K3. Whoever has waited for it waits in vain. */
  neverCreated(t: RuntimeContext): void {
    sawCreation(false, t);
    this.#deliverWaiting(t);
    if (behaviorOf.get(t) === undefined) t.forget();
  }

  createEntity({ behavior, message }: ToEntity, t: RuntimeContext): void {
    extend({ entity: behavior }, t);
    this.#start(behavior, undefined, t);
    t.keep();
    const now = behaviorOf.get(t);
    if (now !== undefined) this.#runner.message(message, now, t);
    else {
      const ref = new ActorRef<never>(t.key as Key, { kind: 'entity', behavior });
      this.#undelivered.deadLetter(message, 'stopped', t, { ref });
    }
  }

  /** The first behavior of an actor. */
  #start(behavior: Behavior<never>, creation: ActorCreate | undefined, t: RuntimeContext): void {
    if (behavior.supervision !== undefined) extend({ supervision: behavior.supervision }, t);
    if (behavior.definition?.schema !== undefined) extend({ checks: behavior }, t);
    this.#begin(behavior, creation, t);
  }

  /**
   * Begins, or begins again, with the behavior that the actor was created with. If there is none to be had, it stops.
   * `creation` is what this turn began with, if it was one.
   */
  #begin(initial: Behavior<never>, creation: ActorCreate | undefined, t: RuntimeContext): void {
    const { ctx, supervision } = this.#runner;
    try {
      const first = made(initial, ctx.at(t), t);
      const extras = extrasOf.get(t);
      const { on } = extras?.supervision ?? supervision;
      if ((on === 'restart' || on === 'backoff') && extras?.initial === undefined) extend({ initial }, t);
      behaviorOf.set(t, first);
      if (first === stopped) this.#ending.stop(t);
    } catch (error) {
      this.#didNotBegin(error, initial, creation, t);
    }
    if (ctx.unstashes) this.#runner.unstash(t);
  }

  /** Supervision may let it try again; but not without end, unless time passes in between. */
  #didNotBegin(
    error: unknown,
    initial: Behavior<never>,
    creation: ActorCreate | undefined,
    t: RuntimeContext,
  ): void {
    // Factories may have said how it is supervised; that stays.
    const extras = extrasOf.get(t);
    undo(t);
    this.#runner.ctx.takeUnstash();
    if (creation !== undefined) sawCreation(creation.birth !== undefined, t);
    if (extras !== undefined) extrasOf.set(t, extras);
    const supervision = extras?.supervision ?? this.#runner.supervision;
    if (supervision.on === 'backoff') backOff(supervision, initial, error, t);
    else {
      const restarts =
        supervision.on === 'restart' && supervision.limit !== Infinity
          ? counted(supervision, error, t)
          : undefined;
      if (restarts === undefined) {
        this.#undelivered.deadLetter(initial, 'failed', t, { what: 'creation', error });
        this.#ending.stop(t);
      } else {
        extend({ restarts, initial }, t);
        t.keep();
        this.#begin(initial, undefined, t);
      }
    }
  }

  /** An actor that was reset begins again. */
  beginAgain(t: RuntimeContext): void {
    const initial = extrasOf.get(t)?.initial;
    if (initial === undefined) return;
    t.keep();
    this.#begin(initial, undefined, t);
    const now = behaviorOf.get(t);
    if (now !== undefined && now !== stopping && now !== backingOff) this.#deliverWaiting(t);
  }

  /** Whether its behavior was not known before, and may be now: then all that waited is handled, this message last. */
  recognises(message: unknown, t: RuntimeContext): boolean {
    if (extrasOf.get(t)?.unknown !== true) return false;
    wait(message, t);
    this.lookAgain(t);
    return true;
  }

  /** Gives it all that waited, if that was for its behavior; it may have to wait again. */
  lookAgain(t: RuntimeContext): void {
    if (extrasOf.get(t)?.unknown !== true) return;
    waitsNoMore(t);
    this.#deliverWaiting(t);
  }

  /** B1. */
  #deliverWaiting(t: RuntimeContext): void {
    const waiting = waitingOf.entries(t);
    waitingOf.clear(t);
    for (const [, value] of waiting) {
      t.keep();
      this.#runner.event(value, t);
    }
  }

  /** A child has stopped: whoever waits for its last one goes on. */
  childStopped(child: ChildStopped, behavior: Behavior<never> | undefined, t: RuntimeContext): void {
    if (behavior === undefined || !lost(child, t) || childrenOf.size(t) > 0) return;
    if (behavior === stopping) this.#ending.finish(t);
    else if (behavior === backingOff && extrasOf.get(t)?.restart === undefined) this.beginAgain(t);
  }
}

function alreadyThere(ref: ActorRef<never>): PorticoError {
  return new PorticoError({
    code: 'actor/name-taken',
    where: String(ref),
    what: `${String(ref)} is alive already`,
    cure: 'Use another name, or wait until it has stopped',
  });
}
