// Links between the pages lead somewhere: to a file that exists, and to a heading that it has.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.startsWith('api/'))
    .map((path) => join('docs', path)),
];

const withoutCode = (markdown: string): string => markdown.replaceAll(/^ *(`{3,})[\s\S]*?^ *\1 *$/gm, '');

/** The targets of the links of a page, but for those that lead out of the repository. */
function linksOf(markdown: string): string[] {
  const found = [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return found.filter((target) => !/^[a-z]+:/.test(target));
}

/** The names by which the headings of a page can be linked to. */
function anchorsOf(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function broken(page: string, markdown: string, read: (path: string) => string | undefined): string[] {
  return linksOf(markdown).filter((link) => {
    const [file = '', anchor] = link.split('#');
    const text = file === '' ? markdown : read(join(dirname(page), file));
    return text === undefined || (anchor !== undefined && !anchorsOf(text).includes(anchor));
  });
}

const readFile = (path: string): string | undefined => {
  if (!existsSync(join(root, path))) return undefined;
  return path.endsWith('.md') ? readFileSync(join(root, path), 'utf8') : '';
};

describe('a page', () => {
  it.each(pages)('has only links that lead somewhere: %s', (page) => {
    expect(broken(page, readFile(page) ?? '', readFile)).toEqual([]);
  });
});

describe('the checker of links', () => {
  it('finds files and headings that are not there', () => {
    const read = (path: string): string | undefined => (path === 'docs/b.md' ? '# One, two' : undefined);
    const text =
      '[a](b.md) [b](b.md#one-two) [c](b.md#two) [d](c.md) [e](https://example.org) [f](#me)\n\n# Me\n';
    expect(broken('docs/a.md', text, read)).toEqual(['b.md#two', 'c.md']);
  });

  it('leaves code alone', () => {
    expect(linksOf('```ts\nf[0](x)\n```\n[a](b.md)')).toEqual(['b.md']);
  });
});
