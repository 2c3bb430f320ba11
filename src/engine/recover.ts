/**
 * What the store says of a partition when it starts: the image of all that was committed, for its parts to begin with.
 *
 * V1. The parts are read when they are launched; what no application takes up stays in the store, as it is.
 * V2. Cells are read when they are first needed: how long a start takes does not depend on how many there are.
 */
import type { Codec } from '../codec.ts';
import { PorticoError } from '../errors.ts';
import type { Key } from '../graph/keys.ts';
import type { Journal } from '../journal/journal.ts';
import type { State } from '../state/state.ts';
import { Atom } from './atom.ts';
import { Cell } from './cells.ts';
import { fillAtom, fillCell } from './forms.ts';
import type { Outbox } from './outbox.ts';
import { cellsTable, isCold, rowKey, rowsOf } from './record.ts';
import type { AtomicStream } from './stream.ts';
import type { ColdCells, TaskState } from './task.ts';

/** Brings the state up to the end of the journal. Returns the number of its last record. */
export async function replay(
  journal: Journal,
  state: State,
  position: number,
  codec: Codec,
): Promise<number> {
  let last = position;
  for await (const { seq, body } of journal.read(position + 1)) {
    await state.apply(rowsOf(codec, body, `record ${seq} of the journal`), seq);
    last = seq;
  }
  return last;
}

/** Reads all that is not read row by row. */
export async function readImage(state: State, codec: Codec): Promise<Image> {
  const tables = new Map<string, Map<string, Uint8Array>>();
  for (const table of await state.tables()) {
    if (isCold(table)) continue;
    const rows = new Map<string, Uint8Array>();
    for await (const [key, value] of state.scan(table)) rows.set(key, value);
    tables.set(table, rows);
  }
  return new Image(tables, state, codec);
}

/** Which atoms of a stream the store has: from one up to another. */
export interface Stored {
  readonly from: number;
  readonly to: number;
}

/** What the store has already. */
export interface Known {
  readonly short: Map<string, readonly unknown[]>;
  readonly streams: Map<string, Stored>;
}

export class Image implements ColdCells {
  readonly known: Known = { short: new Map(), streams: new Map() };
  readonly #tables: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;
  readonly #state: State;
  readonly #codec: Codec;
  /** Where those who read a stream were, by stream. */
  readonly #places = new Map<string, Map<string, number>>();
  /** How many cells were read. */
  reads = 0;

  constructor(tables: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>, state: State, codec: Codec) {
    this.#tables = tables;
    this.#state = state;
    this.#codec = codec;
    for (const key of tables.get('cursors')?.keys() ?? []) {
      const [lasting = '', stream = ''] = key.split('\n');
      const [position] = this.list('cursors', key) as [number];
      const places = this.#places.get(stream) ?? new Map<string, number>();
      this.#places.set(stream, places.set(lasting, position));
    }
  }

  /** Whether there is nothing in it. */
  get empty(): boolean {
    return this.#tables.size === 0;
  }

  value(table: string, key: string): unknown {
    const row = this.#tables.get(table)?.get(key);
    return row === undefined ? undefined : this.#codec.decode(row, `${table} ${key}`);
  }

  /** A row that is a list. */
  list(table: string, key: string): readonly unknown[] | undefined {
    const list = this.value(table, key) as readonly unknown[] | undefined;
    if (list !== undefined) this.known.short.set(`${table} ${key}`, list);
    return list;
  }

  /** The keys of a table that is not empty. */
  keys(table: string): Iterable<string> {
    return this.#tables.get(table)?.keys() ?? [];
  }

  restoreStream(stream: AtomicStream): void {
    const { path } = stream;
    const list = this.list('streams', path);
    if (list === undefined) return;
    const [first, next, through, events] = list as [number, number, number, number];
    const atoms: Atom[] = [];
    for (let at = first; at < next; at++) {
      const data = this.value(`atoms ${path}`, String(at));
      if (data === undefined) throw missing(path, at);
      atoms.push(fillAtom(new Atom(), data));
    }
    stream.restore({ first, through, events }, atoms, this.#places.get(path) ?? new Map());
    this.known.streams.set(path, { from: first, to: next });
  }

  restoreOutbox(outbox: Outbox): void {
    const { path } = outbox;
    const [last] = (this.list('outboxes', path) ?? [0]) as [number];
    const table = `kept ${path}`;
    const rows = [...this.keys(table)].map((id) => {
      const [key, value] = this.value(table, id) as [Key, unknown];
      this.known.short.set(`${table} ${id}`, []);
      return [Number(id), key, value] as const;
    });
    outbox.restore(
      last,
      rows.sort(([a], [b]) => a - b),
    );
  }

  restoreTask(state: TaskState): void {
    const { path } = state;
    const task = this.value('tasks', path);
    if (task === undefined) return;
    const [byKey, ofTask, lowest, highest] = task as [string[], string[], number, number];
    byKey.forEach((name, slot) => state.slots.key.set(name, slot));
    ofTask.forEach((name, slot) => state.slots.task.set(name, slot));
    state.range.lowest = lowest;
    state.range.highest = highest;
    this.known.short.set(`tasks ${path}`, [byKey.length, ofTask.length, lowest, highest]);
    const own = this.#tables.get('own')?.get(path);
    if (own !== undefined) fillCell(state.own, this.#codec, own, `own ${path}`);
  }

  /** V2. */
  find(state: TaskState, key: Key): Cell | undefined {
    if (!state.mayHave(key)) return undefined;
    const table = cellsTable(state.path);
    const row = this.#state.read(table, rowKey(key));
    if (row === undefined) return undefined;
    this.reads++;
    const cell = new Cell(key, state);
    fillCell(cell, this.#codec, row, `${table} ${String(key)}`);
    state.cells.add(cell);
    return cell;
  }
}

function missing(path: string, at: number): PorticoError {
  return new PorticoError({
    code: 'state/damaged',
    where: path,
    what: `atom ${at} of this stream is missing in the store`,
    cure: 'Restore the store from a copy',
  });
}
