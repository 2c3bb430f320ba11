// What is sent again does not enter again.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  actorRef,
  behavior,
  receive,
  same,
  start,
  type ActorRef,
  type ActorSystem,
  type Behavior,
  type StandardSchema,
} from 'portico';
import {
  application,
  memoryStore,
  perTaskState,
  startSystem,
  type Ingress,
  type RunningOptions,
  type RunningSystem,
  type Stream,
} from 'portico/dataflow';
import { virtualHost } from 'portico/testing';
import { CrashStore } from './crash-store.ts';

const total = perTaskState('total', 0);

/** Adds up what it is sent. */
function adding(): {
  readonly applications: ReturnType<typeof application>[];
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
  return { applications: [app], ...app.handles };
}

/** The system, and the last sum that left it. */
async function started(options: RunningOptions): Promise<{
  readonly system: RunningSystem;
  readonly numbers: Ingress<number>;
  readonly sum: () => number | undefined;
}> {
  const { applications, numbers, sums } = adding();
  const system = await startSystem({ applications, ...options });
  let last: number | undefined;
  system.subscribe(sums, (sum) => {
    last = sum;
  });
  return { system, numbers, sum: () => last };
}

describe.each([
  ['in memory', () => ({})],
  ['that is kept', () => ({ store: memoryStore() })],
])('a system %s', (_, options) => {
  it('lets what has a key enter once', async () => {
    const { system, numbers, sum } = await started(options());
    expect(await system.sendOnce(numbers, { key: 'a' }, 1)).toBe(true);
    expect(await system.sendOnce(numbers, { key: 'a' }, 1)).toBe(false);
    expect(await system.sendOnce(numbers, { key: 'b' }, 10)).toBe(true);
    await system.idle();
    expect(sum()).toBe(11);
    await system.shutdown();
  });

  it('lets one of many enter that come at the same time', async () => {
    const { system, numbers, sum } = await started(options());
    const entered = await Promise.all(
      Array.from({ length: 50 }, () => system.sendOnce(numbers, { key: 'a' }, 1)),
    );
    expect(entered.filter(Boolean)).toHaveLength(1);
    await system.idle();
    expect(sum()).toBe(1);
    await system.shutdown();
  });

  it('lets no number of a client enter at or below its highest', async () => {
    const { system, numbers, sum } = await started(options());
    const entered: boolean[] = [];
    for (const seq of [1, 2, 2, 1, 5, 4, 6])
      entered.push(await system.sendOnce(numbers, { client: 'a', seq }, 10 ** seq));
    expect(entered).toEqual([true, true, false, false, true, false, true]);
    expect(await system.sendOnce(numbers, { client: 'b', seq: 0 }, 1)).toBe(true);
    expect(await system.sendOnce(numbers, { key: 'a' }, 7)).toBe(true);
    await system.idle();
    expect(sum()).toBe(1_100_110 + 1 + 7);
    await system.shutdown();
  });

  it('forgets the oldest keys beyond so many', async () => {
    const { system, numbers } = await started({ ...options(), remember: { maxKeys: 2 } });
    const again = (key: string): Promise<boolean> => system.sendOnce(numbers, { key }, 1);
    for (const key of ['a', 'b', 'c']) await again(key);
    expect([await again('c'), await again('b'), await again('a')]).toEqual([false, false, true]);
    expect([await again('c'), await again('b')]).toEqual([false, true]);
    await system.shutdown();
  });

  it('forgets keys after so long', async () => {
    const host = virtualHost();
    const { system, numbers } = await started({ ...options(), host, remember: { maxAgeMs: 1_000 } });
    const again = async (): Promise<boolean> => {
      const sent = system.sendOnce(numbers, { key: 'a' }, 1);
      await host.run();
      return sent;
    };
    expect(await again()).toBe(true);
    await host.advance(999);
    expect(await again()).toBe(false);
    await host.advance(1);
    expect(await again()).toBe(true);
  });
});

