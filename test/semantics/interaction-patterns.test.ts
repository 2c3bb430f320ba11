// What the chapter “Interaction patterns” of the Akka Typed documentation promises: how actors send, ask, adapt and
// gather, and what becomes of replies that are late or never come. Timers and effects have files of their own.
import { describe, expect, it } from 'vitest';
import {
  actorRef,
  behavior,
  init,
  mapState,
  receive,
  refEquals,
  resume,
  same,
  stop,
  stopped,
  supervise,
  valueState,
  type ActorRef,
  type Behavior,
  type Failure,
  type StandardSchema,
} from 'portico';
import { settled, world } from './world.ts';

const echo = behavior('echo', (): Behavior<unknown> => receive((message, ctx) => (ctx.emit(message), same)));

describe('sending', () => {
  it.each([
    ['undefined', undefined],
    ['null', null],
    ['zero', 0],
    ['the empty text', ''],
    ['false', false],
    ['NaN', NaN],
    ['a big number', 10n],
    ['a list', [1, [2]]],
    ['a map', new Map([['a', new Set([1])]])],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['an object that looks like a control message', { kind: 'stop', by: -1 }],
    ['an object that looks like a signal', { signal: 'postStop' }],
  ])('delivers %s as it is', async (_, message) => {
    await using w = await world();
    await w.tell(await w.create(echo()), message);
    expect(w.said).toEqual([message]);
    expect(w.letters()).toEqual([]);
  });

  it('takes references as data: in messages, in lists and maps of them, and back again', async () => {
    await using w = await world();
    type Book =
      { type: 'keep'; refs: ReadonlyMap<string, ActorRef<string>[]> } | { type: 'call'; name: string };
    const known = valueState<ReadonlyMap<string, ActorRef<string>[]>>('known', new Map());
    const book = await w.create(
      receive<Book>((order, ctx) => {
        if (order.type === 'keep') known.set(ctx, order.refs);
        else for (const ref of known.get(ctx).get(order.name) ?? []) ctx.send(ref, order.name);
        return same;
      }),
    );
    const a = await w.create<string>(echo());
    const b = await w.create<string>(echo());
    await w.tell(book, { type: 'keep', refs: new Map([['both', [a, b]]]) }, { type: 'call', name: 'both' });
    expect(w.said).toEqual(['both', 'both']);
  });

  it('takes references as keys of state, by their identity', async () => {
    await using w = await world();
    const counts = mapState<string | number | bigint, number>('counts');
    const counting = await w.create(
      receive<ActorRef<never>>((ref, ctx) => {
        const n = (counts.get(ctx, ref.id) ?? 0) + 1;
        counts.set(ctx, ref.id, n);
        ctx.emit(n);
        return same;
      }),
    );
    await w.create(echo(), 'x');
    await w.tell(counting, actorRef('x'), actorRef('y'), actorRef('x'));
    expect(w.said).toEqual([1, 1, 2]);
  });

  it('to oneself comes after what is waiting already', async () => {
    await using w = await world();
    const ref = await w.create(
      receive<string>((text, ctx) => {
        ctx.emit(text);
        if (text === 'two') ctx.send(ctx.self, 'sent by two');
        return same;
      }),
    );
    await w.tell(ref, 'one', 'two');
    await w.tell(ref, 'three');
    expect(w.said).toEqual(['one', 'two', 'sent by two', 'three']);
  });

  it('from a turn that fails sends nothing', async () => {
    await using w = await world();
    const other = await w.create(echo());
    const ref = await w.create(
      receive<string>((text, ctx) => {
        ctx.send(other, text);
        ctx.send(ctx.self, text);
        throw new Error('no');
      }),
    );
    await w.tell(ref, 'half');
    expect(w.said).toEqual([]);
    expect(w.letters()).toEqual([['failed', 'half']]);
  });

  it('through a reference that is none fails the turn', async () => {
    await using w = await world();
    const ref = await w.create(
      receive<string>((text, ctx) => {
        ctx.send(undefined as never, text);
        return same;
      }),
    );
    await w.tell(ref, 'nobody');
    expect(w.letters()).toEqual([['failed', 'nobody']]);
    expect(w.system.dataflow.failure).toBeUndefined();
  });
});

