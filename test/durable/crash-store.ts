/**
 * A store that can lose its power. What a crash leaves is what was durable; the appends under way are there or not.
 *
 * K1. Whoever was started before a crash reaches the store no more: its calls never come back.
 * K2. Of the state a crash takes all that no checkpoint has made durable.
 * K3. `rows` is what the journal says, record by record, kept apart from the state: what a test may rely on.
 */
import { Codec } from '../../src/codec.ts';
import { entryMaps } from '../../src/engine/forms.ts';
import { changesOf } from '../../src/engine/record.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { memoryJournal, memoryMedium } from '../../src/journal/memory-journal.ts';
import { memoryState, MemoryStateMedium } from '../../src/state/memory-state.ts';
import type { State } from '../../src/state/state.ts';
import type { Store, StoreParts } from 'portico/dataflow';

export const codec: Codec = new Codec({ types: [entryMaps] });

export class CrashStore implements Store {
  readonly name = 'crash store';
  readonly journal = memoryMedium();
  readonly state = new MemoryStateMedium();
  /** K3. */
  readonly rows = new Map<string, Map<string, Uint8Array>>();
  /** Called with each record when its append begins. */
  onAppend: (() => void) | undefined;
  /** Called with each record when it is durable. */
  onDurable: (() => void) | undefined;
  /** How long calls take. */
  pause: () => Promise<void> = () => Promise.resolve();
  /** What calls of the journal and the state throw, if anything. */
  fault: ((call: 'append' | 'apply' | 'checkpoint') => Error | undefined) | undefined;
  #generation = 0;
  #inFlight: Uint8Array | undefined;

  /** The power fails. `keeps` says whether the append under way reached the disk. */
  crash(keeps = false): void {
    this.#generation++;
    const body = this.#inFlight;
    this.#inFlight = undefined;
    if (keeps && body !== undefined) {
      const { first, records, ownerEpoch } = this.journal;
      records.push({ seq: first + records.length, ownerEpoch, body });
      this.#durable(body);
    }
    this.state.crash();
  }

  /** Whether an append is under way. */
  get committing(): boolean {
    return this.#inFlight !== undefined;
  }

  parts(): Promise<StoreParts> {
    const generation = this.#generation;
    const alive = <T>(value: T): T | Promise<T> =>
      generation === this.#generation ? value : new Promise<T>(() => undefined);
    const slow = async (call: 'append' | 'apply' | 'checkpoint'): Promise<void> => {
      await alive(undefined);
      await this.pause();
      await alive(undefined);
      const thrown = this.fault?.(call);
      if (thrown !== undefined) throw thrown;
    };
    const journal = memoryJournal(this.journal);
    const state = memoryState(this.state);
    const keptJournal: Journal = {
      open: (owner) => journal.open(owner),
      append: async (body) => {
        if (generation !== this.#generation) return alive(0);
        const copy = body.slice();
        this.#inFlight = copy;
        this.onAppend?.();
        try {
          await slow('append');
          const seq = await journal.append(copy);
          this.#durable(copy);
          return seq;
        } finally {
          if (generation === this.#generation) this.#inFlight = undefined;
        }
      },
      read: (from) => journal.read(from),
      check: async () => {
        await alive(undefined);
        await journal.check();
      },
      trim: async (below) => {
        await alive(undefined);
        await journal.trim(below);
      },
      close: () => journal.close(),
    };
    const keptState: State = {
      open: () => state.open(),
      read: (table, key) => state.read(table, key),
      scan: (table) => state.scan(table),
      tables: () => state.tables(),
      apply: async (rows, position) => {
        await slow('apply');
        await state.apply(rows, position);
      },
      checkpoint: async () => {
        await slow('checkpoint');
        return state.checkpoint();
      },
      close: () => state.close(),
    };
    return Promise.resolve({ journal: keptJournal, state: keptState });
  }

  /** What a row says that is durable. */
  row(table: string, key: string): unknown {
    const bytes = this.rows.get(table)?.get(key);
    return bytes === undefined ? undefined : codec.decode(bytes);
  }

  /** All rows that are durable, as text, for comparing. */
  keys(): string[] {
    return [...this.rows]
      .flatMap(([table, rows]) => [...rows.keys()].map((key) => `${table} | ${key}`))
      .sort();
  }

  #durable(body: Uint8Array): void {
    const { drops, rows } = changesOf(codec, body, 'record');
    for (const { table, prefix } of drops) {
      for (const key of this.rows.get(table)?.keys() ?? [])
        if (key.startsWith(prefix)) this.rows.get(table)?.delete(key);
    }
    for (const { table, key, value } of rows) {
      const all = this.rows.get(table) ?? new Map<string, Uint8Array>();
      this.rows.set(table, all);
      if (value === undefined) all.delete(key);
      else all.set(key, value);
    }
    this.onDurable?.();
  }
}
