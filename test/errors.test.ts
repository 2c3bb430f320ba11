// Every code that Portico can say is provoked by a test, and explained on a page.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { errorCatalogue, type ErrorCode } from 'portico/dataflow';

const root = fileURLToPath(new URL('..', import.meta.url));
const codes = Object.keys(errorCatalogue) as ErrorCode[];

function sources(folder: string): { file: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file: join(folder, file), text: readFileSync(join(root, folder, file), 'utf8') }));
}

/** The codes that stand in a piece of code as a string of their own. */
function codesIn(text: string): Set<string> {
  return new Set([...text.matchAll(/'([a-z]+\/[a-z-]+)'/g)].map(([, code]) => code ?? ''));
}

/** The codes that calls of `expectSaid` expect. */
function expectedIn(file: string, text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isCallExpression(node) &&
      ts.isIdentifier(node.expression) &&
      node.expression.text === 'expectSaid'
    ) {
      for (const argument of node.arguments) found.push(...codesOf(argument));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return found;
}

function codesOf(argument: ts.Expression): string[] {
  if (!ts.isObjectLiteralExpression(argument)) return [];
  return argument.properties.flatMap((property) =>
    ts.isPropertyAssignment(property) &&
    ts.isIdentifier(property.name) &&
    property.name.text === 'code' &&
    ts.isStringLiteral(property.initializer)
      ? [property.initializer.text]
      : [],
  );
}

interface Row {
  readonly section: string;
  readonly code: string;
  readonly family: string;
  readonly meaning: string;
  readonly advice: string;
}

/** The rows of the tables of a page, each with the title above it. */
function rowsOf(markdown: string): Row[] {
  let section = '';
  return markdown.split('\n').flatMap((line): Row[] => {
    section = /^## (.+)$/.exec(line)?.[1] ?? section;
    const cells = line.split('|').map((cell) => cell.trim());
    const [, code = '', family = '', meaning = '', advice = ''] = cells;
    return /^`.+\/.+`$/.test(code) ? [{ section, code: code.slice(1, -1), family, meaning, advice }] : [];
  });
}

function kindOf(code: string): string {
  return code.split('/')[0] ?? '';
}

describe('a code', () => {
  const dataflow = sources('src').filter(({ file }) => file !== join('src', 'errors.ts'));
  const said = codesIn(dataflow.map(({ text }) => text).join('\n'));
  // These two are said by src/errors.ts itself.
  for (const code of ['graph/invalid', 'invariant/violated']) said.add(code);
  const saidByActors = codesIn(
    sources('actors')
      .map(({ text }) => text)
      .join('\n'),
  );
  const expected = new Set(sources('test/errors').flatMap(({ file, text }) => expectedIn(file, text)));

  it.each(codes.filter((code) => said.has(code)))('is provoked by a test: %s', (code) => {
    expect(expected).toContain(code);
  });

  it.each(codes)('is said somewhere: %s', (code) => {
    expect([...said, ...saidByActors]).toContain(code);
  });

  it('is expected only if it exists', () => {
    expect([...expected].filter((code) => !(code in errorCatalogue))).toEqual([]);
  });

  it('has a family and a meaning that is a sentence', () => {
    for (const [family, meaning] of Object.values(errorCatalogue)) {
      expect(['program', 'world', 'portico']).toContain(family);
      expect(meaning).toMatch(/^[A-Z`].*\.$/);
    }
  });
});

describe('docs/errors.md', () => {
  const rows = rowsOf(readFileSync(join(root, 'docs', 'errors.md'), 'utf8'));

  it('lists every code once, by kind, in the order of the catalogue, and no others', () => {
    const kinds = [...new Set(codes.map(kindOf))];
    const ordered = kinds.flatMap((kind) => codes.filter((code) => kindOf(code) === kind));
    expect(rows.map(({ code }) => code)).toEqual(ordered);
  });

  it('has a section for each kind', () => {
    const kinds = new Map<string, Set<string>>();
    for (const { section, code } of rows) {
      kinds.set(section, (kinds.get(section) ?? new Set()).add(kindOf(code)));
    }
    expect([...kinds.values()].map(({ size }) => size)).toEqual([...kinds].map(() => 1));
  });

  it.each(rows)('explains $code', ({ code, family, meaning, advice }) => {
    expect([family, meaning]).toEqual(errorCatalogue[code as ErrorCode]);
    expect(advice).toMatch(/^[A-Z].*\.$/);
  });
});

describe('the reader of tests', () => {
  it('takes what is expected, and not what is merely mentioned', () => {
    const text = `expectSaid(error, { code: 'a/b', where }); other({ code: 'c/d' }); // 'e/f'\nexpectSaid(x, y);`;
    expect(expectedIn('x.ts', text)).toEqual(['a/b']);
  });
});