describe('a context', () => {
  it('is of use only in the turn that it was given to', async () => {
    await using w = await world();
    const kept: (() => unknown)[] = [];
    const ref = await w.create(
      receive<string>((_, ctx) => {
        const { self } = ctx;
        kept.push(
          () => ctx.send(self, 'late'),
          () => ctx.create(echo()),
          () => ctx.emit('late'),
          () => ctx.stop(self),
          () => ctx.nowMs,
          () => ctx.children,
          // Another actor has had a turn since, and has asked for its own.
          () => ctx.self,
        );
        return same;
      }),
    );
    await w.tell(ref, 'go');
    await w.tell(await w.create(receive<string>((_, ctx) => (ctx.emit(ctx.self), same))), 'go');
    expect(kept).toHaveLength(7);
    for (const use of kept) {
      expect(use).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/outside-turn$/) as string }),
      );
    }
  });
});

type Query = { q: string; replyTo: ActorRef<string> };

/** Replies to all but `?`, throws at `!`, and stops at `.`. */
const oracle = behavior('oracle', (): Behavior<Query> =>
  receive((query, ctx) => {
    if (query.q === '!') throw new Error('a bad question');
    if (query.q === '.') return stopped;
    if (query.q === '?') return same;
    ctx.send(query.replyTo, `${query.q}.`);
    return same;
  }),
);

type Asker =
  | { type: 'ask'; q: string; of: ActorRef<Query>; timeoutMs?: number }
  | { type: 'answer'; q: string; reply?: string; failure?: Failure }
  | { type: 'bad' }
  | { type: 'stop' };

/** Asks, and emits what comes back. Fails at the answer `fails.`. */
const asker = behavior('asker', (): Behavior<Asker> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'ask': {
        const { q, of, timeoutMs = 1_000 } = message;
        ctx.ask(of, { q }, { as: { type: 'answer', q }, timeoutMs });
        return same;
      }
      case 'answer':
        ctx.emit([message.q, message.reply ?? message.failure?.code]);
        if (message.reply === 'fails.') throw new Error('a bad answer');
        return same;
      case 'bad':
        throw new Error('no');
      case 'stop':
        return stopped;
    }
  }),
);

