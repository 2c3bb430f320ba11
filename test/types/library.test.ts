// What the compiler says about the parts that are made of the actors' own API, and about the adapters.
import {
  askAll,
  behavior,
  effect,
  intercept,
  interceptor,
  poolRouter,
  receive,
  receptionist,
  same,
  serviceKey,
  type ActorContext,
  type ActorRef,
  type ActorSystem,
  type Behavior,
  type Gathered,
  type Listing,
} from 'portico';
import type { Ingress, RunningSystem, Stream } from 'portico/dataflow';
import { feed, observe, observerOf } from 'portico/rxjs';
import { behaviorKit, type KitEffect, type Probe, type SystemKit } from 'portico/testkit';
import { statechart, type ChartSnapshot } from 'portico/xstate';
import type { Observable } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import { fromPromise, setup } from 'xstate';

type Print = { page: string };
type Quote = { item: string; replyTo: ActorRef<number> };
type Message =
  | { type: 'found'; reply?: Listing<Print> }
  | { type: 'quoted'; reply?: readonly Gathered<number>[] }
  | { type: 'other' };

declare const system: ActorSystem;
declare const ctx: ActorContext<Message>;
declare const printer: ActorRef<Print>;
declare const shops: readonly ActorRef<Quote>[];
declare const kit: SystemKit;

const printing = serviceKey<Print>('printing');

/** Compiled, never called. */
function compiled(_body: () => unknown): void {
  // What it would do is not the question.
}

describe('the receptionist', () => {
  it('knows what the actors of a service take', () => {
    compiled(() => {
      expectTypeOf(receptionist.find(system, printing)).toEqualTypeOf<Promise<Listing<Print>>>();
      receptionist.find(ctx, printing, { as: { type: 'found' } });
      void receptionist.register(system, printing, printer);
      // @ts-expect-error An actor that takes something else offers another service.
      receptionist.register(ctx, printing, {} as ActorRef<{ scan: string }>);
      // @ts-expect-error A message that takes no listing cannot hold one.
      receptionist.find(ctx, printing, { as: { type: 'other' } });
    });
  });
});

describe('a router', () => {
  it('takes what its routees take, and hashes by fields that they have', () => {
    const worker = behavior('worker', () => receive<Print>(() => same));
    const workers = poolRouter('workers', worker, { size: 2, strategy: { hashBy: 'page' } });
    expectTypeOf(workers()).toEqualTypeOf<Behavior<Print>>();
    // @ts-expect-error There is no such field.
    poolRouter('workers', worker, { size: 2, strategy: { hashBy: 'pages' } });
    poolRouter('workers', worker, { size: 2, strategy: { hashBy: ({ page }) => page.length } });
  });
});

describe('askAll', () => {
  it('infers what is gathered, and puts it only where it fits', () => {
    compiled(() => {
      askAll(ctx, shops, { item: 'tea' }, { as: { type: 'quoted' } });
      // @ts-expect-error Another request.
      askAll(ctx, shops, { thing: 'tea' }, { as: { type: 'quoted' } });
      // @ts-expect-error A message that takes something else.
      askAll(ctx, shops, { item: 'tea' }, { as: { type: 'found' } });
    });
  });
});

describe('an interceptor', () => {
  it('has the protocol of the behavior, or of its own handler', () => {
    const lengths = behavior('lengths', () => receive<number>(() => same));
    expectTypeOf(intercept(lengths(), {})).toEqualTypeOf<Behavior<number>>();
    expectTypeOf(
      intercept(lengths(), { onMessage: (text: string, _, next) => next(text.length) }),
    ).toEqualTypeOf<Behavior<string>>();
    const only = interceptor('only', (least: number) => ({
      onMessage: (text: string, _, next) => (text.length < least ? same : next(text)),
    }));
    // @ts-expect-error It is for texts.
    only(lengths(), 3);
  });
});

describe('a statechart', () => {
  const machine = setup({
    types: { events: {} as { type: 'push'; force: number }, input: {} as { strength: number } },
    actors: { lift: fromPromise<number, { kg: number }>(() => Promise.resolve(1)) },
  }).createMachine({});
  const lift = effect('lift', ({ kg }: { kg: number }) => kg);
  const chart = statechart('chart', machine, { children: { lift } });

  it('takes the input and the events of its machine', () => {
    compiled(() => {
      const ref = system.create(chart({ strength: 1 }));
      void system.send(ref, { type: 'push', force: 1 });
      expectTypeOf(system.ask(ref, { type: 'portico.snapshot' })).toEqualTypeOf<Promise<ChartSnapshot>>();
      // @ts-expect-error It needs input.
      chart();
      // @ts-expect-error There is no such event.
      void system.send(ref, { type: 'pull' });
    });
  });
});

describe('the adapter of RxJS', () => {
  it('lets flow what fits', () => {
    compiled(() => {
      const [dataflow, into, numbers] = [
        {} as RunningSystem,
        {} as Ingress<number>,
        {} as Observable<number>,
      ];
      feed(numbers, dataflow, into, { overflow: 'latest' });
      // @ts-expect-error Texts do not go into an ingress of numbers.
      feed({} as Observable<string>, dataflow, into, { overflow: 'latest' });
      // @ts-expect-error What happens on overflow has to be said.
      feed(numbers, dataflow, into);
      expectTypeOf(observe(dataflow, {} as Stream<string>)).toEqualTypeOf<Observable<string>>();
      // @ts-expect-error A printer takes no numbers.
      numbers.subscribe(observerOf(system, printer));
    });
  });
});

describe('the test kit', () => {
  it('knows the protocol', () => {
    compiled(() => {
      const probe = kit.probe<Print>();
      expectTypeOf(probe).toEqualTypeOf<Probe<Print>>();
      expectTypeOf(kit.ask(shops[0] as ActorRef<Quote>, { item: 'tea' })).toEqualTypeOf<Promise<number>>();
      expectTypeOf(behaviorKit(receive<Print>(() => same)).run({ page: 'a' })).toEqualTypeOf<KitEffect[]>();
      // @ts-expect-error It takes pages.
      behaviorKit(receive<Print>(() => same)).run('a');
    });
  });
});
