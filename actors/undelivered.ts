/** What becomes of messages that no actor handles, and of those who wait for a reply to them. */
import { PorticoError } from '../src/index.ts';
import { named, selfOf, type RuntimeContext } from './kept.ts';
import { AskReply, type ActorDeadLetter, type Failure } from './messages.ts';
import type { Outlets } from './outlets.ts';
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
    t.release(this.#outlets.deadLetters, { ref, message, reason, ...more });
    const failure = {
      code: `actor/${reason}`,
      message: `${String(ref)} did not handle the request: ${reason}`,
    };
    this.tellAsker(message, 'error' in more ? { ...failure, message: words(more.error) } : failure, t);
  }

  /** Whoever asked learns at once that there will be no reply. */
  tellAsker(message: unknown, failure: Failure, t: RuntimeContext): void {
    if (typeof message !== 'object' || message === null || !('replyTo' in message)) return;
    const { replyTo } = message;
    if (!(replyTo instanceof ActorRef)) return;
    const { via, id } = replyTo;
    if (via?.kind === 'ask') t.emitTo(id, new AskReply(via.ask, { failure }));
    else if (via?.kind === 'outside')
      t.release(this.#outlets.outside, { waiter: via.waiter, outcome: { failure } });
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

export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Data as an error. */
function askFailed({ code, message }: Failure, where: string): PorticoError {
  const what = `there is no reply [${code}]: ${message}`;
  const cure = 'Look at the dead letters for the message and its cause';
  return new PorticoError({ code: 'ask/failed', where, what, cure });
}
