import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryStore, type LastWords } from 'portico/dataflow';
import { fileStore } from 'portico/node';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-words-'));
  folders.push(folder);
  return join(folder, 'store');
}

const places = {
  memory: () => memoryStore(),
  'a folder': () => fileStore(newFolder()),
};

describe.each(Object.entries(places))('last words in %s', (_, place) => {
  const opened = (): (() => Promise<LastWords>) => {
    const store = place();
    return async () => (await store.parts()).lastWords as LastWords;
  };

  it('are heard by the next run, however long those before them were', async () => {
    const words = opened();
    const first = await words();
    expect(await first.open(1)).toBeUndefined();
    first.say('something long');
    first.say('what is left: ä');
    first.close();
    const second = await words();
    expect(await second.open(2)).toBe('what is left: ä');
    second.say('b');
    expect(await (await words()).open(7)).toBe('b');
  });

  it('are empty if nothing was said', async () => {
    const words = opened();
    await (await words()).open(1);
    expect(await (await words()).open(2)).toBe('');
  });

  it('of one that was taken over are not heard any more', async () => {
    const words = opened();
    const old = await words();
    await old.open(1);
    old.say('old');
    const newer = await words();
    expect(await newer.open(2)).toBe('old');
    newer.say('new');
    old.say('older');
    old.close();
    old.say('oldest');
    expect(await (await words()).open(3)).toBe('new');
  });
});

describe('last words in a folder', () => {
  it('are for the owner of the folder only, and take one file', async () => {
    const folder = newFolder();
    for (const run of [1, 2, 3]) {
      const { lastWords } = await fileStore(folder).parts();
      await lastWords?.open(run);
    }
    const files = readdirSync(folder).filter((name) => name.startsWith('last-words'));
    expect(files).toEqual(['last-words-3']);
    expect(statSync(join(folder, 'last-words-3')).mode & 0o777).toBe(0o600);
  });

  it('make no sense, and do no harm, where a loss of power has cut them', async () => {
    const folder = newFolder();
    const { lastWords } = await fileStore(folder).parts();
    await lastWords?.open(1);
    writeFileSync(join(folder, 'last-words-1'), Uint8Array.of(200, 0));
    expect(await (await fileStore(folder).parts()).lastWords?.open(2)).toBe('');
    writeFileSync(join(folder, 'last-words-2'), Uint8Array.of(200, 0, 0, 0, 65));
    expect(await (await fileStore(folder).parts()).lastWords?.open(3)).toBe('A');
  });
});
