/** Signals: what the runtime tells an actor beside its messages. */
import type { ActorRef } from './ref.ts';

/** A watched actor has stopped. */
export interface Terminated {
  readonly signal: 'terminated';
  readonly ref: ActorRef<never>;
}

/** The actor itself has stopped, and its children before it. What it sends now still leaves. */
export interface PostStop {
  readonly signal: 'postStop';
}

/** The actor is about to be restarted by its supervision. */
export interface PreRestart {
  readonly signal: 'preRestart';
}

/** All of them; told apart by `signal`. */
export type Signal = Terminated | PostStop | PreRestart;
