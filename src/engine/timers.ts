/**
 * What waits for the clock: a binary heap by due time, and by order of setting among equals. Each entry knows its place
 * in the heap, so that what is answered or cancelled leaves nothing behind.
 */

/** Something that is due at a time. */
export abstract class Timed {
  dueMs = 0;
  /** Orders entries that are due at the same time. */
  order = 0;
  /** Its index in the heap; -1 when it does not wait. */
  slot = -1;

  /** The path of who waits. */
  abstract readonly owner: string;

  /** It is due, and out of the heap. */
  abstract fire(): void;

  /** Who waited is gone: nobody is to be told any more. */
  abandon(): void {
    // Most have nothing else that knows them.
  }
}

export class Timers {
  readonly #heap: Timed[] = [];
  #orders = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** When the next one is due. */
  get nextMs(): number {
    return this.#heap[0]?.dueMs ?? Infinity;
  }

  set(timed: Timed, dueMs: number): void {
    timed.dueMs = dueMs;
    timed.order = this.#orders++;
    this.#up(timed, this.#heap.length);
  }

  cancel(timed: Timed): void {
    const at = timed.slot;
    if (at === -1) return;
    timed.slot = -1;
    const last = this.#heap.pop() as Timed;
    if (last === timed) return;
    this.#up(last, at);
    this.#down(last, last.slot);
  }

  /** Fires all that are due, in order. */
  fireUntil(nowMs: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.dueMs <= nowMs; next = this.#heap[0]) {
      this.cancel(next);
      next.fire();
    }
  }

  /** Those that wait, in no particular order. */
  waiting(): readonly Timed[] {
    return this.#heap;
  }

  #up(timed: Timed, from: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Timed;
      if (!earlier(timed, parent)) break;
      heap[at] = parent;
      parent.slot = at;
      at = above;
    }
    heap[at] = timed;
    timed.slot = at;
  }

  #down(timed: Timed, from: number): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && earlier(heap[below + 1] as Timed, heap[below] as Timed)) below++;
      const child = heap[below] as Timed;
      if (!earlier(child, timed)) break;
      heap[at] = child;
      child.slot = at;
      at = below;
    }
    heap[at] = timed;
    timed.slot = at;
  }
}

function earlier(a: Timed, b: Timed): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
