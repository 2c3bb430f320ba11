// Starts a search in a process of its own, and says what came of it. One that never comes back, or dies, is searched again with
// a trail of what it tried: the last input is the one.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Ended, FoundInput, Order, Told } from './order.ts';

export interface Outcome {
  readonly found: readonly FoundInput[];
  readonly ends: readonly Ended[];
  readonly corpus: Corpus;
}

/** What was kept by now, by target. */
export type Corpus = Readonly<Record<string, readonly string[]>>;

export interface Search extends Omit<Order, 'corpus' | 'trail'> {
  readonly corpus?: Corpus;
  /** The folder with the sources: a copy, perhaps. The repository if not given. */
  readonly root?: string;
  /** How long it may say nothing. 30 s if not given. */
  readonly silentMs?: number;
}

const repository = fileURLToPath(new URL('../..', import.meta.url));

export async function search({
  corpus,
  root = repository,
  silentMs = 30_000,
  ...order
}: Search): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-fuzz-'));
  const file = join(folder, 'corpus.json');
  const trail = join(folder, 'trail.json');
  try {
    writeFileSync(file, JSON.stringify(corpus ?? {}));
    const first = await run(root, { ...order, corpus: file }, silentMs);
    if (first.isOver) return { ...first, corpus: JSON.parse(readFileSync(file, 'utf8')) as Corpus };
    // Slower, but what it tries last is known.
    const again = await run(root, { ...order, corpus: file, trail }, silentMs);
    const last = JSON.parse(readFileSync(trail, 'utf8')) as Pick<FoundInput, 'target' | 'at' | 'input'>;
    const rule = first.isSilent ? 'an input takes less than a second' : 'no input ends the process';
    const found = { ...last, rule, alone: true, stack: again.complaint.split('\n', 3).join('\n') };
    return { ends: first.ends, found: [...first.found, found], corpus: corpus ?? {} };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Ran extends Omit<Outcome, 'corpus'> {
  /** Whether it came to its end. */
  readonly isOver: boolean;
  readonly isSilent: boolean;
  readonly complaint: string;
}

async function run(root: string, order: Order, silentMs: number): Promise<Ran> {
  const script = join(root, 'test/fuzz/hunt.ts');
  const child = spawn(
    process.execPath,
    ['--no-flush-bytecode', '--max-old-space-size=1024', '--import', 'tsx', script, JSON.stringify(order)],
    { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const found: FoundInput[] = [];
  const ends: Ended[] = [];
  let complaint = '';
  let isSilent = false;
  let timer: NodeJS.Timeout | undefined;
  const listen = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      isSilent = true;
      child.kill('SIGKILL');
    }, silentMs);
  };
  listen();
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  createInterface({ input: child.stdout }).on('line', (line) => {
    listen();
    // Of one that was killed the last line may be half.
    if (!line.endsWith('}')) return;
    const told = JSON.parse(line) as Told;
    if ('found' in told) found.push(told.found);
    else if ('end' in told) ends.push(told.end);
  });
  await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  const isOver = ends.length === Object.keys(order.inputs).length || found.length > 0;
  return { found, ends, isOver, isSilent, complaint };
}
