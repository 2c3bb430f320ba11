/**
 * What plain JavaScript has in place of actors: a function for each, found by its number, and one queue of messages. No
 * undo, no supervision, no stash; a message for nobody is lost.
 */
import { PlainRing } from './plain.ts';

class PlainMail {
  readonly to: number;
  readonly message: unknown;

  constructor(to: number, message: unknown) {
    this.to = to;
    this.message = message;
  }
}

export class PlainActors {
  readonly #mail = new PlainRing<PlainMail>();
  readonly #actors = new Map<number, (message: unknown) => void>();
  #created = 0;

  /** Creates an actor; returns its number. The function is told it as well, to stop itself. */
  create<M>(make: (self: number) => (message: M) => void): number {
    const self = ++this.#created;
    this.#actors.set(self, make(self) as (message: unknown) => void);
    return self;
  }

  send(to: number, message: unknown): void {
    this.#mail.push(new PlainMail(to, message));
  }

  stop(actor: number): void {
    this.#actors.delete(actor);
  }

  /** How many are alive. */
  get alive(): number {
    return this.#actors.size;
  }

  /** Returns when no message is left. */
  run(): void {
    for (let mail = this.#mail.shift(); mail !== undefined; mail = this.#mail.shift()) {
      this.#actors.get(mail.to)?.(mail.message);
    }
  }
}
