/** Where the contenders of these questions keep what they do: in memory, or in a fresh folder that is removed again. */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStore, type Store } from 'portico/dataflow';
import { fileStore, type FileStoreOptions } from 'portico/node';
import type { Contender, Load, Run } from '../harness/question.ts';
import { Core } from '../harness/core.ts';
import type { Place } from '../harness/actors.ts';

/** How something is kept. */
export interface Keeping {
  readonly name: string;
  /** A store in that folder, or elsewhere; nothing if nothing is kept. */
  readonly storeIn: (folder: string) => Store | undefined;
  /** It needs a disk. */
  readonly onDisk: boolean;
}

const inFiles = (state: NonNullable<FileStoreOptions['state']>): Keeping => ({
  name: `fileStore, ${state}`,
  storeIn: (folder) => fileStore(folder, { state }),
  onDisk: true,
});

export const nowhere: Keeping = { name: 'in memory', storeIn: () => undefined, onDisk: false };
export const level: Keeping = inFiles('level');
export const snapshots: Keeping = inFiles('memory');
/** All that a store costs but for the disk. */
export const inAStoreInMemory: Keeping = {
  name: 'memoryStore',
  storeIn: () => memoryStore(),
  onDisk: false,
};

export const keepings: readonly Keeping[] = [nowhere, level, snapshots, inAStoreInMemory];

/** Why a contender that needs a disk cannot run here. */
export function noDisk(): string | undefined {
  // tmpfs, ramfs.
  const inMemory = [0x0102_1994, 0x8584_58f6].includes(statfsSync(tmpdir()).type);
  return inMemory ? `${tmpdir()} is in memory: name a folder on a disk as TMPDIR` : undefined;
}

/** What a contender that is kept so needs. */
export const needs = ({ onDisk }: Keeping): Pick<Contender, 'missing'> => (onDisk ? { missing: noDisk } : {});

/** Lends a fresh folder for as long as the work lasts. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lends a place that is kept so; adds what was committed there to the figures. */
export async function withPlace(keeping: Keeping, run: (place: Place) => Promise<Run>): Promise<Run> {
  return withFolder(async (folder) => {
    const store = keeping.storeIn(folder);
    const core = new Core();
    let committed: Run['figures'] = {};
    const done = await run({
      ...(store !== undefined && { options: { store } }),
      done: ({ dataflow }, ms) => {
        if (store !== undefined) committed = committedFigures(dataflow.committed, ms);
      },
    });
    return { ...done, figures: { ...done.figures, ...committed }, ...core.share() };
  });
}

/** What was committed, for contenders that keep something. */
export const committedMetrics = [
  { name: 'commits', unit: 'commits/s', better: 'less', absolute: true },
  { name: 'rows of a commit', unit: 'rows', better: 'less', absolute: true },
  { name: 'size of a commit', unit: 'bytes', better: 'less', absolute: true },
] as const;

export function committedFigures(
  { commits, rows, bytes }: { readonly commits: number; readonly rows: number; readonly bytes: number },
  ms: number,
): Run['figures'] {
  return {
    commits: (commits / ms) * 1000,
    'rows of a commit': rows / Math.max(1, commits),
    'size of a commit': bytes / Math.max(1, commits),
  };
}

/** One contender for each way to keep something. */
export function keptContenders<L extends Load>(
  all: readonly Keeping[],
  runAt: (place: Place) => (load: L) => Promise<Run>,
  expects: Contender<L>['expects'],
): Contender<L>[] {
  return all.map((keeping) => ({
    name: keeping.name,
    ...needs(keeping),
    run: (load) => withPlace(keeping, (place) => runAt(place)(load)),
    expects,
  }));
}
