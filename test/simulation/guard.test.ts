// The guard against what is ambient: that it sees, and that the product uses none of it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Change } from './bugs.ts';
import { run, runSeeds } from './children.ts';
import { withCopy } from './copy.ts';
import { escapes } from './escapes.ts';
import type { Ran } from './seeds.ts';

const cases = Object.entries(escapes).map(([name, escape], at) => ({ name, escape, at }));
const noted: Record<string, string[]> = {};

beforeAll(async () => {
  await withCopy(undefined, async (folder) => {
    const modules = join(folder, 'src/escapes');
    mkdirSync(modules);
    Object.values(escapes).forEach(({ loads = '', body }, at) => {
      writeFileSync(join(modules, `${at}.js`), `${loads}\nexport async function escape() { ${body} }\n`);
    });
    const hear = (line: string): void => void Object.assign(noted, JSON.parse(line));
    expect(await run(folder, 'escaping', [modules, folder], { hear })).toBeUndefined();
  });
}, 120_000);

describe('the guard', () => {
  it.each(cases.filter(({ escape }) => escape.caught !== undefined))('notes $name', ({ escape, at }) => {
    expect(noted[`${at}.js`]).toContainEqual(expect.stringMatching(escape.caught as RegExp));
  });

  it.each(cases.filter(({ escape }) => escape.caught === undefined))(
    'does not see $name, and there is a reason',
    ({ escape, at }) => {
      expect(noted[`${at}.js`]).toEqual([]);
      expect(escape.missed).toMatch(/\w+ \w+ \w+/);
    },
  );

  it('is told about at least forty ways to escape', () => {
    expect(Object.values(escapes).filter(({ caught }) => caught !== undefined).length).toBeGreaterThan(40);
  });
});

/** What a process gave for a few seeds. */
async function ranIn(guarded: boolean, count: number, change?: Change): Promise<Ran[]> {
  const ran: Ran[] = [];
  const hear = (each: Ran): boolean => ran.push(each) > 0;
  await runSeeds({ from: 1, count, guarded }, hear, change);
  return ran;
}

describe('a seed', () => {
  it('gives the same trace in another process in which nothing ambient can be used', async () => {
    // More of them: npm run simulate -- --twice --seeds 10000
    const [free, guarded] = await Promise.all([ranIn(false, 40), ranIn(true, 40)]);
    expect(free).toHaveLength(40);
    expect(free.filter((ran) => 'wrong' in ran)).toEqual([]);
    expect(guarded).toEqual(free);
  }, 300_000);

  it.each([
    ['draws by chance', 'src/engine/ready.ts', 'Math.random()'],
    ['looks at the clock', 'src/engine/turn.ts', 'Date.now()'],
    ['sets a timer', 'actors/context.ts', 'setTimeout(() => {}, 0)'],
  ])(
    'fails under the guard if somebody %s',
    async (_, file, use) => {
      const from = 'import ';
      // It is used where nobody would see it in a trace.
      const to = `function ambient() { try { ${use}; } catch { /* in silence */ } }\nambient();\nimport `;
      expect(await ranIn(false, 1, { file, from, to })).toEqual([
        expect.objectContaining({ hash: expect.any(String) }),
      ]);
      expect(await ranIn(true, 1, { file, from, to })).toEqual([
        { seed: 1, wrong: expect.stringContaining('it used') },
      ]);
    },
    120_000,
  );

  it('gives another trace in another process if it depends on where the program lies', async () => {
    const file = 'src/testing/simulation/process.ts';
    const from = 'this.host = hostOf(this);';
    const to = `${from} world.trace.text(new Error().stack ?? '');`;
    const [free, guarded] = await Promise.all(
      [false, true].map((each) => ranIn(each, 1, { file, from, to })),
    );
    expect(free).toEqual([expect.objectContaining({ hash: expect.any(String) })]);
    expect(guarded).toEqual([expect.objectContaining({ hash: expect.any(String) })]);
    expect(guarded).not.toEqual(free);
  }, 120_000);
});
