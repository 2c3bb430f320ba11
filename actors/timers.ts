/** The timers of actors as data. */
import type { Cron } from './cron.ts';

/** A timer that an actor has set. */
export type TimerEntry = {
  /** The number of the task's timer behind it. */
  readonly id: number;
  /** Tells it from an earlier one of the same key that may be on its way. */
  readonly number: number;
  readonly message: unknown;
  readonly dueMs: number;
} & (
  | { readonly kind: 'single' }
  | { readonly kind: 'fixedDelay'; readonly periodMs: number }
  | { readonly kind: 'fixedRate'; readonly periodMs: number }
  | { readonly kind: 'cron'; readonly cron: Cron }
);

/** The next time in the rhythm that began at `dueMs` and is not over yet. */
export function nextFixedRate(dueMs: number, periodMs: number, nowMs: number): number {
  const missed = Math.floor((nowMs - dueMs) / periodMs);
  return dueMs + (Math.max(0, missed) + 1) * periodMs;
}
