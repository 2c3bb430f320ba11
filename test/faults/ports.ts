// What a system does when one call of a port fails, case by case: each of these once went wrong.
import {
  application,
  memoryStore,
  perKeyState,
  PorticoError,
  startSystem,
  type Ingress,
  type RunningSystem,
  type Store,
} from 'portico/dataflow';
import { behavior, effect, receive, resume, same, start, type Failure } from 'portico';
import { Faults, virtualHost, type Fault, type VirtualHost } from 'portico/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts';
import { rejected } from '../errors/said.ts';

const causeOf = (error: PorticoError): unknown => error.cause;

/** What nobody looked at: Node ends a process for it. */
const unseen: unknown[] = [];
const see = (error: unknown): void => void unseen.push(error);
beforeEach(() => {
  unseen.length = 0;
  process.on('unhandledRejection', see);
});
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', see);
  expect(unseen).toEqual([]);
});

const planted = 'a text that was thrown';
const fails = (operation: string, call: number, more: Partial<Fault> = {}): Faults =>
  new Faults([{ operation, call, when: 'before', error: planted, ...more }]);

const count = perKeyState('count', 0);

interface Life {
  readonly system: RunningSystem;
  readonly host: VirtualHost;
  readonly words: Ingress<string>;
}

async function live(store: Store, faults = new Faults()): Promise<Life> {
  const app = application('app', (app) => {
    const words = app.ingress<string>('words');
    app
      .workflow('w')
      .source(words.stream)
      .processor((_, ctx) => void count.update(ctx, (n) => n + 1))
      .sink();
    return { words };
  });
  const host = virtualHost();
  const system = await startSystem({
    applications: [app],
    store: faults.store(store),
    host: faults.host(host),
  });
  return { system, host, words: app.handles.words };
}

/** What is told to who calls, while the host runs. */
async function told(host: VirtualHost, promise: Promise<unknown>, ms = 0): Promise<PorticoError> {
  const [error] = await Promise.all([rejected(promise), host.advance(ms)]);
  return error;
}

/** A store that has records beyond its state, and rows in its state. */
async function used(): Promise<Store> {
  const store = memoryStore();
  const { system, host, words } = await live(store);
  await Promise.all([system.send(words, 'a'), host.run()]);
  await system.shutdown();
  return store;
}

describe('a store that fails at the start', () => {
  it.each([
    ['Store.parts', 1],
    ['Journal.open', 1],
    ['Journal.read', 1],
    ['Journal.check', 1],
    ['State.open', 1],
    ['State.tables', 1],
    ['State.scan', 1],
  ])('by %s is the cause of an error of Portico, whatever it threw', async (operation, call) => {
    const store = await used();
    const error = await rejected(live(store, fails(operation, call)));
    expect(error.code).toBe('store/failed');
    expect(causeOf(error)).toBe(planted);
  });

  it('is let go of as a whole, also if that fails as well, and the first failure is told', async () => {
    const first = new Error('no image');
    const faults = new Faults([
      { operation: 'State.tables', call: 1, when: 'before', error: first },
      { operation: 'State.close', call: 1, when: 'at once', error: planted },
      { operation: 'Journal.close', call: 1, when: 'before', error: planted },
    ]);
    const error = await rejected(live(await used(), faults));
    expect(causeOf(error)).toBe(first);
    expect(faults.calls.get('Journal.close')).toBe(1);
  });
});

describe('a store that fails at the end', () => {
  it.each(['State.close', 'Journal.close'])(
    'by %s is the cause of an error of Portico',
    async (operation) => {
      const faults = fails(operation, 1);
      const { system, host } = await live(memoryStore(), faults);
      const error = await told(host, system.shutdown());
      expect(error.code).toBe('store/failed');
      expect(causeOf(error)).toBe(planted);
      expect(faults.calls.get('Journal.close')).toBe(1);
    },
  );
});

