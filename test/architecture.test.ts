// Holds the shape of the repository as data, and fails when a file breaks it.
//
// A type-only import counts like any other: what a file must know to be read is a
// dependency, whether or not it is there when the code runs.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

/** Top-level folders with files of ours. */
const folders = ['.ci', 'src', 'actors', 'test', 'benchmarks', 'docs'];

/** Folders that tools write. */
const written = ['node_modules', 'dist', 'coverage', 'docs/api', '.git', '.cache', '.portico'];

const leaves = ['errors', 'host', 'codec'];
const contracts = ['journal', 'state', 'transport'];
const core = [...leaves, ...contracts, 'graph', 'plan', 'engine', 'system'];

/** The parts of src/, lowest first, and what each may import beside itself. */
const parts: Record<string, readonly string[]> = {
  errors: [],
  host: ['errors'],
  bytes: ['errors'],
  codec: ['errors', 'bytes'],
  journal: leaves,
  state: leaves,
  transport: leaves,
  graph: leaves,
  plan: [...leaves, 'graph'],
  engine: [...leaves, 'graph', 'plan', 'journal', 'state'],
  system: core,
  index: core,
  testing: [...core, 'index'],
  node: [...core, 'index'],
  web: [...core, 'index'],
  portalsjs: ['index'],
};

/** The parts of src/ that are one file; all others are folders. */
const singleFiles = ['errors', 'host', 'codec', 'index', 'portalsjs'];

/** The files outside src/node and src/web that may import a package, and which. */
const packages: Record<string, readonly string[]> = {
  'actors/xstate.ts': ['xstate'],
  'actors/rxjs.ts': ['rxjs'],
};

/** Words that say nothing about what a file holds. */
const emptyWords = ['util', 'utils', 'common', 'impl', 'manager', 'base'];

type Files = ReadonlyMap<string, string>;

function violations(files: Files): string[] {
  return [...files.keys()]
    .flatMap((file) => [...misplaced(file), ...misnamed(file), ...misimports(file, files)])
    .concat(cycles(files));
}

function misplaced(file: string): string[] {
  const [top = '', second = '', third] = file.split('/');
  if (second === '') return [];
  if (!folders.includes(top)) return [`${file}: unknown top-level folder ${top}/`];
  if (top !== 'src' || !isCode(file)) return [];
  const part = second.replace(/\.ts$/, '');
  const known = part in parts && singleFiles.includes(part) === (third === undefined);
  return known ? [] : [`${file}: unknown place src/${second}`];
}

function misnamed(file: string): string[] {
  if (!isCode(file)) return [];
  const name = basename(file).replace(/\..*$/, '');
  const said = words(file).filter((word) => emptyWords.includes(word));
  if (name === 'types') said.push('types');
  return said.map((word) => `${file}: the name says "${word}", which says nothing`);
}

function misimports(file: string, files: Files): string[] {
  return imports(file, files).flatMap((name) => {
    const why = name.startsWith('.') ? wrongFile(file, join(dirname(file), name)) : wrongPackage(file, name);
    return why === undefined ? [] : [`${file}: imports ${name}, but ${why}`];
  });
}

function wrongFile(from: string, to: string): string | undefined {
  if (isExample(from)) return isExample(to) ? undefined : 'an example imports portico by name';
  if (topOf(from) === 'actors') {
    if (isExample(to)) return 'nothing is built on an example';
    const kit = partOf(from) === 'testkit';
    if (partOf(to) === 'testkit' && !kit) return 'only the test kit may import itself';
    const doors = kit ? ['src/index.ts', 'src/testing/index.ts'] : ['src/index.ts'];
    return topOf(to) === 'actors' || doors.includes(to)
      ? undefined
      : `it may import only ${doors.join(' and ')}`;
  }
  if (topOf(from) !== 'src') return undefined;
  if (topOf(to) !== 'src') return 'src/ may not import from outside of src/';
  const [own, other] = [partOf(from), partOf(to)];
  return own === other || parts[own]?.includes(other) ? undefined : `src/${own} may not import src/${other}`;
}

