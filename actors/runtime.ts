/**
 * The ActorRuntime: the one keyed task that runs every actor. This is its middle: how a message finds its handler, what
 * becomes of what that returns, and how actors send and create. Its parts stand beside it.
 *
 * B1. A turn handles one message. If it throws, the whole turn is undone, and supervision decides in its place. Where one
 *     event brings several (those that waited, those unstashed), or something that must stay whatever becomes of the
 *     message (that a timer fired, that a reply came), `keep` makes turns of their own of them.
 */
import type { CareOf, Continuation, Key, ReplierContext } from '../src/index.ts';
import { Asking, type AskTimeout } from './asking.ts';
import { Beginning } from './beginning.ts';
import { Behavior, same, stopped, unhandled, type OnMessage } from './behavior.ts';
import { adopt } from './children.ts';
import { Ending } from './ending.ts';
import { Failing } from './failing.ts';
import { nameId } from './identity.ts';
import {
  announce,
  backingOff,
  behaviorOf,
  given,
  hasStopped,
  lastOutside,
  named,
  nextNumber,
  origin,
  selfOf,
  stopping,
  unknownOf,
  visitors,
  wait,
  type RuntimeContext,
} from './kept.ts';
import { answerKnock, mayEnter } from './knocks.ts';
import { LiveContext, type Services } from './live.ts';
import { badBehavior, handlerOf, made } from './making.ts';
import { ActorCreate, BY_ACTOR, Control, Leave, LookAgain, routed, type AnyControl } from './messages.ts';
import { isOutside, sameAgain, tellOutside, type Outlets } from './outlets.ts';
import type { ActorAsk } from './portal.ts';
import { ActorRef } from './ref.ts';
import { waitForRestart, type RestartDue } from './restarts.ts';
import type { Runner } from './runner.ts';
import { Stashing } from './stashing.ts';
import { NOT_KEPT, type Keeping } from './storable.ts';
import { quarantine, type Supervision } from './supervise.ts';
import { Timing, type TimerDue } from './timing.ts';
import { unknownTopic, type Topic } from './topics.ts';
import { once, Undelivered } from './undelivered.ts';
import { Watching } from './watching.ts';

// Constants of this module are known to the compiler; what is imported has to be looked up.
const BEHAVIOR = behaviorOf;
const CONTROL = Control;
const SAME = same;

/** A timer of the runtime's task. */
export type TimerPayload = TimerDue | AskTimeout | RestartDue;

export class ActorRuntime implements Services {
  readonly asking: Asking;
  readonly watching: Watching;
  readonly timing: Timing;
  readonly stashing: Stashing;
  readonly #outlets: Outlets;
  readonly #supervision: Supervision;
  readonly #keeping: Keeping;
  readonly #ctx: LiveContext;
  readonly #undelivered: Undelivered;
  readonly #beginning: Beginning;
  readonly #ending: Ending;
  readonly #failing: Failing;

