/** Many actors in a circle and one message among them: the price of a message when each is for another actor. */
import { behavior, init, receive, same, type ActorRef } from 'portico';
import { inMemory, timedActors, type Place } from '../harness/actors.ts';
import { perSecond, timed } from '../harness/clock.ts';
import { PlainActors } from '../harness/plain-actors.ts';
import { question, type Contender, type Run } from '../harness/question.ts';

export interface ThreadRingLoad extends Record<string, number> {
  hops: number;
}

/** How many actors there are. */
export const LENGTH = 503;

export const threadRingRun = (hops: number, ms: number, last: number): Run => ({
  figures: { speed: perSecond(hops, ms) },
  outcome: { last },
});

/** Who has the token in the end. */
export const threadRingExpects = ({ hops }: ThreadRingLoad): Run['outcome'] => ({
  last: (hops % LENGTH) + 1,
});

interface Token {
  readonly hops: number;
  readonly replyTo: ActorRef<number>;
}

const member = behavior('member', (number: number, next: ActorRef<Token>) =>
  receive<Token>(({ hops, replyTo }, ctx) => {
    if (hops > 0) ctx.send(next, { hops: hops - 1, replyTo });
    else ctx.send(replyTo, number);
    return same;
  }),
);

/** The first member creates the others. */
const ring = behavior('ring', (size: number) =>
  init<Token>((ctx) => {
    let next: ActorRef<Token> = ctx.self;
    for (let number = size; number > 1; number--) next = ctx.create(member(number, next));
    return member(1, next);
  }),
);

/** The ring, in a system that is kept at a place. */
export const threadRingAt =
  (place: Place) =>
  async ({ hops }: ThreadRingLoad): Promise<Run> => {
    const { ms, result } = await timedActors(
      { member, ring },
      (system) => {
        const first = system.create(ring(LENGTH));
        return () => system.ask(first, { hops });
      },
      undefined,
      place,
    );
    return threadRingRun(hops, ms, result);
  };

interface PlainToken {
  readonly hops: number;
  readonly replyTo: number;
}

async function plain({ hops }: ThreadRingLoad): Promise<Run> {
  const actors = new PlainActors();
  let last = 0;
  const outside = actors.create<number>(() => (number) => {
    last = number;
  });
  const members: number[] = [];
  for (let i = 0; i < LENGTH; i++) {
    const next = (i + 1) % LENGTH;
    members.push(
      actors.create<PlainToken>(() => ({ hops, replyTo }) => {
        if (hops > 0) actors.send(members[next] ?? 0, { hops: hops - 1, replyTo });
        else actors.send(replyTo, i + 1);
      }),
    );
  }
  const ms = await timed(() => {
    actors.send(members[0] ?? 0, { hops, replyTo: outside });
    actors.run();
  });
  return threadRingRun(hops, ms, last);
}

export const threadRingContenders: readonly Contender<ThreadRingLoad>[] = [
  { name: 'plain', run: plain, expects: threadRingExpects },
  { name: 'portico', run: threadRingAt(inMemory), expects: threadRingExpects },
];

export const threadRingLoads = {
  full: { hops: 4_000_000 },
  warmUp: { hops: 400_000 },
  quick: { hops: 1_200 },
};

export const threadRingQuestion = question<ThreadRingLoad>({
  name: 'thread-ring',
  asks: 'How many hops a second does a token make around a ring of 503 actors?',
  method: 'Each passes the token on to the next one and counts it down. Savina: ThreadRing.',
  metrics: [{ name: 'speed', unit: 'messages/s', better: 'more' }],
  contenders: threadRingContenders,
  reference: 'plain',
  goals: [{ contender: 'portico', metric: 'speed', atLeast: 20_000_000 }],
  loads: threadRingLoads,
});
