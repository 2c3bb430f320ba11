// Programs with the mistakes that people make, on the simulated machine: each is found; and programs without are left alone.
import {
  behavior,
  effect,
  receive,
  same,
  start,
  stopped,
  valueState,
  type ActorRef,
  type ActorSystem,
  type Behavior,
  type Failure,
} from 'portico';
import { application, perKeyState, startSystem, type RunningSystem } from 'portico/dataflow';
import { simulate, SimulationError, type Scenario, type SimulateOptions } from 'portico/testing';
import { describe, expect, it } from 'vitest';

type Counting = { type: 'add'; n: number } | { type: 'total'; replyTo: ActorRef<number> };
type System = ActorSystem;

/** The error with which a simulation ends. */
async function failure(
  scenario: () => Scenario<System>,
  options: SimulateOptions = {},
): Promise<SimulationError> {
  const error: unknown = await simulate(scenario, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SimulationError);
  return error as SimulationError;
}

const total = valueState('total', 0);

const counter = behavior('counter', (): Behavior<Counting> =>
  receive((message, ctx) => {
    if (message.type === 'add') total.update(ctx, (before) => before + message.n);
    else ctx.send(message.replyTo, total.get(ctx));
    return same;
  }),
);

/** Adds 1, 2 and 3, each again until it is known to count, and looks at the sum. */
const adding = (
  of: Behavior<Counting>,
  startIt: Scenario<System>['start'],
  options: { readonly keyed: boolean } = { keyed: true },
): Scenario<System> => ({
  start: startIt,
  run: async (client) => {
    for (const n of [1, 2, 3])
      await client.retry(`add ${n}`, (system, key) =>
        system.send(
          system.entity(of, 'all'),
          { type: 'add', n },
          options.keyed ? { idempotencyKey: key } : {},
        ),
      );
  },
  check: async (system) => {
    expect(await system.ask(system.entity(of, 'all'), { type: 'total' })).toBe(6);
  },
});

describe('a program that is right', () => {
  it('passes, whatever happens to it', async () => {
    const { runs, crashes, faults } = await simulate(
      () => adding(counter(), (where) => start({ behaviors: { counter }, ...where })),
      { seeds: 30 },
    );
    expect(runs).toBe(30);
    expect(crashes).toBeGreaterThan(20);
    expect(faults).toBeGreaterThan(crashes);
  });

  it('passes with a crash at each of its steps, in turn', async () => {
    const { runs, crashes } = await simulate(
      () => adding(counter(), (where) => start({ behaviors: { counter }, ...where })),
      { systematic: true },
    );
    expect(runs).toBeGreaterThan(40);
    expect(crashes).toBe(runs);
  });

  it('passes when somebody who stood still takes the store from it late, before it is stopped', async () => {
    for (let at = 15; at <= 60; at += 3) {
      const { faults } = await simulate(
        () => adding(counter(), (where) => start({ behaviors: { counter }, ...where })),
        { plan: `1 freeze@${at}:70 calm@200 end@stop` },
      );
      expect(faults).toBe(1);
    }
  });

  it('may be one of dataflows', async () => {
    const sum = perKeyState('sum', 0);
    const app = application('sums', (app) => {
      const numbers = app.ingress<number>('numbers', { key: () => 'all' });
      const sums = app
        .workflow('sums')
        .source(numbers.stream)
        .map((n, ctx) => sum.update(ctx, (before) => before + n))
        .sink();
      return { numbers, sums: app.retain(sums) };
    });
    const { runs } = await simulate(
      (): Scenario<RunningSystem> => ({
        start: (where) => startSystem({ applications: [app], ...where }),
        run: async (client) => {
          for (let n = 1; n <= 3; n++)
            await client.retry(`add ${n}`, (system, key) => system.sendOnce(app.handles.numbers, { key }, n));
        },
        check: async (system) => {
          const seen: number[] = [];
          for await (const { value } of system.readFrom(app.handles.sums)) {
            seen.push(value);
            if (seen.length === 3) break;
          }
          expect(seen).toEqual([1, 3, 6]);
        },
      }),
      { seeds: 20 },
    );
    expect(runs).toBe(20);
  });
});

type Paying = { type: 'pay'; cents: number } | { type: 'paid'; reply?: undefined; failure?: Failure };

