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

/** A request: which key, and whether it is written. */
interface Chosen {
  readonly key: number;
  readonly writes: boolean;
}

function requestsOf(worker: number, requests: number): readonly Chosen[] {
  const choices = new Choices(worker);
  return Array.from({ length: requests }, () => ({
    writes: choices.below(WRITES) === 0,
    key: choices.below(KEYS),
  }));
}

/** Whatever the order, the same keys are written in the end. */
function expects({ requests }: DictionaryLoad): Run['outcome'] {
  const written = new Set<number>();
  for (let worker = 0; worker < WORKERS; worker++) {
    for (const { key, writes } of requestsOf(worker, requests)) if (writes) written.add(key);
  }
  return { answered: requests * WORKERS, wrong: 0, size: written.size };
}

type Dictionary =
  | { readonly type: 'write'; readonly key: number; readonly value: number; readonly from: ActorRef<Worker> }
  | { readonly type: 'read'; readonly key: number; readonly from: ActorRef<Worker> }
  | { readonly type: 'size'; readonly replyTo: ActorRef<number> };

type Worker =
  | { readonly type: 'start' }
  | { readonly type: 'result'; readonly key: number; readonly value?: number | undefined };

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

/** Its choices were made before: what it is given must be data. */
const worker = behavior(
  'worker',
  (requests: readonly Chosen[], dictionary: ActorRef<Dictionary>, all: ActorRef<All>) =>
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

const replyTo = valueState<ActorRef<Ended> | undefined>('reply to', undefined);
const sum = valueState<Ended>('sum', { answered: 0, wrong: 0 });
const missing = valueState('missing', WORKERS);

/** Creates the workers, and adds up what they report. */
const all = behavior('all', (dictionary: ActorRef<Dictionary>) =>
  receive<All>((message, ctx) => {
    if ('requests' in message) {
      replyTo.set(ctx, message.replyTo);
      for (let i = 0; i < WORKERS; i++) {
        const requests = requestsOf(i, message.requests);
        ctx.send(ctx.create(worker(requests, dictionary, ctx.self)), { type: 'start' });
      }
      return same;
    }
    const before = sum.get(ctx);
    const now = { answered: before.answered + message.answered, wrong: before.wrong + message.wrong };
    sum.set(ctx, now);
    missing.set(ctx, missing.get(ctx) - 1);
    const to = replyTo.get(ctx);
    if (to !== undefined && missing.get(ctx) === 0) ctx.send(to, now);
    return same;
  }),
);

async function portico({ requests }: DictionaryLoad): Promise<Run> {
  let keeper: ActorRef<Dictionary> | undefined;
  let size = 0;
  const { ms, result } = await timedActors(
    { all, dictionary, worker },
    (system) => {
      keeper = system.create(dictionary());
      const first = system.create(all(keeper));
      return () => system.ask(first, { requests });
    },
    async (system) => {
      if (keeper !== undefined) size = await system.ask(keeper, { type: 'size' });
    },
  );
  return runOf(requests, ms, { ...result, size });
}

type PlainDictionary =
  | { readonly type: 'write'; readonly key: number; readonly value: number; readonly from: number }
  | { readonly type: 'read'; readonly key: number; readonly from: number };

async function plain({ requests }: DictionaryLoad): Promise<Run> {
  const actors = new PlainActors();
  const entries = new Map<number, number>();
  const outcome = { answered: 0, wrong: 0 };
  const dictionary = actors.create<PlainDictionary>(() => (message) => {
    const { key, from } = message;
    if (message.type === 'write') entries.set(key, message.value);
    actors.send(from, { type: 'result', key, value: entries.get(key) });
  });
  const worker = (chosen: readonly Chosen[]) => (self: number) => {
    let done = 0;
    let wrong = 0;
    return (message: Worker): void => {
      if (message.type === 'result') {
        done++;
        if (message.value !== undefined && message.value !== valueOf(message.key)) wrong++;
      }
      const next = chosen[done];
      if (next === undefined) {
        outcome.answered += done;
        outcome.wrong += wrong;
        actors.stop(self);
      } else if (next.writes) {
        actors.send(dictionary, { type: 'write', key: next.key, value: valueOf(next.key), from: self });
      } else actors.send(dictionary, { type: 'read', key: next.key, from: self });
    };
  };
  const ms = await timed(() => {
    for (let i = 0; i < WORKERS; i++) {
      actors.send(actors.create(worker(requestsOf(i, requests))), { type: 'start' });
    }
    actors.run();
  });
  return runOf(requests, ms, { ...outcome, size: entries.size });
}

export const dictionaryQuestion = question<DictionaryLoad>({
  name: 'dictionary',
  asks: 'How many requests a second does an actor answer that keeps a map of 5,000 keys for 20 others?',
  method:
    'Each of the others sends a request, waits for the answer, and sends the next one; one in ten writes. The map is state of the actor. ' +
    'Savina: ConcurrentDictionary.',
  metrics: [{ name: 'speed', unit: 'requests/s', better: 'more' }],
  contenders: [
    { name: 'plain', run: plain, expects },
    { name: 'portico', run: portico, expects },
  ],
  reference: 'plain',
  goals: [],
  loads: { full: { requests: 50_000 }, warmUp: { requests: 10_000 }, quick: { requests: 50 } },
});
