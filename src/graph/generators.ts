/** Generators: where atoms come from that no one sends. Each launch opens the source afresh. */
import { inWords, isPromise, type Mistake } from './arguments.ts';
import type { Key } from './keys.ts';

/** Atoms on request. Finished for good when `hasNext` is false. */
export interface AtomSource<out T> {
  hasNext(): boolean;
  /** The values of the next atom. */
  next(): Iterable<T>;
  /** The keys of the same atom, one for each value; the values give the keys if there is no such function. */
  keys?(): Iterable<Key>;
  /** Passes over so many atoms. Without it they are made and thrown away, when a system that is kept starts again. */
  skip?(atoms: number): void;
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
  /** Whether it gives the same atoms each time it is opened. A system that is kept relies on that. */
  readonly repeats: () => boolean;
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
  const values: number[] = [];
  return {
    hasNext: () => next < end,
    next: () => {
      const first = next;
      next = Math.min(end, first + size);
      // The array serves all atoms: whoever reads it copies the values before the next one is made.
      values.length = next - first;
      for (let i = 0; i < values.length; i++) values[i] = first + i;
      return values;
    },
    skip: (atoms) => {
      next = Math.min(end, next + atoms * size);
    },
  };
}

/** Iterates over an iterable, or over what is left of an iterator. */
export function iterate<T>(source: Iterable<T> | Iterator<T>): Iterable<T> {
  return Symbol.iterator in source
    ? source
    : { [Symbol.iterator]: () => ({ next: () => answerOf(source.next()) }) };
}

/** Whether a source can be iterated more than once: an iterator cannot, nor what a generator function returned. */
export function repeats(source: unknown): boolean {
  if (typeof source !== 'object' || source === null) return true;
  if (!(Symbol.iterator in source)) return false;
  const iterator: unknown = (source as Iterable<unknown>)[Symbol.iterator]();
  return iterator !== source;
}

/** What was opened, once it is sure that atoms can be asked of it. */
export function atomSource<T>(opened: AtomSource<T>): AtomSource<T> {
  const { hasNext, next } = (opened as Partial<AtomSource<T>> | undefined) ?? {};
  if (typeof hasNext === 'function' && typeof next === 'function') return opened;
  throw new TypeError(`it opened ${inWords(opened)}, which has no functions hasNext and next`);
}

/** What is wrong with an array that was given. */
export function arrayMistakes(to: string, given: unknown): Mistake[] {
  if (Array.isArray(given)) return [];
  const what = `${to} was given ${inWords(given)}, and an array is needed`;
  return [
    {
      code: 'graph/bad-argument',
      what,
      cure: 'Give it an array; fromIterable and fromIterables take what else can be iterated',
    },
  ];
}

/** What is wrong with an iterable or iterator that was given. */
export function iterableMistakes(to: string, given: unknown): Mistake[] {
  const isObject = (typeof given === 'object' && given !== null) || typeof given === 'string';
  if (isObject && Symbol.asyncIterator in Object(given)) {
    const what = `${to} was given an async iterable, and its values are needed at once`;
    return [
      { code: 'graph/async-function', what, cure: 'Read it outside and send what comes to an ingress' },
    ];
  }
  if (isObject && (Symbol.iterator in Object(given) || 'next' in Object(given))) return [];
  const what = `${to} was given ${inWords(given)}, and an iterable or an iterator is needed`;
  return [{ code: 'graph/bad-argument', what, cure: 'Give it something that for … of accepts' }];
}

function lookAhead<T>(
  source: Iterable<T> | Iterator<T>,
): AtomSource<T extends Iterable<infer V> ? V : never> {
  type V = T extends Iterable<infer U> ? U : never;
  const iterator = iterate(source)[Symbol.iterator]();
  let ahead: IteratorResult<T> | undefined;
  const peek = (): IteratorResult<T> => (ahead ??= answerOf(iterator.next()));
  return {
    hasNext: () => peek().done !== true,
    next: () => {
      const { value } = peek();
      ahead = undefined;
      const iterable =
        typeof value === 'string' ||
        (typeof value === 'object' && value !== null && Symbol.iterator in value);
      if (!iterable)
        throw new TypeError(`an atom is ${inWords(value)}, and an iterable with its values is needed`);
      return value as Iterable<V>;
    },
  };
}

/** An iterator that answers with a promise never says that it is done. */
function answerOf<T>(answer: IteratorResult<T>): IteratorResult<T> {
  if (typeof answer === 'object' && !isPromise(answer)) return answer;
  throw new TypeError(`its iterator answered with ${inWords(answer)}, and { value, done } is needed`);
}
