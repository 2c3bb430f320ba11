/**
 * What has entered at an ingress under an idempotency key: it does not enter again.
 *
 * M1. A key is noted in the epoch in which its values enter: after a crash both are there, or neither is.
 * M2. Of a client only its highest number is kept; a number at or below it has entered.
 * M3. So many keys are remembered, for so long. The oldest are forgotten, when something else is to enter: the time is that
 *     of the ingress, so that it is the same whenever this is run again (G7).
 */

/**
 * By what something is known that is sent again: a key of its own, or the number that one client gave it. Numbers of a
 * client grow; they need not be without gaps.
 */
export type Once = { readonly key: string } | { readonly client: string; readonly seq: number };

/** How much to remember of what has entered, at each ingress. */
export interface RememberOptions {
  /** How many keys and clients. 100,000 if not given. */
  readonly maxKeys: number;
  /** For how many milliseconds. A day if not given. */
  readonly maxAgeMs: number;
}

export const REMEMBER: RememberOptions = { maxKeys: 100_000, maxAgeMs: 24 * 60 * 60 * 1000 };

/** How a key lies in its row: in which order it came, when, and the number of a client. */
export type EnteredRow = readonly [order: number, atMs: number, seq?: number];

interface Entry {
  readonly name: string;
  readonly row: EnteredRow;
  /** In which epoch it came; 0 if before the system started. */
  readonly epoch: number;
}

export class Entered {
  /** That of the ingress. */
  readonly path: string;
  /** Called for each key that is forgotten. */
  onForget: ((key: string) => void) | undefined;
  readonly #remember: RememberOptions;
  readonly #entries = new Map<string, Entry>();
  /** The oldest first, from one on; and with those that a client's next number has replaced. */
  #queue: Entry[] = [];
  #oldest = 0;
  #order = 0;
  /** The names that came or went since they were taken, if anybody takes them. */
  #changed: Set<string> | undefined;

  constructor(path: string, remember: RememberOptions, isKept: boolean) {
    this.path = path;
    this.#remember = remember;
    if (isKept) this.#changed = new Set();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The epoch in which this has entered, if it has. */
  epochOf(once: Once, nowMs: number): number | undefined {
    this.#forget(nowMs);
    const entry = this.#entries.get(nameOf(once));
    if (entry === undefined || ('seq' in once && once.seq > (entry.row[2] ?? 0))) return undefined;
    return entry.epoch;
  }

  /** Whether this key is remembered. */
  has(key: string): boolean {
    return this.#entries.has(nameOf({ key }));
  }

  /** M1. */
  add(once: Once, nowMs: number, epoch: number): void {
    const name = nameOf(once);
    const order = ++this.#order;
    this.#put({ name, row: 'seq' in once ? [order, nowMs, once.seq] : [order, nowMs], epoch });
    this.#changed?.add(name);
    this.#forget(nowMs);
  }

  /** Takes back what has entered before the system started. */
  restore(rows: readonly (readonly [name: string, row: EnteredRow])[]): void {
    for (const [name, row] of rows.toSorted(([, [a]], [, [b]]) => a - b)) {
      this.#put({ name, row, epoch: 0 });
      this.#order = row[0];
    }
  }

  takeChanged(): Iterable<string> {
    const changed = this.#changed ?? [];
    this.#changed = new Set();
    return changed;
  }

  /** What the row of this name says; undefined if there is to be none. */
  row(name: string): EnteredRow | undefined {
    return this.#entries.get(name)?.row;
  }

  /** M3. */
  #forget(nowMs: number): void {
    const { maxKeys, maxAgeMs } = this.#remember;
    for (;;) {
      const entry = this.#queue[this.#oldest];
      if (entry === undefined) return;
      const { name, row } = entry;
      if (this.#entries.get(name) === entry) {
        if (this.#entries.size <= maxKeys && row[1] > nowMs - maxAgeMs) return;
        this.#entries.delete(name);
        this.#changed?.add(name);
        if (row[2] === undefined) this.onForget?.(name.slice(1));
      }
      this.#oldest++;
    }
  }

  /** As the youngest. */
  #put(entry: Entry): void {
    this.#entries.set(entry.name, entry);
    this.#queue.push(entry);
    if (this.#queue.length <= 2 * this.#entries.size + FEW) return;
    this.#queue = this.#queue.filter((each) => this.#entries.get(each.name) === each);
    this.#oldest = 0;
  }
}

/** So few that are replaced are not worth the while. */
const FEW = 64;

/** Keys and clients may be called the same. */
function nameOf(once: Once): string {
  return 'key' in once ? `k${once.key}` : `c${once.client}`;
}
