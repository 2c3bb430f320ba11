/** A state in memory: the reference that all others are compared with. */
import { invariant } from '../errors.ts';
import type { Row, State } from './state.ts';
import { notOpen } from './trouble.ts';

/** What a memory state is on. It stays when the state is closed, so that it can be opened again. */
export class MemoryStateMedium {
  readonly tables: Map<string, Map<string, Uint8Array>> = new Map();
  position = 0;
  /** What undoes the rows applied since the last checkpoint, the oldest first, and the position to go back to. */
  undo: Row[] = [];
  durable = 0;

  /** The power fails: all that no checkpoint has made durable is gone. */
  crash(): void {
    for (const row of this.undo.reverse()) this.put(row);
    this.undo = [];
    this.position = this.durable;
  }

  /** Changes a row; what changes it back. */
  put({ table, key, value }: Row): Row {
    let rows = this.tables.get(table);
    const before = { table, key, value: rows?.get(key) };
    if (value !== undefined) {
      if (rows === undefined) this.tables.set(table, (rows = new Map()));
      rows.set(key, value);
    } else if (rows?.delete(key) === true && rows.size === 0) this.tables.delete(table);
    return before;
  }
}

/** A state in memory. */
export function memoryState(medium: MemoryStateMedium = new MemoryStateMedium()): State {
  return new MemoryState(medium);
}

class MemoryState implements State {
  readonly #medium: MemoryStateMedium;
  #open = false;

  constructor(medium: MemoryStateMedium) {
    this.#medium = medium;
  }

  open(): Promise<number> {
    this.#open = true;
    return Promise.resolve(this.#medium.position);
  }

  read(table: string, key: string): Uint8Array | undefined {
    this.#mustBeOpen();
    return this.#medium.tables.get(table)?.get(key);
  }

  async *scan(table: string): AsyncGenerator<readonly [key: string, value: Uint8Array]> {
    this.#mustBeOpen();
    const rows = [...(this.#medium.tables.get(table) ?? [])];
    yield* rows.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  async tables(): Promise<readonly string[]> {
    this.#mustBeOpen();
    return [...this.#medium.tables.keys()].sort();
  }

  async apply(rows: readonly Row[], position: number): Promise<void> {
    this.#mustBeOpen();
    const medium = this.#medium;
    invariant(position > medium.position, 'memoryState', 'positions grow');
    for (const row of rows) medium.undo.push(medium.put({ ...row, value: row.value?.slice() }));
    medium.position = position;
  }

  async checkpoint(): Promise<number> {
    this.#mustBeOpen();
    const medium = this.#medium;
    medium.undo = [];
    medium.durable = medium.position;
    return medium.position;
  }

  close(): Promise<void> {
    this.#open = false;
    return Promise.resolve();
  }

  #mustBeOpen(): void {
    if (!this.#open) throw notOpen('memoryState');
  }
}
