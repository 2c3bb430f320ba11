// The simulation, for as long as a test may take: programs on a machine that fails by a plan. That it sees is shown in
// planted.test.ts, that it is the same each time in guard.test.ts.
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { planOf, shrunkPlan, type Fault } from '../../src/testing/simulation/index.ts';
import { runSeeds } from './children.ts';
import { crashPlan, runPlan, runSeed, scenarios } from './scenarios.ts';
import type { Ran } from './seeds.ts';

describe.each(Object.keys(scenarios))('the %s on a machine that fails', (name) => {
  it('keeps its word', async () => {
    let crashes = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const { crashes: more } = await runSeed(seed, name).catch((error: unknown) => {
        throw new Error(`npm run simulate -- --scenario ${name} --seed ${seed}`, { cause: error });
      });
      crashes += more;
    }
    expect(crashes).toBeGreaterThan(1_000);
  }, 60_000);

  it('keeps its word if it crashes at a step, and again soon after', async () => {
    // All of them: npm run simulate -- --exhaustive
    for (let at = 1; at <= 160; at += 4) await runPlan(crashPlan(at, at % 8 === 1, 1 + (at % 37)), name);
  }, 60_000);

  it('does the same each time, wherever it is called', async () => {
    for (let seed = 1_000; seed < 1_006; seed++) {
      const called = new Promise((resolve, reject) => {
        process.nextTick(() => runSeed(seed, name).then(resolve, reject));
      });
      expect(await runSeed(seed, name)).toEqual(await called);
    }
  });
});

describe('the simulation', () => {
  it.each([
    ['the outside refused more calls than there were, and did so for ever', 1536, 'ledger'],
    ['the clock was set back between the time of a timer and its turn', 6735, 'circuit'],
    ['who was looked at had been taken over by one that woke up, and had not noticed yet', 316295, 'circuit'],
  ])('is not misled where %s', async (_, seed, name) => {
    expect((await runSeed(seed, name)).steps).toBeGreaterThan(1_000);
  });
});

describe('a system on a machine that fails', () => {
  it('keeps its word through twenty thousand crashes', async () => {
    let crashes = 0;
    const happened = new Set<string>();
    const wrong: string[] = [];
    const hear = (ran: Ran): boolean => {
      if ('wrong' in ran) wrong.push(`npm run simulate -- --seed ${ran.seed}: ${ran.wrong}`);
      else {
        crashes += ran.crashes;
        for (const what of Object.keys({ ...ran.faults, ...ran.seen })) happened.add(what);
      }
      return wrong.length === 0 && crashes < 20_000;
    };
    await Promise.all([100, 101].map((from) => runSeeds({ from, count: 10_000, step: 2 }, hear)));
    expect(wrong).toEqual([]);
    expect(crashes).toBeGreaterThanOrEqual(20_000);
    // Nothing that can go wrong is left out.
    const kinds = `crash, stop, freeze, fail, full, slow, jump, rot stale, rot bit refused, rot zeros refused,
      rot misdirected refused, effect refused, effect fails, effect hangs, effect again, effect twice at once`;
    expect([...happened]).toEqual(expect.arrayContaining(kinds.split(/,\s+/)));
  }, 600_000);
});

describe('a plan', () => {
  it('is the same each time it is made from a seed, and another one for another seed', () => {
    expect(planOf(7)).toEqual(planOf(7));
    expect(planOf(7)).not.toEqual(planOf(8));
  });

  it('has its faults in the order of their steps', () => {
    for (let seed = 1; seed < 200; seed++) {
      const steps = planOf(seed).faults.map(({ at }) => at);
      expect(steps).toEqual(steps.toSorted((a, b) => a - b));
      expect(steps.length).toBeGreaterThan(0);
    }
  });

  it('shrinks to the faults that a failure needs, and to no others', async () => {
    const needs = (faults: readonly Fault[]): boolean =>
      faults.filter(({ at }) => at % 3 === 0).length >= 2 && faults.some(({ kind }) => kind === 'crash');
    let shrunk = 0;
    for (let seed = 1; seed < 60; seed++) {
      const plan = planOf(seed);
      if (!needs(plan.faults)) continue;
      const { faults } = await shrunkPlan(plan, async (smaller) => needs(smaller.faults));
      expect(needs(faults)).toBe(true);
      for (const left of faults) expect(needs(faults.filter((each) => each !== left))).toBe(false);
      shrunk++;
    }
    expect(shrunk).toBeGreaterThan(20);
  });

  it('can be printed and run again', async () => {
    const plan = JSON.parse(JSON.stringify(planOf(5))) as ReturnType<typeof planOf>;
    expect(await runPlan(plan, 'ledger')).toEqual(await runSeed(5, 'ledger'));
  });
});
