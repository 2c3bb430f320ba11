// The file journal keeps its promises: over the real disk, and over a simulated one that crashes. And what is its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileJournal, type FileJournalOptions } from '../../src/journal/file-journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { nodeDisk } from '../../src/node/disk.ts';
import { journalContract } from '../../src/testing/contracts/journal.ts';
import { soon } from './campaign.ts';
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts';

const noRoom = 'appends nothing when there is no room, and goes on when there is';
const crash = 'keeps over a crash what it acknowledged, and of the rest a beginning';

describe('a file journal on the disk', () => {
  const root = mkdtempSync(join(tmpdir(), 'portico-journal-'));
  let places = 0;
  const place = () => {
    const path = join(root, `${places++}`);
    return {
      maxRecordBytes: 10_000,
      journal: () => fileJournal(nodeDisk(path), { segmentBytes: 12_000, maxRecordBytes: 10_000 }),
    };
  };
  const skips = {
    [noRoom]: 'a test cannot fill the real disk; the simulated one is filled below',
    [crash]: 'the real disk does not lose what was not synced; the simulated one does below',
  };
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  const cases = journalContract(place, { skips, seeds: 3 });
  const run = cases.flatMap((each) => (each.skip === undefined ? [[each.name, each] as const] : []));
  it.each(run)('%s', (_, each) => each.run());

  it('skips only what cannot be done there, and says why', () => {
    const skipped = cases.flatMap(({ name, skip }) => (skip === undefined ? [] : [[name, skip]]));
    expect(Object.fromEntries(skipped)).toEqual(skips);
  });
});

describe('a file journal on a simulated disk', () => {
  let seed = 0;
  const place = () => {
    const machine = new SimulatedDisk({ seed: seed++ });
    // Each time with other segments, and sometimes without room that is made ahead.
    const segmentBytes = [9000, 12_000, 1_000_000][seed % 3] as number;
    const preallocateBytes = [0, 1000, 4000][(seed >> 1) % 3] as number;
    const options = {
      segmentBytes,
      preallocateBytes,
      maxRecordBytes: 10_000,
      writesPerMark: 3,
      entropy: () => seed,
    };
    return {
      maxRecordBytes: 10_000,
      journal: () => fileJournal(machine.mount(), options),
      crash: async () => {
        if (seed % 2 === 0) machine.kill();
        else machine.powerLoss();
      },
      room: async (bytes?: number) => {
        const used = machine.files().reduce((sum, name) => sum + machine.content(name).length, 0);
        machine.capacityBytes = bytes === undefined ? Infinity : used + bytes;
      },
    };
  };

  const cases = journalContract(place, { seeds: 25 });
  it.each(cases.map((each) => [each.name, each] as const))('%s', (_, { run }) => run());
});

