// Processes that run the simulation: seeds, or the search for a planted bug. Each runs a copy in a folder of its own.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import type { Change } from './bugs.ts';
import { withCopy } from './copy.ts';
import type { Job, Ran } from './seeds.ts';

/** What a search found: after how many seeds, and what was wrong; for each start. */
export type Found = readonly { readonly seeds: number; readonly what: string }[];

/** Runs seeds in a process of its own, until it is not heard any more. Throws if that dies. */
export async function runSeeds(job: Job, hear: (ran: Ran) => boolean, change?: Change): Promise<void> {
  await withCopy(change, async (folder) => {
    const enough = new AbortController();
    const complaint = await run(folder, 'seeds', [JSON.stringify(job)], {
      hear: (line) => {
        if (!enough.signal.aborted && !hear(JSON.parse(line) as Ran)) enough.abort();
      },
      signal: enough.signal,
    });
    if (complaint !== undefined && !enough.signal.aborted)
      throw new Error(`a process that runs seeds died: ${complaint}`);
  });
}

/** Searches for a planted bug from several seeds on, at most so many each time. What hangs is found as well. */
export async function search(
  change: Change | undefined,
  most: number,
  starts: readonly number[],
): Promise<Found> {
  return withCopy(change, async (folder) => {
    let last: { readonly found?: Found; readonly at?: Found[number] } = {};
    const args = [most, ...starts].map(String);
    const hear = (line: string): void => void (last = JSON.parse(line) as typeof last);
    const complaint = await run(folder, 'search', args, { hear, silenceMs: 60_000 });
    if (last.found !== undefined)
      return last.found.map(({ seeds, what }) => ({ seeds: seeds === 0 ? Infinity : seeds, what }));
    if (last.at === undefined) throw new Error(`the search did not begin: ${complaint ?? ''}`);
    return [{ ...last.at, what: `it never comes back, or dies: ${(complaint ?? '').split('\n')[0]}` }];
  });
}

interface Listener {
  readonly hear: (line: string) => void;
  /** What says nothing for so long hangs, and is ended. */
  readonly silenceMs?: number;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** Runs a program of the copy, line by line. Returns what it complained of, if it did not end well. */
export async function run(
  folder: string,
  program: string,
  args: readonly string[],
  { hear, silenceMs = 300_000, signal }: Listener,
): Promise<string | undefined> {
  // Nor may anything be made of text in a way that the guard does not know.
  const flags = ['--disallow-code-generation-from-strings'];
  const script = join(folder, `test/simulation/${program}.js`);
  const child = spawn(process.execPath, [...flags, script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const end = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', end);
  let timer = setTimeout(end, silenceMs);
  let rest = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    clearTimeout(timer);
    timer = setTimeout(end, silenceMs);
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(hear);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  return code === 0 ? undefined : complaint;
}

/** So many at a time. */
export async function together<T>(
  most: number,
  items: readonly T[],
  act: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const work = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: most }, work));
}

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;
}
