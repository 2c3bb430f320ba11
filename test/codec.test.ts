import { describe, expect, it, vi } from 'vitest';
import { Codec, type DataType } from '../src/codec.ts';

class Money {
  readonly cents: number;
  readonly currency: string;
  constructor(cents: number, currency: string) {
    this.cents = cents;
    this.currency = currency;
  }
}

class Ref {
  readonly id: unknown;
  constructor(id: unknown) {
    this.id = id;
  }
}

const money: DataType<Money> = {
  name: 'money',
  class: Money,
  toData: ({ cents, currency }) => ({ cents, currency }),
  fromData: (data) => {
    const { cents, currency } = data as Money;
    if (typeof cents !== 'number') throw new TypeError('the cents are missing');
    return new Money(cents, currency);
  },
};
const ref: DataType<Ref> = {
  name: 'ref',
  class: Ref,
  toData: ({ id }) => id,
  fromData: (id) => new Ref(id),
};

const codec = new Codec({ types: [money, ref] });

const again = (value: unknown, through = codec): any => through.decode(through.encode(value));

describe('a codec', () => {
  describe('gives back', () => {
    it.each<[string, unknown]>([
      ['undefined', undefined],
      ['null', null],
      ['false', false],
      ['true', true],
      ['the empty text', ''],
      ['a text', 'cart'],
      ['a text as long as a tag holds', 'x'.repeat(63)],
      ['a text that is longer', 'x'.repeat(64)],
      ['a long text', 'abcdefghij'.repeat(10_000)],
      ['a text of Latin letters', 'Åland, größer, ÿ'],
      ['a long text of Latin letters', 'größer'.repeat(50)],
      ['a long text that ends in other letters', `${'x'.repeat(100)}Ω`],
      ['a text of other letters', 'Ω 漢字 🎲'],
      ['a long text of other letters', '漢字🎲'.repeat(5_000)],
      ['a lone high surrogate', 'a\ud83cb'],
      ['a lone low surrogate', '\udfb2'],
      ['the character 0', '\0'],
    ])('%s', (_, value) => {
      expect(again(value)).toBe(value);
    });

    const numbers = [
      [0, 1, 63, 64, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 1_763_640_000_000, 2 ** 52],
      [-1, -15, -16, -17, -64, -129, -(2 ** 31), -(2 ** 31) - 1, Number.MAX_SAFE_INTEGER],
      [Number.MIN_SAFE_INTEGER, 2 ** 53, -(2 ** 53), 1e300, 0.1, -0.5, Number.MIN_VALUE, Number.EPSILON],
      [-0, NaN, Infinity, -Infinity],
    ];
    it.each(numbers.flat())('the number %d', (n) => {
      expect(again(n)).toBe(n);
      expect(Object.is(again([n])[0], n)).toBe(true);
    });

    const bigints = [
      [0n, 1n, -1n, 2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n), -(2n ** 53n) - 1n, 2n ** 64n, 2n ** 71n],
      [-(2n ** 64n), 2n ** 4_096n + 5n, -(2n ** 4_100n)],
    ];
    it.each(bigints.flat())('the bigint %d', (n) => {
      expect(again(n)).toBe(n);
    });

    it('a NaN of any bits as the same bytes', () => {
      const odd = new Float64Array(new BigUint64Array([0x7ff8_0000_dead_beefn]).buffer)[0];
      expect(codec.encode(odd)).toEqual(codec.encode(NaN));
    });

    it.each<[string, object]>([
      ['the empty object', {}],
      ['an object', { type: 'account', owner: 'ann', balance: 12, tags: ['a', 'b'] }],
      ['an object in an object', { a: { a: { a: 1 } } }],
      ['fields that are undefined', { a: undefined, b: null }],
      ['objects of one shape', [{ a: 1 }, { a: 2 }, { a: { a: 3 } }]],
      [
        'objects of more shapes than tags hold',
        Array.from({ length: 200 }, (_, i) => ({ [`k${i % 100}`]: i })),
      ],
      [
        'an object of very many keys',
        Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, i])),
      ],
      ['keys of any letters', { '': 1, 'a b': 2, 漢字: 3, '\ud83c': 4, ['x'.repeat(300)]: 5 }],
      ['the empty array', []],
      ['arrays in an array', [[], [[1]], [2, [3]]]],
      ['an array of undefined', [undefined, null]],
      ['a long array', Array.from({ length: 1_000 }, (_, i) => i - 500)],
      ['a map', new Map<unknown, unknown>([['b', 1], ['a', { x: new Map([[1, 2]]) }], [NaN, 0], [{ k: 1 }, []]])], // prettier-ignore
      ['a set', new Set<unknown>([3, 1, 'x', new Set([2]), undefined])],
      ['the empty map and set', [new Map(), new Set()]],
      ['a date', new Date('2026-11-20T12:00:00.123Z')],
      ['a date long ago', new Date(-8_640_000_000_000_000)],
      ['a buffer', new Uint8Array([1, 2, 3]).buffer],
      ['a view', new DataView(new Uint8Array([1, 2, 3]).buffer)],
      ['the empty array of bytes', new Uint8Array(0)],
      ['an array of bytes', new Uint8Array([0, 127, 255])],
      ['an array of clamped bytes', new Uint8ClampedArray([0, 255])],
      ['an array of signed bytes', new Int8Array([-128, 127])],
      ['an array of 16 bits', new Int16Array([-1, 2])],
      ['an array of unsigned 16 bits', new Uint16Array([65_535, 2])],
      ['an array of 32 bits', new Int32Array([-(2 ** 31), 2])],
      ['an array of unsigned 32 bits', new Uint32Array([2 ** 32 - 1, 2])],
      ['an array of floats', new Float32Array([0.5, -0, NaN])],
      ['an array of doubles', new Float64Array([0.1, -0, NaN])],
      ['an array of bigints', new BigInt64Array([-(2n ** 63n), 1n])],
      ['an array of unsigned bigints', new BigUint64Array([2n ** 64n - 1n])],
    ])('%s', (_, value) => {
      const copy: unknown = again(value);
      expect(copy).toStrictEqual(value);
      expect(copy).not.toBe(value);
    });

    it('the order of keys, of entries and of values', () => {
      const { object, map, set } = again({
        object: { b: 1, a: 2, 10: 3, 9: 4 },
        map: new Map([['b', 1], ['a', 2]]), // prettier-ignore
        set: new Set(['b', 'a']),
      });
      expect(Object.keys(object)).toEqual(['9', '10', 'b', 'a']);
      expect([...map.keys(), ...set]).toEqual(['b', 'a', 'b', 'a']);
    });

    it('an invalid date', () => {
      expect(again(new Date(NaN)).getTime()).toBeNaN();
    });

    it('the part of a buffer that a view shows', () => {
      const { buffer } = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
      const copy = again(new Uint16Array(buffer, 2, 2));
      expect(copy).toEqual(new Uint16Array([0x0403, 0x0605]));
      expect(copy.buffer.byteLength).toBe(4);
    });

    it('an object without a prototype as a plain one', () => {
      const copy = again(Object.assign(Object.create(null), { a: 1 }));
      expect(copy).toStrictEqual({ a: 1 });
    });

    it('keys that all objects inherit, and touches no prototype', () => {
      const odd = { constructor: 1, prototype: 2, toString: 3, hasOwnProperty: 4, __defineGetter__: 5 };
      expect(again(odd)).toStrictEqual(odd);
      expect(Object.entries(again([odd, odd])[1])).toEqual(Object.entries(odd));
      const many = Object.fromEntries(
        Array.from({ length: 40 }, (_, i) => [i < 1 ? 'constructor' : `k${i}`, i]),
      );
      expect(again(many)).toStrictEqual(many);
      expect({}.constructor).toBe(Object);
    });

    it('a value that is there twice as two values', () => {
      const part = { x: 1 };
      const [a, b] = again([part, part]);
      expect(a).toStrictEqual(b);
      expect(a).not.toBe(b);
    });

    it('only own enumerable fields', () => {
      const object = Object.defineProperty({ a: 1 }, 'hidden', { value: 2 });
      expect(again(object)).toStrictEqual({ a: 1 });
    });
  });

  describe('gives back errors as data', () => {
    it('with name, message, code and cause, and without the stack', () => {
      const cause = Object.assign(new RangeError('too far'), { code: 'E_FAR', extra: 1 });
      const copy = again(new TypeError('no way', { cause }));
      expect(copy).toBeInstanceOf(Error);
      expect(Object.getPrototypeOf(copy)).toBe(Error.prototype);
      expect(copy).toMatchObject({ name: 'TypeError', message: 'no way' });
      expect(copy.stack).toBe('TypeError: no way');
      expect('code' in copy).toBe(false);
      expect(copy.cause).toMatchObject({ name: 'RangeError', message: 'too far', code: 'E_FAR' });
      expect('extra' in copy.cause).toBe(false);
      expect('cause' in copy.cause).toBe(false);
    });

    it('with a cause that is undefined, or anything else that is data', () => {
      expect(Object.entries(Object.getOwnPropertyDescriptors(again(new Error('a', { cause: undefined }))))).toContainEqual(
        ['cause', expect.objectContaining({ value: undefined })],
      ); // prettier-ignore
      expect(again(new Error('a', { cause: { why: [1] } })).cause).toStrictEqual({ why: [1] });
    });

    it('of classes of their own, by their names', () => {
      class OutOfStock extends Error {
        override readonly name = 'OutOfStock';
      }
      expect(again(new OutOfStock('tea'))).toMatchObject({ name: 'OutOfStock', message: 'tea' });
    });

    it('without a cause that cannot be stored, whatever else is stored', () => {
      const twice = { shape: { a: 1 } };
      const [error, after] = again([
        new Error('a', { cause: { shape: { a: 1 }, open: () => 1, ref: new Ref(1) } }),
        [twice, twice, new Ref(2), new Ref(3)],
      ]);
      expect(error.message).toBe('a');
      expect('cause' in error).toBe(false);
      expect(after).toStrictEqual([twice, twice, new Ref(2), new Ref(3)]);
    });

    it('without a cause that leads back to them', () => {
      const error = new Error('a');
      const other = new Error('b', { cause: error });
      error.cause = other;
      const copy = again({ error, after: 1 });
      expect(copy.error.message).toBe('a');
      expect('cause' in copy.error).toBe(false);
      expect(copy.after).toBe(1);
    });

    it('with the causes of causes, as far as they can be stored', () => {
      const error = new Error('a', { cause: new Error('b', { cause: () => 1 }) });
      expect(again(error).cause.message).toBe('b');
      expect('cause' in again(error).cause).toBe(false);
    });
  });

  describe('stores instances of registered classes', () => {
    it('and revives them', () => {
      const value = { price: new Money(5, 'EUR'), refs: [new Ref('a'), new Ref({ deep: new Ref(1n) })] };
      expect(again(value)).toStrictEqual(value);
    });

    it('with a name that is written once', () => {
      const one = codec.encode([new Ref(1)]).length;
      expect(codec.encode([new Ref(1), new Ref(2), new Ref(3)]).length).toBe(one + 2 * 2);
    });

    it('of errors too, as what they are', () => {
      class Refused extends Error {}
      const type = { name: 'refused', class: Refused, toData: ({ message }: Refused) => message, fromData: (text: unknown) => new Refused(String(text)) }; // prettier-ignore
      expect(again(new Refused('no'), new Codec({ types: [type] }))).toBeInstanceOf(Refused);
    });

    it('whose data types use the codec themselves', () => {
      const own: Codec = new Codec({
        types: [
          {
            name: 'sealed',
            class: Ref,
            toData: (value) => {
              own.check((value as Ref).id);
              return own.encode((value as Ref).id);
            },
            fromData: (bytes) => new Ref(own.decode(bytes as Uint8Array)),
          },
        ],
      });
      const value = { a: new Ref({ b: [new Ref(1)] }), c: new Ref({ b: 2 }) };
      expect(again(value, own)).toStrictEqual(value);
    });
  });

  it('gives copies that are as long as they need be, and share nothing', () => {
    const a = codec.encode('ab');
    const b = codec.encode('cd');
    expect(a.buffer.byteLength).toBe(a.length);
    expect(a.length).toBe(1 + 1 + 2);
    expect(codec.decode(a)).toBe('ab');
    expect(codec.decode(b)).toBe('cd');
  });

  it('writes keys once', () => {
    const one = codec.encode([{ type: 1, owner: 2 }]).length;
    expect(codec.encode([{ type: 1, owner: 2 }, { type: 3, owner: 4 }]).length).toBe(one + 3); // prettier-ignore
  });

  it('decodes parts of larger buffers, whatever lies around them', () => {
    const bytes = codec.encode({ a: 0.5, b: new Float64Array([1.5]), c: 'x' });
    const around = Buffer.alloc(bytes.length + 13, 0xff);
    around.set(bytes, 5);
    expect(codec.decode(around.subarray(5, 5 + bytes.length))).toStrictEqual({
      a: 0.5,
      b: new Float64Array([1.5]),
      c: 'x',
    });
  });

  it('is not confused by keys that look alike in its memory', () => {
    for (let i = 0; i < 2_000; i++) {
      const value = { [`a${i}`]: i, [`b${i % 7}`]: { [`c${i % 300}`]: i } };
      expect(again(value)).toStrictEqual(value);
    }
  });

  it('makes the same bytes for a value, whatever it has encoded before', () => {
    const fresh = new Codec();
    const used = new Codec();
    const value = Array.from({ length: 300 }, (_, i) => ({ [`key${i}`]: i, more: { [`${i}x`]: 0 } }));
    for (let i = 0; i < 5_000; i++) used.encode({ [`other${i}`]: { more: i } });
    expect(used.encode(value)).toEqual(fresh.encode(value));
    expect(used.encode(value)).toEqual(fresh.encode(value));
  });

  it('makes the same bytes, and reads them, where the platform has no encoder of its own', async () => {
    vi.stubGlobal('TextEncoder', undefined);
    vi.stubGlobal('TextDecoder', undefined);
    vi.resetModules();
    const { Codec: Bare } = await import('../src/codec.ts');
    vi.unstubAllGlobals();
    const value = ['x'.repeat(100), 'größer'.repeat(50), 'Ω'.repeat(100), 'y'.repeat(10_000)];
    const bare = new Bare();
    expect(bare.encode(value)).toEqual(codec.encode(value));
    expect(bare.decode(codec.encode(value))).toEqual(value);
  });

  it('takes objects that are used as maps, however many keys there are', () => {
    const many = Array.from({ length: 6_000 }, (_, i) => ({
      [`key${i}`]: i,
      more: { [`${i % 3_000}x`]: 0 },
    }));
    expect(again(many)).toStrictEqual(many);
    expect(again({ a: 1 })).toStrictEqual({ a: 1 });
  });

  it('finds the end of the depth that is allowed, and not before', () => {
    const nests: ((inner: unknown) => unknown)[] = [
      (inner) => [inner],
      (inner) => ({ inner }),
      (inner) => new Map([[inner, 1]]),
      (inner) => new Map([[1, inner]]),
      (inner) => new Set([inner]),
      (inner) => new Ref(inner),
      (inner) => new Error('outer', { cause: inner }),
    ];
    for (const nest of nests) {
      let value: unknown = [];
      for (let i = 1; i < 1_000; i++) value = nest(value);
      expect(() => codec.decode(codec.encode(value))).not.toThrow();
    }
  });
});

