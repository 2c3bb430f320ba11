// Several applications in one system. Each is written on its own and finds the others by path, in the registry.
import process from 'node:process';
import { answer, application, PorticoError, steppingSystem } from 'portico/dataflow';

const prices = new Map([
  ['tea', 3],
  ['cup', 8],
]);

/** Offers a portal, `/catalogue/portals/price`. */
export const catalogue = application('catalogue', (app) => {
  const price = app.portal<string, number>('price');
  app
    .workflow('prices')
    .replier([answer(price, (item, ctx) => ctx.reply(prices.get(item) ?? 0))])
    .sink();
});

/** Asks that portal, and offers a stream, `/orders/workflows/priced/stream`. */
export const orders = application('orders', (app) => {
  const price = app.registry.portal<string, number>('/catalogue/portals/price');
  app
    .workflow('priced')
    .source(app.generators.fromArray(['tea', 'cup', 'tea']))
    .asker<number>([price], (item, ctx) => {
      ctx.await(ctx.ask(price, item), (cost, ctx) => ctx.emit(cost));
    })
    .sink();
});

/** Reads that stream. */
export const books = application('books', (app) => {
  const priced = app.registry.stream<number>('/orders/workflows/priced/stream');
  app
    .workflow('entries')
    .source(priced)
    .map((cost) => `booked ${cost}`)
    .logger()
    .sink();
});

export function main(print: (line: string) => void): void {
  const system = steppingSystem({ log: ({ value }) => print(String(value)) });
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      if (!(error instanceof PorticoError)) throw error;
      for (const { code, where, what } of error.problems) print(`${code} at ${where}: ${what}`);
    }
  };

  // What an application needs must be there when it is launched.
  attempt(() => system.launch(orders));
  system.launch(catalogue);
  system.launch(orders);
  system.launch(books);
  system.stepUntilComplete();

  // And it cannot be taken away from those who need it.
  attempt(() => system.stop(orders));
  system.stop(books);
  system.stop(orders);
  system.stop(catalogue);
}

if (process.argv[1] === import.meta.filename) main((line) => console.log(line));
