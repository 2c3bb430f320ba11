// Asks of actors that are under way when a life ends.
import { describe, expect, it } from 'vitest';
import {
  askActor,
  askAll,
  behavior,
  entityRef,
  receive,
  same,
  type ActorRef,
  type Behavior,
  type Failure,
  type Gathered,
} from 'portico';
import { answer, application, continuation, type Portal } from 'portico/dataflow';
import { ends, Lives, witness } from './lives.ts';

const the = entityRef(witness(), 'the only one');

type Ask = { readonly item: string; readonly replyTo: ActorRef<number> };
type Shop = Ask | 'open';

/** Answers when it is told to open. */
const shop = behavior('shop', (waiting: readonly Ask[]): Behavior<Shop> =>
  receive((message, ctx) => {
    if (message !== 'open') return shop([...waiting, message]);
    for (const { item, replyTo } of waiting) ctx.send(replyTo, item.length);
    return shop([]);
  }),
);

type Buyer =
  | { readonly type: 'buy'; readonly item: string; readonly from: ActorRef<Shop>; readonly ms?: number }
  | {
      readonly type: 'priced';
      readonly item: string;
      readonly reply?: number;
      readonly failure?: Failure;
    }
  | { readonly type: 'compare'; readonly shops: readonly ActorRef<Shop>[]; readonly ms: number }
  | { readonly type: 'compared'; readonly reply?: readonly Gathered<number>[] }
  | { readonly type: 'offer'; readonly to: ActorRef<ActorRef<number>> }
  | { readonly type: 'question'; readonly portal: Portal<string, number>; readonly ms: number };

const buyer = behavior('buyer', (): Behavior<Buyer> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'buy': {
        const { item, from, ms } = message;
        ctx.ask(from, { item }, { as: { type: 'priced', item }, ...(ms !== undefined && { timeoutMs: ms }) });
        break;
      }
      case 'priced':
        ctx.send(the, { said: `${message.item} ${message.reply ?? message.failure?.code}` });
        break;
      case 'compare':
        askAll(ctx, message.shops, { item: 'tea' }, { as: { type: 'compared' }, timeoutMs: message.ms });
        break;
      case 'compared':
        ctx.send(the, {
          said: message.reply?.map((each) => ('reply' in each ? each.reply : each.failure.code)),
        });
        break;
      case 'offer':
        ctx.send(message.to, ctx.adapt({ type: 'priced', item: 'adapted' }));
        break;
      case 'question':
        ctx.askPortal(message.portal, 'tea', {
          as: { type: 'priced', item: 'portal' },
          timeoutMs: message.ms,
        });
        break;
    }
    return same;
  }),
);

type Keeper = ActorRef<number> | 'use';
const keeper = behavior('keeper', (kept?: ActorRef<number>): Behavior<Keeper> =>
  receive((message, ctx) => {
    if (message !== 'use') return keeper(message);
    if (kept !== undefined) ctx.send(kept, 7);
    return same;
  }),
);

const behaviors = { shop, buyer, keeper };

describe.each(ends)('over %s', (end) => {
  it('an ask waits, and its reply comes afterwards, once', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const from = system.create(shop([]));
    await system.send(system.create(buyer()), { type: 'buy', item: 'tea', from });
    await lives.rest();
    system = await lives.again(end);
    await system.send(from, 'open');
    expect(await lives.heard()).toEqual(['tea 3']);
    system = await lives.again(end);
    await system.send(from, 'open');
    await lives.pass(60_000);
    expect(await lives.heard()).toEqual(['tea 3']);
  });

  it('an ask whose time is over meanwhile fails, and the reply is late', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const from = system.create(shop([]));
    await system.send(system.create(buyer()), { type: 'buy', item: 'tea', from, ms: 500 });
    await lives.pass(400);
    await lives.end(end);
    lives.nowMs += 1_000;
    system = await lives.start();
    expect(await lives.heard()).toEqual(['tea ask/timeout']);
    await system.send(from, 'open');
    expect(await lives.heard()).toEqual(['tea ask/timeout']);
    expect(system.deadLetters.list()).toMatchObject([{ reason: 'late', message: 3 }]);
  });

  it('an ask keeps the time that it was given', async () => {
    const lives = new Lives({ behaviors });
    const system = await lives.start();
    const from = system.create(shop([]));
    await system.send(system.create(buyer()), { type: 'buy', item: 'tea', from, ms: 500 });
    await lives.pass(400);
    await lives.again(end);
    await lives.pass(99);
    expect(await lives.heard()).toEqual([]);
    await lives.pass(1);
    expect(await lives.heard()).toEqual(['tea ask/timeout']);
  });

  it('a reference that was adapted turns replies into messages', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const keeping = system.create(keeper());
    await system.send(system.create(buyer()), { type: 'offer', to: keeping });
    await lives.rest();
    system = await lives.again(end);
    await system.send(keeping, 'use');
    expect(await lives.heard()).toEqual(['adapted 7']);
  });

  it('an ask of several waits for those that have not replied', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const shops = [system.create(shop([])), system.create(shop([])), system.create(shop([]))];
    const [first, second] = shops;
    if (first === undefined || second === undefined) throw new Error('there are three');
    await system.send(system.create(buyer()), { type: 'compare', shops, ms: 1_000 });
    await system.send(first, 'open');
    await lives.rest();
    system = await lives.again(end);
    await system.send(second, 'open');
    await lives.rest();
    system = await lives.again(end);
    expect(await lives.heard()).toEqual([]);
    await lives.pass(1_000);
    expect(await lives.heard()).toEqual([[3, 3, 'ask/timeout']]);
  });

  it('a reply for somebody outside who is gone is a dead letter, and harms nobody', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(shop([]));
    const asked = system.ask(ref, { item: 'coffee' }).catch((error: unknown) => error);
    await lives.rest();
    system = await lives.again(end);
    const told = end === 'a stop' ? await asked : { code: 'system/shut-down' };
    expect(told).toMatchObject({ code: 'system/shut-down' });
    const again = system.ask(ref, { item: 'tea' });
    await lives.rest();
    await system.send(ref, 'open');
    expect(await again).toBe(3);
    expect(system.deadLetters.list()).toMatchObject([{ reason: 'late', message: 6 }]);
  });
});