/** By its name an effect is found. What it does, the system knows. */
const named = effect<number, undefined>('charge', () => undefined);

/** An order that has a card charged once. */
const orderOf = () =>
  behavior('order', (): Behavior<Paying> =>
    receive((message, ctx) => {
      if (message.type === 'pay') ctx.run(named, message.cents, { as: { type: 'paid' } });
      return same;
    }),
  );

const buying = (
  order: ReturnType<typeof orderOf>,
  charges: readonly unknown[],
): Pick<Scenario<System>, 'run' | 'check'> => ({
  run: async (client) => {
    await client.retry('order 1', (system, idempotencyKey) =>
      system.send(system.entity(order(), '1'), { type: 'pay', cents: 500 }, { idempotencyKey }),
    );
  },
  check: () => {
    expect(charges.length, 'how often the card was charged').toBe(1);
  },
});

/** A shop whose card company knows keys, or does not. */
const shop = ({ knowsKeys }: { readonly knowsKeys: boolean }): Scenario<System> => {
  const charges: { readonly cents: number; readonly key: string }[] = [];
  const charge = effect(
    'charge',
    (cents: number, { idempotencyKey: key }) => {
      if (!knowsKeys || !charges.some((each) => each.key === key)) charges.push({ cents, key });
    },
    { tries: 3 },
  );
  const order = orderOf();
  return {
    start: (where) => start({ behaviors: { order }, effects: { charge: where.effect(charge) }, ...where }),
    ...buying(order, charges),
  };
};

