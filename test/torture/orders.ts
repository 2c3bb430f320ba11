// What a client orders, by number, and in which form its key is.

/** An order, as it is sent. All but the attempt is the same each time. */
export interface Order {
  readonly n: number;
  /** `count` has a text as its key, `number` a client and a number; `draw` is an ask. */
  readonly type: 'count' | 'number' | 'draw' | 'pay' | 'later' | 'move';
  readonly who: string;
  readonly to: string;
  readonly amount: number;
}

/** What is said to the process, a line each. */
export type Word =
  { readonly say: 'open' } | { readonly say: 'stop' } | (Order & { readonly attempt: number });

/** What it says, a line each. */
export type Heard =
  | { readonly heard: 'loaded'; readonly pid: number }
  | { readonly heard: 'ready'; readonly run: number }
  /** Acknowledged; a draw with what was drawn. */
  | { readonly heard: 'ack'; readonly n: number; readonly attempt: number; readonly draw?: number }
  | { readonly heard: 'refused'; readonly n: number; readonly code: string }
  | { readonly heard: 'log'; readonly text: string }
  /** Why it is over. */
  | { readonly heard: 'ended'; readonly code: string; readonly message: string };

/** A generator of numbers below a bound, the same each time. */
export function chances(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}
