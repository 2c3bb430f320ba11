/**
 * Carries out effects once they are released, and sends their outcome back as a message.
 *
 * F1. A call is tried again, after a growing wait, until it succeeds or its tries are used up; its key stays the same.
 * F2. When the system stops, running calls are aborted and no further try begins.
 * F3. An outcome that cannot be stored is a failure.
 * F4. Of one effect only so many tries are under way at one time; the others wait, first come, first served.
 * F5. A call that ends the process at once, again and again, fails after some such attempts. Of one that ends it later, when
 *     other things are under way, nobody knows.
 */
import { abortController, type Host } from '../src/index.ts';
import type { Effect } from './effects.ts';
import { ActorSend, type EffectCall, type Outcome } from './messages.ts';
import { words } from './undelivered.ts';

const CONCURRENCY = 64;

/** Makes a call, or refuses to if processes have ended in it. */
type Attempt = <T>(name: string, args: unknown, call: () => T) => T;

export class EffectRunner {
  readonly #effects: ReadonlyMap<string, Effect<never, unknown>>;
  readonly #host: Host;
  readonly #name: string;
  readonly #settle: (id: number, outcome: ActorSend) => void;
  readonly #attempt: Attempt;
  readonly #controller = abortController();
  readonly #waits = new Set<() => void>();
  readonly #kept = new Map<EffectCall, number>();
  /** How many tries of each effect are under way, and those that wait. */
  readonly #tries = new Map<Effect<never, unknown>, number>();
  readonly #queues = new Map<Effect<never, unknown>, (() => void)[]>();
  /** How many calls have no outcome yet. */
  running = 0;
  /** How many calls have had one. */
  outcomes = 0;

  constructor(
    effects: ReadonlyMap<string, Effect<never, unknown>>,
    host: Host,
    name: string,
    settle: (id: number, outcome: ActorSend) => void,
    attempt: Attempt,
  ) {
    this.#effects = effects;
    this.#host = host;
    this.#name = name;
    this.#settle = settle;
    this.#attempt = attempt;
  }

  /** `kept` is the number under which the system keeps the call until its outcome is there. */
  start(call: EffectCall, kept: number): void {
    this.running++;
    this.#kept.set(call, kept);
    const effect = this.#effects.get(call.effect);
    if (effect === undefined) {
      const message = `there is no effect ${call.effect}; name it in the effects given to start`;
      this.#done(call, { failure: { code: 'effect/unknown', message } });
    } else this.#try(call, effect, 1);
  }

  /** F2. */
  stop(): void {
    this.#controller.abort(new Error('the system stops'));
    for (const cancel of this.#waits) cancel();
    this.#waits.clear();
  }

  /** F4. */
  #try(call: EffectCall, effect: Effect<never, unknown>, attempt: number): void {
    const { concurrency = CONCURRENCY } = effect.options;
    const running = this.#tries.get(effect) ?? 0;
    if (running >= concurrency) {
      const queue = this.#queues.get(effect) ?? [];
      this.#queues.set(effect, queue);
      queue.push(() => {
        this.#begin(call, effect, attempt);
      });
    } else this.#begin(call, effect, attempt);
  }

  #begin(call: EffectCall, effect: Effect<never, unknown>, attempt: number): void {
    this.#tries.set(effect, (this.#tries.get(effect) ?? 0) + 1);
    const ctx = {
      idempotencyKey: `${this.#name}/${call.origin}/${call.id}`,
      signal: this.#controller.signal,
    };
    const tried = async (): Promise<unknown> =>
      this.#attempt(`effect ${effect.name}`, call.args, () => effect.call(call.args as never, ctx));
    // Whatever becomes of the try, and of what has to be done then, is an outcome.
    void this.#outcome(call, effect, attempt, tried());
  }

  async #outcome(
    call: EffectCall,
    effect: Effect<never, unknown>,
    attempt: number,
    tried: Promise<unknown>,
  ): Promise<void> {
    let reply: unknown;
    try {
      reply = await tried;
    } catch (error) {
      this.#ended(effect);
      this.#failed(call, effect, attempt, error);
      return;
    }
    this.#ended(effect);
    this.#done(call, { reply });
  }

  /** A try is over: the next one that waits begins. */
  #ended(effect: Effect<never, unknown>): void {
    this.#tries.set(effect, (this.#tries.get(effect) ?? 1) - 1);
    if (!this.#controller.signal.aborted) this.#queues.get(effect)?.shift()?.();
  }

  /** F1. */
  #failed(call: EffectCall, effect: Effect<never, unknown>, attempt: number, error: unknown): void {
    const { tries = 1, backoffMs = 100, maxBackoffMs = 30_000 } = effect.options;
    if (this.#controller.signal.aborted) return;
    if (attempt >= tries) {
      const message = words(error);
      this.#done(call, { failure: { code: 'effect/failed', message } });
      return;
    }
    let cancel: (() => void) | undefined;
    const again = (): void => {
      if (cancel === undefined) return;
      this.#waits.delete(cancel);
      this.#try(call, effect, attempt + 1);
    };
    try {
      cancel = this.#host.after(Math.min(maxBackoffMs, backoffMs * 2 ** (attempt - 1)), again);
      this.#waits.add(cancel);
    } catch (cause) {
      // The host does not wake it, and if it does all the same, the call has its outcome.
      const message = `${words(error)}; and it cannot be tried again: ${words(cause)}`;
      this.#done(call, { failure: { code: 'effect/failed', message } });
    }
  }

  #done(call: EffectCall, outcome: Outcome): void {
    const { ref, as } = call;
    const kept = this.#kept.get(call);
    this.#kept.delete(call);
    this.running--;
    this.outcomes++;
    // What is kept and has no outcome yet begins anew when the system is started again.
    if (this.#controller.signal.aborted || kept === undefined) return;
    const settle = (came: Outcome): void => {
      this.#settle(kept, new ActorSend(ref, { ...as, ...came } as never));
    };
    try {
      settle(outcome);
    } catch (error) {
      // F3.
      settle({
        failure: { code: 'effect/failed', message: `its outcome cannot be stored: ${words(error)}` },
      });
    }
  }
}
