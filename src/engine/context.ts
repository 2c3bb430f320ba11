/**
 * The context of a task at run time.
 *
 * X1. It serves one task, and only while that task has a turn; `live` says so.
 * X2. Its key, its reply target and its output are those of the running turn.
 */
import { PorticoError, type ErrorCode } from '../errors.ts';
import {
  absent,
  type AnyContext,
  type AskOptions,
  type Future,
  type Log,
  type RequestId,
  type StateAccess,
  type StateHandle,
  type TimerId,
} from '../graph/context.ts';
import { inWords, pathOf } from '../graph/arguments.ts';
import { deriveKey, type Key } from '../graph/keys.ts';
import { frozen } from '../graph/state.ts';
import type { LogLevel } from '../host.ts';
import type { Atom } from './atom.ts';
import { MOST, type Backlog } from './backlog.ts';
import { Cell, EntryMap } from './cells.ts';
import { CancelTimer, TaskTimer, type Entrance } from './entrance.ts';
import { Ask, Gather, Late, Refusal, Reply, named, type Awaited, type Resumption } from './portal.ts';
import { Draw } from './random.ts';
import { checkedKey, Checks, type Abilities, type Surroundings, type TaskState } from './task.ts';
import type { Turns } from './turn.ts';

/** How long an ask waits if it does not say. */
const ASK_TIMEOUT_MS = 30_000;
// A constant of this module is known to the compiler; what is imported has to be looked up and compared at length.
const ABSENT: typeof absent = absent;
/** How many handles a context remembers the slots of. */
const HANDLES = 16;

export class TaskContext implements AnyContext, StateAccess {
  readonly states: StateAccess = this;
  key: Key | undefined = undefined;
  /** Whether the task has a turn. */
  live = false;
  /** Where emissions go; undefined for tasks that do not emit. */
  out: Atom | undefined = undefined;
  /** How many events the output held when this turn began. */
  savepoint = 0;
  /** From how many events on the output has more than there is room for (J3 of the backlog). */
  room: number = MOST;
  /** The cell of the key, once it was looked up. */
  cell: Cell | undefined = undefined;
  /** The request to reply to. */
  request: Ask | undefined = undefined;
  /** The future whose continuation runs. */
  current: Awaited | undefined = undefined;
  readonly turns: Turns;
  readonly backlog: Backlog;
  readonly log: Log;
  readonly #state: TaskState;
  readonly #entrance: Entrance;
  readonly #abilities: Abilities;
  readonly #surroundings: Surroundings;
  readonly #strict: boolean;
  readonly #checks: Checks | undefined;
  /** The handles that were used last, each where its number leads to, and their slots. */
  readonly #handles: number[] = Array.from({ length: HANDLES }, () => 0);
  readonly #slots: number[] = Array.from({ length: HANDLES }, () => 0);
  /** The turn in which an undone one was made up for, and its atom. */
  #aftermath = 0;
  #aftermathAtom = -1;
  /** The turn that last released something for which there was no room, and its atom. */
  #released = 0;
  #releasedAtom = -1;
  /** The slots of Portico's own operators in this part of the task, which no other part shares. */
  readonly #ownSlots = new Map<StateHandle, number>();

  constructor(state: TaskState, entrance: Entrance, abilities: Abilities, surroundings: Surroundings) {
    this.turns = surroundings.turns;
    this.backlog = surroundings.backlog;
    this.#state = state;
    this.#entrance = entrance;
    this.#abilities = abilities;
    this.#surroundings = surroundings;
    this.#strict = surroundings.strict;
    const { check } = surroundings;
    this.#checks = check && new Checks(check);
    const { name, path } = state;
    const at =
      (level: LogLevel) =>
      (value: unknown): void => {
        surroundings.log(level, name, path, value);
      };
    this.log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }

  /** The turn, or the run of turns, is over. */
  rest(): void {
    this.live = false;
    this.key = undefined;
    this.cell = undefined;
    this.out = undefined;
  }

  get name(): string {
    return this.#state.name;
  }

  get path(): string {
    return this.#state.path;
  }

  get nowMs(): number {
    if (!this.live) throw this.#outside('nowMs');
    return this.turns.nowMs;
  }

