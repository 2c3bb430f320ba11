/** The programs of the other questions, kept: what durability takes off the speed of actors. */
import { bigAt, bigExpects, bigLoads } from '../actors/big.ts';
import { countingAt, countingExpects, countingLoads } from '../actors/counting.ts';
import { createAt, createExpects, createLoads, stayingCreateAt } from '../actors/create.ts';
import { fibAt, fibExpects, fibLoads, stayingFibAt } from '../actors/fib.ts';
import { pingPongAt, pingPongExpects, pingPongLoads } from '../actors/ping-pong.ts';
import { threadRingAt, threadRingExpects, threadRingLoads } from '../actors/thread-ring.ts';
import { question, type Contender, type Goal, type Load, type Question } from '../harness/question.ts';
import { committedMetrics, keepings, keptContenders, level, nowhere, snapshots } from './places.ts';

/** The same program in memory and kept. Kept in files it has at least this share of the speed in memory. */
function keptProgram<L extends Load>(
  put: Pick<Question<L>, 'name' | 'asks' | 'method' | 'loads'> & { readonly warmUps?: number },
  unit: string,
  atLeast: number,
  contenders: readonly Contender<L>[],
  more: readonly Goal[] = [],
): Question {
  const goals = [level, snapshots].map(({ name }) => ({
    contender: name,
    metric: 'speed',
    timesThatOf: nowhere.name,
    atLeast,
  }));
  return question<L>({
    ...put,
    name: `durable-${put.name}`,
    metrics: [{ name: 'speed', unit, better: 'more' }, ...committedMetrics],
    contenders,
    reference: nowhere.name,
    goals: [...goals, ...more],
  });
}

export const durablePingPong = keptProgram(
  {
    name: 'ping-pong',
    asks: 'How many messages a second do two durable actors send each other, one at a time?',
    method: 'The program of ping-pong, in memory and kept. It ends when all of it is durable.',
    loads: pingPongLoads,
  },
  'messages/s',
  0.5,
  keptContenders(keepings, pingPongAt, pingPongExpects),
  [{ contender: level.name, metric: 'speed', atLeast: 10_000_000 }],
);

export const durableThreadRing = keptProgram(
  {
    name: 'thread-ring',
    asks: 'How many hops a second does a token make around a ring of 503 durable actors?',
    method: 'The program of thread-ring, in memory and kept.',
    loads: threadRingLoads,
  },
  'messages/s',
  0.5,
  keptContenders(keepings, threadRingAt, threadRingExpects),
);

export const durableCounting = keptProgram(
  {
    name: 'counting',
    asks: 'How many messages a second does a durable actor count that another one has sent it in one turn?',
    method: 'The program of counting, with the count as state, in memory and kept.',
    loads: countingLoads,
    warmUps: 3,
  },
  'messages/s',
  0.5,
  keptContenders(keepings, countingAt, countingExpects),
);

export const durableBig = keptProgram(
  {
    name: 'big',
    asks: 'How many messages a second do 1,000 durable actors send, each to all others?',
    method: 'The program of big, in memory and kept.',
    loads: bigLoads,
  },
  'messages/s',
  0.5,
  keptContenders(keepings, bigAt, bigExpects),
);

/** Contenders whose actors stay when they are done, related to those that stay in memory. */
const staying = <L extends Load>(contenders: readonly Contender<L>[]): Contender<L>[] =>
  contenders.map((contender) => ({
    ...contender,
    name: `${contender.name}, staying`,
    reference: `${nowhere.name}, staying`,
  }));

export const durableFib = keptProgram(
  {
    name: 'fib',
    asks: 'How many durable actors a second are created, asked and told two numbers?',
    method:
      'The program of fib, in memory and kept. Most of its actors have stopped before the next commit, and so never reach the disk. ' +
      'Where they stay, none stops, and each is written.',
    loads: fibLoads,
    warmUps: 4,
  },
  'actors/s',
  1 / 3,
  [
    ...keptContenders(keepings, fibAt, fibExpects),
    ...staying(keptContenders(keepings, stayingFibAt, fibExpects)),
  ],
);

export const durableCreate = keptProgram(
  {
    name: 'create',
    asks: 'How many durable actors a second are created and given one message?',
    method: 'The program of create, in memory and kept: the actors stop after their message, or stay.',
    loads: createLoads,
    warmUps: 3,
  },
  'actors/s',
  1 / 3,
  [
    ...keptContenders(keepings, createAt, createExpects),
    ...staying(keptContenders(keepings, stayingCreateAt, createExpects)),
  ],
);
