// Remembers how many rounds of the tour are over. A round that was not finished goes on.
import { behavior, receive, same, type ActorRef, type Behavior } from 'portico';

export type Tour = { type: 'rounds'; replyTo: ActorRef<number> } | { type: 'over'; round: number };

export const tour = behavior('tour', (rounds: number): Behavior<Tour> =>
  receive((message, ctx) => {
    if (message.type === 'over') return tour(Math.max(rounds, message.round));
    ctx.send(message.replyTo, rounds);
    return same;
  }),
);
