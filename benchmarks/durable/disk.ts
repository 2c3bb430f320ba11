/** The disk itself: what a synced write costs that nobody has wrapped. */
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** A file that grows. */
export class Appending implements AsyncDisposable {
  readonly #file: FileHandle;
  #at = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async in(folder: string): Promise<Appending> {
    return new Appending(await open(join(folder, 'appended'), 'wx'));
  }

  /** Resolves when the bytes are on the disk: one write and one fdatasync. */
  async append(bytes: Uint8Array): Promise<void> {
    const { bytesWritten } = await this.#file.write(bytes, 0, bytes.length, this.#at);
    if (bytesWritten < bytes.length)
      throw new Error(`only ${bytesWritten} bytes of ${bytes.length} were written`);
    await this.#file.datasync();
    this.#at += bytes.length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }
}
