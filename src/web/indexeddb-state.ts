/**
 * A state in IndexedDB. A turn cannot wait, and IndexedDB answers only to those who wait: so all rows are in memory, from
 * when it is opened, and IndexedDB is where checkpoints go.
 *
 * D1. A checkpoint is one transaction: the rows that changed, and the position.
 * D2. Who opened it last stands in its head, and every checkpoint looks there first: so nobody writes over the rows of a
 *     newer owner.
 * D3. Each row has a checksum of its table, its key and its value.
 * D4. After anything but a lack of room, nothing is tried again.
 */
import { invariant, isPorticoError, type PorticoError } from '../errors.ts';
import { crc32, crc32Word } from '../journal/crc32.ts';
import { PackedRows, rowsOf } from '../state/packed-rows.ts';
import type { Row, State } from '../state/state.ts';
import { damaged, failed, full, notOpen, takenOver, tooNew } from '../state/trouble.ts';
import { answered, changed, headStore, isOutOfRoom, openDatabase } from './indexeddb.ts';

/** A state in IndexedDB, under a name of its own in the origin of the page. All its rows are in memory too. */
export function indexedDbState(name: string): State {
  return new IndexedDbState(name);
}

interface Head {
  readonly format: number;
  /** Grows with each opening. */
  readonly generation: number;
  readonly position: number;
  /** How many rows there are. */
  readonly rows: number;
}

interface Stored {
  readonly sum: number;
  readonly value: Uint8Array;
}

type Key = readonly [table: string, key: string];

const format = 1;
const rowStore = 'rows';
const both = [headStore, rowStore];
const newHead: Head = { format, generation: 0, position: 0, rows: 0 };
/** How many rows are read at once. */
const chunk = 256;

class IndexedDbState implements State {
  readonly #where: string;
  #database: IDBDatabase | undefined;
  #rows = new PackedRows();
  #generation = 0;
  #position = 0;
  #durable = 0;
  /** The end of the checkpoints that were asked for. */
  #writing: Promise<unknown> = Promise.resolve();
  #open = false;
  #failure: PorticoError | undefined;

  constructor(name: string) {
    this.#where = `portico/${name}/state`;
  }

  async open(): Promise<number> {
    try {
      const database = await openDatabase(this.#where, rowStore);
      this.#database = database;
      // Whoever wants to delete it need not wait for us; the next checkpoint fails.
      database.onversionchange = () => database.close();
      const { generation, position, rows } = await changed(database, both, async (transaction) => {
        const head = await this.#headOf(transaction);
        const taken = { ...head, generation: head.generation + 1 };
        await answered(transaction.objectStore(headStore).put(taken, 0));
        return taken;
      });
      await this.#load(database, rows);
      this.#generation = generation;
      this.#position = this.#durable = position;
    } catch (error) {
      this.#database?.close();
      throw this.#explained(error);
    }
    this.#open = true;
    return this.#position;
  }

  read(table: string, key: string): Uint8Array | undefined {
    this.#mustBeOpen();
    return this.#rows.read(table, key);
  }

  async *scan(table: string): AsyncGenerator<readonly [key: string, value: Uint8Array]> {
    this.#mustBeOpen();
    yield* this.#rows.scan(table);
  }

  async tables(): Promise<readonly string[]> {
    this.#mustBeOpen();
    return this.#rows.tables();
  }

  async apply(rows: readonly Row[], position: number): Promise<void> {
    this.#mustWork();
    invariant(position > this.#position, this.#where, 'positions grow');
    for (const { table, key, value } of rows) {
      if (value === undefined) this.#rows.delete(table, key);
      else this.#rows.put(table, key, value);
    }
    this.#rows.tidy();
    this.#position = position;
  }

  async checkpoint(): Promise<number> {
    this.#mustWork();
    const done = this.#writing.then(() => this.#checkpoint());
    this.#writing = done.catch(() => {
      // Whoever called hears of a failure; the next one only has to wait for its end.
    });
    return done;
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.#writing;
    this.#database?.close();
    this.#rows = new PackedRows();
  }

  async #checkpoint(): Promise<number> {
    if (this.#failure !== undefined) throw this.#failure;
    const position = this.#position;
    if (position === this.#durable) return position;
    const captured = this.#rows.captureDirty();
    const rows = this.#rows.count;
    const tables = [...this.#rows.named(0, captured.tables)].map(([name]) => name);
    try {
      await changed(this.#database as IDBDatabase, both, async (transaction) => {
        const head = await this.#headOf(transaction);
        // D2.
        if (head.generation !== this.#generation) throw takenOver(this.#where);
        const store = transaction.objectStore(rowStore);
        for (const { table, key, value } of rowsOf(captured, tables)) {
          // A copy, for else all that the bytes are a part of would be stored.
          if (value === undefined) store.delete([table, key]);
          else store.put({ sum: sumOf([table, key], value), value: value.slice() }, [table, key]);
        }
        await answered(transaction.objectStore(headStore).put({ ...head, position, rows }, 0));
      });
    } catch (error) {
      const why = this.#explained(error);
      if (why.code !== 'state/full') this.#failure = why;
      throw why;
    }
    this.#rows.settle(captured);
    this.#durable = position;
    return position;
  }

  /** Reads all rows, a few at a time. */
  async #load(database: IDBDatabase, count: number): Promise<void> {
    let range: IDBKeyRange | undefined;
    for (;;) {
      const store = database.transaction(rowStore, 'readonly').objectStore(rowStore);
      const [keys, values] = (await Promise.all([
        answered(store.getAllKeys(range, chunk)),
        answered(store.getAll(range, chunk)),
      ])) as unknown as [readonly Key[], readonly Stored[]];
      for (const [i, key] of keys.entries()) {
        const { sum, value } = values[i] as Stored;
        if (sum !== sumOf(key, value)) {
          throw damaged(this.#where, `a row of table ${JSON.stringify(key[0])} is not what was written`);
        }
        this.#rows.put(...key, value);
      }
      const last = keys.at(-1);
      if (last === undefined) break;
      range = IDBKeyRange.lowerBound(last, true);
    }
    if (this.#rows.count !== count) {
      throw damaged(this.#where, `there are ${this.#rows.count} rows, not ${count}`);
    }
    this.#rows.settle(this.#rows.captureAll());
  }

  async #headOf(transaction: IDBTransaction): Promise<Head> {
    const stored = (await answered(transaction.objectStore(headStore).get(0))) as Head | undefined;
    const head = stored ?? newHead;
    if (head.format !== format) throw tooNew(this.#where, head.format, format);
    return head;
  }

  #mustBeOpen(): void {
    if (!this.#open) throw notOpen(this.#where);
  }

  #mustWork(): void {
    this.#mustBeOpen();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #explained(error: unknown): PorticoError {
    if (isPorticoError(error)) return error;
    return isOutOfRoom(error) ? full(this.#where, error) : failed(this.#where, error);
  }
}

function sumOf([table, key]: Key, value: Uint8Array): number {
  let sum = crc32Word(table.length, 0);
  for (let i = 0; i < table.length; i++) sum = crc32Word(table.charCodeAt(i), sum);
  for (let i = 0; i < key.length; i++) sum = crc32Word(key.charCodeAt(i), sum);
  return crc32(value, 0, value.length, sum);
}
