// What the compiler says about scenarios: the system is that which start gives.
import {
  behavior,
  effect,
  receive,
  same,
  start,
  type ActorRef,
  type ActorSystem,
  type Effect,
} from 'portico';
import { startSystem, type RunningSystem } from 'portico/dataflow';
import { simulate, type Client, type Scenario, type Where } from 'portico/testing';
import { describe, expectTypeOf, it } from 'vitest';

const echo = behavior('echo', () =>
  receive<{ text: string; replyTo: ActorRef<string> }>((message, ctx) => {
    ctx.send(message.replyTo, message.text);
    return same;
  }),
);

declare const where: Where;

describe('a scenario', () => {
  it('has the system of actors that it starts', () => {
    const scenario = () =>
      simulate(() => ({
        start: (where) => start({ behaviors: { echo }, ...where }),
        run: async (client) => {
          expectTypeOf(client).toEqualTypeOf<Client<ActorSystem>>();
          const text = await client.retry('ask', (system, key) => {
            expectTypeOf(key).toEqualTypeOf<string>();
            return system.ask(system.entity(echo(), 'a'), { text: 'hello' });
          });
          expectTypeOf(text).toEqualTypeOf<string>();
          const tried = await client.once('ask', (system) =>
            system.ask(system.entity(echo(), 'a'), { text: 'hello' }),
          );
          // @ts-expect-error -- there is a value only if it was acknowledged
          expectTypeOf(tried.value).toEqualTypeOf<string>();
          if (tried.acknowledged) expectTypeOf(tried.value).toEqualTypeOf<string>();
        },
        check: (system) => {
          expectTypeOf(system).toEqualTypeOf<ActorSystem>();
        },
      }));
    expectTypeOf(scenario).toBeFunction();
  });

  it('has the system of dataflows that it starts, or one of your own', () => {
    const scenarios = [
      () =>
        simulate(() => ({
          start: (where) => startSystem({ ...where }),
          run: () => undefined,
          check: (system) => {
            expectTypeOf(system).toEqualTypeOf<RunningSystem>();
          },
        })),
      () =>
        simulate(() => ({
          start: async (where) => {
            const dataflow = await startSystem({ ...where });
            return {
              dataflow,
              name: 'mine',
              idle: () => dataflow.idle(),
              [Symbol.asyncDispose]: () => dataflow.shutdown(),
            };
          },
          run: () => undefined,
          check: (system) => {
            expectTypeOf(system.name).toEqualTypeOf<string>();
          },
        })),
    ];
    expectTypeOf(scenarios).toBeArray();
  });

  it('starts a system and nothing else', () => {
    // @ts-expect-error -- a text cannot be idle
    expectTypeOf<Scenario<string>>().toBeObject();
  });
});

describe('what calls the outside', () => {
  it('keeps its type', () => {
    const charge = effect('charge', (cents: number, { idempotencyKey }) => `${idempotencyKey} ${cents}`);
    const types = () => {
      expectTypeOf(where.effect(charge)).toEqualTypeOf<Effect<number, string>>();
      expectTypeOf(where.call('get', (id: string, n: number) => id.length + n)).toEqualTypeOf<
        (id: string, n: number) => Promise<number>
      >();
    };
    expectTypeOf(types).toBeFunction();
  });
});
