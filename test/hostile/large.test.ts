// Large messages, one after the other, in a process with little room.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it(
  'messages of ten megabytes take no more memory than a few of them need, and each is there',
  { timeout: 120_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'portico-large-'));
    try {
      const { stdout, stderr, status } = spawnSync(
        process.execPath,
        [
          '--max-old-space-size=100',
          '--conditions=portico:source',
          '--import',
          'tsx',
          fileURLToPath(new URL('large-program.ts', import.meta.url)),
          join(folder, 'store'),
        ],
        { encoding: 'utf8', cwd: fileURLToPath(new URL('../..', import.meta.url)) },
      );
      expect([status, stderr.includes('heap')]).toEqual([0, false]);
      const { seen, refused } = JSON.parse(stdout) as { seen: unknown; refused: unknown };
      expect(seen).toEqual(
        Array.from({ length: 20 }, (_, i) => [10_000_000, `${String(i).padStart(4, '0')}~~~~`]),
      );
      expect(refused).toEqual(Array.from({ length: 20 }, () => 'codec/too-large'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
