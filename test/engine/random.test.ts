import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Draw, Random } from '../../src/engine/random.ts';

const draws = (seed: number, bound: number, n: number): number[] => {
  const random = new Random(seed);
  return Array.from({ length: n }, () => random.below(bound));
};

describe('the seeded generator', () => {
  it('draws whole numbers from 0 up to but not including the bound', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 0x7fff_ffff }), (seed, bound) => {
        for (const n of draws(seed, bound, 50)) expect(Number.isInteger(n) && n >= 0 && n < bound).toBe(true);
      }),
    );
  });

  it('draws the same for the same seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(draws(seed, 1000, 20)).toEqual(draws(seed, 1000, 20));
      }),
    );
  });

  it('draws otherwise for another seed, small and neighbouring ones included', () => {
    const runs = Array.from({ length: 500 }, (_, seed) => draws(seed, 1_000_000, 4).join());
    expect(new Set(runs).size).toBe(runs.length);
    expect(new Set(Array.from({ length: 200 }, (_, seed) => draws(seed, 100, 1)[0])).size).toBeGreaterThan(
      70,
    );
  });

  it('never gets stuck, not even at seed zero', () => {
    for (const seed of [0, -1, 0x9e37_79b9, 0x8000_0000]) {
      expect(new Set(draws(seed, 0x7fff_ffff, 1_000)).size).toBeGreaterThan(990);
    }
  });

  it('goes on from a state as it did before, and takes draws back with their turn', () => {
    const random = new Random(5);
    random.below(100);
    const { state } = random;
    const next = [random.below(100), random.below(100)];
    random.state = state;
    const [first, second] = [new Draw(random), new Draw(random)];
    expect([random.below(100), random.below(100)]).toEqual(next);
    second.undo();
    first.undo();
    expect(random.state).toBe(state);
  });

  it('draws each number about as often as the others', () => {
    const times = new Map<number, number>();
    for (const n of draws(3, 10, 10_000)) times.set(n, (times.get(n) ?? 0) + 1);
    expect(times.size).toBe(10);
    for (const each of times.values()) expect(each).toSatisfy((n: number) => n > 850 && n < 1_150);
  });
});
