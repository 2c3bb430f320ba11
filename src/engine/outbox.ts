/**
 * What left through an egress that keeps: each value until whoever takes care of it says that this is done.
 *
 * U1. Values are handed over in the order in which they were released, after the commit that released them.
 * U2. A value that was not done with is handed over again when the system starts again: at least once, with the same number.
 * U3. In a system that is not kept, values are dropped that nobody is there to take care of.
 * U4. What waits is part of the backlog; or the oldest are forgotten when there are more than may be kept, and the log says so.
 */
import { describe } from '../errors.ts';
import type { Key } from '../graph/keys.ts';
import type { LogLevel } from '../host.ts';
import type { Backlog } from './backlog.ts';
import { WORKFLOWS, type Rank, type Ready, type Runnable } from './ready.ts';

/** Takes care of a value. `id` says which one is done with, later. */
export type Keeper = (value: unknown, event: { readonly key: Key; readonly id: number }) => void;

/** What an outbox needs of its partition. */
export interface OutboxGround {
  readonly ready: Ready;
  readonly backlog: Backlog;
  /** Whether what is released waits for a commit. */
  readonly image: object | undefined;
  held(): void;
  log(level: LogLevel, name: string, path: string, value: unknown): void;
}

export class Outbox implements Runnable {
  readonly rank: Rank = WORKFLOWS;
  place = -1;
  readonly path: string;
  /** What is not done with, by number. */
  readonly waiting: Map<number, { readonly key: Key; readonly value: unknown }> = new Map();
  /** The youngest number. */
  last = 0;
  readonly #ground: OutboxGround;
  #keeper: Keeper | undefined;
  /** The youngest number that was handed over, and up to which one may be. */
  #handed = 0;
  #upTo: number;
  #cutAt = 0;
  /** The numbers that came or went since they were taken. */
  #changed: Set<number> = new Set();
  /** How many may wait; undefined if all of them have to. */
  readonly #most: number | undefined;
  /** No number below this one waits. */
  #oldest = 1;
  #forgotten = 0;

  constructor(path: string, ground: OutboxGround, most?: number) {
    this.path = path;
    this.#ground = ground;
    this.#most = most;
    this.#upTo = ground.image === undefined ? Infinity : 0;
  }

  /** Whether what it holds waits until somebody is done with it, however much there is. */
  get waits(): boolean {
    return this.#most === undefined;
  }

  put(key: Key, value: unknown): void {
    const isKept = this.#ground.image !== undefined;
    // U3.
    if (this.#keeper === undefined && !isKept) return;
    const id = ++this.last;
    this.#add(id, key, value);
    if (this.#most !== undefined && this.waiting.size > this.#most) this.#forgetOldest(this.#most);
    if (isKept) {
      this.#changed.add(id);
      this.#ground.held();
    } else this.#ground.ready.add(this);
  }

  /** Hands all that waits, and all that comes, to a function. */
  handle(keeper: Keeper): void {
    this.#keeper = keeper;
    if (this.#open) this.#ground.ready.add(this);
  }

  /** Forgets a value. Returns whether it was there. */
  settle(id: number): boolean {
    if (this.#ground.image !== undefined) this.#changed.add(id);
    const waited = this.waiting.delete(id);
    if (waited && this.waits) this.#ground.backlog.events--;
    return waited;
  }

  #add(id: number, key: Key, value: unknown): void {
    this.waiting.set(id, { key, value });
    if (this.waits) this.#ground.backlog.events++;
  }

  /** U4. */
  #forgetOldest(most: number): void {
    while (!this.waiting.has(this.#oldest)) this.#oldest++;
    this.settle(this.#oldest);
    if (this.#handed < this.#oldest) this.#handed = this.#oldest;
    // Said for the first, and then each time when as many were forgotten as are kept.
    if (this.#forgotten++ % Math.max(1, most) !== 0) return;
    const what = `more than ${most} values wait here, and the oldest are forgotten: ${this.#forgotten} so far`;
    this.#ground.log('warn', this.path, this.path, what);
  }

  /** Takes back what was not done with when the system ended. */
  restore(last: number, waiting: Iterable<readonly [number, Key, unknown]>): void {
    this.last = last;
    this.#handed = last;
    for (const [id, key, value] of waiting) {
      this.#add(id, key, value);
      if (id <= this.#handed) this.#handed = id - 1;
    }
    this.#upTo = last;
  }

  takeChanged(): Iterable<number> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  cut(): void {
    this.#cutAt = this.last;
  }

  release(): void {
    this.#upTo = Math.max(this.#upTo, this.#cutAt);
    if (this.#open) this.#ground.ready.add(this);
  }

  close(): void {
    this.#keeper = undefined;
    if (this.waits) this.#ground.backlog.events -= this.waiting.size;
    this.#ground.ready.remove(this);
  }

  /** U1. */
  run(): boolean {
    const { pace } = this.#ground.ready;
    // As what was released may come in atoms of many values, it must not leave one by one.
    for (let left = MOST_AT_ONCE; left > 0 && this.#open; left--) {
      const id = ++this.#handed;
      const found = this.waiting.get(id);
      if (found === undefined) continue;
      pace.events--;
      try {
        this.#keeper?.(found.value, { key: found.key, id });
      } catch (cause) {
        const what = `what takes care of released values threw, and value ${id} waits: ${describe(cause)}`;
        this.#ground.log('error', this.path, this.path, what);
      }
    }
    return this.#open;
  }

  get #open(): boolean {
    return this.#keeper !== undefined && this.#handed < this.last && this.#handed < this.#upTo;
  }
}

/** How many values are handed over in one step. */
const MOST_AT_ONCE = 1024;
