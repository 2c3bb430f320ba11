/** A ring of many: the price of passing an event on, between tasks, between workflows and through sequencers. */
import {
  ApplicationBuilder,
  steppingSystem,
  type Application,
  type ProcessorContext,
  type Stream,
} from 'portico/dataflow';
import { perSecond, timed } from './harness/clock.ts';
import { PlainEvent, PlainRing } from './harness/plain.ts';
import { question, type Contender, type Run } from './harness/question.ts';

interface RingLoad extends Record<string, number> {
  hops: number;
}

/** Members of the ring. */
const LENGTH = 64;

interface Seen {
  hops: number;
}

type Member = (left: number, ctx: ProcessorContext<number>) => void;

/** What every member does: counts the event down and passes it on. */
const memberOf =
  (seen: Seen): Member =>
  (left, ctx) => {
    seen.hops++;
    if (left > 1) ctx.emit(left - 1);
  };

/** One workflow with all members as tasks, and a sequencer that closes the ring. */
function ringOfTasks(hops: number, seen: Seen): Application {
  const app = new ApplicationBuilder('ring');
  const entry = app.sequencer<number>();
  let flow = app.workflow().source(entry.stream).processor(memberOf(seen));
  for (let i = 1; i < LENGTH; i++) flow = flow.processor(memberOf(seen));
  app.connect(app.generators.signal(hops), entry);
  app.connect(flow.sink(), entry);
  return app.build();
}

/** A workflow for each member, each reading the one before, and one sequencer that closes the ring. */
function ringOfWorkflows(hops: number, seen: Seen): Application {
  const app = new ApplicationBuilder('ring');
  const entry = app.sequencer<number>();
  let stream: Stream<number> = entry.stream;
  for (let i = 0; i < LENGTH; i++) stream = app.workflow().source(stream).processor(memberOf(seen)).sink();
  app.connect(app.generators.signal(hops), entry);
  app.connect(stream, entry);
  return app.build();
}

/** A workflow and a sequencer for each member. */
function ringOfSequencers(hops: number, seen: Seen): Application {
  const app = new ApplicationBuilder('ring');
  const first = app.sequencer<number>();
  let before = first;
  for (let i = 0; i < LENGTH; i++) {
    const after = i === LENGTH - 1 ? first : app.sequencer<number>();
    app.connect(app.workflow().source(before.stream).processor(memberOf(seen)).sink(), after);
    before = after;
  }
  app.connect(app.generators.signal(hops), first);
  return app.build();
}

const expects = ({ hops }: RingLoad): Run['outcome'] => ({ hops });

const ring = (name: string, write: (hops: number, seen: Seen) => Application): Contender<RingLoad> => ({
  name,
  run: async ({ hops }) => {
    const seen = { hops: 0 };
    const system = steppingSystem();
    system.launch(write(hops, seen));
    const ms = await timed(() => system.stepUntilComplete());
    return { figures: { speed: perSecond(hops, ms) }, outcome: { hops: seen.hops } };
  },
  expects,
});

/** Each member is a function with a ring buffer that it reads. */
async function plain({ hops }: RingLoad): Promise<Run> {
  const seen = { hops: 0 };
  const rings = Array.from({ length: LENGTH }, () => new PlainRing<PlainEvent>());
  const ms = await timed(() => {
    rings[0]?.push(new PlainEvent(0, hops));
    for (let at = 0; seen.hops < hops; at = (at + 1) % LENGTH) {
      const event = rings[at]?.shift();
      if (event === undefined) continue;
      seen.hops++;
      if (event.value > 1) rings[(at + 1) % LENGTH]?.push(new PlainEvent(0, event.value - 1));
    }
  });
  return { figures: { speed: perSecond(hops, ms) }, outcome: { hops: seen.hops } };
}

export const ringQuestion = question<RingLoad>({
  name: 'ring',
  asks: 'How many hops a second does one event make around a ring of 64 tasks, workflows, or workflows with sequencers?',
  method:
    'A number is counted down by each member and passed on to the next, alone in its atom. As tasks of one workflow, as workflows that read ' +
    'each other, and with a sequencer before each. The plain loop has a ring buffer for each member.',
  metrics: [{ name: 'speed', unit: 'hops/s', better: 'more' }],
  contenders: [
    { name: 'plain loop', run: plain, expects },
    ring('64 tasks', ringOfTasks),
    ring('64 workflows', ringOfWorkflows),
    ring('64 workflows, 64 sequencers', ringOfSequencers),
  ],
  reference: 'plain loop',
  goals: [],
  loads: { full: { hops: 4_000_000 }, warmUp: { hops: 400_000 }, quick: { hops: 1_000 } },
});
