/**
 * Checks the proofs: `npm run proof`. Every file is compiled, every theorem must rest on nothing but its own definitions, and
 * the proofs must need what they say they need: each rule in `needed` is taken away once, and then a proof must fail. With
 * `--deep`, coqchk checks the compiled files once more; that takes a minute. The model of epochs over several partitions goes
 * through spin, as it is and with each of the mistakes planted in it.
 *
 * What is not installed is not run, and that is said. On Debian: `apt-get install --no-install-recommends coq spin`.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));

/** Rules of the machines, and what stands there without them. The proofs of the file must fail then. */
const needed: readonly (readonly [file: string, rule: string, without: string])[] = [
  // A commit is accepted from the newest owner only.
  ['Protocol.v', "wepoch k = epoch l (wp k) ->\n    l' = {| dur := upd", "0 = 0 ->\n    l' = {| dur := upd"],
  // What is acknowledged was synced.
  ['Wal.v', 'alog := firstn y (hist s)', 'alog := firstn n (hist s)'],
  // Nothing is acknowledged after a sync that failed.
  ['Wal.v', 'dirty := db; md := Down;', 'dirty := db; md := Up n n;'],
  // What a record says to be synced was synced when it was written.
  ['Wal.v', 'synced_before r <= y ->', 'synced_before r <= n ->'],
  // Who tells that something is kept has looked for a newer owner after it was synced.
  ['Takeover.v', 'owns (seg s n) = true -> n = top s ->', 'owns (seg s n) = true -> n = n ->'],
  // The state opens as nothing older than its last checkpoint.
  ['Checkpoint.v', 'sure s <= p -> p <= n ->', '0 <= p -> p <= n ->'],
  // Nothing is trimmed that no checkpoint covers.
  ['Checkpoint.v', 'cleared := promised v |}) |}', 'cleared := pos v |}) |}'],
  // A trim begins by asking who owns the journal.
  [
    'Checkpoint.v',
    '| Clear : forall w v, ws s w = Some {| wepoch := epoch s; wphase := Open v |} ->',
    '| Clear : forall w e v, ws s w = Some {| wepoch := e; wphase := Open v |} ->',
  ],
  // What a drop deletes it deletes from the batch too.
  ['Rows.v', 'Some (if dropped (drops r) k then None else v)', 'Some v'],
  // A cell leaves memory only when the state has it, not when it is durable.
  ['Cells.v', 'last s k <= applied s ->\n', 'last s k <= durable s ->\n'],
  // A cell of a stopped application is not read from a state that does not know of that.
  ['Cells.v', 'None => if applied s <? gone s k then None else', 'None => if false then None else'],
  // Nothing leaves before it is durable.
  ['Fenced.v', 'due (done k) o ->', 'due (mem k) o ->'],
  [
    'Fenced.v',
    'queue k = (es, d) :: qu ->\n    wepoch k = epoch l ->',
    'queue k = (es, d) :: qu ->\n    0 = 0 ->',
  ],
  // What has entered does not enter again.
  ['Inputs.v', 'sent x n -> ~ entered d x n ->', 'sent x n -> ~ False ->'],
  // A timer that does not wait does not fire.
  ['Inputs.v', '| MFire : forall i s, waits d i = true ->', '| MFire : forall i s, true = true ->'],
  // What a commit appends says what it changes.
  ['Joint.v', "Fenced.dur l' = apply (Fenced.dur l) x ->", 'Fenced.dur l = Fenced.dur l ->'],
  // What is not in the record is not settled.
  ['Outbox.v', 'waiting d i = Some v -> turn', 'Some v = Some v -> turn'],
];

/** The mistakes that `epoch.pml` knows. */
const mistakes = ['NOFENCE', 'NOTAG', 'NOLOG', 'EARLY', 'NOTERMTAG', 'LOADRACE', 'SHARED'];

/** Two that run at the same time would write to the same file. */
const noCache = ['-unset', 'Lia Cache', '-unset', 'Nia Cache', '-unset', 'Nra Cache'];

/** Whether a program is there. */
export async function isInstalled(program: string, argument: string): Promise<boolean> {
  try {
    await run(program, [argument]);
    return true;
  } catch {
    return false;
  }
}

/** What was found. */
export interface Checked {
  readonly files: number;
  readonly theorems: number;
  /** What is wrong; nothing if all is well. */
  readonly problems: readonly string[];
}

