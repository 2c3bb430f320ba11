// How a system ends that is told to.
import { describe, expect, it } from 'vitest';
import { behavior, effect, receive, start, stopped, type ActorRef, type Behavior } from 'portico';
import {
  application,
  memoryStore,
  perTaskState,
  platformHost,
  startSystem,
  type Application,
  type Host,
  type Ingress,
  type PorticoError,
  type Stream,
} from 'portico/dataflow';
import { virtualHost } from 'portico/testing';
import { CrashStore } from './crash-store.ts';

const total = perTaskState('total', 0);

function adding(): {
  readonly app: Application;
  readonly numbers: Ingress<number>;
  readonly sums: Stream<number>;
} {
  const app = application('adding', (app) => {
    const numbers = app.ingress<number>('numbers');
    const sums = app
      .workflow('sum')
      .source(numbers.stream)
      .map((n, ctx) => total.update(ctx, (sum) => sum + n))
      .sink();
    return { numbers, sums };
  });
  return { app, ...app.handles };
}

const quiet: Host = { ...platformHost(), log: () => undefined };

const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'done',
    (error: PorticoError) => error.code,
  );

/** Holds all calls of a store until it is let go. */
function hold(store: CrashStore): () => void {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  store.pause = () => held;
  return release;
}

/** What a system finds that is started with this store. */
async function sumIn(store: CrashStore): Promise<number | undefined> {
  const { app, numbers, sums } = adding();
  await using system = await startSystem({ applications: [app], store });
  let last: number | undefined;
  system.subscribe(sums, (sum) => {
    last = sum;
  });
  await system.send(numbers, 0);
  await system.idle();
  return last;
}

describe('a system that is kept and shut down', () => {
  it('commits and acknowledges what has entered, and lets nothing more in', async () => {
    const store = new CrashStore();
    const { app, numbers } = adding();
    const system = await startSystem({ applications: [app], store });
    const sends = [1, 10, 100].map((n) => system.send(numbers, n));
    const down = system.shutdown();
    await expect(system.send(numbers, 1_000)).rejects.toMatchObject({ code: 'system/shut-down' });
    await Promise.all([...sends, down]);
    expect(await sumIn(store)).toBe(111);
  });

  it('waits for the commit that is under way', async () => {
    const store = new CrashStore();
    const { app, numbers } = adding();
    const host = virtualHost();
    const system = await startSystem({ applications: [app], store, host });
    await host.run();
    const release = hold(store);
    const sends = [system.send(numbers, 1)];
    await host.run();
    sends.push(system.send(numbers, 10));
    let isDown = false;
    const down = system.shutdown().then(() => (isDown = true));
    await host.run();
    expect({ isDown, committing: store.committing }).toEqual({ isDown: false, committing: true });
    release();
    await Promise.all([...sends, down]);
    expect(await sumIn(store)).toBe(11);
  });

  it('gives up at the deadline if the store does not answer, and tells everybody', async () => {
    const store = new CrashStore();
    const { app, numbers } = adding();
    const system = await startSystem({ applications: [app], store });
    await system.send(numbers, 1);
    hold(store);
    const sends = [codeOf(system.send(numbers, 10))];
    await expect.poll(() => store.committing).toBe(true);
    sends.push(codeOf(system.send(numbers, 100)));
    expect(await codeOf(system.shutdown({ deadlineMs: 5 }))).toBe('system/unfinished');
    expect(await Promise.all(sends)).toEqual(['system/unfinished', 'system/unfinished']);
    store.crash();
    store.pause = () => Promise.resolve();
    expect(await sumIn(store)).toBe(1);
  });

  it('ends at once at the second call, and loses nothing that was committed', async () => {
    const store = new CrashStore();
    const { app, numbers } = adding();
    const system = await startSystem({ applications: [app], store });
    await system.send(numbers, 1);
    hold(store);
    const sent = codeOf(system.send(numbers, 10));
    await expect.poll(() => store.committing).toBe(true);
    const first = codeOf(system.shutdown({ deadlineMs: Infinity }));
    await system.shutdown();
    expect(await Promise.all([first, sent])).toEqual(['system/unfinished', 'system/unfinished']);
    store.crash();
    store.pause = () => Promise.resolve();
    expect(await sumIn(store)).toBe(1);
  });

  it('is not hurried by a disposal, nor by whoever hears of its end', async () => {
    const store = new CrashStore();
    const { app, numbers } = adding();
    const system = await startSystem({ applications: [app], store });
    await system.idle();
    let heard: Promise<void> | undefined;
    system.onEnd(() => {
      heard = system.shutdown();
    });
    const release = hold(store);
    const sent = system.send(numbers, 1);
    const ended = Promise.all([system.shutdown(), system[Symbol.asyncDispose]()]);
    await expect.poll(() => store.committing).toBe(true);
    release();
    await Promise.all([sent, ended, heard]);
    expect(await sumIn(store)).toBe(1);
  });

  it('says so if there was no room for what was left', async () => {
    const store = new CrashStore();
    const { app, numbers } = adding();
    const system = await startSystem({ applications: [app], store, host: quiet });
    await system.send(numbers, 1);
    store.journal.capacityBytes = 0;
    const sent = codeOf(system.send(numbers, 10));
    await expect(system.shutdown()).rejects.toMatchObject({
      code: 'system/unfinished',
      cause: { code: 'journal/full' },
    });
    expect(await sent).toBe('journal/full');
    store.journal.capacityBytes = Infinity;
    expect(await sumIn(store)).toBe(1);
  });

  it('says so if the store failed at the last commit, and not if it had failed before', async () => {
    const store = new CrashStore();
    for (const isBefore of [false, true]) {
      const { app, numbers } = adding();
      const system = await startSystem({ applications: [app], store, host: quiet });
      await system.send(numbers, 1);
      store.fault = () => new Error('the disk is gone');
      const sent = codeOf(system.send(numbers, 10));
      if (isBefore) await sent;
      expect(await codeOf(system.shutdown())).toBe(isBefore ? 'done' : 'system/unfinished');
      expect(await sent).toBe('store/failed');
      store.fault = undefined;
    }
    expect(await sumIn(store)).toBe(2);
  });
});

