// What strangers send: values that look like something else, and what is to become of each.

/** Values that are taken as they are. */
export const taken: Readonly<Record<string, unknown>> = {
  'keys that all objects inherit': {
    constructor: { prototype: { polluted: true } },
    prototype: 1,
    toString: 'text',
    hasOwnProperty: null,
    valueOf: [],
    __defineGetter__: 'x',
  },
  'keys of an object without a prototype': Object.assign(Object.create(null) as object, { constructor: 1 }),
  'a map with the key that means the prototype': new Map<unknown, unknown>([['__proto__', { polluted: true }], ['constructor', 1]]), // prettier-ignore
  'a key that is empty, and one that is a path': { '': 1, '../../etc/passwd': 2, 'a\0b': 3 },
  'a path as text': '../../../../../../etc/passwd',
  'an end of text within text': 'a\0b\0',
  'halves of surrogate pairs': ['\uD800', '\uDC00', 'a\uDFFFb', { '\uD83D': '\uD83D' }],
  'a byte order mark': '\uFEFFtext\uFEFF',
  'numbers at the edge': [NaN, -0, Infinity, -Infinity, 5e-324, Number.MAX_VALUE, 2 ** 53, -(2 ** 53)],
  'a bigint of a thousand digits': 10n ** 1000n,
  'a date that is none': new Date(NaN),
  'something that looks like a promise': JSON.parse('{ "then": "no function", "catch": 1 }') as unknown,
  'something that looks like what the platform has': {
    toJSON: 'no function',
    length: -1,
    size: 9,
    byteLength: 1e9,
  },
  'a depth of nine hundred': nested(900),
  'forty thousand keys': Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`k${i}`, i])),
  'bytes with nothing in them': [new Uint8Array(0), new ArrayBuffer(0), new Float64Array(0)],
};

/** Values that are refused, with the code and the path. */
export const refused: Readonly<Record<string, readonly [value: unknown, code: string, path: RegExp]>> = {
  'a key that means the prototype': [
    JSON.parse('{ "user": { "__proto__": { "admin": true } } }'),
    'codec/unsupported',
    /^\.user\.__proto__ is a key/,
  ],
  'a depth of ten thousand': [
    nested(10_000),
    'codec/too-deep',
    /^\.a\.a\.a.*…\(\d+ more\)….*\.a is nested deeper/,
  ],
  'a depth of ten thousand, in maps': [inMaps(10_000), 'codec/too-deep', /is nested deeper/],
  'a circle': [circle(), 'codec/too-deep', /^\.self\.self.*is nested deeper/],
  'ten megabytes': ['x'.repeat(10_000_000), 'codec/too-large', /more than 1048576 bytes/],
  'ten megabytes in small pieces': [
    Array.from({ length: 100_000 }, (_, i) => ({ i, text: 'x'.repeat(90) })),
    'codec/too-large',
    /more than 1048576 bytes/,
  ],
  'the same megabyte a hundred times': [
    Array.from({ length: 100 }).fill('x'.repeat(1_000_000)),
    'codec/too-large',
    /bytes/,
  ],
  'a getter': [
    Object.defineProperty({}, 'x', { get: () => 1, enumerable: true }),
    'codec/unsupported',
    /^\.x is a getter/,
  ],
  'a proxy that was revoked': [{ deep: revoked() }, 'codec/unsupported', /cannot be read/],
};

/** Names, ids and keys that look like something else. */
export const names: readonly string[] = [
  '../../etc/passwd',
  '..\\..\\windows',
  '/absolute',
  '.',
  '..',
  'C:\\nul',
  'a\0b',
  '\n\r\t',
  '__proto__',
  'constructor',
  'prototype',
  'journal.0000000000000001',
  'a/b',
  'a~1b',
  'name:ann',
  'entity:echo/ann',
  '\uD800',
  '\uDC00\uD800',
  'é',
  'e\u0301',
  '#7',
  '$7',
  '&7',
  '7',
  '%2e%2e%2f',
  'x'.repeat(100_000),
];

function nested(depth: number): unknown {
  let value: unknown = 'the bottom';
  for (let i = 0; i < depth; i++) value = { a: value };
  return value;
}

function inMaps(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = new Map([[1, value]]);
  return value;
}

function circle(): unknown {
  const self: { self?: unknown } = {};
  self.self = self;
  return self;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
