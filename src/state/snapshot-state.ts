/**
 * A state in memory that is written to a disk at checkpoints: all rows now and then, and between those only what changed.
 * Reads cost no disk at all; opening reads everything.
 *
 * N1. A checkpoint is a file that gets its name when all of it is durable. Under such a name there is never half of one.
 * N2. A delta names the very file that it is based on; without every link of that chain nothing is served.
 * N3. Whoever opens the state marks it with a number that is higher than all before, and its files carry that number: two
 *     never write to the same file. Into its mark it writes which file it goes on from. What counts is the newest file
 *     of the newest owner whose mark says that, or else the one that it goes on from; whatever owners before that one
 *     write then, nobody looks at.
 * N4. Files are deleted only by somebody whose own mark and files are durable and who has found no newer mark since. So
 *     what a newer owner goes on from cannot be taken from it.
 * N5. What the disk failed to do is not tried again, except where it only had no room: then nothing has changed.
 */
import { diskCode, type Disk, type DiskFile } from '../host.ts';
import { invariant, isPorticoError, type PorticoError } from '../errors.ts';
import { PackedRows, type Captured } from './packed-rows.ts';
import {
  digits,
  markBytes,
  nameOf,
  parsedMark,
  parsedName,
  readFile,
  readHead,
  writeFile,
  type Base,
  type FileName,
} from './snapshot-file.ts';
import type { Row, State } from './state.ts';
import { damaged, failed, full, notOpen, takenOver } from './trouble.ts';

export interface SnapshotOptions {
  /** Up to this size together, deltas are not merged because of their size. 1 MiB if not given. */
  readonly deltaBytes?: number;
  /** So many deltas, and one more for each MiB of rows, are merged. 64 if not given. */
  readonly deltas?: number;
}

/** A state in memory, with snapshots on a disk. */
export function snapshotState(disk: Disk, options: SnapshotOptions = {}): State {
  return new SnapshotState(disk, options);
}

/** A file of the chain (N2). */
interface Link extends FileName {
  readonly bytes: number;
}

const MiB = 0x10_0000;

class SnapshotState implements State {
  readonly #disk: Disk;
  readonly #deltaBytes: number;
  readonly #deltas: number;
  #rows = new PackedRows();
  #generation = 0;
  #position = 0;
  /** The files that hold what is durable: a full one and the deltas since. */
  #chain: readonly Link[] = [];
  /** How many tables those files name. */
  #named = 0;
  /** The end of the checkpoints that were asked for. */
  #writing: Promise<unknown> = Promise.resolve();
  #open = false;
  #failure: PorticoError | undefined;

  constructor(disk: Disk, { deltaBytes = MiB, deltas = 64 }: SnapshotOptions) {
    this.#disk = disk;
    this.#deltaBytes = deltaBytes;
    this.#deltas = deltas;
  }

