/**
 * A journal in IndexedDB.
 *
 * I1. Whose the journal is stands in its head. Every change looks there first, in the same transaction: so an owner that
 *     has been fenced changes nothing.
 * I2. The head also says which records there are. It changes together with them, so one that is missing is missed.
 * I3. Each record has a checksum of itself and of that of the one before it.
 * I4. One transaction is under way at a time; what comes meanwhile goes into the next one together. If one fails, so does
 *     all that came after it.
 */
import { isPorticoError, type PorticoError } from '../errors.ts';
import { crc32, crc32Word } from '../journal/crc32.ts';
import type { Journal, JournalRecord, Opening } from '../journal/journal.ts';
import {
  closed,
  damaged,
  failed,
  fenced,
  full,
  tooLarge,
  trimmed,
  wrongFormat,
} from '../journal/refusals.ts';
import { answered, changed, headStore, isOutOfRoom, openDatabase } from './indexeddb.ts';

export interface IndexedDbJournalOptions {
  /** The largest record. 64 MB if not given. */
  readonly maxRecordBytes?: number;
}

/** A journal in IndexedDB, under a name of its own in the origin of the page. */
export function indexedDbJournal(name: string, options: IndexedDbJournalOptions = {}): Journal {
  return new IndexedDbJournal(name, options.maxRecordBytes ?? 64 * 1024 * 1024);
}

interface Head {
  readonly format: number;
  readonly ownerEpoch: number;
  readonly owner: string;
  readonly first: number;
  readonly next: number;
  /** The checksum of the last record. */
  readonly sum: number;
}

interface Stored {
  readonly seq: number;
  readonly ownerEpoch: number;
  readonly previous: number;
  readonly sum: number;
  readonly body: Uint8Array;
}

interface Waiting {
  readonly body: Uint8Array;
  readonly resolve: (seq: number) => void;
  readonly reject: (error: PorticoError) => void;
}

const format = 1;
const recordStore = 'records';
const both = [headStore, recordStore];
const newHead: Head = { format, ownerEpoch: 0, owner: '', first: 1, next: 1, sum: 0 };
/** How many records are read at once. */
const chunk = 32;

