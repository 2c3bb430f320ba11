// `npm run upgrade`: the sources of a revision and those of today take turns on one store, each killed in the midst of its work.
//
//     npm run upgrade -- --rev v0.1.0              20 turns with LevelDB
//     npm run upgrade -- --rev HEAD~5 --turns 100 --state memory --seed 3
import process from 'node:process';
import { parseArgs } from 'node:util';
import { Random } from '../../src/engine/random.ts';
import { revision, today } from './builds.ts';
import { takeTurns } from './turns.ts';

const { values } = parseArgs({
  options: {
    rev: { type: 'string' },
    turns: { type: 'string', default: '20' },
    state: { type: 'string', default: 'level' },
    seed: { type: 'string', default: '1' },
  },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);

if (values.rev === undefined) throw new Error('Say which revision takes turns with today: --rev');
const old = revision(values.rev);
try {
  const now = today();
  const random = new Random(Number(values.seed));
  const order = Array.from({ length: Number(values.turns) }, () => (random.below(2) === 0 ? old : now));
  const { turns, orders, wrong } = await takeTurns({
    order: [old, ...order, now],
    state: values.state as 'level',
    seed: Number(values.seed),
  });
  for (const { build, acknowledged, refused } of turns)
    print(`${build}: ${refused ?? `${acknowledged} acknowledged`}`);
  print(`${orders} orders; ${wrong.length === 0 ? 'nothing is wrong' : wrong.slice(0, 20).join('\n')}`);
  if (wrong.length > 0) process.exitCode = 1;
} finally {
  old.remove();
}
