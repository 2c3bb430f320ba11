// The proofs hold (if coqc is installed), and docs/proof/README.md names what is there: each definition in its file, each
// function and invariant in the code, each test by its name.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkProofs, isInstalled } from '../docs/proof/check.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const hasCoq = await isInstalled('coqc', '--version');

describe('the proofs', () => {
  it.skipIf(!hasCoq)(
    `hold, and rest on nothing but their definitions${hasCoq ? '' : ' (coqc is not installed)'}`,
    { timeout: 120_000 },
    async () => {
      const { files, theorems, problems } = await checkProofs();
      expect(problems).toEqual([]);
      expect([files, theorems]).toEqual([11, 43]);
    },
  );
});

/** The sections on one file each, with the name of the file and what is said there. */
const sections = read('docs/proof/README.md')
  .split(/^## /m)
  .slice(1)
  .flatMap((section) => {
    const [, file] = /^(\w+\.v)/.exec(section) ?? [];
    return file === undefined ? [] : [{ file, text: section }];
  });

/** The names in the first column of the tables. */
const named = sections.flatMap(({ file, text }) =>
  [...text.matchAll(/^\| (`[^|]+)\|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => ({ file, name })),
  ),
);

const page = read('docs/proof/README.md').replaceAll(/\s+/g, ' ');
const cited = [...page.matchAll(/`((?:src|actors)\/[\w/-]+\.ts)` \(([^)]+)\)/g)].flatMap(
  ([, file = '', names = '']) => names.split(', ').map((name) => ({ file, name: name.replaceAll('`', '') })),
);
const quoted = [...page.matchAll(/\[((?:test|src)\/[^\]]+)\]\([^)]+\):((?: “[^”]+”,?(?: and)?)+)/g)].flatMap(
  ([, file = '', names = '']) => [...names.matchAll(/“([^”]+)”/g)].map(([, name = '']) => ({ file, name })),
);

describe('the page on the proofs', () => {
  it('has a section for each file', () => {
    const files = readdirSync(join(root, 'docs/proof')).filter((name) => name.endsWith('.v'));
    expect(sections.map(({ file }) => file).toSorted()).toEqual(files.toSorted());
  });

  it.each(named)('names what is in $file: $name', ({ file, name }) => {
    expect(new RegExp(`\\b${name}\\b`).test(read(`docs/proof/${file}`))).toBe(true);
  });

  it.each(cited)('cites what is in $file: $name', ({ file, name }) => {
    expect(existsSync(join(root, file))).toBe(true);
    expect(read(file).includes(/^[A-Z]\d+$/.test(name) ? ` * ${name}. ` : name)).toBe(true);
  });

  it.each(quoted)('quotes a test that is in $file: $name', ({ file, name }) => {
    expect(read(file).includes(name)).toBe(true);
  });

  it('names, cites and quotes', () => {
    expect([named.length, cited.length, quoted.length].every((count) => count > 30)).toBe(true);
  });
});
