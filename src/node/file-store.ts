/** A store in a folder: the journal in files of its own, and a state beside it. */
import { join, resolve } from 'node:path';
import { fileJournal, type FileJournalOptions } from '../journal/file-journal.ts';
import { snapshotState } from '../state/snapshot-state.ts';
import type { Store } from '../system/store.ts';
import { nodeDisk } from './disk.ts';
import { lastWordsIn } from './last-words.ts';
import { levelState } from './level-state.ts';

/** How a store in a folder may differ from the usual. */
export interface FileStoreOptions {
  /**
   * Where the state is. `level`, if not given: in a LevelDB, so that memory holds only what is active. `memory`: all of it in
   * memory, with snapshots in files; then nothing is native.
   */
  readonly state?: 'level' | 'memory';
  readonly journal?: FileJournalOptions;
}

/** As much as is checkpointed at once, so that the folder does not hold much more than it needs. */
const SEGMENT_BYTES = 0x100_0000;
/** An epoch is one record, and a single atom may make very many actors. */
const MOST_RECORD_BYTES = 0x4000_0000;

/**
 * A store in a folder, which is made if there is none. A system that is started with it goes on where it was, however it
 * ended.
 *
 * @example
 * ```ts
 * import { behavior, receive, same, start, valueState, type ActorRef } from 'portico';
 * import { fileStore } from 'portico/node';
 * import { mkdtempSync } from 'node:fs';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 *
 * const count = valueState('count', 0);
 * const visits = behavior('visits', () =>
 *   receive<{ replyTo: ActorRef<number> }>(({ replyTo }, ctx) => {
 *     ctx.send(replyTo, count.update(ctx, (n) => n + 1));
 *     return same;
 *   }),
 * );
 *
 * const folder = mkdtempSync(join(tmpdir(), 'portico-'));
 * for (let run = 0; run < 2; run++) {
 *   await using system = await start({ behaviors: { visits }, store: fileStore(folder) });
 *   // 1, and in the second run 2
 *   console.log(await system.ask(system.entity(visits(), 'home'), {}));
 * }
 * ```
 */
export function fileStore(path: string, { state = 'level', journal = {} }: FileStoreOptions = {}): Store {
  const folder = resolve(path);
  const options = { segmentBytes: SEGMENT_BYTES, maxRecordBytes: MOST_RECORD_BYTES, ...journal };
  return {
    name: folder,
    parts: async () => ({
      journal: fileJournal(nodeDisk(join(folder, 'journal')), options),
      state:
        state === 'level'
          ? levelState(join(folder, 'state'))
          : snapshotState(nodeDisk(join(folder, 'snapshots'))),
      lastWords: lastWordsIn(folder),
    }),
  };
}
