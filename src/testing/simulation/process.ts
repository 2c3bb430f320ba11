/**
 * One process on a simulated machine: a platform and a store of its own. It can be killed, and it can stand still while another
 * one takes over.
 *
 * PR1. Of a process that has ended nothing runs any more: its callbacks are dropped, and what it awaits never comes.
 * PR2. A process that stands still goes on later where it was, and knows of nothing that happened meanwhile.
 */
import type { Disk, DiskFile, Host, LogRecord } from '../../host.ts';
import { fileJournal } from '../../journal/file-journal.ts';
import { crc32 } from '../../journal/crc32.ts';
import { snapshotState } from '../../state/snapshot-state.ts';
import type { EpochOptions } from '../../engine/epoch.ts';
import type { State } from '../../state/state.ts';
import type { Store } from '../../system/store.ts';
import type { DiskOperation } from '../simulated-disk.ts';
import type { Random } from '../../engine/random.ts';
import type { FaultPlan } from './plan.ts';
import type { Trace } from './trace.ts';

/** The machine that a process is on, as far as it knows it. */
export interface Machine {
  readonly plan: FaultPlan;
  readonly random: Random;
  readonly trace: Trace;
  /** The clock on the wall. */
  readonly wallMs: number;
  /** Whether the faults are over. */
  readonly isCalm: boolean;
  /** Whether a bit was flipped. What is damaged then may be refused, with a code that ends in `damaged`. */
  readonly isRotten: boolean;
  /** Says that the damage was found and refused. */
  refuse(): void;
  /** Calls back soon, in a process or outside of all. */
  soon(process: SimulatedProcess | undefined, run: () => void): void;
  /** Calls back after a while; the returned function takes that back. */
  later(process: SimulatedProcess | undefined, delayMs: number, run: () => void): () => void;
  /** Lets others have their turn, so many times. */
  turns(process: SimulatedProcess | undefined, count: number): Promise<void>;
  /** @internal An operation of the disk: it takes its time, and all may end there. */
  operation<T>(
    process: SimulatedProcess,
    operation: DiskOperation,
    name: string,
    act: () => Promise<T>,
  ): Promise<T>;
  /** @internal A process has ended by itself. */
  exited(process: SimulatedProcess): void;
}

export class SimulatedProcess {
  /** From 1. */
  readonly number: number;
  readonly world: Machine;
  /** Where it runs. */
  readonly host: Host;
  /** Where its system is kept: the journal and the snapshots that are shipped, on the simulated disk. */
  readonly store: Store;
  /** How often its system commits, and what it keeps in memory. */
  readonly epochs: EpochOptions;
  isAlive = true;
  /** Whether it was started when nothing went wrong any more. */
  readonly isCalm: boolean;
  /** Up to which step it stands still. */
  frozenUntil = 0;
  /** Stops in good order what runs in it, if it is told how. */
  onStop: (() => Promise<void>) | undefined;

  /** @internal */
  constructor(world: Machine, number: number, folder: Disk) {
    this.world = world;
    this.number = number;
    this.isCalm = world.isCalm;
    this.host = hostOf(this);
    const { setting } = world.plan;
    this.epochs = { activeBytes: Infinity, ...setting };
    const disk = pacedDisk(this, folder);
    this.store = {
      name: disk.path,
      parts: () =>
        Promise.resolve({
          journal: fileJournal(disk, { ...setting, entropy: () => this.host.entropy() }),
          state: slowState(this, snapshotState(disk, setting)),
        }),
    };
  }

  /** It ends by itself, because what ran in it has ended. Another one is started soon. */
  exit(): void {
    this.world.exited(this);
  }
}

function hostOf(process: SimulatedProcess): Host {
  const { world } = process;
  return {
    now: () => world.wallMs,
    entropy: () => world.random.below(0x1_0000_0000) >>> 0,
    yield: (resume) => {
      world.soon(process, resume);
    },
    after: (delayMs, wake) => world.later(process, delayMs, wake),
    log: (record: LogRecord) => {
      if (record.level === 'error') world.trace.text(`${process.number} error ${String(record.value)}`);
    },
  };
}

/** A state that has what it is given after some turns only, as a database does. */
function slowState(process: SimulatedProcess, state: State): State {
  const { world } = process;
  return {
    open: () => state.open(),
    read: (table, key) => state.read(table, key),
    scan: (table) => state.scan(table),
    tables: () => state.tables(),
    apply: async (rows, position) => {
      const turns = world.random.below(world.plan.setting.applyTurns + 1);
      if (turns > 0) await world.turns(process, turns);
      await state.apply(rows, position);
    },
    checkpoint: () => state.checkpoint(),
    close: () => state.close(),
  };
}

/** A disk that takes its time, and on which everything can end. */
function pacedDisk(process: SimulatedProcess, folder: Disk): Disk {
  const { world } = process;
  const op = <T>(operation: DiskOperation, name: string, act: () => Promise<T>): Promise<T> =>
    world.operation(process, operation, name, act);
  const paced = (name: string, file: DiskFile): DiskFile => ({
    size: () => op('size', name, () => file.size()),
    read: (at, length) => op('read', name, () => file.read(at, length)),
    readSync: (at, length) => file.readSync(at, length),
    write: (at, bytes) => {
      world.trace.number(crc32(bytes) ^ at);
      return op('write', name, () => file.write(at, bytes));
    },
    truncate: (length) => op('truncate', name, () => file.truncate(length)),
    linked: () => file.linked(),
    sync: () => op('sync', name, () => file.sync()),
    close: () => file.close(),
  });
  return {
    path: folder.path,
    list: () => op('list', '', () => folder.list()),
    open: async (name, mode) => paced(name, await op('open', name, () => folder.open(name, mode))),
    exists: (name) => folder.exists(name),
    rename: (from, to) => op('rename', from, () => folder.rename(from, to)),
    remove: (name) => op('remove', name, () => folder.remove(name)),
    syncNames: () => op('syncNames', '', () => folder.syncNames()),
  };
}
