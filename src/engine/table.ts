/**
 * The cells of a task, by key. Whole numbers are what most keys are, and many of them run on: actors are numbered as they
 * come. So neighbours stand side by side here, in runs that are spread over the table; a `Map` scatters them, and at a
 * million keys nearly every look-up misses the caches of the processor.
 *
 * K1. A key stands at the first free place of its way at the time when it came; ways begin where the run of its neighbours
 *     begins, and neighbours go the same way.
 * K2. The place of a key that is gone stays on the ways of others until the table is made anew.
 * K3. At least a third of the places is free, so every way ends.
 */
import type { Key } from '../graph/keys.ts';

/** What stands in the table: it knows its key. */
interface Keyed {
  readonly key: Key;
}

export class Table<T extends Keyed> {
  #keys: Int32Array = new Int32Array(LEAST);
  /** Undefined where nothing was; `null` where something was (K2). */
  #entries: (T | undefined | null)[] = placesFor<T>(LEAST);
  #mask = LEAST - 1;
  /** How far the number of a run is moved to become the number of a place. */
  #shift = shiftOf(LEAST);
  /** How many entries there are, and how many places are or were taken. */
  #count = 0;
  #taken = 0;
  /** Those whose keys are no whole numbers of 32 bits. */
  readonly #others = new Map<Key, T>();

  get size(): number {
    return this.#count + this.#others.size;
  }

  get(key: Key): T | undefined {
    if (typeof key !== 'number' || (key | 0) !== key) return this.#others.get(key);
    const keys = this.#keys;
    const entries = this.#entries;
    const mask = this.#mask;
    const hash = Math.imul(key >> RUN, SPREAD);
    let at = ((hash >>> this.#shift) + (key & IN_RUN)) & mask;
    for (;;) {
      const entry = entries[at];
      if (entry === undefined) return undefined;
      if (keys[at] === key && entry !== null) return entry;
      at = (at + wayOf(hash)) & mask;
    }
  }

  /** Takes in an entry whose key is not there. */
  add(entry: T): void {
    const { key } = entry;
    if (typeof key !== 'number' || (key | 0) !== key) this.#others.set(key, entry);
    else {
      // K3.
      if (this.#taken * 3 > this.#mask * 2) this.#remake();
      this.#put(key, entry);
      this.#count++;
    }
  }

  /** Takes out an entry, if it is there. */
  remove(entry: T): void {
    const { key } = entry;
    if (typeof key !== 'number' || (key | 0) !== key) {
      if (this.#others.get(key) === entry) this.#others.delete(key);
      return;
    }
    const entries = this.#entries;
    const mask = this.#mask;
    const hash = Math.imul(key >> RUN, SPREAD);
    let at = ((hash >>> this.#shift) + (key & IN_RUN)) & mask;
    for (;;) {
      const there = entries[at];
      if (there === undefined) return;
      if (there === entry) break;
      at = (at + wayOf(hash)) & mask;
    }
    entries[at] = null;
    this.#count--;
    if (this.#count * 16 < mask && mask >= LEAST * 16) this.#remake();
  }

  *values(): IterableIterator<T> {
    for (const entry of this.#entries) if (entry !== undefined && entry !== null) yield entry;
    yield* this.#others.values();
  }

  #put(key: number, entry: T): void {
    const entries = this.#entries;
    const hash = Math.imul(key >> RUN, SPREAD);
    let at = ((hash >>> this.#shift) + (key & IN_RUN)) & this.#mask;
    for (;;) {
      const there = entries[at];
      if (there === undefined) {
        this.#taken++;
        break;
      }
      if (there === null) break;
      at = (at + wayOf(hash)) & this.#mask;
    }
    this.#keys[at] = key;
    entries[at] = entry;
  }

  /** As large as what is there needs, without what is gone. */
  #remake(): void {
    const old = this.#entries;
    let places = LEAST;
    while (places < this.#count * 2.5) places *= 2;
    this.#keys = new Int32Array(places);
    this.#entries = placesFor<T>(places);
    this.#mask = places - 1;
    this.#shift = shiftOf(places);
    this.#taken = 0;
    for (const entry of old) if (entry !== undefined && entry !== null) this.#put(entry.key as number, entry);
  }
}

/** `Array.from` would take a third of the time in which a million entries come. */
function placesFor<T>(places: number): (T | undefined | null)[] {
  // oxlint-disable-next-line unicorn/no-new-array -- for the reason above
  return new Array<T | undefined | null>(places).fill(undefined);
}

/** How many places lie between one try and the next: odd, so that a way leads everywhere (K1). */
function wayOf(hash: number): number {
  return (hash >>> 5) | 1;
}

/** Keys run on in runs of 64. */
const RUN = 6;
const IN_RUN = (1 << RUN) - 1;
/** Spreads numbers that follow each other over all there are: 2³² by the golden ratio. */
const SPREAD = 0x9e37_79b1;
const LEAST = 64;

/** The upper bits of a number, as many as there are places. */
function shiftOf(places: number): number {
  return Math.clz32(places) + 1;
}
