/**
 * What a cut writes: of everything that an epoch may have changed, the rows that say how it is now. Between two atoms only.
 *
 * D1. A row is written only if it says something else than the store does.
 * D2. Of a stream, the atoms are written that somebody who lasts has still to read; so an atom that was made and read within
 *     one epoch never is, and of an actor that was born and stopped there is no row.
 * D3. Of an application that was stopped every row goes, and before any row of its successor comes. Of one that just does not
 *     run every row stays.
 */
import { invariant, PorticoError } from '../errors.ts';
import { atomData, slotsOf } from './forms.ts';
import type { Cell } from './cells.ts';
import type { Entered } from './entered.ts';
import type { Instance } from './instance.ts';
import type { Outbox } from './outbox.ts';
import type { Partition } from './partition.ts';
import type { Known, Stored } from './recover.ts';
import { enteredTable, placeKey, rowKey, type Drop, type RecordWriter } from './record.ts';
import type { AtomicStream } from './stream.ts';
import type { TaskState } from './task.ts';

export class Cutter {
  readonly #partition: Partition;
  readonly #record: RecordWriter;
  /** What the short rows hold in the store. */
  readonly #short: Map<string, readonly unknown[]>;
  readonly #streams: Map<string, Stored>;
  readonly #places: Known['places'];
  #drops: readonly Drop[] = [];
  /** The places of those in streams that are no more. */
  #lost: readonly string[] = [];

  /** How many cells were written, and how many bytes that took. */
  readonly cells: { rows: number; bytes: number } = { rows: 0, bytes: 0 };

  constructor(partition: Partition, record: RecordWriter, known: Known) {
    this.#partition = partition;
    this.#record = record;
    this.#short = known.short;
    this.#streams = known.streams;
    this.#places = known.places;
  }

  /** D3. An application was stopped: what it left goes with the next cut. */
  drop(instance: Instance, drops: readonly Drop[]): void {
    this.#drops = [...this.#drops, ...drops];
    const { undoLog } = this.#partition.turns;
    const states = new Set<unknown>(instance.states);
    undoLog.written = undoLog.written.filter(({ home }) => !states.has(home));
    const dropped = drops.map(({ table, prefix }) => `${table} ${prefix}`);
    for (const at of this.#short.keys())
      if (dropped.some((start) => at.startsWith(start))) this.#short.delete(at);
    const lost = [...instance.entities.keys()].flatMap((path) => {
      const places = [...(this.#places.get(path) ?? [])];
      this.#streams.delete(path);
      this.#places.delete(path);
      return places.map((lasting) => placeKey(lasting, path));
    });
    this.#lost = [...this.#lost, ...lost];
  }

  /** Writes all that has changed. Returns the cells that the store will have let go of. */
  write(): Cell[] {
    for (const drop of this.#drops) this.#record.drop(drop);
    this.#drops = [];
    for (const place of this.#lost) this.#deleteShort('cursors', place);
    this.#lost = [];
    const gone = this.#cells();
    for (const instance of this.#partition.instances.values()) this.#instance(instance);
    const { random, taskTimers, deadLetters } = this.#partition;
    this.#list('partition', 'now', [random.state, taskTimers.last, deadLetters.last]);
    this.#timers();
    return gone;
  }

  #cells(): Cell[] {
    const gone: Cell[] = [];
    const { undoLog } = this.#partition.turns;
    const { written } = undoLog;
    const before = this.#record.length;
    undoLog.written = [];
    for (const cell of written) {
      const state = cell.home as TaskState;
      if (cell === state.own) this.#own(state);
      else {
        const { table } = state;
        if (!cell.empty) {
          this.#record.put(table, rowKey(cell.key), slotsOf(cell));
          cell.stored = true;
          state.stores(cell.key);
        } else if (cell.stored) {
          this.#record.delete(table, rowKey(cell.key));
          gone.push(cell);
        }
      }
    }
    this.cells.rows += written.length;
    this.cells.bytes += this.#record.length - before;
    return gone;
  }

  #own(state: TaskState): void {
    this.#record.put('own', state.path, slotsOf(state.own));
  }

  #instance(instance: Instance): void {
    for (const state of instance.states) this.#task(state);
    for (const { kind, runtime } of instance.entities.values()) {
      switch (kind) {
        case 'stream':
          this.#stream(runtime);
          break;
        case 'sequencer':
          this.#list('sequencers', runtime.path, [runtime.last]);
          break;
        case 'splitter':
          this.#list('splitters', runtime.path, [runtime.unmatched]);
          break;
        case 'portal':
          this.#list('portals', runtime.path, [runtime.requests, runtime.late, runtime.deferred]);
          break;
      }
    }
    for (const outbox of instance.outboxes.values()) this.#outbox(outbox);
    for (const entered of instance.entered.values()) this.#entered(entered);
    for (const generator of instance.generators)
      this.#list('generators', generator.path, generator.position());
  }

  /** Where the slots of a task are, and which keys it may have. */
  #task(state: TaskState): void {
    const { slots, range } = state;
    if (slots.key.size === 0 && slots.task.size === 0) return;
    const known = this.#short.get(`tasks ${state.path}`);
    const now = [slots.key.size, slots.task.size, range.lowest, range.highest];
    if (known !== undefined && now.every((each, i) => each === known[i])) return;
    this.#short.set(`tasks ${state.path}`, now);
    this.#record.put('tasks', state.path, [
      [...slots.key.keys()],
      [...slots.task.keys()],
      range.lowest,
      range.highest,
    ]);
  }

