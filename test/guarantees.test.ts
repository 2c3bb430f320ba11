// docs/guarantees.md quotes tests by their names and cites invariants by their numbers: both must be there. So must the tests that
// docs/reliability.md quotes.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Line breaks of a page are spaces. */
const pageOf = (path: string): string => read(path).replaceAll(/\s+/g, ' ');

const quotedIn = (page: string): { file: string; name: string }[] =>
  [...page.matchAll(/\[(test\/[^\]]+)\]\([^)]+\): “([^”]+)”/g)].map(([, file = '', name = '']) => ({
    file,
    name,
  }));

const page = pageOf('docs/guarantees.md');
const quoted = quotedIn(page);
const cited = [...page.matchAll(/`(src\/[^`]+)`(?: \(([A-Z]\d+(?:, [A-Z]\d+)*)\))?/g)].map(
  ([, file = '', ids = '']) => ({
    file,
    ids: ids === '' ? [] : ids.split(', '),
  }),
);

describe('the page of guarantees', () => {
  it.each(quoted)('quotes a test that is there: $name', ({ file, name }) => {
    expect(read(file)).toContain(name);
  });

  it.each(cited)('cites invariants that are there: $file $ids', ({ file, ids }) => {
    expect(existsSync(join(root, file))).toBe(true);
    const text = read(file);
    for (const id of ids) expect(text).toContain(` * ${id}. `);
  });

  it('quotes and cites for every guarantee, and says where it ends', () => {
    const sections = page.split(/ ## (?=G\d)/).slice(1);
    expect(sections.map((section) => section.slice(0, 2))).toEqual([
      'G1',
      'G2',
      'G3',
      'G4',
      'G5',
      'G6',
      'G7',
      'G8',
      'G9',
    ]);
    for (const section of sections) {
      expect(section).toMatch(/\]\(\.\.\/test\/[^)]+\): “/);
      expect(section).toContain('Code: `src/');
      expect(section).toContain('**Where it ends.**');
    }
  });
});

describe('the page on reliability', () => {
  const found = quotedIn(pageOf('docs/reliability.md'));

  it.each(found)('quotes a test that is there: $name', ({ file, name }) => {
    expect(read(file)).toContain(name);
  });

  it('names a test for every bug that was found', () => {
    const [, bugs = ''] = read('docs/reliability.md').split('| what was wrong');
    // Beside the rest of the head and the line below it.
    expect(bugs.trim().split('\n')).toHaveLength(found.length + 2);
  });
});
