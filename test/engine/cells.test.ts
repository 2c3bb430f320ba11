// Cells and the undo log, C1–C4, against a model that copies all state before each turn and each atom.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cell, EntryMap, UndoLog } from '../../src/engine/cells.ts';
import { Table } from '../../src/engine/table.ts';
import { absent } from '../../src/graph/context.ts';
import type { Key } from '../../src/graph/keys.ts';

/** State as a task writes it: cells by key and one of its own, each slot a value or a map. */
class State {
  readonly log = new UndoLog();
  readonly cells = new Table<Cell>();
  readonly own: Cell = new Cell('', this);

  write(where: Key | undefined, slot: number, value: unknown): void {
    const cell = this.#cell(where);
    this.log.before(cell, slot, value === absent);
    cell.set(slot, value);
  }

  /** As the context of a task does it. */
  writeEntry(where: Key | undefined, slot: number, key: Key, value: unknown): void {
    let map = (where === undefined ? this.own : this.cells.get(where))?.get(slot) ?? absent;
    if (map === absent) {
      if (value === absent) return;
      map = new EntryMap();
      this.write(where, slot, map);
    }
    const entries = map as EntryMap;
    this.log.beforeEntry(this.#cell(where), entries, key, value);
    entries.put(key, value);
    if (value === absent && entries.size === entries.gone) this.write(where, slot, absent);
  }

  #cell(where: Key | undefined): Cell {
    if (where === undefined) return this.own;
    let cell = this.cells.get(where);
    if (cell === undefined) this.cells.add((cell = new Cell(where, this)));
    return cell;
  }
}

/** What a cell holds, by slot; the entries of a map in their order, without those that are gone. */
type Seen = Record<string, unknown>;

function seen(cell: Cell): Seen {
  const slots: Seen = {};
  for (let slot = 0; slot < SLOTS; slot++) {
    const value = cell.get(slot);
    if (value !== absent) {
      slots[slot] = value instanceof EntryMap ? [...value].filter(([, each]) => each !== absent) : value;
    }
  }
  return slots;
}

/** The same state without cunning. */
class Model {
  slots = new Map<string, unknown>();

  write(where: Key | undefined, slot: number, value: unknown): void {
    const place = `${String(where)} ${slot}`;
    if (value === absent) this.slots.delete(place);
    else this.slots.set(place, value);
  }

  writeEntry(where: Key | undefined, slot: number, key: Key, value: unknown): void {
    const place = `${String(where)} ${slot}`;
    const entries = new Map(this.slots.get(place) as Map<Key, unknown> | undefined);
    if (value === absent) entries.delete(key);
    else entries.set(key, value);
    if (entries.size === 0) this.slots.delete(place);
    else this.slots.set(place, entries);
  }

  seen(where: Key | undefined): Seen {
    const slots: Seen = {};
    for (const [place, value] of this.slots) {
      const [key, slot = ''] = place.split(' ');
      if (key !== String(where)) continue;
      slots[slot] = value instanceof Map ? [...value] : value;
    }
    return slots;
  }
}

/** More slots than have marks. */
const SLOTS = 18;
const KEYS: readonly Key[] = ['a', 'b', 'c'];

/** Slots that hold maps; the others hold values. Both kinds are among the first and among those without marks. */
const holdsMap = (where: Key | undefined, slot: number): boolean => slot % 3 === (where === 'c' ? 0 : 1);

interface Write {
  readonly where: Key | undefined;
  readonly slot: number;
  readonly key: Key;
  readonly value: unknown;
}

const value = fc.oneof({ weight: 4, arbitrary: fc.nat(9) }, fc.constant(absent));
const anywhere: fc.Arbitrary<Write> = fc.record({
  where: fc.constantFrom(...KEYS, undefined),
  slot: fc.oneof(fc.constantFrom(0, 1), fc.nat(SLOTS - 1)),
  key: fc.constantFrom('x', 1, 2n),
  value,
});
/** What tasks mostly do: one value for each key, and one for the task. */
const mostly: fc.Arbitrary<Write> = fc.record({
  where: fc.constantFrom('a', 'b', undefined),
  slot: fc.constant(0),
  key: fc.constant('x'),
  value,
});

/** Entries that go and come back. */
const entries: fc.Arbitrary<Write> = fc.record({
  where: fc.constant('a'),
  slot: fc.constant(1),
  key: fc.constantFrom('x', 'y', 'z'),
  value: fc.oneof(fc.nat(3), fc.constant(absent)),
});

const programOf = (write: fc.Arbitrary<Write>): fc.Arbitrary<Atom[]> => {
  const fails = fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true));
  const turn = fc.record({ writes: fc.array(write, { minLength: 1, maxLength: 4 }), fails });
  return fc.array(fc.record({ turns: fc.array(turn, { maxLength: 4 }), fails }), {
    minLength: 2,
    maxLength: 6,
  });
};

interface Atom {
  readonly turns: readonly { readonly writes: readonly Write[]; readonly fails: boolean }[];
  readonly fails: boolean;
}

const apply = (to: State | Model, { where, slot, key, value }: Write): void => {
  if (holdsMap(where, slot)) to.writeEntry(where, slot, key, value);
  else to.write(where, slot, value);
};

