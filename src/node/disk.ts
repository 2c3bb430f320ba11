/**
 * A folder of the real disk.
 *
 * D1. The folder is for its owner only (0700) if it had to be made, and so are the files in it. Links are not followed.
 * D2. Every name is one of ours: small letters, digits, dots, dashes. No name leads out of the folder.
 * D3. The number of a file is not used any more once it is closed: the system gives it to the next one that is opened.
 * D4. A write is whole or fails; what is synced is on the medium, as far as the operating system knows.
 */
import {
  close,
  constants,
  fdatasync,
  fstat,
  fstatSync,
  fsync,
  ftruncate,
  lstatSync,
  mkdirSync,
  open,
  readdir,
  read,
  readSync,
  rename,
  unlink,
  write,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { invariant } from '../errors.ts';
import type { Disk, DiskFile } from '../host.ts';

/** The folder at a path. It is made if there is none. */
export function nodeDisk(path: string): Disk {
  return new NodeDisk(resolve(path));
}

class NodeDisk implements Disk {
  readonly path: string;
  /** Folders whose entries are to be synced once, because a folder was made in them. */
  #made: string[] = [];

  constructor(path: string) {
    this.path = path;
    const first = mkdirSync(path, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let folder = path; folder.length >= first.length; folder = dirname(folder)) {
      this.#made.push(dirname(folder));
    }
  }

  list(): Promise<readonly string[]> {
    return promisify(readdir)(this.path);
  }

  async open(name: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    return new NodeFile(await openFile(this.#at(name), flags[mode] | noFollow, 0o600));
  }

  exists(name: string): boolean {
    return lstatSync(this.#at(name), { throwIfNoEntry: false }) !== undefined;
  }

  rename(from: string, to: string): Promise<void> {
    return promisify(rename)(this.#at(from), this.#at(to));
  }

  remove(name: string): Promise<void> {
    return promisify(unlink)(this.#at(name));
  }

  async syncNames(): Promise<void> {
    // Windows has no way to sync a folder; there the file system does it by itself.
    if (process.platform === 'win32') return;
    const made = this.#made;
    for (const folder of [this.path, ...made]) await syncFolder(folder);
    this.#made = this.#made.slice(made.length);
  }

  /** D2. */
  #at(name: string): string {
    invariant(/^[a-z0-9][a-z0-9.-]*$/.test(name), this.path, `a file has one of our names, not “${name}”`);
    return join(this.path, name);
  }
}

class NodeFile implements DiskFile {
  readonly #fd: number;
  #closed = false;
  /** How many operations are under way, and who waits for their end. */
  #busy = 0;
  #onIdle: (() => void) | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  size(): Promise<number> {
    return this.#use<number>((done) => {
      fstat(this.#fd, (error, stats) => {
        done(error, error === null ? stats.size : undefined);
      });
    });
  }

  read(at: number, length: number): Promise<Uint8Array> {
    const into = new Uint8Array(length);
    return this.#use<Uint8Array>((done) => {
      const readFrom = (have: number): void => {
        read(this.#fd, into, have, length - have, at + have, (error, got) => {
          if (error !== null || got === 0 || have + got === length) done(error, into.subarray(0, have + got));
          else readFrom(have + got);
        });
      };
      readFrom(0);
    });
  }

  readSync(at: number, length: number): Uint8Array {
    this.#check();
    const into = new Uint8Array(length);
    let have = 0;
    for (let got = 1; have < length && got > 0; have += got) {
      got = readSync(this.#fd, into, have, length - have, at + have);
    }
    return into.subarray(0, have);
  }

  write(at: number, bytes: Uint8Array): Promise<void> {
    return this.#use<void>((done) => {
      const writeFrom = (have: number): void => {
        write(this.#fd, bytes, have, bytes.length - have, at + have, (error, written) => {
          if (error !== null || have + written === bytes.length) done(error);
          else writeFrom(have + written);
        });
      };
      writeFrom(0);
    });
  }

  truncate(length: number): Promise<void> {
    return this.#use<void>((done) => {
      ftruncate(this.#fd, length, done);
    });
  }

  linked(): boolean {
    this.#check();
    return fstatSync(this.#fd).nlink > 0;
  }

  sync(): Promise<void> {
    return this.#use<void>((done) => {
      fdatasync(this.#fd, done);
    });
  }

  async close(): Promise<void> {
    this.#check();
    this.#closed = true;
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await promisify(close)(this.#fd);
  }

  #use<T>(act: (done: (error: Error | null, result?: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#check();
      this.#busy++;
      act((error, result) => {
        if (--this.#busy === 0) this.#onIdle?.();
        if (error !== null) reject(error);
        else resolve(result as T);
      });
    });
  }

  /** D3. */
  #check(): void {
    if (this.#closed) throw Object.assign(new Error('EBADF: the file has been closed'), { code: 'EBADF' });
  }
}

const openFile = promisify(open);

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = constants;
/** D1. Not there on Windows. */
const noFollow = (constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;
const flags = { read: O_RDONLY, write: O_RDWR, create: O_RDWR | O_CREAT | O_EXCL };

async function syncFolder(path: string): Promise<void> {
  const fd = await openFile(path, O_RDONLY, 0);
  try {
    await promisify(fsync)(fd);
  } finally {
    await promisify(close)(fd);
  }
}
