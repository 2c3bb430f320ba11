/**
 * References to actors: plain data that can be sent, kept in state and printed. Two references with the same identity
 * are the same actor, whatever object holds them.
 */
import { PorticoError, type ErrorCode, type Key, type RequestId } from '../src/index.ts';

/** How a message has to be changed on its way, if the reference is not simply an actor. */
export type Via =
  /** An entity: it comes into being with this behavior when its first message arrives. */
  | { readonly kind: 'entity'; readonly behavior: object }
  /** An adapter: what is sent becomes the reply within a message of the actor's own protocol. */
  | { readonly kind: 'as'; readonly as: object }
  /** The reply to an ask of that number. */
  | { readonly kind: 'ask'; readonly ask: number }
  /** Somebody outside, who waits under this number. */
  | { readonly kind: 'outside'; readonly waiter: number }
  /** Whoever asks from outside with that idempotency key. */
  | { readonly kind: 'answer'; readonly key: string }
  /** A task that asked through the portal of the actors. */
  | { readonly kind: 'portal'; readonly request: RequestId<unknown> };

/**
 * A reference to an actor that takes messages of type `M`.
 *
 * @example
 * ```ts
 * import { behavior, receive, refEquals, same, start } from 'portico';
 *
 * const greeter = behavior('greeter', () => receive<string>((name, ctx) => (ctx.log.info(`Hello ${name}`), same)));
 * await using system = await start({ behaviors: { greeter } });
 * const one = system.create(greeter());
 * console.log(refEquals(one, one)); // true
 * ```
 */
export class ActorRef<in M> {
  /** Its identity: a number for actors that were created, a text for those that have a name or are entities. */
  readonly id: Key;
  /** @internal */
  readonly via: Via | undefined;
  /** Carries the type; never present. */
  declare readonly accepts?: (message: M) => void;

  /** @internal */
  constructor(id: Key, via?: Via) {
    this.id = id;
    this.via = via;
  }

  toString(): string {
    return `actor:${String(this.id)}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/**
 * Whether two references name the same actor, whatever objects they are.
 *
 * @example
 * ```ts
 * import { actorRef, refEquals } from 'portico';
 *
 * console.log(refEquals(actorRef('lobby'), actorRef('lobby'))); // true
 * ```
 */
export function refEquals(a: ActorRef<never>, b: ActorRef<never>): boolean {
  return a.id === b.id;
}

/** Refuses what is no reference, before it gets anywhere. */
export function checkRef(ref: unknown, where: string, code: ErrorCode): void {
  if (ref instanceof ActorRef) return;
  const what = `${ref === null ? 'null' : `a value of type ${typeof ref}`} was given where a reference to an actor is needed`;
  throw new PorticoError({ code, where, what, cure: 'Give it what create, entity or actorRef returned' });
}
