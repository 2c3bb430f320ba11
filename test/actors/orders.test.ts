// What is made of the actors' own API has to hold in whatever order messages arrive.
import {
  askAll,
  behavior,
  groupRouter,
  init,
  receive,
  receptionist,
  same,
  serviceKey,
  stopped,
  type ActorRef,
  type Behavior,
  type Gathered,
  type Listing,
} from 'portico';
import { explore } from 'portico/testkit';
import { statechart } from 'portico/xstate';
import { describe, expect, it } from 'vitest';
import { assign, sendParent, setup } from 'xstate';

type Job = { n: number; replyTo: ActorRef<number> } | 'end';
const key = serviceKey<Job>('jobs');

const member = behavior('member', (): Behavior<Job> =>
  init((ctx) => {
    receptionist.register(ctx, key, ctx.self);
    return receive((job) => {
      if (job === 'end') return stopped;
      ctx.send(job.replyTo, job.n);
      return same;
    });
  }),
);

describe('in every order of messages', () => {
  it('a subscriber of the receptionist knows in the end who is there', async () => {
    type Heard = { type: 'heard'; reply?: Listing<Job> };
    const subscriber = behavior('subscriber', (to: ActorRef<readonly string[]>): Behavior<Heard> =>
      init((ctx) => {
        receptionist.subscribe(ctx, key, { as: { type: 'heard' } });
        return receive(({ reply }) => {
          ctx.send(to, (reply?.refs ?? []).map(String).sort());
          return same;
        });
      }),
    );
    await explore(async (kit, pick) => {
      const probe = kit.probe<readonly string[]>();
      kit.create(subscriber(probe.ref));
      const refs = [1, 2, 3].map(() => kit.create(member()));
      const gone = refs.slice(0, pick.below(4));
      for (const ref of gone) await kit.system.send(ref, 'end');
      await kit.run();
      const there = refs.slice(gone.length).map(String).sort();
      expect(probe.messages.at(-1)).toEqual(there);
      expect(kit.deadLetters.list()).toEqual([]);
    });
  });

  it('a group router loses no job as long as somebody is there', async () => {
    await explore(async (kit) => {
      const probe = kit.probe<number>();
      kit.create(member());
      await kit.run();
      const router = kit.create(groupRouter('group', key)());
      kit.create(member());
      for (const n of [1, 2, 3, 4]) await kit.system.send(router, { n, replyTo: probe.ref });
      expect((await probe.expectMessages(4)).sort((a, b) => a - b)).toEqual([1, 2, 3, 4]);
      expect(kit.deadLetters.list()).toEqual([]);
    });
  });

  it('askAll gives each outcome once, in the order of those who were asked', async () => {
    type Ask =
      { type: 'ask'; to: readonly ActorRef<Job>[] } | { type: 'all'; reply?: readonly Gathered<number>[] };
    const asker = behavior('asker', (to: ActorRef<readonly (number | string)[]>): Behavior<Ask> =>
      receive((message, ctx) => {
        if (message.type === 'ask') {
          askAll(
            ctx,
            message.to as readonly ActorRef<Exclude<Job, 'end'>>[],
            { n: 7 },
            { as: { type: 'all' } },
          );
        } else {
          ctx.send(
            to,
            (message.reply ?? []).map((each) => ('reply' in each ? each.reply : each.failure.code)),
          );
        }
        return same;
      }),
    );
    await explore(async (kit) => {
      const probe = kit.probe<readonly (number | string)[]>();
      const to = [1, 2, 3].map(() => kit.create(member()));
      await kit.system.send(to[1] as ActorRef<Job>, 'end');
      await kit.send(kit.create(asker(probe.ref)), { type: 'ask', to });
      const outcomes = await probe.expectMessage();
      expect([
        [7, 7, 7],
        [7, 'actor/stopped', 7],
      ]).toContainEqual(outcomes);
      await probe.expectNoMessage({ forMs: 60_000 });
    });
  });

  it('a statechart counts what its children say, and only of those that it has', async () => {
    const pinger = setup({ types: { input: {} as { n: number }, output: {} as number } }).createMachine({
      initial: 'a',
      entry: [sendParent({ type: 'ping' }), sendParent({ type: 'ping' })],
      states: { a: { after: { 10: 'b' } }, b: { type: 'final' } },
      output: 1,
    });
    const owner = setup({
      types: {
        context: {} as { pings: number; sum: number },
        events: {} as { type: 'ping' } | { type: 'again' },
      },
      actors: { pinger },
    }).createMachine({
      context: { pings: 0, sum: 0 },
      initial: 'running',
      on: { ping: { actions: assign({ pings: ({ context }) => context.pings + 1 }) } },
      states: {
        running: {
          on: { again: { target: 'running', reenter: true } },
          invoke: {
            src: 'pinger',
            id: 'it',
            input: { n: 1 },
            onDone: { actions: assign({ sum: ({ context, event }) => context.sum + event.output }) },
          },
        },
      },
    });
    const charts = statechart('owner', owner, { children: { pinger: statechart('pinger', pinger) } });
    await explore(async (kit, pick) => {
      const ref = kit.create(charts());
      const times = pick.below(4);
      for (let i = 0; i < times; i++) await kit.system.send(ref, { type: 'again' });
      await kit.run();
      await kit.advance(10);
      const { machine } = await kit.ask(ref, { type: 'portico.snapshot' });
      expect(machine.context).toMatchObject({ sum: 1 });
    });
  });
});
