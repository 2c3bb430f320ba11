// Plants a bug into a copy of the sources, and lets it be searched for there. The product knows nothing of this.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bug } from './bugs.ts';
import { campaign } from './campaign.ts';
import type { FoundInput } from './order.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How many inputs it may take. */
const INPUTS = 100_000;

/** What the fuzzer finds of a bug, if it does. */
export async function sought(
  { target, file, from, to }: Bug,
  seed: number,
  inputs = INPUTS,
): Promise<FoundInput | undefined> {
  const copy = mkdtempSync(join(tmpdir(), 'portico-planted-'));
  try {
    for (const part of [
      'package.json',
      'tsconfig.json',
      'src',
      'actors',
      'test/fuzz',
      'test/properties/same.ts',
    ])
      cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const text = readFileSync(join(root, file), 'utf8');
    if (!text.includes(from)) throw new Error(`${file} does not say “${from}” any more`);
    writeFileSync(
      join(copy, file),
      text.replace(from, () => to),
    );
    const { found } = await campaign({
      seed,
      inputs,
      coveredPercent: 3,
      shares: { [target]: 1 },
      root: copy,
    });
    return found[0];
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
