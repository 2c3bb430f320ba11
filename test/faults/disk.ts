// The journal in files and the state with snapshots on a disk of which every call fails once, in every way: what they tell, and
// what is there afterwards.
import { PorticoError } from 'portico/dataflow';
import { Faults, operations, waysToFail, type Answer, type Fault } from 'portico/testing';
import { describe, expect, it } from 'vitest';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { snapshotState } from '../../src/state/snapshot-state.ts';
import type { Disk } from '../../src/host.ts';
import { watchedDisk } from './watched.ts';
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts';

/** What a disk throws, as Node does; a disk of somebody else's may throw anything. */
const thrown = [
  Object.assign(new Error('planted'), { code: 'EIO' }),
  Object.assign(new Error('planted'), { code: 'ENOSPC' }),
  Object.assign(new Error('planted'), { code: 'ENOENT' }),
  'a text that was planted',
];

const below = Object.entries({ Disk: operations.Disk, DiskFile: operations.DiskFile }).flatMap(
  ([contract, answers]) =>
    Object.entries(answers as Record<string, Answer>).map(
      ([name, answer]) => [`${contract}.${name}`, waysToFail[answer]] as const,
    ),
);

/** Every fault of every call that a script makes. What is never answered is for those who have a deadline. */
function* faultsOf(calls: ReadonlyMap<string, number>): Generator<Fault> {
  let turn = 0;
  for (const [operation, ways] of below) {
    for (let call = 1; call <= (calls.get(operation) ?? 0); call++) {
      for (const when of ways) {
        if (when !== 'never') yield { operation, call, when, error: thrown[turn++ % thrown.length] };
      }
    }
  }
}

/** A script on a disk: what was acknowledged. What fails it tells, and goes on. */
type Script<T> = (disk: Disk, tell: (error: unknown) => void) => Promise<T>;

const body = (n: number): Uint8Array => new Uint8Array(40 + (n % 3) * 60).fill(n);

/** What was acknowledged, by its number. */
type Acknowledged = Map<number, Uint8Array>;

/** Appends, over several segments, reads, trims and marks on the way. */
const journalScript: Script<Acknowledged> = async (disk, tell) => {
  const acknowledged: Acknowledged = new Map();
  const journal = fileJournal(disk, { segmentBytes: 400, preallocateBytes: 900, writesPerMark: 3 });
  const tried = (call: Promise<unknown>): Promise<unknown> => call.catch(tell);
  await tried(journal.open('the first'));
  for (let n = 1; n <= 9; n++) {
    await tried(journal.append(body(n)).then((seq) => acknowledged.set(seq, body(n))));
    if (n === 5) await tried(journal.trim(3));
    if (n % 4 === 0) await tried(journal.check());
  }
  await tried(
    (async () => {
      for await (const record of journal.read(3)) expect(record.body).toEqual(acknowledged.get(record.seq));
    })(),
  );
  await tried(journal.close());
  return acknowledged;
};

const row = (key: number, position: number) => ({
  table: `table ${key % 2}`,
  key: String(key),
  value: new Uint8Array(50).fill(position),
});

/** Applies and checkpoints, once with a successor; returns the position that was made durable last. */
const stateScript: Script<number> = async (disk, tell) => {
  let durable = 0;
  const tried = (call: Promise<unknown>): Promise<unknown> => call.catch(tell);
  for (const life of [1, 2]) {
    const state = snapshotState(disk, { deltaBytes: 200 });
    let position = 0;
    await tried(state.open().then((found) => (position = found)));
    for (let step = 1; step <= 4; step++) {
      const next = position + 1;
      const rows = [0, 1, 2].map((key) => row(key, next));
      await tried(state.apply(rows, next).then(() => (position = next)));
      await tried(
        state.checkpoint().then((reached) => {
          expect(reached).toBeLessThanOrEqual(position);
          return (durable = Math.max(durable, reached));
        }),
      );
    }
    if (life === 2) await tried(state.close());
  }
  return durable;
};

/** Plays a script with each fault in turn, then looks at what is there. */
async function play<T>(
  script: Script<T>,
  look: (disk: Disk, acknowledged: T) => Promise<void>,
): Promise<{ readonly runs: number; readonly met: number; readonly wrong: readonly string[] }> {
  const wrong: string[] = [];
  const counting = new Faults();
  await script(counting.disk(new SimulatedDisk().mount()), (error) => {
    throw error;
  });
  let [runs, met] = [0, 0];
  for (const fault of faultsOf(counting.calls)) {
    runs++;
    const disk = new SimulatedDisk({ seed: runs });
    const faults = new Faults([fault]);
    const what = `${fault.operation} ${fault.call} ${fault.when} ${String(fault.error)}`;
    const mounted = watchedDisk(disk.mount());
    const acknowledged = await script(faults.disk(mounted), (error) => {
      if (!(error instanceof PorticoError)) wrong.push(`${what}: it told ${String(error)}`);
    });
    met += faults.met.length;
    // What could not be opened or closed is excused.
    const isExcused = /\.(open|close)$/.test(fault.operation);
    if (!isExcused && mounted.opened().length > 0)
      wrong.push(`${what}: nobody has closed ${mounted.opened().join(', ')}`);
    disk.powerLoss();
    await look(disk.mount(), acknowledged).catch((error: unknown) => {
      wrong.push(`${what}: afterwards ${String(error)}`);
    });
  }
  return { runs, met, wrong };
}

describe('a journal in files, whichever call of its disk fails,', () => {
  it('tells so as an error of Portico, and has all that it acknowledged when it is opened again', async () => {
    const { runs, met, wrong } = await play(journalScript, async (disk, acknowledged) => {
      const journal = fileJournal(disk);
      const { first, next } = await journal.open('the second');
      expect(next).toBeGreaterThan(Math.max(0, ...acknowledged.keys()));
      let seq = first;
      for await (const record of journal.read(first)) {
        expect(record.seq).toBe(seq);
        // What was not acknowledged may be there as well.
        const known = acknowledged.get(seq) ?? record.body;
        expect(record.body).toEqual(known);
        seq++;
      }
      expect(seq).toBe(next);
      await journal.close();
    });
    expect(wrong).toEqual([]);
    expect(met).toBe(runs);
    expect(runs).toBeGreaterThan(100);
  });
});

describe('a state with snapshots, whichever call of its disk fails,', () => {
  it('tells so as an error of Portico, and has all that it made durable when it is opened again', async () => {
    const { runs, met, wrong } = await play(stateScript, async (disk, durable) => {
      const state = snapshotState(disk);
      const position = await state.open();
      expect(position).toBeGreaterThanOrEqual(durable);
      for (const key of [0, 1, 2]) {
        const { table, key: name, value } = row(key, position);
        expect(state.read(table, name)).toEqual(position === 0 ? undefined : value);
      }
      await state.close();
    });
    expect(wrong).toEqual([]);
    expect(met).toBe(runs);
    expect(runs).toBeGreaterThan(100);
  });
});