describe('a system that is kept', () => {
  it('knows after a restart what has entered', async () => {
    const store = memoryStore();
    const first = await started({ store });
    await first.system.sendOnce(first.numbers, { key: 'a' }, 1);
    await first.system.sendOnce(first.numbers, { client: 'b', seq: 4 }, 10);
    await first.system.shutdown();
    const { system, numbers, sum } = await started({ store });
    expect(await system.sendOnce(numbers, { key: 'a' }, 1)).toBe(false);
    expect(await system.sendOnce(numbers, { client: 'b', seq: 4 }, 10)).toBe(false);
    expect(await system.sendOnce(numbers, { client: 'b', seq: 5 }, 100)).toBe(true);
    await system.idle();
    expect(sum()).toBe(111);
    await system.shutdown();
  });

  it('forgets in the order in which the keys came, over restarts', async () => {
    const store = memoryStore();
    const entered: boolean[] = [];
    for (const keys of ['ca', 'bd', 'abdc']) {
      const { system, numbers } = await started({ store, remember: { maxKeys: 3 } });
      for (const key of keys) entered.push(await system.sendOnce(numbers, { key }, 1));
      await system.shutdown();
    }
    expect(entered).toEqual([true, true, true, true, false, false, false, true]);
  });

  it('keeps no more rows than it remembers keys', async () => {
    const store = new CrashStore();
    const { system, numbers } = await started({ store, remember: { maxKeys: 3 } });
    for (let i = 0; i < 10; i++) await system.sendOnce(numbers, { key: `${i}` }, 1);
    const rows = [...(store.rows.get(`once ${numbers.path}`)?.keys() ?? [])];
    expect(rows).toEqual(['k7', 'k8', 'k9']);
    await system.shutdown();
  });

  it('forgets all with the application', async () => {
    const store = new CrashStore();
    const { system, numbers } = await started({ store });
    await system.sendOnce(numbers, { key: 'a' }, 1);
    system.stop('adding');
    await system.idle();
    expect(store.keys().filter((row) => row.startsWith('once'))).toEqual([]);
    system.launch(adding().applications[0]!);
    expect(await system.sendOnce(numbers, { key: 'a' }, 1)).toBe(true);
    await system.shutdown();
  });

  it('acknowledges what came before only when that is durable', async () => {
    const store = new CrashStore();
    const host = virtualHost();
    const { system, numbers } = await started({ store, host });
    await host.run();
    let release = (): void => undefined;
    store.pause = () => new Promise((resolve) => (release = resolve));
    const acknowledged: string[] = [];
    const send = async (name: string): Promise<void> => {
      await system.sendOnce(numbers, { key: 'a' }, 1);
      acknowledged.push(name);
    };
    const sends = [send('first')];
    await host.run();
    sends.push(send('second'));
    await host.run();
    expect({ acknowledged, committing: store.committing }).toEqual({ acknowledged: [], committing: true });
    store.pause = () => Promise.resolve();
    release();
    await Promise.all([...sends, host.run()]);
    expect(acknowledged).toEqual(['first', 'second']);
    await send('third');
    expect(acknowledged).toHaveLength(3);
  });

  it.each([
    ['was durable', true],
    ['was not', false],
  ])('lets what is sent again after a crash enter once, whether the commit %s', async (_, keeps) => {
    const store = new CrashStore();
    const first = await started({ store });
    await first.system.sendOnce(first.numbers, { key: 'before' }, 1);
    store.pause = () => new Promise(() => undefined);
    void first.system.sendOnce(first.numbers, { key: 'a' }, 10);
    await expect.poll(() => store.committing).toBe(true);
    store.crash(keeps);
    store.pause = () => Promise.resolve();
    const { system, numbers, sum } = await started({ store });
    expect(await system.sendOnce(numbers, { key: 'a' }, 10)).toBe(!keeps);
    expect(await system.sendOnce(numbers, { key: 'before' }, 1)).toBe(false);
    await system.send(numbers, 100);
    await system.idle();
    expect(sum()).toBe(111);
    await system.shutdown();
  });
});

