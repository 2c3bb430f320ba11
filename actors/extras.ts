/** What an actor has beside its behavior, and most have not. */
import type { Behavior } from './behavior.ts';
import type { Birth } from './messages.ts';
import type { Supervision } from './supervise.ts';

/** All of it is optional; an actor without any of it has none of this. */
export interface Extras {
  /** Its parent, and what tells it from that one's other children. */
  readonly birth?: Birth;
  /** It is an entity of this kind. */
  readonly entity?: Behavior<never>;
  /** What it was created with, if that has a schema: messages from outside have to fit it. */
  readonly checks?: Behavior<never>;
  readonly supervision?: Supervision;
  /** What it was created with, kept for restarts. */
  readonly initial?: Behavior<never> | undefined;
  /** What it did before it began to stop. */
  readonly last?: Behavior<never> | undefined;
  /** When it was restarted, as far as it counts. */
  readonly restarts?: readonly number[];
  readonly backoff?: Backoff;
  /** The timer after which it begins again. */
  readonly restart?: { readonly number: number; readonly timer: number } | undefined;
  // Whether it has ever had any: only then is there something to clean up.
  readonly parental?: boolean;
  readonly watched?: boolean;
  readonly watching?: boolean;
  readonly asking?: boolean;
  readonly timed?: boolean;
  readonly stashing?: boolean;
  readonly waited?: boolean;
  /** It stands for somebody outside, and ends with the run. */
  readonly visitor?: boolean;
  /** Its behavior was not known to the program, and messages wait since then. */
  readonly unknown?: boolean | undefined;
}

/** The last wait before a restart. */
export interface Backoff {
  readonly failures: number;
  readonly waitMs: number;
  /** When the restart is due. */
  readonly untilMs: number;
}

/** The restarts that count from now on, this one among them; undefined if it is one too many. */
export function restartAllowed(
  before: readonly number[],
  { limit, withinMs }: Extract<Supervision, { on: 'restart' }>,
  nowMs: number,
): readonly number[] | undefined {
  const counting = before.filter((at) => nowMs - at < withinMs);
  // Without a limit nothing needs to be counted.
  if (limit === Infinity) return [];
  return counting.length < limit ? [...counting, nowMs] : undefined;
}

/** How long to wait before the next restart. */
export function waitBefore(
  before: Backoff | undefined,
  { minMs, maxMs, jitter, resetMs }: Extract<Supervision, { on: 'backoff' }>,
  nowMs: number,
  share: () => number,
): Backoff {
  const wentWell = before !== undefined && nowMs - before.untilMs >= resetMs;
  const failures = before === undefined || wentWell ? 1 : before.failures + 1;
  const plain = Math.min(maxMs, minMs * 2 ** (failures - 1));
  const waitMs = Math.round(plain * (1 + jitter * share()));
  return { failures, waitMs, untilMs: nowMs + waitMs };
}
