// Those outside who are slow, under very many values: what memory they take, and what becomes of the values.
import { behavior, effect, receive, same, start, type ActorSystem } from 'portico';
import { application, platformHost, startSystem, type PorticoError } from 'portico/dataflow';

export interface Slow {
  readonly who: string;
  /** How many values were let in, how many of them had arrived when it ended, and what became of the others. */
  readonly taken: number;
  readonly arrived: number;
  readonly refused: number;
  readonly end: string;
  readonly mostWaiting: number;
  readonly peakHeapMb: number;
}

const host = { ...platformHost(), log: () => undefined };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function watcher() {
  let peak = 0;
  return {
    look: () => (peak = Math.max(peak, process.memoryUsage().heapUsed)),
    peakHeapMb: () => Math.round(peak / 1e6),
  };
}

/** A subscriber, or a reader, that takes a while for each of so many values. */
export async function slowReader(kind: 'subscribe' | 'read' | 'readFrom', values: number): Promise<Slow> {
  const app = application('numbers', (app) => {
    const numbers = app.ingress<number>('numbers');
    const out = app
      .workflow()
      .source(numbers.stream)
      .map((n) => n)
      .sink();
    return { numbers, out: kind === 'readFrom' ? app.retain(out) : out };
  });
  const { numbers, out } = app.handles;
  const system = await startSystem({ applications: [app], host, backlogLimit: 400_000 });
  const watch = watcher();
  let [taken, arrived, refused, mostWaiting] = [0, 0, 0, 0];
  const order = { kept: true };
  const take = (n: number): void => {
    order.kept &&= n === arrived;
    arrived++;
    if (arrived % 1_000 === 0) watch.look();
  };
  let end = 'all arrived';
  const reads = async (): Promise<void> => {
    const iterate = async <T>(all: AsyncIterable<T>, numberOf: (value: T) => number): Promise<void> => {
      for await (const value of all) {
        take(numberOf(value));
        // Slower than what sends.
        if (arrived % 200 === 0) await turn();
        if (arrived === values) return;
      }
    };
    try {
      if (kind === 'read') await iterate(system.read(out), (n) => n);
      else await iterate(system.readFrom(out), ({ value }) => value);
    } catch (error) {
      end = (error as PorticoError).code;
    }
  };
  if (kind === 'subscribe')
    system.subscribe(out, (n) => {
      for (let i = 0; i < 100; i++) Math.sqrt(i);
      take(n);
    });
  const reading = kind === 'subscribe' ? undefined : reads();
  const sends: Promise<void>[] = [];
  for (let next = 0; next < values; next += 1_000) {
    const atOnce = Array.from({ length: Math.min(1_000, values - next) }, (_, i) => next + i);
    sends.push(
      system.send(numbers, ...atOnce).then(
        () => void (taken += atOnce.length),
        () => void (refused += atOnce.length),
      ),
    );
    mostWaiting = Math.max(mostWaiting, system.partition.backlog.events);
    watch.look();
    await turn();
  }
  await Promise.all(sends);
  await reading;
  await system.idle();
  if (!order.kept) end = 'out of order';
  await system.shutdown();
  return { who: kind, taken, arrived, refused, end, mostWaiting, peakHeapMb: watch.peakHeapMb() };
}

/** So many calls of an effect that hangs until all were offered. */
export async function hangingEffect(values: number): Promise<Slow> {
  let release = (): void => undefined;
  const open = new Promise<null>((resolve) => {
    release = () => {
      resolve(null);
    };
  });
  const hanging = effect('hanging', () => open, { concurrency: 16 });
  let arrived = 0;
  const worker = behavior('worker', () =>
    receive<{ readonly reply?: null; readonly failure?: object } | 'go'>((message, ctx) => {
      if (message === 'go') ctx.run(hanging, undefined, { as: {} });
      else arrived++;
      return same;
    }),
  );
  const system: ActorSystem = await start({
    behaviors: { worker },
    effects: { hanging },
    host,
    backlogLimit: 400_000,
  });
  const ref = system.entity(worker(), 'w');
  const watch = watcher();
  let [taken, refused, mostWaiting] = [0, 0, 0];
  const sends: Promise<void>[] = [];
  for (let sent = 0; sent < values; sent++) {
    const outcome = system.send(ref, 'go').then(
      () => void taken++,
      () => void refused++,
    );
    if (sent % 1_000 === 0) {
      sends.push(outcome);
      mostWaiting = Math.max(mostWaiting, system.dataflow.partition.backlog.events);
      watch.look();
      await turn();
    }
  }
  release();
  await Promise.all(sends);
  await system.idle();
  const end = arrived === taken && taken + refused === values ? 'all arrived' : 'something is missing';
  await system.stop();
  return { who: 'effect', taken, arrived, refused, end, mostWaiting, peakHeapMb: watch.peakHeapMb() };
}
