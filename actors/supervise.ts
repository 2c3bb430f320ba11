/** Supervision: what happens with an actor whose turn fails. The turn itself is undone in every case. */

/** What happens after a turn of the actor has failed and was undone. */
export type Supervision =
  /** The message is set aside as a dead letter; the actor goes on as it was. */
  | { readonly on: 'quarantine' }
  /** The message is dropped, with a line in the log; the actor goes on as it was. */
  | { readonly on: 'resume' }
  /** The actor begins again with the behavior that it was created with. */
  | {
      readonly on: 'restart';
      readonly limit: number;
      readonly withinMs: number;
      readonly stopChildren: boolean;
    }
  /** The actor stops. */
  | { readonly on: 'stop' }
  /** The actor begins again after a while, which grows with each failure; messages wait meanwhile. */
  | {
      readonly on: 'backoff';
      readonly minMs: number;
      readonly maxMs: number;
      readonly jitter: number;
      readonly resetMs: number;
      readonly stash: number;
    };

/** Sets the message aside as a dead letter and goes on as before. The default. */
export const quarantine: Supervision = { on: 'quarantine' };

/** Drops the message and goes on as before. */
export const resume: Supervision = { on: 'resume' };

/** Stops the actor. */
export const stop: Supervision = { on: 'stop' };

/** Begins again with the first behavior; stops after `limit` restarts within `withinMs`. */
export function restart(
  options: { readonly limit?: number; readonly withinMs?: number; readonly stopChildren?: boolean } = {},
): Supervision {
  const { limit = Infinity, withinMs = Infinity, stopChildren = true } = options;
  return { on: 'restart', limit, withinMs, stopChildren };
}

/** Begins again after a while: `minMs` first, twice as long each time, at most `maxMs`, plus up to `jitter` of it. */
export function backoff(options: {
  /** The first wait. */
  readonly minMs: number;
  /** The longest wait. */
  readonly maxMs: number;
  /** The share of a wait that is added to it at most, by lot. 0 if not given. */
  readonly jitter?: number;
  /** How long it has to go well before the next wait is `minMs` again. `minMs` if not given. */
  readonly resetMs?: number;
  /** How many messages may wait meanwhile; the rest are dead letters. 1,000 if not given. */
  readonly stash?: number;
}): Supervision {
  const { minMs, maxMs, jitter = 0, resetMs = minMs, stash = 1_000 } = options;
  return { on: 'backoff', minMs, maxMs, jitter, resetMs, stash };
}
