/** One event per atom: the price of a hop through sequencer, workflow and back. */
import { application, perKeyState, startSystem, steppingSystem, type Application } from 'portico/dataflow';
import { PortalsJS } from 'portico/portalsjs';
import { perSecond, timed } from './harness/clock.ts';
import { PlainEvent, PlainRing } from './harness/plain.ts';
import { question, type Run } from './harness/question.ts';

interface CycleLoad extends Record<string, number> {
  hops: number;
}

/** What PortalsJS itself reaches on machines like ours. */
const PORTALSJS_SPEED = 13_000;

const KEYS = 64;

/** What the stateful tasks have seen: how many events, and what the last one counted for its key. */
interface Seen {
  hops: number;
  last: number;
}

const runOf = (ms: number, { hops, last }: Seen): Run => ({
  figures: { speed: perSecond(hops, ms) },
  outcome: { hops, last },
});

const expects = ({ hops }: CycleLoad): Run['outcome'] => ({ hops, last: Math.ceil(hops / KEYS) });

/** A number counts down to 0, one event per atom, keyed anew at each hop, counted per key. */
function cycle(hops: number, seen: Seen): Application {
  const counts = perKeyState('counts', 0);
  return application('cycle', (app) => {
    const turn = app.sequencer<number>();
    const back = app
      .workflow()
      .source(turn.stream)
      .key((left) => left % KEYS)
      .processor<number>((left, ctx) => {
        const count = counts.get(ctx) + 1;
        counts.set(ctx, count);
        seen.hops++;
        seen.last = count;
        if (left > 0) ctx.emit(left - 1);
      })
      .sink();
    app.connect(app.generators.signal(hops - 1), turn);
    app.connect(back, turn);
  });
}

/** Nothing but an object for each hop, through a ring buffer. */
async function plain({ hops }: CycleLoad): Promise<Run> {
  const ring = new PlainRing<PlainEvent>();
  let seen = 0;
  const ms = await timed(() => {
    ring.push(new PlainEvent(0, hops - 1));
    for (let event = ring.shift(); event !== undefined; event = ring.shift()) {
      seen++;
      if (event.value > 0) ring.push(new PlainEvent(0, event.value - 1));
    }
  });
  return { figures: { speed: perSecond(hops, ms) }, outcome: { hops: seen } };
}

/** The same work as the workflow does: it also takes a key and counts per key. */
async function plainWithCounts({ hops }: CycleLoad): Promise<Run> {
  const seen: Seen = { hops: 0, last: 0 };
  const ring = new PlainRing<PlainEvent>();
  const counts = new Map<number, number>();
  const ms = await timed(() => {
    ring.push(new PlainEvent((hops - 1) % KEYS, hops - 1));
    for (let event = ring.shift(); event !== undefined; event = ring.shift()) {
      const left = event.value;
      const count = (counts.get(event.key) ?? 0) + 1;
      counts.set(event.key, count);
      seen.hops++;
      seen.last = count;
      if (left > 0) ring.push(new PlainEvent((left - 1) % KEYS, left - 1));
    }
  });
  return runOf(ms, seen);
}

async function stepping({ hops }: CycleLoad): Promise<Run> {
  const seen: Seen = { hops: 0, last: 0 };
  const system = steppingSystem();
  system.launch(cycle(hops, seen));
  return runOf(await timed(() => system.stepUntilComplete()), seen);
}

async function running({ hops }: CycleLoad): Promise<Run> {
  const seen: Seen = { hops: 0, last: 0 };
  const system = await startSystem();
  system.launch(cycle(hops, seen));
  const ms = await timed(() => system.idle());
  await system.shutdown();
  return runOf(ms, seen);
}

/** The same program as one writes it for PortalsJS. */
async function throughPortalsjs({ hops }: CycleLoad): Promise<Run> {
  const seen: Seen = { hops: 0, last: 0 };
  const builder = PortalsJS.ApplicationBuilder('cycle');
  const turn = builder.sequencers.random<number>();
  const back = builder.workflows
    .source(turn.stream)
    .key((left) => left % KEYS)
    .processor<number>((ctx) => (left) => {
      const counts = PortalsJS.PerKeyState('counts', 0, ctx);
      const count = counts.get() + 1;
      counts.set(count);
      seen.hops++;
      seen.last = count;
      if (left > 0) ctx.emit(left - 1);
    })
    .sink()
    .freeze();
  builder.connections.connect(builder.generators.signal(hops - 1).stream, turn);
  builder.connections.connect(back.stream, turn);
  const system = PortalsJS.System();
  system.launch(builder.build());
  return runOf(await timed(() => system.stepUntilComplete()), seen);
}

export const cycleQuestion = question<CycleLoad>({
  name: 'cycle',
  asks: 'How many hops a second does an event make that goes round a cycle, alone in its atom?',
  method:
    'A number counts down to 0: through a sequencer, a workflow with a key and a task that counts per key (64 keys), and back. ' +
    'The plain loop passes one object for each hop through a ring buffer and does nothing else; the one with counts also takes a key and counts in a Map.',
  metrics: [{ name: 'speed', unit: 'hops/s', better: 'more' }],
  contenders: [
    { name: 'plain loop', run: plain, expects: ({ hops }) => ({ hops }) },
    { name: 'plain loop with counts', run: plainWithCounts, expects },
    { name: 'stepping system', run: stepping, expects },
    { name: 'running system', run: running, expects },
    { name: 'portalsjs', run: throughPortalsjs, expects },
  ],
  reference: 'plain loop',
  goals: [
    { contender: 'stepping system', metric: 'speed', timesThatOf: 'plain loop', atLeast: 0.25 },
    { contender: 'running system', metric: 'speed', timesThatOf: 'plain loop', atLeast: 0.25 },
    { contender: 'stepping system', metric: 'speed', atLeast: 10_000_000 },
    { contender: 'running system', metric: 'speed', atLeast: 10_000_000 },
    { contender: 'portalsjs', metric: 'speed', atLeast: 300 * PORTALSJS_SPEED },
  ],
  loads: { full: { hops: 4_000_000 }, warmUp: { hops: 400_000 }, quick: { hops: 2_000 } },
});
