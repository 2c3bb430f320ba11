/** Makes what can handle messages out of what users write: calls factories and runs `init`, until there is a handler. */
import { PorticoError } from '../src/index.ts';
import { Behavior, type Definition } from './behavior.ts';
import { extend, named, type RuntimeContext } from './kept.ts';
import type { LiveContext } from './live.ts';

/** A behavior that can handle messages, or `stopped`. What it says of supervision holds from now on. */
export function made(behavior: Behavior<never>, ctx: LiveContext, t: RuntimeContext): Behavior<never> {
  let now = behavior;
  let supervision = behavior.supervision;
  for (let depth = 0; depth < MOST_FACTORIES; depth++) {
    if (supervision !== undefined) extend({ supervision }, t);
    supervision = undefined;
    switch (now.kind) {
      case 'named': {
        if (now.onMessage !== undefined) {
          ctx.checkStorable(now, t);
          return now;
        }
        const made = now.definition && makeWith(now.definition, now.args);
        if (!(made instanceof Behavior)) throw badBehavior(made, t, `was made by ${String(now)}`);
        supervision = made.supervision;
        if (made.kind === 'receive' || made.kind === 'empty' || made.kind === 'ignore') {
          now.onMessage = made.onMessage;
          now.onSignal = made.onSignal;
          // The next actor with this very behavior is not made by the factory any more.
          now.supervision = supervision ?? now.supervision;
        } else now = made;
        break;
      }
      case 'receive':
      case 'empty':
      case 'ignore':
      case 'stopped':
      case 'unknown':
        ctx.checkStorable(now, t, behavior);
        return now;
      case 'init': {
        const made = now.onInit?.(ctx.at(t)) as Behavior<never>;
        if (!(made instanceof Behavior)) throw badBehavior(made, t, 'was returned by init');
        supervision = made.supervision;
        now = made;
        break;
      }
      case 'same':
      case 'unhandled':
        throw badBehavior(now, t, 'stands where an actor begins');
    }
  }
  throw new PorticoError({
    code: 'actor/bad-behavior',
    where: named(t),
    what: `its behavior is still made by another one after ${MOST_FACTORIES} steps, last by ${String(now)}`,
    cure: 'Let a factory return receive(…), init(…) or stopped in the end',
  });
}

/** Most have few arguments, and spreading them takes longer than what the factory does. */
function makeWith({ make }: Definition, args: readonly unknown[]): Behavior<never> {
  const few = make as (...args: unknown[]) => Behavior<never>;
  switch (args.length) {
    case 0:
      return few();
    case 1:
      return few(args[0]);
    case 2:
      return few(args[0], args[1]);
    case 3:
      return few(args[0], args[1], args[2]);
    default:
      return few(...args);
  }
}

/** The handler of a named behavior that has not been used yet. */
export function handlerOf(
  behavior: Behavior<never>,
  ctx: LiveContext,
  t: RuntimeContext,
): NonNullable<Behavior<never>['onMessage']> {
  const ready = made(behavior, ctx, t);
  if (ready.onMessage === undefined) throw badBehavior(ready, t, 'was to handle a message');
  return ready.onMessage;
}

export function badBehavior(value: unknown, t: RuntimeContext, how: string): PorticoError {
  if (isPromise(value)) {
    // The turn fails for it; what becomes of the promise is of no interest any more.
    value.then(undefined, () => undefined);
    return new PorticoError({
      code: 'actor/bad-behavior',
      where: named(t),
      what: `a promise ${how}, and a behavior is needed`,
      cure: 'Return at once, and have what takes time carried out as an effect, with ctx.run',
    });
  }
  const what = value instanceof Behavior ? String(value) : `a value of type ${typeof value}`;
  return new PorticoError({
    code: 'actor/bad-behavior',
    where: named(t),
    what: `${what} ${how}, and a behavior is needed`,
    cure: 'Return receive(…), same, stopped or what behavior(…) makes',
  });
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

const MOST_FACTORIES = 1_000;