/** Checks all proofs. */
export async function checkProofs(deep = false): Promise<Checked> {
  return inFolder(async (folder) => {
    const files = await inOrder();
    const problems: string[] = [];
    let theorems = 0;
    const check = async ([file, text]: Source): Promise<void> => {
      const named = [...text.matchAll(/^(?:Theorem|Corollary) (\w+)/gm)].map(([, name = '']) => name);
      const [, list = ''] =
        /^Definition theorems :=([^.]+)\.\nPrint Assumptions theorems\.$/m.exec(text) ?? [];
      const asked: readonly string[] = list.match(/\w+/g) ?? [];
      for (const word of text.match(/\b(?:Axioms?|Admitted|admit|Parameters?|Conjecture)\b/g) ?? [])
        problems.push(`${file}: ${word}`);
      for (const name of named)
        if (!asked.includes(name)) problems.push(`${file}: nobody asks what ${name} rests on`);
      const said = await compile(folder, file, text);
      if ('failure' in said) problems.push(`${file}: ${said.failure}`);
      else if (said.output !== 'Closed under the global context\n') problems.push(`${file}: ${said.output}`);
      theorems += asked.length;
    };
    // First those that others require, then the others, two at a time.
    const required = files.filter(([file]) => files.some(([, text]) => requirements(text).includes(file)));
    for (const each of required) await check(each);
    const others = files.filter((each) => !required.includes(each));
    const lane = async (): Promise<void> => {
      for (let next = others.shift(); next !== undefined; next = others.shift()) await check(next);
    };
    await Promise.all([lane(), lane()]);
    if (deep && problems.length === 0) {
      const modules = files.map(([file]) => `Portico.${file.replace('.v', '')}`);
      await run('coqchk', ['-silent', '-Q', folder, 'Portico', ...modules]).catch((error: unknown) => {
        problems.push(`coqchk: ${String(error)}`);
      });
    }
    return { files: files.length, theorems, problems };
  });
}

/** Takes each rule away that the proofs say they need. Returns those that no proof misses. */
export async function notNeeded(): Promise<readonly string[]> {
  return inFolder(async (folder) => {
    const files = new Map(await inOrder());
    const found: string[] = [];
    for (const file of ['Fenced.v', 'Checkpoint.v']) await compile(folder, file, files.get(file) ?? '');
    for (const [file, rule, without] of needed) {
      const text = files.get(file) ?? '';
      if (text.split(rule).length !== 2) found.push(`${file} does not say once: ${rule}`);
      // Under a name of its own: others go on using the true one.
      else if (!('failure' in (await compile(folder, `Without_${file}`, text.replace(rule, without)))))
        found.push(`${file} can do without: ${rule}`);
    }
    return found;
  });
}

/** Runs the model of epochs over several partitions, and with every mistake. Returns what is wrong. */
export async function checkModel(): Promise<readonly string[]> {
  return inFolder(async (folder) => {
    const problems: string[] = [];
    for (const mistake of [undefined, ...mistakes]) {
      const flags = ['-DMAXE=1', ...(mistake === undefined ? [] : [`-D${mistake}`])];
      await run('spin', [...flags, '-a', join(here, 'epoch.pml')], { cwd: folder });
      await run('cc', ['-O2', '-w', '-DSAFETY', '-DCOLLAPSE', '-DMEMLIM=2048', '-o', 'pan', 'pan.c'], {
        cwd: folder,
      });
      const { stdout } = await run('./pan', ['-m100000', '-w22'], { cwd: folder });
      const isWrong = !/errors: 0$/m.test(stdout);
      if (isWrong !== (mistake !== undefined)) problems.push(`epoch.pml ${mistake ?? 'as it is'}: ${stdout}`);
    }
    return problems;
  });
}

/** A file and its text. */
type Source = readonly [file: string, text: string];

/** The files, each after those that it requires. */
async function inOrder(): Promise<readonly Source[]> {
  const names = (await readdir(here)).filter((name) => name.endsWith('.v')).toSorted();
  const texts = new Map<string, string>();
  const add = async (name: string): Promise<void> => {
    if (texts.has(name)) return;
    const text = await readFile(join(here, name), 'utf8');
    for (const other of requirements(text)) await add(other);
    texts.set(name, text);
  };
  for (const name of names) await add(name);
  return [...texts];
}

/** The files that a text requires. */
function requirements(text: string): readonly string[] {
  return [...text.matchAll(/^From Portico Require (?:Import )?(\w+)\.$/gm)].map(
    ([, name = '']) => `${name}.v`,
  );
}

async function compile(
  folder: string,
  file: string,
  text: string,
): Promise<{ readonly output: string } | { readonly failure: string }> {
  const source = join(folder, file);
  await writeFile(source, text);
  try {
    const { stdout } = await run('coqc', ['-noglob', '-q', ...noCache, '-Q', folder, 'Portico', source], {
      cwd: folder,
    });
    return { output: stdout };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return { failure: `${stdout}${stderr}` || String(error) };
  }
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'portico-proof-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  let problems: readonly string[] = [];
  if (await isInstalled('coqc', '--version')) {
    const { files, theorems, problems: found } = await checkProofs(process.argv.includes('--deep'));
    if (found.length === 0) console.log(`${files} files checked, ${theorems} theorems, no axioms`);
    const needless = await notNeeded();
    if (needless.length === 0) console.log(`${needed.length} rules taken away, each missed by a proof`);
    problems = [...found, ...needless];
  } else console.log('coqc is not installed: no proof was checked (on Debian: apt-get install coq)');
  if ((await isInstalled('spin', '-V')) && (await isInstalled('cc', '--version'))) {
    const found = await checkModel();
    if (found.length === 0) console.log(`epoch.pml holds, and ${mistakes.length} mistakes in it were found`);
    problems = [...problems, ...found];
  } else
    console.log('spin or cc is not installed: epoch.pml was not run (on Debian: apt-get install spin gcc)');
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
