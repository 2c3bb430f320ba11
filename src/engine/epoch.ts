/**
 * Epochs: runs of whole atoms that become durable together. The engine runs ahead in memory; a cut says what has changed, a
 * commit makes that durable, and only then does anything leave.
 *
 * E1. A cut falls between two atoms, and what it writes is all that has changed since the cut before.
 * E2. One commit is under way at a time; the next epoch runs meanwhile.
 * E3. What an epoch made leaves the partition after its commit, never before (G3); if that fails, it never leaves.
 * E4. The state is behind the journal, and a cell that it does not have in its newest form stays in memory.
 * E5. Of the journal only what a checkpoint of the state covers is dropped.
 * E6. What the journal or the state has no room for is tried again until it has, and nothing runs meanwhile.
 */
import type { Codec } from '../codec.ts';
import { ours, PorticoError, describe } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { Row, State } from '../state/state.ts';
import type { LastWords } from './care.ts';
import type { Instance } from './instance.ts';
import type { Cell } from './cells.ts';
import { Cutter, notStorable } from './cut.ts';
import type { Partition } from './partition.ts';
import { Pending } from './pending.ts';
import { keyOfRow, RecordWriter, rowsFor, type Drop } from './record.ts';
import type { Image } from './recover.ts';
import type { Table } from './table.ts';

/** Where a partition is kept. */
export interface Kept {
  readonly journal: Journal;
  readonly state: State;
  readonly codec: Codec;
  readonly image: Image;
  /** The last record of the journal. */
  readonly last: number;
  /** How often the store was taken over, this time included. */
  readonly run: number;
  /** What the process before said last, and where this one speaks; undefined if the store has no place for that. */
  readonly words: { readonly last: LastWords; readonly before: string | undefined } | undefined;
}

/** How often to cut, and what to keep in memory. */
export interface EpochOptions {
  /** Milliseconds after which what has changed is committed, if nobody waits for it. */
  readonly epochMs: number;
  /** Cells after which it is. */
  readonly epochDirty: number;
  /** How many cells may stay in memory that the state has as well. */
  readonly activeCells: number;
  /** How much they may hold, as it is stored; each is taken to hold as much as those on average that were written and read. */
  readonly activeBytes: number;
  /** Bytes of the journal after which the state is brought up to it, and after which it is made durable. */
  readonly applyBytes: number;
  readonly checkpointBytes: number;
}

/** What is told of an epoch. */
export interface EpochListener {
  /** Something may leave now. */
  committed(): void;
  /** There may be a cut again. */
  mayCut(): void;
  /** The journal is full, or the state; the same is tried again, until there is room. */
  full(error: PorticoError): void;
  failed(error: PorticoError): void;
}

/** A part of a record. */
interface Slice {
  readonly body: Uint8Array;
  readonly start: number;
  readonly end: number;
}

type Recorded = ReturnType<RecordWriter['take']>;

/** Those who wait for a commit. */
class Waiting {
  readonly promise: Promise<void>;
  count = 0;
  resolve: () => void = () => undefined;
  reject: (error: PorticoError) => void = () => undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => {
      // Nobody may be waiting, and whoever waits is told.
    });
  }
}

export class Epochs {
  readonly #partition: Partition;
  readonly #kept: Kept;
  readonly #options: EpochOptions;
  readonly #listener: EpochListener;
  readonly #record: RecordWriter;
  readonly #cutter: Cutter;
  readonly #pending: Pending;
  #waiting = new Waiting();
  /** The commit that is under way, and those who wait for it. */
  #commit: Promise<void> | undefined;
  #committing: Waiting | undefined;
  #lastCutMs = -Infinity;
  /** What the state does not have yet: what was dropped, and the rows since, by table and key. */
  #drops: Drop[] = [];
  #rows = new Map<string, Map<string, Slice | undefined>>();
  #rowBytes = 0;
  #uncheckedBytes = 0;
  /** The cells of those rows that were deleted. */
  #gone: Cell[] = [];
  #seq: number;
  /** The youngest epoch that is durable. */
  #durable = 0;
  #applying: Promise<void> | undefined;
  /** Where there is no room now. */
  readonly #full = new Set<Journal | State>();
  /** Whether it was told to come to its end: it does not wait for room any more. */
  #closing = false;
  #end: Promise<undefined> | undefined;
  #applied: number;
  #readsAtEviction = 0;
  /** Whether anything may have changed since the last cut. */
  changed = true;
  /** Whether somebody waits for the next commit. */
  waited = false;
  /** How many calls wait for a commit. */
  waiters = 0;
  /** Why there can be no more commits. */
  failure: PorticoError | undefined;
  /** What was committed, for whoever measures. */
  readonly counts = { commits: 0, rows: 0, bytes: 0 };

