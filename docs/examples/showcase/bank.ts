// A bank. However often it is killed in the midst of a transfer, no money is lost, and none is made.
import {
  askAll,
  behavior,
  init,
  receive,
  same,
  stopped,
  topic,
  type ActorRef,
  type Behavior,
  type Gathered,
} from 'portico';

/** How many there were, now and then. */
export const transfers = topic<number>('transfers');

const NAMES = ['ann', 'bob', 'eve'] as const;
const PAUSE_MS = 8;

export type Account =
  | { type: 'change'; amount: number; replyTo: ActorRef<boolean> }
  | { type: 'balance'; replyTo: ActorRef<number> };

/** Each has 100 to begin with. */
export const account = behavior('account', (balance: number): Behavior<Account> =>
  receive((message, ctx) => {
    if (message.type === 'balance') {
      ctx.send(message.replyTo, balance);
      return same;
    }
    const isEnough = balance + message.amount >= 0;
    ctx.send(message.replyTo, isEnough);
    return isEnough ? account(balance + message.amount) : same;
  }),
);

type Transfer = { type: 'withdrawn' | 'deposited'; reply?: boolean };

/** An actor for each transfer. There is no timeout in it: an answer may come after the program was not running for a week. */
export const transfer = behavior(
  'transfer',
  (from: ActorRef<Account>, to: ActorRef<Account>, amount: number, done: ActorRef<boolean>) =>
    init<Transfer>((ctx) => {
      ctx.send(from, { type: 'change', amount: -amount, replyTo: ctx.adapt({ type: 'withdrawn' }) });
      return transferring(to, amount, done);
    }),
);

export const transferring = behavior(
  'transferring',
  (to: ActorRef<Account>, amount: number, done: ActorRef<boolean>) =>
    receive<Transfer>(({ type, reply = false }, ctx) => {
      if (type === 'withdrawn' && reply) {
        ctx.send(to, { type: 'change', amount, replyTo: ctx.adapt({ type: 'deposited' }) });
        return same;
      }
      ctx.send(done, reply);
      return stopped;
    }),
);

/** What the clerk has been asked for: so many transfers since the bank was opened, not more. */
type Order = { upTo: number; replyTo: ActorRef<number> };
export type Audit = { made: number; balances: readonly number[] };
export type Clerk =
  | ({ type: 'make' } & Order)
  | { type: 'audit'; replyTo: ActorRef<Audit> }
  | { type: 'next' }
  | { type: 'made'; reply?: boolean }
  | { type: 'counted'; replyTo: ActorRef<Audit>; reply?: readonly Gathered<number>[] };

/** Makes one transfer after the other. To ask again for what was asked before does no harm. */
export const clerk = behavior('clerk', (made: number, order: Order | undefined): Behavior<Clerk> =>
  receive((message, ctx) => {
    const accounts = NAMES.map((name) => ctx.entity(account(100), name));
    switch (message.type) {
      case 'make':
        if (message.upTo <= made) {
          ctx.send(message.replyTo, made);
          return same;
        }
        if (order === undefined) ctx.timers.single('next', PAUSE_MS, { type: 'next' });
        return clerk(made, { upTo: message.upTo, replyTo: message.replyTo });
      case 'next': {
        const from = ctx.random(NAMES.length);
        const to = (from + 1 + ctx.random(NAMES.length - 1)) % NAMES.length;
        const done = ctx.adapt({ type: 'made' });
        ctx.create(
          transfer(
            accounts[from] as ActorRef<Account>,
            accounts[to] as ActorRef<Account>,
            1 + ctx.random(40),
            done,
          ),
        );
        return busy(made, order);
      }
      case 'audit':
        askAll(ctx, accounts, { type: 'balance' }, { as: { type: 'counted', replyTo: message.replyTo } });
        return busy(made, order);
      case 'made':
      case 'counted':
        return same;
    }
  }),
);

/** A clerk who has a transfer or an audit under way. Everything else waits for its end. */
export const busy = behavior('busy', (made: number, order: Order | undefined): Behavior<Clerk> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'made': {
        const now = made + 1;
        if (now % 25 === 0) ctx.emit(transfers, now);
        ctx.stash.unstashAll();
        if (order !== undefined && now < order.upTo) {
          ctx.timers.single('next', PAUSE_MS, { type: 'next' });
          return clerk(now, order);
        }
        if (order !== undefined) ctx.send(order.replyTo, now);
        return clerk(now, undefined);
      }
      case 'counted': {
        const balances = (message.reply ?? []).map((each) => ('reply' in each ? each.reply : NaN));
        ctx.send(message.replyTo, { made, balances });
        ctx.stash.unstashAll();
        return clerk(made, order);
      }
      case 'make':
      case 'next':
      case 'audit':
        ctx.stash.stash(message);
        return same;
    }
  }),
);

export const bankBehaviors = { account, clerk, busy, transfer, transferring };
