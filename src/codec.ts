/**
 * Values to bytes and back. Closed: what is encoded is data, and what is decoded is data or an instance of a registered
 * type; there is no registry beside the options of a codec. `src/bytes/format.ts` says how the bytes lie.
 */
import { PorticoError, printed } from './errors.ts';
import { DateValue, views, type DataType, type Setup } from './bytes/format.ts';
import { memory, Reader, type Memory } from './bytes/reader.ts';
import { quoted } from './bytes/refusal.ts';
import { Writer, type WriterOptions } from './bytes/writer.ts';

export type { DataType, Reader, Writer, WriterOptions };

/** What a codec may be told. */
export interface CodecOptions {
  /** The classes whose instances can be stored. */
  readonly types?: readonly DataType<unknown>[];
  /** How deep a value may be nested. 1,000 if not said. */
  readonly maxDepth?: number;
  /** How many bytes a value may take. 64 MiB if not said. */
  readonly maxBytes?: number;
}

/**
 * Encodes and decodes values: undefined, null, booleans, numbers, bigints, strings, plain objects, arrays, maps, sets,
 * dates, buffers, views on buffers, errors (as data, without their stack), and instances of registered classes. What is
 * decoded is a copy: a value that was there twice is two values then.
 */
export class Codec {
  readonly #setup: Setup;
  readonly #memory: Memory = memory();
  // `toData` and `fromData` may use the codec while these are at work.
  readonly #writer: Writer;
  #writing = false;
  readonly #reader: Reader;
  #reading = false;

  constructor({ types = [], maxDepth = 1_000, maxBytes = 0x400_0000 }: CodecOptions = {}) {
    this.#setup = {
      types: named(types),
      maxDepth: limit('maxDepth', maxDepth),
      maxBytes: limit('maxBytes', maxBytes),
    };
    this.#writer = new Writer(this.#setup);
    this.#reader = new Reader(this.#setup, this.#memory);
  }

  /** A record of one value. `where` is for the error if it is refused. */
  encode(value: unknown, where: string = 'encode'): Uint8Array {
    if (this.#writing) return this.writer().value(value, where).take();
    this.#writing = true;
    try {
      return this.#writer.value(value, where).take();
    } finally {
      this.#writing = false;
    }
  }

  /** Throws what `encode` would throw. */
  check(value: unknown, where: string = 'check'): void {
    if (this.#writing) {
      this.writer().value(value, where);
      return;
    }
    this.#writing = true;
    try {
      this.#writer.value(value, where).clear();
    } finally {
      this.#writing = false;
    }
  }

  /** The value of a record of one. `where` is for the error if it cannot be decoded. */
  decode(bytes: Uint8Array, where: string = 'decode'): unknown {
    if (this.#reading) return this.reader(bytes, where).only();
    this.#reading = true;
    try {
      return this.#reader.over(bytes, where).only();
    } finally {
      this.#reader.leave();
      this.#reading = false;
    }
  }

  /** To make records of many values. */
  writer(options?: WriterOptions): Writer {
    return new Writer(this.#setup, options);
  }

  /** To read a record of many values. */
  reader(bytes: Uint8Array, where: string = 'reader'): Reader {
    return new Reader(this.#setup, this.#memory).over(bytes, where);
  }
}

/** The types by their names. */
function named(types: readonly DataType<unknown>[]): ReadonlyMap<string, DataType<unknown>> {
  const byName = new Map<string, DataType<unknown>>();
  const classes = new Set<unknown>([Object, Array, Map, Set, DateValue, ArrayBuffer, ...views]);
  for (const type of types) {
    const { name, class: of } = type as Partial<DataType<unknown>>;
    if (typeof name !== 'string' || name === '')
      throw bad(`the data type ${printed(name)} has no name`, NAME);
    if (typeof of?.prototype !== 'object')
      throw bad(`the data type ${quoted(name)} has no class`, 'Give it a class');
    if (byName.has(name)) throw bad(`two data types are called ${quoted(name)}`, NAME);
    if (classes.has(of))
      throw bad(
        `the data type ${quoted(name)} is for ${of.name}, which can be stored already`,
        'Leave it out',
      );
    byName.set(name, type);
    classes.add(of);
  }
  return byName;
}

function limit(option: string, n: number): number {
  if (Number.isInteger(n) && n >= 1 && n <= MOST) return n;
  throw bad(`${option} is ${printed(n)}`, `Give a whole number from 1 to ${MOST}`);
}

function bad(what: string, cure: string): PorticoError {
  return new PorticoError({ code: 'system/bad-argument', where: 'new Codec', what, cure });
}

const NAME = 'Give each a name of its own';
const MOST = 0x3fff_ffff;