describe('a portal', () => {
  /** An application that answers when it is told to. */
  function answering() {
    return application('answering', (app) => {
      const lengths = app.portal<string, number>('lengths');
      const ingress = app.ingress<string>('in');
      const left: { portal: string; request: number }[] = [];
      app
        .workflow('answers')
        .source(ingress.stream)
        .askerreplier(
          { asks: [], continuations: [] },
          [
            answer(lengths, (_, ctx) => {
              left.push(ctx.defer());
            }),
          ],
          (text, ctx) => {
            const [portal = '', request = '0', length = '0'] = text.split(' ');
            ctx.replyTo({ portal, request: Number(request) }, Number(length));
          },
        )
        .sink();
      return { lengths, ingress, left };
    });
  }

  it.each(ends)('that was asked by an actor replies to it after %s', async (end) => {
    const first = answering();
    const lives = new Lives({ behaviors });
    let system = await lives.start({ applications: [first], portals: [first.handles.lengths] });
    const ref = system.create(buyer());
    // The path is all that is needed of it.
    const portal = { path: first.handles.lengths.path } as Portal<string, number>;
    await system.send(ref, { type: 'question', portal, ms: 1_000 });
    await lives.rest();
    const [open] = first.handles.left;
    const next = answering();
    const changes = { applications: [next], portals: [next.handles.lengths] };
    system = await lives.again(end, changes);
    await system.dataflow.send(next.handles.ingress, `${open?.portal} ${open?.request} 3`);
    expect(await lives.heard()).toEqual(['portal 3']);
    system = await lives.again(end, changes);
    await lives.pass(10_000);
    expect(await lives.heard()).toEqual(['portal 3']);
  });

  it.each(ends)('that does not reply in time fails an ask over %s', async (end) => {
    const first = answering();
    const lives = new Lives({ behaviors });
    const system = await lives.start({ applications: [first], portals: [first.handles.lengths] });
    const portal = { path: first.handles.lengths.path } as Portal<string, number>;
    await system.send(system.create(buyer()), { type: 'question', portal, ms: 1_000 });
    await lives.rest();
    const next = answering();
    await lives.again(end, { applications: [next], portals: [next.handles.lengths] });
    await lives.pass(1_000);
    expect(await lives.heard()).toEqual(['portal portal/timeout']);
  });
});

describe('a task that asks an actor', () => {
  const length = continuation<number, string, string>('length', (reply, text, ctx) => {
    ctx.emit(`${text}: ${reply}`);
  });

  /** An application that asks the shop, and tells the witness. */
  function asking(actors: Portal<never, unknown>, shop: ActorRef<Shop>) {
    return application('asking', (app) => {
      const ingress = app.ingress<string>('in');
      const out = app
        .workflow('ask')
        .source(ingress.stream)
        .asker<string>({ asks: [actors], continuations: [length] }, (text, ctx) => {
          ctx.await(askActor(ctx, actors as never, shop, { item: text }), length as never, text as never);
        })
        .sink();
      return { ingress, out };
    });
  }

  it.each(ends)('is replied to after %s', async (end) => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(shop([]));
    const launch = () => {
      const app = asking(system.actors.portal as never, ref);
      system.dataflow.launch(app);
      const heard: unknown[] = [];
      system.dataflow.subscribe(app.handles.out, (line) => heard.push(line));
      return { app, heard };
    };
    const { app } = launch();
    await system.dataflow.send(app.handles.ingress, 'coffee');
    await lives.rest();
    system = await lives.again(end);
    const { heard } = launch();
    await system.send(ref, 'open');
    await lives.rest();
    expect(heard).toEqual(['coffee: 6']);
  });
});