describe('the simulation', () => {
  it('finds an effect that is not idempotent', async () => {
    const { message, plan, cause } = await failure(() => shop({ knowsKeys: false }));
    expect((cause as Error).message).toContain('how often the card was charged');
    expect(plan.split(' ').length).toBeLessThanOrEqual(3);
    expect(message).toMatch(/call 1, charge\(500\) is carried out/);
    expect(message).toMatch(/call 2, charge\(500\) is carried out/);
  });

  it('finds nothing any more when whoever is called knows keys', async () => {
    const { calls } = await simulate(() => shop({ knowsKeys: true }), { seeds: 20 });
    expect(calls).toBeGreaterThan(20);
    await simulate(() => shop({ knowsKeys: true }), {
      systematic: true,
      faults: ['failingCall', 'lostOutcome', 'hangingCall'],
    });
  });

  it('finds state that outlives the process, because it is not the actor’s', async () => {
    const { plan } = await failure(() => {
      let sum = 0;
      const forgetful = behavior('forgetful', (): Behavior<Counting> =>
        receive((message, ctx) => {
          if (message.type === 'add') sum += message.n;
          else ctx.send(message.replyTo, sum);
          return same;
        }),
      );
      return adding(forgetful(), (where) => start({ behaviors: { forgetful }, ...where }));
    });
    // A turn that was not committed is done again.
    expect(plan).toMatch(/kill|power|freeze|stop/);
  });

  it('finds state that ends with the process, because it is in its memory', async () => {
    const { message } = await failure(() => {
      const charges: number[] = [];
      const order = orderOf();
      return {
        ...buying(order, charges),
        start: (where) => {
          // Who is called does not know keys; this does, as long as it lives.
          const known = new Set<string>();
          const charge = where.call('charge', (cents: number) => void charges.push(cents));
          const once = effect(
            'charge',
            async (cents: number, { idempotencyKey }) => {
              if (known.has(idempotencyKey)) return;
              known.add(idempotencyKey);
              await charge(cents);
            },
            { tries: 3 },
          );
          return start({ behaviors: { order }, effects: { once }, ...where });
        },
      };
    });
    expect(message).toMatch(/the process is|the power fails/);
  });

  it('finds a variable of a behavior that is no part of its arguments', async () => {
    await failure(() => {
      const forgetful = behavior('forgetful', (): Behavior<Counting> => {
        let sum = 0;
        return receive((message, ctx) => {
          if (message.type === 'add') sum += message.n;
          else ctx.send(message.replyTo, sum);
          return same;
        });
      });
      return adding(forgetful(), (where) => start({ behaviors: { forgetful }, ...where }));
    });
  });

  it('finds a sender that takes no answer for a no', async () => {
    const { message } = await failure(() =>
      adding(counter(), (where) => start({ behaviors: { counter }, ...where }), { keyed: false }),
    );
    expect(message).toContain('no answer came');
  });

  it('finds who takes the clock for an order', async () => {
    type Setting = { type: 'set'; to: number } | { type: 'get'; replyTo: ActorRef<number> };
    const latest = valueState('latest', { to: 0, atMs: 0 });
    const register = behavior('register', (): Behavior<Setting> =>
      receive((message, ctx) => {
        if (message.type === 'get') ctx.send(message.replyTo, latest.get(ctx).to);
        else if (ctx.nowMs >= latest.get(ctx).atMs) latest.set(ctx, { to: message.to, atMs: ctx.nowMs });
        return same;
      }),
    );
    const { plan } = await failure(
      () => ({
        start: (where) => start({ behaviors: { register }, ...where }),
        run: async (client) => {
          for (const to of [1, 2, 3])
            await client.retry(`set ${to}`, (system, idempotencyKey) =>
              system.send(system.entity(register(), 'x'), { type: 'set', to }, { idempotencyKey }),
            );
        },
        check: async (system) => {
          expect(await system.ask(system.entity(register(), 'x'), { type: 'get' })).toBe(3);
        },
      }),
      { faults: ['clock'] },
    );
    expect(plan).toMatch(/^\d+ clock@\d+:-\d+$/);
  });

  it('finds what depends on the order of messages, without a fault', async () => {
    type Cell = { type: 'read'; replyTo: ActorRef<number> } | { type: 'write'; n: number };
    type Add = { by: number; reply?: number };
    const cell = behavior('cell', (n: number): Behavior<Cell> =>
      receive((message, ctx) => {
        if (message.type === 'write') return cell(message.n);
        ctx.send(message.replyTo, n);
        return same;
      }),
    );
    const adder = behavior('adder', (): Behavior<Add> =>
      receive((message, ctx) => {
        const shared = ctx.entity(cell(0), 'shared');
        if (message.reply === undefined) {
          ctx.ask(shared, { type: 'read' }, { as: { by: message.by } });
          return same;
        }
        ctx.send(shared, { type: 'write', n: message.reply + message.by });
        return stopped;
      }),
    );
    const { plan, message } = await failure(
      () => ({
        start: (where) => start({ behaviors: { cell, adder }, ...where }),
        run: async (client) => {
          await Promise.all(
            [1, 10].map((by) =>
              client.retry(`add ${by}`, (system, idempotencyKey) =>
                system.send(system.entity(adder(), String(by)), { by }, { idempotencyKey }),
              ),
            ),
          );
        },
        check: async (system) => {
          expect(await system.ask(system.entity(cell(0), 'shared'), { type: 'read' })).toBe(11);
        },
      }),
      { faults: [] },
    );
    expect(plan).toMatch(/^\d+$/);
    expect(message).toContain('Nothing has to go wrong for it');
  });

  it('finds a start that works only once', async () => {
    const { cause, message } = await failure(() =>
      adding(counter(), (where) => {
        if (where.process > 1) throw new Error('the port is taken');
        return start({ behaviors: { counter }, ...where });
      }),
    );
    expect(cause).toMatchObject({ code: 'simulation/start-failed', cause: new Error('the port is taken') });
    expect(message).toContain('process 2 starts');
  });

  it('finds a system that fails by itself', async () => {
    const app = application('fragile', (app) => {
      const numbers = app.ingress<number>('numbers');
      app
        .workflow('divide')
        .source(numbers.stream)
        .map((n) => {
          if (n === 0) throw new Error('nobody divides by 0');
          return 1 / n;
        })
        .sink();
      return { numbers };
    });
    const error: unknown = await simulate(() => ({
      start: (where) => startSystem({ applications: [app], ...where }),
      run: async (client) => {
        await client.retry('divide', (system, key) => system.sendOnce(app.handles.numbers, { key }, 0));
      },
      check: () => undefined,
    })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SimulationError);
    expect((error as SimulationError).message).toMatch(/^The program fails when nothing goes wrong: /);
    expect((error as SimulationError).cause).toMatchObject({ code: 'atom/failed' });
  });
});
