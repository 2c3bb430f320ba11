/**
 * Operators: how the parts of a task run over an atom. Each takes a whole batch and gives a whole batch, in tight loops.
 *
 * O1. An operator writes into its input only if it owns it; what it does not own is left as it was.
 * O2. Every event has a turn of its own: a throw undoes that turn, and an error event stands in place of its outputs.
 * O3. Error events pass in order, untouched, unless the task handles them.
 * O4. A key task followed by a map or a task with handlers runs in the loop of the latter: a keyed task. The outcome is the same
 *     as one after the other, because a key function cannot see the state of another task.
 */
import { InvariantViolation, ours, unreachable } from '../errors.ts';
import { manyOf, settled } from '../graph/arguments.ts';
import type { Key } from '../graph/keys.ts';
import type { Handlers, LeanFunction, LeanKind } from '../graph/task.ts';
import { ATOM, Failure, type Atom, type AtomPool, type End } from './atom.ts';
import type { Guard } from './care.ts';
import type { Backlog } from './backlog.ts';
import type { UndoLog } from './cells.ts';
import type { TaskContext } from './context.ts';
import { checkedKey } from './task.ts';
import type { Pass, TaskTimer } from './entrance.ts';
import { Refusal, type Ask } from './portal.ts';

/** One part of a task at run time. */
export interface Operator {
  readonly context: TaskContext;
  /** Gives the outputs of a batch: in a batch of the pool, or in the input itself. */
  run(input: Atom, owned: boolean, end: End): Atom;
  /** Gives the outputs of a pass that enters here. */
  enter(pass: Pass): Atom;
}

/** Makes the operator of a single function. */
export function leanOperator(
  kind: LeanKind,
  f: LeanFunction,
  context: TaskContext,
  pool: AtomPool,
): Operator {
  switch (kind) {
    case 'map':
      return new MapOperator(f, context, pool);
    case 'filter':
      return new FilterOperator(f, context, pool);
    case 'flatMap':
      return new FlatMapOperator(f, context, pool);
    case 'key':
      return new KeyOperator(f, context, pool);
    case 'identity':
      return new IdentityOperator(f, context, pool);
  }
}

abstract class LeanOperator implements Operator {
  readonly context: TaskContext;
  protected readonly f: LeanFunction;
  protected readonly pool: AtomPool;

  constructor(f: LeanFunction, context: TaskContext, pool: AtomPool) {
    this.f = f;
    this.context = context;
    this.pool = pool;
  }

  abstract run(input: Atom, owned: boolean): Atom;

  enter(): never {
    return unreachable(this.context.path, 'a pass entered at a task that has no portals and no timers');
  }
}

class MapOperator extends LeanOperator {
  run(input: Atom, owned: boolean): Atom {
    const { f, context } = this;
    const { turns } = context;
    const { undoLog } = turns;
    const { n, keys, values } = input;
    const out = owned ? input : this.pool.take();
    out.reserve(n);
    const outKeys = out.keys;
    const outValues = out.values;
    let failures = input.failures;
    const passFailures = failures > 0;
    context.live = true;
    let i = 0;
    while (i < n) {
      try {
        for (; i < n; i++) {
          const key = keys[i] as Key;
          const value = values[i];
          if (!owned) outKeys[i] = key;
          if (passFailures && value instanceof Failure) {
            outValues[i] = value;
            continue;
          }
          context.key = key;
          context.cell = undefined;
          const made = f(value, context);
          if (made instanceof Promise) settled<unknown>(made, context.path);
          outValues[i] = made;
          if (undoLog.dirty) turns.keep();
        }
      } catch (error) {
        outValues[i++] = failed(context, error);
        failures++;
      }
    }
    context.rest();
    out.n = n;
    out.failures = failures;
    return out;
  }
}

/**
 * A map that runs in one loop with the key task before it (O4). The loop is written out once more on purpose: in a shared
 * one the engine of JavaScript would see several functions at one call, and inline none of them.
 */
export class KeyedMapOperator extends LeanOperator {
  readonly #key: KeyOperator;

  constructor(key: KeyOperator, f: LeanFunction, context: TaskContext, pool: AtomPool) {
    super(f, context, pool);
    this.#key = key;
  }

