// Word count: how often does each word occur in an atom? The counts are kept while the atom is read, and emitted at
// its end.
import process from 'node:process';
import { application, perTaskMap, steppingSystem } from 'portico/dataflow';

export const wordCount = application('word-count', (app) => {
  const lines = app.generators.fromArrays([['the quick brown fox', 'jumps over the lazy dog'], ['the end']]);

  const counts = perTaskMap<string, number>('counts');
  const counted = app
    .workflow('count')
    .source(lines)
    .flatMap((line) => line.split(' '))
    .processor<string>((word, ctx) => {
      counts.set(ctx, word, (counts.get(ctx, word) ?? 0) + 1);
    })
    .withOnAtomComplete((ctx) => {
      for (const [word, n] of counts.entries(ctx)) ctx.emit(`${word} ${n}`);
      counts.clear(ctx);
    })
    .sink();
  return { counted };
});

export function main(print: (line: string) => void): void {
  const system = steppingSystem();
  system.launch(wordCount);
  system.subscribe(wordCount.handles.counted, print);
  system.stepUntilComplete();
}

if (process.argv[1] === import.meta.filename) main((line) => console.log(line));
