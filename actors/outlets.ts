/** Where actors release what is for others than actors. */
import type { Egress } from '../src/index.ts';
import type { RuntimeContext } from './kept.ts';
import type { ActorDeadLetter, Answer, EffectCall, Outcome, OutsideReply } from './messages.ts';
import type { Via } from './ref.ts';

/** The ways out of a workflow of actors. */
export interface Outlets {
  /** Replies for those outside who asked. */
  readonly outside: Egress<OutsideReply>;
  /** Answers to asks with an idempotency key. */
  readonly answers: Egress<Answer>;
  /** Effects that are to be carried out. */
  readonly effects: Egress<EffectCall>;
  /** Messages that nobody handled. */
  readonly deadLetters: Egress<ActorDeadLetter>;
  /** What actors emit without a topic. */
  readonly emitted: Egress<unknown>;
  /** What they emit under each topic. */
  readonly topics: ReadonlyMap<string, Egress<unknown>>;
}

/** Somebody outside who waits. */
export type Outside = Extract<Via, { readonly kind: 'outside' | 'answer' }>;

export function isOutside(via: Via | undefined): via is Outside {
  return via?.kind === 'outside' || via?.kind === 'answer';
}

/** Tells somebody outside what came of an ask. */
export function tellOutside(via: Outside, outcome: Outcome, outlets: Outlets, t: RuntimeContext): void {
  if (via.kind === 'outside') t.release(outlets.outside, { waiter: via.waiter, outcome });
  else t.release(outlets.answers, { key: via.key, outcome });
}
