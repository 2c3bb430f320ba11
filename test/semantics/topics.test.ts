// Topics: what actors emit by name and type, for subscribers outside and for other workflows.
import { describe, expect, expectTypeOf, it } from 'vitest';
import { behavior, receive, same, topic, type ActorContext, type ActorSystem, type Behavior } from 'portico';
import { application } from 'portico/dataflow';
import { behaviorKit } from 'portico/testkit';
import { settled, world } from './world.ts';

interface Price {
  item: string;
  cents: number;
}
const prices = topic<Price>('prices');
const names = topic<string>('names');

const seller = behavior('seller', (): Behavior<string> =>
  receive((item, ctx) => {
    ctx.emit(names, item);
    ctx.emit(prices, { item, cents: item.length });
    ctx.emit(`sold: ${item}`);
    if (item === 'rotten') throw new Error('a bad turn');
    return same;
  }),
);

describe('a topic', () => {
  it('gives its subscribers what was emitted under it, and nothing else', async () => {
    await using w = await world({ topics: [prices, names] });
    const said: unknown[] = [];
    const end = w.system.subscribe(prices, ({ item, cents }) => said.push(`${item} ${cents}`));
    w.system.subscribe(names, (name) => said.push(name));
    const ref = await w.create(seller());
    await w.tell(ref, 'tea');
    end();
    await w.tell(ref, 'milk');
    expect(said).toHaveLength(3);
    expect(said).toEqual(expect.arrayContaining(['milk', 'tea', 'tea 3']));
    expect(w.said).toEqual(['sold: tea', 'sold: milk']);
  });

  it('is read value by value', async () => {
    await using w = await world({ topics: [prices, names] });
    const reading = w.system.read(prices);
    const first = settled(w.host, reading.next());
    await w.tell(await w.create(seller()), 'tea', 'milk');
    expect(await first).toMatchObject({ reply: { done: false, value: { item: 'tea', cents: 3 } } });
    expect(await settled(w.host, reading.next())).toMatchObject({ reply: { value: { item: 'milk' } } });
  });

  it('sees nothing of a turn that is undone', async () => {
    await using w = await world({ topics: [prices, names] });
    const said: unknown[] = [];
    w.system.subscribe(prices, (price) => said.push(price));
    await w.tell(await w.create(seller()), 'rotten', 'tea');
    expect(said).toEqual([{ item: 'tea', cents: 3 }]);
  });

  it('is a stream that other workflows read', async () => {
    await using w = await world({ topics: [prices, names] });
    const app = application('totals', (app) =>
      app
        .workflow('cents')
        .source(w.system.actors.emitted(prices))
        .map(({ cents }) => cents * 2)
        .sink(),
    );
    w.system.dataflow.launch(app);
    const doubled: number[] = [];
    w.system.dataflow.subscribe(app.handles, (cents) => doubled.push(cents));
    await w.tell(await w.create(seller()), 'tea');
    expect(doubled).toEqual([6]);
  });

  it('is refused where the system was not told of it', async () => {
    await using w = await world({ topics: [names] });
    const refused = { code: 'context/bad-argument', what: 'the topic prices is not known here' };
    expect(() => w.system.subscribe(prices, () => undefined)).toThrow(expect.objectContaining(refused));
    await w.tell(await w.create(seller()), 'tea');
    const [letter] = w.system.deadLetters.list();
    expect(letter?.error).toMatchObject({
      ...refused,
      where: 'actor:-1',
      cure: expect.stringContaining('start({ topics') as string,
    });
  });

  it('needs a name', () => {
    expect(() => topic('')).toThrow(expect.objectContaining({ code: 'graph/bad-argument' }));
  });

  it('is seen by the kit for behaviors', () => {
    const kit = behaviorKit(seller());
    expect(kit.run('tea')).toEqual([
      { effect: 'emitted', topic: 'names', value: 'tea' },
      { effect: 'emitted', topic: 'prices', value: { item: 'tea', cents: 3 } },
      { effect: 'emitted', value: 'sold: tea' },
    ]);
  });

  it('has a type at both ends', () => {
    const check = (ctx: ActorContext<never>, system: ActorSystem): void => {
      ctx.emit(prices, { item: 'tea', cents: 3 });
      // @ts-expect-error A price is no text.
      ctx.emit(prices, 'tea');
      // @ts-expect-error The price has no cents.
      ctx.emit(prices, { item: 'tea' });
      system.subscribe(prices, (price) => {
        expectTypeOf(price).toEqualTypeOf<Price>();
      });
      system.subscribe((value) => {
        expectTypeOf(value).toBeUnknown();
      });
      expectTypeOf(system.read(prices)).toEqualTypeOf<AsyncIterableIterator<Price, undefined, void>>();
      // @ts-expect-error It is subscribed to as what it is.
      system.subscribe(prices, (price: { item: number }) => price.item);
    };
    expect(check).toBeTypeOf('function');
  });
});