  /** D2. */
  #stream(stream: AtomicStream): void {
    const { path, needed, next } = stream;
    const { from, to } = this.#streams.get(path) ?? { from: needed, to: needed };
    if (from !== needed || to !== next) {
      const table = `atoms ${path}`;
      invariant(from <= needed && to <= next, path, 'the atoms of a stream are numbered upwards');
      for (let at = from; at < Math.min(to, needed); at++) this.#record.delete(table, String(at));
      for (let at = Math.max(to, needed); at < next; at++) {
        const atom = stream.at(at);
        if (atom !== undefined) this.#record.put(table, String(at), atomData(atom));
      }
      this.#streams.set(path, { from: needed, to: next });
    }
    this.#list('streams', path, [needed, next, stream.through, stream.events]);
    const there = new Set<string>();
    for (const { consumer, position } of stream.cursors) {
      const { lasting } = consumer;
      if (lasting === undefined) continue;
      there.add(lasting);
      this.#list('cursors', placeKey(lasting, path), [position]);
    }
    const before = this.#places.get(path);
    if (before !== undefined && before.size > 0)
      for (const lasting of before)
        if (!there.has(lasting)) this.#deleteShort('cursors', placeKey(lasting, path));
    this.#places.set(path, there);
  }

  #outbox(outbox: Outbox): void {
    const table = `kept ${outbox.path}`;
    for (const id of outbox.takeChanged()) {
      const kept = outbox.waiting.get(id);
      if (kept === undefined) this.#deleteShort(table, String(id));
      else this.#putShort(table, String(id), [kept.key, kept.value]);
    }
    this.#list('outboxes', outbox.path, [outbox.last]);
  }

  #entered(entered: Entered): void {
    const table = enteredTable(entered.path);
    for (const name of entered.takeChanged()) {
      const row = entered.row(name);
      if (row === undefined) this.#record.delete(table, name);
      else this.#record.put(table, name, row);
    }
  }

  #timers(): void {
    const { taskTimers } = this.#partition;
    for (const id of taskTimers.takeChanged()) {
      const timer = taskTimers.find(id);
      if (timer === undefined) this.#deleteShort('timers', String(id));
      else {
        const { entrance, key, payload, due } = timer;
        this.#putShort('timers', String(id), [entrance.id, key, payload, due]);
      }
    }
  }

  /** A row that is deleted when it is over: until then only its being there is known. */
  #putShort(table: string, key: string, row: readonly unknown[]): void {
    this.#short.set(`${table} ${key}`, []);
    this.#record.put(table, key, row);
  }

  #deleteShort(table: string, key: string): void {
    if (this.#short.delete(`${table} ${key}`)) this.#record.delete(table, key);
  }

  /** D1. */
  #list(table: string, key: string, now: readonly unknown[]): void {
    const at = `${table} ${key}`;
    const known = this.#short.get(at);
    if (known !== undefined && now.every((each, i) => Object.is(each, known[i]))) return;
    this.#short.set(at, now);
    this.#record.put(table, key, now);
  }
}

/** That something cannot be stored that is to outlive this process. */
export function notStorable(error: PorticoError): PorticoError {
  const cure = `${error.cure}; of what tasks send and set only samples are looked at there, so this was found at the commit`;
  return new PorticoError({ code: error.code, where: error.where, what: error.what, cure }, { cause: error });
}
