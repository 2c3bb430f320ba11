// Bugs to plant into the product, each as a small change of a copy of its sources; and the search for them, in a process of its
// own. The product knows nothing of this.
import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Change } from './bugs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a search found: after how many seeds, and what was wrong; for each start. */
export interface Hunted {
  readonly found: readonly { readonly seeds: number; readonly what: string }[];
}

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

/** A copy of the product with a change, in a folder that is to be removed. */
export function planted(change: Change | undefined): string {
  if (compiled.size === 0) for (const file of sources()) compiled.set(file, compile(textOf(file)));
  const copy = mkdtempSync(join(tmpdir(), 'portico-planted-'));
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
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** Searches for a planted bug from several seeds on. What hangs is found as well. */
export async function hunt(
  change: Change | undefined,
  most: number,
  starts: readonly number[],
  timeoutMs = 120_000,
): Promise<Hunted> {
  const copy = planted(change);
  try {
    const script = join(copy, 'test/simulation/hunt.js');
    const child = spawn(process.execPath, [script, String(most), ...starts.map(String)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    let complained = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    await new Promise((resolve) => child.on('close', resolve));
    clearTimeout(timer);
    const lines = printed.trim().split('\n');
    const last = JSON.parse(lines.at(-1) ?? '{}') as {
      found?: Hunted['found'];
      at?: Hunted['found'][number];
    };
    if (last.found !== undefined)
      return {
        found: last.found.map(({ seeds, what }) => ({ seeds: seeds === 0 ? Infinity : seeds, what })),
      };
    if (last.at === undefined) throw new Error(`the search did not begin: ${complained}`);
    return { found: [{ ...last.at, what: `it never comes back, or dies: ${complained.split('\n')[0]}` }] };
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;
}
