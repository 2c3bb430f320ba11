/**
 * What Portico offers on Node beyond the core: a store in a folder, a watchdog, and a log for the terminal.
 *
 * @packageDocumentation
 */
export { fileStore, type FileStoreOptions } from './file-store.ts';
export { levelState } from './level-state.ts';
export { nodeDisk } from './disk.ts';
export type { Disk, DiskFile } from '../host.ts';
export type { FileJournalOptions } from '../journal/file-journal.ts';
export type { LogLevel, LogRecord } from '../index.ts';
export { showsColors, terminalLog, type TerminalStream } from './terminal.ts';
export { watchedHost, type WatchOptions } from './watchdog.ts';
