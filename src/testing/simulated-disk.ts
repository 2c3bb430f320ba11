/**
 * A disk that lies in memory and fails as disks and machines do, at the points that a test or a seed chooses.
 *
 * SD1. What is written is in the page cache at once, and on the medium after a sync. In between the kernel may write back
 *      any sector at any time, and forget any that it believes to be on the medium.
 * SD2. When the power fails, each sector that was not synced is old, new or torn, each for itself; where old and new agree
 *      no tearing changes them. A length that was not synced is old, new or between. Of the names that were not synced any
 *      may be old or new.
 * SD3. When a process is killed, the cache remains. The operation it was at is done, half done or not done.
 * SD4. A sync that fails leaves any part of the sectors unwritten, and the kernel believes that they are written.
 * SD5. Everything follows from the seed and from the operations that are asked for.
 */
import { Random } from '../engine/random.ts';
import type { Disk, DiskFile } from '../host.ts';

export interface SimulatedDiskOptions {
  /** What chance follows from. 1 if not given. */
  readonly seed?: number;
  /** 512 if not given. */
  readonly sectorBytes?: number;
  /** How often the kernel writes a sector back, or forgets a clean one, of a hundred operations. 10 if not given. */
  readonly kernelPercent?: number;
  /** The most promises that an operation takes before and after it is done: what is in flight overtakes. 3 if not given. */
  readonly slowness?: number;
  /** How often of a hundred operations one takes a thousand promises: a process that was stopped for a while. 0 if not given. */
  readonly stallPercent?: number;
}

export type DiskOperation =
  'list' | 'open' | 'rename' | 'remove' | 'syncNames' | 'size' | 'read' | 'write' | 'truncate' | 'sync';

/** What is to go wrong. */
export interface PlannedFailure {
  readonly operation: DiskOperation;
  /** Part of the name of the file; any file if not given. */
  readonly name?: string;
  /** How many such operations go well first. 0 if not given. */
  readonly after?: number;
  readonly code: 'EIO' | 'ENOSPC';
}

/** How all ends at an operation. */
export interface PlannedCrash {
  /** The number of the operation, from 1. */
  readonly at: number;
  /** `process` leaves the page cache as it is, `power` does not. */
  readonly kind: 'process' | 'power';
  /** Whether the operation takes place. Halves of what is no write are one or the other. */
  readonly done: 'not' | 'half' | 'whole';
}

/** What a disk threw. */
export class SimulatedDiskError extends Error {
  override readonly name: string = 'SimulatedDiskError';
  readonly code: string;

  constructor(code: string, what: string) {
    super(`${code}: ${what}`);
    this.code = code;
  }
}

/** One machine with one folder. Processes come and go on it: each has a `Disk` of its own. */
export class SimulatedDisk {
  /** How many operations there were. */
  operations: number = 0;
  /** How many bytes there is room for. */
  capacityBytes: number = Infinity;
  /** What was asked for, one line an operation. Kept if set. */
  trace: string[] | undefined;
  /** Whether a planned crash has come. */
  crashed: boolean = false;

  readonly random: Random;
  readonly #sectorBytes: number;
  readonly #kernelPercent: number;
  readonly #slowness: number;
  readonly #stallPercent: number;
  #crash: PlannedCrash | undefined;
  #failures: { readonly plan: PlannedFailure; left: number }[] = [];
  #processes = new Set<Process>();

  /** The folder as all processes see it, as it is on the medium, and what of it is on no medium yet. */
  #names = new Map<string, Inode>();
  #durable = new Map<string, Inode>();
  #changes: NameChange[] = [];

  constructor(options: SimulatedDiskOptions = {}) {
    this.random = new Random(options.seed ?? 1);
    this.#sectorBytes = options.sectorBytes ?? 512;
    this.#kernelPercent = options.kernelPercent ?? 10;
    this.#slowness = options.slowness ?? 3;
    this.#stallPercent = options.stallPercent ?? 0;
  }

