// The documentation is executed: every `ts` fence of README.md and docs/ compiles and runs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findFences, problems, type Fence } from './fences.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function pages(): string[] {
  const docs = existsSync(join(root, 'docs'))
    ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((path) => join('docs', path))
    : [];
  return ['README.md', ...docs.toSorted()].filter(
    (path) => path.endsWith('.md') && !path.startsWith(join('docs', 'api')) && existsSync(join(root, path)),
  );
}

const fences = pages().flatMap((page) => findFences(page, readFileSync(join(root, page), 'utf8')));
const found = await problems(fences, 'docs-fences');

describe('the documentation', () => {
  test.each(fences.map((fence, index) => ({ at: `${fence.page}:${fence.line}`, mode: fence.mode, index })))(
    'keeps its word at $at ($mode)',
    ({ index }) => {
      expect(found[index]).toEqual([]);
    },
  );

  test('is found', () => {
    expect(pages()).toContain(join('docs', 'hacking.md'));
  });
});

describe('the reader of fences', () => {
  const fenced = (...parts: [info: string, text: string][]): string =>
    parts.map(([info, text]) => `\`\`\`${info}\n${text}\n\`\`\`\n`).join('\n');
  const read = (markdown: string): Fence[] => findFences('page.md', markdown);

  test('takes the ts fences with their lines and outputs, and leaves the others', () => {
    const markdown = `# Title\n\n${fenced(['ts', 'a;'], ['text output', 'b'], ['sh', 'ls'], ['ts no-run', 'c;'], ['ts error TS1', 'd;'])}`;
    expect(read(markdown)).toEqual([
      { page: 'page.md', line: 4, mode: 'run', text: 'a;', output: 'b' },
      { page: 'page.md', line: 16, mode: 'no-run', text: 'c;' },
      { page: 'page.md', line: 20, mode: 'error', code: 'TS1', text: 'd;' },
    ]);
  });

  test('takes off the indentation of a list, and leaves fences shown within fences', () => {
    expect(read('- item\n\n  ```ts\n  if (a) {\n    b;\n  }\n  ```\n')[0]?.text).toBe('if (a) {\n  b;\n}');
    expect(read('````md\n```ts\na;\n```\n````\n')).toEqual([]);
  });

  test.each([
    ['an unknown mark', fenced(['ts norun', 'a;'])],
    ['another name of the language', fenced(['typescript', 'a;'])],
    ['an output of nothing', fenced(['text output', 'a'])],
    ['an output after other text', `${fenced(['ts', 'a;'])}\nprints\n\n${fenced(['text output', 'a'])}`],
    ['a fence that is not closed', '```ts\na;\n'],
  ])('refuses %s', (_, markdown) => {
    expect(() => read(markdown)).toThrow('page.md:');
  });
});

describe('a fence', () => {
  const fence = (mode: Fence['mode'], text: string, more: Partial<Fence> = {}, line = 1): Fence => ({
    page: 'page.md',
    line,
    mode,
    text,
    ...more,
  });

  test('is held to what its page says of it', async () => {
    const right = [
      fence('run', `console.log('%d', 1); console.log({ a: [2] });`, { output: '1\n{ a: [ 2 ] }' }),
      fence('run', `import * as core from 'portico/dataflow';\nawait Promise.resolve(core);`),
      fence('no-run', `throw new Error('never run');`),
      fence('error', `const a: string = 1;`, { code: 'TS2322' }),
    ];
    const wrong = [
      fence('run', `const a: string = 1;`),
      fence('no-run', `const a: string = 1;`),
      fence('error', `const a: string = '1';`),
      fence('error', `const a: string = 1;`, { code: 'TS2345' }),
      fence('run', `console.log(1);`, { output: '2' }),
      fence('run', `throw new Error('loud');`),
      fence('run', `void Promise.reject(new Error('nobody waits'));`),
      fence('run', `process.exit(0);`),
    ];
    const all = [...right, ...wrong].map((each, index) => ({ ...each, line: index + 1 }));
    const lists = await problems(all, 'docs-fences-self');
    expect(lists.slice(0, right.length)).toEqual(right.map(() => []));
    expect(lists.slice(right.length).map((list) => list.join('\n'))).toEqual([
      "page.md:5: TS2322: Type 'number' is not assignable to type 'string'.",
      "page.md:6: TS2322: Type 'number' is not assignable to type 'string'.",
      'page.md:7: compiles, but is marked as an error',
      "page.md:8: TS2322: Type 'number' is not assignable to type 'string'. (expected TS2345 only)",
      'page.md:9: prints\n1\nbut its page says\n2',
      expect.stringContaining('loud'),
      expect.stringContaining('nobody waits'),
      'page.md:12: the process ended before this fence did',
    ]);
  });
});
