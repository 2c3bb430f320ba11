/**
 * What the store says of a partition when it starts: the image of all that was committed, for its parts to begin with.
 *
 * V1. The parts are read when they are launched; what no application takes up stays in the store, as it is.
 * V2. Cells are read when they are first needed: how long a start takes does not depend on how many there are.
 * V3. What was taken up is forgotten here, so that it is not taken up twice. What was dropped is not read any more.
 */
import type { Codec } from '../codec.ts';
import { PorticoError } from '../errors.ts';
import type { Key } from '../graph/keys.ts';
import type { Journal } from '../journal/journal.ts';
import type { State } from '../state/state.ts';
import { Atom } from './atom.ts';
import { Cell } from './cells.ts';
import type { Entered, EnteredRow } from './entered.ts';
import { fillAtom, fillCell } from './forms.ts';
import type { Outbox } from './outbox.ts';
import {
  cellsTable,
  changesOf,
  enteredTable,
  isCold,
  placeOf,
  rowKey,
  rowsFor,
  type Drop,
} from './record.ts';
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
    await state.apply(await rowsFor(state, changesOf(codec, body, `record ${seq} of the journal`)), seq);
    last = seq;
  }
  return last;
}

/** Reads all that is not read row by row. */
export async function readImage(state: State, codec: Codec): Promise<Image> {
  const tables = new Map<string, Map<string, Uint8Array>>();
  const names = await state.tables();
  for (const table of names) {
    if (isCold(table)) continue;
    const rows = new Map<string, Uint8Array>();
    for await (const [key, value] of state.scan(table)) rows.set(key, value);
    tables.set(table, rows);
  }
  return new Image(tables, names, state, codec);
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
  /** Who has a place in each stream. */
  readonly places: Map<string, ReadonlySet<string>>;
}

/** What an application is known by when it leaves. */
interface Leaving {
  readonly path: string;
  readonly states: readonly { readonly path: string }[];
  readonly entities: ReadonlyMap<string, unknown>;
  readonly outboxes: ReadonlyMap<string, unknown>;
  readonly entered: ReadonlyMap<string, unknown>;
}

export class Image implements ColdCells {
  readonly known: Known = { short: new Map(), streams: new Map(), places: new Map() };
  readonly #tables: ReadonlyMap<string, Map<string, Uint8Array>>;
  /** All tables that there were. */
  readonly #names: readonly string[];
  readonly #state: State;
  readonly #codec: Codec;
  /** Where those who read a stream were, by stream. */
  readonly #places = new Map<string, Map<string, number>>();
  /** Tables of cells that were dropped, each with the epoch that did, until the state has done so too. */
  readonly #dropped = new Map<string, number>();
  /** How many cells were read. */
  reads = 0;
  /** How many bytes these had. */
  readBytes = 0;
  /** Whether values of state are frozen, as they are where they are set. */
  freezes = false;

  constructor(
    tables: ReadonlyMap<string, Map<string, Uint8Array>>,
    names: readonly string[],
    state: State,
    codec: Codec,
  ) {
    this.#tables = tables;
    this.#names = names;
    this.#state = state;
    this.#codec = codec;
    for (const key of tables.get('cursors')?.keys() ?? []) {
      const { lasting, stream } = placeOf(key);
      const [position] = this.list('cursors', key) as [number];
      const places = this.#places.get(stream) ?? new Map<string, number>();
      this.#places.set(stream, places.set(lasting, position));
    }
    for (const [stream, places] of this.#places) this.known.places.set(stream, new Set(places.keys()));
  }

  /** V3. Something of a table was taken up. */
  took(table: string, key: string): void {
    this.#tables.get(table)?.delete(key);
  }

  /** V3. An application was taken up, or stopped. */
  forget(app: string): void {
    const under = `${app}/`;
    for (const [table, rows] of this.#tables) {
      if (tableOf(table).startsWith(under)) rows.clear();
      else for (const key of rows.keys()) if (key.startsWith(under)) rows.delete(key);
    }
    for (const stream of this.#places.keys()) if (stream.startsWith(under)) this.#places.delete(stream);
  }

  /** All that an application that was stopped in this epoch leaves. */
  drop({ path, states, entities, outboxes, entered }: Leaving, epoch: number): Drop[] {
    const under = `${path}/`;
    this.forget(path);
    const cells = states.map((state) => cellsTable(state.path));
    for (const table of cells) this.#dropped.set(table, epoch);
    const own = new Set([
      ...cells,
      ...this.#names.filter((table) => tableOf(table).startsWith(under)),
      ...[...entities.keys()].map((stream) => `atoms ${stream}`),
      ...[...outboxes.keys()].map((egress) => `kept ${egress}`),
      ...[...entered.keys()].map(enteredTable),
    ]);
    const shared = SHARED.map((table) => ({ table, prefix: under }));
    return [...[...own].map((table) => ({ table, prefix: '' })), ...shared];
  }

  /** The state has come to the end of an epoch. */
  reached(epoch: number): void {
    for (const [table, dropped] of this.#dropped) if (dropped <= epoch) this.#dropped.delete(table);
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

  restoreEntered(entered: Entered): void {
    const table = enteredTable(entered.path);
    entered.restore([...this.keys(table)].map((name) => [name, this.value(table, name) as EnteredRow]));
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
    if (own !== undefined) fillCell(state.own, this.#codec, own, `own ${path}`, this.freezes);
  }

  /** V2. */
  find(state: TaskState, key: Key): Cell | undefined {
    if (!state.mayHave(key)) return undefined;
    const { table } = state;
    if (this.#dropped.size > 0 && this.#dropped.has(table)) return undefined;
    const row = this.#state.read(table, rowKey(key));
    if (row === undefined) return undefined;
    this.reads++;
    this.readBytes += row.length;
    const cell = new Cell(key, state);
    fillCell(cell, this.#codec, row, `${table} ${String(key)}`, this.freezes);
    state.cells.add(cell);
    return cell;
  }
}

/** The tables that all applications share, by path. */
const SHARED = [
  'streams',
  'cursors',
  'sequencers',
  'splitters',
  'portals',
  'outboxes',
  'generators',
  'tasks',
  'own',
  'passes',
];

/** What a table is of. */
function tableOf(table: string): string {
  return table.slice(table.indexOf(' ') + 1);
}

function missing(path: string, at: number): PorticoError {
  return new PorticoError({
    code: 'state/damaged',
    where: path,
    what: `atom ${at} of this stream is missing in the store`,
    cure: 'Restore the store from a copy',
  });
}