  constructor(partition: Partition, kept: Kept, options: EpochOptions, listener: EpochListener) {
    this.#partition = partition;
    this.#kept = kept;
    this.#options = options;
    this.#listener = listener;
    this.#record = new RecordWriter(kept.codec);
    this.#cutter = new Cutter(partition, this.#record, kept.image.known);
    this.#pending = new Pending(partition, this.#record, kept.image, kept.codec);
    this.launched();
    this.#seq = kept.last;
    this.#applied = 0;
    partition.turns.undoLog.epoch = 1;
    partition.taskTimers.record();
    partition.onHeld = () => {
      this.waited = true;
      this.changed = true;
    };
  }

  /** Applications were launched: what was under way in them goes on. */
  launched(): void {
    const { image } = this.#kept;
    this.#pending.restore();
    for (const path of this.#partition.instances.keys()) image.forget(path);
    this.changed = true;
  }

  /** An application was stopped: nothing of it stays. */
  stopped(instance: Instance): void {
    const { image } = this.#kept;
    this.#pending.forget(instance);
    this.#cutter.drop(instance, image.drop(instance, this.#partition.turns.undoLog.epoch));
    this.changed = true;
  }

  /** There will be no more commits: what has happened since the last cut is lost, and whoever waits for it is told. */
  fail(error: PorticoError): void {
    this.failure ??= error;
    this.#waiting.reject(error);
  }

  /** Resolves when all that has happened up to now is durable. */
  wait(): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.waited = true;
    this.changed = true;
    this.#waiting.count++;
    this.waiters++;
    return this.#waiting.promise;
  }

  /** Resolves when an epoch is durable, this one or one before. */
  waitFor(epoch: number): Promise<void> {
    return epoch <= this.#durable ? Promise.resolve() : this.wait();
  }

  /** Stores every cell anew, as it is now that it was read; what is under way goes on meanwhile. Returns how many there were. */
  async rewrite(): Promise<number> {
    let cells = 0;
    try {
      for (const { states } of this.#partition.instances.values()) {
        for (const task of states) {
          for await (const [row] of this.#kept.state.scan(task.table)) {
            const cell = task.find(keyOfRow(row));
            if (cell === undefined || cell.empty) continue;
            this.#partition.turns.undoLog.touch(cell);
            if (++cells % REWRITTEN_AT_ONCE === 0) await this.#asDurable();
          }
        }
      }
      await this.#asDurable();
    } catch (error) {
      throw ofStore(error);
    }
    return cells;
  }

