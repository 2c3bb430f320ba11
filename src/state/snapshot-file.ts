/**
 * The file of a checkpoint: all rows (a full one), or those that changed since another (a delta).
 *
 * F1. It is a row of blocks: a head, rows, an end. Each has a checksum, and says which it is and at which position, so
 *     that no block is taken for another one, of this file or of an older one.
 * F2. Without its end it is not whole, wherever it ends.
 * F3. The head names what it is based on exactly, so that a file that is missing is missed.
 * F4. No length is believed, checksum or not: each is held against the size of the file before room is made for it.
 *
 * A block is eight words, and then so many bytes: mark, kind and version of the format, index in the file, bytes, their
 * checksum, position (two words), checksum of these seven. Words have their low byte first.
 */
import type { Disk, DiskFile } from '../host.ts';
import { checksum } from './checksum.ts';
import {
  copiesOf,
  headBytes as leastRowBytes,
  padded,
  textOf,
  type Captured,
  type PackedRows,
} from './packed-rows.ts';
import { damaged, tooNew } from './trouble.ts';

/** Names a file: the position it leads to, and whose it is. */
export interface FileName {
  readonly position: number;
  readonly generation: number;
  readonly kind: 'full' | 'delta' | 'writing';
}

/** What another file goes on from. */
export type Base = Pick<FileName, 'position' | 'generation'>;

/** What a file says of itself. */
export interface FileHead {
  /** What a delta is based on. */
  readonly base: Base | undefined;
  /** The number of the first table that it names. */
  readonly firstTable: number;
  readonly tables: readonly { readonly name: string; readonly count: number }[];
}

const mark = 0x54_53_54_50; // PTST
const version = 1;
const [headKind, rowsKind, endKind, markKind] = [1, 2, 3, 4];
const blockWords = 8;
const blockBytes = 4 * blockWords;
/** The base of what has none. */
const none = 0xffff_ffff;

export function nameOf({ position, generation, kind }: FileName): string {
  return `${digits(position, 16)}-${digits(generation, 8)}.${kind}`;
}

/** What a name means, if it is one of ours. */
export function parsedName(name: string): FileName | undefined {
  const [, position, generation, kind] = /^(\d{16})-(\d{8})\.(full|delta|writing)$/.exec(name) ?? [];
  if (kind === undefined) return undefined;
  return { position: Number(position), generation: Number(generation), kind: kind as FileName['kind'] };
}

/** What stands in the mark of somebody who goes on from a file, or from nothing. */
export function markBytes(base: Base | undefined): Uint8Array {
  const words = new Int32Array(blockWords);
  words[0] = mark;
  words[1] = (version << 8) | markKind;
  words[2] = base === undefined ? 0 : 1;
  words[3] = base?.generation ?? 0;
  words[5] = base?.position ?? 0;
  words[6] = Math.floor((base?.position ?? 0) / 0x1_0000_0000);
  words[7] = checksum(words, 0, 7, 0);
  return new Uint8Array(words.buffer);
}

/** What stands there; undefined if nothing stands there, or not all. */
export function parsedMark(bytes: Uint8Array): Base | 'nothing' | undefined {
  if (bytes.length !== blockBytes) return undefined;
  const words = new Uint32Array(bytes.slice().buffer);
  const [first, kind, found, generation = 0, , low = 0, high = 0, sum = 0] = [...words];
  const right = checksum(new Int32Array(words.buffer), 0, 7, 0) >>> 0;
  if (first !== mark || kind !== ((version << 8) | markKind) || sum !== right) return undefined;
  return found === 0 ? 'nothing' : { generation, position: low + 0x1_0000_0000 * high };
}

export function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}

/** Writes a file from its start; how many bytes it has. */
export async function writeFile(
  file: DiskFile,
  position: number,
  head: FileHead,
  captured: Captured,
): Promise<number> {
  let at = 0;
  let index = 0;
  const write = async (kind: number, bytes: Uint8Array): Promise<void> => {
    const block = new Uint8Array(blockBytes + bytes.length);
    block.set(bytes, blockBytes);
    seal(new Int32Array(block.buffer), kind, index++, position);
    await file.write(at, block);
    at += block.length;
  };
  await write(headKind, headBytes(head));
  for (const bytes of copiesOf(captured)) await write(rowsKind, bytes);
  await write(endKind, new Uint8Array(0));
  return at;
}

/** Reads a file, checks all of it, and puts what it holds into the rows; its size. */
export async function readFile(
  disk: Disk,
  name: string,
  position: number,
  rows: PackedRows,
): Promise<number> {
  const file = await disk.open(name, 'read');
  try {
    return await new Reader(file, `${disk.path}/${name}`, position).all(rows);
  } finally {
    await file.close();
  }
}

/** What a file is based on. */
export async function readHead(disk: Disk, name: string, position: number): Promise<FileHead> {
  const file = await disk.open(name, 'read');
  try {
    return await new Reader(file, `${disk.path}/${name}`, position).head();
  } finally {
    await file.close();
  }
}

interface Block {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

class Reader {
  readonly #file: DiskFile;
  readonly #where: string;
  readonly #position: number;
  #at = 0;
  #index = 0;
  #size = 0;
  /** The head of the next block, if it was read together with the one before. */
  #next: Uint8Array | undefined;

