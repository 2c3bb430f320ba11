/**
 * What Portico offers in a browser beyond the core: a store in IndexedDB.
 *
 * @packageDocumentation
 */
export type { Journal, JournalRecord, Opening } from '../journal/journal.ts';
export type { Row, State } from '../state/state.ts';
export { browserStore } from './browser-store.ts';
export { indexedDbJournal, type IndexedDbJournalOptions } from './indexeddb-journal.ts';
export { indexedDbState } from './indexeddb-state.ts';
