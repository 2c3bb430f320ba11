/**
 * The door: how messages from outside get in. What they have to fit is the schema of the behavior that the actor was created
 * with; who does not know it knocks, and the actor says so (`knocks.ts`).
 *
 * D2. What one caller sends to one actor enters in order, however long each check takes.
 * D3. A message that does not fit is refused where it was sent.
 */
import { PorticoError, type Key, type Once } from '../src/index.ts';
import type { Behavior, SchemaIssue, StandardSchema } from './behavior.ts';
import { someHaveSchemas } from './behaviors.ts';
import { ActorSend, FromOutside, Knock, routed } from './messages.ts';
import { ActorRef } from './ref.ts';
import type { Waiters } from './waiters.ts';

/** The behavior that an actor was created with, if that has a schema. */
interface Origin {
  readonly behavior: Behavior<never> | undefined;
}

/** Nothing is checked. */
const FREE: Origin = { behavior: undefined };

export class Door {
  readonly #put: (send: ActorSend, once?: Once) => Promise<void>;
  readonly #waiters: Waiters;
  /** What actors were created with, as far as that is known. A name may have another holder by now. */
  readonly #origins = new WeakMap<ActorRef<never>, Origin>();
  /** The last message for each actor that is still on its way in. */
  readonly #last = new Map<Key, Promise<void>>();
  /** How many messages are on their way in, and it is known what they have to fit. */
  #entering = 0;

  constructor(put: (send: ActorSend, once?: Once) => Promise<void>, waiters: Waiters) {
    this.#put = put;
    this.#waiters = waiters;
  }

  /** Remembers what an actor was created with. */
  created(ref: ActorRef<never>, behavior: Behavior<never>): void {
    if (someHaveSchemas() && !isName(ref)) this.#origins.set(ref, { behavior });
  }

  /** Resolves once a message has entered or was refused that is only being checked; undefined if there is none. */
  next(): Promise<void> | undefined {
    return this.#entering > 0 ? Promise.race(this.#last.values()) : undefined;
  }

  /** Lets a message in, unless it does not fit, or has entered under this key before. */
  admit(ref: ActorRef<never>, message: unknown, once?: Once): Promise<void> {
    const send = new ActorSend(ref, message as never);
    const before = this.#last.size === 0 ? undefined : this.#last.get(ref.id);
    const origin = this.#originOf(ref);
    const isFree = before === undefined && origin !== undefined && schemaOf(origin) === undefined;
    return isFree ? this.#put(send, once) : this.#inTurn(send, once, origin, before);
  }

  async #inTurn(
    send: ActorSend,
    once: Once | undefined,
    origin: Origin | undefined,
    before: Promise<void> | undefined,
  ): Promise<void> {
    const { id } = send.ref;
    const entering = this.#enter(send, once, origin, before);
    const last = entering.catch(() => {
      // Whoever sent it is told; the next one only has to wait.
    });
    this.#last.set(id, last);
    await last;
    if (this.#last.get(id) === last) this.#last.delete(id);
    await entering;
  }

  async #enter(
    send: ActorSend,
    once: Once | undefined,
    known: Origin | undefined,
    before: Promise<void> | undefined,
  ): Promise<void> {
    const { ref } = send;
    let origin = known;
    if (origin !== undefined) this.#entering++;
    else {
      origin = { behavior: await this.#knock(ref) };
      if (!isName(ref)) this.#origins.set(ref, origin);
    }
    try {
      const seen = ref.via?.kind === 'as' ? routed(ref, send.message).value : send.message;
      const result = await schemaOf(origin)?.['~standard'].validate(seen);
      // D2.
      await before;
      const [issue] = result?.issues ?? [];
      // D3.
      if (issue !== undefined) throw misfit(ref, issue);
      await this.#put(known === undefined && isName(ref) ? inName(send, origin.behavior) : send, once);
    } finally {
      this.#entering--;
    }
  }

  /** Undefined if the actor has to be asked. */
  #originOf(ref: ActorRef<never>): Origin | undefined {
    if (!someHaveSchemas()) return FREE;
    switch (ref.via?.kind) {
      case undefined:
      case 'as':
        return this.#origins.get(ref);
      case 'entity':
        return { behavior: ref.via.behavior as Behavior<never> };
      // These are not actors; and the reply to an ask is only a part of a message of the actor's own.
      case 'ask':
      case 'outside':
      case 'answer':
      case 'portal':
        return FREE;
    }
  }

  /** Asks an actor what messages from outside have to fit. */
  #knock(ref: ActorRef<never>): Promise<Behavior<never> | undefined> {
    return new Promise((resolve, reject) => {
      const answered = (behavior: unknown): void => {
        this.#entering++;
        resolve(behavior as Behavior<never> | undefined);
      };
      const waiter = this.#waiters.add({ from: String(ref), resolve: answered, reject });
      this.#put(toKey(ref.id, new Knock(waiter))).catch((error: unknown) => {
        this.#waiters.reject(waiter, error as PorticoError);
      });
    });
  }
}

/** Whether it means whoever has that name. */
export function isName({ id, via }: ActorRef<never>): boolean {
  return typeof id !== 'number' && via?.kind !== 'entity';
}

/** A message for whoever has the name when it arrives. */
function inName(send: ActorSend, fits: Behavior<never> | undefined): ActorSend {
  return toKey(send.ref.id, new FromOutside(send, fits));
}

/** What is for the runtime itself, under the key of an actor. */
function toKey(id: Key, control: Knock | FromOutside): ActorSend {
  return new ActorSend(new ActorRef<never>(id), control as never);
}

function schemaOf({ behavior }: Origin): StandardSchema | undefined {
  return behavior?.definition?.schema;
}

function misfit(ref: ActorRef<never>, { message, path = [] }: SchemaIssue): PorticoError {
  const at = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return new PorticoError({
    code: 'actor/bad-message',
    where: String(ref),
    what: `the message does not fit${at === '' ? '' : ` at ${at}`}: ${message}`,
    cure: 'Send what the schema of its behavior allows',
  });
}
