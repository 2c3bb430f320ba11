// Builds of the product itself take turns on one store: the one of today and a newer one, which writes a newer format and reads
// both. Those of older revisions take turns with `npm run upgrade`.
import { describe, expect, it } from 'vitest';
import { changed, today, type Build } from './builds.ts';
import { takeTurns } from './turns.ts';

/** As a version of Portico could be that has a new format for values. */
const newerCodec = (): Build =>
  changed('a newer codec', [
    ['src/bytes/format.ts', 'export const FORMAT = 1;', 'export const FORMAT = 2;'],
    [
      'src/bytes/reader.ts',
      'if (version !== FORMAT) throw',
      'if (version !== FORMAT && version !== 1) throw',
    ],
  ]);

/** Or one for the segments of journals. */
const newerJournal = (): Build =>
  changed('a newer journal', [
    ['src/journal/segment.ts', 'const formatVersion = 1;', 'const formatVersion = 2;'],
    [
      'src/journal/segment.ts',
      'if (version !== formatVersion) return',
      'if (version !== 1 && version !== 2) return',
    ],
  ]);

describe('the version of today', () => {
  it.each([
    ['values', newerCodec, 'level', /^codec\/version .*their format is 2, and this one knows 1/],
    [
      'its journal',
      newerJournal,
      'memory',
      /^journal\/format its format is 2, and this version of Portico knows format 1/,
    ],
  ] as const)(
    'is gone on with by a newer one, refuses by name what that has written in a new format for %s, and harms nothing',
    { timeout: 120_000 },
    async (_, build, state, refused) => {
      const newer = build();
      try {
        const now = today();
        const { turns, wrong } = await takeTurns({ order: [now, newer, now, newer], state, seed: 3 });
        expect(wrong).toEqual([]);
        expect(turns.map(({ build: name }) => name)).toEqual(['today', newer.name, 'today', newer.name]);
        expect(turns[2]?.refused).toMatch(refused);
        expect(turns.filter((turn) => turn.refused !== undefined)).toHaveLength(1);
        expect(turns.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBeGreaterThan(0);
      } finally {
        newer.remove();
      }
    },
  );
});
