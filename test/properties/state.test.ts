import {
  application,
  perKeyMap,
  perKeyState,
  perTaskMap,
  perTaskState,
  steppingSystem,
} from 'portico/dataflow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from './runs.ts';

/** One effect on the state of a task: in the scope of the key or of the task, on a value or on an entry of a map. */
interface Write {
  readonly scope: 'key' | 'task';
  readonly what: 'value' | 'entry' | 'clear' | 'undo';
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

/** Atoms whose turns write under these names: few names meet often, many reach the rarer ways of keeping old values. */
function atomsOf(name: fc.Arbitrary<number>): fc.Arbitrary<Turn[][]> {
  const write: fc.Arbitrary<Write> = fc.record({
    scope: fc.constantFrom('key', 'task'),
    what: fc.oneof(
      { weight: 12, arbitrary: fc.constant('value' as const) },
      { weight: 5, arbitrary: fc.constant('entry' as const) },
      { weight: 1, arbitrary: fc.constantFrom('clear' as const, 'undo' as const) },
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

const atoms = fc.oneof(atomsOf(fc.constant(0)), atomsOf(fc.nat(2)), atomsOf(fc.nat(NAMES - 1)));

/** State as plain maps, by scope. */
type Plain = Map<string, Map<number, number>>;

/** The maps of a scope that hold anything, as text in the order of their entries. */
function text(state: Plain, key: number | undefined): string {
  const of = (scope: string): string => JSON.stringify([...(state.get(scope) ?? [])]);
  const values = (scope: string): string =>
    JSON.stringify([...(state.get(scope) ?? [])].toSorted(([a], [b]) => a - b));
  const scopes = key === undefined ? ['task'] : [`key ${key}`, 'task'];
  return scopes.map((scope) => `${values(`${scope} value`)} ${of(`${scope} entry`)}`).join(' | ');
}

/** What each turn sees before it writes, by plain maps and copies of them. */
function naive(atoms: readonly (readonly Turn[])[]): string[] {
  const seen: string[] = [];
  let state: Plain = new Map();
  for (const turns of atoms) {
    const before = structuredClone(state);
    for (const { key, writes, ends } of turns) {
      const savepoint = structuredClone(state);
      seen.push(text(state, key));
      for (const { scope, what, name, value } of writes) {
        if (what === 'undo') state = structuredClone(savepoint);
        else {
          const place = `${scope === 'key' ? `key ${key}` : 'task'} ${what === 'value' ? 'value' : 'entry'}`;
          const held = state.get(place) ?? new Map<number, number>();
          state.set(place, held);
          if (what === 'clear') held.clear();
          else if (value === undefined) held.delete(name);
          else held.set(name, value);
        }
      }
      if (ends !== 'well') state = savepoint;
    }
    seen.push(text(state, undefined));
    if (turns.some(({ ends }) => ends === 'left over')) state = before;
  }
  return seen;
}

/** The same from the engine, with the number of cells that are left in the end. */
function engine(atoms: readonly (readonly Turn[])[]): { seen: string[]; cells: number } {
  const of = <S>(make: (name: string, initial: undefined) => S): S[] =>
    Array.from({ length: NAMES }, (_, i) => make(`${i}`, undefined));
  const handles = {
    key: { values: of(perKeyState<number | undefined>), map: perKeyMap<number, number>('map') },
    task: { values: of(perTaskState<number | undefined>), map: perTaskMap<number, number>('map') },
  };
  const seen: string[] = [];
  const app = application('state', (app) => {
    app
      .workflow('work', { onFailure: 'deadLetter' })
      .source(app.generators.fromArrays(atoms, { key: ({ key }) => key }))
      .processor<never>(({ key, writes, ends }, ctx) => {
        const state: Plain = new Map();
        for (const scope of ['key', 'task'] as const) {
          const { values, map } = handles[scope];
          const name = scope === 'key' ? `key ${key}` : scope;
          const set = values.flatMap((handle, i): [number, number][] => {
            const value = handle.get(ctx);
            return value === undefined ? [] : [[i, value]];
          });
          state.set(`${name} value`, new Map(set));
          state.set(`${name} entry`, new Map(map.entries(ctx)));
        }
        seen.push(text(state, key));
        for (const { scope, what, name, value } of writes) {
          const { values, map } = handles[scope];
          if (what === 'undo') ctx.undo();
          else if (what === 'clear') map.clear(ctx);
          else if (what === 'value' && value === undefined) values[name]?.delete(ctx);
          else if (what === 'value') values[name]?.set(ctx, value);
          else if (value === undefined) map.delete(ctx, name);
          else map.set(ctx, name, value);
        }
        if (ends !== 'well') throw new Error(ends);
      })
      .withOnAtomComplete((ctx) => {
        const set = handles.task.values.flatMap((handle, i): [number, number][] => {
          const value = handle.get(ctx);
          return value === undefined ? [] : [[i, value]];
        });
        seen.push(
          text(
            new Map([
              ['task value', new Map(set)],
              ['task entry', new Map(handles.task.map.entries(ctx))],
            ]),
            undefined,
          ),
        );
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
      runs(300),
    );
  });

  it('leaves nothing behind when all of it was deleted', () => {
    const all = (key: number): Turn => ({
      key,
      ends: 'well',
      writes: [
        ...Array.from({ length: NAMES }, (_, name): Write => ({
          scope: 'key',
          what: 'value',
          name,
          value: undefined,
        })),
        ...Array.from({ length: NAMES }, (_, name): Write => ({
          scope: 'key',
          what: 'entry',
          name,
          value: undefined,
        })),
      ],
    });
    fc.assert(
      fc.property(atoms, (atoms) => {
        expect(engine([...atoms, [0, 1, 2].map(all)]).cells).toBe(0);
      }),
      runs(100),
    );
  });
});
