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

export class ActorDeadLetters implements ActorDeadLetterBox {
  readonly #letters = new Map<number, DeadMessage>();
  readonly #limit: number;
  readonly #send: (letter: DeadMessage) => Promise<void>;
  count = 0;

  constructor(limit: number, send: (letter: DeadMessage) => Promise<void>) {
    this.#limit = limit;
    this.#send = send;
  }

  add(letter: ActorDeadLetter): void {
    const id = ++this.count;
    this.#letters.set(id, { ...letter, id });
    if (this.#letters.size <= this.#limit) return;
    const [oldest] = this.#letters.keys();
    if (oldest !== undefined) this.#letters.delete(oldest);
  }

  list(): DeadMessage[] {
    return [...this.#letters.values()];
  }

  async resend(id: number): Promise<void> {
    const letter = this.#take(id);
    try {
      await this.#send(letter);
    } catch (error) {
      this.#letters.set(id, letter);
      throw error;
    }
  }

  discard(id: number): void {
    this.#take(id);
  }

  #take(id: number): DeadMessage {
    const letter = this.#letters.get(id);
    if (letter !== undefined) {
      this.#letters.delete(id);
      return letter;
    }
    throw new PorticoError({
      code: 'deadletter/unknown',
      where: `dead letter ${id}`,
      what: 'there is no such dead letter',
      cure: 'list() says which there are',
    });
  }
}
