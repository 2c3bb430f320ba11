// The ready lists, R1 and R2, against arrays that are searched.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/engine/random.ts';
import { FairReady, RankedReady, type Rank, type Ready, type Runnable } from '../../src/engine/ready.ts';

class Entity implements Runnable {
  readonly rank: Rank;
  readonly name: number;
  place = -1;

  constructor(rank: Rank, name: number) {
    this.rank = rank;
    this.name = name;
  }

  run(): boolean {
    return false;
  }
}

const RANKS: readonly Rank[] = [0, 1, 2, 3, 4];
/** More than a ring holds before it grows. */
const MANY = 150;

const program = fc.record({
  ranks: fc.array(fc.constantFrom(...RANKS), { minLength: 1, maxLength: MANY }),
  seed: fc.integer(),
  commands: fc.array(fc.tuple(fc.constantFrom('add', 'add', 'add', 'take', 'remove'), fc.nat(MANY)), {
    maxLength: 400,
  }),
});

/** Runs a program; `isNext` says whether this one of those that wait, oldest first, may be taken. */
function follow(
  ready: Ready,
  { ranks, commands }: { ranks: readonly Rank[]; commands: readonly (readonly [string, number])[] },
  isNext: (taken: Entity, waiting: readonly Entity[]) => boolean,
): void {
  const entities = ranks.map((rank, i) => new Entity(rank, i));
  let waiting: Entity[] = [];
  for (const [what, number] of commands) {
    const entity = entities[number % entities.length] as Entity;
    let right = true;
    if (what === 'take') {
      const taken = ready.take() as Entity | undefined;
      right = taken === undefined ? waiting.length === 0 : waiting.includes(taken) && isNext(taken, waiting);
      waiting = waiting.filter((each) => each !== taken);
    } else if (what === 'remove') {
      ready.remove(entity);
      waiting = waiting.filter((each) => each !== entity);
    } else {
      ready.add(entity);
      // R1.
      if (!waiting.includes(entity)) waiting.push(entity);
    }
    expect([right, ready.size]).toEqual([true, waiting.length]);
    for (const each of entities) expect(each.place === -1).toBe(!waiting.includes(each));
  }
  for (let left = waiting.length; left > 0; left--) expect(ready.take()).toBeDefined();
  expect([ready.take(), ready.size]).toEqual([undefined, 0]);
}

describe('the ready list of the stepping system', () => {
  it('takes one of the first class in which someone is ready, and each once', () => {
    fc.assert(
      fc.property(program, (made) => {
        follow(new RankedReady(new Random(made.seed)), made, (taken, waiting) =>
          waiting.every(({ rank }) => rank >= taken.rank),
        );
      }),
    );
  });

  it('takes each of a class about as often as the others', () => {
    const ready = new RankedReady(new Random(1));
    const entities = [0, 1, 2, 3].map((name) => new Entity(1, name));
    const times = [0, 0, 0, 0];
    for (let i = 0; i < 4_000; i++) {
      for (const entity of entities) ready.add(entity);
      const taken = ready.take() as Entity;
      times[taken.name] = (times[taken.name] ?? 0) + 1;
    }
    for (const each of times) expect(each).toSatisfy((n: number) => n > 850 && n < 1_150);
  });

  it('takes the same ones for the same seed', () => {
    const run = (seed: number): number[] => {
      const ready = new RankedReady(new Random(seed));
      for (let name = 0; name < 50; name++) ready.add(new Entity(2, name));
      return Array.from({ length: 50 }, () => (ready.take() as Entity).name);
    };
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
  });

  it('knows whether someone of the same or an earlier class is ready', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...RANKS)), fc.constantFrom(...RANKS), (ranks, rank) => {
        const ready = new RankedReady(new Random(1));
        ranks.forEach((each, i) => ready.add(new Entity(each, i)));
        expect(ready.before(new Entity(rank, 99))).toBe(ranks.some((each) => each <= rank));
      }),
    );
  });
});

describe('the ready list of the running system', () => {
  it('takes who has waited longest, whatever its class', () => {
    fc.assert(
      fc.property(program, (made) => {
        follow(new FairReady(), made, (taken, waiting) => taken === waiting[0]);
      }),
    );
  });

  it('gives everyone a turn before anyone has a second one', () => {
    const ready = new FairReady();
    for (let name = 0; name < MANY; name++) ready.add(new Entity(RANKS[name % 5] ?? 0, name));
    const round = (): number[] =>
      Array.from({ length: MANY }, () => {
        const entity = ready.take() as Entity;
        ready.add(entity);
        return entity.name;
      });
    expect(round()).toEqual(Array.from({ length: MANY }, (_, name) => name));
    expect(round()).toEqual(Array.from({ length: MANY }, (_, name) => name));
  });

  it('knows whether anyone waits', () => {
    const ready = new FairReady();
    expect(ready.before()).toBe(false);
    ready.add(new Entity(4, 0));
    expect(ready.before()).toBe(true);
  });
});
