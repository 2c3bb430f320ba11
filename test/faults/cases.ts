// Failures that no port brings about, one by one: of the program, of the outside, of a package; and what is told of each.
import { ClassicLevel } from 'classic-level';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  application,
  guardedHost,
  memoryStore,
  perKeyState,
  type PorticoError,
  startSystem,
  steppingSystem,
  tasks,
  type Flow,
  type LogRecord,
} from 'portico/dataflow';
import {
  actorRef,
  behavior,
  receive,
  receptionist,
  same,
  serviceKey,
  start,
  stopped,
  type StandardSchema,
  type StartOptions,
  type ActorSystem,
} from 'portico';
import { linesOf } from '../portalsjs/program.ts';
import { feed } from 'portico/rxjs';
import { statechart } from 'portico/xstate';
import { Faults, virtualHost, type Fault, type VirtualHost } from 'portico/testing';
import { of } from 'rxjs';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { setup } from 'xstate';
import { describe as inWords, isPorticoError } from '../../src/errors.ts';
import type { Disk } from '../../src/host.ts';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { levelState } from '../../src/node/level-state.ts';
import { watchedHost } from '../../src/node/watchdog.ts';
import { snapshotState } from '../../src/state/snapshot-state.ts';
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts';
import { caught, quiet, rejected } from '../errors/said.ts';

interface Alive {
  readonly system: ActorSystem;
  readonly host: VirtualHost;
}

async function alive(options: StartOptions = {}, faults = new Faults()): Promise<Alive> {
  const host = virtualHost();
  const { store } = options;
  const [system] = await Promise.all([
    start({ ...options, ...(store && { store: faults.store(store) }), host: faults.host(host) }),
    host.run(),
  ]);
  return { system, host };
}

/** What a promise is settled with, while the host runs. */
async function within<T>(host: VirtualHost, promise: Promise<T>): Promise<T> {
  const [given] = await Promise.all([promise, host.advance(20)]);
  return given;
}

const fails = (fault: Partial<Fault> & Pick<Fault, 'operation' | 'call'>): Faults =>
  new Faults([{ when: 'before', error: new Error('planted'), ...fault }]);

const broken = behavior('broken', () =>
  receive<unknown>(() => {
    throw new Error('cannot');
  }),
);

describe('a dead letter', () => {
  it('is there still if it cannot be sent again', async () => {
    const store = memoryStore();
    const { system, host } = await alive({ behaviors: { broken }, store });
    await within(host, system.send(system.create(broken()), 'a'));
    await within(host, system.stop());
    const faults = fails({ operation: 'Journal.append', call: 2 });
    const next = await alive({ behaviors: { broken }, store }, faults);
    const [letter] = next.system.deadLetters.list();
    const error = await within(next.host, rejected(next.system.deadLetters.resend(letter?.id ?? 0)));
    expect(error.code).toMatch(/^(store|system)\/failed$/);
    expect(next.system.deadLetters.list()).toEqual([letter]);
  });

  it('stays where it is kept if the system ends before it is known to be done with', async () => {
    const store = memoryStore();
    const { system, host } = await alive({ behaviors: { broken }, store });
    await within(host, system.send(system.create(broken()), 'a'));
    await within(host, system.stop());
    const faults = fails({ operation: 'Journal.append', call: 2 });
    const second = await alive({ behaviors: { broken }, store }, faults);
    second.system.deadLetters.discard(1);
    await second.host.advance(20);
    expect(second.system.dataflow.failure?.code).toBe('store/failed');
    const third = await alive({ behaviors: { broken }, store });
    expect(third.system.deadLetters.list().map(({ message }) => message)).toEqual(['a']);
    await within(third.host, third.system.stop());
  });

  it('shows in words what cannot be stored and has no JSON', async () => {
    const sloppy = behavior('sloppy', () =>
      receive<'go'>((_, ctx) => {
        // Only some of so many are looked at where they are sent.
        for (let i = 0; i < 600; i++)
          ctx.send(actorRef('nobody'), i === 300 ? { call: () => 1, n: 1n } : { call: null });
        return same;
      }),
    );
    const { system, host } = await alive({ behaviors: { sloppy }, store: memoryStore() });
    await within(host, system.send(system.create(sloppy()), 'go'));
    const [bad, ...more] = system.deadLetters.list().filter(({ what }) => what === 'unstorable');
    expect([bad?.message, more]).toEqual(['[object Object]', []]);
    await within(host, system.stop());
  });
});

