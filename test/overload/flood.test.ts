// Short versions of what `npm run overload` does at length: nothing here depends on time, only on what became of what was sent.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileStore } from 'portico/node';
import { doors, fairness } from './fairness.ts';
import { flood } from './flood.ts';
import { hangingEffect, slowReader } from './slow.ts';
import { jain, quantile, thirds } from './statistics.ts';

const folder = mkdtempSync(join(tmpdir(), 'portico-overload-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a system to which more comes than it can take', () => {
  const options = { measureMs: 100, floodMs: 600, times: 3, sendLimit: 2_000 };

  it('has all that it acknowledged, once, and nothing that it refused: in memory', async () => {
    const { wrong, acknowledged, refused } = await flood({ ...options, storeOf: undefined });
    expect([wrong, acknowledged > 0]).toEqual([[], true]);
    expect(Object.keys(refused).every((code) => code === 'ingress/overflow')).toBe(true);
  });

  it('has all that it acknowledged, once, and nothing that it refused: on disk, and after a restart', async () => {
    const storeOf = () => fileStore(join(folder, 'flood'));
    const { wrong, acknowledged, refused } = await flood({ ...options, storeOf });
    expect([wrong, acknowledged > 0]).toEqual([[], true]);
    expect(Object.keys(refused).every((code) => code === 'ingress/overflow')).toBe(true);
  });
});

describe('eight who send, one of whom floods,', () => {
  it.each(doors)('have equal shares: %s', async (door) => {
    const shares = await fairness(door, 20_000);
    expect(shares.jain).toBeGreaterThan(0.98);
    expect(shares.least).toBeGreaterThan(0.9);
  });
});

describe('somebody outside who is slow', () => {
  it.each(['subscribe', 'read', 'readFrom'] as const)('misses nothing, and few wait: %s', async (kind) => {
    const { taken, arrived, end, mostWaiting } = await slowReader(kind, 200_000);
    expect([taken, arrived, end]).toEqual([200_000, 200_000, 'all arrived']);
    // A quarter of the limit, and what came in the meantime.
    expect(mostWaiting).toBeLessThan(110_000);
  });

  it('misses nothing that was taken, and few wait: an effect that hangs', async () => {
    const { end, mostWaiting } = await hangingEffect(20_000);
    expect(end).toBe('all arrived');
    expect(mostWaiting).toBeLessThan(110_000);
  });
});

describe('the figures', () => {
  it('are what they are called', () => {
    expect([quantile([5, 1, 4, 2, 3], 0.5), quantile([1, 2], 0.99)]).toEqual([3, 2]);
    expect(thirds([1, 1, 9, 5, 5, 9, 7, 7, 9])).toEqual([1, 5, 7]);
    expect([jain([1, 1, 1, 1]), jain([1, 0, 0, 0])]).toEqual([1, 0.25]);
  });
});
