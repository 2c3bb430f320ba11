/**
 * Atomic streams and the cursors of their consumers.
 *
 * S1. Atoms are numbered in the order in which they were appended; every cursor sees them in that order, without gaps.
 * S2. An atom is kept until every cursor has passed it; if the stream is retained, until it is told to forget it as well.
 * S3. A cursor that comes late begins at the end, or at the start of a retained stream, or at any atom that this holds.
 * S4. An atom may pass through without being kept if the only reader has read all others and takes it at once: when it is
 *     offered (`offer`), or when its writer runs the reader itself (`soleReader`). It then has a holder all the same.
 */
import type { Atom, AtomPool } from './atom.ts';
import { Backlog } from './backlog.ts';

/** Who reads a stream. */
export interface Consumer {
  /** Its path, if it reads on where it was when the system starts again. */
  readonly lasting?: string;
  /** It was here before the system started, and has not come back yet. */
  readonly absent?: boolean;
  /** An atom is waiting at this cursor. */
  arrived(cursor: Cursor): void;
  /** Reads an atom at once, for those who can; false if it failed and the system has to stop. */
  accept?(atom: Atom): boolean;
  /** May take an atom at once: one that nobody else reads, after all others of this cursor. Whoever takes it holds it. */
  offer?(cursor: Cursor, atom: Atom): boolean;
}

export class AtomicStream {
  readonly path: string;
  readonly retained: boolean;
  readonly #pool: AtomPool;
  readonly #backlog: Backlog;
  readonly cursors: Cursor[] = [];
  #ring: (Atom | undefined)[] = [undefined, undefined, undefined, undefined];
  #mask = 3;
  /** The number of the oldest atom that is kept. */
  #first = 0;
  #next = 0;
  /** How many atoms passed through without a number. */
  #through = 0;
  /** How many cursors stand at the oldest atom. */
  #atFirst = 0;
  /** The only cursor, if there is one and what it has read is not kept: nearly always. */
  #only: Cursor | undefined = undefined;
  /** All events that were ever appended. */
  events = 0;
  /** Called when there may be fewer atoms to read. For producers that wait for room. */
  onRoom: (() => void) | undefined;

  constructor(path: string, pool: AtomPool, retained: boolean, backlog: Backlog = NOBODYS) {
    this.path = path;
    this.#pool = pool;
    this.retained = retained;
    this.#backlog = retained ? NOBODYS : backlog;
  }

  /** How many atoms were ever appended. */
  get atoms(): number {
    return this.#next + this.#through;
  }

  /** The number of the oldest atom that is kept. */
  get first(): number {
    return this.#first;
  }

  /** The number of the next atom. */
  get next(): number {
    return this.#next;
  }

  /** The number of the oldest atom that is kept for whoever lasts. */
  get needed(): number {
    if (this.retained) return this.#first;
    let least = this.#next;
    for (const { position, consumer } of this.cursors)
      if (consumer.lasting !== undefined && position < least) least = position;
    return least;
  }

  /** How many atoms passed through without a number. */
  get through(): number {
    return this.#through;
  }

  /**
   * Begins where a stream of this path has been: with these atoms, and a place for everybody who read it, until they come
   * back for it.
   */
  restore(
    { first, through, events }: { readonly first: number; readonly through: number; readonly events: number },
    atoms: readonly Atom[],
    places: ReadonlyMap<string, number>,
  ): void {
    this.#first = first;
    this.#next = first;
    for (const atom of atoms) this.#keep(atom);
    for (const [lasting, position] of places)
      this.cursors.push(new Cursor(this, { lasting, arrived: () => undefined, absent: true }, position));
    this.#count();
    this.#trim();
    this.#through = through;
    this.events = events;
  }

  /** Gives up the places of those who did not come back, if their path begins like this. */
  giveUp(under: string): void {
    for (const cursor of this.cursors.slice()) {
      const { absent = false, lasting = '' } = cursor.consumer;
      if (absent && lasting.startsWith(under)) this.detach(cursor);
    }
  }