  run(input: Atom, owned: boolean): Atom {
    const { f, context } = this;
    const keyed = this.#key;
    const { turns } = context;
    const { undoLog } = turns;
    const { n, keys, values } = input;
    const out = owned ? input : this.pool.take();
    out.reserve(n);
    const outKeys = out.keys;
    const outValues = out.values;
    let failures = input.failures;
    const passFailures = failures > 0;
    keyed.context.live = true;
    context.live = true;
    let at = keyed.context;
    let i = 0;
    while (i < n) {
      try {
        for (; i < n; i++) {
          const old = keys[i] as Key;
          const value = values[i];
          if (!owned) outKeys[i] = old;
          if (passFailures && value instanceof Failure) {
            outValues[i] = value;
            continue;
          }
          at = keyed.context;
          const key = keyed.keyOf(value, old);
          outKeys[i] = key;
          at = context;
          context.key = key;
          context.cell = undefined;
          const made = f(value, context);
          if (made instanceof Promise) settled<unknown>(made, context.path);
          outValues[i] = made;
          if (undoLog.dirty) turns.keep();
        }
      } catch (error) {
        outValues[i++] = failed(at, error);
        failures++;
      }
    }
    keyed.context.rest();
    context.rest();
    out.n = n;
    out.failures = failures;
    return out;
  }
}

class FilterOperator extends LeanOperator {
  run(input: Atom, owned: boolean): Atom {
    const { f, context } = this;
    const { turns } = context;
    const { undoLog } = turns;
    const { n, keys, values } = input;
    const out = owned ? input : this.pool.take();
    out.reserve(n);
    const outKeys = out.keys;
    const outValues = out.values;
    let failures = input.failures;
    const passFailures = failures > 0;
    context.live = true;
    let i = 0;
    let kept = 0;
    while (i < n) {
      try {
        for (; i < n; i++) {
          const key = keys[i] as Key;
          const value = values[i];
          if (!(passFailures && value instanceof Failure)) {
            context.key = key;
            context.cell = undefined;
            const keeps = f(value, context);
            if (keeps !== true && keeps !== false) settled(keeps, context.path);
            if (undoLog.dirty) turns.keep();
            if (!keeps) continue;
          }
          outKeys[kept] = key;
          outValues[kept++] = value;
        }
      } catch (error) {
        outKeys[kept] = keys[i++] as string;
        outValues[kept++] = failed(context, error);
        failures++;
      }
    }
    context.rest();
    // The values that were dropped must not stay alive in a batch that is reused.
    if (owned) for (let at = kept; at < n; at++) outValues[at] = undefined;
    out.n = kept;
    out.failures = failures;
    return out;
  }
}

export class KeyOperator extends LeanOperator {
  run(input: Atom, owned: boolean): Atom {
    const { context } = this;
    const { n, keys, values } = input;
    const out = owned ? input : this.pool.take();
    out.reserve(n);
    const outKeys = out.keys;
    const outValues = out.values;
    let failures = input.failures;
    const passFailures = failures > 0;
    context.live = true;
    let i = 0;
    while (i < n) {
      try {
        for (; i < n; i++) {
          const value = values[i];
          const key = keys[i] as Key;
          if (!owned) {
            outValues[i] = value;
            outKeys[i] = key;
          }
          if (passFailures && value instanceof Failure) continue;
          outKeys[i] = this.keyOf(value, key);
        }
      } catch (error) {
        outValues[i++] = failed(context, error);
        failures++;
      }
    }
    context.rest();
    out.n = n;
    out.failures = failures;
    return out;
  }

  /** The new key of an event, in a turn of its own. */
  keyOf(value: unknown, old: Key): Key {
    const { context } = this;
    context.key = old;
    context.cell = undefined;
    const key = this.f(value, context);
    const plain = typeof key === 'string' || (typeof key === 'number' && key - key === 0);
    const checked = plain ? key : checkedKey(key, context.path);
    if (context.turns.undoLog.dirty) context.turns.keep();
    return checked;
  }
}

