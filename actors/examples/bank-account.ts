// A bank. Accounts are entities: they always exist, and the first message creates one. A transfer is an actor of its own
// that withdraws, deposits, and gives the money back if nobody takes it.
import process from 'node:process';
import {
  behavior,
  platformHost,
  PorticoError,
  receive,
  same,
  start,
  stopped,
  type ActorRef,
  type Behavior,
  type Failure,
} from 'portico';

type Account =
  | { type: 'deposit'; amount: number; replyTo: ActorRef<Receipt> }
  | { type: 'withdraw'; amount: number; replyTo: ActorRef<Receipt> }
  | { type: 'balance'; replyTo: ActorRef<number> }
  | { type: 'close'; replyTo: ActorRef<Receipt> };

type Receipt = { ok: true; balance: number } | { ok: false; why: string };

/** An open account. Its balance is an argument: that is all the state it needs. */
const account = behavior('account', (balance: number): Behavior<Account> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'deposit':
        if (!(message.amount > 0)) throw new Error(`nobody can deposit ${message.amount}`);
        ctx.send(message.replyTo, { ok: true, balance: balance + message.amount });
        return account(balance + message.amount);
      case 'withdraw':
        if (message.amount > balance) {
          ctx.send(message.replyTo, { ok: false, why: `there are only ${balance}` });
          return same;
        }
        ctx.send(message.replyTo, { ok: true, balance: balance - message.amount });
        return account(balance - message.amount);
      case 'balance':
        ctx.send(message.replyTo, balance);
        return same;
      case 'close':
        ctx.send(message.replyTo, { ok: true, balance: 0 });
        return closed();
    }
  }),
);

const closed = behavior('closed', () =>
  receive<Account>((message, ctx) => {
    if (message.type === 'balance') ctx.send(message.replyTo, 0);
    else ctx.send(message.replyTo, { ok: false, why: 'the account is closed' });
    return same;
  }),
);

/** A transfer hears what came of each step: the reply is put in when it comes, or the failure if none will come. */
type Transfer =
  | {
      type: 'start';
      from: ActorRef<Account>;
      to: ActorRef<Account>;
      amount: number;
      replyTo: ActorRef<string>;
    }
  | { type: 'withdrawn' | 'deposited' | 'givenBack'; reply?: Receipt; failure?: Failure };

type Start = Extract<Transfer, { type: 'start' }>;

const transfer = behavior('transfer', () =>
  receive<Transfer>((message, ctx) => {
    if (message.type !== 'start') return same;
    const { from, amount } = message;
    ctx.ask(from, { type: 'withdraw', amount }, { as: { type: 'withdrawn' } });
    return transferring(message);
  }),
);

const transferring = behavior('transferring', ({ from, to, amount, replyTo }: Start) =>
  receive<Transfer>((message, ctx) => {
    if (message.type === 'start') return same;
    const problem = problemOf(message.reply, message.failure);
    switch (message.type) {
      case 'withdrawn':
        if (problem === undefined) {
          ctx.ask(to, { type: 'deposit', amount }, { as: { type: 'deposited' } });
          return same;
        }
        ctx.send(replyTo, `refused, ${problem}`);
        return stopped;
      case 'deposited':
        if (problem !== undefined) {
          ctx.ask(from, { type: 'deposit', amount }, { as: { type: 'givenBack' } });
          return same;
        }
        ctx.send(replyTo, 'done');
        return stopped;
      case 'givenBack':
        ctx.send(replyTo, problem === undefined ? 'given back' : `lost, ${problem}`);
        return stopped;
    }
  }),
);

function problemOf(reply: Receipt | undefined, failure: Failure | undefined): string | undefined {
  if (reply === undefined) return failure?.message;
  return reply.ok ? undefined : reply.why;
}

export async function main(print: (line: string) => void): Promise<void> {
  const host = platformHost({ log: ({ value }) => print(`log: ${String(value)}`) });
  await using system = await start({ behaviors: { account, closed, transfer, transferring }, host, seed: 1 });
  const ann = system.entity(account(0), 'ann');
  const bob = system.entity(account(0), 'bob');
  const eve = system.entity(account(0), 'eve');
  const move = async (
    what: string,
    from: ActorRef<Account>,
    to: ActorRef<Account>,
    amount: number,
  ): Promise<void> => {
    const outcome = await system.ask(system.create(transfer()), { type: 'start', from, to, amount });
    print(`${what}: ${outcome}`);
  };

  await system.ask(ann, { type: 'deposit', amount: 100 });
  await system.ask(eve, { type: 'close' });
  await move('70 from Ann to Bob', ann, bob, 70);
  await move('70 from Ann to Bob', ann, bob, 70);
  await move('20 from Ann to Eve', ann, eve, 20);

  // A turn that throws is undone. Its message is set aside, and the account goes on.
  await system.ask(bob, { type: 'deposit', amount: -5 }).catch((error: unknown) => {
    print(error instanceof PorticoError ? error.what : String(error));
  });
  const [letter] = system.deadLetters.list();
  print(`dead letter for ${String(letter?.ref)}: ${letter?.reason}`);

  for (const [name, ref] of Object.entries({ ann, bob, eve })) {
    print(`${name} has ${await system.ask(ref, { type: 'balance' })}`);
  }
}

if (process.argv[1] === import.meta.filename) await main((line) => console.log(line));
