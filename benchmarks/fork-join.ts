/** Fork and join: what one more reader of a stream costs. */
import { ApplicationBuilder, steppingSystem } from 'portico/dataflow';
import { perSecond, timed } from './harness/clock.ts';
import { question, type Contender, type Run } from './harness/question.ts';

interface ForkJoinLoad extends Record<string, number> {
  /** Events that arrive where the flows join. */
  joined: number;
}

const ATOM = 128;

/** Whole atoms for each of the readers. */
const eventsFor = (joined: number, readers: number): number => Math.ceil(joined / readers / ATOM) * ATOM;

const expects =
  (readers: number) =>
  ({ joined }: ForkJoinLoad): Run['outcome'] => {
    const n = eventsFor(joined, readers);
    return { events: n * readers, sum: ((n * (n + 1)) / 2) * readers };
  };

const forkJoin = (readers: number): Contender<ForkJoinLoad> => ({
  name: `${readers} ${readers === 1 ? 'workflow' : 'workflows'}`,
  run: async ({ joined }) => {
    let events = 0;
    let sum = 0;
    const app = new ApplicationBuilder('fork-join');
    const numbers = app.generators.fromRange(0, eventsFor(joined, readers), ATOM);
    const all = app.sequencer<number>();
    for (let i = 0; i < readers; i++) {
      const stream = app
        .workflow()
        .source(numbers)
        .map((n) => n + 1)
        .sink();
      app.connect(stream, all);
    }
    app
      .workflow()
      .source(all.stream)
      .consume((n) => {
        events++;
        sum += n;
      })
      .sink();
    const system = steppingSystem();
    system.launch(app.build());
    const ms = await timed(() => system.stepUntilComplete());
    return { figures: { speed: perSecond(events, ms) }, outcome: { events, sum } };
  },
  expects: expects(readers),
});

async function plain({ joined }: ForkJoinLoad): Promise<Run> {
  const count = eventsFor(joined, 1);
  let events = 0;
  let sum = 0;
  const ms = await timed(() => {
    for (let first = 0; first < count; first += ATOM) {
      const atom: number[] = [];
      for (let n = first; n < first + ATOM; n++) atom.push(n);
      for (const n of atom.map((n) => n + 1)) {
        events++;
        sum += n;
      }
    }
  });
  return { figures: { speed: perSecond(events, ms) }, outcome: { events, sum } };
}

export const forkJoinQuestion = question<ForkJoinLoad>({
  name: 'fork-join',
  asks: 'How many events a second go from one stream through several workflows and together again?',
  method:
    'A stream of numbers in atoms of 128 is read by 1 to 64 workflows, each with one map; a sequencer merges their streams for a workflow that ' +
    'counts. Every reader handles every event; counted is what arrives at the end. The plain loop maps arrays of 128 for one reader.',
  metrics: [{ name: 'speed', unit: 'events/s', better: 'more' }],
  contenders: [
    { name: 'plain loop', run: plain, expects: expects(1) },
    ...[1, 4, 16, 64].map((readers) => forkJoin(readers)),
  ],
  reference: 'plain loop',
  goals: [],
  loads: { full: { joined: 8_000_000 }, warmUp: { joined: 1_000_000 }, quick: { joined: 2_000 } },
});
