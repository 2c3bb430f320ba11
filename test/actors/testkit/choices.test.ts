import { describe, expect, it } from 'vitest';
import { atRandom, Chooser, isSimpler, simpler, trimmed } from '../../../actors/testkit/choices.ts';

describe('choices', () => {
  it('are made as they are given, within their bounds, and then as usual', () => {
    const chooser = new Chooser([2, 9]);
    expect([chooser.choose(3), chooser.choose(4), chooser.choose(5)]).toEqual([2, 3, 0]);
    expect(chooser.made).toEqual([2, 3, 0]);
  });

  it('at random are the same for the same seed, and in some seeds mostly as usual', () => {
    const draw = (seed: number): number[] => {
      const choose = atRandom(seed);
      return Array.from({ length: 200 }, () => choose(5));
    };
    expect(draw(7)).toEqual(draw(7));
    const usual = Array.from({ length: 20 }, (_, seed) => draw(seed).filter((choice) => choice === 0).length);
    expect(Math.min(...usual)).toBeLessThan(80);
    expect(Math.max(...usual)).toBeGreaterThan(170);
    expect(Math.max(...draw(1))).toBeLessThan(5);
  });

  it.each<[string, number[], number[]]>([
    ['fewer of them are unusual, even if there are more', [0, 0, 0, 4], [1, 1]],
    ['there are fewer', [1], [0, 1]],
    ['they are smaller', [0, 1], [0, 2]],
  ])('are simpler if %s', (_, a, b) => {
    expect([isSimpler(a, b), isSimpler(b, a)]).toEqual([true, false]);
  });

  it('are as simple without the zeros at the end', () => {
    expect([isSimpler([1], [1, 0]), isSimpler([1, 0], [1]), trimmed([0, 1, 0, 0])]).toEqual([
      false,
      false,
      [0, 1],
    ]);
  });

  it('are made simpler in every way: shorter, more usual, smaller', () => {
    const found = [...simpler([3, 0, 2])].map((choices) => choices.join(' '));
    expect(found).toEqual(
      expect.arrayContaining(['', '0 0 2', '0 2', '3 2', '3', '1 0 2', '2 0 2', '3 0 1']),
    );
    expect([...simpler([])]).toEqual([]);
  });
});
