// Bugs to plant under a journal and into it, and how to plant them. Whatever can be, is a disk that does less than it
// should; the others are made in a copy of the sources. The product knows nothing of this.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Disk, DiskFile } from '../../src/host.ts';
import { fileJournal } from '../../src/journal/file-journal.ts';
import type { MakeJournal, Subject } from './campaign.ts';

/** A disk that does something else. */
function lying(disk: Disk, names: Partial<Disk>, file: (file: DiskFile) => Partial<DiskFile>): Disk {
  const folder = bound(disk);
  return {
    ...folder,
    open: async (name, mode) => {
      const opened = await disk.open(name, mode);
      return { ...boundFile(opened), ...file(opened) };
    },
    ...names,
  };
}

function bound(disk: Disk): Disk {
  return {
    path: disk.path,
    list: () => disk.list(),
    open: (name, mode) => disk.open(name, mode),
    exists: (name) => disk.exists(name),
    rename: (from, to) => disk.rename(from, to),
    remove: (name) => disk.remove(name),
    syncNames: () => disk.syncNames(),
  };
}

function boundFile(file: DiskFile): DiskFile {
  return {
    size: () => file.size(),
    read: (at, length) => file.read(at, length),
    readSync: (at, length) => file.readSync(at, length),
    write: (at, bytes) => file.write(at, bytes),
    truncate: (length) => file.truncate(length),
    linked: () => file.linked(),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

const nothing = async (): Promise<void> => {
  // That is the bug.
};

/** What a disk can do wrong on behalf of a journal that does. */
export const lies: Record<string, (disk: Disk) => Disk> = {
  'what is written is not synced': (disk) => lying(disk, {}, () => ({ sync: nothing })),
  'names are not synced': (disk) => lying(disk, { syncNames: nothing }, () => ({})),
  'a tail that did not fit is not cut': (disk) => lying(disk, {}, () => ({ truncate: nothing })),
  'a failed sync is tried again': (disk) =>
    lying(disk, {}, (file) => ({ sync: () => file.sync().catch(() => file.sync()) })),
  'nobody looks for a newer owner': (disk) =>
    lying(disk, { exists: () => false }, () => ({ linked: () => true })),
};

/** A change of a source. */
interface Patch {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** A second place that has to change, and what it becomes. */
  readonly also?: readonly [from: string, to: string];
  /** The seed that found it, if that was a long search; the search begins there. */
  readonly seed?: number;
}

export const patches: Record<string, Patch> = {
  'what was read at a takeover is synced again instead of rewritten': {
    file: 'takeover.ts',
    from: 'return { sealed, previous, doubtful: tail.doubtful, mark };',
    to: `const file = await disk.open(segmentName(newest.number), 'write');
      await file.sync();
      return {
        sealed: [...before, segmentOf(newest, tail.end, mark)],
        previous: { number: newest.number, end: tail.end },
        doubtful: [],
        mark,
      };`,
  },
  'a header that can be read is trusted': {
    file: 'takeover.ts',
    seed: 140,
    from: '(number <= mark.segment || (await hasRecords(disk, header)))',
    to: 'true',
  },
  'the segment before is read before the next one is created': {
    file: 'takeover.ts',
    from: 'const { number, file } = await claimNext(disk);',
    to: `const early = await findRecords(disk, Number.MAX_SAFE_INTEGER).catch((error: unknown) => {
        throw refusal(disk.path, error);
      });
      const { number, file } = await claimNext(disk);`,
    also: ['const found = await findRecords(disk, number);', 'const found = early;'],
  },
  'the mark is written before the header is durable': {
    file: 'takeover.ts',
    from: 'await file.sync();\n    const mark',
    to: 'const mark',
  },
  'a record is acknowledged before it is synced': {
    file: 'file-journal.ts',
    from: 'await this.#sync(file);\n    // W2.',
    to: '',
  },
  'segments are dropped before the mark says so': {
    file: 'file-journal.ts',
    from: 'await this.#writeMark({ first, ...this.#entryTo(below) });',
    to: 'void first;',
  },
  'a fill may overtake a record': {
    file: 'file-journal.ts',
    from: 'if (this.#filling !== undefined && this.#filling.from < end.offset) await this.#filling.done;',
    to: '',
  },
  'the mark is ahead of the acknowledgements': {
    file: 'file-journal.ts',
    from: 'await this.#sync(file);\n    // W2.',
    to: `this.#end = end;
      this.#from = from;
      await this.#writeMark();
      this.#end = { ...end, seq: end.seq - batch.length };
      await this.#sync(file);
      // W2.`,
  },
  'a segment that was never in use is removed at once': {
    file: 'takeover.ts',
    seed: 273,
    from: 'if (newest === number) return { number, file };',
    to: `if (newest === number) return { number, file };
      await disk.remove(segmentName(number));`,
  },
  'nobody looks whether the own segment is still there': {
    file: 'takeover.ts',
    from: ' || !file.linked()',
    to: '',
  },
  'a taker does not look again for newer ones': {
    file: 'takeover.ts',
    seed: 1289,
    from: 'if (newest === number) return',
    to: 'if (newest !== -1) return',
  },
  'the newest segments are removed first': {
    file: 'takeover.ts',
    seed: 347,
    from: "numbersOf(await disk.list(), 'journal')) {\n    if (number < below)",
    to: "numbersOf(await disk.list(), 'journal').reverse()) {\n    if (number < below)",
  },
  'what was torn is called damage': {
    file: 'scan.ts',
    from: 'frame.seq - frame.since > end.seq',
    to: 'frame.seq > end.seq',
  },
};

/** The journal with a change. */
export async function patched({ file, from, to, also = ['', ''] }: Patch): Promise<MakeJournal> {
  const source = fileURLToPath(new URL('../../src', import.meta.url));
  const copy = mkdtempSync(join(tmpdir(), 'portico-planted-'));
  for (const each of ['journal', 'errors.ts', 'host.ts']) {
    cpSync(join(source, each), join(copy, each), { recursive: true });
  }
  const path = join(copy, 'journal', file);
  let text = readFileSync(path, 'utf8');
  for (const [before, after] of [[from, to] as const, also]) {
    if (!text.includes(before)) throw new Error(`${file} does not say “${before}” any more`);
    text = text.replace(before, () => after);
  }
  writeFileSync(path, text);
  try {
    const made = (await import(/* @vite-ignore */ join(copy, 'journal', 'file-journal.ts'))) as {
      fileJournal: MakeJournal;
    };
    return made.fileJournal;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** Every bug: how it is planted, and at which seed to begin the search. */
export const planted: Record<string, { readonly plant: () => Promise<Subject>; readonly seed: number }> = {
  ...Object.fromEntries(
    Object.entries(lies).map(([name, disk]) => [
      name,
      { plant: () => Promise.resolve({ journal: fileJournal, disk }), seed: 0 },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(patches).map(([name, patch]) => [
      name,
      { plant: async () => ({ journal: await patched(patch) }), seed: patch.seed ?? 0 },
    ]),
  ),
};
