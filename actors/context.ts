/** What an actor can do in its turn. */
import type { Key, Log, MapState, Portal, StateContext, ValueState } from '../src/index.ts';
import { perKeyMap, perKeyState } from '../src/index.ts';
import type { Behavior } from './behavior.ts';
import type { Effect } from './effects.ts';
import type { ActorRef } from './ref.ts';
import type { Topic } from './topics.ts';

/** A message of protocol `M` that lacks only the reply of type `R`, or the failure, that will be put into it. */
export type Awaiting<M, R> = M extends { readonly reply?: infer X }
  ? R extends X
    ? Omit<M, 'reply' | 'failure'>
    : never
  : never;

/** The messages of protocol `M` that a reply can be put into, without it. */
export type Adaptable<M> = M extends { readonly reply?: unknown } ? Omit<M, 'reply' | 'failure'> : never;

/** What is put as a reply into the message of protocol `M` that `A` is without it. */
export type Adapted<M, A> = M extends { readonly reply?: infer X }
  ? A extends Omit<M, 'reply' | 'failure'>
    ? X
    : never
  : never;

/** The requests of a protocol: the messages that say where to reply, without that. */
export type RequestOf<M> = M extends { readonly replyTo: ActorRef<infer _> } ? Omit<M, 'replyTo'> : never;

/** What is replied to a request. */
export type ReplyOf<M, Q> = M extends { readonly replyTo: ActorRef<infer R> }
  ? Q extends Omit<M, 'replyTo'>
    ? R
    : never
  : never;

/** How an actor is created. */
export interface CreateOptions {
  /** A name to be found by. Only one actor can have it at a time. */
  readonly name?: string;
  /** Whether it stops when the actor stops that creates it. Otherwise it lives its own life. */
  readonly child?: boolean;
}

/** Timers of an actor, by key: setting one again replaces it, and the old one does not fire any more. */
export interface Timers<M> {
  /** Gives the actor a message, once. */
  single(key: Key, delayMs: number, message: M): void;
  /** Gives the actor a message again and again, always so long after it handled the last one. */
  fixedDelay(key: Key, delayMs: number, message: M): void;
  /** Gives the actor a message again and again, at fixed times; those that were missed are skipped. */
  fixedRate(key: Key, periodMs: number, message: M): void;
  /** Gives the actor a message at the times of a cron expression of five fields, in UTC. */
  cron(key: Key, expression: string, message: M): void;
  /** Takes the timer of that key back, if there is one. */
  cancel(key: Key): void;
  /** Takes all timers of this actor back. */
  cancelAll(): void;
  /** Whether there is a timer of that key that has more to give. */
  isActive(key: Key): boolean;
}

/** Messages set aside until they can be handled. */
export interface StashBuffer<M> {
  /** Sets a message aside. Throws when more than `limit` wait; 1,000 if not given. */
  stash(message: M, limit?: number): void;
  /** Gives all of them to the behavior that this turn returns, oldest first, before any other message. */
  unstashAll(): void;
  /** How many wait. */
  readonly size: number;
}

