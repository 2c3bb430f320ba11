// A process that stands still while it starts, and is taken over meanwhile. The simulation found that it said that the store had
// to be restored from a copy.
import { describe, expect, it } from 'vitest';
import {
  application,
  memoryStore,
  startSystem,
  type ApplicationWith,
  type Ingress,
  type Store,
} from 'portico/dataflow';
import { rejected } from '../errors/said.ts';

function counting(): ApplicationWith<Ingress<number>> {
  return application('counting', (app) => {
    const numbers = app.ingress<number>('numbers');
    app
      .workflow('count')
      .source(numbers.stream)
      .map((n) => n)
      .sink();
    return numbers;
  });
}

/** The same store, whose state is not opened before a promise has come. */
function slow(store: Store, opens: Promise<void>): Store {
  return {
    name: store.name,
    parts: async () => {
      const { journal, state } = await store.parts();
      const open = async (): Promise<number> => {
        await opens;
        return state.open();
      };
      return {
        journal,
        state: {
          open,
          read: (table, key) => state.read(table, key),
          scan: (table) => state.scan(table),
          tables: () => state.tables(),
          apply: (rows, position) => state.apply(rows, position),
          checkpoint: () => state.checkpoint(),
          close: () => state.close(),
        },
      };
    },
  };
}

describe('a process that is taken over while it starts', () => {
  it('is told that, whatever the newer owner has done since', async () => {
    const store = memoryStore();
    let go = (): void => undefined;
    const opens = new Promise<void>((resolve) => (go = resolve));
    const late = rejected(
      startSystem({ applications: [counting()], store: slow(store, opens), owner: 'late' }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    const app = counting();
    const system = await startSystem({
      applications: [app],
      store,
      owner: 'newer',
      epochs: { epochMs: 0, applyBytes: 1, checkpointBytes: 1 },
    });
    for (let n = 0; n < 5; n++) await system.send(app.handles, n);
    await system.idle();
    await system.shutdown();
    go();
    expect(await late).toMatchObject({ code: 'journal/fenced' });
  });
});
