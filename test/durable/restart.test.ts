// A system that is started again with its store, with dataflow only.
import { describe, expect, it } from 'vitest';
import { application, perKeyState, perTaskState, startSystem, type Ingress } from 'portico/dataflow';
import { memoryStore } from 'portico/dataflow';

const counts = perKeyState('counts', 0);
const total = perTaskState('total', 0);

function counting(): { app: ReturnType<typeof application>; words: Ingress<string>; stream: never } {
  let words: Ingress<string> | undefined;
  let out: unknown;
  const app = application('counting', (app) => {
    words = app.ingress<string>('words');
    out = app
      .workflow('count')
      .source(words.stream)
      .key((word) => word)
      .map((word, ctx) => `${word} ${counts.update(ctx, (n) => n + 1)} ${total.update(ctx, (n) => n + 1)}`)
      .sink();
  });
  return { app, words: words as Ingress<string>, stream: out as never };
}

describe('a system that is started again with its store', () => {
  it('goes on with the state it had', async () => {
    const store = memoryStore();
    const seen: string[] = [];
    for (const word of ['a', 'b', 'a', 'a']) {
      const { app, words, stream } = counting();
      const system = await startSystem({ applications: [app], store });
      system.subscribe<string>(stream, (line) => seen.push(line));
      await system.send(words, word);
      await system.idle();
      await system.shutdown();
    }
    expect(seen).toEqual(['a 1 1', 'b 1 2', 'a 2 3', 'a 3 4']);
  });
});
