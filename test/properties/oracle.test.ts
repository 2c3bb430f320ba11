import { startSystem } from 'portico/dataflow';
import { virtualHost } from 'portico/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EGRESS, build, runToRest, stepping, type Built, type SeenAtom } from './build.ts';
import { interpret } from './oracle.ts';
import { World, blame, isTooLarge, type Faults, type Seen } from './perform.ts';
import { programs, type Program } from './program.ts';
import { runs } from './runs.ts';

const reach = {
  portals: false,
  timers: false,
  keeps: true,
  chance: false,
  sequencers: 'single',
  onFailure: 'deadLetter',
} as const;
const faults = fc.record({ when: fc.constant('late' as const), salt: fc.nat(), percent: fc.nat(25) });

/** The turns of each task, in their order. */
function byTask(trace: readonly Seen[]): Map<string, Seen[]> {
  const tasks = new Map<string, Seen[]>();
  for (const seen of trace) {
    const task = seen.site.split('.', 2).join('.');
    tasks.set(task, [...(tasks.get(task) ?? []), seen]);
  }
  return new Map([...tasks].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Atoms of several workflows, and events of several tasks within an atom, leave in an order that is not said. */
function inAnyOrder(atoms: readonly SeenAtom['events'][]): string[] {
  const text = ([key, value]: SeenAtom['events'][number]): string => `${typeof key} ${String(key)} ${value}`;
  return atoms.map((events) => events.map(text).toSorted().join(', ')).toSorted();
}

function releasedOf({ recorded }: Built): string[] {
  return inAnyOrder((recorded.get(EGRESS) ?? []).map(({ events }) => events));
}

/** What the naive interpreter says; undefined if the program is too large. */
function expected(program: Program, faults: Faults) {
  const world = new World(faults);
  try {
    const { streams, setAside, released } = interpret(program, world);
    return {
      streams,
      setAside,
      tasks: byTask(world.trace),
      released: inAnyOrder([...released.values()].flat()),
    };
  } catch (error) {
    if (isTooLarge(error)) return undefined;
    throw error;
  }
}

describe('a workflow', () => {
  it('gives the atoms that a naive interpreter gives, set aside ones included', () => {
    fc.assert(
      fc.property(programs(reach), faults, fc.nat(), fc.nat(2), (program, faults, seed, unrecorded) => {
        const naive = expected(program, faults);
        fc.pre(naive !== undefined);
        const world = new World(faults);
        const built = build(program, world, { record: (stream) => stream % 3 !== unrecorded });
        const run = stepping(built.app, seed);
        runToRest(run);
        const recorded = [...built.recorded].filter(([stream]) => stream !== EGRESS);
        expect(recorded).toEqual(recorded.map(([i]) => [i, naive.streams[i]]));
        expect(releasedOf(built)).toEqual(naive.released);
        expect(byTask(world.trace)).toEqual(naive.tasks);
        const letters = run.system.deadLetters.list();
        expect(letters).toHaveLength(naive.setAside.length);
        const next = new Map<string, number>();
        for (const { workflow, events, errors } of naive.setAside) {
          const path = `/program/workflows/${workflow}`;
          const nth = next.get(path) ?? 0;
          next.set(path, nth + 1);
          const letter = letters.filter((letter) => letter.workflow === path)[nth];
          expect(letter?.events.map(({ key, value }) => [key, value])).toEqual(events);
          expect(errors.map(blame)).toContain(blame(letter?.error.cause));
        }
      }),
      runs(),
    );
  });

  it('gives them in a system that runs by itself, too', async () => {
    await fc.assert(
      fc.asyncProperty(programs(reach), faults, fc.nat(), async (program, faults, seed) => {
        const naive = expected(program, faults);
        fc.pre(naive !== undefined);
        const world = new World(faults);
        const built = build(program, world);
        const host = virtualHost({ seed });
        await using system = await startSystem({ applications: [built.app], host });
        const idle = system.idle();
        await host.run();
        await idle;
        expect(naive.streams.map((_, stream) => built.recorded.get(stream))).toEqual(naive.streams);
        expect(releasedOf(built)).toEqual(naive.released);
        expect(byTask(world.trace)).toEqual(naive.tasks);
        expect(system.deadLetters.list()).toHaveLength(naive.setAside.length);
      }),
      runs(30),
    );
  });
});
