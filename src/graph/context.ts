/**
 * What a handler may do: the contexts of the kinds of tasks. A context belongs to its task and to the turn that runs;
 * it is exact (key, name, reply target) and refuses to be used outside that turn.
 */
import type { carries, Egress, Portal } from './handles.ts';
import type { Key } from './keys.ts';

/** No value: what an unset state holds. */
export const absent: unique symbol = Symbol('portico.absent');

/** Writes lines to the log of the host. */
export interface Log {
  debug(value: unknown): void;
  info(value: unknown): void;
  warn(value: unknown): void;
  error(value: unknown): void;
}

/** What the engine knows of a state handle. */
export interface StateHandle {
  /** Whose state: that of the current key, or that of the task. */
  readonly scope: 'key' | 'task';
  /** The name as the user gave it. */
  readonly name: string;
  /** The identity of the state within its task: kind and name. */
  readonly slot: string;
  /** Whether it is state of one of Portico's own operators: then it belongs to that operator alone. */
  readonly own: boolean;
  /** No other handle has this number. */
  readonly id: number;
}

/** Where the state of a task is. */
export interface StateAccess {
  /** The state behind a handle; `absent` if it was never set. */
  readState(handle: StateHandle): unknown;
  /** Sets the state behind a handle; `absent` deletes it. */
  writeState(handle: StateHandle, value: unknown): void;
  /** Sets one entry of the map behind a handle; `absent` deletes it. */
  writeEntry(handle: StateHandle, key: Key, value: unknown): void;
  /** Refuses what cannot be stored, if this system is kept. */
  mustStore?(value: unknown): void;
}

/** What state handles need. */
export interface StateContext {
  /** @internal Where the state is that belongs to the turn of this context. */
  readonly states: StateAccess;
}

/** The context of tasks that answer with a value: map, filter, flatMap, key. */
export interface MapContext extends StateContext {
  /** The key of the event. There is none in `onAtomComplete` and `onComplete`. */
  readonly key: Key | undefined;
  /** The name of the task. */
  readonly name: string;
  /** The path of the task. */
  readonly path: string;
  /** The time of the system's clock when this atom began. */
  readonly nowMs: number;
  readonly log: Log;
}

/** A timer of a task, while it runs. */
export interface TimerId {
  readonly timer: number;
}

/** A request that was left open: data, to be kept in state or sent. */
export interface RequestId<in Reply = never> {
  readonly portal: string;
  readonly request: number;
  readonly [carries]?: (reply: Reply) => void;
}

/** The context of tasks that emit. */
export interface ProcessorContext<in O> extends MapContext {
  /** Sends a value on, under the key of this turn. */
  emit(value: O): void;
  /** Gives `payload` to this task's `onTimer` handler, under the key of this turn, when `delayMs` have passed. */
  after(delayMs: number, payload?: unknown): TimerId;
  /** Sends a value on under another key: whoever reads it next has its turn where that key lives. */
  emitTo(key: Key, value: O): void;
  /** Lets a value leave for the outside when this atom is committed. */
  release<V>(egress: Egress<V>, value: NoInfer<V>): void;
  /** Forgets all per-key state that this task has under this key, whatever its handles. */
  forget(): void;
  /** Ends this turn as far as it has come: what follows is a turn of its own, and `undo` goes back to here only. */
  keep(): void;
  /** Undoes all that this turn has done so far: state, emissions, asks, timers, releases. */
  undo(): void;
  /** A number from 0 up to but not including `bound`, from the seeded generator of the system. */
  random(bound: number): number;
  /** Answers a request that this task left open. If it is closed by now, the reply is counted as late. */
  replyTo<R>(request: RequestId<R>, reply: NoInfer<R>): void;
  /** Lets a request that this task left open fail, with a cause. */
  refuse(request: RequestId, cause: unknown): void;
  /** Takes a timer back. Once this atom is done the timer does not fire any more. */
  cancel(timer: TimerId): void;
}

/** A reply that is to come. Its value can be read only in its own continuation. */
export interface Future<out T> {
  /** The reply. Throws outside the continuation that awaits this future. */
  value(ctx: object): T;
  readonly [carries]?: T | undefined;
}

/** A continuation that is data: it can be stored and sent, because a name stands for the function. */
export interface Continuation<in R, in Env, out O, out Reply = never> {
  readonly name: string;
  /** @internal */
  readonly run: (reply: unknown, env: unknown, ctx: AnyContext) => void;
  /** @internal */
  readonly otherwise: ((error: unknown, env: unknown, ctx: AnyContext) => void) | undefined;
  readonly [carries]?: ((reply: R, env: Env) => [O, Reply]) | undefined;
}

/** How an ask may differ from the usual. */
export interface AskOptions {
  /** How long to wait for the reply by the system's clock. 30 s if not given. */
  readonly timeoutMs?: number;
}

/** The values of some futures, in their order. */
export type FutureValues<F extends readonly Future<unknown>[]> = {
  -readonly [I in keyof F]: F[I] extends Future<infer R> ? R : never;
};

/** The context of tasks that ask portals. */
export interface AskerContext<in O> extends ProcessorContext<O> {
  /** Sends a request. The reply arrives in a later atom; `await` says what to do with it. */
  ask<Request, Reply>(
    portal: Portal<Request, Reply>,
    request: NoInfer<Request>,
    options?: AskOptions,
  ): Future<Reply>;
  /**
   * Says what happens with the reply, under the key of this turn. Without `otherwise` a failure (a timeout, a replier
   * that threw) becomes an error event of this task.
   */
  await<R>(
    future: Future<R>,
    then: (reply: NoInfer<R>, ctx: this) => void,
    otherwise?: (error: unknown, ctx: this) => void,
  ): void;
  /** The same with a continuation that is data: a name and an environment. */
  await<R, Env>(future: Future<R>, then: Continuation<R, Env, O>, env: NoInfer<Env>): void;
  /** Waits for all futures. The first failure is the failure of all. */
  awaitAll<const F extends readonly Future<unknown>[]>(
    futures: F,
    then: (replies: FutureValues<F>, ctx: this) => void,
    otherwise?: (error: unknown, ctx: this) => void,
  ): void;
}

/** The context in which a request is answered, and its continuations. A task that asks in turn declares what it asks. */
export interface ReplierContext<in O, in Reply> extends AskerContext<O> {
  /** Answers the request that this turn, or the turn that it continues, was given. */
  reply(reply: Reply): void;
  /**
   * Leaves the request of this turn open, to be answered in any later turn of this task with `replyTo` or `refuse`. The
   * number is data. When the asker's time is over the request is closed.
   */
  defer(): RequestId<Reply>;
  await<R>(
    future: Future<R>,
    then: (reply: NoInfer<R>, ctx: this) => void,
    otherwise?: (error: unknown, ctx: this) => void,
  ): void;
  /** The same with a continuation that is data; it may reply too. */
  await<R, Env>(future: Future<R>, then: Continuation<R, Env, O, Reply>, env: NoInfer<Env>): void;
}

/** Every ability at once: what the engine passes to any handler, whatever its type shows. */
export interface AnyContext extends ReplierContext<unknown, unknown> {}