/** The first call of an operation after the start. */
async function firstAfterStart(operation: string, store: Store): Promise<number> {
  const faults = new Faults();
  const { system } = await live(store, faults);
  const calls = faults.calls.get(operation) ?? 0;
  await system.shutdown();
  return calls + 1;
}

describe('migrating', () => {
  it('is refused with the cause if the state cannot be read', async () => {
    const store = await used();
    const { system, host } = await live(
      store,
      fails('State.scan', await firstAfterStart('State.scan', store)),
    );
    const error = await told(host, system.migrate());
    expect(error.code).toBe('store/failed');
    expect(causeOf(error)).toBe(planted);
    await Promise.all([system.shutdown(), host.run()]);
  });

  it('ends with the system, though the state never answers', async () => {
    const store = await used();
    const call = await firstAfterStart('State.scan', store);
    const { system, host } = await live(store, fails('State.scan', call, { when: 'never' }));
    const migrating = rejected(system.migrate());
    await host.run();
    await Promise.all([system.shutdown(), host.run()]);
    expect((await migrating).code).toBe('system/shut-down');
  });
});

/** Calls at the same time: the codes of those that were refused. */
async function refusals({ system, host, words }: Life): Promise<string[]> {
  const calls = ['a', 'b', 'c'].map((word) => system.send(words, word).then(() => system.idle()));
  const all = Promise.allSettled([...calls, system.idle()]);
  await host.advance(5_000);
  const codes = (await all).flatMap((each) =>
    each.status === 'rejected' ? [(each.reason as PorticoError).code] : [],
  );
  await Promise.allSettled([system.shutdown(), host.run()]);
  return codes;
}

