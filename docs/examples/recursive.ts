// A cycle: a workflow that reads what it writes. Counts from 127 down to 0.
import process from 'node:process';
import { application, steppingSystem } from 'portico/dataflow';

export const recursive = application('recursive', (app) => {
  const start = app.generators.signal(128);
  // Streams form a cycle only through a sequencer: it merges the start with what comes back.
  const loop = app.sequencer<number>();
  app.connect(start, loop);
  const back = app
    .workflow()
    .source(loop.stream)
    .processor<number>((n, ctx) => {
      if (n > 0) ctx.emit(n - 1);
    })
    .logger()
    .sink();
  app.connect(back, loop);
});

export function main(print: (line: string) => void): void {
  const system = steppingSystem({ log: ({ value }) => print(String(value)) });
  system.launch(recursive);
  // 0 gives nothing, so an atom without events comes out; the sequencer swallows it, and the cycle is at rest.
  system.stepUntilComplete();
}

if (process.argv[1] === import.meta.filename) main((line) => console.log(line));
