// Those outside who are slow: readers, effects that hang, those who take care of kept values. What waits for them is bounded, senders
// wait or are refused, and nothing is lost (J2 of the backlog).
import { describe, expect, it } from 'vitest';
import { behavior, effect, receive, same, start, valueState, type ActorRef } from 'portico';
import { application, memoryStore, platformHost, startSystem, type Store } from 'portico/dataflow';

const quiet = { ...platformHost(), log: () => undefined };
const settled = (sends: readonly Promise<unknown>[]): Promise<PromiseSettledResult<unknown>[]> =>
  Promise.allSettled(sends);

/** Doubles what comes. */
const doubling = () =>
  application('doubling', (app) => {
    const numbers = app.ingress<number>('numbers');
    const out = app
      .workflow()
      .source(numbers.stream)
      .map((n) => 2 * n)
      .sink();
    return { numbers, out };
  });

describe('a reader that reads slowly', () => {
  it('lets senders wait, and misses nothing', async () => {
    const app = doubling();
    const { numbers, out } = app.handles;
    const system = await startSystem({
      applications: [app],
      host: quiet,
      backlogLimit: 400,
      ingressLimit: 10,
    });
    const reader = system.read(out);
    let taken = 0;
    const sends = Array.from({ length: 1_000 }, async (_, n) => {
      await system.send(numbers, n);
      taken++;
    });
    let most = 0;
    const seen: number[] = [];
    while (seen.length < 1_000) {
      const { value } = await reader.next();
      seen.push(value as number);
      most = Math.max(most, system.partition.backlog.events);
      // What was let in is what was read, what may wait, and what came before anybody looked.
      expect(taken).toBeLessThanOrEqual(seen.length + 100 + 20);
    }
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, n) => 2 * n));
    expect(most).toBeGreaterThanOrEqual(100);
    await Promise.all(sends);
    await system.shutdown();
  });

  it('holds nobody back any more once it is closed', async () => {
    const app = doubling();
    const { numbers, out } = app.handles;
    const system = await startSystem({
      applications: [app],
      host: quiet,
      backlogLimit: 400,
      ingressLimit: 10,
    });
    const reader = system.read(out);
    const sends = Array.from({ length: 300 }, (_, n) => system.send(numbers, n));
    await reader.next();
    await expect.poll(() => system.partition.backlog.shut).toBe(true);
    await reader.return?.();
    await Promise.all(sends);
    await system.idle();
    expect(system.partition.backlog.events).toBe(0);
    await system.shutdown();
  });

  it('holds nobody back if the stream is retained: what it keeps it keeps anyway', async () => {
    const app = application('kept', (app) => {
      const numbers = app.ingress<number>('numbers');
      return { numbers, out: app.retain(app.workflow().source(numbers.stream).identity().sink()) };
    });
    const { numbers, out } = app.handles;
    const system = await startSystem({
      applications: [app],
      host: quiet,
      backlogLimit: 400,
      ingressLimit: 10,
    });
    const reader = system.readFrom(out);
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => system.send(numbers, n)));
    await system.idle();
    expect(system.partition.backlog.events).toBe(0);
    for (let n = 0; n < 1_000; n++) expect((await reader.next()).value?.value).toBe(n);
    await system.shutdown();
  });
});

describe('a subscriber that is slow', () => {
  it('lets the system be as slow, and gets all', async () => {
    const app = doubling();
    const { numbers, out } = app.handles;
    const system = await startSystem({
      applications: [app],
      host: quiet,
      ingressLimit: 4,
      backlogLimit: 400,
    });
    let seen = 0;
    let most = 0;
    system.subscribe(out, () => {
      seen++;
      for (let i = 0; i < 10_000; i++) Math.sqrt(i);
      most = Math.max(most, system.partition.backlog.events);
    });
    await Promise.all(Array.from({ length: 5_000 }, (_, n) => system.send(numbers, n)));
    await system.idle();
    expect(seen).toBe(5_000);
    // As many as the ingress holds, and one on each of its ways.
    expect(most).toBeLessThanOrEqual(8);
    await system.shutdown();
  });
});

