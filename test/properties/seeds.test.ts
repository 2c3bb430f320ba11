import {
  application,
  priority,
  random,
  roundRobin,
  startSystem,
  steppingSystem,
  type Application,
} from 'portico/dataflow';
import { virtualHost } from 'portico/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { build, runToRest, stepping } from './build.ts';
import { World, isTooLarge, type Faults } from './perform.ts';
import { programs, type Program } from './program.ts';
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

/** Everything that happens in a stepping system, in its order. */
function stepped(program: Program, faults: Faults, seed: number) {
  const world = new World(faults);
  const built = build(program, world);
  const run = stepping(built.app, seed);
  try {
    runToRest(run);
  } catch (error) {
    if (isTooLarge(error)) return undefined;
    throw error;
  }
  const { partition } = run.system;
  return {
    trace: world.trace,
    log: run.log,
    recorded: built.recorded,
    state: built.state(),
    steps: partition.steps,
  };
}

/** Everything that happens in a running system, in its order. */
async function running(program: Program, faults: Faults, seed: number) {
  const world = new World(faults);
  const built = build(program, world);
  const host = virtualHost({ seed });
  await using system = await startSystem({ applications: [built.app], host });
  for (let round = 0; round < 12; round++) await host.advance(round);
  if (system.failure !== undefined) {
    if (isTooLarge(system.failure)) return undefined;
    throw system.failure;
  }
  return { trace: world.trace, log: host.records, recorded: built.recorded, state: built.state() };
}

describe('a seed', () => {
  it('decides the run of a stepping system', () => {
    fc.assert(
      fc.property(programs(reach), faults, fc.nat(), (program, faults, seed) => {
        const once = stepped(program, faults, seed);
        fc.pre(once !== undefined);
        expect(stepped(program, faults, seed)).toEqual(once);
      }),
      runs(40),
    );
  });

  it('decides the run of a system that runs by itself', async () => {
    await fc.assert(
      fc.asyncProperty(programs(reach), faults, fc.nat(), async (program, faults, seed) => {
        const once = await running(program, faults, seed);
        fc.pre(once !== undefined);
        expect(await running(program, faults, seed)).toEqual(once);
      }),
      runs(20),
    );
  });
});

/** Inputs, each of atoms of so many events, that are merged; and what comes out. */
interface Merge {
  readonly inputs: readonly (readonly number[])[];
  readonly strategy: 'random' | 'roundRobin' | 'priority';
  readonly priorities: readonly number[];
}

const merges: fc.Arbitrary<Merge> = fc.record({
  inputs: fc.array(fc.array(fc.nat(3), { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
  strategy: fc.constantFrom('random', 'roundRobin', 'priority'),
  priorities: fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }),
});

const strategies = { random, roundRobin, priority };

/** An event says of which input, which atom and which place in it it is. */
function merging({ inputs, strategy, priorities }: Merge): { app: Application; out: string[][] } {
  const out: string[][] = [];
  const app = application('merge', (app) => {
    const merged = app.sequencer<string>({ strategy: strategies[strategy] });
    inputs.forEach((sizes, i) => {
      const atoms = sizes.map((size, a) => Array.from({ length: size }, (_, e) => `${i} ${a} ${e}`));
      app.connect(app.generators.fromArrays(atoms), merged, { priority: priorities[i] ?? 0 });
    });
    let events: string[] = [];
    app
      .workflow()
      .source(merged.stream)
      .consume((value) => void events.push(value))
      .withOnAtomComplete(() => {
        out.push(events);
        events = [];
      })
      .sink();
  });
  return { app, out };
}

describe('a sequencer', () => {
  const keepsOrder = (merge: Merge, out: readonly (readonly string[])[]): void => {
    const inputOf = (atom: readonly string[]): number => Number(atom[0]?.split(' ')[0]);
    merge.inputs.forEach((sizes, i) => {
      const sent = sizes.map((size, a) => Array.from({ length: size }, (_, e) => `${i} ${a} ${e}`));
      expect(out.filter((atom) => inputOf(atom) === i)).toEqual(sent.filter((atom) => atom.length > 0));
    });
  };

  it('keeps atoms whole and the order of each input, whatever the seed', () => {
    fc.assert(
      fc.property(merges, fc.nat(), (merge, seed) => {
        const { app, out } = merging(merge);
        const system = steppingSystem({ seed });
        system.launch(app);
        system.stepUntilComplete();
        keepsOrder(merge, out);
      }),
      runs(100),
    );
  });

  it('does so in a system that runs by itself', async () => {
    await fc.assert(
      fc.asyncProperty(merges, fc.nat(), async (merge, seed) => {
        const { app, out } = merging(merge);
        const host = virtualHost({ seed });
        await using _system = await startSystem({ applications: [app], host });
        await host.run();
        keepsOrder(merge, out);
      }),
      runs(50),
    );
  });
});
