import { behavior, receive, same, stopped, type ActorRef, type Behavior } from 'portico';
import { ExpectationError, systemKit } from 'portico/testkit';
import { describe, expect, it } from 'vitest';

type Message =
  | { type: 'echo'; text: string; replyTo: ActorRef<string> }
  | { type: 'later'; ms: number; replyTo: ActorRef<string> }
  | { type: 'never'; replyTo: ActorRef<string> }
  | { type: 'end' };

const echo = behavior('echo', (): Behavior<Message> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'echo':
        ctx.send(message.replyTo, message.text);
        return same;
      case 'later':
        ctx.timers.single('later', message.ms, { type: 'echo', text: 'late', replyTo: message.replyTo });
        return same;
      case 'never':
        return same;
      case 'end':
        return stopped;
    }
  }),
);

/** What is thrown. */
async function refusal(promise: Promise<unknown>): Promise<ExpectationError> {
  const error: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error instanceof ExpectationError) return error;
  throw new Error(`it was not refused: ${String(error)}`);
}

describe('a system kit', () => {
  it('runs what it is given to the end', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<string>();
    await kit.send(kit.create(echo()), { type: 'echo', text: 'hello', replyTo: probe.ref });
    expect(probe.messages).toEqual(['hello']);
  });

  it('asks', async () => {
    await using kit = await systemKit();
    expect(await kit.ask(kit.create(echo()), { type: 'echo', text: 'hello' })).toBe('hello');
  });

  it('moves the clock only when told to', async () => {
    await using kit = await systemKit({ startMs: 100 });
    const probe = kit.probe<string>();
    await kit.send(kit.create(echo()), { type: 'later', ms: 50, replyTo: probe.ref });
    await kit.advance(49);
    expect([kit.nowMs, probe.messages]).toEqual([149, []]);
    await kit.advance(1);
    expect([kit.nowMs, probe.messages]).toEqual([150, ['late']]);
  });

  it('waits for a reply by its own clock', async () => {
    await using kit = await systemKit();
    const ref = kit.create(echo());
    expect(await kit.ask(ref, { type: 'later', ms: 50 }, { withinMs: 50 })).toBe('late');
    expect(await refusal(kit.ask(ref, { type: 'never' }))).toMatchObject({
      message: 'actor:-1 did not reply to {"type":"never"}',
    });
    expect(await refusal(kit.ask(ref, { type: 'never' }, { withinMs: 10 }))).toMatchObject({
      message: 'actor:-1 did not reply to {"type":"never"} within 10 ms',
    });
  });

  it('says whether an actor has stopped', async () => {
    await using kit = await systemKit();
    const ref = kit.create(echo());
    expect(await refusal(kit.expectStopped(ref))).toMatchObject({ message: 'actor:-1 has not stopped' });
    await kit.send(ref, { type: 'end' });
    await kit.expectStopped(ref);
  });

  it('keeps the lines of the log', async () => {
    await using kit = await systemKit();
    const speaker = behavior('speaker', () => receive<string>((text, ctx) => (ctx.log.info(text), same)));
    await kit.send(kit.create(speaker()), 'hello');
    expect(kit.log).toMatchObject([{ level: 'info', value: 'hello' }]);
  });

  it('reports a system that failed', async () => {
    await using kit = await systemKit();
    const { application } = await import('portico/dataflow');
    const broken = application('broken', (app) => {
      app
        .workflow()
        .source(app.generators.signal(1))
        .map(() => {
          throw new Error('told to fail');
        })
        .sink();
    });
    kit.system.dataflow.launch(broken);
    await expect(kit.run()).rejects.toThrow('told to fail');
  });
});

describe('a probe', () => {
  it('takes one message after the other', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<string>();
    for (const text of ['a', 'b', 'c', 'd']) await kit.system.send(probe.ref, text);
    await probe.expectMessage('a');
    expect(await probe.expectMessage()).toBe('b');
    expect(await probe.expectMessages(2)).toEqual(['c', 'd']);
    await probe.expectNoMessage();
  });

  it('compares data: references by identity, a field that is undefined like one that is missing', async () => {
    await using kit = await systemKit();
    const [probe, one, other] = [kit.probe<unknown>(), kit.probe(), kit.probe()];
    const value = {
      at: new Date(7),
      all: new Map([['a', new Set([1])]]),
      none: undefined,
      of: echo(),
      to: one.ref,
    };
    await kit.send(probe.ref, value);
    await probe.expectMessage({
      at: new Date(7),
      all: new Map([['a', new Set([1])]]),
      of: echo(),
      to: one.ref,
    });
    const others: unknown[] = [
      { ...value, to: other.ref },
      { ...value, at: new Date(8) },
      { ...value, all: new Map([['a', new Set([2])]]) },
      { ...value, more: 1 },
      { ...value, of: 'echo()' },
      [value],
      null,
    ];
    for (const expected of others) {
      await kit.send(probe.ref, value);
      expect(await refusal(probe.expectMessage(expected))).toMatchObject({ actual: value, expected });
    }
  });

  it('says what came instead of what was expected', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<object>('the till');
    await kit.send(probe.ref, { price: 3n });
    expect(await refusal(probe.expectMessage({ price: 4n }))).toMatchObject({
      message: 'the till was sent {"price":"3n"}, and {"price":"4n"} was expected',
      actual: { price: 3n },
      expected: { price: 4n },
    });
  });

  it('says that nothing came, and waits no longer than it is told to', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<string>('the till');
    expect(await refusal(probe.expectMessage())).toMatchObject({
      message: 'the till was sent nothing, and a message was expected',
    });
    expect(await refusal(probe.expectMessages(2, { withinMs: 5 }))).toMatchObject({
      message: 'the till was sent 0 messages within 5 ms, and 2 were expected',
    });
    expect(kit.nowMs).toBe(5);
  });

  it('finds the message that it fishes for, and drops those before it', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<number>();
    for (const n of [1, 2, 3]) await kit.system.send(probe.ref, n);
    expect(await probe.fishFor((n) => n === 2)).toBe(2);
    expect(probe.messages).toEqual([3]);
    expect(await refusal(probe.fishFor((n) => n === 4))).toMatchObject({
      message: 'probe 1 was sent no message that fits; these came: 3',
    });
    expect(await refusal(probe.fishFor(() => true))).toMatchObject({
      message: 'probe 1 was sent no message that fits; nothing came',
    });
  });

  it('expects no message, for as long as it is told to', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<string>();
    await kit.send(kit.create(echo()), { type: 'later', ms: 50, replyTo: probe.ref });
    await probe.expectNoMessage({ forMs: 49 });
    expect(await refusal(probe.expectNoMessage({ forMs: 1 }))).toMatchObject({
      message: 'probe 1 was sent "late", and nothing was expected',
    });
  });
});
