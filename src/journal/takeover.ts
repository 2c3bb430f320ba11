/**
 * How a journal changes hands.
 *
 * T1. The next segment is created first: from then on the owner before cannot acknowledge. Only then is anything read, so
 *     all that it acknowledged is seen.
 * T2. What has a later write behind it is known to be durable. The last write before a crash is not, though it can be
 *     read: a sync may have failed. Its records are written anew, into the new segment; syncing the old one again would
 *     prove nothing.
 * T3. Each file is written by one owner only. So an owner that has been taken over can write what it likes.
 * T4. The header is synced together with what was carried over, then the mark says so, then come records. So a segment was
 *     in use if the mark says so or if it has records of its owner; that its header can be read is not enough.
 * T5. Whoever finds a still newer segment at the end is no owner, and removes nothing. Nor is damage what it found.
 */
import type { PorticoError } from '../errors.ts';
import { diskCode, type Disk, type DiskFile } from '../host.ts';
import { closedAfterFailure } from './closing.ts';
import { bytesOf, frameBytes, writeFrame, type End, type Frame } from './frame.ts';
import { Highwater, joined, noMark, readMark, type Mark } from './highwater.ts';
import { damaged, fenced, refusal, wrongFormat } from './refusals.ts';
import { FrameReader, readTail, type Tail } from './scan.ts';
import {
  framesFrom,
  highwaterName,
  noRecord,
  numbersOf,
  readClaim,
  readHeader,
  segmentName,
  writeClaim,
  writeHeader,
  type Header,
} from './segment.ts';

/** A segment of the chain. */
export interface Segment {
  readonly number: number;
  readonly salt: number;
  /** Where the records end that come before it; the offset is that of its own first frame. */
  readonly start: End;
  /** Where its records end. */
  readonly end: End;
  /** Places in it to begin reading at, lowest first, other than its start. */
  readonly entries: readonly End[];
}

/** A journal that is owned. */
export interface Owned {
  readonly ownerEpoch: number;
  /** The segment that is written to. */
  readonly current: Segment;
  readonly file: DiskFile;
  /** The segments before it, oldest first. */
  readonly sealed: readonly Segment[];
  readonly mark: Mark;
  readonly highwater: Highwater;
}

export async function takeOver(disk: Disk, owner: string, salt: number): Promise<Owned> {
  const { number, file } = await claimNext(disk);
  let highwater: Highwater | undefined;
  try {
    await writeClaim(file, { ownerEpoch: number, owner });
    const found = await findRecords(disk, number);
    const carried = await carry(file, salt, found);
    highwater = await Highwater.create(disk, number, found.mark);
    await disk.syncNames();
    const header = { number, ownerEpoch: number, salt, previous: found.previous, carried };
    await writeHeader(file, header);
    await file.sync();
    const mark = joined(found.mark, { ...noMark, segment: number });
    await highwater.write(mark);
    if (isFenced(disk, number, file)) throw await fencedError(disk, number);
    await removeSegments(disk, found.sealed[0]?.number ?? number);
    await removeMarks(disk, number);
    return {
      ownerEpoch: number,
      current: { number, salt, start: startOf(header), end: carried, entries: [] },
      file,
      sealed: found.sealed,
      mark,
      highwater,
    };
  } catch (error) {
    // What looks like damage may be what a newer owner has removed meanwhile.
    const newer = await fencedBy(disk, number, file);
    await closedAfterFailure([file, highwater]);
    throw newer ?? refusal(disk.path, error);
  }
}

/** Whether somebody else owns the journal. The order of the two questions matters (S4). */
export function isFenced(disk: Disk, number: number, file: DiskFile): boolean {
  return disk.exists(segmentName(number + 1)) || !file.linked();
}

/** What an owner is told that is no owner any more. The new one says its name right after it has created its segment. */
export async function fencedError(disk: Disk, number: number): Promise<PorticoError> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const newest = numbersOf(await disk.list(), 'journal').at(-1) ?? 0;
    if (newest <= number) break;
    const claim = await withFile(disk, segmentName(newest), readClaim);
    if (claim !== undefined) return fenced(disk.path, claim);
  }
  return fenced(disk.path, undefined);
}

async function fencedBy(disk: Disk, number: number, file: DiskFile): Promise<PorticoError | undefined> {
  try {
    return isFenced(disk, number, file) ? await fencedError(disk, number) : undefined;
  } catch {
    // The disk fails altogether; the error that led here says so.
    return undefined;
  }
}

