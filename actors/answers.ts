/**
 * Answers to asks with an idempotency key. The first attempt is the one that is asked; what comes of it is recorded, and all
 * attempts get that, in this run of the system or a later one.
 *
 * A1. An answer is recorded with the commit that made it, and kept as long as the system knows that its key has entered.
 * A2. The first answer counts. What comes after it is late, as with every ask.
 */
import type { Answer, Outcome } from './messages.ts';

/** What the answers need of the system. */
export interface AnswerKeeper {
  /** Whether the key of an ask is still remembered. */
  remembers(key: string): boolean;
  /** An answer that the system keeps is done with. */
  settle(id: number): void;
  /** Tells somebody who waits. */
  tell(waiter: number, outcome: Outcome): void;
  /** There was an answer already. */
  late(answer: Answer): void;
}

export class Answers {
  readonly #keeper: AnswerKeeper;
  readonly #recorded = new Map<string, { readonly id: number; readonly outcome: Outcome }>();
  /** Who waits for the answer to each key. */
  readonly #waiting = new Map<string, Set<number>>();

  constructor(keeper: AnswerKeeper) {
    this.#keeper = keeper;
  }

  /** Somebody waits for the answer; told at once if there is one. Returns whether there was. */
  wait(key: string, waiter: number): boolean {
    const recorded = this.#recorded.get(key);
    if (recorded !== undefined) {
      this.#keeper.tell(waiter, recorded.outcome);
      return true;
    }
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(waiter));
    return false;
  }

  /** Somebody waits no more. */
  left(key: string, waiter: number): void {
    const waiting = this.#waiting.get(key);
    if (waiting?.delete(waiter) === true && waiting.size === 0) this.#waiting.delete(key);
  }

  /** An answer was released, now or in an earlier run. */
  add(answer: Answer, id: number): void {
    const { key, outcome } = answer;
    // A1, A2.
    const isFirst = !this.#recorded.has(key);
    if (isFirst && this.#keeper.remembers(key)) this.#recorded.set(key, { id, outcome });
    else this.#keeper.settle(id);
    if (!isFirst) this.#keeper.late(answer);
    for (const waiter of this.#waiting.get(key) ?? []) this.#keeper.tell(waiter, outcome);
  }

  /** A1. */
  forget(key: string): void {
    const recorded = this.#recorded.get(key);
    this.#recorded.delete(key);
    if (recorded !== undefined) this.#keeper.settle(recorded.id);
  }
}
