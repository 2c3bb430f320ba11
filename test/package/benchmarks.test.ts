// The way that `npm run bench` goes: every run in a process of its own, on what ships.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const bench = (...args: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'benchmarks/run.ts', ...args], {
    cwd: root,
    encoding: 'utf8',
  });

describe('the benchmarks', () => {
  it('answer as JSON, from processes of their own', () => {
    const { status, stdout, stderr } = bench('cycle', '--quick', '--rounds', '2', '--json');
    expect(status === 0 ? 'well' : stderr).toBe('well');
    const number = expect.any(Number) as number;
    expect(JSON.parse(stdout)).toMatchObject([
      {
        question: 'cycle',
        rounds: 2,
        conditions: { node: process.versions.node },
        figures: [
          'plain loop',
          'plain loop with counts',
          'stepping system',
          'running system',
          'portalsjs',
        ].map((contender) => ({
          contender,
          name: 'speed',
          unit: 'hops/s',
          better: 'more',
          median: number,
          values: [number, number],
        })),
      },
    ]);
    expect(stdout).not.toContain(root);
  }, 60_000);

  it('say how to call them when they are called wrong', () => {
    const { status, stdout, stderr } = bench('speed');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('no question is called speed');
    expect(stderr).toContain('npm run bench --');
  });
});
