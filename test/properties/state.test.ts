import {
  application,
  perKeyMap,
  perKeyState,
  perTaskMap,
  perTaskState,
  steppingSystem,
  type MapContext,
} from 'portico/dataflow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from './runs.ts';

/** One effect on the state of a task: in the scope of the key or of the task, on a value or on an entry of a map. */
interface Write {
  readonly scope: 'key' | 'task';
  readonly what: 'value' | 'entry' | 'clear' | 'forget' | 'undo' | 'keep';
  /** Which value, or which entry. */
  readonly name: number;
  /** Undefined deletes. */
  readonly value: number | undefined;
}

interface Turn {
  readonly key: number;
  readonly writes: readonly Write[];
  /** Whether it throws, and then whether a later task handles that. */
  readonly ends: 'well' | 'handled' | 'left over';
}

/** Enough names for more values than an undo log can mark in one word. */
const NAMES = 18;

/**
 * Atoms whose turns write under these names: few names meet often, many reach the rarer ways of keeping old values. So
 * many of ten writes are to maps.
 */
function atomsOf(name: fc.Arbitrary<number>, toMaps: number): fc.Arbitrary<Turn[][]> {
  const write: fc.Arbitrary<Write> = fc.record({
    scope: fc.constantFrom('key', 'task'),
    what: fc.oneof(
      { weight: 20 - 2 * toMaps, arbitrary: fc.constant('value' as const) },
      { weight: 2 * toMaps, arbitrary: fc.constant('entry' as const) },
      {
        weight: 2,
        arbitrary: fc.constantFrom('clear' as const, 'forget' as const, 'undo' as const, 'keep' as const),
      },
    ),
    name,
    value: fc.option(fc.nat(9), { nil: undefined, freq: 3 }),
  });
  const turn: fc.Arbitrary<Turn> = fc.record({
    key: fc.nat(1),
    writes: fc.array(write, { maxLength: 4, size: 'max' }),
    ends: fc.oneof(
      { weight: 6, arbitrary: fc.constant('well' as const) },
      { weight: 3, arbitrary: fc.constant('handled' as const) },
      { weight: 1, arbitrary: fc.constant('left over' as const) },
    ),
  });
  return fc.array(fc.array(turn, { maxLength: 5, size: 'max' }), { maxLength: 12, size: 'max' });
}

const atoms = fc.oneof(
  atomsOf(fc.constant(0), 2),
  atomsOf(fc.nat(1), 5),
  atomsOf(fc.nat(2), 9),
  atomsOf(fc.nat(NAMES - 1), 3),
);

/** What a turn sees in one scope: values by name, and the entries of a map in their order. */
interface Look {
  readonly values: readonly (readonly [number, number])[];
  readonly entries: readonly (readonly [number, number])[];
  readonly size: number;
}

/** All that is seen, in the scope of the task alone or of a key as well. */
type Seen = readonly Look[];

/** State as plain maps, by scope and kind. */
type Plain = Map<string, Map<number, number>>;

/** What each turn sees before it writes, and what is seen at the end of each atom, by plain maps and copies of them. */
function naive(atoms: readonly (readonly Turn[])[]): Seen[] {
  const seen: Seen[] = [];
  let state: Plain = new Map();
  const held = (scope: string, kind: string): Map<number, number> => {
    const found = state.get(`${kind} of ${scope}`) ?? new Map<number, number>();
    state.set(`${kind} of ${scope}`, found);
    return found;
  };
  const look = (scope: string): Look => {
    const entries = [...held(scope, 'entry')];
    const values = [...held(scope, 'value')].toSorted(([a], [b]) => a - b);
    return { values, entries, size: entries.length };
  };
  for (const turns of atoms) {
    const before = structuredClone(state);
    for (const { key, writes, ends } of turns) {
      let savepoint = structuredClone(state);
      seen.push([look('task'), look(`key ${key}`)]);
      for (const { scope, what, name, value } of writes) {
        const place = scope === 'key' ? `key ${key}` : scope;
        if (what === 'undo') state = structuredClone(savepoint);
        else if (what === 'keep') savepoint = structuredClone(state);
        else if (what === 'clear') held(place, 'entry').clear();
        else if (what === 'forget') for (const kind of ['value', 'entry']) held(`key ${key}`, kind).clear();
        else if (value === undefined) held(place, what).delete(name);
        else held(place, what).set(name, value);
      }
      if (ends !== 'well') state = savepoint;
    }
    seen.push([look('task')]);
    if (turns.some(({ ends }) => ends === 'left over')) state = before;
  }
  return seen;
}

