/** The same counters day after day: what is written for what has changed, and whether the store grows though its state does not. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { behavior, receive, same, start, type ActorRef, type StartOptions } from 'portico';
import { fileStore, type FileStoreOptions } from 'portico/node';
import { Core } from '../harness/core.ts';
import { question, type Contender, type Run } from '../harness/question.ts';
import { counter, countersOf, sumOf } from './counters.ts';
import { noDisk, withFolder } from './places.ts';

interface WeekLoad extends Record<string, number> {
  epochs: number;
}

const COUNTERS = 1_000;
/** Counters that count in each epoch. They take turns. */
const ACTIVE = 200;
/** How often the folder is looked at. */
const LOOKS = 1_000;

/** Sends to all who count now, in one turn. */
const clock = behavior('clock', () =>
  receive<{ readonly epoch: number; readonly replyTo: ActorRef<null> }>(({ epoch, replyTo }, ctx) => {
    for (let i = 0; i < ACTIVE; i++) {
      const name = `counter-${(epoch * ACTIVE + i) % COUNTERS}`;
      ctx.send(ctx.entity(counter(), name), { type: 'up' });
    }
    ctx.send(replyTo, null);
    return same;
  }),
);

/** How a contender keeps its counters. */
interface Habits {
  readonly state: NonNullable<FileStoreOptions['state']>;
  readonly journal?: FileStoreOptions['journal'];
  readonly epochs?: StartOptions['epochs'];
}

/** Small sizes, so that the state is brought up to the journal all the time. */
const often: Omit<Habits, 'state'> = {
  journal: { segmentBytes: 1 << 20, preallocateBytes: 1 << 16 },
  epochs: { applyBytes: 1 << 16, checkpointBytes: 1 << 18 },
};

const weekly = (name: string, { state, journal, epochs }: Habits): Contender<WeekLoad> => ({
  name,
  missing: noDisk,
  run: (load) =>
    withFolder(async (folder): Promise<Run> => {
      const core = new Core();
      const sizes: number[] = [];
      let counted = 0;
      const before = writtenBytes();
      let messages = 0;
      const system = await start({
        behaviors: { clock, counter },
        seed: 1,
        store: fileStore(folder, { state, ...(journal && { journal }) }),
        ...(epochs && { epochs }),
      });
      try {
        const ref = system.entity(clock(), 'clock');
        const looks = Math.min(LOOKS, load.epochs);
        for (let epoch = 0; epoch < load.epochs; epoch++) {
          await system.ask(ref, { epoch });
          messages += ACTIVE;
          if (Math.floor((epoch * looks) / load.epochs) < Math.floor(((epoch + 1) * looks) / load.epochs))
            sizes.push(sizeOf(folder));
        }
        await system.idle();
        counted = await sumOf(system, countersOf(system, COUNTERS));
      } finally {
        await system.stop();
      }
      const { commits, bytes } = system.dataflow.committed;
      const written = writtenBytes() - before;
      return {
        figures: {
          'size of a commit': bytes / commits,
          changed: bytes / messages,
          ...(Number.isFinite(written) && {
            written: written / messages,
            amplification: written / bytes,
          }),
          ...grown(sizes),
          'when stopped': sizeOf(folder) / MB,
        },
        outcome: { counted },
        ...core.share(),
      };
    }),
  expects: ({ epochs }) => ({ counted: epochs * ACTIVE }),
});

/** The largest size in the tenth of the time that ends at 10 %, in that which ends at 50 %, and in the last one. */
function grown(sizes: readonly number[]): Run['figures'] {
  const largest = (until: number): number => {
    const to = Math.ceil(sizes.length * until);
    return Math.max(...sizes.slice(Math.min(to - 1, Math.floor(sizes.length * (until - 0.1))), to)) / MB;
  };
  const [early, middle, late] = [largest(0.1), largest(0.5), largest(1)];
  return { 'folder at 10 %': early, 'at 50 %': middle, 'at 100 %': late, growth: late / early };
}

const MB = 1_000_000;

/** What the files below a folder take on the disk. */
function sizeOf(folder: string): number {
  let size = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    // A file may be gone by now.
    if (entry.isDirectory()) size += sizeOf(path);
    else size += (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
  }
  return size;
}

/** What this process has handed to the system to be written; not a number where the system does not tell. */
function writtenBytes(): number {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
  } catch {
    return Number.NaN;
  }
}

export const durableWeek = question<WeekLoad>({
  name: 'durable-week',
  asks: 'How much is written for what has changed, and does a store grow in a week whose state does not?',
  method:
    'As many epochs as there are minutes in a week. In each, an actor sends to 200 of 1,000 counters and replies when that is durable. `changed` are the bytes of the ' +
    'epoch records: the rows that changed, of counters and of the engine. `written` is all that the process hands to the system to be written, of journal and ' +
    'state; amplification is their ratio. The sizes are the largest that the folder had in the tenth of the time that ends there, in blocks of the disk. Once ' +
    'with the usual sizes of journal and checkpoints (64 MB), once with small ones (1 MB, 256 KB), so that there are hundreds of checkpoints.',
  metrics: [
    { name: 'size of a commit', unit: 'bytes', better: 'less' },
    { name: 'changed', unit: 'bytes/message', better: 'less' },
    { name: 'written', unit: 'bytes/message', better: 'less' },
    { name: 'amplification', unit: 'times', better: 'less' },
    { name: 'folder at 10 %', unit: 'MB', better: 'less' },
    { name: 'at 50 %', unit: 'MB', better: 'less' },
    { name: 'at 100 %', unit: 'MB', better: 'less' },
    { name: 'growth', unit: 'times since 10 %', better: 'less', absolute: true },
    { name: 'when stopped', unit: 'MB', better: 'less' },
  ],
  contenders: [
    weekly('level', { state: 'level' }),
    weekly('memory', { state: 'memory' }),
    weekly('level, small', { state: 'level', ...often }),
    weekly('memory, small', { state: 'memory', ...often }),
  ],
  reference: 'level',
  goals: [
    { contender: 'level, small', metric: 'growth', atMost: 1.25 },
    { contender: 'memory, small', metric: 'growth', atMost: 1.25 },
  ],
  loads: { full: { epochs: 10_080 }, warmUp: { epochs: 100 }, quick: { epochs: 20 } },
  // Nothing is timed.
  warmUps: 0,
});