describe('asking inside', () => {
  it('brings the reply as a message of one’s own protocol, with what was added to it', async () => {
    await using w = await world();
    const of = await w.create(oracle());
    await w.tell(await w.create(asker()), { type: 'ask', q: 'how', of }, { type: 'ask', q: 'why', of });
    expect(w.said).toEqual([
      ['how', 'how.'],
      ['why', 'why.'],
    ]);
    expect(w.timers()).toBe(0);
  });

  it('brings a failure when the time is over, and not before', async () => {
    await using w = await world();
    const of = await w.create(oracle());
    await w.tell(await w.create(asker()), { type: 'ask', q: '?', of, timeoutMs: 500 });
    await w.pass(499);
    expect(w.said).toEqual([]);
    await w.pass(1);
    expect(w.said).toEqual([['?', 'ask/timeout']]);
    await w.pass(10_000);
    expect(w.said).toHaveLength(1);
  });

  it('brings a failure at once if the message is a dead letter: stopped, unknown, unhandled or failed', async () => {
    await using w = await world();
    const ref = await w.create(asker());
    const gone = await w.create<Query>(stopped);
    const deaf = await w.create(receive<Query>(() => undefined as never));
    const of = await w.create(oracle());
    await w.tell(ref, { type: 'ask', q: 'a', of: gone }, { type: 'ask', q: 'b', of: actorRef('nobody') });
    await w.tell(ref, { type: 'ask', q: 'c', of: deaf }, { type: 'ask', q: '!', of });
    expect(w.said).toEqual([
      ['a', 'actor/stopped'],
      ['b', 'actor/unknown'],
      ['c', 'actor/failed'],
      ['!', 'actor/failed'],
    ]);
    expect(w.timers()).toBe(0);
  });

  it.each([
    ['resumed', resume],
    ['stopped', stop],
  ])('brings a failure at once if the asked one fails and is %s', async (_, supervision) => {
    await using w = await world();
    const of = await w.create(supervise(oracle(), supervision));
    await w.tell(await w.create(asker()), { type: 'ask', q: '!', of });
    expect(w.said).toEqual([['!', 'actor/failed']]);
  });

  it('waits for its time if the asked one stops without a reply', async () => {
    await using w = await world();
    const of = await w.create(oracle());
    await w.tell(await w.create(asker()), { type: 'ask', q: '.', of });
    expect(w.said).toEqual([]);
    await w.pass(1_000);
    expect(w.said).toEqual([['.', 'ask/timeout']]);
  });

  it('takes one reply: a second one, or one that is late, is a dead letter', async () => {
    await using w = await world();
    const slow = receive<Query>(({ q, replyTo }, ctx) => {
      if (q === 'twice') for (const reply of ['one', 'two']) ctx.send(replyTo, reply);
      else ctx.send(w.system.entity(sleeper(), 'x'), { replyTo });
      return same;
    });
    type Sleep = { replyTo: ActorRef<string>; now?: true };
    const sleeper = behavior('sleeper', (): Behavior<Sleep> =>
      receive((sleep, ctx) => {
        if (sleep.now) ctx.send(sleep.replyTo, 'late');
        else ctx.timers.single('t', 2_000, { ...sleep, now: true });
        return same;
      }),
    );
    const of = await w.create(slow);
    const ref = await w.create(asker(), 'asker');
    await w.tell(ref, { type: 'ask', q: 'twice', of }, { type: 'ask', q: 'slow', of });
    await w.pass(3_000);
    expect(w.said).toEqual([
      ['twice', 'one'],
      ['slow', 'ask/timeout'],
    ]);
    expect(w.letters()).toEqual([
      ['late', 'two'],
      ['late', 'late'],
    ]);
    expect(w.system.deadLetters.list().every((letter) => refEquals(letter.ref, ref))).toBe(true);
  });

  it('is over when the asker stops: the reply is a dead letter, and no time-out comes', async () => {
    await using w = await world();
    const replies = receive<Query | 'reply'>((message, ctx) => {
      if (message === 'reply') return same;
      ctx.timers.single('t', 100, 'reply');
      return receive((next, inner) => {
        if (next === 'reply') inner.send(message.replyTo, 'hello');
        return same;
      });
    });
    const of = await w.create(replies);
    const ref = await w.create(asker());
    await w.tell(ref, { type: 'ask', q: 'a', of }, { type: 'stop' });
    await w.pass(5_000);
    expect(w.said).toEqual([]);
    expect(w.letters()).toEqual([['late', 'hello']]);
    expect(w.cells()).toBe(1);
  });

  it('is over once its reply was given, whatever becomes of the turn that got it', async () => {
    await using w = await world();
    const of = await w.create(oracle());
    await w.tell(await w.create(asker()), { type: 'ask', q: 'fails', of });
    await w.pass(5_000);
    // What the turn emitted is undone; no time-out follows.
    expect(w.said).toEqual([]);
    expect(w.letters()).toEqual([['failed', { type: 'answer', q: 'fails', reply: 'fails.' }]]);
    expect(w.timers()).toBe(0);
  });

  it('does not happen in a turn that fails', async () => {
    await using w = await world();
    const of = await w.create(receive<Query>((query, ctx) => (ctx.emit(query.q), same)));
    const ref = await w.create(
      receive<Asker>((message, ctx) => {
        if (message.type === 'ask') ctx.ask(of, { q: message.q }, { as: { type: 'answer', q: message.q } });
        throw new Error('no');
      }),
    );
    await w.tell(ref, { type: 'ask', q: 'a', of });
    expect(w.said).toEqual([]);
    expect(w.timers()).toBe(0);
  });

  it('goes on in a chain: who is asked asks another one before it replies', async () => {
    await using w = await world();
    const of = await w.create(oracle());
    type Middle = Query | { type: 'got'; to: ActorRef<string>; reply?: string; failure?: Failure };
    const middle = behavior('middle', (next: ActorRef<Query>): Behavior<Middle> =>
      receive((message, ctx) => {
        if ('q' in message)
          ctx.ask(next, { q: `${message.q}?` }, { as: { type: 'got', to: message.replyTo } });
        else ctx.send(message.to, `${message.reply ?? message.failure?.code}!`);
        return same;
      }),
    );
    let last: ActorRef<Query> = of;
    for (let i = 0; i < 3; i++) last = await w.create(middle(last));
    await w.tell(await w.create(asker()), { type: 'ask', q: 'a', of: last });
    expect(w.said).toEqual([['a', 'a???.!!!']]);
    expect(await settled(w.host, w.system.ask(last, { q: 'b' }))).toEqual({ reply: 'b???.!!!' });
  });

  it('brings a failure through a chain', async () => {
    await using w = await world();
    type Middle = Query | { type: 'got'; to: ActorRef<string>; reply?: string; failure?: Failure };
    const gone = await w.create<Query>(stopped);
    const middle = await w.create(
      receive<Middle>((message, ctx) => {
        if ('q' in message) ctx.ask(gone, { q: 'a' }, { as: { type: 'got', to: message.replyTo } });
        else ctx.send(message.to, message.failure?.code ?? 'none');
        return same;
      }),
    );
    expect(await settled(w.host, w.system.ask(middle, { q: 'b' }))).toEqual({ reply: 'actor/stopped' });
  });

  it('reaches entities and goes through adapters like any other message', async () => {
    await using w = await world();
    const of = w.system.entity(oracle(), 'delphi');
    await w.tell(await w.create(asker()), { type: 'ask', q: 'a', of });
    expect(w.said).toEqual([['a', 'a.']]);
  });

  it('can ask oneself', async () => {
    await using w = await world();
    type Self = Query | { type: 'go' } | { type: 'got'; reply?: string };
    const ref = await w.create(
      receive<Self>((message, ctx) => {
        if ('q' in message) ctx.send(message.replyTo, 'to myself');
        else if (message.type === 'go') ctx.ask(ctx.self, { q: 'x' }, { as: { type: 'got' } });
        else ctx.emit(message.reply);
        return same;
      }),
    );
    await w.tell(ref, { type: 'go' });
    expect(w.said).toEqual(['to myself']);
  });

  it('refuses a time that is none, and fails that turn', async () => {
    await using w = await world();
    const of = await w.create(oracle());
    const ref = await w.create(asker());
    await w.tell(
      ref,
      { type: 'ask', q: 'a', of, timeoutMs: -1 },
      { type: 'ask', q: 'a', of, timeoutMs: NaN },
    );
    expect(w.system.deadLetters.list()).toMatchObject([
      { error: { code: 'context/bad-argument' } },
      { error: { code: 'context/bad-argument' } },
    ]);
    await w.tell(ref, { type: 'ask', q: 'a', of, timeoutMs: Infinity });
    expect(w.said).toEqual([['a', 'a.']]);
  });
});