  async open(): Promise<number> {
    try {
      const mark = await this.#mark();
      try {
        await this.#load(await this.#disk.list());
        await mark.write(0, markBytes(this.#chain.at(-1)));
        await mark.sync();
      } finally {
        await mark.close();
      }
      // Whoever gave the files of the chain their names may have been killed before these were durable.
      await this.#disk.syncNames();
      await this.#cleanUp();
    } catch (error) {
      // What a newer owner has removed meanwhile is no damage.
      if (await this.#isTakenOver()) throw takenOver(this.#disk.path);
      if (isPorticoError(error)) throw error;
      throw isOutOfRoom(error) ? full(this.#disk.path, error) : failed(this.#disk.path, error);
    }
    this.#open = true;
    return this.#position;
  }

  read(table: string, key: string): Uint8Array | undefined {
    this.#mustBeOpen();
    return this.#rows.read(table, key);
  }

  async *scan(table: string): AsyncGenerator<readonly [key: string, value: Uint8Array]> {
    this.#mustBeOpen();
    yield* this.#rows.scan(table);
  }

  async tables(): Promise<readonly string[]> {
    this.#mustBeOpen();
    return this.#rows.tables();
  }

  async apply(rows: readonly Row[], position: number): Promise<void> {
    this.#mustWork();
    invariant(position > this.#position, this.#disk.path, 'positions grow');
    for (const { table, key, value } of rows) {
      if (value === undefined) this.#rows.delete(table, key);
      else this.#rows.put(table, key, value);
    }
    this.#rows.tidy();
    this.#position = position;
  }

  async checkpoint(): Promise<number> {
    this.#mustWork();
    const done = this.#writing.then(() => this.#checkpoint());
    // Whoever called hears of a failure; the next one only has to wait for its end.
    this.#writing = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.#writing;
    this.#rows = new PackedRows();
  }

  // Opening

  /** N3. The mark, which is to be written. */
  async #mark(): Promise<DiskFile> {
    const taken = (await this.#disk.list()).map(generationOf);
    for (let generation = Math.max(0, ...taken) + 1; ; generation++) {
      try {
        const mark = await this.#disk.open(markOf(generation), 'create');
        this.#generation = generation;
        return mark;
      } catch (error) {
        if (diskCode(error) !== 'EEXIST') throw error;
      }
    }
  }

  /** N3. The file that counts. */
  async #newest(names: readonly string[], whole: readonly FileName[]): Promise<FileName | undefined> {
    const marks = names.filter((name) => isMark(name) && generationOf(name) < this.#generation);
    for (const name of marks.sort().reverse()) {
      const base = await this.#readMark(name);
      // Who has written nothing into its mark has not done anything else.
      if (base === undefined) continue;
      const own = whole.filter(({ generation }) => generation === generationOf(name));
      if (own.length > 0) return own.toSorted((a, b) => a.position - b.position).at(-1);
      return base === 'nothing' ? undefined : this.#found(whole, base, name);
    }
    if (whole.length === 0) return undefined;
    throw damaged(this.#disk.path, 'there are files of a state, but no mark of who wrote them');
  }

  async #readMark(name: string): Promise<Base | 'nothing' | undefined> {
    const file = await this.#disk.open(name, 'read');
    try {
      return parsedMark(await file.read(0, await file.size()));
    } finally {
      await file.close();
    }
  }

  /** N2. */
  #found(whole: readonly FileName[], base: Base, by: string): FileName {
    const found = whole.find(
      ({ position, generation }) => position === base.position && generation === base.generation,
    );
    if (found !== undefined) return found;
    const missing = nameOf({ ...base, kind: 'full' }).replace(/\.full$/, '');
    throw damaged(`${this.#disk.path}/${by}`, `the file it is based on, ${missing}, is missing`);
  }

  async #load(names: readonly string[]): Promise<void> {
    const whole = names.flatMap((name) => parsedName(name) ?? []).filter(({ kind }) => kind !== 'writing');
    let next = await this.#newest(names, whole);
    const chain: FileName[] = [];
    while (next !== undefined) {
      chain.unshift(next);
      const { base } = await readHead(this.#disk, nameOf(next), next.position);
      if (base === undefined) break;
      next = this.#found(whole, base, nameOf(next));
    }
    const links: Link[] = [];
    for (const file of chain) {
      links.push({ ...file, bytes: await readFile(this.#disk, nameOf(file), file.position, this.#rows) });
    }
    this.#rows.tidy();
    this.#chain = links;
    this.#named = this.#rows.defined;
    this.#position = links.at(-1)?.position ?? 0;
  }

  // Checkpoints

  async #checkpoint(): Promise<number> {
    if (this.#failure !== undefined) throw this.#failure;
    const position = this.#position;
    if (position === (this.#chain.at(-1)?.position ?? 0)) return position;
    try {
      await this.#write(position, this.#isTimeToMerge());
      await this.#cleanUp();
    } catch (error) {
      // N5.
      if (isPorticoError(error) && error.code === 'state/full') throw error;
      this.#failure = isPorticoError(error) ? error : failed(this.#disk.path, error);
      throw this.#failure;
    }
    return position;
  }

  #isTimeToMerge(): boolean {
    const [first, ...deltas] = this.#chain;
    if (first === undefined) return true;
    const bytes = deltas.reduce((sum, delta) => sum + delta.bytes, this.#rows.dirtyBytes);
    const many = this.#deltas + Math.floor(first.bytes / MiB);
    return deltas.length >= many || bytes > Math.max(first.bytes, this.#deltaBytes);
  }

  /** N1. */
  async #write(position: number, all: boolean): Promise<void> {
    const generation = this.#generation;
    const captured = all ? this.#rows.captureAll() : this.#rows.captureDirty();
    const temporary = nameOf({ position, generation, kind: 'writing' });
    const file: FileName = { position, generation, kind: all ? 'full' : 'delta' };
    let bytes;
    try {
      bytes = await this.#writeDurably(temporary, position, all, captured);
    } catch (error) {
      if (!isOutOfRoom(error)) throw error;
      await this.#remove(temporary);
      throw full(this.#disk.path, error);
    }
    await this.#disk.rename(temporary, nameOf(file));
    await this.#disk.syncNames();
    this.#rows.settle(captured);
    this.#named = captured.tables;
    this.#chain = [...(all ? [] : this.#chain), { ...file, bytes }];
  }

  async #writeDurably(name: string, position: number, all: boolean, captured: Captured): Promise<number> {
    const firstTable = all ? 0 : this.#named;
    const tables = [...this.#rows.named(firstTable, captured.tables)].map(([name, count]) => ({
      name,
      count,
    }));
    const file = await this.#disk.open(name, 'create');
    try {
      const head = { base: all ? undefined : this.#chain.at(-1), firstTable, tables };
      const bytes = await writeFile(file, position, head, captured);
      await file.sync();
      return bytes;
    } finally {
      await file.close();
    }
  }

  /** Deletes what is of no use any more (N4). */
  async #cleanUp(): Promise<void> {
    const names = await this.#disk.list();
    if (this.#isNewer(names)) throw takenOver(this.#disk.path);
    const kept = new Set([markOf(this.#generation), ...this.#chain.map(nameOf)]);
    const useless = names.filter((name) => generationOf(name) > 0 && !kept.has(name));
    for (const name of useless) await this.#remove(name);
  }

  /** Whether there is somebody newer among these. */
  #isNewer(names: readonly string[]): boolean {
    return names.some((name) => generationOf(name) > this.#generation);
  }

  /** The same, asked after something went wrong: then that is what is told, whether or not this can be found out. */
  async #isTakenOver(): Promise<boolean> {
    if (this.#generation === 0) return false;
    try {
      return this.#isNewer(await this.#disk.list());
    } catch {
      return false;
    }
  }

  async #remove(name: string): Promise<void> {
    try {
      await this.#disk.remove(name);
    } catch (error) {
      if (diskCode(error) !== 'ENOENT') throw error;
    }
  }

  #mustBeOpen(): void {
    if (!this.#open) throw notOpen(this.#disk.path);
  }

  #mustWork(): void {
    this.#mustBeOpen();
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** The name of the mark of who opened the state (N3). */
function markOf(generation: number): string {
  return `${digits(generation, 8)}.opened`;
}

function isMark(name: string): boolean {
  return /^\d{8}\.opened$/.test(name);
}

/** Whose a file is; 0 for what is none of ours. */
function generationOf(name: string): number {
  return parsedName(name)?.generation ?? (isMark(name) ? Number(name.slice(0, 8)) : 0);
}

function isOutOfRoom(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(diskCode(error) ?? '');
}
