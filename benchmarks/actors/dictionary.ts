/** Many that read and write one map: the price of a question to an actor with much state. */
import { behavior, mapState, receive, same, stopped, valueState, type ActorRef } from 'portico';
import { timedActors } from '../harness/actors.ts';
import { Choices } from '../harness/choices.ts';
import { perSecond, timed } from '../harness/clock.ts';
import { PlainActors } from '../harness/plain-actors.ts';
import { question, type Run } from '../harness/question.ts';

interface DictionaryLoad extends Record<string, number> {
  /** For each worker. */
  requests: number;
}

const WORKERS = 20;
const KEYS = 5_000;
/** One request in so many writes. */
const WRITES = 10;

/** What is written under a key: nobody may read anything else. */
const valueOf = (key: number): number => key * 3 + 1;

const runOf = (requests: number, ms: number, outcome: Run['outcome']): Run => ({
  figures: { speed: perSecond(requests * WORKERS, ms) },
  outcome,
});

/** Whatever the order, the same keys are written in the end. */
function expects({ requests }: DictionaryLoad): Run['outcome'] {
  const written = new Set<number>();
  for (let worker = 0; worker < WORKERS; worker++) {
    const choices = new Choices(worker);
    for (let i = 0; i < requests; i++) {
      const { key, writes } = chosen(choices);
      if (writes) written.add(key);
    }
  }
  return { answered: requests * WORKERS, wrong: 0, size: written.size };
}

function chosen(choices: Choices): { key: number; writes: boolean } {
  return { writes: choices.below(WRITES) === 0, key: choices.below(KEYS) };
}

type Dictionary =
  | { readonly type: 'write'; readonly key: number; readonly value: number; readonly from: ActorRef<Worker> }
  | { readonly type: 'read'; readonly key: number; readonly from: ActorRef<Worker> }
  | { readonly type: 'size'; readonly replyTo: ActorRef<number> };

type Worker = { readonly type: 'start' } | { readonly type: 'result'; readonly key: number; readonly value?: number | undefined };

interface Ended {
  readonly answered: number;
  readonly wrong: number;
}
type All = Ended | { readonly requests: number; readonly replyTo: ActorRef<Ended> };

const entries = mapState<number, number>('entries');

const dictionary = behavior('dictionary', () =>
  receive<Dictionary>((message, ctx) => {
    switch (message.type) {
      case 'write':
        entries.set(ctx, message.key, message.value);
        ctx.send(message.from, { type: 'result', key: message.key, value: message.value });
        break;
      case 'read':
        ctx.send(message.from, { type: 'result', key: message.key, value: entries.get(ctx, message.key) });
        break;
      case 'size':
        ctx.send(message.replyTo, entries.size(ctx));
    }
    return same;
  }),
);

const answered = valueState('answered', 0);
const wrong = valueState('wrong', 0);

/** Its choices are made before, so that a turn that is undone would not use one up. */
const worker = behavior(
  'worker',
  (requests: readonly { readonly key: number; readonly writes: boolean }[], dictionary: ActorRef<Dictionary>, all: ActorRef<All>) =>
    receive<Worker>((message, ctx) => {
      let done = 0;
      if (message.type === 'result') {
        done = answered.get(ctx) + 1;
        answered.set(ctx, done);
        const { key, value } = message;
        if (value !== undefined && value !== valueOf(key)) wrong.set(ctx, wrong.get(ctx) + 1);
      }
      const next = requests[done];
      if (next === undefined) {
        ctx.send(all, { answered: done, wrong: wrong.get(ctx) });
        return stopped;
      }
      const { key, writes } = next;
      if (writes) ctx.send(dictionary, { type: 'write', key, value: valueOf(key), from: ctx.self });
      else ctx.send(dictionary, { type: 'read', key, from: ctx.self });
      return same;
    }),
);