describe('an ingress that is full', () => {
  it('lets so many calls wait and refuses one more', async () => {
    const host = virtualHost();
    const { system, numbers, sum } = await started({ host, ingressLimit: 2, sendLimit: 3 });
    const sends = Array.from({ length: 6 }, (_, i) => system.send(numbers, 10 ** i));
    await expect(sends.at(-1)).rejects.toMatchObject({
      code: 'ingress/overflow',
      where: `${numbers.path}/stream`,
    });
    await host.run();
    await Promise.all(sends.slice(0, 5));
    expect(sum()).toBe(11_111);
    // There is room again.
    const later = system.send(numbers, 1);
    await host.run();
    await later;
  });

  it('lets no more in while so many wait for their commit', async () => {
    const store = new CrashStore();
    const { system, numbers, sum } = await started({ store, sendLimit: 3 });
    await system.idle();
    let release = (): void => undefined;
    store.pause = () => new Promise((resolve) => (release = resolve));
    const sends = [system.send(numbers, 1)];
    await expect.poll(() => store.committing).toBe(true);
    for (let i = 1; i < 6; i++) sends.push(system.send(numbers, 10 ** i));
    await expect(system.send(numbers, 10 ** 6)).rejects.toMatchObject({ code: 'ingress/overflow' });
    store.pause = () => Promise.resolve();
    release();
    await Promise.all(sends);
    await system.idle();
    expect(sum()).toBe(111_111);
    await system.shutdown();
  });

  it('lets one of those enter that wait with the same key', async () => {
    const host = virtualHost();
    const { system, numbers, sum } = await started({ host, ingressLimit: 1 });
    const sends = [1, 2, 3].map(async () => {
      await system.send(numbers, 1);
      return system.sendOnce(numbers, { key: 'a' }, 10);
    });
    const direct = [1, 2, 3].map(() => system.sendOnce(numbers, { key: 'a' }, 10));
    await host.run();
    const entered = await Promise.all([...sends, ...direct]);
    expect(entered.filter(Boolean)).toHaveLength(1);
    expect(sum()).toBe(13);
  });
});

describe('the door of a system that is kept', () => {
  it('refuses what is too large, and nothing else', async () => {
    const app = application('texts', (app) => {
      const texts = app.ingress<unknown>('texts');
      const lengths = app
        .workflow()
        .source(texts.stream)
        .map((text) => (text as string).length)
        .sink();
      return { texts, lengths };
    });
    const { texts, lengths } = app.handles;
    const system = await startSystem({ applications: [app], store: memoryStore(), maxMessageBytes: 1_000 });
    const seen: number[] = [];
    system.subscribe(lengths, (n) => seen.push(n));
    const tooLarge = { code: 'codec/too-large', where: `${texts.path}/stream` };
    await expect(system.send(texts, 'x'.repeat(1_001))).rejects.toMatchObject(tooLarge);
    await expect(system.send(texts, 'ok', ['x'.repeat(1_001)])).rejects.toMatchObject(tooLarge);
    await expect(system.sendOnce(texts, { key: 'a' }, 'x'.repeat(1_001))).rejects.toMatchObject(tooLarge);
    // A key is not used up by what was refused.
    expect(await system.sendOnce(texts, { key: 'a' }, 'x'.repeat(900))).toBe(true);
    await system.idle();
    expect(seen).toEqual([900]);
    await system.shutdown();
  });

  it.each([
    ['nothing', undefined],
    ['an empty key', { key: '' }],
    ['a key that is too long', { key: 'x'.repeat(1_001) }],
    ['both forms', { key: 'a', client: 'b', seq: 1 }],
    ['a client without a number', { client: 'b' }],
    ['a number that is none', { client: 'b', seq: 1.5 }],
  ])('refuses %s for a key', async (_, once) => {
    const { system, numbers } = await started({});
    const sent = system.sendOnce(numbers, once as never, 1);
    await expect(sent).rejects.toMatchObject({ code: 'system/bad-argument', where: 'sendOnce' });
    await system.shutdown();
  });
});

type Purchase =
  | { readonly type: 'add'; readonly amount: number }
  | { readonly type: 'buy'; readonly amount: number; readonly replyTo: ActorRef<number> }
  | { readonly type: 'fail'; readonly replyTo: ActorRef<number> }
  | { readonly type: 'later'; readonly replyTo: ActorRef<number> }
  | { readonly type: 'now' };

