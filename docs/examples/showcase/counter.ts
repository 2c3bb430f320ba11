// One actor and many messages. Each is acknowledged when it is on the disk, and the count says how far that was.
import { behavior, receive, same, type ActorRef, type Behavior } from 'portico';

export type Counting = { type: 'up' } | { type: 'look'; replyTo: ActorRef<number> };

export const counter = behavior('counter', (count: number): Behavior<Counting> =>
  receive((message, ctx) => {
    if (message.type === 'up') return counter(count + 1);
    ctx.send(message.replyTo, count);
    return same;
  }),
);