describe('asking from outside', () => {
  it('resolves with the reply', async () => {
    await using w = await world();
    expect(await settled(w.host, w.system.ask(w.system.create(oracle()), { q: 'how' }))).toEqual({
      reply: 'how.',
    });
  });

  it('may be replied to with anything, nothing included', async () => {
    await using w = await world();
    const replies = [undefined, null, 0, false, ''];
    const ref = await w.create(
      receive<{ n: number; replyTo: ActorRef<unknown> }>(
        ({ n, replyTo }, ctx) => (ctx.send(replyTo, replies[n]), same),
      ),
    );
    for (const [n, reply] of replies.entries()) {
      expect(await settled(w.host, w.system.ask(ref, { n }))).toEqual({ reply });
    }
  });

  it('rejects when the time is over; a reply after that is a dead letter', async () => {
    await using w = await world();
    type Slow = Query | { later: ActorRef<string> };
    const ref = await w.create(
      receive<Slow>((message, ctx) => {
        if ('later' in message) ctx.send(message.later, 'late');
        else ctx.timers.single('t', 200, { later: message.replyTo });
        return same;
      }),
    );
    const asked = w.system.ask(ref, { q: 'a' }, { timeoutMs: 100 });
    const outcome = settled(w.host, asked);
    await outcome;
    await w.pass(99);
    expect(await settled(w.host, asked)).toBe('waiting');
    await w.pass(1);
    expect(await settled(w.host, asked)).toMatchObject({ error: { code: 'ask/timeout' } });
    await w.pass(100);
    expect(w.letters()).toEqual([['late', 'late']]);
  });

  it('rejects at once if the message is a dead letter, and says why', async () => {
    await using w = await world();
    const of = await w.create(oracle());
    const gone = await w.create<Query>(stopped);
    expect(await settled(w.host, w.system.ask(gone, { q: 'a' }))).toMatchObject({
      error: { code: 'ask/failed', message: expect.stringContaining('actor/stopped') as string },
    });
    expect(await settled(w.host, w.system.ask(of, { q: '!' }))).toMatchObject({
      error: { code: 'ask/failed', message: expect.stringContaining('a bad question') as string },
    });
    expect(await settled(w.host, w.system.ask(actorRef<Query>('nobody'), { q: 'a' }))).toMatchObject({
      error: { code: 'ask/failed', message: expect.stringContaining('actor/unknown') as string },
    });
  });

  it('rejects when the system ends', async () => {
    const w = await world();
    const of = await w.create(oracle());
    const waiting = w.system.ask(of, { q: '?' });
    const watching = w.system.watch(of);
    await w.rest();
    const outcomes = [settled(w.host, waiting), settled(w.host, watching)];
    await w.system.stop();
    for (const outcome of outcomes) await outcome;
    expect(await settled(w.host, waiting)).toMatchObject({ error: { code: 'system/shut-down' } });
    expect(await settled(w.host, watching)).toMatchObject({ error: { code: 'system/shut-down' } });
    // Nothing waits for its time any more.
    await w.pass(60_000);
  });

  it('is told apart from other asks: each asker has a reference of its own', async () => {
    await using w = await world();
    const waiting = mapState<string | number | bigint, ActorRef<string>>('waiting');
    const ref = await w.create(
      receive<Query>(({ q, replyTo }, ctx) => {
        waiting.set(ctx, replyTo.id, replyTo);
        if (q === 'all') for (const [, each] of waiting.entries(ctx)) ctx.send(each, 'now');
        return same;
      }),
    );
    const asked = ['a', 'b', 'all'].map((q) => w.system.ask(ref, { q }));
    for (const each of asked) expect(await settled(w.host, each)).toEqual({ reply: 'now' });
  });

  it('can be answered by a stream of another application, which replies with ActorSend', async () => {
    await using w = await world();
    const of = await w.create(receive<Query>(({ q, replyTo }, ctx) => (ctx.emit({ q, replyTo }), same)));
    const asked = w.system.ask(of, { q: 'how' });
    await w.rest();
    const [{ q, replyTo }] = w.said as [Query];
    await w.system.send(replyTo, `${q} from afar`);
    expect(await settled(w.host, asked)).toEqual({ reply: 'how from afar' });
  });
});