/** Says what was bought so far; one who asks `later` is told `now`. */
const account = behavior('account', (total: number, later?: ActorRef<number>): Behavior<Purchase> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'add':
        return account(total + message.amount, later);
      case 'buy':
        ctx.send(message.replyTo, total + message.amount);
        return account(total + message.amount, later);
      case 'fail':
        throw new Error('out of stock');
      case 'later':
        return account(total + 1, message.replyTo);
      case 'now':
        if (later !== undefined) ctx.send(later, total);
        return same;
    }
  }),
);
const behaviors = { account };

describe.each([
  ['in memory', () => ({})],
  ['that is kept', () => ({ store: memoryStore() })],
])('an actor of a system %s', (_, options) => {
  it('handles a message with a key once', async () => {
    await using system = await start({ behaviors, ...options() });
    const [ann, bob] = [system.entity(account(0), 'ann'), system.entity(account(0), 'bob')];
    for (const ref of [ann, ann, bob]) {
      await system.send(ref, { type: 'add', amount: 1 }, { idempotencyKey: 'a' });
      await system.send(ref, { type: 'add', amount: 10 }, { idempotencyKey: { client: 'a', seq: 7 } });
      await system.send(ref, { type: 'add', amount: 100 }, { idempotencyKey: { client: 'a', seq: 6 } });
    }
    expect(await system.ask(ann, { type: 'buy', amount: 0 })).toBe(11);
    expect(await system.ask(bob, { type: 'buy', amount: 0 })).toBe(11);
  });

  it('gets what is sent with and without a key in the order in which it was sent', async () => {
    await using system = await start({ behaviors: { account, list }, ...options() });
    const ref = system.create(list([]));
    for (let i = 0; i < 20; i++) {
      const options = i % 3 === 0 ? { idempotencyKey: `${i}` } : {};
      void system.send(ref, { add: i }, options);
    }
    expect(await system.ask(ref, {})).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('is asked once, and all who ask get the one answer', async () => {
    await using system = await start({ behaviors, ...options() });
    const ref = system.entity(account(0), 'ann');
    const buy = (idempotencyKey: string): Promise<number> =>
      system.ask(ref, { type: 'buy', amount: 5 }, { idempotencyKey });
    expect(await Promise.all([buy('a'), buy('a'), buy('b'), buy('a')])).toEqual([5, 5, 10, 5]);
    expect(await buy('a')).toBe(5);
    expect(await system.ask(ref, { type: 'buy', amount: 0 })).toBe(10);
    expect(system.deadLetters.list()).toEqual([]);
  });

  it('lets those who ask again wait for the first attempt', async () => {
    await using system = await start({ behaviors, ...options() });
    const ref = system.entity(account(0), 'ann');
    const ask = (timeoutMs: number): Promise<number> =>
      system.ask(ref, { type: 'later' }, { idempotencyKey: 'a', timeoutMs });
    // That this caller waits no longer is no answer.
    await expect(ask(1)).rejects.toMatchObject({ code: 'ask/timeout' });
    const again = ask(30_000);
    await system.send(ref, { type: 'now' });
    expect(await again).toBe(1);
    expect(await ask(30_000)).toBe(1);
  });

  it('answers with the failure that was', async () => {
    await using system = await start({ behaviors, ...options(), log: () => undefined });
    const ref = system.create(account(0));
    const ask = (): Promise<number> => system.ask(ref, { type: 'fail' }, { idempotencyKey: 'a' });
    await expect(ask()).rejects.toMatchObject({ code: 'ask/failed' });
    await expect(ask()).rejects.toMatchObject({ code: 'ask/failed' });
    expect(system.deadLetters.count).toBe(1);
  });

  it('is asked again when the key was forgotten, and its answer with it', async () => {
    await using system = await start({ behaviors, ...options(), remember: { maxKeys: 2 } });
    const ref = system.entity(account(0), 'ann');
    const buy = (idempotencyKey: string): Promise<number> =>
      system.ask(ref, { type: 'buy', amount: 1 }, { idempotencyKey });
    const totals: number[] = [];
    for (const key of ['a', 'b', 'c', 'c', 'b', 'a']) totals.push(await buy(key));
    expect(totals).toEqual([1, 2, 3, 3, 2, 4]);
  });

  it('has a second reply set aside as late', async () => {
    await using system = await start({ behaviors, ...options() });
    const ref = system.entity(account(0), 'ann');
    const asked = system.ask(ref, { type: 'later' }, { idempotencyKey: 'a' });
    await system.send(ref, { type: 'now' });
    await system.send(ref, { type: 'now' });
    expect(await asked).toBe(1);
    await system.idle();
    expect(system.deadLetters.list()).toMatchObject([{ reason: 'late', message: 1 }]);
    expect(await system.ask(ref, { type: 'later' }, { idempotencyKey: 'a' })).toBe(1);
  });

  it('with a schema refuses what does not fit, and its key is not used up by that', async () => {
    await using system = await start({ behaviors: { strictCounter }, ...options() });
    const ref = system.create(strictCounter(0), { name: 'strict' });
    const add = async (n: number): Promise<void> =>
      system.send(actorRef<Counted>('strict'), { add: n }, { idempotencyKey: 'a' });
    await expect(add(-1)).rejects.toMatchObject({ code: 'actor/bad-message' });
    for (const n of [1, 2, 3]) await add(n);
    expect(await system.ask(ref, { add: 0 }, { idempotencyKey: 'a' })).toBe(1);
  });

  it('takes no key that is none', async () => {
    await using system = await start({ behaviors, ...options() });
    const ref = system.create(account(0));
    const bad = { code: 'system/bad-argument' };
    const add = { type: 'add', amount: 1 } as const;
    await expect(system.send(ref, add, { idempotencyKey: '' })).rejects.toMatchObject(bad);
    await expect(system.send(ref, add, { idempotencyKey: 7 as never })).rejects.toMatchObject(bad);
    await expect(system.send(ref, add, { idempotencyKey: null as never })).rejects.toMatchObject(bad);
    await expect(
      system.ask(ref, { type: 'later' }, { idempotencyKey: { client: 'a', seq: 1 } as never }),
    ).rejects.toMatchObject(bad);
  });
});

describe('an ask with a key, of a system that is kept', () => {
  it('is answered from the record after a restart', async () => {
    const store = memoryStore();
    const answers: number[] = [];
    for (let run = 0; run < 3; run++) {
      await using system = await start({ behaviors, store });
      const ref = system.entity(account(0), 'ann');
      answers.push(await system.ask(ref, { type: 'buy', amount: 5 }, { idempotencyKey: 'a' }));
      answers.push(await system.ask(ref, { type: 'buy', amount: 1 }, { idempotencyKey: `b${run}` }));
    }
    expect(answers).toEqual([5, 6, 5, 7, 5, 8]);
  });

  it('is waited for in a later run than the one in which it was asked', async () => {
    const store = memoryStore();
    const first = await start({ behaviors, store });
    const asked = first.ask(first.entity(account(0), 'ann'), { type: 'later' }, { idempotencyKey: 'a' });
    await first.idle();
    await Promise.all([first.stop(), expect(asked).rejects.toMatchObject({ code: 'system/shut-down' })]);
    await using system = await start({ behaviors, store });
    const ref = system.entity(account(0), 'ann');
    const again = [1, 2].map(() => system.ask(ref, { type: 'later' }, { idempotencyKey: 'a' }));
    await system.send(ref, { type: 'now' });
    expect(await Promise.all(again)).toEqual([1, 1]);
  });

  it.each([
    ['was durable', true],
    ['was not', false],
  ])('is handled once over a crash, whether its commit %s', async (_, keeps) => {
    const store = new CrashStore();
    const first = await start({ behaviors, store });
    await first.idle();
    store.pause = () => new Promise(() => undefined);
    void first.ask(first.entity(account(0), 'ann'), { type: 'buy', amount: 5 }, { idempotencyKey: 'a' });
    await expect.poll(() => store.committing).toBe(true);
    store.crash(keeps);
    store.pause = () => Promise.resolve();
    await using system = await start({ behaviors, store });
    const ref = system.entity(account(0), 'ann');
    expect(await system.ask(ref, { type: 'buy', amount: 5 }, { idempotencyKey: 'a' })).toBe(5);
    expect(await system.ask(ref, { type: 'buy', amount: 0 })).toBe(5);
  });

  it('leaves no rows when its key was forgotten', async () => {
    const store = new CrashStore();
    await using system = await start({ behaviors, store, remember: { maxKeys: 2 } });
    const ref = system.entity(account(0), 'ann');
    for (let i = 0; i < 6; i++) await system.ask(ref, { type: 'buy', amount: 1 }, { idempotencyKey: `${i}` });
    await system.idle();
    const rows = store.keys();
    expect(rows.filter((row) => row.startsWith('once'))).toHaveLength(2);
    expect(rows.filter((row) => row.startsWith('kept') && row.includes('answers'))).toHaveLength(2);
  });
});

type Counted = { readonly add: number } | { readonly add: number; readonly replyTo: ActorRef<number> };

/** Takes no number below 0. */
const notBelow0: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => ((value as Counted).add < 0 ? { issues: [{ message: 'below 0' }] } : { value }),
  },
};

