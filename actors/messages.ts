/** What travels through the cycle beside the messages of users. */
import type { Key } from '../src/index.ts';
import { checkBehavior, type Behavior } from './behavior.ts';
import { ActorRef, checkRef, type Via } from './ref.ts';
import type { Signal } from './signals.ts';

/** Everything that is not simply a message to the actor under its key. */
export abstract class Control {
  abstract readonly kind: string;
}

/** A message for an actor, as streams of other applications carry it. */
export class ActorSend<in M = never> extends Control {
  readonly kind = 'send' as const;
  readonly ref: ActorRef<never>;
  readonly message: unknown;
  declare readonly carries?: (message: M) => void;

  constructor(ref: ActorRef<M>, message: NoInfer<M>) {
    super();
    checkRef(ref, 'ActorSend', 'graph/bad-argument');
    this.ref = ref;
    this.message = message;
  }
}

/** Where a child comes from, and what tells it from the other children that had its name. */
export interface Birth {
  /** The actor that it stops with. */
  readonly parent: Key;
  /** 0 if it has no name: then its own number tells it from all others. */
  readonly number: number;
}

/** An actor has created it under a name, and it is nobody's child. */
export const BY_ACTOR = 'by an actor';

/** The creation of an actor. */
export class ActorCreate<in M = never> extends Control {
  readonly kind = 'create' as const;
  // Not the reference itself: it would have to be found, and kept, for each of very many.
  /** @internal */
  readonly id: Key;
  /** @internal */
  readonly via: Via | undefined;
  readonly behavior: Behavior<never>;
  /** @internal */
  readonly birth: Birth | typeof BY_ACTOR | undefined;

  constructor(ref: ActorRef<M>, behavior: Behavior<M>, birth?: Birth | typeof BY_ACTOR) {
    super();
    checkRef(ref, 'ActorCreate', 'graph/bad-argument');
    checkBehavior(behavior, 'ActorCreate');
    this.id = ref.id;
    this.via = ref.via;
    this.behavior = behavior;
    this.birth = birth;
  }

  get ref(): ActorRef<never> {
    return new ActorRef<never>(this.id, this.via);
  }
}

/** A number that was given out in a turn that was undone: there will be no such actor. */
export class NeverCreated extends Control {
  readonly kind = 'neverCreated' as const;
}

/** Somebody outside asks what messages from there have to fit: the schema of which behavior, if of any. */
export class Knock extends Control {
  readonly kind = 'knock' as const;
  readonly waiter: number;

  constructor(waiter: number) {
    super();
    this.waiter = waiter;
  }
}

/**
 * The system was started again. It asks how many creations have come from outside, so that numbers go on from there; and those
 * who wait for a behavior that the program did not have are looked at again, and those that stood for somebody outside stop.
 */
export class NewRun extends Control {
  readonly kind = 'newRun' as const;
  readonly waiter: number;

  constructor(waiter: number) {
    super();
    this.waiter = waiter;
  }
}

/** The program may have the behavior by now for which this actor waits. */
export class LookAgain extends Control {
  readonly kind = 'lookAgain' as const;
}

/** A new run has begun, and whoever an actor stood for outside is gone. */
export class Leave extends Control {
  readonly kind = 'leave' as const;
}

/** Somebody outside asks who waits for a behavior that the program does not have. */
export class WhoWaits extends Control {
  readonly kind = 'whoWaits' as const;
  readonly waiter: number;

  constructor(waiter: number) {
    super();
    this.waiter = waiter;
  }
}

/** A message from outside for whoever has the name; it was checked for the one who had it then. */
export class FromOutside extends Control {
  readonly kind = 'fromOutside' as const;
  readonly send: ActorSend;
  /** Whose schema it fits. */
  readonly fits: Behavior<never> | undefined;

  constructor(send: ActorSend, fits: Behavior<never> | undefined) {
    super();
    this.send = send;
    this.fits = fits;
  }
}

/** A message for an entity, which comes into being with it if it is not there. */
export class ToEntity extends Control {
  readonly kind = 'toEntity' as const;
  readonly behavior: Behavior<never>;
  readonly message: unknown;

  constructor(behavior: Behavior<never>, message: unknown) {
    super();
    this.behavior = behavior;
    this.message = message;
  }
}

