// The file journal through crashes, failures and takeovers at every point, on a simulated disk; and the proof that the
// campaign sees: each planted bug is found.
import { describe, expect, it } from 'vitest';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { Random } from '../../src/engine/random.ts';
import { SimulatedDisk, type PlannedCrash } from '../../src/testing/simulated-disk.ts';
import { contend, live, soon, Violation, World, type Subject } from './campaign.ts';
import { planted } from './planted.ts';

const product: Subject = { journal: fileJournal };

describe('a file journal', () => {
  it('keeps its word through random crashes, failures and takeovers', async () => {
    for (let seed = 0; seed < 800; seed++) {
      await live(seed, product).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
    }
  });

  it('keeps its word when several owners contend for it', async () => {
    for (let seed = 0; seed < 300; seed++) {
      await contend(seed, product).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
    }
  });

  it('keeps its word if it crashes at any operation, and again at any operation of its recovery', async () => {
    const operations = await script(product, undefined, undefined);
    expect(operations).toBeGreaterThan(30);
    let runs = 0;
    for (let at = 1; at <= operations; at++) {
      for (const kind of ['process', 'power'] as const) {
        // A recovery takes so many operations at most.
        for (let again = 1; again <= 45; again++) {
          const done = (['not', 'half', 'whole'] as const)[again % 3] as PlannedCrash['done'];
          const other = (['process', 'power'] as const)[(at + again) % 2] as PlannedCrash['kind'];
          await script(product, { at, kind, done }, { at: again, kind: other, done: 'half' });
          runs++;
        }
      }
    }
    expect(runs).toBeGreaterThan(2000);
  });

  it('refuses what was appended behind a record for which there was no room, though it would fit', async () => {
    const machine = new SimulatedDisk({ slowness: 3 });
    const world = new World(machine, product, { preallocateBytes: 0 });
    const owner = await world.open();
    if (owner === undefined) throw new Error('it does not open');
    machine.capacityBytes = 20_000;
    const large = world.append(owner, 50_000);
    // Until it is being written, so that the others are no part of that write.
    for (let wait = 0; wait < 6; wait++) await soon;
    const behind = [world.append(owner, 10), world.append(owner, 10)];
    expect(await Promise.all([large, ...behind])).toEqual([false, false, false]);
    expect(await world.append(owner, 10)).toBe(true);
    await world.settle();
  });

  it('acknowledges nothing after a sync that failed, and never tries another', async () => {
    const machine = new SimulatedDisk();
    const world = new World(machine, product, { preallocateBytes: 0 });
    const owner = await world.open();
    if (owner === undefined) throw new Error('it does not open');
    expect(await world.append(owner, 10)).toBe(true);
    machine.failAt({ operation: 'sync', code: 'EIO' });
    machine.trace = [];
    const several = await Promise.all([1, 2, 3].map(() => world.append(owner, 10)));
    expect([...several, await world.append(owner, 10)]).toEqual([false, false, false, false]);
    await owner.journal.close();
    expect(machine.trace.filter((line) => line.includes('sync'))).toHaveLength(1);
    await world.settle();
  });
});

describe('the campaign', () => {
  it.each(Object.entries(planted))('finds it when %s', async (_, { plant, seed: first }) => {
    const subject = await plant();
    let found: unknown;
    for (let seed = first; seed < first + 3000 && found === undefined; seed++) {
      const one = seed % 2 === 0 ? live : contend;
      found = await one(seed >> 1, subject).then(
        () => undefined,
        (error: unknown) => error,
      );
    }
    expect(found).toBeInstanceOf(Violation);
  });
});

/** A short life with everything in it, crashed here and there; the number of operations it took. */
async function script(
  subject: Subject,
  crash: PlannedCrash | undefined,
  second: PlannedCrash | undefined,
): Promise<number> {
  const machine = new SimulatedDisk({ seed: crash?.at ?? 0, slowness: 0, kernelPercent: 30 });
  const options = { segmentBytes: 8400, preallocateBytes: 100, writesPerMark: 2, entropy: () => 3 };
  const world = new World(machine, subject, options);
  if (crash !== undefined) machine.crashAt(crash);
  const owner = await world.open();
  if (owner !== undefined) {
    await Promise.all([world.append(owner, 40), world.append(owner, 40)]);
    await world.append(owner, 100);
    await world.trim(owner, new Random(5));
    await world.append(owner, 40);
    await owner.journal.close().catch(String);
  }
  const { operations } = machine;
  machine.heal();
  if (second !== undefined) {
    machine.crashAt({ ...second, at: machine.operations + second.at });
    const next = await world.open();
    if (next !== undefined) await world.append(next, 10);
  }
  await world.settle();
  return operations;
}