  constructor(outlets: Outlets, supervision: Supervision = quarantine, keeping: Keeping = NOT_KEPT) {
    this.#outlets = outlets;
    this.#supervision = supervision;
    this.#keeping = keeping;
    this.#ctx = new LiveContext(this, keeping.behaviors);
    this.#undelivered = new Undelivered(outlets);
    const runner = this.#runner();
    this.#ending = new Ending(runner, this.#undelivered);
    this.#beginning = new Beginning(runner, this.#ending, this.#undelivered);
    this.#failing = new Failing(runner, this.#beginning, this.#ending, this.#undelivered);
    this.asking = new Asking(runner);
    this.watching = new Watching(runner);
    this.timing = new Timing(runner);
    this.stashing = new Stashing(runner, this.#undelivered);
    this.portalReply = this.asking.portalReply;
  }

  /** One event: a message, or something that is not simply one. */
  readonly onNext = (value: unknown, t: RuntimeContext): void => {
    this.event(value, t);
  };

  // A method, because in a function of its own all that is imported would have to be looked up in each call.
  event(value: unknown, t: RuntimeContext): void {
    const behavior = BEHAVIOR.get(t);
    if (value instanceof CONTROL) this.#control(value as AnyControl, behavior, t);
    else this.#message(value, behavior, t);
  }

  /** A timer of an actor, of one of its asks, or of its restart. */
  readonly onTimer = (payload: TimerPayload, t: RuntimeContext): void => {
    const behavior = BEHAVIOR.get(t);
    if (behavior === undefined) return;
    if ('askTimeout' in payload) this.asking.timedOut(payload.askTimeout, behavior, t);
    else if ('restart' in payload) this.#failing.restartDue(payload.restart, behavior, t);
    else this.timing.fired(payload.timer, payload.number, behavior, t);
  };

  /** A task asks an actor. The request travels like any message; the actor replies in a turn of its own, when it likes. */
  readonly onRequest = ({ ref, request }: ActorAsk, t: ReplierContext<unknown, unknown>): void => {
    const replyTo = new ActorRef<never>('portal', { kind: 'portal', request: t.defer() });
    const { key, value } = routed(ref, { ...request, replyTo });
    t.emitTo(key, value);
  };

  /** Where processes have ended in calls of users' code, these fail instead, and supervision decides. */
  readonly care: CareOf = {
    same: sameAgain,
    calls: (handle, call) => {
      this.#ctx.before = call;
      try {
        return handle();
      } finally {
        this.#ctx.before = undefined;
      }
    },
  };

  /** What became of an ask of a portal. */
  readonly portalReply: Continuation<unknown, number, unknown>;

  #message(message: unknown, behavior: Behavior<never> | undefined, t: RuntimeContext): void {
    const handle = behavior?.onMessage;
    if (handle === undefined) this.#withoutHandler(message, behavior, t);
    else this.#deliver(message, handle, t);
  }

  /** Nobody is there who handles messages: not any more, not yet, or not before it is known how. */
  #withoutHandler(message: unknown, behavior: Behavior<never> | undefined, t: RuntimeContext): void {
    if (behavior === undefined) this.#nobody(message, t);
    else if (behavior === stopping) this.#undelivered.deadLetter(message, 'stopped', t);
    else if (behavior === backingOff) waitForRestart(message, this.#supervision, this.#undelivered, t);
    else if (!this.#beginning.recognises(message, t))
      this.#deliver(message, (message, ctx) => handlerOf(behavior, ctx as LiveContext, t)(message, ctx), t);
  }

  /** B1. */
  #deliver(message: unknown, handle: OnMessage, t: RuntimeContext): void {
    try {
      const ctx = this.#ctx.at(t);
      const next = handle(message, ctx);
      if (next !== SAME || ctx.unstashes) this.#become(next, message, t);
    } catch (error) {
      this.#failing.failed(error, message, t);
    }
  }

  #become(next: Behavior<never>, message: unknown, t: RuntimeContext): void {
    if (next !== SAME) this.#changeTo(next, message, t);
    if (this.#ctx.unstashes) this.stashing.unstash(t);
  }

  #changeTo(next: Behavior<never>, message: unknown, t: RuntimeContext): void {
    if (!(next instanceof Behavior)) throw badBehavior(next, t, 'was returned by a handler');
    if (next === unhandled) this.#undelivered.deadLetter(message, 'unhandled', t);
    else if (next !== SAME) {
      const now = made(next, this.#ctx, t);
      if (now === stopped) this.#ending.stop(t);
      else BEHAVIOR.set(t, now);
    }
  }

  /** Somebody outside who asked the runtime itself. */
  #tell(waiter: number, reply: unknown, t: RuntimeContext): void {
    t.release(this.#outlets.outside, { waiter, outcome: { reply } });
  }

