/**
 * Epochs: runs of whole atoms that become durable together. The engine runs ahead in memory; a cut says what has changed, a
 * commit makes that durable, and only then does anything leave.
 *
 * E1. A cut falls between two atoms, and what it writes is all that has changed since the cut before.
 * E2. One commit is under way at a time; the next epoch runs meanwhile.
 * E3. What an epoch made leaves the partition after its commit, never before (G3); if that fails, it never leaves.
 * E4. The state is behind the journal, and a cell that it does not have in its newest form stays in memory.
 * E5. Of the journal only what a checkpoint of the state covers is dropped.
 */
import type { Codec } from '../codec.ts';
import { ours, PorticoError, describe } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { Row, State } from '../state/state.ts';
import type { Cell } from './cells.ts';
import { Cutter, notStorable } from './cut.ts';
import type { Partition } from './partition.ts';
import { PendingCutter, restorePending } from './pending.ts';
import { RecordWriter, rowsOf } from './record.ts';
import type { Image } from './recover.ts';

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
}

/** How often to cut, and what to keep in memory. */
export interface EpochOptions {
  /** Milliseconds after which what has changed is committed, if nobody waits for it. */
  readonly epochMs: number;
  /** Cells after which it is. */
  readonly epochDirty: number;
  /** How many cells may stay in memory that the state has as well. */
  readonly activeCells: number;
  /** Bytes of the journal after which the state is brought up to it, and after which it is made durable. */
  readonly applyBytes: number;
  readonly checkpointBytes: number;
}

/** What is told of an epoch. */
export interface EpochListener {
  /** Something may leave now. */
  committed(): void;
  /** The journal is full; the same record is tried again, until there is room. */
  full(error: PorticoError): void;
  failed(error: PorticoError): void;
}

/** Those who wait for a commit. */
class Waiting {
  readonly promise: Promise<void>;
  resolve: () => void = () => undefined;
  reject: (error: PorticoError) => void = () => undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Nobody may be waiting.
    this.promise.catch(() => undefined);
  }
}

