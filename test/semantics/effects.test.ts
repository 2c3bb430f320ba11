// What the section “Send Future result to self” of the Akka Typed documentation promises: what takes time is carried out
// beside the actors, and its outcome comes as a message.
import { describe, expect, it } from 'vitest';
import {
  behavior,
  effect,
  receive,
  same,
  start,
  stopped,
  type ActorRef,
  type Behavior,
  type Effect,
  type EffectContext,
  type Failure,
} from 'portico';
import { world } from './world.ts';

type Caller =
  | { type: 'call'; with: string }
  | { type: 'done'; of: string; reply?: string; failure?: Failure }
  | { type: 'stop' };

/** Calls an effect, and emits its outcome. */
const caller = (to: Effect<string, string>): Behavior<Caller> =>
  receive((message, ctx) => {
    if (message.type === 'stop') return stopped;
    if (message.type === 'call') ctx.run(to, message.with, { as: { type: 'done', of: message.with } });
    else ctx.emit([message.of, message.reply ?? message.failure]);
    return same;
  });

describe('the outcome of an effect', () => {
  it.each([
    ['at once', (text: string) => text.toUpperCase()],
    ['by a promise', async (text: string) => text.toUpperCase()],
  ])('comes as a message of one’s own protocol, with what was added to it (given %s)', async (_, call) => {
    const shout = effect('shout', call);
    await using w = await world({ effects: { shout } });
    const ref = await w.create(caller(shout));
    await w.tell(ref, { type: 'call', with: 'a' }, { type: 'call', with: 'b' });
    expect(w.said).toEqual([
      ['a', 'A'],
      ['b', 'B'],
    ]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no luck');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no luck');
      },
    ],
  ])('is a failure with its words if it %s, after one try', async (_, call) => {
    let calls = 0;
    const unlucky = effect<string, string>('unlucky', () => (calls++, call()));
    await using w = await world({ effects: { unlucky } });
    await w.tell(await w.create(caller(unlucky)), { type: 'call', with: 'a' });
    await w.pass(100_000);
    expect(w.said).toEqual([['a', { code: 'effect/failed', message: 'no luck' }]]);
    expect(calls).toBe(1);
  });

  it('waits for its turn if as many tries are under way as are allowed', async () => {
    const waiting: (() => void)[] = [];
    let most = 0;
    const slow = effect<string, string>(
      'slow',
      async (text) => {
        await new Promise<void>((resolve) => {
          most = Math.max(most, waiting.push(resolve));
        });
        return text;
      },
      { concurrency: 2 },
    );
    await using w = await world({ effects: { slow } });
    const ref = await w.create(caller(slow));
    for (const text of ['a', 'b', 'c', 'd', 'e']) void w.system.send(ref, { type: 'call', with: text });
    await w.pass(0);
    while (waiting.length > 0) {
      for (const resolve of waiting.splice(0)) resolve();
      await w.pass(10);
    }
    expect(most).toBe(2);
    expect(w.said.map((said) => (said as string[])[0])).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('cannot be waited for by fewer than one try', () => {
    const code = 'graph/bad-argument';
    expect(() => effect('none', (text: string) => text, { concurrency: 0 })).toThrow(
      expect.objectContaining({ code }) as Error,
    );
  });

  it('is a failure if the system does not know the effect', async () => {
    await using w = await world();
    const unknown = effect('unknown', (text: string) => text);
    await w.tell(await w.create(caller(unknown)), { type: 'call', with: 'a' });
    expect(w.said).toMatchObject([
      ['a', { code: 'effect/unknown', message: expect.stringContaining('unknown') as string }],
    ]);
  });

  it('is that of the effect of that name which the system was given', async () => {
    const declared = effect('look up', (text: string) => `never ${text}`);
    await using w = await world({
      effects: { lookUp: effect('look up', (text: string) => `found ${text}`) },
    });
    await w.tell(await w.create(caller(declared)), { type: 'call', with: 'a' });
    expect(w.said).toEqual([['a', 'found a']]);
  });

  it('is a dead letter if its actor has stopped', async () => {
    let finish: (text: string) => void = () => undefined;
    const slow = effect<string, string>('slow', () => new Promise((resolve) => (finish = resolve)));
    await using w = await world({ effects: { slow } });
    const ref = await w.create(caller(slow));
    await w.tell(ref, { type: 'call', with: 'a' }, { type: 'stop' });
    finish('late');
    await w.rest();
    expect(w.letters()).toEqual([['stopped', { type: 'done', of: 'a', reply: 'late' }]]);
  });

  it('finds an entity awake again', async () => {
    const shout = effect('shout', async (text: string) => text.toUpperCase());
    await using w = await world({ effects: { shout } });
    const sleepy = behavior('sleepy', (): Behavior<Caller> =>
      receive((message, ctx) => {
        if (message.type === 'call') ctx.run(shout, message.with, { as: { type: 'done', of: message.with } });
        else if (message.type === 'done') ctx.emit(message.reply);
        return stopped;
      }),
    );
    await w.tell(w.system.entity(sleepy(), 'x'), { type: 'call', with: 'a' });
    expect(w.said).toEqual(['A']);
    expect(w.cells()).toBe(0);
  });
});

