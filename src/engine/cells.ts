/**
 * Cells: the state of one key of one task, and the log that undoes what turns and atoms did to them.
 *
 * C1. A cell holds a value for each slot of its task; the first one in a field of its own, because most tasks have one.
 * C2. Every write is logged before it happens, once for each turn and slot; at the end of a turn only the first of the
 *     atom is kept. So the log grows with the cells that an atom touches, not with how often it writes to them. The old
 *     value that nearly every turn has just one of is held in a field until then; and the first of the atom that is kept
 *     stays in a field, so that an atom with one turn, or one cell, needs no log.
 * C3. Undoing in reverse order restores every cell exactly, and cells that came to be are gone again.
 *     Its entries need no mark that has to be cleared: the cell is stamped with the number of the atom.
 * C4. When an atom is done, cells that hold nothing are dropped: nothing is left of a key that was deleted. If the store
 *     has the cell it stays, empty, until that is deleted there: or else it would be read again.
 * C5. A cell that was written to since the last cut is in the list of those; undoing what was written leaves it there.
 */
import { absent } from '../graph/context.ts';
import type { Key } from '../graph/keys.ts';
import type { Entries } from '../graph/state.ts';
import type { Table } from './table.ts';

/** Where the cells of one task are. */
export interface Home {
  /** Those of its keys. */
  readonly cells: Table<Cell>;
  /** That of the task itself. */
  readonly own: Cell;
}

export class Cell {
  readonly key: Key;
  readonly home: Home;
  first: unknown = absent;
  /** The atom that last kept the first slot's old value. */
  keptIn = 0;
  /** What most cells do not have. */
  more: MoreSlots | undefined = undefined;

  /** The epoch in which it was last written to. */
  epoch = 0;
  /** Whether the store has it. It is not dropped then before the store has let go of it, too. */
  stored = false;
  /** Whether anybody has looked at it of late. */
  used = true;

  constructor(key: Key, home: Home) {
    this.key = key;
    this.home = home;
  }

  get(slot: number): unknown {
    if (slot === 0) return this.first;
    const { more } = this;
    return more === undefined || slot > more.values.length ? absent : more.values[slot - 1];
  }

  set(slot: number, value: unknown): void {
    if (slot === 0) this.first = value;
    else {
      const { values } = (this.more ??= new MoreSlots());
      while (values.length < slot) values.push(absent);
      values[slot - 1] = value;
    }
  }

  /** How many slots may hold something. */
  get slots(): number {
    return this.more === undefined ? 1 : this.more.values.length + 1;
  }

  get empty(): boolean {
    return (
      this.first === absent &&
      (this.more === undefined || this.more.values.every((value) => value === absent))
    );
  }
}

/** The slots of a cell after the first, and the marks of a turn that wrote to several. */
class MoreSlots {
  readonly values: unknown[] = [];
  /** The turn that the low marks speak of. */
  turn = 0;
  /** Low half: slots logged in that turn. High half: slots whose first old value in this atom is kept. */
  marks = 0;
}

/**
 * The entries of a map state. A deleted entry holds `absent` until its atom is done, so that undoing the deletion also
 * restores its place in the order.
 */
export class EntryMap extends Map<Key, unknown> implements Entries {
  gone = 0;

  put(key: Key, value: unknown): void {
    if (value === absent && !this.has(key)) return;
    if (value !== absent && this.get(key) === absent) {
      this.delete(key);
      this.gone--;
    }
    this.restore(key, value);
  }

  /** Sets an entry where it stands. */
  restore(key: Key, value: unknown): void {
    if (this.get(key) === absent) this.gone--;
    if (value === absent) this.gone++;
    this.set(key, value);
  }
}

/** What a map held, in its order. */
class AllEntries {
  readonly #entries: [Key, unknown][];

  constructor(map: EntryMap) {
    this.#entries = [...map];
  }

  restore(map: EntryMap): void {
    map.clear();
    map.gone = 0;
    for (const [key, value] of this.#entries) map.restore(key, value);
  }
}

function marksOf(cell: Cell): MoreSlots {
  return (cell.more ??= new MoreSlots());
}

/** The mark that says that the first old value of a slot is kept. */
function keptBit(slot: number): number {
  return slot < MARKED ? 1 << (slot + MARKED) : 0;
}

/** Slots that have a mark; higher ones are logged at every write. */
const MARKED = 15;
const LOW = (1 << MARKED) - 1;
/** Atoms are counted up to here, and then from the beginning. */
const MOST_ATOMS = 0x3fff_ffff;

export class UndoLog {
  /** The number of the running turn within its atom. Turns that leave `dirty` false need no number of their own. */
  turn = 1;
  /** Whether the running turn did anything that has to be kept or undone. */
  dirty = false;
  /** The cell that the running turn has written to first, which slot of it, and what that held before. */
  #turnCell: Cell | undefined = undefined;
  #turnSlot = 0;
  #turnOld: unknown = undefined;
  /** The same for the first turn of this atom that wrote. Such a slot has no mark; it is told by being here. */
  #heldCell: Cell | undefined = undefined;
  #heldSlot = 0;
  #heldOld: unknown = undefined;
  /** Whether any turn of this atom did anything that may have to be undone. */
  touched = false;
  /** Counts the atoms that stamped cells. */
  #atom = 1;
  /** Clears the stamps of all cells: called before atoms are counted from the beginning, so that no old stamp is taken for a new one. */
  onWrap: (() => void) | undefined = undefined;
  /** The cells that were stamped in this atom, and what their first slot held before it. */
  #firstCells: Cell[] = [];
  #firstOlds: unknown[] = [];
  #f = 0;
  #cells: Cell[] = [];
  #slots: number[] = [];
  #olds: unknown[] = [];
  #n = 0;
  /** Entries below belong to turns of this atom that went well. */
  #kept = 0;
  #maps: EntryMap[] = [];
  #mapKeys: Key[] = [];
  #mapOlds: unknown[] = [];
  #m = 0;
  #mapsKept = 0;
  /** Cells that may have become empty. */
  #emptied: Cell[] = [];
  /** The number of the epoch; 0 if none is ever cut. */
  epoch = 0;
  /** The cells that were written to in this epoch (C5). */
  written: Cell[] = [];

