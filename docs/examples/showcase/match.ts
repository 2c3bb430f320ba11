// Ping-pong with 1,024 balls, and a breath now and then, so that a match takes long enough to be killed in.
import { behavior, receive, same, stopped, topic, type ActorRef, type Behavior } from 'portico';

export const balls = topic<number>('balls');

const BALLS = 1024;
const BREATH = 64;
const BREATH_MS = 20;

type Ball = { left: number; from: ActorRef<Ball> };

/** Plays until no ball is left, and stops. After some balls it takes a breath: a timer, which lasts as everything does. */
export const player = behavior('player', (umpire: ActorRef<Match>) =>
  receive<Ball | { left: number; from: ActorRef<Ball>; rested: true }>((ball, ctx) => {
    const { left, from } = ball;
    if (left % BREATH === 0 && left > 0 && !('rested' in ball)) {
      ctx.timers.single('breath', BREATH_MS, { left, from, rested: true });
      return same;
    }
    if (left % BREATH === 0) ctx.send(umpire, { type: 'left', left });
    if (left > 0) ctx.send(from, { left: left - 1, from: ctx.self });
    return left > 1 ? same : stopped;
  }),
);

export type Match =
  | { type: 'play'; replyTo: ActorRef<'over'> }
  | { type: 'look'; replyTo: ActorRef<number | 'new'> }
  | { type: 'left'; left: number };

/** An entity for each match: asked to play, it replies when the match is over, which may have been long ago. */
export const match = behavior('match', () =>
  receive<Match>((message, ctx) => {
    if (message.type === 'look') ctx.send(message.replyTo, 'new');
    if (message.type !== 'play') return same;
    const [first, second] = [ctx.create(player(ctx.self)), ctx.create(player(ctx.self))];
    ctx.send(first, { left: BALLS, from: second });
    return playing(BALLS, message.replyTo);
  }),
);

export const playing = behavior('playing', (left: number, asker: ActorRef<'over'>): Behavior<Match> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'play':
        if (left === 0) ctx.send(message.replyTo, 'over');
        return playing(left, message.replyTo);
      case 'look':
        ctx.send(message.replyTo, left);
        return same;
      case 'left':
        ctx.emit(balls, message.left);
        if (message.left === 0) ctx.send(asker, 'over');
        return playing(message.left, asker);
    }
  }),
);

export const matchBehaviors = { match, playing, player };