describe('a file journal', () => {
  const first = 'journal.0000000000000001';
  const quiet = { slowness: 0, kernelPercent: 0 };

  async function opened(options: FileJournalOptions = {}) {
    const machine = new SimulatedDisk(quiet);
    const journal = fileJournal(machine.mount(), { entropy: () => 5, ...options });
    await journal.open('owner');
    return { machine, journal };
  }

  async function lengths(journal: Journal, from: number): Promise<number[]> {
    const found: number[] = [];
    for await (const { seq, body } of journal.read(from)) {
      expect([body[0], body.at(-1)]).toEqual(
        body.length === 0 ? [undefined, undefined] : [seq % 256, seq % 256],
      );
      found.push(body.length);
    }
    return found;
  }

  function record(seq: number, size: number): Uint8Array {
    return new Uint8Array(size).fill(seq);
  }

  it('takes much at once, and large records beside small ones', async () => {
    const { machine, journal } = await opened({ segmentBytes: 20_000_000 });
    const sizes = Array.from({ length: 60 }, (_, at) => [9, 300_000, 0, 70_000, 1_000_000][at % 5] as number);
    await Promise.all(sizes.map((size, at) => journal.append(record(at + 1, size))));
    await journal.append(record(61, 9_000_000));
    await journal.append(record(62, 10));
    expect(await lengths(journal, 1)).toEqual([...sizes, 9_000_000, 10]);
    machine.kill();
    const next = fileJournal(machine.mount());
    expect(await next.open('next')).toMatchObject({ first: 1, next: 63 });
    expect(await lengths(next, 58)).toEqual([...sizes.slice(57), 9_000_000, 10]);
  });

  it('puts what comes while it writes into one write and one sync', async () => {
    const { machine, journal } = await opened({ preallocateBytes: 0, writesPerMark: 1000 });
    machine.trace = [];
    await Promise.all(Array.from({ length: 500 }, (_, at) => journal.append(record(at + 1, 100))));
    expect(machine.trace.map((line) => line.replace(/^\d+ /, ''))).toEqual([
      `write ${first}`,
      `sync ${first}`,
    ]);
  });

  it('reads from near the record that is asked for, after a restart too if it was trimmed up to there', async () => {
    const { machine, journal } = await opened();
    for (let seq = 1; seq <= 100; seq++) await journal.append(record(seq, 100_000));
    const readsOf = async (some: Journal, from: number): Promise<number> => {
      machine.trace = [];
      expect(await lengths(some, from)).toHaveLength(101 - from);
      return machine.trace.filter((line) => line.includes('read')).length;
    };
    expect(await readsOf(journal, 1)).toBeGreaterThan(30);
    expect(await readsOf(journal, 98)).toBeLessThan(8);
    await journal.trim(95);
    machine.kill();
    const next = fileJournal(machine.mount());
    expect(await next.open('next')).toMatchObject({ first: 1, next: 101 });
    expect(await readsOf(next, 95)).toBeLessThan(12);
    expect(await readsOf(next, 1)).toBeGreaterThan(30);
  });

  it('fills ahead, and cuts off on closing what it has not used', async () => {
    const { machine, journal } = await opened({ preallocateBytes: 50_000 });
    for (let seq = 1; seq <= 40; seq++) await journal.append(record(seq, 1000));
    expect(machine.content(first).length).toBeGreaterThan(8192 + 50_000);
    await journal.close();
    expect(machine.content(first)).toHaveLength(8192 + 40 * 1032);
  });

  it('drops whole segments, lowest first, and never the one it writes to', async () => {
    const { machine, journal } = await opened({ segmentBytes: 8192 + 3100, preallocateBytes: 0 });
    for (let seq = 1; seq <= 12; seq++) await journal.append(record(seq, 1000));
    const segments = () =>
      machine.files().flatMap((name) => (name.startsWith('j') ? [Number(name.slice(-4))] : []));
    expect(segments()).toEqual([1, 2, 3, 4]);
    await journal.trim(3);
    expect(segments()).toEqual([1, 2, 3, 4]);
    await journal.trim(4);
    expect(segments()).toEqual([2, 3, 4]);
    machine.trace = [];
    await journal.trim(100);
    expect(segments()).toEqual([4]);
    const removed = machine.trace.filter((line) => line.includes('remove')).map((line) => line.at(-1));
    expect(removed).toEqual(['2', '3']);
  });

  it('does not let an owner that slept through much begin a segment under a number that is free again', async () => {
    const options = { segmentBytes: 8192 + 2100, preallocateBytes: 0 };
    const { machine, journal } = await opened(options);
    await journal.append(record(1, 1000));
    const newer = fileJournal(machine.mount(), options);
    await newer.open('newer');
    for (let seq = 2; seq <= 9; seq++) await newer.append(record(seq, 1000));
    await newer.trim(9);
    expect(machine.files()).not.toContain('journal.0000000000000002');
    await expect(journal.append(record(2, 2000))).rejects.toMatchObject({ code: 'journal/fenced' });
    expect(await lengths(newer, 9)).toEqual([1000]);
    expect(await newer.append(record(10, 5))).toBe(10);
  });

  it('can be trimmed while it begins a segment, and while there is no room to begin one', async () => {
    const options = { segmentBytes: 8192 + 1100, preallocateBytes: 0 };
    const { machine, journal } = await opened(options);
    for (let seq = 1; seq <= 30; seq++) {
      const append = journal.append(record(seq, 1000));
      for (let wait = seq; wait > 0; wait--) await soon;
      await journal.trim(seq - 2);
      expect(await append).toBe(seq);
    }
    machine.capacityBytes = 0;
    await expect(journal.append(record(31, 1000))).rejects.toMatchObject({ code: 'journal/full' });
    await journal.trim(31);
    machine.capacityBytes = Infinity;
    expect(await journal.append(record(31, 1000))).toBe(31);
    // Some file systems need room to write over what is there.
    machine.failAt({ operation: 'write', name: 'highwater', code: 'ENOSPC' });
    await expect(journal.trim(32)).rejects.toMatchObject({ code: 'journal/full' });
    await journal.trim(32);
    expect(await journal.append(record(32, 1000))).toBe(32);
  });

  // The simulation found it: what was sealed while the mark was written went along, and the mark said that it was there.
  it('opens again whenever segments were begun during a trim', async () => {
    const options = { segmentBytes: 8192 + 300, preallocateBytes: 0 };
    for (let seed = 1; seed <= 40; seed++) {
      const machine = new SimulatedDisk({ seed, slowness: 12 });
      const journal = fileJournal(machine.mount(), options);
      await journal.open('one');
      for (let seq = 1; seq <= 4; seq++) await journal.append(record(seq, 200));
      const appending = journal.append(record(5, 200));
      for (let wait = 3 * seed; wait > 0; wait--) await soon;
      const trimming = journal.trim(5);
      await appending;
      for (let seq = 6; seq <= 8; seq++) await journal.append(record(seq, 200));
      await trimming;
      machine.kill();
      const next = fileJournal(machine.mount(), options);
      const { first } = await next.open('two');
      for await (const { seq } of next.read(first)) expect(seq).toBeGreaterThanOrEqual(4);
    }
  });

  it('says of a reader whose records are dropped meanwhile that they were trimmed, or that it was fenced', async () => {
    const options = { segmentBytes: 8192 + 1100, preallocateBytes: 0 };
    const { machine, journal } = await opened(options);
    for (let seq = 1; seq <= 5; seq++) await journal.append(record(seq, 1000));
    const slow = journal.read(1)[Symbol.asyncIterator]();
    expect(await slow.next()).toMatchObject({ value: { seq: 1 } });
    await journal.trim(4);
    await expect(slow.next()).rejects.toMatchObject({ code: 'journal/trimmed' });
    const stale = journal.read(4)[Symbol.asyncIterator]();
    expect(await stale.next()).toMatchObject({ value: { seq: 4 } });
    const newer = fileJournal(machine.mount(), options);
    await newer.open('newer');
    await newer.append(record(6, 1000));
    await newer.trim(7);
    await expect(stale.next()).rejects.toMatchObject({ code: 'journal/fenced' });
  });

  it('finds a segment that is good in itself and belongs to another history', async () => {
    const histories = await Promise.all(
      [0, 1].map(async (history) => {
        const { machine, journal } = await opened({ segmentBytes: 8192 + 2200, preallocateBytes: 0 });
        for (let seq = 1; seq <= 5; seq++) await journal.append(new Uint8Array(1000).fill(history * seq));
        await journal.close();
        return machine;
      }),
    );
    const [one, other] = histories as [SimulatedDisk, SimulatedDisk];
    one.put(first, other.content(first));
    const next = fileJournal(one.mount());
    await next.open('next');
    await expect(lengths(next, 2)).rejects.toMatchObject({ code: 'journal/damaged' });
    one.put(first, undefined);
    await expect(lengths(next, 1)).rejects.toMatchObject({
      code: 'journal/damaged',
      what: 'the file with record 1 is missing',
    });
  });

  it('finds that what it carried over is bad, though nobody has appended since', async () => {
    const { machine, journal } = await opened({ preallocateBytes: 0, writesPerMark: 1000 });
    await journal.append(record(1, 100));
    machine.kill();
    const carrier = fileJournal(machine.mount(), { entropy: () => 6 });
    expect(await carrier.open('carrier')).toMatchObject({ first: 1, next: 2 });
    await carrier.close();
    machine.rot('journal.0000000000000002', 8192 + 50);
    await expect(fileJournal(machine.mount()).open('next')).rejects.toMatchObject({
      code: 'journal/damaged',
      what: 'record 1 at offset 8192 is missing or bad, and all up to 1 was acknowledged',
    });
  });
});
