// Real processes that a message ends: by a turn that never ends, under a watchdog, and by killing its own process.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { watchedHost } from 'portico/node';

const program = fileURLToPath(new URL('deadly-program.ts', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

it('ends no more processes once it was attempted often enough, and nothing else is lost', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portico-deadly-'));
  try {
    const ends: unknown[] = [];
    for (let life = 1; life <= 8; life++) {
      const { signal, stdout, stderr } = spawnSync(
        process.execPath,
        ['--conditions=portico:source', '--import', 'tsx', program, join(folder, 'store'), 'level'],
        { cwd: root, encoding: 'utf8', timeout: 30_000 },
      );
      ends.push(signal ?? (JSON.parse(stdout) as unknown));
      expect(stderr).toBe(
        life <= 3
          ? 'portico: what is handled has not come to its end within 200 ms; the process is killed\n'
          : '',
      );
      if (signal === null) break;
    }
    // Two falls and an attempt for the turn that never ends; and as care is taken by then, an attempt for the other.
    expect(ends).toEqual([
      'SIGKILL',
      'SIGKILL',
      'SIGKILL',
      'SIGKILL',
      {
        counted: 3,
        letters: [
          ['loop', 'task/deadly'],
          ['kill', 'task/deadly'],
        ],
      },
    ]);
    // One file of words is left, that of the last run.
    expect(readdirSync(join(folder, 'store')).filter((name) => name.startsWith('last-words'))).toEqual([
      'last-words-5',
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

it('is not watched with a limit that makes no sense', () => {
  expect(() => watchedHost({ limitMs: 0 })).toThrow(
    expect.objectContaining({ code: 'system/bad-argument', where: 'watchedHost' }),
  );
});