  /** Logs the value of a slot that is about to be written. */
  before(cell: Cell, slot: number, deletes: boolean): void {
    this.dirty = true;
    if (cell.epoch !== this.epoch) this.#write(cell);
    if (deletes) this.#emptied.push(cell);
    if (this.#turnCell === undefined) {
      this.#turnCell = cell;
      this.#turnSlot = slot;
      this.#turnOld = slot === 0 ? cell.first : cell.get(slot);
    } else if (this.#turnCell !== cell || this.#turnSlot !== slot) {
      if (slot > 0 || this.#turnSlot === 0) this.#another(cell, slot, cell.get(slot));
      else {
        // First slots need no marks when they are held, and most cells have nothing else.
        this.#another(this.#turnCell, this.#turnSlot, this.#turnOld);
        this.#turnCell = cell;
        this.#turnSlot = 0;
        this.#turnOld = cell.first;
      }
    }
  }

  /** Has a cell written by the next cut, although nothing in it changes. */
  touch(cell: Cell): void {
    if (cell.epoch !== this.epoch) this.#write(cell);
  }

  #write(cell: Cell): void {
    cell.epoch = this.epoch;
    this.written.push(cell);
  }

  /** Logs a slot beside the one that is held. */
  #another(cell: Cell, slot: number, old: unknown): void {
    const more = marksOf(cell);
    if (more.turn !== this.turn) {
      more.turn = this.turn;
      more.marks &= ~LOW;
    }
    const bit = slot < MARKED ? 1 << slot : 0;
    if ((more.marks & bit) !== 0) return;
    more.marks |= bit;
    this.#push(cell, slot, old);
  }

  /** Logs the value of an entry of a map that is about to be written. */
  beforeEntry(cell: Cell, map: EntryMap, key: Key, value: unknown): void {
    this.dirty = true;
    if (cell.epoch !== this.epoch) this.#write(cell);
    const m = this.#m++;
    this.#maps[m] = map;
    this.#mapKeys[m] = key;
    const old = map.has(key) ? map.get(key) : NEVER;
    // An entry that comes back takes its place at the end, as it would in an atom of its own; to undo that takes all of them.
    this.#mapOlds[m] = old === absent && value !== absent ? new AllEntries(map) : old;
  }

