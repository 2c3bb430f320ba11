/**
 * Writes records.
 *
 * W1. A record needs nothing that is not in it. What a writer remembers between records only saves work.
 * W2. A value that is refused leaves nothing in its record.
 * W3. A name that comes again in a scope is written once. A scope is a record, or a value apart, or what comes after
 *     something was taken back; a definition has the number of definitions before it that are still there.
 */
import { describe, invariant, ours, printed, type PorticoError } from '../errors.ts';
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
  FEW,
  FORMAT,
  HUGE,
  HUGE_MINUS,
  INTEGER,
  KNOWN,
  KNOWN_FAR,
  LATIN,
  MAP,
  MINUS,
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
import {
  aFunction,
  anInstance,
  aSymbolKey,
  CHANGED,
  GETTER,
  HOLE,
  PROTO,
  SYMBOL,
  quoted,
  refusal,
  tooDeep,
  tooLarge,
  Trail,
  unreadable,
  unsupported,
  type Foreign,
} from './refusal.ts';
import { Shapes, type Shape } from './shapes.ts';
import { putAscii } from './text.ts';

/** How a writer treats values. */
export interface WriterOptions {
  /**
   * They were checked before, so symbol keys and getters are not looked for again. That saves a third of the time. What
   * there still is of them is left out, or called.
   */
  readonly checked?: boolean;
}

export class Writer {
  readonly #setup: Setup;
  readonly #checked: boolean;
  readonly #kinds: ReadonlyMap<object, Kind>;
  readonly #shapes = new Shapes();
  #bytes = new Uint8Array(SMALL);
  #view = new DataView(this.#bytes.buffer);
  #at = 1;
  /** Where the value must have ended that is being written. */
  #limit = NO_LIMIT;
  #where = '';
  readonly #trail = new Trail();
  /** How many errors are around what is being written. */
  #errors = 0;
  /** W3. */
  #scope = 1;
  /** Where something was defined: in the record, and after that, from `#first` on, in the value apart. */
  readonly #defined: number[] = [];
  #first = 0;
  #count = 0;

  constructor(setup: Setup, { checked = false }: WriterOptions = {}) {
    this.#setup = setup;
    this.#checked = checked;
    this.#kinds = kindsOf(setup);
    this.#bytes[0] = FORMAT;
  }

  /** Where the last record of its own begins. */
  apartAt = 0;

  /** How many bytes the record has: a mark to roll back to. */
  get length(): number {
    return this.#at;
  }

  /** A whole number from 0 up. */
  unsigned(n: number): this {
    invariant(Number.isSafeInteger(n) && n >= 0, 'Writer.unsigned', `${n} is not a whole number from 0 up`);
    this.#room(FEW);
    this.#varint(n);
    return this;
  }

  string(text: string): this {
    this.#text(text);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#raw(bytes);
    return this;
  }