const strictCounter = behavior(
  'strict counter',
  (count: number): Behavior<Counted> =>
    receive((message, ctx) => {
      const now = count + message.add;
      if ('replyTo' in message) ctx.send(message.replyTo, now);
      return strictCounter(now);
    }),
  { schema: notBelow0 },
);

type Listed = { readonly add: number } | { readonly replyTo: ActorRef<readonly number[]> };

const list = behavior('list', (numbers: readonly number[]): Behavior<Listed> =>
  receive((message, ctx) => {
    if ('add' in message) return list([...numbers, message.add]);
    ctx.send(message.replyTo, numbers);
    return same;
  }),
);

describe('actors that are flooded', () => {
  it.each([
    ['in memory', () => ({})],
    ['that are kept', () => ({ store: memoryStore() })],
  ])('refuse what is too much at a time, %s', async (_, options) => {
    await using system = await start({ behaviors, sendLimit: 2_000, ...options() });
    const ref = system.entity(account(0), 'ann');
    const sends = Array.from({ length: 2_500 }, () => system.send(ref, { type: 'add', amount: 1 }));
    expect(() => system.create(account(0))).toThrow(expect.objectContaining({ code: 'ingress/overflow' }));
    const outcomes = await Promise.allSettled(sends);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2_000);
    expect(outcomes.at(-1)).toMatchObject({ reason: { code: 'ingress/overflow' } });
    // There is room again.
    expect(await system.ask(ref, { type: 'buy', amount: 0 })).toBe(2_000);
  });
});

