// The program of deadly-process.test.ts: an actor that counts, never ends a turn, or kills its process, as it is told.
import process from 'node:process';
import { behavior, receive, same, start, valueState, type ActorRef, type PorticoError } from 'portico';
import { fileStore, watchedHost } from 'portico/node';

const [folder = '', state = ''] = process.argv.slice(2);

type Order = 'count' | 'loop' | 'kill' | { readonly replyTo: ActorRef<number> };

const count = valueState('count', 0);
const worker = behavior('worker', () =>
  receive<Order>((order, ctx) => {
    if (order === 'count') count.update(ctx, (n) => n + 1);
    else if (order === 'kill') process.kill(process.pid, 'SIGKILL');
    else if (order === 'loop') for (;;);
    else ctx.send(order.replyTo, count.get(ctx));
    return same;
  }),
);

const system = await start({
  behaviors: { worker },
  store: fileStore(folder, { state: state as 'level' | 'memory' }),
  host: watchedHost({ limitMs: 200 }),
  log: () => undefined,
  maxAttempts: 1,
});
const ref = system.entity(worker(), 'the only one');
for (const [n, order] of (['count', 'loop', 'count', 'kill', 'count'] as const).entries())
  await system.send(ref, order, { idempotencyKey: `order ${n}` });
const letters = system.deadLetters
  .list()
  .map(({ message, error }) => [message, (error as PorticoError).code]);
const counted = await system.ask(ref, {});
await system.stop();
process.stdout.write(`${JSON.stringify({ counted, letters })}\n`);
