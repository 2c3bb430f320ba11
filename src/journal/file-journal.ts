/**
 * A journal in files of its own, over a `Disk`. How it changes hands is in `takeover.ts`, how records lie there in
 * `frame.ts`, which files there are in `segment.ts`.
 *
 * W1. One write is in flight at a time; what comes meanwhile waits and goes into the next one together.
 * W2. A record is acknowledged when its write has been synced and its owner has then found no newer segment.
 * W3. After a sync or write that failed nothing is written any more. A sync is never tried again.
 * W4. When there is no room, nothing of the write is left in the file, durably, before anybody is told.
 * W5. Room is filled with zeros ahead, so that a write need not make the file grow; a fill never overtakes a record.
 * W6. The mark follows the acknowledgements. It is written beside them, never in their way.
 */
import type { PorticoError } from '../errors.ts';
import { diskCode, platformHost, type Disk, type DiskFile } from '../host.ts';
import { closedAfterFailure } from './closing.ts';
import { bytesOf, frameBytes, writeFrame, type Bytes, type End } from './frame.ts';
import type { Journal, JournalRecord, Opening } from './journal.ts';
import { joined, noMark, type Highwater, type Mark } from './highwater.ts';
import { closed, damaged, failed, refusal, tooLarge, trimmed } from './refusals.ts';
import { FrameReader } from './scan.ts';
import { framesFrom, noRecord, segmentName, writeClaim, writeHeader } from './segment.ts';
import {
  createdIfNew,
  isFenced,
  fencedError,
  removeSegments,
  takeOver,
  type Owned,
  type Segment,
} from './takeover.ts';

export interface FileJournalOptions {
  /** How large a segment grows before the next one is begun. 64 MB if not given. */
  readonly segmentBytes?: number;
  /** How much is filled with zeros ahead. 1 MB if not given; with 0 the file grows as it is written. */
  readonly preallocateBytes?: number;
  /** The largest record. 64 MB if not given, and never more than 1 GB. */
  readonly maxRecordBytes?: number;
  /** How many writes there are between two marks. 64 if not given. */
  readonly writesPerMark?: number;
  /** 32 bits of entropy. That of the platform if not given. */
  readonly entropy?: () => number;
}

/** A journal in the files of one folder, which it has for itself: only a state may keep its files beside. */
export function fileJournal(disk: Disk, options: FileJournalOptions = {}): Journal {
  const {
    segmentBytes = 64 * MB,
    preallocateBytes = MB,
    maxRecordBytes = 64 * MB,
    writesPerMark = 64,
  } = options;
  const host = platformHost();
  const entropy = options.entropy ?? ((): number => host.entropy());
  return new FileJournal(disk, {
    segmentBytes,
    preallocateBytes,
    maxRecordBytes: Math.min(maxRecordBytes, 1024 * MB),
    writesPerMark,
    entropy,
  });
}

interface Waiting {
  readonly body: Uint8Array;
  readonly resolve: (seq: number) => void;
  readonly reject: (error: PorticoError) => void;
}

class FileJournal implements Journal {
  readonly #disk: Disk;
  readonly #options: Required<FileJournalOptions>;
  #phase: 'new' | 'opening' | 'open' | 'closed' = 'new';
  #opening: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;
  /** Why nothing can be appended any more. */
  #broken: PorticoError | undefined;

  #owner = '';
  #ownerEpoch = 0;
  /** The segments that are full, oldest first. */
  #sealed: Segment[] = [];
  /** The current segment, which is written to. */
  #number = 0;
  #salt = 0;
  #start: End = noRecord;
  #file: DiskFile | undefined;
  /** Where the records end that are acknowledged. */
  #end: End = noRecord;
  /** Where the last of them begins, if this owner wrote it and into this segment; else 0. */
  #from = 0;
  /** Places in the current segment to begin reading at. */
  #entries: End[] = [];

  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #buffer: Bytes = bytesOf(new Uint8Array(leastBuffer));

