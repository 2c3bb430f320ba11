import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { build, runToRest, stepping, type Built, type Stepping } from './build.ts';
import { World, isTooLarge, type Faults } from './perform.ts';
import { atoms, programs, workflows, type Program } from './program.ts';
import { runs } from './runs.ts';

const reach = { portals: true, timers: true, keeps: true, chance: true, sequencers: 'any' } as const;
const faults = fc.record({
  when: fc.constant('late' as const),
  salt: fc.nat(),
  percent: fc.integer({ min: 1, max: 25 }),
});

/** What an atom can change: state, streams, timers, requests and replies on their way. */
function effectsOf(built: Built, { system, clock }: Stepping) {
  const { partition } = system;
  const nowMs = clock.now();
  const instances = [...partition.instances.values()];
  return {
    state: built.state(),
    cells: instances.map((instance) => [...instance.cellCounts()]),
    streams: instances.flatMap((instance) =>
      [...instance.entities].flatMap(([path, { kind, runtime }]) =>
        kind === 'stream' ? [`${path}: ${runtime.events}`] : [],
      ),
    ),
    // What is due may fire while anything else runs.
    due: partition.turns.timers.nextMs <= nowMs,
    timers: partition.turns.timers
      .waiting()
      .filter(({ dueMs }) => dueMs > nowMs)
      .map(({ owner, dueMs, order }) => `${owner} at ${dueMs}, ${order}`)
      .toSorted(),
    taskTimers: partition.taskTimers.size,
    underWay: instances.flatMap(({ workflows }) =>
      workflows.map(({ path, inbox }) => `${path}: ${inbox.size}`),
    ),
  };
}

/** Runs, and compares what there was before and after each step in which an atom failed. */
function failingSteps(program: Program, faults: Faults, seed: number) {
  const built = build(program, new World(faults));
  const run = stepping(built.app, seed);
  const { system } = run;
  const failed: {
    what: string;
    before: ReturnType<typeof effectsOf>;
    after: ReturnType<typeof effectsOf>;
  }[] = [];
  try {
    runToRest(run, () => {
      const letters = system.deadLetters.list().length;
      const before = effectsOf(built, run);
      const note = (what: string): void => {
        failed.push({ what, before, after: effectsOf(built, run) });
      };
      try {
        system.step();
      } catch (error) {
        if (!isTooLarge(error)) note('stop');
        throw error;
      }
      const letter = system.deadLetters.list()[letters];
      if (letter !== undefined) note(letter.kind);
    });
  } catch (error) {
    if (isTooLarge(error)) return undefined;
  }
  return failed;
}

/**
 * What is as it was before an atom or pass that failed. Those who asked learn of the failure of requests and replies; and
 * a pass, or what was due meanwhile, is not under way any more.
 */
function keptBy(what: string, effects: ReturnType<typeof effectsOf>, due: boolean) {
  const { underWay, due: _due, timers, ...always } = effects;
  return {
    ...always,
    ...(what !== 'requests' && what !== 'replies' && { timers }),
    ...(what === 'atom' && !due && { underWay }),
  };
}

/** Counts the passes of each workflow from now on. */
function passesOf({ system }: Stepping): Map<string, number> {
  const counts = new Map<string, number>();
  for (const workflow of [...system.partition.instances.values()].flatMap(({ workflows }) => workflows)) {
    const run = workflow.runPass.bind(workflow);
    workflow.runPass = (pass) => {
      counts.set(workflow.path, (counts.get(workflow.path) ?? 0) + 1);
      return run(pass);
    };
  }
  return counts;
}

