/**
 * State handles: names of state, declared once and used with the context of a turn. A handle holds nothing itself, so
 * it can be declared anywhere and shared; state belongs to the task that uses it, per key or for the whole task.
 */
import { PorticoError } from '../errors.ts';
import { inWords } from './arguments.ts';
import { absent, type StateAccess, type StateContext, type StateHandle } from './context.ts';
import type { Key } from './keys.ts';

// A constant of this module is known to the compiler; what is imported has to be looked up and compared at length.
const ABSENT: typeof absent = absent;

/** How many handles there are. */
let handles = 0;

/** A single value. */
export class ValueState<T> implements StateHandle {
  readonly scope: 'key' | 'task';
  readonly name: string;
  readonly slot: string;
  readonly own: boolean;
  readonly id: number = ++handles;
  readonly #initial: T;

  constructor(scope: 'key' | 'task', name: string, slot: string, initial: T, own = false) {
    this.own = own;
    this.scope = scope;
    this.name = name;
    this.slot = slot;
    // All keys, tasks and systems share it, so a change in place would reach them all.
    this.#initial = frozen(initial);
  }

  /** The value, or the initial one if none was set. */
  get(ctx: StateContext): T {
    const value = statesOf(ctx, this).readState(this);
    return value === ABSENT ? this.#initial : (value as T);
  }

  /** Sets the value. Treat it as immutable from then on; a strict system freezes it. */
  set(ctx: StateContext, value: T): void {
    statesOf(ctx, this).writeState(this, value);
  }

  /** Sets what `change` makes of the value, and returns it. */
  update(ctx: StateContext, change: (value: T) => T): T {
    const value = change(this.get(ctx));
    if (value instanceof Promise) throw promised(this, value);
    statesOf(ctx, this).writeState(this, value);
    return value;
  }

  /** Forgets the value; the initial one is read again. */
  delete(ctx: StateContext): void {
    statesOf(ctx, this).writeState(this, ABSENT);
  }
}

/** Where the state is; whoever has used it without a context is told so. */
function statesOf(ctx: StateContext, handle: StateHandle): StateAccess {
  const states = (ctx as StateContext | null | undefined)?.states;
  if (states === undefined) throw noContext(handle);
  return states;
}

function noContext({ name }: StateHandle): PorticoError {
  const what = `the state ${name} was used without a context`;
  const cure = 'Give it the context of the handler first, as in count.get(ctx)';
  return new PorticoError({ code: 'state/outside-turn', where: name, what, cure });
}

function promised({ name }: StateHandle, promise: Promise<unknown>): PorticoError {
  promise.catch(() => {
    // The turn fails for it; what becomes of the promise is of no interest any more.
  });
  const what = `the state ${name} was to become a promise`;
  const cure = 'Let the function return the new value at once';
  return new PorticoError({ code: 'task/promise', where: name, what, cure });
}

/** The entries of a map, as the engine keeps them: one that was deleted in this atom holds `absent` until its end. */
export interface Entries extends ReadonlyMap<Key, unknown> {
  /** How many entries hold `absent`. */
  readonly gone: number;
}

/** A map of values. */
export class MapState<K extends Key, V> implements StateHandle {
  readonly scope: 'key' | 'task';
  readonly name: string;
  readonly slot: string;
  readonly own: boolean;
  readonly id: number = ++handles;

  constructor(scope: 'key' | 'task', name: string, slot: string, own = false) {
    this.own = own;
    this.scope = scope;
    this.name = name;
    this.slot = slot;
  }

  get(ctx: StateContext, key: K): V | undefined {
    const value = this.#entries(ctx)?.get(key);
    return value === ABSENT ? undefined : (value as V | undefined);
  }

  has(ctx: StateContext, key: K): boolean {
    const entries = this.#entries(ctx);
    return entries !== undefined && entries.has(key) && entries.get(key) !== ABSENT;
  }

  set(ctx: StateContext, key: K, value: V): void {
    statesOf(ctx, this).writeEntry(this, key, value);
  }

  delete(ctx: StateContext, key: K): void {
    statesOf(ctx, this).writeEntry(this, key, ABSENT);
  }

  /** Forgets all entries of this map, and of this map only. */
  clear(ctx: StateContext): void {
    statesOf(ctx, this).writeState(this, ABSENT);
  }

  size(ctx: StateContext): number {
    const entries = this.#entries(ctx);
    return entries === undefined ? 0 : entries.size - entries.gone;
  }

  /** The entries as they are now, in the order in which their keys came. */
  entries(ctx: StateContext): [K, V][] {
    const entries = this.#entries(ctx);
    return entries === undefined ? [] : ([...entries].filter(([, value]) => value !== ABSENT) as [K, V][]);
  }

  #entries(ctx: StateContext): Entries | undefined {
    const entries = statesOf(ctx, this).readState(this);
    return entries === ABSENT ? undefined : (entries as Entries);
  }
}

/**
 * A value for each key of the task that uses it.
 *
 * @example
 * ```ts
 * import { application, perKeyState } from 'portico/dataflow';
 *
 * const seen = perKeyState('seen', 0);
 * application('counts', (app) => {
 *   const words = app.generators.fromArray(['a', 'b', 'a']);
 *   app.workflow().source(words).key((word) => word).map((_, ctx) => seen.update(ctx, (n) => n + 1)).sink();
 * });
 * ```
 */
export function perKeyState<T>(name: string, initial: T): ValueState<T> {
  return new ValueState('key', named('perKeyState', name), `value:${name}`, initial);
}

/** A value for the task that uses it, whatever the key. */
export function perTaskState<T>(name: string, initial: T): ValueState<T> {
  return new ValueState('task', named('perTaskState', name), `value:${name}`, initial);
}

/** A map for each key of the task that uses it. */
export function perKeyMap<K extends Key, V>(name: string): MapState<K, V> {
  return new MapState('key', named('perKeyMap', name), `map:${name}`);
}

/** A map for the task that uses it, whatever the key. */
export function perTaskMap<K extends Key, V>(name: string): MapState<K, V> {
  return new MapState('task', named('perTaskMap', name), `map:${name}`);
}

/** The name of a state; without one it would be shared with all others that have none. */
function named(where: string, name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  const what = name === '' ? 'the name of a state is empty' : `the name of a state is ${inWords(name)}`;
  throw new PorticoError({
    code: 'graph/bad-name',
    where,
    what,
    cure: 'Give it a text of at least one character',
  });
}

/** State of one of Portico's own operators. Its slot is shared with nobody. */
export function ownState<T>(scope: 'key' | 'task', name: string, initial: T): ValueState<T> {
  return new ValueState(scope, name, `own:${name}`, initial, true);
}

/** A map of one of Portico's own operators. */
export function ownMap<K extends Key, V>(scope: 'key' | 'task', name: string): MapState<K, V> {
  return new MapState(scope, name, `own-map:${name}`, true);
}

/** Freezes plain data, so that a change in place is found where it is made. Other objects are left alone. */
export function frozen<T>(value: T): T {
  if (!isPlain(value)) return value;
  // Without recursion: a list may be longer than the stack is deep.
  const left: object[] = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    Object.freeze(next);
    for (const each of Object.values(next)) if (isPlain(each)) left.push(each);
  }
  return value;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  // Asking for the prototype takes longer, and most instances of classes are told apart by this.
  const { constructor } = value;
  if (constructor !== Object && constructor !== Array && typeof constructor === 'function') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = prototype === Object.prototype || prototype === null || Array.isArray(value);
  return plain && !Object.isFrozen(value);
}