describe('a writer', () => {
  it('makes records that a reader reads', () => {
    const writer = codec.writer();
    writer.unsigned(0).unsigned(300).unsigned(Number.MAX_SAFE_INTEGER);
    writer
      .string('table')
      .string('Ω')
      .bytes(new Uint8Array([1, 2]))
      .bytes(new Uint8Array(0));
    writer.value({ a: 1 }).value({ a: [new Ref(1)] }).apart({ a: [new Ref(2)] }).value({ a: new Ref(3) }); // prettier-ignore
    const reader = codec.reader(writer.take());
    expect([reader.unsigned(), reader.unsigned(), reader.unsigned()]).toEqual([
      0,
      300,
      Number.MAX_SAFE_INTEGER,
    ]);
    expect([reader.string(), reader.string()]).toEqual(['table', 'Ω']);
    expect([reader.bytes(), reader.bytes()]).toEqual([new Uint8Array([1, 2]), new Uint8Array(0)]);
    expect([reader.value(), reader.value()]).toStrictEqual([{ a: 1 }, { a: [new Ref(1)] }]);
    expect(codec.decode(reader.bytes())).toStrictEqual({ a: [new Ref(2)] });
    expect(reader.done).toBe(false);
    expect(reader.value()).toStrictEqual({ a: new Ref(3) });
    expect(reader.done).toBe(true);
  });

  it('makes empty records', () => {
    const writer = codec.writer();
    const record = writer.take();
    expect(record.length).toBe(1);
    expect(codec.reader(record).done).toBe(true);
  });

  it('makes records that need none of the others', () => {
    const writer = codec.writer();
    const records = [1, 2, 3].map((i) => writer.value({ a: i, ref: new Ref(i) }).take());
    expect(records.map((record) => codec.decode(record))).toStrictEqual(
      [1, 2, 3].map((i) => ({ a: i, ref: new Ref(i) })),
    );
  });

  it('shares shapes among the values of a record', () => {
    const writer = codec.writer();
    writer.value({ type: 1, owner: 2 });
    const { length } = writer;
    expect(writer.value({ type: 1, owner: 2 }).length).toBe(length + 3);
  });

  it('makes values apart that are what encode makes, of any length', () => {
    const writer = codec.writer();
    const values = [1, { a: { a: 1 } }, 'x'.repeat(123), 'x'.repeat(124), 'x'.repeat(125), 'x'.repeat(126)];
    values.push('x'.repeat(20_000), 'y'.repeat(100_000));
    for (const value of values) writer.value({ a: 0 }).apart(value);
    const reader = codec.reader(writer.take());
    for (const value of values) {
      expect(reader.value()).toStrictEqual({ a: 0 });
      expect(Buffer.compare(reader.bytes(), codec.encode(value))).toBe(0);
    }
    expect(reader.done).toBe(true);
  });

  it('goes on after a refused value as if it had not been there', () => {
    const writer = codec.writer();
    const bad = { a: 1, b: { c: new Ref(1), d: () => 1 } };
    writer.string('row').value({ a: 1, b: 2 }).value(new Ref(0));
    const { length } = writer;
    for (const how of ['value', 'apart'] as const) {
      expect(() => writer[how](bad)).toThrow('codec/unsupported');
      expect(writer.length).toBe(length);
    }
    writer
      .value({ a: 3, b: 4 })
      .value({ c: 1, d: 2 })
      .apart({ c: 1, d: 2 })
      .value({ c: new Ref(5), d: 6 });
    const reader = codec.reader(writer.take());
    expect(reader.string()).toBe('row');
    const values = [reader.value(), reader.value(), reader.value(), reader.value()];
    expect(values).toStrictEqual([{ a: 1, b: 2 }, new Ref(0), { a: 3, b: 4 }, { c: 1, d: 2 }]);
    expect(codec.decode(reader.bytes())).toStrictEqual({ c: 1, d: 2 });
    expect(reader.value()).toStrictEqual({ c: new Ref(5), d: 6 });
    expect(reader.done).toBe(true);
  });

  it('rolls back to any mark', () => {
    const writer = codec.writer();
    writer.value({ a: 1 });
    const mark = writer.length;
    writer
      .string('key')
      .value({ a: 2 })
      .value({ b: new Ref(1) })
      .apart({ b: 1 });
    writer.rollback(mark);
    writer
      .value({ b: 2 })
      .value({ a: 3 })
      .value({ b: new Ref(4) });
    const reader = codec.reader(writer.take());
    const values = [reader.value(), reader.value(), reader.value(), reader.value()];
    expect(values).toStrictEqual([{ a: 1 }, { b: 2 }, { a: 3 }, { b: new Ref(4) }]);
    expect(reader.done).toBe(true);
  });

  it('refuses marks that are not in the record, and numbers that it cannot write', () => {
    const writer = codec.writer();
    expect(() => writer.rollback(0)).toThrow('not a mark');
    expect(() => writer.rollback(2)).toThrow('not a mark');
    for (const n of [-1, 0.5, NaN, 2 ** 53]) expect(() => writer.unsigned(n)).toThrow('whole number');
  });

  it('bounds values, not records', () => {
    const small = new Codec({ maxBytes: 100 });
    const writer = small.writer();
    const text = 'x'.repeat(98);
    for (let i = 0; i < 1_000; i++) writer.value(text).string(text).bytes(new Uint8Array(1_000)).apart(text);
    expect(writer.length).toBeGreaterThan(1_000_000);
    expect(() => writer.value(`${text}yz`)).toThrow('codec/too-large');
    const reader = small.reader(writer.take());
    for (let i = 0; i < 1_000; i++) {
      expect([reader.value(), reader.string()]).toEqual([text, text]);
      expect(reader.bytes().length).toBe(1_000);
      expect(small.decode(reader.bytes())).toBe(text);
    }
    expect(reader.done).toBe(true);
  });

  it('bounds values that hold the same thing very many times, without building them', () => {
    let value: unknown = 'x'.repeat(100);
    for (let i = 0; i < 50; i++) value = [value, value];
    expect(() => new Codec({ maxBytes: 100_000 }).check(value)).toThrow('codec/too-large');
  });

  it('gives up a cause that is too large, if that is enough', () => {
    const small = new Codec({ maxBytes: 1_000 });
    const cause = Array.from({ length: 50 }, () => 'x'.repeat(1_000));
    expect('cause' in again(new Error('a', { cause }), small)).toBe(false);
  });

  it('may be told that values were checked', () => {
    const writer = codec.writer({ checked: true });
    const value = { a: [{ b: 1 }, { b: 2 }], [Symbol('left out')]: 1, get called() { return 3; } }; // prettier-ignore
    expect(codec.decode(writer.value(value).take())).toStrictEqual({ a: [{ b: 1 }, { b: 2 }], called: 3 });
    expect(() => writer.value({ f: () => 1 })).toThrow('.f is the function "f"');
  });
});
