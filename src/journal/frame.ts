/**
 * How a record lies in a file.
 *
 * F1. A frame begins at a multiple of 8. Its first word is its length, so zeros are the end.
 * F2. A frame is good if its checksum is right under the salt of its file, and belongs where it stands if `previous` is
 *     the chain value of the record before it: the checksum of that record and of all it was chained to.
 * F3. `since` counts the records from the beginning of its write. A write begins only when all before it is durable.
 *     So a good frame proves that record `seq - since` was durable, and all before that.
 *
 * | at | bytes | what                                                       |
 * | -- | ----- | ---------------------------------------------------------- |
 * | 0  | 4     | the length of the frame, without what fills it up to F1    |
 * | 4  | 4     | checksum of the chain value, the length, `since`, the salt |
 * | 8  | 4     | `since`, from 1                                            |
 * | 12 | 4     | `previous`                                                 |
 * | 16 | 8     | the number of the record                                   |
 * | 24 | 8     | the epoch of the owner that appended it                    |
 * | 32 |       | the body                                                   |
 *
 * The chain value of a record is the checksum of its frame from byte 12 on. All numbers have their lowest byte first.
 */
import { crc32, crc32Word } from './crc32.ts';

export const frameHead = 32;

/** How far a chain of records has come: the last record, its chain value, and where in its file the next one goes. */
export interface End {
  readonly seq: number;
  readonly chain: number;
  readonly offset: number;
}

export interface Frame {
  readonly seq: number;
  readonly ownerEpoch: number;
  readonly since: number;
  readonly previous: number;
  /** Its chain value. */
  readonly chain: number;
  readonly body: Uint8Array;
}

/** What a record takes in a file. */
export function frameBytes(bodyLength: number): number {
  return (frameHead + bodyLength + 7) & ~7;
}

/** A stretch of bytes with its view. */
export interface Bytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function bytesOf(bytes: Uint8Array): Bytes {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Writes a frame and gives its chain value. */
export function writeFrame(into: Bytes, at: number, salt: number, frame: Omit<Frame, 'chain'>): number {
  const { bytes, view } = into;
  const length = frameHead + frame.body.length;
  view.setUint32(at, length, true);
  view.setUint32(at + 8, frame.since, true);
  view.setUint32(at + 12, frame.previous, true);
  writeNumber(view, at + 16, frame.seq);
  writeNumber(view, at + 24, frame.ownerEpoch);
  bytes.set(frame.body, at + frameHead);
  bytes.fill(0, at + length, at + frameBytes(frame.body.length));
  const chain = crc32(bytes, at + 12, at + length);
  view.setUint32(at + 4, check(chain, length, frame.since, salt), true);
  return chain;
}

/** What the frame at a place says its length is; 0 at the end. */
export function lengthAt({ view }: Bytes, at: number): number {
  return at + 4 <= view.byteLength ? view.getUint32(at, true) : 0;
}

/** The frame at a place, if it is there and good (F2). Its body is a part of `from`, no copy. */
export function readFrame(from: Bytes, at: number, salt: number): Frame | undefined {
  const { bytes, view } = from;
  const length = lengthAt(from, at);
  if (length < frameHead || at + length > bytes.length) return undefined;
  const since = view.getUint32(at + 8, true);
  const chain = crc32(bytes, at + 12, at + length);
  if (view.getUint32(at + 4, true) !== check(chain, length, since, salt)) return undefined;
  return {
    seq: readNumber(view, at + 16),
    ownerEpoch: readNumber(view, at + 24),
    since,
    previous: view.getUint32(at + 12, true),
    chain,
    body: bytes.subarray(at + frameHead, at + length),
  };
}

/** The number of the record whose frame might be at a place; nothing is checked. */
export function seqAt({ view }: Bytes, at: number): number {
  return readNumber(view, at + 16);
}

export function writeNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

export function readNumber(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}

function check(chain: number, length: number, since: number, salt: number): number {
  return crc32Word(salt, crc32Word(since, crc32Word(length, chain)));
}