const named = <S>(make: (name: string, initial: undefined) => S): S[] =>
  Array.from({ length: NAMES }, (_, i) => make(`${i}`, undefined));
const handles = {
  key: { values: named(perKeyState<number | undefined>), map: perKeyMap<number, number>('map') },
  task: { values: named(perTaskState<number | undefined>), map: perTaskMap<number, number>('map') },
};

function look(scope: 'key' | 'task', ctx: MapContext): Look {
  const { values, map } = handles[scope];
  const set = values.flatMap((handle, i): [number, number][] => {
    const value = handle.get(ctx);
    return value === undefined ? [] : [[i, value]];
  });
  return { values: set, entries: map.entries(ctx), size: map.size(ctx) };
}

/** The same from the engine, with the number of cells that are left in the end. */
function engine(atoms: readonly (readonly Turn[])[]): { seen: Seen[]; cells: number } {
  const seen: Seen[] = [];
  const app = application('state', (app) => {
    app
      .workflow('work', { onFailure: 'deadLetter' })
      .source(app.generators.fromArrays(atoms, { key: ({ key }) => key }))
      .processor(({ writes, ends }, ctx) => {
        seen.push([look('task', ctx), look('key', ctx)]);
        for (const { scope, what, name, value } of writes) {
          const { values, map } = handles[scope];
          if (what === 'undo') ctx.undo();
          else if (what === 'keep') ctx.keep();
          else if (what === 'clear') map.clear(ctx);
          else if (what === 'forget') ctx.forget();
          else if (what === 'value' && value === undefined) values[name]?.delete(ctx);
          else if (what === 'value') values[name]?.set(ctx, value);
          else if (value === undefined) map.delete(ctx, name);
          else map.set(ctx, name, value);
        }
        if (ends !== 'well') throw new Error(ends);
      })
      .withOnAtomComplete((ctx) => {
        seen.push([look('task', ctx)]);
      })
      .identity()
      .withOnError((error) => {
        if (error instanceof Error && error.message === 'left over') throw error;
      })
      .sink();
  });
  const system = steppingSystem({ log: () => undefined });
  system.launch(app);
  system.stepUntilComplete();
  const counts = [...system.partition.instances.values()].flatMap((instance) => [
    ...instance.cellCounts().values(),
  ]);
  return { seen, cells: counts.reduce((sum, count) => sum + count, 0) };
}

describe('the state of a task', () => {
  it('is what plain maps would hold, after turns and atoms that fail, too', () => {
    fc.assert(
      fc.property(atoms, (atoms) => {
        expect(engine(atoms).seen).toEqual(naive(atoms));
      }),
      runs(600),
    );
  });

  it('leaves nothing behind when all of it was deleted', () => {
    const writes = (['value', 'entry'] as const).flatMap((what) =>
      Array.from({ length: NAMES }, (_, name): Write => ({ scope: 'key', what, name, value: undefined })),
    );
    const all = (key: number): Turn => ({ key, ends: 'well', writes });
    fc.assert(
      fc.property(atoms, (atoms) => {
        expect(engine([...atoms, [0, 1].map(all)]).cells).toBe(0);
      }),
      runs(100),
    );
  });
});
