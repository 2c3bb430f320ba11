/** The dead letters of actors: messages that nobody handled, with the reason, until someone decides. */
import { PorticoError } from '../src/index.ts';
import type { ActorDeadLetter } from './messages.ts';

/** A message that was not handled. */
export interface DeadMessage extends ActorDeadLetter {
  /** By which it is sent again or forgotten. */
  readonly id: number;
}

/** What was set aside, and what to do with it. */
export interface ActorDeadLetterBox {
  /** All that are kept, the oldest first. */
  list(): DeadMessage[];
  /** How many there were since the start; the oldest are forgotten beyond the limit. */
  readonly count: number;
  /** Sends the message again to whom it was for. */
  resend(id: number): Promise<void>;
  /** Forgets it for good. */
  discard(id: number): void;
}

/** What the box needs of the system. */
export interface LetterKeeper {
  /** Sends a letter again, to whom it was for. If the system keeps it, it is done with: however it ends, it is sent once. */
  resend(letter: DeadMessage): Promise<void>;
  /** A letter that the system keeps is done with. */
  settle(id: number): void;
}

export class ActorDeadLetters implements ActorDeadLetterBox {
  readonly #letters = new Map<number, DeadMessage>();
  readonly #limit: number;
  readonly #keeper: LetterKeeper;
  /** The youngest number of a letter that came from the system. */
  #last = 0;
  /** Letters that were written here have numbers below zero: nobody else keeps them. */
  #own = 0;

  constructor(limit: number, keeper: LetterKeeper) {
    this.#limit = limit;
    this.#keeper = keeper;
  }

  get count(): number {
    return this.#last + this.#own;
  }

  /** One that the system keeps until it is done with. */
  add(letter: ActorDeadLetter, id: number): void {
    this.#last = Math.max(this.#last, id);
    this.#put({ ...letter, id });
  }

  /** One that was found here. */
  addOwn(letter: ActorDeadLetter): void {
    this.#put({ ...letter, id: -++this.#own });
  }

  #put(letter: DeadMessage): void {
    this.#letters.set(letter.id, letter);
    if (this.#letters.size <= this.#limit) return;
    const [oldest] = this.#letters.keys();
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(id: number): void {
    this.#letters.delete(id);
    if (id > 0) this.#keeper.settle(id);
  }

  list(): DeadMessage[] {
    return [...this.#letters.values()];
  }

  async resend(id: number): Promise<void> {
    const letter = this.#known(id);
    if (letter.what === 'unstorable') throw gone(letter);
    this.#letters.delete(id);
    try {
      await this.#keeper.resend(letter);
    } catch (error) {
      this.#letters.set(id, letter);
      throw error;
    }
  }

  discard(id: number): void {
    this.#known(id);
    this.#forget(id);
  }

  #known(id: number): DeadMessage {
    const letter = this.#letters.get(id);
    if (letter !== undefined) return letter;
    throw unknownLetter(id);
  }
}

export function unknownLetter(id: number): PorticoError {
  return new PorticoError({
    code: 'deadletter/unknown',
    where: `dead letter ${id}`,
    what: 'there is no such dead letter',
    cure: 'list() says which there are',
  });
}

function gone({ id, message }: DeadMessage): PorticoError {
  return new PorticoError({
    code: 'codec/unsupported',
    where: `dead letter ${id}`,
    what: `there are only words left of the message, which could not be stored: ${String(message)}`,
    cure: 'Discard it, and have it sent as data',
  });
}
