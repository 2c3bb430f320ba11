/** How behaviors are written: named ones, handlers of messages and signals, and what runs once at the beginning. */
import { PorticoError } from '../src/index.ts';
import { Behavior, type Definition, type OnInit, type OnMessage, type OnSignal, type StandardSchema } from './behavior.ts';
import type { ActorContext } from './context.ts';
import type { Signal } from './signals.ts';
import type { Supervision } from './supervise.ts';

/** How a behavior can be told more about. */
export interface BehaviorOptions<A extends readonly unknown[]> {
  /** The version of its arguments. 1 if not given. */
  readonly version?: number;
  /** Makes the arguments of this version out of those of an older one. */
  readonly migrate?: (args: readonly unknown[], fromVersion: number) => A;
  /** Checks messages that come from outside. */
  readonly schema?: StandardSchema;
}

/** Makes values of a named behavior. */
export interface BehaviorFactory<A extends readonly unknown[], in M> {
  (...args: A): Behavior<M>;
  /** @internal */
  readonly definition: Definition;
}

/**
 * Defines a named behavior. Calling what it returns makes a small value, a name and arguments; `make` runs when a message
 * has to be handled, and must be pure. Give it its return type if it mentions itself.
 *
 * @example
 * ```ts
 * import { behavior, receive, type Behavior } from 'portico';
 *
 * const counter = behavior('counter', (n: number): Behavior<'up'> => receive(() => counter(n + 1)));
 * console.log(String(counter(3))); // counter(3)
 * ```
 */
export function behavior<A extends unknown[], M>(
  name: string,
  make: (...args: A) => Behavior<M>,
  options: BehaviorOptions<A> = {},
): BehaviorFactory<A, M> {
  const definition: Definition = {
    name,
    version: options.version ?? 1,
    make: make as unknown as Definition['make'],
    migrate: options.migrate,
    schema: options.schema,
  };
  if (typeof name !== 'string' || name === '' || typeof make !== 'function') {
    throw new PorticoError({
      code: 'graph/bad-argument',
      where: 'behavior',
      what: 'a behavior needs a name and a function that makes it',
      cure: "Write behavior('name', (…) => receive(…))",
    });
  }
  const of = (args: readonly unknown[]): Behavior<M> => new Behavior<M>({ kind: 'named', definition, args });
  // The factory is pure, so without arguments one value serves all actors.
  const plain = of([]);
  const factory = (...args: A): Behavior<M> => (args.length === 0 ? plain : of(args));
  return Object.assign(factory, { definition });
}

/** What a handler may be told beside messages. */
export interface ReceiveOptions<M> {
  /** Handles signals: `Terminated` of watched actors, `PostStop` of this one. */
  readonly onSignal?: (signal: Signal, ctx: ActorContext<M>) => Behavior<M>;
}

/** Handles each message, and returns the behavior for the next one. */
export function receive<M>(
  onMessage: (message: M, ctx: ActorContext<M>) => Behavior<M>,
  options: ReceiveOptions<M> = {},
): Behavior<M> {
  return new Behavior<M>({
    kind: 'receive',
    onMessage: onMessage as unknown as OnMessage,
    onSignal: options.onSignal as unknown as OnSignal | undefined,
  });
}

/** Runs once, in the turn that creates the actor, and returns its first behavior. */
export function init<M>(onInit: (ctx: ActorContext<M>) => Behavior<M>): Behavior<M> {
  return new Behavior<M>({ kind: 'init', onInit: onInit as unknown as OnInit });
}

/**
 * Puts a behavior under supervision. It holds for the whole life of the actor that is created with it. If there are
 * several around a behavior, the innermost decides.
 */
export function supervise<M>(behavior: Behavior<M>, supervision: Supervision): Behavior<M> {
  const { kind, definition, args, onMessage, onSignal, onInit } = behavior;
  const innermost = behavior.supervision ?? supervision;
  return new Behavior<M>({ kind, definition, args, onMessage, onSignal, onInit, supervision: innermost });
}
