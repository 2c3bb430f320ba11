/** A generator at run time: one atom a step, then the end of its stream. Throttled by the clock, held back by a backlog. */
import { PorticoError, describe } from '../errors.ts';
import type { AtomSource, GeneratorNode } from '../graph/generators.ts';
import { isKey, type Key } from '../graph/keys.ts';
import { SEAL, type Atom, type AtomPool } from './atom.ts';
import type { Backlog } from './backlog.ts';
import { checkedKey } from './task.ts';
import { GENERATORS, type Rank, type Ready, type Runnable } from './ready.ts';
import type { AtomicStream } from './stream.ts';
import { Timed } from './timers.ts';
import type { Turns } from './turn.ts';

/** Atoms that may wait to be read before a generator makes no more. */
const BACKLOG = 16;

export class GeneratorRuntime extends Timed implements Runnable {
  readonly rank: Rank = GENERATORS;
  place = -1;
  readonly path: string;
  readonly stream: AtomicStream;
  /** It has sent the end of its stream. */
  done = false;
  readonly #node: GeneratorNode;
  readonly #source: AtomSource<unknown>;
  readonly #turns: Turns;
  readonly #pool: AtomPool;
  readonly #ready: Ready;
  readonly #backlog: Backlog;
  /** Counts values that cannot be keys themselves. */
  #keyless = 0;
  /** How many atoms it has made. */
  #made = 0;
  #windowEndsMs = -Infinity;
  #left = 0;

  constructor(
    node: GeneratorNode,
    stream: AtomicStream,
    surroundings: {
      readonly turns: Turns;
      readonly pool: AtomPool;
      readonly ready: Ready;
      readonly backlog: Backlog;
    },
  ) {
    super();
    this.path = node.path;
    this.stream = stream;
    this.#node = node;
    this.#turns = surroundings.turns;
    this.#pool = surroundings.pool;
    this.#ready = surroundings.ready;
    this.#backlog = surroundings.backlog;
    this.#source = this.#guarded(node.open);
    stream.onRoom = () => {
      if (this.place === -1 && !this.done && this.slot === -1 && this.#hasRoom) this.#ready.add(this);
    };
  }

  get owner(): string {
    return this.path;
  }

  start(): void {
    if (!this.done) this.#ready.add(this);
  }

  /** How far it is: how many atoms it has made, whether it is at its end, and what it counts. */
  position(): readonly unknown[] {
    return [this.#made, this.done, this.#keyless, this.#windowEndsMs, this.#left];
  }

  /** Goes on where it was. Its source begins anew, so it passes over the atoms that were made. */
  restore(position: readonly unknown[]): void {
    const [made, done, keyless, windowEndsMs, left] = position as [number, boolean, number, number, number];
    this.#made = made;
    this.done = done;
    this.#keyless = keyless;
    this.#windowEndsMs = windowEndsMs;
    this.#left = left;
    if (done) return;
    this.#guarded(() => {
      if (this.#source.skip !== undefined) {
        this.#source.skip(made);
        return;
      }
      for (let atom = 0; atom < made && this.#source.hasNext(); atom++) {
        for (const _ of this.#source.next());
        this.#source.keys?.();
      }
    });
  }

  close(): void {
    this.done = true;
    this.stream.onRoom = undefined;
    this.#turns.timers.cancel(this);
    this.#ready.remove(this);
  }

  /** The time of the throttle has come. */
  fire(): void {
    this.#ready.add(this);
  }

  run(): boolean {
    const admitted = this.#hasRoom && this.#admitted();
    if (admitted) this.#generate();
    this.#turns.commit();
    return admitted && !this.done && this.#hasRoom;
  }

  /** Whether it may make another atom. */
  get #hasRoom(): boolean {
    return this.stream.backlog < BACKLOG && !this.#backlog.crowded;
  }

  #generate(): void {
    const atom = this.#pool.take();
    if (this.#guarded(() => this.#source.hasNext())) {
      this.#guarded(() => {
        this.#fill(atom);
      });
      this.#made++;
      this.#left -= atom.n;
    } else {
      atom.end = SEAL;
      this.done = true;
    }
    this.stream.append(atom);
  }

  /** Whether the throttle lets another atom pass; if not, the generator waits for its time. */
  #admitted(): boolean {
    const { throttle } = this.#node;
    if (throttle === undefined) return true;
    const perMs = throttle.perMs ?? 1000;
    const { nowMs } = this.#turns;
    // A clock that was set back must not let it wait for hours.
    if (this.#windowEndsMs > nowMs + perMs) this.#windowEndsMs = nowMs + perMs;
    if (nowMs >= this.#windowEndsMs) {
      // An atom larger than a whole window's share uses up the shares of the windows after it.
      const windows =
        this.#windowEndsMs === -Infinity ? 1 : 1 + Math.floor((nowMs - this.#windowEndsMs) / perMs);
      this.#left = Math.min(throttle.events, this.#left + windows * throttle.events);
      this.#windowEndsMs = nowMs + perMs;
    }
    if (this.#left > 0) return true;
    this.#turns.timers.set(this, this.#windowEndsMs);
    return false;
  }

  #fill(atom: Atom): void {
    const values = this.#source.next();
    const keys = this.#source.keys?.();
    if (keys !== undefined) this.#fillBeside(atom, values, keys);
    else if (Array.isArray(values) && this.#node.key === undefined) this.#fillDerived(atom, values);
    else for (const value of values) this.#push(atom, value);
  }

  /** The usual case, value by value in a tight loop: those that can be keys are their own. */
  #fillDerived(atom: Atom, given: readonly unknown[]): void {
    const { keys, values } = atom;
    for (let i = 0; i < given.length; i++) {
      const value = given[i];
      keys[i] = isKey(value) ? value : this.#keyless++;
      values[i] = value;
    }
    atom.n = given.length;
  }

  #push(atom: Atom, value: unknown): void {
    const { key } = this.#node;
    if (key !== undefined) atom.push(checkedKey(key(value), this.path), value);
    else atom.push(isKey(value) ? value : this.#keyless++, value);
  }

  #fillBeside(atom: Atom, values: Iterable<unknown>, keys: Iterable<Key>): void {
    const beside = keys[Symbol.iterator]();
    for (const value of values) {
      const next = beside.next();
      if (next.done === true) throw new RangeError('there are more values than keys');
      atom.push(checkedKey(next.value, this.path), value);
    }
    if (beside.next().done !== true) throw new RangeError('there are more keys than values');
  }

  #guarded<T>(make: () => T): T {
    try {
      return make();
    } catch (cause) {
      throw new PorticoError(
        {
          code: 'generator/failed',
          where: this.path,
          what: `it failed: ${describe(cause)}`,
          cure: 'Mend its source; every value needs a key, and as many keys as values if keys are given',
        },
        { cause },
      );
    }
  }
}
