// Journals on a disk that fails, and an observer who knows what each of them was told. What the observer demands:
//
// O1. What was acknowledged is there at its number, in every later journal, until it is trimmed.
// O2. What is there was appended, in that order and without gaps, by the owners one after the other.
// O3. What was refused for want of room is not there.
// O4. What a journal found when it was opened is as good as acknowledged.
// O5. When nothing fails any more, a journal opens and takes records. Nothing is ever called damaged.
// O6. Who is told that it was fenced has been.
import { Random } from '../../src/engine/random.ts';
import type { Disk } from '../../src/host.ts';
import type { FileJournalOptions } from '../../src/journal/file-journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { SimulatedDisk, type PlannedCrash } from '../../src/testing/simulated-disk.ts';

export type MakeJournal = (disk: Disk, options: FileJournalOptions) => Journal;

/** What is run: the product, or the product with a bug. */
export interface Subject {
  readonly journal: MakeJournal;
  readonly disk?: (disk: Disk) => Disk;
}

/** What is waited for to let others have their turn. */
export const soon: Promise<void> = Promise.resolve();

/** Something that must not be. */
export class Violation extends Error {}

/** What one owner did, in order. */
interface Owner {
  readonly name: string;
  readonly journal: Journal;
  /** How many openings had ended when this one began. */
  readonly endedBefore: number;
  /** The last record there was when it came. */
  readonly before: number;
  /** The records it appended and was not refused. */
  appended: number[];
}

/** The observer. */
export class World {
  readonly machine: SimulatedDisk;
  readonly options: FileJournalOptions;
  readonly #subject: Subject;
  readonly #acknowledged = new Map<number, number>();
  readonly #owners: Owner[] = [];
  readonly #refused = new Set<number>();
  #records = 0;
  #trimmedBelow = 1;
  #begun = 0;
  #ended = 0;
  /** What went wrong where nobody waits for it. */
  readonly violations: Violation[] = [];

  constructor(machine: SimulatedDisk, subject: Subject, options: FileJournalOptions) {
    this.machine = machine;
    this.#subject = subject;
    this.options = options;
  }

