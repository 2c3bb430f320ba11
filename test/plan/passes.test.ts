// What the smaller passes find: who answers and asks portals, what lies on cycles, which path was meant.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  answer,
  application,
  steppingSystem,
  PorticoError,
  type Application,
  type Problem,
} from 'portico/dataflow';
import { compileStepwise } from '../../src/plan/compile.ts';
import type { Plan } from '../../src/plan/plan.ts';

function planOf(app: Application): Plan {
  const plan = compileStepwise(app).at(-1)?.plan;
  if (plan === undefined) throw new Error('there is no plan');
  return plan;
}

/** What is said when an application is launched beside these. */
function problemsOf(app: Application, ...beside: readonly Application[]): readonly Problem[] {
  const system = steppingSystem();
  for (const other of beside) system.launch(other);
  try {
    system.launch(app);
  } catch (error) {
    if (error instanceof PorticoError) return error.problems;
    throw error;
  }
  return [];
}

describe('the portals pass', () => {
  it('says which task answers a portal and which tasks ask it, those of other applications included', () => {
    const { portals } = planOf(
      application('app', (app) => {
        const [words, foreign] = [
          app.portal<string, number>('words'),
          app.registry.portal<string, number>('/other/portals/p'),
        ];
        const source = app.ingress<string>().stream;
        app
          .workflow()
          .source(source)
          .identity()
          .asker([words, foreign], () => undefined)
          .sink();
        app
          .workflow()
          .source(source)
          .askerreplier([words], [answer(words, (word, ctx) => ctx.reply(word.length))])
          .sink();
      }),
    );
    expect(portals).toEqual([
      {
        path: '/app/portals/words',
        answeredBy: { workflow: 1, task: 0, part: 0 },
        askedBy: [
          { workflow: 0, task: 1, part: 0 },
          { workflow: 1, task: 0, part: 0 },
        ],
      },
      { path: '/other/portals/p', answeredBy: undefined, askedBy: [{ workflow: 0, task: 1, part: 0 }] },
    ]);
  });
});

describe('the loops pass', () => {
  it('finds each cycle, and what only leads to one is not on it', () => {
    const { loops } = planOf(
      application('app', (app) => {
        for (const name of ['one', 'two']) {
          const loop = app.sequencer<number>({ name });
          app.connect(app.generators.signal(1), loop);
          app.connect(app.workflow(name).source(loop.stream).identity().sink(), loop);
        }
      }),
    );
    expect(loops.map((loop) => loop.toSorted())).toEqual([
      ['/app/sequencers/one', '/app/workflows/one'],
      ['/app/sequencers/two', '/app/workflows/two'],
    ]);
  });
});

describe('the check of paths', () => {
  const shop = application('shop', (app) => {
    app.workflow('orders').source(app.ingress<string>('items').stream).identity().sink();
    app.sequencer({ name: 'all' });
  });
  const reading = (path: string): Application =>
    application('app', (app) => {
      app.workflow().source(app.registry.stream(path)).identity().sink();
    });

  it('says which path was probably meant, and what to use of what is there', () => {
    const cures = [
      '/shop/workflows/order/stream',
      '/shop/workflow/orders/stream',
      '/shop/workflows/orders',
      '/shop/sequencers/all',
    ].map((path) => problemsOf(reading(path), shop)[0]?.cure);
    expect(cures).toEqual([
      'Did you mean /shop/workflows/orders/stream? Otherwise launch the application that has it first',
      'Did you mean /shop/workflows/orders/stream? Otherwise launch the application that has it first',
      expect.stringContaining('/shop/workflows/orders/stream'),
      expect.stringContaining('/shop/sequencers/all/stream'),
    ]);
  });

  it('names nothing if nothing is near', () => {
    expect(problemsOf(reading('/elsewhere'), shop)[0]?.cure).toBe('Launch the application that has it first');
    expect(problemsOf(reading('/shop/workflows/orders/stream'))[0]?.code).toBe('graph/unknown-path');
  });

  it('finds the path again after any one slip', () => {
    const path = '/shop/workflows/orders/stream';
    const slip = fc.tuple(fc.nat(path.length - 1), fc.constantFrom('', 'q', 'qq')).map(([at, put]) => {
      const kept = put === 'qq' ? path[at] : '';
      return `${path.slice(0, at)}${put.slice(0, 1)}${kept}${path.slice(at + 1)}`;
    });
    fc.assert(
      fc.property(slip, (slipped) => {
        expect(problemsOf(reading(slipped), shop).map(({ cure }) => cure)).toContainEqual(
          expect.stringContaining(`Did you mean ${path}?`),
        );
      }),
    );
  });
});
