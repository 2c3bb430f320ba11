// Queries against a running sum. Numbers arrive in atoms of 1, 2, 3, 4; queries come in between, at any time. Each
// answer is a multiple of ten, because a query never sees half of an atom.
import process from 'node:process';
import { answer, application, perTaskState, steppingSystem } from 'portico/dataflow';

export const dynamicQuery = application('dynamic-query', (app) => {
  const numbers = app.generators.fromArrays(Array.from({ length: 10 }, () => [1, 2, 3, 4]));
  const queries = app.generators.fromArrays(Array.from({ length: 10 }, (_, i) => [`query ${i + 1}`]));
  const sumOf = app.portal<string, number>('sum');

  const sum = perTaskState('sum', 0);
  app
    .workflow('aggregate')
    .source(numbers)
    .replier([answer(sumOf, (_, ctx) => ctx.reply(sum.get(ctx)))], (n, ctx) =>
      sum.update(ctx, (total) => total + n),
    )
    .sink();

  const answers = app
    .workflow('queries')
    .source(queries)
    .asker<string>([sumOf], (query, ctx) => {
      ctx.await(ctx.ask(sumOf, query), (total, ctx) => ctx.emit(`${query}: ${total}`));
    })
    .sink();

  return { answers };
});

export function main(print: (line: string) => void): void {
  // Which of the two generators makes the next atom is drawn by lot: the seed decides.
  const system = steppingSystem({ seed: 3 });
  system.launch(dynamicQuery);
  system.subscribe(dynamicQuery.handles.answers, print);
  system.stepUntilComplete();
}

if (process.argv[1] === import.meta.filename) main((line) => console.log(line));
