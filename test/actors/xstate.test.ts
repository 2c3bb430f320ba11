import * as fc from 'fast-check';
import { behavior, effect, receive, same, stopped, type ActorRef, type Behavior } from 'portico';
import { systemKit, type SystemKit } from 'portico/testkit';
import { actorContext, statechart, type ChartSnapshot } from 'portico/xstate';
import { describe, expect, it } from 'vitest';
import {
  assign,
  cancel,
  createActor,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  fromPromise,
  log,
  raise,
  sendParent,
  sendTo,
  setup,
  SimulatedClock,
  spawnChild,
  stopChild,
  type AnyActorRef,
} from 'xstate';

/** The snapshot of a chart, read from outside. */
function read(kit: SystemKit, ref: ActorRef<never>): Promise<ChartSnapshot> {
  return kit.ask(ref as ActorRef<{ type: 'portico.snapshot'; replyTo: ActorRef<ChartSnapshot> }>, {
    type: 'portico.snapshot',
  });
}

async function value(kit: SystemKit, ref: ActorRef<never>): Promise<unknown> {
  return (await read(kit, ref)).machine.value;
}

const lamp = setup({
  types: {
    context: {} as { pushes: number },
    events: {} as { type: 'push' } | { type: 'break' } | { type: 'note'; text: string },
    input: {} as { pushes: number } | undefined,
  },
  guards: { isWorn: ({ context }) => context.pushes >= 3 },
}).createMachine({
  id: 'lamp',
  context: ({ input }) => ({ pushes: input?.pushes ?? 0 }),
  initial: 'dark',
  on: { break: '.broken', note: { actions: emit(({ event }) => ({ type: 'noted', text: event.text })) } },
  states: {
    dark: {
      on: {
        push: [
          { guard: 'isWorn', target: 'broken' },
          { target: 'lit', actions: assign({ pushes: ({ context }) => context.pushes + 1 }) },
        ],
      },
    },
    lit: { on: { push: 'dark' }, after: { 1000: 'dark' } },
    broken: { type: 'final' },
  },
});
const lampChart = statechart('lamp', lamp);

