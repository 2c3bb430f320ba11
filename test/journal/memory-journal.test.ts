import { describe, expect, it } from 'vitest';
import { memoryJournal, memoryMedium } from '../../src/journal/memory-journal.ts';
import { journalContract } from '../../src/testing/contracts/journal.ts';

describe('a memory journal', () => {
  const place = () => {
    const medium = memoryMedium();
    return {
      maxRecordBytes: 10_000,
      journal: () => memoryJournal(medium, { maxRecordBytes: 10_000 }),
      crash: () => Promise.resolve(),
      room: async (bytes?: number) => {
        const used = medium.records.reduce((sum, { body }) => sum + body.length, 0);
        medium.capacityBytes = bytes === undefined ? Infinity : used + bytes;
      },
    };
  };

  const cases = journalContract(place);
  it.each(cases.map((each) => [each.name, each] as const))('%s', (_, { run }) => run());

  it('has a medium of its own if none is given', async () => {
    const journal = memoryJournal();
    await journal.open('a');
    expect(await journal.append(new Uint8Array(3))).toBe(1);
  });
});