  /** How many atoms somebody has not read yet. */
  get backlog(): number {
    if (!this.retained) return this.#next - this.#first;
    return this.cursors.reduce((most, cursor) => Math.max(most, this.#next - cursor.position), 0);
  }

  /** How many events it keeps. */
  get waiting(): number {
    let events = 0;
    for (let at = this.#first; at < this.#next; at++) events += this.at(at)?.n ?? 0;
    return events;
  }

  /** The place of whoever would read the next atom next, if it is one alone and it has read all others: it need not wait then (S4). */
  get soleCursor(): Cursor | undefined {
    return this.#next === this.#first ? this.#only : undefined;
  }

  /** Who that is. */
  get soleReader(): Consumer | undefined {
    return this.soleCursor?.consumer;
  }

  /** Counts atoms that their sole reader has accepted without their being kept here, and their events. */
  passThrough(atoms: number, events: number): void {
    this.events += events;
    this.#through += atoms;
  }

  append(atom: Atom): void {
    this.events += atom.n;
    const only = this.#only;
    if (only !== undefined) {
      if (this.#next === this.#first && only.consumer.offer?.(only, atom) === true) {
        atom.holders++;
        this.#through++;
        return;
      }
      this.#keep(atom);
      if (!only.known) only.consumer.arrived(only);
    } else if (this.cursors.length > 0 || this.retained) {
      this.#keep(atom);
      for (const cursor of this.cursors) if (!cursor.known) cursor.consumer.arrived(cursor);
    } else {
      this.#through++;
      if (atom.holders === 0) this.#pool.give(atom);
    }
  }

  /** Keeps an atom that was offered and taken, and has to wait after all: it gets a number of its own, which none had before. */
  keep(atom: Atom): void {
    this.#through--;
    atom.holders--;
    this.#keep(atom);
  }

  /**
   * Takes back an atom that the only reader took and could not read after all: it is the next again. Only when the system has
   * to stop, because its number may have been that of another one.
   */
  putBack(atom: Atom): void {
    const first = this.#first - 1;
    if (this.#next - first > this.#mask + 1) this.#grow();
    this.#ring[first & this.#mask] = atom;
    this.#first = first;
    this.#backlog.events += atom.n;
    (this.#only as Cursor).position = first;
  }

  /** An atom that was taken has been read. */
  release(atom: Atom): void {
    if (--atom.holders === 0) this.#pool.give(atom);
  }

  #keep(atom: Atom): void {
    const next = this.#next;
    if (next - this.#first > this.#mask) this.#grow();
    atom.holders++;
    this.#ring[next & this.#mask] = atom;
    this.#next = next + 1;
    this.#backlog.events += atom.n;
  }

  /** Lets a consumer read from here on. */
  attach(consumer: Consumer, from: 'end' | 'start' | number = 'end'): Cursor {
    const { lasting } = consumer;
    const known = this.cursors.find((cursor) => lasting !== undefined && cursor.consumer.lasting === lasting);
    if (known !== undefined) {
      known.consumer = consumer;
      if (known.waiting) consumer.arrived(known);
      return known;
    }
    const position = from === 'start' ? this.#first : from === 'end' ? this.#next : from;
    const cursor = new Cursor(this, consumer, position);
    this.cursors.push(cursor);
    if (cursor.position === this.#first) this.#atFirst++;
    this.#count();
    if (cursor.waiting) consumer.arrived(cursor);
    return cursor;
  }

  /** Forgets what a retained stream holds below this atom, as far as everybody has read it. */
  forget(below: number): void {
    const least = this.cursors.reduce((least, { position }) => Math.min(least, position), below);
    while (this.#first < least) this.#drop();
  }

  detach(cursor: Cursor): void {
    this.cursors.splice(this.cursors.indexOf(cursor), 1);
    this.#count();
    if (cursor.position === this.#first && --this.#atFirst === 0) this.#trim();
    if (this.retained) this.onRoom?.();
  }

  /** @internal */
  at(position: number): Atom | undefined {
    return position < this.#next ? this.#ring[position & this.#mask] : undefined;
  }

  /** @internal A cursor has moved on from this position. */
  passed(position: number): void {
    if (this.#only !== undefined) this.#drop();
    else if (this.retained) this.onRoom?.();
    else if (position === this.#first && --this.#atFirst === 0) this.#trim();
  }

  #count(): void {
    this.#only = this.cursors.length === 1 && !this.retained ? this.cursors[0] : undefined;
  }

  /** Forgets what every cursor has passed. */
  #trim(): void {
    if (this.retained) return;
    let least = this.#next;
    for (const { position } of this.cursors) if (position < least) least = position;
    while (this.#first < least) this.#drop();
    this.#atFirst = 0;
    for (const { position } of this.cursors) if (position === least) this.#atFirst++;
  }

  #drop(): void {
    const atom = this.shift();
    if (--atom.holders === 0) this.#pool.give(atom);
  }

  /** @internal Lets go of the oldest atom, which its holder has to release. */
  shift(): Atom {
    const first = this.#first;
    const place = first & this.#mask;
    const atom = this.#ring[place] as Atom;
    this.#ring[place] = undefined;
    this.#first = first + 1;
    this.#backlog.events -= atom.n;
    if (this.onRoom !== undefined) this.onRoom();
    return atom;
  }

  /** @internal */
  get only(): Cursor | undefined {
    return this.#only;
  }

  #grow(): void {
    const ring = this.#ring;
    const larger: (Atom | undefined)[] = Array.from({ length: ring.length * 2 });
    const mask = larger.length - 1;
    for (let at = this.#first; at < this.#next; at++) larger[at & mask] = ring[at & this.#mask];
    this.#ring = larger;
    this.#mask = mask;
  }
}

/** What retained streams keep counts for nobody. */
const NOBODYS = new Backlog(Infinity);

/** The place of one consumer in a stream. */
export class Cursor {
  readonly stream: AtomicStream;
  /** Whoever reads here; before they come back for their place, somebody who does nothing. */
  consumer: Consumer;
  /** The number of the next atom to read. */
  position: number;
  /** For consumers with several inputs: which one this is. */
  input = 0;
  /** Whether its consumer knows already that something is waiting here. The consumer's to write. */
  known = false;

  constructor(stream: AtomicStream, consumer: Consumer, position: number) {
    this.stream = stream;
    this.consumer = consumer;
    this.position = position;
  }

  get waiting(): boolean {
    return this.position < this.stream.next;
  }

  /** The next atom, still unread. */
  peek(): Atom | undefined {
    return this.stream.at(this.position);
  }

  /**
   * Takes the next atom out, for a reader that is alone: what it publishes while it reads may then be offered to it at once.
   * The atom has to be released, or put back. Undefined if there are other readers, or the past is kept.
   */
  take(): Atom | undefined {
    const { stream } = this;
    if (stream.only !== this) return undefined;
    this.position++;
    return stream.shift();
  }

  /** The next atom has been read. */
  advance(): void {
    this.stream.passed(this.position++);
  }
}
