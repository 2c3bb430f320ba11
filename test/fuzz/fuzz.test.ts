// A short campaign, and whether a campaign sees anything. The long one is `npm run fuzz`.
import { describe, expect, it } from 'vitest';
import { bugs } from './bugs.ts';
import { campaign } from './campaign.ts';
import { search } from './child.ts';
import { sought } from './planted.ts';
import { shares } from './shares.ts';

describe('a hundred thousand inputs', () => {
  it('find nothing wrong in what reads bytes and texts from outside', { timeout: 180_000 }, async () => {
    const { found, covered, blind } = await campaign({ seed: 1, inputs: 100_000, coveredPercent: 1, shares });
    expect(found).toEqual([]);
    const all = [...covered, ...blind];
    expect(all.reduce((sum, { inputs }) => sum + inputs, 0)).toBeGreaterThanOrEqual(100_000);
    for (const target of Object.keys(shares)) {
      const own = all.filter((end) => end.target === target);
      // Some are taken for what they are, others are refused, and what ran anew was kept.
      const taken = own.reduce((sum, end) => sum + end.taken, 0);
      expect([target, taken > 0, own[0]?.kept !== 0]).toEqual([target, true, true]);
    }
  });
});

describe('the fuzzer', () => {
  it.each(['minus zero is zero', 'a mark is read unchecked'])(
    'finds a bug that is planted, makes its input small, and finds it by that again: %s',
    { timeout: 180_000 },
    async (name) => {
      const found = await sought(bugs[name] as (typeof bugs)[string], 1, 20_000);
      expect(found).toMatchObject({ target: bugs[name]?.target, alone: true });
      expect(Buffer.from(found?.input ?? '', 'base64').length).toBeLessThan(20);
      // Without the bug the same input does no harm.
      const { target, input } = found as NonNullable<typeof found>;
      expect((await search({ mode: 'blind', seed: 0, inputs: { [target]: 1 }, only: input })).found).toEqual(
        [],
      );
    },
  );
});
