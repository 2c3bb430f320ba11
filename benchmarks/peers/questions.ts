/** Questions that are put to other libraries and to Erlang, too. They run only when they are named: `npm run bench:peers`. */
import { bigContenders, bigExpects, bigLoads, bigRun, type BigLoad } from '../actors/big.ts';
import { countingContenders, countingExpects, countingRun, type CountingLoad } from '../actors/counting.ts';
import { createContenders, createExpects, createRun, type CreateLoad } from '../actors/create.ts';
import { fibContenders, fibExpects, fibLoads, fibRun, type FibLoad } from '../actors/fib.ts';
import { pingPongContenders, pingPongExpects, pingPongRun, type PingPongLoad } from '../actors/ping-pong.ts';
import {
  threadRingContenders,
  threadRingExpects,
  threadRingRun,
  type ThreadRingLoad,
} from '../actors/thread-ring.ts';
import { question, type Contender, type Goal, type Load, type Question } from '../harness/question.ts';
import { effectCounting, effectCreate, effectPingPong } from './effect.ts';
import { erlang } from './erlang.ts';
import { notInstalled } from './installed.ts';
import { nactBig, nactCounting, nactCreate, nactFib, nactPingPong, nactThreadRing } from './nact.ts';
import { xstateCounting, xstateCreate, xstatePingPong } from './xstate.ts';

/** A library that `npm run bench:peers` installs. */
const library = <L extends Load>(
  name: string,
  run: Contender<L>['run'],
  expects: Contender<L>['expects'],
): Contender<L> => ({ name, missing: () => notInstalled(name), run, expects });

const timesThatOf = (peer: string, atLeast: number): Goal => ({
  contender: 'portico',
  metric: 'speed',
  timesThatOf: peer,
  atLeast,
});
const tenTimesNact = timesThatOf('nact', 10);

export const peerQuestions: readonly Question[] = [
  question<PingPongLoad>({
    name: 'peers-ping-pong',
    asks: 'How many messages a second do two actors of Portico and its peers send each other?',
    method:
      'The same as ping-pong, with 1,000,000 messages. In XState each player is a machine that answers with sendTo; in Effect a fiber with a queue.',
    metrics: [{ name: 'speed', unit: 'messages/s', better: 'more' }],
    contenders: [
      ...pingPongContenders,
      library('nact', nactPingPong, pingPongExpects),
      library('xstate', xstatePingPong, pingPongExpects),
      library('effect', effectPingPong, pingPongExpects),
      erlang(
        'ping-pong',
        ({ messages }) => messages,
        (_, ms, result) => pingPongRun(result, ms),
        pingPongExpects,
      ),
    ],
    reference: 'plain',
    goals: [tenTimesNact, timesThatOf('erlang', 5)],
    loads: { full: { messages: 1_000_000 }, warmUp: { messages: 100_000 }, quick: { messages: 1_000 } },
  }),
  question<ThreadRingLoad>({
    name: 'peers-thread-ring',
    asks: 'How many hops a second does a token make around a ring of 503 actors of Portico, nact and Erlang?',
    method: 'The same as thread-ring, with 1,000,000 hops.',
    metrics: [{ name: 'speed', unit: 'messages/s', better: 'more' }],
    contenders: [
      ...threadRingContenders,
      library('nact', nactThreadRing, threadRingExpects),
      erlang(
        'thread-ring',
        ({ hops }) => hops,
        ({ hops }, ms, last) => threadRingRun(hops, ms, last),
        threadRingExpects,
      ),
    ],
    reference: 'plain',
    goals: [tenTimesNact, timesThatOf('erlang', 5)],
    loads: { full: { hops: 1_000_000 }, warmUp: { hops: 100_000 }, quick: { hops: 1_200 } },
  }),
  question<CountingLoad>({
    name: 'peers-counting',
    asks: 'How many messages a second does an actor of Portico and its peers count?',
    method:
      'The same as counting. The counter keeps its state as each would have it: nact in what it returns, XState in the context of a machine, ' +
      'Effect in a variable of the fiber, Erlang in the argument of its loop.',
    metrics: [{ name: 'speed', unit: 'messages/s', better: 'more' }],
    contenders: [
      ...countingContenders,
      library('nact', nactCounting, countingExpects),
      library('xstate', xstateCounting, countingExpects),
      library('effect', effectCounting, countingExpects),
      erlang(
        'counting',
        ({ increments }) => increments,
        (_, ms, counted) => countingRun(counted, ms),
        countingExpects,
      ),
    ],
    reference: 'plain',
    goals: [tenTimesNact, timesThatOf('erlang', 1)],
    loads: { full: { increments: 1_000_000 }, warmUp: { increments: 100_000 }, quick: { increments: 1_000 } },
    warmUps: 3,
  }),
  question<FibLoad>({
    name: 'peers-fib',
    asks: 'How many actors a second do Portico, nact and Erlang create, ask, tell two numbers, and stop?',
    method: 'The same as fib. In nact all are children of the system.',
    metrics: [{ name: 'speed', unit: 'actors/s', better: 'more' }],
    contenders: [
      ...fibContenders,
      library('nact', nactFib, fibExpects),
      erlang(
        'fib',
        ({ n }) => n,
        ({ n }, ms, result) => fibRun(n, ms, result),
        fibExpects,
      ),
    ],
    reference: 'plain',
    goals: [tenTimesNact, timesThatOf('erlang', 2.5)],
    loads: fibLoads,
    warmUps: 4,
  }),
  question<CreateLoad>({
    name: 'peers-create',
    asks: 'How many actors a second do Portico and its peers create, give one message, and stop?',
    method:
      'The same as create, with 200,000 actors. In nact all are children of the system; in XState each is a machine of its own, which ends in a ' +
      'final state; in Effect a fiber with a queue, a child of the one that creates them.',
    metrics: [{ name: 'speed', unit: 'actors/s', better: 'more' }],
    contenders: [
      ...createContenders,
      library('nact', nactCreate, createExpects),
      library('xstate', xstateCreate, createExpects),
      library('effect', effectCreate, createExpects),
      erlang(
        'create',
        ({ actors }) => actors,
        (_, ms, started) => createRun(started, ms),
        createExpects,
      ),
    ],
    reference: 'plain',
    goals: [tenTimesNact, timesThatOf('erlang', 1.2)],
    loads: { full: { actors: 200_000 }, warmUp: { actors: 20_000 }, quick: { actors: 500 } },
    warmUps: 3,
  }),
  question<BigLoad>({
    name: 'peers-big',
    asks: 'How many messages a second do 1,000 actors of Portico, nact and Erlang send, each to all others?',
    method: 'The same as big.',
    metrics: [{ name: 'speed', unit: 'messages/s', better: 'more' }],
    contenders: [
      ...bigContenders,
      library('nact', nactBig, bigExpects),
      erlang(
        'big',
        ({ actors }) => actors,
        ({ actors }, ms, pongs) => bigRun(actors, ms, pongs),
        bigExpects,
      ),
    ],
    reference: 'plain',
    goals: [tenTimesNact, timesThatOf('erlang', 3)],
    loads: bigLoads,
  }),
];