function wrongPackage(from: string, name: string): string | undefined {
  if (isExample(from)) {
    return /^(portico(\/.*)?|node:process)$/.test(name) ? undefined : 'an example needs nothing but portico';
  }
  const part = topOf(from) === 'src' ? partOf(from) : undefined;
  if (topOf(from) !== 'actors' && part === undefined) return undefined;
  if (packages[from]?.includes(name) || (part === 'node' && !/^portico(\/|$)/.test(name))) return undefined;
  if (part === 'web') return name.startsWith('node:') ? 'src/web runs in browsers' : undefined;
  return 'this file may import no package (only the adapters of the platform may)';
}

/** One message for each edge that closes a cycle of imports within src/ and actors/. */
function cycles(files: Files): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) found.push(`${file}: cycle ${[...path.slice(start), file].join(' → ')}`);
    if (start >= 0 || done.has(file) || !files.has(file)) return;
    path.push(file);
    for (const name of imports(file, files)) if (name.startsWith('.')) visit(join(dirname(file), name));
    path.pop();
    done.add(file);
  };
  for (const file of files.keys()) if (['src', 'actors'].includes(topOf(file))) visit(file);
  return found;
}

function imports(file: string, files: Files): string[] {
  if (!isCode(file)) return [];
  return ts
    .preProcessFile(files.get(file) ?? '', true, true)
    .importedFiles.map((imported) => imported.fileName);
}

const isCode = (file: string): boolean => /\.[cm]?[jt]sx?$/.test(file);
const isExample = (file: string): boolean => file.startsWith('actors/examples/');
const topOf = (file: string): string => file.split('/')[0] ?? '';
const partOf = (file: string): string => (file.split('/')[1] ?? '').replace(/\.ts$/, '');
const words = (file: string): string[] =>
  file
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);

function repository(): Files {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const files = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      // Editors keep folders of their own, which start with a dot.
      const foreign = folder === '' && path.startsWith('.') && path !== '.ci';
      const tools = written.includes(path) || entry.name === 'node_modules';
      if (tools || (foreign && entry.isDirectory())) continue;
      if (entry.isDirectory()) walk(path);
      else files.set(path, isCode(path) ? readFileSync(join(root, path), 'utf8') : '');
    }
  };
  walk('');
  return files;
}

describe('the repository', () => {
  test('keeps its shape', () => {
    expect(violations(repository())).toEqual([]);
  });

  test('is read, sources included', () => {
    expect([...repository().keys()]).toEqual(
      expect.arrayContaining(['package.json', 'src/index.ts', '.ci/run']),
    );
  });
});

