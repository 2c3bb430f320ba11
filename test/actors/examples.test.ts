// The programs in actors/examples: each runs, and prints exactly this.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const folder = new URL('../../actors/examples/', import.meta.url);

interface Example {
  readonly main: (print: (line: string) => void) => void | Promise<void>;
}

const printed: Record<string, readonly string[]> = {
  'ask-actor': ['Ann pays 50', 'Bob pays 200', 'Ann pays 95', 'Bob pays 90'],
  'bank-account': [
    '70 from Ann to Bob: done',
    '70 from Ann to Bob: refused, there are only 30',
    '20 from Ann to Eve: given back',
    'log: actor:entity:account/bob failed, and the message is a dead letter: nobody can deposit -5',
    'there is no reply [actor/failed]: nobody can deposit -5',
    'dead letter for actor:entity:account/bob: failed',
    'ann has 30',
    'bob has 70',
    'eve has 0',
  ],
  beside: ['Ann pays 6', 'in all 6', 'Bob pays 6', 'in all 15', 'Ann pays 9', 'Eve pays 5'],
  blog: [
    'publish: no, there is nothing to publish yet',
    'write: draft, “They send messages.”',
    'write: no, it is written already',
    'edit: draft, “They send messages, and change.”',
    'publish: published, “They send messages, and change.”',
    'edit: no, it is out already',
    'show: published, “They send messages, and change.”',
  ],
  'chat-room': [
    'Ann hears Bob: Hello, Ann',
    '(Ann stays outside: Ann is here already)',
    'Bob hears Ann: Hello, Bob',
    'Ann hears Bob: I have to go',
    'Ann hears the room: Bob left',
  ],
  counting: ['counted 1024', 'since then 0'],
  fib: ['fib(21) is 10946'],
  'from-stream': ['30 s: Bob saw home', '70 s: Ann saw home, tea, cart', '120 s: Bob saw help'],
  iot: [
    'home: kitchen 21, cellar nothing recorded, attic 30',
    'office: hall nothing recorded',
    'home: kitchen 21, cellar 12, attic no answer',
    'home: kitchen 21, cellar switched off, attic no answer',
    'home: kitchen 21, attic no answer',
  ],
  orders: [
    'order 2: globe is sold out',
    'order 1: paid, receipt 1 over 30',
    'order 4: paid, receipt 2 over 80',
    'order 3: not paid: the bank refuses the card',
    'order 1: globe is ready, day 1',
    'order 4: chair is ready, day 1',
    'order 1: globe is handed out',
    'order 4: chair is ready, day 2',
    'order 4: nobody came; paid back, receipt 3 over -80',
    'order 5: paid, receipt 4 over 50',
    'money was moved 4 times',
  ],
  philosophers: [
    '1 s: Laozi eats',
    '3.3 s: Laozi thinks',
    '3.3 s: Hypatia eats',
    '5.5 s: Hypatia thinks',
    '5.5 s: Diotima eats',
    '5.5 s: Laozi eats',
    '7.6 s: Diotima thinks',
    '7.6 s: Aspasia eats',
    '7.8 s: Laozi thinks',
    '7.8 s: Hypatia eats',
    '9.6 s: Aspasia thinks',
    '9.6 s: Zeno eats',
    '10 s: Hypatia thinks',
    '10 s: Diotima eats',
    '12 s: Zeno thinks',
    '12.1 s: Diotima thinks',
    '12.1 s: Aspasia eats',
    '14.1 s: Aspasia thinks',
    '14.1 s: Zeno eats',
    '16.5 s: Zeno thinks',
  ],
  'ping-pong': ['1024 left', '768 left', '512 left', '256 left', '0 left', 'both have stopped'],
  'thread-ring': ['after 1000 hops number 498 has the token'],
  'to-stream': [
    'Norway: 18',
    'Peru: 20',
    'C stays here: its task failed on this request: nothing goes to Atlantis',
    'Norway: 27',
  ],
};

async function run(name: string): Promise<string[]> {
  const { main } = (await import(new URL(`${name}.ts`, folder).href)) as Example;
  const lines: string[] = [];
  await main((line) => {
    lines.push(line);
  });
  return lines;
}

const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''));

describe('an example of actors', () => {
  it.each(names)('prints what it should, each time: %s', async (name) => {
    expect(await run(name)).toEqual(printed[name]);
    expect(await run(name)).toEqual(printed[name]);
  });

  it('runs by itself from the command line', async () => {
    const path = fileURLToPath(new URL('fib.ts', folder));
    const options = ['--conditions=portico:source', '--import', 'tsx', path];
    const { stdout } = await promisify(execFile)(process.execPath, options);
    expect(stdout.trimEnd().split('\n')).toEqual(printed['fib']);
  });
});

describe('the list of the examples of actors', () => {
  it('has all of them', () => {
    const listed = [...readFileSync(new URL('README.md', folder), 'utf8').matchAll(/\]\((.*)\.ts\)/g)];
    expect(listed.map(([, name = '']) => name).toSorted()).toEqual(names.toSorted());
    expect(Object.keys(printed).toSorted()).toEqual(names.toSorted());
  });
});
