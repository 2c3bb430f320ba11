// Builds take turns on one folder, each as a process that is killed; in the end the last one says what is there. Every order has a
// key, and what was not acknowledged is ordered again: so each has to be counted once, whoever has counted it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { Random } from '../../src/engine/random.ts';
import type { Build } from './builds.ts';

export interface Turns {
  /** Who runs, in order; the last one is asked. */
  readonly order: readonly Build[];
  readonly state: 'level' | 'memory';
  readonly seed: number;
}

export interface Result {
  /** What each turn came to: how many were acknowledged, or why it did not start. */
  readonly turns: readonly {
    readonly build: string;
    readonly acknowledged: number;
    readonly refused?: string;
  }[];
  readonly orders: number;
  /** What is wrong. */
  readonly wrong: readonly string[];
}

const ACTORS = 12;
const ORDERS = 120;

export async function takeTurns({ order, state, seed }: Turns): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-turns-'));
  const random = new Random(seed);
  /** By whom each order is to be counted, and which are not acknowledged yet. */
  const who: number[] = [];
  const open = new Set<number>();
  const turns: Result['turns'][number][] = [];
  try {
    for (const [turn, build] of order.entries()) {
      const isLast = turn === order.length - 1;
      const one = begin(build, [join(folder, 'store'), state]);
      try {
        const first = (await one.next()) ?? '';
        if (first !== 'ready') {
          turns.push({ build: build.name, acknowledged: 0, refused: first.replace(/^refused /, '') });
          if (!first.startsWith('refused ')) throw new Error(`${build.name} ended: ${one.complaint()}`);
          continue;
        }
        if (!isLast) for (let i = 0; i < ORDERS; i++) open.add(who.push(random.below(ACTORS)));
        const orders = [...open];
        one.say(orders.map((n) => `count ${n} ${who[n - 1]}`));
        const enough = isLast ? orders.length : random.below(orders.length);
        let acknowledged = 0;
        const heard = (line: string): number => {
          const [said, n] = line.split(' ');
          return said === 'ack' && open.delete(Number(n)) ? 1 : 0;
        };
        while (acknowledged < enough) {
          const line = await one.next();
          if (line === undefined) throw new Error(`${build.name} ended: ${one.complaint()}`);
          acknowledged += heard(line);
        }
        if (isLast) {
          turns.push({ build: build.name, acknowledged });
          one.say([`report ${ACTORS}`]);
          let line = await one.next();
          while (line !== undefined && !line.startsWith('report ')) line = await one.next();
          one.say(['stop']);
          return { turns, orders: who.length, wrong: wrongIn(line ?? '', who) };
        }
        one.kill();
        // What it had said by then counts as well.
        for (let line = await one.next(); line !== undefined; line = await one.next())
          acknowledged += heard(line);
        turns.push({ build: build.name, acknowledged });
      } finally {
        one.kill();
        await one.ended;
      }
    }
    return { turns, orders: who.length, wrong: ['the last build did not start'] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function wrongIn(report: string, who: readonly number[]): string[] {
  const { reads, letters } = JSON.parse(report.slice('report '.length)) as {
    readonly reads: readonly (readonly [(readonly [number, number])[], (readonly [number, number])[]])[];
    readonly letters: number;
  };
  const wrong = letters === 0 ? [] : [`${letters} dead letters`];
  const times = { counted: new Map<number, number>(), done: new Map<number, number>() };
  for (const [actor, [counted, done]] of reads.entries()) {
    for (const [n, count] of counted) {
      if (who[n - 1] !== actor) wrong.push(`order ${n} was counted by ${actor}`);
      times.counted.set(n, count);
    }
    for (const [n, count] of done) times.done.set(n, count);
  }
  for (const n of who.keys()) {
    const order = n + 1;
    const [once, effect, timer] = [times.counted.get(order), times.done.get(order), times.done.get(-order)];
    if (once !== 1) wrong.push(`order ${order} was counted ${once ?? 0} times`);
    if (effect !== 1) wrong.push(`the outcome for order ${order} came ${effect ?? 0} times`);
    if (timer !== 1) wrong.push(`the timer of order ${order} rang ${timer ?? 0} times`);
  }
  return wrong;
}

interface Running {
  next(): Promise<string | undefined>;
  say(lines: readonly string[]): void;
  kill(): void;
  readonly ended: Promise<void>;
  complaint(): string;
}

function begin({ folder }: Build, args: readonly string[]): Running {
  const child = spawn(
    process.execPath,
    ['--conditions=portico:source', '--import', 'tsx', join(folder, 'test/upgrades/program.ts'), ...args],
    { cwd: folder },
  );
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => (complaint += String(text)));
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return {
    next: async () => {
      const { done, value } = await lines.next();
      return done === true ? undefined : value;
    },
    say: (said) => child.stdin.write(said.map((line) => `${line}\n`).join('')),
    kill: () => child.kill('SIGKILL'),
    ended,
    complaint: () => complaint,
  };
}
