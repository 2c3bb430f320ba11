// What an actor does next, and what it remembers, over restarts.
import { describe, expect, it } from 'vitest';
import {
  behavior,
  entityRef,
  empty,
  ignore,
  init,
  logMessages,
  interceptor,
  mapState,
  monitor,
  receive,
  restart,
  same,
  stopped,
  supervise,
  valueState,
  type ActorRef,
  type Behavior,
} from 'portico';
import { ends, Lives, witness } from './lives.ts';

type Count = 'up' | { readonly replyTo: ActorRef<number> };

const counter = behavior('counter', (n: number): Behavior<Count> =>
  receive((message, ctx) => {
    if (message === 'up') return counter(n + 1);
    ctx.send(message.replyTo, n);
    return same;
  }),
);

const ups = valueState('ups', 0);
const byDay = mapState<string, number>('by day');
type Tally =
  { readonly day: string } | { readonly replyTo: ActorRef<readonly (readonly [string, number])[]> };
const tally = behavior('tally', () =>
  receive<Tally>((message, ctx) => {
    if ('day' in message) {
      byDay.set(ctx, message.day, (byDay.get(ctx, message.day) ?? 0) + 1);
      ups.update(ctx, (n) => n + 1);
    } else
      ctx.send(message.replyTo, [
        ...byDay.entries(ctx).map(([day, n]) => [day, n] as const),
        ['all', ups.get(ctx)],
      ]);
    return same;
  }),
);

type Switch = 'press' | { readonly replyTo: ActorRef<string> };
const dark = behavior('dark', (): Behavior<Switch> =>
  receive((message, ctx) => {
    if (message === 'press') return light('bright');
    ctx.send(message.replyTo, 'dark');
    return same;
  }),
);
const light = behavior('light', (how: string): Behavior<Switch> =>
  receive((message, ctx) => {
    if (message === 'press') return dark();
    ctx.send(message.replyTo, how);
    return same;
  }),
);

const the = entityRef(witness(), 'the only one');

const idle = behavior('idle', (): Behavior<'work'> => receive(() => same));
const begins = behavior('begins', (): Behavior<'work'> =>
  init((ctx) => {
    ctx.send(the, { said: 'began' });
    return idle();
  }),
);

type Later = { readonly n: number } | 'open' | 'close';
const closed = behavior('closed', (): Behavior<Later> =>
  receive((message, ctx) => {
    if (message === 'open') {
      ctx.stash.unstashAll();
      return open();
    }
    if (message !== 'close') ctx.stash.stash(message);
    return same;
  }),
);
const open = behavior('open', (): Behavior<Later> =>
  receive((message, ctx) => {
    if (message === 'close') return closed();
    if (message !== 'open') ctx.send(the, { said: message.n });
    return same;
  }),
);

const twice = interceptor('twice', (factor: number) => ({
  onMessage: (message: number, _, next) => next(message * factor),
}));
const sums = behavior('sums', (total: number): Behavior<number> =>
  receive((n, ctx) => {
    ctx.send(the, { said: total + n });
    return sums(total + n);
  }),
);

const behaviors = { counter, tally, dark, light, idle, begins, closed, open, twice, sums };

