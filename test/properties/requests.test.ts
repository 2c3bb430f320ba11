import {
  answer,
  application,
  type AskerContext,
  type Portal,
  type ReplierContext,
  type Stream,
} from 'portico/dataflow';
import { collect } from 'portico/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runToRest, stepping } from './build.ts';
import { hash } from './program.ts';
import { runs } from './runs.ts';

/** What a task does with a request. */
const manners = [
  'reply',
  'reply, then throw',
  'reply, undo, reply',
  'reply twice',
  'throw',
  'be silent',
  'ask, then reply',
  'ask, then throw',
  'ask, then be silent',
  'ask, then ask, then reply',
] as const;

interface Plan {
  /** The requests that each event makes, by atom and event. */
  readonly asks: readonly (readonly number[])[];
  readonly together: boolean;
  readonly salt: number;
  readonly timeoutMs: number;
  readonly nestedTimeoutMs: number;
  /** How many turns of a hundred that ask throw afterwards. */
  readonly failing: number;
  readonly seed: number;
}

const plans: fc.Arbitrary<Plan> = fc.record({
  asks: fc.array(fc.array(fc.nat(3), { maxLength: 4 }), { minLength: 1, maxLength: 4 }),
  together: fc.boolean(),
  salt: fc.nat(),
  timeoutMs: fc.nat(4),
  nestedTimeoutMs: fc.nat(4),
  failing: fc.constantFrom(0, 30),
  seed: fc.nat(),
});

/** Portals that ask each other in turn: what is at one of them asks the next. */
const DEPTH = 3;

/** Runs a plan. An event goes out for each request that was made, and one for each time that it was settled. */
function settle({ asks, together, salt, timeoutMs, nestedTimeoutMs, failing, seed }: Plan) {
  let ids = 0;
  const out: Stream<string>[] = [];
  const app = application('requests', (app) => {
    const portals = Array.from({ length: DEPTH }, (_, i) => app.portal<number, number>(`p${i}`));
    const first = portals[0] as Portal<number, number>;
    const source = app.workflow().source(app.generators.fromArrays(asks));
    const asker = source.asker<string>([first], (many, ctx) => {
      const own = Array.from({ length: many }, () => ids++);
      const futures = own.map((id) => ctx.ask(first, id, { timeoutMs }));
      const settled = (which: readonly number[], c: AskerContext<string>): void => {
        for (const id of which) c.emit(`settled ${id}`);
      };
      const both = (which: readonly number[]) =>
        [
          (_: unknown, c: AskerContext<string>) => settled(which, c),
          (_: unknown, c: AskerContext<string>) => settled(which, c),
        ] as const;
      if (together) ctx.awaitAll(futures, ...both(own));
      else futures.forEach((future, i) => ctx.await(future, ...both([own[i] ?? -1])));
      for (const id of own) ctx.emit(`asked ${id}`);
      if (hash(`${salt} fails ${own.join()}`) % 100 < failing) throw new Error('after asking');
    });
    out.push(
      asker
        .identity()
        .withOnError(() => undefined)
        .sink(),
    );
    const handlers = portals.map((portal, p) =>
      answer(portal, (id: number, ctx: ReplierContext<never, number>) => {
        const next = portals[p + 1];
        const drawn = manners[hash(`${salt} ${p} ${id}`) % manners.length] ?? 'reply';
        // Nobody is left to ask at the end of the chain.
        const manner = next === undefined && drawn.startsWith('ask') ? 'reply' : drawn;
        switch (manner) {
          case 'reply':
            return ctx.reply(id);
          case 'reply, then throw':
            ctx.reply(id);
            throw new Error(manner);
          case 'reply, undo, reply':
            ctx.reply(-1);
            ctx.undo();
            return ctx.reply(id);
          case 'reply twice':
            ctx.reply(id);
            return ctx.reply(id);
          case 'throw':
            throw new Error(manner);
          case 'be silent':
            return;
          case 'ask, then reply':
          case 'ask, then throw':
          case 'ask, then be silent':
          case 'ask, then ask, then reply': {
            if (next === undefined) return;
            const then = (c: ReplierContext<never, number>): void => {
              if (manner === 'ask, then throw') throw new Error(manner);
              if (manner !== 'ask, then be silent') c.reply(id);
            };
            const ask = (
              c: ReplierContext<never, number>,
              go: (c: ReplierContext<never, number>) => void,
            ): void => {
              c.await(
                c.ask(next, id, { timeoutMs: nestedTimeoutMs }),
                (_, d) => go(d),
                (_, d) => go(d),
              );
            };
            ask(ctx, manner === 'ask, then ask, then reply' ? (c) => ask(c, then) : then);
          }
        }
      }),
    );
    const nothing = app.generators.empty<never>();
    handlers.forEach((handler, p) => {
      const replier = app.workflow(`p${p}`, { onFailure: 'deadLetter' }).source(nothing);
      replier.askerreplier(portals.slice(p + 1), [handler]).sink();
    });
  });
  const run = stepping(app, seed);
  const [stream] = out;
  const seen = stream === undefined ? [] : collect(run.system, stream);
  runToRest(run);
  return { seen, waiting: run.system.partition.turns.timers.size };
}

describe('a request', () => {
  it('is settled once, however it is answered: by a reply, a failure or its timeout', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const { seen, waiting } = settle(plan);
        const of = (what: string): string[] =>
          seen
            .filter((line) => line.startsWith(what))
            .map((line) => line.slice(what.length))
            .toSorted();
        expect(of('settled')).toEqual(of('asked'));
        expect(waiting).toBe(0);
      }),
      runs(300),
    );
  });
});
