/**
 * The format of records: a version byte, and what was appended after it. A value is a tag and what the tag asks for; the
 * most frequent numbers, texts, arrays and references have tags that hold their number or length.
 *
 * What stands here is stored in files: tags are added, never changed, and a change that old readers cannot bear needs a
 * new version.
 */

/** The version of the format; the first byte of every record. */
export const FORMAT = 1;

// Tags that hold a number or a length. Below the first of them: the integers from 0.
export const TEXT = 0x40;
export const KNOWN = 0x80;
export const ARRAY = 0xc0;
export const NEGATIVE = 0xd0;

/** Integers, lengths of texts and numbers of definitions below this are held by a tag. */
export const SHORT = 64;
/** And lengths of arrays below this, and negative integers down to its opposite. */
export const FEW = 16;

// Tags that are followed by what they need.
export const UNDEFINED = 0xe0;
export const NULL = 0xe1;
export const FALSE = 0xe2;
export const TRUE = 0xe3;
export const INTEGER = 0xe4;
/** A negative integer, as what is missing to -1; so for bigints. */
export const MINUS = 0xe5;
export const DOUBLE = 0xe6;
export const BIGINT = 0xe7;
export const BIGINT_MINUS = 0xe8;
/** Bigints that are no safe integers: bytes, the highest first. */
export const HUGE = 0xe9;
export const HUGE_MINUS = 0xea;
/** A text of ASCII characters, a byte each. */
export const ASCII = 0xf8;
/** A text of code units below 256, a byte each. */
export const LATIN = 0xeb;
/** A text of any code units, two bytes each; so a lone surrogate is nothing special. */
export const WIDE = 0xec;
/** An object, its keys first: they are the shape that from now on has the next number. */
export const DEFINE_SHAPE = 0xed;
/** An instance of a registered class, its name first, which from now on has the next number. */
export const DEFINE_TYPE = 0xee;
export const KNOWN_FAR = 0xef;
/** An object whose keys are not worth a shape: key, value, key, value. */
export const DICTIONARY = 0xf0;
export const ARRAY_LONG = 0xf1;
export const MAP = 0xf2;
export const SET = 0xf3;
export const DATE = 0xf4;
export const ERROR = 0xf5;
export const BUFFER = 0xf6;
export const VIEW = 0xf7;

/** Views on bytes, which are stored as they lie in memory: the lowest byte of a number first. */
export const views: readonly (new (bytes: ArrayBuffer) => ArrayBufferView)[] = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
];

// A date is a value here: no clock is read.
// oxlint-disable-next-line no-restricted-globals -- for the reason above
export const DateValue: DateConstructor = Date;

/** What all plain objects inherit from. */
export const plain: object = Object.prototype;

/** Makes instances of a class storable: as the data that `toData` gives, under a name that must never change. */
export interface DataType<T> {
  readonly name: string;
  /** Exactly this class; instances of its subclasses are not taken. */
  readonly class: abstract new (...args: never[]) => T;
  /** Called whenever an instance is encoded or checked. Changes nothing. */
  toData(value: T): unknown;
  /** Called with what `toData` once gave, perhaps in an older version. Throws if that makes no sense. */
  fromData(data: unknown): T;
}

/** What a codec shares with its writers and readers. */
export interface Setup {
  readonly types: ReadonlyMap<string, DataType<unknown>>;
  readonly maxDepth: number;
  readonly maxBytes: number;
}
