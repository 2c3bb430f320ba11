/** What the parts of the runtime share, and what each may have done in the turn that runs. */
import type { Behavior } from './behavior.ts';
import type { RuntimeContext } from './kept.ts';
import type { LiveContext } from './live.ts';
import type { Outlets } from './outlets.ts';
import type { Supervision } from './supervise.ts';

/** The middle of the runtime, as its parts see it. */
export interface Runner {
  readonly ctx: LiveContext;
  readonly outlets: Outlets;
  /** For actors that have none of their own. */
  readonly supervision: Supervision;
  /** One event, as if it came now. */
  event(value: unknown, t: RuntimeContext): void;
  /** A message for the actor with this behavior. */
  message(message: unknown, behavior: Behavior<never>, t: RuntimeContext): void;
  /** What a handler returned holds from now on, and what it unstashed is handled. */
  become(next: Behavior<never>, message: unknown, t: RuntimeContext): void;
  /** What a handler returned holds from now on. */
  changeTo(next: Behavior<never>, message: unknown, t: RuntimeContext): void;
  /** Handles what was stashed, if the turn has asked for that. */
  unstash(t: RuntimeContext): void;
  /** Undoes the turn; supervision decides in its place. */
  failed(error: unknown, message: unknown, t: RuntimeContext, what?: 'signal'): void;
}
