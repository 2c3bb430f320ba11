// A disk in memory without any delay, as a fuzzer needs it: thousands are made each second, each from the same files.
import type { Disk, DiskFile } from '../../src/host.ts';
import { asked } from './watch.ts';

export type Files = ReadonlyMap<string, Uint8Array>;

export class Shelf implements Disk {
  readonly path = '/shelf';
  readonly files: Map<string, Sheet>;

  constructor(files: Files = new Map()) {
    this.files = new Map([...files].map(([name, bytes]) => [name, new Sheet(bytes)]));
  }

  /** What is on it, which stays as it is. */
  content(): Files {
    return new Map(
      [...this.files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { bytes }]) => [name, bytes.slice()]),
    );
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.files.keys()]);
  }

  async open(name: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    let sheet = this.files.get(name);
    if (mode === 'create') {
      if (sheet !== undefined) throw failure('EEXIST', name);
      sheet = new Sheet(new Uint8Array(0));
      this.files.set(name, sheet);
    }
    if (sheet === undefined) throw failure('ENOENT', name);
    return sheet;
  }

  exists(name: string): boolean {
    return this.files.has(name);
  }

  async rename(from: string, to: string): Promise<void> {
    const sheet = this.files.get(from);
    if (sheet === undefined) throw failure('ENOENT', from);
    await this.#unlink(to);
    this.files.delete(from);
    this.files.set(to, sheet);
  }

  async remove(name: string): Promise<void> {
    if (!this.files.has(name)) throw failure('ENOENT', name);
    await this.#unlink(name);
  }

  syncNames(): Promise<void> {
    return done;
  }

  async #unlink(name: string): Promise<void> {
    const sheet = this.files.get(name);
    if (sheet !== undefined) sheet.isLinked = false;
    this.files.delete(name);
  }
}

class Sheet implements DiskFile {
  bytes: Uint8Array;
  isLinked = true;
  #own = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  size(): Promise<number> {
    return Promise.resolve(this.bytes.length);
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    return this.readSync(at, length);
  }

  readSync(at: number, length: number): Uint8Array {
    // A real one makes room for what is asked for, whatever there is.
    asked.bytes += length;
    if (!Number.isInteger(at) || at < 0 || !Number.isInteger(length) || length < 0)
      throw failure('EINVAL', `${length} bytes at ${at}`);
    return this.bytes.slice(at, at + length);
  }

  async write(at: number, bytes: Uint8Array): Promise<void> {
    if (!Number.isInteger(at) || at < 0 || at > 0x100_0000) throw failure('EFBIG', `at ${at}`);
    this.#hold(Math.max(this.bytes.length, at + bytes.length));
    this.bytes.set(bytes, at);
  }

  async truncate(length: number): Promise<void> {
    if (!Number.isInteger(length) || length < 0 || length > 0x100_0000)
      throw failure('EINVAL', `at ${length}`);
    this.#hold(length);
  }

  linked(): boolean {
    return this.isLinked;
  }

  sync(): Promise<void> {
    return done;
  }

  close(): Promise<void> {
    return done;
  }

  /** Its own bytes, so many. */
  #hold(length: number): void {
    if (this.#own && this.bytes.length === length) return;
    const bytes = new Uint8Array(length);
    bytes.set(this.bytes.subarray(0, length));
    this.bytes = bytes;
    this.#own = true;
  }
}

const done = Promise.resolve();

function failure(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