  /** The disk as a new process sees it. */
  mount(): Disk {
    const process = new Process();
    this.#processes.add(process);
    return new SimulatedFolder(this, process);
  }

  /** Ends all processes now: whatever they wait for fails. The page cache remains. */
  kill(): void {
    for (const process of this.#processes) process.end();
    this.#processes.clear();
  }

  /** Ends all processes, and loses what was not synced (SD2). */
  powerLoss(): void {
    this.kill();
    this.#loseNames();
    const kept = new Set(this.#names.values());
    for (const inode of kept) this.#loseSectors(inode);
  }

  /** Lets the machine or the process end at an operation. */
  crashAt(crash: PlannedCrash): void {
    this.#crash = crash;
    this.crashed = false;
  }

  /** Lets an operation fail, once. */
  failAt(plan: PlannedFailure): void {
    this.#failures.push({ plan, left: plan.after ?? 0 });
  }

  /** Lets nothing planned happen any more. */
  heal(): void {
    this.#crash = undefined;
    this.#failures = [];
  }

  /** The names of the files, in order. */
  files(): string[] {
    return [...this.#names.keys()].toSorted();
  }

  /** What is in a file, as a process would read it. */
  content(name: string): Uint8Array {
    return this.#inode(name).content().slice();
  }

  /** Changes bits of a byte, on the medium and in the cache. */
  rot(name: string, at: number, bits = 1): void {
    this.#inode(name).each((bytes) => {
      bytes[at] = (bytes[at] as number) ^ bits;
    });
  }

  /** Zeros a stretch, on the medium and in the cache. */
  zero(name: string, from: number, to: number): void {
    this.#inode(name).each((bytes) => bytes.fill(0, from, to));
  }

  /** Replaces, adds (or, without content, deletes) a file behind everybody's back. */
  put(name: string, content: Uint8Array | undefined): void {
    this.#names.get(name)?.unlink();
    this.#names.delete(name);
    this.#durable.delete(name);
    this.#changes = this.#changes.filter((change) => change.name !== name);
    if (content === undefined) return;
    const inode = new Inode(this.#sectorBytes);
    inode.write(0, content);
    inode.sync();
    inode.links = 1;
    this.#names.set(name, inode);
    this.#durable.set(name, inode);
  }

  #inode(name: string): Inode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw new SimulatedDiskError('ENOENT', name);
    return inode;
  }

  /** @internal Every operation of a process goes through here. */
  async perform<T>(
    process: Process,
    operation: DiskOperation,
    name: string,
    act: (part: 'whole' | 'half') => T,
  ): Promise<T> {
    await this.#wait();
    process.check();
    this.operations++;
    this.trace?.push(`${this.operations} ${operation} ${name}`);
    this.#kernel();
    const crash = this.#crash;
    if (crash?.at === this.operations) {
      if (crash.done === 'half' && operation === 'write') act('half');
      else if (crash.done === 'whole' || (crash.done === 'half' && this.#chance(50))) this.#tried(act);
      this.crashed = true;
      if (crash.kind === 'power') this.powerLoss();
      else this.kill();
      throw gone();
    }
    this.#failIfPlanned(operation, name, act);
    const result = act('whole');
    await this.#wait();
    process.check();
    return result;
  }

  /** What fails anyway, such as the creation of what is there, changes nothing. */
  #tried(act: (part: 'whole') => unknown): void {
    try {
      act('whole');
    } catch (error) {
      if (!(error instanceof SimulatedDiskError)) throw error;
    }
  }

  #failIfPlanned(operation: DiskOperation, name: string, act: (part: 'half') => unknown): void {
    for (const failure of this.#failures) {
      const { plan } = failure;
      if (plan.operation !== operation || !name.includes(plan.name ?? '')) continue;
      if (failure.left-- > 0) continue;
      this.#failures.splice(this.#failures.indexOf(failure), 1);
      if (operation === 'write' || operation === 'sync') act('half');
      throw new SimulatedDiskError(plan.code, `${operation} ${name}`);
    }
  }

  async #wait(): Promise<void> {
    const stalls = this.#stallPercent > 0 && this.#chance(this.#stallPercent);
    for (let left = this.random.below(stalls ? 1000 : this.#slowness + 1); left > 0; left--) await soon;
  }

  #chance(percent: number): boolean {
    return this.random.below(100) < percent;
  }

  /** SD1. */
  #kernel(): void {
    if (!this.#chance(this.#kernelPercent)) return;
    const inodes = [...this.#names.values()];
    const inode = inodes[this.random.below(inodes.length)];
    if (inode === undefined) return;
    if (this.#chance(50)) inode.evict(this.random);
    else inode.writeBack(this.random);
    if (this.#chance(20)) this.#commitNames(this.random.below(this.#changes.length + 1));
  }

  #commitNames(count: number): void {
    for (const change of this.#changes.splice(0, count)) applyTo(this.#durable, change);
  }

  #loseNames(): void {
    const inOrder = this.#chance(50) ? this.random.below(this.#changes.length + 1) : undefined;
    for (const [index, change] of this.#changes.entries()) {
      if (inOrder === undefined ? this.#chance(50) : index < inOrder) applyTo(this.#durable, change);
    }
    this.#changes = [];
    for (const inode of this.#names.values()) inode.links = 0;
    this.#names = new Map(this.#durable);
    for (const inode of this.#names.values()) inode.links = 1;
  }

  #loseSectors(inode: Inode): void {
    inode.losePower(this.random);
  }

  /** @internal */
  list(): string[] {
    const names = [...this.#names.keys()];
    for (let at = names.length - 1; at > 0; at--) {
      const other = this.random.below(at + 1);
      [names[at], names[other]] = [names[other] as string, names[at] as string];
    }
    return names;
  }

  /** @internal */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** @internal */
  open(name: string, mode: 'read' | 'write' | 'create'): Inode {
    if (mode !== 'create') return this.#inode(name);
    if (this.#names.has(name)) throw new SimulatedDiskError('EEXIST', name);
    const inode = new Inode(this.#sectorBytes);
    this.#change({ kind: 'put', name, inode });
    return inode;
  }

  /** @internal */
  rename(from: string, to: string): void {
    this.#change({ kind: 'rename', name: from, to, inode: this.#inode(from) });
  }

  /** @internal */
  remove(name: string): void {
    this.#change({ kind: 'remove', name, inode: this.#inode(name) });
  }

  /** @internal */
  syncNames(): void {
    this.#commitNames(this.#changes.length);
  }

  #change(change: NameChange): void {
    applyTo(this.#names, change, true);
    this.#changes.push(change);
  }

  /** @internal Writes as much as there is room for. */
  write(inode: Inode, name: string, at: number, bytes: Uint8Array, part: 'whole' | 'half'): void {
    const wanted = part === 'whole' ? bytes.length : this.random.below(bytes.length + 1);
    const used = [...this.#names.values()].reduce((sum, { length }) => sum + length, 0);
    const room = Math.max(0, this.capacityBytes - used) + Math.max(0, inode.length - at);
    inode.write(at, bytes.subarray(0, Math.min(wanted, room)));
    if (room < wanted) throw new SimulatedDiskError('ENOSPC', `write ${name}`);
  }

  /** @internal */
  sync(inode: Inode, part: 'whole' | 'half'): void {
    if (part === 'whole') inode.sync();
    else inode.failSync(this.random);
  }
}

/** @internal */
class Process {
  #alive = true;

  end(): void {
    this.#alive = false;
  }

  check(): void {
    if (!this.#alive) throw gone();
  }
}

interface NameChange {
  readonly kind: 'put' | 'rename' | 'remove';
  readonly name: string;
  readonly to?: string;
  readonly inode: Inode;
}

function applyTo(names: Map<string, Inode>, { kind, name, to, inode }: NameChange, live = false): void {
  if (kind === 'put') {
    names.set(name, inode);
    if (live) inode.links = 1;
    return;
  }
  names.delete(name);
  if (kind === 'remove') {
    if (live) inode.unlink();
  } else if (to !== undefined) {
    if (live && names.get(to) !== inode) names.get(to)?.unlink();
    names.set(to, inode);
  }
}

/** A file: what reading gives, what is on the medium, and where the kernel knows that they differ. */
class Inode {
  links = 0;
  length = 0;
  readonly #sectorBytes: number;
  #cache = new Uint8Array(0);
  #medium = new Uint8Array(0);
  #mediumLength = 0;
  #lengthDirty = false;
  readonly #dirty = new Set<number>();

  constructor(sectorBytes: number) {
    this.#sectorBytes = sectorBytes;
  }

  content(): Uint8Array {
    return this.#cache.subarray(0, this.length);
  }

  unlink(): void {
    this.links = 0;
  }

  each(change: (bytes: Uint8Array) => void): void {
    change(this.#cache);
    change(this.#medium);
  }

  write(at: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const end = at + bytes.length;
    this.#grow(end);
    this.#cache.set(bytes, at);
    this.#touch(Math.min(at, this.length), end);
    if (end > this.length) this.#setLength(end);
  }

  truncate(length: number): void {
    this.#grow(length);
    this.#cache.fill(0, length, Math.max(length, this.length));
    this.#touch(Math.min(length, this.length), Math.max(length, this.length));
    this.#setLength(length);
  }

  sync(): void {
    for (const sector of this.#dirty) this.#store(sector);
    this.#dirty.clear();
    this.#storeLength();
  }

  /** SD4. */
  failSync(random: Random): void {
    for (const sector of this.#dirty) if (random.below(2) === 0) this.#store(sector);
    this.#dirty.clear();
    if (random.below(2) === 0) this.#storeLength();
    this.#lengthDirty = false;
  }

  writeBack(random: Random): void {
    for (const sector of this.#dirty) {
      if (random.below(2) === 0) continue;
      this.#store(sector);
      this.#dirty.delete(sector);
    }
    if (random.below(2) === 0 && this.#lengthDirty) this.#storeLength();
  }

  evict(random: Random): void {
    const sectors = Math.ceil(this.length / this.#sectorBytes);
    for (let sector = 0; sector < sectors; sector++) {
      if (!this.#dirty.has(sector) && random.below(2) === 0) this.#load(sector);
    }
  }

  /** SD2. */
  losePower(random: Random): void {
    for (const sector of this.#dirty) {
      const fate = random.below(10);
      if (fate < 4) this.#store(sector);
      else if (fate === 4) this.#tear(sector, random);
    }
    this.#dirty.clear();
    if (this.#lengthDirty) {
      const [low, high] = [
        Math.min(this.length, this.#mediumLength),
        Math.max(this.length, this.#mediumLength),
      ];
      this.#mediumLength = [low, high, low + random.below(high - low + 1)][random.below(3)] as number;
    }
    this.#lengthDirty = false;
    this.length = this.#mediumLength;
    this.#medium.fill(0, this.length);
    this.#cache = this.#medium.slice();
  }

  #store(sector: number): void {
    const [from, to] = this.#extent(sector);
    this.#medium.set(this.#cache.subarray(from, to), from);
  }

  #load(sector: number): void {
    const [from, to] = this.#extent(sector);
    this.#cache.set(this.#medium.subarray(from, to), from);
  }

  /** The beginning of the new and the rest of the old, or nothing sensible where they differ. */
  #tear(sector: number, random: Random): void {
    const [from, to] = this.#extent(sector);
    const cut = from + random.below(to - from + 1);
    const sensible = random.below(2) === 0;
    for (let at = from; at < to; at++) {
      if (this.#cache[at] === this.#medium[at]) continue;
      if (!sensible) this.#medium[at] = random.below(256);
      else if (at < cut) this.#medium[at] = this.#cache[at] as number;
    }
  }

  #extent(sector: number): [from: number, to: number] {
    return [sector * this.#sectorBytes, Math.min((sector + 1) * this.#sectorBytes, this.#cache.length)];
  }

  #touch(from: number, to: number): void {
    for (let at = Math.floor(from / this.#sectorBytes); at * this.#sectorBytes < to; at++)
      this.#dirty.add(at);
  }

  #setLength(length: number): void {
    if (length !== this.length) this.#lengthDirty = true;
    this.length = length;
  }

  #storeLength(): void {
    this.#mediumLength = this.length;
    this.#lengthDirty = false;
  }

  #grow(length: number): void {
    if (length <= this.#cache.length) return;
    const size = Math.ceil(Math.max(length, 2 * this.#cache.length) / this.#sectorBytes) * this.#sectorBytes;
    const [cache, medium] = [new Uint8Array(size), new Uint8Array(size)];
    cache.set(this.#cache);
    medium.set(this.#medium);
    [this.#cache, this.#medium] = [cache, medium];
  }
}

class SimulatedFolder implements Disk {
  readonly path = '/simulated';
  readonly #machine: SimulatedDisk;
  readonly #process: Process;

  constructor(machine: SimulatedDisk, process: Process) {
    this.#machine = machine;
    this.#process = process;
  }

  list(): Promise<readonly string[]> {
    return this.#machine.perform(this.#process, 'list', '', () => this.#machine.list());
  }

  async open(name: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    const act = (): Inode => this.#machine.open(name, mode);
    const inode = await this.#machine.perform(this.#process, 'open', name, act);
    return new SimulatedFile(this.#machine, this.#process, name, inode);
  }

  exists(name: string): boolean {
    this.#process.check();
    return this.#machine.has(name);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#machine.perform(this.#process, 'rename', from, () => {
      this.#machine.rename(from, to);
    });
  }

  remove(name: string): Promise<void> {
    return this.#machine.perform(this.#process, 'remove', name, () => {
      this.#machine.remove(name);
    });
  }

  syncNames(): Promise<void> {
    return this.#machine.perform(this.#process, 'syncNames', '', () => {
      this.#machine.syncNames();
    });
  }
}

class SimulatedFile implements DiskFile {
  readonly #machine: SimulatedDisk;
  readonly #process: Process;
  readonly #name: string;
  readonly #inode: Inode;
  #open = true;

  constructor(machine: SimulatedDisk, process: Process, name: string, inode: Inode) {
    this.#machine = machine;
    this.#process = process;
    this.#name = name;
    this.#inode = inode;
  }

  size(): Promise<number> {
    return this.#perform('size', () => this.#inode.length);
  }

  read(at: number, length: number): Promise<Uint8Array> {
    return this.#perform('read', () => this.#inode.content().slice(at, at + length));
  }

  readSync(at: number, length: number): Uint8Array {
    this.#process.check();
    return this.#inode.content().slice(at, at + length);
  }

  write(at: number, bytes: Uint8Array): Promise<void> {
    return this.#perform('write', (part) => {
      this.#machine.write(this.#inode, this.#name, at, bytes, part);
    });
  }

  truncate(length: number): Promise<void> {
    return this.#perform('truncate', () => {
      this.#inode.truncate(length);
    });
  }

  linked(): boolean {
    this.#process.check();
    return this.#inode.links > 0;
  }

  sync(): Promise<void> {
    return this.#perform('sync', (part) => {
      this.#machine.sync(this.#inode, part);
    });
  }

  async close(): Promise<void> {
    this.#open = false;
  }

  #perform<T>(operation: DiskOperation, act: (part: 'whole' | 'half') => T): Promise<T> {
    if (!this.#open) return Promise.reject(new SimulatedDiskError('EBADF', `${operation} ${this.#name}`));
    return this.#machine.perform(this.#process, operation, this.#name, act);
  }
}

/** What is waited for to let others have their turn. */
const soon = Promise.resolve();

function gone(): SimulatedDiskError {
  return new SimulatedDiskError('EGONE', 'the process has ended');
}