  async #asDurable(): Promise<void> {
    const durable = this.wait();
    this.#listener.mayCut();
    await durable;
  }

  /** Whether to cut now. */
  due(nowMs: number, idle: boolean): boolean {
    if (!this.changed || this.#mustWait || this.failure !== undefined) return false;
    const { epochMs, epochDirty } = this.#options;
    // While there is work, what waits to be done is changed once more soon: to store it now would be in vain.
    return (
      idle ||
      nowMs - this.#lastCutMs >= (this.waited ? Math.min(WAITED_MS, epochMs) : epochMs) ||
      this.#partition.turns.undoLog.written.length >= epochDirty
    );
  }

  /** E2. The state must not fall behind without end, either: what it does not have yet is in memory. */
  get #mustWait(): boolean {
    if (this.#commit !== undefined) return true;
    return this.#applying !== undefined && this.#rowBytes > MOST_BEHIND * this.#options.applyBytes;
  }

  /** Whether so much has changed while there can be no cut that nothing may run before there is one. */
  get crowded(): boolean {
    const { written } = this.#partition.turns.undoLog;
    return written.length >= MOST_DIRTY * this.#options.epochDirty && this.#mustWait;
  }

  /** Whether nothing may run because what would come of it could not be kept. */
  get full(): boolean {
    return this.#full.size > 0;
  }

  /** Whether all that has happened is durable. */
  get settled(): boolean {
    return !this.changed && this.#commit === undefined;
  }

  /** E1. */
  cut(nowMs: number): void {
    const { undoLog } = this.#partition.turns;
    let gone: Cell[];
    try {
      gone = this.#cutter.write();
      this.#pending.write();
    } catch (error) {
      this.#fail(notStorable(ofStore(error)));
      return;
    }
    const epoch = undoLog.epoch++;
    const waiting = this.#waiting;
    this.#waiting = new Waiting();
    this.#lastCutMs = nowMs;
    // What is only read changes nothing that would have to be applied.
    if (this.#kept.image.reads - this.#readsAtEviction > this.#mostCells() / 8) this.#evict();
    this.changed = false;
    this.waited = false;
    for (const gate of this.#partition.gates()) gate.cut();
    if (this.#record.rows === 0) {
      this.#release(waiting);
      return;
    }
    this.counts.rows += this.#record.rows;
    const record = this.#record.take();
    const { body } = record;
    this.counts.commits++;
    this.counts.bytes += body.length;
    this.#committing = waiting;
    this.#commit = this.#append(record, epoch, gone, waiting);
  }

  /**
   * Commits what is left, brings the state up to it, and lets go of both; or just lets go, when it is over first. Returns why
   * what is left is not committed, if it is not.
   */
  async close(over: Promise<PorticoError>): Promise<PorticoError | undefined> {
    const before = this.failure;
    const closed = this.#ending();
    const reason = await Promise.race([closed, over]);
    if (reason !== undefined) {
      closed.catch(() => {
        // What goes on by itself cannot be stopped; nobody waits for it any more.
      });
      if (!this.settled) {
        this.fail(reason);
        this.#committing?.reject(reason);
      }
    }
    return this.failure === before ? undefined : this.failure;
  }

  /** Lets go of journal and state, because there will be no more commits. */
  letGo(): void {
    this.#ending().catch(() => {
      // Everybody was told why there will be none. That it cannot be let go of follows from that.
    });
  }

  #ending(): Promise<undefined> {
    return (this.#end ??= this.#close());
  }

  async #close(): Promise<undefined> {
    this.#closing = true;
    while (this.#commit !== undefined) await this.#commit;
    if (this.failure === undefined && this.changed) {
      this.cut(this.#lastCutMs);
      // The cut has begun one, unless there was nothing to commit.
      await (this.#commit as Promise<void> | undefined);
    }
    await this.#applying;
    try {
      if (this.failure === undefined) {
        await this.#apply();
        await this.#checkpoint();
      }
    } catch (error) {
      // The journal has what there was no room for.
      if (!isFull(error)) throw ofStore(error);
    } finally {
      await closeBoth(this.#kept);
    }
  }

  /** E6. */
  async #whenThereIsRoom<T>(place: Journal | State, write: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const written = await write();
        if (this.#full.delete(place)) this.#listener.mayCut();
        return written;
      } catch (error) {
        if (!isFull(error)) throw error;
        if (!this.#full.has(place)) this.#listener.full(error);
        this.#full.add(place);
        if (this.#closing) throw error;
        await this.#partition.pause(FULL_MS);
      }
    }
  }

  async #append(record: Recorded, epoch: number, gone: readonly Cell[], waiting: Waiting): Promise<void> {
    const { journal } = this.#kept;
    try {
      this.#seq = await this.#whenThereIsRoom(journal, () => journal.append(record.body));
    } catch (error) {
      const known = ofStore(error);
      this.#commit = undefined;
      waiting.reject(known);
      this.#fail(known);
      return;
    }
    this.#commit = undefined;
    this.#durable = epoch;
    this.#release(waiting);
    this.#keepRows(record);
    for (const cell of gone) this.#gone.push(cell);
    this.#rowBytes += record.body.length;
    this.#uncheckedBytes += record.body.length;
    if (this.#rowBytes >= this.#options.applyBytes && this.#applying === undefined) {
      this.#applying = this.#apply()
        .then(() => (this.#uncheckedBytes >= this.#options.checkpointBytes ? this.#checkpoint() : undefined))
        .catch((error: unknown) => {
          // At the end the journal has what there was no room for.
          if (!isFull(error)) this.#fail(ofStore(error));
        })
        .finally(() => {
          this.#applying = undefined;
          // It may have been what the next cut waited for.
          this.#listener.mayCut();
        });
    }
  }

  /** E3. */
  #release(waiting: Waiting): void {
    for (const gate of this.#partition.gates()) gate.release();
    this.waiters -= waiting.count;
    waiting.resolve();
    this.#listener.committed();
  }

  #keepRows({ body, drops, written }: Recorded): void {
    const { tables, keys, starts, ends } = written;
    for (const { table, prefix } of drops) {
      const kept = this.#rows.get(table);
      if (kept !== undefined)
        for (const key of kept.keys()) if (key.startsWith(prefix)) kept.set(key, undefined);
    }
    this.#drops.push(...drops);
    let table: string | undefined;
    let kept = new Map<string, Slice | undefined>();
    for (let i = 0; i < keys.length; i++) {
      if (tables[i] !== table) {
        table = tables[i] as string;
        kept = this.#rows.get(table) ?? new Map<string, Slice | undefined>();
        this.#rows.set(table, kept);
      }
      const end = ends[i] as number;
      kept.set(keys[i] as string, end === 0 ? undefined : { body, start: starts[i] as number, end });
    }
  }

  /** Brings the state up to the journal. E4. */
  async #apply(): Promise<void> {
    const rows: Row[] = [];
    for (const [table, byKey] of this.#rows)
      for (const [key, slice] of byKey)
        rows.push({ table, key, value: slice && slice.body.subarray(slice.start, slice.end) });
    const drops = this.#drops;
    if (rows.length + drops.length === 0) return;
    const gone = this.#gone;
    const epoch = this.#durable;
    const seq = this.#seq;
    this.#drops = [];
    this.#rows = new Map();
    this.#rowBytes = 0;
    this.#gone = [];
    const { state, image } = this.#kept;
    const all = await rowsFor(state, { drops, rows });
    await this.#whenThereIsRoom(state, () => state.apply(all, seq));
    this.#applied = epoch;
    image.reached(epoch);
    for (const cell of gone) {
      const { home, key } = cell;
      if (!cell.empty || cell.epoch > epoch || home.cells.get(key) !== cell) continue;
      cell.stored = false;
      home.cells.remove(cell);
    }
    this.#evict();
  }

  /** E5. */
  async #checkpoint(): Promise<void> {
    this.#uncheckedBytes = 0;
    const { journal, state } = this.#kept;
    const position = await this.#whenThereIsRoom(state, () => state.checkpoint());
    await this.#whenThereIsRoom(journal, () => journal.trim(position + 1));
  }

  /** Lets go of cells that the state has as well, those first that were not used of late. */
  #evict(): void {
    this.#readsAtEviction = this.#kept.image.reads;
    const most = this.#mostCells();
    for (const { states } of this.#partition.instances.values())
      for (const { cells } of states)
        // The first time round may just have found that all were used.
        for (let round = 0; round < 2; round++) this.#evictFrom(cells, most);
  }

  #evictFrom(cells: Table<Cell>, most: number): void {
    let tooMany = cells.size - most;
    if (tooMany <= most / 8) return;
    for (const cell of cells.values()) {
      if (tooMany <= 0) return;
      if (!cell.stored || cell.epoch > this.#applied || cell.empty) continue;
      if (cell.used) cell.used = false;
      else {
        cells.remove(cell);
        tooMany--;
      }
    }
  }

  /** As many as may stay by number, or by the size that a row has had on average. */
  #mostCells(): number {
    const { activeCells, activeBytes } = this.#options;
    const { image } = this.#kept;
    const { rows, bytes } = this.#cutter.cells;
    const seen = rows + image.reads;
    return seen === 0 ? activeCells : Math.min(activeCells, (activeBytes * seen) / (bytes + image.readBytes));
  }

  #fail(error: PorticoError): void {
    this.fail(error);
    this.#listener.failed(error);
  }
}

