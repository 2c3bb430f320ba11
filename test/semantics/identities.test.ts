// Who is meant: a name has one holder after another, and what was for one of them never hits the next. A number is given out
// once, whatever becomes of the turn that gave it out.
import { describe, expect, it } from 'vitest';
import {
  ActorCreate,
  actorRef,
  ActorSend,
  actorWorkflow,
  behavior,
  init,
  receive,
  refEquals,
  restart,
  same,
  stopped,
  supervise,
  type ActorRef,
  type Behavior,
} from 'portico';
import { application, steppingSystem } from 'portico/dataflow';
import { explore, type SystemKit } from 'portico/testkit';
import { settled, world } from './world.ts';

describe('a name that changes hands', () => {
  type Holder = 'end' | 'are you there';
  /** Says that it is there by way of another actor, so that what it says overtakes the notice of an end. */
  const holder = (relay: ActorRef<string>, said: string): Behavior<Holder> =>
    init((ctx) => {
      ctx.send(relay, said);
      return receive((message) => (message === 'end' ? stopped : same));
    });
  const relay = (to: ActorRef<{ type: 'said'; reply?: string }>): Behavior<string> =>
    receive((reply, ctx) => (ctx.send(to, { type: 'said', reply }), same));

  it('tells who watches it only of the end of the holder that was watched', async () => {
    type Watcher =
      { type: 'said'; reply?: string } | { type: 'gone'; watch: number; reply?: ActorRef<never> };
    const { distinct } = await explore(
      async (kit: SystemKit) => {
        const name = actorRef<Holder>('the name');
        const ended: number[] = [];
        const watcher = kit.create(
          receive<Watcher>((message, ctx) => {
            if (message.type === 'gone') ended.push(message.watch);
            else {
              // Each holder is watched anew.
              ctx.unwatch(name);
              ctx.watch(name, { as: { type: 'gone', watch: message.reply === 'first' ? 1 : 2 } });
            }
            return same;
          }),
        );
        const messenger = kit.create(relay(watcher));
        const changing = kit.create(
          receive<'go'>((_, ctx) => {
            ctx.send(name, 'end');
            ctx.create(holder(messenger, 'second'), { name: 'the name' });
            return same;
          }),
        );
        kit.create(holder(messenger, 'first'), { name: 'the name' });
        await kit.run();
        await kit.send(changing, 'go');
        await kit.send(name, 'are you there');
        expect(kit.deadLetters.list()).toEqual([]);
        expect(ended).not.toContain(2);
      },
      { runs: 300 },
    );
    expect(distinct).toBeGreaterThan(1);
  });

  it('does not let a parent lose its child when a child of the parent before it ends', async () => {
    type Parent = { type: 'end' } | { type: 'count'; replyTo: ActorRef<number> };
    const child = receive<'go'>(() => same);
    const parent = (last: boolean): Behavior<Parent> =>
      init((ctx) => {
        if (!last) return first;
        ctx.create(child, { name: 'child', child: true });
        return receive((message, ctx) => {
          if (message.type === 'count') ctx.send(message.replyTo, ctx.children.length);
          return message.type === 'end' ? stopped : same;
        });
      });
    // Its last word makes a child, which ends at once, since the parent has.
    const first = receive<Parent>(() => stopped, {
      onSignal: (_, ctx) => {
        ctx.create(child, { name: 'child', child: true });
        return same;
      },
    });
    const { distinct } = await explore(
      async (kit) => {
        const name = actorRef<Parent>('the parent');
        const changing = kit.create(
          receive<'go'>((_, ctx) => {
            ctx.send(name, { type: 'end' });
            ctx.create(parent(true), { name: 'the parent' });
            return same;
          }),
        );
        kit.create(parent(false), { name: 'the parent' });
        await kit.run();
        await kit.send(changing, 'go');
        expect(await kit.ask(name, { type: 'count' })).toBe(1);
        await kit.send(name, { type: 'end' });
        await kit.send(actorRef<'go'>('child'), 'go');
        expect(kit.deadLetters.list().map(({ reason }) => reason)).toEqual(['unknown']);
      },
      { runs: 300 },
    );
    expect(distinct).toBeGreaterThan(1);
  });

  it('waits for the actor that was created under it inside, though another came from outside meanwhile', async () => {
    await explore(
      async (kit) => {
        const probe = kit.probe<string>();
        const brief = behavior('brief', () => init<string>(() => stopped));
        const named = behavior('named', () =>
          receive<string>((text, ctx) => (ctx.send(probe.ref, text), stopped)),
        );
        const messenger = kit.create(
          receive<string>((text, ctx) => (ctx.send(actorRef<string>('the name'), text), same)),
        );
        const creator = kit.create(
          receive<string>((text, ctx) => {
            ctx.create(named(), { name: 'the name' });
            ctx.send(messenger, text);
            return same;
          }),
        );
        await kit.run();
        const sent = kit.system.send(creator, 'hello');
        kit.create(brief(), { name: 'the name' });
        await Promise.all([sent, kit.run()]);
        // The first who has the name takes what waited for it, and may stop at once; but it is known that another one comes.
        const reasons = kit.deadLetters.list().map(({ reason }) => reason);
        expect(reasons).not.toContain('unknown');
        if (!reasons.includes('stopped')) await probe.expectMessage('hello');
      },
      { runs: 100 },
    );
  });

  it('waits for the next holder though the one before fails again and again to begin', async () => {
    await explore(
      async (kit) => {
        const probe = kit.probe<string>();
        let begun = 0;
        const failing = supervise(
          init<string>(() => {
            if (++begun > 1) throw new Error('a bad beginning');
            return receive(() => {
              throw new Error('a bad turn');
            });
          }),
          restart({ limit: 2 }),
        );
        const messenger = kit.create(
          receive<string>((text, ctx) => (ctx.send(actorRef<string>('the name'), text), same)),
        );
        const next = receive<string>((text, ctx) => (ctx.send(probe.ref, text), same));
        const creator = kit.create(
          receive<'first' | 'next'>((which, ctx) => {
            if (which === 'first') ctx.create(failing, { name: 'the name' });
            else {
              ctx.send(actorRef<string>('the name'), 'fail');
              ctx.create(next, { name: 'the name' });
              ctx.send(messenger, 'hello');
            }
            return same;
          }),
        );
        await kit.send(creator, 'first');
        await kit.send(creator, 'next');
        expect(kit.deadLetters.list().map(({ reason }) => reason)).not.toContain('unknown');
      },
      { runs: 100, log: () => undefined },
    );
  });
});

