// The strategies of sequencers: which of the inputs that are ready goes next.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priority, random, roundRobin, type SequencerTurn } from 'portico/dataflow';

const turn = (replaced: Partial<SequencerTurn> = {}): SequencerTurn => ({
  last: -1,
  priority: () => 0,
  random: () => 0,
  ...replaced,
});

/** At least one input, in no order. */
const inputs = fc.uniqueArray(fc.nat(9), { minLength: 1 });

describe('a strategy', () => {
  it.each([random, roundRobin, priority])('chooses one of those that are ready ($name)', (strategy) => {
    fc.assert(
      fc.property(
        inputs,
        fc.integer({ min: -1, max: 9 }),
        fc.func(fc.nat(3)),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (ready, last, priorityOf, share) => {
          const chosen = strategy.choose(
            ready,
            turn({ last, priority: priorityOf, random: (bound) => Math.floor(share * bound) }),
          );
          expect(ready).toContain(chosen);
        },
      ),
    );
  });
});

describe('random', () => {
  it('leaves it to the generator', () => {
    const chosen = [0, 1, 2].map((n) => random.choose([4, 2, 7], turn({ random: (bound) => n % bound })));
    expect(chosen).toEqual([4, 2, 7]);
  });
});

describe('roundRobin', () => {
  it('goes on with the next after the last one, and then from the first again', () => {
    const ready = [3, 0, 5];
    const chosen = [-1, 0, 1, 3, 4, 5, 9].map((last) => roundRobin.choose(ready, turn({ last })));
    expect(chosen).toEqual([0, 3, 3, 5, 5, 0, 0]);
  });

  it('lets nobody wait for more turns than there are inputs', () => {
    fc.assert(
      fc.property(inputs, fc.array(inputs, { minLength: 12, maxLength: 12 }), (always, others) => {
        const [waits = 0] = always;
        let last = -1;
        const chosen = others.map((also) => {
          last = roundRobin.choose([...new Set([...also, waits])], turn({ last }));
          return last;
        });
        // Ten inputs there are at most, and it is ready all the time.
        expect(chosen.slice(0, 10)).toContain(waits);
      }),
    );
  });
});

describe('priority', () => {
  it('takes the highest, and among equals the one that was connected first', () => {
    fc.assert(
      fc.property(inputs, fc.func(fc.integer({ min: -2, max: 2 })), (ready, priorityOf) => {
        const best = Math.max(...ready.map((input) => priorityOf(input)));
        const first = Math.min(...ready.filter((input) => priorityOf(input) === best));
        expect(priority.choose(ready, turn({ priority: priorityOf }))).toBe(first);
      }),
    );
  });

  it('takes priorities that are not finite as they are', () => {
    const of = [-Infinity, 0, Infinity, Infinity];
    const chosen = priority.choose([0, 1, 3, 2], turn({ priority: (input) => of[input] ?? 0 }));
    expect(chosen).toBe(2);
    expect(priority.choose([1, 0], turn({ priority: () => -Infinity }))).toBe(0);
  });
});
