// Incremental word count: each word is answered at once with how often it has occurred so far, over all atoms.
import process from 'node:process';
import { application, perKeyState, steppingSystem } from 'portico/dataflow';

export const wordCount = application('incremental-word-count', (app) => {
  const lines = app.generators.fromArrays([['the quick brown fox', 'jumps over the lazy dog'], ['the end']]);

  // One number for each word: state belongs to the key of the event.
  const count = perKeyState('count', 0);
  const counted = app
    .workflow('count')
    .source(lines)
    .flatMap((line) => line.split(' '))
    .key((word) => word)
    .map((word, ctx) => `${word} ${count.update(ctx, (n) => n + 1)}`)
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