describe('the answer to an ask under a key', () => {
  it('that came too late to be settled is given again after the next start', async () => {
    type Ask = { readonly replyTo: { readonly id: unknown } };
    const answering = behavior('answering', () =>
      receive<{ readonly replyTo: never }>(({ replyTo }, ctx) => {
        ctx.send(replyTo, 'yes');
        return same;
      }),
    );
    const store = memoryStore();
    const remember = { maxKeys: 1 };
    const options = { behaviors: { answering }, store, remember };
    const ask = (system: ActorSystem, key: string): Promise<unknown> =>
      system.ask(system.entity(answering(), 'a'), {} as Ask as never, { idempotencyKey: key });
    const counted = new Faults();
    const first = await alive(options, counted);
    expect(await within(first.host, ask(first.system, 'one'))).toBe('yes');
    const before = counted.calls.get('Journal.append') ?? 0;
    // The second key lets the first one be forgotten, and its answer be settled.
    expect(await within(first.host, ask(first.system, 'two'))).toBe('yes');
    const after = counted.calls.get('Journal.append') ?? 0;
    await within(first.host, first.system.stop());
    expect(after).toBeGreaterThan(before);
    for (let call = before + 1; call <= after; call++) {
      const fresh = { ...options, store: memoryStore() };
      const second = await alive(fresh, fails({ operation: 'Journal.append', call }));
      await within(second.host, ask(second.system, 'one'));
      const told = ask(second.system, 'two').then(
        () => 'yes',
        (error: PorticoError) => error.code,
      );
      expect(await within(second.host, told)).toMatch(/^(yes|store\/failed|system\/failed)$/);
      const third = await alive(fresh);
      expect(await within(third.host, ask(third.system, 'two'))).toBe('yes');
      await within(third.host, third.system.stop());
    }
  });
});

describe('who knocks at the door', () => {
  it('is told when the system has ended', async () => {
    const schema: StandardSchema = {
      '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
    };
    const checked = behavior('checked', () => receive<string>(() => stopped), { schema });
    const { system, host } = await alive({ behaviors: { checked } });
    system.create(checked(), { name: 'known' });
    await within(host, system.stop());
    expect((await rejected(system.send(actorRef<string>('somebody'), 'a'))).code).toBe('system/shut-down');
  });
});

describe('a behavior that is a promise', () => {
  it('fails the turn, and what becomes of the promise is of no interest', async () => {
    const promising = behavior('promising', () =>
      receive<'go'>((() => Promise.reject(new Error('nobody looks'))) as never),
    );
    const { system, host } = await alive({ behaviors: { promising }, log: () => undefined });
    await within(host, system.send(system.create(promising()), 'go'));
    const [letter] = system.deadLetters.list();
    expect(letter?.error).toMatchObject({ code: 'actor/bad-behavior' });
    await within(host, system.stop());
  });
});

describe('a listener at the receptionist', () => {
  const tea = serviceKey<string>('tea');

  it('that throws hears nothing more, and the log says so', async () => {
    const records: LogRecord[] = [];
    const { system, host } = await alive({
      behaviors: { broken },
      log: (record) => void records.push(record),
    });
    let heard = 0;
    receptionist.subscribe(system, tea, () => {
      heard++;
      throw new Error('a listener of mine');
    });
    await host.run();
    await within(host, receptionist.register(system, tea, system.create(broken())));
    await host.run();
    expect(heard).toBe(1);
    expect(records.map(({ value }) => value)).toEqual([
      '[system/subscriber-failed] receptionist.subscribe tea: a listener threw, and it was unsubscribed: a listener of mine. Catch in the listener what may happen there, and subscribe again.',
    ]);
    await within(host, system.stop());
  });

  it('is let go of when the system ends, also if it ends the subscription itself then', async () => {
    const { system, host } = await alive();
    const end = receptionist.subscribe(system, tea, () => undefined);
    await host.run();
    await within(host, system.stop());
    end();
    await host.run();
  });
});

