/**
 * Runs a behavior within another one, in the same turn and with the same context: for interceptors, and for tests of a
 * single behavior. What the runtime does with the outcome of a handler, whoever calls these has to do.
 */
import { PorticoError } from '../src/index.ts';
import { Behavior, unhandled } from './behavior.ts';
import type { ActorContext } from './context.ts';
import type { Signal } from './signals.ts';
import type { Supervision } from './supervise.ts';

/** A behavior that can handle messages, or `stopped`, and the supervision that came with it. */
export interface Begun<M> {
  readonly first: Behavior<M>;
  readonly supervision: Supervision | undefined;
}

/** Calls factories and runs `init` until there is a behavior that can handle messages. */
export function begin<M>(behavior: Behavior<M>, ctx: ActorContext<M>): Begun<M> {
  let now: Behavior<never> = behavior;
  let { supervision } = now;
  for (let depth = 0; depth < MOST_STEPS; depth++) {
    const next = now.kind === 'init' ? checked(now.onInit?.(ctx), 'was returned by init') : made(now);
    supervision = next.supervision ?? supervision;
    if (isNamedFor(now, next)) return { first: now as Behavior<M>, supervision };
    if (next === now) return { first: next as Behavior<M>, supervision };
    now = next;
  }
  throw noBehavior(now, `is still made by another one after ${MOST_STEPS} steps`);
}

/** What can be said of a behavior without a context: whether `init` has to run first, and its supervision. */
export function foreseen(behavior: Behavior<never>): {
  readonly init: boolean;
  readonly supervision: Supervision | undefined;
} {
  let now = behavior;
  let { supervision } = now;
  for (let depth = 0; depth < MOST_STEPS; depth++) {
    const next = now.kind === 'init' ? now : made(now);
    supervision = next.supervision ?? supervision;
    if (next === now || isNamedFor(now, next)) return { init: next.kind === 'init', supervision };
    now = next;
  }
  throw noBehavior(now, `is still made by another one after ${MOST_STEPS} steps`);
}

/** Has a behavior that is ready handle a message. What comes back may be `same`, `stopped` or `unhandled`. */
export function handle<M>(behavior: Behavior<M>, message: M, ctx: ActorContext<M>): Behavior<M> {
  return checked(behavior.onMessage?.(message, ctx), 'was returned by a handler') as Behavior<M>;
}

/** Has a behavior that is ready handle a signal; `unhandled` if it handles none. */
export function handleSignal<M>(behavior: Behavior<M>, signal: Signal, ctx: ActorContext<M>): Behavior<M> {
  if (behavior.onSignal === undefined) return unhandled;
  return checked(behavior.onSignal(signal, ctx), 'was returned by a handler of signals') as Behavior<M>;
}

/** What the factory of a named behavior makes; all others stand for themselves. */
function made(behavior: Behavior<never>): Behavior<never> {
  const { kind, definition, args } = behavior;
  if (kind === 'same' || kind === 'unhandled') throw noBehavior(behavior, 'stands where an actor begins');
  if (kind !== 'named' || behavior.onMessage !== undefined) return behavior;
  return checked(definition?.make(...(args as never[])), `was made by ${String(behavior)}`);
}

/** A named behavior keeps its name, so that it remains data, and takes over the handlers that its factory made. */
function isNamedFor(named: Behavior<never>, product: Behavior<never>): boolean {
  if (named.kind !== 'named' || product.kind === 'named' || product.onMessage === undefined) return false;
  named.onMessage = product.onMessage;
  named.onSignal = product.onSignal;
  named.supervision = product.supervision ?? named.supervision;
  return true;
}

function checked(value: unknown, how: string): Behavior<never> {
  if (value instanceof Behavior) return value as Behavior<never>;
  throw noBehavior(value, how);
}

function noBehavior(value: unknown, how: string): PorticoError {
  const what = `${value instanceof Behavior ? String(value) : `a value of type ${typeof value}`} ${how}, and a behavior is needed`;
  const cure = 'Return receive(…), same, stopped or what behavior(…) makes';
  return new PorticoError({ code: 'actor/bad-behavior', where: 'behavior', what, cure });
}

const MOST_STEPS = 1_000;
