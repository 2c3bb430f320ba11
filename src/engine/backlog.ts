/**
 * The backlog of a partition: how much was made and has not been taken yet, and what that means for who makes more (G9).
 *
 * J1. It counts the events of all atoms that wait in streams, and the values that wait at egresses until somebody is done with
 *     them. What a retained stream keeps is the past, and does not count.
 * J2. From a quarter of the limit on it is crowded, until half of that is done. Then the door is narrow: one atom may wait at each
 *     ingress, and what is inside goes first. If most of what waits does so for those outside, who read it or are done with it
 *     when they like, the door is shut.
 * J3. At the limit no turn sends more than it takes: the second event that it sends is refused, and so what waits cannot grow.
 * J4. At twice the limit no atom gives anything any more: only a graph can come there that makes several atoms of one.
 */
import { PorticoError } from '../errors.ts';

/** How much may wait if nothing is said: some hundred megabytes of small messages. */
export const BACKLOG_LIMIT = 4_000_000;

/** Twice as much is still a small number to the engine of JavaScript: these are looked at for each atom. */
export const MOST = 0x3fff_ffff;

export class Backlog {
  /** J1. */
  events = 0;
  readonly limit: number;
  /** More than this, together with what an atom gives, are too many whatever makes them (J4). */
  readonly most: number;
  /** Whether what comes from outside has to wait (J2). Only `look` writes it. */
  crowded = false;
  /** Whether nothing may come from outside. */
  shut = false;
  /** What those are told who send too much; one error each, because there can be millions of such turns. */
  #refusals = new Map<string, PorticoError>();

  constructor(limit: number) {
    this.limit = Math.min(limit, MOST);
    this.most = 2 * this.limit;
  }

  /** How many events may be made now. */
  get room(): number {
    return this.limit - this.events;
  }

  /** Whether there is so much that it is crowded, or still is. */
  get over(): boolean {
    return this.events >= (this.crowded ? this.limit / 8 : this.limit / 4);
  }

  /** J2. Between steps. Returns whether that has changed. */
  look(): boolean {
    const { crowded } = this;
    this.crowded = this.over;
    if (!this.crowded) this.#refusals.clear();
    return crowded !== this.crowded;
  }

  /** J3. Always the same error for the same task, until it is not crowded any more. */
  refusal(where: string): PorticoError {
    let refusal = this.#refusals.get(where);
    if (refusal === undefined) {
      const what = `${this.limit} events wait already, and then no turn may send more than it takes`;
      const cure =
        'Let what is sent come to rest; send less at a time; or let more wait with backlogLimit, if there is memory for it';
      refusal = new PorticoError({ code: 'backlog/full', where, what, cure });
      this.#refusals.set(where, refusal);
    }
    return refusal;
  }
}
