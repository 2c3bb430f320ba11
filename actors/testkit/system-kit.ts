/**
 * A system of actors in a test's hand: nothing runs unless the test lets it, and time moves only when it says so.
 *
 * K1. The kit's own calls run the system until it has nothing to do at the present time.
 * K2. Only `advance`, and what is given `withinMs` or `forMs`, moves the clock.
 */
import { virtualHost, type VirtualHost } from '../../src/testing/index.ts';
import {
  receive,
  same,
  type ActorDeadLetterBox,
  type ActorRef,
  type ActorSystem,
  type Behavior,
  type Key,
  type LogRecord,
  type ReplyOf,
  type RequestOf,
  type StartOptions,
} from '../index.ts';
import { startWith } from '../system.ts';
import { actorWorkflow, type WorkflowOf } from '../workflow.ts';
import { ExpectationError, sameData, shown } from './expectation.ts';

export interface SystemKitOptions extends Omit<StartOptions, 'host'> {
  /** The time at which its clock begins. 0 if not given. */
  readonly startMs?: number;
}

/** How long to go on waiting by the kit's clock. */
export interface Patience {
  /** By how much the clock is moved if it is not there yet. Not at all if not given. */
  readonly withinMs?: number;
}

/**
 * Starts a system in which the test decides what happens when.
 *
 * @example
 * ```ts
 * import { behavior, receive, same, type ActorRef } from 'portico';
 * import { systemKit } from 'portico/testkit';
 *
 * const greeter = behavior('greeter', () =>
 *   receive<{ name: string; replyTo: ActorRef<string> }>(({ name, replyTo }, ctx) => {
 *     ctx.send(replyTo, `Hello ${name}`);
 *     return same;
 *   }),
 * );
 *
 * await using kit = await systemKit();
 * const probe = kit.probe<string>();
 * await kit.send(kit.create(greeter()), { name: 'World', replyTo: probe.ref });
 * await probe.expectMessage('Hello World');
 * ```
 */
export function systemKit(options: SystemKitOptions = {}): Promise<SystemKit> {
  return kitWith(options, actorWorkflow);
}

/** @internal With another way of making the workflow. */
export async function kitWith(options: SystemKitOptions, workflow: WorkflowOf): Promise<SystemKit> {
  const { startMs = 0, seed = 1, ...others } = options;
  const host = virtualHost({ seed, startMs });
  return new SystemKit(await startWith({ ...others, seed, host }, workflow), host);
}

export class SystemKit implements AsyncDisposable {
  readonly system: ActorSystem;
  readonly #host: VirtualHost;
  readonly #labels = new Map<Key, string>();
  #probes = 0;

  /** @internal */
  constructor(system: ActorSystem, host: VirtualHost) {
    this.system = system;
    this.#host = host;
  }

  /** The time by the kit's clock. */
  get nowMs(): number {
    return this.#host.now();
  }

  /** The lines of the log so far. */
  get log(): readonly LogRecord[] {
    return this.#host.records;
  }

  get deadLetters(): ActorDeadLetterBox {
    return this.system.deadLetters;
  }

  /** Creates an actor; it exists once the system runs. */
  create<M>(behavior: Behavior<M>, options: { readonly name?: string } = {}): ActorRef<M> {
    return this.system.create(behavior, options);
  }

  entity<M>(behavior: Behavior<M>, id: string): ActorRef<M> {
    return this.system.entity(behavior, id);
  }

  /** Sends a message, and runs. */
  async send<M>(ref: ActorRef<M>, message: NoInfer<M>): Promise<void> {
    await this.#during(this.system.send(ref, message));
    await this.run();
  }

  /** Asks, runs, and returns the reply. */
  async ask<M, const Q extends RequestOf<M>>(
    ref: ActorRef<M>,
    request: Q,
    patience: Patience = {},
  ): Promise<ReplyOf<M, Q>> {
    const reply = this.system.ask(ref, request, { timeoutMs: Infinity });
    return this.#settled(reply, patience, () => `${String(ref)} did not reply to ${shown(request)}`);
  }

  /** An actor that keeps what it is sent, for the test to look at. `label` is what it is called in errors. */
  probe<M>(label: string = `probe ${++this.#probes}`): Probe<M> {
    const inbox: M[] = [];
    const keeping = receive<M>((message) => {
      inbox.push(message);
      return same;
    });
    const ref = this.create(keeping);
    this.#labels.set(ref.id, label);
    return new Probe(ref, label, inbox, (ms) => this.advance(ms));
  }

  /** Waits until an actor has stopped. */
  async expectStopped(ref: ActorRef<never>, patience: Patience = {}): Promise<void> {
    await this.#settled(this.system.watch(ref), patience, () => `${this.nameOf(ref.id)} has not stopped`);
  }