/** Creates a segment that is newer than all others. */
async function claimNext(disk: Disk): Promise<{ number: number; file: DiskFile }> {
  try {
    for (;;) {
      const number = (numbersOf(await disk.list(), 'journal').at(-1) ?? 0) + 1;
      const file = await createdIfNew(disk, segmentName(number));
      if (file === undefined) continue;
      // Between the look and the creation others may have come and gone, and have left a lower number free again. The
      // file stays: were it removed, the owner before it would no longer be fenced.
      let newest: number | undefined;
      try {
        newest = numbersOf(await disk.list(), 'journal').at(-1);
      } catch (error) {
        await closedAfterFailure([file]);
        throw error;
      }
      if (newest === number) return { number, file };
      await file.close();
    }
  } catch (error) {
    throw refusal(disk.path, error);
  }
}

export async function createdIfNew(disk: Disk, name: string): Promise<DiskFile | undefined> {
  try {
    return await disk.open(name, 'create');
  } catch (error) {
    if (diskCode(error) === 'EEXIST') return undefined;
    throw error;
  }
}

/** What the owners before have left. */
interface Found {
  readonly sealed: readonly Segment[];
  readonly previous: Header['previous'];
  readonly doubtful: readonly Frame[];
  readonly mark: Mark;
}

/** Finds the records that are kept (T1), or throws if some are missing or bad. */
async function findRecords(disk: Disk, own: number): Promise<Found> {
  // Marks before headers: a mark that names a segment was written after the header of that segment.
  const names = await disk.list();
  let mark = noMark;
  for (const epoch of numbersOf(names, 'highwater'))
    mark = joined(mark, (await readMark(disk, epoch)) ?? noMark);
  const older = numbersOf(names, 'journal').filter((number) => number < own);
  const newest = await newestInUse(disk, older, mark);
  if ((newest?.number ?? 0) < mark.segment) {
    throw damaged(
      at(disk, segmentName(mark.segment)),
      'this file was in use, and is missing or has lost its header',
    );
  }
  if (newest === undefined) {
    return { sealed: [], previous: { number: 0, end: noRecord }, doubtful: [], mark };
  }
  const ownMark = await readMark(disk, newest.ownerEpoch);
  if (ownMark === undefined) {
    throw damaged(
      at(disk, highwaterName(newest.ownerEpoch)),
      'the high-water mark is missing or cannot be read',
    );
  }
  mark = joined(mark, ownMark);
  const tail = await tailOf(disk, newest, mark);
  const before = await olderSegments(disk, newest, mark);
  // A segment in which nothing was kept is left out of the chain, or restarts without records would make it grow.
  const empty = tail.proven.seq === newest.previous.end.seq;
  const previous = empty ? newest.previous : { number: newest.number, end: tail.proven };
  const sealed = empty ? before : [...before, segmentOf(newest, tail.proven, mark)];
  return { sealed, previous, doubtful: tail.doubtful, mark };
}

/** The newest segment that was in use: a header that can be read proves nothing, for its sync may have failed (T4). */
async function newestInUse(disk: Disk, numbers: readonly number[], mark: Mark): Promise<Header | undefined> {
  for (const number of numbers.toReversed()) {
    const header = await headerOf(disk, number);
    if (header !== undefined && (number <= mark.segment || (await hasRecords(disk, header)))) return header;
  }
  return undefined;
}

/** Whether there are records of its owner in a segment. They were written only after the header was durable. */
async function hasRecords(disk: Disk, { number, salt, carried }: Header): Promise<boolean> {
  const first = await withFile(disk, segmentName(number), async (file) =>
    new FrameReader(file, salt, carried, await file.size()).next(),
  );
  return first !== undefined;
}

async function headerOf(disk: Disk, number: number): Promise<Header | undefined> {
  const header = await withFile(disk, segmentName(number), readHeader);
  if (header === undefined) return undefined;
  if ('version' in header) throw wrongFormat(at(disk, segmentName(number)), header.version, 1);
  if (header.number === number) return header;
  throw damaged(at(disk, segmentName(number)), `this file is a copy of ${segmentName(header.number)}`);
}

/** The end of the newest segment, checked against the high-water mark. */
async function tailOf(disk: Disk, newest: Header, mark: Mark): Promise<Tail> {
  const name = segmentName(newest.number);
  const marked = mark.endSegment === newest.number;
  const from = marked ? mark.end : startOf(newest);
  const acknowledged = Math.max(newest.carried.seq, mark.end.seq);
  const file = await disk.open(name, 'read');
  try {
    if (marked && !(await isThere(file, newest, mark))) {
      throw damaged(
        at(disk, name),
        `record ${mark.end.seq} was acknowledged, and is not at offset ${mark.from}`,
      );
    }
    const tail = await readTail(file, newest.salt, from, acknowledged);
    const { seq, offset } = tail.end;
    const next = `record ${seq + 1} at offset ${offset} is missing or bad`;
    if (seq < acknowledged) {
      throw damaged(at(disk, name), `${next}, and all up to ${acknowledged} was acknowledged`);
    }
    if (tail.later !== undefined) {
      throw damaged(
        at(disk, name),
        `${next}, and at offset ${tail.later} stands one that was written after it`,
      );
    }
    return tail;
  } finally {
    await file.close();
  }
}

