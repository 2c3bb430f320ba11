/** A task at run time: its state, what it may do, and what it shares with all others. */
import { PorticoError } from '../errors.ts';
import { inWords } from '../graph/arguments.ts';
import type { StateHandle } from '../graph/context.ts';
import { isKey, type Key } from '../graph/keys.ts';
import type { LogLevel } from '../host.ts';
import type { Backlog } from './backlog.ts';
import { Cell, type Home } from './cells.ts';
import type { EgressRuntime } from './egress.ts';
import type { TaskTimers } from './entrance.ts';
import type { PortalRuntime } from './portal.ts';
import type { Random } from './random.ts';
import { cellsTable } from './record.ts';
import { Table } from './table.ts';
import type { Turns } from './turn.ts';

/** Where cells are that are not here: read when they are first needed. */
export interface ColdCells {
  find(state: TaskState, key: Key): Cell | undefined;
}

/** The state of a task: shared by all its parts. */
export class TaskState implements Home {
  readonly name: string;
  readonly path: string;
  readonly cells: Table<Cell> = new Table();
  /** Where the store has them. */
  readonly table: string;
  readonly own: Cell = new Cell('', this);
  readonly #cold: ColdCells | undefined;
  readonly #slots = new Map<StateHandle, number>();
  /** Slots are numbered as they are first used; the store keeps those numbers. */
  readonly slots: Record<StateHandle['scope'], Map<string, number>> = { key: new Map(), task: new Map() };

  constructor(name: string, path: string, cold?: ColdCells) {
    this.name = name;
    this.path = path;
    this.table = cellsTable(path);
    this.#cold = cold;
  }

  /** The numbers that the store may have as keys: those beyond are new, and are not looked for there. */
  readonly range: { lowest: number; highest: number } = { lowest: 0, highest: -1 };

  /** The store has a cell of this key from now on. */
  stores(key: Key): void {
    if (typeof key !== 'number') return;
    const { range } = this;
    if (range.highest < range.lowest) range.lowest = range.highest = key;
    else if (key > range.highest) range.highest = key;
    else if (key < range.lowest) range.lowest = key;
  }

  /** Whether the store may have a cell of this key. */
  mayHave(key: Key): boolean {
    return typeof key !== 'number' || (key >= this.range.lowest && key <= this.range.highest);
  }

  find(key: Key): Cell | undefined {
    return this.cells.get(key) ?? this.#cold?.find(this, key);
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
    const known = this.slots[scope];
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
  readonly backlog: Backlog;
  /** What the store holds, if there is one: whatever is to come back must be data then. */
  readonly image: ColdCells | undefined;
  /** Refuses what cannot be stored; undefined if nothing is. */
  readonly check: ((value: unknown, where: string) => void) | undefined;
  /** Whether values of state are frozen. */
  readonly strict: boolean;
  log(level: LogLevel, name: string, path: string, value: unknown): void;
}

/**
 * Looks whether what a task sends and keeps can be stored. That takes longer than to send it, so it looks at the first ones
 * and then at one in so many: what is of the wrong kind is mostly so from the beginning. What slips through is found by the
 * cut, if it is still there then.
 */
export class Checks {
  readonly #check: (value: unknown, where: string) => void;
  #seen = 0;

  constructor(check: (value: unknown, where: string) => void) {
    this.#check = check;
  }

  see(value: unknown, where: string): void {
    const seen = this.#seen++;
    if (seen < FIRST_CHECKED || (seen & (ONE_IN - 1)) === 0) this.#check(value, where);
  }
}

const FIRST_CHECKED = 256;
const ONE_IN = 1024;

/** What a task may do beside handling events. */
export interface Abilities {
  /** The portals that it may ask, by path. */
  readonly asks: ReadonlyMap<string, PortalRuntime>;
  /** The portals that it answers, by path. */
  readonly answers: ReadonlyMap<string, PortalRuntime>;
  /** The named continuations that it declares. */
  readonly continuations: ReadonlySet<unknown>;
  /** The state of Portico's own that it uses, in an order of its own. */
  readonly owns: readonly StateHandle[];
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
