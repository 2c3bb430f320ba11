/** Many that want what they must share: the price of a message when most answers are a refusal. */
import { behavior, receive, same, stopped, valueState, type ActorRef } from 'portico';
import { timedActors } from '../harness/actors.ts';
import { perSecond, timed } from '../harness/clock.ts';
import { PlainActors } from '../harness/plain-actors.ts';
import { question, type Run } from '../harness/question.ts';

interface PhilosophersLoad extends Record<string, number> {
  /** For each of them. */
  meals: number;
}

const PHILOSOPHERS = 20;

/** The two forks of a philosopher, as bits. */
const forksOf = (seat: number): number => (1 << seat) | (1 << ((seat + 1) % PHILOSOPHERS));

const runOf = (meals: number, ms: number, eaten: number, forksLeft: number): Run => ({
  figures: { speed: perSecond(meals * PHILOSOPHERS, ms) },
  outcome: { eaten, forksLeft },
});

/** All have eaten, and no fork is in use. */
const expects = ({ meals }: PhilosophersLoad): Run['outcome'] => ({
  eaten: meals * PHILOSOPHERS,
  forksLeft: 0,
});

type Philosopher = 'start' | 'eat' | 'denied';

type Table =
  | { readonly type: 'open'; readonly meals: number; readonly replyTo: ActorRef<Ended> }
  | { readonly type: 'hungry'; readonly seat: number; readonly from: ActorRef<Philosopher> }
  | { readonly type: 'done'; readonly seat: number }
  | { readonly type: 'left' };

interface Ended {
  readonly eaten: number;
  readonly forks: number;
}

const eaten = valueState('eaten', 0);

const philosopher = behavior('philosopher', (seat: number, meals: number, table: ActorRef<Table>) =>
  receive<Philosopher>((message, ctx) => {
    if (message === 'eat') {
      ctx.send(table, { type: 'done', seat });
      const now = eaten.get(ctx) + 1;
      eaten.set(ctx, now);
      if (now === meals) {
        ctx.send(table, { type: 'left' });
        return stopped;
      }
    }
    ctx.send(table, { type: 'hungry', seat, from: ctx.self });
    return same;
  }),
);

/** The forks in use, as bits. */
const forks = valueState('forks', 0);
const served = valueState('served', 0);
const left = valueState('left', 0);
const replyTo = valueState<ActorRef<Ended> | undefined>('reply to', undefined);

const table = behavior('table', () =>
  receive<Table>((message, ctx) => {
    switch (message.type) {
      case 'open':
        replyTo.set(ctx, message.replyTo);
        for (let seat = 0; seat < PHILOSOPHERS; seat++) {
          ctx.send(ctx.create(philosopher(seat, message.meals, ctx.self)), 'start');
        }
        break;
      case 'hungry': {
        const [used, wanted] = [forks.get(ctx), forksOf(message.seat)];
        if ((used & wanted) === 0) {
          forks.set(ctx, used | wanted);
          served.set(ctx, served.get(ctx) + 1);
          ctx.send(message.from, 'eat');
        } else ctx.send(message.from, 'denied');
        break;
      }
      case 'done':
        forks.set(ctx, forks.get(ctx) & ~forksOf(message.seat));
        break;
      case 'left': {
        const now = left.get(ctx) + 1;
        left.set(ctx, now);
        const to = replyTo.get(ctx);
        if (to !== undefined && now === PHILOSOPHERS)
          ctx.send(to, { eaten: served.get(ctx), forks: forks.get(ctx) });
      }
    }
    return same;
  }),
);

async function portico({ meals }: PhilosophersLoad): Promise<Run> {
  const { ms, result } = await timedActors({ table, philosopher }, (system) => {
    const first = system.create(table());
    return () => system.ask(first, { type: 'open', meals });
  });
  return runOf(meals, ms, result.eaten, result.forks);
}

type PlainTable =
  | { readonly type: 'hungry'; readonly seat: number; readonly from: number }
  | { readonly type: 'done'; readonly seat: number };

async function plain({ meals }: PhilosophersLoad): Promise<Run> {
  const actors = new PlainActors();
  let forks = 0;
  let served = 0;
  const table = actors.create<PlainTable>(() => (message) => {
    if (message.type === 'done') forks &= ~forksOf(message.seat);
    else if ((forks & forksOf(message.seat)) === 0) {
      forks |= forksOf(message.seat);
      served++;
      actors.send(message.from, 'eat');
    } else actors.send(message.from, 'denied');
  });
  const philosopher = (seat: number) => (self: number) => {
    let eaten = 0;
    return (message: Philosopher): void => {
      if (message === 'eat') {
        actors.send(table, { type: 'done', seat });
        if (++eaten === meals) {
          actors.stop(self);
          return;
        }
      }
      actors.send(table, { type: 'hungry', seat, from: self });
    };
  };
  const ms = await timed(() => {
    for (let seat = 0; seat < PHILOSOPHERS; seat++) actors.send(actors.create(philosopher(seat)), 'start');
    actors.run();
  });
  return runOf(meals, ms, served, forks);
}

export const philosophersQuestion = question<PhilosophersLoad>({
  name: 'philosophers',
  asks: 'How many meals a second do 20 philosophers have, whose forks one actor gives out?',
  method:
    'Who is hungry asks for both forks, and asks again at once if one of them is in use: three messages for a meal, and two more for each ' +
    'refusal. Savina: Philosophers.',
  metrics: [{ name: 'speed', unit: 'meals/s', better: 'more' }],
  contenders: [
    { name: 'plain', run: plain, expects },
    { name: 'portico', run: portico, expects },
  ],
  reference: 'plain',
  goals: [],
  loads: { full: { meals: 20_000 }, warmUp: { meals: 4_000 }, quick: { meals: 20 } },
});
