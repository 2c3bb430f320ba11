// A shop: carts keyed by user, an inventory keyed by item behind a portal, and the sales counted by item.
//
// A cart that waits for the inventory lets later messages of the same user wait, too, in a stash. So a checkout
// never overtakes an item that was put into the cart before it.
import process from 'node:process';
import { answer, application, perKeyState, steppingSystem, tasks } from 'portico/dataflow';

interface Message {
  readonly do: 'add' | 'remove' | 'checkout';
  readonly user: string;
  readonly item: string;
}

interface Order {
  readonly user: string;
  readonly items: readonly string[];
}

interface Movement {
  readonly do: 'take' | 'putBack';
  readonly item: string;
}

export const shop = application('shop', (app) => {
  const messages = app.ingress<Message>('messages', { key: ({ user }) => user });
  const deliveries = app.ingress<string>('deliveries');
  // A request is answered under the key of its item, whoever asks.
  const inventory = app.portal<Movement, boolean>('inventory', { key: ({ item }) => item });

  const left = perKeyState('left', 0);
  app
    .workflow('inventory')
    .source(deliveries.stream)
    .replier(
      [
        answer(inventory, (movement, ctx) => {
          const there = movement.do === 'putBack' || left.get(ctx) > 0;
          if (there) left.update(ctx, (n) => n + (movement.do === 'take' ? -1 : 1));
          ctx.reply(there);
        }),
      ],
      // What arrives as an event is a delivery: the key is the item itself.
      (_, ctx) => left.update(ctx, (n) => n + 1),
    )
    .sink();

  const items = perKeyState<readonly string[]>('items', []);
  const waiting = perKeyState('waiting', false);
  const orders = app
    .workflow('carts')
    .source(messages.stream)
    .stash<Order>((later) =>
      tasks.asker([inventory], (message, ctx) => {
        if (waiting.get(ctx)) {
          later.stash(ctx, message);
          return;
        }
        const { user, item } = message;
        switch (message.do) {
          case 'add':
            waiting.set(ctx, true);
            ctx.await(ctx.ask(inventory, { do: 'take', item }), (there, ctx) => {
              if (there) items.update(ctx, (held) => [...held, item]);
              else ctx.log.info(`${user} cannot have ${item}: it is sold out`);
              waiting.delete(ctx);
              later.unstashAll(ctx);
            });
            break;
          case 'remove': {
            const held = items.get(ctx);
            const at = held.indexOf(item);
            if (at === -1) break;
            items.set(ctx, held.toSpliced(at, 1));
            // Nobody has to wait for this reply.
            ctx.ask(inventory, { do: 'putBack', item });
            break;
          }
          case 'checkout':
            ctx.emit({ user, items: items.get(ctx) });
            items.delete(ctx);
        }
      }),
    )
    .sink();

  const sold = perKeyState('sold', 0);
  const sales = app
    .workflow('sales')
    .source(orders)
    .flatMap((order) => order.items)
    .key((item) => item)
    .map((item, ctx) => `sold so far: ${sold.update(ctx, (n) => n + 1)} ${item}`)
    .sink();
  return { messages, deliveries, orders, sales };
});

export function main(print: (line: string) => void): void {
  const system = steppingSystem({ log: ({ value }) => print(String(value)) });
  system.launch(shop);
  system.subscribe(shop.handles.orders, ({ user, items }) =>
    print(`${user} orders ${items.join(', ') || 'nothing'}`),
  );
  system.subscribe(shop.handles.sales, print);

  const send = (...messages: Message[]): void => {
    print(`> ${messages.map(({ user, do: what, item }) => `${user} ${what} ${item}`.trim()).join(', ')}`);
    system.send(shop.handles.messages, ...messages);
    system.stepUntilComplete();
  };
  const message = (user: string, what: Message['do'], item = ''): Message => ({ do: what, user, item });

  system.send(shop.handles.deliveries, 'tea', 'tea', 'cup');
  system.stepUntilComplete();
  // There is one cup, and Ann is first. Then she puts it back, so it can be Bob's.
  send(message('ann', 'add', 'cup'), message('ann', 'add', 'tea'), message('bob', 'add', 'cup'));
  send(message('ann', 'remove', 'cup'), message('bob', 'add', 'tea'));
  send(message('bob', 'add', 'cup'), message('bob', 'checkout'), message('ann', 'checkout'));
}

if (process.argv[1] === import.meta.filename) main((line) => console.log(line));
