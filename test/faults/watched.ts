// A disk that remembers which of its files are open.
import { Faults } from 'portico/testing';
import type { Disk, DiskFile } from '../../src/host.ts';

export interface WatchedDisk extends Disk {
  /** The names of the files that were opened and not closed. */
  readonly opened: () => readonly string[];
}

export function watchedDisk(disk: Disk): WatchedDisk {
  const plain = new Faults();
  const open = new Map<DiskFile, string>();
  return {
    ...plain.disk(disk),
    opened: () => [...open.values()],
    open: async (name, mode) => {
      const file = await disk.open(name, mode);
      open.set(file, name);
      return {
        ...plain.file(file),
        close: () => {
          open.delete(file);
          return file.close();
        },
      };
    },
  };
}
