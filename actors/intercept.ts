/**
 * Interceptors: what stands between an actor and its behavior. They see each message and signal first, and hand on what
 * they like. An intercepted behavior stays intercepted when it switches to another one.
 */
import type { LogLevel } from '../src/index.ts';
import { same, stopped, unhandled, type Behavior } from './behavior.ts';
import { behavior, init, ownDefinitions, receive, supervise, type BehaviorFactory } from './behaviors.ts';
import type { ActorContext } from './context.ts';
import { begin, foreseen, handle, handleSignal, type Begun } from './interpret.ts';
import type { ActorRef } from './ref.ts';
import type { Signal } from './signals.ts';

/** Sees what comes before the behavior does. What it does not say goes straight through. */
export interface Interceptor<M, I = M> {
  /** `next` has the behavior handle a message, and returns what this handler returns in the usual case. */
  readonly onMessage?: (message: M, ctx: ActorContext<M>, next: (message: I) => Behavior<M>) => Behavior<M>;
  readonly onSignal?: (
    signal: Signal,
    ctx: ActorContext<M>,
    next: (signal: Signal) => Behavior<M>,
  ) => Behavior<M>;
}

/**
 * Puts an interceptor around a behavior. The result has no name; `interceptor` makes one that has.
 *
 * @example
 * ```ts
 * import { behavior, intercept, receive, same } from 'portico';
 *
 * const echo = behavior('echo', () => receive<string>((text, ctx) => (ctx.log.info(text), same)));
 * const shouting = intercept(echo(), { onMessage: (text, _, next) => next(text.toUpperCase()) });
 * console.log(String(shouting));
 * ```
 */
export function intercept<I, M = I>(inner: Behavior<I>, by: Interceptor<M, I>): Behavior<M> {
  return around(inner, by, (next) => intercept(next, by));
}

/**
 * Names an interceptor, so that a behavior with it around is data: a name, the behavior, and arguments.
 *
 * @example
 * ```ts
 * import { behavior, interceptor, receive, same } from 'portico';
 *
 * const only = interceptor('only', (shortest: number) => ({
 *   onMessage: (text: string, _, next) => (text.length < shortest ? same : next(text)),
 * }));
 * const echo = behavior('echo', () => receive<string>((text, ctx) => (ctx.log.info(text), same)));
 * console.log(String(only(echo(), 3))); // only(echo(), 3)
 * ```
 */
export function interceptor<A extends unknown[], M, I = M>(
  name: string,
  make: (...args: A) => Interceptor<M, I>,
): BehaviorFactory<[inner: Behavior<I>, ...args: A], M> {
  const named: BehaviorFactory<[inner: Behavior<I>, ...args: A], M> = behavior(
    name,
    (inner: Behavior<I>, ...args: A): Behavior<M> =>
      around(inner, make(...args), (next) => named(next, ...args)),
  );
  return named;
}

/** One of Portico's own: every program has it. */
function ownInterceptor<A extends unknown[], M>(
  name: string,
  make: (...args: A) => Interceptor<M>,
): BehaviorFactory<[inner: Behavior<M>, ...args: A], M> {
  const own = interceptor(`portico/${name}`, make);
  ownDefinitions.push(own.definition);
  return own;
}

/** Sends a copy of each message to another actor, before the behavior has it. */
export const monitor: <M>(ref: ActorRef<M>, inner: Behavior<M>) => Behavior<M> = (() => {
  const monitored = ownInterceptor('monitor', (ref: ActorRef<unknown>) => ({
    onMessage: (message: unknown, ctx, next) => {
      ctx.send(ref, message);
      return next(message);
    },
  }));
  return <M>(ref: ActorRef<M>, inner: Behavior<M>) =>
    monitored(inner as unknown as Behavior<unknown>, ref as unknown as ActorRef<unknown>);
})();

/** Writes each message and signal to the log before the behavior has it. The level is `debug` if not given. */
export const logMessages: <M>(inner: Behavior<M>, level?: LogLevel) => Behavior<M> = (() => {
  const logged = ownInterceptor('log messages', (level: LogLevel) => ({
    onMessage: (message: unknown, ctx, next) => {
      ctx.log[level]({ actor: String(ctx.self), message });
      return next(message);
    },
    onSignal: (signal, ctx, next) => {
      ctx.log[level]({ actor: String(ctx.self), signal: signal.signal });
      return next(signal);
    },
  }));
  return <M>(inner: Behavior<M>, level: LogLevel = 'debug') =>
    logged(inner as unknown as Behavior<unknown>, level);
})();

/** The interceptor around what the inner behavior is now; `again` puts it around what that becomes. */
function around<M, I>(
  inner: Behavior<I>,
  by: Interceptor<M, I>,
  again: (inner: Behavior<I>) => Behavior<M>,
): Behavior<M> {
  // The inner behavior has the context of the outer one: they are the same actor.
  const asInner = (ctx: ActorContext<M>): ActorContext<I> => ctx as unknown as ActorContext<I>;
  const wrapped = ({ first, supervision }: Begun<I>): Behavior<M> => {
    if (first === stopped) return stopped;
    return supervision === undefined ? again(first) : supervise(again(first), supervision);
  };
  const { init: begins, supervision } = foreseen(inner);
  if (begins) return init<M>((ctx) => wrapped(begin(inner, asInner(ctx))));

  /** Runs a hook; `step` is what the behavior does with what the hook hands on. */
  const through = <S, T>(
    ctx: ActorContext<M>,
    hook: ((what: S, ctx: ActorContext<M>, next: (what: T) => Behavior<M>) => Behavior<M>) | undefined,
    what: S,
    step: (now: Behavior<I>, what: T) => Behavior<I>,
  ): Behavior<M> => {
    let now: Begun<I> = begin(inner, asInner(ctx));
    const { first } = now;
    const next = (handed: T): Behavior<M> => {
      const outcome = step(now.first, handed);
      if (outcome === unhandled) return unhandled;
      if (outcome !== same) now = begin(outcome, asInner(ctx));
      return now.first === first ? same : wrapped(now);
    };
    const returned = hook === undefined ? next(what as unknown as T) : hook(what, ctx, next);
    // What the behavior became holds, even if the interceptor says only that it is content.
    return returned === same && now.first !== first ? wrapped(now) : returned;
  };

  const outer = receive<M>(
    (message, ctx) =>
      through(ctx, by.onMessage, message, (now, handed: I) => handle(now, handed, asInner(ctx))),
    {
      onSignal: (signal, ctx) =>
        through(ctx, by.onSignal, signal, (now, handed: Signal) => handleSignal(now, handed, asInner(ctx))),
    },
  );
  return supervision === undefined ? outer : supervise(outer, supervision);
}
