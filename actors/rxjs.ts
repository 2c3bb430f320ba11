/**
 * RxJS: observables flow into ingresses and actors, and streams and what actors emit flow out as observables. Published as
 * `portico/rxjs`; the only file that knows RxJS (an optional peer).
 *
 * J1. One value at a time is on its way in. While the system has not taken it, what comes meanwhile is up to the policy that
 *     was chosen; nothing is lost that the policy does not lose.
 * J2. What flows out was committed before.
 * J3. When the system ends, what flows in is unsubscribed, and what flows out completes, or fails with it.
 *
 * @packageDocumentation
 */
import { from, Observable, type ObservableInput, type Observer, type Subscription } from 'rxjs';
import { PorticoError, type Ingress, type RunningSystem, type Stream } from '../src/index.ts';
import type { ActorRef } from './ref.ts';
import { ActorSystem } from './system.ts';

/**
 * What happens with values that come while one is still on its way: so many may wait, and one more is an error; only the
 * latest waits; they are dropped; or the first of them is an error.
 */
export type Overflow = { readonly buffer: number } | 'latest' | 'drop' | 'error';

export interface FeedOptions {
  /** There is no usual answer to this: say what fits the source. */
  readonly overflow: Overflow;
}

/** An observable that flows into the system. */
export interface Feed extends Disposable {
  /** Resolves when the source has completed and everything was taken, or when it was unsubscribed. Rejects when it failed. */
  readonly done: Promise<void>;
  /** How many values the policy has dropped so far. */
  readonly dropped: number;
  /** Takes no more. What waits is dropped too. */
  unsubscribe(): void;
}

/**
 * Lets an observable flow into an ingress, or to an actor.
 *
 * @example
 * ```ts
 * import { behavior, receive, same, start } from 'portico';
 * import { feed } from 'portico/rxjs';
 * import { of } from 'rxjs';
 *
 * const printer = behavior('printer', () => receive<string>((text, ctx) => (ctx.log.info(text), same)));
 * await using system = await start({ behaviors: { printer } });
 * using words = feed(of('Hello', 'World'), system, system.create(printer()), { overflow: { buffer: 10 } });
 * await words.done;
 * await system.idle();
 * ```
 */
export function feed<T>(
  source: ObservableInput<T>,
  system: RunningSystem,
  to: Ingress<T>,
  options: FeedOptions,
): Feed;
export function feed<T>(
  source: ObservableInput<T>,
  system: ActorSystem,
  to: ActorRef<T>,
  options: FeedOptions,
): Feed;
export function feed<T>(
  source: ObservableInput<T>,
  system: RunningSystem | ActorSystem,
  to: Ingress<T> | ActorRef<T>,
  options: FeedOptions,
): Feed {
  const where = String('path' in to ? to.path : to);
  const limit = limitOf(options.overflow, where);
  const isActors = system instanceof ActorSystem;
  const send = (value: T): Promise<void> =>
    isActors ? system.send(to as ActorRef<T>, value) : system.send(to as Ingress<T>, value);
  return new Flow(source, send, options.overflow, limit, where, isActors ? system.dataflow : system);
}

/**
 * The values of a stream, or with only a system of actors, what they emit, from the moment of the subscription on. They
 * keep coming whatever the subscriber does with them; `system.read` is for those who want to set the pace.
 */
export function observe<T>(system: RunningSystem, stream: Stream<T>): Observable<T>;
export function observe(system: ActorSystem): Observable<unknown>;
export function observe(system: RunningSystem | ActorSystem, stream?: Stream<unknown>): Observable<unknown> {
  return new Observable((subscriber) => {
    const next = (value: unknown): void => {
      subscriber.next(value);
    };
    const isActors = system instanceof ActorSystem;
    const unsubscribe = isActors ? system.subscribe(next) : system.subscribe(stream as Stream<unknown>, next);
    const forget = (isActors ? system.dataflow : system).onEnd((reason) => {
      if (isShutDown(reason)) subscriber.complete();
      else subscriber.error(reason);
    });
    return () => {
      unsubscribe();
      forget();
    };
  });
}

/** What an actor is told at the end of what it observes. */
export interface ObserverOptions<M> {
  /** The message when the source has completed. None if not given. */
  readonly complete?: M;
  /** The message for an error of the source. If not given, RxJS reports that nobody handles it. */
  readonly error?: (error: unknown) => M;
}

