/** Messages that an actor has put off, until its behavior is one that can handle them. */
import { PorticoError } from '../src/index.ts';
import { same } from './behavior.ts';
import { backingOff, behaviorOf, extend, named, stashOf, stopping, type RuntimeContext } from './kept.ts';
import { handlerOf } from './making.ts';
import { waitForRestart } from './restarts.ts';
import type { Runner } from './runner.ts';
import type { Undelivered } from './undelivered.ts';

export class Stashing {
  readonly #runner: Runner;
  readonly #undelivered: Undelivered;

  constructor(runner: Runner, undelivered: Undelivered) {
    this.#runner = runner;
    this.#undelivered = undelivered;
  }

  stash(message: unknown, limit: number, t: RuntimeContext): void {
    const size = stashOf.size(t);
    if (size >= limit) {
      throw new PorticoError({
        code: 'actor/stash-full',
        where: named(t),
        what: `${size} messages are stashed, and no more may wait`,
        cure: 'Unstash earlier, allow more, or refuse the message',
      });
    }
    stashOf.set(t, size, message);
    extend({ stashing: true }, t);
  }

  size(t: RuntimeContext): number {
    return stashOf.size(t);
  }

  /** B1. The stashed messages, oldest first, each to the behavior that the one before left. */
  unstash(t: RuntimeContext): void {
    const { ctx } = this.#runner;
    let before = Infinity;
    let again = ctx.takeUnstash();
    // A message that is stashed again waits for the next time; as long as there are fewer, there is progress.
    while (again && stashOf.size(t) < before) {
      const messages = stashOf.entries(t);
      before = messages.length;
      again = false;
      stashOf.clear(t);
      for (const [, message] of messages) {
        t.keep();
        this.#unstashOne(message, t);
        again = ctx.takeUnstash() || again;
      }
    }
  }

  #unstashOne(message: unknown, t: RuntimeContext): void {
    const runner = this.#runner;
    const behavior = behaviorOf.get(t);
    if (behavior === undefined || behavior === stopping) this.#undelivered.deadLetter(message, 'stopped', t);
    else if (behavior === backingOff) waitForRestart(message, runner.supervision, this.#undelivered, t);
    else {
      try {
        const ctx = runner.ctx.at(t);
        const handle = behavior.onMessage ?? handlerOf(behavior, ctx, t);
        const next = handle(message, ctx);
        if (next !== same) runner.changeTo(next, message, t);
      } catch (error) {
        runner.failed(error, message, t);
      }
    }
  }
}