describe('an adapter', () => {
  type Translator = { type: 'go' } | { type: 'heard'; from: string; reply?: number | string };
  const translator = behavior(
    'translator',
    (backend: ActorRef<{ replyTo: ActorRef<number> }>): Behavior<Translator> =>
      receive((message, ctx) => {
        if (message.type === 'go') {
          ctx.send(backend, { replyTo: ctx.adapt({ type: 'heard', from: 'backend' }) });
          return same;
        }
        ctx.emit([message.from, message.reply]);
        return message.reply === 3 ? stopped : same;
      }),
  );

  it('brings what others send as a message of one’s own protocol, as often as they send', async () => {
    await using w = await world();
    const backend = await w.create(
      receive<{ replyTo: ActorRef<number> }>(({ replyTo }, ctx) => {
        for (const n of [1, 2]) ctx.send(replyTo, n);
        return same;
      }),
    );
    await w.tell(await w.create(translator(backend)), { type: 'go' });
    expect(w.said).toEqual([
      ['backend', 1],
      ['backend', 2],
    ]);
  });

  it('works from outside, and keeps the order with what comes directly', async () => {
    await using w = await world();
    const ref = await w.create(
      init<Translator>((ctx) => {
        ctx.emit(ctx.adapt({ type: 'heard', from: 'adapter' }));
        return receive((message, inner) => (inner.emit(message), same));
      }),
    );
    const adapter = w.said.pop() as ActorRef<string>;
    await w.tell(adapter, 'a');
    await w.tell(ref, { type: 'go' });
    await w.tell(adapter, 'b');
    expect(w.said).toEqual([
      { type: 'heard', from: 'adapter', reply: 'a' },
      { type: 'go' },
      { type: 'heard', from: 'adapter', reply: 'b' },
    ]);
    expect(refEquals(adapter, ref)).toBe(true);
  });

  it('stops with its actor: what comes then is a dead letter', async () => {
    await using w = await world();
    const backend = await w.create(
      receive<{ replyTo: ActorRef<number> }>(({ replyTo }, ctx) => {
        for (const n of [3, 4]) ctx.send(replyTo, n);
        return same;
      }),
    );
    await w.tell(await w.create(translator(backend)), { type: 'go' });
    expect(w.said).toEqual([['backend', 3]]);
    expect(w.letters()).toEqual([['stopped', { type: 'heard', from: 'backend', reply: 4 }]]);
  });
});

