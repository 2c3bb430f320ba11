// The code fences of a page of documentation: found, type-checked and run.
//
//   ```ts            compiles, and runs without throwing
//   ```ts no-run     compiles
//   ```ts error      does not compile (`ts error TS2345`: with exactly this error)
//   ```text output   directly after a `ts` fence: exactly what that fence prints with console.log
//
// Each `ts` fence is a module of its own. It imports `portico/…` by name and gets the sources.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';

export interface Fence {
  readonly page: string;
  /** The line of the page on which the code starts, counted from 1. */
  readonly line: number;
  readonly mode: 'run' | 'no-run' | 'error';
  /** With `ts error TS…`: the one code that is expected. */
  readonly code?: string;
  readonly text: string;
  readonly output?: string;
}

interface Block {
  readonly info: string;
  readonly line: number;
  readonly text: string;
  /** Whether only blank lines stand between the block before and this one. */
  readonly follows: boolean;
}

const root = fileURLToPath(new URL('..', import.meta.url));

/** All problems of all fences, one list a fence. */
export async function problems(fences: readonly Fence[], name: string): Promise<string[][]> {
  const folder = join(root, '.cache', name);
  const paths = writeFences(fences, folder);
  const compiled = compileFences(fences, paths);
  const runnable = paths.filter((_, index) => fences[index]?.mode === 'run' && compiled[index]?.length === 0);
  const outcomes = new Map(
    (await runFences(runnable, folder)).map((outcome, index) => [runnable[index], outcome]),
  );
  return fences.map((fence, index) => {
    const errors = compiled[index] ?? [];
    const at = `${fence.page}:${fence.line}`;
    if (fence.mode === 'error') {
      if (errors.length === 0) return [`${at}: compiles, but is marked as an error`];
      const others = errors.filter(
        (error) => fence.code !== undefined && !error.includes(`: ${fence.code}: `),
      );
      return others.map((error) => `${error} (expected ${fence.code} only)`);
    }
    const outcome = outcomes.get(paths[index]);
    if (errors.length > 0 || outcome === undefined) return errors;
    if ('error' in outcome) return [`${at}: ${outcome.error}`];
    if (fence.output === undefined || fence.output.trimEnd() === outcome.output.trimEnd()) return [];
    return [`${at}: prints\n${outcome.output}\nbut its page says\n${fence.output}`];
  });
}

/** All `ts` fences of a page. Throws on a fence that would be passed over by mistake. */
export function findFences(page: string, markdown: string): Fence[] {
  const fences: Fence[] = [];
  let previous: Fence | undefined;
  for (const block of blocks(page, markdown)) {
    const { info, line, text } = block;
    if (info === 'text output') {
      if (previous === undefined || !block.follows || previous.mode !== 'run') {
        throw new Error(`${page}:${line}: an output must directly follow the ts fence that prints it`);
      }
      fences[fences.length - 1] = { ...previous, output: text };
      previous = undefined;
      continue;
    }
    previous = fenceOf(page, block);
    if (previous !== undefined) fences.push(previous);
    else if (/^(ts|typescript|tsx)\b/.test(info)) {
      throw new Error(
        `${page}:${line}: unknown fence "${info}"; known: ts, ts no-run, ts error, ts error TS<number>`,
      );
    }
  }
  return fences;
}

function fenceOf(page: string, { info, line, text }: Block): Fence | undefined {
  if (info === 'ts') return { page, line, text, mode: 'run' };
  if (info === 'ts no-run') return { page, line, text, mode: 'no-run' };
  if (info === 'ts error') return { page, line, text, mode: 'error' };
  const code = /^ts error (TS\d+)$/.exec(info)?.[1];
  return code === undefined ? undefined : { page, line, text, mode: 'error', code };
}

