/** The benchmarks in Erlang (`actors.erl`): one scheduler, so one thread. They take their own time. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Contender, Load, Run } from '../harness/question.ts';

/** A contender that runs the program of that name with a number. */
export function erlang<L extends Load>(
  program: string,
  size: (load: L) => number,
  runOf: (load: L, ms: number, result: number) => Run,
  expects: Contender<L>['expects'],
): Contender<L> {
  return {
    name: 'erlang',
    // It compiles before it runs.
    warmUps: 0,
    missing: () =>
      ['erl', 'erlc'].every(isOnPath)
        ? undefined
        : 'there is no erl or erlc on the PATH (Debian: erlang-base)',
    run: (load) => {
      const { ms, cpuMs, result } = runErlang(program, size(load));
      return { ...runOf(load, ms, result), share: cpuMs / ms };
    },
    expects,
  };
}

interface Result {
  readonly ms: number;
  readonly cpuMs: number;
  readonly result: number;
}

function runErlang(program: string, size: number): Result {
  // The benchmarks run in the root of the repository, wherever they were compiled to.
  const compiled = join('.cache', 'erlang');
  mkdirSync(compiled, { recursive: true });
  execute('erlc', ['-o', compiled, join('benchmarks', 'peers', 'actors.erl')]);
  const flags = ['+S', '1:1', '+P', '5000000', '-noshell', '-noinput', '-pa', compiled];
  const call = ['-run', 'actors', 'main', program, String(size)];
  const [ms = NaN, cpuMs = NaN, result = NaN] = execute('erl', [...flags, ...call])
    .split(' ')
    .map(Number);
  return { ms, cpuMs, result };
}

function execute(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(`${command} ended with code ${String(status)}: ${stdout}${stderr}`, { cause: error });
}

function isOnPath(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
