/** Where actors release what is for others than actors. */
import type { Egress } from '../src/index.ts';
import type { ActorDeadLetter, EffectCall, OutsideReply } from './messages.ts';

/** The ways out of a workflow of actors. */
export interface Outlets {
  /** Replies for those outside who asked. */
  readonly outside: Egress<OutsideReply>;
  /** Effects that are to be carried out. */
  readonly effects: Egress<EffectCall>;
  /** Messages that nobody handled. */
  readonly deadLetters: Egress<ActorDeadLetter>;
  /** What actors emit without a topic. */
  readonly emitted: Egress<unknown>;
  /** What they emit under each topic. */
  readonly topics: ReadonlyMap<string, Egress<unknown>>;
}
