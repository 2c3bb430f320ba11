/** How a sequencer chooses among the inputs that have an atom waiting. */

/** What a strategy may know beside who is ready. */
export interface SequencerTurn {
  /** The input that went last; -1 before the first. */
  readonly last: number;
  /** The priority with which an input was connected; 0 if none was given. */
  priority(input: number): number;
  /** A number from 0 up to but not including `bound`, from the seeded generator of the system. */
  random(bound: number): number;
}

/**
 * A strategy. It keeps no state of its own, so that a choice depends only on what it is told. Inputs are numbered in
 * the order in which they were connected; it is asked only when at least two are ready.
 *
 * @example
 * ```ts
 * import type { SequencerStrategy } from 'portico/dataflow';
 *
 * const newestFirst: SequencerStrategy = { name: 'newestFirst', choose: (ready) => Math.max(...ready) };
 * ```
 */
export interface SequencerStrategy {
  readonly name: string;
  /** One of `ready`, which is in no particular order. */
  choose(ready: readonly number[], turn: SequencerTurn): number;
}

/** Any ready input, each as likely as the others. */
export const random: SequencerStrategy = {
  name: 'random',
  choose: (ready, turn) => ready[turn.random(ready.length)] ?? -1,
};

/** The next ready input after the one that went last, in the order of connecting. */
export const roundRobin: SequencerStrategy = {
  name: 'roundRobin',
  choose: (ready, { last }) => {
    let next = Infinity;
    let lowest = Infinity;
    for (const input of ready) {
      if (input > last && input < next) next = input;
      if (input < lowest) lowest = input;
    }
    return next === Infinity ? lowest : next;
  },
};

/** The ready input with the highest priority; among equals the one that was connected first. */
export const priority: SequencerStrategy = {
  name: 'priority',
  choose: (ready, turn) => {
    let best = -1;
    let highest = -Infinity;
    for (const input of ready) {
      const its = turn.priority(input);
      if (best !== -1 && (its < highest || (its === highest && input > best))) continue;
      best = input;
      highest = its;
    }
    return best;
  },
};
