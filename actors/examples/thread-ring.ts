// The thread ring: 503 actors in a circle pass a token on, 1000 times. Who has it then?
import process from 'node:process';
import { behavior, init, receive, same, start, type ActorRef } from 'portico';

type Token = { hops: number; replyTo: ActorRef<number> };

const member = behavior('member', (number: number, next: ActorRef<Token>) =>
  receive<Token>(({ hops, replyTo }, ctx) => {
    if (hops > 0) ctx.send(next, { hops: hops - 1, replyTo });
    else ctx.send(replyTo, number);
    return same;
  }),
);

/** The first member creates the others. A reference can be used before its actor is there. */
const ring = behavior('ring', (size: number) =>
  init<Token>((ctx) => {
    let next: ActorRef<Token> = ctx.self;
    for (let number = size; number > 1; number--) next = ctx.create(member(number, next));
    return member(1, next);
  }),
);

export async function main(print: (line: string) => void): Promise<void> {
  await using system = await start({ behaviors: { member, ring }, seed: 1 });
  const first = system.create(ring(503));
  print(`after 1000 hops number ${await system.ask(first, { hops: 1000 })} has the token`);
}

if (process.argv[1] === import.meta.filename) await main((line) => console.log(line));