/** The context of an actor. It is exact only in the turn that it was given to. */
export interface ActorContext<M> extends StateContext {
  /** The reference of this actor. */
  readonly self: ActorRef<M>;
  /** The name it was created with, its id if it is an entity, or else its number. */
  readonly name: string;
  /** The time of the system's clock when this atom began. */
  readonly nowMs: number;
  /** Writes lines to the log of the host. They are not undone. */
  readonly log: Log;
  /** Creates an actor. The reference can be used at once. */
  create<T>(behavior: Behavior<T>, options?: CreateOptions): ActorRef<T>;
  /** The actor of that kind and id, which always exists: its first message creates it. */
  entity<T>(behavior: Behavior<T>, id: string): ActorRef<T>;
  /** Sends a message. It leaves when the turn is done, and not if it fails. */
  send<T>(ref: ActorRef<T>, message: NoInfer<T>): void;
  /** Asks an actor. Its reply, or the failure to get one, comes as the message `as` of this actor's own protocol. */
  ask<T, const Q extends RequestOf<T>>(
    ref: ActorRef<T>,
    request: Q,
    options: { readonly as: Awaiting<M, ReplyOf<T, Q>>; readonly timeoutMs?: number },
  ): void;
  /** Asks a portal that the actors were given. Its reply, or the failure to get one, comes as the message `as`. */
  askPortal<Q, R>(
    portal: Portal<Q, R>,
    request: NoInfer<Q>,
    options: { readonly as: Awaiting<M, R>; readonly timeoutMs?: number },
  ): void;
  /** A reference for others: what they send to it comes as the message `as`, with `reply` added. */
  adapt<const A extends Adaptable<M>>(as: A): ActorRef<Adapted<M, A>>;
  /** Has an effect carried out after this atom is committed. Its outcome comes as the message `as`. */
  run<A, R>(effect: Effect<A, R>, args: NoInfer<A>, options: { readonly as: Awaiting<M, R> }): void;
  /** Messages that this actor gives itself at some time. */
  readonly timers: Timers<M>;
  /** Messages that have to wait. */
  readonly stash: StashBuffer<M>;
  /** Has this actor told, by a signal or by the message `as`, when another one stops. */
  watch(ref: ActorRef<never>, options?: { readonly as: Awaiting<M, ActorRef<never>> }): void;
  /** Takes `watch` back. */
  unwatch(ref: ActorRef<never>): void;
  /** Stops a child. */
  stop(child: ActorRef<never>): void;
  /** The children that are alive. */
  readonly children: readonly ActorRef<never>[];
  /** Sends a value to the stream of the system, for subscribers and for other workflows. */
  emit(value: unknown): void;
  /** The same under a topic: a kind of values that has a name and a type. */
  emit<T>(topic: Topic<T>, value: NoInfer<T>): void;
  /** A number from 0 up to but not including `bound`, from the seeded generator of the system. */
  random(bound: number): number;
}

/**
 * A value that an actor keeps beside the arguments of its behavior. Declare it once, use it with the context: each actor
 * has its own value.
 *
 * @example
 * ```ts
 * import { behavior, receive, same, start, valueState, type ActorRef } from 'portico';
 *
 * const total = valueState('total', 0);
 * const adder = behavior('adder', () =>
 *   receive<{ n: number; replyTo: ActorRef<number> }>(({ n, replyTo }, ctx) => {
 *     ctx.send(replyTo, total.update(ctx, (before) => before + n));
 *     return same;
 *   }),
 * );
 *
 * await using system = await start({ behaviors: { adder } });
 * const ref = system.create(adder());
 * console.log(await system.ask(ref, { n: 2 })); // 2
 * console.log(await system.ask(ref, { n: 3 })); // 5
 * ```
 */
export function valueState<T>(name: string, initial: T): ValueState<T> {
  return perKeyState(name, initial);
}

/**
 * A map that an actor keeps beside the arguments of its behavior. It changes entry by entry, and is never copied.
 *
 * @example
 * ```ts
 * import { behavior, mapState, receive, same, start, type ActorRef } from 'portico';
 *
 * const seen = mapState<string, number>('seen');
 * const counter = behavior('counter', () =>
 *   receive<{ word: string; replyTo: ActorRef<number> }>(({ word, replyTo }, ctx) => {
 *     seen.set(ctx, word, (seen.get(ctx, word) ?? 0) + 1);
 *     ctx.send(replyTo, seen.size(ctx));
 *     return same;
 *   }),
 * );
 *
 * await using system = await start({ behaviors: { counter } });
 * const ref = system.create(counter());
 * for (const word of ['tea', 'cup']) await system.ask(ref, { word });
 * console.log(await system.ask(ref, { word: 'tea' })); // 2
 * ```
 */
export function mapState<K extends Key, V>(name: string): MapState<K, V> {
  return perKeyMap(name);
}
