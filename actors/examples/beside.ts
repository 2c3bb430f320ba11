// A system of actors beside other applications. The catalogue runs before the actors and answers them; the report is
// launched later, while all of it runs, reads what the actors emit, and is taken away again.
import process from 'node:process';
import { behavior, receive, same, start, type ActorRef, type Behavior, type Failure } from 'portico';
import { answer, application, perTaskState } from 'portico/dataflow';

const catalogue = application('catalogue', (app) => {
  const prices = app.portal<string, number>('prices');
  app
    .workflow('prices')
    .replier([answer(prices, (item, ctx) => ctx.reply(item.length))])
    .sink();
  return { prices };
});
const { prices } = catalogue.handles;

type Cart =
  | { type: 'add'; item: string }
  | { type: 'priced'; item: string; reply?: number; failure?: Failure }
  | { type: 'pay'; replyTo: ActorRef<number> };

const cart = behavior('cart', (sum: number): Behavior<Cart> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'add':
        ctx.askPortal(prices, message.item, { as: { type: 'priced', item: message.item } });
        return same;
      case 'priced':
        return cart(sum + (message.reply ?? 0));
      case 'pay':
        ctx.emit(sum);
        ctx.send(message.replyTo, sum);
        return cart(0);
    }
  }),
);

export async function main(print: (line: string) => void): Promise<void> {
  await using system = await start({
    behaviors: { cart },
    applications: [catalogue],
    portals: [prices],
    seed: 1,
  });
  const shop = async (who: string, ...items: string[]): Promise<void> => {
    const ref = system.entity(cart(0), who);
    for (const item of items) await system.send(ref, { type: 'add', item });
    await system.idle();
    print(`${who} pays ${await system.ask(ref, { type: 'pay' })}`);
    await system.idle();
  };
  await shop('Ann', 'tea', 'cup');

  // From now on somebody adds up.
  const total = perTaskState('total', 0);
  const report = application('report', (app) => ({
    totals: app
      .workflow('totals')
      .source(system.actors.outlets.emitted.stream)
      .map((sum, ctx) => total.update(ctx, (before) => before + Number(sum)))
      .sink(),
  }));
  system.dataflow.launch(report);
  system.dataflow.subscribe(report.handles.totals, (sum) => print(`in all ${sum}`));
  await shop('Bob', 'coffee');
  await shop('Ann', 'sugar', 'milk');
  system.dataflow.stop(report);
  await shop('Eve', 'water');
}

if (process.argv[1] === import.meta.filename) await main((line) => console.log(line));