class FlatMapOperator extends LeanOperator {
  run(input: Atom): Atom {
    const { f, context } = this;
    const { turns } = context;
    const { undoLog } = turns;
    const { n, keys, values } = input;
    const passFailures = input.failures > 0;
    const out = this.pool.take();
    const { backlog } = context;
    const room = backlog.room - n;
    context.live = true;
    for (let i = 0; i < n; i++) {
      const key = keys[i] as Key;
      const value = values[i];
      if (passFailures && value instanceof Failure) {
        out.fail(key, value);
        continue;
      }
      const savepoint = out.n;
      try {
        context.key = key;
        context.cell = undefined;
        for (const each of manyOf(f(value, context), context.path)) {
          if (out.n >= room && out.n > savepoint) throw backlog.refusal(context.path);
          out.push(key, each);
        }
        if (undoLog.dirty) turns.keep();
      } catch (error) {
        out.n = savepoint;
        out.fail(key, failed(context, error));
      }
    }
    context.rest();
    return out;
  }
}

class IdentityOperator extends LeanOperator {
  run(input: Atom): Atom {
    return input;
  }
}

/** Runs a task with handlers. */
export class HandlerOperator implements Operator {
  readonly context: TaskContext;
  readonly #onNext: Handlers['onNext'];
  readonly #onError: Handlers['onError'];
  readonly #onTimer: Handlers['onTimer'];
  readonly #onAtomComplete: Handlers['onAtomComplete'];
  readonly #onComplete: Handlers['onComplete'];
  /** The key task before it, if that runs in the same loop (O4). */
  readonly #key: KeyOperator | undefined;
  readonly #pool: AtomPool;
  readonly #undoLog: UndoLog;
  /** Looks after continuations; the handlers are looked after themselves. */
  readonly #guard: Guard | undefined;
  readonly #backlog: Backlog;

  constructor(
    handlers: Handlers,
    key: KeyOperator | undefined,
    context: TaskContext,
    pool: AtomPool,
    guard: Guard | undefined,
  ) {
    this.#onNext = handlers.onNext;
    this.#onError = handlers.onError;
    this.#onTimer = handlers.onTimer;
    this.#onAtomComplete = handlers.onAtomComplete;
    this.#onComplete = handlers.onComplete;
    this.#key = key;
    this.context = context;
    this.#pool = pool;
    this.#undoLog = context.turns.undoLog;
    this.#guard = guard;
    this.#backlog = context.backlog;
  }

  run(input: Atom, _owned: boolean, end: End): Atom {
    const out = this.#pool.take();
    this.begin(out);
    this.all(input, out);
    const atEnd = end === ATOM ? this.#onAtomComplete : this.#onComplete;
    if (atEnd !== undefined) this.#turn(undefined, out, atEnd);
    this.end();
    return out;
  }

  /** Whether a batch is done when each of its events is. */
  get endsSilently(): boolean {
    return this.#onAtomComplete === undefined;
  }

  /**
   * Handles all events of a batch, between `begin` and `end`; `out` is empty and the one that it began with. Returns whether no error
   * came of it, and there is room for all that did.
   */
  all(input: Atom, out: Atom): boolean {
    const { n, keys, values } = input;
    const passFailures = input.failures > 0;
    this.allow(n);
    for (let i = 0; i < n; i++) {
      const value = values[i];
      if (passFailures && value instanceof Failure) this.#failedInput(keys[i] as Key, value, out);
      else this.#handle(keys[i] as Key, value, out);
    }
    return out.failures === 0 && out.n <= this.context.room;
  }

  /** The same for an event that is alone in its batch, and no error; `allow` was called, and nothing was committed since. */
  one(key: Key, value: unknown, out: Atom): boolean {
    this.#handle(key, value, out);
    return out.failures === 0 && out.n <= this.context.room;
  }

  #handle(given: Key, value: unknown, out: Atom): void {
    const { context } = this;
    const keyed = this.#key;
    let keying = keyed !== undefined;
    try {
      const key = keyed === undefined ? given : keyed.keyOf(value, given);
      keying = false;
      context.key = key;
      context.cell = undefined;
      context.savepoint = out.n;
      const returned: unknown = this.#onNext?.(value, context);
      if (returned !== undefined) settled(returned, context.path);
      if (this.#undoLog.dirty) context.turns.keep();
    } catch (error) {
      if (keying && keyed !== undefined) this.#failedInput(given, failed(keyed.context, error), out);
      else this.#failed(out, error);
    }
  }

