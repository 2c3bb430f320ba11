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
  stopped,
  supervise,
  unhandled,
  valueState,
  type ActorRef,
  type Behavior,
} from 'portico';
import { systemKit } from 'portico/testkit';
import { describe, expect, it } from 'vitest';

type Count =
  | { type: 'up'; by?: number }
  | { type: 'get'; replyTo: ActorRef<number> }
  | { type: 'fail' }
  | { type: 'end' };

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
    await using kit = await systemKit();
    const ref = kit.create(twice(counter(0), 2));
    await kit.send(ref, { type: 'up' });
    await kit.send(ref, { type: 'up' });
    expect(await kit.ask(ref, { type: 'get' })).toBe(4);
  });

  it('is data when it is named: a name, the behavior, and arguments', () => {
    expect(String(twice(counter(7), 2))).toBe('twice(counter(7), 2)');
  });

  it('stays around each behavior that the first one becomes', async () => {
    await using kit = await systemKit();
    const ref = kit.create(
      intercept(counter(0), {
        onMessage: (message: Count, _, next) =>
          next(message.type === 'up' ? { ...message, by: 10 } : message),
      }),
    );
    for (let i = 0; i < 3; i++) await kit.send(ref, { type: 'up' });
    expect(await kit.ask(ref, { type: 'get' })).toBe(30);
  });

  it('can keep messages to itself', async () => {
    await using kit = await systemKit();
    const ref = kit.create(
      intercept(counter(0), {
        onMessage: (message: Count, _, next) => (message.type === 'up' ? same : next(message)),
      }),
    );
    await kit.send(ref, { type: 'up' });
    expect(await kit.ask(ref, { type: 'get' })).toBe(0);
  });

  it('can change the protocol', async () => {
    await using kit = await systemKit();
    const seen: unknown[] = [];
    kit.system.subscribe((value) => seen.push(value));
    const lengths = behavior('lengths', () => receive<number>((n, ctx) => (ctx.emit(n), same)));
    const ref: ActorRef<string> = kit.create(
      intercept(lengths(), { onMessage: (text: string, _, next) => next(text.length) }),
    );
    await kit.send(ref, 'four');
    expect(seen).toEqual([4]);
  });

  it('keeps what the behavior became when it hands on several messages and returns same', async () => {
    await using kit = await systemKit();
    const ref = kit.create(
      intercept(counter(0), {
        onMessage: (message: Count, _, next) => {
          if (message.type !== 'up') return next(message);
          next(message);
          next(message);
          return same;
        },
      }),
    );
    await kit.send(ref, { type: 'up' });
    expect(await kit.ask(ref, { type: 'get' })).toBe(2);
  });

  it('runs init of the behavior once, with the context of the actor', async () => {
    await using kit = await systemKit();
    const seen: unknown[] = [];
    kit.system.subscribe((value) => seen.push(value));
    const starts = behavior('starts', (): Behavior<Count> =>
      init((ctx) => (ctx.emit(String(ctx.self)), counter(5))),
    );
    const ref = kit.create(twice(starts(), 2));
    await kit.send(ref, { type: 'up' });
    expect(await kit.ask(ref, { type: 'get' })).toBe(7);
    expect(seen).toEqual([String(ref)]);
  });

  it('lets the behavior stop, and the signal of that pass', async () => {
    const signals: string[] = [];
    await using kit = await systemKit();
    const emitted: unknown[] = [];
    kit.system.subscribe((value) => emitted.push(value));
    const ref = kit.create(
      intercept(counter(0), { onSignal: (signal, _, next) => (signals.push(signal.signal), next(signal)) }),
    );
    await kit.send(ref, { type: 'end' });
    expect([signals, emitted]).toEqual([['postStop'], ['postStop']]);
  });

  it('hands on that a message was not handled', async () => {
    await using kit = await systemKit();
    const picky = behavior('picky', () => receive<string>(() => unhandled));
    const ref = kit.create(intercept(picky(), {}));
    await kit.send(ref, 'hello');
    expect(kit.deadLetters.list()).toMatchObject([{ message: 'hello', reason: 'unhandled' }]);
  });

  it('leaves the supervision of the behavior in force, wherever it was said', async () => {
    const sum = valueState('sum', 0);
    const adder = behavior('adder', () =>
      supervise(
        receive<Count>((message, ctx) => {
          if (message.type === 'fail') throw new Error('told to fail');
          if (message.type === 'up') sum.update(ctx, (n) => n + 1);
          if (message.type === 'get') ctx.send(message.replyTo, sum.get(ctx));
          return same;
        }),
        restart(),
      ),
    );
    const begun = behavior('begun', () => init<Count>(() => adder()));
    await using kit = await systemKit();
    for (const inner of [adder(), begun()]) {
      const ref = kit.create(intercept(inner, {}));
      for (const type of ['up', 'up', 'fail', 'up'] as const) await kit.send(ref, { type });
      expect(await kit.ask(ref, { type: 'get' })).toBe(1);
    }
  });

  it('can be put around another one', async () => {
    await using kit = await systemKit();
    const ref = kit.create(twice(twice(counter(0), 3), 2));
    await kit.send(ref, { type: 'up' });
    expect(await kit.ask(ref, { type: 'get' })).toBe(3);
  });

  it('fails the turn when what is inside returns no behavior', async () => {
    await using kit = await systemKit();
    const broken = behavior('broken', () => receive<string>(() => undefined as never));
    await kit.send(kit.create(intercept(broken(), {})), 'hello');
    expect(kit.deadLetters.list()).toMatchObject([
      { reason: 'failed', error: { code: 'actor/bad-behavior' } },
    ]);
  });
});

describe('a monitor', () => {
  it('is sent a copy of each message', async () => {
    await using kit = await systemKit();
    const seen: unknown[] = [];
    kit.system.subscribe((value) => seen.push(value));
    const spy = behavior('spy', () => receive<Count>((message, ctx) => (ctx.emit(message.type), same)));
    const ref = kit.create(monitor(kit.create(spy()), counter(0)));
    await kit.send(ref, { type: 'up' });
    expect(await kit.ask(ref, { type: 'get' })).toBe(1);
    expect(seen).toEqual(['up', 'get']);
  });
});

describe('logMessages', () => {
  it('writes messages and signals to the log, at the level that it is given', async () => {
    await using kit = await systemKit();
    const ref = kit.create(logMessages(counter(0), 'info'));
    await kit.send(ref, { type: 'up' });
    await kit.send(ref, { type: 'end' });
    const actor = String(ref);
    expect(kit.log.map(({ level, value }) => [level, value])).toEqual([
      ['info', { actor, message: { type: 'up' } }],
      ['info', { actor, message: { type: 'end' } }],
      ['info', { actor, signal: 'postStop' }],
    ]);
  });
});