describe('a feed', () => {
  it('is closed by a value that is refused, and says why', async () => {
    const { system, host } = await alive({ behaviors: { broken }, store: memoryStore() });
    const fed = feed(
      of(() => 1),
      system,
      system.create(broken()),
      { overflow: { buffer: 10 } },
    );
    expect((await within(host, rejected(fed.done))).code).toBe('codec/unsupported');
    await within(host, system.stop());
  });
});

describe('an action of a statechart', () => {
  it('that throws leaves the next one its turn', async () => {
    const machine = setup({
      types: { events: {} as { type: 'go' } },
      actions: {
        fail: () => {
          throw new Error('no action');
        },
      },
    }).createMachine({ id: 'm', on: { go: { actions: 'fail' } } });
    const chart = statechart('chart', machine);
    const { system, host } = await alive({ behaviors: { chart }, log: () => undefined });
    const ref = system.create(chart());
    await within(host, system.send(ref, { type: 'go' }));
    expect(system.deadLetters.list()[0]?.error).toMatchObject({ message: 'no action' });
    await within(host, system.stop());
  });
});

describe('a program of PortalsJS', () => {
  it('may reply twice, and the first reply counts', () => {
    expect(
      linesOf(`
        let app = PortalsJS.ApplicationBuilder("app");
        let portal = app.portal.portal("p");
        app.workflows
          .source(app.generators.empty().stream)
          .replier(portal, ctx => x => {}, ctx => x => { ctx.reply(x + 1); ctx.reply(x + 2); })
          .sink().freeze();
        app.workflows
          .source(app.generators.signal(1).stream)
          .asker(portal, ctx => x => {
            let future = ctx.ask(portal, x);
            ctx.await(future, ctx => ctx.emit(future.value(ctx)));
          })
          .logger().withName("said").sink().freeze();
        let system = PortalsJS.System();
        system.launch(app.build());
        system.stepUntilComplete();
      `).join(),
    ).toMatch(/said - 2$/);
  });
});

describe('a task', () => {
  it('whose factory throws is not launched, and says why', () => {
    const { system } = quiet();
    const app = application('app', (app) => {
      app
        .workflow('w')
        .source(app.generators.signal(1))
        .task(
          tasks.init(() => {
            throw new Error('no factory');
          }),
        )
        .sink();
    });
    expect(caught(() => system.launch(app)).message).toContain('its factory threw: no factory');
  });

  const boom = (): never => {
    throw new Error('cannot');
  };

  it.each<[string, (flow: Flow<number>) => Flow<number>]>([
    ['filter', (flow) => flow.filter(boom)],
    ['flatMap', (flow) => flow.flatMap(boom)],
    ['key', (flow) => flow.key(boom)],
  ])('that fails as a %s leaves a dead letter', (_, task) => {
    const { system } = quiet();
    system.launch(
      application('app', (app) => {
        const w = app.workflow('w', { onFailure: 'deadLetter' });
        task(w.source(app.generators.fromArray([1, 2]))).sink();
      }),
    );
    system.stepUntilComplete();
    expect(String(system.deadLetters.list()[0]?.error)).toContain('cannot');
  });

  it('may not make its state a promise, and what becomes of that is of no interest', () => {
    const count = perKeyState('count', 0);
    const { system } = quiet();
    system.launch(
      application('app', (app) => {
        app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(app.generators.signal(1))
          .map((_, ctx) => count.update(ctx, (() => Promise.reject(new Error('nobody looks'))) as never))
          .sink();
      }),
    );
    system.stepUntilComplete();
    expect(String(system.deadLetters.list()[0]?.error)).toContain('[task/promise]');
  });
});

describe('what takes care of released values', () => {
  it('may throw: the value waits, and the log says so', async () => {
    const host = virtualHost();
    const app = application('app', (app) => {
      const kept = app.egress<number>('kept', { kept: true });
      app
        .workflow('w')
        .source(app.generators.signal(1))
        .processor((n, ctx) => {
          ctx.release(kept, n);
        })
        .sink();
      return { kept };
    });
    const system = await startSystem({ applications: [app], host });
    system.handle(app.handles.kept, () => {
      throw new Error('no keeper');
    });
    await host.run();
    expect(host.records.map(({ value }) => value)).toEqual([
      'what takes care of released values threw, and value 1 waits: no keeper',
    ]);
    await system.shutdown();
  });
});

