// The product as it was at a revision, or as a newer version of it might be: its sources in a folder of their own, with today's
// program for the turns.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = 'test/upgrades/program.ts';

export interface Build {
  readonly name: string;
  readonly folder: string;
  remove(): void;
}

/** The sources as they are. */
export function today(): Build {
  return { name: 'today', folder: root, remove: () => undefined };
}

/** The sources of a revision that git knows. */
export function revision(name: string): Build {
  return copy(name, (folder) => {
    const archive = join(folder, 'archive.tar');
    run('git', ['archive', '--output', archive, name, 'package.json', 'tsconfig.json', 'src', 'actors']);
    run('tar', ['-xf', archive, '-C', folder]);
    rmSync(archive);
  });
}

/** Today's sources with changes, each of one text in a file. */
export function changed(
  name: string,
  changes: readonly (readonly [file: string, from: string, to: string])[],
): Build {
  return copy(name, (folder) => {
    for (const part of ['package.json', 'tsconfig.json', 'src', 'actors'])
      cpSync(join(root, part), join(folder, part), { recursive: true });
    for (const [file, from, to] of changes) {
      const text = readFileSync(join(folder, file), 'utf8');
      if (!text.includes(from)) throw new Error(`${file} does not say “${from}” any more`);
      writeFileSync(
        join(folder, file),
        text.replace(from, () => to),
      );
    }
  });
}

function copy(name: string, fill: (folder: string) => void): Build {
  const folder = mkdtempSync(join(tmpdir(), 'portico-build-'));
  fill(folder);
  mkdirSync(join(folder, 'test/upgrades'), { recursive: true });
  cpSync(join(root, program), join(folder, program));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return {
    name,
    folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}
