/** The timers that actors set, replace and cancel by key. */
import type { Key } from '../src/index.ts';
import type { Behavior } from './behavior.ts';
import { nextCron } from './cron.ts';
import { extend, nextNumber, timersOf, type RuntimeContext } from './kept.ts';
import type { NewTimer } from './live.ts';
import type { Runner } from './runner.ts';
import { nextFixedRate } from './timers.ts';

/** A timer that is due, unless it was set anew meanwhile. */
export interface TimerDue {
  readonly timer: Key;
  readonly number: number;
}

export class Timing {
  readonly #runner: Runner;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  set(key: Key, entry: NewTimer, t: RuntimeContext): void {
    this.cancel(key, t);
    const number = nextNumber(t);
    const due: TimerDue = { timer: key, number };
    const { timer } = t.after(Math.max(0, entry.dueMs - t.nowMs), due);
    timersOf.set(t, key, { ...entry, id: timer, number });
    extend({ timed: true }, t);
  }

  cancel(key: Key, t: RuntimeContext): void {
    const entry = timersOf.get(t, key);
    if (entry === undefined) return;
    t.cancel({ timer: entry.id });
    timersOf.delete(t, key);
  }

  cancelAll(t: RuntimeContext): void {
    for (const [key] of timersOf.entries(t)) this.cancel(key, t);
  }

  has(key: Key, t: RuntimeContext): boolean {
    return timersOf.has(t, key);
  }

  fired(key: Key, number: number, behavior: Behavior<never>, t: RuntimeContext): void {
    const entry = timersOf.get(t, key);
    if (entry === undefined || entry.number !== number) return;
    if (entry.kind === 'single') timersOf.delete(t, key);
    else {
      const due =
        entry.kind === 'fixedDelay'
          ? t.nowMs + entry.periodMs
          : entry.kind === 'fixedRate'
            ? nextFixedRate(entry.dueMs, entry.periodMs, t.nowMs)
            : nextCron(entry.cron, t.nowMs);
      const { timer } = t.after(due - t.nowMs, { timer: key, number } satisfies TimerDue);
      timersOf.set(t, key, { ...entry, dueMs: due, id: timer });
    }
    t.keep();
    this.#runner.message(entry.message, behavior, t);
  }
}