describe('what was thrown', () => {
  it('may be a proxy that was revoked', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect([isPorticoError(proxy), inWords(proxy)]).toEqual([false, 'a value that cannot be printed']);
  });
});

describe('a log that promises', () => {
  it('and does not keep it is told apart on the console', async () => {
    const lines: string[] = [];
    const spy = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
    const log = (() => Promise.reject(new Error('no log'))) as unknown as () => void;
    guardedHost({ ...virtualHost(), log }).log({ level: 'info', name: 'n', path: '/n', value: 'a line' });
    await Promise.resolve().then(() => undefined);
    spy.mockRestore();
    expect(lines.join()).toMatch(/host\.log: it threw: no log.*a line$/);
  });
});

describe('a subscriber that promises', () => {
  it('and does not keep it is unsubscribed, and the log says so', async () => {
    const { system, lines } = quiet();
    const app = application('app', (app) =>
      app
        .workflow('w')
        .source(app.generators.fromArray([1, 2]))
        .sink(),
    );
    system.launch(app);
    const promising: unknown = () => Promise.reject(new Error('no subscriber'));
    system.subscribe(app.handles, promising as () => void);
    system.stepUntilComplete();
    await Promise.resolve().then(() => undefined);
    expect(lines.map(({ value }) => value).join()).toContain('no subscriber');
  });
});

describe('a shutdown', () => {
  it('in which the store fails is told to its caller, and nobody else has to look', async () => {
    const store = memoryStore();
    const host = virtualHost();
    const faults = fails({ operation: 'Journal.close', call: 1 });
    const system = await startSystem({ store: faults.store(store), host });
    const ending = rejected(system.shutdown());
    await Promise.all([system[Symbol.asyncDispose](), host.run()]);
    expect((await ending).code).toBe('store/failed');
  });

  it('that has committed all does not wait for ever for a store that cannot be closed', async () => {
    let fail: (error: Error) => void = () => undefined;
    const closing = new Promise<void>((_, reject) => {
      fail = reject;
    });
    const store = memoryStore();
    const host = virtualHost();
    const system = await startSystem({
      host,
      store: {
        name: 'slow',
        parts: async () => {
          const { journal, state } = await store.parts();
          return { journal: { ...new Faults().journal(journal), close: () => closing }, state };
        },
      },
    });
    await Promise.all([system.shutdown({ deadlineMs: 100 }), host.advance(200)]);
    // Nobody is left to be told.
    fail(new Error('too late'));
    await host.run();
  });
});

