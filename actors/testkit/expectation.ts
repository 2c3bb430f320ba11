/** What the kits say when something is not as expected: an error that every test runner can show. */
import { ActorRef, Behavior } from '../index.ts';

/** Something is not as the test expects. Runners that know `actual` and `expected` show the difference. */
export class ExpectationError extends Error {
  override readonly name: string = 'ExpectationError';
  readonly actual: unknown;
  readonly expected: unknown;

  constructor(message: string, difference: { readonly actual?: unknown; readonly expected?: unknown } = {}) {
    super(message);
    this.actual = difference.actual;
    this.expected = difference.expected;
  }
}

/** Whether two values are the same data. References are the same if they name the same actor. */
export function sameData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof ActorRef || b instanceof ActorRef)
    return a instanceof ActorRef && b instanceof ActorRef && a.id === b.id;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Behavior) {
    const other = b as Behavior<never>;
    return a.definition !== undefined && a.definition === other.definition && sameData(a.args, other.args);
  }
  if (a instanceof Error) return a.message === (b as Error).message;
  if (a instanceof Map) return sameLists([...a], [...(b as typeof a)]);
  if (a instanceof Set) return sameLists([...a], [...(b as typeof a)]);
  if (Array.isArray(a)) return sameLists(a, b as unknown[]);
  const left = valuesOf(a);
  const right = valuesOf(b);
  return (
    left.size === right.size &&
    [...left].every(([name, value]) => right.has(name) && sameData(value, right.get(name)))
  );
}

/** A value in one line. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return `${each}n`;
    if (each instanceof Behavior || typeof each === 'function' || typeof each === 'symbol')
      return String(each);
    if (each instanceof Map || each instanceof Set) return [...(each as Iterable<unknown>)];
    if (each instanceof Error) return String(each);
    return each;
  }) as string | undefined;
  const line = text ?? String(value);
  return line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}…` : line;
}

function sameLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, i) => sameData(each, b[i]));
}

/** What an object holds; a field that is `undefined` is as good as none. */
function valuesOf(object: object): Map<string, unknown> {
  if ('toISOString' in object)
    return new Map([['time', String((object as { valueOf(): unknown }).valueOf())]]);
  return new Map(Object.entries(object).filter(([, value]) => value !== undefined));
}

const MOST_SHOWN = 200;
