// What all versions of the product run in turns on one store: orders come as lines, and each is acknowledged when it is durable.
// It uses only what the first version has.
import { createInterface } from 'node:readline';
import process from 'node:process';
import { behavior, effect, mapState, receive, same, start, type ActorRef, type ActorSystem } from 'portico';
import { fileStore } from 'portico/node';

const [folder = '', state = 'level'] = process.argv.slice(2);

const counted = mapState<number, number>('counted');
const done = mapState<number, number>('done');

type Message =
  | { readonly type: 'count'; readonly n: number }
  | { readonly type: 'done'; readonly n: number; readonly reply?: number }
  | { readonly type: 'later'; readonly n: number }
  | { readonly type: 'read'; readonly replyTo: ActorRef<unknown> };

const double = effect<number, number>('double', (n) => 2 * n);

/** Counts each order, has something done for it outside, and hears of it again by a timer. */
const counter = behavior('counter', () =>
  receive<Message>((message, ctx) => {
    switch (message.type) {
      case 'count':
        counted.set(ctx, message.n, (counted.get(ctx, message.n) ?? 0) + 1);
        ctx.run(double, message.n, { as: { type: 'done', n: message.n } });
        ctx.timers.single(message.n, 50, { type: 'later', n: message.n });
        break;
      case 'done':
        done.set(ctx, message.n, (done.get(ctx, message.n) ?? 0) + 1);
        break;
      case 'later':
        done.set(ctx, -message.n, (done.get(ctx, -message.n) ?? 0) + 1);
        break;
      case 'read':
        ctx.send(message.replyTo, [counted.entries(ctx), done.entries(ctx)]);
    }
    return same;
  }),
);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

let system: ActorSystem;
try {
  system = await start({
    behaviors: { counter },
    effects: { double },
    store: fileStore(folder, { state: state as 'level' | 'memory' }),
    epochs: { applyBytes: 5_000, checkpointBytes: 15_000 },
    log: () => undefined,
  });
} catch (error) {
  const { code, what } = error as { readonly code?: string; readonly what?: string };
  say(`refused ${String(code)} ${String(what ?? error)}`);
  process.exit(3);
}

async function obey(line: string): Promise<void> {
  const [order = '', n = '', who = ''] = line.split(' ');
  if (order === 'count') {
    await system.send(system.entity(counter(), who), { type: 'count', n: Number(n) }, { idempotencyKey: n });
    say(`ack ${n}`);
  } else if (order === 'report') {
    // Effects and timers may still be under way.
    for (let i = 0; i < 10; i++) {
      await system.idle();
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    const names = Array.from({ length: Number(n) }, (_, i) => String(i));
    const reads = await Promise.all(
      names.map((each) => system.ask(system.entity(counter(), each), { type: 'read' })),
    );
    say(`report ${JSON.stringify({ reads, letters: system.deadLetters.count })}`);
  } else {
    await system.stop();
    process.exit(0);
  }
}

say('ready');
createInterface({ input: process.stdin })
  .on('line', (line) => void obey(line))
  .on('close', () => process.exit(1));