describe.each(ends)('after %s, an actor', (end) => {
  it('goes on with the arguments of its behavior', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(counter(5));
    for (let life = 1; life <= 3; life++) {
      for (let i = 0; i < life; i++) await system.send(ref, 'up');
      system = await lives.again(end);
    }
    expect(await system.ask(ref, {})).toBe(11);
  });

  it('goes on with its state, value by value and entry by entry, in their order', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.entity(tally(), 'ann');
    for (const day of ['tue', 'mon', 'tue']) {
      await system.send(ref, { day });
      system = await lives.again(end);
    }
    expect(await system.ask(ref, {})).toEqual([
      ['tue', 2],
      ['mon', 1],
      ['all', 3],
    ]);
  });

  it('goes on with the behavior that it had switched to', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(dark());
    const seen: string[] = [];
    for (let life = 0; life < 3; life++) {
      await system.send(ref, 'press');
      system = await lives.again(end);
      seen.push(await system.ask(ref, {}));
    }
    expect(seen).toEqual(['bright', 'dark', 'bright']);
  });

  it('does not begin again: its init has run once', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(begins());
    await system.send(ref, 'work');
    for (let life = 0; life < 3; life++) {
      system = await lives.again(end);
      await system.send(ref, 'work');
    }
    expect(await lives.heard()).toEqual(['began']);
  });

  it('has its stash, and unstashes it in order', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(closed());
    for (const n of [1, 2]) await system.send(ref, { n });
    system = await lives.again(end);
    await system.send(ref, { n: 3 });
    system = await lives.again(end);
    await system.send(ref, 'open');
    await system.send(ref, { n: 4 });
    expect(await lives.heard()).toEqual([1, 2, 3, 4]);
    system = await lives.again(end);
    await system.send(ref, 'open');
    expect(await lives.heard()).toEqual([1, 2, 3, 4]);
  });

  it('stays intercepted, by interceptors of the program and of Portico', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const copies = system.create(sums(100));
    const ref = system.create(logMessages(monitor(copies, twice(sums(0), 2)), 'info'));
    await system.send(ref, 1);
    system = await lives.again(end);
    const before = lives.log.length;
    await system.send(ref, 2);
    // What the copies are told is told as it came; the sums are told twice as much.
    expect(await lives.heard()).toEqual(expect.arrayContaining([101, 103, 2, 6]));
    expect(lives.log.slice(before).map(({ value }) => value)).toContainEqual({
      actor: String(ref),
      message: 2,
    });
  });

  it('keeps those of its behaviors that everybody has, supervised or not', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const refs = [empty, ignore, supervise(empty, restart()), supervise(ignore, restart())].map((each) =>
      system.create<unknown>(each),
    );
    await lives.rest();
    system = await lives.again(end);
    for (const ref of refs) await system.send(ref, 'hello');
    await lives.rest();
    expect(system.deadLetters.list().map(({ ref, reason }) => [ref.id, reason])).toEqual([
      [refs[0]?.id, 'unhandled'],
      [refs[2]?.id, 'unhandled'],
    ]);
  });
});

describe('a crash with a commit under way', () => {
  it.each([true, false])('leaves all of a turn or nothing: on disk %s', async (keeps) => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(counter(0));
    await system.send(ref, 'up');
    lives.hold();
    const acknowledged: unknown[] = [];
    for (let i = 0; i < 3; i++)
      system.send(ref, 'up').then(
        () => acknowledged.push(i),
        () => undefined,
      );
    await lives.ticks();
    lives.crash({ keeps });
    system = await lives.start();
    expect(acknowledged).toEqual([]);
    expect(await system.ask(ref, {})).toBe(keeps ? 4 : 1);
  });

  it('takes back what was never acknowledged, and all that came of it', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const copies = system.create(sums(0));
    await system.send(copies, 1);
    lives.hold();
    void system.send(copies, 10);
    await lives.ticks();
    lives.crash();
    system = await lives.start();
    await system.send(copies, 100);
    expect(await lives.heard()).toEqual([1, 101]);
  });
});

describe('a crash in the midst of a stop', () => {
  it.each([true, false])('is a crash like any other: on disk %s', async (keeps) => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(counter(0));
    await system.send(ref, 'up');
    lives.hold();
    void system.send(ref, 'up').catch(() => undefined);
    await lives.ticks();
    void system.stop();
    await lives.ticks();
    lives.crash({ keeps });
    system = await lives.start();
    expect(await system.ask(ref, {})).toBe(keeps ? 2 : 1);
  });
});

describe('an actor that has stopped', () => {
  it.each(ends)('is still gone after %s, and leaves nothing in the store', async (end) => {
    const once = behavior('once', (): Behavior<'go'> => receive(() => stopped));
    const lives = new Lives({ behaviors: { ...behaviors, once } });
    let system = await lives.start();
    await system.send(system.create(counter(0)), 'up');
    await lives.rest();
    const before = lives.store.keys();
    const ref = system.create(once());
    await lives.rest();
    expect(lives.store.keys().length).toBeGreaterThan(before.length);
    await system.send(ref, 'go');
    await lives.rest();
    expect(lives.store.keys()).toEqual(before);
    system = await lives.again(end);
    await system.send(ref, 'go');
    await lives.rest();
    expect(system.deadLetters.list()).toMatchObject([{ ref: { id: ref.id }, reason: 'stopped' }]);
  });
});
