import { application, steppingSystem, type Flow, type Key, type Stream } from 'portico/dataflow';
import { collect } from 'portico/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { build, runToRest, stepping, type SeenAtom } from './build.ts';
import { World, isTooLarge } from './perform.ts';
import { programs } from './program.ts';
import { runs } from './runs.ts';

const reach = {
  portals: true,
  timers: true,
  keeps: true,
  chance: true,
  sequencers: 'any',
  onFailure: 'deadLetter',
} as const;
const faults = fc.record({ when: fc.constant('late' as const), salt: fc.nat(), percent: fc.nat(15) });

describe('a stream', () => {
  it('has one order for all who read it: workflows and subscribers, early and late', () => {
    fc.assert(
      fc.property(
        programs(reach),
        faults,
        fc.nat(),
        fc.nat(60),
        fc.nat(3),
        (program, faults, seed, lateAfter, retained) => {
          const built = build(program, new World(faults), { retain: (stream) => stream % 4 === retained });
          const run = stepping(built.app, seed);
          const { system } = run;
          const early = built.streams.map((stream) => collect(system, stream));
          let late: {
            readonly from: 'end' | 'start';
            readonly subscribed: number[];
            readonly read: number[];
          }[] = [];
          let steps = 0;
          /** Subscribes to each stream, and lets a workflow of another application read it. */
          const joinLate = (): void => {
            const read = built.streams.map((): number[] => []);
            const from = (i: number) => (i % 4 === retained ? 'start' : 'end');
            system.launch(
              application('late', (app) => {
                built.streams.forEach(({ path }, i) => {
                  const source = app.workflow().source(app.registry.stream<number>(path), { from: from(i) });
                  source.consume((value) => void read[i]?.push(value)).sink();
                });
              }),
            );
            late = built.streams.map((stream, i) => ({
              from: from(i),
              subscribed: collect(system, stream, { from: from(i) }),
              read: read[i] ?? [],
            }));
          };
          try {
            runToRest(run, () => {
              if (steps++ === lateAfter) joinLate();
              system.step();
            });
          } catch (error) {
            fc.pre(!isTooLarge(error));
            throw error;
          }
          built.streams.forEach((_, i) => {
            const atoms: readonly SeenAtom[] = built.recorded.get(i) ?? [];
            const all = atoms.flatMap(({ events }) => events.map(([, value]) => value));
            expect(early[i]).toEqual(all);
            if (late[i] === undefined) return;
            const { from, subscribed, read } = late[i];
            expect(subscribed).toEqual(from === 'start' ? all : all.slice(all.length - subscribed.length));
            expect(read).toEqual(subscribed);
            // Who comes late begins with a whole atom.
            const begins = atoms.map((_, a) =>
              atoms.slice(a).reduce((sum, { events }) => sum + events.length, 0),
            );
            expect([0, ...begins]).toContain(subscribed.length);
          });
        },
      ),
      runs(60),
    );
  });
});

/** A tree of tasks: each has one input, so the order of events is the same in all of them. */
interface Branch {
  readonly parent: number;
  readonly op: 'key' | 'process' | 'drop' | 'workflow' | 'sequencer';
  readonly mod: number;
}

const branch: fc.Arbitrary<Branch> = fc.record({
  parent: fc.nat(),
  op: fc.constantFrom('key', 'process', 'drop', 'workflow', 'sequencer'),
  mod: fc.integer({ min: 1, max: 4 }),
});

describe('a task', () => {
  it('has its turns, for each key, in the order of the stream, one at a time', () => {
    const sizes = fc.array(fc.nat(6), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(branch, { minLength: 1, maxLength: 8 }),
        sizes,
        fc.nat(),
        (branches, sizes, seed) => {
          let next = 0;
          const atoms = sizes.map((size) => Array.from({ length: size }, () => next++));
          const turns: { task: number; key: Key | undefined; value: number }[] = [];
          let running = 0;
          const app = application('order', (app) => {
            const source: Stream<number> = app.generators.fromArrays(atoms);
            /** Where the tree stands at each branch: a flow, within a workflow whose output is that of its first sink. */
            const flows: { flow: Flow<number>; outs: { stream?: Stream<number> } }[] = [];
            const begin = (stream: Stream<number>) => ({ flow: app.workflow().source(stream), outs: {} });
            const root = begin(source);
            const sunk = ({ flow, outs }: (typeof flows)[number]): Stream<number> =>
              (outs.stream ??= flow.sink());
            branches.forEach(({ parent, op, mod }, task) => {
              const above = flows[(parent % (flows.length + 1)) - 1] ?? root;
              const record = (value: number, ctx: { readonly key: Key | undefined }): void => {
                running += 1;
                turns.push({ task, key: ctx.key, value });
                expect(running).toBe(1);
                running -= 1;
              };
              const seen = above.flow.filter((value, ctx) => {
                record(value, ctx);
                return op !== 'drop' || value % mod !== 0;
              });
              if (op === 'key') flows.push({ ...above, flow: seen.key((value) => value % mod) });
              else if (op === 'process')
                flows.push({ ...above, flow: seen.processor((value, ctx) => ctx.emit(value)) });
              else if (op === 'drop') flows.push({ ...above, flow: seen });
              else {
                // The workflow may have sunk another branch already; then this one reads what that gave.
                const out = sunk({ flow: seen, outs: above.outs });
                const merged = app.sequencer<number>();
                app.connect(out, merged);
                flows.push(begin(op === 'workflow' ? out : merged.stream));
              }
            });
            for (const open of [root, ...flows]) sunk(open);
          });
          const system = steppingSystem({ seed });
          system.launch(app);
          system.stepUntilComplete();
          const byTaskAndKey = new Map<string, number[]>();
          for (const { task, key, value } of turns) {
            const place = `${task} ${typeof key} ${String(key)}`;
            byTaskAndKey.set(place, [...(byTaskAndKey.get(place) ?? []), value]);
          }
          for (const [place, values] of byTaskAndKey)
            expect(values, place).toEqual(values.toSorted((a, b) => a - b));
        },
      ),
      runs(200),
    );
  });
});
