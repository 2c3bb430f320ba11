/** Every actor sends to every other one: the price of a message when all that wait are for different actors. */
import { behavior, receive, same, valueState, type ActorRef } from 'portico';
import { inMemory, timedActors, type Place } from '../harness/actors.ts';
import { perSecond, timed } from '../harness/clock.ts';
import { PlainActors } from '../harness/plain-actors.ts';
import { question, type Contender, type Run } from '../harness/question.ts';

export interface BigLoad extends Record<string, number> {
  actors: number;
}

/** A ping and a pong for each pair. */
const messagesOf = (actors: number): number => 2 * actors * (actors - 1);

export const bigRun = (actors: number, ms: number, pongs: number): Run => ({
  figures: { speed: perSecond(messagesOf(actors), ms) },
  outcome: { pongs },
});

export const bigExpects = ({ actors }: BigLoad): Run['outcome'] => ({ pongs: actors * (actors - 1) });

type Peer = Start | { readonly type: 'ping'; readonly from: ActorRef<Peer> } | { readonly type: 'pong' };

interface Start {
  readonly type: 'start';
  readonly peers: readonly ActorRef<Peer>[];
  readonly sink: ActorRef<number>;
}

const pongs = valueState('pongs', 0);
/** Where the number of pongs goes. */
const sink = valueState<ActorRef<number> | undefined>('sink', undefined);
const waitingFor = valueState('waiting for', 0);

const peer = behavior('peer', (number: number) =>
  receive<Peer>((message, ctx) => {
    switch (message.type) {
      case 'start': {
        const { peers } = message;
        const { self } = ctx;
        sink.set(ctx, message.sink);
        waitingFor.set(ctx, peers.length - 1);
        for (const [i, other] of peers.entries())
          if (i !== number) ctx.send(other, { type: 'ping', from: self });
        break;
      }
      case 'ping':
        ctx.send(message.from, { type: 'pong' });
        break;
      case 'pong': {
        const now = pongs.get(ctx) + 1;
        pongs.set(ctx, now);
        const to = sink.get(ctx);
        if (to !== undefined && now === waitingFor.get(ctx)) ctx.send(to, now);
      }
    }
    return same;
  }),
);

type All = { readonly actors: number; readonly replyTo: ActorRef<number> } | number;

const replyTo = valueState<ActorRef<number> | undefined>('reply to', undefined);
const sum = valueState('sum', 0);
const missing = valueState('missing', 0);

/** Creates and starts them, and adds up what they report. */
const all = behavior('all', () =>
  receive<All>((message, ctx) => {
    if (typeof message === 'number') {
      sum.set(ctx, sum.get(ctx) + message);
      missing.set(ctx, missing.get(ctx) - 1);
      const to = replyTo.get(ctx);
      if (to !== undefined && missing.get(ctx) === 0) ctx.send(to, sum.get(ctx));
      return same;
    }
    const { self } = ctx;
    const peers = Array.from({ length: message.actors }, (_, i) => ctx.create(peer(i)));
    for (const peer of peers) ctx.send(peer, { type: 'start', peers, sink: self });
    replyTo.set(ctx, message.replyTo);
    missing.set(ctx, message.actors);
    return same;
  }),
);

/** All of them, in a system that is kept at a place. */
export const bigAt =
  (place: Place) =>
  async ({ actors }: BigLoad): Promise<Run> => {
    const { ms, result } = await timedActors(
      { all, peer },
      (system) => {
        const first = system.create(all());
        return () => system.ask(first, { actors });
      },
      undefined,
      place,
    );
    return bigRun(actors, ms, result);
  };

type PlainPeer =
  | { readonly type: 'start'; readonly peers: readonly number[]; readonly sink: number }
  | { readonly type: 'ping'; readonly from: number }
  | { readonly type: 'pong' };

async function plain({ actors: count }: BigLoad): Promise<Run> {
  const actors = new PlainActors();
  let sum = 0;
  const all = actors.create<number>(() => (pongs) => {
    sum += pongs;
  });
  const peer = (self: number): ((message: PlainPeer) => void) => {
    let pongs = 0;
    let waitingFor = 0;
    let sink = 0;
    return (message) => {
      switch (message.type) {
        case 'start':
          ({ sink } = message);
          waitingFor = message.peers.length - 1;
          for (const other of message.peers)
            if (other !== self) actors.send(other, { type: 'ping', from: self });
          break;
        case 'ping':
          actors.send(message.from, { type: 'pong' });
          break;
        case 'pong':
          if (++pongs === waitingFor) actors.send(sink, pongs);
      }
    };
  };
  const ms = await timed(() => {
    const peers = Array.from({ length: count }, () => actors.create(peer));
    for (const to of peers) actors.send(to, { type: 'start', peers, sink: all });
    actors.run();
  });
  return bigRun(count, ms, sum);
}

export const bigContenders: readonly Contender<BigLoad>[] = [
  { name: 'plain', run: plain, expects: bigExpects },
  { name: 'portico', run: bigAt(inMemory), expects: bigExpects },
];

export const bigLoads = { full: { actors: 1_000 }, warmUp: { actors: 300 }, quick: { actors: 20 } };

export const bigQuestion = question<BigLoad>({
  name: 'big',
  asks: 'How many messages a second do 1,000 actors send, each to all others?',
  method:
    'Each sends a ping to every other one in one turn, answers each ping with a pong, and reports its pongs. After the benchmark Big of ' +
    'Savina and BenchErl, with all others in place of a random one.',
  metrics: [{ name: 'speed', unit: 'messages/s', better: 'more' }],
  contenders: bigContenders,
  reference: 'plain',
  goals: [{ contender: 'portico', metric: 'speed', atLeast: 10_000_000 }],
  loads: bigLoads,
});
