/** IndexedDB with promises: as much of it as the journal and the state need. */

/** The one row of a database that says whose it is, and how far it is. */
export const headStore = 'head';

/** Opens a database with two stores: one for its head, and one for what it is for. */
export function openDatabase(name: string, store: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(headStore);
    request.result.createObjectStore(store);
  };
  return answered(request);
}

/** What a request gives. Within the same transaction others may follow. */
export function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Changes a database: all of it or nothing, and durable when it resolves, where the browser can do that (`strict`; in
 * others it is what they call durable). If the change throws, there is none.
 */
export async function changed<T>(
  database: IDBDatabase,
  stores: readonly string[],
  change: (transaction: IDBTransaction) => Promise<T>,
): Promise<T> {
  const transaction = database.transaction([...stores], 'readwrite', { durability: 'strict' });
  const ended = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('it was aborted'));
  });
  ended.catch(() => {
    // If the change itself throws, that is what is told; otherwise this is waited for.
  });
  let result: T;
  try {
    result = await change(transaction);
  } catch (error) {
    abort(transaction);
    // One request that fails aborts all others, and only the transaction knows which it was.
    throw transaction.error ?? error;
  }
  await ended;
  return result;
}

/** Whether the browser had no room. */
export function isOutOfRoom(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'QuotaExceededError';
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch (error) {
    // A request that failed has aborted it already.
    if (!(error instanceof DOMException && error.name === 'InvalidStateError')) throw error;
  }
}
