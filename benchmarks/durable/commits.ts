/** The commit path alone: rows that become durable, without the actors that changed them. */
import {
  ApplicationBuilder,
  perKeyState,
  startSystem,
  type Row,
  type Store,
  type StoreParts,
} from 'portico/dataflow';
import { perSecond, timed } from '../harness/clock.ts';
import { Core } from '../harness/core.ts';
import { question, type Contender, type Run } from '../harness/question.ts';
import { Appending } from './disk.ts';
import { inAStoreInMemory, level, needs, noDisk, snapshots, withFolder, type Keeping } from './places.ts';

interface CommitsLoad extends Record<string, number> {
  'commits of 1 row': number;
  'commits of 100 rows': number;
  'commits of 10,000 rows': number;
}

const SIZES = [
  { name: 'of 1 row', rows: 1, commits: 'commits of 1 row' },
  { name: 'of 100 rows', rows: 100, commits: 'commits of 100 rows' },
  { name: 'of 10,000 rows', rows: 10_000, commits: 'commits of 10,000 rows' },
] as const;

/** What a row is in a record, with its key; what its value is in the state. */
const ROW_BYTES = 40;
const VALUE_BYTES = 24;
/** Keys that there are. */
const KEYS = 100_000;

/** What a record of so many rows may hold. */
const bodiesBySize = (): ReadonlyMap<number, Uint8Array> =>
  new Map(SIZES.map(({ rows }) => [rows, new Uint8Array(rows * ROW_BYTES).fill(7)]));

/** Makes so many rows durable, with one commit. */
type Commit = (rows: number) => Promise<void>;

/** Commits one after the other. How many rows there were in the end. */
async function run(
  load: CommitsLoad,
  commit: Commit,
): Promise<{ readonly figures: Run['figures']; readonly committed: number }> {
  const figures: Record<string, number> = {};
  let committed = 0;
  for (const { name, rows, commits } of SIZES) {
    const ms = await timed(async () => {
      for (let i = 0; i < load[commits]; i++) await commit(rows);
    });
    committed += load[commits] * rows;
    figures[`commits ${name}`] = perSecond(load[commits], ms);
    figures[`rows in commits ${name}`] = perSecond(load[commits] * rows, ms);
  }
  return { figures, committed };
}

const disk: Contender<CommitsLoad> = {
  name: 'the disk',
  missing: noDisk,
  run: (load) =>
    withFolder(async (folder) => {
      const core = new Core();
      await using file = await Appending.in(folder);
      const bodies = bodiesBySize();
      const { figures, committed } = await run(load, (rows) => file.append(bodies.get(rows) as Uint8Array));
      return { figures, outcome: { committed }, ...core.share() };
    }),
  expects: (load) => ({ committed: rowsOf(load) }),
};

const rowsOf = (load: CommitsLoad): number =>
  SIZES.reduce((sum, { rows, commits }) => sum + rows * load[commits], 0);

const storeOf = (keeping: Keeping, folder: string): Store => keeping.storeIn(folder) as Store;

/** Journal and state as they are: a record of bytes is appended, and its rows are applied when there are 4 MB of them. */
class Parts {
  readonly #parts: StoreParts;
  readonly #bodies = bodiesBySize();
  readonly #value = new Uint8Array(VALUE_BYTES).fill(7);
  #rows = new Map<string, Row>();
  #bytes = 0;
  #key = 0;
  #applying: Promise<void> | undefined;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async commit(rows: number): Promise<void> {
    const position = await this.#parts.journal.append(this.#bodies.get(rows) as Uint8Array);
    for (let i = 0; i < rows; i++) {
      const key = `#${this.#key++ % KEYS}`;
      this.#rows.set(key, { table: 'cells of a task', key, value: this.#value });
    }
    this.#bytes += rows * ROW_BYTES;
    if (this.#bytes < APPLY_BYTES || this.#applying !== undefined) return;
    this.#applying = this.#apply(position);
  }

  async #apply(position: number): Promise<void> {
    const rows = [...this.#rows.values()];
    this.#rows = new Map();
    this.#bytes = 0;
    await this.#parts.state.apply(rows, position);
    this.#applying = undefined;
  }

  async close(): Promise<void> {
    await this.#applying;
    await this.#parts.state.checkpoint();
    await this.#parts.state.close();
    await this.#parts.journal.close();
  }
}

const APPLY_BYTES = 0x40_0000;

const alone = (keeping: Keeping): Contender<CommitsLoad> => ({
  name: keeping.name,
  ...needs(keeping),
  run: (load) =>
    withFolder(async (folder) => {
      const core = new Core();
      const parts = await storeOf(keeping, folder).parts();
      await parts.journal.open('a benchmark');
      await parts.state.open();
      const both = new Parts(parts);
      const { figures, committed } = await run(load, (rows) => both.commit(rows));
      await both.close();
      return { figures, outcome: { committed }, ...core.share() };
    }),
  expects: (load) => ({ committed: rowsOf(load) }),
});

/** A task that sets the state of a key for each event, in a system: with turns, cut and codec. An atom is a commit. */
const inASystem = (keeping: Keeping): Contender<CommitsLoad> => ({
  name: `a system, ${keeping.name}`,
  ...needs(keeping),
  run: (load) =>
    withFolder(async (folder) => {
      const core = new Core();
      const counts = perKeyState('count', 0);
      let counted = 0;
      const app = new ApplicationBuilder('counts');
      const keys = app.ingress<number>('keys', { key: (key) => key });
      app
        .workflow('all')
        .source(keys.stream)
        .consume((_, ctx) => {
          counts.update(ctx, (n) => n + 1);
          counted++;
        })
        .sink();
      await using system = await startSystem({
        applications: [app.build()],
        seed: 1,
        store: storeOf(keeping, folder),
      });
      let key = 0;
      const { figures } = await run(load, (rows) =>
        system.send(keys, ...Array.from({ length: rows }, () => key++ % KEYS)),
      );
      await system.idle();
      return {
        figures,
        outcome: { committed: counted },
        ...core.share(),
      };
    }),
  expects: (load) => ({ committed: rowsOf(load) }),
});

export const durableCommits = question<CommitsLoad>({
  name: 'durable-commits',
  asks: 'How many commits a second are there, and how many rows, one commit at a time?',
  method:
    'Each commit waits for the one before. The disk appends as many bytes, with a write and an fdatasync; its file grows. Journal and state alone are given bytes and rows ' +
    'that are ready: 40 bytes a row in the journal, 24 in the state, of 100,000 keys, and the state is brought up to the journal every 4 MB. In a system ' +
    'a task counts keys: an atom of so many keys is a commit of so many rows, and those of the engine.',
  metrics: SIZES.flatMap(({ name }) => [
    { name: `commits ${name}`, unit: 'commits/s', better: 'more' } as const,
    { name: `rows in commits ${name}`, unit: 'rows/s', better: 'more' } as const,
  ]),
  contenders: [
    disk,
    ...[level, snapshots, inAStoreInMemory].flatMap((keeping) => [alone(keeping), inASystem(keeping)]),
  ],
  reference: disk.name,
  goals: [],
  loads: {
    full: { 'commits of 1 row': 3_000, 'commits of 100 rows': 2_000, 'commits of 10,000 rows': 100 },
    warmUp: { 'commits of 1 row': 300, 'commits of 100 rows': 200, 'commits of 10,000 rows': 10 },
    quick: { 'commits of 1 row': 5, 'commits of 100 rows': 3, 'commits of 10,000 rows': 1 },
  },
});