function blocks(page: string, markdown: string): Block[] {
  const found: Block[] = [];
  let open: { indent: number; ticks: string; info: string; line: number; follows: boolean } | undefined;
  let text: string[] = [];
  let follows = false;
  for (const [index, line] of markdown.split(/\r?\n/).entries()) {
    const [, indent = '', ticks, info = ''] = /^(\s*)(`{3,})([^`]*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (ticks !== undefined)
        open = { indent: indent.length, ticks, info: info.trim(), line: index + 2, follows };
      else if (line.trim() !== '') follows = false;
    } else if (ticks !== undefined && ticks.length >= open.ticks.length && info.trim() === '') {
      found.push({ info: open.info, line: open.line, follows: open.follows, text: text.join('\n') });
      [open, text, follows] = [undefined, [], true];
    } else {
      const { indent: dropped } = open;
      text.push(line.slice(Math.min(dropped, line.length - line.trimStart().length)));
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: this fence is not closed`);
  return found;
}

/** Writes the fences as modules, keeping the line numbers of their page; returns their paths. */
export function writeFences(fences: readonly Fence[], folder: string): string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return fences.map((fence) => {
    const path = join(folder, `${fence.page.replace(/[^\w.]+/g, '_')}.${fence.line}.ts`);
    writeFileSync(path, `${'\n'.repeat(fence.line - 1)}${fence.text}\n`);
    return path;
  });
}

/** What the compiler says about each fence, one list a fence; empty when it is content. */
export function compileFences(fences: readonly Fence[], paths: readonly string[]): string[][] {
  if (paths.length === 0) return [];
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'test/tsconfig.json'),
    // A fence shows one thing; what it leaves unused is not wrong.
    { noUnusedLocals: false, noUnusedParameters: false, incremental: false },
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (problem) => {
        throw new Error(flat(problem));
      },
    },
  );
  if (config === undefined) throw new Error('test/tsconfig.json cannot be read');
  delete config.options.tsBuildInfoFile;
  const program = ts.createProgram({ rootNames: paths, options: config.options });
  return fences.map(({ page }, index) => {
    const source = program.getSourceFile(paths[index] ?? '');
    if (source === undefined) throw new Error(`${paths[index]} is not part of the program`);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      (problem) =>
        `${page}:${source.getLineAndCharacterOfPosition(problem.start ?? 0).line + 1}: TS${problem.code}: ${flat(problem)}`,
    );
  });
}

const flat = (problem: ts.Diagnostic): string => ts.flattenDiagnosticMessageText(problem.messageText, '\n');

export type Outcome = { readonly output: string } | { readonly error: string };

/** Runs the modules one after the other in one process of their own; one outcome a module. */
export async function runFences(paths: readonly string[], folder: string): Promise<Outcome[]> {
  if (paths.length === 0) return [];
  const results = join(folder, 'results.jsonl');
  const runner = join(folder, 'runner.mjs');
  writeFileSync(results, '');
  writeFileSync(
    runner,
    runnerText(
      paths.map((path) => pathToFileURL(path).href),
      results,
    ),
  );
  const ended = await promisify(execFile)(
    process.execPath,
    ['--conditions=portico:source', '--import', 'tsx', runner],
    { cwd: folder, timeout: 60_000 },
  ).then(
    () => 'the process ended before this fence did',
    (error: Error & { stderr?: string }) =>
      `the process failed in or before this fence: ${error.stderr || error.message}`,
  );
  const outcomes = readFileSync(results, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Outcome);
  return paths.map((_, index) => outcomes[index] ?? { error: ended });
}

function runnerText(urls: readonly string[], results: string): string {
  return `
import { appendFileSync } from 'node:fs';
import { format } from 'node:util';

const timeoutMs = 10_000;
let lines = [];
let fail = () => {};
console.log = (...values) => lines.push(format(...values));
process.on('unhandledRejection', (error) => fail(error));
process.on('uncaughtException', (error) => fail(error));

for (const url of ${JSON.stringify(urls)}) {
  lines = [];
  let timer;
  const outcome = await new Promise((resolve, reject) => {
    fail = reject;
    timer = setTimeout(() => reject(new Error('did not end within ' + timeoutMs + ' ms')), timeoutMs);
    // One more turn of the event loop, for a rejection that nobody awaits.
    import(url).then(() => setTimeout(resolve, 1), reject);
  }).then(
    () => ({ output: lines.join('\\n') }),
    (error) => ({ error: error instanceof Error ? (error.stack ?? error.message) : format(error) }),
  );
  clearTimeout(timer);
  appendFileSync(${JSON.stringify(results)}, JSON.stringify(outcome) + '\\n');
}
process.exit(0);
`;
}
