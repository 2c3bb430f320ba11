// The sequencer, Q1–Q3, with streams but without a system around it.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { random, roundRobin, type SequencerStrategy } from 'portico/dataflow';
import { Atom, AtomPool, SEAL } from '../../src/engine/atom.ts';
import { Backlog } from '../../src/engine/backlog.ts';
import { Random } from '../../src/engine/random.ts';
import { FairReady } from '../../src/engine/ready.ts';
import { SequencerRuntime } from '../../src/engine/sequencer.ts';
import { AtomicStream, type Consumer, type Cursor } from '../../src/engine/stream.ts';

/** A sequencer with some inputs, and all that came out of it so far. */
class Bench {
  readonly pool = new AtomPool();
  readonly backlog = new Backlog(16);
  readonly ready = new FairReady();
  readonly sequencer: SequencerRuntime;
  readonly inputs: AtomicStream[] = [];
  readonly cursors: Cursor[] = [];
  readonly #out: Cursor;

  constructor(inputs: number, strategy: SequencerStrategy, seed = 1) {
    const stream = new AtomicStream('/q/stream', this.pool, false);
    this.sequencer = new SequencerRuntime('/q', stream, strategy, {
      ready: this.ready,
      random: new Random(seed),
      pool: this.pool,
      backlog: this.backlog,
    });
    this.#out = stream.attach({ arrived: () => undefined });
    for (let i = 0; i < inputs; i++) this.connect(0);
  }

  connect(priority: number, goesRound = false): void {
    const stream = new AtomicStream(`/in${this.inputs.length}`, this.pool, false, this.backlog);
    this.inputs.push(stream);
    this.cursors.push(this.sequencer.connect(stream, priority, goesRound));
  }

  append(input: number, ...values: readonly unknown[]): void {
    const atom = this.pool.take();
    for (const value of values) atom.push('k', value);
    this.inputs[input]?.append(atom);
  }

  /** Lets it run, as a partition does. */
  run(steps = Infinity): void {
    for (let i = 0; i < steps; i++) {
      const entity = this.ready.take();
      if (entity === undefined) return;
      if (entity.run()) this.ready.add(entity);
    }
  }

  /** The values of the atoms that came out since last time. */
  taken(): unknown[][] {
    const atoms: unknown[][] = [];
    while (this.#out.waiting) {
      const { values, n } = this.#out.peek() as Atom;
      atoms.push(values.slice(0, n));
      this.#out.advance();
    }
    return atoms;
  }
}

/** Names the input that goes next, whether or not it is ready. */
const always = (input: number): SequencerStrategy => ({ name: 'always', choose: () => input });