  constructor(file: DiskFile, where: string, position: number) {
    this.#file = file;
    this.#where = where;
    this.#position = position;
  }

  async head(): Promise<FileHead> {
    this.#size = await this.#file.size();
    const { kind, bytes } = await this.#block();
    const head = kind === headKind ? parsedHead(bytes) : undefined;
    if (head === undefined) throw this.#damaged('it does not begin with what a file begins with');
    return head;
  }

  async all(rows: PackedRows): Promise<number> {
    const { tables } = await this.head();
    // F4.
    const most = this.#size / leastRowBytes;
    if (tables.some(({ count }) => count > most))
      throw this.#damaged('it says that it has more rows than fit into it');
    for (const { name, count } of tables) rows.define(name, count);
    for (;;) {
      const { kind, bytes } = await this.#block();
      if (kind === endKind) break;
      if (kind !== rowsKind || !rows.adopt(bytes)) throw this.#damaged('it holds what are no rows');
    }
    // F2.
    if (this.#size !== this.#at) throw this.#damaged('there is something behind its end');
    return this.#at;
  }

  /** The next block, checked (F1). */
  async #block(): Promise<Block> {
    const head = this.#next ?? (await this.#read(this.#at, blockBytes));
    if (head.length < blockBytes) throw this.#damaged('it is cut off there');
    const words = new Int32Array(head.slice().buffer);
    if (words[0] !== mark) throw this.#damaged('no block begins there');
    if (words[7] !== checksum(words, 0, 7, 0))
      throw this.#damaged('the head of the block is not what was written');
    const written = (words[1] as number) >>> 8;
    if (written !== version) throw tooNew(this.#where, written, version);
    const position = ((words[5] as number) >>> 0) + 0x1_0000_0000 * ((words[6] as number) >>> 0);
    if (words[2] !== this.#index || position !== this.#position) {
      throw this.#damaged('the block that is there belongs elsewhere');
    }
    const length = words[3] as number;
    // F4.
    if (length < 0 || this.#at + blockBytes + length > this.#size) throw this.#damaged('it is cut off there');
    // The head of the next one comes along, which saves every second read.
    const both = await this.#read(this.#at + blockBytes, length + blockBytes);
    const bytes = aligned(both, length);
    const body = new Int32Array(bytes.buffer, bytes.byteOffset, length >> 2);
    if (words[4] !== checksum(body, 0, body.length, this.#index)) {
      throw this.#damaged('the bytes of the block are not those that were written');
    }
    this.#at += blockBytes + length;
    this.#index++;
    this.#next = both.length > length ? both.subarray(length) : new Uint8Array(0);
    return { kind: (words[1] as number) & 0xff, bytes };
  }

  #read(at: number, length: number): Promise<Uint8Array> {
    return this.#file.read(at, length);
  }

  #damaged(what: string): Error {
    return damaged(this.#where, `block ${this.#index}, at byte ${this.#at}: ${what}`);
  }
}

function seal(words: Int32Array, kind: number, index: number, position: number): void {
  words[0] = mark;
  words[1] = (version << 8) | kind;
  words[2] = index;
  words[3] = 4 * (words.length - blockWords);
  words[4] = checksum(words, blockWords, words.length, index);
  words[5] = position;
  words[6] = Math.floor(position / 0x1_0000_0000);
  words[7] = checksum(words, 0, 7, 0);
}

function headBytes({ base, firstTable, tables }: FileHead): Uint8Array {
  const size = tables.reduce((sum, { name }) => sum + 8 + padded(2 * name.length), 20);
  const bytes = new Uint8Array(size);
  const words = new Uint32Array(bytes.buffer);
  words[0] = base === undefined ? none : base.position;
  words[1] = base === undefined ? none : Math.floor(base.position / 0x1_0000_0000);
  words[2] = base?.generation ?? none;
  words[3] = firstTable;
  words[4] = tables.length;
  let at = 20;
  for (const { name, count } of tables) {
    words[at >> 2] = count;
    words[(at >> 2) + 1] = 2 * name.length;
    at += 8;
    for (let i = 0; i < name.length; i++) {
      const unit = name.charCodeAt(i);
      bytes[at + 2 * i] = unit;
      bytes[at + 2 * i + 1] = unit >> 8;
    }
    at += padded(2 * name.length);
  }
  return bytes;
}

function parsedHead(bytes: Uint8Array): FileHead | undefined {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const [low = none, high = none, generation = none, firstTable = 0, count] = [...words.subarray(0, 5)];
  if (count === undefined) return undefined;
  const position = low + 0x1_0000_0000 * high;
  const tables = [];
  let at = 20;
  for (let i = 0; i < count; i++) {
    const [rows, length] = [words[at >> 2] ?? 0, words[(at >> 2) + 1] ?? 0];
    if (at + 8 + length > bytes.length) return undefined;
    tables.push({ name: textOf(bytes, at + 8, length, true), count: rows });
    at += 8 + padded(length);
  }
  return { base: high === none ? undefined : { position, generation }, firstTable, tables };
}

/** The first bytes, where words can be read from them. */
function aligned(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes.subarray(0, length) : bytes.slice(0, length);
}
