/** Many actors that come and go: what is left of them, and what is held meanwhile. */
import { behavior, receive, same, start, stopped, type ActorRef } from 'portico';
import { heapInUse } from '../harness/heap.ts';
import { PlainActors } from '../harness/plain-actors.ts';
import { question, type Contender } from '../harness/question.ts';

interface ChurnLoad extends Record<string, number> {
  actors: number;
}

/** Actors that are created in one turn. */
const TURN = 1_000;
/** How often the heap is looked at. */
const LOOKS = 10;

/** Where actors come and go. */
interface Street {
  /** Creates so many, each of which is given a message and stops. */
  pass(count: number): Promise<void>;
  end(): Promise<void>;
}

/** Seen from outside: how many have stopped. */
const seen = { stopped: 0 };

const passer = behavior('passer', () =>
  receive<'go'>(() => {
    seen.stopped++;
    return stopped;
  }),
);

interface Pass {
  readonly count: number;
  readonly replyTo: ActorRef<null>;
}

const crossing = behavior('crossing', () =>
  receive<Pass>(({ count, replyTo }, ctx) => {
    for (let i = 0; i < count; i++) ctx.send(ctx.create(passer()), 'go');
    ctx.send(replyTo, null);
    return same;
  }),
);

async function porticoStreet(): Promise<Street> {
  const system = await start({ behaviors: { crossing, passer }, seed: 1 });
  const first = system.create(crossing());
  return {
    pass: async (count) => {
      await system.ask(first, { count });
      await system.idle();
    },
    end: () => system.stop(),
  };
}

function plainStreet(): Promise<Street> {
  const actors = new PlainActors();
  const passer = (self: number) => (): void => {
    seen.stopped++;
    actors.stop(self);
  };
  return Promise.resolve({
    pass: (count) => {
      for (let i = 0; i < count; i++) actors.send(actors.create(passer), 'go');
      actors.run();
      return Promise.resolve();
    },
    end: () => Promise.resolve(),
  });
}

const onStreet = (name: string, open: () => Promise<Street>): Contender<ChurnLoad> => ({
  name,
  nodeFlags: ['--expose-gc'],
  run: async ({ actors }) => {
    seen.stopped = 0;
    const street = await open();
    // What exists once, whatever the number of actors.
    await street.pass(TURN);
    seen.stopped = 0;
    const before = heapInUse();
    let after = before;
    let most = before;
    for (let look = 0; look < LOOKS; look++) {
      const until = Math.round((actors * (look + 1)) / LOOKS);
      for (let done = Math.round((actors * look) / LOOKS); done < until; done += TURN) {
        await street.pass(Math.min(TURN, until - done));
      }
      after = heapInUse();
      most = Math.max(most, after);
    }
    await street.end();
    return {
      figures: { left: (after - before) / actors, 'most held': (most - before) / 1024 },
      outcome: { stopped: seen.stopped },
    };
  },
  expects: ({ actors }) => ({ stopped: actors }),
});

export const churnQuestion = question<ChurnLoad>({
  name: 'churn',
  asks: 'What is left of 10,000,000 actors that were created and stopped, and what is held meanwhile?',
  method:
    'An actor creates others, 1,000 in a turn, and sends each a message, which makes it stop. The heap in use after a forced collection, ' +
    'ten times on the way: per actor at the end, and the most of all.',
  metrics: [
    { name: 'left', unit: 'bytes/actor', better: 'less', absolute: true },
    { name: 'most held', unit: 'KiB', better: 'less', absolute: true },
  ],
  contenders: [onStreet('plain', plainStreet), onStreet('portico', porticoStreet)],
  reference: 'plain',
  goals: [
    { contender: 'portico', metric: 'left', atMost: 0.1 },
    { contender: 'portico', metric: 'most held', atMost: 1024 },
  ],
  loads: { full: { actors: 10_000_000 }, warmUp: { actors: 100_000 }, quick: { actors: 3_000 } },
  warmUps: 1,
});
