/** Money that goes from account to account: the price of a transfer, with messages or with asks. */
import { behavior, receive, same, valueState, type ActorRef } from 'portico';
import { timedActors } from '../harness/actors.ts';
import { Choices } from '../harness/choices.ts';
import { perSecond, timed } from '../harness/clock.ts';
import { PlainActors } from '../harness/plain-actors.ts';
import { question, type Run } from '../harness/question.ts';

interface BankLoad extends Record<string, number> {
  transfers: number;
}

const ACCOUNTS = 1_000;
const BEGIN_WITH = 1_000_000;

/** From one account to another, and how much. */
function chosen(choices: Choices): { from: number; to: number; amount: number } {
  const from = choices.below(ACCOUNTS);
  const to = (from + 1 + choices.below(ACCOUNTS - 1)) % ACCOUNTS;
  return { from, to, amount: 1 + choices.below(100) };
}

/** One number that stands for all balances. */
function digest(balances: readonly number[]): Run['outcome'] {
  return {
    total: balances.reduce((sum, balance) => sum + balance, 0),
    weighted: balances.reduce((sum, balance, i) => sum + balance * (i + 1), 0),
  };
}

/** The order of the transfers makes no difference to the balances in the end. */
function expects({ transfers }: BankLoad): Run['outcome'] {
  const balances = Array.from({ length: ACCOUNTS }, () => BEGIN_WITH);
  const choices = new Choices(0);
  for (let i = 0; i < transfers; i++) {
    const { from, to, amount } = chosen(choices);
    balances[from] = (balances[from] ?? 0) - amount;
    balances[to] = (balances[to] ?? 0) + amount;
  }
  return digest(balances);
}

const runOf = (transfers: number, ms: number, balances: readonly number[]): Run => ({
  figures: { speed: perSecond(transfers, ms) },
  outcome: digest(balances),
});

type Account =
  | {
      readonly type: 'credit';
      readonly amount: number;
      readonly to: ActorRef<Account>;
      readonly teller: ActorRef<Teller>;
    }
  | { readonly type: 'debit'; readonly amount: number; readonly replyTo: ActorRef<Confirmed> }
  | { readonly type: 'confirmed' }
  | {
      readonly type: 'asked';
      readonly teller: ActorRef<Teller>;
      readonly reply?: Confirmed;
      readonly failure?: unknown;
    }
  | { readonly type: 'read'; readonly replyTo: ActorRef<number> };

interface Confirmed {
  readonly type: 'confirmed';
}

type Teller =
  | { readonly type: 'work'; readonly transfers: number; readonly replyTo: ActorRef<null> }
  | { readonly type: 'transferred' };

const balance = valueState('balance', BEGIN_WITH);
/** Who wants to hear of transfers. There is one teller. */
const tellerOf = valueState<ActorRef<Teller> | undefined>('teller', undefined);

const account = behavior('account', (asks: boolean) =>
  receive<Account>((message, ctx) => {
    switch (message.type) {
      case 'credit': {
        const { amount, to, teller } = message;
        balance.set(ctx, balance.get(ctx) - amount);
        if (asks) ctx.ask(to, { type: 'debit', amount }, { as: { type: 'asked', teller } });
        else {
          tellerOf.set(ctx, teller);
          ctx.send(to, { type: 'debit', amount, replyTo: ctx.self });
        }
        break;
      }
      case 'debit':
        balance.set(ctx, balance.get(ctx) + message.amount);
        ctx.send(message.replyTo, { type: 'confirmed' });
        break;
      case 'confirmed': {
        const teller = tellerOf.get(ctx);
        if (teller !== undefined) ctx.send(teller, { type: 'transferred' });
        break;
      }
      case 'asked':
        if (message.reply !== undefined) ctx.send(message.teller, { type: 'transferred' });
        break;
      case 'read':
        ctx.send(message.replyTo, balance.get(ctx));
    }
    return same;
  }),
);

const missing = valueState('missing', 0);
const replyTo = valueState<ActorRef<null> | undefined>('reply to', undefined);

