/**
 * The high-water mark: what was surely acknowledged, in a file beside the segments. It is how a tail that was cut off,
 * or an older copy that was put back, is told from a journal that simply ends there.
 *
 * H1. Each owner has its own file, `highwater.<epoch>`, and nobody else writes it. The file exists before the first header
 *     of that owner does.
 * H2. It has two places, written in turn, each in a sector of its own: a write that tears leaves the mark before it.
 * H3. It never says more than is so, and a later mark never less than an earlier one.
 */
import { diskCode, type Disk, type DiskFile } from '../host.ts';
import { closedAfterFailure } from './closing.ts';
import { bytesOf, readNumber, writeNumber, type End } from './frame.ts';
import { failed } from './refusals.ts';
import { highwaterName, isSealed, noRecord, readEnd, sealed, writeEnd } from './segment.ts';

export interface Mark {
  /** The newest segment that has a header. */
  readonly segment: number;
  /** Where the last record that was acknowledged begins and ends; the offsets are those of its own segment. */
  readonly from: number;
  readonly end: End;
  readonly endSegment: number;
  /** The oldest record that must be there. */
  readonly first: number;
  /** A place at or before the first record that is still of use, to read from: a segment, 0 if none, and a place in it. */
  readonly entrySegment: number;
  readonly entry: End;
}

export const noMark: Mark = {
  segment: 0,
  from: 0,
  end: noRecord,
  endSegment: 0,
  first: 1,
  entrySegment: 0,
  entry: noRecord,
};

/** The mark of one owner, to write to. */
export class Highwater {
  readonly #file: DiskFile;
  readonly #where: string;
  #turn = 0;

  private constructor(file: DiskFile, where: string) {
    this.#file = file;
    this.#where = where;
  }

  /** Its name is durable after the next `syncNames`. */
  static async create(disk: Disk, ownerEpoch: number, mark: Mark): Promise<Highwater> {
    const name = highwaterName(ownerEpoch);
    let file: DiskFile;
    try {
      file = await disk.open(name, 'create');
    } catch (error) {
      if (diskCode(error) !== 'EEXIST') throw error;
      // The power failed when an owner had just come: the name of its segment was lost, the one of its mark was not.
      file = await disk.open(name, 'write');
    }
    const highwater = new Highwater(file, `${disk.path}/${name}`);
    try {
      // Both places have to be there from the start, so that a full disk is no reason for a mark to fail later.
      await file.write(places, new Uint8Array(markBytes));
      await highwater.write(mark);
    } catch (error) {
      await closedAfterFailure([file]);
      throw error;
    }
    return highwater;
  }

  /** Durable when it resolves. Not to be called again until then. */
  async write(mark: Mark): Promise<void> {
    const turn = this.#turn + 1;
    const { bytes, view } = bytesOf(new Uint8Array(markBytes));
    view.setUint32(4, magic, true);
    writeNumber(view, 8, turn);
    writeNumber(view, 16, mark.segment);
    writeNumber(view, 24, mark.from);
    writeEnd(view, 32, mark.end);
    writeNumber(view, 56, mark.endSegment);
    writeNumber(view, 64, mark.first);
    writeNumber(view, 72, mark.entrySegment);
    writeEnd(view, 80, mark.entry);
    // Without room the same place is tried again: the other one holds the last good mark.
    await this.#file.write((turn & 1) * places, sealed(bytes));
    this.#turn = turn;
    try {
      await this.#file.sync();
    } catch (cause) {
      throw failed(this.#where, cause);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** What an owner marked; undefined if there is no mark, or none that can be read. */
export async function readMark(disk: Disk, ownerEpoch: number): Promise<Mark | undefined> {
  let file: DiskFile;
  try {
    file = await disk.open(highwaterName(ownerEpoch), 'read');
  } catch (error) {
    if (diskCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const marks = [readPlace(await file.read(0, markBytes)), readPlace(await file.read(places, markBytes))];
    return marks.reduce((a, b) => (a === undefined || (b !== undefined && b.turn > a.turn) ? b : a));
  } finally {
    await file.close();
  }
}

/** All that two marks say. */
export function joined(a: Mark, b: Mark): Mark {
  const reached = b.end.seq > a.end.seq ? b : a;
  const dropped = b.first > a.first ? b : a;
  const read = b.entry.seq > a.entry.seq ? b : a;
  return {
    segment: Math.max(a.segment, b.segment),
    from: reached.from,
    end: reached.end,
    endSegment: reached.endSegment,
    first: dropped.first,
    entrySegment: read.entrySegment,
    entry: read.entry,
  };
}

const places = 4096;
const markBytes = 104;
/** `PJm1`. */
const magic = 0x316d_4a50;

function readPlace(bytes: Uint8Array): (Mark & { readonly turn: number }) | undefined {
  if (bytes.length < markBytes || !isSealed(bytes)) return undefined;
  const { view } = bytesOf(bytes);
  if (view.getUint32(4, true) !== magic) return undefined;
  return {
    turn: readNumber(view, 8),
    segment: readNumber(view, 16),
    from: readNumber(view, 24),
    end: readEnd(view, 32),
    endSegment: readNumber(view, 56),
    first: readNumber(view, 64),
    entrySegment: readNumber(view, 72),
    entry: readEnd(view, 80),
  };
}
