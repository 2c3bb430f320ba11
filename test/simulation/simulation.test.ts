// The simulation, for as long as a test may take: programs on a machine that fails by a plan; and the proof that it sees.
import { describe, expect, it } from 'vitest';
import { planOf, shrunkPlan, type Fault } from '../../src/testing/simulation/index.ts';
import { bugs } from './bugs.ts';
import { hunt } from './planted.ts';
import { crashPlan, runPlan, runSeed, scenarios } from './scenarios.ts';

describe.each(Object.keys(scenarios))('the %s on a machine that fails', (name) => {
  it('keeps its word', async () => {
    const until = performance.now() + 8_000;
    let crashes = 0;
    // At least so many, however slow it is.
    for (let seed = 1; seed <= 20 || performance.now() < until; seed++) {
      const { crashes: more } = await runSeed(seed, name).catch((error: unknown) => {
        throw new Error(`npm run simulate -- --scenario ${name} --seed ${seed}`, { cause: error });
      });
      crashes += more;
    }
    expect(crashes).toBeGreaterThan(100);
  }, 60_000);

  it('keeps its word if it crashes at a step, and again soon after', async () => {
    // All of them: npm run simulate -- --exhaustive
    for (let at = 1; at <= 160; at += 4) await runPlan(crashPlan(at, at % 8 === 1, 1 + (at % 37)), name);
  }, 60_000);

  it('does the same each time', async () => {
    for (let seed = 1_000; seed < 1_006; seed++)
      expect(await runSeed(seed, name)).toEqual(await runSeed(seed, name));
  });
});

describe('the simulation', () => {
  // All of them: npm run simulate -- --planted
  it.each([
    'nothing is synced',
    'a record is acknowledged before it is synced',
    'a snapshot is not synced',
    'it is acknowledged before the commit',
    'it is released before the commit',
    'the cursors are not in the record',
    'what has entered under a key is forgotten',
    'timers are lost',
    'the state of chance is not kept',
    'an outcome comes, and its effect is not settled',
    'the row of an atom is deleted too early',
    'asks are not written',
  ])('finds it when %s', async (name) => {
    const { found } = await hunt(bugs[name], 100, [1]);
    expect(found[0]?.seeds).toBeLessThanOrEqual(100);
  });

  it('finds nothing in a copy without a bug', async () => {
    expect(await hunt(undefined, 10, [1])).toEqual({ found: [{ seeds: Infinity, what: '' }] });
  });
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