describe('an atom', () => {
  it.each(['deadLetter', 'stop'] as const)('that fails leaves nothing of what it did (%s)', (onFailure) => {
    fc.assert(
      fc.property(programs({ ...reach, onFailure }), faults, fc.nat(), (program, faults, seed) => {
        const steps = failingSteps(program, faults, seed);
        fc.pre(steps !== undefined);
        for (const { what, before, after } of steps) {
          expect(keptBy(what, after, before.due), what).toEqual(keptBy(what, before, before.due));
        }
      }),
      runs(60),
    );
  });

  it('that was set aside gives what it would have given, when it is sent again after the cause is gone', () => {
    // Without draws of turns or of the system, which come in another order here.
    const workflow = workflows({ ...reach, portals: false, chance: false, onFailure: 'deadLetter' });
    fc.assert(
      fc.property(workflow, atoms, faults, fc.nat(), (workflow, input, faults, seed) => {
        const program: Program = {
          inputs: [[]],
          stages: [{ ...workflow, source: 0 }],
          portals: [],
          besidePortals: [],
          behindPortals: [],
        };
        const start = () => {
          const world = new World(faults);
          const built = build(program, world, { ingress: true });
          const run = stepping(built.app, seed);
          const send = (values: readonly number[]): void => {
            const [ingress] = built.ingresses;
            if (ingress !== undefined) run.system.send(ingress, ...values);
            runToRest(run);
          };
          return { world, built, run, send };
        };
        const outcome = ({ built }: ReturnType<typeof start>) => ({
          state: built.state(),
          recorded: built.recorded,
        });
        try {
          const again = start();
          const good: (readonly number[])[] = [];
          const bad: (readonly number[])[] = [];
          const { deadLetters } = again.run.system;
          for (const values of input) {
            const before = deadLetters.list().length;
            again.send(values);
            const letters = deadLetters.list().slice(before);
            // What a failed pass would have given depends on what happened since its timer was set.
            fc.pre(letters.every(({ kind }) => kind === 'atom'));
            (letters.length > 0 ? bad : good).push(values);
          }
          fc.pre(bad.length > 0);
          again.world.faults = undefined;
          for (const { id } of deadLetters.list()) {
            deadLetters.resend(id);
            runToRest(again.run);
          }
          const otherwise = start();
          for (const values of good) otherwise.send(values);
          otherwise.world.faults = undefined;
          for (const values of bad) otherwise.send(values);
          const sent = {
            ...outcome(again),
            recorded: new Map([...again.built.recorded].filter(([stream]) => stream !== 0)),
          };
          const wouldHave = {
            ...outcome(otherwise),
            recorded: new Map([...otherwise.built.recorded].filter(([stream]) => stream !== 0)),
          };
          expect(sent).toEqual(wouldHave);
        } catch (error) {
          fc.pre(!isTooLarge(error));
          throw error;
        }
      }),
      runs(60),
    );
  });

  it('gives one atom, whatever the graph; passes give at most one each', () => {
    fc.assert(
      fc.property(
        programs({ ...reach, onFailure: 'deadLetter' }),
        faults,
        fc.nat(),
        (program, faults, seed) => {
          const world = new World(faults);
          const built = build(program, world);
          const run = stepping(built.app, seed);
          const passes = passesOf(run);
          try {
            runToRest(run);
          } catch (error) {
            fc.pre(!isTooLarge(error));
            throw error;
          }
          const letters = run.system.deadLetters.list();
          const counted = (stream: number, end: 'atom' | 'seal'): number =>
            (built.recorded.get(stream) ?? []).filter((atom) => atom.end === end).length;
          const sources = built.streams.length - (program.portals.length > 0 ? 1 : 0);
          let stream = program.inputs.length;
          program.stages.forEach((stage, s) => {
            const own = stream;
            stream += stage.kind === 'splitter' ? stage.mods.length : 1;
            if (stage.kind !== 'workflow' || own >= sources) return;
            const source = stage.source % own;
            const path = `/program/workflows/w${s}`;
            const aside = letters.filter(({ workflow, kind }) => workflow === path && kind === 'atom').length;
            const seals = counted(source, 'seal');
            const lost = Math.max(0, aside - seals);
            expect(counted(own, 'seal')).toBe(seals);
            // What has no events is the output of an atom, never of a pass.
            const empty = (built.recorded.get(own) ?? []).filter(
              ({ events, end }) => end === 'atom' && events.length === 0,
            );
            expect(empty.length).toBeLessThanOrEqual(counted(source, 'atom') - lost);
            expect(counted(own, 'atom')).toBeGreaterThanOrEqual(counted(source, 'atom') - aside);
            expect(counted(own, 'atom')).toBeLessThanOrEqual(
              counted(source, 'atom') - lost + (passes.get(path) ?? 0),
            );
          });
        },
      ),
      runs(60),
    );
  });
});
