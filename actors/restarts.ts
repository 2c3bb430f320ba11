/** Actors that are to begin again: whether they may, when, and what waits for them meanwhile. */
import type { Behavior } from './behavior.ts';
import { restartAllowed, waitBefore } from './extras.ts';
import {
  backingOff,
  behaviorOf,
  extend,
  extrasOf,
  named,
  nextNumber,
  wait,
  waitingOf,
  type RuntimeContext,
} from './kept.ts';
import type { Supervision } from './supervise.ts';
import { words, type Undelivered } from './undelivered.ts';

/** The timer after which an actor begins again. */
export interface RestartDue {
  readonly restart: number;
}

/** The restarts that count, if one more is allowed. */
export function counted(
  supervision: Extract<Supervision, { on: 'restart' }>,
  error: unknown,
  t: RuntimeContext,
): readonly number[] | undefined {
  const restarts = restartAllowed(extrasOf.get(t)?.restarts ?? [], supervision, t.nowMs);
  t.log.warn(`${named(t)} failed and ${restarts === undefined ? 'stops' : 'begins again'}: ${words(error)}`);
  return restarts;
}

/** Has an actor begin again with `initial` after a while. */
export function backOff(
  supervision: Extract<Supervision, { on: 'backoff' }>,
  initial: Behavior<never>,
  error: unknown,
  t: RuntimeContext,
): void {
  const backoff = waitBefore(
    extrasOf.get(t)?.backoff,
    supervision,
    t.nowMs,
    () => t.random(JITTER_STEPS) / JITTER_STEPS,
  );
  t.log.warn(`${named(t)} failed and begins again in ${backoff.waitMs} ms: ${words(error)}`);
  const number = nextNumber(t);
  const { timer } = t.after(backoff.waitMs, { restart: number } satisfies RestartDue);
  extend({ backoff, initial, restart: { number, timer } }, t);
  behaviorOf.set(t, backingOff);
}

/** A message for an actor that is to begin again. */
export function waitForRestart(
  message: unknown,
  byDefault: Supervision,
  undelivered: Undelivered,
  t: RuntimeContext,
): void {
  const supervision = extrasOf.get(t)?.supervision ?? byDefault;
  const most = supervision.on === 'backoff' ? supervision.stash : Infinity;
  if (waitingOf.size(t) >= most) undelivered.deadLetter(message, 'stashFull', t);
  else wait(message, t);
}

const JITTER_STEPS = 1_000;
