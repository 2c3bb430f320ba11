/**
 * Reads records.
 *
 * R1. Nothing is revived but data and instances of registered types.
 * R2. Bytes are never believed: each length is held against what is left before anything is made of it, so that what is
 *     made stays within a fixed multiple of the record. Whatever the bytes are, the error is one of the codec's.
 * R3. What readers remember between records only saves work: it is found by the very bytes that it was made of.
 */
import { describe, ours, PorticoError, type ErrorCode } from '../errors.ts';
import {
  ARRAY,
  ARRAY_LONG,
  ASCII,
  BIGINT,
  BIGINT_MINUS,
  BUFFER,
  DATE,
  DateValue,
  DEFINE_SHAPE,
  DEFINE_TYPE,
  DICTIONARY,
  DOUBLE,
  ERROR,
  FALSE,
  FORMAT,
  HUGE,
  HUGE_MINUS,
  INTEGER,
  KNOWN,
  KNOWN_FAR,
  LATIN,
  MAP,
  MINUS,
  NEGATIVE,
  NULL,
  plain,
  SET,
  SHORT,
  TEXT,
  TRUE,
  UNDEFINED,
  VIEW,
  views,
  WIDE,
  type DataType,
  type Setup,
} from './format.ts';
import { exhausted, quoted, stackTooDeep } from './refusal.ts';
import { fromUnits, getAscii } from './text.ts';

/** The keys of objects, as they were read from a definition. */
export class Keys {
  readonly names: readonly string[];
  /** Whether all objects inherit a property of such a name, which could not be assigned. */
  readonly inherited: boolean;
  /** What they were read from. */
  readonly bytes: Uint8Array;

  constructor(names: readonly string[], bytes: Uint8Array) {
    this.names = names;
    this.inherited = names.some((name) => name in plain);
    this.bytes = bytes;
  }
}

/** R3. The keys that were read lately, each in the place that its bytes tell. */
export type Memory = (Keys | undefined)[];

export function memory(): Memory {
  return Array.from<undefined>({ length: REMEMBERED }).fill(undefined);
}

const REMEMBERED = 256;

export class Reader {
  readonly #setup: Setup;
  readonly #memory: Memory;
  #bytes: Uint8Array = nothing;
  #view: DataView | undefined = undefined;
  #at = 0;
  #end = 0;
  #where = '';
  readonly #defined: (Keys | DataType<unknown>)[] = [];

  constructor(setup: Setup, memory: Memory) {
    this.#setup = setup;
    this.#memory = memory;
  }

  /** Begins to read a record. `where` is for the error if it cannot be read. */
  over(bytes: Uint8Array, where: string): this {
    this.#bytes = bytes;
    this.#view = undefined;
    this.#at = 0;
    this.#end = bytes.length;
    this.#where = where;
    this.#defined.length = 0;
    const version = this.#byte();
    if (version > FORMAT) throw newer(where, version);
    if (version !== FORMAT) throw this.#damaged(`no record starts with ${version}`);
    return this;
  }

  /** Lets go of the record. */
  leave(): void {
    this.#bytes = nothing;
    this.#end = 0;
  }

  /** Whether all was read. */
  get done(): boolean {
    return this.#at >= this.#end;
  }

  unsigned(): number {
    return this.#varint();
  }

  string(): string {
    return this.#text();
  }

  /** The bytes in the record itself, not a copy. */
  bytes(): Uint8Array {
    return this.#raw();
  }

