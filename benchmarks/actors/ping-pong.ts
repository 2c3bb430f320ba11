/** Two actors and one message between them: the price of a message. */
import { behavior, receive, same, type ActorRef, type Behavior } from 'portico';
import { inMemory, timedActors, type Place } from '../harness/actors.ts';
import { perSecond, timed } from '../harness/clock.ts';
import { PlainActors } from '../harness/plain-actors.ts';
import { question, type Contender, type Run } from '../harness/question.ts';

export interface PingPongLoad extends Record<string, number> {
  messages: number;
}

export const pingPongExpects = ({ messages }: PingPongLoad): Run['outcome'] => ({ messages });

export const pingPongRun = (messages: number, ms: number): Run => ({
  figures: { speed: perSecond(messages, ms) },
  outcome: { messages },
});

/** It counts itself how often it was sent. */
interface Ball {
  readonly type: 'ball';
  readonly sent: number;
  readonly from: ActorRef<Ball>;
}

interface Play {
  readonly type: 'play';
  readonly messages: number;
  readonly replyTo: ActorRef<number>;
}

const pong = behavior('pong', () =>
  receive<Ball>(({ sent, from }, ctx) => {
    ctx.send(from, { type: 'ball', sent: sent + 1, from: ctx.self });
    return same;
  }),
);

const ping = behavior('ping', (opponent: ActorRef<Ball>) =>
  receive<Ball | Play>((message, ctx) => {
    if (message.type !== 'play') return same;
    ctx.send(opponent, { type: 'ball', sent: 1, from: ctx.self });
    return playing(message.messages, message.replyTo);
  }),
);

const playing = behavior('playing', (messages: number, replyTo: ActorRef<number>): Behavior<Ball | Play> =>
  receive((message, ctx) => {
    if (message.type !== 'ball') return same;
    const { sent, from } = message;
    if (sent < messages) ctx.send(from, { type: 'ball', sent: sent + 1, from: ctx.self });
    else ctx.send(replyTo, sent);
    return same;
  }),
);

/** The game, in a system that is kept at a place. */
export const pingPongAt =
  (place: Place) =>
  async ({ messages }: PingPongLoad): Promise<Run> => {
    const { ms, result } = await timedActors(
      { ping, pong, playing },
      (system) => {
        const first = system.create(ping(system.create(pong())));
        return () => system.ask(first, { type: 'play', messages });
      },
      undefined,
      place,
    );
    return pingPongRun(result, ms);
  };

interface PlainBall {
  readonly sent: number;
  readonly from: number;
}

async function plain({ messages }: PingPongLoad): Promise<Run> {
  const actors = new PlainActors();
  let result = 0;
  const pong = actors.create<PlainBall>((self) => ({ sent, from }) => {
    actors.send(from, { sent: sent + 1, from: self });
  });
  const ping = actors.create<PlainBall>((self) => ({ sent, from }) => {
    if (sent < messages) actors.send(from, { sent: sent + 1, from: self });
    else result = sent;
  });
  const ms = await timed(() => {
    actors.send(pong, { sent: 1, from: ping });
    actors.run();
  });
  return pingPongRun(result, ms);
}

export const pingPongContenders: readonly Contender<PingPongLoad>[] = [
  { name: 'plain', run: plain, expects: pingPongExpects },
  { name: 'portico', run: pingPongAt(inMemory), expects: pingPongExpects },
];

export const pingPongLoads = {
  full: { messages: 4_000_000 },
  warmUp: { messages: 400_000 },
  quick: { messages: 1_000 },
};

export const pingPongQuestion = question<PingPongLoad>({
  name: 'ping-pong',
  asks: 'How many messages a second do two actors send each other, one at a time?',
  method:
    'Each answers the ball of the other one with a new ball, which says who sent it and how many there were. Savina: PingPong. ' +
    'The plain contender has a queue, and finds the function that plays in a Map.',
  metrics: [{ name: 'speed', unit: 'messages/s', better: 'more' }],
  contenders: pingPongContenders,
  reference: 'plain',
  goals: [{ contender: 'portico', metric: 'speed', atLeast: 20_000_000 }],
  loads: pingPongLoads,
});
