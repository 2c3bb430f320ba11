/** What an actor costs that lives and does nothing, and what is left when it has stopped. */
import { behavior, receive, same, start, stopped, type ActorRef, type Behavior } from 'portico';
import { heapInUse } from '../harness/heap.ts';
import { PlainActors } from '../harness/plain-actors.ts';
import { question, type Contender } from '../harness/question.ts';

interface IdleLoad extends Record<string, number> {
  actors: number;
}

/** Actors that are created or stopped in one turn. */
const TURN = 1_000;

/** Where actors of one kind live. */
interface House<R> {
  /** Creates so many; how they are called. */
  create(count: number, first: number): Promise<readonly R[]>;
  stop(actors: readonly R[]): Promise<void>;
  end(): Promise<void>;
}

/** Seen from outside: how many have stopped. */
const seen = { stopped: 0 };

/** Nothing of it is its own. */
const idle = behavior('idle', () =>
  receive<'stop'>(() => {
    seen.stopped++;
    return stopped;
  }),
);

/** It has an argument of its own. */
const numbered = behavior('numbered', (number: number) =>
  receive<'stop'>(() => {
    if (number > 0) seen.stopped++;
    return stopped;
  }),
);

type Host =
  | {
      readonly type: 'create';
      readonly count: number;
      readonly first: number;
      readonly replyTo: ActorRef<readonly ActorRef<'stop'>[]>;
    }
  | { readonly type: 'stop'; readonly actors: readonly ActorRef<'stop'>[] };

const hostOf = (kind: (number: number) => Behavior<'stop'>) =>
  behavior('host', () =>
    receive<Host>((message, ctx) => {
      if (message.type === 'create') {
        const { count, first, replyTo } = message;
        ctx.send(
          replyTo,
          Array.from({ length: count }, (_, i) => ctx.create(kind(first + i))),
        );
      } else for (const actor of message.actors) ctx.send(actor, 'stop');
      return same;
    }),
  );

const porticoHouse =
  (kind: (number: number) => Behavior<'stop'>) => async (): Promise<House<ActorRef<'stop'>>> => {
    const host = hostOf(kind);
    const system = await start({ behaviors: { host, idle, numbered }, seed: 1 });
    const first = system.create(host());
    return {
      create: async (count, number) => {
        const actors = await system.ask(first, { type: 'create', count, first: number });
        await system.idle();
        return actors;
      },
      stop: async (actors) => {
        await system.send(first, { type: 'stop', actors });
        await system.idle();
      },
      end: () => system.stop(),
    };
  };

async function plainHouse(): Promise<House<number>> {
  const actors = new PlainActors();
  return {
    create: (count) =>
      Promise.resolve(
        Array.from({ length: count }, () =>
          actors.create((self) => () => {
            seen.stopped++;
            actors.stop(self);
          }),
        ),
      ),
    stop: (all) => {
      for (const actor of all) actors.send(actor, 'stop');
      actors.run();
      return Promise.resolve();
    },
    end: () => Promise.resolve(),
  };
}

const housed = <R>(name: string, open: () => Promise<House<R>>): Contender<IdleLoad> => ({
  name,
  nodeFlags: ['--expose-gc'],
  run: async ({ actors }) => {
    seen.stopped = 0;
    const house = await open();
    let refs: (readonly R[])[] = [];
    const createAndStop = async (count: number, measure: () => void): Promise<void> => {
      for (let first = 1; first <= count; first += TURN) {
        refs.push(await house.create(Math.min(TURN, count - first + 1), first));
      }
      measure();
      for (const some of refs) await house.stop(some);
    };
    // What exists once, whatever the number of actors.
    await createAndStop(TURN, () => undefined);
    refs = [];
    seen.stopped = 0;
    const before = heapInUse();
    let alive = 0;
    await createAndStop(actors, () => {
      alive = heapInUse();
    });
    // How they are called is not part of them.
    const withRefs = heapInUse();
    refs = [];
    const after = heapInUse();
    await house.end();
    const size = (alive - before - (withRefs - after)) / actors;
    return {
      figures: { size, 'left after stopping': (after - before) / actors },
      outcome: { stopped: seen.stopped },
    };
  },
  expects: ({ actors }) => ({ stopped: actors }),
});

export const idleQuestion = question<IdleLoad>({
  name: 'idle',
  asks: 'What does an idle actor cost, with 1,000,000 of them, and what is left when they have stopped?',
  method:
    'Actors are created, 1,000 in a turn, and live; then each is sent a message, which makes it stop. The heap in use after a forced ' +
    'collection, per actor. With a behavior that all share, or with an argument of its own. References to the actors are held meanwhile, and ' +
    'are not counted. The plain contender has a function for each in a Map.',
  metrics: [
    { name: 'size', unit: 'bytes/actor', better: 'less' },
    { name: 'left after stopping', unit: 'bytes/actor', better: 'less', absolute: true },
  ],
  contenders: [
    housed('plain', plainHouse),
    housed(
      'portico',
      porticoHouse(() => idle()),
    ),
    housed('portico, with an argument', porticoHouse(numbered)),
  ],
  reference: 'plain',
  goals: [
    { contender: 'portico', metric: 'size', atMost: 300 },
    { contender: 'portico, with an argument', metric: 'size', atMost: 300 },
    { contender: 'portico', metric: 'left after stopping', atMost: 1 },
    { contender: 'portico, with an argument', metric: 'left after stopping', atMost: 1 },
  ],
  loads: { full: { actors: 1_000_000 }, warmUp: { actors: 50_000 }, quick: { actors: 1_500 } },
  warmUps: 1,
});
