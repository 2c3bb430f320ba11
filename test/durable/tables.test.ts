// docs/architecture.md lists the tables of a store: what is found in a store must be on that page.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  answer,
  application,
  continuation,
  memoryStore,
  perKeyState,
  perTaskState,
  platformHost,
  startSystem,
  type Store,
} from 'portico/dataflow';

const page = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');

/** The first words of what the first column of the list of tables says. */
function listed(): string[] {
  const [, table = ''] = page.split('| table ');
  const rows = table.split('\n\n')[0]?.split('\n').slice(2) ?? [];
  return rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`(\w+)/g)].map(([, name = '']) => name),
  );
}

/** The first words of the names of the tables. */
async function tablesOf(store: Store): Promise<string[]> {
  const { journal, state } = await store.parts();
  await journal.open('a reader');
  await state.open();
  const names = await state.tables();
  await state.close();
  await journal.close();
  return [...new Set(names.map((name) => name.split(' ')[0] ?? ''))];
}

const count = perKeyState('count', 0);
const total = perTaskState('total', 0);
const replied = continuation<string, null, string>('replied', (reply, _, ctx) => ctx.emit(reply));

const everything = application('everything', (app) => {
  const words = app.ingress<string>('words');
  const kept = app.egress<string>('kept', { kept: true });
  const question = app.portal<string, string>('question');
  const loop = app.sequencer<string>();
  app.connect(words.stream, loop);
  app.connect(app.generators.fromArray(['a', 'b']), loop);
  const split = app.splitter(loop.stream);
  app
    .workflow('count', { onFailure: 'deadLetter' })
    .source(app.split(split, () => true))
    .processor<string>((word, ctx) => {
      if (word === 'bad') throw new Error('as asked');
      count.update(ctx, (n) => n + 1);
      total.update(ctx, (n) => n + 1);
      ctx.after(60_000, word);
      ctx.release(kept, word);
      ctx.emit(word);
    })
    .withOnTimer(() => undefined)
    .sink();
  app
    .workflow('ask')
    .source(words.stream)
    .asker<string>({ asks: [question], continuations: [replied] }, (word, ctx) => {
      ctx.await(ctx.ask(question, word, { timeoutMs: 60_000 }), replied, null);
    })
    .sink();
  app
    .workflow('answer')
    .replier([answer(question, (_, ctx) => void ctx.defer())])
    .sink();
  return { words };
});

describe('the list of tables', () => {
  it('has all that are found in a store', async () => {
    const store = memoryStore();
    const host = platformHost({ log: () => undefined });
    const system = await startSystem({ applications: [everything], store, host });
    for (const word of ['good', 'bad']) await system.sendOnce(everything.handles.words, { key: word }, word);
    await system.idle();
    await system.shutdown();
    const found = await tablesOf(store);
    expect(found.filter((table) => !listed().includes(table))).toEqual([]);
    expect(found).toEqual(
      expect.arrayContaining(['cells', 'own', 'kept', 'once', 'asks', 'timers', 'letters']),
    );
  });
});