  /** A value. Its shapes are shared with all others of the record. `where` is for the error if it is refused. */
  value(value: unknown, where: string = 'value'): this {
    const start = this.#at;
    this.#where = where;
    this.#limit = start + this.#setup.maxBytes;
    this.#errors = 0;
    try {
      this.#put(value, 0);
      if (this.#at > this.#limit) throw tooLarge(where, this.#setup.maxBytes);
    } catch (error) {
      // W2.
      this.rollback(start);
      throw refusal(error, where);
    } finally {
      this.#limit = NO_LIMIT;
    }
    return this;
  }

  /**
   * A value as a record of its own. What the reader's `bytes` gives for it can be stored and decoded apart; it lies from
   * `apartAt` to the end of what there is then.
   */
  apart(value: unknown, where: string = 'value'): this {
    const start = this.#at;
    this.#room(FEW);
    this.#bytes[start + 1] = FORMAT;
    this.#at = start + 2;
    this.#first = this.#count;
    this.#forget();
    try {
      this.value(value, where);
    } catch (error) {
      this.#at = start;
      throw error;
    } finally {
      this.#count = this.#first;
      this.#first = 0;
      this.#forget();
    }
    this.#prefix(start);
    return this;
  }

  /** Takes back all that was appended since the record had this length. */
  rollback(length: number): void {
    invariant(length >= 1 && length <= this.#at, 'Writer.rollback', `${length} is not a mark in this record`);
    this.#at = length;
    while (this.#count > this.#first && (this.#defined[this.#count - 1] as number) >= length) this.#count--;
    this.#forget();
  }

  /** A copy of the record; an empty one begins. */
  take(): Uint8Array {
    const record = this.#bytes.slice(0, this.#at);
    this.clear();
    return record;
  }

  /** An empty record begins. */
  clear(): void {
    this.#at = 1;
    this.#count = 0;
    this.#forget();
    if (this.#bytes.length > KEPT) this.#hold(new Uint8Array(SMALL));
  }

  /** A new scope begins. */
  #forget(): void {
    this.#scope++;
    this.#shapes.renew();
  }

  /** Writes the length of what follows the byte that was left for it. */
  #prefix(at: number): void {
    const from = at + 1;
    const length = this.#at - from;
    if (length < 0x80) {
      this.#bytes[at] = length;
      this.apartAt = from;
      return;
    }
    this.#room(FEW);
    let size = 1;
    for (let n = length; n >= 0x80; n = Math.floor(n / 0x80)) size++;
    this.#bytes.copyWithin(at + size, from, this.#at);
    this.#at = at;
    this.#varint(length);
    this.apartAt = this.#at;
    this.#at += length;
  }

  /** A value that has so many containers around it. */
  #put(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        this.#text(value);
        return;
      case 'number':
        this.#number(value);
        return;
      case 'object':
        if (value === null) this.#tag(NULL);
        else this.#object(value, depth);
        return;
      case 'boolean':
        this.#tag(value ? TRUE : FALSE);
        return;
      case 'undefined':
        this.#tag(UNDEFINED);
        return;
      case 'bigint':
        this.#bigint(value);
        return;
      case 'function':
        throw this.#unsupported(depth, aFunction(value));
      case 'symbol':
        throw this.#unsupported(depth, SYMBOL);
    }
  }

  #object(value: object, depth: number): void {
    if (depth >= this.#setup.maxDepth) {
      throw tooDeep(this.#where, this.#trail.path(depth), this.#setup.maxDepth);
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === plain || prototype === null) this.#plain(value, depth);
    else if (prototype === Array.prototype && Array.isArray(value)) this.#list(value, depth);
    else this.#other(value, prototype as object, depth);
  }

