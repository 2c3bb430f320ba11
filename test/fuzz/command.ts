// `npm run fuzz`: bytes and texts that nobody would write, to all that reads any from outside.
//
//     npm run fuzz                                  200,000 inputs to all targets
//     npm run fuzz -- --inputs 10000000             so many
//     npm run fuzz -- --minutes 30 --seed 7         as many as fit into half an hour, from another seed on
//     npm run fuzz -- --target decode               to one of them
//     npm run fuzz -- --target decode --input AQ==  this input, as it was printed
//     npm run fuzz -- --planted                     whether it finds each of the bugs in test/fuzz/bugs.ts
import process from 'node:process';
import { parseArgs } from 'node:util';
import { bugs } from './bugs.ts';
import { campaign } from './campaign.ts';
import { search, type Corpus } from './child.ts';
import type { FoundInput } from './order.ts';
import { sought } from './planted.ts';
import { shares } from './shares.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
    input: { type: 'string' },
    planted: { type: 'boolean', default: false },
  },
});

/** How many inputs there are before the coverage is looked at again. */
const ROUND = 1_000_000;

const started = performance.now();
const seconds = (): number => (performance.now() - started) / 1000;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const chosen = values.target === undefined ? shares : { [values.target]: 1 };
if (values.planted) await planted(positionals[0] ?? '');
else if (values.input !== undefined) await one(values.target ?? 'decode', values.input);
else await rounds();

async function rounds(): Promise<void> {
  const most =
    values.inputs === undefined ? (values.minutes === undefined ? 200_000 : Infinity) : Number(values.inputs);
  const until = values.minutes === undefined ? Infinity : Number(values.minutes) * 60;
  const total: Record<
    string,
    { covered: number; blind: number; taken: number; kept: number; seconds: number }
  > = {};
  let corpus: Corpus = {};
  let done = 0;
  for (let round = 0; done < most && seconds() < until; round++) {
    const inputs = Math.min(ROUND, most - done);
    const seed = (Number(values.seed) * 1_000_003 + round) | 0;
    const {
      found,
      covered,
      blind,
      corpus: kept,
    } = await campaign({
      seed,
      inputs,
      coveredPercent: round === 0 ? 2 : 0.3,
      shares: chosen,
      corpus,
    });
    corpus = kept;
    for (const [ends, kind] of [
      [covered, 'covered'],
      [blind, 'blind'],
    ] as const)
      for (const end of ends) {
        const sum = (total[end.target] ??= { covered: 0, blind: 0, taken: 0, kept: 0, seconds: 0 });
        sum[kind] += end.inputs;
        sum.taken += end.taken;
        sum.seconds += end.seconds;
        if (kind === 'covered') sum.kept = end.kept;
        done += end.inputs;
      }
    print(`${done} inputs in ${seconds().toFixed(0)} s, seed ${seed}`);
    if (found.length === 0) continue;
    for (const each of found) failed(each, seed);
    return;
  }
  for (const [target, sum] of Object.entries(total)) {
    const all = sum.covered + sum.blind;
    const taken = ((100 * sum.taken) / all).toFixed(0);
    const rate = (all / sum.seconds).toFixed(0);
    print(
      `${target}: ${all} inputs, ${sum.covered} of them with coverage; ${taken} % taken, ${sum.kept} kept, ${rate} inputs/s`,
    );
  }
  print('nothing is wrong');
}

/** How to see it again. */
function failed({ target, at, input, rule, alone, stack }: FoundInput, seed: number): void {
  print(`${target}: ${rule}\n${stack ?? ''}`);
  if (alone) print(`\nnpm run fuzz -- --target ${target} --input ${input === '' ? "''" : input}`);
  else print(`\nonly after others: input ${at} of seed ${seed}, ${input}`);
  process.exitCode = 1;
}

async function one(target: string, input: string): Promise<void> {
  const { found } = await search({ mode: 'blind', seed: 0, inputs: { [target]: 1 }, only: input });
  for (const each of found) failed(each, 0);
  if (found.length === 0) print('nothing is wrong');
}

async function planted(part: string): Promise<void> {
  for (const [name, bug] of Object.entries(bugs)) {
    if (!name.includes(part)) continue;
    const found = await sought(bug, 1);
    if (found === undefined) process.exitCode = 1;
    const how = found === undefined ? 'is not found' : `input ${found.at} of ${found.target}, ${found.rule}`;
    print(`${name}: ${how}`);
  }
  print(`${seconds().toFixed(0)} s`);
}