  enter(pass: Pass): Atom {
    const out = this.#pool.take();
    this.begin(out);
    this.allow(pass.items.length);
    for (const item of pass.items) {
      switch (pass.kind) {
        case 'requests':
          this.#answer(item as Ask, out);
          break;
        case 'replies':
          this.#resume(item as Ask, out);
          break;
        case 'timers':
          this.#fire(item as TaskTimer, out);
          break;
      }
    }
    this.end();
    return out;
  }

  #answer(ask: Ask, out: Atom): void {
    const { context } = this;
    context.request = ask;
    context.savepoint = out.n;
    try {
      context.key = ask.key;
      context.cell = undefined;
      settled(ask.portal?.answer(ask.request, context), context.path);
      context.turns.keep();
    } catch (error) {
      // The asker learns of it; nothing is left of the turn, and nobody downstream asked for it.
      out.n = context.savepoint;
      context.turns.add(new Refusal(ask, failed(context, error).error));
      context.turns.keep();
    }
    context.request = undefined;
  }

  #resume(ask: Ask, out: Atom): void {
    const { context } = this;
    const { turns } = context;
    // That it came back stands however the turn ends; but not if the whole pass is undone.
    const runs = ask.arrive(turns);
    turns.keep();
    if (!runs) return;
    context.request = ask.outer;
    context.current = ask.gather ?? ask;
    context.key = ask.askerKey;
    context.cell = undefined;
    context.savepoint = out.n;
    try {
      if (this.#guard === undefined) ask.resume(context);
      else
        this.#guard(ask.askerKey, ask.outcome, () => {
          ask.resume(context);
        });
      turns.keep();
    } catch (error) {
      this.#failed(out, error);
      // Whoever asked this task waits for an answer that cannot come any more.
      if (ask.outer !== undefined) {
        turns.add(new Refusal(ask.outer, error));
        turns.keep();
      }
    }
    context.request = undefined;
    context.current = undefined;
  }

  #fire(timer: TaskTimer, out: Atom): void {
    if (timer.cancelled) return;
    // It is over however its turn ends; but not if the whole pass is undone.
    const { turns } = this.context;
    turns.add(timer.delivery());
    turns.keep();
    this.#turn(timer.key, out, (context) => this.#onTimer?.(timer.payload, context));
  }

  /** O3. A handler that throws the same error again passes it on. */
  #failedInput(key: Key, failure: Failure, out: Atom): void {
    const onError = this.#onError;
    if (onError === undefined) out.fail(key, failure);
    else this.#turn(key, out, (context) => onError(failure.error, context), failure);
  }

  /** One turn that is not on the hot path. */
  #turn(key: Key | undefined, out: Atom, run: (ctx: TaskContext) => void, handled?: Failure): void {
    const { context } = this;
    context.key = key;
    context.cell = undefined;
    context.savepoint = out.n;
    try {
      settled(run(context), context.path);
      context.turns.keep();
    } catch (error) {
      this.#failed(out, error, handled);
    }
  }

  /** O2. */
  #failed(out: Atom, error: unknown, handled?: Failure): void {
    const { context } = this;
    const failure = failed(context, error);
    out.n = context.savepoint;
    out.fail(context.key ?? 0, handled !== undefined && handled.error === error ? handled : failure);
  }

  /** The task has its turns from now on, and emits into this batch. */
  begin(out: Atom): void {
    this.context.out = out;
    this.context.live = true;
    if (this.#key !== undefined) this.#key.context.live = true;
  }

  /** So many events have yet to be taken, and are there beside what is emitted: for the rest there is room. */
  allow(untaken: number): void {
    this.context.room = this.#backlog.room - untaken;
  }

  /** The turns of the task are over. */
  end(): void {
    this.context.rest();
    if (this.#key !== undefined) this.#key.context.rest();
  }
}

/** Undoes the turn and makes an error event of what was thrown. */
function failed(context: TaskContext, error: unknown): Failure {
  if (ours(error) instanceof InvariantViolation) throw error;
  context.turns.rollback();
  return new Failure(error, context.path);
}
