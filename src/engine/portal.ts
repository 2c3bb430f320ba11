/**
 * Portals: asks on their way to the task that answers, and replies on their way back.
 *
 * P1. A request leaves when the atom that asked is committed; a reply leaves when the atom that replied is.
 * P2. An ask is settled once: by its reply, by the failure of the replier, or by its timeout. What comes later is counted
 *     and dropped.
 * P3. A settled ask is known to nobody but the pass that brings it back.
 */
import { PorticoError, describe } from '../errors.ts';
import { settled } from '../graph/arguments.ts';
import type { AnyContext, Continuation, Future } from '../graph/context.ts';
import type { Key } from '../graph/keys.ts';
import type { Entrance } from './entrance.ts';
import { Timed } from './timers.ts';
import type { Effect, Turns } from './turn.ts';

/** How a request is handled. */
export type RequestHandler = (request: unknown, ctx: AnyContext) => void;

/** A portal at run time. */
export class PortalRuntime {
  readonly path: string;
  readonly key: ((request: unknown) => Key) | undefined;
  requests = 0;
  /** Replies that came after their ask was settled. */
  late = 0;
  /** The requests that were left open, by number. */
  readonly open: Map<number, Ask> = new Map();
  /** The youngest number that a request was left open under. */
  deferred = 0;
  #entrance: Entrance | undefined;
  #handle: RequestHandler | undefined;

  constructor(path: string, key: ((request: unknown) => Key) | undefined) {
    this.path = path;
    this.key = key;
  }

  /** Says which task answers it. */
  answerWith(entrance: Entrance, handle: RequestHandler): void {
    this.#entrance = entrance;
    this.#handle = handle;
  }

  /** Leaves a request open. */
  defer(ask: Ask): Deferral {
    return new Deferral(this, ask, ++this.deferred);
  }

  /** Takes back the youngest number, with its request. */
  undefer(id: number): void {
    this.open.delete(id);
    this.deferred = id - 1;
  }

  send(ask: Ask): void {
    this.requests++;
    this.#entrance?.add('requests', ask);
  }

  answer(request: unknown, ctx: AnyContext): void {
    return this.#handle?.(request, ctx);
  }
}

/** A request is left open. */
export class Deferral implements Effect {
  readonly id: number;
  readonly #portal: PortalRuntime;
  readonly #ask: Ask;

  constructor(portal: PortalRuntime, ask: Ask, id: number) {
    this.id = id;
    this.#portal = portal;
    this.#ask = ask;
    ask.deferred = id;
    if (ask.expected) portal.open.set(id, ask);
  }

  apply(): void {
    // It is open already, so that the same atom can answer it.
  }

  undo(): void {
    this.#ask.deferred = 0;
    this.#portal.undefer(this.id);
  }
}

/** What is awaited: one ask, or several together. A context is in its continuation while `current` is this. */
export type Awaited = Ask | Gather;

/** What to do with a reply. */
export interface Resumption {
  /** The continuation that it runs, and with what, if it is data. */
  readonly data?: readonly [continuation: string, env: unknown] | undefined;
  readonly onReply: (reply: unknown, ctx: AnyContext) => void;
  readonly onFailure: ((error: unknown, ctx: AnyContext) => void) | undefined;
}

/** Makes a continuation that is data runnable. */
export function named(continuation: Continuation<never, never, never>, env: unknown): Resumption {
  const { name, run, otherwise } = continuation;
  return {
    data: [name, env],
    onReply: (reply, ctx) => run(reply, env, ctx),
    onFailure: otherwise === undefined ? undefined : (error, ctx) => otherwise(error, env, ctx),
  };
}

/** A request, from being asked until its continuation has run. It is the future that the asker holds. */
export class Ask extends Timed implements Effect, Future<never> {
  readonly portal: PortalRuntime | undefined;
  readonly request: unknown;
  /** The key under which it is answered. */
  readonly key: Key;
  /** Where the reply enters. */
  readonly home: Entrance;
  /** The key under which its continuation runs. */
  readonly askerKey: Key | undefined;
  /** The request that the asker itself was handling. */
  outer: Ask | undefined;
  readonly due: number;
  /** Its number in the store, once it was stored. */
  id = 0;
  /** The turn that asked. */
  readonly atom: number;
  readonly turn: number;
  resumption: Resumption | undefined = undefined;
  gather: Gather | undefined = undefined;
  /** Its place in the gather. */
  index = 0;
  /** A reply was given; it is on its way. */
  answered = false;
  /** Its number, if it was left open. */
  deferred = 0;
  /** The application that asked is no more. */
  forsaken = false;
  settled = false;
  outcome: unknown = undefined;
  failed = false;

  constructor(
    portal: PortalRuntime | undefined,
    request: unknown,
    key: Key,
    home: Entrance,
    askerKey: Key | undefined,
    outer: Ask | undefined,
    due: number,
  ) {
    super();
    this.portal = portal;
    this.request = request;
    this.key = key;
    this.home = home;
    this.askerKey = askerKey;
    this.outer = outer;
    this.due = due;
    this.atom = home.turns.atom;
    this.turn = home.turns.undoLog.turn;
  }

  get owner(): string {
    return this.home.path;
  }

  get awaited(): boolean {
    return this.resumption !== undefined || this.gather !== undefined;
  }

  /** Whether a reply would be news. */
  get expected(): boolean {
    return !this.settled;
  }

