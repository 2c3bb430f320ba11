/** One request at a time: how long somebody outside waits for a reply that is durable. */
import { behavior, receive, same, start, valueState, type ActorRef } from 'portico';
import { timed } from '../harness/clock.ts';
import { Core } from '../harness/core.ts';
import { question, type Contender, type Run } from '../harness/question.ts';
import { quantile } from '../harness/statistics.ts';
import { Appending } from './disk.ts';
import { keepings, level, needs, nowhere, snapshots, withFolder } from './places.ts';

interface RequestsLoad extends Record<string, number> {
  requests: number;
}

/** Requests, and then as many appends: what slows the disk down for a while slows down both. */
const BLOCK = 50;

const visits = valueState('visits', 0);
const visited = behavior('visited', () =>
  receive<{ readonly replyTo: ActorRef<number> }>(({ replyTo }, ctx) => {
    ctx.send(
      replyTo,
      visits.update(ctx, (n) => n + 1),
    );
    return same;
  }),
);

const contenders = keepings.map((keeping): Contender<RequestsLoad> => ({
  name: keeping.name,
  ...needs(keeping),
  run: ({ requests }) =>
    withFolder(async (folder): Promise<Run> => {
      const core = new Core();
      const store = keeping.storeIn(folder);
      await using system = await start({ behaviors: { visited }, seed: 1, ...(store && { store }) });
      await using disk = await Appending.in(folder);
      const ref = system.entity(visited(), 'one');
      // How much one request writes.
      let counted = await system.ask(ref, {});
      await system.idle();
      const { commits, bytes } = { ...system.dataflow.committed };
      counted = await system.ask(ref, {});
      await system.idle();
      const size = system.dataflow.committed.bytes - bytes;
      const commitsOfOne = system.dataflow.committed.commits - commits;
      const body = new Uint8Array(size).fill(7);
      const asked: number[] = [];
      const appended: number[] = [];
      while (asked.length < requests) {
        for (let i = 0; i < BLOCK; i++)
          asked.push(
            await timed(async () => {
              counted = await system.ask(ref, {});
            }),
          );
        await system.idle();
        if (keeping.onDisk)
          for (let i = 0; i < BLOCK; i++) appended.push(await timed(() => disk.append(body)));
      }
      return {
        figures: { ...latencies(asked, appended), ...(store && { size, commits: commitsOfOne }) },
        outcome: { counted },
        ...core.share(),
      };
    }),
  expects: ({ requests }) => ({ counted: 2 + Math.ceil(requests / BLOCK) * BLOCK }),
}));

function latencies(asked: number[], appended: number[]): Run['figures'] {
  asked.sort((a, b) => a - b);
  appended.sort((a, b) => a - b);
  const [p50, p99] = [quantile(asked, 0.5), quantile(asked, 0.99)];
  if (appended.length === 0) return { p50, p99 };
  const [disk50, disk99] = [quantile(appended, 0.5), quantile(appended, 0.99)];
  return {
    p50,
    p99,
    'p50 of the disk': disk50,
    'p99 of the disk': disk99,
    'p50 by that of the disk': p50 / disk50,
    'p99 by that of the disk': p99 / disk99,
  };
}

export const durableRequests = question<RequestsLoad>({
  name: 'durable-requests',
  asks: 'How long does one request at a time from outside take until its reply, which is durable?',
  method:
    'An actor is asked, counts, and replies; the reply leaves when that is durable, and then it is asked again. After each 50 requests as many bytes as one of ' +
    'them commits are appended to a file beside, 50 times, each with a write and an fdatasync. That file grows; the journal writes into room that was filled ahead.',
  metrics: [
    { name: 'p50', unit: 'ms', better: 'less' },
    { name: 'p99', unit: 'ms', better: 'less' },
    ...['p50 of the disk', 'p99 of the disk'].map(
      (name) => ({ name, unit: 'ms', better: 'less', absolute: true }) as const,
    ),
    ...['p50 by that of the disk', 'p99 by that of the disk'].map(
      (name) => ({ name, unit: 'times', better: 'less', absolute: true }) as const,
    ),
    { name: 'size', unit: 'bytes/request', better: 'less', absolute: true },
    { name: 'commits', unit: 'commits/request', better: 'less', absolute: true },
  ],
  contenders,
  reference: nowhere.name,
  goals: [level, snapshots].flatMap(({ name }) => [
    { contender: name, metric: 'p50 by that of the disk', atMost: 2 },
    { contender: name, metric: 'p99 by that of the disk', atMost: 3 },
  ]),
  loads: { full: { requests: 5_000 }, warmUp: { requests: 500 }, quick: { requests: 50 } },
});
