// What the chapter “Style guide” of the Akka Typed documentation takes for granted: the functional style and that of state
// handles come to the same, messages tell their kind, private messages are no different, and behaviors can be put together.
import { describe, expect, it } from 'vitest';
import {
  ActorRef,
  actorRef,
  behavior,
  init,
  mapState,
  receive,
  refEquals,
  same,
  stopped,
  valueState,
  type ActorContext,
  type Behavior,
} from 'portico';
import { settled, world, type World } from './world.ts';

type Counter = { type: 'up' } | { type: 'down'; by: number } | { type: 'read'; replyTo: ActorRef<number> };

const functional = behavior('functional', (n: number): Behavior<Counter> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'up':
        return functional(n + 1);
      case 'down':
        if (message.by < 0) throw new Error('that would be up');
        return functional(n - message.by);
      case 'read':
        ctx.send(message.replyTo, n);
        return same;
    }
  }),
);

const count = valueState('count', 0);
const stateful = behavior('stateful', (): Behavior<Counter> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'up':
        count.update(ctx, (n) => n + 1);
        return same;
      case 'down':
        count.update(ctx, (n) => n - message.by);
        if (message.by < 0) throw new Error('that would be up');
        return same;
      case 'read':
        ctx.send(message.replyTo, count.get(ctx));
        return same;
    }
  }),
);

describe('the functional style and that of state handles', () => {
  it.each([
    ['functional', functional(0)],
    ['stateful', stateful()],
  ])('come to the same: %s', async (_, first) => {
    await using w = await world();
    const ref = await w.create(first);
    await w.tell(ref, { type: 'up' }, { type: 'up' }, { type: 'down', by: -5 }, { type: 'down', by: 3 });
    expect(await settled(w.host, w.system.ask(ref, { type: 'read' }))).toEqual({ reply: -1 });
    expect(w.letters()).toHaveLength(1);
  });

  it('keep the state of each actor apart', async () => {
    await using w = await world();
    const [a, b] = [await w.create(stateful()), await w.create(stateful())];
    await w.tell(a, { type: 'up' });
    expect(await settled(w.host, w.system.ask(b, { type: 'read' }))).toEqual({ reply: 0 });
  });

  it('do not meet the names that the runtime uses for itself', async () => {
    await using w = await world();
    const names = ['behavior', 'extras', 'children', 'watchers', 'stash', '_stash', 'timers'];
    const values = names.map((name) => valueState<unknown>(name, undefined));
    const maps = names.map((name) => mapState<string, string>(name));
    const clumsy = receive<string>((text, ctx) => {
      for (const value of values) value.set(ctx, 'clobbered');
      for (const map of maps) map.set(ctx, 'a', 'clobbered');
      ctx.emit(text);
      return text === 'stop' ? stopped : same;
    });
    const ref = await w.create(clumsy);
    await w.tell(ref, 'a', 'b', 'stop');
    expect(w.said).toEqual(['a', 'b', 'stop']);
    expect(w.cells()).toBe(0);
  });

  it('forget the state of an actor that has stopped, also for the next one of its name', async () => {
    await using w = await world();
    const kept = mapState<string, number>('kept');
    const keeping = receive<string>((text, ctx) => {
      kept.set(ctx, text, 1);
      count.update(ctx, (n) => n + 1);
      ctx.emit([kept.size(ctx), count.get(ctx)]);
      return text === 'stop' ? stopped : same;
    });
    for (let i = 0; i < 2; i++) await w.tell(await w.create(keeping, 'name'), 'a', 'stop');
    expect(w.said).toEqual([
      [1, 1],
      [2, 2],
      [1, 1],
      [2, 2],
    ]);
  });

  it('can be used by helpers that are given the context', async () => {
    await using w = await world();
    const bump = (ctx: ActorContext<Counter>): number => count.update(ctx, (n) => n + 1);
    const ref = await w.create(receive<Counter>((_, ctx) => (ctx.emit(bump(ctx)), same)));
    await w.tell(ref, { type: 'up' }, { type: 'up' });
    expect(w.said).toEqual([1, 2]);
  });
});

describe('a reference', () => {
  it('is the same actor wherever it comes from, and says which', async () => {
    await using w = await world();
    const ref = await w.create(receive<string>((_, ctx) => (ctx.emit(ctx.self), same)));
    await w.tell(ref, 'who are you?');
    const [self] = w.said as ActorRef<never>[];
    expect(self).toBeInstanceOf(ActorRef);
    expect(refEquals(ref, self ?? actorRef('nobody'))).toBe(true);
    expect(String(self)).toBe(String(ref));
    expect(JSON.stringify({ ref })).toContain(String(ref));
    expect(String(actorRef('ann'))).toContain('ann');
  });

  it('differs for different actors', async () => {
    await using w = await world();
    const refs: ActorRef<never>[] = [];
    for (let i = 0; i < 10; i++) refs.push(await w.create(receive<string>(() => same)));
    const parent = await w.create(
      receive<string>((_, ctx) => {
        for (let i = 0; i < 10; i++) refs.push(ctx.create(receive<string>(() => same)));
        return same;
      }),
    );
    await w.tell(parent, 'go');
    expect(new Set(refs.map(({ id }) => id)).size).toBe(20);
    expect(new Set(refs.map(String)).size).toBe(20);
  });
});

describe('logging', () => {
  it('takes any value, at its level', async () => {
    await using w = await world();
    const talks = receive<unknown>((value, ctx) => {
      for (const level of ['debug', 'info', 'warn', 'error'] as const) ctx.log[level](value);
      return same;
    });
    await w.tell(await w.create(talks), { a: 1 });
    expect(w.host.records.map(({ level, value }) => [level, value])).toEqual(
      ['debug', 'info', 'warn', 'error'].map((level) => [level, { a: 1 }]),
    );
  });

  it('is what is seen also of a turn that failed: it says what happened on the way', async () => {
    await using w = await world();
    await w.tell(
      await w.create(
        receive<string>((text, ctx) => {
          ctx.log.info(text);
          throw new Error('no');
        }),
      ),
      'hello',
    );
    expect(w.lines()).toContain('hello');
  });
});

describe('time and chance', () => {
  const draws = async (seed: number): Promise<unknown[]> => {
    await using w: World = await world({ seed });
    const dice = init<string>((ctx) => {
      ctx.emit(ctx.random(1_000_000));
      return receive((text, inner) => {
        inner.emit([inner.random(1_000_000), inner.nowMs]);
        if (text === 'bad') throw new Error('no');
        return same;
      });
    });
    const ref = await w.create(dice);
    await w.tell(ref, 'a');
    await w.pass(1_234);
    await w.tell(ref, 'bad', 'b');
    return w.said;
  };

  it('come from the system: the same seed and clock give the same run', async () => {
    const run = await draws(7);
    expect(run).toEqual(await draws(7));
    expect(run).not.toEqual(await draws(8));
    expect(run.map((each) => (Array.isArray(each) ? (each[1] as unknown) : 'init'))).toEqual([
      'init',
      0,
      1_234,
    ]);
  });
});