  #plain(value: object, depth: number): void {
    const keys = Object.keys(value);
    if (!this.#checked) this.#noSymbols(value, depth);
    const shape = this.#shape(keys);
    const { around, steps } = this.#trail;
    around[depth] = undefined;
    if (shape === undefined) this.#head(DICTIONARY, keys.length);
    else if (shape.scope === this.#scope) this.#known(shape.number);
    else this.#define(shape, keys, depth);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      steps[depth] = key;
      if (shape === undefined) this.#key(key, depth);
      this.#put(
        this.#checked ? (value as Record<string, unknown>)[key] : this.#own(value, key, depth),
        depth + 1,
      );
    }
  }

  /** W3. The shape of an object, unless it is better written with its keys. */
  #shape(keys: readonly string[]): Shape | undefined {
    const add = this.#count - this.#first < MOST_DEFINED;
    const shape = this.#shapes.of(keys, add);
    return add || shape?.scope === this.#scope ? shape : undefined;
  }

  #noSymbols(value: object, depth: number): void {
    const symbols = Object.getOwnPropertySymbols(value);
    if (symbols.length > 0) throw this.#unsupported(depth, aSymbolKey(symbols[0]));
  }

  #own(value: object, key: string, depth: number): unknown {
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property === undefined) throw this.#unsupported(depth + 1, CHANGED);
    if (property.get !== undefined || property.set !== undefined) {
      throw this.#unsupported(depth + 1, GETTER);
    }
    return property.value;
  }

  /** The keys of a shape; it has a number from now on. */
  #define(shape: Shape, keys: readonly string[], depth: number): void {
    const start = this.#at;
    this.#enter(shape);
    const known = shape.definition;
    if (known === undefined) {
      this.#tag(DEFINE_SHAPE);
      const length = this.#at++;
      this.unsigned(keys.length);
      for (const key of keys) this.#key(key, depth);
      this.#prefix(length);
      shape.definition = this.#bytes.slice(start, this.#at);
      return;
    }
    const { length } = known;
    this.#room(length);
    const bytes = this.#bytes;
    // Faster than `set` at the usual lengths.
    for (let i = 0; i < length; i++) bytes[start + i] = known[i] as number;
    this.#at = start + length;
  }

  /** W3. Gives a shape or a type the next number. */
  #enter(defined: { scope: number; number: number }): void {
    defined.scope = this.#scope;
    defined.number = this.#count - this.#first;
    this.#defined[this.#count++] = this.#at;
  }

  #known(number: number): void {
    if (number < SHORT) this.#tag(KNOWN | number);
    else this.#head(KNOWN_FAR, number);
  }

  #key(key: string, depth: number): void {
    if (key === '__proto__') {
      this.#trail.steps[depth] = key;
      throw this.#unsupported(depth + 1, PROTO);
    }
    this.#text(key);
  }

  #list(list: readonly unknown[], depth: number): void {
    const count = list.length;
    const { around, steps } = this.#trail;
    around[depth] = undefined;
    if (count < FEW) this.#tag(ARRAY | count);
    else this.#head(ARRAY_LONG, count);
    for (let i = 0; i < count; i++) {
      const item = list[i];
      steps[depth] = i;
      if (item === undefined && !Object.hasOwn(list, i)) throw this.#unsupported(depth + 1, HOLE);
      this.#put(item, depth + 1);
    }
  }

  /** What is neither a plain object nor an array. */
  #other(value: object, prototype: object, depth: number): void {
    this.#trail.around[depth] = value;
    const kind = this.#kinds.get(prototype);
    if (kind === undefined) {
      if (!(value instanceof Error)) throw this.#unsupported(depth, anInstance(value, prototype));
      this.#error(value, depth);
      return;
    }
    switch (kind.tag) {
      case DEFINE_TYPE:
        this.#instance(kind, value, depth);
        return;
      case MAP:
        this.#map(value as Map<unknown, unknown>, depth);
        return;
      case SET:
        this.#set(value as Set<unknown>, depth);
        return;
      case DATE:
        this.#tag(DATE);
        this.#number(this.#real(value, depth, timeOf));
        return;
      case BUFFER:
        this.#tag(BUFFER);
        this.#raw(this.#real(value, depth, bufferBytes));
        return;
      case VIEW:
        this.#head(VIEW, kind.view);
        this.#raw(this.#real(value, depth, viewBytes));
    }
  }

  /** What only inherits from a class of the platform fails at the first touch. So does what has lost its bytes. */
  #real<T>(value: object, depth: number, touch: (value: never) => T): T {
    try {
      return touch(value as never);
    } catch (error) {
      throw this.#unsupported(depth, unreadable(value), error);
    }
  }

  #map(map: Map<unknown, unknown>, depth: number): void {
    const size = this.#real(map, depth, mapSize);
    const { steps } = this.#trail;
    let count = 0;
    this.#head(MAP, size);
    for (const [key, value] of map) {
      steps[depth] = -1 - count;
      this.#put(key, depth + 1);
      steps[depth] = count++;
      this.#put(value, depth + 1);
    }
    if (count !== size) throw this.#unsupported(depth, CHANGED);
  }

  #set(set: Set<unknown>, depth: number): void {
    const size = this.#real(set, depth, setSize);
    let count = 0;
    this.#head(SET, size);
    for (const value of set) {
      this.#trail.steps[depth] = count++;
      this.#put(value, depth + 1);
    }
    if (count !== size) throw this.#unsupported(depth, CHANGED);
  }

  /** As data: name, message, a code that is a text, and a cause that can be encoded. */
  #error(error: Error & { code?: unknown }, depth: number): void {
    const { name, message, code } = error;
    this.#tag(ERROR);
    this.#text(printed(name));
    this.#text(printed(message));
    this.#put(typeof code === 'string' ? code : undefined, depth + 1);
    const start = this.#at;
    if (Object.hasOwn(error, 'cause') && this.#cause(error.cause, depth)) return;
    if (this.#at > start) this.rollback(start);
    this.#tag(FALSE);
  }

  /** Whether it was written. One that is too deep or too large is given up by the outermost error that has it. */
  #cause(cause: unknown, depth: number): boolean {
    const errors = this.#errors++;
    this.#trail.steps[depth] = 'cause';
    this.#tag(TRUE);
    try {
      this.#put(cause, depth + 1);
      return true;
    } catch (error) {
      if (errors > 0 && ours(error)?.code !== 'codec/unsupported') throw error;
      return false;
    } finally {
      this.#errors = errors;
    }
  }

  #instance(kind: Kind, value: object, depth: number): void {
    const type = kind.type as DataType<unknown>;
    if (kind.scope === this.#scope) this.#known(kind.number);
    else {
      this.#enter(kind);
      this.#tag(DEFINE_TYPE);
      this.#text(type.name);
    }
    const data = this.#data(type, value, depth);
    this.#trail.steps[depth] = undefined;
    this.#put(data, depth + 1);
  }

  #data(type: DataType<unknown>, value: object, depth: number): unknown {
    try {
      return type.toData(value);
    } catch (error) {
      const is = `cannot be stored, for toData of ${quoted(type.name)} threw: ${describe(error)}`;
      throw this.#unsupported(depth, { is, cure: 'Mend the data type, or the value' }, error);
    }
  }

  #number(value: number): void {
    this.#room(FEW);
    if (value === 0 && 1 / value > 0) this.#bytes[this.#at++] = 0;
    else if (value === 0 || !Number.isSafeInteger(value)) this.#double(value);
    else if (value > 0) {
      if (value >= SHORT) this.#bytes[this.#at++] = INTEGER;
      this.#varint(value);
    } else if (value >= -FEW) this.#bytes[this.#at++] = UNDEFINED + value;
    else {
      this.#bytes[this.#at++] = MINUS;
      this.#varint(-1 - value);
    }
  }

  #double(value: number): void {
    this.#bytes[this.#at] = DOUBLE;
    // In memory there are many NaNs; in a record there is one.
    this.#view.setFloat64(this.#at + 1, Number.isNaN(value) ? NaN : value, true);
    this.#at += 9;
  }

  #bigint(value: bigint): void {
    const minus = value < 0n;
    const size = minus ? -1n - value : value;
    if (size <= Number.MAX_SAFE_INTEGER) {
      this.#head(minus ? BIGINT_MINUS : BIGINT, Number(size));
      return;
    }
    const digits = size.toString(16);
    const hex = digits.length % 2 === 0 ? digits : `0${digits}`;
    this.#head(minus ? HUGE_MINUS : HUGE, hex.length / 2);
    this.#room(hex.length / 2);
    for (let i = 0; i < hex.length; i += 2) {
      this.#bytes[this.#at++] = Number.parseInt(hex.slice(i, i + 2), 16);
    }
  }

  #text(text: string): void {
    const { length } = text;
    this.#room(length + FEW);
    if (length >= SHORT) {
      this.#long(text);
      return;
    }
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = TEXT | length;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0xff) {
        this.#wide(text);
        return;
      }
      bytes[at++] = unit;
    }
    this.#at = at;
  }

  #long(text: string): void {
    const { length } = text;
    const start = this.#at;
    this.#head(ASCII, length);
    const bytes = this.#bytes;
    let at = this.#at;
    if (putAscii(text, bytes, at)) {
      this.#at = at + length;
      return;
    }
    let bits = 0;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      bits |= unit;
      bytes[at++] = unit;
    }
    this.#at = at;
    if (bits < 0x80) return;
    if (bits < 0x100) {
      bytes[start] = LATIN;
      return;
    }
    this.#at = start;
    this.#wide(text);
  }

  #wide(text: string): void {
    const { length } = text;
    this.#head(WIDE, length);
    this.#room(2 * length);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      bytes[at++] = unit & 0xff;
      bytes[at++] = unit >> 8;
    }
    this.#at = at;
  }

  /** Bytes, and before them how many. */
  #raw(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#room(length + FEW);
    this.#varint(length);
    this.#bytes.set(bytes, this.#at);
    this.#at += length;
  }

  #tag(tag: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = tag;
  }

  #head(tag: number, n: number): void {
    this.#room(FEW);
    this.#bytes[this.#at++] = tag;
    this.#varint(n);
  }

  /** A whole number from 0 up, seven bits a byte, the lowest first. There is room for it already. */
  #varint(n: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    let rest = n;
    for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
    for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
    this.#at = at;
  }

  #room(count: number): void {
    if (this.#at + count > this.#bytes.length) this.#grow(count);
  }

  #grow(count: number): void {
    // A value that holds the same thing many times may be far larger than it is in memory.
    if (this.#at > this.#limit) throw tooLarge(this.#where, this.#setup.maxBytes);
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + count));
    grown.set(this.#bytes);
    this.#hold(grown);
  }

  #hold(bytes: Uint8Array<ArrayBuffer>): void {
    bytes[0] = FORMAT;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  #unsupported(depth: number, what: Foreign, cause?: unknown): PorticoError {
    return unsupported(this.#where, this.#trail.path(depth), what, cause);
  }
}

