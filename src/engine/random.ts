/** The seeded generator of a partition. Its state is one number, so it can be part of what is committed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Mixed, because seeds are often small and zero would stay zero.
    let mixed = (seed ^ 0x9e37_79b9) | 0;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    this.#state = (mixed ^ (mixed >>> 16)) | 0 || 1;
  }

  /** A number from 0 up to but not including `bound`. */
  below(bound: number): number {
    let s = this.#state;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.#state = s;
    return ((s >>> 0) * bound) / 0x1_0000_0000 | 0;
  }
}
