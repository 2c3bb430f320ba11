/** A store in the browser: journal and state in IndexedDB. */
import type { Store } from '../system/store.ts';
import { indexedDbJournal, type IndexedDbJournalOptions } from './indexeddb-journal.ts';
import { indexedDbState } from './indexeddb-state.ts';

/**
 * A store in IndexedDB, under a name of its own in the origin of the page. A system that is started with it goes on where it
 * was when the page was closed; one page at a time owns it, and the newest one does. What is stored is also in memory.
 *
 * ```js
 * import { start } from 'portico';
 * import { browserStore } from 'portico/web';
 *
 * const system = await start({ behaviors, store: browserStore('shop') });
 * ```
 */
export function browserStore(name: string, options: IndexedDbJournalOptions = {}): Store {
  return {
    name: `IndexedDB ${name}`,
    parts: async () => ({ journal: indexedDbJournal(name, options), state: indexedDbState(name) }),
  };
}
