import { application, answer, continuation, type ReplierContext, type Stream } from 'portico/dataflow';
const priced = continuation('priced', (price: number, item: string, ctx) => ctx.emit(`${item}: ${price}`));
const silent = continuation('silent', (price: number, item: string) => undefined);
application('shop', (app) => {
  const prices = app.portal<string, number>('prices');
  const items = app.generators.fromArray(['tea']);
  // 1
  app.workflow().source(items).asker<string>({ asks: [prices], continuations: [priced] }, (item, ctx) => {
    ctx.await(ctx.ask(prices, item), priced, item);
  }).sink();
  // 2
  const a: Stream<never> = app.workflow().source(items).asker({ asks: [prices], continuations: [silent] }, (item, ctx) => {
    ctx.await(ctx.ask(prices, item), silent, item);
  }).sink();
  // 3 replier emission
  const s: Stream<string> = app.workflow().source(app.generators.empty<never>()).replier<string>([answer(prices, (item, ctx) => { ctx.emit('x'); ctx.reply(item.length); })]).sink();
  const s2: Stream<string> = app.workflow().source(items).replier([answer(prices, (item, ctx: ReplierContext<string, number>) => { ctx.emit('x'); ctx.reply(item.length); })]).sink();
  // 4 source of wrong handle
  app.workflow().source(prices);
  const q = app.sequencer<number>();
  app.workflow().source(q);
  app.connect(items, q);
  app.connect(app.generators.fromArray(['a'] as const), app.sequencer<string>());
  const p = app.workflow().source(items).processor((x, ctx) => ctx.emit(1)).sink();
  const x: Stream<number> = p;
});