  /** Opens a journal and looks at all that is there; undefined if that failed. */
  async open(): Promise<Owner | undefined> {
    const name = `owner ${this.#owners.length}`;
    const mounted = this.machine.mount();
    const journal = this.#subject.journal(this.#subject.disk?.(mounted) ?? mounted, this.options);
    const endedBefore = this.#ended;
    this.#begun++;
    // Others may own it before this one has read all.
    const acknowledged = new Map(this.#acknowledged);
    let found: { first: number; next: number; ids: number[] };
    try {
      const { first, next } = await journal.open(name);
      const ids: number[] = [];
      for await (const { seq, body } of journal.read(first)) {
        if (seq !== first + ids.length)
          throw new Violation(`record ${seq} follows ${ids.length + first - 1}`);
        ids.push(idOf(body));
      }
      found = { first, next, ids };
    } catch (error) {
      this.#expectAllowed(error, endedBefore);
      return undefined;
    } finally {
      this.#ended++;
    }
    const { first, next, ids } = found;
    if (next !== first + ids.length)
      throw new Violation(`${ids.length} records from ${first} to ${next - 1}`);
    this.#compare(first, ids, acknowledged);
    const owner = { name, journal, endedBefore, before: next - 1, appended: [] };
    this.#owners.push(owner);
    return owner;
  }

  #compare(first: number, ids: readonly number[], acknowledged: ReadonlyMap<number, number>): void {
    if (first > this.#trimmedBelow) {
      throw new Violation(
        `the first record is ${first}, and only those below ${this.#trimmedBelow} were trimmed`,
      );
    }
    for (const [seq, id] of acknowledged) {
      // O1.
      if (seq >= first && ids[seq - first] !== id) {
        throw new Violation(`record ${seq} was acknowledged as ${id} and is ${ids[seq - first]}`);
      }
    }
    for (const [index, id] of ids.entries()) {
      const seq = first + index;
      // O3.
      if (this.#refused.has(id)) throw new Violation(`record ${seq} was refused`);
      const owner = this.#owners.find(({ appended }) => appended.includes(id));
      if (owner === undefined) throw new Violation(`record ${seq} is ${id}, which nobody appended`);
      // O2.
      const place = owner.appended.indexOf(id);
      if (seq !== owner.before + 1 + place) throw new Violation(`record ${seq} is ${place} of ${owner.name}`);
      if (place > 0 && index > 0 && ids[index - 1] !== owner.appended[place - 1]) {
        throw new Violation(`record ${seq} follows another than when it was appended`);
      }
    }
    // O4.
    for (const [index, id] of ids.entries()) this.#acknowledged.set(first + index, id);
  }

  /** Appends, and watches what becomes of it. */
  append(owner: Owner, size: number): Promise<boolean> {
    const id = ++this.#records;
    owner.appended.push(id);
    return owner.journal.append(bodyOf(id, size)).then(
      (seq) => {
        const other = this.#acknowledged.get(seq) ?? id;
        if (other !== id) this.violations.push(new Violation(`record ${seq} is ${id} and ${other}`));
        if (seq !== owner.before + 1 + owner.appended.indexOf(id)) {
          this.violations.push(new Violation(`record ${id} of ${owner.name} has number ${seq}`));
        }
        this.#acknowledged.set(seq, id);
        return true;
      },
      (error: unknown) => {
        this.#expectAllowed(error, owner.endedBefore);
        if (codeOf(error) !== 'journal/full') return false;
        this.#refused.add(id);
        owner.appended = owner.appended.filter((each) => each !== id);
        return false;
      },
    );
  }

  /** As far as this is known to be of no use. */
  async trim(owner: Owner, random: Random): Promise<void> {
    const last = Math.max(0, ...this.#acknowledged.keys());
    const below = Math.min(last, this.#trimmedBelow + random.below(12));
    if (below <= this.#trimmedBelow) return;
    this.#trimmedBelow = below;
    await owner.journal.trim(below).catch((error: unknown) => {
      this.#expectAllowed(error, owner.endedBefore);
    });
  }

  /** O5, O6. */
  #expectAllowed(error: unknown, endedBefore: number): void {
    const code = codeOf(error) ?? '';
    if (['journal/failed', 'journal/full', 'journal/closed'].includes(code)) return;
    // There is another one that came later, or at the same time.
    if (code === 'journal/fenced' && this.#begun - endedBefore > 1) return;
    this.violations.push(new Violation(String(error)));
  }

  check(): void {
    for (const violation of this.violations) throw violation;
  }

  /** O5: nothing fails any more. */
  async settle(): Promise<void> {
    this.machine.heal();
    this.machine.capacityBytes = Infinity;
    for (let life = 0; life < 2; life++) {
      const owner = await this.open();
      this.check();
      if (owner === undefined) throw new Violation('no journal opens on a disk that is well');
      if (!(await this.append(owner, 20)))
        throw new Violation('nothing can be appended on a disk that is well');
      if (life === 0) await owner.journal.close();
    }
    this.check();
  }
}

/** One life of a world after the other, all by chance: appends, trims, takeovers, crashes, failures. */
export async function live(seed: number, subject: Subject): Promise<void> {
  const random = new Random(seed);
  const slowness = [0, 1, 3, 12][random.below(4)] as number;
  const machine = new SimulatedDisk({ seed, kernelPercent: random.below(3) * 15, slowness });
  const world = new World(machine, subject, {
    segmentBytes: 8192 + 200 + random.below(3000),
    preallocateBytes: random.below(2) * (300 + random.below(2000)),
    writesPerMark: 1 + random.below(8),
    maxRecordBytes: 5000,
    entropy: () => random.below(0x1_0000_0000) >>> 0,
  });
  const lives = 2 + random.below(4);
  for (let life = 0; life < lives; life++) {
    plan(machine, random);
    let owner = await world.open();
    let steps = random.below(12);
    while (owner !== undefined && steps-- > 0 && !machine.crashed) owner = await step(world, owner, random);
    if (!machine.crashed) {
      const end = random.below(4);
      if (end === 0) await owner?.journal.close().catch(String);
      else if (end === 1) machine.kill();
      else if (end === 2) machine.powerLoss();
      // Or it goes on, and the next one takes over.
    }
    world.check();
  }
  await world.settle();
}

/** Several owners at once, who take the journal from each other as fast as they can. */
export async function contend(seed: number, subject: Subject): Promise<void> {
  const random = new Random(seed);
  const slowness = 1 + random.below(12);
  const machine = new SimulatedDisk({ seed, kernelPercent: 0, slowness, stallPercent: random.below(8) });
  const world = new World(machine, subject, {
    segmentBytes: 8192 + 200 + random.below(1000),
    preallocateBytes: 0,
    writesPerMark: 1 + random.below(8),
    entropy: () => random.below(0x1_0000_0000) >>> 0,
  });
  const contender = async (): Promise<void> => {
    for (let round = 0; round < 3; round++) {
      for (let wait = random.below(200); wait > 0; wait--) await soon;
      const owner = await world.open();
      if (owner === undefined) continue;
      for (let left = random.below(5); left > 0; left--) {
        if (!(await world.append(owner, sizeOf(random)))) break;
        if (random.below(4) === 0) await world.trim(owner, random);
      }
    }
  };
  await Promise.all([contender(), contender(), contender()]);
  world.check();
  await world.settle();
}

async function step(world: World, owner: Owner, random: Random): Promise<Owner | undefined> {
  const choice = random.below(10);
  if (choice < 7) {
    const appends = Array.from({ length: 1 + random.below(4) }, () => world.append(owner, sizeOf(random)));
    if (random.below(3) > 0) await Promise.all(appends);
    else for (let wait = random.below(30); wait > 0; wait--) await soon;
  } else if (choice === 7) await world.trim(owner, random);
  else if (choice === 8) {
    // Two at once: the older one goes on until it finds out.
    const appends = [world.append(owner, 30), world.append(owner, 30)];
    // And often two newer ones at once, of which one will be fenced.
    const newer = await Promise.all(random.below(2) === 0 ? [world.open()] : [world.open(), world.open()]);
    await Promise.all([...appends, ...newer.map((each) => each && world.append(each, 30))]);
    await Promise.all([world.append(owner, 30), ...newer.map((each) => each && world.append(each, 30))]);
    return newer.findLast((each) => each !== undefined) ?? owner;
  } else
    world.machine.capacityBytes = random.below(2) === 0 ? Infinity : sizeOnDisk(world) + random.below(2000);
  return owner;
}

function plan(machine: SimulatedDisk, random: Random): void {
  machine.heal();
  machine.capacityBytes = Infinity;
  const soon = machine.operations + 1;
  if (random.below(3) > 0) {
    machine.crashAt({
      at: soon + random.below(90),
      kind: random.below(2) === 0 ? 'process' : 'power',
      done: (['not', 'half', 'whole'] as const)[random.below(3)] as PlannedCrash['done'],
    });
  }
  for (let failures = random.below(3); failures > 0; failures--) {
    const operation =
      (['sync', 'write', 'read', 'syncNames', 'sync', 'truncate'] as const)[random.below(6)] ?? 'sync';
    const code = operation === 'write' && random.below(2) === 0 ? 'ENOSPC' : 'EIO';
    machine.failAt({
      operation,
      code,
      after: random.below(20),
      name: random.below(2) === 0 ? 'journal' : '',
    });
  }
}

function sizeOf(random: Random): number {
  return [8, 60, 200, 700, 1500][random.below(5)] as number;
}

function sizeOnDisk({ machine }: World): number {
  return machine.files().reduce((sum, name) => sum + machine.content(name).length, 0);
}

function bodyOf(id: number, size: number): Uint8Array {
  const body = new Uint8Array(Math.max(8, size)).fill(id);
  new DataView(body.buffer).setFloat64(0, id);
  return body;
}

function idOf(body: Uint8Array): number {
  return new DataView(body.buffer, body.byteOffset).getFloat64(0);
}

/** Planted journals have an error class of their own, so codes are what counts. */
function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