describe('a statechart', () => {
  it('goes from state to state by events, as its guards allow', async () => {
    await using kit = await systemKit();
    const ref = kit.create(lampChart({ pushes: 2 }));
    expect(await value(kit, ref)).toBe('dark');
    await kit.send(ref, { type: 'push' });
    expect(await read(kit, ref)).toMatchObject({ machine: { value: 'lit', context: { pushes: 3 } } });
    await kit.send(ref, { type: 'push' });
    await kit.send(ref, { type: 'push' });
    await kit.expectStopped(ref);
  });

  it('is data: its name and its state', async () => {
    await using kit = await systemKit();
    const ref = kit.create(lampChart());
    await kit.send(ref, { type: 'push' });
    const snapshot = await read(kit, ref);
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    expect(snapshot).toEqual({
      version: 1,
      machine: { status: 'active', value: 'lit', context: { pushes: 1 }, historyValue: {}, children: {} },
      delays: {
        'xstate.after.1000.lamp.lit': { dueMs: 1000, event: { type: 'xstate.after.1000.lamp.lit' } },
      },
      children: {},
    });
  });

  it('fires after by the clock of the system, and not once the state was left', async () => {
    await using kit = await systemKit();
    const ref = kit.create(lampChart());
    await kit.send(ref, { type: 'push' });
    await kit.advance(999);
    expect(await value(kit, ref)).toBe('lit');
    await kit.advance(1);
    expect(await value(kit, ref)).toBe('dark');
    await kit.send(ref, { type: 'push' });
    await kit.send(ref, { type: 'push' });
    expect((await read(kit, ref)).delays).toEqual({});
    await kit.advance(10_000);
    expect(await value(kit, ref)).toBe('dark');
  });

  it('fires a pending after when it is restored, when its time comes', async () => {
    await using kit = await systemKit({ startMs: 5_000 });
    const first = kit.create(lampChart());
    await kit.send(first, { type: 'push' });
    await kit.advance(400);
    const saved = JSON.parse(JSON.stringify(await read(kit, first))) as ChartSnapshot;

    await using later = await systemKit({ startMs: 5_500 });
    const second = later.create(lampChart.restore(saved));
    await later.advance(499);
    expect(await value(later, second)).toBe('lit');
    await later.advance(1);
    expect(await value(later, second)).toBe('dark');

    await using muchLater = await systemKit({ startMs: 1_000_000 });
    const third = muchLater.create(lampChart.restore(saved));
    await muchLater.run();
    expect(await value(muchLater, third)).toBe('dark');
  });

  it('emits, logs, and passes over events that it does not know', async () => {
    await using kit = await systemKit();
    const emitted: unknown[] = [];
    kit.system.subscribe((value) => emitted.push(value));
    const ref = kit.create(lampChart());
    await kit.send(ref, { type: 'note', text: 'hello' });
    await kit.send(ref, { type: 'unheard of' } as never);
    expect(emitted).toEqual([{ type: 'noted', text: 'hello' }]);
    expect(kit.deadLetters.list()).toEqual([]);
    const speaker = statechart(
      'speaker',
      setup({}).createMachine({ entry: [log('plain'), log(() => 7, 'seven')] }),
    );
    kit.create(speaker());
    await kit.run();
    expect(kit.log.map(({ value }) => value)).toEqual(['plain', { seven: 7 }]);
  });

  it('undoes a transition that fails, and sets the event aside', async () => {
    const fragile = setup({
      types: { events: {} as { type: 'go'; fail: boolean } },
      actions: {
        check: ({ event }) => {
          if (event.fail) throw new Error('told to fail');
        },
      },
    }).createMachine({
      initial: 'a',
      states: {
        a: { on: { go: { target: 'b', actions: [emit({ type: 'left' }), 'check'] } } },
        b: { after: { 10: 'c' } },
        c: {},
      },
    });
    await using kit = await systemKit();
    const emitted: unknown[] = [];
    kit.system.subscribe((value) => emitted.push(value));
    const ref = kit.create(statechart('fragile', fragile)());
    await kit.send(ref, { type: 'go', fail: true });
    await kit.advance(100);
    expect(await read(kit, ref)).toMatchObject({ machine: { value: 'a' }, delays: {} });
    expect([emitted, kit.deadLetters.list()]).toMatchObject([
      [],
      [{ reason: 'failed', message: { type: 'go' } }],
    ]);
    await kit.send(ref, { type: 'go', fail: false });
    expect(await value(kit, ref)).toBe('b');
  });

  it('computes its first state once, with its input', async () => {
    const inputs: unknown[] = [];
    const counting = setup({
      types: { input: {} as { n: number }, context: {} as { n: number }, events: {} as { type: 'up' } },
    }).createMachine({
      context: ({ input }) => {
        inputs.push(input);
        return input;
      },
      on: { up: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
    });
    await using kit = await systemKit();
    const ref = kit.create(statechart('counting', counting)({ n: 5 }));
    for (let i = 0; i < 3; i++) await kit.send(ref, { type: 'up' });
    expect((await read(kit, ref)).machine.context).toEqual({ n: 8 });
    expect(inputs).toEqual([{ n: 5 }]);
  });

  it('does not come into being if its first state fails', async () => {
    const broken = setup({}).createMachine({
      context: () => {
        throw new Error('told to fail');
      },
    });
    await using kit = await systemKit();
    await kit.expectStopped(kit.create(statechart('broken', broken)()));
    expect(kit.deadLetters.list()).toMatchObject([{ reason: 'failed', error: { message: 'told to fail' } }]);
  });

  it('raises at once and later, and cancels what it raised', async () => {
    const raising = setup({
      types: { events: {} as { type: 'begin' } | { type: 'stop' } | { type: 'tick'; n: number } },
    }).createMachine({
      initial: 'still',
      states: {
        still: { on: { begin: 'ticking' } },
        ticking: {
          entry: [
            raise({ type: 'tick', n: 0 }),
            raise({ type: 'tick', n: 1 }, { delay: 10, id: 'one' }),
            raise({ type: 'tick', n: 2 }, { delay: 20 }),
          ],
          on: {
            tick: { actions: emit(({ event }) => ({ type: 'tick', n: event.n })) },
            stop: { actions: cancel('one') },
          },
        },
      },
    });
    const ticks = async (cancelled: boolean): Promise<unknown> => {
      await using kit = await systemKit();
      const emitted: unknown[] = [];
      kit.system.subscribe((value) => emitted.push((value as { n: number }).n));
      const ref = kit.create(statechart('raising', raising)());
      await kit.send(ref, { type: 'begin' });
      if (cancelled) await kit.send(ref, { type: 'stop' });
      await kit.advance(20);
      return emitted;
    };
    expect(await ticks(false)).toEqual([0, 1, 2]);
    expect(await ticks(true)).toEqual([0, 2]);
  });

  it('sends to actors: by a reference in its context, at once and later', async () => {
    const sending = setup({
      types: {
        context: {} as { to: ActorRef<{ type: string }> },
        input: {} as { to: ActorRef<{ type: string }> },
        events: {} as { type: 'go' },
      },
    }).createMachine({
      context: ({ input }) => ({ to: input.to }),
      on: {
        go: {
          actions: [
            sendTo(({ context }) => context.to as unknown as AnyActorRef, { type: 'now' }),
            sendTo(({ context }) => context.to as unknown as AnyActorRef, { type: 'later' }, { delay: 10 }),
          ],
        },
      },
    });
    await using kit = await systemKit();
    const probe = kit.probe<{ type: string }>();
    await kit.send(kit.create(statechart('sending', sending)({ to: probe.ref })), { type: 'go' });
    await probe.expectMessage({ type: 'now' });
    await probe.expectNoMessage({ forMs: 9 });
    await probe.expectMessage({ type: 'later' }, { withinMs: 1 });
  });

  it('gives custom actions the context of its actor, in its turn only', async () => {
    let leaked: object | undefined;
    const custom = setup({
      types: { events: {} as { type: 'go'; to: ActorRef<string> } | { type: 'again' } },
    }).createMachine({
      initial: 'a',
      states: {
        a: {
          on: {
            go: {
              actions: ({ self, event }) => {
                leaked = self;
                actorContext(self).send(event.to, 'hello');
                self.send({ type: 'again' });
              },
            },
            again: 'b',
          },
        },
        b: {},
      },
    });
    await using kit = await systemKit();
    const probe = kit.probe<string>();
    const ref = kit.create(statechart('custom', custom)());
    await kit.send(ref, { type: 'go', to: probe.ref });
    await probe.expectMessage('hello');
    expect(await value(kit, ref)).toBe('b');
    expect(() => actorContext(leaked ?? {})).toThrow('context/outside-turn');
  });

  it('migrates a snapshot of an older version, and refuses one if it cannot', async () => {
    const saved: ChartSnapshot = {
      version: 1,
      machine: { status: 'active', value: 'on', context: { pushes: 7 }, historyValue: {}, children: {} },
      delays: {},
      children: {},
    };
    const renamed = statechart('lamp', lamp, {
      version: 2,
      migrate: (old, from) => ({
        ...old,
        machine: { ...old.machine, value: from === 1 ? 'lit' : old.machine.value },
      }),
    });
    await using kit = await systemKit();
    expect(await read(kit, kit.create(renamed.restore(saved)))).toMatchObject({
      version: 2,
      machine: { value: 'lit', context: { pushes: 7 } },
    });
    await kit.expectStopped(kit.create(statechart('lamp', lamp, { version: 2 }).restore(saved)));
    expect(kit.deadLetters.list()).toMatchObject([{ error: { code: 'actor/bad-behavior' } }]);
  });
});

describe('the children of a statechart', () => {
  const egg = setup({
    types: {
      input: {} as { ms: number; fail?: boolean },
      context: {} as { ms: number },
      events: {} as { type: 'hurry' },
      output: {} as string,
    },
    delays: { long: ({ context }) => context.ms },
  }).createMachine({
    id: 'egg',
    context: ({ input }) => ({ ms: input.ms }),
    initial: 'raw',
    states: {
      raw: { entry: sendParent({ type: 'boiling' }), on: { hurry: 'done' }, after: { long: 'done' } },
      done: { type: 'final' },
    },
    output: 'boiled',
  });
  const cook = setup({
    types: {
      context: {} as { got: unknown[] },
      events: {} as { type: 'cook'; ms: number } | { type: 'hurry' } | { type: 'drop' } | { type: 'boiling' },
    },
    actors: { egg },
  }).createMachine({
    context: { got: [] },
    initial: 'idle',
    on: { boiling: { actions: assign({ got: ({ context }) => [...context.got, 'boiling'] }) } },
    states: {
      idle: { on: { cook: 'cooking' } },
      cooking: {
        on: { hurry: { actions: sendTo('theEgg', { type: 'hurry' }) }, drop: 'idle' },
        invoke: {
          src: 'egg',
          id: 'theEgg',
          input: ({ event }) => ({ ms: (event as { ms: number }).ms }),
          onDone: {
            target: 'idle',
            actions: assign({ got: ({ context, event }) => [...context.got, event.output] }),
          },
        },
      },
    },
  });
  const eggs = statechart('egg', egg);
  const cooks = statechart('cook', cook, { children: { egg: eggs } });

  it('are statecharts that get input, send to their parent, and give it their output', async () => {
    await using kit = await systemKit();
    const ref = kit.create(cooks());
    await kit.send(ref, { type: 'cook', ms: 100 });
    expect(await read(kit, ref)).toMatchObject({
      machine: { value: 'cooking', context: { got: ['boiling'] } },
      children: { theEgg: { src: 'egg', input: { ms: 100 } } },
    });
    await kit.advance(100);
    expect(await read(kit, ref)).toMatchObject({
      machine: { value: 'idle', context: { got: ['boiling', 'boiled'] } },
      children: {},
    });
    expect(kit.deadLetters.list()).toEqual([]);
  });

  it('take events', async () => {
    await using kit = await systemKit();
    const ref = kit.create(cooks());
    await kit.send(ref, { type: 'cook', ms: 100_000 });
    await kit.send(ref, { type: 'hurry' });
    expect(await value(kit, ref)).toBe('idle');
  });

  it('stop when the state that invokes them is left, and what they still say is for nobody', async () => {
    await using kit = await systemKit();
    const ref = kit.create(cooks());
    await kit.send(ref, { type: 'cook', ms: 100 });
    await kit.system.send(ref, { type: 'drop' });
    await kit.send(ref, { type: 'cook', ms: 200 });
    await kit.advance(100);
    expect(await value(kit, ref)).toBe('cooking');
    await kit.advance(100);
    expect(await read(kit, ref)).toMatchObject({
      machine: { value: 'idle', context: { got: ['boiling', 'boiling', 'boiled'] } },
    });
    expect(kit.deadLetters.list()).toEqual([]);
  });

  it('begin again with the same input when their parent is restored', async () => {
    await using kit = await systemKit();
    const first = kit.create(cooks());
    await kit.send(first, { type: 'cook', ms: 100 });
    await kit.advance(60);
    const saved = JSON.parse(JSON.stringify(await read(kit, first))) as ChartSnapshot;
    await using later = await systemKit();
    const second = later.create(cooks.restore(saved));
    await later.advance(99);
    expect(await value(later, second)).toBe('cooking');
    await later.advance(1);
    expect(await read(later, second)).toMatchObject({
      machine: { value: 'idle', context: { got: ['boiling', 'boiling', 'boiled'] } },
    });
  });

  const load = setup({
    types: {
      context: {} as { item: string; result?: unknown },
      input: {} as { item: string },
      events: {} as { type: 'retry' },
    },
    actors: { fetch: fromPromise<number, { item: string }>(() => Promise.reject(new Error('never called'))) },
  }).createMachine({
    context: ({ input }) => input,
    initial: 'loading',
    states: {
      loading: {
        on: { retry: { target: 'loading', reenter: true } },
        invoke: {
          src: 'fetch',
          id: 'fetching',
          input: ({ context }) => ({ item: context.item }),
          onDone: { target: 'loaded', actions: assign({ result: ({ event }) => event.output }) },
          onError: { target: 'failed', actions: assign({ result: ({ event }) => event.error }) },
        },
      },
      loaded: {},
      failed: { on: { retry: 'loading' } },
    },
  });

  it('are effects, whose outcome is done or error', async () => {
    const fetch = effect('fetch', ({ item }: { item: string }) => {
      if (item === 'nothing') throw new Error('there is none');
      return Promise.resolve(item.length);
    });
    const loads = statechart('load', load, { children: { fetch } });
    await using kit = await systemKit({ effects: { fetch } });
    const [good, bad] = [kit.create(loads({ item: 'tea' })), kit.create(loads({ item: 'nothing' }))];
    await kit.run();
    expect(await read(kit, good)).toMatchObject({ machine: { value: 'loaded', context: { result: 3 } } });
    expect(await read(kit, bad)).toMatchObject({
      machine: { value: 'failed', context: { result: { code: 'effect/failed', message: 'there is none' } } },
    });
  });

  it('count only as long as they are the ones that run', async () => {
    const waiting: ((n: number) => void)[] = [];
    const fetch = effect('fetch', () => new Promise<number>((resolve) => waiting.push(resolve)));
    const loads = statechart('load', load, { children: { fetch } });
    await using kit = await systemKit({ effects: { fetch } });
    const ref = kit.create(loads({ item: 'tea' }));
    await kit.run();
    await kit.send(ref, { type: 'retry' });
    expect(waiting).toHaveLength(2);
    waiting[0]?.(1);
    await kit.run();
    expect(await value(kit, ref)).toBe('loading');
    waiting[1]?.(2);
    await kit.run();
    expect(await read(kit, ref)).toMatchObject({ machine: { value: 'loaded', context: { result: 2 } } });
  });

  const pingable = setup({
    types: {
      context: {} as { seen: string[]; ref?: AnyActorRef },
      events: {} as
        { type: 'spawn' } | { type: 'ping' } | { type: 'pong' } | { type: 'finish' } | { type: 'end' },
    },
    actors: { other: fromCallback(() => undefined) },
  }).createMachine({
    context: { seen: [] },
    on: {
      spawn: { actions: assign({ ref: ({ spawn }) => spawn('other', { id: 'spawned' }) }) },
      ping: { actions: ({ context }) => context.ref?.send({ type: 'ping' }) },
      pong: { actions: assign({ seen: ({ context }) => [...context.seen, 'pong'] }) },
      finish: { actions: sendTo('spawned', { type: 'end' }) },
      end: { actions: stopChild('spawned') },
      'xstate.done.actor.spawned': { actions: emit({ type: 'finished' }) },
    },
  });
  const other = behavior('other', (parent: ActorRef<{ type: 'pong' }>): Behavior<{ type: 'ping' | 'end' }> =>
    receive(({ type }, ctx) => {
      ctx.send(parent, { type: 'pong' });
      return type === 'end' ? stopped : same;
    }),
  );
  const pings = statechart('pingable', pingable, {
    children: { other: (_: undefined, parent: ActorRef<{ type: 'pong' }>) => other(parent) },
  });

  it('are actors of any behavior, spawned in assign, and done when they stop', async () => {
    await using kit = await systemKit();
    const emitted: unknown[] = [];
    kit.system.subscribe((value) => emitted.push(value));
    const ref = kit.create(pings());
    for (const type of ['spawn', 'ping', 'finish'] as const) await kit.send(ref, { type });
    expect((await read(kit, ref)).machine.context).toMatchObject({ seen: ['pong', 'pong'] });
    expect(emitted).toEqual([{ type: 'finished' }]);
  });

  it('belong to one chart each, if several are restored from one snapshot, which stays as it is', async () => {
    await using kit = await systemKit();
    const first = kit.create(pings());
    await kit.send(first, { type: 'spawn' });
    const saved = await read(kit, first);
    const text = JSON.stringify(saved);
    const [second, third] = [kit.create(pings.restore(saved)), kit.create(pings.restore(saved))];
    for (const ref of [third, second, third]) await kit.send(ref, { type: 'ping' });
    expect((await read(kit, second)).machine.context).toMatchObject({ seen: ['pong'] });
    expect((await read(kit, third)).machine.context).toMatchObject({ seen: ['pong', 'pong'] });
    expect(JSON.stringify(saved)).toBe(text);
  });

  it('take nothing any more once they were stopped', async () => {
    await using kit = await systemKit();
    const ref = kit.create(pings());
    for (const type of ['spawn', 'end', 'ping'] as const) await kit.send(ref, { type });
    expect((await read(kit, ref)).machine.context).toMatchObject({ seen: [] });
    expect(kit.deadLetters.list()).toMatchObject([{ reason: 'stopped', message: { type: 'ping' } }]);
  });

  it('are told apart from those that had their id before', async () => {
    await using kit = await systemKit();
    const ref = kit.create(pings());
    for (const type of ['spawn', 'end', 'spawn', 'ping'] as const) await kit.system.send(ref, { type });
    await kit.run();
    expect((await read(kit, ref)).machine.context).toMatchObject({ seen: ['pong'] });
  });

  const watching = setup({
    types: { context: {} as { values: unknown[] }, events: {} as { type: 'touch' } },
    actors: { egg },
  }).createMachine({
    context: { values: [] },
    on: { touch: { actions: assign({ values: ({ context }) => [...context.values, 'touched'] }) } },
    invoke: {
      src: 'egg',
      input: { ms: 10 },
      onSnapshot: {
        actions: assign({ values: ({ context, event }) => [...context.values, event.snapshot.value] }),
      },
      onDone: { actions: assign({ values: ({ context }) => [...context.values, 'end'] }) },
    },
  });
  const watches = statechart('watching', watching, { children: { egg: eggs } });

  it('tell each snapshot to a parent that wants to know, also when it is restored', async () => {
    await using kit = await systemKit();
    const first = kit.create(watches());
    await kit.advance(9);
    const saved = await read(kit, first);
    expect(saved.machine.context).toEqual({ values: ['raw'] });
    const second = kit.create(watches.restore(saved));
    await kit.advance(10);
    expect((await read(kit, first)).machine.context).toEqual({ values: ['raw', 'end'] });
    expect((await read(kit, second)).machine.context).toEqual({ values: ['raw', 'raw', 'end'] });
  });

  it('do not begin again once they have come to their end', async () => {
    await using kit = await systemKit();
    const first = kit.create(watches());
    await kit.advance(10);
    const second = kit.create(watches.restore(await read(kit, first)));
    for (const ref of [first, second]) await kit.send(ref, { type: 'touch' });
    await kit.advance(100);
    for (const ref of [first, second]) {
      expect((await read(kit, ref)).machine.context).toEqual({ values: ['raw', 'end', 'touched'] });
    }
    expect(kit.deadLetters.list()).toEqual([]);
  });

  it('fail the turn of their parent when it does not handle their error', async () => {
    const careless = setup({ actors: { fetch: fromPromise(() => Promise.resolve(1)) } }).createMachine({
      invoke: { src: 'fetch', id: 'it' },
    });
    const fetch = effect('fetch', () => {
      throw new Error('there is none');
    });
    await using kit = await systemKit({ effects: { fetch } });
    kit.create(statechart('careless', careless, { children: { fetch } })());
    await kit.run();
    expect(kit.deadLetters.list()).toMatchObject([{ reason: 'failed', error: { code: 'ask/failed' } }]);
  });

  it('are stopped with their parent', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<string>();
    const lasting = behavior('lasting', (): Behavior<never> =>
      receive<never>(() => same, { onSignal: ({ signal }, ctx) => (ctx.send(probe.ref, signal), same) }),
    );
    const owner = setup({
      types: { events: {} as { type: 'end' } },
      actors: { lasting: fromCallback(() => undefined) },
    }).createMachine({
      initial: 'a',
      states: { a: { entry: spawnChild('lasting', { id: 'it' }), on: { end: 'b' } }, b: { type: 'final' } },
    });
    const ref = kit.create(statechart('owner', owner, { children: { lasting: () => lasting() } })());
    await kit.send(ref, { type: 'end' });
    await kit.expectStopped(ref);
    await probe.expectMessage('postStop');
  });

  it('have to be known by name', () => {
    expect(() => statechart('cook', cook)).toThrow(/egg/);
  });

  it('cannot be written in place: they have no name', async () => {
    const inline = createMachine({ invoke: { src: fromPromise(() => Promise.resolve(1)) } });
    await using kit = await systemKit();
    await kit.expectStopped(kit.create(statechart('inline', inline)()));
    expect(kit.deadLetters.list()).toMatchObject([{ error: { code: 'actor/bad-behavior' } }]);
  });
});

