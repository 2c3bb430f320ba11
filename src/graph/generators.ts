/** Generators: where atoms come from that no one sends. Each launch opens the source afresh. */
import { describe } from '../errors.ts';
import { isKey, type Key } from './keys.ts';

/** Atoms on request. Finished for good when `hasNext` is false. */
export interface AtomSource<out T> {
  hasNext(): boolean;
  /** The values of the next atom. */
  next(): Iterable<T>;
  /** The keys of the same atom, one for each value; the values give the keys if there is no such function. */
  keys?(): Iterable<Key>;
}

/** No more than so many events per time. Atoms stay whole, so one atom may exceed it; the next one then waits. */
export interface Throttle {
  readonly events: number;
  /** 1000 if not given. */
  readonly perMs?: number;
}

/** What every generator can be told. */
export interface GeneratorOptions<in T> {
  readonly name?: string;
  /** Gives each value its key. Without it a string, number or bigint is its own key, other values are counted. */
  readonly key?: (value: T) => Key;
  readonly throttle?: Throttle;
}

/** A generator as data. */
export interface GeneratorNode {
  readonly path: string;
  readonly name: string;
  readonly kind: string;
  readonly key: ((value: unknown) => Key) | undefined;
  readonly throttle: Throttle | undefined;
  readonly open: () => AtomSource<unknown>;
}

/** The values of each inner iterable as an atom; keys in parallel if given. */
export function batches<T>(
  all: Iterable<Iterable<T>> | Iterator<Iterable<T>>,
  keys?: Iterable<Iterable<Key>> | Iterator<Iterable<Key>>,
): AtomSource<T> {
  const values = lookAhead(all);
  if (keys === undefined) return values;
  const beside = lookAhead(keys);
  return {
    hasNext: () => values.hasNext() || beside.hasNext(),
    next: () => {
      if (!values.hasNext()) throw new RangeError('there are more atoms of keys than atoms of values');
      return values.next();
    },
    keys: () => {
      if (!beside.hasNext()) throw new RangeError('there are more atoms of values than atoms of keys');
      return beside.next();
    },
  };
}

/** The whole numbers from `start` up to but not including `end`, in atoms of `size`. */
export function range(start: number, end: number, size: number): AtomSource<number> {
  let next = start;
  return {
    hasNext: () => next < end,
    next: () => {
      const first = next;
      next = Math.min(end, first + size);
      const values: number[] = [];
      for (let value = first; value < next; value++) values.push(value);
      return values;
    },
  };
}

/** Iterates over an iterable, or over what is left of an iterator. */
export function iterate<T>(source: Iterable<T> | Iterator<T>): Iterable<T> {
  return Symbol.iterator in source ? source : { [Symbol.iterator]: () => source };
}

/** Why a key that a generator was given cannot be one; `undefined` if it can. */
export function keyProblem(key: unknown): string | undefined {
  return isKey(key) ? undefined : `the key is ${typeof key === 'number' ? String(key) : describe(typeof key)}`;
}

function lookAhead<T>(source: Iterable<T> | Iterator<T>): AtomSource<T extends Iterable<infer V> ? V : never> {
  type V = T extends Iterable<infer U> ? U : never;
  const iterator = iterate(source)[Symbol.iterator]();
  let ahead: IteratorResult<T> | undefined;
  const peek = (): IteratorResult<T> => (ahead ??= iterator.next());
  return {
    hasNext: () => peek().done !== true,
    next: () => {
      const { value } = peek();
      ahead = undefined;
      return value as unknown as Iterable<V>;
    },
  };
}
