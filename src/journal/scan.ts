/** Reading the frames of a file, one after the other, and telling a torn tail from damage. */
import type { DiskFile } from '../host.ts';
import {
  bytesOf,
  frameBytes,
  frameHead,
  lengthAt,
  readFrame,
  seqAt,
  type Bytes,
  type End,
  type Frame,
} from './frame.ts';

/** Reads frames from a place on, each checked, and each an extension of the chain so far. */
export class FrameReader {
  readonly #file: DiskFile;
  readonly #salt: number;
  /** Nothing from here on is looked at. */
  readonly #limit: number;
  #chunk: Bytes = bytesOf(new Uint8Array(0));
  #chunkAt = 0;
  #end: End;

  constructor(file: DiskFile, salt: number, from: End, limit: number) {
    this.#file = file;
    this.#salt = salt;
    this.#limit = limit;
    this.#end = from;
  }

  /** Where the last frame ends. */
  get end(): End {
    return this.#end;
  }

  /** The next frame; undefined where the next bytes are none. Its body is valid until the next call. */
  async next(): Promise<Frame | undefined> {
    const { offset, seq, chain } = this.#end;
    if (offset - this.#chunkAt + frameHead > this.#chunk.bytes.length) await this.#fetch(frameHead);
    const length = lengthAt(this.#chunk, offset - this.#chunkAt);
    if (length < frameHead || offset + length > this.#limit) return undefined;
    if (offset - this.#chunkAt + length > this.#chunk.bytes.length) await this.#fetch(length);
    const frame = readFrame(this.#chunk, offset - this.#chunkAt, this.#salt);
    if (frame === undefined || frame.seq !== seq + 1 || frame.previous !== chain) return undefined;
    this.#end = { seq: frame.seq, chain: frame.chain, offset: offset + frameBytes(frame.body.length) };
    return frame;
  }

  async #fetch(least: number): Promise<void> {
    const at = this.#end.offset;
    const length = Math.max(0, Math.min(Math.max(least, chunkBytes), this.#limit - at));
    this.#chunk = bytesOf(await this.#file.read(at, length));
    this.#chunkAt = at;
  }
}

/** The end of a segment whose owner may have died while writing. */
export interface Tail {
  /** Where the records end that are known to be durable. */
  readonly proven: End;
  /** What is there beyond: the records of one write, or the first of them. Nobody knows whether they are on the medium. */
  readonly doubtful: readonly Frame[];
  /** Where all of it ends. */
  readonly end: End;
  /** Where a later frame is that proves that something is missing here, if there is one. */
  readonly later: number | undefined;
}

/** Reads a tail. All up to `provenSeq` is known to be durable for other reasons than what stands in the tail. */
export async function readTail(file: DiskFile, salt: number, from: End, provenSeq: number): Promise<Tail> {
  const size = await file.size();
  const reader = new FrameReader(file, salt, from, size);
  let proven = from;
  let doubtful: Frame[] = [];
  for (let before = from; ; before = reader.end) {
    const frame = await reader.next();
    if (frame === undefined) break;
    if (frame.since === 1) {
      // F3. It was written only after all before it had been synced.
      proven = before;
      doubtful = [];
    }
    doubtful.push({ ...frame, body: frame.body.slice() });
    if (frame.seq <= provenSeq) {
      proven = reader.end;
      doubtful = [];
    }
  }
  const { end } = reader;
  return { proven, doubtful, end, later: await laterFrame(file, salt, end, size) };
}

/**
 * A write that was torn may leave later frames of its own without the earlier ones; they prove nothing. But a frame of a
 * later write proves that what should stand here was durable once.
 */
async function laterFrame(file: DiskFile, salt: number, end: End, size: number): Promise<number | undefined> {
  const rest = bytesOf(await file.read(end.offset, Math.max(0, size - end.offset)));
  for (let at = 0; at + frameHead <= rest.bytes.length; at += 8) {
    if (lengthAt(rest, at) < frameHead || seqAt(rest, at) <= end.seq) continue;
    const frame = readFrame(rest, at, salt);
    if (frame !== undefined && frame.seq - frame.since > end.seq) return end.offset + at;
  }
  return undefined;
}

const chunkBytes = 256 * 1024;
