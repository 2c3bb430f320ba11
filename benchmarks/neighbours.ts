/** What an atom costs must not depend on what else exists, nor on what has been. */
import {
  ApplicationBuilder,
  perKeyState,
  steppingSystem,
  type Ingress,
  type SteppingSystem,
} from 'portico/dataflow';
import { timed } from './harness/clock.ts';
import { heapInUse } from './harness/heap.ts';
import { PlainEvent, PlainRing } from './harness/plain.ts';
import { question, type Contender, type Run } from './harness/question.ts';

interface NeighboursLoad extends Record<string, number> {
  /** Atoms that are measured. */
  atoms: number;
  idle: number;
  few: number;
  many: number;
  /** Atoms that enter from outside one by one. */
  sent: number;
  /** Atoms while memory is watched. */
  watched: number;
}

const KEYS = 64;

/** A counter that events go round in, one per atom, beside so many workflows that wait for something to happen. */
class Cycle {
  hops = 0;
  readonly system: SteppingSystem = steppingSystem();
  readonly #start: Ingress<number>;

  constructor(idle: number) {
    const counts = perKeyState('counts', 0);
    const neighbours = new ApplicationBuilder('neighbours');
    for (let i = 0; i < idle; i++) {
      neighbours
        .workflow()
        .source(neighbours.ingress<number>().stream)
        .key((n) => n)
        .map((n, ctx) => counts.update(ctx, (sum) => sum + n))
        .sink();
    }
    this.system.launch(neighbours.build());
    const app = new ApplicationBuilder('cycle');
    this.#start = app.ingress();
    const turn = app.sequencer<number>();
    const back = app
      .workflow()
      .source(turn.stream)
      .key((left) => left % KEYS)
      .processor<number>((left, ctx) => {
        counts.update(ctx, plusOne);
        this.hops++;
        if (left > 1) ctx.emit(left - 1);
      })
      .sink();
    app.connect(this.#start.stream, turn);
    app.connect(back, turn);
    this.system.launch(app.build());
  }

  /** One atom from outside, that becomes so many. */
  run(atoms: number): void {
    this.system.send(this.#start, atoms);
    this.system.stepUntilComplete();
  }

  /** So many atoms from outside, one event each. */
  send(atoms: number): void {
    for (let i = 0; i < atoms; i++) this.run(1);
  }
}

/** The same in plain JavaScript. */
class PlainCycle {
  hops = 0;
  readonly #counts = new Map<number, number>();
  readonly #ring = new PlainRing<PlainEvent>();

  run(atoms: number): void {
    const ring = this.#ring;
    const counts = this.#counts;
    ring.push(new PlainEvent(atoms % KEYS, atoms));
    for (let event = ring.shift(); event !== undefined; event = ring.shift()) {
      counts.set(event.key, plusOne(counts.get(event.key) ?? 0));
      this.hops++;
      if (event.value > 1) ring.push(new PlainEvent((event.value - 1) % KEYS, event.value - 1));
    }
  }

  send(atoms: number): void {
    for (let i = 0; i < atoms; i++) this.run(1);
  }
}

const plusOne = (n: number): number => n + 1;

const perAtom = (ms: number, atoms: number): number => (ms * 1e6) / atoms;

/** Measures atoms of a cycle after others have gone before, beside idle workflows. */
const cycling = (
  name: string,
  idleOf: (load: NeighboursLoad) => number,
  beforeOf: (load: NeighboursLoad) => number,
): Contender<NeighboursLoad> => ({
  name,
  run: async (load) => {
    const cycle = new Cycle(idleOf(load));
    cycle.run(beforeOf(load));
    const ms = await timed(() => {
      cycle.run(load.atoms);
    });
    return { figures: { cost: perAtom(ms, load.atoms) }, outcome: { hops: cycle.hops } };
  },
  expects: (load) => ({ hops: beforeOf(load) + load.atoms }),
});

/** Measures atoms that enter from outside one by one, after as many have gone before. */
const sending = (name: string, idleOf: (load: NeighboursLoad) => number): Contender<NeighboursLoad> => ({
  name,
  run: async (load) => {
    const cycle = new Cycle(idleOf(load));
    cycle.send(load.sent);
    const ms = await timed(() => {
      cycle.send(load.sent);
    });
    return { figures: { 'cost from outside': perAtom(ms, load.sent) }, outcome: { hops: cycle.hops } };
  },
  expects: ({ sent }) => ({ hops: 2 * sent }),
});

async function plain({ atoms, sent }: NeighboursLoad): Promise<Run> {
  const cycle = new PlainCycle();
  const cycling = await timed(() => {
    cycle.run(atoms);
  });
  const sending = await timed(() => {
    cycle.send(sent);
  });
  return {
    figures: { cost: perAtom(cycling, atoms), 'cost from outside': perAtom(sending, sent) },
    outcome: { hops: cycle.hops },
  };
}

async function watched(load: NeighboursLoad): Promise<Run> {
  const cycle = new Cycle(0);
  const step = Math.ceil(load.watched / 10);
  const kilobytes = [];
  for (let tenth = 1; tenth <= 10; tenth++) {
    cycle.run(step);
    kilobytes.push(heapInUse() / 1024);
  }
  const [first = NaN, , , , middle = NaN, , , , , last = NaN] = kilobytes;
  return {
    figures: {
      'heap after a tenth': first,
      'heap after a half': middle,
      'heap after all': last,
      'growth since a tenth': last - first,
    },
    outcome: { hops: cycle.hops },
  };
}

const none = (): number => 0;
const few = (load: NeighboursLoad): number => load.few;

export const neighboursQuestion = question<NeighboursLoad>({
  name: 'neighbours',
  asks: 'Does an atom cost the same whatever else exists, and however many came before it?',
  method:
    'One event per atom goes round a cycle, alone and beside 10,000 idle workflows, each with an ingress of its own; after 1,000 and after ' +
    '1,000,000 earlier atoms of the same system. Atoms sent from outside one by one, alone and beside the same. ' +
    'The heap in use, after a forced collection, while 10,000,000 atoms go round: after 1, 5 and 10 million.',
  metrics: [
    { name: 'cost', unit: 'ns/atom', better: 'less' },
    { name: 'cost from outside', unit: 'ns/atom', better: 'less' },
    { name: 'heap after a tenth', unit: 'KB', better: 'less' },
    { name: 'heap after a half', unit: 'KB', better: 'less' },
    { name: 'heap after all', unit: 'KB', better: 'less' },
    { name: 'growth since a tenth', unit: 'KB', better: 'less' },
  ],
  contenders: [
    { name: 'plain loop', run: plain, expects: ({ atoms, sent }) => ({ hops: atoms + sent }) },
    cycling('alone', none, few),
    cycling('beside 10,000 idle', ({ idle }) => idle, few),
    cycling('after 1,000,000 atoms', none, ({ many }) => many),
    sending('sent, alone', none),
    sending('sent, beside 10,000 idle', ({ idle }) => idle),
    {
      name: 'memory',
      nodeFlags: ['--expose-gc'],
      run: watched,
      expects: (load) => ({ hops: Math.ceil(load.watched / 10) * 10 }),
    },
  ],
  reference: 'plain loop',
  goals: [
    { contender: 'beside 10,000 idle', metric: 'cost', timesThatOf: 'alone', atMost: 1.2 },
    { contender: 'after 1,000,000 atoms', metric: 'cost', timesThatOf: 'alone', atMost: 1.2 },
    {
      contender: 'sent, beside 10,000 idle',
      metric: 'cost from outside',
      timesThatOf: 'sent, alone',
      atMost: 1.2,
    },
    { contender: 'memory', metric: 'growth since a tenth', atMost: 64 },
  ],
  loads: {
    full: { atoms: 2_000_000, idle: 10_000, few: 1_000, many: 1_000_000, sent: 200_000, watched: 10_000_000 },
    warmUp: { atoms: 500_000, idle: 100, few: 1_000, many: 1_000, sent: 50_000, watched: 500_000 },
    quick: { atoms: 500, idle: 100, few: 10, many: 1_000, sent: 50, watched: 1_000 },
  },
});