  value(): unknown {
    try {
      return this.#value(0);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** A value, which must be all that there is. */
  only(): unknown {
    const value = this.value();
    if (!this.done) throw this.#damaged('there is more than one value');
    return value;
  }

  #value(depth: number): unknown {
    const tag = this.#byte();
    if (tag < TEXT) return tag;
    if (tag < KNOWN) return this.#latin(tag - TEXT);
    if (tag < ARRAY) return this.#known(tag - KNOWN, depth);
    if (tag < NEGATIVE) return this.#list(tag - ARRAY, depth);
    if (tag < UNDEFINED) return tag - UNDEFINED;
    switch (tag) {
      case UNDEFINED:
        return undefined;
      case NULL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case INTEGER:
        return this.#varint();
      case MINUS:
        return -1 - this.#varint();
      case DOUBLE:
        return this.#double();
      case BIGINT:
        return BigInt(this.#varint());
      case BIGINT_MINUS:
        return -1n - BigInt(this.#varint());
      case HUGE:
        return this.#huge();
      case HUGE_MINUS:
        return -1n - this.#huge();
      case ASCII:
        return this.#ascii();
      case LATIN:
        return this.#latin(this.#varint());
      case WIDE:
        return this.#wide();
      case DEFINE_SHAPE:
        return this.#plain(this.#keys(), depth);
      case DEFINE_TYPE:
        return this.#instance(this.#type(), depth);
      case KNOWN_FAR:
        return this.#known(this.#varint(), depth);
      case DICTIONARY:
        return this.#dictionary(depth);
      case ARRAY_LONG:
        return this.#list(this.#varint(), depth);
      case MAP:
        return this.#map(depth);
      case SET:
        return this.#set(depth);
      case DATE:
        return this.#date(depth);
      case ERROR:
        return this.#error(depth);
      case BUFFER:
        this.#enter(depth);
        return copied(this.#raw());
      case VIEW:
        this.#enter(depth);
        return this.#viewed();
      default:
        throw this.#damaged(`no value starts with ${tag}`);
    }
  }

  #known(number: number, depth: number): unknown {
    const known = this.#defined[number];
    if (known === undefined) throw this.#damaged('it refers to what is not defined');
    return known instanceof Keys ? this.#plain(known, depth) : this.#instance(known, depth);
  }

  #plain(keys: Keys, depth: number): object {
    this.#enter(depth);
    const { names } = keys;
    const object: Record<string, unknown> = {};
    if (keys.inherited) for (const name of names) own(object, name, this.#value(depth + 1));
    else for (let i = 0; i < names.length; i++) object[names[i] as string] = this.#value(depth + 1);
    return object;
  }

  #dictionary(depth: number): object {
    this.#enter(depth);
    const object: Record<string, unknown> = {};
    const count = this.#count(2);
    for (let i = 0; i < count; i++) {
      const name = this.#text();
      if (name in plain) this.#put(object, name, this.#value(depth + 1));
      else object[name] = this.#value(depth + 1);
    }
    if (Object.keys(object).length !== count) throw this.#damaged(BAD_KEYS);
    return object;
  }

  #put(object: object, name: string, value: unknown): void {
    if (name === '__proto__') throw this.#damaged(BAD_KEYS);
    own(object, name, value);
  }

  /** The keys that are defined here. Mostly they are those of another record, byte by byte. */
  #keys(): Keys {
    const length = this.#varint();
    const start = this.#at;
    this.#skip(length);
    const bytes = this.#bytes;
    const sample = (bytes[start + (length >> 1)] ?? 0) * 7 + (bytes[start + length - 1] ?? 0);
    const slot = (length * 31 + sample) % REMEMBERED;
    let keys = this.#memory[slot];
    if (keys === undefined || !same(keys.bytes, bytes, start, length)) {
      this.#at = start;
      keys = this.#newKeys(start + length);
      this.#memory[slot] = keys;
    }
    this.#defined.push(keys);
    return keys;
  }

  #newKeys(end: number): Keys {
    const bytes = new Uint8Array(this.#bytes.subarray(this.#at, end));
    const count = this.#count(1);
    const names = new Set<string>();
    for (let i = 0; i < count; i++) names.add(this.#text());
    const whole = this.#at === end && names.size === count;
    if (!whole || names.has('__proto__')) throw this.#damaged(BAD_KEYS);
    return new Keys([...names], bytes);
  }

  #type(): DataType<unknown> {
    const name = this.#text();
    // R1.
    const type = this.#setup.types.get(name);
    if (type === undefined) throw unknownType(this.#where, name);
    this.#defined.push(type);
    return type;
  }

  #instance(type: DataType<unknown>, depth: number): unknown {
    this.#enter(depth);
    const data = this.#value(depth + 1);
    try {
      return type.fromData(data);
    } catch (error) {
      throw this.#damaged(`fromData of ${quoted(type.name)} threw: ${describe(error)}`, error);
    }
  }

  #list(count: number, depth: number): unknown[] {
    this.#enter(depth);
    this.#left(count);
    const list: unknown[] = [];
    for (let i = 0; i < count; i++) list.push(this.#value(depth + 1));
    return list;
  }

  #map(depth: number): Map<unknown, unknown> {
    this.#enter(depth);
    const map = new Map<unknown, unknown>();
    const count = this.#count(2);
    for (let i = 0; i < count; i++) {
      const key = this.#value(depth + 1);
      map.set(key, this.#value(depth + 1));
    }
    if (map.size !== count) throw this.#damaged('a map has a key twice');
    return map;
  }

  #set(depth: number): Set<unknown> {
    this.#enter(depth);
    const set = new Set<unknown>();
    const count = this.#count(1);
    for (let i = 0; i < count; i++) set.add(this.#value(depth + 1));
    if (set.size !== count) throw this.#damaged('a set has a value twice');
    return set;
  }