/** Whether the record is there that the mark names. */
async function isThere(file: DiskFile, header: Header, mark: Mark): Promise<boolean> {
  const size = await file.size();
  const bytes = bytesOf(await file.read(mark.from, Math.max(0, Math.min(size, mark.end.offset) - mark.from)));
  const before = {
    seq: mark.end.seq - 1,
    chain: bytes.bytes.length < 16 ? 0 : bytes.view.getUint32(12, true),
    offset: mark.from,
  };
  const reader = new FrameReader(file, header.salt, before, size);
  const frame = await reader.next();
  return frame?.chain === mark.end.chain && reader.end.offset === mark.end.offset;
}

/** The segments before the newest, oldest first, as far back as records have to be there. */
async function olderSegments(disk: Disk, newest: Header, mark: Mark): Promise<Segment[]> {
  const found: Segment[] = [];
  let header = newest;
  while (header.previous.end.seq >= mark.first) {
    const { number, end } = header.previous;
    const where = at(disk, segmentName(number));
    const older = number < header.number ? await headerOf(disk, number) : undefined;
    if (older === undefined)
      throw damaged(where, `the file with record ${end.seq} is missing or has lost its header`);
    const size = (await withFile(disk, segmentName(number), (file) => file.size())) ?? 0;
    if (size < end.offset)
      throw damaged(where, `record ${end.seq} ends at offset ${end.offset}, the file at ${size}`);
    found.unshift(segmentOf(older, end, mark));
    header = older;
  }
  return found;
}

/** Writes what is doubtful into the own segment, and says where the records end there (T2). */
async function carry(file: DiskFile, salt: number, { previous, doubtful }: Found): Promise<End> {
  let end: End = { ...previous.end, offset: framesFrom };
  if (doubtful.length === 0) return end;
  const bytes = bytesOf(new Uint8Array(doubtful.reduce((sum, { body }) => sum + frameBytes(body.length), 0)));
  for (const [index, frame] of doubtful.entries()) {
    const chain = writeFrame(bytes, end.offset - framesFrom, salt, { ...frame, since: index + 1 });
    end = { seq: frame.seq, chain, offset: end.offset + frameBytes(frame.body.length) };
  }
  await file.write(framesFrom, bytes.bytes);
  return end;
}

/**
 * Removes all segments below one, lowest numbers first (S4). Those that were never in use and are above it stay until
 * then: they fence the owner before them.
 */
export async function removeSegments(disk: Disk, below: number): Promise<void> {
  for (const number of numbersOf(await disk.list(), 'journal')) {
    if (number < below) await removeIfThere(disk, segmentName(number));
  }
}

async function removeMarks(disk: Disk, below: number): Promise<void> {
  for (const epoch of numbersOf(await disk.list(), 'highwater')) {
    if (epoch < below) await removeIfThere(disk, highwaterName(epoch));
  }
}

/** Removes a file that another owner may be removing too. */
async function removeIfThere(disk: Disk, name: string): Promise<void> {
  try {
    await disk.remove(name);
  } catch (error) {
    if (diskCode(error) !== 'ENOENT') throw error;
  }
}

function segmentOf(header: Header, end: End, mark: Mark): Segment {
  const { number, salt } = header;
  const entries: End[] = [];
  if (mark.entrySegment === number && mark.entry.seq < end.seq) entries.push(mark.entry);
  if (mark.endSegment === number && mark.end.seq < end.seq && mark.end.seq > mark.entry.seq)
    entries.push(mark.end);
  return { number, salt, start: startOf(header), end, entries };
}

function startOf({ previous }: Header): End {
  return { ...previous.end, offset: framesFrom };
}

/** What is to be read from a file; undefined if there is no such file. */
async function withFile<T>(
  disk: Disk,
  name: string,
  look: (file: DiskFile) => Promise<T>,
): Promise<T | undefined> {
  let file: DiskFile;
  try {
    file = await disk.open(name, 'read');
  } catch (error) {
    if (diskCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return await look(file);
  } finally {
    await file.close();
  }
}

function at(disk: Disk, name: string): string {
  return `${disk.path}/${name}`;
}
