/** Where a system is kept: its journal and its state, and how they are opened together. */
import { Codec, type DataType } from '../codec.ts';
import { PorticoError } from '../errors.ts';
import { entryMaps } from '../engine/forms.ts';
import type { Kept } from '../engine/epoch.ts';
import { readImage, replay } from '../engine/recover.ts';
import type { Journal } from '../journal/journal.ts';
import { memoryJournal, memoryMedium } from '../journal/memory-journal.ts';
import { memoryState, MemoryStateMedium } from '../state/memory-state.ts';
import type { State } from '../state/state.ts';

/** The journal and the state of one partition, not opened yet. */
export interface StoreParts {
  readonly journal: Journal;
  readonly state: State;
}

/**
 * Where a system is kept. Give it to `start` or `startSystem`: whatever the system holds is there again when it is started
 * with the same store.
 */
export interface Store {
  /** Where that is, for messages. */
  readonly name: string;
  parts(): Promise<StoreParts>;
}

/**
 * A store in memory: it outlives the systems that are started with it, not the process. For tests.
 *
 * @example
 * ```ts
 * import { behavior, entityRef, memoryStore, receive, same, start, valueState } from 'portico';
 *
 * const count = valueState('count', 0);
 * const counter = behavior('counter', () =>
 *   receive<{ type: 'up' }>((_, ctx) => (ctx.emit(count.update(ctx, (n) => n + 1)), same)),
 * );
 *
 * const store = memoryStore();
 * for (let run = 0; run < 2; run++) {
 *   await using system = await start({ behaviors: { counter }, store });
 *   system.subscribe((n) => console.log(n)); // 1, and in the second run 2
 *   await system.send(system.entity(counter(), 'visits'), { type: 'up' });
 *   await system.idle();
 * }
 * ```
 */
export function memoryStore(): Store {
  const journal = memoryMedium();
  const state = new MemoryStateMedium();
  return {
    name: 'memory',
    parts: async () => ({ journal: memoryJournal(journal), state: memoryState(state) }),
  };
}

/** Takes a store over, and reads what it holds. */
export async function openStore(
  store: Store,
  types: readonly DataType<unknown>[],
  owner: string,
): Promise<Kept> {
  const { journal, state } = await store.parts();
  const codec = new Codec({ types: [entryMaps, ...types] });
  let isStateOpen = false;
  try {
    const { first, next, ownerEpoch: run } = await journal.open(owner);
    const position = await state.open();
    isStateOpen = true;
    if (position >= next || position + 1 < first) throw apart(store.name, position, first, next);
    const last = await replay(journal, state, position, codec);
    return { journal, state, codec, image: await readImage(state, codec), last, run };
  } catch (error) {
    if (isStateOpen) await state.close();
    await journal.close();
    throw error;
  }
}

/** That journal and state are not of the same time. */
function apart(where: string, position: number, first: number, next: number): PorticoError {
  const what =
    position >= next
      ? `its state knows record ${position}, and its journal ends before record ${next}`
      : `its state ends with record ${position}, and its journal begins with record ${first}`;
  return new PorticoError({
    code: 'store/apart',
    where,
    what,
    cure: 'Restore the whole store from one copy: journal and state belong together',
  });
}
