/** Atoms of all sizes: where the price of an atom stops to matter. */
import { ApplicationBuilder, perKeyState, steppingSystem } from 'portico/dataflow';
import { perSecond, timed } from './harness/clock.ts';
import { PlainEvent, PlainRing } from './harness/plain.ts';
import { question, type Contender, type Run } from './harness/question.ts';

interface AtomSizeLoad extends Record<string, number> {
  events: number;
}

const KEYS = 64;

/** What all counts are together when so many numbers from 0 up were counted by their remainder. */
function expects({ events }: AtomSizeLoad): Run['outcome'] {
  let sum = 0;
  for (let key = 0; key < KEYS; key++) {
    const count = Math.ceil((events - key) / KEYS);
    sum += (count * (count + 1)) / 2;
  }
  return { events, sum };
}

const counting = (size: number): Contender<AtomSizeLoad> => ({
  name: `atoms of ${size}`,
  run: async ({ events: count }) => {
    const counts = perKeyState('counts', 0);
    let events = 0;
    let sum = 0;
    const app = new ApplicationBuilder('counting');
    app
      .workflow()
      .source(app.generators.fromRange(0, count, size))
      .key((n) => n % KEYS)
      .map((_, ctx) => {
        const seen = counts.get(ctx) + 1;
        counts.set(ctx, seen);
        events++;
        sum += seen;
        return seen;
      })
      .sink();
    const system = steppingSystem();
    system.launch(app.build());
    const ms = await timed(() => system.stepUntilComplete());
    return { figures: { speed: perSecond(events, ms) }, outcome: { events, sum } };
  },
  expects,
});

async function plain({ events: count }: AtomSizeLoad): Promise<Run> {
  const counts = new Map<number, number>();
  const ring = new PlainRing<PlainEvent>();
  let events = 0;
  let sum = 0;
  const ms = await timed(() => {
    for (let n = 0; n < count; n++) {
      ring.push(new PlainEvent(n % KEYS, n));
      const event = ring.shift();
      if (event === undefined) continue;
      const seen = (counts.get(event.key) ?? 0) + 1;
      counts.set(event.key, seen);
      events++;
      sum += seen;
    }
  });
  return { figures: { speed: perSecond(events, ms) }, outcome: { events, sum } };
}

export const atomSizeQuestion = question<AtomSizeLoad>({
  name: 'atom-size',
  asks: 'How does the number of events in an atom change what an event costs?',
  method:
    'A range of numbers in atoms of 1 to 8,192 events, through a key to a task that counts per key (64 keys). The plain loop passes one object ' +
    'for each event through a ring buffer and counts in a Map.',
  metrics: [{ name: 'speed', unit: 'events/s', better: 'more' }],
  contenders: [
    { name: 'plain loop', run: plain, expects },
    ...[1, 8, 64, 512, 8192].map((size) => counting(size)),
  ],
  reference: 'plain loop',
  goals: [],
  loads: { full: { events: 4_000_000 }, warmUp: { events: 500_000 }, quick: { events: 2_000 } },
});
