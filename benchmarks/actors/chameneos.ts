/** Pairs that meet by way of one actor: the price of a message when one actor has a part in all that happens. */
import { behavior, receive, same, stopped, valueState, type ActorRef } from 'portico';
import { timedActors } from '../harness/actors.ts';
import { perSecond, timed } from '../harness/clock.ts';
import { PlainActors } from '../harness/plain-actors.ts';
import { question, type Run } from '../harness/question.ts';

interface ChameneosLoad extends Record<string, number> {
  meetings: number;
}

const CREATURES = 100;
/** How many colours there are: 0, 1 and 2. */
const COLOURS = 3;

/** Two creatures of the same colour keep it; others take the third one. */
const complement = (a: number, b: number): number => (a === b ? a : COLOURS - a - b);

const runOf = (meetings: number, ms: number, met: number): Run => ({
  figures: { speed: perSecond(meetings, ms) },
  outcome: { met },
});

/** Each meeting is counted by both. */
const expects = ({ meetings }: ChameneosLoad): Run['outcome'] => ({ met: 2 * meetings });

interface Meet {
  readonly type: 'meet';
  readonly colour: number;
  readonly from: ActorRef<Creature>;
}
type Creature =
  | Meet
  | { readonly type: 'begin'; readonly colour: number }
  | { readonly type: 'change'; readonly colour: number }
  | { readonly type: 'exit' };
type Mall =
  | Meet
  | { readonly type: 'open'; readonly meetings: number; readonly replyTo: ActorRef<number> }
  | { readonly type: 'met'; readonly count: number };

const colourOf = valueState('colour', 0);
const metOf = valueState('met', 0);

const creature = behavior('creature', (mall: ActorRef<Mall>) =>
  receive<Creature>((message, ctx) => {
    switch (message.type) {
      case 'meet': {
        const colour = complement(colourOf.get(ctx), message.colour);
        ctx.send(message.from, { type: 'change', colour });
        metOf.set(ctx, metOf.get(ctx) + 1);
        colourOf.set(ctx, colour);
        ctx.send(mall, { type: 'meet', colour, from: ctx.self });
        return same;
      }
      case 'begin':
      case 'change':
        if (message.type === 'change') metOf.set(ctx, metOf.get(ctx) + 1);
        colourOf.set(ctx, message.colour);
        ctx.send(mall, { type: 'meet', colour: message.colour, from: ctx.self });
        return same;
      case 'exit':
        ctx.send(mall, { type: 'met', count: metOf.get(ctx) });
        return stopped;
    }
  }),
);

const meetingsLeft = valueState('meetings left', 0);
const waiting = valueState<ActorRef<Creature> | undefined>('waiting', undefined);
const sum = valueState('sum', 0);
const reports = valueState('reports', 0);
const replyTo = valueState<ActorRef<number> | undefined>('reply to', undefined);

const mall = behavior('mall', () =>
  receive<Mall>((message, ctx) => {
    switch (message.type) {
      case 'open':
        meetingsLeft.set(ctx, message.meetings);
        replyTo.set(ctx, message.replyTo);
        for (let i = 0; i < CREATURES; i++) {
          ctx.send(ctx.create(creature(ctx.self)), { type: 'begin', colour: i % COLOURS });
        }
        break;
      case 'meet': {
        const first = waiting.get(ctx);
        if (meetingsLeft.get(ctx) === 0) ctx.send(message.from, { type: 'exit' });
        else if (first === undefined) waiting.set(ctx, message.from);
        else {
          meetingsLeft.set(ctx, meetingsLeft.get(ctx) - 1);
          waiting.set(ctx, undefined);
          ctx.send(first, message);
        }
        break;
      }
      case 'met': {
        sum.set(ctx, sum.get(ctx) + message.count);
        reports.set(ctx, reports.get(ctx) + 1);
        const to = replyTo.get(ctx);
        if (to !== undefined && reports.get(ctx) === CREATURES) ctx.send(to, sum.get(ctx));
      }
    }
    return same;
  }),
);

async function portico({ meetings }: ChameneosLoad): Promise<Run> {
  const { ms, result } = await timedActors({ mall, creature }, (system) => {
    const first = system.create(mall());
    return () => system.ask(first, { type: 'open', meetings });
  });
  return runOf(meetings, ms, result);
}

interface PlainMeet {
  readonly type: 'meet';
  readonly colour: number;
  readonly from: number;
}
type PlainCreature =
  | PlainMeet
  | { readonly type: 'begin'; readonly colour: number }
  | { readonly type: 'change'; readonly colour: number }
  | { readonly type: 'exit' };

async function plain({ meetings }: ChameneosLoad): Promise<Run> {
  const actors = new PlainActors();
  let sum = 0;
  const mall = actors.create<PlainMeet | { readonly type: 'met'; readonly count: number }>(() => {
    let left = meetings;
    let waiting = 0;
    return (message) => {
      if (message.type === 'met') sum += message.count;
      else if (left === 0) actors.send(message.from, { type: 'exit' });
      else if (waiting === 0) waiting = message.from;
      else {
        left--;
        actors.send(waiting, message);
        waiting = 0;
      }
    };
  });
  const creature = (self: number): ((message: PlainCreature) => void) => {
    let colour = 0;
    let met = 0;
    return (message) => {
      switch (message.type) {
        case 'meet':
          met++;
          colour = complement(colour, message.colour);
          actors.send(message.from, { type: 'change', colour });
          actors.send(mall, { type: 'meet', colour, from: self });
          break;
        case 'begin':
        case 'change':
          if (message.type === 'change') met++;
          ({ colour } = message);
          actors.send(mall, { type: 'meet', colour, from: self });
          break;
        case 'exit':
          actors.send(mall, { type: 'met', count: met });
          actors.stop(self);
      }
    };
  };
  const ms = await timed(() => {
    for (let i = 0; i < CREATURES; i++) {
      actors.send(actors.create(creature), { type: 'begin', colour: i % COLOURS });
    }
    actors.run();
  });
  return runOf(meetings, ms, sum);
}

export const chameneosQuestion = question<ChameneosLoad>({
  name: 'chameneos',
  asks: 'How many meetings a second does one actor arrange between 100 others?',
  method:
    'A creature tells the mall that it wants to meet. The mall passes this on to the one that waits, which changes its colour, tells the other ' +
    'one to change, and both come back: four messages for a meeting. Savina: Chameneos.',
  metrics: [{ name: 'speed', unit: 'meetings/s', better: 'more' }],
  contenders: [
    { name: 'plain', run: plain, expects },
    { name: 'portico', run: portico, expects },
  ],
  reference: 'plain',
  goals: [],
  loads: { full: { meetings: 500_000 }, warmUp: { meetings: 100_000 }, quick: { meetings: 300 } },
});
