// What is said of what cannot be kept, and by a store that fails.
import {
  answer,
  application,
  memoryStore,
  startSystem,
  type Application,
  type PorticoError,
  type Store,
  type StoreParts,
} from 'portico/dataflow';
import { virtualHost } from 'portico/testing';
import { describe, expect, it } from 'vitest';
import { causeOf, expectSaid, rejected } from './said.ts';

/** A store in memory whose parts do something else. */
function storeWith(replace: (parts: StoreParts) => Partial<StoreParts>): Store {
  const store = memoryStore();
  return {
    name: 'test store',
    parts: async () => {
      const parts = await store.parts();
      return { ...parts, ...replace(parts) };
    },
  };
}

/** Lets an application run that fails; why. */
async function failureOf(app: Application, store: Store): Promise<PorticoError> {
  const host = virtualHost();
  const system = await startSystem({ applications: [app], store, host });
  const idle = rejected(system.idle());
  await host.run();
  return causeOf(await idle);
}

describe('a system that is kept', () => {
  it('refuses functions as continuations', async () => {
    const app = application('app', (app) => {
      const portal = app.portal<string, string>('p');
      app
        .workflow('replier')
        .source(app.generators.empty<never>())
        .replier([answer<string, string>(portal, (name, ctx) => ctx.reply(name))])
        .sink();
      app
        .workflow('w')
        .source(app.generators.signal('a'))
        .asker<string>([portal], (move, ctx) => {
          ctx.await(ctx.ask(portal, move), (reply) => ctx.emit(reply));
        })
        .withName('ask')
        .sink();
    });
    expectSaid(causeOf(await failureOf(app, memoryStore())), {
      code: 'continuation/not-data',
      where: '/app/workflows/w/ask',
      what: 'it awaits with a function, which cannot be stored',
      cure: 'Declare a continuation(name, …) in the task, and await with that',
    });
  });

  it('refuses generators that can be read only once, all of them', async () => {
    function* numbers(): Generator<number[]> {
      yield [1];
    }
    const app = application('app', (app) => {
      for (const name of ['first', 'second'])
        app.workflow().source(app.generators.fromIterables(numbers(), { name })).sink();
    });
    const error = await rejected(startSystem({ applications: [app], store: memoryStore() }));
    expect(error.code).toBe('graph/invalid');
    expect(error.problems.map(({ where }) => where)).toEqual([
      '/app/generators/first',
      '/app/generators/second',
    ]);
    expectSaid(error.problems[0], {
      code: 'generator/not-repeatable',
      where: '/app/generators/first',
      what: 'what this generator was given can be read only once, and this system is kept',
      cure: 'Give it an array, or an iterable that begins anew',
    });
  });

  it('says why it stops if its store fails in a way of its own', async () => {
    const app = application('app', (app) => {
      app.workflow('w').source(app.generators.signal('a')).sink();
    });
    const store = storeWith(({ journal }) => ({
      journal: {
        open: (owner) => journal.open(owner),
        append: () => Promise.reject(new Error('the disk is gone')),
        read: (from) => journal.read(from),
        check: () => journal.check(),
        trim: (below) => journal.trim(below),
        close: () => journal.close(),
      },
    }));
    const error = await failureOf(app, store);
    expectSaid(error, {
      code: 'store/failed',
      where: 'store',
      what: 'the store failed: the disk is gone',
      cure: 'Look at the cause; start the system again when it is mended',
    });
    expect(error.cause).toEqual(new Error('the disk is gone'));
  });

  it.each([
    [7, 'its state knows record 7, and its journal ends before record 1'],
    [-2, 'its state ends with record -2, and its journal begins with record 1'],
  ])('is not started if its journal and its state are not of the same time', async (position, what) => {
    const store = storeWith(({ state }) => ({
      state: {
        open: () => Promise.resolve(position),
        read: (table, key) => state.read(table, key),
        scan: (table) => state.scan(table),
        tables: () => state.tables(),
        apply: (rows, at) => state.apply(rows, at),
        checkpoint: () => state.checkpoint(),
        close: () => state.close(),
      },
    }));
    expectSaid(await rejected(startSystem({ store })), {
      code: 'store/apart',
      where: 'test store',
      what,
      cure: 'Restore the whole store from one copy: journal and state belong together',
    });
  });
});