describe('a session of its own for each request', () => {
  it('gathers from several, replies once, and is gone; without one of them it replies in time with what there is', async () => {
    await using w = await world();
    const keys = await w.create(oracle());
    const wallet = await w.create(oracle());
    type Leave = { who: string; wallet?: '?'; replyTo: ActorRef<string> };
    type Session =
      | { type: 'keys'; reply?: string; failure?: Failure }
      | { type: 'wallet'; reply?: string; failure?: Failure };
    const session = behavior('session', (leave: Leave): Behavior<Session> =>
      init((ctx) => {
        ctx.ask(keys, { q: `${leave.who}'s keys` }, { as: { type: 'keys' }, timeoutMs: 100 });
        ctx.ask(
          wallet,
          { q: leave.wallet ?? `${leave.who}'s wallet` },
          { as: { type: 'wallet' }, timeoutMs: 100 },
        );
        return gathering(leave, []);
      }),
    );
    const gathering = behavior('gathering', (leave: Leave, have: string[]): Behavior<Session> =>
      receive((message, ctx) => {
        const now = [...have, message.reply ?? `no ${message.type}`];
        if (now.length < 2) return gathering(leave, now);
        ctx.send(leave.replyTo, now.join(' and '));
        return stopped;
      }),
    );
    const home = await w.create(
      receive<Leave>((leave, ctx) => (ctx.create(session(leave), { child: true }), same)),
    );
    expect(await settled(w.host, w.system.ask(home, { who: 'Ann' }))).toEqual({
      reply: "Ann's keys. and Ann's wallet.",
    });
    const slow = w.system.ask(home, { who: 'Bob', wallet: '?' });
    expect(await settled(w.host, slow)).toBe('waiting');
    await w.pass(100);
    expect(await settled(w.host, slow)).toEqual({ reply: "Bob's keys. and no wallet" });
    expect(w.cells()).toBe(3);
  });
});

