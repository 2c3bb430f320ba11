// What systems say at their edges: too much comes in, a reader is not where the stream is, the end comes too early.
import { describe, expect, it } from 'vitest';
import {
  application,
  memoryStore,
  platformHost,
  startSystem,
  type PorticoError,
  type RunningSystem,
} from 'portico/dataflow';
import { virtualHost } from 'portico/testing';
import { caught, expectSaid, rejected } from './said.ts';

const numbers = application('numbers', (app) => {
  const ingress = app.ingress<unknown>('in');
  return { ingress, out: app.retain(app.workflow('w').source(ingress.stream).identity().sink()) };
});
const { ingress, out } = numbers.handles;
const stream = '/numbers/workflows/w/stream';

/** Never comes to rest. */
const endless = application('endless', (app) => {
  const all = app.sequencer<number>();
  app.connect(app.generators.signal(1), all);
  app.connect(app.workflow().source(all.stream).identity().sink(), all);
});

async function cursorsOf(system: RunningSystem, count: number): Promise<string[]> {
  const cursors: string[] = [];
  for await (const { cursor } of system.readFrom(out)) if (cursors.push(cursor) === count) break;
  return cursors;
}

describe('an ingress', () => {
  it('says that too much waits', async () => {
    const host = virtualHost();
    const system = await startSystem({ applications: [numbers], host, ingressLimit: 1, sendLimit: 1 });
    void system.send(ingress, 1);
    void system.send(ingress, 2);
    expectSaid(await rejected(system.send(ingress, 3)), {
      code: 'ingress/overflow',
      where: '/numbers/ingresses/in/stream',
      what: 'it is full, and 1 calls of send wait for room',
      cure: 'allow more with sendLimit',
    });
    await host.run();
  });

  it('says that a message is too large', async () => {
    const system = await startSystem({
      applications: [numbers],
      store: memoryStore(),
      maxMessageBytes: 10,
    });
    expectSaid(await rejected(system.send(ingress, ['a long, long message'])), {
      code: 'codec/too-large',
      where: '/numbers/ingresses/in/stream',
      what: 'the value takes more than 10 bytes',
      cure: 'allow more with maxMessageBytes',
    });
    await system.shutdown();
  });
});

describe('a cursor', () => {
  it('says that the store is older than it', async () => {
    const first = await startSystem({ applications: [numbers] });
    await first.send(ingress, 1);
    await first.send(ingress, 2);
    const cursors = await cursorsOf(first, 2);
    await first.shutdown();
    await using system = await startSystem({ applications: [numbers] });
    expectSaid(
      caught(() => system.readFrom(out, cursors[1])),
      {
        code: 'cursor/ahead',
        where: stream,
        what: 'the cursor is at atom 2, and the stream ends before atom 0',
        cure: 'restore a newer copy, or begin anew without a cursor',
      },
    );
  });

  it('says that what comes after it was forgotten', async () => {
    await using system = await startSystem({ applications: [numbers] });
    for (const n of [1, 2, 3]) await system.send(ingress, n);
    const cursors = await cursorsOf(system, 3);
    system.forget(out, cursors[2] ?? '');
    expectSaid(
      caught(() => system.readFrom(out, cursors[0])),
      {
        code: 'cursor/behind',
        where: stream,
        what: 'the cursor is at atom 1, and what comes before atom 3 was forgotten',
        cure: 'Begin anew without a cursor',
      },
    );
  });
});

describe('a system in which too much waits', () => {
  it('says that a turn sends more than there is room for', async () => {
    const flood = application('flood', (app) => {
      app
        .workflow('w')
        .source(app.generators.signal(1))
        .flatMap(() => Array.from({ length: 20 }, () => 1))
        .sink();
    });
    const host = virtualHost();
    const system = await startSystem({ applications: [flood], host, backlogLimit: 10 });
    await host.run();
    expectSaid(system.failure?.cause as PorticoError, {
      code: 'backlog/full',
      where: '/flood/workflows/w/$3',
      what: '10 events wait already, and then no turn may send more than it takes',
      cure: 'or let more wait with backlogLimit',
    });
  });

  it('says that a reader was ended', async () => {
    const endlessly = application('endlessly', (app) => {
      const all = app.sequencer<number>();
      app.connect(app.generators.signal(1), all);
      const ticks = app.egress<number>('ticks');
      const round = app
        .workflow()
        .source(all.stream)
        .processor<number>((n, ctx) => {
          ctx.release(ticks, n);
          ctx.emit(n);
        })
        .sink();
      app.connect(round, all);
      return ticks.stream;
    });
    const host = { ...platformHost(), log: () => undefined };
    const system = await startSystem({ applications: [endlessly], host, backlogLimit: 10_000 });
    const reader = system.read(endlessly.handles);
    await reader.next();
    await expect.poll(() => system.partition.taps.size).toBe(0);
    expectSaid(await rejected(reader.next()), {
      code: 'reader/behind',
      where: '/endlessly/egresses/ticks/stream',
      what: 'events waited for it and filled the system',
      cure: 'Read faster, or take a retained stream and read on from a cursor',
    });
    // The system is none the worse for it.
    expect(system.failure).toBeUndefined();
    await system.shutdown();
  });
});

describe('a shutdown', () => {
  it('says that there was no time for the rest', async () => {
    const system = await startSystem({ applications: [endless] });
    expectSaid(await rejected(system.shutdown({ drain: true, deadlineMs: 1 })), {
      code: 'system/unfinished',
      where: 'shutdown',
      what: 'the system was shut down after 1 ms, before all was done',
      cure: 'Allow more time with deadlineMs',
    });
    expect(system.failure).toBeUndefined();
  });
});
