/**
 * The form of an epoch record: the rows that an epoch changed, table by table, and before them those that it dropped. It is
 * what the journal keeps, and what the state is given.
 */
import type { Codec, Writer } from '../codec.ts';
import { ours, PorticoError } from '../errors.ts';
import type { Key } from '../graph/keys.ts';
import type { Row, State } from '../state/state.ts';

const END = 0;
const TABLE = 1;
const PUT = 2;
const DELETE = 3;
const DROP = 4;

/** Rows that go all at once: those of a table whose keys begin with this. They go before any row of the same record comes. */
export interface Drop {
  readonly table: string;
  readonly prefix: string;
}

/** What a record says. */
export interface Changes {
  readonly drops: readonly Drop[];
  readonly rows: readonly Row[];
}

export class RecordWriter {
  readonly #writer: Writer;
  #table: string | undefined;
  /** How many rows the record has. */
  rows = 0;
  #drops: Drop[] = [];
  #written: Written = written();

  constructor(codec: Codec) {
    // Whoever sent or set it has looked for what hides in an object; here that would take longer than all the rest.
    this.#writer = codec.writer({ checked: true });
  }

  /** How many bytes there are so far. */
  get length(): number {
    return this.#writer.length;
  }

  put(table: string, key: string, value: unknown): void {
    this.#into(table);
    this.#writer.unsigned(PUT).string(key);
    try {
      this.#writer.apart(value, table);
    } catch (error) {
      throw located(error, `${table} ${key}`);
    }
    this.#note(table, key, this.#writer.apartAt, this.#writer.length);
  }

  delete(table: string, key: string): void {
    this.#into(table);
    this.#writer.unsigned(DELETE).string(key);
    this.#note(table, key, 0, 0);
  }

  drop(drop: Drop): void {
    this.rows++;
    this.#writer.unsigned(DROP).string(drop.table).string(drop.prefix);
    this.#drops.push(drop);
  }

  /** The record, and where its rows lie in it; an empty one begins. */
  take(): { readonly body: Uint8Array; readonly drops: readonly Drop[]; readonly written: Written } {
    const taken = { body: this.#writer.unsigned(END).take(), drops: this.#drops, written: this.#written };
    this.#table = undefined;
    this.rows = 0;
    this.#drops = [];
    this.#written = written();
    return taken;
  }

  #note(table: string, key: string, start: number, end: number): void {
    const { tables, keys, starts, ends } = this.#written;
    tables.push(table);
    keys.push(key);
    starts.push(start);
    ends.push(end);
  }

  #into(table: string): void {
    this.rows++;
    if (table === this.#table) return;
    this.#writer.unsigned(TABLE).string(table);
    this.#table = table;
  }
}

/** The rows of a record, and where in it the value of each lies; one that was deleted has none. */
export interface Written {
  readonly tables: string[];
  readonly keys: string[];
  readonly starts: number[];
  readonly ends: number[];
}

function written(): Written {
  return { tables: [], keys: [], starts: [], ends: [] };
}

/** What a record says. The bytes of its rows are those of the record. */
export function changesOf(codec: Codec, record: Uint8Array, where: string): Changes {
  const reader = codec.reader(record, where);
  const drops: Drop[] = [];
  const rows: Row[] = [];
  let table = '';
  for (;;) {
    const what = reader.unsigned();
    switch (what) {
      case TABLE:
        table = reader.string();
        break;
      case PUT:
        rows.push({ table, key: reader.string(), value: reader.bytes() });
        break;
      case DELETE:
        rows.push({ table, key: reader.string(), value: undefined });
        break;
      case DROP:
        drops.push({ table: reader.string(), prefix: reader.string() });
        break;
      case END:
        return { drops, rows };
      default:
        throw new PorticoError({
          code: 'codec/damaged',
          where,
          what: `an epoch record has no part of kind ${what}`,
          cure: 'Restore the store from a copy; this one holds what no version of Portico wrote',
        });
    }
  }
}

/** All rows that change in a state: what is dropped is looked up there. */
export async function rowsFor(state: State, { drops, rows }: Changes): Promise<readonly Row[]> {
  const gone: Row[] = [];
  for (const { table, prefix } of drops) {
    for await (const [key] of state.scan(table))
      if (key.startsWith(prefix)) gone.push({ table, key, value: undefined });
  }
  return gone.length === 0 ? rows : [...gone, ...rows];
}

/** The same error, with the row that it is about. */
function located(error: unknown, where: string): unknown {
  const known = ours(error);
  if (known === undefined) return error;
  const { code, what, cure, cause } = known;
  return new PorticoError({ code, where, what, cure }, { cause });
}

/** A key as that of a row. */
export function rowKey(key: Key): string {
  if (typeof key === 'number') return `#${key}`;
  return typeof key === 'string' ? `$${key}` : `&${key}`;
}

export function keyOfRow(row: string): Key {
  const text = row.slice(1);
  switch (row.charAt(0)) {
    case '#':
      return Number(text);
    case '&':
      return BigInt(text);
    default:
      return text;
  }
}

/** The key of the row that says where somebody is in a stream: both are paths, and no name in a path is empty. */
export function placeKey(lasting: string, stream: string): string {
  return `${lasting}/${stream}`;
}

export function placeOf(key: string): { readonly lasting: string; readonly stream: string } {
  const at = key.indexOf('//');
  return { lasting: key.slice(0, at), stream: key.slice(at + 1) };
}

/** The table with the cells of a task. */
export function cellsTable(task: string): string {
  return `${CELLS}${task}`;
}

/** The table with what has entered at an ingress under a key. */
export function enteredTable(ingress: string): string {
  return `once ${ingress}`;
}

/** Whether a table is read row by row, when a row is needed. */
export function isCold(table: string): boolean {
  return table.startsWith(CELLS);
}

const CELLS = 'cells ';