describe('a schema', () => {
  /** Wants an object with an amount above 0; takes as long as it is told. */
  const schema = (delays: number[] = []): StandardSchema => ({
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => {
        const amount = (value as { amount?: unknown } | undefined)?.amount;
        const result =
          typeof amount === 'number' && amount > 0
            ? { value }
            : { issues: [{ message: 'must be above 0', path: ['order', { key: 'amount' }] }] };
        const turns = delays.shift();
        if (turns === undefined) return result;
        return (async () => {
          for (let i = 0; i < turns; i++) await Promise.resolve();
          return result;
        })();
      },
    },
  });
  type Pay = { amount: number; replyTo?: ActorRef<string> };
  const till = (delays?: number[]) =>
    behavior(
      'till',
      (): Behavior<Pay> =>
        receive(({ amount, replyTo }, ctx) => {
          ctx.emit(amount);
          if (replyTo !== undefined) ctx.send(replyTo, 'paid');
          return same;
        }),
      { schema: schema(delays) },
    );

  it('refuses a message from outside that does not fit, with the path, and it is never delivered', async () => {
    await using w = await world();
    const ref = w.system.create(till()());
    const refused = await settled(w.host, w.system.send(ref, { amount: -1 }));
    expect(refused).toMatchObject({
      error: {
        code: 'actor/bad-message',
        message: expect.stringContaining('order.amount: must be above 0') as string,
      },
    });
    await w.tell(ref, { amount: 1 });
    expect(w.said).toEqual([1]);
    expect(w.letters()).toEqual([]);
  });

  it('refuses what is asked, too, at once', async () => {
    await using w = await world();
    const ref = w.system.create(till()()) as ActorRef<Pay & { replyTo: ActorRef<string> }>;
    const refused = await settled(w.host, w.system.ask(ref, { amount: 0 }));
    expect(refused).toMatchObject({ error: { code: 'actor/bad-message' } });
    expect(await settled(w.host, w.system.ask(ref, { amount: 1 }))).toEqual({ reply: 'paid' });
  });

  it('holds for an entity wherever its reference comes from', async () => {
    await using w = await world();
    const kind = till();
    const gives = receive<string>((_, ctx) => (ctx.emit(ctx.entity(kind(), 'x')), same));
    await w.tell(await w.create(gives), 'go');
    const ref = w.said.pop() as ActorRef<Pay>;
    for (const each of [ref, w.system.entity(kind(), 'x')]) {
      expect(await settled(w.host, w.system.send(each, { amount: 0 }))).toMatchObject({
        error: { code: 'actor/bad-message' },
      });
    }
    expect(w.said).toEqual([]);
  });

  it('does not change the order of messages, however long each check takes', async () => {
    await using w = await world();
    const ref = w.system.create(till([50, 0, 20, 1])());
    const sent = [1, 2, -3, 4].map((amount) => settled(w.host, w.system.send(ref, { amount })));
    await w.tell(ref, { amount: 5 });
    expect(await Promise.all(sent)).toMatchObject([{}, {}, { error: { code: 'actor/bad-message' } }, {}]);
    expect(w.said).toEqual([1, 2, 4, 5]);
  });

  it('leaves messages between actors alone', async () => {
    await using w = await world();
    const kind = till();
    const inside = receive<string>((_, ctx) => (ctx.send(ctx.create(kind()), { amount: -1 }), same));
    await w.tell(await w.create(inside), 'go');
    expect(w.said).toEqual([-1]);
  });
});
