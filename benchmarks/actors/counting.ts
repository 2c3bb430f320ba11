/** One actor that sends and one that counts: the price of a message when many wait for the same actor. */
import { behavior, receive, same, valueState, type ActorRef, type Behavior } from 'portico';
import { inMemory, timedActors, type Place } from '../harness/actors.ts';
import { perSecond, timed } from '../harness/clock.ts';
import { PlainActors } from '../harness/plain-actors.ts';
import { question, type Contender, type Run } from '../harness/question.ts';

export interface CountingLoad extends Record<string, number> {
  increments: number;
}

export const countingExpects = ({ increments }: CountingLoad): Run['outcome'] => ({ counted: increments });

export const countingRun = (counted: number, ms: number): Run => ({
  figures: { speed: perSecond(counted, ms) },
  outcome: { counted },
});

type Counting = { readonly type: 'up' } | { readonly type: 'read'; readonly replyTo: ActorRef<number> };

/** Sent again and again: there is nothing in it. */
export const UP = { type: 'up' } as const;

/** Keeps the count as state. */
const count = valueState('count', 0);
const stateful = behavior('stateful', () =>
  receive<Counting>((message, ctx) => {
    if (message.type === 'up') count.set(ctx, count.get(ctx) + 1);
    else ctx.send(message.replyTo, count.get(ctx));
    return same;
  }),
);

/** Keeps the count as the argument of its next behavior. */
const functional = behavior('functional', (count: number): Behavior<Counting> =>
  receive((message, ctx) => {
    if (message.type === 'up') return functional(count + 1);
    ctx.send(message.replyTo, count);
    return same;
  }),
);

interface Produce {
  readonly increments: number;
  readonly replyTo: ActorRef<number>;
}

/** Sends all of it in one turn; the counter replies for it. */
const producer = behavior('producer', (counter: ActorRef<Counting>) =>
  receive<Produce>(({ increments, replyTo }, ctx) => {
    for (let i = 0; i < increments; i++) ctx.send(counter, UP);
    ctx.send(counter, { type: 'read', replyTo });
    return same;
  }),
);

const portico =
  (counter: Behavior<Counting>) =>
  (place: Place) =>
  async ({ increments }: CountingLoad): Promise<Run> => {
    const { ms, result } = await timedActors(
      { producer, stateful, functional },
      (system) => {
        const first = system.create(producer(system.create(counter)));
        return () => system.ask(first, { increments });
      },
      undefined,
      place,
    );
    return countingRun(result, ms);
  };

/** The count as state, or as the argument of the next behavior, in a system that is kept at a place. */
export const countingAt = portico(stateful());
export const nextBehaviorAt = portico(functional(0));

type PlainCounting = { readonly type: 'up' } | { readonly type: 'read'; readonly replyTo: number };

async function plain({ increments }: CountingLoad): Promise<Run> {
  const actors = new PlainActors();
  let result = 0;
  const outside = actors.create<number>(() => (count) => {
    result = count;
  });
  const counter = actors.create<PlainCounting>(() => {
    let count = 0;
    return (message) => {
      if (message.type === 'up') count++;
      else actors.send(message.replyTo, count);
    };
  });
  const producer = actors.create<number>(() => (increments) => {
    for (let i = 0; i < increments; i++) actors.send(counter, UP);
    actors.send(counter, { type: 'read', replyTo: outside });
  });
  const ms = await timed(() => {
    actors.send(producer, increments);
    actors.run();
  });
  return countingRun(result, ms);
}

export const countingContenders: readonly Contender<CountingLoad>[] = [
  { name: 'plain', run: plain, expects: countingExpects },
  { name: 'portico', run: countingAt(inMemory), expects: countingExpects },
  { name: 'portico, next behavior', run: nextBehaviorAt(inMemory), expects: countingExpects },
];

export const countingLoads = {
  full: { increments: 1_000_000 },
  warmUp: { increments: 200_000 },
  quick: { increments: 1_000 },
};

export const countingQuestion = question<CountingLoad>({
  name: 'counting',
  asks: 'How many messages a second does an actor count that another one has sent it in one turn?',
  method:
    'An actor sends 1,000,000 increments to another one, and asks it to read the count. An increment is the same object each time, as it would be an atom in Erlang. The counter keeps it as state, or as the argument ' +
    'of its next behavior. Savina: CountingActor.',
  metrics: [{ name: 'speed', unit: 'messages/s', better: 'more' }],
  contenders: countingContenders,
  reference: 'plain',
  goals: [
    { contender: 'portico', metric: 'speed', atLeast: 16_000_000 },
    { contender: 'portico, next behavior', metric: 'speed', atLeast: 10_000_000 },
  ],
  loads: countingLoads,
  warmUps: 3,
});
