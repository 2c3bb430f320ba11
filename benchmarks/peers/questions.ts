/** Questions that are put to other libraries, too. They run only when they are named: `npm run bench:peers`. */
import { countingContenders, countingExpects, type CountingLoad } from '../actors/counting.ts';
import { createContenders, createExpects, type CreateLoad } from '../actors/create.ts';
import { pingPongContenders, pingPongExpects, type PingPongLoad } from '../actors/ping-pong.ts';
import { question, type Question } from '../harness/question.ts';
import { nactCounting, nactCreate, nactPingPong } from './nact.ts';
import { xstateCounting, xstateCreate, xstatePingPong } from './xstate.ts';

const tenTimesNact = { contender: 'portico', metric: 'speed', timesThatOf: 'nact', atLeast: 10 };

export const peerQuestions: readonly Question[] = [
  question<PingPongLoad>({
    name: 'peers-ping-pong',
    asks: 'How many messages a second do two actors of Portico, nact and XState send each other?',
    method:
      'The same as ping-pong, with 1,000,000 messages. In XState each player is a machine that answers with sendTo.',
    metrics: [{ name: 'speed', unit: 'messages/s', better: 'more' }],
    contenders: [
      ...pingPongContenders,
      { name: 'nact', run: nactPingPong, expects: pingPongExpects },
      { name: 'xstate', run: xstatePingPong, expects: pingPongExpects },
    ],
    reference: 'plain',
    goals: [tenTimesNact],
    loads: { full: { messages: 1_000_000 }, warmUp: { messages: 100_000 }, quick: { messages: 1_000 } },
  }),
  question<CountingLoad>({
    name: 'peers-counting',
    asks: 'How many messages a second does an actor of Portico, nact and XState count?',
    method:
      'The same as counting. The counter keeps its state as each library would have it: nact in what it returns, XState in the context of a machine.',
    metrics: [{ name: 'speed', unit: 'messages/s', better: 'more' }],
    contenders: [
      ...countingContenders,
      { name: 'nact', run: nactCounting, expects: countingExpects },
      { name: 'xstate', run: xstateCounting, expects: countingExpects },
    ],
    reference: 'plain',
    goals: [tenTimesNact],
    loads: { full: { increments: 1_000_000 }, warmUp: { increments: 100_000 }, quick: { increments: 1_000 } },
    warmUps: 3,
  }),
  question<CreateLoad>({
    name: 'peers-create',
    asks: 'How many actors a second do Portico, nact and XState create, give one message, and stop?',
    method:
      'The same as create, with 200,000 actors. In nact all are children of the system; in XState each is a machine of its own, which ends in a final state.',
    metrics: [{ name: 'speed', unit: 'actors/s', better: 'more' }],
    contenders: [
      ...createContenders,
      { name: 'nact', run: nactCreate, expects: createExpects },
      { name: 'xstate', run: xstateCreate, expects: createExpects },
    ],
    reference: 'plain',
    goals: [tenTimesNact],
    loads: { full: { actors: 200_000 }, warmUp: { actors: 20_000 }, quick: { actors: 500 } },
    warmUps: 3,
  }),
];
