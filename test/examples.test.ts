// The programs in docs/examples: each runs, and prints exactly this.
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const folder = new URL('../docs/examples/', import.meta.url);

interface Example {
  readonly main: (print: (line: string) => void) => void | Promise<void>;
}

const countdown = (from: number, by: number): string[] =>
  Array.from({ length: from / by + 1 }, (_, i) => String(from - i * by));

const printed: Record<string, readonly string[]> = {
  applications: [
    'graph/unknown-path at /orders/workflows/priced/$3: there is no portal /catalogue/portals/price',
    'booked 3',
    'booked 8',
    'booked 3',
    'application/in-use at /orders: it is needed by /books/workflows/entries',
  ],
  'dead-letters': [
    '> 5 EUR and 100 NOK in one atom, 2 EUR in another one',
    'total 2',
    'dead letter 1, with 2 events: no rate for NOK',
    '> a rate for NOK, and the dead letter once more',
    'total 7',
    'total 17',
    '0 dead letters are left',
  ],
  'dynamic-query': [0, 0, 10, 20, 60, 70, 100, 100, 100, 100].map((sum, i) => `query ${i + 1}: ${sum}`),
  'incremental-word-count': 'the 1,quick 1,brown 1,fox 1,jumps 1,over 1,the 2,lazy 1,dog 1,the 3,end 1'.split(
    ',',
  ),
  'ping-pong': countdown(7168, 1024),
  recursive: countdown(127, 1),
  running: ['Hello, Ann', 'Hello, Bob', 'Welcome back, Ann', 'nobody listened to the last one'],
  'shopping-cart': [
    '> ann add cup, ann add tea, bob add cup',
    'bob cannot have cup: it is sold out',
    '> ann remove cup, bob add tea',
    '> bob add cup, bob checkout, ann checkout',
    'ann orders tea',
    'bob orders tea, cup',
    'sold so far: 1 tea',
    'sold so far: 2 tea',
    'sold so far: 1 cup',
  ],
  splitter: [
    'letters: 0.05 kg to Oslo',
    'Oslo: 2 kg to Oslo',
    '1 event unmatched',
    'depot: 4 kg to Bergen',
    'letters: 0.02 kg to Bergen',
  ],
  'step-by-step': [
    'day 1: plan the week',
    ...[2, 3, 4, 5].map((day) => `day ${day}: work`),
    'day 6: go out',
    'day 7: sleep',
    'day 8: plan the week',
    ...[9, 10].map((day) => `day ${day}: work`),
  ],
  timers: [
    'after 20 s: payment of a-1 is good',
    'after 35 s: payment of a-2 is unclear (portal/timeout)',
    'after 60 s: a-3 is not paid yet',
  ],
  'word-count': 'the 2,quick 1,brown 1,fox 1,jumps 1,over 1,lazy 1,dog 1,the 1,end 1'.split(','),
};

async function run(name: string): Promise<string[]> {
  const { main } = (await import(new URL(`${name}.ts`, folder).href)) as Example;
  const lines: string[] = [];
  await main((line) => {
    lines.push(line);
  });
  return lines;
}

describe('an example', () => {
  it.each(Object.entries(printed))('prints what it should: %s', async (name, lines) => {
    expect(await run(name)).toEqual(lines);
  });

  it('prints the same when it is run a second time', async () => {
    expect(await run('dynamic-query')).toEqual(await run('dynamic-query'));
  });

  it('runs by itself from the command line', async () => {
    const path = fileURLToPath(new URL('word-count.ts', folder));
    const options = ['--conditions=portico:source', '--import', 'tsx', path];
    const { stdout } = await promisify(execFile)(process.execPath, options);
    expect(stdout.trimEnd().split('\n')).toEqual(printed['word-count']);
  });
});

describe('the showcase', () => {
  it('shows every scene, ends by itself, and measures its speed', async () => {
    const lines = await run('showcase');
    const scenes = lines.filter((line) => /^\d+ {2}/.test(line));
    expect(scenes).toHaveLength(11);
    expect(lines).toContain('   fib(21) is 10946');
    expect(lines).toContain('   counted 1024');
    expect(lines).toEqual(
      expect.arrayContaining((printed['shopping-cart'] ?? []).map((line) => `   ${line}`)),
    );
    expect(lines.filter((line) => /^ {3}\d+\.\d million /.test(line))).toHaveLength(2);
  });

  it('has colors only when they are asked for', async () => {
    const { main } = await import('../docs/examples/showcase.ts');
    const lines: string[] = [];
    await main((line) => lines.push(line), { colors: true });
    expect(lines.join('\n')).toContain('\u001B[1mPortico\u001B[0m');
    expect((await run('showcase')).join('\n')).not.toContain('\u001B');
  });
});

describe('the list of examples', () => {
  it('has all of them', () => {
    const programs = readdirSync(folder)
      .filter((file) => file.endsWith('.ts') && file !== 'showcase.ts')
      .map((file) => file.replace(/\.ts$/, ''));
    expect(Object.keys(printed).toSorted()).toEqual(programs.toSorted());
  });
});

describe('the queries between the atoms', () => {
  it('never see half of an atom', async () => {
    const sums = (await run('dynamic-query')).map((line) => Number(line.split(': ')[1]));
    expect(sums.filter((sum) => sum % 10 !== 0)).toEqual([]);
    expect(sums).toHaveLength(10);
  });
});
