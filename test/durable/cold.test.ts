// Cells that come and go: whoever looks sees what was written last, whether that is in memory, under way, or in the state.
import { application, perKeyState, type EpochOptions, type Key, type Stream } from 'portico/dataflow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../properties/runs.ts';
import { CrashStore } from './crash-store.ts';
import { begin, live } from './powercuts.ts';

const sum = perKeyState('sum', 0);
const other = perKeyState('other', 0);

interface Move {
  readonly key: number;
  readonly do: 'add' | 'delete' | 'forget' | 'come and go' | 'fail' | 'read';
}

const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.record({
    key: fc.nat(5),
    do: fc.constantFrom('add', 'add', 'add', 'delete', 'forget', 'come and go', 'fail', 'read'),
  }),
  { minLength: 30, maxLength: 120, size: 'max' },
);

const epochs: fc.Arbitrary<Partial<EpochOptions>> = fc.record({
  epochMs: fc.constant(0),
  epochDirty: fc.constantFrom(1, 2, 5),
  activeCells: fc.constantFrom(0, 1, 2),
  applyBytes: fc.constantFrom(1, 200),
  checkpointBytes: fc.constantFrom(1, 1000),
});

const keys: readonly Key[] = [0, -3, 'a', 7n, 0.5, 100];

/** What each move sees, as a plain map has it. */
function expected(moves: readonly Move[]): string[] {
  const sums = new Map<number, [sum: number, other: number]>();
  return moves.flatMap(({ key, do: what }, i) => {
    const [a, b] = sums.get(key) ?? [0, 0];
    if (what === 'fail') return [];
    if (what === 'add') sums.set(key, [a + 1 + i, b - 1]);
    if (what === 'delete') sums.set(key, [0, b]);
    if (what === 'forget') sums.delete(key);
    return [`${i} ${a} ${b}`];
  });
}

describe('a cell', () => {
  it('is what was last written to it, wherever it is', async () => {
    await fc.assert(
      fc.asyncProperty(moves, epochs, fc.nat(), async (moves, epochs, seed) => {
        let out: Stream<string> | undefined;
        const app = application('app', (app) => {
          out = app
            .workflow('w', { onFailure: 'deadLetter' })
            .source(app.generators.fromArrays(moves.map((move, i) => [{ ...move, i }])))
            .key(({ key }) => keys[key] as Key)
            .processor<string>(({ do: what, i }, ctx) => {
              const [a, b] = [sum.get(ctx), other.get(ctx)];
              if (what === 'add' || what === 'fail') {
                sum.set(ctx, a + 1 + i);
                other.set(ctx, b - 1);
              }
              if (what === 'fail') throw new Error('as told');
              if (what === 'delete') sum.delete(ctx);
              if (what === 'forget' || what === 'come and go') ctx.forget();
              if (what === 'come and go') {
                if (a !== 0) sum.set(ctx, a);
                if (b !== 0) other.set(ctx, b);
              }
              ctx.emit(`${i} ${a} ${b}`);
            })
            .sink();
        });
        const store = new CrashStore();
        const life = await begin({
          store,
          application: app,
          seed,
          steps: 1,
          epochs,
          startMs: 0,
          crash: undefined,
        });
        const lines: string[] = [];
        if (life !== undefined && out !== undefined) {
          life.system.subscribe(out, (line) => lines.push(line));
          await live(life);
        }
        expect(lines).toEqual(expected(moves));
      }),
      runs(20),
    );
  });
});
