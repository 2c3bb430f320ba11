// What is said when a simulation is set up in a way that it cannot work.
import {
  behavior,
  receive,
  same,
  start,
  type ActorRef,
  type ActorSystem,
  type Behavior,
  type PorticoError,
} from 'portico';
import { simulate, type Scenario, type SimulateOptions } from 'portico/testing';
import { describe, expect, it } from 'vitest';
import { expectSaid, rejected } from './said.ts';

type Message = { type: 'note'; n: number } | { type: 'get'; replyTo: ActorRef<number> };

const note = behavior('note', (n: number): Behavior<Message> =>
  receive((message, ctx) => {
    if (message.type === 'note') return note(message.n);
    ctx.send(message.replyTo, n);
    return same;
  }),
);

const fine: Scenario<ActorSystem> = {
  start: (where) => start({ behaviors: { note }, ...where }),
  run: async (client) => {
    await client.retry('note', (system) => system.send(system.entity(note(0), 'a'), { type: 'note', n: 1 }));
  },
  check: () => undefined,
};

/** The error for a scenario that differs from a right one. */
const said = (other: Partial<Scenario<ActorSystem>>, options?: SimulateOptions): Promise<PorticoError> =>
  rejected(simulate(() => ({ ...fine, ...other }), { seeds: 2, steps: 400, ...options }));

describe('a simulation', () => {
  it('passes if it is set up as it should be', async () => {
    expect((await simulate(() => fine, { seeds: 2 })).runs).toBe(2);
  });

  it('refuses a system that is not kept in its store', async () => {
    expectSaid(await said({ start: ({ host }) => start({ behaviors: { note }, host }) }), {
      code: 'simulation/not-in-place',
      where: 'start',
      what: 'start has not used its store',
      cure: 'Spread all of where',
    });
  });

  it('refuses a system that does not run on its host', async () => {
    expectSaid(await said({ start: ({ store }) => start({ behaviors: { note }, store }) }), {
      code: 'simulation/not-in-place',
      where: 'start',
      what: 'start has not used its host',
      cure: 'Spread all of where',
    });
  });

  it('refuses what is no system', async () => {
    const start = (): Promise<never> => Promise.resolve({ name: 'no system' } as never);
    expectSaid(await said({ start }), {
      code: 'simulation/not-in-place',
      where: 'start',
      what: 'no system',
      cure: 'Return what start or startSystem gives',
    });
  });

  it('says that the program could not be started, and why', async () => {
    const cause = new Error('no licence');
    const error = await said({ start: () => Promise.reject(cause) });
    expectSaid(error, {
      code: 'simulation/start-failed',
      where: 'start',
      what: 'start has failed: no licence',
      cure: 'the cause',
    });
    expect(error.cause).toBe(cause);
  });

  it('says what a run waits for that never comes', async () => {
    expectSaid(await said({ run: () => new Promise(() => undefined) }), {
      code: 'simulation/no-rest',
      where: 'simulate',
      what: 'the function run, which does not end',
      cure: 'client.pause',
    });
    expectSaid(await said({ start: () => new Promise(() => undefined) }), {
      code: 'simulation/no-rest',
      where: 'simulate',
      what: 'the function start, which does not end',
      cure: 'nothing outside of the simulation',
    });
    expectSaid(await said({ check: () => new Promise(() => undefined) }), {
      code: 'simulation/no-rest',
      where: 'simulate',
      what: 'the function check, which does not end',
      cure: 'client.pause',
    });
    const never = async (client: Parameters<(typeof fine)['run']>[0]): Promise<void> =>
      void (await client.retry('ask 1', () => new Promise(() => undefined)));
    expectSaid(await said({ run: never }), {
      code: 'simulation/no-rest',
      where: 'simulate',
      what: 'the client: ask 1, tried',
      cure: 'client.pause',
    });
    const outside = (where: Parameters<(typeof fine)['start']>[0]): Promise<ActorSystem> => {
      void where.call('stripe', () => new Promise(() => undefined))();
      return fine.start(where);
    };
    expectSaid(await said({ start: outside, run: () => new Promise(() => undefined) }), {
      code: 'simulation/no-rest',
      where: 'simulate',
      what: 'the outside: call 1, stripe()',
      cure: 'nothing outside of the simulation',
    });
  });

  it('says that work never ends', async () => {
    const restless = behavior('restless', (): Behavior<'on'> =>
      receive((_, ctx) => {
        ctx.send(ctx.self, 'on');
        return same;
      }),
    );
    const error = await said({
      start: (where) => start({ behaviors: { restless }, ...where }),
      run: async (client) => {
        await client.retry('begin', (system) => system.send(system.entity(restless(), 'a'), 'on'));
      },
    });
    expectSaid(error, {
      code: 'simulation/no-rest',
      where: 'simulate',
      what: 'idle of the system',
      cure: 'Let everything that is begun end',
    });
  });

  it('says who waits by the clock of the platform', async () => {
    const run = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 60_000).unref());
    expectSaid(await said({ run }), {
      code: 'simulation/no-rest',
      where: 'simulate',
      what: 'the function run',
      cure: 'setTimeout at',
    });
  });

  it.each([
    ['chance', 'Math.random at', () => Math.floor(Math.random() * 1e9)],
    ['the time', 'performance.now at', () => Math.floor(performance.now() * 1e6)],
  ])('says who takes %s from the platform', async (_, cure, draw) => {
    const error = await said({
      run: async (client) => {
        await client.retry('note', (system) =>
          system.send(system.entity(note(0), 'a'), { type: 'note', n: draw() }),
        );
      },
    });
    expectSaid(error, {
      code: 'simulation/not-repeatable',
      where: 'simulate',
      what: 'the second time',
      cure,
    });
    expect(error.cure).toContain('simulation.test.ts');
  });

  it('says that something outlives a run', async () => {
    let runs = 0;
    const error = await said({
      run: async (client) => {
        const n = ++runs;
        await client.retry(`note ${n}`, (system) =>
          system.send(system.entity(note(0), 'a'), { type: 'note', n }),
        );
      },
    });
    expectSaid(error, {
      code: 'simulation/not-repeatable',
      where: 'simulate',
      what: 'note 1 comes to process 1”, then “',
      cure: 'a variable of a module',
    });
  });

  it('refuses options that mean nothing', async () => {
    const error = await said({}, { seeds: 0, mostFaults: 1.5, faults: ['rain' as 'kill'], plan: 7 as never });
    expect(error.problems.map(({ what }) => what)).toEqual([
      'faults has “rain”, which is no kind of fault',
      'seeds is 0',
      'mostFaults is 1.5',
      'plan is no text',
    ]);
    expect((await said({}, { faults: { kill: -1 } })).what).toContain('faults.kill');
    expect((await said({}, { seeds: Infinity })).what).toBe('seeds is Infinity, and timeLimitMs is too');
    expect((await said({}, { systematic: true, faults: ['clock', 'lostOutcome'] })).what).toContain(
      'nothing can go wrong',
    );
    expect((await said({}, { plan: '' })).what).toContain('does not begin with a seed');
    expect((await said({}, { plan: '1 rain@3' })).what).toContain('“rain@3” says nothing');
    expect((await said({}, { plan: '1 freeze@3' })).what).toContain('“freeze@3” says nothing');
    expect((await rejected(simulate(fine as never))).what).toContain('the scenario');
    expect((await rejected(simulate(() => undefined as never))).cure).toContain('{ start, run, check }');
    expect((await said({ run: undefined as never })).what).toContain('run is');
  });
});