  /** The reply, in its own continuation only. */
  value(ctx: object): never {
    const current = 'current' in ctx ? ctx.current : undefined;
    if (current === undefined || (current !== this && current !== this.gather)) {
      throw new PorticoError({
        code: 'future/elsewhere',
        where: this.home.path,
        what: 'a future was read outside its own continuation',
        cure: 'Read it in the function given to await, and capture the value for later ones',
      });
    }
    if (this.failed) throw this.outcome;
    return this.outcome as never;
  }

  apply(): void {
    const { portal } = this;
    // P1.
    if (portal === undefined) {
      this.settle([], false);
      return;
    }
    if (this.awaited) this.wait();
    else this.settled = true;
    portal.send(this);
  }

  /** Waits for the reply, until its time is over. */
  wait(): void {
    this.home.turns.timers.set(this, this.due);
    this.home.turns.asks.add(this);
  }

  undo(): void {
    // Nothing was sent yet.
  }

  /** P2. */
  settle(outcome: unknown, failed: boolean): void {
    if (this.settled) {
      if (this.awaited && this.portal !== undefined) this.portal.late++;
      return;
    }
    this.settled = true;
    if (this.deferred !== 0) this.portal?.open.delete(this.deferred);
    this.home.turns.timers.cancel(this);
    this.home.turns.asks.delete(this);
    this.outcome = outcome;
    this.failed = failed;
    this.home.add('replies', this);
  }

  fire(): void {
    const path = this.portal?.path ?? '';
    const error = new PorticoError({
      code: 'portal/timeout',
      where: this.home.path,
      what: `${path} did not reply in time`,
      cure: 'Let its task reply to every request, or ask with a larger timeoutMs',
    });
    this.settle(error, true);
  }

  override abandon(): void {
    this.settled = true;
    this.home.turns.asks.delete(this);
    if (this.deferred !== 0) this.portal?.open.delete(this.deferred);
  }

  /** Tells the asker that the replier failed. */
  fail(cause: unknown): void {
    const where = this.portal?.path ?? '';
    const what = `its task failed on this request: ${describe(cause)}`;
    const cure = 'Mend the request handler, or handle the failure where it is awaited';
    this.settle(new PorticoError({ code: 'portal/replier-failed', where, what, cure }, { cause }), true);
  }

  /** Notes that it came back, before the turn of its continuation begins. Returns whether there is one. */
  arrive(turns: Turns): boolean {
    return this.gather === undefined || this.gather.arrive(this, turns);
  }

  /** Runs the continuation. */
  resume(ctx: AnyContext): void {
    if (this.gather !== undefined) this.gather.resume(this, ctx);
    else if (this.resumption !== undefined) settleWith(this.resumption, this.outcome, this.failed, ctx);
  }
}

/** Several asks that are awaited together. */
export class Gather {
  readonly asks: readonly Ask[];
  readonly resumption: Resumption;
  /** How many are missing; undefined when it is over. */
  missing: number | undefined;
  /** Its number in the store, once it was stored. */
  id = 0;

  constructor(asks: readonly Ask[], resumption: Resumption) {
    this.asks = asks;
    this.resumption = resumption;
    this.missing = asks.length;
  }

  /** Counts an ask that came back. Returns whether the continuation is to run: at the first failure, or when all are here. */
  arrive(ask: Ask, turns: Turns): boolean {
    const missing = this.missing;
    if (missing === undefined) return false;
    const left = missing - 1;
    const over = ask.failed || left === 0;
    this.missing = over ? undefined : left;
    turns.add({
      apply: () => undefined,
      undo: () => {
        this.missing = missing;
      },
    });
    return over;
  }

  resume(ask: Ask, ctx: AnyContext): void {
    const outcome = ask.failed ? ask.outcome : this.asks.map((each) => each.outcome);
    settleWith(this.resumption, outcome, ask.failed, ctx);
  }
}

/** A reply on its way. */
export class Reply implements Effect {
  readonly #ask: Ask;
  readonly #value: unknown;

  constructor(ask: Ask, value: unknown) {
    this.#ask = ask;
    this.#value = value;
    ask.answered = true;
  }

  apply(): void {
    this.#ask.settle(this.#value, false);
  }

  undo(): void {
    this.#ask.answered = false;
  }
}

/** The news, on its way, that a replier failed. */
export class Refusal implements Effect {
  readonly #ask: Ask;
  readonly #cause: unknown;
  /** A turn that fails after its reply is undone with it; the asker then learns of the failure only. */
  readonly #before: boolean;

  constructor(ask: Ask, cause: unknown) {
    this.#ask = ask;
    this.#cause = cause;
    this.#before = ask.answered;
    ask.answered = true;
  }

  apply(): void {
    this.#ask.fail(this.#cause);
  }

  undo(): void {
    this.#ask.answered = this.#before;
  }
}

/** A reply to a request that is closed. */
export class Late implements Effect {
  readonly #portal: PortalRuntime;

  constructor(portal: PortalRuntime) {
    this.#portal = portal;
  }

  apply(): void {
    this.#portal.late++;
  }

  undo(): void {
    // It was not counted yet.
  }
}

function settleWith(
  { onReply, onFailure }: Resumption,
  outcome: unknown,
  failed: boolean,
  ctx: AnyContext,
): void {
  if (!failed) settled(onReply(outcome, ctx), ctx.path);
  else if (onFailure !== undefined) settled(onFailure(outcome, ctx), ctx.path);
  else throw outcome;
}
