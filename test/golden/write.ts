// `npm run golden -- <name>`: adds a set of golden files, as today's writers write them, with what they hold beside them as
// text. A set is never written again: the name must be new.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { formats } from './formats.ts';
import { parts } from './parts.ts';
import { stores } from './stores.ts';

const name = process.argv[2] ?? '';
if (!/^\d[\w.-]*$/.test(name))
  throw new Error('Give the set the version of Portico that writes it as its name');
const set = join(fileURLToPath(new URL('sets', import.meta.url)), name);
if (existsSync(set)) throw new Error(`There is a set ${name}; a set is never written again`);
mkdirSync(set, { recursive: true });
writeFileSync(join(set, 'formats.txt'), `${(await formats()).join('\n')}\n`);
for (const [part, { write, read }] of Object.entries({ ...parts, ...stores })) {
  const folder = join(set, part);
  await write(folder);
  const copy = mkdtempSync(join(tmpdir(), 'portico-golden-'));
  cpSync(folder, copy, { recursive: true });
  writeFileSync(join(set, `${part}.txt`), `${await read(copy)}\n`);
  rmSync(copy, { recursive: true });
  process.stdout.write(`${part}\n`);
}
