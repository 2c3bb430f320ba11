// What stays in memory of a system that is kept.
import { describe, expect, it } from 'vitest';
import {
  behavior,
  memoryStore,
  receive,
  same,
  start,
  type ActorRef,
  type ActorSystem,
  type Behavior,
} from 'portico';

type Counting = { type: 'up' } | { type: 'read'; replyTo: ActorRef<number> };

const counter = behavior('counter', (count: number): Behavior<Counting> =>
  receive((message, ctx) => {
    if (message.type === 'up') return counter(count + 1);
    ctx.send(message.replyTo, count);
    return same;
  }),
);

function cellsOf(system: ActorSystem): number {
  const instances = [...system.dataflow.partition.instances.values()];
  return instances.flatMap(({ states }) => states).reduce((sum, { cells }) => sum + cells.size, 0);
}

describe('a system that is kept', () => {
  it('has about as many cells in memory as it may, and reads the others when they are needed', async () => {
    const actors = Array.from({ length: 800 }, (_, i) => String(i));
    await using system = await start({
      behaviors: { counter },
      store: memoryStore(),
      epochs: { activeCells: 100, applyBytes: 1 },
    });
    const most: number[] = [];
    for (let round = 1; round <= 3; round++) {
      for (let i = 0; i < actors.length; i += 50) {
        const some = actors.slice(i, i + 50);
        await Promise.all(some.map((id) => system.send(system.entity(counter(0), id), { type: 'up' })));
        await system.idle();
        most.push(cellsOf(system));
      }
    }
    expect(Math.max(...most)).toBeLessThan(400);
    const counts = await Promise.all(
      actors.map((id) => system.ask(system.entity(counter(0), id), { type: 'read' })),
    );
    expect(new Set(counts)).toEqual(new Set([3]));
  });

  it('lets go of what was only read, too', async () => {
    const actors = Array.from({ length: 800 }, (_, i) => String(i));
    const store = memoryStore();
    await using first = await start({ behaviors: { counter }, store });
    for (const id of actors) void first.send(first.entity(counter(0), id), { type: 'up' });
    await first.idle();
    await first.stop();
    await using system = await start({ behaviors: { counter }, store, epochs: { activeCells: 100 } });
    const most: number[] = [];
    for (let i = 0; i < actors.length; i += 50) {
      const some = actors.slice(i, i + 50);
      const counts = some.map((id) => system.ask(system.entity(counter(0), id), { type: 'read' }));
      expect(new Set(await Promise.all(counts))).toEqual(new Set([1]));
      most.push(cellsOf(system));
    }
    expect(Math.max(...most)).toBeLessThan(400);
  });

  it('has fewer in memory if they are large', async () => {
    const keeper = behavior('keeper', (text: string): Behavior<string> =>
      receive((more) => keeper(text + more)),
    );
    await using system = await start({
      behaviors: { keeper },
      store: memoryStore(),
      epochs: { activeBytes: 100_000, applyBytes: 1 },
    });
    for (let i = 0; i < 200; i++) await system.send(system.entity(keeper(''), String(i)), 'x'.repeat(5_000));
    await system.idle();
    expect(cellsOf(system)).toBeLessThan(60);
  });

  // What was only read was let go of when there were many of them, however large they were.
  it('has fewer in memory if they are large, also of those that are only read', async () => {
    const keeper = behavior('keeper', (text: string): Behavior<string | { replyTo: ActorRef<number> }> =>
      receive((message, ctx) => {
        if (typeof message === 'string') return keeper(text + message);
        ctx.send(message.replyTo, text.length);
        return same;
      }),
    );
    const store = memoryStore();
    await using first = await start({ behaviors: { keeper }, store });
    for (let i = 0; i < 200; i++) void first.send(first.entity(keeper(''), String(i)), 'x'.repeat(5_000));
    await first.idle();
    await first.stop();
    await using system = await start({ behaviors: { keeper }, store, epochs: { activeBytes: 100_000 } });
    for (let i = 0; i < 200; i++)
      expect(await system.ask(system.entity(keeper(''), String(i)), {})).toBe(5_000);
    expect(cellsOf(system)).toBeLessThan(60);
  });
});
