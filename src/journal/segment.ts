/**
 * The files of a journal: segments `journal.<number>`, one after the other.
 *
 * S1. A segment is created exclusively, under the number after the highest there is, and only its creator writes it.
 * S2. Its first block is the claim: who created it. Nothing but messages depends on it.
 * S3. Its second block is the header. A segment without one was never in use; one with a header may have been (T4).
 * S4. Segments are removed lowest number first, and the newest never: a segment that still has its name has never had a
 *     successor that was removed.
 */
import type { DiskFile } from '../host.ts';
import { crc32 } from './crc32.ts';
import { bytesOf, readNumber, writeNumber, type End } from './frame.ts';

/** Where a record would be if there were none before it. */
export const noRecord: End = { seq: 0, chain: 0, offset: 0 };

/** Where the frames begin. Blocks are as large as the sectors of disks, so no write of a frame can tear a header. */
export const framesFrom = 8192;

/** Who owns a segment. */
export interface Claim {
  readonly ownerEpoch: number;
  readonly owner: string;
}

export interface Header {
  readonly number: number;
  /** The number of the first segment of this owner. */
  readonly ownerEpoch: number;
  /** Makes frames that somebody put into a body tell apart from frames. */
  readonly salt: number;
  /** The segment before, 0 if there is none, and where in it the records end that this one follows. */
  readonly previous: { readonly number: number; readonly end: End };
  /** Where the records end that this segment took over from the one before: they are durable here if the header is. */
  readonly carried: End;
}

export function segmentName(number: number): string {
  return `journal.${digits(number)}`;
}

export function highwaterName(ownerEpoch: number): string {
  return `highwater.${digits(ownerEpoch)}`;
}

/** The numbers of the files of one kind, lowest first. */
export function numbersOf(names: readonly string[], kind: 'journal' | 'highwater'): number[] {
  const found = names.flatMap((name) => {
    const [, word, number] = /^([a-z]+)\.(\d{16})$/.exec(name) ?? [];
    return word === kind ? [Number(number)] : [];
  });
  return found.sort((a, b) => a - b);
}

export function writeClaim(file: DiskFile, { ownerEpoch, owner }: Claim): Promise<void> {
  const name = owner.slice(0, longestName);
  const { bytes, view } = bytesOf(new Uint8Array(32 + 2 * name.length));
  view.setUint32(4, claimMagic, true);
  writeNumber(view, 8, ownerEpoch);
  view.setUint32(16, name.length, true);
  for (let at = 0; at < name.length; at++) view.setUint16(32 + 2 * at, name.charCodeAt(at), true);
  return file.write(0, sealed(bytes));
}

export async function readClaim(file: DiskFile): Promise<Claim | undefined> {
  const { bytes, view } = bytesOf(await file.read(0, 32 + 2 * longestName));
  if (bytes.length < 32 || view.getUint32(4, true) !== claimMagic) return undefined;
  const length = view.getUint32(16, true);
  if (length > longestName || !isSealed(bytes.subarray(0, 32 + 2 * length))) return undefined;
  const letters = Array.from({ length }, (_, at) => String.fromCharCode(view.getUint16(32 + 2 * at, true)));
  return { ownerEpoch: readNumber(view, 8), owner: letters.join('') };
}

export function writeHeader(file: DiskFile, header: Header): Promise<void> {
  const { bytes, view } = bytesOf(new Uint8Array(headerBytes));
  view.setUint32(4, headerMagic, true);
  view.setUint32(8, formatVersion, true);
  view.setUint32(12, header.salt, true);
  writeNumber(view, 16, header.number);
  writeNumber(view, 24, header.ownerEpoch);
  writeNumber(view, 32, header.previous.number);
  writeEnd(view, 40, header.previous.end);
  writeEnd(view, 64, header.carried);
  return file.write(headerAt, sealed(bytes));
}

/** The header of a segment, if it is there and good; or the version of its format, if that is not ours. */
export async function readHeader(file: DiskFile): Promise<Header | { readonly version: number } | undefined> {
  const { bytes, view } = bytesOf(await file.read(headerAt, headerBytes));
  if (bytes.length < headerBytes || view.getUint32(4, true) !== headerMagic || !isSealed(bytes))
    return undefined;
  const version = view.getUint32(8, true);
  if (version !== formatVersion) return { version };
  return {
    salt: view.getUint32(12, true),
    number: readNumber(view, 16),
    ownerEpoch: readNumber(view, 24),
    previous: { number: readNumber(view, 32), end: readEnd(view, 40) },
    carried: readEnd(view, 64),
  };
}

/** An end takes 24 bytes. */
export function writeEnd(view: DataView, at: number, end: End): void {
  writeNumber(view, at, end.seq);
  writeNumber(view, at + 8, end.offset);
  view.setUint32(at + 16, end.chain, true);
}

export function readEnd(view: DataView, at: number): End {
  return {
    seq: readNumber(view, at),
    offset: readNumber(view, at + 8),
    chain: view.getUint32(at + 16, true),
  };
}

/** Puts the checksum of a block into its first word. */
export function sealed(block: Uint8Array): Uint8Array {
  bytesOf(block).view.setUint32(0, crc32(block, 4), true);
  return block;
}

export function isSealed(block: Uint8Array): boolean {
  return bytesOf(block).view.getUint32(0, true) === crc32(block, 4);
}

const formatVersion = 1;
const headerAt = 4096;
const headerBytes = 88;
const longestName = 200;
/** `PJc1` and `PJh1`. */
const claimMagic = 0x3163_4a50;
const headerMagic = 0x3168_4a50;

function digits(number: number): string {
  return String(number).padStart(16, '0');
}
