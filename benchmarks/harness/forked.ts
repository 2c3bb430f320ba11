/**
 * Measures in a fresh process: plain Node, without a loader, on JavaScript that was compiled before. So no contender
 * runs on machine code, type feedback or a heap that another one has left behind.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Measured } from './question.ts';
import type { Measure } from './rounds.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Within the package, so that `portico` and `portico/dataflow` mean what the package exports: `dist/`. */
const compiled = join(root, '.cache', 'benchmarks');

/** Compiles the benchmarks, and returns what measures with them. */
export function forkedMeasure(quick: boolean): Measure {
  compileBenchmarks();
  const child = join(compiled, 'harness', 'child.js');
  return (question, contender) => {
    const size = quick ? 'quick' : 'full';
    return fork([...(contender.nodeFlags ?? []), child, question.name, contender.name, size]);
  };
}

function compileBenchmarks(): void {
  const sources = join(root, 'benchmarks');
  for (const path of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
    // The peers may be installed.
    if (!path.endsWith('.ts') || path.includes('node_modules')) continue;
    const { outputText } = ts.transpileModule(readFileSync(join(sources, path), 'utf8'), {
      fileName: path,
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    });
    const target = join(compiled, path.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    // Someone else may be reading what is there already.
    if (!existsSync(target) || readFileSync(target, 'utf8') !== outputText) writeFileSync(target, outputText);
  }
}

function fork(args: readonly string[]): Promise<Measured> {
  return new Promise((resolve, reject) => {
    // What the caller's Node was told is not for this one.
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = spawn(process.execPath, [...args], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as Measured);
      else reject(new Error(`the process of ${args.slice(-3).join(', ')} ended with code ${code}`));
    });
  });
}
