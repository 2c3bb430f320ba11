/** How behaviors are written: named ones, handlers of messages and signals, and what runs once at the beginning. */
import { PorticoError } from '../src/index.ts';
import {
  Behavior,
  type Definition,
  type OnInit,
  type OnMessage,
  type OnSignal,
  type StandardSchema,
} from './behavior.ts';
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
  if (definition.schema !== undefined) schemas = true;
  const of = (args: readonly unknown[]): Behavior<M> => new Behavior<M>({ kind: 'named', definition, args });
  // The factory is pure, so without arguments one value serves all actors.
  const plain = of([]);
  const factory = (...args: A): Behavior<M> => (args.length === 0 ? plain : of(args));
  return Object.assign(factory, { definition });
}

/** Whether any behavior of this program has a schema: if none has, no actor needs to be asked for its own. */
export function someHaveSchemas(): boolean {
  return schemas;
}

let schemas = false;

/** A behavior of Portico's own: every program has it, so stored actors are found by its name without its being given to `start`. */
export function ownBehavior<A extends unknown[], M>(
  name: string,
  make: (...args: A) => Behavior<M>,
): BehaviorFactory<A, M> {
  const own = behavior(`portico/${name}`, make);
  ownDefinitions.push(own.definition);
  return own;
}

/** One for actors that stand for somebody outside: they are created there, and end with the run. */
export function visitor<A extends unknown[], M>(
  name: string,
  make: (...args: A) => Behavior<M>,
): BehaviorFactory<A, M> {
  const own = ownBehavior(name, make);
  visitorDefinitions.add(own.definition);
  return own;
}

export const ownDefinitions: Definition[] = [];
export const visitorDefinitions: Set<Definition | undefined> = new Set();

/** What a handler may be told beside messages. */
export interface ReceiveOptions<M> {
  /** Handles signals: `terminated` of watched actors, `postStop` and `preRestart` of this one. */
  readonly onSignal?: (signal: Signal, ctx: ActorContext<M>) => Behavior<M>;
}

/**
 * Handles each message, and returns the behavior for the next one: another behavior, `same`, `stopped` or `unhandled`.
 *
 * @example
 * ```ts
 * import { behavior, receive, same, start, stopped } from 'portico';
 *
 * const door = behavior('door', () =>
 *   receive<'knock' | 'close'>((message, ctx) => {
 *     if (message === 'close') return stopped;
 *     ctx.emit('who is there?');
 *     return same;
 *   }),
 * );
 *
 * await using system = await start({ behaviors: { door } });
 * system.subscribe((line) => console.log(line)); // who is there?
 * const ref = system.create(door());
 * await system.send(ref, 'knock');
 * await system.send(ref, 'close');
 * await system.watch(ref);
 * ```
 */
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

/**
 * Runs once, in the turn that creates the actor, and returns its first behavior. It may send, create, set timers and so on.
 *
 * @example
 * ```ts
 * import { behavior, init, receive, start, stopped } from 'portico';
 *
 * const alarm = behavior('alarm', (delayMs: number) =>
 *   init<'now'>((ctx) => {
 *     ctx.timers.single('alarm', delayMs, 'now');
 *     return receive((_, ctx) => {
 *       ctx.log.info('wake up');
 *       return stopped;
 *     });
 *   }),
 * );
 *
 * await using system = await start({ behaviors: { alarm } });
 * await system.watch(system.create(alarm(5)));
 * ```
 */
export function init<M>(onInit: (ctx: ActorContext<M>) => Behavior<M>): Behavior<M> {
  return new Behavior<M>({ kind: 'init', onInit: onInit as unknown as OnInit });
}

/**
 * Puts a behavior under supervision. It holds for the whole life of the actor that is created with it. If there are
 * several around a behavior, the innermost decides.
 *
 * @example
 * ```ts
 * import { behavior, receive, restart, same, start, supervise } from 'portico';
 *
 * const parser = behavior('parser', () =>
 *   receive<string>((text, ctx) => {
 *     ctx.emit(JSON.parse(text));
 *     return same;
 *   }),
 * );
 *
 * await using system = await start({ behaviors: { parser } });
 * const ref = system.create(supervise(parser(), restart({ limit: 3, withinMs: 60_000 })));
 * await system.send(ref, '[1, 2]');
 * await system.idle();
 * ```
 */
export function supervise<M>(behavior: Behavior<M>, supervision: Supervision): Behavior<M> {
  const { kind, definition, args, onMessage, onSignal, onInit } = behavior;
  const innermost = behavior.supervision ?? supervision;
  return new Behavior<M>({ kind, definition, args, onMessage, onSignal, onInit, supervision: innermost });
}