export class Epochs {
  readonly #partition: Partition;
  readonly #kept: Kept;
  readonly #options: EpochOptions;
  readonly #listener: EpochListener;
  readonly #record: RecordWriter;
  readonly #cutter: Cutter;
  readonly #pending: PendingCutter;
  #waiting = new Waiting();
  /** The commit that is under way. */
  #commit: Promise<void> | undefined;
  #lastCutMs = -Infinity;
  /** Rows that the state does not have yet, by table and key. */
  #rows = new Map<string, Map<string, Uint8Array | undefined>>();
  #rowBytes = 0;
  #uncheckedBytes = 0;
  /** The cells of those rows that were deleted. */
  #gone: Cell[] = [];
  #seq: number;
  /** The youngest epoch that is durable. */
  #durable = 0;
  #applying: Promise<void> | undefined;
  #applied: number;
  /** Whether anything may have changed since the last cut. */
  changed = true;
  /** Whether somebody waits for the next commit. */
  waited = false;
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
    this.#pending = new PendingCutter(partition, this.#record, restorePending(partition, kept.image));
    this.#seq = kept.last;
    this.#applied = kept.last;
    partition.turns.undoLog.epoch = 1;
    partition.taskTimers.record();
    partition.onHeld = () => {
      this.waited = true;
      this.changed = true;
    };
  }

  /** Resolves when all that has happened up to now is durable. */
  wait(): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.waited = true;
    this.changed = true;
    return this.#waiting.promise;
  }

  /** Whether to cut now. */
  due(nowMs: number, idle: boolean): boolean {
    if (!this.changed || this.#commit !== undefined || this.failure !== undefined) return false;
    const { epochMs, epochDirty } = this.#options;
    return (
      idle ||
      this.waited ||
      nowMs - this.#lastCutMs >= epochMs ||
      this.#partition.turns.undoLog.written.length >= epochDirty
    );
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
      this.#fail(notStorable(ours(error) ?? escaped(error)));
      return;
    }
    const epoch = undoLog.epoch++;
    const waiting = this.#waiting;
    this.#waiting = new Waiting();
    this.#lastCutMs = nowMs;
    this.changed = false;
    this.waited = false;
    for (const gate of this.#partition.gates()) gate.cut();
    if (this.#record.rows === 0) {
      this.#release(waiting);
      return;
    }
    this.counts.rows += this.#record.rows;
    const body = this.#record.take();
    this.counts.commits++;
    this.counts.bytes += body.length;
    this.#commit = this.#append(body, epoch, gone, waiting);
  }

  /** Commits what is left, brings the state up to it, and lets go of both. */
  async close(): Promise<void> {
    while (this.#commit !== undefined) await this.#commit;
    if (this.failure === undefined && this.changed) {
      this.cut(this.#lastCutMs);
      // The cut has begun one, unless there was nothing to commit.
      await (this.#commit as Promise<void> | undefined);
    }
    await this.#applying;
    const { journal, state } = this.#kept;
    try {
      if (this.failure === undefined) {
        await this.#apply();
        await this.#checkpoint();
      }
    } finally {
      await state.close();
      await journal.close();
    }
  }

  async #append(body: Uint8Array, epoch: number, gone: readonly Cell[], waiting: Waiting): Promise<void> {
    for (;;) {
      try {
        this.#seq = await this.#kept.journal.append(body);
        break;
      } catch (error) {
        const known = ours(error) ?? escaped(error);
        if (known.code === 'journal/full') {
          this.#listener.full(known);
          await this.#partition.pause(FULL_MS);
          continue;
        }
        this.#commit = undefined;
        waiting.reject(known);
        this.#fail(known);
        return;
      }
    }
    this.#commit = undefined;
    this.#durable = epoch;
    for (const row of rowsOf(this.#kept.codec, body, 'epoch')) this.#keepRow(row);
    for (const cell of gone) this.#gone.push(cell);
    this.#rowBytes += body.length;
    this.#uncheckedBytes += body.length;
    this.#release(waiting);
    if (this.#rowBytes >= this.#options.applyBytes && this.#applying === undefined) {
      this.#applying = this.#apply()
        .then(() => (this.#uncheckedBytes >= this.#options.checkpointBytes ? this.#checkpoint() : undefined))
        .catch((error: unknown) => {
          this.#fail(ours(error) ?? escaped(error));
        })
        .finally(() => {
          this.#applying = undefined;
        });
    }
  }

  /** E3. */
  #release(waiting: Waiting): void {
    for (const gate of this.#partition.gates()) gate.release();
    waiting.resolve();
    this.#listener.committed();
  }

  #keepRow({ table, key, value }: Row): void {
    let rows = this.#rows.get(table);
    if (rows === undefined) this.#rows.set(table, (rows = new Map()));
    rows.set(key, value);
  }

  /** Brings the state up to the journal. E4. */
  async #apply(): Promise<void> {
    const rows: Row[] = [];
    for (const [table, byKey] of this.#rows)
      for (const [key, value] of byKey) rows.push({ table, key, value });
    if (rows.length === 0) return;
    const gone = this.#gone;
    const epoch = this.#durable;
    const seq = this.#seq;
    this.#rows = new Map();
    this.#rowBytes = 0;
    this.#gone = [];
    await this.#kept.state.apply(rows, seq);
    this.#applied = epoch;
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
    const position = await this.#kept.state.checkpoint();
    await this.#kept.journal.trim(position + 1);
  }

  /** Lets go of cells that the state has as well, those first that were not used of late. */
  #evict(): void {
    for (const { states } of this.#partition.instances.values()) {
      for (const { cells } of states) {
        let tooMany = cells.size - this.#options.activeCells;
        if (tooMany <= this.#options.activeCells / 8) continue;
        for (const cell of cells.values()) {
          if (tooMany <= 0) break;
          if (!cell.stored || cell.epoch > this.#applied || cell.empty) continue;
          if (cell.used) cell.used = false;
          else {
            cells.remove(cell);
            tooMany--;
          }
        }
      }
    }
  }

  #fail(error: PorticoError): void {
    this.failure ??= error;
    this.#waiting.reject(error);
    this.#listener.failed(error);
  }
}

/** How long to wait before a record is tried again for which there was no room. */
const FULL_MS = 250;

function escaped(cause: unknown): PorticoError {
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
