/** Counters that are counted up from outside: the price of a message that is acknowledged when it is durable. */
import { behavior, receive, same, start, valueState, type ActorRef, type ActorSystem } from 'portico';
import { perSecond, timed } from '../harness/clock.ts';
import { Core } from '../harness/core.ts';
import { question, type Contender, type Run } from '../harness/question.ts';
import { committedMetrics, committedFigures, keepings, level, needs, nowhere, withFolder } from './places.ts';

interface CountersLoad extends Record<string, number> {
  'sends with 64 in flight': number;
  'sends with 4,096 in flight': number;
}

const COUNTERS = 1_000;

export type Counter = { readonly type: 'up' } | { readonly type: 'read'; readonly replyTo: ActorRef<number> };

const count = valueState('count', 0);
export const counter = behavior('counter', () =>
  receive<Counter>((message, ctx) => {
    const now = message.type === 'up' ? count.update(ctx, (n) => n + 1) : count.get(ctx);
    if (message.type === 'read') ctx.send(message.replyTo, now);
    return same;
  }),
);

const UP = { type: 'up' } as const;

export const countersOf = (system: ActorSystem, many: number): ActorRef<Counter>[] =>
  Array.from({ length: many }, (_, i) => system.entity(counter(), `counter-${i}`));

export async function sumOf(system: ActorSystem, counters: readonly ActorRef<Counter>[]): Promise<number> {
  const counts = await Promise.all(counters.map((ref) => system.ask(ref, { type: 'read' })));
  return counts.reduce((sum, n) => sum + n, 0);
}

/** So many send one after the other, each as soon as its last one was acknowledged. The milliseconds that it took. */
async function sendAll(
  system: ActorSystem,
  counters: readonly ActorRef<Counter>[],
  sends: number,
  inFlight: number,
): Promise<number> {
  let sent = 0;
  const sender = async (): Promise<void> => {
    while (sent < sends) await system.send(counters[sent++ % COUNTERS] as ActorRef<Counter>, UP);
  };
  const ms = await timed(() => Promise.all(Array.from({ length: inFlight }, sender)));
  await system.idle();
  return ms;
}

const contenders = keepings.map((keeping): Contender<CountersLoad> => ({
  name: keeping.name,
  ...needs(keeping),
  run: (load) =>
    withFolder(async (folder): Promise<Run> => {
      const core = new Core();
      const store = keeping.storeIn(folder);
      await using system = await start({ behaviors: { counter }, seed: 1, ...(store && { store }) });
      const counters = countersOf(system, COUNTERS);
      const { 'sends with 64 in flight': few, 'sends with 4,096 in flight': many } = load;
      const msOfFew = await sendAll(system, counters, few, 64);
      const before = system.dataflow.committed;
      const { commits, rows, bytes } = { ...before };
      const msOfMany = await sendAll(system, counters, many, 4_096);
      const after = system.dataflow.committed;
      const sinceThen = {
        commits: after.commits - commits,
        rows: after.rows - rows,
        bytes: after.bytes - bytes,
      };
      return {
        figures: {
          'with 64 in flight': perSecond(few, msOfFew),
          'with 4,096 in flight': perSecond(many, msOfMany),
          ...(store !== undefined && committedFigures(sinceThen, msOfMany)),
        },
        outcome: { counted: await sumOf(system, counters) },
        ...core.share(),
      };
    }),
  expects: (load) => ({
    counted: load['sends with 64 in flight'] + load['sends with 4,096 in flight'],
  }),
}));

export const durableCounters = question<CountersLoad>({
  name: 'durable-counters',
  asks: 'How many messages a second from outside are acknowledged by 1,000 durable counters?',
  method:
    'So many senders in the same process, each of which sends the next message when its last one was acknowledged: when what came of it is durable, or, in ' +
    'memory, when it has entered. The counters take turns. Commits are those with 4,096 in flight.',
  metrics: [
    { name: 'with 64 in flight', unit: 'messages/s', better: 'more' },
    { name: 'with 4,096 in flight', unit: 'messages/s', better: 'more' },
    ...committedMetrics,
  ],
  contenders,
  reference: nowhere.name,
  goals: [
    { contender: level.name, metric: 'with 64 in flight', atLeast: 100_000 },
    { contender: level.name, metric: 'with 4,096 in flight', atLeast: 500_000 },
  ],
  loads: {
    full: { 'sends with 64 in flight': 300_000, 'sends with 4,096 in flight': 1_000_000 },
    warmUp: { 'sends with 64 in flight': 30_000, 'sends with 4,096 in flight': 100_000 },
    quick: { 'sends with 64 in flight': 200, 'sends with 4,096 in flight': 4_500 },
  },
});
