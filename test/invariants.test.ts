// docs/invariants.md is taken from the head comments of the sources. To write it anew:
//   npx vitest run --project source test/invariants.test.ts -u
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Invariant {
  readonly id: string;
  readonly text: string;
}

/** The numbered rules in the comment that a file begins with. */
function invariantsOf(source: string): Invariant[] {
  const head = /^\/\*\*([\s\S]*?)\*\//.exec(source)?.[1] ?? '';
  const lines = head.split('\n').map((line) => line.replace(/^ \* ?/, ''));
  const found: { id: string; text: string }[] = [];
  let current: { id: string; text: string } | undefined;
  for (const line of lines) {
    const [, id, text] = /^([A-Z]\d+)\. (.*)$/.exec(line) ?? [];
    if (id !== undefined && text !== undefined) {
      current = { id, text };
      found.push(current);
    } else if (/^\s+\S/.test(line) && current !== undefined) current.text += ` ${line.trim()}`;
    else current = undefined;
  }
  return found;
}

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => join('src', path))
  .toSorted()
  .map((path) => ({ path, invariants: invariantsOf(readFileSync(join(root, path), 'utf8')) }))
  .filter(({ invariants }) => invariants.length > 0);

/** Characters that Markdown would take for its own. */
const plain = (text: string): string => text.replaceAll(/[*_<>]/g, String.raw`\$&`);

describe('the page of invariants', () => {
  it('says what the sources say', async () => {
    const sections = files.map(({ path, invariants }) =>
      [
        `## [${path}](../${path})`,
        '',
        ...invariants.map(({ id, text }) => `- **${id}.** ${plain(text)}`),
      ].join('\n'),
    );
    const page = `# Invariants\n\nThe rules that the files of the core begin with. This page is taken from them by a test.\n\n${sections.join('\n\n')}\n`;
    await expect(page).toMatchFileSnapshot('../docs/invariants.md');
  });

  it('has each number once in a folder', () => {
    const ids = files.flatMap(({ path, invariants }) => invariants.map(({ id }) => `${dirname(path)} ${id}`));
    expect(ids.toSorted()).toEqual([...new Set(ids)].toSorted());
    expect(ids).toEqual(
      expect.arrayContaining(['src/engine A1', 'src/engine C1', 'src/journal S1', 'src/state S1']),
    );
  });
});

describe('the reader of invariants', () => {
  it('joins the lines of a rule, and leaves the rest of the comment', () => {
    const source =
      '/**\n * What it is.\n *\n * A1. One rule\n *     on two lines.\n * A2. Another.\n *\n * B3 is no rule.\n */\n';
    expect(invariantsOf(source)).toEqual([
      { id: 'A1', text: 'One rule on two lines.' },
      { id: 'A2', text: 'Another.' },
    ]);
  });
});
