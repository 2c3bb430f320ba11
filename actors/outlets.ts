/** Where actors release what is for others than actors. */
import type { Egress } from '../src/index.ts';
import type { RuntimeContext } from './kept.ts';
import {
  ActorSend,
  Control,
  FromOutside,
  ToEntity,
  type ActorDeadLetter,
  type Answer,
  type EffectCall,
  type Outcome,
  type OutsideReply,
} from './messages.ts';
import { ActorRef, type Via } from './ref.ts';

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

/** What of an event is the same when it is sent again: not who waits outside for the answer. */
export function sameAgain(value: unknown): unknown {
  if (value instanceof FromOutside) return sameAgain(value.send);
  if (value instanceof ActorSend || value instanceof ToEntity) return sameAgain(value.message);
  if (typeof value !== 'object' || value === null || value instanceof Control) return value;
  const { replyTo } = value as { readonly replyTo?: unknown };
  return replyTo instanceof ActorRef && isOutside(replyTo.via) ? { ...value, replyTo: undefined } : value;
}
