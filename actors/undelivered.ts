/**
 * What becomes of messages that no actor handles, and of those who wait for a reply to them.
 *
 * W1. A dead letter never fails: of what cannot be stored there are words.
 */
import { PorticoError } from '../src/index.ts';
import { named, selfOf, type RuntimeContext } from './kept.ts';
import { AskReply, type ActorDeadLetter, type Failure } from './messages.ts';
import { isOutside, tellOutside, type Outlets } from './outlets.ts';
import { ActorRef } from './ref.ts';

export class Undelivered {
  readonly #outlets: Outlets;

  constructor(outlets: Outlets) {
    this.#outlets = outlets;
  }

  deadLetter(
    message: unknown,
    reason: ActorDeadLetter['reason'],
    t: RuntimeContext,
    more: Partial<ActorDeadLetter> = {},
  ): void {
    const ref = more.ref ?? selfOf(t);
    this.#setAside({ ref, message, reason, ...more }, t);
    const failure = {
      code: `actor/${reason}`,
      message: `${String(ref)} did not handle the request: ${reason}`,
    };
    this.tellAsker(message, 'error' in more ? { ...failure, message: words(more.error) } : failure, t);
  }

  /** W1. */
  #setAside(letter: ActorDeadLetter, t: RuntimeContext): void {
    const { deadLetters } = this.#outlets;
    const { message, error } = letter;
    if (tried(() => t.release(deadLetters, letter))) return;
    const plain = { ...letter, ...('error' in letter && { error: asData(error) }) };
    if (tried(() => t.release(deadLetters, plain))) return;
    t.release(deadLetters, { ...plain, what: 'unstorable', message: shown(message) });
  }

  /** Whoever asked learns at once that there will be no reply. */
  tellAsker(message: unknown, failure: Failure, t: RuntimeContext): void {
    if (typeof message !== 'object' || message === null || !('replyTo' in message)) return;
    const { replyTo } = message;
    if (!(replyTo instanceof ActorRef)) return;
    const { via, id } = replyTo;
    if (via?.kind === 'ask') t.emitTo(id, new AskReply(via.ask, { failure }));
    else if (isOutside(via)) tellOutside(via, { failure }, this.#outlets, t);
    else if (via?.kind === 'portal') once(() => t.refuse(via.request, askFailed(failure, named(t))));
  }
}

/** Settles a request, unless the same atom has done so already: what comes after that is late, as with every ask. */
export function once(settle: () => void): void {
  try {
    settle();
  } catch (error) {
    if (!(error instanceof PorticoError && error.code === 'portal/replied-twice')) throw error;
  }
}

/** What was thrown, in words. It may be anything. */
export function words(error: unknown): string {
  try {
    return error instanceof Error ? String((error as { readonly message: unknown }).message) : String(error);
  } catch {
    return 'a value that cannot be printed';
  }
}

/** What was thrown, as an error that can be stored. */
function asData(error: unknown): Error {
  const data = new Error(words(error));
  if (error instanceof PorticoError) data.name = error.code;
  return data;
}

/** A message that cannot be stored. */
function shown(message: unknown): string {
  try {
    // There is none of a function.
    const json = JSON.stringify(message) as string | undefined;
    return json ?? words(message);
  } catch {
    return words(message);
  }
}

/** Whether it could be stored. */
function tried(release: () => void): boolean {
  try {
    release();
    return true;
  } catch (error) {
    if (error instanceof PorticoError && error.code.startsWith('codec/')) return false;
    throw error;
  }
}

/** Data as an error. */
function askFailed({ code, message }: Failure, where: string): PorticoError {
  const what = `there is no reply [${code}]: ${message}`;
  const cure = 'Look at the dead letters for the message and its cause';
  return new PorticoError({ code: 'ask/failed', where, what, cure });
}
