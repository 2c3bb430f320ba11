// Twenty actors, each with ten megabytes, in a process that has room for half of that. Prints what it saw as JSON.
//
//     node --max-old-space-size=100 large-program.ts <folder> <state>
import process from 'node:process';
import { behavior, receive, same, start, valueState, type ActorRef, type Behavior } from 'portico';
import { fileStore } from 'portico/node';

const [folder = '', state = 'level'] = process.argv.slice(2);
const count = 20;
const megabytes = 10;

const held = valueState<string>('held', '');
const holder = behavior(
  'holder',
  (): Behavior<{ readonly text: string } | { readonly replyTo: ActorRef<[number, string]> }> =>
    receive((message, ctx) => {
      if ('text' in message) held.set(ctx, message.text);
      else ctx.send(message.replyTo, [held.get(ctx).length, held.get(ctx).slice(-8)]);
      return same;
    }),
);

const system = await start({
  behaviors: { holder },
  store: fileStore(folder, { state: state as 'level' }),
  maxMessageBytes: 16_000_000,
  // As who has little room says.
  epochs: { activeBytes: 20_000_000 },
});
const refused: unknown[] = [];
for (let i = 0; i < count; i++) {
  const text = Buffer.alloc(megabytes * 1_000_000, `${String(i).padStart(4, '0')}~~~~`).toString('latin1');
  await system.send(system.entity(holder(), `h${i}`), { text });
  const tooLarge = system.send(system.entity(holder(), `h${i}`), { text: text + text });
  await tooLarge.catch((error: { readonly code: unknown }) => refused.push(error.code));
}
const seen: unknown[] = [];
for (let i = 0; i < count; i++) seen.push(await system.ask(system.entity(holder(), `h${i}`), {}));
await system.stop();
process.stdout.write(JSON.stringify({ seen, refused }));
