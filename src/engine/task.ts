/** A task at run time: its state, what it may do, and what it shares with all others. */
import { PorticoError } from '../errors.ts';
import { inWords } from '../graph/arguments.ts';
import type { StateHandle } from '../graph/context.ts';
import { isKey, type Key } from '../graph/keys.ts';
import type { LogLevel } from '../host.ts';
import { Cell, type Cells } from './cells.ts';
import type { EgressRuntime } from './egress.ts';
import type { TaskTimers } from './entrance.ts';
import type { PortalRuntime } from './portal.ts';
import type { Random } from './random.ts';
import { Table } from './table.ts';
import type { Turns } from './turn.ts';

/** The state of a task: shared by all its parts. */
export class TaskState {
  readonly name: string;
  readonly path: string;
  readonly cells: Cells = new Table();
  readonly own: Cell = new Cell('', undefined);
  readonly #slots = new Map<StateHandle, number>();
  readonly #bySlot = { key: new Map<string, number>(), task: new Map<string, number>() };

  constructor(name: string, path: string) {
    this.name = name;
    this.path = path;
  }

  /** The number of a handle's slot in the cells of its scope. Handles of one kind and name share a slot. */
  slotOf(handle: StateHandle): number {
    let slot = this.#slots.get(handle);
    if (slot === undefined) {
      slot = this.ownSlot(handle.scope, handle.slot);
      this.#slots.set(handle, slot);
    }
    return slot;
  }

  /** The number of a slot by its full name. */
  ownSlot(scope: StateHandle['scope'], name: string): number {
    const known = this.#bySlot[scope];
    const slot = known.get(name) ?? known.size;
    known.set(name, slot);
    return slot;
  }
}

/** What contexts share. */
export interface Surroundings {
  readonly turns: Turns;
  readonly taskTimers: TaskTimers;
  readonly random: Random;
  /** Whether values of state are frozen. */
  readonly strict: boolean;
  log(level: LogLevel, name: string, path: string, value: unknown): void;
}

/** What a task may do beside handling events. */
export interface Abilities {
  /** The portals that it may ask, by path. */
  readonly asks: ReadonlyMap<string, PortalRuntime>;
  /** The portals that it answers, by path. */
  readonly answers: ReadonlyMap<string, PortalRuntime>;
  /** The named continuations that it declares. */
  readonly continuations: ReadonlySet<unknown>;
  readonly hasTimer: boolean;
  /** The egresses of its application, by path. */
  readonly egresses: ReadonlyMap<string, EgressRuntime>;
}

/** A key, or an error that says what is wrong with it. */
export function checkedKey(key: unknown, where: string): Key {
  if (isKey(key)) return key;
  const cure = 'Return a string, a finite number or a bigint';
  throw new PorticoError({ code: 'key/unsupported', where, what: `the key is ${inWords(key)}`, cure });
}
