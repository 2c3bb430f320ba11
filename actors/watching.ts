/** Death watch, and the signals that actors are given. */
import { PorticoError, type Key } from '../src/index.ts';
import { same, unhandled, type Behavior } from './behavior.ts';
import {
  extend,
  hasStopped,
  named,
  nextNumber,
  stopping,
  wait,
  watchersOf,
  watchingOf,
  type RuntimeContext,
} from './kept.ts';
import { handlerOf } from './making.ts';
import { Unwatch, Watch, WatchedStopped } from './messages.ts';
import type { ActorRef } from './ref.ts';
import type { Runner } from './runner.ts';
import type { Signal } from './signals.ts';

export class Watching {
  readonly #runner: Runner;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  watch(ref: ActorRef<never>, as: object | undefined, t: RuntimeContext): void {
    const number = nextNumber(t);
    watchingOf.set(t, ref.id, { number, as });
    extend({ watching: true }, t);
    t.emitTo(ref.id, new Watch(t.key as Key, number));
  }

  unwatch(ref: ActorRef<never>, t: RuntimeContext): void {
    watchingOf.delete(t, ref.id);
    t.emitTo(ref.id, new Unwatch(t.key as Key));
  }

  /** Another actor watches this one. */
  watched(watch: Watch, behavior: Behavior<never> | undefined, t: RuntimeContext): void {
    const { watcher, number } = watch;
    if (behavior !== undefined) {
      watchersOf.set(t, watcher, number);
      extend({ watched: true }, t);
    } else if (hasStopped(t)) t.emitTo(watcher, new WatchedStopped(t.key as Key, number));
    else wait(watch, t);
  }

  unwatched(watcher: Key, t: RuntimeContext): void {
    watchersOf.delete(t, watcher);
  }

  /** An actor that this one watches has stopped. K4. */
  terminated(
    { ref, number }: WatchedStopped,
    behavior: Behavior<never> | undefined,
    t: RuntimeContext,
  ): void {
    const watching = behavior === undefined ? undefined : watchingOf.get(t, ref.id);
    if (behavior === undefined || behavior === stopping || watching?.number !== number) return;
    watchingOf.delete(t, ref.id);
    t.keep();
    if (watching.as !== undefined) this.#runner.message({ ...watching.as, reply: ref }, behavior, t);
    else this.signal({ signal: 'terminated', ref }, behavior, t);
  }

  signal(signal: Signal, behavior: Behavior<never>, t: RuntimeContext): void {
    const { ctx } = this.#runner;
    try {
      ctx.at(t);
      if (behavior.onMessage === undefined) handlerOf(behavior, ctx, t);
      const next = behavior.onSignal === undefined ? unhandled : behavior.onSignal(signal, ctx);
      if (next === unhandled && signal.signal === 'terminated') throw deathPact(signal.ref, named(t));
      if (next !== same || ctx.unstashes) this.#runner.become(next, signal, t);
    } catch (error) {
      this.#runner.failed(error, signal, t, 'signal');
    }
  }
}

function deathPact(ref: ActorRef<never>, where: string): PorticoError {
  return new PorticoError({
    code: 'actor/death-pact',
    where,
    what: `the watched ${String(ref)} has stopped, and nothing handles that`,
    cure: 'Handle the signal terminated, or watch with { as: … }',
  });
}