describe('the undo log', () => {
  it.each([
    ['writes anywhere', anywhere, 400],
    ['writes as tasks mostly do', mostly, 1_000],
    ['changes the entries of a map', entries, 400],
  ])(
    'leaves what a model with copies has, after every turn and every atom that %s (C3)',
    (_, write, numRuns) => {
      fc.assert(
        fc.property(programOf(write), (atoms) => {
          const state = new State();
          const model = new Model();
          const same = (): void => {
            for (const key of KEYS) {
              const cell = state.cells.get(key);
              expect(cell === undefined ? {} : seen(cell)).toEqual(model.seen(key));
            }
            expect(seen(state.own)).toEqual(model.seen(undefined));
          };
          for (const { turns, fails } of atoms) {
            const before = model.slots;
            model.slots = new Map(before);
            for (const turn of turns) {
              const kept = model.slots;
              model.slots = new Map(kept);
              for (const each of turn.writes) {
                apply(state, each);
                apply(model, each);
              }
              same();
              if (turn.fails) {
                state.log.rollback();
                model.slots = kept;
              } else state.log.keep();
              same();
            }
            if (fails) {
              state.log.undo();
              model.slots = before;
            } else {
              state.log.commit();
            }
            same();
            // C4.
            for (const cell of state.cells.values())
              expect([cell.key, cell.empty]).toEqual([cell.key, false]);
          }
        }),
        { numRuns },
      );
    },
  );

  it('undoes also what the turn under way wrote', () => {
    const state = new State();
    state.write('a', 0, 1);
    state.log.keep();
    state.write('a', 1, 2);
    state.log.undo();
    expect(state.cells.size).toBe(0);
  });

  it('logs a slot again in a later atom, whatever an earlier one did (C2)', () => {
    const state = new State();
    const bothIn = (turn: () => void): void => {
      turn();
      state.log.keep();
      // The own cell is the second that this turn writes to.
      state.write('a', 0, 1);
      state.write(undefined, 0, 1);
    };
    bothIn(() => state.write(undefined, 0, 0));
    state.log.keep();
    state.log.commit();
    bothIn(() => state.write('b', 0, 0));
    state.write('a', 0, 2);
    state.write(undefined, 0, 2);
    state.log.rollback();
    expect([state.cells.get('a')?.first, state.own.first]).toEqual([1, 1]);
  });

  it('restores the order of the entries of a map', () => {
    const state = new State();
    for (const key of ['x', 'y', 'z']) state.writeEntry('a', 0, key, 1);
    state.log.keep();
    state.log.commit();
    const entries = (): Key[] => [...((state.cells.get('a') as Cell).first as EntryMap).keys()];
    state.writeEntry('a', 0, 'x', absent);
    state.writeEntry('a', 0, 'w', 1);
    state.log.rollback();
    expect(entries()).toEqual(['x', 'y', 'z']);
    state.writeEntry('a', 0, 'x', absent);
    state.log.keep();
    state.log.commit();
    state.writeEntry('a', 0, 'x', 1);
    state.log.keep();
    state.log.commit();
    expect(entries()).toEqual(['y', 'z', 'x']);
  });

  it('drops cells and maps that hold nothing any more (C4)', () => {
    const state = new State();
    state.write('a', 3, 1);
    state.writeEntry('b', 1, 'x', 1);
    state.log.keep();
    state.log.commit();
    state.write('a', 3, absent);
    state.writeEntry('b', 1, 'x', absent);
    state.write('c', 0, 1);
    state.log.rollback();
    expect([...state.cells.values()].map(({ key }) => key)).toEqual(expect.arrayContaining(['a', 'b']));
    state.write('a', 3, absent);
    state.writeEntry('b', 1, 'x', absent);
    state.write('c', 0, absent);
    state.log.keep();
    state.log.commit();
    expect(state.cells.size).toBe(0);
  });

  it('keeps a cell that was emptied and filled again', () => {
    const state = new State();
    state.write('a', 0, 1);
    state.log.keep();
    state.log.commit();
    state.write('a', 0, absent);
    state.log.keep();
    state.write('a', 0, 2);
    state.log.keep();
    state.log.commit();
    expect(state.cells.get('a')?.first).toBe(2);
  });

  it('undoes a very long atom, and the next one too', () => {
    const state = new State();
    const many = Array.from({ length: 40_000 }, (_, i) => i);
    const fill = (): void => {
      for (const key of many) {
        state.write(key, 0, key);
        state.writeEntry(key, 1, 'x', key);
        state.log.keep();
      }
    };
    fill();
    state.log.undo();
    expect(state.cells.size).toBe(0);
    fill();
    state.log.commit();
    expect(state.cells.size).toBe(many.length);
    for (const key of many) state.write(key, 0, absent);
    state.log.rollback();
    state.log.commit();
    expect(many.every((key) => state.cells.get(key)?.first === key)).toBe(true);
  });
});

describe('a cell', () => {
  it('holds a value for each slot, in whatever order they are set (C1)', () => {
    const cell = new Cell('a', new State());
    expect([cell.get(0), cell.get(7), cell.empty]).toEqual([absent, absent, true]);
    cell.set(7, 'seven');
    cell.set(0, undefined);
    cell.set(3, 'three');
    expect([0, 1, 3, 7, 8].map((slot) => cell.get(slot))).toEqual([
      undefined,
      absent,
      'three',
      'seven',
      absent,
    ]);
    expect(cell.empty).toBe(false);
    for (const slot of [0, 3, 7]) cell.set(slot, absent);
    expect(cell.empty).toBe(true);
  });
});
