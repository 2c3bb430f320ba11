// A task of a workflow that asks an actor. Purchases stream through a workflow; what the customer is worth is kept by an
// actor for each customer, and the bill waits for its reply.
import process from 'node:process';
import { actorWorkflow, askActor, behavior, entityRef, receive, type ActorRef, type Behavior } from 'portico';
import { application, steppingSystem } from 'portico/dataflow';

interface Purchase {
  readonly customer: string;
  readonly amount: number;
}

type Discount = { amount: number; replyTo: ActorRef<number> };

/** One in a hundred for each ten that the customer has spent so far, up to ten in a hundred. */
const customer = behavior('customer', (spent: number): Behavior<Discount> =>
  receive(({ amount, replyTo }, ctx) => {
    ctx.send(replyTo, Math.min(10, Math.floor(spent / 10)));
    return customer(spent + amount);
  }),
);

const shop = application('shop', (app) => {
  const purchases = app.ingress<Purchase>('purchases');
  const { portal } = actorWorkflow(app);
  const bills = app
    .workflow('bills')
    .source(purchases.stream)
    .asker<string>([portal], ({ customer: name, amount }, ctx) => {
      const percent = askActor(ctx, portal, entityRef(customer(0), name), { amount });
      ctx.await(percent, (percent, ctx) => ctx.emit(`${name} pays ${amount - (amount * percent) / 100}`));
    })
    .sink();
  return { purchases, bills };
});

export function main(print: (line: string) => void): void {
  const system = steppingSystem();
  system.launch(shop);
  system.subscribe(shop.handles.bills, print);
  const buy = (customer: string, amount: number): void => {
    system.send(shop.handles.purchases, { customer, amount });
    system.stepUntilComplete();
  };
  buy('Ann', 50);
  buy('Bob', 200);
  buy('Ann', 100);
  buy('Bob', 100);
}

if (process.argv[1] === import.meta.filename) main((line) => console.log(line));
