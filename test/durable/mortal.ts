// A store whose process can end in the midst of a turn: from that moment on nothing of it reaches the store, and what it had
// said by then stands.
import { memoryStore, type Store, type StoreParts } from 'portico/dataflow';

export interface MortalStore extends Store {
  /** The process that has it open ends here and now. The caller has to see to it that nothing comes of the turn. */
  die(): void;
  /** How many processes have died. */
  readonly deaths: number;
  /** Resolves when the next one dies. */
  readonly death: Promise<void>;
}

export function mortalStore(): MortalStore {
  const store = memoryStore();
  let deaths = 0;
  let mourn: () => void = () => undefined;
  let death = new Promise<void>((resolve) => (mourn = resolve));
  return {
    name: store.name,
    die: () => {
      deaths++;
      mourn();
      death = new Promise((resolve) => (mourn = resolve));
    },
    get death() {
      return death;
    },
    get deaths() {
      return deaths;
    },
    parts: async () => {
      const { journal, state, lastWords } = (await store.parts()) as Required<StoreParts>;
      const born = deaths;
      const alive = async (): Promise<void> =>
        born === deaths ? undefined : new Promise<never>(() => undefined);
      return {
        journal: {
          open: (owner) => journal.open(owner),
          append: async (body) => {
            await alive();
            return journal.append(body);
          },
          read: (from) => journal.read(from),
          check: async () => {
            await alive();
            await journal.check();
          },
          trim: async (below) => {
            await alive();
            await journal.trim(below);
          },
          close: () => journal.close(),
        },
        state: {
          open: () => state.open(),
          read: (table, key) => state.read(table, key),
          scan: (table) => state.scan(table),
          tables: () => state.tables(),
          apply: async (rows, position) => {
            await alive();
            await state.apply(rows, position);
          },
          checkpoint: async () => {
            await alive();
            return state.checkpoint();
          },
          close: () => state.close(),
        },
        lastWords: {
          open: (run) => lastWords.open(run),
          say: (text) => {
            if (born === deaths) lastWords.say(text);
          },
          close: () => {
            lastWords.close();
          },
        },
      };
    },
  };
}
