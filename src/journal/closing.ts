/** What becomes of files when something has failed that they were opened for. */
import type { DiskFile } from '../host.ts';

/** Closes them. The failure before is told, and not that one of them cannot be closed. */
export async function closedAfterFailure(
  files: readonly (Pick<DiskFile, 'close'> | undefined)[],
): Promise<void> {
  await Promise.allSettled(files.map(async (file) => file?.close()));
}
