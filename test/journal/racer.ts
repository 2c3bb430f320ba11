// One of several processes that take a journal from each other. It prints what was acknowledged to it, a line a record,
// before it goes on.
import { writeSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Disk } from '../../src/host.ts';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { nodeDisk } from '../../src/node/disk.ts';

const [, , path = '', name = '', forMs = ''] = process.argv;

/** The disk, with pauses where they hurt: around writes and syncs. */
function pausing(disk: Disk): Disk {
  const pause = async (): Promise<void> => {
    if (Math.random() < 0.05) await sleep(Math.random() * 15);
  };
  return {
    path: disk.path,
    list: () => disk.list(),
    exists: (file) => disk.exists(file),
    rename: (from, to) => disk.rename(from, to),
    remove: (file) => disk.remove(file),
    syncNames: () => disk.syncNames(),
    open: async (file, mode) => {
      const opened = await disk.open(file, mode);
      await pause();
      return {
        size: () => opened.size(),
        read: (at, length) => opened.read(at, length),
        readSync: (at, length) => opened.readSync(at, length),
        truncate: (length) => opened.truncate(length),
        linked: () => opened.linked(),
        close: () => opened.close(),
        write: async (at, bytes) => {
          await pause();
          await opened.write(at, bytes);
          await pause();
        },
        sync: async () => {
          await opened.sync();
          await pause();
        },
      };
    },
  };
}

let records = 0;

function body(id: string): Uint8Array {
  const bytes = new Uint8Array(id.length + Math.floor(Math.random() * 2000));
  for (let at = 0; at < id.length; at++) bytes[at] = id.charCodeAt(at);
  return bytes;
}

/** Owns the journal until somebody else does. */
async function own(untilMs: number): Promise<void> {
  const journal = fileJournal(pausing(nodeDisk(path)), { segmentBytes: 200_000, preallocateBytes: 20_000 });
  const { ownerEpoch } = await journal.open(name);
  writeSync(1, `own ${ownerEpoch}\n`);
  const appender = async (): Promise<void> => {
    while (Date.now() < untilMs) {
      const id = `${name}:${++records}`;
      const seq = await journal.append(body(id));
      writeSync(1, `ack ${seq} ${id}\n`);
    }
  };
  try {
    await Promise.all(Array.from({ length: 8 }, appender));
  } finally {
    await journal.close();
  }
}

const endMs = Date.now() + Number(forMs);
while (Date.now() < endMs) {
  try {
    await own(Math.min(endMs, Date.now() + 30 + Math.random() * 100));
  } catch (error) {
    const { code, what = '' } = error as { code?: string; what?: string };
    if (code !== 'journal/fenced') throw error;
    writeSync(1, `fenced ${what}\n`);
  }
  await sleep(Math.random() * 30);
}