  /** There is no actor under this key. */
  #nobody(message: unknown, t: RuntimeContext): void {
    if (!hasStopped(t)) wait(message, t);
    else this.#undelivered.deadLetter(message, typeof t.key === 'number' ? 'stopped' : 'unknown', t);
  }

  #control(control: AnyControl, behavior: Behavior<never> | undefined, t: RuntimeContext): void {
    switch (control.kind) {
      case 'create':
        this.#beginning.create(control, behavior, t);
        break;
      case 'toEntity':
        if (behavior === undefined) this.#beginning.createEntity(control, t);
        // It comes into being again afterwards.
        else if (behavior === stopping) wait(control, t);
        else this.#message(control.message, behavior, t);
        break;
      case 'askReply':
        this.asking.settle(control.ask, control.outcome, behavior, t);
        break;
      case 'newRun':
        for (const [key] of unknownOf.entries(t)) t.emitTo(key, new LookAgain());
        for (const [key] of visitors.entries(t)) t.emitTo(key, new Leave());
        this.#tell(control.waiter, lastOutside(t), t);
        break;
      case 'leave':
        if (behavior !== undefined) this.#ending.stop(t);
        break;
      case 'lookAgain':
        this.#beginning.lookAgain(t);
        break;
      case 'whoWaits':
        this.#tell(control.waiter, unknownOf.entries(t), t);
        break;
      case 'fromOutside':
        if (mayEnter(control, behavior, this.#undelivered, t)) this.#control(control.send, behavior, t);
        break;
      case 'knock':
        answerKnock(control, behavior, this.#outlets, t);
        break;
      case 'send': {
        const { via } = control.ref;
        const { key, value } = routed(control.ref, control.message);
        if (isOutside(via) || via?.kind === 'portal') this.send(control.ref, control.message, t);
        else if (key !== t.key) t.emitTo(key, value);
        else if (value instanceof CONTROL) this.#control(value as AnyControl, behavior, t);
        else this.#message(value, behavior, t);
        break;
      }
      case 'neverCreated':
        this.#beginning.neverCreated(t);
        break;
      case 'signalled':
        if (behavior === undefined || behavior === stopping)
          this.#undelivered.deadLetter(control.signal, 'stopped', t, { what: 'signal' });
        else if (behavior === backingOff) wait(control, t);
        else this.watching.signal(control.signal, behavior, t);
        break;
      case 'stop':
        this.#ending.stoppedBy(control.by, behavior, t);
        break;
      case 'childStopped':
        this.#beginning.childStopped(control, behavior, t);
        break;
      case 'watch':
        this.watching.watched(control, behavior, t);
        break;
      case 'unwatch':
        this.watching.unwatched(control.watcher, t);
        break;
      case 'watchedStopped':
        this.watching.terminated(control, behavior, t);
        break;
    }
  }

  // What contexts do, in the words of the runtime.

  send(ref: ActorRef<never>, message: unknown, t: RuntimeContext): void {
    const { via } = ref;
    if (via === undefined) t.emitTo(ref.id, message);
    else if (isOutside(via)) tellOutside(via, { reply: message }, this.#outlets, t);
    else if (via.kind === 'portal') once(() => t.replyTo(via.request, message));
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
    if (!(behavior instanceof Behavior)) throw badBehavior(behavior, t, 'was given to create');
    this.#ctx.checkStorable(behavior, t);
    let id: Key;
    if (name === undefined) given.set(t, (id = given.get(t) + 1));
    else announce((id = nameId(name, named(t))), 1, t);
    const ref = new ActorRef<never>(id);
    const birth = child ? adopt(id, t) : name === undefined ? undefined : BY_ACTOR;
    t.emitTo(id, new ActorCreate(ref, behavior, birth));
    return ref;
  }

  self(t: RuntimeContext): ActorRef<never> {
    return selfOf(t);
  }

  run(effect: string, args: unknown, as: object, t: RuntimeContext): void {
    const call = {
      id: nextNumber(t),
      origin: origin(this.#keeping.origin, t),
      effect,
      args,
      ref: selfOf(t),
      as,
    };
    t.release(this.#outlets.effects, call);
  }

  emit(topic: Topic<never> | undefined, value: unknown, t: RuntimeContext): void {
    const { emitted, topics } = this.#outlets;
    const outlet = topic === undefined ? emitted : topics.get(topic.name);
    if (outlet === undefined) throw unknownTopic(topic as Topic<never>, named(t));
    t.release(outlet, value);
  }

  /** What its parts see of it. */
  #runner(): Runner {
    return {
      ctx: this.#ctx,
      outlets: this.#outlets,
      supervision: this.#supervision,
      event: this.onNext,
      message: (message, behavior, t) => {
        this.#message(message, behavior, t);
      },
      become: (next, message, t) => {
        this.#become(next, message, t);
      },
      changeTo: (next, message, t) => {
        this.#changeTo(next, message, t);
      },
      unstash: (t) => {
        this.stashing.unstash(t);
      },
      failed: (error, message, t, what) => {
        this.#failing.failed(error, message, t, what);
      },
    };
  }
}