describe('a sequencer', () => {
  it('passes on every atom that has events, once, in the order of its input (Q1)', () => {
    const step = fc.oneof(
      fc.tuple(fc.constant('append'), fc.nat(3), fc.nat(2)),
      fc.tuple(fc.constant('run'), fc.nat(3), fc.constant(0)),
    );
    fc.assert(
      fc.property(
        fc.array(step),
        fc.constantFrom(random, roundRobin),
        fc.integer(),
        (steps, strategy, seed) => {
          const bench = new Bench(4, strategy, seed);
          const given: unknown[][] = [[], [], [], []];
          const came: unknown[][] = [[], [], [], []];
          let made = 0;
          const collect = (): void => {
            for (const [first, ...rest] of bench.taken()) {
              const [input, number] = first as [number, number];
              came[input]?.push([number, rest.length]);
            }
          };
          for (const [what, number, more] of steps) {
            if (what === 'run') bench.run(number);
            else {
              const events = Array.from({ length: more }, () => [number, made]);
              bench.append(number, ...events);
              if (more > 0) given[number]?.push([made, more - 1]);
              made++;
            }
            collect();
          }
          bench.run();
          collect();
          expect(came).toEqual(given);
          expect(bench.inputs.map(({ backlog }) => backlog)).toEqual([0, 0, 0, 0]);
        },
      ),
    );
  });

  it('asks its strategy whenever two inputs are ready, and does what it says', () => {
    const asked: number[][] = [];
    const last: SequencerStrategy = {
      name: 'last',
      choose: (ready, turn) => {
        asked.push([turn.last, ...ready.toSorted((a, b) => a - b)]);
        return Math.max(...ready);
      },
    };
    const bench = new Bench(3, last);
    bench.append(0, 'a');
    bench.append(1, 'b');
    bench.append(2, 'c');
    bench.append(2, 'd');
    bench.run();
    expect(bench.taken()).toEqual([['c'], ['d'], ['b'], ['a']]);
    expect(asked).toEqual([
      [-1, 0, 1, 2],
      [2, 0, 1, 2],
      [2, 0, 1],
    ]);
  });

  it('tells its strategy the priority of each input, and draws from the seeded generator', () => {
    const bench = new Bench(1, {
      name: 'curious',
      choose: (ready, turn) => {
        expect([turn.priority(0), turn.priority(1), turn.priority(9)]).toEqual([0, 5, 0]);
        expect(turn.random(10)).toSatisfy((n: number) => n >= 0 && n < 10);
        return ready[0] ?? -1;
      },
    });
    bench.connect(5);
    bench.append(0, 'a');
    bench.append(1, 'b');
    bench.run();
    expect(bench.taken()).toHaveLength(2);
    expect.assertions(3);
  });

  it('swallows atoms without events, and never ends (Q2)', () => {
    const bench = new Bench(1, random);
    bench.append(0);
    const seal = new Atom();
    seal.push('k', 'last');
    seal.end = SEAL;
    bench.inputs[0]?.append(seal);
    const empty = new Atom();
    empty.end = SEAL;
    bench.inputs[0]?.append(empty);
    const ends: number[] = [];
    bench.sequencer.stream.attach({ arrived: (cursor) => ends.push((cursor.peek() as Atom).end) });
    bench.run();
    expect(bench.taken()).toEqual([['last']]);
    expect(ends).toEqual([0]);
  });

  it('takes what goes round before what comes, as long as the backlog is crowded (Q5)', () => {
    const bench = new Bench(0, random);
    bench.connect(0, true);
    bench.connect(0);
    for (const value of ['a', 'b', 'c', 'd']) bench.append(0, value);
    for (const value of ['x', 'y', 'z']) bench.append(1, value);
    expect(bench.backlog.events).toBe(7);
    expect([bench.backlog.look(), bench.backlog.crowded]).toEqual([true, true]);
    bench.run(4);
    expect(bench.taken().flat()).toEqual(['a', 'b', 'c', 'd']);
    // What waits outside may come when nothing goes round.
    bench.run();
    expect(bench.taken().flat()).toEqual(['x', 'y', 'z']);
    expect([bench.backlog.look(), bench.backlog.crowded, bench.backlog.events]).toEqual([true, false, 0]);
  });

  it('hands an atom straight to a sole reader that accepts it (Q3)', () => {
    const pool = new AtomPool();
    const ready = new FairReady();
    const stream = new AtomicStream('/q/stream', pool, false);
    const sequencer = new SequencerRuntime('/q', stream, random, {
      ready,
      random: new Random(1),
      pool,
      backlog: new Backlog(16),
    });
    const input = new AtomicStream('/in', pool, false);
    const cursor = sequencer.connect(input, 0, false);
    const accepted: unknown[] = [];
    let accepts = true;
    const reader: Consumer = {
      arrived: () => expect.unreachable('it is handed over'),
      accept: ({ values }) => {
        if (accepts) accepted.push(values[0]);
        return accepts;
      },
    };
    stream.attach(reader);
    const send = (value: string): void => {
      const atom = pool.take();
      atom.push('k', value);
      input.append(atom);
    };
    send('a');
    send('b');
    expect([sequencer.run(), sequencer.run()]).toEqual([true, false]);
    expect([accepted, stream.atoms, stream.events, stream.backlog]).toEqual([['a', 'b'], 2, 2, 0]);
    // What is not accepted stays with the input.
    accepts = false;
    send('c');
    expect(sequencer.run()).toBe(false);
    expect([cursor.waiting, stream.atoms]).toEqual([true, 2]);
  });

  it('forgets an input that is taken away, and what waits there', () => {
    const bench = new Bench(3, roundRobin);
    for (const input of [0, 1, 2]) bench.append(input, input);
    bench.sequencer.disconnect(bench.cursors[1] as Cursor);
    bench.run();
    expect(bench.taken()).toEqual([[0], [2]]);
    expect(bench.inputs[1]?.backlog).toBe(0);
    bench.append(0, 'more');
    bench.sequencer.disconnect(bench.cursors[0] as Cursor);
    expect(bench.ready.size).toBe(0);
    bench.append(2, 'still here');
    bench.run();
    expect(bench.taken()).toEqual([['still here']]);
  });

  it.each([
    ['chooses an input that is not ready', always(7), 'its strategy always chose'],
    [
      'throws',
      {
        name: 'broken',
        choose: () => {
          throw new Error('no idea');
        },
      },
      'its strategy broken threw: no idea',
    ],
  ])('says so if its strategy %s', (_, strategy, message) => {
    const bench = new Bench(2, strategy);
    bench.append(0, 'a');
    bench.append(1, 'b');
    expect(() => bench.run()).toThrow(message);
    expect(() => bench.run()).not.toThrow();
  });
});