  /** Runs until there is nothing to do at the present time. */
  async run(): Promise<void> {
    await this.#host.run();
    const { failure } = this.system.dataflow;
    if (failure !== undefined) throw failure;
  }

  /** Runs, and moves the clock; each timer that falls due on the way fires at its own time. */
  async advance(ms: number): Promise<void> {
    await this.#host.advance(ms);
    await this.run();
  }

  /** What an actor is called in errors. */
  nameOf(key: Key): string {
    return this.#labels.get(key) ?? `actor:${String(key)}`;
  }

  async stop(): Promise<void> {
    await this.system.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Runs until a promise that needs nothing but the system is settled. */
  async #during<T>(promise: Promise<T>): Promise<T> {
    const [outcome] = await Promise.all([promise, this.run()]);
    return outcome;
  }

  async #settled<T>(promise: Promise<T>, { withinMs = 0 }: Patience, otherwise: () => string): Promise<T> {
    const state = { settled: false };
    const settle = (): void => {
      state.settled = true;
    };
    promise.then(settle, settle);
    await this.run();
    if (!state.settled && withinMs > 0) await this.advance(withinMs);
    if (state.settled) return promise;
    throw new ExpectationError(`${otherwise()}${withinMs > 0 ? ` within ${withinMs} ms` : ''}`);
  }
}

/** An actor that keeps its messages, and a test that takes them out. */
export class Probe<M> {
  readonly ref: ActorRef<M>;
  readonly label: string;
  readonly #inbox: M[];
  readonly #advance: (ms: number) => Promise<void>;

  /** @internal */
  constructor(ref: ActorRef<M>, label: string, inbox: M[], advance: (ms: number) => Promise<void>) {
    this.ref = ref;
    this.label = label;
    this.#inbox = inbox;
    this.#advance = advance;
  }

  /** What has come and was not taken yet. */
  get messages(): readonly M[] {
    return this.#inbox;
  }

  /** Takes the next message; with `expected`, it has to be that. */
  async expectMessage(expected?: M, patience: Patience = {}): Promise<M> {
    await this.#until(() => this.#inbox.length > 0, patience);
    if (this.#inbox.length === 0) {
      const what = expected === undefined ? 'a message' : shown(expected);
      throw new ExpectationError(
        `${this.label} was sent nothing${spoken(patience)}, and ${what} was expected`,
        { expected },
      );
    }
    const actual = this.#inbox.shift() as M;
    if (expected === undefined || sameData(actual, expected)) return actual;
    const message = `${this.label} was sent ${shown(actual)}, and ${shown(expected)} was expected`;
    throw new ExpectationError(message, { actual, expected });
  }

  /** Takes the next `count` messages. */
  async expectMessages(count: number, patience: Patience = {}): Promise<M[]> {
    await this.#until(() => this.#inbox.length >= count, patience);
    if (this.#inbox.length >= count) return this.#inbox.splice(0, count);
    const message = `${this.label} was sent ${this.#inbox.length} messages${spoken(patience)}, and ${count} were expected`;
    throw new ExpectationError(message, { actual: [...this.#inbox] });
  }

  /** Checks that no message is there, and that none comes for a while. */
  async expectNoMessage({ forMs = 0 }: { readonly forMs?: number } = {}): Promise<void> {
    await this.#advance(forMs);
    if (this.#inbox.length === 0) return;
    throw new ExpectationError(
      `${this.label} was sent ${this.#inbox.map(shown).join(', ')}, and nothing was expected`,
      {
        actual: [...this.#inbox],
        expected: [],
      },
    );
  }

  /** Takes messages until one fits, and returns that; those before it are dropped. */
  async fishFor<T extends M>(fits: (message: M) => message is T, patience?: Patience): Promise<T>;
  async fishFor(fits: (message: M) => boolean, patience?: Patience): Promise<M>;
  async fishFor(fits: (message: M) => boolean, patience: Patience = {}): Promise<M> {
    await this.#until(() => this.#inbox.some(fits), patience);
    const passed: M[] = [];
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      if (fits(next)) return next;
      passed.push(next);
    }
    const others = passed.length === 0 ? 'nothing came' : `these came: ${passed.map(shown).join(', ')}`;
    throw new ExpectationError(`${this.label} was sent no message that fits${spoken(patience)}; ${others}`, {
      actual: passed,
    });
  }

  async #until(there: () => boolean, { withinMs = 0 }: Patience): Promise<void> {
    await this.#advance(0);
    if (!there() && withinMs > 0) await this.#advance(withinMs);
  }
}

function spoken({ withinMs = 0 }: Patience): string {
  return withinMs > 0 ? ` within ${withinMs} ms` : '';
}
