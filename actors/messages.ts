/** What travels through the cycle beside the messages of users. */
import type { Key } from '../src/index.ts';
import { checkBehavior, type Behavior } from './behavior.ts';
import { ActorRef, checkRef } from './ref.ts';
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

/** The creation of an actor. */
export class ActorCreate<in M = never> extends Control {
  readonly kind = 'create' as const;
  readonly ref: ActorRef<never>;
  readonly behavior: Behavior<never>;
  /** The actor that it stops with. */
  readonly parent: Key | undefined;

  constructor(ref: ActorRef<M>, behavior: Behavior<M>, parent?: Key) {
    super();
    checkRef(ref, 'ActorCreate', 'graph/bad-argument');
    checkBehavior(behavior, 'ActorCreate');
    this.ref = ref;
    this.behavior = behavior;
    this.parent = parent;
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

  constructor(child: Key) {
    super();
    this.child = child;
  }
}

export class Watch extends Control {
  readonly kind = 'watch' as const;
  readonly watcher: Key;

  constructor(watcher: Key) {
    super();
    this.watcher = watcher;
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

  constructor(key: Key) {
    super();
    this.ref = new ActorRef<never>(key);
  }
}

export type AnyControl =
  | ActorSend
  | ActorCreate
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

/** What is released to have an effect carried out. */
export interface EffectCall {
  readonly id: number;
  readonly effect: string;
  readonly args: unknown;
  readonly ref: ActorRef<never>;
  readonly as: object;
}

/** A message that could not be handled, and why. */
export interface ActorDeadLetter {
  /** For whom it was. */
  readonly ref: ActorRef<never>;
  /** The message; or, if `what` says so, the behavior that could not begin, or the signal that could not be handled. */
  readonly message: unknown;
  readonly what?: 'creation' | 'signal';
  readonly reason: 'stopped' | 'unknown' | 'unhandled' | 'failed' | 'nameTaken' | 'stashFull' | 'late';
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
    case 'portal':
      return { key, value: message };
  }
}
