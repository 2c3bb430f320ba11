// Messages that multiply, beside others that do not: what waits, what memory that takes, and how it goes on after a restart with the
// cause removed.
import { behavior, receive, same, start, valueState, type ActorRef, type Behavior } from 'portico';
import type { Store } from 'portico/dataflow';

export interface Cycle {
  readonly mostWaiting: number;
  readonly peakHeapMb: number;
  readonly peakRssMb: number;
  readonly deadLetters: number;
  /** How often the others had their turn, at first and at the end. */
  readonly passes: readonly [number, number];
  /** If it is kept: how long the restart took with all that waited, how long until it came to rest. */
  readonly restartMs: number;
  readonly restMs: number;
}

type Ball = { readonly from: ActorRef<Ball> };

export async function cycle(
  storeOf: (() => Store) | undefined,
  backlogLimit: number | undefined,
  rounds: number,
): Promise<{ readonly shown: Cycle; readonly wrong: readonly string[] }> {
  const seen = { passes: 0 };
  const told = valueState('calm', false);
  const multiplies = (times: number) =>
    behavior('multiplies', (): Behavior<number | 'calm'> =>
      receive((message, ctx) => {
        if (message === 'calm') told.set(ctx, true);
        else if (!told.get(ctx)) for (let i = 0; i < times; i++) ctx.send(ctx.self, message + 1);
        return same;
      }),
    );
  const player = behavior('player', (): Behavior<Ball> =>
    receive(({ from }, ctx) => {
      seen.passes++;
      ctx.send(from, { from: ctx.self });
      return same;
    }),
  );
  const [growing, mended] = [multiplies(2), multiplies(0)];
  const started = (kind: typeof growing) => {
    const store = storeOf?.();
    return start({
      behaviors: { multiplies: kind, player },
      log: () => undefined,
      ...(store && { store }),
      ...(backlogLimit !== undefined && { backlogLimit }),
    });
  };

  let system = await started(growing);
  const [a, b] = [system.entity(player(), 'a'), system.entity(player(), 'b')];
  await system.send(a, { from: b });
  await system.send(system.entity(growing(), 'm'), 0);
  let [mostWaiting, heap, rss] = [0, 0, 0];
  const look = (): void => {
    mostWaiting = Math.max(mostWaiting, system.dataflow.partition.backlog.events);
    const { heapUsed, rss: all } = process.memoryUsage();
    heap = Math.max(heap, heapUsed);
    rss = Math.max(rss, all);
  };
  const wrong: string[] = [];
  const { limit } = system.dataflow.partition.backlog;
  // It is at the limit when turns fail; then the others go on for so many rounds.
  while (system.deadLetters.count === 0 && system.dataflow.failure === undefined) {
    look();
    await turn();
  }
  const first = seen.passes;
  while (seen.passes < first + rounds && system.dataflow.failure === undefined) {
    look();
    await turn();
  }
  const second = seen.passes;
  const deadLetters = system.deadLetters.count;
  if (system.dataflow.failure !== undefined) wrong.push(`it failed: ${system.dataflow.failure.message}`);
  if (mostWaiting > limit) wrong.push(`${mostWaiting} events waited, and ${limit} may`);

  let restartMs = 0;
  let begun = performance.now();
  if (storeOf === undefined) await system.send(system.entity(growing(), 'm'), 'calm');
  else {
    await system.stop({ deadlineMs: 120_000 });
    begun = performance.now();
    // The mended program.
    system = await started(mended);
    restartMs = performance.now() - begun;
  }
  while (system.dataflow.partition.backlog.events > 10) {
    look();
    await turn();
  }
  const restMs = performance.now() - begun;
  const last = seen.passes;
  while (seen.passes < last + 1_000) await turn();
  await system.stop();
  const shown = {
    mostWaiting,
    peakHeapMb: Math.round(heap / 1e6),
    peakRssMb: Math.round(rss / 1e6),
    deadLetters,
    passes: [first, second - first] as const,
    restartMs: Math.round(restartMs),
    restMs: Math.round(restMs),
  };
  return { shown, wrong };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
