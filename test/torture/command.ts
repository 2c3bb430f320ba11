// `npm run torture`: real processes that are killed, and whose disks fail.
//
//     npm run torture                                  100 kills with each kind of state, and every case of trouble once
//     npm run torture -- --kills 500 --state level     so many kills, with one kind of state
//     npm run torture -- --seed 7                      other orders, and other moments
import process from 'node:process';
import { parseArgs } from 'node:util';
import { killed } from './kills.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    state: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});

const print = (line: string): void => void process.stdout.write(`${line}\n`);

for (const state of ['level', 'memory'] as const) {
  if (values.state !== undefined && values.state !== state) continue;
  const started = performance.now();
  const figures = await killed({
    state,
    kills: Number(values.kills),
    seed: Number(values.seed),
    actors: 40 + 4 * Number(values.kills),
  });
  const seconds = (performance.now() - started) / 1000;
  const said = Object.entries(figures).map(([what, count]) => `${count} ${inWords(what)}`);
  print(`state in ${state}: ${said.join(', ')} in ${seconds.toFixed(0)} s; nothing is wrong`);
}

/** `whileOpening` as it is said. */
function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
