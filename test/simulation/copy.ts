// Copies of the product and its simulation as JavaScript, each in a folder of its own: for processes that run it, and with a bug
// planted into it by a small change of one source. The product knows nothing of this.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Change } from './bugs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The sources that the simulation runs, and the same as JavaScript. All are of one time. */
const texts = new Map<string, string>();
const compiled = new Map<string, string>();

function compile(text: string): string {
  return ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      rewriteRelativeImportExtensions: true,
      verbatimModuleSyntax: true,
    },
  }).outputText;
}

function sources(): string[] {
  const files: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (
        ['src/node', 'src/web', 'actors/examples', 'actors/testkit', 'src/testing/contracts'].includes(path)
      )
        continue;
      if (entry.isDirectory()) walk(path);
      else if (/(?<!\.test)\.ts$/.test(path)) files.push(path);
    }
  };
  for (const folder of ['src', 'actors', 'test/simulation']) walk(folder);
  return files;
}

function textOf(file: string): string {
  if (texts.size === 0) for (const each of sources()) texts.set(each, readFileSync(join(root, each), 'utf8'));
  return texts.get(file) as string;
}

/** The text of a source with a change. */
export function changed({ file, from, to, also = [] }: Change): string {
  let text = textOf(file);
  for (const [before, after] of [[from, to] as const, ...also]) {
    if (!text.includes(before)) throw new Error(`${file} does not say “${before}” any more`);
    text = text.replace(before, () => after);
  }
  return text;
}

/** Does something with a copy, perhaps with a change, for as long as that takes. */
export async function withCopy<T>(
  change: Change | undefined,
  act: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = copyOf(change);
  try {
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function copyOf(change: Change | undefined): string {
  if (compiled.size === 0) for (const file of sources()) compiled.set(file, compile(textOf(file)));
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'portico-simulated-')));
  for (const [file, text] of compiled) {
    const path = join(copy, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file === change?.file ? compile(changed(change)) : text);
  }
  const exports = {
    '.': './actors/index.js',
    './dataflow': './src/index.js',
    './testing': './src/testing/index.js',
  };
  writeFileSync(join(copy, 'package.json'), JSON.stringify({ name: 'portico', type: 'module', exports }));
  return copy;
}