const done = valueState('done', 0);
type Work =
  | { readonly job: number; readonly reply?: number; readonly failure?: object }
  | { readonly replyTo: ActorRef<number> };

describe.each<[string, () => Store | undefined]>([
  ['in memory', () => undefined],
  ['kept', () => memoryStore()],
])('effects that hang, %s', (_, storeOf) => {
  it('let senders wait, then refuse them; all that was taken is done when they go on', async () => {
    let release = (): void => undefined;
    const open = new Promise<void>((resolve) => (release = resolve));
    let running = 0;
    let mostRunning = 0;
    const slow = effect(
      'slow',
      async (job: number) => {
        mostRunning = Math.max(mostRunning, ++running);
        await open;
        running--;
        return job;
      },
      { concurrency: 4 },
    );
    const worker = behavior('worker', () =>
      receive<Work>((message, ctx) => {
        if ('replyTo' in message) ctx.send(message.replyTo, done.get(ctx));
        else if (message.reply === undefined) ctx.run(slow, message.job, { as: { job: message.job } });
        else done.update(ctx, (n) => n + 1);
        return same;
      }),
    );
    const store = storeOf();
    const system = await start({
      behaviors: { worker },
      effects: { slow },
      backlogLimit: 400,
      sendLimit: 200,
      host: quiet,
      ...(store && { store }),
    });
    const ref = system.entity(worker(), 'w');
    const taken: number[] = [];
    const sends: Promise<unknown>[] = [];
    let refused = 0;
    for (let job = 0; job < 1_000; job++) {
      const sent = system.send(ref, { job }).then(
        () => taken.push(job),
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'ingress/overflow' });
          refused++;
        },
      );
      sends.push(sent);
      if (job % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await expect.poll(() => refused > 0 && system.dataflow.partition.backlog.shut).toBe(true);
    expect(mostRunning).toBe(4);
    expect(system.dataflow.partition.backlog.events).toBeLessThanOrEqual(400);
    expect(taken.length).toBeLessThanOrEqual(400);
    release();
    await settled(sends);
    await system.idle();
    expect(taken.length + refused).toBe(1_000);
    expect(await system.ask(ref, {})).toBe(taken.length);
    expect(system.dataflow.partition.backlog.events).toBe(0);
    await system.stop();
  });
});

describe('those who take care of kept values and are never done', () => {
  it('let senders wait; what was taken is there after a restart', async () => {
    const store = memoryStore();
    const app = application('orders', (app) => {
      const orders = app.ingress<number>('orders');
      const parcels = app.egress<number>('parcels', { kept: true });
      app
        .workflow()
        .source(orders.stream)
        .processor((n, ctx) => {
          ctx.release(parcels, n);
        })
        .sink();
      return { orders, parcels };
    });
    const { orders, parcels } = app.handles;
    const options = { applications: [app], host: quiet, store, backlogLimit: 400, ingressLimit: 10 };
    const first = await startSystem(options);
    let handed = 0;
    first.handle(parcels, () => handed++);
    let taken = 0;
    const sends = Array.from({ length: 500 }, (_, n) =>
      first.send(orders, n).then(
        () => taken++,
        () => undefined,
      ),
    );
    await expect.poll(() => first.partition.backlog.shut).toBe(true);
    await expect.poll(() => handed === taken && taken >= 100).toBe(true);
    expect(taken).toBeLessThanOrEqual(120);
    await first.shutdown();
    await settled(sends);

    const second = await startSystem(options);
    const again: number[] = [];
    second.handle(parcels, (n, { id }) => {
      again.push(n);
      void Promise.resolve().then(() => second.settle(parcels, id));
    });
    await second.idle();
    await expect.poll(() => second.partition.backlog.events).toBe(0);
    expect(again).toEqual(Array.from({ length: taken }, (_, n) => n));
    await second.send(orders, 1_000);
    await expect.poll(() => again.at(-1)).toBe(1_000);
    await second.shutdown();
  });
});
