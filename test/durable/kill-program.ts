// The program that is killed in kill.test.ts: counters, a bank, and effects that leave a trace in a file. It takes orders as
// lines, and acknowledges each with its number as soon as it is durable.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import process from 'node:process';
import { behavior, effect, mapState, receive, same, start, valueState, type ActorRef } from 'portico';
import { fileStore } from 'portico/node';

const [folder = '', state = '', trace = ''] = process.argv.slice(2);

/** How often each order was counted. */
const counted = mapState<number, number>('counted');
const paid = mapState<number, number>('paid');
const balance = valueState('balance', 1_000);

type Counting =
  | { readonly type: 'count'; readonly n: number }
  | { readonly type: 'pay'; readonly n: number }
  | { readonly type: 'paid'; readonly n: number; readonly reply?: string }
  | { readonly type: 'read'; readonly replyTo: ActorRef<Read> };
export interface Read {
  readonly counted: readonly (readonly [unknown, number])[];
  readonly paid: readonly (readonly [unknown, number])[];
}

const pay = effect('pay', (n: number, { idempotencyKey }) => {
  appendFileSync(trace, `${n} ${idempotencyKey}\n`);
  return 'done';
});

const counter = behavior('counter', () =>
  receive<Counting>((message, ctx) => {
    switch (message.type) {
      case 'count':
        counted.set(ctx, message.n, (counted.get(ctx, message.n) ?? 0) + 1);
        break;
      case 'pay':
        ctx.run(pay, message.n, { as: { type: 'paid', n: message.n } });
        break;
      case 'paid':
        paid.set(ctx, message.n, (paid.get(ctx, message.n) ?? 0) + 1);
        break;
      case 'read':
        ctx.send(message.replyTo, { counted: counted.entries(ctx), paid: paid.entries(ctx) });
        break;
    }
    return same;
  }),
);

type Banking =
  | { readonly type: 'move'; readonly to: string; readonly amount: number }
  | { readonly type: 'deposit'; readonly amount: number }
  | { readonly type: 'balance'; readonly replyTo: ActorRef<number> };

const account = behavior('account', () =>
  receive<Banking>((message, ctx) => {
    switch (message.type) {
      case 'move':
        balance.update(ctx, (before) => before - message.amount);
        ctx.send(ctx.entity(account(), message.to), { type: 'deposit', amount: message.amount });
        break;
      case 'deposit':
        balance.update(ctx, (before) => before + message.amount);
        break;
      case 'balance':
        ctx.send(message.replyTo, balance.get(ctx));
        break;
    }
    return same;
  }),
);

const system = await start({
  behaviors: { counter, account },
  effects: { pay },
  store: fileStore(folder, { state: state as 'level' | 'memory' }),
  // So small that the state is brought up to date, and the journal trimmed, while it runs.
  epochs: { applyBytes: 20_000, checkpointBytes: 60_000, activeCells: 20 },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function obey(line: string): Promise<void> {
  const [order = '', n = '', who = '', to = '', amount = ''] = line.split(' ');
  const number = Number(n);
  switch (order) {
    case 'count':
    case 'pay':
      await system.send(system.entity(counter(), who), { type: order, n: number });
      say(`ack ${n}`);
      break;
    case 'move':
      await system.send(system.entity(account(), who), { type: 'move', to, amount: Number(amount) });
      say(`ack ${n}`);
      break;
    case 'report': {
      await system.idle();
      const names = Array.from({ length: Number(n) }, (_, i) => String(i));
      const reads = await Promise.all(
        names.map((each) => system.ask(system.entity(counter(), each), { type: 'read' })),
      );
      const balances = await Promise.all(
        names.map((each) => system.ask(system.entity(account(), each), { type: 'balance' })),
      );
      say(`report ${JSON.stringify({ reads, balances, letters: system.deadLetters.count })}`);
      break;
    }
    case 'stop':
      await system.stop();
      process.exit(0);
  }
}

say('ready');
createInterface({ input: process.stdin })
  .on('line', (line) => {
    void obey(line);
  })
  // Whoever gave the orders is gone.
  .on('close', () => {
    process.exit(1);
  });