const teller = behavior('teller', (...accounts: ActorRef<Account>[]) =>
  receive<Teller>((message, ctx) => {
    if (message.type === 'transferred') {
      const now = missing.get(ctx) - 1;
      missing.set(ctx, now);
      const to = replyTo.get(ctx);
      if (to !== undefined && now === 0) ctx.send(to, null);
      return same;
    }
    missing.set(ctx, message.transfers);
    replyTo.set(ctx, message.replyTo);
    const choices = new Choices(0);
    for (let i = 0; i < message.transfers; i++) {
      const { from, to, amount } = chosen(choices);
      const [source, target] = [accounts[from], accounts[to]];
      if (source !== undefined && target !== undefined) {
        ctx.send(source, { type: 'credit', amount, to: target, teller: ctx.self });
      }
    }
    return same;
  }),
);

const portico =
  (asks: boolean) =>
  async ({ transfers }: BankLoad): Promise<Run> => {
    let accounts: ActorRef<Account>[] = [];
    let balances: number[] = [];
    const { ms } = await timedActors(
      { account, teller },
      (system) => {
        accounts = Array.from({ length: ACCOUNTS }, () => system.create(account(asks)));
        const first = system.create(teller(...accounts));
        return () => system.ask(first, { type: 'work', transfers });
      },
      async (system) => {
        balances = await Promise.all(accounts.map((account) => system.ask(account, { type: 'read' })));
      },
    );
    return runOf(transfers, ms, balances);
  };

type PlainAccount =
  | { readonly type: 'credit'; readonly amount: number; readonly to: number; readonly teller: number }
  | { readonly type: 'debit'; readonly amount: number; readonly replyTo: number }
  | { readonly type: 'confirmed' };

async function plain({ transfers }: BankLoad): Promise<Run> {
  const actors = new PlainActors();
  const balances = Array.from({ length: ACCOUNTS }, () => BEGIN_WITH);
  let missing = transfers;
  const accounts = balances.map((_, i) =>
    actors.create<PlainAccount>((self) => {
      let waiting = 0;
      return (message) => {
        switch (message.type) {
          case 'credit':
            balances[i] = (balances[i] ?? 0) - message.amount;
            waiting = message.teller;
            actors.send(message.to, { type: 'debit', amount: message.amount, replyTo: self });
            break;
          case 'debit':
            balances[i] = (balances[i] ?? 0) + message.amount;
            actors.send(message.replyTo, { type: 'confirmed' });
            break;
          case 'confirmed':
            actors.send(waiting, { type: 'transferred' });
        }
      };
    }),
  );
  const teller = actors.create(() => () => {
    missing--;
  });
  const ms = await timed(() => {
    const choices = new Choices(0);
    for (let i = 0; i < transfers; i++) {
      const { from, to, amount } = chosen(choices);
      actors.send(accounts[from] ?? 0, { type: 'credit', amount, to: accounts[to] ?? 0, teller });
    }
    actors.run();
  });
  // Nothing is right if a transfer was not reported.
  return runOf(transfers, ms, missing === 0 ? balances : []);
}

export const bankQuestion = question<BankLoad>({
  name: 'bank',
  asks: 'How many transfers a second are there between 1,000 accounts?',
  method:
    'A teller tells an account to send money to another one, which confirms it, and the teller hears of it: four messages for a transfer. All ' +
    'transfers are ordered in one turn. With messages, or with `ctx.ask`, its timeout and its reply. After BankTransaction of Savina, where an ' +
    'account does nothing else until it has the confirmation; here it goes on.',
  metrics: [{ name: 'speed', unit: 'transfers/s', better: 'more' }],
  contenders: [
    { name: 'plain', run: plain, expects },
    { name: 'portico', run: portico(false), expects },
    { name: 'portico, asking', run: portico(true), expects },
  ],
  reference: 'plain',
  goals: [],
  loads: { full: { transfers: 200_000 }, warmUp: { transfers: 40_000 }, quick: { transfers: 500 } },
});
