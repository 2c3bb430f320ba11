// The tour that `npm start` shows, killed and started again. What it is about is in docs/examples/showcase.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { memoryStore } from 'portico/dataflow';
import { Kept } from '../../docs/examples/showcase/kept.ts';

const folder = mkdtempSync(join(tmpdir(), 'portico-showcase-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const root = fileURLToPath(new URL('../..', import.meta.url));
const command = ['--conditions=portico:source', '--import', 'tsx', 'docs/examples/showcase.ts', folder];

/** Runs the tour in a process of its own, and kills that when it prints this line. */
async function tour(killedAt?: string): Promise<{ lines: string[]; signal: NodeJS.Signals | null }> {
  const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    if (killedAt !== undefined && printed.includes(`   ${killedAt}\n`)) child.kill('SIGKILL');
  });
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => {
    child.on('close', (_, signal) => {
      resolve(signal);
    });
  });
  return { lines: printed.split('\n').map((line) => line.trim()), signal };
}

function numberIn(lines: readonly string[], pattern: RegExp): number {
  const found = lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
  expect(found).toHaveLength(1);
  return Number(found[0]);
}

describe('the showcase', () => {
  // How far a run gets before it is dead is up to the machine: at least as far as it has said.
  it('goes on where it was when it is killed and started again, and loses nothing', async () => {
    const first = await tour('768 left');
    expect(first.signal).toBe('SIGKILL');
    expect(first.lines).toContain(`Run 1, kept in ${folder}.`);
    expect(first.lines).toContain('fib(21) is 10946');

    const second = await tour('25 transfers');
    expect(second.signal).toBe('SIGKILL');
    expect(second.lines).toContain(`Run 2 of what is kept in ${folder}. It found:`);
    expect(second.lines).toContain('fib(21) is known to be 10946');
    const match = second.lines.filter((line) => line.startsWith('match 1 '));
    expect(Number(/(\d+) balls$/.exec(match[0] ?? '')?.[1] ?? 0)).toBeLessThanOrEqual(768);
    expect(match.at(-1)).toBe('match 1 is over');
    expect(second.lines).not.toContain('1024 left');
    expect(second.lines).toContain('counted 1024');

    const third = await tour();
    expect(third.signal).toBeNull();
    expect(third.lines).toEqual(
      expect.arrayContaining(['match 1 is over', '1024 messages have been counted', 'counted 1024']),
    );
    const made = numberIn(third.lines, /^(\d+) transfers have been made, and the bank holds 300$/);
    expect(made).toBeGreaterThanOrEqual(25);
    expect(third.lines).not.toContain('25 transfers');
    const [, ...balances] =
      /^ann has (\d+), bob has (\d+), eve has (\d+): 300 in all$/m.exec(third.lines.join('\n')) ?? [];
    expect(balances.map(Number).reduce((sum, balance) => sum + balance, 0)).toBe(300);
  }, 60_000);

  it('begins another round when the one before is over', async () => {
    const store = memoryStore();
    const rounds: (readonly string[])[] = [];
    for (let run = 1; run <= 2; run++) {
      await using kept = await Kept.start(store, 'a test');
      expect(kept.run).toBe(run);
      const lines = [...(await kept.found())];
      const print = (line: string): void => {
        lines.push(line);
      };
      await kept.fibonacci(print);
      await kept.match(print);
      await kept.counting(print);
      await kept.bank(print);
      rounds.push(lines.map((line) => line.replace(/^ann .*: /, '')));
    }
    expect(rounds).toEqual([
      [
        'nobody has asked for fib(21) yet',
        'match 1 has not begun',
        '0 messages have been counted',
        '0 transfers have been made, and the bank holds 300',
        'fib(21) is 10946',
        ...[1024, 768, 512, 256, 0].map((left) => `${left} left`),
        'match 1 is over',
        'counted 1024',
        ...[25, 50, 75, 100].map((made) => `${made} transfers`),
        '300 in all',
      ],
      [
        'fib(21) is known to be 10946',
        'match 2 has not begun',
        '1024 messages have been counted',
        '100 transfers have been made, and the bank holds 300',
        'fib(21) is 10946',
        ...[1024, 768, 512, 256, 0].map((left) => `${left} left`),
        'match 2 is over',
        'counted 2048',
        ...[125, 150, 175, 200].map((made) => `${made} transfers`),
        '300 in all',
      ],
    ]);
  });
});
