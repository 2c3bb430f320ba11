// The files of a journal: whatever happened to them, it opens with its records, or says which file is damaged. Those who can
// write checksums can write other records; but nobody is made to wait, or to ask for more memory than there can be use for.
import { fileJournal } from '../../../src/journal/file-journal.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { crc32, crc32Word } from '../../../src/journal/crc32.ts';
import { bytesOf, lengthAt } from '../../../src/journal/frame.ts';
import { framesFrom, sealed } from '../../../src/journal/segment.ts';
import { Choices } from '../choices.ts';
import { damaged } from '../damage.ts';
import { Shelf, type Files } from '../shelf.ts';
import { must, refusedWith, type Target, type Verdict } from '../target.ts';

const options = {
  segmentBytes: framesFrom + 400,
  preallocateBytes: 0,
  writesPerMark: 1,
  entropy: () => 7,
  maxRecordBytes: 0x1000,
};
const bodies = Array.from({ length: 12 }, (_, n) => new Uint8Array(30 + 9 * n).fill(n + 1));

/** Those that two owners have left; the last one was closed. */
async function written(count: number, trimTo: number): Promise<Files> {
  const shelf = new Shelf();
  for (const [from, to] of [
    [0, count >> 1],
    [count >> 1, count],
  ] as const) {
    const journal = fileJournal(shelf, options);
    await journal.open('owner');
    for (const body of bodies.slice(from, to)) await journal.append(body);
    if (trimTo > 1) await journal.trim(trimTo);
    await journal.close();
  }
  return shelf.content();
}

interface Written {
  readonly files: Files;
  readonly count: number;
  /** The oldest record that is kept. */
  readonly oldest: number;
}

async function writtenWhole(count: number, trimTo: number): Promise<Written> {
  const files = await written(count, trimTo);
  const { first } = await fileJournal(new Shelf(files), options).open('reader');
  return { files, count, oldest: first };
}

const journals: readonly Written[] = [
  await writtenWhole(12, 1),
  await writtenWhole(5, 1),
  await writtenWhole(12, 6),
];

export const journal: Target = {
  name: 'journal',
  first: [
    Uint8Array.of(0),
    Uint8Array.of(1),
    Uint8Array.of(2),
    ...Array.from({ length: 8 }, (_, file) => Uint8Array.of(0, 12, file, 16, 8, 0, 1)),
    ...Array.from({ length: 8 }, (_, file) => Uint8Array.of(0, 12, file, 32, 8, 0, 1)),
    ...Array.from({ length: 4 }, (_, file) => Uint8Array.of(128, 10, file, 16, 40, 255, 255)),
    ...Array.from({ length: 4 }, (_, file) => Uint8Array.of(128, 10, file, 0, 40, 255, 255)),
  ],
  most: 31,
  room: () => 0x10_0000,
  run: async (bytes): Promise<Verdict> => {
    const choices = new Choices(bytes);
    const chosen = choices.byte();
    const whole = journals[chosen % journals.length] as Written;
    const { files: bad, touched, moved } = damaged(whole.files, choices);
    const forged = chosen >= 128;
    if (forged) for (const name of touched) bad.set(name, resealed(bad.get(name) ?? new Uint8Array(0)));
    const shelf = new Shelf(bad);
    const opened = fileJournal(shelf, options);
    try {
      const read = await allOf(opened);
      if (!forged) checkRead(read, whole, [...touched].some((name) => name.startsWith('highwater')) || moved);
    } catch (error) {
      // What cannot be read at all is said by the disk.
      return refusedWith(error, 'journal/damaged', 'journal/format', ...(forged ? ['journal/'] : []));
    } finally {
      await opened.close();
    }
    return 'taken';
  },
};

interface Read {
  readonly first: number;
  readonly records: readonly Uint8Array[];
}

/** All records, after one that was appended. */
async function allOf(opened: Journal): Promise<Read> {
  const { first, next } = await opened.open('reader');
  const records: Uint8Array[] = [];
  for await (const { seq, body } of opened.read(first)) {
    must(seq === first + records.length, 'records come in order');
    records.push(body);
  }
  must(first + records.length === next, 'there are as many records as it says');
  must((await opened.append(Uint8Array.of(1))) === next, 'it goes on where it ends');
  return { first, records };
}

function checkRead({ first, records }: Read, { count, oldest }: Written, mayBeShort: boolean): void {
  must(
    records.every((body, i) => isSame(body, bodies[first - 1 + i])),
    'each record is what was written',
  );
  must(first <= oldest || records.length === 0, 'no record is missing at the beginning');
  must(mayBeShort || first - 1 + records.length === count, 'no record is missing that was acknowledged');
}

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return a.length === b?.length && a.every((byte, i) => byte === b[i]);
}

/** With right checksums wherever there is one. */
function resealed(before: Uint8Array): Uint8Array {
  const bytes = before.slice();
  for (const [at, length] of [
    [0, 104],
    [4096, 104],
    [4096, 88],
  ] as const) {
    const block = bytes.subarray(at, at + length);
    if (block.length === length && (length === 88) === (block[5] === 0x4a && block[6] === 0x68))
      sealed(block);
  }
  const file = bytesOf(bytes);
  const salt = bytes.length >= 4112 ? file.view.getUint32(4096 + 12, true) : 0;
  for (let at = framesFrom; at + 32 <= bytes.length;) {
    const length = lengthAt(file, at);
    if (length < 32 || at + length > bytes.length) break;
    const chain = crc32(bytes, at + 12, at + length);
    file.view.setUint32(
      at + 4,
      crc32Word(salt, crc32Word(file.view.getUint32(at + 8, true), crc32Word(length, chain))),
      true,
    );
    at += (length + 7) & ~7;
  }
  return bytes;
}
