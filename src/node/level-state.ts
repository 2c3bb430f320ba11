/**
 * A state in LevelDB (the package classic-level), for what does not fit into memory. Rows are read from its cache or from
 * its files when they are needed, so opening does not depend on how many there are.
 *
 * L1. A batch holds the rows of an `apply` and its number, with its position; it is written whole or not at all.
 * L2. A checkpoint is a batch that is synced: the position, and the number of the last batch before it. LevelDB syncs only
 *     the log that it writes to then, so the logs before it are synced first. After a power failure LevelDB may lack a
 *     batch that no checkpoint has seen, and have a later one. The numbers show that: the position is then the one before
 *     the gap, and what the journal has from there on, applied again, makes every row right.
 * L3. Each value has a checksum over its key and itself, because LevelDB does not check what it reads.
 * L4. After anything has failed, nothing is tried again, except where it only had no room. Behind what LevelDB could not
 *     write whole it would not find what it writes then, so it is opened anew before: that begins a new log.
 * L5. Of a log that is damaged LevelDB passes over what it cannot read, and says nothing. So the number of a batch stays
 *     until that log is gone and the batch is in a table. If a batch is missing that a checkpoint has seen, it is damage.
 *
 * Its lock is no fence. It keeps most of those away who have no business here, and is lost when the same process tries to
 * open the state twice. What keeps an earlier owner from harm is the journal.
 *
 * The key of a row is the table, a byte 0, and the key. A text is written as UTF-8 is, except that each half of a
 * surrogate pair is written by itself. So any text can be written, bytes have the order of the code units, and none is
 * above 239. Those of a table are all one higher: so none is 0, and no table is taken for the start of another.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, invariant, isPorticoError, ours, PorticoError } from '../errors.ts';
import { checksum } from '../state/checksum.ts';
import type { Row, State } from '../state/state.ts';
import { damaged, failed, full, notOpen, tooNew } from '../state/trouble.ts';
import type { ClassicLevel } from 'classic-level';

/** A state in a folder of its own, in LevelDB. It needs the package `classic-level`. */
export function levelState(path: string): State {
  return new LevelState(path);
}

type Level = ClassicLevel<Uint8Array, Uint8Array>;
interface Put {
  readonly type: 'put';
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}
type Change = Put | { readonly type: 'del'; readonly key: Uint8Array };

const version = 1;
/** Behind a table. */
const end = 0;
/**
 * The row of the last checkpoint: version, position, and the numbers of the first and the last batch that must be there (L5).
 * It comes behind all tables, as does what follows.
 */
const checkpointKey = Uint8Array.of(254);
/** Before the number of a batch. */
const batchMark = Uint8Array.of(255);

class LevelState implements State {
  readonly #path: string;
  #level: Level | undefined;
  #isOpen = false;
  #position = 0;
  /** The position at which the last batch will be that was handed over. */
  #coming = 0;
  /** The numbers of the oldest batch that must be there, and of the last one. */
  #first = 1;
  #batches = 0;
  /** The last batches of the checkpoints of this run, and the newest log that there was then (L5). */
  #logged: { readonly batch: number; readonly log: number }[] = [];
  /** What was handed over last. Batches are written in order. */
  #last: Promise<unknown> = Promise.resolve();
  #failure: PorticoError | undefined;
  /** Why it has to be opened anew before it writes, and how often that came (L4). */
  #noRoom: PorticoError | undefined;
  #timesFull = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async open(): Promise<number> {
    const level = await opened(this.#path);
    try {
      this.#position = await this.#recover(level);
    } catch (error) {
      // That it cannot be read is what is told, whether or not it can be closed.
      await Promise.allSettled([level.close()]);
      throw this.#explained(error);
    }
    this.#coming = this.#position;
    this.#level = level;
    this.#isOpen = true;
    return this.#position;
  }

  read(table: string, key: string): Uint8Array | undefined {
    const level = this.#opened();
    const encoded = rowKey(table, key);
    let stored;
    try {
      stored = level.getSync(encoded);
    } catch (error) {
      throw this.#explained(error);
    }
    return stored === undefined ? undefined : this.#checked(encoded, stored);
  }

