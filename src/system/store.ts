/** Where a system is kept: its journal and its state, and how they are opened together. */
import { Codec, type DataType } from '../codec.ts';
import { ours, PorticoError } from '../errors.ts';
import type { LastWords } from '../engine/care.ts';
import { entryMaps } from '../engine/forms.ts';
import { closeBoth, ofStore, type Kept, type Opened } from '../engine/epoch.ts';
import { readImage, replay } from '../engine/recover.ts';
import type { Journal } from '../journal/journal.ts';
import { memoryJournal, memoryMedium } from '../journal/memory-journal.ts';
import { memoryState, MemoryStateMedium } from '../state/memory-state.ts';
import type { State } from '../state/state.ts';

/** The journal and the state of one partition, not opened yet. */
export interface StoreParts {
  readonly journal: Journal;
  readonly state: State;
  /**
   * Where a process leaves word of what it is doing, for the one after it. Without it a message that ends the process is not
   * found, and ends every process after it as well.
   */
  readonly lastWords?: LastWords;
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
  const said = new Map<number, string>();
  return {
    name: 'memory',
    parts: async () => ({
      journal: memoryJournal(journal),
      state: memoryState(state),
      lastWords: memoryWords(said),
    }),
  };
}

/** Words in memory, by run. */
function memoryWords(said: Map<number, string>): LastWords {
  let run = 0;
  return {
    open: async (now) => {
      run = now;
      const before = [...said].sort(([a], [b]) => a - b).at(-1)?.[1];
      said.clear();
      said.set(run, '');
      return before;
    },
    say: (text) => {
      // Of one that was taken over nobody hears any more.
      if (said.has(run)) said.set(run, text);
    },
    close: () => undefined,
  };
}

/** What makes bytes of values, and of no larger ones. */
export function codecOf(types: readonly DataType<unknown>[], maxBytes: number = LARGEST_VALUE): Codec {
  return new Codec({ types: [entryMaps, ...types], maxBytes: Math.min(maxBytes, LARGEST_VALUE) });
}

const LARGEST_VALUE = 0x400_0000;

/** Takes a store over, and reads what it holds. */
export async function openStore(
  store: Store,
  types: readonly DataType<unknown>[],
  owner: string,
  pause: (ms: number) => Promise<void>,
): Promise<Kept> {
  const { journal, state, lastWords } = await partsOf(store);
  const codec = codecOf(types);
  let isStateOpen = false;
  try {
    const { first, next, ownerEpoch: run } = await journal.open(owner);
    const position = await openedState(state, pause);
    isStateOpen = true;
    if (position >= next || position + 1 < first) {
      // Who was taken over meanwhile has found the state of the newer owner, and is told so.
      await journal.check();
      throw apart(store.name, position, first, next);
    }
    const last = await replay(journal, state, position, codec);
    const image = await readImage(state, codec);
    // Reading takes its time. Who was taken over meanwhile hands over nothing.
    await journal.check();
    const words = lastWords && { last: lastWords, before: await lastWords.open(run) };
    return { journal, state, codec, image, last, run, words };
  } catch (error) {
    await letGo({ journal, state: isStateOpen ? state : undefined });
    throw ofStore(error);
  }
}

/** Lets go of what was opened for a system that cannot start. Its caller is told why that is, whatever becomes of this. */
export async function letGo(opened: Opened & Partial<Pick<Kept, 'words'>>): Promise<void> {
  try {
    // The process did not fall.
    opened.words?.last.say('');
    opened.words?.last.close();
  } catch {
    // It comes on top of what the caller is told, and so does what follows.
  }
  await closeBoth(opened).catch(() => {
    // As above.
  });
}

async function partsOf(store: Store): Promise<StoreParts> {
  try {
    return await store.parts();
  } catch (error) {
    throw ofStore(error);
  }
}

/** Who was just taken over learns of it within a moment, and lets go of the state then. */
async function openedState(state: State, pause: (ms: number) => Promise<void>): Promise<number> {
  for (let tries = LOCK_TRIES; ; tries--) {
    try {
      return await state.open();
    } catch (error) {
      if (ours(error)?.code !== 'state/locked' || tries === 0) throw error;
      await pause(LOCK_PAUSE_MS);
    }
  }
}

const LOCK_TRIES = 50;
const LOCK_PAUSE_MS = 100;

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