  emit(value: unknown): void {
    const out = (this as TaskContext | undefined)?.out;
    if (out === undefined) throw TaskContext.#notNow(this, 'emit');
    const { key } = this;
    if (this.#checks !== undefined && typeof value === 'object') this.#checks.see(value, this.path);
    const { n } = out;
    if (n >= this.room) this.#mayGrow(n - this.savepoint);
    if (n === out.keys.length) out.reserve(n + 1);
    out.n = n + 1;
    out.keys[n] = key === undefined ? deriveKey(value, 0) : key;
    out.values[n] = value;
  }

  emitTo(key: Key, value: unknown): void {
    const out = (this as TaskContext | undefined)?.out;
    if (out === undefined) throw TaskContext.#notNow(this, 'emitTo');
    if (this.#checks !== undefined && typeof value === 'object') this.#checks.see(value, this.path);
    const { n } = out;
    if (n >= this.room) this.#mayGrow(n - this.savepoint);
    if (n === out.keys.length) out.reserve(n + 1);
    out.n = n + 1;
    const plain = typeof key === 'string' || (typeof key === 'number' && key - key === 0);
    out.keys[n] = plain ? key : checkedKey(key, this.path);
    out.values[n] = value;
  }

  release(to: { readonly path: string }, value: unknown): void {
    TaskContext.#alive(this, 'release');
    const path = pathOf(to);
    if (path === undefined) {
      const what = `release was given ${inWords(to)}, and an egress is needed`;
      throw this.#badArgument(what, 'Give it what app.egress() returned');
    }
    const egress = this.#abilities.egresses.get(path);
    if (egress === undefined) {
      const what = `it releases to ${path}, which is no egress of its application`;
      throw this.#wrong(
        'graph/unknown-path',
        what,
        'Release to what app.egress() returned for this application',
      );
    }
    // There are few of these, and each will be stored.
    if (egress.waits) this.#mayWait();
    if (egress.keeps) this.#surroundings.check?.(value, this.path);
    else this.#checks?.see(value, this.path);
    this.turns.add(egress.release(this.key ?? deriveKey(value, 0), value));
  }

  forget(): void {
    TaskContext.#alive(this, 'forget');
    const cell = this.cell ?? (this.key === undefined ? undefined : this.#state.find(this.key));
    if (cell === undefined) return;
    const { undoLog } = this.turns;
    for (let slot = cell.slots - 1; slot >= 0; slot--) {
      if (cell.get(slot) === ABSENT) continue;
      undoLog.before(cell, slot, true);
      cell.set(slot, ABSENT);
    }
  }

  keep(): void {
    TaskContext.#alive(this, 'keep');
    this.turns.keep();
    this.savepoint = (this.out as Atom).n;
  }

  undo(): void {
    TaskContext.#alive(this, 'undo');
    const { turns } = this;
    turns.rollback();
    (this.out as Atom).n = this.savepoint;
    this.cell = undefined;
    // What is done now in place of the turn may take what it needs; the next turn may not.
    turns.undoLog.dirty = true;
    this.#aftermath = turns.undoLog.turn;
    this.#aftermathAtom = turns.atom;
  }

  random(bound: number): number {
    TaskContext.#alive(this, 'random');
    if (!(Number.isInteger(bound) && bound >= 1)) {
      throw this.#badArgument(`random was given ${inWords(bound)}`, 'Give it a whole number from 1 up');
    }
    const { random } = this.#surroundings;
    this.turns.add(new Draw(random));
    return random.below(bound);
  }

  readState(handle: StateHandle): unknown {
    const cell = handle.scope === 'key' ? (this.cell ?? this.#find(handle)) : this.#own(handle);
    if (cell === undefined) return ABSENT;
    const slot = this.#slot(handle);
    return slot === 0 ? cell.first : cell.get(slot);
  }

  writeState(handle: StateHandle, value: unknown): void {
    if (typeof value === 'object') this.#look(value);
    const cell =
      handle.scope === 'key' ? (this.cell ?? this.#find(handle) ?? this.#create()) : this.#own(handle);
    const slot = this.#slot(handle);
    this.turns.undoLog.before(cell, slot, value === ABSENT);
    if (slot === 0) cell.first = value;
    else cell.set(slot, value);
  }

  writeEntry(handle: StateHandle, key: Key, value: unknown): void {
    if (typeof value === 'object') this.#look(value);
    let map = this.readState(handle);
    if (map === ABSENT) {
      if (value === ABSENT) return;
      map = new EntryMap();
      this.writeState(handle, map);
    }
    const entries = map as EntryMap;
    const checked = typeof key === 'string' ? key : checkedKey(key, this.path);
    const cell = handle.scope === 'key' ? (this.cell as Cell) : this.#own(handle);
    this.turns.undoLog.beforeEntry(cell, entries, checked, value);
    entries.put(checked, value);
    // C4: an empty map is no state.
    if (value === ABSENT && entries.size === entries.gone) this.writeState(handle, ABSENT);
  }

  mustStore(value: unknown): void {
    this.#surroundings.check?.(value, this.path);
  }

  ask(portal: { readonly path: string }, request: unknown, options: AskOptions = {}): Future<never> {
    TaskContext.#alive(this, 'ask');
    const path = pathOf(portal);
    if (path === undefined) {
      const what = `ask was given ${inWords(portal)}, and a portal is needed`;
      throw this.#badArgument(what, 'Give it what app.portal() or the registry returned');
    }
    const target = this.#abilities.asks.get(path);
    if (target === undefined) {
      throw this.#wrong(
        'portal/undeclared',
        `it asks ${path}, which it does not declare`,
        'Name the portal in asks',
      );
    }
    const asker = this.key;
    const key = target.key === undefined ? (asker ?? 0) : checkedKey(target.key(request), target.path);
    const { timeoutMs = ASK_TIMEOUT_MS } = options;
    if (!(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
      throw this.#badArgument(`an ask cannot wait ${inWords(timeoutMs)} ms`, 'Give it a number from 0 up');
    }
    this.#checks?.see(request, this.path);
    const due = this.turns.nowMs + timeoutMs;
    const ask = new Ask(target, request, key, this.#entrance, asker, this.request, due);
    this.turns.add(ask);
    return ask;
  }

  await(future: object, then: unknown, rest?: unknown): void {
    TaskContext.#alive(this, 'await');
    const ask = this.#fresh(future);
    ask.resumption = this.#resumption(then, rest);
  }

  awaitAll(futures: readonly object[], then: unknown, otherwise?: unknown): void {
    TaskContext.#alive(this, 'awaitAll');
    if (!Array.isArray(futures)) {
      const what = `awaitAll was given ${inWords(futures)}, and a list of futures is needed`;
      throw this.#badArgument(what, 'Give it [future, …]');
    }
    const asks = futures.map((future) => this.#fresh(future));
    const what = this.#resumption(then, otherwise);
    if (asks.length === 0) {
      const nothing = new Ask(undefined, undefined, 0, this.#entrance, this.key, this.request, 0);
      nothing.resumption = what;
      this.turns.add(nothing);
      return;
    }
    const gather = new Gather(asks, what);
    asks.forEach((ask, index) => {
      if (ask.awaited) throw this.#awaitedTwice();
      ask.gather = gather;
      ask.index = index;
    });
  }

  reply(value: unknown): void {
    TaskContext.#alive(this, 'reply');
    const { request } = this;
    if (request === undefined) {
      const cure = 'Reply in a request handler, or in a continuation of what it awaits';
      throw this.#wrong('portal/reply-outside-request', 'there is no request to reply to', cure);
    }
    if (request.answered) {
      throw this.#wrong(
        'portal/replied-twice',
        'this request was replied to already',
        'Reply once to each request',
      );
    }
    this.#checks?.see(value, this.path);
    this.turns.add(new Reply(request, value));
  }

  defer(): RequestId<unknown> {
    TaskContext.#alive(this, 'defer');
    const { request } = this;
    const portal = request?.portal;
    if (request === undefined || portal === undefined) {
      const cure = 'Defer in a request handler, or in a continuation of what it awaits';
      throw this.#wrong('portal/reply-outside-request', 'there is no request to leave open', cure);
    }
    if (request.answered || request.deferred !== 0) {
      const what = 'this request was replied to, or left open, already';
      throw this.#wrong('portal/replied-twice', what, 'Reply once to each request, or leave it open once');
    }
    const deferral = portal.defer(request);
    this.turns.add(deferral);
    return { portal: portal.path, request: deferral.id };
  }

  replyTo(id: RequestId, value: unknown): void {
    const request = this.#open('replyTo', id);
    this.#checks?.see(value, this.path);
    if (request !== undefined) this.turns.add(new Reply(request, value));
  }

  refuse(id: RequestId, cause: unknown): void {
    const request = this.#open('refuse', id);
    if (request !== undefined) this.turns.add(new Refusal(request, cause));
  }

  after(delayMs: number, payload?: unknown): TimerId {
    TaskContext.#alive(this, 'after');
    const { key } = this;
    if (!this.#abilities.hasTimer) {
      throw this.#wrong(
        'context/not-offered',
        'it sets a timer and has no handler for it',
        'Add withOnTimer',
      );
    }
    if (!(typeof delayMs === 'number' && delayMs >= 0)) {
      throw this.#badArgument(`a timer cannot wait ${inWords(delayMs)} ms`, 'Give it a number from 0 up');
    }
    this.#checks?.see(payload, this.path);
    const due = this.turns.nowMs + delayMs;
    const timer = new TaskTimer(this.#entrance, this.#surroundings.taskTimers, key ?? 0, due, payload);
    this.turns.add(timer);
    return { timer: timer.id };
  }

  cancel(id: TimerId): void {
    TaskContext.#alive(this, 'cancel');
    const number = (id as TimerId | null | undefined)?.timer;
    if (typeof number !== 'number') {
      throw this.#badArgument(
        `cancel was given ${inWords(id)}, and a timer is needed`,
        'Give it what after returned',
      );
    }
    const timer = this.#surroundings.taskTimers.find(number);
    if (timer === undefined) return;
    if (timer.owner !== this.path) {
      throw this.#badArgument(
        `it cancels the timer of ${timer.owner}`,
        'Cancel a timer in the task that set it',
      );
    }
    this.turns.add(new CancelTimer(timer, this.turns.timers));
  }

  /** J3 of the backlog: refuses what a turn sends when it has sent so much already and there is no room. */
  #mayGrow(sent: number): void {
    const { turns } = this;
    if (sent === 0 || (turns.undoLog.turn === this.#aftermath && turns.atom === this.#aftermathAtom)) return;
    throw this.backlog.refusal(this.path);
  }

  /** The same for what waits at an egress. */
  #mayWait(): void {
    const { turns } = this;
    if (this.backlog.room > turns.waiting) return;
    const { turn } = turns.undoLog;
    const again = this.#released === turn && this.#releasedAtom === turns.atom;
    this.#mayGrow(again ? 1 : (this.out as Atom).n - this.savepoint);
    this.#released = turn;
    this.#releasedAtom = turns.atom;
  }

  /** A request that this task left open; undefined if it is closed. */
  #open(what: string, id: RequestId): Ask | undefined {
    TaskContext.#alive(this, what);
    const given = id as Partial<RequestId> | null | undefined;
    const portal = this.#abilities.answers.get(given?.portal ?? '');
    const number = given?.request;
    if (portal === undefined || number === undefined) {
      const cure = 'Give it what defer returned in the same task';
      throw this.#badArgument(
        `${what} was given ${inWords(id)}, and a request that this task left open is needed`,
        cure,
      );
    }
    const request = portal.open.get(number);
    if (request === undefined) this.turns.add(new Late(portal));
    else if (request.answered) {
      throw this.#wrong(
        'portal/replied-twice',
        'this request was replied to already',
        'Reply once to each request',
      );
    }
    return request;
  }

  /** At an object that is to be kept. */
  #look(value: object | null): void {
    if (this.#strict) frozen(value);
    if (this.#checks !== undefined) this.#checks.see(value, this.path);
  }

  #find(handle: StateHandle): Cell | undefined {
    const { key } = this;
    if (!this.live || key === undefined) throw this.#noState(handle);
    const cell = this.#state.find(key);
    if (cell !== undefined) cell.used = true;
    this.cell = cell;
    return cell;
  }

  #create(): Cell {
    const cell = new Cell(this.key as Key, this.#state);
    this.#state.cells.add(cell);
    this.cell = cell;
    return cell;
  }

  #own(handle: StateHandle): Cell {
    if (!this.live) throw this.#stateOutside(handle);
    return this.#state.own;
  }

