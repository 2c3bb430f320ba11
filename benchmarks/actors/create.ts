/** One actor that creates many: the price of an actor that is given one message. */
import { behavior, receive, same, stopped, type ActorRef, type Behavior } from 'portico';
import { inMemory, timedActors, type Place } from '../harness/actors.ts';
import { perSecond, timed } from '../harness/clock.ts';
import { PlainActors } from '../harness/plain-actors.ts';
import { question, type Contender, type Run } from '../harness/question.ts';

export interface CreateLoad extends Record<string, number> {
  actors: number;
}

export const createExpects = ({ actors }: CreateLoad): Run['outcome'] => ({ started: actors });

export const createRun = (started: number, ms: number): Run => ({
  figures: { speed: perSecond(started, ms) },
  outcome: { started },
});

/** Seen from outside, so that nobody has to tell: counting with messages would cost as much as the rest. */
const seen = { started: 0 };

/** Stops after its message, or stays. */
const workerOf = (name: string, afterwards: typeof same) =>
  behavior(name, () =>
    receive<'go'>(() => {
      seen.started++;
      return afterwards;
    }),
  );
const worker = workerOf('worker', stopped);
const stayingWorker = workerOf('staying worker', same);

interface Create {
  readonly actors: number;
  readonly replyTo: ActorRef<null>;
}

const creatorOf = (kind: () => Behavior<'go'>) =>
  behavior('creator', () =>
    receive<Create>(({ actors, replyTo }, ctx) => {
      for (let i = 0; i < actors; i++) ctx.send(ctx.create(kind()), 'go');
      ctx.send(replyTo, null);
      return same;
    }),
  );

const portico =
  (creator: ReturnType<typeof creatorOf>) =>
  (place: Place) =>
  async ({ actors }: CreateLoad): Promise<Run> => {
    seen.started = 0;
    const { ms } = await timedActors(
      { creator, worker, stayingWorker },
      (system) => {
        const first = system.create(creator());
        return () => system.ask(first, { actors });
      },
      undefined,
      place,
    );
    return createRun(seen.started, ms);
  };

/** All of them in a system that is kept at a place; each stops after its message, or stays. */
export const createAt = portico(creatorOf(worker));
export const stayingCreateAt = portico(creatorOf(stayingWorker));

async function plain({ actors: count }: CreateLoad): Promise<Run> {
  const actors = new PlainActors();
  seen.started = 0;
  const worker = (self: number) => (): void => {
    seen.started++;
    actors.stop(self);
  };
  const creator = actors.create<number>(() => (count) => {
    for (let i = 0; i < count; i++) actors.send(actors.create(worker), 'go');
  });
  const ms = await timed(() => {
    actors.send(creator, count);
    actors.run();
  });
  return createRun(seen.started, ms);
}

export const createContenders: readonly Contender<CreateLoad>[] = [
  { name: 'plain', run: plain, expects: createExpects },
  { name: 'portico', run: createAt(inMemory), expects: createExpects },
];

export const createLoads = {
  full: { actors: 1_000_000 },
  warmUp: { actors: 100_000 },
  quick: { actors: 1_000 },
};

export const createQuestion = question<CreateLoad>({
  name: 'create',
  asks: 'How many actors a second are created, given one message, and stopped?',
  method:
    'An actor creates 1,000,000 others in one turn and sends each a message, which makes it stop. Savina: ForkJoin (actor creation).',
  metrics: [{ name: 'speed', unit: 'actors/s', better: 'more' }],
  contenders: createContenders,
  reference: 'plain',
  goals: [{ contender: 'portico', metric: 'speed', atLeast: 2_000_000 }],
  loads: createLoads,
  warmUps: 3,
});
