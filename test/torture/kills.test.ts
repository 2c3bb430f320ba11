// A real process that is killed under load and started again on the same folder, ten times; more: npm run torture -- --kills 100
import { describe, it } from 'vitest';
import { killed } from './kills.ts';

// Each test has its own `expect`, because they run at the same time.
describe.concurrent('a process that is killed under load, and started again on its folder,', () => {
  it.for([
    [10, 'level'],
    [10, 'memory'],
  ] as const)(
    'loses nothing that it acknowledged, %i times, with its state in %s',
    { timeout: 120_000 },
    async ([kills, state], { expect }) => {
      const seen = await killed({ state, kills, seed: state.length });
      expect(seen).toMatchObject({ kills, outcomes: expect.any(Number) as number });
      // It was killed in the midst of things, or nothing was shown.
      expect(Math.min(seen.resent, seen.repeated, seen.duplicates, seen.outcomes)).toBeGreaterThan(0);
      expect(seen.whileOpening).toBeLessThan(kills);
    },
  );
});
