/**
 * The journal that says what a journal is: an array. The medium is what survives while journals over it come and go, so
 * a program can be restarted, and an owner be taken over, without a disk.
 */
import type { PorticoError } from '../errors.ts';
import type { Journal, JournalRecord, Opening } from './journal.ts';
import { closed, fenced, full, tooLarge, trimmed } from './refusals.ts';

/** What a memory journal writes to. Make it with `memoryMedium`, and look at it as you like. */
export interface MemoryMedium {
  ownerEpoch: number;
  owner: string;
  /** The number of the oldest record that is kept. */
  first: number;
  readonly records: JournalRecord[];
  /** How many bytes of bodies there is room for. */
  capacityBytes: number;
}

export interface MemoryJournalOptions {
  /** The largest record. 64 MB if not given. */
  readonly maxRecordBytes?: number;
}

export function memoryMedium(): MemoryMedium {
  return { ownerEpoch: 0, owner: '', first: 1, records: [], capacityBytes: Infinity };
}

export function memoryJournal(
  medium: MemoryMedium = memoryMedium(),
  options: MemoryJournalOptions = {},
): Journal {
  return new MemoryJournal(medium, options.maxRecordBytes ?? 64 * 1024 * 1024);
}

class MemoryJournal implements Journal {
  readonly #medium: MemoryMedium;
  readonly #maxRecordBytes: number;
  #phase: 'new' | 'open' | 'closed' = 'new';
  #ownerEpoch = 0;

  constructor(medium: MemoryMedium, maxRecordBytes: number) {
    this.#medium = medium;
    this.#maxRecordBytes = maxRecordBytes;
  }

  async open(owner: string): Promise<Opening> {
    if (this.#phase !== 'new') throw closed(where, 'the journal was opened before');
    this.#phase = 'open';
    const medium = this.#medium;
    medium.owner = owner;
    this.#ownerEpoch = ++medium.ownerEpoch;
    return { ownerEpoch: this.#ownerEpoch, first: medium.first, next: this.#next };
  }

  async append(body: Uint8Array): Promise<number> {
    this.#checkOwner();
    const { records, capacityBytes } = this.#medium;
    if (body.length > this.#maxRecordBytes) throw tooLarge(where, body.length, this.#maxRecordBytes);
    const used = records.reduce((sum, record) => sum + record.body.length, 0);
    if (used + body.length > capacityBytes) throw full(where);
    const record = { seq: this.#next, ownerEpoch: this.#ownerEpoch, body: body.slice() };
    records.push(record);
    return record.seq;
  }

  async *read(from: number): AsyncGenerator<JournalRecord> {
    this.#checkOpen();
    for (let seq = from; ; seq++) {
      const { first, records } = this.#medium;
      if (seq < first) throw trimmed(where, seq, first);
      const record = records[seq - first];
      if (record === undefined) return;
      yield { ...record, body: record.body.slice() };
    }
  }

  async check(): Promise<void> {
    this.#checkOwner();
  }

  async trim(below: number): Promise<void> {
    this.#checkOwner();
    const medium = this.#medium;
    const dropped = Math.max(0, Math.min(below, this.#next) - medium.first);
    medium.records.splice(0, dropped);
    medium.first += dropped;
  }

  async close(): Promise<void> {
    this.#phase = 'closed';
  }

  get #next(): number {
    return this.#medium.first + this.#medium.records.length;
  }

  #checkOpen(): void {
    if (this.#phase === 'open') return;
    throw closed(
      where,
      this.#phase === 'new' ? 'the journal is not open yet' : 'the journal has been closed',
    );
  }

  #checkOwner(): void {
    this.#checkOpen();
    if (this.#medium.ownerEpoch !== this.#ownerEpoch) throw this.#fenced();
  }

  #fenced(): PorticoError {
    return fenced(where, this.#medium);
  }
}

const where = 'memoryJournal';
