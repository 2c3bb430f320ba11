/** Why a value cannot be encoded, said so that the field is found: its path, what stands there, what would do instead. */
import { describe, InvariantViolation, ours, PorticoError, printed, type ErrorCode } from '../errors.ts';

/** The way into a container: a key, an index, or undefined for the data of an instance. For the keys of a map: below 0. */
export type Step = string | number | undefined;

/** Where a writer is within the value that it writes. */
export class Trail {
  readonly steps: Step[] = [];
  /** The maps, sets and instances that the steps lead into; undefined for objects and arrays. */
  readonly around: unknown[] = [];

  /** The way through so many containers, as it would stand in a program. */
  path(depth: number): string {
    if (depth <= SHOWN) return this.#part(0, depth);
    const skipped = depth - SHOWN;
    return `${this.#part(0, FIRST)}.…(${skipped} more)…${this.#part(FIRST + skipped, depth)}`;
  }

  #part(from: number, to: number): string {
    let path = '';
    for (let i = from; i < to; i++) path += stepped(this.steps[i], this.around[i]);
    return path;
  }
}

/** Of a long path its beginning and its end are shown. */
const SHOWN = 16;
const FIRST = 10;
/** And of a long name its beginning. */
const LONG = 40;

function stepped(step: Step, around: unknown): string {
  if (step === undefined) return '.toData()';
  if (around instanceof Set) return `.values()[${step}]`;
  if (around instanceof Map && typeof step === 'number') return entered(step, around);
  if (typeof step === 'number') return `[${step}]`;
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(step) && step.length <= LONG ? `.${step}` : `[${quoted(step)}]`;
}

function entered(step: number, map: ReadonlyMap<unknown, unknown>): string {
  if (step < 0) return `.keys()[${-1 - step}]`;
  const key = [...map.keys()][step];
  if (typeof key === 'string') return `.get(${quoted(key)})`;
  return typeof key === 'number' ? `.get(${key})` : `.values()[${step}]`;
}

/** A name in quotation marks, at a length that can be read. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > LONG ? `${name.slice(0, LONG)}…` : name);
}

/** What something is that is not data, and what would do instead. */
export interface Foreign {
  readonly is: string;
  readonly cure: string;
}

export const SYMBOL: Foreign = { is: 'is a symbol', cure: 'Use a string' };
export const GETTER: Foreign = { is: 'is a getter', cure: 'Store the value that it gives' };
export const HOLE: Foreign = { is: 'is a hole', cure: 'Fill the array, with undefined for instance' };
export const PROTO: Foreign = { is: 'is a key that objects cannot have', cure: 'Use another key, or a Map' };
export const CHANGED: Foreign = { is: 'changed while it was encoded', cure: 'Let toData change nothing' };

export function aFunction(value: { readonly name: string }): Foreign {
  const name: unknown = Object.getOwnPropertyDescriptor(value, 'name')?.value;
  const is = typeof name === 'string' && name !== '' ? `is the function ${quoted(name)}` : 'is a function';
  return { is, cure: 'Store data, and let it name what is to be done' };
}

export function aSymbolKey(key: symbol | undefined): Foreign {
  return { is: `has the key ${printed(key)}`, cure: 'Use a string as the key' };
}

/** An object that is neither plain nor of a class that the codec knows. */
export function anInstance(value: object, prototype: object): Foreign {
  if (value instanceof Promise) return { is: 'is a promise', cure: 'Wait for it, and store what it gives' };
  const name = className(prototype);
  if (name === undefined) {
    return { is: 'is an object with a prototype of its own', cure: 'Copy it into a plain object' };
  }
  if (ArrayBuffer.isView(value)) return { is: `is a ${name}`, cure: 'Copy it into a Uint8Array' };
  const cure = `Use plain data, or register a data type for ${name}`;
  return { is: `is an instance of ${name}`, cure };
}

/** What only inherits from a class of the platform, or has lost its bytes. */
export function unreadable(value: object): Foreign {
  const name = className(Object.getPrototypeOf(value) as object) ?? 'a class';
  return { is: `is an instance of ${name} that cannot be read`, cure: 'Make a new one' };
}

function className(prototype: object): string | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  const name: unknown = typeof constructor === 'function' ? constructor.name : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

export function unsupported(
  where: string,
  path: string,
  { is, cure }: Foreign,
  cause?: unknown,
): PorticoError {
  return refused('codec/unsupported', where, `${subject(path)} ${is}`, cure, cause);
}

export function tooDeep(where: string, path: string, maxDepth: number): PorticoError {
  const what = `${subject(path)} is nested deeper than ${maxDepth} levels, perhaps in a cycle`;
  return refused('codec/too-deep', where, what, CURE_DEEP);
}

export function tooLarge(where: string, maxBytes: number): PorticoError {
  const cure = 'Split it into several values, or allow more with maxBytes';
  return refused('codec/too-large', where, `the value takes more than ${maxBytes} bytes`, cure);
}

/** Anything that was thrown while a value was encoded, as an error that says so. */
export function refusal(error: unknown, where: string): PorticoError {
  const known = ours(error);
  if (known instanceof InvariantViolation || known?.code.startsWith('codec/') === true) return known;
  if (exhausted(error)) return stackTooDeep(where, error);
  const what = `the value, or something in it, cannot be read: ${describe(error)}`;
  return refused('codec/unsupported', where, what, 'Use plain data instead of proxies and getters', error);
}

/** Whether what was thrown says that the stack of the platform is full. */
export function exhausted(error: unknown): boolean {
  return error instanceof Error && /call stack|recursion/.test(error.message);
}

export function stackTooDeep(where: string, cause: unknown): PorticoError {
  const what = 'the value is nested deeper than the stack of this platform reaches';
  return refused('codec/too-deep', where, what, CURE_DEEP, cause);
}

const CURE_DEEP = 'Refer to other parts by ids, or allow more with maxDepth';

function refused(code: ErrorCode, where: string, what: string, cure: string, cause?: unknown): PorticoError {
  return new PorticoError({ code, where, what, cure }, cause === undefined ? {} : { cause });
}

function subject(path: string): string {
  return path === '' ? 'the value' : path;
}
