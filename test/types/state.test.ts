// The compiler fails these tests (`npm run typecheck:test`): what state holds, and where it can be used.
import { describe, expectTypeOf, it } from 'vitest';
import {
  application,
  perKeyMap,
  perKeyState,
  perTaskMap,
  perTaskState,
  type ApplicationBuilder,
  type Flow,
  type MapState,
  type ValueState,
} from 'portico/dataflow';

const count = perKeyState('count', 0);
const last = perTaskState<string | undefined>('last', undefined);
const prices = perKeyMap<string, number>('prices');
const owners = perTaskMap<bigint, { name: string }>('owners');

/** Writes an application that nobody launches. */
const write = (body: (flow: Flow<string>, app: ApplicationBuilder) => void): void =>
  void application('types', (app) => body(app.workflow().source(app.ingress<string>().stream), app));

describe('a state handle', () => {
  it('is of the type of its initial value, or of the one given', () => {
    expectTypeOf(count).toEqualTypeOf<ValueState<number>>();
    expectTypeOf(last).toEqualTypeOf<ValueState<string | undefined>>();
    expectTypeOf(prices).toEqualTypeOf<MapState<string, number>>();
    // @ts-expect-error the initial value is no number
    perKeyState<number>('wrong', 'a');
    // @ts-expect-error an object is no key
    perKeyMap<{ id: number }, number>('wrong');
  });

  it('reads and writes values of its type, in every kind of task', () => {
    write((flow) => {
      flow
        .map((word, ctx) => {
          expectTypeOf(count.get(ctx)).toBeNumber();
          expectTypeOf(count.update(ctx, (n) => n + 1)).toBeNumber();
          expectTypeOf(last.get(ctx)).toEqualTypeOf<string | undefined>();
          last.set(ctx, word);
          // @ts-expect-error it holds numbers
          count.set(ctx, word);
          // @ts-expect-error it holds numbers
          count.update(ctx, (n) => `${n}`);
          return word;
        })
        .filter((_, ctx) => count.get(ctx) > 0)
        .key((word, ctx) => last.get(ctx) ?? word)
        .processor((_, ctx) => count.delete(ctx))
        .withOnAtomComplete((ctx) => last.set(ctx, undefined));
    });
  });

  it('keeps entries of its types', () => {
    write((flow) => {
      flow.map((word, ctx) => {
        expectTypeOf(prices.get(ctx, word)).toEqualTypeOf<number | undefined>();
        expectTypeOf(prices.entries(ctx)).toEqualTypeOf<[string, number][]>();
        expectTypeOf(owners.get(ctx, 1n)).toEqualTypeOf<{ name: string } | undefined>();
        // @ts-expect-error its keys are strings
        prices.set(ctx, 1, 1);
        // @ts-expect-error its values are numbers
        prices.set(ctx, word, word);
        // @ts-expect-error its keys are bigints
        return owners.has(ctx, 1);
      });
    });
  });

  it('needs a context', () => {
    // @ts-expect-error state belongs to a turn
    void (() => count.get());
    // @ts-expect-error a key is no context
    void (() => count.get('a'));
  });
});
