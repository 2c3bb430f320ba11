/** What a user gives to be simulated: how the program is started, what the world sends it, and what has to be true in the end. */
import type { EpochOptions, Host, RunningSystem, Store } from '../../index.ts';
import type { Client } from './client.ts';

/** A system, as far as the simulation needs it: one of actors, of dataflows, or something of your own that has one. */
export interface SimulatedSystem extends AsyncDisposable {
  /** Resolves when nothing is left to do. */
  idle(): Promise<void>;
  /** The system of dataflows that it is made of, unless it is one. */
  readonly dataflow?: RunningSystem;
}

/** Where a process of the program runs. Spread it into what the system is started with: `start({ …, ...where })`. */
export interface Where {
  /** The simulated platform. */
  readonly host: Host;
  /** The simulated disk. What is on it survives the process. */
  readonly store: Store;
  /** How often to commit, and how much to keep in memory: differs from run to run. */
  readonly epochs: Partial<EpochOptions>;
  /** Decides the choices that the program leaves open, the order of messages among them: differs from run to run. */
  readonly seed: number;
  /** Which process of the run it is, from 1. */
  readonly process: number;
  /**
   * An effect as it is when a network lies between: it may fail, be carried out without anybody hearing of it, hang, and be
   * under way when the process ends.
   */
  effect<E extends AnyEffect>(this: void, effect: E): E;
  /** The same for a function that calls the outside. Its name is what it is called when a run is told. */
  call<A extends readonly unknown[], R>(
    this: void,
    name: string,
    outside: (...args: A) => Promise<R> | R,
  ): (...args: A) => Promise<R>;
}

/** A named effect, whatever it takes and gives. */
export interface AnyEffect {
  readonly name: string;
  readonly call: (args: never, ctx: never) => unknown;
}

/** A program, and the world around it. */
export interface Scenario<S extends SimulatedSystem> {
  /** Starts the program in a process: at the beginning, and again whenever the process has ended. */
  readonly start: (where: Where) => Promise<S>;
  /** What the world does: it sends and asks. It goes on while processes end and others are started. */
  readonly run: (client: Client<S>) => Promise<void> | void;
  /**
   * What has to be true when nothing goes wrong any more and all has come to rest; throws if it is not. It is called again after
   * the last restart.
   */
  readonly check: (system: S, client: Client<S>) => Promise<void> | void;
}
