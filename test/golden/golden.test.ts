// What any version of Portico has written is read, and gone on with.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Codec } from '../../src/codec.ts';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { segmentName, sealed } from '../../src/journal/segment.ts';
import { nodeDisk } from '../../src/node/disk.ts';
import { caught, rejected } from '../errors/said.ts';
import { formats } from './formats.ts';
import { parts } from './parts.ts';
import { stores } from './stores.ts';

const sets = fileURLToPath(new URL('sets', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'portico-golden-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** A copy, for whoever opens a store writes to it. */
function copyOf(set: string, part: string): string {
  const copy = mkdtempSync(join(root, 'x-'));
  cpSync(join(sets, set, part), copy, { recursive: true });
  return copy;
}

const text = (set: string, name: string): string =>
  readFileSync(join(sets, set, `${name}.txt`), 'utf8').trimEnd();
const all = { ...parts, ...stores };

describe.each(readdirSync(sets))('what version %s has written', (set) => {
  const there = Object.keys(all).filter((part) => existsSync(join(sets, set, part)));

  it.each(there)('is what it was, and is gone on with: %s', async (part) => {
    expect(await all[part]?.read(copyOf(set, part))).toBe(text(set, part));
  });

  it('is read whole: each part has a reader', () => {
    const folders = readdirSync(join(sets, set), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(folders.map(({ name }) => name).sort()).toEqual(there.sort());
    expect(there.length).toBeGreaterThan(0);
  });
});

describe('today', () => {
  it('nothing is written in a format of which there is no golden file: else add a set, with npm run golden', async () => {
    const known = new Set(readdirSync(sets).flatMap((set) => text(set, 'formats').split('\n')));
    const written = await formats();
    expect(written.filter((format) => !known.has(format))).toEqual([]);
    expect(written.length).toBeGreaterThan(20);
  });

  it('a value that a newer version has written is refused by name', () => {
    const bytes = new Uint8Array(readFileSync(join(sets, '0.1.0/codec/scalars.bin')));
    bytes[0] = 2;
    expect(caught(() => new Codec().decode(bytes))).toMatchObject({
      code: 'codec/version',
      what: expect.stringContaining('their format is 2, and this one knows 1') as string,
    });
  });

  it('a journal that a newer version has written is refused by name, and left as it is', async () => {
    const folder = copyOf('0.1.0', 'journal');
    const newest =
      readdirSync(folder)
        .filter((name) => name.startsWith('journal.'))
        .sort()
        .at(-1) ?? segmentName(0);
    const bytes = new Uint8Array(readFileSync(join(folder, newest)));
    const header = bytes.subarray(4096, 4096 + 88);
    header[8] = 2;
    sealed(header);
    writeFileSync(join(folder, newest), bytes);
    const before = readdirSync(folder).map((name) => [
      name,
      readFileSync(join(folder, name)).toString('hex'),
    ]);
    expect(await rejected(fileJournal(nodeDisk(folder)).open('reader'))).toMatchObject({
      code: 'journal/format',
      where: join(folder, newest),
      what: 'its format is 2, and this version of Portico knows format 1',
    });
    // Whoever tried has left its claim, and nothing else.
    const after = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString('hex')]);
    expect(after).toEqual(expect.arrayContaining(before));
  });
});
