/**
 * A simulated platform: an event loop, timers, entropy and a log that a test holds in its hand.
 *
 * V1. Callbacks run one at a time, in the order in which they were scheduled; timers in the order in which they are due.
 * V2. Between two callbacks every promise that can go on does so. Thus what a test awaits takes part in the run.
 * V3. Time moves only in `advance`, and stands still while anything runs.
 */
import { Random } from '../engine/random.ts';
import { platformHost, type Host, type LogRecord } from '../host.ts';

export interface VirtualHostOptions {
  /** Where its entropy comes from. 1 if not given. */
  readonly seed?: number;
  /** The time at which it begins. 0 if not given. */
  readonly startMs?: number;
}

/** A host for tests: it runs only when told to, and the same way each time. */
export interface VirtualHost extends Host {
  /** All lines of the log so far. */
  readonly records: readonly LogRecord[];
  /** Runs until nothing is scheduled any more at the present time. A program that never comes to rest never ends this. */
  run(): Promise<void>;
  /** Runs, and lets this much time pass: each timer that falls due on the way fires at its own time. */
  advance(ms: number): Promise<void>;
}

/**
 * A host in which the event loop, timers and entropy are simulated.
 *
 * @example
 * ```ts
 * import { application, startSystem } from 'portico/dataflow';
 * import { virtualHost } from 'portico/testing';
 *
 * const app = application('reminder', (app) => {
 *   app.workflow().source(app.generators.signal('tea'))
 *     .processor<string>((what, ctx) => void ctx.after(60_000, what))
 *     .withOnTimer<string>((what, ctx) => ctx.emit(`${what} is ready`))
 *     .logger()
 *     .sink();
 * });
 * const host = virtualHost();
 * await using system = await startSystem({ applications: [app], host });
 * await host.advance(60_000);
 * console.log(host.records.map(({ value }) => value)); // [ 'tea is ready' ]
 * ```
 */
export function virtualHost(options: VirtualHostOptions = {}): VirtualHost {
  const { seed = 1, startMs = 0 } = options;
  const random = new Random(seed);
  const records: LogRecord[] = [];
  const scheduled: (() => void)[] = [];
  const timers = new Set<{ readonly dueMs: number; readonly wake: () => void }>();
  let nowMs = startMs;

  /** The timer that is due first, if any is due by then. */
  const firstDue = (byMs: number) => {
    let first: { readonly dueMs: number; readonly wake: () => void } | undefined;
    for (const timer of timers) {
      if (timer.dueMs <= byMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer;
    }
    return first;
  };

  const take = (): (() => void) | undefined => {
    const resume = scheduled.shift();
    if (resume !== undefined) return resume;
    const timer = firstDue(nowMs);
    if (timer !== undefined) timers.delete(timer);
    return timer?.wake;
  };

  const run = async (): Promise<void> => {
    await promises();
    for (let next = take(); next !== undefined; next = take()) {
      next();
      await promises();
    }
  };

  return {
    records,
    now: () => nowMs,
    entropy: () => random.below(0x1_0000_0000) >>> 0,
    yield: (resume) => {
      scheduled.push(resume);
    },
    after: (delayMs, wake) => {
      const timer = { dueMs: nowMs + Math.max(0, delayMs), wake };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    log: (record) => {
      records.push(record);
    },
    run,
    advance: async (ms) => {
      if (!(ms >= 0)) throw new RangeError(`time cannot move by ${ms} ms; give a number from 0 up`);
      await run();
      const untilMs = nowMs + ms;
      for (let timer = firstDue(untilMs); timer !== undefined; timer = firstDue(untilMs)) {
        nowMs = timer.dueMs;
        await run();
      }
      nowMs = untilMs;
    },
  };
}

/** V2. The platform goes on to its next task only when no promise is left that could. */
function promises(): Promise<void> {
  return new Promise((resolve) => {
    platform.yield(resolve);
  });
}

const platform = platformHost();
