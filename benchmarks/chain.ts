/** A chain of tasks in one workflow: what one more task costs. */
import { ApplicationBuilder, steppingSystem } from 'portico/dataflow';
import { perSecond, timed } from './harness/clock.ts';
import { question, type Contender, type Run } from './harness/question.ts';

interface ChainLoad extends Record<string, number> {
  /** Events times tasks. */
  handled: number;
}

const ATOM = 128;
const PLAIN_LENGTH = 8;

const eventsFor = (handled: number, length: number): number => Math.ceil(handled / length / ATOM) * ATOM;

const expects =
  (length: number) =>
  ({ handled }: ChainLoad): Run['outcome'] => {
    const n = eventsFor(handled, length);
    return { events: n, sum: (n * (n - 1)) / 2 + n * length };
  };

const chain = (length: number): Contender<ChainLoad> => ({
  name: `${length} ${length === 1 ? 'task' : 'tasks'}`,
  run: async ({ handled }) => {
    let events = 0;
    let sum = 0;
    const app = new ApplicationBuilder('chain');
    let flow = app
      .workflow()
      .source(app.generators.fromRange(0, eventsFor(handled, length), ATOM))
      .map((n) => n + 1);
    for (let i = 1; i < length; i++) flow = flow.map((n) => n + 1);
    flow
      .consume((n) => {
        events++;
        sum += n;
      })
      .sink();
    const system = steppingSystem();
    system.launch(app.build());
    const ms = await timed(() => system.stepUntilComplete());
    return { figures: { speed: perSecond(events * length, ms) }, outcome: { events, sum } };
  },
  expects: expects(length),
});

/** A function for each task, called one after the other for each event. */
async function plain({ handled }: ChainLoad): Promise<Run> {
  const count = eventsFor(handled, PLAIN_LENGTH);
  const tasks = Array.from({ length: PLAIN_LENGTH }, () => (n: number) => n + 1);
  let events = 0;
  let sum = 0;
  const ms = await timed(() => {
    for (let first = 0; first < count; first += ATOM) {
      const atom: number[] = [];
      for (let n = first; n < first + ATOM; n++) atom.push(n);
      for (let n of atom) {
        for (const task of tasks) n = task(n);
        events++;
        sum += n;
      }
    }
  });
  return { figures: { speed: perSecond(events * PLAIN_LENGTH, ms) }, outcome: { events, sum } };
}

export const chainQuestion = question<ChainLoad>({
  name: 'chain',
  asks: 'How many times a second does a task handle an event, in chains of 1 to 128 tasks?',
  method:
    'Numbers in atoms of 128 go through a chain of maps in one workflow; a last task adds them up. Counted is events times maps. ' +
    'The plain loop calls an array of 8 functions for each event.',
  metrics: [{ name: 'speed', unit: 'calls/s', better: 'more' }],
  contenders: [
    { name: 'plain loop', run: plain, expects: expects(PLAIN_LENGTH) },
    ...[1, 8, 32, 128].map((length) => chain(length)),
  ],
  reference: 'plain loop',
  goals: [],
  loads: { full: { handled: 32_000_000 }, warmUp: { handled: 4_000_000 }, quick: { handled: 4_000 } },
});
