/** A tree of actors that exist for a moment: the price of an actor that does something. */
import { behavior, receive, same, stopped, type ActorRef, type Behavior } from 'portico';
import { inMemory, timedActors, type Place } from '../harness/actors.ts';
import { perSecond, timed } from '../harness/clock.ts';
import { PlainActors } from '../harness/plain-actors.ts';
import { question, type Contender, type Run } from '../harness/question.ts';

export interface FibLoad extends Record<string, number> {
  n: number;
}

function fibonacci(n: number): number {
  let [now, next] = [0, 1];
  for (let i = 0; i < n; i++) [now, next] = [next, now + next];
  return now;
}

/** All numbers down to the second and first are split. */
const actorsFor = (n: number): number => 2 * fibonacci(n) - 1;

export const fibRun = (n: number, ms: number, result: number): Run => ({
  figures: { speed: perSecond(actorsFor(n), ms) },
  outcome: { result },
});

export const fibExpects = ({ n }: FibLoad): Run['outcome'] => ({ result: fibonacci(n) });

/** The number that is wanted, or a part of it from an actor below. */
type Fib = { readonly n: number; readonly replyTo: ActorRef<number> } | number;

/** The actors of the tree, and what becomes of one that has replied. */
function treeOf(afterwards: typeof same) {
  const fib = behavior('fib', () =>
    receive<Fib>((message, ctx) => {
      if (typeof message === 'number') return same;
      const { n, replyTo } = message;
      if (n <= 2) {
        ctx.send(replyTo, 1);
        return afterwards;
      }
      const { self } = ctx;
      ctx.send(ctx.create(fib()), { n: n - 1, replyTo: self });
      ctx.send(ctx.create(fib()), { n: n - 2, replyTo: self });
      return adding(replyTo, 0, 2);
    }),
  );

  const adding = behavior(
    'adding',
    (replyTo: ActorRef<number>, sum: number, missing: number): Behavior<Fib> =>
      receive((message, ctx) => {
        if (typeof message !== 'number') return same;
        if (missing > 1) return adding(replyTo, sum + message, missing - 1);
        ctx.send(replyTo, sum + message);
        return afterwards;
      }),
  );

  return { fib, adding };
}

const portico =
  ({ fib, adding }: ReturnType<typeof treeOf>) =>
  (place: Place) =>
  async ({ n }: FibLoad): Promise<Run> => {
    const { ms, result } = await timedActors(
      { fib, adding },
      (system) => {
        const root = system.create(fib());
        return () => system.ask(root, { n });
      },
      undefined,
      place,
    );
    return fibRun(n, ms, result);
  };

/** The tree in a system that is kept at a place; each actor stops when it has replied, or stays. */
export const fibAt = portico(treeOf(stopped));
export const stayingFibAt = portico(treeOf(same));

type PlainFib = { readonly n: number; readonly replyTo: number } | number;

async function plain({ n }: FibLoad): Promise<Run> {
  const actors = new PlainActors();
  let result = 0;
  const outside = actors.create<number>(() => (sum) => {
    result = sum;
  });
  const fib = (self: number): ((message: PlainFib) => void) => {
    let parent = 0;
    let sum = 0;
    let missing = 2;
    return (message) => {
      if (typeof message === 'number') {
        sum += message;
        if (--missing > 0) return;
        actors.send(parent, sum);
        actors.stop(self);
      } else if (message.n <= 2) {
        actors.send(message.replyTo, 1);
        actors.stop(self);
      } else {
        parent = message.replyTo;
        actors.send(actors.create(fib), { n: message.n - 1, replyTo: self });
        actors.send(actors.create(fib), { n: message.n - 2, replyTo: self });
      }
    };
  };
  const ms = await timed(() => {
    actors.send(actors.create(fib), { n, replyTo: outside });
    actors.run();
  });
  return fibRun(n, ms, result);
}

export const fibContenders: readonly Contender<FibLoad>[] = [
  { name: 'plain', run: plain, expects: fibExpects },
  { name: 'portico', run: fibAt(inMemory), expects: fibExpects },
];

export const fibLoads = { full: { n: 25 }, warmUp: { n: 22 }, quick: { n: 10 } };

export const fibQuestion = question<FibLoad>({
  name: 'fib',
  asks: 'How many actors a second are created, asked, told two numbers, and stopped?',
  method:
    'An actor for each call of the naive fib(25): it creates two others, asks them, adds up, replies and stops. 150,049 actors. Savina: Fibonacci.',
  metrics: [{ name: 'speed', unit: 'actors/s', better: 'more' }],
  contenders: fibContenders,
  reference: 'plain',
  goals: [{ contender: 'portico', metric: 'speed', atLeast: 1_000_000 }],
  loads: fibLoads,
  warmUps: 4,
});
