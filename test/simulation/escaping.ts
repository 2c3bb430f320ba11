// Tries every way to escape from the guard, and prints what the guard has noted of it as JSON.
//
//     node escaping.js <folder of modules> <root of the program>
import { readdirSync } from 'node:fs';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { platformTurn } from '../../src/testing/simulation/drain.ts';
import { guard } from './guard.ts';

const [folder = '', root = ''] = process.argv.slice(2);
const files = readdirSync(folder);
const watch = guard(pathToFileURL(`${root}/`).href);
const noted: Record<string, string[]> = {};

for (const file of files) {
  const way = import(pathToFileURL(`${folder}/${file}`).href).then(
    (module: { readonly escape: () => unknown }) => module.escape(),
  );
  // What was refused is noted, whether somebody is told or not.
  await way.catch(() => undefined);
  await platformTurn();
  noted[file] = watch.uses();
}
process.stdout.write(`${JSON.stringify(noted)}\n`);
process.exit();
