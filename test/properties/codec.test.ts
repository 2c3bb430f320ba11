import fc from 'fast-check';
import type { PorticoError } from 'portico/dataflow';
import { describe, expect, it } from 'vitest';
import { Codec, type DataType, type Reader, type Writer } from '../../src/codec.ts';
import { runs } from './runs.ts';
import { same } from './same.ts';

/** An instance of a registered class. */
class Box {
  readonly content: unknown;
  constructor(content: unknown) {
    this.content = content;
  }
}

const box: DataType<Box> = {
  name: 'box',
  class: Box,
  toData: ({ content }) => [content],
  fromData: (data) => new Box((data as [unknown])[0]),
};

const codec = new Codec({ types: [box] });

const text = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  // Any code units, lone surrogates too.
  fc.array(fc.integer({ max: 0xffff }), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
);
const key = fc.oneof(
  fc.constantFrom('id', 'type', 'owner', 'items', 'next', '0', '7', 'constructor', 'prototype', 'toString'),
  text.filter((key) => key !== '__proto__'),
);
const views = [
  fc.int8Array(),
  fc.uint8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.uint8Array().map(({ buffer }) => new DataView(buffer)),
  fc.uint8Array().map(({ buffer }) => buffer),
];
const scalar = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, false, 0, -0, NaN, Infinity, -Infinity),
  fc.integer(),
  fc.integer({ min: -300, max: 300 }),
  fc.maxSafeInteger(),
  fc.double(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.bigInt(),
  text,
  fc.date({ noInvalidDate: false }),
  ...views,
);

/** Values of all kinds, nested, with leaves of a kind of their own among them. */
function valuesWith(leaf: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.letrec<{ value: unknown }>((tie) => {
    const value = tie('value');
    const error = fc
      .record({ name: text, message: text, code: fc.option(text), cause: fc.option(value) })
      .map(({ name, message, code, cause }) =>
        Object.assign(
          new Error(message, cause === null ? undefined : { cause }),
          { name },
          code !== null && { code },
        ),
      );
    return {
      value: fc.oneof(
        { maxDepth: 5, depthSize: 'small' },
        { arbitrary: leaf, weight: 5 },
        { arbitrary: fc.dictionary(key, value, { maxKeys: 6, noNullPrototype: false }), weight: 3 },
        { arbitrary: fc.array(value, { maxLength: 20 }), weight: 2 },
        // Many of one shape.
        { arbitrary: fc.array(fc.record({ id: leaf, next: value }), { maxLength: 5 }), weight: 1 },
        { arbitrary: fc.dictionary(key, leaf, { minKeys: 30, maxKeys: 40 }), weight: 1 },
        {
          arbitrary: fc.array(fc.tuple(value, value), { maxLength: 4 }).map((all) => new Map(all)),
          weight: 1,
        },
        { arbitrary: fc.array(value, { maxLength: 4 }).map((all) => new Set(all)), weight: 1 },
        { arbitrary: error, weight: 1 },
        { arbitrary: value.map((content) => new Box(content)), weight: 1 },
      ),
    };
  }).value;
}

const values = valuesWith(scalar);
const foreign = fc.constantFrom<unknown>(
  () => 1,
  Symbol('x'),
  new WeakMap(),
  Promise.resolve(),
  /x/,
  { [Symbol('key')]: 1 },
  JSON.parse('{ "__proto__": 1 }'),
  Object.defineProperty({}, 'got', { get: () => 1, enumerable: true }),
  Array(2),
);
/** Mostly data, and here and there something that cannot be stored. */
const mixed = valuesWith(fc.oneof({ arbitrary: scalar, weight: 19 }, { arbitrary: foreign, weight: 1 }));

const codes = ['codec/damaged', 'codec/unknown-type', 'codec/version', 'codec/too-deep'];

/** Decodes what may be no record. Whatever comes out is data. */
function tried(bytes: Uint8Array): void {
  const error = thrownBy(() => {
    codec.check(codec.decode(bytes));
  });
  expect(error === undefined || codes.includes((error as PorticoError).code)).toBe(true);
}

