/**
 * Somebody outside who sends and asks, while the processes that could answer come and go.
 *
 * CL1. It knows what it was told and nothing else: no answer may mean that a message counts, or that it does not.
 * CL2. What it does again it does under the same key. It does so until it is told that it counts.
 * CL3. A mistake is not repeated: what a program has refused for what it is, it will refuse again.
 */
import type { Random } from '../../engine/random.ts';
import { describe, ours } from '../../errors.ts';
import type { SimulatedWorld } from '../simulation/world.ts';
import { shown } from './shown.ts';
import { way } from './way.ts';

/** What came of something that was tried once. */
export type Tried<T> =
  | { readonly acknowledged: true; readonly value: T }
  /** It may count nevertheless. `error` is why, if there was an answer at all. */
  | { readonly acknowledged: false; readonly error?: unknown };

/** How long to wait for an answer. */
export interface Trying {
  /** In milliseconds of the simulation. 1,000 if not given. */
  readonly withinMs?: number;
}

/** A system that runs, and in which process. */
export interface Door<S> {
  readonly system: S;
  readonly process: { readonly number: number };
}

/** Where a client finds the systems that run. */
export interface Doors<S> {
  /** The system that a request gets to, if one runs, and the number of its process. */
  find(): Door<S> | undefined;
  /** Calls back when one runs. */
  whenOpen(call: () => void): void;
}

export class Client<S> {
  readonly #world: SimulatedWorld;
  readonly #random: Random;
  readonly #doors: Doors<S>;
  readonly #tell: (what: string) => void;
  readonly #acknowledged = new Set<string>();
  readonly #underWay = new Map<string, string>();

  /** @internal */
  constructor(world: SimulatedWorld, random: Random, doors: Doors<S>, tell: (what: string) => void) {
    this.#world = world;
    this.#random = random;
    this.#doors = doors;
    this.#tell = tell;
  }

  /**
   * Does something again and again until it is acknowledged, and returns what came of it. `key` says what it is; hand it on as
   * the idempotency key, so that the program can tell what is done again:
   * `client.retry('order 1', (system, key) => system.send(ref, message, { idempotencyKey: key }))`.
   */
  async retry<T>(
    key: string,
    attempt: (system: S, key: string) => Promise<T> | T,
    { withinMs = 1_000 }: Trying = {},
  ): Promise<T> {
    for (let n = 1; ; n++) {
      const tried = await this.#try(key, attempt, withinMs * Math.min(n, MOST_PATIENCE), n);
      if (tried.acknowledged) return tried.value;
      // CL3.
      if ('error' in tried && !mayPass(tried.error)) throw tried.error;
      this.#underWay.set(key, `${key}, tried ${times(n)}: ${whyNot(tried)}`);
      await this.#world.pause(5 * Math.min(n, MOST_PATIENCE));
    }
  }

  /** Does something once. If it is not acknowledged, it may count or not (CL1). */
  once<T>(
    key: string,
    attempt: (system: S, key: string) => Promise<T> | T,
    { withinMs = 1_000 }: Trying = {},
  ): Promise<Tried<T>> {
    return this.#try(key, attempt, withinMs, 1);
  }

  /** Whether what was done under that key was acknowledged. */
  acknowledged(key: string): boolean {
    return this.#acknowledged.has(key);
  }

  /** A number from 0 up to but not including `bound`, drawn from the seed of the run. */
  random(bound: number): number {
    return this.#random.below(bound);
  }

  /** Waits, by the time of the simulation. */
  pause(ms: number): Promise<void> {
    return this.#world.pause(ms);
  }

  /** The time of the simulation, from 0. */
  get nowMs(): number {
    return this.#world.elapsedMs;
  }

  /** Puts a line into the story that is told when the run fails. */
  note(what: string): void {
    this.#tell(what);
  }

  /** @internal What has not been acknowledged yet, and why not. */
  get underWay(): readonly string[] {
    return [...this.#underWay.values()];
  }

  async #try<T>(
    key: string,
    attempt: (system: S, key: string) => Promise<T> | T,
    withinMs: number,
    n: number,
  ): Promise<Tried<T>> {
    this.#underWay.set(key, `${key}, tried ${times(n - 1)}: no system runs`);
    const { system, process } = await this.#arrives();
    this.#underWay.set(key, `${key}, tried ${times(n)}: no answer came`);
    this.#tell(`${key} comes to process ${process.number}`);
    const answer = (async (): Promise<Tried<T>> => {
      try {
        return { acknowledged: true, value: await attempt(system, key) };
      } catch (error) {
        return { acknowledged: false, error };
      }
    })();
    const tried = await this.#within(withinMs, answer);
    if (tried.acknowledged) {
      this.#acknowledged.add(key);
      const value = tried.value === undefined ? '' : `: ${shown(tried.value)}`;
      this.#tell(`${key} is acknowledged${value}`);
    } else this.#tell(`${key} is not acknowledged: ${whyNot(tried)}`);
    this.#underWay.delete(key);
    return tried;
  }

  /** A request takes its time to arrive, and waits where nobody is there to take it. */
  async #arrives(): Promise<Door<S>> {
    for (;;) {
      await new Promise<void>((resolve) => {
        this.#doors.whenOpen(resolve);
      });
      await way(this.#world, this.#random);
      const door = this.#doors.find();
      if (door !== undefined) return door;
    }
  }

  async #within<T>(withinMs: number, answer: Promise<Tried<T>>): Promise<Tried<T>> {
    let cancel = (): void => undefined;
    const tooLate = new Promise<Tried<T>>((resolve) => {
      cancel = this.#world.later(undefined, withinMs, () => {
        resolve({ acknowledged: false });
      });
    });
    const tried = await Promise.race([answer, tooLate]);
    cancel();
    return tried;
  }
}

/** How many times as long as at first it waits at most. */
const MOST_PATIENCE = 60;

function times(n: number): string {
  return n === 1 ? 'once' : `${n} times`;
}

function whyNot(tried: { readonly error?: unknown }): string {
  return 'error' in tried ? describe(tried.error) : 'no answer came';
}

/** Whether the same may be answered otherwise the next time: the world was in the way, or the system has ended. */
function mayPass(error: unknown): boolean {
  const known = ours(error);
  if (known === undefined) return false;
  return known.family === 'world' || known.code === 'system/shut-down' || known.code === 'system/failed';
}