  async *scan(table: string): AsyncGenerator<readonly [key: string, value: Uint8Array]> {
    const prefix = tableKey(table);
    const rows = this.#opened().iterator({ gte: prefix, lt: behind(prefix), ...inBytes });
    try {
      for await (const [key, stored] of rows) {
        yield [textOf(key, prefix.length, key.length, 0), this.#checked(key, stored)];
      }
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async tables(): Promise<readonly string[]> {
    const found: string[] = [];
    const keys = this.#opened().keys({ lt: checkpointKey, keyEncoding: 'view' });
    try {
      for (let key = await keys.next(); key !== undefined; key = await keys.next()) {
        found.push(tableOf(key));
        keys.seek(behind(key.subarray(0, key.indexOf(end) + 1)), { keyEncoding: 'view' });
      }
    } catch (error) {
      throw this.#explained(error);
    } finally {
      await keys.close();
    }
    return found;
  }

  async apply(rows: readonly Row[], position: number): Promise<void> {
    this.#mustWork();
    invariant(position > this.#coming, this.#path, 'positions grow');
    this.#coming = position;
    await this.#inOrder(async (level) => {
      await written(level, rows, put(batchKey(this.#batches + 1), numbers(position)));
      this.#batches++;
      this.#position = position;
    });
  }

  async checkpoint(): Promise<number> {
    this.#mustWork();
    return this.#inOrder(async (level) => {
      const logs = await syncedLogs(this.#path);
      const oldest = Math.min(...logs);
      const first =
        1 +
        Math.max(this.#first - 1, ...this.#logged.flatMap(({ batch, log }) => (log < oldest ? batch : [])));
      const position = this.#position;
      const changes: Change[] = [put(checkpointKey, numbers(version, position, first, this.#batches))];
      for (let batch = this.#first; batch < first; batch++)
        changes.push({ type: 'del', key: batchKey(batch) });
      await level.batch(changes, { ...inBytes, sync: true });
      this.#first = first;
      this.#logged = this.#logged.filter(({ batch }) => batch >= first);
      this.#logged.push({ batch: this.#batches, log: Math.max(...logs) });
      return position;
    });
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#last;
    const level = this.#level;
    this.#level = undefined;
    await level?.close();
  }

  /** L2, L5. The position up to which nothing is missing. */
  async #recover(level: Level): Promise<number> {
    const stored = await level.get(checkpointKey);
    let position = 0;
    let last = 0;
    this.#first = 1;
    if (stored !== undefined) {
      // A checkpoint that does not name them was written when numbers were deleted at once.
      const [written = 0, at = 0, first = 1, seen = 0] = this.#numbers(checkpointKey, stored);
      if (written !== version) throw tooNew(this.#path, written, version);
      position = at;
      last = seen;
      this.#first = first;
    }
    this.#batches = this.#first - 1;
    const batches = level.iterator({ gte: batchKey(this.#first), ...inBytes });
    const beyond: Change[] = [];
    for await (const [key, value] of batches) {
      const [at = 0] = this.#numbers(key, value);
      if (beyond.length === 0 && isSame(key, batchKey(this.#batches + 1))) {
        this.#batches++;
        position = Math.max(position, at);
      } else beyond.push({ type: 'del', key });
    }
    if (this.#batches < last) {
      const missing = `batch ${this.#batches + 1} of ${last} is missing, which a checkpoint has seen`;
      throw damaged(this.#path, `${missing}: a log of LevelDB is not what was written`);
    }
    // Numbers are given again, so those behind the gap go before.
    if (beyond.length > 0) await level.batch(beyond, { ...inBytes, sync: true });
    // What was in logs is in tables now that LevelDB was opened.
    this.#logged = [{ batch: this.#batches, log: 0 }];
    return position;
  }

  /** L4. */
  #inOrder<T>(write: (level: Level) => Promise<T>): Promise<T> {
    const timesFull = this.#timesFull;
    const done = this.#last.then(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      // What was handed over before there was no room fails with it: nothing may come before what failed.
      if (this.#noRoom !== undefined && timesFull !== this.#timesFull) throw this.#noRoom;
      try {
        return await write(this.#noRoom === undefined ? (this.#level as Level) : await this.#openedAnew());
      } catch (error) {
        this.#coming = this.#position;
        if (isOutOfRoom(error)) {
          this.#timesFull++;
          this.#noRoom = full(this.#path, error);
          throw this.#noRoom;
        }
        this.#failure = ours(error) ?? failed(this.#path, error);
        throw this.#failure;
      }
    });
    // Whoever called hears of a failure; the next one only has to wait for its end.
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #openedAnew(): Promise<Level> {
    const before = this.#level;
    this.#level = undefined;
    await before?.close();
    const level = await opened(this.#path);
    this.#level = level;
    const position = await this.#recover(level);
    if (position !== this.#position) {
      throw failed(this.#path, `opened anew, it is at ${position} and not at ${this.#position}`);
    }
    this.#noRoom = undefined;
    return level;
  }

  /** L3. */
  #checked(key: Uint8Array, stored: Uint8Array): Uint8Array {
    // A plain array of bytes, not one of Node's buffers, which slice otherwise.
    const length = Math.max(0, stored.length - 4);
    const value = new Uint8Array(stored.buffer, stored.byteOffset, length);
    if (stored.length >= 4 && sumAt(stored, value.length) === sumOf(key, value)) return value;
    const what = 'the value of a row is not what was written';
    throw damaged(this.#path, `${what}, of table ${JSON.stringify(tableOf(key))}`);
  }

  #numbers(key: Uint8Array, stored: Uint8Array): readonly number[] {
    const { buffer } = this.#checked(key, stored).slice();
    return [...new Float64Array(buffer, 0, buffer.byteLength >> 3)];
  }

  #opened(): Level {
    this.#mustBeOpen();
    if (this.#level === undefined) throw this.#failure ?? this.#noRoom ?? notOpen(this.#path);
    return this.#level;
  }

  #mustBeOpen(): void {
    if (!this.#isOpen) throw notOpen(this.#path);
  }

  #mustWork(): void {
    this.#mustBeOpen();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #explained(error: unknown): PorticoError {
    if (isPorticoError(error)) return error;
    if (codeOf(error) === 'LEVEL_CORRUPTION') return damaged(this.#path, whyOf(error), error);
    return failed(this.#path, error);
  }
}

/** L2. The numbers of the logs, which are synced. */
async function syncedLogs(path: string): Promise<readonly number[]> {
  const logs = (await readdir(path)).filter((name) => name.endsWith('.log'));
  for (const name of logs) await syncIfThere(join(path, name));
  return logs.map((name) => Number.parseInt(name, 10));
}

async function syncIfThere(path: string): Promise<void> {
  let log;
  try {
    log = await open(path, 'r+');
  } catch (error) {
    // What is gone is in the tables, which LevelDB syncs. What Windows keeps from us is the log that is written to.
    if (['ENOENT', 'EBUSY'].includes(String(codeOf(error)))) return;
    throw error;
  }
  try {
    await log.datasync();
  } finally {
    await log.close();
  }
}

const inBytes = { keyEncoding: 'view', valueEncoding: 'view' } as const;

// Opening

async function opened(path: string): Promise<Level> {
  const { ClassicLevel } = await loaded(path);
  // Half of what is written is values that were packed already, but keys of a table have much in common.
  const level: Level = new ClassicLevel<Uint8Array, Uint8Array>(path, inBytes);
  try {
    await level.open();
  } catch (error) {
    throw explainedOpening(path, error);
  }
  return level;
}

/** The package is loaded when it is needed, so that nobody else has to have it. */
async function loaded(path: string): Promise<{ readonly ClassicLevel: typeof ClassicLevel }> {
  try {
    return await import('classic-level');
  } catch (error) {
    throw unopened(path, `the package classic-level cannot be loaded: ${describe(error)}`, installed, error);
  }
}

const installed = 'Install it with `npm install classic-level`, or keep the state in memory with snapshots';

function explainedOpening(path: string, error: unknown): PorticoError {
  const why = whyOf(error);
  switch (codeOf(causeOf(error))) {
    case 'LEVEL_LOCKED':
      return new PorticoError(
        {
          code: 'state/locked',
          where: path,
          what: 'another process has it open, or this one has',
          cure: 'Stop that one first',
        },
        { cause: error },
      );
    case 'LEVEL_CORRUPTION':
      return damaged(path, `LevelDB cannot open it: ${why}`, error);
    default:
      return unopened(path, `it cannot be opened: ${why}`, 'Give it a folder that can be written to', error);
  }
}

function unopened(where: string, what: string, cure: string, cause: unknown): PorticoError {
  return new PorticoError({ code: 'state/failed', where, what, cure }, { cause });
}

/** What LevelDB says is in the cause of what the package says, if it has one. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

function whyOf(error: unknown): string {
  return describe(causeOf(error));
}

/** What LevelDB says itself has no code for that. */
function isOutOfRoom(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (['ENOSPC', 'EDQUOT'].includes(String(codeOf(error)))) return true;
  return /No space left on device|Disk quota exceeded/.test(error.message) || isOutOfRoom(error.cause);
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

// Rows

/** L1. Rows are handed over a few at a time, for that takes longer than to write them, and others want their turn. */
async function written(level: Level, rows: readonly Row[], last: Put): Promise<void> {
  const batch = level.batch();
  let count = 0;
  for (const { table, key, value } of rows) {
    const encoded = rowKey(table, key);
    if (value === undefined) batch.del(encoded);
    else batch.put(encoded, summed(encoded, value));
    if (++count % atOnce === 0) await setImmediate();
  }
  batch.put(last.key, last.value);
  await batch.write();
}

const atOnce = 256;

function put(key: Uint8Array, value: Uint8Array): Put {
  return { type: 'put', key, value: summed(key, value) };
}

/** L3. */
function summed(key: Uint8Array, value: Uint8Array): Uint8Array {
  const stored = new Uint8Array(value.length + 4);
  stored.set(value);
  const sum = sumOf(key, value);
  for (let i = 0; i < 4; i++) stored[value.length + i] = sum >> (8 * i);
  return stored;
}

function sumAt(bytes: Uint8Array, at: number): number {
  let sum = 0;
  for (let i = 0; i < 4; i++) sum |= (bytes[at + i] as number) << (8 * i);
  return sum;
}

/** Where the words of both are put together. */
let words = new Int32Array(256);
let bytes = new Uint8Array(words.buffer);

function sumOf(key: Uint8Array, value: Uint8Array): number {
  const length = key.length + value.length;
  const count = (length + 3) >> 2;
  if (words.length < count) {
    words = new Int32Array(2 * count);
    bytes = new Uint8Array(words.buffer);
  }
  bytes.set(key);
  bytes.set(value, key.length);
  bytes.fill(0, length, 4 * count);
  return checksum(words, 0, count, value.length);
}

function numbers(...values: number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer);
}

// Keys

function batchKey(batch: number): Uint8Array {
  const digits = [24, 16, 8, 0].map((bits) => (batch >>> bits) & 255);
  return Uint8Array.of(...batchMark, ...digits);
}

/** What the keys of the rows of a table begin with. */
function tableKey(table: string): Uint8Array {
  const key = new Uint8Array(3 * table.length + 1);
  return key.subarray(0, writeTable(table, key));
}

/** What comes behind all keys that begin so. */
function behind(prefix: Uint8Array): Uint8Array {
  const key = new Uint8Array(prefix);
  key[key.length - 1] = end + 1;
  return key;
}

/** Made for every row that is read or written: the table is mostly that of the row before, and the key mostly ASCII. */
function rowKey(table: string, key: string): Uint8Array {
  if (table !== lastTable) {
    lastPrefix = tableKey(table);
    lastTable = table;
  }
  const from = lastPrefix.length;
  const bytes = new Uint8Array(from + key.length);
  bytes.set(lastPrefix);
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    if (unit >= 0x80) return wideKey(lastPrefix, key);
    bytes[from + i] = unit;
  }
  return bytes;
}

let lastTable: string | undefined;
let lastPrefix: Uint8Array = new Uint8Array(0);

function wideKey(prefix: Uint8Array, key: string): Uint8Array {
  const bytes = new Uint8Array(prefix.length + 3 * key.length);
  bytes.set(prefix);
  return bytes.subarray(0, write(key, bytes, prefix.length, 0));
}

function tableOf(key: Uint8Array): string {
  return textOf(key, 0, key.indexOf(end), 1);
}

function writeTable(table: string, into: Uint8Array): number {
  const length = write(table, into, 0, 1);
  into[length] = end;
  return length + 1;
}

/** Writes a text, all bytes so much higher; where it ends. */
function write(text: string, into: Uint8Array, from: number, higher: number): number {
  let at = from;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) into[at++] = unit + higher;
    else {
      if (unit < 0x800) into[at++] = (0xc0 | (unit >> 6)) + higher;
      else {
        into[at++] = (0xe0 | (unit >> 12)) + higher;
        into[at++] = (0x80 | ((unit >> 6) & 0x3f)) + higher;
      }
      into[at++] = (0x80 | (unit & 0x3f)) + higher;
    }
  }
  return at;
}

function textOf(bytes: Uint8Array, from: number, to: number, higher: number): string {
  const units: number[] = [];
  for (let at = from; at < to;) {
    const first = (bytes[at++] as number) - higher;
    let unit = first;
    if (first >= 0x80) {
      unit = ((bytes[at++] as number) - higher) & 0x3f;
      if (first < 0xe0) unit |= (first & 0x1f) << 6;
      else unit = ((first & 0x0f) << 12) | (unit << 6) | (((bytes[at++] as number) - higher) & 0x3f);
    }
    units.push(unit);
  }
  let text = '';
  for (let i = 0; i < units.length; i += 1024) text += String.fromCharCode(...units.slice(i, i + 1024));
  return text;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
