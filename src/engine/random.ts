/** The seeded generator of a partition. Its state is one number, so it can be part of what is committed. */
import type { Effect } from './turn.ts';

export class Random {
  #state: number;

  constructor(seed: number) {
    // Mixed, because seeds are often small and zero would stay zero.
    let mixed = (seed ^ 0x9e37_79b9) | 0;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    this.#state = (mixed ^ (mixed >>> 16)) | 0 || 1;
  }

  /** All that the next numbers depend on. */
  get state(): number {
    return this.#state;
  }

  set state(state: number) {
    this.#state = state;
  }

  /** A number from 0 up to but not including `bound`. */
  below(bound: number): number {
    let s = this.#state;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.#state = s;
    return (((s >>> 0) * bound) / 0x1_0000_0000) | 0;
  }
}

/** A draw within a turn: undone with it, so that a turn that fails changes no later choice. */
export class Draw implements Effect {
  readonly #random: Random;
  readonly #before: number;

  constructor(random: Random) {
    this.#random = random;
    this.#before = random.state;
  }

  apply(): void {
    // It was drawn already.
  }

  undo(): void {
    this.#random.state = this.#before;
  }
}
