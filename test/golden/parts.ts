// The parts of a set: what each writes into a folder, and what is read there, as text. The text stands beside it for ever.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { actorRef, entityRef } from 'portico';
import { actorTypes } from '../../actors/stored.ts';
import { definitionsOf } from '../../actors/storable.ts';
import { Codec } from '../../src/codec.ts';
import { EntryMap } from '../../src/engine/cells.ts';
import { entryMaps } from '../../src/engine/forms.ts';
import { Care } from '../../src/engine/care.ts';
import { changesOf, RecordWriter } from '../../src/engine/record.ts';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { nodeDisk } from '../../src/node/disk.ts';
import { lastWordsIn } from '../../src/node/last-words.ts';
import { levelState } from '../../src/node/level-state.ts';
import { snapshotState } from '../../src/state/snapshot-state.ts';
import type { Row, State } from '../../src/state/state.ts';
import { counter } from './shop.ts';
import { hex, shown } from './shown.ts';

export interface Part {
  readonly write: (folder: string) => Promise<void>;
  /** What is there, as text. The folder is a copy. */
  readonly read: (folder: string) => Promise<string>;
}

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}
const money = { name: 'money', class: Money, toData: (of: unknown) => (of as Money).cents, fromData: (data: unknown) => new Money(data as number) }; // prettier-ignore

/** The types that all stores know. */
export const ownTypes = [entryMaps, ...actorTypes(definitionsOf([counter(0, '').definition!]))]; // prettier-ignore
const codec = new Codec({ types: [money, ...ownTypes] });

/** Values of each kind. */
const values: Readonly<Record<string, () => unknown>> = {
  scalars: () => [undefined, null, true, false],
  numbers: () => [
    0,
    63,
    64,
    -1,
    -16,
    -17,
    2 ** 31,
    2 ** 53 - 1,
    -(2 ** 53 - 1),
    0.5,
    -0,
    NaN,
    Infinity,
    -Infinity,
    5e-324,
  ],
  bigints: () => [0n, -1n, 2n ** 53n, -(2n ** 53n), 2n ** 200n, -(2n ** 200n)],
  texts: () => ['', 'short', 'x'.repeat(64), 'é', 'é'.repeat(64), '€', '€'.repeat(64), '\uD800', '\0'],
  objects: () => [{}, { a: 1, b: 'two' }, { a: 3, b: 'four' }, { constructor: 1, '': 2, 7: 3 }],
  'a dictionary': () => Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`key ${i}`, i])),
  'many shapes': () =>
    Array.from({ length: 70 }, (_, i) => ({ [`k${i}`]: i })).flatMap((each) => [each, { ...each }]),
  arrays: () => [[], [1, [2, [3]]], Array.from({ length: 20 }, (_, i) => i)],
  'maps and sets': () => [new Map<unknown, unknown>([['a', 1], [{ b: 2 }, new Set([1, 'x'])]]), new Set(), new Map()], // prettier-ignore
  dates: () => [new Date(0), new Date(NaN), new Date(-1.7e12)],
  bytes: () => [
    new ArrayBuffer(3),
    Uint8Array.of(1, 2), Int8Array.of(-1), Uint8ClampedArray.of(300), Int16Array.of(-2), Uint16Array.of(3),
    Int32Array.of(-4), Uint32Array.of(5), Float32Array.of(0.5), Float64Array.of(-0.25), BigInt64Array.of(-6n),
    BigUint64Array.of(7n), new DataView(Uint8Array.of(8, 9).buffer),
  ], // prettier-ignore
  errors: () => [
    new TypeError('bad'),
    Object.assign(new Error('why', { cause: new RangeError('because', { cause: [1] }) }), { code: 'E_X' }),
  ],
  'an instance': () => [new Money(5), new Money(7)],
  'entries of a map state': () => new EntryMap([['a', 1], [7, { b: 2 }], [8n, 'c']] as never), // prettier-ignore
  'references and behaviors': () => [
    actorRef('ann'),
    entityRef(counter(1, 'tea'), 'bob'),
    counter(2, 'milk'),
    ...ownTypes.slice(3).map((type) => made(type as never)),
  ],
};

const sendOf = (data: unknown): unknown =>
  ownTypes.find(({ name }) => name === 'portico/send')?.fromData(data);

/** An instance of each type that travels between actors. */
function made({
  name,
  fromData,
}: {
  readonly name: string;
  readonly fromData: (data: unknown) => unknown;
}): unknown {
  const [ref, behavior] = [actorRef('ann'), counter(3, 'x')];
  const data: Readonly<Record<string, readonly unknown[]>> = {
    send: [ref, 'hello'],
    create: [ref, behavior, { parent: 7, number: 1 }],
    toEntity: [behavior, { m: 1 }],
    fromOutside: [sendOf([ref, 'hello']), behavior],
    askReply: [5, { failure: { code: 'ask/timeout', message: 'late' } }],
    signalled: [{ signal: 'postStop' }],
    childStopped: ['name:x', 2],
    watch: [7, 1],
    watchedStopped: ['name:y', 3],
  };
  const of = data[name.slice('portico/'.length)] ?? [1];
  return fromData(of);
}

function folderOf(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return folder;
}

const bodies = Array.from({ length: 9 }, (_, n) => new Uint8Array(20 + 50 * n).fill(n + 1));
const segments = { segmentBytes: 8192 + 600, preallocateBytes: 0, writesPerMark: 1 };

