// Counting: 1024 messages, then a question. They come from the same sender, so all of them are counted by then.
import process from 'node:process';
import { behavior, receive, start, type ActorRef, type Behavior } from 'portico';

type Counting = { type: 'up' } | { type: 'read'; replyTo: ActorRef<number> };

const counter = behavior('counter', (count: number): Behavior<Counting> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'up':
        return counter(count + 1);
      case 'read':
        ctx.send(message.replyTo, count);
        return counter(0);
    }
  }),
);

export async function main(print: (line: string) => void): Promise<void> {
  await using system = await start({ behaviors: { counter }, seed: 1 });
  const counting = system.create(counter(0));
  for (let i = 0; i < 1024; i++) await system.send(counting, { type: 'up' });
  print(`counted ${await system.ask(counting, { type: 'read' })}`);
  print(`since then ${await system.ask(counting, { type: 'read' })}`);
}

if (process.argv[1] === import.meta.filename) await main((line) => console.log(line));