  /** Ends a turn that went well. */
  keep(): void {
    this.turn++;
    this.dirty = false;
    this.touched = true;
    this.#mapsKept = this.#m;
    if (this.#n > this.#kept) this.#keepFirsts();
    const cell = this.#turnCell;
    if (cell === undefined) return;
    this.#turnCell = undefined;
    if (this.#heldCell === undefined) {
      this.#heldCell = cell;
      this.#heldSlot = this.#turnSlot;
      this.#heldOld = this.#turnOld;
    } else if (this.#heldCell !== cell || this.#heldSlot !== this.#turnSlot) this.#keepTurn(cell);
  }

  /** Keeps the old value that the turn holds, if it is the first of this atom. */
  #keepTurn(cell: Cell): void {
    const slot = this.#turnSlot;
    if (slot === 0) {
      if (cell.keptIn === this.#atom) return;
      cell.keptIn = this.#atom;
      const f = this.#f++;
      this.#firstCells[f] = cell;
      this.#firstOlds[f] = this.#turnOld;
    } else {
      const more = marksOf(cell);
      const bit = keptBit(slot);
      if ((more.marks & bit) !== 0) return;
      more.marks |= bit;
      this.#push(cell, slot, this.#turnOld);
      this.#kept = this.#n;
    }
  }

  #push(cell: Cell, slot: number, old: unknown): void {
    const n = this.#n++;
    this.#cells[n] = cell;
    this.#slots[n] = slot;
    this.#olds[n] = old;
  }

  /** Of what the turn logged, keeps the first old values of this atom. */
  #keepFirsts(): void {
    const end = this.#n;
    let kept = this.#kept;
    for (let i = kept; i < end; i++) {
      const cell = this.#cells[i] as Cell;
      const slot = this.#slots[i] as number;
      const more = marksOf(cell);
      const held = cell === this.#heldCell && slot === this.#heldSlot;
      if (held || (slot === 0 && cell.keptIn === this.#atom)) {
        // It has no entry of its own then, so nobody else clears its marks before turns are counted from the beginning.
        more.turn = 0;
        more.marks &= ~LOW;
        continue;
      }
      const bit = keptBit(slot);
      if ((more.marks & bit) !== 0) continue;
      if (slot === 0) cell.keptIn = this.#atom;
      more.marks |= bit;
      this.#cells[kept] = cell;
      this.#slots[kept] = slot;
      this.#olds[kept] = this.#olds[i];
      kept++;
    }
    this.#n = kept;
    this.#kept = kept;
  }

  /** Undoes the running turn. */
  rollback(): void {
    const cell = this.#turnCell;
    if (cell !== undefined) {
      this.#turnCell = undefined;
      cell.set(this.#turnSlot, this.#turnOld);
      if (this.#turnOld === absent) this.#emptied.push(cell);
    }
    this.#restore(this.#kept, this.#mapsKept);
    this.turn++;
    this.dirty = false;
    this.touched = true;
  }

  /** Ends an atom that went well. */
  commit(): void {
    this.turn = 1;
    this.touched = false;
    this.#heldCell = undefined;
    if (this.#n > 0 || this.#m > 0 || this.#f > 0) this.#forget(this.#n, this.#m);
    if (this.#emptied.length > 0) this.#sweep();
  }

  /** Undoes the whole atom. */
  undo(): void {
    this.rollback();
    const n = this.#n;
    const m = this.#m;
    this.#restore(0, 0);
    for (let i = this.#f - 1; i >= 0; i--) {
      const cell = this.#firstCells[i] as Cell;
      cell.first = this.#firstOlds[i];
      if (cell.first === absent) this.#emptied.push(cell);
    }
    const held = this.#heldCell;
    if (held !== undefined) {
      held.set(this.#heldSlot, this.#heldOld);
      if (this.#heldOld === absent) this.#emptied.push(held);
      this.#heldCell = undefined;
    }
    this.turn = 1;
    this.touched = false;
    this.#forget(n, m);
    this.#sweep();
  }

  #restore(toCell: number, toMap: number): void {
    for (let m = this.#m - 1; m >= toMap; m--) {
      const map = this.#maps[m] as EntryMap;
      const old = this.#mapOlds[m];
      const key = this.#mapKeys[m] as Key;
      if (old instanceof AllEntries) old.restore(map);
      else if (old !== NEVER) map.restore(key, old);
      else {
        if (map.get(key) === absent) map.gone--;
        map.delete(key);
      }
    }
    for (let i = this.#n - 1; i >= toCell; i--) {
      const cell = this.#cells[i] as Cell;
      const old = this.#olds[i];
      cell.set(this.#slots[i] as number, old);
      marksOf(cell).marks &= ~LOW;
      if (old === absent) this.#emptied.push(cell);
    }
    this.#n = Math.min(this.#n, toCell);
    this.#m = Math.min(this.#m, toMap);
    this.#kept = this.#n;
    this.#mapsKept = this.#m;
  }

  /** Clears the marks and lets go of old values. */
  #forget(n: number, m: number): void {
    for (let i = 0; i < n; i++) {
      const more = marksOf(this.#cells[i] as Cell);
      more.turn = 0;
      more.marks = 0;
      this.#olds[i] = undefined;
    }
    const firstOlds = this.#firstOlds;
    for (let i = 0; i < this.#f; i++) firstOlds[i] = undefined;
    if (this.#f > LONG) {
      this.#firstCells = [];
      this.#firstOlds = [];
    }
    this.#f = 0;
    this.#nextAtom();
    for (let i = 0; i < m; i++) {
      const map = this.#maps[i] as EntryMap;
      const key = this.#mapKeys[i] as Key;
      if (map.gone > 0 && map.get(key) === absent) {
        map.delete(key);
        map.gone--;
      }
      this.#mapOlds[i] = undefined;
    }
    // The arrays keep their length for the next atom, unless this one was out of the ordinary.
    if (n > LONG) this.#cells = [];
    if (n > LONG) this.#olds = [];
    if (m > LONG) {
      this.#maps = [];
      this.#mapKeys = [];
    }
    this.#n = this.#kept = 0;
    this.#m = this.#mapsKept = 0;
  }

  #nextAtom(): void {
    if (this.#atom === MOST_ATOMS) {
      this.onWrap?.();
      this.#atom = 0;
    }
    this.#atom++;
  }

  #sweep(): void {
    for (const cell of this.#emptied) {
      const { home } = cell;
      if (cell.empty && !cell.stored && home.own !== cell) home.cells.remove(cell);
    }
    this.#emptied = [];
  }
}

/** Logs that grew longer are given back. */
const LONG = 0x4000;
/** The old value of an entry that was not there. */
const NEVER: unique symbol = Symbol('portico.never');