describe('an effect', () => {
  it('takes place after its turn stands, and not at all if the turn fails', async () => {
    const calls: string[] = [];
    const note = effect('note', (text: string) => (calls.push(text), text));
    await using w = await world({ effects: { note } });
    const ref = await w.create(
      receive<Caller>((message, ctx) => {
        if (message.type !== 'call') return same;
        ctx.run(note, message.with, { as: { type: 'done', of: '' } });
        expect(calls).not.toContain(message.with);
        if (message.with === 'bad') throw new Error('no');
        return same;
      }),
    );
    await w.tell(ref, { type: 'call', with: 'bad' }, { type: 'call', with: 'good' });
    expect(calls).toEqual(['good']);
    expect(w.letters()).toHaveLength(1);
  });

  it('is tried again, after growing waits, until it succeeds, with the same key', async () => {
    const tries: [number, string][] = [];
    const flaky = effect(
      'flaky',
      async (text: string, { idempotencyKey }: EffectContext) => {
        tries.push([w.host.now(), idempotencyKey]);
        if (tries.length < 6) throw new Error('not yet');
        return text;
      },
      { tries: 10, backoffMs: 100, maxBackoffMs: 500 },
    );
    await using w = await world({ effects: { flaky } });
    await w.tell(await w.create(caller(flaky)), { type: 'call', with: 'a' });
    await w.pass(10_000);
    expect(w.said).toEqual([['a', 'a']]);
    expect(tries.map(([ms]) => ms)).toEqual([0, 100, 300, 700, 1_200, 1_700]);
    expect(new Set(tries.map(([, key]) => key)).size).toBe(1);
  });

  it('fails for good when its tries are used up', async () => {
    let calls = 0;
    const hopeless = effect<string, string>(
      'hopeless',
      () => {
        throw new Error(`try ${++calls}`);
      },
      { tries: 3, backoffMs: 10 },
    );
    await using w = await world({ effects: { hopeless } });
    await w.tell(await w.create(caller(hopeless)), { type: 'call', with: 'a' });
    await w.pass(1_000);
    expect(w.said).toEqual([['a', { code: 'effect/failed', message: 'try 3' }]]);
    expect(calls).toBe(3);
  });

  it('has another key for each call', async () => {
    const keys: string[] = [];
    const note = effect(
      'note',
      (text: string, { idempotencyKey }: EffectContext) => (keys.push(idempotencyKey), text),
    );
    await using w = await world({ effects: { note } });
    for (let i = 0; i < 3; i++) await w.tell(await w.create(caller(note)), { type: 'call', with: 'a' });
    await w.tell(await w.create(caller(note)), { type: 'call', with: 'a' }, { type: 'call', with: 'a' });
    expect(new Set(keys).size).toBe(5);
  });

  it('is waited for by idle, with all that follows from it', async () => {
    const slow = effect('slow', async (text: string) => {
      for (let i = 0; i < 20; i++) await Promise.resolve();
      return `${text}.`;
    });
    await using system = await start({ effects: { slow } });
    const said: unknown[] = [];
    system.subscribe((value) => said.push(value));
    const chain = receive<Caller>((message, ctx) => {
      const text =
        message.type === 'call' ? message.with : message.type === 'done' ? (message.reply ?? '') : '';
      ctx.emit(text);
      if (text.length < 5) ctx.run(slow, text, { as: { type: 'done', of: '' } });
      return same;
    });
    await system.send(system.create(chain), { type: 'call', with: '' });
    await system.idle();
    expect(said).toEqual(['', '.', '..', '...', '....', '.....']);
  });

  it('may send to the system, create in it and ask it, from its first line on', async () => {
    const replies = receive<{ q: string; replyTo: ActorRef<string> }>(
      ({ q, replyTo }, ctx) => (ctx.send(replyTo, `${q}!`), same),
    );
    const using_ = effect('using', (text: string) => w.system.ask(w.system.create(replies), { q: text }));
    await using w = await world({ effects: { using: using_ } });
    await w.tell(await w.create(caller(using_)), { type: 'call', with: 'a' });
    expect(w.said).toEqual([['a', 'a!']]);
  });
});

describe('when the system stops', () => {
  it('a running effect is told by its signal, and its outcome goes nowhere', async () => {
    let signal: EffectContext['signal'] | undefined;
    let finish: (text: string) => void = () => undefined;
    const slow = effect<string, string>('slow', (_, ctx) => {
      ({ signal } = ctx);
      return new Promise((resolve) => (finish = resolve));
    });
    const w = await world({ effects: { slow } });
    await w.tell(await w.create(caller(slow)), { type: 'call', with: 'a' });
    expect(signal?.aborted).toBe(false);
    await w.system.stop();
    expect(signal?.aborted).toBe(true);
    finish('late');
    await w.rest();
    expect(w.said).toEqual([]);
    expect(w.lines()).toEqual([]);
  });

  it('no further try begins', async () => {
    let calls = 0;
    const failing = effect<string, string>(
      'failing',
      () => {
        calls++;
        throw new Error('no');
      },
      { tries: 10, backoffMs: 100 },
    );
    const w = await world({ effects: { failing } });
    await w.tell(await w.create(caller(failing)), { type: 'call', with: 'a' });
    await w.pass(100);
    expect(calls).toBe(2);
    await w.system.stop();
    await w.pass(100_000);
    expect(calls).toBe(2);
  });
});
