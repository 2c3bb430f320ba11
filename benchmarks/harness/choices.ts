/** Numbers that look like chance and are the same in each run and for each contender. */

/** Gives numbers from 0 up to but not including a bound. */
export class Choices {
  #state: number;

  constructor(seed: number) {
    this.#state = next(seed + 1);
  }

  below(bound: number): number {
    this.#state = next(this.#state);
    // The lower bits of such a sequence repeat soon.
    return (this.#state >>> 8) % bound;
  }
}

function next(state: number): number {
  return (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
}
