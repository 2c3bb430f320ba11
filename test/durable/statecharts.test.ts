// Statecharts over restarts.
import { describe, expect, it } from 'vitest';
import { assign, fromPromise, sendParent, setup } from 'xstate';
import { effect } from 'portico';
import { statechart } from 'portico/xstate';
import { ends, Lives } from './lives.ts';

const lamp = statechart(
  'lamp',
  setup({
    types: { context: {} as { lit: number }, events: {} as { type: 'push' } | { type: 'break' } },
  }).createMachine({
    context: { lit: 0 },
    initial: 'dark',
    states: {
      dark: { on: { push: { target: 'lit', actions: assign({ lit: ({ context }) => context.lit + 1 }) } } },
      lit: { after: { 60_000: 'dark' }, on: { push: 'dark', break: 'broken' } },
      broken: { type: 'final' },
    },
  }),
);

describe.each(ends)('after %s, a statechart', (end) => {
  it('is in the state in which it was, with its context', async () => {
    const lives = new Lives({ behaviors: { lamp } });
    let system = await lives.start();
    const ref = system.create(lamp());
    for (let i = 0; i < 3; i++) {
      await system.send(ref, { type: 'push' });
      system = await lives.again(end);
    }
    const { machine } = await system.ask(ref, { type: 'portico.snapshot' });
    expect(machine).toMatchObject({ value: 'lit', context: { lit: 2 } });
  });

  it('does what it was to do after a while, counted from then', async () => {
    const lives = new Lives({ behaviors: { lamp } });
    let system = await lives.start();
    const ref = system.create(lamp());
    const state = async (): Promise<unknown> =>
      (await system.ask(ref, { type: 'portico.snapshot' })).machine.value;
    await system.send(ref, { type: 'push' });
    await lives.pass(40_000);
    system = await lives.again(end);
    await lives.pass(19_999);
    expect(await state()).toBe('lit');
    await lives.pass(1);
    expect(await state()).toBe('dark');
    // One that is over meanwhile takes place at once.
    await system.send(ref, { type: 'push' });
    await lives.end(end);
    lives.nowMs += 100_000;
    system = await lives.start();
    await lives.rest();
    expect(await state()).toBe('dark');
  });

  it('comes to its end, and stops', async () => {
    const lives = new Lives({ behaviors: { lamp } });
    let system = await lives.start();
    const ref = system.create(lamp());
    await system.send(ref, { type: 'push' });
    system = await lives.again(end);
    await system.send(ref, { type: 'break' });
    system = await lives.again(end);
    const watched = system.watch(ref);
    await lives.rest();
    await watched;
  });

  it('goes on with its children: statecharts and effects', async () => {
    const calls: string[] = [];
    let open: (value: string) => void = () => undefined;
    const fetch = effect<{ readonly what: string }, string>('fetch', async ({ what }, { idempotencyKey }) => {
      calls.push(idempotencyKey);
      return new Promise((resolve) => {
        open = (value) => {
          resolve(`${what} ${value}`);
        };
      });
    });
    const child = setup({ types: { events: {} as { type: 'go' } } }).createMachine({
      initial: 'waits',
      states: { waits: { after: { 1_000: { actions: sendParent({ type: 'rang' }) } } } },
    });
    const machine = setup({
      types: {
        context: {} as { log: readonly string[] },
        events: {} as { type: 'rang' } | { type: 'never' },
      },
      actors: {
        child,
        fetch: fromPromise<string, { readonly what: string }>(() =>
          Promise.reject(new Error('the effect stands for it')),
        ),
      },
    }).createMachine({
      context: { log: [] },
      type: 'parallel',
      states: {
        bell: {
          invoke: { src: 'child', id: 'bell' },
          on: { rang: { actions: assign({ log: ({ context }) => [...context.log, 'rang'] }) } },
        },
        page: {
          initial: 'loads',
          states: {
            loads: {
              invoke: {
                src: 'fetch',
                id: 'page',
                input: { what: 'page' },
                onDone: {
                  target: 'there',
                  actions: assign({ log: ({ context, event }) => [...context.log, event.output] }),
                },
              },
            },
            there: {},
          },
        },
      },
    });
    const bell = statechart('bell', child);
    const parent = statechart('parent', machine, { children: { child: bell, fetch } });
    const lives = new Lives({ behaviors: { bell, parent }, effects: { fetch } });
    let system = await lives.start();
    const ref = system.create(parent());
    await lives.pass(400);
    system = await lives.again(end);
    await lives.pass(600);
    system = await lives.again(end);
    await lives.rest();
    open('1');
    await lives.rest();
    const { machine: now } = await system.ask(ref, { type: 'portico.snapshot' });
    expect(now.context).toEqual({ log: ['rang', 'page 1'] });
    expect(new Set(calls).size).toBe(1);
    expect(system.deadLetters.list()).toEqual([]);
  });
});

describe('a statechart of an older version', () => {
  const machineOf = (name: string) =>
    setup({ types: { events: {} as { type: 'go' } } }).createMachine({
      initial: name,
      states: { [name]: { on: { go: `${name}2` }, after: { 500: `${name}2` } }, [`${name}2`]: {} },
    });

  it('is made one of this version, and what it was to do is done', async () => {
    const before = statechart('chart', machineOf('a'));
    const after = statechart('chart', machineOf('b'), {
      version: 2,
      migrate: (snapshot) => ({ ...snapshot, machine: { ...snapshot.machine, value: 'b' } }),
    });
    const lives = new Lives();
    let system = await lives.start({ behaviors: { before } });
    const ref = system.create(before());
    await lives.pass(400);
    system = await lives.again('a crash', { behaviors: { after } });
    expect((await system.ask(ref, { type: 'portico.snapshot' })).machine.value).toBe('b');
    await system.send(ref, { type: 'go' });
    expect((await system.ask(ref, { type: 'portico.snapshot' })).machine.value).toBe('b2');
  });
});
