// Ping-pong over a portal: one task asks, another one answers, and each reply leads to the next ask.
import process from 'node:process';
import { answer, application, steppingSystem, type AskerContext } from 'portico/dataflow';

export const pingPong = application('ping-pong', (app) => {
  const pong = app.portal<number, number>('pong');

  const play = (n: number, ctx: AskerContext<never>): void => {
    ctx.await(ctx.ask(pong, n), (left, ctx) => {
      if (left % 1024 === 0) ctx.log.info(left);
      if (left > 0) play(left, ctx);
    });
  };
  app
    .workflow('ping')
    .source(app.generators.signal(8 * 1024))
    .asker([pong], play)
    .sink();

  // A workflow that only answers reads no stream.
  app
    .workflow('pong')
    .replier([answer(pong, (n, ctx) => ctx.reply(n - 1))])
    .sink();
});

export function main(print: (line: string) => void): void {
  const system = steppingSystem({ log: ({ value }) => print(String(value)) });
  system.launch(pingPong);
  system.stepUntilComplete();
}

if (process.argv[1] === import.meta.filename) main((line) => console.log(line));
