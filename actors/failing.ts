/** What happens with an actor whose turn has failed: supervision decides. */
import { PorticoError, type Key } from '../src/index.ts';
import { stopped, type Behavior } from './behavior.ts';
import type { Beginning } from './beginning.ts';
import { stopChildren } from './children.ts';
import { mayHear, silence, type Ending } from './ending.ts';
import type { Extras } from './extras.ts';
import {
  backingOff,
  behaviorOf,
  childrenOf,
  extend,
  extrasOf,
  named,
  stashOf,
  undo,
  wait,
  waitingOf,
  watchersOf,
  watchingOf,
  type RuntimeContext,
} from './kept.ts';
import { Unwatch } from './messages.ts';
import { backOff, counted } from './restarts.ts';
import type { Runner } from './runner.ts';
import { words, type Undelivered } from './undelivered.ts';

export class Failing {
  readonly #runner: Runner;
  readonly #beginning: Beginning;
  readonly #ending: Ending;
  readonly #undelivered: Undelivered;
  /** The last backlog that was full of which was said who has filled it. */
  #said: unknown;

  constructor(runner: Runner, beginning: Beginning, ending: Ending, undelivered: Undelivered) {
    this.#runner = runner;
    this.#beginning = beginning;
    this.#ending = ending;
    this.#undelivered = undelivered;
  }

  /** B1. */
  failed(error: unknown, message: unknown, t: RuntimeContext, what?: 'signal'): void {
    undo(t);
    this.#runner.ctx.takeUnstash();
    const supervision = extrasOf.get(t)?.supervision ?? this.#runner.supervision;
    if (supervision.on === 'quarantine') {
      this.#say(`failed, and the message is a dead letter`, error, t);
      this.#undelivered.deadLetter(message, 'failed', t, { error, ...(what !== undefined && { what }) });
      return;
    }
    this.#undelivered.tellAsker(message, { code: 'actor/failed', message: words(error) }, t);
    switch (supervision.on) {
      case 'resume':
        this.#say('failed and goes on', error, t);
        break;
      case 'stop':
        this.#say('failed and stops', error, t);
        this.#ending.stop(t);
        break;
      case 'restart': {
        const restarts = counted(supervision, error, t);
        if (restarts === undefined) this.#ending.stop(t);
        else {
          if (supervision.stopChildren) stopChildren(t);
          this.#reset({ restarts }, t);
          if (!supervision.stopChildren || childrenOf.size(t) === 0) this.#beginning.beginAgain(t);
        }
        break;
      }
      case 'backoff':
        stopChildren(t);
        this.#reset({}, t);
        backOff(supervision, extrasOf.get(t)?.initial ?? stopped, error, t);
        break;
    }
  }

  #say(what: string, error: unknown, t: RuntimeContext): void {
    let who = named(t);
    if (error instanceof PorticoError && error.code === 'backlog/full') {
      // Millions of turns may fail for this one reason, so it is said once.
      if (error === this.#said) return;
      this.#said = error;
      who += `, which is ${String(behaviorOf.get(t))},`;
    }
    t.log.warn(`${who} ${what}: ${words(error)}`);
  }

  /** Its wait is over; but it begins after its children have stopped. */
  restartDue(number: number, behavior: Behavior<never>, t: RuntimeContext): void {
    if (behavior !== backingOff || extrasOf.get(t)?.restart?.number !== number) return;
    extend({ restart: undefined }, t);
    if (childrenOf.size(t) === 0) this.#beginning.beginAgain(t);
  }

  /** Takes back what the actor had beside its place among others: state, timers, asks. What it had stashed waits. */
  #reset(more: Extras, t: RuntimeContext): void {
    const behavior = behaviorOf.get(t);
    if (behavior !== undefined && mayHear(behavior))
      this.#ending.lastSignal(behavior, { signal: 'preRestart' }, t);
    silence(t);
    const extras = extrasOf.get(t);
    const watchers = watchersOf.entries(t);
    const children = childrenOf.entries(t);
    const waiting = [...stashOf.entries(t), ...waitingOf.entries(t)];
    for (const [watched] of watchingOf.entries(t)) t.emitTo(watched, new Unwatch(t.key as Key));
    t.forget();
    behaviorOf.set(t, backingOff);
    extrasOf.set(t, { ...extras, ...more, initial: extras?.initial ?? behavior });
    for (const [watcher, number] of watchers) watchersOf.set(t, watcher, number);
    for (const [child, numbers] of children) childrenOf.set(t, child, numbers);
    for (const [, value] of waiting) wait(value, t);
  }
}
