import {
  askAll,
  behavior,
  receive,
  same,
  stopped,
  type ActorRef,
  type Behavior,
  type Failure,
  type Gathered,
} from 'portico';
import { systemKit } from 'portico/testkit';
import { describe, expect, it } from 'vitest';

type Quote = { item: string; replyTo: ActorRef<number> };

const shop = behavior('shop', (price: number): Behavior<Quote> =>
  receive(({ replyTo }, ctx) => (ctx.send(replyTo, price), same)),
);
const slow = behavior('slow', (price: number, ms: number): Behavior<Quote | { late: ActorRef<number> }> =>
  receive((message, ctx) => {
    if ('late' in message) ctx.send(message.late, price);
    else ctx.timers.single('late', ms, { late: message.replyTo });
    return same;
  }),
);
const closed = behavior('closed', (): Behavior<Quote> =>
  receive(() => {
    throw new Error('closed today');
  }),
);

type Buy =
  | { type: 'buy'; item: string; timeoutMs?: number; enough?: number }
  | { type: 'quoted'; item: string; reply?: readonly Gathered<number>[]; failure?: Failure }
  | { type: 'count'; replyTo: ActorRef<number> }
  | { type: 'end' };

/** What came from each: the price, or why there is none. */
type Prices = { item: string; prices: (number | string)[] };

const buyer = behavior('buyer', (shops: readonly ActorRef<Quote>[], to: ActorRef<Prices>): Behavior<Buy> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'buy': {
        const { item, timeoutMs, enough } = message;
        const options = {
          ...(timeoutMs !== undefined && { timeoutMs }),
          ...(enough !== undefined && { enough }),
        };
        askAll(ctx, shops, { item }, { as: { type: 'quoted', item }, ...options });
        return same;
      }
      case 'quoted': {
        const prices = (message.reply ?? []).map((each) =>
          'reply' in each ? each.reply : each.failure.code,
        );
        ctx.send(to, { item: message.item, prices });
        return same;
      }
      case 'count':
        ctx.send(message.replyTo, ctx.children.length);
        return same;
      case 'end':
        return stopped;
    }
  }),
);

describe('askAll', () => {
  it('gives all replies in one message, in the order of the actors that were asked', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<Prices>();
    const shops = [kit.create(slow(3, 20)), kit.create(shop(1)), kit.create(slow(2, 10))];
    await kit.send(kit.create(buyer(shops, probe.ref)), { type: 'buy', item: 'tea' });
    await probe.expectNoMessage({ forMs: 19 });
    await probe.expectMessage({ item: 'tea', prices: [3, 1, 2] }, { withinMs: 1 });
  });

  it('gives what came until the timeout, and says who is missing', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<Prices>();
    const shops = [kit.create(shop(1)), kit.create(slow(2, 1_000))];
    await kit.send(kit.create(buyer(shops, probe.ref)), { type: 'buy', item: 'tea', timeoutMs: 100 });
    await probe.expectNoMessage({ forMs: 99 });
    await probe.expectMessage({ item: 'tea', prices: [1, 'ask/timeout'] }, { withinMs: 1 });
    await probe.expectNoMessage({ forMs: 1_000 });
  });

  it('says who failed, without waiting for the timeout', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<Prices>();
    const shops = [kit.create(closed()), kit.create(shop(1))];
    await kit.send(kit.create(buyer(shops, probe.ref)), { type: 'buy', item: 'tea' });
    await probe.expectMessage({ item: 'tea', prices: ['actor/failed', 1] });
  });

  it('does not wait for more replies than are enough', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<Prices>();
    const shops = [
      kit.create(slow(3, 20)),
      kit.create(closed()),
      kit.create(shop(1)),
      kit.create(slow(2, 10)),
    ];
    await kit.send(kit.create(buyer(shops, probe.ref)), { type: 'buy', item: 'tea', enough: 2 });
    await probe.expectMessage({ item: 'tea', prices: ['actor/failed', 1, 2] }, { withinMs: 10 });
    await probe.expectNoMessage({ forMs: 100 });
  });

  it('gives an empty list at once if nobody is asked', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<Prices>();
    await kit.send(kit.create(buyer([], probe.ref)), { type: 'buy', item: 'tea' });
    await probe.expectMessage({ item: 'tea', prices: [] });
  });

  it('keeps several of them apart', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<Prices>();
    const ref = kit.create(buyer([kit.create(shop(1)), kit.create(shop(2))], probe.ref));
    for (const item of ['tea', 'milk']) await kit.system.send(ref, { type: 'buy', item });
    const both = await probe.expectMessages(2);
    expect(both.map(({ item }) => item).sort()).toEqual(['milk', 'tea']);
    expect(both.map(({ prices }) => prices)).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('leaves nothing behind, and stops with the actor that asked', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<Prices>();
    const ref = kit.create(buyer([kit.create(slow(1, 50))], probe.ref));
    await kit.send(ref, { type: 'buy', item: 'tea' });
    expect(await kit.ask(ref, { type: 'count' })).toBe(1);
    await kit.advance(50);
    expect(await kit.ask(ref, { type: 'count' })).toBe(0);
    await probe.expectMessages(1);
    await kit.send(ref, { type: 'buy', item: 'tea' });
    await kit.send(ref, { type: 'end' });
    await kit.expectStopped(ref);
    await probe.expectNoMessage({ forMs: 100_000 });
    // The shop replied to somebody who was gone.
    expect(kit.deadLetters.list()).toMatchObject([{ reason: 'late', message: 1 }]);
  });
});
