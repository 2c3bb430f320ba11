/** Asks within the system: an actor's own message comes back to it, with the reply or the failure. */
import { continuation, PorticoError, type AskerContext, type Continuation, type Key } from '../src/index.ts';
import type { Behavior } from './behavior.ts';
import { asksOf, behaviorOf, extend, nextNumber, type RuntimeContext } from './kept.ts';
import type { Failure, Outcome } from './messages.ts';
import { ActorRef } from './ref.ts';
import type { Runner } from './runner.ts';
import { words } from './undelivered.ts';

/** The timer after which an ask has failed. */
export interface AskTimeout {
  readonly askTimeout: number;
}

export class Asking {
  readonly #runner: Runner;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  /** The request as it is sent, with the reference that the reply comes by. */
  ask(request: object, as: object, timeoutMs: number, t: RuntimeContext): object {
    const ask = nextNumber(t);
    const { timer } = t.after(timeoutMs, { askTimeout: ask } satisfies AskTimeout);
    asksOf.set(t, ask, { as, timer });
    extend({ asking: true }, t);
    return { ...request, replyTo: new ActorRef<never>(t.key as Key, { kind: 'ask', ask }) };
  }

  askPortal(
    portal: { readonly path: string },
    request: unknown,
    as: object,
    timeoutMs: number,
    t: RuntimeContext,
  ): void {
    const asker = t as AskerContext<unknown>;
    const ask = nextNumber(t);
    asksOf.set(t, ask, { as, timer: undefined });
    extend({ asking: true }, t);
    asker.await(asker.ask(portal as never, request as never, { timeoutMs }), this.portalReply, ask);
  }

  /** What became of an ask of a portal. */
  readonly portalReply: Continuation<unknown, number, unknown> = continuation<unknown, number, unknown>(
    'portico/portalReply',
    (reply, ask, t) => {
      this.settle(ask, { reply }, behaviorOf.get(t), t);
    },
    (error, ask, t) => {
      this.settle(ask, { failure: failureOf(error) }, behaviorOf.get(t), t);
    },
  );

  timedOut(ask: number, behavior: Behavior<never>, t: RuntimeContext): void {
    this.settle(ask, { failure: { code: 'ask/timeout', message: 'no reply came in time' } }, behavior, t);
  }

  settle(ask: number, outcome: Outcome, behavior: Behavior<never> | undefined, t: RuntimeContext): void {
    const asked = asksOf.get(t, ask);
    if (asked === undefined || behavior === undefined) {
      if ('reply' in outcome) this.#lateReply(ask, outcome.reply, t);
      return;
    }
    asksOf.delete(t, ask);
    if (asked.timer !== undefined) t.cancel({ timer: asked.timer });
    t.keep();
    this.#runner.message({ ...asked.as, ...outcome }, behavior, t);
  }

  /** A reply that came after its time, or after another one. */
  #lateReply(ask: number, reply: unknown, t: RuntimeContext): void {
    const ref = new ActorRef<never>(t.key as Key, { kind: 'ask', ask });
    t.release(this.#runner.outlets.deadLetters, { ref, message: reply, reason: 'late' });
  }
}

/** An error as data. */
function failureOf(error: unknown): Failure {
  if (error instanceof PorticoError) return { code: error.code, message: error.what };
  return { code: 'ask/failed', message: words(error) };
}
