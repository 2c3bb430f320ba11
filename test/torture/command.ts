// `npm run torture`: real processes that are killed, and whose disks fail.
//
//     npm run torture                                  100 kills with each kind of state, and each case of trouble once
//     npm run torture -- --kills 500 --state level     so many kills, with one kind of state
//     npm run torture -- --kills 0 --cases 20          each case so often; with --case sync, those whose names have that
//     npm run torture -- --seed 7                      other orders, and other moments
import process from 'node:process';
import { parseArgs } from 'node:util';
import { cases } from './cases.ts';
import { killed } from './kills.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    state: { type: 'string' },
    cases: { type: 'string', default: '1' },
    case: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
  },
});

const kills = Number(values.kills);
const seed = Number(values.seed);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

for (const state of ['level', 'memory'] as const) {
  if (kills === 0 || (values.state ?? state) !== state) continue;
  const started = performance.now();
  // So many actors that none has very much to keep.
  const figures = await killed({ state, kills, seed, actors: 40 + 4 * kills });
  const said = Object.entries(figures).map(([what, count]) => `${count} ${inWords(what)}`);
  print(`state in ${state}: ${said.join(', ')} in ${secondsSince(started)} s; nothing is wrong`);
}

for (const { name, missing, run } of Number(values.cases) === 0 ? [] : cases) {
  if (!name.includes(values.case) || (values.state !== undefined && !name.endsWith(values.state))) continue;
  const started = performance.now();
  const times = missing === undefined ? Number(values.cases) : 0;
  for (let at = seed; at < seed + times; at++) {
    try {
      await run(at);
    } catch (error) {
      print(`a process ${name}: fails with --kills 0 --case '${name}' --seed ${at}`);
      throw error;
    }
  }
  print(`a process ${name}: ${missing ?? `${times} times in ${secondsSince(started)} s`}`);
}

/** `whileOpening` as it is said. */
function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function secondsSince(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(0);
}
