// Actors of a system that is started again with its store.
import { describe, expect, it } from 'vitest';
import { behavior, receive, same, start, valueState, type ActorRef, type Behavior } from 'portico';
import { memoryStore, platformHost, type Host } from 'portico/dataflow';

type Account =
  | { readonly type: 'deposit'; readonly amount: number }
  | { readonly type: 'balance'; readonly replyTo: ActorRef<number> };

const account = behavior('account', (balance: number): Behavior<Account> =>
  receive((message, ctx) => {
    if (message.type === 'deposit') return account(balance + message.amount);
    ctx.send(message.replyTo, balance);
    return same;
  }),
);

const visits = valueState('visits', 0);
type Visit = { readonly replyTo: ActorRef<number> };
const counter = behavior('counter', () =>
  receive<Visit>(({ replyTo }, ctx) => {
    ctx.send(
      replyTo,
      visits.update(ctx, (n) => n + 1),
    );
    return same;
  }),
);

describe('actors of a system that is started again', () => {
  it('go on with their behavior and their state', async () => {
    const store = memoryStore();
    const balances: number[] = [];
    const counts: number[] = [];
    for (let run = 0; run < 3; run++) {
      await using system = await start({ behaviors: { account, counter }, store });
      const ann = system.entity(account(0), 'ann');
      await system.send(ann, { type: 'deposit', amount: 10 });
      balances.push(await system.ask(ann, { type: 'balance' }));
      counts.push(await system.ask(system.entity(counter(), 'c'), {}));
    }
    expect(balances).toEqual([10, 20, 30]);
    expect(counts).toEqual([1, 2, 3]);
  });

  it('are found by the references that they had', async () => {
    const store = memoryStore();
    const refs: ActorRef<Account>[] = [];
    for (let run = 0; run < 3; run++) {
      await using system = await start({ behaviors: { account }, store });
      refs.push(system.create(account(run)));
      for (const ref of refs) await system.send(ref, { type: 'deposit', amount: 100 });
      const all = await Promise.all(refs.map((ref) => system.ask(ref, { type: 'balance' })));
      expect(all).toEqual(refs.map((_, i) => i + 100 * (run + 1 - i)));
    }
  });

  // The timer that looks after the store must not keep the process alive, also when the log is another one.
  it('look after their store on the side', async () => {
    const delays: (string | undefined)[] = [];
    const host = platformHost();
    const watched: Host = {
      ...host,
      after: (delayMs, wake, aside) => {
        delays.push(aside);
        return host.after(delayMs, wake, aside);
      },
    };
    await using _ = await start({ store: memoryStore(), host: watched, log: () => undefined });
    expect(delays).toContain('aside');
  });
});
