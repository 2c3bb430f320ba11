// A real process that is killed under load and started again on the same folder, ten times.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, it, type TestContext } from 'vitest';
import type { Read } from './kill-program.ts';

const ACTORS = 40;
const ORDERS = 300;
const STARTING_BALANCE = 1_000;

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = fileURLToPath(new URL('kill-program.ts', import.meta.url));

/** What was ordered, by number. */
interface Order {
  readonly kind: 'count' | 'pay' | 'move';
  readonly who: number;
}

/** The program, running. */
class Running {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<void>;
  readonly errors: string[] = [];

  constructor(args: readonly string[]) {
    const child = spawn(
      process.execPath,
      ['--conditions=portico:source', '--import', 'tsx', program, ...args],
      {
        cwd: root,
      },
    );
    this.#child = child;
    child.stderr.on('data', (text: Buffer) => this.errors.push(String(text)));
    // Orders to one that was killed go nowhere.
    child.stdin.on('error', () => undefined);
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        this.errors.push(...(signal === 'SIGKILL' ? [] : code === 0 ? [] : [`ended with ${code ?? signal}`]));
        resolve();
      });
    });
  }

  order(lines: readonly string[]): void {
    this.#child.stdin.write(lines.map((line) => `${line}\n`).join(''));
  }

  /** The next line that it says; undefined once it is gone. */
  async next(): Promise<string | undefined> {
    const { done, value } = await this.#lines.next();
    return done === true ? undefined : value;
  }

  /** Ends it at once, from one instruction to the next. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  get ended(): Promise<void> {
    return this.#ended;
  }
}

/** A generator of numbers below a bound, the same each time. */
function chances(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** Programs and a folder for one test, which are gone when it is done. */
function place(onTestFinished: TestContext['onTestFinished']): {
  readonly folder: string;
  readonly begin: (args: readonly string[]) => Running;
} {
  const folder = mkdtempSync(join(tmpdir(), 'portico-kill-'));
  const running: Running[] = [];
  onTestFinished(async () => {
    for (const each of running) each.kill();
    for (const each of running) await each.ended;
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    begin: (args) => {
      const one = new Running(args);
      running.push(one);
      return one;
    },
  };
}

async function ready(one: Running): Promise<void> {
  const line = await one.next();
  if (line === 'ready') return;
  await one.ended;
  throw new Error(`the program did not start, but said ${line}: ${one.errors.join('')}`);
}

// Each test has its own `expect` and its own end, because they run at the same time.
describe.concurrent('a process that is killed under load, and started again on its folder,', () => {
  it.for([
    [10, 'level'],
    [10, 'memory'],
  ] as const)(
    'loses nothing that it acknowledged, %i times, with its state in %s',
    { timeout: 60_000 },
    async ([kills, state], { expect, onTestFinished }) => {
      const { folder, begin } = place(onTestFinished);
      const trace = join(folder, 'trace');
      const args = [join(folder, 'store'), state, trace];
      const chance = chances(state.length);
      const orders = new Map<number, Order>();
      const acknowledged = new Set<number>();
      let number = 0;
      for (let kill = 0; kill < kills; kill++) {
        const one = begin(args);
        await ready(one);
        const lines = Array.from({ length: ORDERS }, () => {
          const kind = (['count', 'count', 'move', 'pay'] as const)[chance(4)] ?? 'count';
          const who = chance(ACTORS);
          orders.set(++number, { kind, who });
          return `${kind} ${number} ${who} ${chance(ACTORS)} ${1 + chance(9)}`;
        });
        // Some while it works on others, so that it is killed in the midst of things.
        const pieces = [0, 100, 200].map((at) => lines.slice(at, at + 100));
        const enough = chance(ORDERS);
        let seen = 0;
        one.order(pieces.shift() ?? []);
        while (seen < enough) {
          const [, acked] = (await one.next())?.split(' ') ?? [];
          acknowledged.add(Number(acked));
          if (++seen % 20 === 0) one.order(pieces.shift() ?? []);
        }
        for (const piece of pieces) one.order(piece);
        one.kill();
        // What it had said by then counts as well.
        for (let line = await one.next(); line !== undefined; line = await one.next())
          acknowledged.add(Number(line.split(' ')[1]));
        await one.ended;
        expect(one.errors.join('')).toBe('');
      }

      const last = begin(args);
      await ready(last);
      last.order([`report ${ACTORS}`]);
      const report = (await last.next()) ?? '';
      expect(report).toMatch(/^report /);
      const { reads, balances, letters } = JSON.parse(report.slice('report '.length)) as {
        readonly reads: readonly Read[];
        readonly balances: readonly number[];
        readonly letters: number;
      };
      last.order(['stop']);
      await last.ended;
      expect(last.errors.join('')).toBe('');
      expect(letters).toBe(0);

      // Some were acknowledged, and some were not, or nothing was shown.
      expect(acknowledged.size).toBeGreaterThan(0);
      expect(acknowledged.size).toBeLessThan(number);

      const counts = new Map<number, number>();
      const payments = new Map<number, number>();
      for (const [who, read] of reads.entries()) {
        for (const [n, times] of read.counted) {
          expect(orders.get(Number(n))).toEqual({ kind: 'count', who });
          counts.set(Number(n), times);
        }
        for (const [n, times] of read.paid) {
          expect(orders.get(Number(n))).toEqual({ kind: 'pay', who });
          payments.set(Number(n), times);
        }
      }
      const calls = readFileSync(trace, 'utf8').trim().split('\n');
      const keys = new Map<number, Set<string>>();
      for (const call of calls) {
        const [n, key = ''] = call.split(' ');
        keys.set(Number(n), (keys.get(Number(n)) ?? new Set()).add(key));
      }
      const done = [...orders].flatMap(([n, { kind }]) =>
        kind === 'move' ? [] : [{ n, kind, times: (kind === 'count' ? counts : payments).get(n) ?? 0 }],
      );
      expect(done.filter(({ n, times }) => acknowledged.has(n) && times !== 1)).toEqual([]);
      expect(done.filter(({ times }) => times > 1)).toEqual([]);
      // Each effect was carried out at least once, always under one key that no other one has.
      const pays = done.filter(({ kind }) => kind === 'pay');
      expect(pays.filter(({ n, times }) => (keys.get(n)?.size ?? 0) !== times)).toEqual([]);
      expect(new Set([...keys.values()].flatMap((each) => [...each])).size).toBe(keys.size);
      // What one account has given another one has got.
      expect(balances.reduce((sum, each) => sum + each, 0)).toBe(ACTORS * STARTING_BALANCE);
      expect(balances.some((each) => each !== STARTING_BALANCE)).toBe(true);
    },
  );
});