  #slot(handle: StateHandle): number {
    const { id } = handle;
    const at = id & (HANDLES - 1);
    return this.#handles[at] === id ? (this.#slots[at] as number) : this.#findSlot(handle, at);
  }

  #findSlot(handle: StateHandle, at: number): number {
    const slot = handle.own ? this.#ownSlot(handle) : this.#state.slotOf(handle);
    this.#slots[at] = slot;
    this.#handles[at] = handle.id;
    return slot;
  }

  #ownSlot(handle: StateHandle): number {
    let slot = this.#ownSlots.get(handle);
    if (slot === undefined) {
      // By the part of the task, which is the same wherever the task stands in its workflow.
      const name = `${handle.slot}:${this.#entrance.part}:${this.#abilities.owns.indexOf(handle)}`;
      slot = this.#state.ownSlot(handle.scope, name);
      this.#ownSlots.set(handle, slot);
    }
    return slot;
  }

  #fresh(future: object): Ask {
    const { atom, undoLog } = this.turns;
    const asked = future instanceof Ask && future.home === this.#entrance && future.atom === atom;
    if (!asked || future.turn !== undoLog.turn) {
      throw this.#wrong(
        'future/other-turn',
        'it awaits a future of another turn',
        'Await it in the turn that asks',
      );
    }
    if (future.awaited) throw this.#awaitedTwice();
    return future;
  }

  #awaitedTwice(): PorticoError {
    return this.#wrong(
      'future/awaited-twice',
      'it awaits a future that is awaited already',
      'Await each future once',
    );
  }

  #resumption(then: unknown, rest: unknown): Resumption {
    if (typeof then === 'function') {
      if (this.#surroundings.image !== undefined) {
        throw this.#wrong(
          'continuation/not-data',
          'it awaits with a function, which cannot be stored',
          'Declare a continuation(name, …) in the task, and await with that',
        );
      }
      if (rest === undefined || typeof rest === 'function')
        return { onReply: then, onFailure: rest } as Resumption;
      throw this.#badArgument(
        `it awaits with ${inWords(rest)} for failures`,
        'Give it a function, or leave it out',
      );
    }
    if (!this.#abilities.continuations.has(then)) {
      const { name } = (then ?? {}) as { name?: unknown };
      if (typeof name !== 'string') {
        const what = `it awaits with ${inWords(then)}, and a function is needed`;
        throw this.#badArgument(what, 'Give it a function, or a continuation that the task declares');
      }
      const cure = 'Name it in continuations, so that it can be found again';
      throw this.#wrong('continuation/undeclared', `it awaits with ${name}, which it does not declare`, cure);
    }
    this.#checks?.see(rest, this.path);
    return named(then as Parameters<typeof named>[0], rest);
  }

  static #alive(ctx: TaskContext | undefined, what: string): void {
    if (ctx?.live !== true || ctx.out === undefined) throw TaskContext.#notNow(ctx, what);
  }

  /** Why something cannot be done with a context, or without one. */
  static #notNow(ctx: TaskContext | undefined, what: string): PorticoError {
    return ctx === undefined ? unbound(what) : ctx.#cannot(what);
  }

  #cannot(what: string): PorticoError {
    if (!this.live) return this.#outside(what);
    const cure = 'Use a processor, or a task that asks or answers portals';
    return this.#wrong('context/not-offered', `a task of its kind cannot ${what}`, cure);
  }

  #outside(what: string): PorticoError {
    const cure =
      'Use a context only in the call that it was given to; what takes time comes back as an event';
    return this.#wrong('context/outside-turn', `${what} was called outside a turn of this task`, cure);
  }

  #noState(handle: StateHandle): PorticoError {
    if (!this.live) return this.#stateOutside(handle);
    const what = `the state ${handle.name} belongs to a key, and there is no event that has one`;
    return this.#wrong(
      'state/no-key',
      what,
      'Use perTaskState or perTaskMap in onAtomComplete and onComplete',
    );
  }

  #stateOutside(handle: StateHandle): PorticoError {
    const what = `the state ${handle.name} was used outside a turn of this task`;
    return this.#wrong(
      'state/outside-turn',
      what,
      'Use state only in a handler, with the context it was given',
    );
  }

  #badArgument(what: string, cure: string): PorticoError {
    return this.#wrong('context/bad-argument', what, cure);
  }

  #wrong(code: ErrorCode, what: string, cure: string): PorticoError {
    return new PorticoError({ code, where: this.path, what, cure });
  }
}

/** That a method was called as a function. */
function unbound(method: string): PorticoError {
  const what = `${method} was called without its context`;
  const cure = `Call it as ctx.${method}(…); taken out of the context it does not know its task`;
  return new PorticoError({ code: 'context/unbound', where: `ctx.${method}`, what, cure });
}
