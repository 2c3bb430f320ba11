// Ping-pong: two actors count down from 1024 together, and both stop at zero.
import process from 'node:process';
import { behavior, init, receive, same, start, stopped, type ActorRef } from 'portico';

type Ball = { left: number; from: ActorRef<Ball> };

const pong = behavior('pong', () =>
  receive<Ball>(({ left, from }, ctx) => {
    if (left % 256 === 0) ctx.emit(`${left} left`);
    if (left > 0) ctx.send(from, { left: left - 1, from: ctx.self });
    // The one sends the zero and stops, the other one gets it and stops.
    return left > 1 ? same : stopped;
  }),
);

/** Plays like the other one, and begins. */
const ping = behavior('ping', (opponent: ActorRef<Ball>, left: number) =>
  init<Ball>((ctx) => {
    ctx.send(opponent, { left, from: ctx.self });
    return pong();
  }),
);

export async function main(print: (line: string) => void): Promise<void> {
  await using system = await start({ behaviors: { ping, pong }, seed: 1 });
  system.subscribe((line) => print(String(line)));
  const opponent = system.create(pong());
  const beginner = system.create(ping(opponent, 1024));
  await Promise.all([system.watch(opponent), system.watch(beginner)]);
  print('both have stopped');
}

if (process.argv[1] === import.meta.filename) await main((line) => console.log(line));