/** The size of a new buffer, and how large one may have become to be kept for the next record. */
const SMALL = 1024;
const KEPT = 0x100_0000;
/** After so many definitions, objects of yet another shape are probably used as maps. */
const MOST_DEFINED = 4096;
/** A small integer, and beyond every buffer. */
const NO_LIMIT = 0x7fff_ffff;

/** How the instances of a class are written. */
interface Kind {
  readonly tag: number;
  readonly view: number;
  readonly type: DataType<unknown> | undefined;
  scope: number;
  number: number;
}

/** By the prototypes of their instances, for an own property may be called `constructor`. */
function kindsOf({ types }: Setup): Map<object, Kind> {
  const kinds = new Map<object, Kind>();
  const add = (
    of: { readonly prototype: unknown },
    tag: number,
    view = 0,
    type?: DataType<unknown>,
  ): void => {
    kinds.set(of.prototype as object, { tag, view, type, scope: 0, number: 0 });
  };
  add(Map, MAP);
  add(Set, SET);
  add(DateValue, DATE);
  add(ArrayBuffer, BUFFER);
  views.forEach((of, view) => {
    add(of, VIEW, view);
  });
  for (const type of types.values()) add(type.class, DEFINE_TYPE, 0, type);
  return kinds;
}

const timeOf = (date: Date): number => DateValue.prototype.getTime.call(date);
const mapSize = (map: ReadonlyMap<unknown, unknown>): number => map.size;
const setSize = (set: ReadonlySet<unknown>): number => set.size;
const bufferBytes = (buffer: ArrayBuffer): Uint8Array => new Uint8Array(buffer);
const viewBytes = (view: DataView): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