const REWRITTEN_AT_ONCE = 1_000;

/** How many times as much as it is given at once the state may be behind. */
const MOST_BEHIND = 8;

/** How many times as many cells as are enough for a cut may change while there can be none. */
const MOST_DIRTY = 4;

/** Milliseconds of work after which there is a commit if somebody waits for it. */
const WAITED_MS = 2;

function isFull(error: unknown): error is PorticoError {
  return ['journal/full', 'state/full'].includes(ours(error)?.code ?? '');
}

/** How long to wait before what there was no room for is tried again. */
const FULL_MS = 250;

/** What was opened of a store. */
export interface Opened {
  readonly journal: Journal;
  readonly state: State | undefined;
}

/** Lets go of both, of the journal also if the state fails. */
export async function closeBoth({ state, journal }: Opened): Promise<void> {
  try {
    try {
      await state?.close();
    } finally {
      await journal.close();
    }
  } catch (error) {
    throw ofStore(error);
  }
}

/** What a store failed with, as an error of Portico. */
export function ofStore(cause: unknown): PorticoError {
  return ours(cause) ?? storeFailed(cause);
}

function storeFailed(cause: unknown): PorticoError {
  const what = `the store failed: ${describe(cause)}`;
  return new PorticoError(
    {
      code: 'store/failed',
      where: 'store',
      what,
      cure: 'Look at the cause; start the system again when it is mended',
    },
    { cause },
  );
}
