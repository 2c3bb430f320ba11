// The program of actors whose stores are golden. What is here must remain: stores of all versions go on with it. It may only be
// added to.
import {
  behavior,
  effect,
  init,
  mapState,
  receive,
  same,
  start,
  stopped,
  topic,
  valueState,
  type ActorRef,
  type ActorSystem,
  type Behavior,
  type Failure,
} from 'portico';
import type { Host, Store } from 'portico/dataflow';

/** When all golden stores were written, on their own clock. */
export const writtenMs = 1_700_000_000_000;

type Counting =
  | { readonly add: number }
  | { readonly later: number; readonly ms: number }
  | { readonly replyTo: ActorRef<readonly unknown[]> };

const notes = valueState<readonly unknown[]>('notes', []);
const seen = mapState<string, number>('seen');

/** Has arguments, a state of each kind, and timers. */
export const counter = behavior('counter', (total: number, word: string): Behavior<Counting> =>
  receive((message, ctx) => {
    if ('add' in message) {
      seen.set(ctx, `n${message.add}`, (seen.get(ctx, `n${message.add}`) ?? 0) + 1);
      notes.update(ctx, (before) => [...before, message.add]);
      return counter(total + message.add, word);
    }
    if ('later' in message) ctx.timers.single(`t${message.later}`, message.ms, { add: message.later });
    else ctx.send(message.replyTo, [total, word, notes.get(ctx), [...seen.entries(ctx)]]);
    return same;
  }),
);

export const sold = topic<{ readonly what: string }>('sold', { retained: true });

type Paid = { readonly what: string; readonly reply?: string; readonly failure?: Failure };

/** The world outside: what it was called for, and how it answers. */
export const outside: { calls: string[]; answer: ((call: string) => Promise<string>) | undefined } = {
  calls: [],
  answer: undefined,
};

export const pay = effect<string, string>('pay', (what, { idempotencyKey }) => {
  outside.calls.push(`${what} ${idempotencyKey}`);
  return outside.answer === undefined ? new Promise(() => undefined) : outside.answer(what);
});

/** Runs effects, and says under a topic what came of them. */
export const payer = behavior('payer', (): Behavior<{ readonly pay: string } | Paid> =>
  receive((message, ctx) => {
    if ('pay' in message) ctx.run(pay, message.pay, { as: { what: message.pay } });
    else ctx.emit(sold, { what: `${message.what} ${message.failure?.code ?? String(message.reply)}` });
    return same;
  }),
);

type Question =
  | { readonly hold: true }
  | { readonly open: true }
  | { readonly replyTo: ActorRef<string>; readonly q: string };

/** Stashes what it is asked until it is opened. */
export const shut = behavior('shut', (): Behavior<Question> =>
  receive((message, ctx) => {
    if ('replyTo' in message) ctx.stash.stash(message);
    else if ('open' in message) {
      ctx.stash.unstashAll();
      return open();
    }
    return same;
  }),
);
const open = behavior('open', (): Behavior<Question> =>
  receive((message, ctx) => {
    if ('replyTo' in message) ctx.send(message.replyTo, `yes, ${message.q}`);
    return same;
  }),
);

type Asking =
  | { readonly ask: ActorRef<Question> }
  | { readonly n: number; readonly reply?: string; readonly failure?: Failure };

/** Asks, and says under a topic what it was told; its first ask is never answered in time. */
export const asker = behavior('asker', (): Behavior<Asking> =>
  receive((message, ctx) => {
    if ('ask' in message) {
      ctx.ask(message.ask, { q: 'one' }, { as: { n: 1 }, timeoutMs: 1e9 });
      ctx.ask(message.ask, { q: 'two' }, { as: { n: 2 }, timeoutMs: 30_000 });
    } else ctx.emit(sold, { what: `${message.n} ${message.failure?.code ?? String(message.reply)}` });
    return same;
  }),
);

/** Has children that it watches. */
export const parent = behavior('parent', (): Behavior<'end'> =>
  init((ctx) => {
    for (const name of ['eve', 'bob']) ctx.watch(ctx.create(child(), { child: true, name }));
    return minding();
  }),
);
const minding = behavior('minding', (): Behavior<'end'> =>
  receive(
    (_, ctx) => {
      for (const each of ctx.children) ctx.send(each as ActorRef<'end'>, 'end');
      return same;
    },
    {
      onSignal: ({ signal }, ctx) => {
        if (signal === 'terminated') ctx.emit(sold, { what: `${ctx.children.length} children` });
        return same;
      },
    },
  ),
);
const child = behavior('child', (): Behavior<'end'> => receive(() => stopped));

/** Fails at what it is told to. */
export const poor = behavior('poor', (): Behavior<'fail' | 'work'> =>
  receive((message, ctx) => {
    if (message === 'fail') throw new TypeError('I cannot');
    ctx.emit(sold, { what: 'work' });
    return same;
  }),
);

export function startShop(store: Store, host: Host): Promise<ActorSystem> {
  return start({
    name: 'shop',
    behaviors: { counter, payer, shut, open, asker, parent, minding, child, poor },
    effects: { pay },
    topics: [sold],
    store,
    host,
    seed: 1,
  });
}

/** All that a store of actors can hold, under way. */
export async function fill(system: ActorSystem): Promise<void> {
  const ann = system.entity(counter(1, 'tea'), 'ann');
  for (const add of [1, 2, 2]) await system.send(ann, { add });
  await system.send(ann, { add: 10 }, { idempotencyKey: 'ten' });
  await system.send(ann, { add: 20 }, { idempotencyKey: { client: 'till', seq: 7 } });
  await system.ask(ann, {}, { idempotencyKey: 'asked' });
  await system.send(ann, { later: 100, ms: 60_000 });
  await system.send(system.create(counter(5, 'a number')), { add: 1 });
  await system.send(system.create(counter(7, 'a name'), { name: 'till' }), { add: 1 });
  await system.send(system.create(payer(), { name: 'payer' }), { pay: 'rent' });
  const closed = system.create(shut(), { name: 'shut' });
  await system.send(system.create(asker(), { name: 'asker' }), { ask: closed });
  system.create(parent(), { name: 'parent' });
  await system.send(system.create(poor(), { name: 'poor' }), 'work');
  await system.send(system.create(poor(), { name: 'poorer' }), 'fail');
}