class IndexedDbJournal implements Journal {
  readonly #where: string;
  readonly #maxRecordBytes: number;
  #phase: 'new' | 'opening' | 'open' | 'closed' = 'new';
  #database: IDBDatabase | undefined;
  #ownerEpoch = 0;
  /** Why nothing can be appended any more. */
  #broken: PorticoError | undefined;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  constructor(name: string, maxRecordBytes: number) {
    this.#where = `portico/${name}/journal`;
    this.#maxRecordBytes = maxRecordBytes;
  }

  async open(owner: string): Promise<Opening> {
    if (this.#phase !== 'new') throw closed(this.#where, 'the journal was opened before');
    this.#phase = 'opening';
    try {
      const database = await openDatabase(this.#where, recordStore);
      this.#database = database;
      database.onclose = () => {
        this.#broken ??= failed(this.#where, new Error('the browser closed it'));
      };
      // Whoever wants to delete it need not wait for us.
      database.onversionchange = () => {
        this.#broken ??= failed(this.#where, new Error('it is being deleted'));
        database.close();
      };
      const { ownerEpoch, first, next } = await changed(database, both, async (transaction) => {
        const head = await this.#headOf(transaction);
        await this.#checkEnds(transaction, head);
        const taken = { ...head, ownerEpoch: head.ownerEpoch + 1, owner };
        await answered(transaction.objectStore(headStore).put(taken, 0));
        return taken;
      });
      this.#ownerEpoch = ownerEpoch;
      this.#phase = 'open';
      return { ownerEpoch, first, next };
    } catch (error) {
      this.#phase = 'closed';
      this.#database?.close();
      throw this.#explained(error);
    }
  }

  async append(body: Uint8Array): Promise<number> {
    this.#opened();
    if (this.#broken !== undefined) throw this.#broken;
    if (body.length > this.#maxRecordBytes) throw tooLarge(this.#where, body.length, this.#maxRecordBytes);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ body, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  async *read(from: number): AsyncGenerator<JournalRecord> {
    let before: Stored | undefined;
    for (let seq = from; ;) {
      const records = await this.#chunkFrom(seq);
      if (records.length === 0) return;
      for (const stored of records) {
        this.#check(stored, seq, before);
        yield { seq, ownerEpoch: stored.ownerEpoch, body: stored.body };
        before = stored;
        seq++;
      }
    }
  }

  async check(): Promise<void> {
    const database = this.#opened();
    if (this.#broken !== undefined) throw this.#broken;
    try {
      await changed(database, both, (transaction) => this.#ownHead(transaction));
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async trim(below: number): Promise<void> {
    const database = this.#opened();
    if (this.#broken !== undefined) throw this.#broken;
    try {
      await changed(database, both, async (transaction) => {
        const head = await this.#ownHead(transaction);
        const first = Math.max(head.first, Math.min(below, head.next));
        if (first === head.first) return;
        await answered(transaction.objectStore(recordStore).delete(IDBKeyRange.upperBound(first, true)));
        await answered(transaction.objectStore(headStore).put({ ...head, first }, 0));
      });
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async close(): Promise<void> {
    this.#phase = 'closed';
    await this.#writing;
    this.#database?.close();
  }

  // Writing

  /** I4. */
  async #writeAll(): Promise<void> {
    for (let group = this.#waiting; group.length > 0; group = this.#waiting) {
      this.#waiting = [];
      try {
        const first = await this.#write(group);
        for (const [i, { resolve }] of group.entries()) resolve(first + i);
      } catch (error) {
        const why = this.#explained(error);
        if (why.code !== 'journal/full') this.#broken ??= why;
        group = group.concat(this.#waiting);
        this.#waiting = [];
        for (const { reject } of group) reject(why);
      }
    }
    this.#writing = undefined;
  }

  /** The number of the first record of a group that was written. */
  async #write(group: readonly Waiting[]): Promise<number> {
    if (this.#broken !== undefined) throw this.#broken;
    return changed(this.#database as IDBDatabase, both, async (transaction) => {
      const head = await this.#ownHead(transaction);
      const records = transaction.objectStore(recordStore);
      const { ownerEpoch } = head;
      let { next, sum } = head;
      for (const { body } of group) {
        const previous = sum;
        sum = sumOf(next, ownerEpoch, previous, body);
        // A copy, for else all that the bytes are a part of would be stored.
        const stored: Stored = { seq: next, ownerEpoch, previous, sum, body: body.slice() };
        records.add(stored, next++);
      }
      await answered(transaction.objectStore(headStore).put({ ...head, next, sum }, 0));
      return head.next;
    });
  }

  /** I1. */
  async #ownHead(transaction: IDBTransaction): Promise<Head> {
    const head = await this.#headOf(transaction);
    if (head.ownerEpoch !== this.#ownerEpoch) throw fenced(this.#where, head);
    return head;
  }

  async #headOf(transaction: IDBTransaction): Promise<Head> {
    const stored = (await answered(transaction.objectStore(headStore).get(0))) as Head | undefined;
    const head = stored ?? newHead;
    if (head.format !== format) throw wrongFormat(this.#where, head.format, format);
    return head;
  }

  // Reading

  /** I2. Whether the records begin and end where the head says. */
  async #checkEnds(transaction: IDBTransaction, { first, next }: Head): Promise<void> {
    const records = transaction.objectStore(recordStore);
    const [oldest, newest] = await Promise.all([
      answered(records.openKeyCursor(null, 'next')),
      answered(records.openKeyCursor(null, 'prev')),
    ]);
    const [from, to] = [oldest?.key ?? next, newest?.key ?? next - 1].map(Number);
    if (from !== first || to !== next - 1) {
      const what = `there are records ${from} to ${to}, not ${first} to ${next - 1}`;
      throw damaged(this.#where, what);
    }
  }

  /** The next few records: none only if there are no more. */
  async #chunkFrom(seq: number): Promise<readonly Stored[]> {
    const database = this.#opened();
    try {
      const transaction = database.transaction(both, 'readonly');
      const head = await this.#headOf(transaction);
      if (seq < head.first) throw trimmed(this.#where, seq, head.first);
      const range = IDBKeyRange.bound(seq, seq + chunk - 1);
      const found = (await answered(transaction.objectStore(recordStore).getAll(range))) as Stored[];
      const due = Math.max(0, Math.min(chunk, head.next - seq));
      if (found.length < due)
        throw damaged(this.#where, `of records ${seq} to ${seq + due - 1} some are missing`);
      return found;
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** I3. */
  #check(stored: Stored, seq: number, before: Stored | undefined): void {
    const { ownerEpoch, previous, sum, body } = stored;
    if (stored.seq !== seq || sum !== sumOf(seq, ownerEpoch, previous, body)) {
      throw damaged(this.#where, `record ${seq} is not what was written`);
    }
    if (before !== undefined && (previous !== before.sum || ownerEpoch < before.ownerEpoch)) {
      throw damaged(this.#where, `record ${seq} does not follow the one before it`);
    }
  }

  #opened(): IDBDatabase {
    if (this.#phase === 'open' && this.#database !== undefined) return this.#database;
    const what = this.#phase === 'closed' ? 'the journal has been closed' : 'the journal is not open yet';
    throw closed(this.#where, what);
  }

  #explained(error: unknown): PorticoError {
    if (isPorticoError(error)) return error;
    return isOutOfRoom(error) ? full(this.#where, error) : failed(this.#where, error);
  }
}

function sumOf(seq: number, ownerEpoch: number, previous: number, body: Uint8Array): number {
  const high = Math.floor(seq / 0x1_0000_0000);
  const head = [seq, high, ownerEpoch, previous].reduce((sum, word) => crc32Word(word, sum), 0);
  return crc32(body, 0, body.length, head);
}