/** All that is there for all objects. */
function inherited(): unknown[] {
  const prototypes: object[] = [Object, Array, Map, Set, Error, Date, Function].map((of) => of.prototype);
  return prototypes.flatMap((prototype) =>
    Reflect.ownKeys(prototype).flatMap((key) => [
      key,
      ...Object.values(Object.getOwnPropertyDescriptor(prototype, key) as PropertyDescriptor),
    ]),
  );
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('a codec', () => {
  it('gives back what it was given, and the same bytes for it', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = codec.encode(value);
        const copy = codec.decode(bytes);
        expect(same(copy, value)).toBe(true);
        expect(codec.encode(copy)).toEqual(bytes);
      }),
      runs(300),
    );
  });

  it('checks what it would encode, and says the same about it', () => {
    let refused = 0;
    fc.assert(
      fc.property(mixed, (value) => {
        const error = thrownBy(() => codec.encode(value, 'here'));
        expect(thrownBy(() => codec.check(value, 'here'))).toEqual(error);
        expect(thrownBy(() => codec.writer().value(value, 'here'))).toEqual(error);
        const { code, where } = (error ?? { code: 'codec/unsupported', where: 'here' }) as PorticoError;
        expect([code, where]).toEqual(['codec/unsupported', 'here']);
        if (error !== undefined) refused++;
      }),
      runs(300),
    );
    expect(refused).toBeGreaterThan(0);
  });

  it('finds every value that was cut short', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = codec.encode(value);
        for (let length = 0; length < bytes.length; length += 1 + Math.floor(bytes.length / 50)) {
          const error = thrownBy(() => codec.decode(bytes.subarray(0, length)));
          expect(error).toMatchObject({ code: 'codec/damaged' });
        }
        expect(thrownBy(() => codec.decode(new Uint8Array([...bytes, 0])))).toMatchObject({
          code: 'codec/damaged',
        });
      }),
      runs(100),
    );
  });

  it('decodes damaged bytes to data, or says that they are damaged', () => {
    const before = inherited();
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(values, fc.array(damage, { minLength: 40, maxLength: 40 }), (value, damages) => {
        const bytes = codec.encode(value);
        for (const flips of damages) {
          const bad = bytes.slice();
          for (const [at, flip] of flips) {
            // The version tells the reader not to look any further.
            const index = 1 + (at % (bad.length - 1));
            bad[index] = (bad[index] as number) ^ flip;
          }
          tried(bad);
        }
      }),
      runs(120),
    );
    const after = inherited();
    expect(after.length).toBe(before.length);
    expect(after.findIndex((value, i) => !Object.is(value, before[i]))).toBe(-1);
  });

  it('takes any bytes for what they are worth', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        tried(new Uint8Array([1, ...bytes]));
      }),
      runs(3_000),
    );
  });
});

/** Something that is done to a writer, with what. */
type Move =
  | readonly ['unsigned' | 'string' | 'bytes' | 'value' | 'apart', unknown]
  | readonly ['mark' | 'rollback', undefined];

const value = fc.tuple(fc.constantFrom('value' as const, 'apart' as const), mixed);
const moves = fc.array(
  fc.oneof<fc.Arbitrary<Move>[]>(
    value,
    value,
    fc.tuple(fc.constant('unsigned' as const), fc.maxSafeNat()),
    fc.tuple(fc.constant('string' as const), text),
    fc.tuple(fc.constant('bytes' as const), fc.uint8Array()),
    fc.tuple(fc.constantFrom('mark' as const, 'rollback' as const), fc.constant(undefined)),
  ),
  { maxLength: 30 },
);

/** Whether it was appended. */
function written(writer: Writer, [kind, of]: Move): boolean {
  if (kind === 'mark' || kind === 'rollback') return false;
  return thrownBy(() => writer[kind](of as never)) === undefined;
}

function readBack(reader: Reader, [kind]: Move): unknown {
  if (kind === 'mark' || kind === 'rollback') return undefined;
  return kind === 'apart' ? codec.decode(reader.bytes()) : reader[kind]();
}

describe('a writer', () => {
  it('keeps what was appended and neither refused nor taken back, record for record', () => {
    const writer = codec.writer();
    fc.assert(
      fc.property(moves, (moves) => {
        let kept: Move[] = [];
        let marked: { readonly length: number; readonly kept: readonly Move[] } | undefined;
        for (const move of moves) {
          const { length } = writer;
          const was = written(writer, move);
          expect(writer.length > length).toBe(was);
          if (was) kept.push(move);
          if (move[0] === 'mark') marked = { length, kept: [...kept] };
          if (move[0] !== 'rollback' || marked === undefined) continue;
          writer.rollback(marked.length);
          kept = [...marked.kept];
        }
        const reader = codec.reader(writer.take());
        for (const move of kept) {
          expect(same(readBack(reader, move), codec.decode(codec.encode(move[1])))).toBe(true);
        }
        expect(reader.done).toBe(true);
      }),
      runs(200),
    );
  });
});
