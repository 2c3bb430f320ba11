/** Asks: many at once that are answered, and many more that never are. */
import { answer, application, manualClock, steppingSystem, type Application, type Ingress } from 'portico/dataflow';
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
  readonly then: (reply: number) => void;
  reply = 0;

  constructor(request: number, then: (reply: number) => void) {
    this.request = request;
    this.then = then;
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
    for (let ask = replies.shift(); ask !== undefined; ask = replies.shift()) ask.then(ask.reply);
  });
  return { figures: { time: ms }, outcome: { continued, sum } };
}

/** Asks for the number after each number, of a task that answers or does not. */
function asking(answers: boolean, numbers: (app: Parameters<Parameters<typeof application>[1]>[0]) => Ingress<number>['stream'], seen: { continued: number; sum: number; timedOut: number }): Application {
  return application('asks', (app) => {
    const successor = app.portal<number, number>('successor', { key: (n) => n });
    app
      .workflow()
      .source(app.ingress<never>().stream)
      .replier([
        answer(successor, (n, ctx) => {
          if (answers) ctx.reply(n + 1);
        }),
      ])
      .sink();
    app
      .workflow()
      .source(numbers(app))
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
  });
}

async function answered({ asks }: AsksLoad): Promise<Run> {
  const seen = { continued: 0, sum: 0, timedOut: 0 };
  const input = Array.from({ length: asks }, (_, i) => i);
  const system = steppingSystem();
  system.launch(asking(true, (app) => app.generators.fromArray(input), seen));
  const ms = await timed(() => system.stepUntilComplete());
  const { continued, sum } = seen;
  return { figures: { time: ms }, outcome: { continued, sum } };
}

async function unanswered({ waves, atoms, unanswered }: AsksLoad): Promise<Run> {
  const seen = { continued: 0, sum: 0, timedOut: 0 };
  const clock = manualClock();
  const system = steppingSystem({ clock });
  let start: Ingress<number> | undefined;
  system.launch(asking(false, (app) => (start = app.ingress<number>()).stream, seen));
  const values = Array.from({ length: unanswered }, (_, i) => i);
  const wave = (): void => {
    if (start === undefined) throw new Error('the application was not written');
    for (let atom = 0; atom < atoms; atom++) system.send(start, ...values);
    system.stepUntilComplete();
    clock.advance(TIMEOUT_MS);
    system.stepUntilComplete();
  };
  // What the first wave leaves behind is what the system keeps ready for the next one.
  wave();
  const before = heapInUse();
  for (let i = 0; i < waves; i++) wave();
  const left = (heapInUse() - before) / 1024;
  const pending = system.partition.turns.timers.size;
  const { continued, timedOut } = seen;
  return { figures: { left }, outcome: { continued, timedOut, pending } };
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
    { name: 'left', unit: 'KB of heap left by 1 M asks', better: 'less' },
  ],
  contenders: [
    { name: 'plain loop', run: plain, expects: ({ asks }) => ({ continued: asks, sum: asks }) },
    { name: 'answered', run: answered, expects: ({ asks }) => ({ continued: asks, sum: asks }) },
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
    { contender: 'unanswered', metric: 'left', atMost: 64 },
  ],
  loads: {
    full: { asks: 20_000, waves: 10, atoms: 100, unanswered: 1_000 },
    warmUp: { asks: 20_000, waves: 1, atoms: 10, unanswered: 1_000 },
    quick: { asks: 100, waves: 2, atoms: 3, unanswered: 10 },
  },
  warmUps: 5,
});
