// What the chapter “Routers” of the Akka Typed documentation promises: pools and groups, and how they choose.
import { describe, expect, it } from 'vitest';
import {
  behavior,
  groupRouter,
  init,
  poolRouter,
  receive,
  receptionist,
  same,
  serviceKey,
  stopped,
  type Behavior,
} from 'portico';
import { world } from './world.ts';

type Job = { what: string; who?: string };

/** Emits who did what. Stops at `stop`, fails at `bad`. */
const worker = behavior('worker', (): Behavior<Job> =>
  receive(({ what }, ctx) => {
    if (what === 'bad') throw new Error('no');
    ctx.emit([ctx.name, what]);
    return what === 'stop' ? stopped : same;
  }),
);
const workers = (said: readonly unknown[]): string[] => said.map((each) => (each as [string, string])[0]);

describe('a pool router', () => {
  it('has as many children as it says, and gives each message to one of them, in turn', async () => {
    await using w = await world();
    const pool = await w.create(poolRouter('pool', worker, { size: 3 })());
    expect(w.cells()).toBe(4);
    await w.tell(pool, ...['a', 'b', 'c', 'd', 'e', 'f'].map((what) => ({ what })));
    const names = workers(w.said);
    expect(new Set(names.slice(0, 3)).size).toBe(3);
    expect(names.slice(3)).toEqual(names.slice(0, 3));
  });

  it('gives each message to all of them, if it broadcasts', async () => {
    await using w = await world();
    const pool = await w.create(poolRouter('pool', worker, { size: 4, strategy: 'broadcast' })());
    await w.tell(pool, { what: 'a' });
    expect(new Set(workers(w.said)).size).toBe(4);
  });

  it('chooses at random from the seed of the system', async () => {
    const run = async (seed: number): Promise<string[]> => {
      await using w = await world({ seed });
      const pool = await w.create(poolRouter('pool', worker, { size: 4, strategy: 'random' })());
      await w.tell(pool, ...Array.from({ length: 40 }, () => ({ what: 'a' })));
      return workers(w.said);
    };
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
    expect(new Set(await run(1)).size).toBe(4);
  });

  it('gives messages of one key to one of them, if it hashes, in their order', async () => {
    await using w = await world();
    const pool = await w.create(poolRouter('pool', worker, { size: 4, strategy: { hashBy: 'who' } })());
    const people = Array.from({ length: 20 }, (_, i) => `person ${i}`);
    for (let n = 0; n < 5; n++) await w.tell(pool, ...people.map((who) => ({ who, what: `${who}/${n}` })));
    const done = w.said as [string, string][];
    for (const who of people) {
      const own = done.filter(([, what]) => what.startsWith(`${who}/`));
      expect(own.map(([, what]) => what)).toEqual([0, 1, 2, 3, 4].map((n) => `${who}/${n}`));
      expect(new Set(own.map(([name]) => name)).size).toBe(1);
    }
    expect(new Set(workers(done)).size).toBeGreaterThan(1);
  });

  it('has a worker that fails begin again, goes on without those that stopped, and stops with the last', async () => {
    await using w = await world();
    const pool = await w.create(poolRouter('pool', worker, { size: 2 })());
    await w.tell(pool, { what: 'bad' }, { what: 'bad' }, { what: 'a' }, { what: 'b' });
    expect(new Set(workers(w.said)).size).toBe(2);
    await w.tell(pool, { what: 'stop' });
    await w.tell(pool, { what: 'c' }, { what: 'd' });
    expect(w.said.slice(-2).map((each) => (each as string[])[1])).toEqual(['c', 'd']);
    await w.tell(pool, { what: 'stop' });
    await w.tell(pool, { what: 'e' });
    expect(w.letters()).toEqual([['stopped', { what: 'e' }]]);
    expect(w.cells()).toBe(0);
  });

  it('keeps the order from each sender to each worker', async () => {
    await using w = await world();
    const pool = await w.create(poolRouter('pool', worker, { size: 3 })());
    const sender = receive<number>((n, ctx) => {
      for (let i = 0; i < n; i++) ctx.send(pool, { what: String(i) });
      return stopped;
    });
    await w.tell(await w.create(sender), 300);
    const last = new Map<string, number>();
    for (const [name, what] of w.said as [string, string][]) {
      expect(Number(what)).toBeGreaterThan(last.get(name) ?? -1);
      last.set(name, Number(what));
    }
    expect(w.said).toHaveLength(300);
  });
});

describe('a group router', () => {
  const service = serviceKey<Job>('work');
  const registered: Behavior<Job> = init((ctx) => {
    receptionist.register(ctx, service, ctx.self);
    return worker();
  });

  it('gives messages to those who are registered, as they come and go', async () => {
    await using w = await world();
    const group = await w.create(groupRouter('group', service)());
    const one = await w.create(registered, 'one');
    await w.tell(group, { what: 'a' }, { what: 'b' });
    await w.create(registered, 'two');
    await w.tell(group, { what: 'c' }, { what: 'd' });
    expect(workers(w.said).slice(0, 2)).toEqual(['one', 'one']);
    expect(new Set(workers(w.said).slice(2))).toEqual(new Set(['one', 'two']));
    await w.tell(one, { what: 'stop' });
    await w.tell(group, { what: 'e' }, { what: 'f' });
    expect(workers(w.said).slice(-2)).toEqual(['two', 'two']);
  });

  it('keeps messages until it knows who is there; a message for nobody is unhandled', async () => {
    await using w = await world();
    await w.create(registered, 'one');
    const early = w.system.create(groupRouter('group', service)());
    await w.tell(early, { what: 'a' }, { what: 'b' });
    expect(w.said).toEqual([
      ['one', 'a'],
      ['one', 'b'],
    ]);
    const nobody = await w.create(groupRouter('lonely', serviceKey<Job>('nothing'))());
    await w.tell(nobody, { what: 'c' });
    expect(w.letters()).toEqual([['unhandled', { what: 'c' }]]);
  });

  it('does not stop its routees when it stops, for they are not its own', async () => {
    await using w = await world();
    const one = await w.create(registered, 'one');
    const parent = await w.create(
      receive<string>((_, ctx) => (ctx.create(groupRouter('group', service)(), { child: true }), stopped)),
    );
    await w.tell(parent, 'go');
    await w.tell(one, { what: 'alive' });
    expect(w.said).toEqual([['one', 'alive']]);
  });
});
