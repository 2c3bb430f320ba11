import {
  behavior,
  init,
  intercept,
  interceptor,
  logMessages,
  monitor,
  receive,
  restart,
  same,
  start,
  stopped,
  supervise,
  unhandled,
  valueState,
  type ActorRef,
  type Behavior,
} from 'portico';
import { virtualHost } from 'portico/testing';
import { describe, expect, it } from 'vitest';

type Count = { type: 'up'; by?: number } | { type: 'get'; replyTo: ActorRef<number> } | { type: 'fail' } | { type: 'end' };

const counter = behavior('counter', (n: number): Behavior<Count> =>
  receive(
    (message, ctx) => {
      switch (message.type) {
        case 'up':
          return counter(n + (message.by ?? 1));
        case 'get':
          ctx.send(message.replyTo, n);
          return same;
        case 'fail':
          throw new Error('told to fail');
        case 'end':
          return stopped;
      }
    },
    { onSignal: ({ signal }, ctx) => (ctx.emit(signal), same) },
  ),
);

const twice = interceptor('twice', (times: number) => ({
  onMessage: (message: Count, _, next) => next(message.type === 'up' ? { type: 'up', by: times } : message),
}));

describe('an interceptor', () => {
  it('sees each message before the behavior does, and hands on what it likes', async () => {
    await using system = await start({ host: virtualHost() });
    const ref = system.create(twice(counter(0), 2));
    await system.send(ref, { type: 'up' });
    await system.send(ref, { type: 'up' });
    expect(await asked(system, ref)).toBe(4);
  });

  it('is data when it is named: a name, the behavior, and arguments', () => {
    expect(String(twice(counter(7), 2))).toBe('twice(counter(7), 2)');
  });

  it('stays around each behavior that the first one becomes', async () => {
    await using system = await start({ host: virtualHost() });
    const ref = system.create(intercept(counter(0), { onMessage: (message: Count, _, next) => next(message.type === 'up' ? { ...message, by: 10 } : message) }));
    for (let i = 0; i < 3; i++) await system.send(ref, { type: 'up' });
    expect(await asked(system, ref)).toBe(30);
  });

  it('can keep messages to itself', async () => {
    await using system = await start({ host: virtualHost() });
    const ref = system.create(intercept(counter(0), { onMessage: (message: Count, _, next) => (message.type === 'up' ? same : next(message)) }));
    await system.send(ref, { type: 'up' });
    expect(await asked(system, ref)).toBe(0);
  });

  it('can change the protocol', async () => {
    await using system = await start({ host: virtualHost() });
    const seen: unknown[] = [];
    system.subscribe((value) => seen.push(value));
    const lengths = behavior('lengths', () => receive<number>((n, ctx) => (ctx.emit(n), same)));
    const ref: ActorRef<string> = system.create(
      intercept(lengths(), { onMessage: (text: string, _, next) => next(text.length) }),
    );
    await system.send(ref, 'four');
    await settled(system);
    expect(seen).toEqual([4]);
  });

  it('keeps what the behavior became when it hands on several messages and returns same', async () => {
    await using system = await start({ host: virtualHost() });
    const ref = system.create(
      intercept(counter(0), {
        onMessage: (message: Count, _, next) => {
          if (message.type !== 'up') return next(message);
          next(message);
          next(message);
          return same;
        },
      }),
    );
    await system.send(ref, { type: 'up' });
    expect(await asked(system, ref)).toBe(2);
  });

  it('runs init of the behavior once, with the context of the actor', async () => {
    await using system = await start({ host: virtualHost() });
    const seen: unknown[] = [];
    system.subscribe((value) => seen.push(value));
    const starts = behavior('starts', (): Behavior<Count> => init((ctx) => (ctx.emit(String(ctx.self)), counter(5))));
    const ref = system.create(twice(starts(), 2));
    await system.send(ref, { type: 'up' });
    expect(await asked(system, ref)).toBe(7);
    expect(seen).toEqual([String(ref)]);
  });

  it('lets the behavior stop, and the signal of that pass', async () => {
    const signals: string[] = [];
    await using system = await start({ host: virtualHost() });
    const emitted: unknown[] = [];
    system.subscribe((value) => emitted.push(value));
    const ref = system.create(
      intercept(counter(0), { onSignal: (signal, _, next) => (signals.push(signal.signal), next(signal)) }),
    );
    await system.send(ref, { type: 'end' });
    await settled(system);
    expect([signals, emitted]).toEqual([['postStop'], ['postStop']]);
  });

  it('hands on that a message was not handled', async () => {
    await using system = await start({ host: virtualHost() });
    const picky = behavior('picky', () => receive<string>(() => unhandled));
    const ref = system.create(intercept(picky(), {}));
    await system.send(ref, 'hello');
    await settled(system);
    expect(system.deadLetters.list()).toMatchObject([{ message: 'hello', reason: 'unhandled' }]);
  });

  it('leaves the supervision of the behavior in force, wherever it was said', async () => {
    const sum = valueState('sum', 0);
    const adder = behavior('adder', () =>
      supervise(
        receive<number | 'fail' | { replyTo: ActorRef<number> }>((message, ctx) => {
          if (message === 'fail') throw new Error('told to fail');
          if (typeof message === 'number') sum.update(ctx, (n) => n + message);
          else ctx.send(message.replyTo, sum.get(ctx));
          return same;
        }),
        restart(),
      ),
    );
    const begun = behavior('begun', () => init<number | 'fail' | { replyTo: ActorRef<number> }>(() => adder()));
    await using system = await start({ host: virtualHost() });
    for (const inner of [adder(), begun()]) {
      const ref = system.create(intercept(inner, {}));
      for (const message of [1, 'fail', 2] as const) await system.send(ref, message);
      expect(await run(system, system.ask(ref, {}))).toBe(2);
    }
  });

  it('can be put around another one', async () => {
    await using system = await start({ host: virtualHost() });
    const ref = system.create(twice(twice(counter(0), 3), 2));
    await system.send(ref, { type: 'up' });
    expect(await asked(system, ref)).toBe(3);
  });

  it('fails the turn when what is inside returns no behavior', async () => {
    await using system = await start({ host: virtualHost() });
    const broken = behavior('broken', () => receive<string>(() => undefined as never));
    await system.send(system.create(intercept(broken(), {})), 'hello');
    await settled(system);
    expect(system.deadLetters.list()).toMatchObject([{ reason: 'failed', error: { code: 'actor/bad-behavior' } }]);
  });
});

describe('a monitor', () => {
  it('is sent a copy of each message', async () => {
    await using system = await start({ host: virtualHost() });
    const seen: unknown[] = [];
    system.subscribe((value) => seen.push(value));
    const spy = behavior('spy', () => receive<Count>((message, ctx) => (ctx.emit(message.type), same)));
    const ref = system.create(monitor(system.create(spy()), counter(0)));
    await system.send(ref, { type: 'up' });
    expect(await asked(system, ref)).toBe(1);
    expect(seen).toEqual(['up', 'get']);
  });
});

describe('logMessages', () => {
  it('writes messages and signals to the log, at the level that it is given', async () => {
    const host = virtualHost();
    await using system = await start({ host });
    const ref = system.create(logMessages(counter(0), 'info'));
    await system.send(ref, { type: 'up' });
    await system.send(ref, { type: 'end' });
    await settled(system);
    const actor = String(ref);
    expect(host.records.map(({ level, value }) => [level, value])).toEqual([
      ['info', { actor, message: { type: 'up' } }],
      ['info', { actor, message: { type: 'end' } }],
      ['info', { actor, signal: 'postStop' }],
    ]);
  });
});
