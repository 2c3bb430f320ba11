/** The stepping system: everything happens within a call, one step at a time, the same way for the same seed. */
import type { PorticoError } from '../errors.ts';
import { Partition } from '../engine/partition.ts';
import type { Application } from '../graph/application.ts';
import type { Ingress, Stream } from '../graph/handles.ts';
import { manualClock, platformHost, type Clock, type LogRecord } from '../host.ts';
import {
  aFunction,
  anObject,
  atLeast,
  guardedClock,
  guardedLog,
  has,
  refuse,
  wholeNumber,
} from './guards.ts';
import {
  deadLettersOf,
  launchInto,
  outsideTurns,
  sendInto,
  stopIn,
  subscribeTo,
  systemFailed,
  wrong,
  type ApplicationRef,
  type DeadLetterBox,
  type SubscriberOf,
} from './operations.ts';

export interface SteppingOptions {
  /** Decides every choice that the program leaves open. 1 if not given. */
  readonly seed?: number;
  /** Stands still if not given; see `manualClock`. */
  readonly clock?: Clock;
  /** Where lines of the log go. To the console if not given. */
  readonly log?: (record: LogRecord) => void;
  /** Freezes values of state, so that a change in place is found at once. True if not given. */
  readonly strict?: boolean;
  /** How many dead letters are kept. 10,000 if not given. */
  readonly deadLetterLimit?: number;
}

/**
 * A system that runs only when told to: for tests, for simulations, for learning. Each atom that a generator makes is
 * driven to rest before the next one is made.
 *
 * @example
 * ```ts
 * import { application, steppingSystem } from 'portico/dataflow';
 *
 * const system = steppingSystem({ seed: 7 });
 * system.launch(application('hello', (app) => {
 *   app.workflow().source(app.generators.signal('Hello')).logger().sink();
 * }));
 * system.stepUntilComplete();
 * system.shutdown();
 * ```
 */
export function steppingSystem(options: SteppingOptions = {}): SteppingSystem {
  return new SteppingSystem(options);
}

function printed(record: LogRecord): void {
  platformHost().log(record);
}

export class SteppingSystem {
  /** @internal */
  readonly partition: Partition;
  /** What was set aside. */
  readonly deadLetters: DeadLetterBox;
  #down = false;

  constructor(options: SteppingOptions) {
    refuse('steppingSystem', anObject('options', options));
    const {
      seed = 1,
      clock = manualClock(),
      log = printed,
      strict = true,
      deadLetterLimit = 10_000,
    } = options;
    refuse('steppingSystem', [
      ...wholeNumber('seed', seed),
      ...has('clock', clock, ['now']),
      ...aFunction('log', log),
      ...atLeast('deadLetterLimit', deadLetterLimit, 0),
    ]);
    const print = guardedLog(log);
    this.partition = new Partition({
      seed,
      clock: guardedClock(clock),
      order: 'ranked',
      strict,
      deadLetterLimit,
      log: (level, name, path, value) => print({ level, name, path, value }),
    });
    this.deadLetters = deadLettersOf(
      this.partition,
      (what) => {
        this.#usable(what);
      },
      () => undefined,
    );
  }

  /** Launches an application. Throws everything that is wrong with it in one error; then nothing of it runs. */
  launch(application: Application): void {
    this.#usable('launch');
    launchInto(this.partition, application);
  }

  /** Stops an application that no other one needs. */
  stop(application: ApplicationRef): void {
    this.#usable('stop');
    stopIn(this.partition, application);
  }

  /** Lets an atom with these values enter. */
  send<T>(ingress: Ingress<T>, ...values: readonly T[]): void {
    this.#usable('send');
    sendInto(this.partition, ingress, values);
  }

  /** Calls `subscriber` for each event of a stream; the returned function ends that. */
  subscribe<T>(
    stream: Stream<T>,
    subscriber: SubscriberOf<T>,
    options: { readonly from?: 'end' | 'start' } = {},
  ): () => void {
    this.#usable('subscribe');
    return subscribeTo(this.partition, stream, subscriber, options);
  }

  /** Whether a step can be made now. What waits for the clock does not count. */
  canStep(): boolean {
    outsideTurns(this.partition, 'canStep');
    return !this.#down && this.partition.runnable;
  }

  /** One step: one atom of one workflow, sequencer, splitter or generator, or one pass of a portal. */
  step(): void {
    this.#usable('step');
    if (!this.partition.runnable) {
      throw wrong(
        'system/nothing-to-do',
        'step',
        'nothing can run now',
        'Ask canStep() first, or move the clock',
      );
    }
    this.#run(1);
  }

  /** Steps until nothing can run, and returns how many steps that took. More than `maxSteps` are an error. */
  stepUntilComplete(maxSteps: number = Infinity): number {
    this.#usable('stepUntilComplete');
    refuse('stepUntilComplete', atLeast('maxSteps', maxSteps, 0));
    let steps = 0;
    while (steps < maxSteps && this.partition.runnable) steps += this.#run(maxSteps - steps);
    if (this.partition.runnable) {
      const cure = 'Allow more steps, or look for a cycle that never comes to rest';
      throw wrong(
        'system/step-limit',
        'stepUntilComplete',
        `after ${maxSteps} steps there is still work`,
        cure,
      );
    }
    return steps;
  }

  /** Ends the system. Nothing can be done with it afterwards. */
  shutdown(): void {
    outsideTurns(this.partition, 'shutdown');
    this.#down = true;
  }

  [Symbol.dispose](): void {
    this.shutdown();
  }

  #run(limit: number): number {
    const steps = this.partition.run(limit);
    const failure: PorticoError | undefined = this.partition.failure;
    if (failure !== undefined) throw failure;
    return steps;
  }

  #usable(what: string): void {
    outsideTurns(this.partition, what);
    if (this.#down) throw wrong('system/shut-down', what, 'the system was shut down', 'Make a new one');
    if (this.partition.failure !== undefined) throw systemFailed(this.partition.failure);
  }
}