describe('a host that fails', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('to yield for the %i. time leaves nobody waiting', async (call) => {
    const faults = fails('Host.yield', call, { when: 'at once' });
    const life = await live(memoryStore(), faults).catch((error: unknown) => error as PorticoError);
    const codes: string[] = [];
    if (life instanceof PorticoError) codes.push(life.code);
    else codes.push(...(await refusals(life)));
    for (const code of codes) expect(code).toMatch(/^(host|system)\/failed$/);
    expect(faults.met.length === 0).toBe(codes.length === 0);
  });

  it('to yield when the system ends for another reason lets all be told who read and wait', async () => {
    const app = application('app', (app) => app.workflow('w').source(app.generators.signal(1)).sink());
    const host = virtualHost();
    const faults = new Faults([
      {
        operation: 'Journal.check',
        call: 2,
        when: 'before',
        error: planted,
        next: { operation: 'Host.yield', call: 1, when: 'at once', error: planted, lasting: true },
      },
    ]);
    const system = await startSystem({
      applications: [app],
      store: faults.store(memoryStore()),
      host: faults.host(host),
    });
    await host.run();
    const reader = system.read(app.handles);
    const reading = rejected(reader.next());
    const ends: unknown[] = [];
    system.onEnd((reason) => ends.push(reason.code));
    await host.advance(3_000);
    expect(ends).toEqual(['system/failed']);
    expect((await reading).code).toBe('system/failed');
  });

  it('to wait for room of its journal is the cause of what all are told who wait for the commit', async () => {
    const full = new PorticoError({
      code: 'journal/full',
      where: 'here',
      what: 'no room',
      cure: 'Make some',
    });
    const store = memoryStore();
    const call = await firstAfterStart('Host.after', store);
    const faults = new Faults([
      { operation: 'Journal.append', call: 1, when: 'before', error: full },
      { operation: 'Host.after', call, when: 'at once', error: planted },
    ]);
    const { system, host, words } = await live(store, faults);
    const error = await told(host, system.send(words, 'a'));
    expect(error.code).toBe('host/failed');
    expect(causeOf(error)).toBe(planted);
    expect((await rejected(system.idle())).code).toBe('system/failed');
  });

  it('to give entropy lets actors not start', async () => {
    for (const call of [1, 2, 3]) {
      const faults = fails('Host.entropy', call, { when: 'at once' });
      const error = await rejected(start({ host: faults.host(virtualHost()) }));
      expect(error.code).toBe('host/failed');
      expect(causeOf(error)).toBe(planted);
    }
  });

  it('to tell the time within a turn ends the system, and the message is handled when it can', async () => {
    const told: number[] = [];
    const asks = behavior('asks', () =>
      receive<'time'>((_, ctx) => {
        ctx.emit(ctx.nowMs);
        return same;
      }),
    );
    const store = memoryStore();
    const host = virtualHost();
    let isInTurn = false;
    const broken = {
      ...host,
      now: (): number => {
        // Once.
        const fails = isInTurn;
        isInTurn = false;
        if (fails) throw new Error('no clock');
        return host.now();
      },
    };
    const watched = behavior('asks', () => {
      isInTurn = true;
      return receive<'time'>((_, ctx) => {
        ctx.emit(ctx.nowMs);
        return same;
      });
    });
    const first = await start({ behaviors: { asks: watched }, host: broken, store, supervision: resume });
    const sent = rejected(first.send(first.entity(watched(), 'a'), 'time'));
    await host.run();
    expect((await sent).code).toBe('system/failed');
    expect(first.dataflow.failure?.code).toBe('host/failed');
    const [second] = await Promise.all([start({ behaviors: { asks }, host, store }), host.run()]);
    second.subscribe((value) => told.push(value as number));
    await Promise.all([second.send(second.entity(asks(), 'a'), 'time'), host.run()]);
    expect(told).toHaveLength(1);
    expect(second.deadLetters.count).toBe(0);
    await Promise.all([second.stop(), host.run()]);
  });

  it.each(['at once', 'after'] as const)(
    'to wait for the next try of an effect, %s, makes that try the last',
    async (when) => {
      const outcomes: Failure[] = [];
      let tries = 0;
      const pay = effect(
        'pay',
        async (): Promise<void> => {
          tries++;
          throw new Error('no connection');
        },
        { tries: 3 },
      );
      const payer = behavior('payer', () =>
        receive<{ readonly failure?: Failure }>(({ failure }, ctx) => {
          if (failure === undefined) ctx.run(pay, undefined, { as: {} as never });
          else ctx.emit(failure);
          return same;
        }),
      );
      const host = virtualHost();
      const faults = fails('Host.after', 1, { when });
      const system = await start({ behaviors: { payer }, effects: { pay }, host: faults.host(host) });
      system.subscribe((value) => outcomes.push(value as Failure));
      await Promise.all([system.send(system.create(payer()), {}), host.run()]);
      await host.advance(60_000);
      expect(outcomes).toEqual([
        {
          code: 'effect/failed',
          message: expect.stringMatching(
            /^no connection; .*host\.after: it threw: a text that was thrown/,
          ) as string,
        },
      ]);
      expect(tries).toBe(1);
      await Promise.all([system.idle(), host.advance(10)]);
      await Promise.all([system.stop(), host.run()]);
    },
  );
});

describe('a journal in files', () => {
  it('lets go of all of its files, also of those after one that cannot be closed', async () => {
    const faults = fails('DiskFile.close', 0);
    const journal = fileJournal(faults.disk(new SimulatedDisk().mount()), { preallocateBytes: 0 });
    await journal.open('me');
    await journal.append(new Uint8Array(8));
    const before = faults.calls.get('DiskFile.close') ?? 0;
    await journal.close();
    const closes = (faults.calls.get('DiskFile.close') ?? 0) - before;
    expect(closes).toBeGreaterThan(1);
    const failing = fails('DiskFile.close', before + 1);
    const other = fileJournal(failing.disk(new SimulatedDisk().mount()), { preallocateBytes: 0 });
    await other.open('me');
    await other.append(new Uint8Array(8));
    const error = await rejected(other.close());
    expect(error.code).toBe('journal/failed');
    expect(causeOf(error)).toBe(planted);
    expect(failing.calls.get('DiskFile.close')).toBe(before + closes);
  });
});
