// The codec: any bytes are decoded to data or refused, and any value is encoded, or refused with its path.
import { Codec, type DataType } from '../../../src/codec.ts';
import type { PorticoError } from '../../../src/errors.ts';
import { same } from '../../properties/same.ts';
import { bytesOfText, must, refusedWith, type Target, type Verdict } from '../target.ts';
import { Box, valueOf } from '../value.ts';

const box: DataType<Box> = {
  name: 'box',
  class: Box,
  toData: ({ content }) => [content],
  fromData: (data) => {
    if (!Array.isArray(data) || data.length !== 1) throw new Error('a box has one thing in it');
    return new Box(data[0]);
  },
};
const types = [box];
const limits = { types, maxBytes: 0x1_0000, maxDepth: 40 };
const codec = new Codec(limits);

/** One that remembers nothing of what was before. */
const another = (): Codec => new Codec(limits);

const values: readonly unknown[] = [
  undefined,
  [1, -1, 64, -17, 1.5, -0, NaN, 2 ** 50, -(2 ** 50)],
  [1n, -1n, 2n ** 70n, -(2n ** 70n)],
  ['', 'a', 'é', '€', 'x'.repeat(70), 'é'.repeat(70), '€'.repeat(70)],
  [{ id: 1, type: 'a' }, { id: 2, type: 'b' }, {}, { constructor: 1, toString: 2 }],
  Object.fromEntries(Array.from({ length: 34 }, (_, i) => [`k${i}`, i])),
  new Map<unknown, unknown>([['a', 1], [{ b: 1 }, new Set([1, 2])]]), // prettier-ignore
  [new Date(5), new Date(NaN)],
  [new Uint8Array(3), new Float64Array(2), new DataView(new ArrayBuffer(4)), new ArrayBuffer(2)],
  Object.assign(new TypeError('bad', { cause: new Error('why', { cause: [1] }) }), { code: 'E' }),
  [new Box(1), new Box(new Box([2]))],
  Array.from({ length: 20 }, (_, i) => [i]),
  Array.from({ length: 30 }).reduce((inner) => [inner], 7),
];

export const decode: Target = {
  name: 'decode',
  first: values.map((value) => codec.encode(value)),
  // Each tag, and large numbers behind it.
  words: [
    ...Array.from({ length: 32 }, (_, i) => Uint8Array.of(0xe0 + i)),
    ...[0x40, 0x80, 0xc0, 0xd0].map((tag) => Uint8Array.of(tag)),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f),
    Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00),
    Uint8Array.of(0x49, ...bytesOfText('__proto__')),
    // Objects with such a key, by shape and by name.
    Uint8Array.of(0xed, 11, 1, 0x49, ...bytesOfText('__proto__'), 0xed, 3, 1, 0x41, 0x61, 0xe3),
    Uint8Array.of(0xf0, 1, 0x49, ...bytesOfText('__proto__'), 0xed, 3, 1, 0x41, 0x61, 0xe3),
    Uint8Array.of(0xee, 0x43, ...bytesOfText('box'), 0xc1),
    new Uint8Array(30).fill(0xc1),
  ],
  room: (length) => 0x8000 + 64 * length,
  run: (bytes): Verdict => {
    let value: unknown;
    try {
      value = codec.decode(bytes);
    } catch (error) {
      if ((bytes.length & 15) === 3)
        must(sameRefusal(bytes, error), 'a codec that has just begun refuses the same');
      return refusedWith(error, 'codec/');
    }
    const again = codec.encode(value);
    const copy = codec.decode(again);
    must(same(copy, value), 'what was decoded is encoded to something that is decoded to the same');
    if ((bytes.length & 15) === 3)
      must(same(another().decode(bytes), value), 'a codec that has just begun decodes the same');
    return 'taken';
  },
};

function sameRefusal(bytes: Uint8Array, error: unknown): boolean {
  try {
    another().decode(bytes);
    return false;
  } catch (other) {
    return (other as PorticoError).code === (error as PorticoError).code;
  }
}

export const encode: Target = {
  name: 'encode',
  first: [
    Uint8Array.of(6, 4, 0, 1, 2, 3, 1, 5, 65, 66),
    Uint8Array.of(10, 4, 0, 1, 2, 3, 1, 5, 65, 66, 13, 2, 0, 1),
    Uint8Array.of(17, 3, 65, 66, 67, 0, 17, 1, 65, 1, 1, 66),
    Uint8Array.of(19, 0, 1, 255),
    Uint8Array.of(10, 2, 0xf7, 0, 20, 1),
    ...Array.from({ length: 14 }, (_, i) => Uint8Array.of(10, 1, 0xf7, i)),
    ...Array.from({ length: 13 }, (_, i) => Uint8Array.of(16, i, 2, 1, 2, 3, 4, 5, 6, 7, 8)),
  ],
  room: (length) => 0x10_0000 + 1024 * length,
  run: (bytes): Verdict => {
    const { value, foreign, dropped, deep } = valueOf(bytes);
    let encoded: Uint8Array;
    try {
      encoded = codec.encode(value, 'here');
    } catch (error) {
      must(sameChecked(value, error), 'check says what encode says');
      const { code, what, where } = error as PorticoError;
      must(where === 'here', 'a refusal says where');
      if (code === 'codec/unsupported') {
        must(foreign.length > 0, 'only what is foreign is refused');
        // The value itself is meant by name, all else by a path; unless it throws as soon as anybody touches it.
        const path = /^[.[…]/.test(what) || what.startsWith('the value, or something in it, cannot be read');
        must(path || foreign.includes(0), 'a refusal says the path');
      } else must(deep || code === 'codec/too-large', 'only what is deep is too deep');
      return refusedWith(error, 'codec/unsupported', 'codec/too-');
    }
    must(foreign.length === 0, 'what is foreign is refused');
    codec.check(value, 'here');
    const copy = codec.decode(encoded);
    if (dropped === 0) must(same(copy, value), 'what is decoded is what was encoded');
    // Behind what was taken back names are written out again, so a copy without it may be shorter.
    if (dropped === 0) must(equal(codec.encode(copy), encoded), 'a copy has the same bytes');
    else must(same(codec.decode(codec.encode(copy)), copy), 'a copy of a copy is the same');
    if ((bytes.length & 15) === 3)
      must(equal(another().encode(value), encoded), 'the bytes depend on nothing that was before');
    return 'taken';
  },
};

function sameChecked(value: unknown, error: unknown): boolean {
  try {
    codec.check(value, 'here');
    return false;
  } catch (other) {
    return (other as Error).message === (error as Error).message;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