describe('a journal in files', () => {
  const block = new Uint8Array(200);
  const noRoom = Object.assign(new Error('no room'), { code: 'ENOSPC' });

  it('that cannot take back what there was no room for does nothing any more', async () => {
    const counted = new Faults();
    const first = fileJournal(counted.disk(new SimulatedDisk().mount()), { preallocateBytes: 0 });
    await first.open('me');
    const call = (counted.calls.get('DiskFile.write') ?? 0) + 1;
    const next: Fault = {
      operation: 'DiskFile.truncate',
      call: 1,
      when: 'before',
      error: new Error('planted'),
    };
    const faults = fails({ operation: 'DiskFile.write', call, error: noRoom, next });
    const journal = fileJournal(faults.disk(new SimulatedDisk().mount()), { preallocateBytes: 0 });
    await journal.open('me');
    expect((await rejected(journal.append(block))).code).toBe('journal/failed');
    expect((await rejected(journal.append(block))).code).toBe('journal/failed');
    await journal.close();
    await first.close();
  });

  it('says that a mark could not be written to whoever appends next', async () => {
    const options = { preallocateBytes: 0, writesPerMark: 1 };
    const appends = async (disk: Disk, count: number): Promise<string[]> => {
      const journal = fileJournal(disk, options);
      const codes: string[] = [];
      const tried = (made: Promise<unknown>): Promise<unknown> =>
        made.catch((error: PorticoError) => codes.push(error.code));
      await tried(journal.open('me'));
      for (let n = 0; n < count; n++) {
        await tried(journal.append(block));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await tried(journal.close());
      return codes;
    };
    const counted = new Faults();
    await appends(counted.disk(new SimulatedDisk().mount()), 3);
    for (let call = 1; call <= (counted.calls.get('DiskFile.sync') ?? 0); call++) {
      const faults = fails({ operation: 'DiskFile.sync', call });
      const codes = await appends(faults.disk(new SimulatedDisk().mount()), 6);
      expect(codes[0], `sync ${call}`).toMatch(/^journal\/(failed|closed)$/);
    }
  });

  it('goes on without zeros ahead if there is no room for them', async () => {
    for (const [error, isOver] of [
      [noRoom, false],
      [new Error('planted'), true],
    ] as const) {
      const counted = new Faults();
      const options = { preallocateBytes: 0x1_0000 };
      const first = fileJournal(counted.disk(new SimulatedDisk().mount()), options);
      await first.open('me');
      // The record, and then the zeros.
      const call = (counted.calls.get('DiskFile.write') ?? 0) + 2;
      const journal = fileJournal(
        fails({ operation: 'DiskFile.write', call, error }).disk(new SimulatedDisk().mount()),
        options,
      );
      await journal.open('me');
      await journal.append(block);
      await new Promise((resolve) => setImmediate(resolve));
      const next = await journal.append(block).then(
        () => 'appended',
        (failure: PorticoError) => failure.code,
      );
      expect(next).toBe(isOver ? 'journal/failed' : 'appended');
      await journal.close();
      await first.close();
    }
  });
});

describe('the files of a journal', () => {
  const used = async (): Promise<SimulatedDisk> => {
    const disk = new SimulatedDisk();
    const journal = fileJournal(disk.mount());
    await journal.open('me');
    await journal.append(new Uint8Array(8));
    await journal.close();
    return disk;
  };

  it('are damaged if the mark is missing', async () => {
    const disk = (await used()).mount();
    for (const name of await disk.list()) if (name.startsWith('highwater')) await disk.remove(name);
    expect((await rejected(fileJournal(disk).open('you'))).code).toBe('journal/damaged');
  });

  it('may be gone from one look to the next, and who takes it over says what it misses', async () => {
    const codes: unknown[] = [];
    for (let call = 1; call <= 6; call++) {
      const error = Object.assign(new Error('gone'), { code: 'ENOENT' });
      const faults = fails({ operation: 'Disk.open', call, error });
      const journal = fileJournal(faults.disk((await used()).mount()));
      codes.push(
        await journal.open('you').then(
          () => 'open',
          (failure: PorticoError) => failure.code,
        ),
      );
      await journal.close();
    }
    expect(new Set(codes)).toEqual(new Set(['journal/failed', 'journal/damaged', 'open']));
  });
});

describe('a state with snapshots', () => {
  it('says why it cannot be opened, also if nobody can look for a newer owner', async () => {
    const faults = fails({ operation: 'Disk.list', call: 2, lasting: true });
    const error = await rejected(snapshotState(faults.disk(new SimulatedDisk().mount())).open());
    expect([error.code, (error.cause as Error).message]).toEqual(['state/failed', 'planted']);
  });
});

describe('a system that cannot start', () => {
  it('says why, also if its last words cannot be said', async () => {
    for (const operation of ['LastWords.say', 'LastWords.close']) {
      const faults = fails({ operation, call: 1, when: 'at once' });
      const broken = application('broken', (app) => {
        app.workflow('w');
      });
      const started = startSystem({ store: faults.store(memoryStore()), applications: [broken] });
      expect((await rejected(started)).code).toBe('graph/invalid');
      expect(faults.calls.get('Journal.close')).toBe(1);
    }
  });
});

describe('last words that cannot be closed', () => {
  it('keep nobody from ending the system, and the log says so', async () => {
    const host = virtualHost();
    const faults = fails({ operation: 'LastWords.close', call: 1, when: 'at once' });
    const system = await startSystem({ store: faults.store(memoryStore()), host });
    await Promise.all([system.shutdown(), host.run()]);
    expect(host.records.map(({ value }) => value)).toEqual(['what was said last cannot be closed: planted']);
    expect(faults.calls.get('Journal.close')).toBe(1);
  });
});

describe('a callback on a watched host', () => {
  it('that throws is over, and not watched any more', () => {
    const platform = {
      ...virtualHost(),
      yield: (resume: () => void): void => {
        resume();
      },
    };
    const host = watchedHost({ limitMs: 1_000_000, host: platform });
    const run = (): void => {
      host.yield(() => {
        throw new Error('planted');
      });
    };
    expect(run).toThrow('planted');
    expect(run).toThrow('planted');
  });
});

describe('what is no reference', () => {
  it('is refused where it is sent to', async () => {
    const { system, host } = await alive();
    expect((await rejected(system.send('nobody' as never, 'a'))).code).toBe('system/bad-argument');
    await within(host, system.stop());
  });
});

describe('a state in LevelDB', () => {
  const root = mkdtempSync(join(tmpdir(), 'portico-faults-'));
  let places = 0;
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  afterEach(() => {
    vi.restoreAllMocks();
    vi.doUnmock('classic-level');
  });
  const row = (key: string) => ({ table: 't', key, value: new Uint8Array(4) });
  const planted = new Error('LevelDB says no');
  const opened = async () => {
    const path = join(root, `${places++}`);
    const state = levelState(path);
    await state.open();
    await state.apply([row('a'), row('b')], 1);
    return { path, state };
  };
  const failing = (name: string): void => {
    vi.spyOn(ClassicLevel.prototype as unknown as Record<string, () => unknown>, name).mockImplementation(
      () => {
        throw planted;
      },
    );
  };
  const told = async (made: Promise<unknown>): Promise<void> => {
    const error = await rejected(made);
    expect(error.code).toBe('state/failed');
    expect(error.cause).toBe(planted);
  };

  it('tells of a row that cannot be read', async () => {
    const { state } = await opened();
    failing('getSync');
    const error = caught(() => state.read('t', 'a'));
    expect([error.code, error.cause]).toEqual(['state/failed', planted]);
    await state.close();
  });

  it('tells of a table that cannot be read through', async () => {
    const { state } = await opened();
    vi.spyOn(ClassicLevel.prototype, 'iterator').mockImplementation((() => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(planted) }),
    })) as never);
    await told(state.scan('t')[Symbol.asyncIterator]().next());
    vi.restoreAllMocks();
    await state.close();
  });

  it('tells of tables that cannot be listed', async () => {
    const { state } = await opened();
    vi.spyOn(ClassicLevel.prototype, 'keys').mockImplementation((() => ({
      next: () => Promise.reject(planted),
      close: () => Promise.resolve(),
    })) as never);
    await told(state.tables());
    vi.restoreAllMocks();
    await state.close();
  });

  it('does nothing any more after a batch that could not be written, and opens again', async () => {
    const { path, state } = await opened();
    const { batch } = ClassicLevel.prototype as unknown as { batch: unknown };
    expect(batch).toBeTypeOf('function');
    failing('batch');
    await told(state.apply([row('c')], 2));
    vi.restoreAllMocks();
    await told(state.apply([row('d')], 3));
    await state.close();
    const next = levelState(path);
    expect(await next.open()).toBe(1);
    await next.close();
  });

  it('is not opened if what it begins with cannot be read', async () => {
    const { path, state } = await opened();
    await state.close();
    failing('get');
    await told(levelState(path).open());
  });

  it('does not miss a log that is gone before it is synced', async () => {
    const { path, state } = await opened();
    symlinkSync(join(path, 'nowhere'), join(path, '999999.log'));
    expect(await state.checkpoint()).toBe(1);
    rmSync(join(path, '999999.log'));
    await state.close();
  });

  it('says how to get its package if that cannot be loaded', async () => {
    vi.doMock('classic-level', () => {
      throw new Error('no such package');
    });
    const error = await rejected(levelState(join(root, 'unloaded')).open());
    expect(error.message).toMatch(/classic-level cannot be loaded.*npm install classic-level/);
  });
});

describe('a stepping system', () => {
  it('tells a clock that fails from a task that does', () => {
    const system = steppingSystem({
      log: () => undefined,
      clock: {
        now: () => {
          throw new Error('no clock');
        },
      },
    });
    system.launch(
      application('app', (app) => {
        app
          .workflow('w')
          .source(app.generators.signal(1))
          .map((_, ctx) => ctx.nowMs)
          .sink();
      }),
    );
    expect(caught(() => system.stepUntilComplete()).message).toContain(
      '[host/failed]. Mend the clock of the host',
    );
  });
});