function rowsAt(position: number): Row[] {
  const value = new Uint8Array(5 + 40 * position).fill(position);
  return [
    { table: 'cells €', key: `k${position % 3}€`, value },
    { table: 'streams', key: `s${position % 4}`, value },
    { table: 'streams', key: `s${(position + 2) % 4}`, value: position % 3 === 0 ? undefined : value },
  ];
}

/** A state that was opened twice; its last records are in no checkpoint. */
async function fill(open: () => State): Promise<void> {
  for (const [from, to] of [
    [1, 4],
    [5, 8],
  ] as const) {
    const state = open();
    await state.open();
    for (let position = from; position <= to; position++) {
      await state.apply(rowsAt(position), position);
      if (position % 4 !== 3) await state.checkpoint();
    }
    await state.close();
  }
}

async function told(state: State): Promise<string> {
  const lines = [`position ${await state.open()}`];
  for (const table of await state.tables())
    for await (const [key, value] of state.scan(table)) lines.push(`${table} | ${key} | ${hex(value)}`);
  await state.apply([{ table: 'goes on', key: 'x', value: Uint8Array.of(1) }], 100);
  await state.checkpoint();
  await state.close();
  return lines.join('\n');
}

const atMs = 1_700_000_000_000;

function careOf(before: string | undefined, say: (text: string) => void, log: (line: string) => void): Care {
  const words = { open: () => Promise.resolve(undefined), say, close: () => undefined };
  return new Care({ words, before, nowMs: atMs, codec, maxAttempts: 3, log: (_, line) => log(line) });
}

/** What is said last in a process that ends in the midst of handling something. */
function careAfter(before: string | undefined, tell: (said: string) => void): string {
  let last = '';
  const care = careOf(before, (said) => (last = said), () => undefined); // prettier-ignore
  let within = '';
  care.guard('/shop/workflows/actors/ActorRuntime')('name:till', { n: 1 }, () => (within = last));
  tell(within || last);
  return within || last;
}

export const parts: Readonly<Record<string, Part>> = {
  codec: {
    write: async (folder) => {
      for (const [name, value] of Object.entries(values))
        writeFileSync(join(folderOf(folder), `${name}.bin`), codec.encode(value()));
    },
    read: async (folder) =>
      readdirSync(folder)
        .sort()
        .map((name) => `${name}: ${shown(codec.decode(new Uint8Array(readFileSync(join(folder, name)))))}`)
        .join('\n'),
  },
  record: {
    write: async (folder) => {
      const writer = new RecordWriter(codec);
      writer.drop({ table: 'cells /gone/w/t', prefix: '' });
      writer.drop({ table: 'streams', prefix: '/gone/' });
      writer.put('cells /a/w/t', '$ann', [0, { n: 1 }]);
      writer.put('cells /a/w/t', '#7', [0, new EntryMap([['x', 1]] as never)]);
      writer.delete('cells /a/w/t', '&9');
      writer.put('streams', '/a/s', [1, 2, 3, 4]);
      writeFileSync(join(folderOf(folder), 'epoch.bin'), writer.take().body);
    },
    read: async (folder) => {
      const { drops, rows } = changesOf(
        codec,
        new Uint8Array(readFileSync(join(folder, 'epoch.bin'))),
        'golden',
      );
      const put = rows.map(({ table, key, value }) =>
        [table, key, value && shown(codec.decode(value))].join(' | '),
      );
      return [...drops.map(({ table, prefix }) => `drop ${table} | ${prefix}`), ...put].join('\n');
    },
  },
  journal: {
    write: async (folder) => {
      for (const [from, to] of [
        [0, 4],
        [4, 9],
      ] as const) {
        const journal = fileJournal(nodeDisk(folder), segments);
        await journal.open('golden');
        for (const body of bodies.slice(from, to)) await journal.append(body);
        if (from > 0) await journal.trim(3);
        await journal.close();
      }
    },
    read: async (folder) => {
      const journal = fileJournal(nodeDisk(folder), segments);
      const { first, next, ownerEpoch } = await journal.open('reader');
      const lines = [`records ${first} to ${next - 1}, owner ${ownerEpoch}`];
      for await (const { seq, ownerEpoch: owner, body } of journal.read(first))
        lines.push(`${seq} of ${owner}: ${hex(body)}`);
      await journal.append(Uint8Array.of(1));
      await journal.close();
      return lines.join('\n');
    },
  },
  snapshots: {
    write: (folder) => fill(() => snapshotState(nodeDisk(folder))),
    read: (folder) => told(snapshotState(nodeDisk(folder))),
  },
  'last-words': {
    write: async (folder) => {
      const words = lastWordsIn(folder);
      const before = await words.open(1);
      // It fell twice, the second time in the midst of something.
      const told = careAfter(
        careAfter(before, () => undefined),
        () => undefined,
      );
      careAfter(told, (said) => {
        words.say(said);
      });
      words.close();
    },
    read: async (folder) => {
      const words = lastWordsIn(folder);
      const before = await words.open(2);
      words.close();
      const lines: string[] = [];
      careOf(before, () => undefined, (line) => lines.push(line)); // prettier-ignore
      return [before ?? '', ...lines].join('\n');
    },
  },
  level: {
    write: (folder) => fill(() => levelState(folder)),
    read: (folder) => told(levelState(folder)),
  },
};