/** The reply to an ask, or why there is none. */
export class AskReply extends Control {
  readonly kind = 'askReply' as const;
  readonly ask: number;
  readonly outcome: Outcome;

  constructor(ask: number, outcome: Outcome) {
    super();
    this.ask = ask;
    this.outcome = outcome;
  }
}

/** Its parent wants the actor to stop. */
export class Stop extends Control {
  readonly kind = 'stop' as const;
  readonly by: Key;

  constructor(by: Key) {
    super();
    this.by = by;
  }
}

/** A signal that is given again, because it could not be handled before. */
export class Signalled extends Control {
  readonly kind = 'signalled' as const;
  readonly signal: Signal;

  constructor(signal: Signal) {
    super();
    this.signal = signal;
  }
}

/** A child has stopped. */
export class ChildStopped extends Control {
  readonly kind = 'childStopped' as const;
  readonly child: Key;
  readonly number: number;

  constructor(child: Key, number: number) {
    super();
    this.child = child;
    this.number = number;
  }
}

/** Its number tells a watch from a later one by the same actor, or by the next one of its name. */
export class Watch extends Control {
  readonly kind = 'watch' as const;
  readonly watcher: Key;
  readonly number: number;

  constructor(watcher: Key, number: number) {
    super();
    this.watcher = watcher;
    this.number = number;
  }
}

export class Unwatch extends Control {
  readonly kind = 'unwatch' as const;
  readonly watcher: Key;

  constructor(watcher: Key) {
    super();
    this.watcher = watcher;
  }
}

/** A watched actor has stopped. */
export class WatchedStopped extends Control {
  readonly kind = 'watchedStopped' as const;
  readonly ref: ActorRef<never>;
  readonly number: number;

  constructor(key: Key, number: number) {
    super();
    this.ref = new ActorRef<never>(key);
    this.number = number;
  }
}

export type AnyControl =
  | ActorSend
  | ActorCreate
  | NeverCreated
  | Knock
  | NewRun
  | LookAgain
  | Leave
  | WhoWaits
  | FromOutside
  | ToEntity
  | AskReply
  | Signalled
  | Stop
  | ChildStopped
  | Watch
  | Unwatch
  | WatchedStopped;

/** What came of something that was waited for. */
export type Outcome = { readonly reply: unknown } | { readonly failure: Failure };

/** Why there is no reply, as data. */
export interface Failure {
  /** `ask/timeout`, `actor/stopped`, `actor/failed`, `effect/failed` and so on. */
  readonly code: string;
  /** What happened, in words. */
  readonly message: string;
}

/** What is released for somebody outside who waits for a reply. */
export interface OutsideReply {
  readonly waiter: number;
  readonly outcome: Outcome;
}

/** What is recorded as the answer to all asks from outside with one idempotency key. */
export interface Answer {
  readonly key: string;
  readonly outcome: Outcome;
}

/** What is released to have an effect carried out. */
export interface EffectCall {
  readonly id: number;
  /** What tells the store that it comes from: no other one has it. */
  readonly origin: string;
  readonly effect: string;
  readonly args: unknown;
  readonly ref: ActorRef<never>;
  readonly as: object;
}

/** A message that could not be handled, and why. */
export interface ActorDeadLetter {
  /** For whom it was. */
  readonly ref: ActorRef<never>;
  /**
   * The message; or, if `what` says so, the behavior that could not begin, the signal that could not be handled, or words for
   * a message that could not be stored.
   */
  readonly message: unknown;
  readonly what?: 'creation' | 'signal' | 'unstorable';
  readonly reason:
    'stopped' | 'unknown' | 'unhandled' | 'failed' | 'nameTaken' | 'stashFull' | 'late' | 'unchecked';
  /** What was thrown, if the reason is `failed`. */
  readonly error?: unknown;
}

/** What is sent through a reference: under which key, and as what. */
export function routed(ref: ActorRef<never>, message: unknown): { key: Key; value: unknown } {
  const { id: key, via } = ref;
  switch (via?.kind) {
    case undefined:
      return { key, value: message };
    case 'entity':
      return { key, value: new ToEntity(via.behavior as Behavior<never>, message) };
    case 'as':
      return { key, value: { ...via.as, reply: message } };
    case 'ask':
      return { key, value: new AskReply(via.ask, { reply: message }) };
    case 'outside':
    case 'answer':
    case 'portal':
      return { key, value: message };
  }
}
