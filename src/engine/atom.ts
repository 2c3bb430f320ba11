/**
 * Atoms: finite batches of events, the unit of transaction, as structs of arrays.
 *
 * A1. Once an atom is appended to a stream nobody writes to it any more.
 * A2. An atom returns to the pool when the last stream has let go of it, and only then.
 */
import type { Key } from '../graph/keys.ts';

/** How an atom ends. */
export type End = typeof ATOM | typeof SEAL;
/** The end of an atom. */
export const ATOM = 0;
/** The end of the stream. */
export const SEAL = 1;

/** An error that travels downstream in place of the outputs of the event that caused it. Never leaves its workflow. */
export class Failure {
  readonly error: unknown;
  /** The path of the task that failed. */
  readonly where: string;

  constructor(error: unknown, where: string) {
    this.error = error;
    this.where = where;
  }
}

/** With how much room an atom begins when it has more events than at first. */
const LEAST = 16;
/** From here on room is doubled. */
const MANY = 0x1_0000;

/** Of one kind from the start: generic, and with holes, as arrays are whose length is set. Access to two kinds takes longer. */
function placesFor<T>(first: T): T[] {
  // oxlint-disable-next-line unicorn/no-new-array -- for the reason above
  const places = new Array<T>(2);
  places[0] = first;
  return places;
}

export class Atom {
  end: End = ATOM;
  /** How many events there are; the arrays may be longer. */
  n = 0;
  /** How many of the values are failures. */
  failures = 0;
  /** How many streams hold it. */
  holders = 0;
  readonly keys: Key[] = placesFor<Key>('');
  readonly values: unknown[] = placesFor<unknown>(undefined);

  push(key: Key, value: unknown): void {
    const n = this.n++;
    if (n === this.keys.length) this.reserve(n + 1);
    this.keys[n] = key;
    this.values[n] = value;
  }

  /**
   * Makes room for so many events. Arrays that grow as they are written to grow by half each time, and for very many events that
   * takes longer than all else that becomes of them.
   */
  reserve(events: number): void {
    if (events <= this.keys.length) return;
    let room = LEAST;
    while (room < events) room *= room < MANY ? 4 : 2;
    this.keys.length = room;
    this.values.length = room;
  }

  fail(key: Key, failure: Failure): void {
    this.push(key, failure);
    this.failures++;
  }

  /** Forgets all events, and keeps their places for others. */
  clear(): void {
    const { n, values } = this;
    for (let i = 0; i < n; i++) values[i] = undefined;
    this.n = 0;
    this.failures = 0;
    this.end = ATOM;
  }

  /** Appends all events of another atom. */
  pushAll(other: Atom): void {
    const { n, keys, values } = other;
    let at = this.n;
    this.reserve(at + n);
    for (let i = 0; i < n; i++, at++) {
      this.keys[at] = keys[i] as Key;
      this.values[at] = values[i];
    }
    this.n = at;
    this.failures += other.failures;
  }
}

/** Atoms that are not in use. */
export class AtomPool {
  readonly #free: (Atom | undefined)[] = [undefined];
  #n = 0;
  /** How many events the spare atoms have room for. */
  #room = 0;

  take(): Atom {
    if (this.#n === 0) return new Atom();
    const n = --this.#n;
    const atom = this.#free[n] as Atom;
    this.#free[n] = undefined;
    this.#room -= atom.values.length;
    return atom;
  }

  /** Forgets the values at once, so that the pool keeps nothing of the user's alive. */
  give(atom: Atom): void {
    const room = this.#room + atom.values.length;
    if (room > MOST_ROOM || this.#n === MOST_SPARE) return;
    atom.clear();
    this.#room = room;
    this.#free[this.#n++] = atom;
  }
}

/** Spare atoms with more room than this in all are left to the garbage collector. */
const MOST_ROOM = 0x8000;
/** More spare atoms than this are not kept. */
const MOST_SPARE = 256;
