import { PorticoError } from 'portico/dataflow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { build, runToRest, stepping } from './build.ts';
import { World, isTooLarge, type Faults } from './perform.ts';
import { programs, type Program } from './program.ts';
import { runs } from './runs.ts';

/** All that can be seen of a run, but for lines that the program itself logs: those are not taken back. */
function seenOf(program: Program, faults: Faults, seed: number) {
  const world = new World(faults);
  const built = build(program, world);
  const run = stepping(built.app, seed);
  const { partition } = run.system;
  let failure: unknown;
  try {
    runToRest(run);
  } catch (error) {
    if (isTooLarge(error)) return undefined;
    failure = error instanceof PorticoError ? error.message : error;
  }
  return {
    trace: world.trace,
    state: built.state(),
    cells: [...partition.instances.values()].map((instance) => [...instance.cellCounts()]),
    outputs: built.recorded,
    failure,
    steps: partition.steps,
    timers: partition.turns.timers.waiting().map(({ owner, dueMs, order }) => ({ owner, dueMs, order })),
    taskTimers: partition.taskTimers.size,
    deadLetters: run.system.deadLetters
      .list()
      .map(({ error, ...letter }) => ({ ...letter, error: error.message })),
    errors: run.log.filter((line) => line.startsWith('error')),
  };
}

describe('a turn', () => {
  const reach = { portals: true, timers: true, keeps: false, chance: true, sequencers: 'any' } as const;

  it.each(['deadLetter', 'stop'] as const)(
    'that throws leaves nothing of what it did before it threw (failed atoms: %s)',
    (onFailure) => {
      fc.assert(
        fc.property(
          programs({ ...reach, onFailure }),
          fc.nat(),
          fc.integer({ min: 1, max: 25 }),
          fc.nat(),
          (program, salt, percent, seed) => {
            const late = seenOf(program, { when: 'late', salt, percent }, seed);
            const early = seenOf(program, { when: 'early', salt, percent }, seed);
            fc.pre(late !== undefined && early !== undefined);
            expect(late).toEqual(early);
          },
        ),
        runs(),
      );
    },
  );
});