  #date(depth: number): Date {
    this.#enter(depth);
    const time = this.#value(depth + 1);
    if (typeof time !== 'number') throw this.#damaged('the time of a date is not a number');
    return new DateValue(time);
  }

  #error(depth: number): Error {
    this.#enter(depth);
    const name = this.#text();
    const message = this.#text();
    const code = this.#value(depth + 1);
    const caused = this.#byte();
    if (code !== undefined && typeof code !== 'string')
      throw this.#damaged('the code of an error is not a text');
    if (caused !== TRUE && caused !== FALSE) throw this.#damaged('an error neither has a cause nor has none');
    const error = new Error(message, caused === TRUE ? { cause: this.#value(depth + 1) } : undefined);
    hidden(error, 'name', name);
    // Where it was decoded says nothing about where it was thrown.
    hidden(error, 'stack', `${name}: ${message}`);
    if (code !== undefined) own(error, 'code', code);
    return error;
  }

  #viewed(): unknown {
    const View = views[this.#byte()];
    if (View === undefined) throw this.#damaged('it has an unknown kind of view');
    return new View(copied(this.#raw()));
  }

  #huge(): bigint {
    let hex = '0x0';
    for (const byte of this.#raw()) hex += byte < 16 ? `0${byte.toString(16)}` : byte.toString(16);
    return BigInt(hex);
  }

  #double(): number {
    const at = this.#at;
    this.#skip(8);
    const { buffer, byteOffset, length } = this.#bytes;
    this.#view ??= new DataView(buffer, byteOffset, length);
    return this.#view.getFloat64(at, true);
  }

  #text(): string {
    const tag = this.#byte();
    if (tag >= TEXT && tag < KNOWN) return this.#latin(tag - TEXT);
    if (tag === ASCII) return this.#ascii();
    if (tag === LATIN) return this.#latin(this.#varint());
    if (tag === WIDE) return this.#wide();
    throw this.#damaged('a text is missing');
  }

  #latin(length: number): string {
    const start = this.#at;
    this.#skip(length);
    if (length >= SHORT) return fromUnits(this.#bytes.subarray(start, start + length));
    const units = few[length] as number[];
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) units[i] = bytes[start + i] as number;
    return String.fromCharCode.apply(null, units);
  }

  #ascii(): string {
    const text = this.#decoded(this.#raw());
    if (text === undefined) throw this.#damaged('a text has other characters than it should');
    return text;
  }

  /** R2. The platform throws an error of its own at what is no text, and not only where whole values are read. */
  #decoded(bytes: Uint8Array): string | undefined {
    try {
      return getAscii(bytes);
    } catch (error) {
      throw this.#damaged(describe(error), error);
    }
  }

  #wide(): string {
    const length = this.#varint();
    const start = this.#at;
    this.#skip(2 * length);
    const bytes = this.#bytes;
    const units = new Uint16Array(length);
    for (let i = 0; i < length; i++) {
      const at = start + 2 * i;
      units[i] = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    }
    return fromUnits(units);
  }

  #raw(): Uint8Array {
    const length = this.#varint();
    const start = this.#at;
    this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** A number of things that take at least so many bytes each. */
  #count(each: number): number {
    const count = this.#varint();
    this.#left(count * each);
    return count;
  }

  #varint(): number {
    let value = 0;
    let unit = 1;
    let byte = this.#byte();
    for (; byte >= 0x80; byte = this.#byte()) {
      value += (byte - 0x80) * unit;
      unit *= 0x80;
    }
    value += byte * unit;
    if (value > Number.MAX_SAFE_INTEGER) throw this.#damaged('a number is too large');
    return value;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw this.#short();
    return this.#bytes[this.#at++] as number;
  }

  #skip(count: number): void {
    this.#left(count);
    this.#at += count;
  }

  /** R2. */
  #left(count: number): void {
    if (count > this.#end - this.#at) throw this.#short();
  }

  /** One more container. */
  #enter(depth: number): void {
    const { maxDepth } = this.#setup;
    if (depth < maxDepth) return;
    const what = `the bytes hold a value that is nested deeper than ${maxDepth} levels`;
    throw failed('codec/too-deep', this.#where, what, 'Allow more with maxDepth, if it is none of damage');
  }

  #short(): PorticoError {
    return this.#damaged('they end too soon');
  }

  #damaged(what: string, cause?: unknown): PorticoError {
    const cure = 'Take them from a copy that is whole';
    const place = `byte ${this.#at} of ${this.#end}`;
    return failed('codec/damaged', this.#where, `the bytes are damaged at ${place}: ${what}`, cure, cause);
  }

  /** R2. What was thrown while a value was read. */
  #failure(error: unknown): PorticoError {
    const known = ours(error);
    if (known?.code.startsWith('codec/') === true) return known;
    if (exhausted(error)) return stackTooDeep(this.#where, error);
    return this.#damaged(describe(error), error);
  }
}

const nothing = new Uint8Array(0);
const BAD_KEYS = 'the keys of an object cannot be';

function newer(where: string, version: number): PorticoError {
  const what = `the bytes were written by a newer version of Portico: their format is ${version}, and this one knows ${FORMAT}`;
  return failed(
    'codec/version',
    where,
    what,
    'Deploy the version of Portico that wrote them, or a newer one',
  );
}

function unknownType(where: string, name: string): PorticoError {
  const what = `the bytes hold an instance of the data type ${quoted(name)}, which is not registered`;
  return failed('codec/unknown-type', where, what, 'Register it as it was when they were written');
}

function failed(code: ErrorCode, where: string, what: string, cure: string, cause?: unknown): PorticoError {
  return new PorticoError({ code, where, what, cure }, cause === undefined ? {} : { cause });
}

/** An array of each small length, to make texts of: twice as fast as a view on the bytes. */
const few: readonly number[][] = Array.from({ length: SHORT }, (_, length) =>
  Array.from({ length }, () => 0),
);

function same(known: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}

function copied(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function own(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

function hidden(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true, configurable: true });
}
