/** Asks: many at once that are answered, and many more that never are. */
import {
  answer,
  ApplicationBuilder,
  manualClock,
  steppingSystem,
  type Ingress,
  type ManualClock,
  type SteppingSystem,
} from 'portico/dataflow';
import { timed } from './harness/clock.ts';
import { heapInUse } from './harness/heap.ts';
import { PlainRing } from './harness/plain.ts';
import { question, type Run } from './harness/question.ts';

interface AsksLoad extends Record<string, number> {
  /** In one atom. */
  asks: number;
  /** So many waves of asks that nobody answers. */
  waves: number;
  /** Atoms in a wave, and asks in an atom. */
  atoms: number;
  unanswered: number;
}

const TIMEOUT_MS = 1_000;

/** A request in plain JavaScript: what was asked, and what to do with the answer. */
class PlainAsk {
  readonly request: number;
  readonly proceed: (reply: number) => void;
  reply = 0;

  constructor(request: number, proceed: (reply: number) => void) {
    this.request = request;
    this.proceed = proceed;
  }
}

async function plain({ asks }: AsksLoad): Promise<Run> {
  let continued = 0;
  let sum = 0;
  const requests = new PlainRing<PlainAsk>();
  const replies = new PlainRing<PlainAsk>();
  const input = Array.from({ length: asks }, (_, i) => i);
  const ms = await timed(() => {
    for (const value of input) {
      requests.push(
        new PlainAsk(value, (reply) => {
          continued++;
          sum += reply - value;
        }),
      );
    }
    for (let ask = requests.shift(); ask !== undefined; ask = requests.shift()) {
      ask.reply = ask.request + 1;
      replies.push(ask);
    }
    for (let ask = replies.shift(); ask !== undefined; ask = replies.shift()) ask.proceed(ask.reply);
  });
  return { figures: { time: ms }, outcome: { continued, sum } };
}

/** What became of the asks. */
interface Seen {
  continued: number;
  sum: number;
  timedOut: number;
}

/** A task that asks for the successor of each number that enters, and one that answers or does not. */
class Asking {
  readonly seen: Seen = { continued: 0, sum: 0, timedOut: 0 };
  readonly clock: ManualClock = manualClock();
  readonly system: SteppingSystem = steppingSystem({ clock: this.clock });
  readonly numbers: Ingress<number>;

  constructor(answers: boolean) {
    const { seen } = this;
    const app = new ApplicationBuilder('asks');
    this.numbers = app.ingress();
    const successor = app.portal<number, number>('successor', { key: (n) => n });
    const replies = answer(successor, (n, ctx) => {
      if (answers) ctx.reply(n + 1);
    });
    app.workflow().source(app.ingress<never>().stream).replier([replies]).sink();
    app
      .workflow()
      .source(this.numbers.stream)
      .asker<number>([successor], (n, ctx) => {
        ctx.await(
          ctx.ask(successor, n, { timeoutMs: TIMEOUT_MS }),
          (reply, ctx) => {
            seen.continued++;
            seen.sum += reply - n;
            ctx.emit(reply);
          },
          () => {
            seen.timedOut++;
          },
        );
      })
      .sink();
    this.system.launch(app.build());
  }

  /** How many asks the system still knows of. */
  get pending(): number {
    return this.system.partition.turns.timers.size;
  }
}

async function answered({ asks }: AsksLoad): Promise<Run> {
  const asking = new Asking(true);
  const { system, numbers, seen } = asking;
  const input = Array.from({ length: asks }, (_, i) => i);
  const ms = await timed(() => {
    system.send(numbers, ...input);
    return system.stepUntilComplete();
  });
  return {
    figures: { time: ms },
    outcome: { continued: seen.continued, sum: seen.sum, pending: asking.pending },
  };
}

async function unanswered({ waves, atoms, unanswered }: AsksLoad): Promise<Run> {
  const asking = new Asking(false);
  const { system, numbers, clock, seen } = asking;
  const values = Array.from({ length: unanswered }, (_, i) => i);
  const wave = (): void => {
    for (let atom = 0; atom < atoms; atom++) system.send(numbers, ...values);
    system.stepUntilComplete();
    clock.advance(TIMEOUT_MS);
    system.stepUntilComplete();
  };
  // What the first wave leaves behind is what the system keeps ready for the next one.
  wave();
  const before = heapInUse();
  for (let i = 0; i < waves; i++) wave();
  const left = (heapInUse() - before) / 1024;
  return {
    figures: { 'heap left behind': left },
    outcome: { continued: seen.continued, timedOut: seen.timedOut, pending: asking.pending },
  };
}

export const asksQuestion = question<AsksLoad>({
  name: 'asks',
  asks: 'How long do 20,000 asks in one atom take, and what do 1,000,000 that nobody answers leave behind?',
  method:
    'A task asks a portal once for each number; another task answers with its successor; the continuation emits it. Measured from the ' +
    'generator to rest, warm and as the first thing that a process does. For the asks without an answer: ten waves of 100,000, each until its timeout, and the ' +
    'heap in use after a forced collection before and after them. The plain loop has an object and a closure for each ask, and two ring buffers.',
  metrics: [
    { name: 'time', unit: 'ms', better: 'less' },
    { name: 'heap left behind', unit: 'KB', better: 'less' },
  ],
  contenders: [
    { name: 'plain loop', run: plain, expects: ({ asks }) => ({ continued: asks, sum: asks }) },
    { name: 'answered', run: answered, expects: ({ asks }) => ({ continued: asks, sum: asks, pending: 0 }) },
    {
      name: 'answered, as the first thing',
      warmUps: 0,
      run: answered,
      expects: ({ asks }) => ({ continued: asks, sum: asks, pending: 0 }),
    },
    {
      name: 'unanswered',
      nodeFlags: ['--expose-gc'],
      run: unanswered,
      expects: ({ waves, atoms, unanswered }) => ({
        continued: 0,
        timedOut: (waves + 1) * atoms * unanswered,
        pending: 0,
      }),
    },
  ],
  reference: 'plain loop',
  goals: [
    { contender: 'answered', metric: 'time', atMost: 60 },
    { contender: 'unanswered', metric: 'heap left behind', atMost: 64 },
  ],
  loads: {
    full: { asks: 20_000, waves: 10, atoms: 100, unanswered: 1_000 },
    warmUp: { asks: 20_000, waves: 1, atoms: 10, unanswered: 1_000 },
    quick: { asks: 100, waves: 2, atoms: 3, unanswered: 10 },
  },
  warmUps: 5,
});
