// What a journal says when it cannot go on. What it does then is tested in test/journal.
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/journal/crc32.ts';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts';
import { expectSaid, rejected } from './said.ts';

const first = '/simulated/journal.0000000000000001';
const options = { segmentBytes: 8300, preallocateBytes: 0, maxRecordBytes: 100 };

async function opened(records = 0) {
  const machine = new SimulatedDisk();
  const journal = fileJournal(machine.mount(), options);
  await journal.open('this one');
  for (let record = 0; record < records; record++) await journal.append(new Uint8Array(40));
  return { machine, journal, next: () => fileJournal(machine.mount(), options) };
}

async function readAll(journal: ReturnType<typeof fileJournal>): Promise<void> {
  for await (const { seq } of journal.read(1)) expect(seq).toBeGreaterThan(0);
}

describe('a journal', () => {
  it('names the newer owner', async () => {
    const { journal, next } = await opened();
    await next().open('the other one');
    expectSaid(await rejected(journal.append(new Uint8Array(1))), {
      code: 'journal/fenced',
      where: '/simulated',
      what: '“the other one” (epoch 2) has taken the journal over',
      cure: 'Stop this owner',
    });
  });

  it('says so if its files are gone', async () => {
    const { machine, journal } = await opened();
    for (const name of machine.files()) machine.put(name, undefined);
    expectSaid(await rejected(journal.append(new Uint8Array(1))), {
      code: 'journal/fenced',
      where: '/simulated',
      what: 'somebody else has taken the journal over',
      cure: 'Stop this owner',
    });
  });

  it('names the record, the file and the offset of damage', async () => {
    const { machine, journal, next } = await opened(2);
    await journal.close();
    machine.rot('journal.0000000000000001', 8192 + 40);
    const damaged = next();
    await damaged.open('next');
    expectSaid(await rejected(readAll(damaged)), {
      code: 'journal/damaged',
      where: first,
      what: 'record 1 at offset 8192 is missing or bad',
      cure: 'Put the last good copy of this folder back',
    });
  });

  it('passes on what the disk said', async () => {
    const { machine, journal } = await opened();
    machine.failAt({ operation: 'sync', code: 'EIO' });
    const error = await rejected(journal.append(new Uint8Array(1)));
    expectSaid(error, {
      code: 'journal/failed',
      where: first,
      what: 'the disk failed: EIO',
      cure: 'Mend the disk',
    });
    expect(error.cause).toMatchObject({ code: 'EIO' });
  });

  it('says that there is no room', async () => {
    const { machine, journal } = await opened();
    machine.capacityBytes = 0;
    expectSaid(await rejected(journal.append(new Uint8Array(1))), {
      code: 'journal/full',
      where: first,
      what: 'there is no room for more records',
      cure: 'Make room',
    });
  });

  it('is not used after its end', async () => {
    const { journal } = await opened();
    await journal.close();
    expectSaid(await rejected(journal.append(new Uint8Array(1))), {
      code: 'journal/closed',
      where: '/simulated',
      what: 'the journal has been closed',
      cure: 'Open a journal once',
    });
  });

  it('says how large a record may be', async () => {
    const { journal } = await opened();
    expectSaid(await rejected(journal.append(new Uint8Array(101))), {
      code: 'journal/too-large',
      where: '/simulated',
      what: 'a record of 101 bytes is more than the 100',
      cure: 'Split it',
    });
  });

  it('says which records there are', async () => {
    const { journal } = await opened(4);
    await journal.trim(3);
    expectSaid(await rejected(readAll(journal)), {
      code: 'journal/trimmed',
      where: '/simulated',
      what: 'record 1 was dropped; the oldest that is kept is 3',
      cure: 'Begin with the oldest',
    });
  });

  it('does not guess at the format of another version', async () => {
    const { machine, journal, next } = await opened(1);
    await journal.close();
    const content = machine.content('journal.0000000000000001');
    const header = new DataView(content.buffer, 4096, 88);
    header.setUint32(8, 2, true);
    header.setUint32(0, crc32(content.subarray(4100, 4096 + 88)), true);
    machine.put('journal.0000000000000001', content);
    expectSaid(await rejected(next().open('next')), {
      code: 'journal/format',
      where: first,
      what: 'its format is 2, and this version of Portico knows format 1',
      cure: 'Run the version of Portico that wrote it',
    });
  });
});
