// A store that has a newer owner, no room, or fails: what the system does then, and what those learn who wait for it.
import {
  application,
  perKeyState,
  startSystem,
  type Egress,
  type Ingress,
  type PorticoError,
  type RunningSystem,
  type Stream,
} from 'portico/dataflow';
import { virtualHost, type VirtualHost } from 'portico/testing';
import { describe, expect, it } from 'vitest';
import { caught, causeOf, expectSaid, rejected } from '../errors/said.ts';
import { CrashStore } from './crash-store.ts';
import { inSmallSteps } from '../../src/testing/small-steps.ts';

const count = perKeyState('count', 0);

interface Counting {
  readonly system: RunningSystem;
  readonly host: VirtualHost;
  readonly words: Ingress<string>;
  readonly out: Stream<string>;
  readonly kept: Egress<string>;
  /** What was handed out. */
  readonly seen: string[];
}

/** A system that counts words, and hands out what it counted, beside and at an egress that keeps. */
async function counting(store: CrashStore, owner = 'a system', fails = false): Promise<Counting> {
  const app = application('counting', (app) => {
    const words = app.ingress<string>('words');
    const kept = app.egress<string>('kept', { kept: true });
    const out = app
      .workflow('count')
      .source(words.stream)
      .processor<string>((word, ctx) => {
        if (word === 'fail' && fails) throw new Error('boom');
        const line = `${word} ${count.update(ctx, (n) => n + 1)}`;
        ctx.emit(line);
        ctx.release(kept, line);
      })
      .sink();
    return { words, out, kept };
  });
  const host = virtualHost();
  const system = await startSystem({ applications: [app], store, host, owner, seed: 1 });
  const seen: string[] = [];
  const { words, out, kept } = app.handles;
  system.subscribe(out, (line) => seen.push(line));
  system.handle(kept, (line, { id }) => seen.push(`kept ${id}: ${line}`));
  return { system, host, words, out, kept, seen };
}

describe('a system whose store has a newer owner', () => {
  it('is not taken over by one that was given options that make no sense', async () => {
    const store = new CrashStore();
    const { system, host, words, seen } = await counting(store);
    const refused = await rejected(startSystem({ store, sendLimit: 0 }));
    expect(refused.code).toBe('system/bad-argument');
    await Promise.all([system.send(words, 'a'), host.run()]);
    expect(seen).toContain('a 1');
    await system.shutdown();
  });

  it('stops at its next commit, names who that is, and releases nothing of it', async () => {
    const store = new CrashStore();
    const older = await counting(store, 'the older');
    await Promise.all([older.system.send(older.words, 'a'), older.host.run()]);
    await older.host.run();
    expect(older.seen).toEqual(['a 1', 'kept 1: a 1']);
    const newer = await counting(store, 'the newer');
    const ended: PorticoError[] = [];
    older.system.onEnd((reason) => ended.push(reason));
    const waiting = [
      rejected(older.system.send(older.words, 'b')),
      rejected(older.system.settle(older.kept, 1)),
      rejected(older.system.idle()),
    ];
    await older.host.run();
    const [sent, settled, idle] = await Promise.all(waiting);
    const said = {
      code: 'journal/fenced',
      where: 'memoryJournal',
      what: '“the newer” (epoch 2) has taken the journal over',
      cure: 'Stop this owner; the other one goes on',
    } as const;
    expectSaid(sent, said);
    expectSaid(settled, said);
    expectSaid(causeOf(idle as PorticoError), said);
    expectSaid(causeOf(ended[0] as PorticoError), said);
    expect(older.system.failure?.code).toBe('journal/fenced');
    expect(caught(() => older.system.subscribe(older.out, () => undefined)).code).toBe('system/failed');
    expect(older.seen).toEqual(['a 1', 'kept 1: a 1']);
    await older.system.shutdown();
    await Promise.all([newer.system.send(newer.words, 'a'), newer.host.run()]);
    await newer.host.run();
    expect(newer.seen).toEqual(['kept 1: a 1', 'a 2', 'kept 2: a 2']);
  });
});

