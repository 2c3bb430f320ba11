// What is wrong with a graph, and what of it is said: everything at once, each with its place and its cure.
import { describe, expect, it } from 'vitest';
import {
  answer,
  application,
  ApplicationBuilder,
  continuation,
  perKeyState,
  steppingSystem,
  tasks,
  type AnyFlow,
  type Application,
  type Ingress,
  type Stream,
} from 'portico/dataflow';
import { caught, expectSaid, js, problemOf, problemsOf, quiet } from './said.ts';

/** An application with a stream, a retained stream, a sequencer, a splitter and a portal for others to use. */
const offers = application('offers', (app) => {
  const numbers = app.generators.fromArray([1, 2, 3], { name: 'numbers' });
  app.sequencer<number>({ name: 'all' });
  app.splitter(numbers, { name: 'parts' });
  const echo = app.portal<number, number>('echo');
  app
    .workflow('echoes')
    .source(numbers)
    .replier([answer(echo, (n, ctx) => ctx.reply(n))])
    .sink();
});

describe('the check of a graph', () => {
  it('says everything in one error, and nothing of the application runs', () => {
    const { system } = quiet();
    const app = application('shop', (app) => {
      app.workflow('endless').source(app.generators.signal(1)).identity();
      app.workflow('sourceless');
      app.portal('prices');
      app.sequencer({ name: 'a/b' });
      app.workflow('reader').source(app.registry.stream('/stock/workflows/levels/stream')).sink();
      app
        .workflow('lost')
        .source(app.generators.signal(1))
        .map(js(5))
        .filter(async () => Promise.resolve(true))
        .sink();
    });
    const error = caught(() => {
      system.launch(app);
    });
    expectSaid(error, { code: 'graph/invalid', where: '/shop', what: '8 problems', cure: 'Mend each' });
    expect(error.problems.map(({ code, where }) => `${code} ${where}`)).toEqual([
      'graph/bad-name /shop/sequencers/a/b',
      'graph/unknown-path /shop/workflows/reader',
      'graph/sink-missing /shop/workflows/endless',
      'graph/source-missing /shop/workflows/sourceless',
      'graph/sink-missing /shop/workflows/sourceless',
      'graph/bad-argument /shop/workflows/lost/$9',
      'graph/async-function /shop/workflows/lost/$10',
      'portal/no-replier /shop/portals/prices',
    ]);
    expect(error.message.split('\n')).toEqual([
      '[graph/invalid] /shop: the application has 8 problems. Mend each of them.',
      ...error.problems.map(
        ({ code, where, what, cure }) => `  - [${code}] ${where}: ${what}. ${cure}.`,
      ),
    ]);
    expect(error.family).toBe('program');
    expect(system.canStep()).toBe(false);
    system.launch(application('shop', (fine) => void fine.generators.signal(1)));
    expect(system.stepUntilComplete()).toBeGreaterThan(0);
  });

  it.each(['', 'a/b'])('refuses the name “%s”, which makes no path', (name) => {
    const what = name === '' ? 'the name is empty' : '“a/b” holds a slash';
    expectSaid(
      problemOf((app) => app.ingress(name)),
      { code: 'graph/bad-name', where: `/app/ingresses/${name}`, what, cure: 'without a slash' },
    );
    expectSaid(
      problemOf((app) => app.workflow('w').source(app.generators.signal(1)).identity().withName(name).sink()),
      { code: 'graph/bad-name', where: '/app/workflows/w', what: `“${name}”`, cure: 'no slash' },
    );
    expect(caught(() => quiet().system.launch(application(name, () => undefined))).problems[0]?.code).toBe(
      'graph/bad-name',
    );
    expect(
      problemOf((app) => app.split(app.registry.splitter<number>('/offers/splitters/parts'), Boolean, { name }), [
        offers,
      ]).code,
    ).toBe('graph/bad-name');
  });

  it.each([5, null, {}, Symbol('name')])('refuses a name that is no text: %s', (name) => {
    expect(problemOf((app) => app.ingress(js(name))).what).toMatch(/^the name is (5|null|an object|a symbol)$/);
    expect(problemOf((app) => app.portal(js(name))).code).toBe('graph/bad-name');
    expect(problemOf((app) => app.sequencer({ name: js(name) })).code).toBe('graph/bad-name');
    expect(
      problemOf((app) => app.workflow('w').source(app.generators.signal(1)).identity().withName(js(name)).sink()),
    ).toMatchObject({ code: 'graph/bad-name', where: '/app/workflows/w' });
  });

  it('takes every other name, also those that objects already have', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '..', '.', ' ', 'stream', 'ä€😀', '$1'];
    const { system } = quiet();
    const got: unknown[] = [];
    for (const name of names) {
      const app = application(name, (app) => {
        const state = perKeyState(name, 0);
        const one = app.generators.fromArray([name, name], { name });
        const sequencer = app.sequencer<string>({ name });
        app.connect(one, sequencer, { name });
        const out = app
          .workflow(name)
          .source(sequencer.stream)
          .key((value) => value)
          .withName('key')
          .map((value, ctx) => `${value} ${state.update(ctx, (n) => n + 1)}`)
          .withName(name)
          .sink();
        return out;
      });
      system.launch(app);
      system.subscribe(app.handles, (value) => got.push(value));
    }
    system.stepUntilComplete();
    expect(got.toSorted()).toEqual(names.flatMap((name) => [`${name} 1`, `${name} 2`]).toSorted());
    for (const name of names) system.stop(name);
  });

  it('finds two things of one path, and says so once', () => {
    expectSaid(
      problemOf((app) => {
        app.generators.signal(1, { name: 'same' });
        app.generators.signal(2, { name: 'same' });
      }),
      { code: 'graph/duplicate-path', where: '/app/generators/same', what: '2 things', cure: 'its own name' },
    );
    const adds = (name: string) =>
      application(name, (app) => {
        app.split(app.registry.splitter<number>('/offers/splitters/parts'), Boolean, { name: 'b' });
      });
    expect(problemsOf(() => undefined, [offers, adds('app:a')].slice(0, 0).concat([])) ?? []).toBeDefined();
  });

  it('finds two tasks of one name', () => {
    expectSaid(
      problemOf((app) => {
        const flow = app.workflow('w').source(app.generators.signal(1));
        flow.identity().withName('twin').identity().withName('twin').sink();
      }),
      { code: 'graph/duplicate-task', where: '/app/workflows/w', what: 'twin', cure: 'its own name' },
    );
  });
});
