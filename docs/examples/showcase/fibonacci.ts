// Whoever asks for fib(n) is told when it has been worked out: at once, if it was asked for before.
import { behavior, receive, same, type ActorRef, type Behavior } from 'portico';
import { fib, sum } from '../../../actors/examples/fib.ts';

export type Fibonacci =
  | { type: 'ask'; replyTo: ActorRef<number> }
  | { type: 'look'; replyTo: ActorRef<'new' | 'under way' | number> }
  | { type: 'done'; reply?: number };

/** An entity for each n. */
export const fibonacci = behavior('fibonacci', () =>
  receive<Fibonacci>((message, ctx) => {
    if (message.type === 'look') ctx.send(message.replyTo, 'new');
    if (message.type !== 'ask') return same;
    ctx.send(ctx.create(fib()), { n: Number(ctx.name), replyTo: ctx.adapt({ type: 'done' }) });
    return workingOut(message.replyTo);
  }),
);

export const workingOut = behavior('workingOut', (asker: ActorRef<number>): Behavior<Fibonacci> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'ask':
        // Who asked before was in a run that is over.
        return workingOut(message.replyTo);
      case 'look':
        ctx.send(message.replyTo, 'under way');
        return same;
      case 'done':
        ctx.send(asker, message.reply ?? 0);
        return workedOut(message.reply ?? 0);
    }
  }),
);

export const workedOut = behavior('workedOut', (result: number) =>
  receive<Fibonacci>((message, ctx) => {
    if (message.type !== 'done') ctx.send(message.replyTo, result);
    return same;
  }),
);

export const fibonacciBehaviors = { fibonacci, workingOut, workedOut, fib, sum };