describe('a system whose journal is full', () => {
  it('acknowledges and hands out nothing, lets senders wait, and goes on when there is room', async () => {
    const store = new CrashStore();
    const { system, host, words, seen } = await counting(store);
    await host.run();
    store.journal.capacityBytes = 0;
    let acknowledged = 0;
    const sent = ['a', 'b', 'a'].map((word) => system.send(words, word).then(() => acknowledged++));
    await host.advance(10_000);
    const later = system.send(words, 'c').then(() => acknowledged++);
    await host.advance(10_000);
    expect({ acknowledged, seen, failure: system.failure }).toEqual({
      acknowledged: 0,
      seen: [],
      failure: undefined,
    });
    // It says so once.
    expect(host.records.filter(({ value }) => String(value).includes('journal/full'))).toHaveLength(1);
    store.journal.capacityBytes = Infinity;
    await host.advance(1_000);
    await Promise.all([...sent, later]);
    await host.run();
    expect(acknowledged).toBe(4);
    expect(seen.filter((line) => !line.startsWith('kept'))).toEqual(['a 1', 'b 1', 'a 2', 'c 1']);
    await system.shutdown();
  });

  it('can be shut down, and loses nothing that was acknowledged', async () => {
    const store = new CrashStore();
    const { system, host, words } = await counting(store);
    await Promise.all([system.send(words, 'a'), host.run()]);
    store.journal.capacityBytes = 0;
    const waiting = rejected(system.send(words, 'b'));
    await host.advance(1_000);
    const down = rejected(system.shutdown());
    await host.advance(1_000);
    // What is not committed is not there when it is started again, and whoever ends it is told.
    expect(await down).toMatchObject({ code: 'system/unfinished', cause: { code: 'journal/full' } });
    expect((await waiting).code).toBe('journal/full');
    store.journal.capacityBytes = Infinity;
    const again = await counting(store);
    await Promise.all([again.system.send(again.words, 'a'), again.host.run()]);
    await again.host.run();
    expect(again.seen).toContain('a 2');
  });
});

describe('a system whose store fails', () => {
  it.each(['append', 'apply', 'checkpoint'] as const)(
    'stops when an %s does, and the next one goes on from the last commit',
    async (call) => {
      const store = new CrashStore();
      const { system, host, words } = await counting(store);
      await Promise.all([system.send(words, 'a'), host.run()]);
      store.fault = (each) => (each === call ? new Error('the disk is gone') : undefined);
      const sent = system.send(words, 'a').then(
        () => true,
        () => false,
      );
      await host.run();
      const wasAcknowledged = call === 'append' ? await sent : true;
      expect(wasAcknowledged).toBe(call !== 'append');
      expect(system.failure?.code ?? 'none').toBe(call === 'append' ? 'store/failed' : 'none');
      await system.shutdown().catch(() => undefined);
      store.fault = undefined;
      const again = await counting(store);
      await Promise.all([again.system.send(again.words, 'a'), again.host.run()]);
      await again.host.run();
      expect(again.seen).toContain(call === 'append' ? 'a 2' : 'a 3');
    },
  );
});

describe('a system that fails', () => {
  it('tells those who wait for a commit, and commits nothing more; the next one goes on from the last commit', async () => {
    const store = new CrashStore();
    const { system, host, words } = await counting(store, 'a system', true);
    await Promise.all([system.send(words, 'a'), host.run()]);
    const commits = store.journal.records.length;
    const waiting = [rejected(system.send(words, 'b')), rejected(system.send(words, 'fail'))];
    await host.run();
    for (const error of await Promise.all(waiting)) {
      expect(error.code).toBe('system/failed');
      expect(causeOf(error).code).toBe('atom/failed');
    }
    await system.shutdown();
    expect(store.journal.records.length).toBe(commits);
    const again = await counting(store);
    await Promise.all([again.system.send(again.words, 'a'), again.host.run()]);
    await again.host.run();
    expect(again.seen.filter((line) => !line.startsWith('kept'))).toEqual(['a 2']);
  });
});

describe('a system whose journal is slow', () => {
  it('runs ahead of it by so much and no more, and loses nothing', async () => {
    const store = new CrashStore();
    const app = application('many', (app) => {
      app
        .workflow('count')
        .source(app.generators.fromRange(0, 5_000, 1))
        .map((_, ctx) => count.update(ctx, (n) => n + 1))
        .sink();
    });
    const host = virtualHost();
    const epochs = { epochMs: 0, epochDirty: 10 };
    const system = await startSystem({ applications: [app], store, host, seed: 1, epochs });
    inSmallSteps(system, 3);
    let go: () => void = () => undefined;
    store.pause = () => new Promise((resolve) => (go = resolve));
    const written = (): number => system.partition.turns.undoLog.written.length;
    for (let commit = 0; commit < 20; commit++) {
      await host.run();
      expect(written()).toBeGreaterThan(0);
      expect(written()).toBeLessThan(60);
      go();
    }
    store.pause = () => Promise.resolve();
    go();
    await host.run();
    const counted = store.keys().filter((row) => row.startsWith('cells /many/'));
    expect(counted).toHaveLength(5_000);
  });
});