describe('a system that is drained', () => {
  /** Counts down, from each number that it is sent. */
  const counting = application('counting', (app) => {
    const numbers = app.ingress<number>('numbers');
    const all = app.sequencer<number>();
    const out = app
      .workflow()
      .source(all.stream)
      .filter((n) => n > 0)
      .map((n) => n - 1)
      .sink();
    app.connect(numbers.stream, all);
    app.connect(out, all);
    return { numbers, out };
  });
  const { numbers, out } = counting.handles;

  it.each([
    ['in memory', () => ({})],
    ['that is kept', () => ({ store: memoryStore() })],
  ])('does all that is under way, and lets nothing in, %s', async (_, options) => {
    const system = await startSystem({ applications: [counting], ...options() });
    const seen: number[] = [];
    system.subscribe(out, (n) => seen.push(n));
    const sent = system.send(numbers, 2_000);
    const down = system.shutdown({ drain: true });
    expect(await codeOf(system.send(numbers, 3_000))).toBe('system/shut-down');
    expect(await codeOf(system.sendOnce(numbers, { key: 'a' }, 3_000))).toBe('system/shut-down');
    await Promise.all([sent, down]);
    expect(seen).toHaveLength(2_000);
    expect(seen.at(-1)).toBe(0);
  });

  it('stops at the deadline what does not end, and says so if that is lost', async () => {
    const endless = { applications: [counting] };
    const inMemory = await startSystem(endless);
    await inMemory.send(numbers, Infinity);
    expect(await codeOf(inMemory.shutdown({ drain: true, deadlineMs: 5 }))).toBe('system/unfinished');
    const store = memoryStore();
    const kept = await startSystem({ ...endless, store });
    await kept.send(numbers, Infinity);
    await kept.shutdown({ drain: true, deadlineMs: 5 });
    // It goes on.
    const again = await startSystem({ ...endless, store });
    const seen: number[] = [];
    again.subscribe(out, (n) => seen.push(n));
    await expect.poll(() => seen.length).toBeGreaterThan(0);
    await again.shutdown();
  });

  it('ends at once at the second call', async () => {
    const system = await startSystem({ applications: [counting] });
    await system.send(numbers, Infinity);
    const first = codeOf(system.shutdown({ drain: true, deadlineMs: Infinity }));
    await system.shutdown();
    expect(await first).toBe('system/unfinished');
  });

  it('takes only times for a deadline', async () => {
    const system = await startSystem();
    const refused = system.shutdown({ deadlineMs: -1 });
    await expect(refused).rejects.toMatchObject({ code: 'system/bad-argument', where: 'shutdown' });
    await system.shutdown();
  });
});

describe('actors that are stopped', () => {
  let finish = (): void => undefined;
  let calls = 0;
  const pay = effect('pay', async (item: string) => {
    calls++;
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return `paid ${item}`;
  });
  type Order = { readonly item: string; readonly replyTo: ActorRef<string> } | { readonly reply: string };
  const buyer = behavior('buyer', (replyTo?: ActorRef<string>): Behavior<Order> =>
    receive((message, ctx) => {
      if ('item' in message) {
        ctx.run(pay, message.item, { as: {} });
        return buyer(message.replyTo);
      }
      if (replyTo !== undefined) ctx.send(replyTo, message.reply);
      return stopped;
    }),
  );

  it('with drain, end their effects and reply first', async () => {
    const system = await start({ behaviors: { buyer }, effects: { pay }, store: memoryStore() });
    calls = 0;
    const asked = system.ask(system.create(buyer()), { item: 'tea' });
    await expect.poll(() => calls).toBe(1);
    const down = system.stop({ drain: true });
    expect(() => system.create(buyer())).toThrow(expect.objectContaining({ code: 'system/shut-down' }));
    finish();
    expect(await asked).toBe('paid tea');
    await down;
  });

  it('without, end at once, and begin their effects anew when they are started again', async () => {
    const store = memoryStore();
    const system = await start({ behaviors: { buyer }, effects: { pay }, store });
    calls = 0;
    const asked = codeOf(system.ask(system.create(buyer(), { name: 'ann' }), { item: 'tea' }));
    await expect.poll(() => calls).toBe(1);
    await system.stop();
    expect(await asked).toBe('system/shut-down');
    await using again = await start({ behaviors: { buyer }, effects: { pay }, store });
    await expect.poll(() => calls).toBe(2);
    finish();
    await again.idle();
    // Its reply comes too late for the one who asked in the other run.
    expect(again.deadLetters.list()).toMatchObject([{ message: 'paid tea', reason: 'late' }]);
  });

  it('with drain, end at the deadline, or at the second call', async () => {
    for (const isHurried of [false, true]) {
      const system = await start({ behaviors: { buyer }, effects: { pay }, store: memoryStore() });
      calls = 0;
      const asked = codeOf(system.ask(system.create(buyer()), { item: 'tea' }));
      await expect.poll(() => calls).toBe(1);
      const down = codeOf(system.stop({ drain: true, deadlineMs: isHurried ? Infinity : 5 }));
      if (isHurried) await system.stop();
      // The call is kept.
      expect(await down).toBe('done');
      expect(await asked).toBe('system/shut-down');
    }
  });
});
