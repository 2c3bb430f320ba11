/**
 * The form of an epoch record: the rows that an epoch changed, table by table. It is what the journal keeps, and what the
 * state is given.
 */
import type { Codec, Writer } from '../codec.ts';
import { PorticoError } from '../errors.ts';
import type { Key } from '../graph/keys.ts';
import type { Row } from '../state/state.ts';

const END = 0;
const TABLE = 1;
const PUT = 2;
const DELETE = 3;

export class RecordWriter {
  readonly #writer: Writer;
  #table: string | undefined;
  /** How many rows the record has. */
  rows = 0;

  constructor(codec: Codec) {
    this.#writer = codec.writer();
  }

  put(table: string, key: string, value: unknown): void {
    this.#into(table);
    this.#writer.unsigned(PUT).string(key).apart(value, `${table} ${key}`);
  }

  delete(table: string, key: string): void {
    this.#into(table);
    this.#writer.unsigned(DELETE).string(key);
  }

  /** The record; an empty one begins. */
  take(): Uint8Array {
    const record = this.#writer.unsigned(END).take();
    this.clear();
    return record;
  }

  clear(): void {
    this.#writer.clear();
    this.#table = undefined;
    this.rows = 0;
  }

  #into(table: string): void {
    this.rows++;
    if (table === this.#table) return;
    this.#writer.unsigned(TABLE).string(table);
    this.#table = table;
  }
}

/** The rows of a record. Their bytes are those of the record. */
export function rowsOf(codec: Codec, record: Uint8Array, where: string): Row[] {
  const reader = codec.reader(record, where);
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
      case END:
        return rows;
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

/** A key as that of a row. */
export function rowKey(key: Key): string {
  switch (typeof key) {
    case 'number':
      return `#${key}`;
    case 'bigint':
      return `&${key}`;
    case 'string':
      return `$${key}`;
  }
}

/** The table with the cells of a task. */
export function cellsTable(task: string): string {
  return `${CELLS}${task}`;
}

/** Whether a table is read row by row, when a row is needed. */
export function isCold(table: string): boolean {
  return table.startsWith(CELLS);
}

const CELLS = 'cells ';