  /** How far the current segment is filled with zeros. */
  #filled = 0;
  #filling: { readonly from: number; readonly done: Promise<void> } | undefined;
  /** The next segment, created and not in use yet: its header is being written, or there was no room for it. */
  #next: DiskFile | undefined;
  /** While the next segment is being created, nobody can tell whose it is. Never rejects. */
  #creating: Promise<void> | undefined;

  #highwater: Highwater | undefined;
  #mark: Mark = noMark;
  /** The marks that are being written, one after the other. Never rejects. */
  #marking: Promise<void> = Promise.resolve();
  #writesSinceMark = 0;
  /** The trims that run, one after the other. Never rejects. */
  #trimming: Promise<void> = Promise.resolve();

  constructor(disk: Disk, options: Required<FileJournalOptions>) {
    this.#disk = disk;
    this.#options = options;
  }

  open(owner: string): Promise<Opening> {
    if (this.#phase !== 'new')
      return Promise.reject(closed(this.#disk.path, 'the journal was opened before'));
    this.#phase = 'opening';
    const opening = this.#takeOver(owner);
    this.#opening = opening.catch(() => {
      // Whoever opens it is told; to close it one only has to wait.
    });
    return opening;
  }

  async #takeOver(owner: string): Promise<Opening> {
    let owned: Owned;
    try {
      owned = await takeOver(this.#disk, owner, this.#options.entropy());
    } catch (error) {
      this.#phase = 'closed';
      throw error;
    }
    this.#owner = owner;
    this.#ownerEpoch = owned.ownerEpoch;
    this.#sealed = [...owned.sealed];
    this.#highwater = owned.highwater;
    this.#mark = owned.mark;
    this.#use(owned.file, owned.current);
    this.#phase = 'open';
    return { ownerEpoch: this.#ownerEpoch, first: this.#first, next: this.#end.seq + 1 };
  }

  #use(file: DiskFile, { number, salt, start, end }: Segment): void {
    this.#file = file;
    this.#number = number;
    this.#salt = salt;
    this.#start = start;
    this.#end = end;
    this.#from = 0;
    this.#entries = [];
    this.#filled = end.offset;
  }

  append(body: Uint8Array): Promise<number> {
    if (this.#phase !== 'open') return Promise.reject(this.#notOpen());
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    const { maxRecordBytes } = this.#options;
    if (body.length > maxRecordBytes) {
      return Promise.reject(tooLarge(this.#disk.path, body.length, maxRecordBytes));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ body, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /** W1. */
  async #writeAll(): Promise<void> {
    for (;;) {
      // Who was just told may append again at once. That takes a few promises, and is worth waiting for.
      for (let hop = 0; hop < 4; hop++) await soon;
      if (this.#waiting.length === 0) break;
      const batch = this.#take();
      try {
        await this.#write(batch);
      } catch (error) {
        const why = this.#failing(error);
        // None of those that were appended behind one that failed may become durable.
        for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(why);
      }
    }
    this.#writing = undefined;
  }

  #take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { body } of this.#waiting) {
      bytes += frameBytes(body.length);
      if (count > 0 && bytes > mostBytes) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const bytes = batch.reduce((sum, { body }) => sum + frameBytes(body.length), 0);
    const some = this.#end.seq > this.#start.seq;
    if (this.#next !== undefined || (some && this.#end.offset + bytes > this.#options.segmentBytes)) {
      await this.#rotate();
    }
    const file = this.#file as DiskFile;
    const { frames, end, from } = this.#encode(batch, bytes);
    // W5.
    if (this.#filling !== undefined && this.#filling.from < end.offset) await this.#filling.done;
    // W3.
    if (this.#broken !== undefined) throw this.#broken;
    try {
      await file.write(this.#end.offset, frames);
    } catch (error) {
      await this.#rollBack(error);
    }
    await this.#sync(file);
    // W2.
    await this.#checkOwner();
    const { seq } = this.#end;
    this.#end = end;
    this.#from = from;
    if (end.offset - (this.#entries.at(-1)?.offset ?? framesFrom) > entryBytes) this.#entries.push(end);
    if (bytes <= this.#options.preallocateBytes / 8) this.#fill();
    if (++this.#writesSinceMark === this.#options.writesPerMark) {
      this.#writeMark().catch(() => {
        // W3. Whoever appends next is told: a mark that cannot be written breaks the journal.
      });
    }
    for (let at = 0; at < batch.length; at++) (batch[at] as Waiting).resolve(seq + 1 + at);
  }

  /** The frames of a batch, where they will end, and where the last of them begins. */
  #encode(batch: readonly Waiting[], bytes: number): { frames: Uint8Array; end: End; from: number } {
    const room = this.#buffer.bytes.length;
    if (room < bytes || room > 2 * mostBytes) {
      this.#buffer = bytesOf(new Uint8Array(Math.max(bytes, Math.min(2 * room, mostBytes))));
    }
    let { seq, chain } = this.#end;
    let at = 0;
    let last = 0;
    for (const { body } of batch) {
      last = at;
      const since = ++seq - this.#end.seq;
      const frame = { seq, ownerEpoch: this.#ownerEpoch, since, previous: chain, body };
      chain = writeFrame(this.#buffer, at, this.#salt, frame);
      at += frameBytes(body.length);
    }
    const { offset } = this.#end;
    return {
      frames: this.#buffer.bytes.subarray(0, bytes),
      end: { seq, chain, offset: offset + bytes },
      from: offset + last,
    };
  }

  /** W4. A whole frame that is left behind could be taken for a record one day. */
  async #rollBack(error: unknown): Promise<never> {
    if (refusal(this.#where, error).code !== 'journal/full') throw error;
    const file = this.#file as DiskFile;
    await this.#filling?.done;
    try {
      await file.truncate(this.#end.offset);
      await file.sync();
    } catch (cause) {
      throw failed(this.#where, cause);
    }
    this.#filled = this.#end.offset;
    throw error;
  }

  /** W3. Whatever the reason, a full disk too. */
  async #sync(file: DiskFile): Promise<void> {
    try {
      await file.sync();
    } catch (cause) {
      throw failed(this.#where, cause);
    }
  }

  /** Nothing is waited for if all is well and no segment is being created: what comes next is done at once. */
  async #checkOwner(): Promise<void> {
    while (this.#creating !== undefined) await this.#creating;
    const newest = this.#next === undefined ? this.#number : this.#number + 1;
    if (isFenced(this.#disk, newest, this.#next ?? (this.#file as DiskFile))) await this.#giveUp();
  }

  async #giveUp(): Promise<never> {
    throw await fencedError(this.#disk, this.#number);
  }

  /** Begins the next segment. All of this one is durable, so nothing is carried over. */
  async #rotate(): Promise<void> {
    const before = this.#file as DiskFile;
    const number = this.#number + 1;
    await this.#filling?.done;
    const file = this.#next ?? (await this.#createNext(before, segmentName(number)));
    const salt = this.#options.entropy();
    const start: End = { ...this.#end, offset: framesFrom };
    const full: Segment = {
      number: this.#number,
      salt: this.#salt,
      start: this.#start,
      end: this.#end,
      entries: this.#entries.filter(({ seq }) => seq < this.#end.seq),
    };
    const ownerEpoch = this.#ownerEpoch;
    await writeClaim(file, { ownerEpoch, owner: this.#owner });
    await writeHeader(file, {
      number,
      ownerEpoch,
      salt,
      previous: { number: full.number, end: full.end },
      carried: start,
    });
    await this.#sync(file);
    await this.#disk.syncNames();
    await this.#writeMark({ segment: number });
    this.#next = undefined;
    this.#sealed.push(full);
    this.#use(file, { number, salt, start, end: start, entries: [] });
    try {
      await before.truncate(full.end.offset);
    } finally {
      await before.close();
    }
  }

  #createNext(before: DiskFile, name: string): Promise<DiskFile> {
    const create = async (): Promise<DiskFile> => {
      const file = await createdIfNew(this.#disk, name);
      if (file === undefined) return this.#giveUp();
      let isOurs: boolean;
      try {
        isOurs = before.linked();
      } catch (error) {
        await closedAfterFailure([file]);
        throw error;
      }
      if (isOurs) {
        this.#next = file;
        return file;
      }
      // S4. With a newer owner the number may have been taken and become free again.
      await file.close();
      return this.#giveUp();
    };
    const creating = create();
    const created = (): void => {
      this.#creating = undefined;
    };
    this.#creating = creating.then(created, () => {
      // Whoever needs the segment is told.
      created();
    });
    return creating;
  }

  /** W5. Begun between two writes, so no write is where it begins. */
  #fill(): void {
    const { preallocateBytes, segmentBytes } = this.#options;
    const from = Math.max(this.#filled, this.#end.offset);
    const to = Math.min(from + preallocateBytes, segmentBytes);
    if (this.#filling !== undefined || to <= from) return;
    if (from - this.#end.offset > preallocateBytes / 2) return;
    this.#filling = { from, done: this.#writeZeros(this.#file as DiskFile, from, to) };
  }

  async #writeZeros(file: DiskFile, from: number, to: number): Promise<void> {
    try {
      for (let at = from; at < to; at += zeros.length) {
        await file.write(at, zeros.subarray(0, Math.min(zeros.length, to - at)));
      }
      this.#filled = to;
    } catch (error) {
      // Where there is no room for zeros the next record may still find some.
      this.#failing(error);
    }
    this.#filling = undefined;
  }

  async *read(from: number): AsyncGenerator<JournalRecord> {
    if (this.#phase !== 'open') throw this.#notOpen();
    for (let next = from; ;) {
      if (next < this.#first) throw trimmed(this.#disk.path, next, this.#first);
      const segment = this.#segmentWith(next);
      if (segment === undefined) return;
      yield* this.#readSegment(segment, next);
      next = segment.end.seq + 1;
    }
  }

  get #first(): number {
    return (this.#sealed[0]?.start ?? this.#start).seq + 1;
  }

  #segmentWith(seq: number): Segment | undefined {
    if (seq > this.#end.seq) return undefined;
    const current = { number: this.#number, salt: this.#salt, start: this.#start, end: this.#end };
    return this.#sealed.find(({ end }) => seq <= end.seq) ?? { ...current, entries: [...this.#entries] };
  }

  async *#readSegment(
    { number, salt, start, end, entries }: Segment,
    from: number,
  ): AsyncGenerator<JournalRecord> {
    const where = `${this.#disk.path}/${segmentName(number)}`;
    const entry = entries.findLast(({ seq }) => seq < from) ?? start;
    try {
      const file = await this.#openToRead(number, from);
      try {
        const reader = new FrameReader(file, salt, entry, end.offset);
        while (reader.end.seq < end.seq) {
          const { seq, offset } = reader.end;
          const frame = await reader.next();
          if (frame === undefined)
            throw damaged(where, `record ${seq + 1} at offset ${offset} is missing or bad`);
          if (frame.seq < from) continue;
          yield { seq: frame.seq, ownerEpoch: frame.ownerEpoch, body: frame.body.slice() };
        }
        if (reader.end.chain !== end.chain) {
          throw damaged(where, `record ${end.seq} is not the one that the next segment follows`);
        }
      } finally {
        await file.close();
      }
    } catch (error) {
      throw refusal(where, error);
    }
  }

  async #openToRead(number: number, from: number): Promise<DiskFile> {
    const name = segmentName(number);
    try {
      return await this.#disk.open(name, 'read');
    } catch (error) {
      if (diskCode(error) !== 'ENOENT') throw error;
      // This owner may have dropped it meanwhile, or a newer one, to whom it is of no use.
      if (from < this.#first) throw trimmed(this.#disk.path, from, this.#first);
      await this.#checkOwner();
      throw damaged(`${this.#disk.path}/${name}`, `the file with record ${from} is missing`);
    }
  }

  async check(): Promise<void> {
    if (this.#phase !== 'open') throw this.#notOpen();
    if (this.#broken !== undefined) throw this.#broken;
    try {
      await this.#checkOwner();
    } catch (error) {
      throw this.#failing(error);
    }
  }

  trim(below: number): Promise<void> {
    if (this.#phase !== 'open') return Promise.reject(this.#notOpen());
    const trimming = this.#trimming.then(() => this.#trim(below));
    this.#trimming = trimming.catch(() => {
      // Whoever trims is told; the next one only has to wait.
    });
    return trimming;
  }

  async #trim(below: number): Promise<void> {
    try {
      if (this.#broken !== undefined) throw this.#broken;
      const kept = this.#sealed.filter(({ end }) => end.seq >= below);
      const first = (kept[0]?.start ?? this.#start).seq + 1;
      // The segment that is current now may be full when all this is said, and the mark says that it is kept.
      const oldest = kept[0]?.number ?? this.#number;
      // Who has been taken over must not say what the newer owner needs; and it must be said before it is done.
      await this.#checkOwner();
      await this.#writeMark({ first, ...this.#entryTo(below) });
      await this.#checkOwner();
      while ((this.#sealed[0]?.number ?? Infinity) < oldest) this.#sealed.shift();
      await removeSegments(this.#disk, oldest);
    } catch (error) {
      throw this.#failing(error);
    }
  }

  /** Where to begin reading for the sake of a record. */
  #entryTo(seq: number): Pick<Mark, 'entry' | 'entrySegment'> {
    const segment = this.#segmentWith(Math.min(seq, this.#end.seq));
    const entry = segment?.entries.findLast((place) => place.seq < seq);
    return { entry: entry ?? noRecord, entrySegment: entry === undefined ? 0 : (segment as Segment).number };
  }

  /** W6. Says what is acknowledged by now, and what else is to be said. */
  #writeMark(more: Partial<Mark> = {}): Promise<void> {
    this.#writesSinceMark = 0;
    const reached = { from: this.#from, end: this.#end, endSegment: this.#number };
    this.#mark = joined(this.#mark, { ...noMark, ...(this.#from > 0 ? reached : {}), ...more });
    const mark = this.#mark;
    const marking = this.#marking
      .then(() => (this.#highwater as Highwater).write(mark))
      .catch((error: unknown) => {
        throw this.#failing(error);
      });
    this.#marking = marking.catch(() => {
      // Whoever marks is told; the next one only has to wait.
    });
    return marking;
  }

  /** What is thrown, and said to all who come later unless it passes. */
  #failing(error: unknown): PorticoError {
    const why = refusal(this.#where, error);
    if (why.code !== 'journal/full') this.#broken ??= why;
    return why;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#opening;
    if (this.#phase !== 'open') {
      this.#phase = 'closed';
      return;
    }
    this.#phase = 'closed';
    await this.#writing;
    await this.#filling?.done;
    await this.#trimming;
    const files = [this.#file, this.#next, this.#highwater];
    try {
      if (this.#broken === undefined) {
        await this.#writeMark();
        await this.#file?.truncate(this.#end.offset);
      }
      await this.#marking;
      while (files.length > 0) await files.shift()?.close();
    } catch (error) {
      await this.#marking;
      // The first failure is told; those after it are let go of as well as that can be.
      await closedAfterFailure(files);
      throw refusal(this.#where, error);
    }
  }

  get #where(): string {
    return `${this.#disk.path}/${segmentName(this.#number)}`;
  }

  #notOpen(): PorticoError {
    const what = this.#phase === 'closed' ? 'the journal has been closed' : 'the journal is not open yet';
    return closed(this.#disk.path, what);
  }
}

const KB = 1024;
const MB = 1024 * KB;
/** One write takes so much, or one record. */
const mostBytes = 4 * MB;
const leastBuffer = 64 * KB;
/** How much there is at most to read before a record that was asked for. */
const entryBytes = 256 * KB;
const zeros = new Uint8Array(256 * KB);

/** What is waited for to let others have their turn. */
const soon = Promise.resolve();
