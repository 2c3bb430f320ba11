// Small disks of a test's own. They can be made where this process may mount, as root may in most places.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** Why there can be none here; undefined if there can. */
export const noMounts: string | undefined = whyNot();

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'there is no tmpfs';
  const probe = mkdtempSync(join(tmpdir(), 'portico-mount-'));
  const can = mount(probe, '64k') && unmount(probe);
  rmdirSync(probe);
  return can ? undefined : 'this user may not mount a tmpfs';
}

/** A disk of so many megabytes at a folder that is made for it; what takes it away again. */
export function smallDisk(folder: string, megabytes: number): () => void {
  mkdirSync(folder);
  if (!mount(folder, `${megabytes}m`)) throw new Error('the disk could not be mounted');
  return () => void unmount(folder);
}

/** Makes it read-only, which works while nobody writes, or writable again. */
export function remount(folder: string, how: 'ro' | 'rw'): void {
  const { status, stderr } = spawnSync('mount', ['-o', `remount,${how}`, folder]);
  if (status !== 0) throw new Error(String(stderr));
}

/** Writes until there is no room left. */
export function fillUp(path: string): void {
  for (let pieceBytes = 0x1_0000; pieceBytes >= 1; pieceBytes >>= 4) {
    const file = openSync(path, 'a');
    try {
      for (;;) writeSync(file, Buffer.alloc(pieceBytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }
}

function mount(folder: string, size: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]).status === 0;
}

function unmount(folder: string): boolean {
  // What other processes have inherited of it must not keep it here.
  return spawnSync('umount', ['-l', folder]).status === 0;
}
