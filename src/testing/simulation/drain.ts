/**
 * How everything goes on that can before the next callback of a simulated world has its turn.
 *
 * DR1. A promise that can go on does so first, and each that it lets go on as well.
 * DR2. What it needs of the platform it has taken when it was loaded: somebody may forbid the platform's clock and timers later.
 * DR3. Now and then the platform has its turn as well, for what it does aside.
 */
import { platformHost } from '../../host.ts';

/** A queue of Node. What a promise puts there is served when no promise is left that can go on, before the event loop goes round. */
interface Ticks {
  readonly process?: { readonly nextTick?: (resume: () => void) => void };
  readonly setImmediate?: (resume: () => void) => void;
}

// DR2.
// oxlint-disable-next-line no-restricted-globals -- a clock, timers and entropy are not what is taken here
const { process, setImmediate } = globalThis as unknown as Ticks;
const nextTick = process?.nextTick;
const host = platformHost();

const TICKS = 256;
let ticks = 0;

/** DR1. */
export function promises(): Promise<void> {
  if (nextTick === undefined || setImmediate === undefined || ++ticks % TICKS === 0) return platformTurn();
  return new Promise((resolve) => {
    nextTick(resolve);
  });
}

/** The same, and all else that the platform has to do. */
export function platformTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (setImmediate === undefined) host.yield(resolve);
    else setImmediate(resolve);
  });
}
