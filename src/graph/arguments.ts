/**
 * Arguments as they come at run time. The types forbid what is refused here, but JavaScript lets it pass, and then it
 * would show much later and far away. What is wrong is noted like any other problem of the graph.
 */
import { PorticoError, type Problem } from '../errors.ts';

/** What is wrong with an argument, before it is known where in the graph it ends up. */
export type Mistake = Omit<Problem, 'where'>;

/** A value in a few words, for the sentence “it was given …”. */
export function inWords(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'undefined';
    case 'boolean':
    case 'number':
    case 'bigint':
      return String(value);
    case 'string':
      return `the text “${value.length > 40 ? `${value.slice(0, 40)}…` : value}”`;
    case 'symbol':
      return 'a symbol';
    case 'function':
      return functionKinds[tagOf(value)]?.name ?? 'a function';
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return 'an array';
      return isPromise(value) ? 'a promise' : 'an object';
  }
}

/** Whether a value is a promise, or can be awaited like one. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

/** What a function of a task returned, once it is sure that it is no promise. */
export function settled<T>(given: T, where: string): T {
  if (!isPromise(given)) return given;
  // The turn fails for it; what becomes of the promise is of no interest any more.
  given.then(undefined, () => undefined);
  const what = 'its handler returned a promise, and a turn cannot wait for it';
  const cure = 'Let it return at once; start what takes time outside and send its result to an ingress';
  throw new PorticoError({ code: 'task/promise', where, what, cure });
}

/** What a function returned that makes many values of one. */
export function manyOf(given: unknown, where: string): Iterable<unknown> {
  const found =
    typeof given === 'string' || (typeof given === 'object' && given !== null && Symbol.iterator in given);
  if (found) return given as Iterable<unknown>;
  settled(given, where);
  const what = `its function returned ${inWords(given)}, and an iterable is needed`;
  throw new PorticoError({
    code: 'task/bad-result',
    where,
    what,
    cure: 'Return an array, an empty one for no values',
  });
}

/** What is wrong with a function that was given; `generators` are welcome where many values are made of one. */
export function functionMistakes(
  to: string,
  f: unknown,
  { generators = false }: { readonly generators?: boolean } = {},
): Mistake[] {
  if (typeof f !== 'function') {
    const what = `${to} was given ${inWords(f)}, and a function is needed`;
    return [{ code: 'graph/bad-argument', what, cure: 'Give it a function' }];
  }
  const kind = functionKinds[tagOf(f)];
  if (kind === undefined || (generators && !kind.async)) return [];
  if (kind.async) {
    const what = `${to} was given ${kind.name}, and its answer is needed at once`;
    const cure = 'Give it a plain function; start what takes time outside and send its result to an ingress';
    return [{ code: 'graph/async-function', what, cure }];
  }
  const what = `${to} was given ${kind.name}, whose body would not run`;
  return [
    { code: 'graph/bad-argument', what, cure: 'Give it a plain function; flatMap takes generator functions' },
  ];
}

/** The same for a function that may be left out. */
export function optionalFunctionMistakes(to: string, f: unknown): Mistake[] {
  return f === undefined ? [] : functionMistakes(to, f);
}

/** What is wrong with options. */
export function optionsMistakes(to: string, given: unknown): Mistake[] {
  if (typeof given === 'object' && given !== null) return [];
  const what = `${to} was given ${inWords(given)}, and an object with options is needed`;
  const cure = 'Write options by name, as in { name: “…” }, or leave them out';
  return [{ code: 'graph/bad-argument', what, cure }];
}

/** The path behind a handle; undefined if it is none. */
export function pathOf(handle: unknown): string | undefined {
  if (typeof handle !== 'object' || handle === null || !('path' in handle)) return undefined;
  return typeof handle.path === 'string' ? handle.path : undefined;
}

/** That something is no handle. */
export function notAHandle(to: string, given: unknown, needed: string): Mistake {
  const what = `${to} was given ${inWords(given)}, and ${needed} is needed`;
  return {
    code: 'graph/bad-argument',
    what,
    cure: 'Give it what the application builder or its registry returned',
  };
}

/** That an option is none of the words that are known. */
export function unknownWord(option: string, given: unknown, known: readonly string[]): Mistake {
  const what = `${option} is ${inWords(given)}`;
  return {
    code: 'graph/bad-argument',
    what,
    cure: `It can be ${known.map((word) => `“${word}”`).join(' or ')}`,
  };
}

/** Whether the body of a function would not run if it were called. */
export function isGeneratorFunction(f: unknown): boolean {
  return typeof f === 'function' && tagOf(f).endsWith('GeneratorFunction]');
}

const functionKinds: Record<string, { readonly name: string; readonly async: boolean }> = {
  '[object AsyncFunction]': { name: 'an async function', async: true },
  '[object AsyncGeneratorFunction]': { name: 'an async generator function', async: true },
  '[object GeneratorFunction]': { name: 'a generator function', async: false },
};

function tagOf(f: object): string {
  return Object.prototype.toString.call(f);
}
