// The life of an order: it reserves goods (asks), charges a card (an effect, tried again if it fails), waits for the
// customer to come (a timer), and takes everything back if nobody does.
import process from 'node:process';
import {
  behavior,
  effect,
  receive,
  same,
  start,
  stopped,
  type ActorRef,
  type Behavior,
  type Failure,
} from 'portico';
import { virtualHost } from 'portico/testing';

const DAY_MS = 24 * 60 * 60 * 1000;

type Stock = { type: 'reserve'; replyTo: ActorRef<boolean> } | { type: 'put back' };

/** What is left of one kind of goods. */
const stock = behavior('stock', (left: number): Behavior<Stock> =>
  receive((message, ctx) => {
    if (message.type === 'put back') return stock(left + 1);
    ctx.send(message.replyTo, left > 0);
    return left > 0 ? stock(left - 1) : same;
  }),
);

interface Details {
  readonly item: string;
  readonly price: number;
  readonly card: string;
}

interface Payment {
  readonly card: string;
  readonly amount: number;
}

type Order =
  | ({ type: 'place' } & Details)
  | { type: 'reserved'; reply?: boolean; failure?: Failure }
  | { type: 'charged'; reply?: string; failure?: Failure }
  | { type: 'reminder' | 'collect' | 'too late' }
  | { type: 'paid back'; reply?: string; failure?: Failure };

/** A new order, until it is placed. */
const order = behavior('order', () =>
  receive<Order>((message, ctx) => {
    if (message.type !== 'place') return same;
    const { item, price, card } = message;
    ctx.ask(ctx.entity(stock(1), item), { type: 'reserve' }, { as: { type: 'reserved' } });
    return placed({ item, price, card });
  }),
);

const placed = behavior('placed', (details: Details): Behavior<Order> =>
  receive((message, ctx) => {
    const { item, price, card } = details;
    const says = (what: string): void => ctx.emit(`${ctx.name}: ${what}`);
    switch (message.type) {
      case 'reserved':
        if (message.reply === true) {
          ctx.run(charge, { card, amount: price }, { as: { type: 'charged' } });
          return same;
        }
        says(`${item} is sold out`);
        return stopped;
      case 'charged':
        if (message.reply === undefined) {
          says(`not paid: ${message.failure?.message}`);
          ctx.send(ctx.entity(stock(1), item), { type: 'put back' });
          return stopped;
        }
        says(`paid, receipt ${message.reply}`);
        ctx.timers.fixedRate('reminder', DAY_MS, { type: 'reminder' });
        ctx.timers.single('too late', 3 * DAY_MS - 1, { type: 'too late' });
        return ready(details);
      default:
        return same;
    }
  }),
);

const ready = behavior('ready', ({ item, price, card }: Details) =>
  receive<Order>((message, ctx) => {
    const says = (what: string): void => ctx.emit(`${ctx.name}: ${what}`);
    switch (message.type) {
      case 'reminder':
        says(`${item} is ready, day ${Math.floor(ctx.nowMs / DAY_MS)}`);
        return same;
      case 'collect':
        says(`${item} is handed out`);
        return stopped;
      case 'too late':
        ctx.timers.cancelAll();
        ctx.send(ctx.entity(stock(1), item), { type: 'put back' });
        ctx.run(charge, { card, amount: -price }, { as: { type: 'paid back' } });
        return same;
      case 'paid back':
        says(`nobody came; paid back, receipt ${message.reply}`);
        return stopped;
      default:
        return same;
    }
  }),
);

// The outside world: a bank, and a line to it that goes dead just when the money has been moved. When it is called again
// it knows by the key that it has done its work already.
const receipts = new Map<string, string>();

const charge = effect(
  'charge',
  async ({ card, amount }: Payment, { idempotencyKey }): Promise<string> => {
    await Promise.resolve();
    if (card === 'stolen') throw new Error('the bank refuses the card');
    const known = receipts.get(idempotencyKey);
    if (known !== undefined) return known;
    receipts.set(idempotencyKey, `${receipts.size + 1} over ${amount}`);
    throw new Error('the line is dead');
  },
  { tries: 3, backoffMs: 1000 },
);

export async function main(print: (line: string) => void): Promise<void> {
  const host = virtualHost();
  receipts.clear();
  await using system = await start({
    behaviors: { stock, order, placed, ready },
    effects: { charge },
    seed: 1,
    host,
  });
  system.subscribe((line) => print(String(line)));
  const place = async (id: string, details: Details): Promise<ActorRef<Order>> => {
    const ref = system.entity(order(), id);
    await system.send(ref, { type: 'place', ...details });
    return ref;
  };

  const first = await place('order 1', { item: 'globe', price: 30, card: 'of Ann' });
  await place('order 2', { item: 'globe', price: 30, card: 'of Bob' });
  await place('order 3', { item: 'lamp', price: 50, card: 'stolen' });
  await place('order 4', { item: 'chair', price: 80, card: 'of Eve' });
  await host.advance(1.5 * DAY_MS);
  await system.send(first, { type: 'collect' });
  await host.advance(2 * DAY_MS);
  await place('order 5', { item: 'lamp', price: 50, card: 'of Ann' });
  await host.advance(60_000);
  print(`money was moved ${receipts.size} times`);
}

if (process.argv[1] === import.meta.filename) await main((line) => console.log(line));
