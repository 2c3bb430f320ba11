// What runs in the process that is tortured: counters that draw, pay and wait, and a bank. Each message says which order it
// is and which attempt at it, and each actor keeps what it did with it, so that at the end one can see all of it.
import { appendFileSync } from 'node:fs';
import {
  behavior,
  effect,
  mapState,
  receive,
  same,
  stopped,
  valueState,
  type ActorRef,
  type ActorSystem,
  type StartOptions,
} from 'portico';
import { fileStore } from 'portico/node';

export const STARTING_BALANCE = 1_000;

/** How the process is started. */
export interface Setting {
  readonly folder: string;
  readonly state: 'level' | 'memory';
  /** The file in which effects leave a trace. */
  readonly trace: string;
  readonly owner: string;
  /** As whom it runs once everything is loaded, if not as who starts it. */
  readonly uid?: number;
}

/** What an actor did, by order. */
export interface Read {
  /** The attempts that it handled. */
  readonly handled: readonly (readonly [n: number, attempts: readonly number[]])[];
  /** What it drew when it was asked. */
  readonly drawn: readonly (readonly [n: number, draw: number])[];
  /** The outcomes of effects. */
  readonly paid: readonly (readonly [n: number, outcomes: readonly number[]])[];
  /** How often its timers rang. */
  readonly rung: readonly (readonly [n: number, times: number])[];
  readonly balance: number;
}

const handled = mapState<number, readonly number[]>('handled');
const drawn = mapState<number, number>('drawn');
const paid = mapState<number, readonly number[]>('paid');
const rung = mapState<number, number>('rung');
const balance = valueState('balance', STARTING_BALANCE);

interface Attempt {
  readonly n: number;
  readonly attempt: number;
}
type Ordered =
  | (Attempt & { readonly type: 'count' | 'number' | 'pay' | 'later' })
  | (Attempt & { readonly type: 'move'; readonly to: string; readonly amount: number })
  | (Attempt & { readonly type: 'draw'; readonly replyTo: ActorRef<number> });
type Message =
  | Ordered
  | { readonly type: 'paid'; readonly n: number; readonly reply?: number }
  | { readonly type: 'rung'; readonly n: number }
  | { readonly type: 'deposit'; readonly amount: number }
  | { readonly type: 'read'; readonly replyTo: ActorRef<Read> };

/** Each call draws, and says so in the file, before its outcome is known to anybody. */
const payment = (trace: string) =>
  effect('pay', (n: number, { idempotencyKey }) => {
    const draw = Math.random();
    appendFileSync(trace, `${n} ${idempotencyKey} ${draw}\n`);
    return draw;
  });
const pay = payment('');

/** Brings money from one account to another, and is gone. */
const courier = behavior('courier', (to: string, amount: number) =>
  receive<'go'>((_, ctx) => {
    ctx.send(ctx.entity(actor(), to), { type: 'deposit', amount });
    return stopped;
  }),
);

export const actor = behavior('actor', () =>
  receive<Message>((message, ctx) => {
    if ('attempt' in message) {
      const { n, attempt } = message;
      handled.set(ctx, n, [...(handled.get(ctx, n) ?? []), attempt]);
    }
    switch (message.type) {
      case 'count':
      case 'number':
        break;
      case 'draw': {
        // Nobody could draw the same again: who has heard it has heard what is kept, or it left too early.
        const draw = Math.random();
        drawn.set(ctx, message.n, draw);
        ctx.send(message.replyTo, draw);
        break;
      }
      case 'pay':
        ctx.run(pay, message.n, { as: { type: 'paid', n: message.n } });
        break;
      case 'paid':
        paid.set(ctx, message.n, [...(paid.get(ctx, message.n) ?? []), message.reply ?? Number.NaN]);
        break;
      case 'later':
        ctx.timers.single(message.n, 20, { type: 'rung', n: message.n });
        break;
      case 'rung':
        rung.set(ctx, message.n, (rung.get(ctx, message.n) ?? 0) + 1);
        break;
      case 'move':
        balance.update(ctx, (before) => before - message.amount);
        ctx.send(ctx.create(courier(message.to, message.amount)), 'go');
        break;
      case 'deposit':
        balance.update(ctx, (before) => before + message.amount);
        break;
      case 'read':
        ctx.send(message.replyTo, {
          handled: handled.entries(ctx),
          drawn: drawn.entries(ctx),
          paid: paid.entries(ctx),
          rung: rung.entries(ctx),
          balance: balance.get(ctx),
        });
        break;
    }
    return same;
  }),
);

/** Pages so small that the state is brought up to date, and the journal trimmed and begun anew, all the time. */
export function optionsOf({ folder, state, trace, owner }: Setting): StartOptions {
  return {
    behaviors: { actor, courier },
    effects: { pay: payment(trace) },
    store: fileStore(folder, {
      state,
      journal: { segmentBytes: 200_000, preallocateBytes: 20_000, writesPerMark: 16 },
    }),
    epochs: { applyBytes: 20_000, checkpointBytes: 60_000, activeCells: 20 },
    owner,
  };
}

export async function readAll(system: ActorSystem, names: readonly string[]): Promise<readonly Read[]> {
  return Promise.all(names.map((name) => system.ask(system.entity(actor(), name), { type: 'read' })));
}