describe('a client that asks until it is answered', () => {
  /** For each request: how often the system crashes before it is answered, and whether the commit under way is kept. */
  const requests = fc.array(
    fc.array(fc.record({ after: fc.nat(6), keeps: fc.boolean() }), { maxLength: 3 }),
    {
      minLength: 1,
      maxLength: 5,
    },
  );

  /** Lets the platform have a few turns. */
  async function turns(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  it('is answered once for each request, over any crashes', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (all) => {
        const store = new CrashStore();
        const answers: number[] = [];
        for (const [i, crashes] of all.entries()) {
          const ask = async (system: ActorSystem): Promise<number> =>
            system.ask(
              system.entity(account(0), 'ann'),
              { type: 'buy', amount: 1 },
              { idempotencyKey: `${i}`, timeoutMs: Infinity },
            );
          for (const { after, keeps } of crashes) {
            const system = await start({ behaviors, store });
            store.pause = () => turns(1);
            ask(system).catch(() => undefined);
            await turns(after);
            store.crash(keeps);
            store.pause = () => Promise.resolve();
          }
          const system = await start({ behaviors, store });
          answers.push(await ask(system));
          await system.stop();
        }
        expect(answers).toEqual(all.map((_, i) => i + 1));
      }),
      { numRuns: 20 },
    );
  });
});