/** An observer that sends each value to an actor. It cannot slow its source down; `feed` has a policy for that. */
export function observerOf<M>(
  system: ActorSystem,
  ref: ActorRef<M>,
  options: ObserverOptions<NoInfer<M>> = {},
): Observer<M> {
  const send = (message: M): void => {
    system.send(ref, message).catch((error: unknown) => {
      // The end of the system is no failure of the source.
      if (!isShutDown(error)) throw error;
    });
  };
  return {
    next: send,
    error: (error) => {
      if (options.error === undefined) throw error;
      send(options.error(error));
    },
    complete: () => {
      if (options.complete !== undefined) send(options.complete);
    },
  };
}

interface Settle {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** J1. */
class Flow<T> implements Feed {
  readonly done: Promise<void>;
  dropped = 0;
  readonly #send: (value: T) => Promise<void>;
  readonly #overflow: Overflow;
  readonly #limit: number;
  readonly #where: string;
  readonly #settle: Settle;
  readonly #forget: () => void;
  #subscription: Subscription | undefined;
  #waiting: T[] = [];
  #sending = false;
  #completed = false;
  #closed = false;

  constructor(
    source: ObservableInput<T>,
    send: (value: T) => Promise<void>,
    overflow: Overflow,
    limit: number,
    where: string,
    system: RunningSystem,
  ) {
    this.#send = send;
    this.#overflow = overflow;
    this.#limit = limit;
    this.#where = where;
    let settle: Settle | undefined;
    this.done = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.#settle = settle as unknown as Settle;
    // J3.
    this.#forget = system.onEnd((reason) => {
      this.#close(isShutDown(reason) ? undefined : reason);
    });
    const subscription = from(source).subscribe({
      next: (value) => {
        this.#next(value);
      },
      error: (error: unknown) => {
        this.#close(error ?? new Error('the source failed'));
      },
      complete: () => {
        this.#completed = true;
        this.#settleIfDone();
      },
    });
    this.#subscription = subscription;
    // A source may fail us while it is being subscribed to.
    if (this.#closed) subscription.unsubscribe();
  }

  unsubscribe(): void {
    this.#close(undefined);
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  #next(value: T): void {
    if (this.#closed) return;
    if (!this.#sending) this.#start(value);
    else if (this.#waiting.length < this.#limit) this.#waiting.push(value);
    else if (this.#overflow === 'drop') this.dropped++;
    else if (this.#overflow === 'latest') {
      this.dropped++;
      this.#waiting = [value];
    } else this.#close(overflow(this.#where, this.#limit));
  }

  #start(value: T): void {
    this.#sending = true;
    // What it fails with closes the feed.
    void this.#bring(value);
  }

  async #bring(value: T): Promise<void> {
    try {
      await this.#send(value);
    } catch (error) {
      this.#close(isShutDown(error) ? undefined : error);
      return;
    }
    this.#sent();
  }

  #sent(): void {
    this.#sending = false;
    if (this.#closed) return;
    const [next, ...others] = this.#waiting;
    if (this.#waiting.length === 0) this.#settleIfDone();
    else {
      this.#waiting = others;
      this.#start(next as T);
    }
  }

  #settleIfDone(): void {
    if (this.#completed && !this.#sending && this.#waiting.length === 0) this.#close(undefined);
  }

  #close(error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.dropped += this.#waiting.length;
    this.#waiting = [];
    this.#subscription?.unsubscribe();
    this.#forget();
    if (error === undefined) this.#settle.resolve();
    else this.#settle.reject(error);
  }
}

/** How many values may wait beside the one that is on its way. */
function limitOf(overflow: Overflow, where: string): number {
  if (overflow === 'latest') return 1;
  if (overflow === 'drop' || overflow === 'error') return 0;
  const buffer = (overflow as { readonly buffer?: unknown } | undefined)?.buffer;
  if (buffer === Infinity || (Number.isInteger(buffer) && (buffer as number) >= 0)) return buffer as number;
  throw new PorticoError({
    code: 'system/bad-argument',
    where: `feed ${where}`,
    what: 'it was not said what happens when values come too fast',
    cure: "Give overflow: { buffer: n }, 'latest', 'drop' or 'error'",
  });
}

function overflow(where: string, limit: number): PorticoError {
  return new PorticoError({
    code: 'ingress/overflow',
    where: `feed ${where}`,
    what:
      limit === 0 ? 'a value came while another one was on its way' : `more than ${limit} values had to wait`,
    cure: "Slow the source down, let more of them wait, or choose 'latest' or 'drop'",
  });
}

function isShutDown(error: unknown): boolean {
  return error instanceof PorticoError && error.code === 'system/shut-down';
}
