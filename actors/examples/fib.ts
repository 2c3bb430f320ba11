// Fibonacci numbers by brute force: each actor hands its work to two new ones, and a third adds up.
// fib(21) takes 53,131 actors. All of them stop, and nothing is left of them.
import process from 'node:process';
import { behavior, receive, start, stopped, type ActorRef, type Behavior } from 'portico';

type Fib = { n: number; replyTo: ActorRef<number> };

const fib = behavior('fib', () =>
  receive<Fib>(({ n, replyTo }, ctx) => {
    if (n < 2) ctx.send(replyTo, n);
    else {
      const both = ctx.create(sum(replyTo, 0, 2));
      ctx.send(ctx.create(fib()), { n: n - 1, replyTo: both });
      ctx.send(ctx.create(fib()), { n: n - 2, replyTo: both });
    }
    return stopped;
  }),
);

/** Adds up as many numbers as are missing, and sends the total. */
const sum = behavior('sum', (replyTo: ActorRef<number>, total: number, missing: number): Behavior<number> =>
  receive((n, ctx) => {
    // The next behavior is data: a name and arguments.
    if (missing > 1) return sum(replyTo, total + n, missing - 1);
    ctx.send(replyTo, total + n);
    return stopped;
  }),
);

export { fib, sum };

export async function main(print: (line: string) => void): Promise<void> {
  await using system = await start({ behaviors: { fib, sum }, seed: 1 });
  print(`fib(21) is ${await system.ask(system.create(fib()), { n: 21 })}`);
}

if (process.argv[1] === import.meta.filename) await main((line) => console.log(line));
