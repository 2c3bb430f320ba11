/**
 * The inner side of the door: what actors say of the messages that may come to them from outside.
 *
 * D1. A message from outside is handled only by an actor whose schema it was checked against. The system checks it before it
 *     enters, against what the actor says when it knocks; a name may have another holder by the time that it arrives.
 */
import type { Behavior } from './behavior.ts';
import { extrasOf, hasStopped, wait, type RuntimeContext } from './kept.ts';
import type { FromOutside, Knock } from './messages.ts';
import type { Outlets } from './outlets.ts';
import type { Undelivered } from './undelivered.ts';

/** Says which schema messages from outside have to fit. Who is not here yet says so later. */
export function answerKnock(
  knock: Knock,
  behavior: Behavior<never> | undefined,
  outlets: Outlets,
  t: RuntimeContext,
): void {
  if (behavior === undefined && !hasStopped(t)) wait(knock, t);
  else {
    const reply = extrasOf.get(t)?.checks;
    t.release(outlets.outside, { waiter: knock.waiter, outcome: { reply } });
  }
}

/** Whether a message may be handled now. D1. */
export function mayEnter(
  message: FromOutside,
  behavior: Behavior<never> | undefined,
  undelivered: Undelivered,
  t: RuntimeContext,
): boolean {
  // Who comes may have a schema.
  if (behavior === undefined && !hasStopped(t)) wait(message, t);
  else if (extrasOf.get(t)?.checks?.definition === message.fits?.definition) return true;
  else undelivered.deadLetter(message.send.message, 'unchecked', t);
  return false;
}
