// The heap of what waits for the clock, against a sorted list.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Timed, Timers } from '../../src/engine/timers.ts';

class Bell extends Timed {
  readonly owner: string = '/bell';
  readonly #ring: (bell: Bell) => void;

  constructor(ring: (bell: Bell) => void) {
    super();
    this.#ring = ring;
  }

  fire(): void {
    this.#ring(this);
  }
}

/** Few times, so that many are equal. */
const time = fc.nat(20);
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set'), at: time }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel'), at: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fire'), at: time }) },
);

describe('timers', () => {
  it('fire when they are due, earlier ones first, and equal ones in the order of setting', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const timers = new Timers();
        const fired: Bell[] = [];
        const bells: Bell[] = [];
        let waiting: { bell: Bell; dueMs: number }[] = [];
        for (const { do: what, at } of commands) {
          let due: Bell[] = [];
          fired.length = 0;
          if (what === 'set') {
            const bell = new Bell((rung) => fired.push(rung));
            timers.set(bell, at);
            bells.push(bell);
            waiting.push({ bell, dueMs: at });
          } else if (what === 'cancel') {
            const bell = bells[at];
            if (bell === undefined) continue;
            timers.cancel(bell);
            waiting = waiting.filter((entry) => entry.bell !== bell);
          } else {
            timers.fireUntil(at);
            due = waiting
              .filter(({ dueMs }) => dueMs <= at)
              .toSorted((a, b) => a.dueMs - b.dueMs)
              .map(({ bell }) => bell);
            waiting = waiting.filter(({ dueMs }) => dueMs > at);
          }
          expect(fired).toEqual(due);
          expect(timers.size).toBe(waiting.length);
          expect(timers.nextMs).toBe(Math.min(Infinity, ...waiting.map(({ dueMs }) => dueMs)));
          expect(new Set(timers.waiting())).toEqual(new Set(waiting.map(({ bell }) => bell)));
          for (const bell of bells)
            expect(bell.slot === -1).toBe(!waiting.some((entry) => entry.bell === bell));
        }
      }),
    );
  });

  it('leave nothing behind when they are cancelled, in whatever order', () => {
    fc.assert(
      fc.property(
        fc.array(time, { minLength: 1, maxLength: 50 }),
        fc.infiniteStream(fc.nat()),
        (times, choices) => {
          const timers = new Timers();
          const left = times.map((at) => {
            const bell = new Bell(() => expect.unreachable('it was cancelled'));
            timers.set(bell, at);
            return bell;
          });
          while (left.length > 0) {
            const [bell] = left.splice((choices.next().value as number) % left.length, 1);
            if (bell !== undefined) timers.cancel(bell);
          }
          timers.fireUntil(Infinity);
          expect([timers.size, timers.nextMs]).toEqual([0, Infinity]);
        },
      ),
    );
  });

  it('may be set and cancelled while others fire', () => {
    const timers = new Timers();
    const order: string[] = [];
    const late = new Bell(() => order.push('late'));
    const doomed = new Bell(() => order.push('doomed'));
    const first = new Bell(() => {
      order.push('first');
      timers.cancel(doomed);
      timers.set(late, 2);
    });
    timers.set(doomed, 2);
    timers.set(first, 1);
    timers.fireUntil(5);
    expect(order).toEqual(['first', 'late']);
  });

  it('can be set again once they have fired or were cancelled', () => {
    const timers = new Timers();
    let rung = 0;
    const bell = new Bell(() => rung++);
    timers.set(bell, 1);
    timers.fireUntil(1);
    timers.set(bell, 2);
    timers.cancel(bell);
    timers.cancel(bell);
    timers.set(bell, 3);
    timers.fireUntil(2);
    expect(rung).toBe(1);
    timers.fireUntil(3);
    expect([rung, timers.size]).toEqual([2, 0]);
  });
});
