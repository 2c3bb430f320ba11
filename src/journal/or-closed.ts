/** What is done with a file that was just opened: if that fails, nobody else has the file to close it. */
import type { DiskFile } from '../host.ts';

export async function orClosed<T>(file: DiskFile, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    await closedAsWellAsCanBe([file]);
    throw error;
  }
}

/** Closes files after a failure. That failure is told, and not that one of them cannot be closed. */
export async function closedAsWellAsCanBe(
  files: readonly (Pick<DiskFile, 'close'> | undefined)[],
): Promise<void> {
  await Promise.allSettled(files.map(async (file) => file?.close()));
}