describe('a statechart and the interpreter of XState', () => {
  type Events = { type: 'a' | 'b' | 'c' | 'd' };
  const rich = setup({
    types: { context: {} as { n: number; log: string[] }, events: {} as Events },
    guards: { even: ({ context }) => context.n % 2 === 0 },
    actions: { note: assign({ log: ({ context, event }) => [...context.log, event.type] }) },
    delays: { dynamic: ({ context }) => 5 + context.n },
  }).createMachine({
    id: 'rich',
    type: 'parallel',
    context: { n: 0, log: [] },
    states: {
      left: {
        initial: 'one',
        states: {
          one: {
            on: { a: { target: 'two', actions: 'note' } },
            after: { dynamic: { target: 'two', actions: 'note' } },
          },
          two: {
            initial: 'x',
            on: { b: 'one', d: { target: 'one', actions: raise({ type: 'c' }) } },
            states: {
              x: { on: { c: { target: 'y', guard: 'even' } } },
              y: { entry: assign({ n: ({ context }) => context.n + 1 }), after: { 7: 'x' } },
              last: { type: 'history' },
            },
          },
        },
      },
      right: {
        initial: 'off',
        states: {
          off: { on: { d: 'on', c: '#rich.left.two.last' } },
          on: {
            entry: enqueueActions(({ enqueue, context }) => {
              enqueue.assign({ n: context.n + 1 });
              enqueue.raise({ type: 'b' }, { delay: 3, id: 'soon' });
            }),
            exit: cancel('soon'),
            on: { d: 'off' },
            always: { guard: ({ context }) => context.n > 9, target: 'off' },
          },
        },
      },
    },
  });
  const richChart = statechart('rich', rich);
  const steps = fc.array(
    fc.oneof(fc.constantFrom<Events['type']>('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 12 })),
    { maxLength: 25 },
  );

  it('agree on every sequence of events and times, also if each step begins with a snapshot that was saved', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (todo, saves) => {
        const clock = new SimulatedClock();
        const oracle = createActor(rich, { clock });
        oracle.start();
        await using kit = await systemKit();
        let ref = kit.create(richChart());
        await kit.run();
        for (const step of todo) {
          if (typeof step === 'number') {
            // A timer that is set on the way begins at its own time.
            for (let ms = 0; ms < step; ms++) clock.increment(1);
            await kit.advance(step);
          } else {
            oracle.send({ type: step });
            await kit.send(ref, { type: step });
          }
          const snapshot = await read(kit, ref);
          const { value, context } = oracle.getSnapshot();
          expect({ value: snapshot.machine.value, context: snapshot.machine.context }).toEqual({
            value,
            context,
          });
          if (saves)
            ref = kit.create(richChart.restore(JSON.parse(JSON.stringify(snapshot)) as ChartSnapshot));
        }
      }),
      { numRuns: 60 },
    );
  });
});