describe('a reference from a turn that was undone', () => {
  /** Lets its reference out through a variable, and fails. */
  const leaking = (leaked: ActorRef<string>[], many: number): Behavior<'go'> =>
    receive((_, ctx) => {
      for (let i = 0; i < many; i++) leaked.push(ctx.create(receive<string>(() => same)));
      throw new Error('a bad turn');
    });

  it('never names another actor', async () => {
    await using w = await world();
    const leaked: ActorRef<string>[] = [];
    await w.tell(await w.create(leaking(leaked, 2)), 'go');
    const others: ActorRef<string>[] = [];
    const got: string[] = [];
    await w.create(
      init<'go'>((ctx) => {
        for (let i = 0; i < 3; i++)
          others.push(ctx.create(receive<string>((text) => (got.push(text), same))));
        return receive(() => same);
      }),
    );
    expect(others).toHaveLength(3);
    expect(leaked.some((ref) => others.some((other) => refEquals(ref, other)))).toBe(false);
    for (const ref of leaked) await w.tell(ref, 'hello');
    expect(got).toEqual([]);
  });

  it('takes no messages: they are dead letters, and nothing waits for ever', async () => {
    await using w = await world();
    const leaked: ActorRef<string>[] = [];
    const bad = await w.create(leaking(leaked, 3));
    await w.tell(bad, 'go');
    const before = w.cells();
    for (const ref of leaked) await w.tell(ref, 'hello');
    expect(w.letters().map(([reason]) => reason)).toEqual(['failed', 'stopped', 'stopped', 'stopped']);
    expect(w.cells()).toBe(before);
    const [one] = leaked as [ActorRef<string>];
    expect(await settled(w.host, w.system.watch(one))).toEqual({ reply: undefined });
  });

  it('is dead even to who sends before the failed turn is known anywhere else', async () => {
    await explore(
      async (kit) => {
        const leaked: ActorRef<string>[] = [];
        const bad = kit.create(leaking(leaked, 2));
        const sender = kit.create(
          receive<'go'>((_, ctx) => {
            for (const ref of leaked) ctx.send(ref, 'hello');
            return same;
          }),
        );
        await kit.run();
        const sent = [kit.system.send(bad, 'go'), kit.system.send(sender, 'go')];
        await Promise.all([...sent, kit.run()]);
        const reasons = kit.deadLetters.list().map(({ reason }) => reason);
        // If the sender was first it knew none.
        expect([['failed'], ['failed', 'stopped', 'stopped']]).toContainEqual(reasons);
      },
      { runs: 50 },
    );
  });

  it.each(Array.from({ length: 30 }, (_, i) => i + 1))(
    'is dead even to messages from outside that overtake the news (seed %i)',
    (seed) => {
      const leaked: ActorRef<string>[] = [];
      const bad = actorRef<'go'>('bad');
      const app = application('actors', (app) => {
        const ingress = app.ingress<ActorSend | ActorCreate>('in');
        return { ingress, actors: actorWorkflow(app, ingress.stream) };
      });
      const system = steppingSystem({ seed, log: () => undefined });
      system.launch(app);
      const { ingress, actors } = app.handles;
      const reasons: string[] = [];
      system.subscribe(actors.outlets.deadLetters.stream, ({ reason }) => reasons.push(reason));
      system.send(ingress, new ActorCreate(bad, leaking(leaked, 3)));
      system.send(ingress, new ActorSend(bad, 'go'));
      while (leaked.length === 0) system.step();
      for (const ref of leaked) system.send(ingress, new ActorSend(ref, 'hello'));
      system.stepUntilComplete();
      expect(reasons).toEqual(['failed', 'stopped', 'stopped', 'stopped']);
    },
  );

  it('is dead if init or the last word made it', async () => {
    const leaked: ActorRef<string>[] = [];
    const leak = (text: string): Behavior<'end'> =>
      init((ctx) => {
        if (text === 'init') {
          leaked.push(ctx.create(receive<string>(() => same)));
          throw new Error('a bad beginning');
        }
        return receive(() => stopped, {
          onSignal: (_, ctx) => {
            leaked.push(ctx.create(receive<string>(() => same)));
            throw new Error('a bad end');
          },
        });
      });
    await using w = await world();
    await w.create(leak('init'));
    await w.tell(await w.create(leak('last word')), 'end');
    expect(leaked).toHaveLength(2);
    for (const ref of leaked) await w.tell(ref, 'hello');
    expect(w.letters().map(([reason]) => reason)).toEqual(['failed', 'failed', 'stopped', 'stopped']);
  });

  it('does not make the actors that were created before it, and are on their way, count as stopped', async () => {
    await explore(
      async (kit) => {
        const probe = kit.probe<string>();
        const leaked: ActorRef<string>[] = [];
        const bad = kit.create(leaking(leaked, 2));
        const good = kit.create(
          receive<string>((text, ctx) => {
            ctx.send(ctx.create(receive<string>((text, ctx) => (ctx.send(probe.ref, text), stopped))), text);
            return same;
          }),
        );
        await kit.run();
        const sent = [kit.system.send(good, 'a'), kit.system.send(bad, 'go'), kit.system.send(good, 'b')];
        await Promise.all([...sent, kit.run()]);
        expect((await probe.expectMessages(2)).sort()).toEqual(['a', 'b']);
      },
      { runs: 100 },
    );
  });
});