describe('the checker', () => {
  const check = (files: Record<string, string>): string[] => violations(new Map(Object.entries(files)));

  test('accepts imports that point down', () => {
    expect(
      check({
        'package.json': '',
        'src/tsconfig.json': '',
        'src/errors.ts': '',
        'src/bytes/writer.ts': `import { fail } from '../errors.ts';`,
        'src/codec.ts': `import { Writer } from './bytes/writer.ts';`,
        'src/graph/stream.ts': `import { fail } from '../errors.ts';`,
        'src/plan/plan.ts': `import type { Stream } from '../graph/stream.ts';`,
        'src/engine/atom.ts': `import type { Journal } from '../journal/journal.ts';`,
        'src/journal/journal.ts': `import { fail } from '../errors.ts';`,
        'src/index.ts': `export * from './graph/stream.ts';`,
        'src/node/files.ts': `import { open } from 'node:fs/promises'; import { x } from 'classic-level';`,
        'src/portalsjs.ts': `import { start } from './index.ts';`,
        'actors/ref.ts': `import { start } from '../src/index.ts'; import './database.ts';`,
        'actors/database.ts': '',
        'actors/xstate.ts': `import { setup } from 'xstate';`,
        'actors/testkit/kit.ts': `import { x } from '../../src/testing/index.ts'; import '../ref.ts';`,
        'actors/examples/fib.ts': `import process from 'node:process'; import { start } from 'portico'; import './sum.ts';`,
        'actors/examples/sum.ts': `import { virtualHost } from 'portico/testing';`,
        'test/types/ref.test.ts': `import { x } from '../../src/engine/atom.ts'; import { test } from 'vitest';`,
      }),
    ).toEqual([]);
  });

  test.each([
    ['an import up the list', 'src/graph/a.ts', `import { x } from '../plan/b.ts';`],
    ['a type-only import up the list', 'src/plan/a.ts', `import type { X } from '../engine/b.ts';`],
    ['a re-export up the list', 'src/engine/a.ts', `export * from '../system/b.ts';`],
    ['a dynamic import up the list', 'src/host.ts', `const x = await import('./engine/b.ts');`],
    ['an import type up the list', 'src/host.ts', `export type X = import('./engine/b.ts').X;`],
    ['a leaf that imports another', 'src/errors.ts', `import { x } from './host.ts';`],
    ['a contract that knows the engine', 'src/journal/a.ts', `import { x } from '../engine/b.ts';`],
    ['a core that knows a platform', 'src/system/a.ts', `import { x } from '../node/b.ts';`],
    ['a core that knows its tests', 'src/system/a.ts', `import { x } from '../testing/b.ts';`],
    ['an import from outside of src', 'src/system/a.ts', `import { x } from '../../test/b.ts';`],
    ['portalsjs with a deep import', 'src/portalsjs.ts', `import { x } from './engine/b.ts';`],
    ['actors with a deep import', 'actors/ref.ts', `import { x } from '../src/engine/b.ts';`],
    ['actors that know their tests', 'actors/ref.ts', `import { x } from '../src/testing/index.ts';`],
    ['actors that know their test kit', 'actors/ref.ts', `import { x } from './testkit/index.ts';`],
    ['a test kit with a deep import', 'actors/testkit/a.ts', `import { x } from '../../src/engine/b.ts';`],
    ['a node: import in the core', 'src/engine/a.ts', `import { readFile } from 'node:fs';`],
    ['a node: import in the browser', 'src/web/a.ts', `import { readFile } from 'node:fs';`],
    ['a package in the core', 'src/engine/a.ts', `import { LRUCache } from 'lru-cache';`],
    ['the package by its own name', 'src/node/a.ts', `import { start } from 'portico/dataflow';`],
    ['an adapter package elsewhere', 'actors/ref.ts', `import { setup } from 'xstate';`],
    ['a node: import in the façade', 'actors/ref.ts', `import { readFile } from 'node:fs';`],
    ['a façade that knows its examples', 'actors/ref.ts', `import { main } from './examples/fib.ts';`],
    ['an example with a deep import', 'actors/examples/fib.ts', `import { start } from '../system.ts';`],
    ['an example with a package', 'actors/examples/fib.ts', `import { setup } from 'xstate';`],
    ['an unknown top-level folder', 'scripts/a.ts', ''],
    ['an unknown folder in src', 'src/helpers/a.ts', ''],
    ['an unknown file in src', 'src/ring.ts', ''],
    ['a file where a folder belongs', 'src/engine.ts', ''],
    ['a folder where a file belongs', 'src/codec/a.ts', ''],
    ['a file named utils', 'src/graph/utils.ts', ''],
    ['a name that ends in Impl', 'src/graph/streamImpl.ts', ''],
    ['a name that ends in -manager', 'actors/timer-manager.ts', ''],
    ['a name that starts with Base', 'test/BaseTask.test.ts', ''],
    ['a folder named common', 'src/graph/common/a.ts', ''],
    ['a file named types', 'src/plan/types.ts', ''],
  ])('finds %s', (_, file, text) => {
    expect(check({ [file]: text })).toEqual([expect.stringContaining(`${file}: `)]);
  });

  test('finds a cycle, of types too', () => {
    expect(
      check({
        'src/graph/a.ts': `import { b } from './b.ts';`,
        'src/graph/b.ts': `import type { C } from './c.ts';`,
        'src/graph/c.ts': `export { a } from './a.ts';`,
      }),
    ).toEqual(['src/graph/a.ts: cycle src/graph/a.ts → src/graph/b.ts → src/graph/c.ts → src/graph/a.ts']);
  });
});
