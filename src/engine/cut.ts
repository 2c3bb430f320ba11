/**
 * What a cut writes: of everything that an epoch may have changed, the rows that say how it is now. Between two atoms only.
 *
 * D1. A row is written only if it says something else than the store does.
 * D2. Of a stream, the atoms are written that somebody who lasts has still to read; so an atom that was made and read within
 *     one epoch never is, and of an actor that was born and stopped there is no row.
 */
import { PorticoError } from '../errors.ts';
import { atomData, slotsOf } from './forms.ts';
import type { Cell } from './cells.ts';
import type { Instance } from './instance.ts';
import type { Outbox } from './outbox.ts';
import type { Partition } from './partition.ts';
import type { Known, Stored } from './recover.ts';
import { cellsTable, rowKey, type RecordWriter } from './record.ts';
import type { AtomicStream } from './stream.ts';
import { TaskState } from './task.ts';

export class Cutter {
  readonly #partition: Partition;
  readonly #record: RecordWriter;
  /** What the short rows hold in the store. */
  readonly #short: Map<string, readonly unknown[]>;
  readonly #streams: Map<string, Stored>;

  constructor(partition: Partition, record: RecordWriter, known: Known) {
    this.#partition = partition;
    this.#record = record;
    this.#short = known.short;
    this.#streams = known.streams;
  }

  /** Writes all that has changed. Returns the cells that the store will have let go of. */
  write(): Cell[] {
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
    undoLog.written = [];
    for (const cell of written) {
      const state = cell.home as TaskState;
      if (cell === state.own) this.#own(state);
      else {
        const table = cellsTable(state.path);
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
      for (let at = from; at < Math.min(to, needed); at++) this.#record.delete(table, String(at));
      for (let at = Math.max(to, needed); at < next; at++) {
        const atom = stream.at(at);
        if (atom !== undefined) this.#record.put(table, String(at), atomData(atom));
      }
      this.#streams.set(path, { from: needed, to: next });
    }
    this.#list('streams', path, [needed, next, stream.through, stream.events]);
    for (const { consumer, position } of stream.cursors)
      if (consumer.lasting !== undefined) this.#list('cursors', `${consumer.lasting}\n${path}`, [position]);
  }

  #outbox(outbox: Outbox): void {
    const table = `kept ${outbox.path}`;
    for (const id of outbox.takeChanged()) {
      const kept = outbox.waiting.get(id);
      const at = `${table} ${id}`;
      if (kept !== undefined) {
        this.#short.set(at, []);
        this.#record.put(table, String(id), [kept.key, kept.value]);
      } else if (this.#short.delete(at)) this.#record.delete(table, String(id));
    }
    this.#list('outboxes', outbox.path, [outbox.last]);
  }

  #timers(): void {
    const { taskTimers } = this.#partition;
    for (const id of taskTimers.takeChanged()) {
      const timer = taskTimers.find(id);
      if (timer === undefined) {
        if (this.#short.delete(`timers ${id}`)) this.#record.delete('timers', String(id));
      } else {
        this.#short.set(`timers ${id}`, []);
        const { entrance, key, payload, due } = timer;
        this.#record.put('timers', String(id), [entrance.id, key, payload, due]);
      }
    }
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
  const cure = `${error.cure}; with strict: true it is refused where it is sent or set`;
  return new PorticoError({ code: error.code, where: error.where, what: error.what, cure }, { cause: error });
}
