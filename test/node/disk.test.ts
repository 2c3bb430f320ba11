import { linkSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { diskCode } from '../../src/host.ts';
import { nodeDisk } from '../../src/node/disk.ts';

const root = mkdtempSync(join(tmpdir(), 'portico-disk-'));
let folders = 0;

function newDisk() {
  return nodeDisk(join(root, `${folders++}`));
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => 'no error',
    (error: unknown) => diskCode(error),
  );
}

const bytes = (...values: number[]) => Uint8Array.from(values);

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('a disk on Node', () => {
  it('makes its folder, for its owner only, and leaves one that is there as it is', async () => {
    const path = join(root, 'a', 'b', 'c');
    const disk = nodeDisk(path);
    expect(disk.path).toBe(path);
    for (const each of [path, join(root, 'a')]) expect(statSync(each).mode & 0o777).toBe(0o700);
    await disk.syncNames();
    await disk.syncNames();
    await (await disk.open('one', 'create')).close();
    expect(statSync(join(path, 'one')).mode & 0o777).toBe(0o600);
    expect(await nodeDisk(path).list()).toEqual(['one']);
  });

  it('gives back what was written, and no more than there is', async () => {
    const disk = newDisk();
    const file = await disk.open('one', 'create');
    await file.write(0, bytes(1, 2, 3));
    await file.write(6, bytes(7, 8));
    await file.sync();
    expect(await file.size()).toBe(8);
    expect(await file.read(0, 100)).toEqual(bytes(1, 2, 3, 0, 0, 0, 7, 8));
    expect(await file.read(1, 2)).toEqual(bytes(2, 3));
    expect(await file.read(8, 5)).toEqual(bytes());
    expect(file.readSync(6, 100)).toEqual(bytes(7, 8));
    expect(file.readSync(1, 2)).toEqual(bytes(2, 3));
    await file.truncate(2);
    expect(await file.read(0, 100)).toEqual(bytes(1, 2));
    await file.close();
    const again = await disk.open('one', 'write');
    await again.write(1, bytes(9));
    expect(await again.read(0, 9)).toEqual(bytes(1, 9));
    await again.close();
  });

  it('writes a part of a larger array, and a large one whole', async () => {
    const file = await newDisk().open('one', 'create');
    const large = Uint8Array.from({ length: 3_000_000 }, (_, at) => at % 251);
    await file.write(5, large.subarray(10, 2_900_000));
    const read = await file.read(5, 3_000_000);
    expect(Buffer.compare(read, large.subarray(10, 2_900_000))).toBe(0);
    await file.close();
  });

  it('creates what is not there, and nothing else', async () => {
    const disk = newDisk();
    const file = await disk.open('one', 'create');
    expect(await codeOf(disk.open('one', 'create'))).toBe('EEXIST');
    expect(await codeOf(disk.open('two', 'read'))).toBe('ENOENT');
    expect(await codeOf(disk.open('two', 'write'))).toBe('ENOENT');
    expect(await codeOf(disk.remove('two'))).toBe('ENOENT');
    expect([disk.exists('one'), disk.exists('two')]).toEqual([true, false]);
    await file.close();
  });

  it('renames over what has that name, and says which files still have one', async () => {
    const disk = newDisk();
    const [one, two] = [await disk.open('one', 'create'), await disk.open('two', 'create')];
    await one.write(0, bytes(1));
    expect([one.linked(), two.linked()]).toEqual([true, true]);
    await disk.rename('one', 'two');
    expect([one.linked(), two.linked()]).toEqual([true, false]);
    expect(await disk.list()).toEqual(['two']);
    expect(await one.read(0, 9)).toEqual(bytes(1));
    await disk.remove('two');
    expect(one.linked()).toBe(false);
    expect(disk.exists('two')).toBe(false);
    await Promise.all([one.close(), two.close()]);
  });

  it('follows no link', async () => {
    const disk = newDisk();
    const outside = join(root, 'outside');
    writeFileSync(outside, 'mine');
    symlinkSync(outside, join(disk.path, 'link'));
    symlinkSync(join(root, 'nowhere'), join(disk.path, 'dangling'));
    expect(await codeOf(disk.open('link', 'read'))).toBe('ELOOP');
    expect(await codeOf(disk.open('link', 'write'))).toBe('ELOOP');
    expect(await codeOf(disk.open('dangling', 'create'))).toBe('EEXIST');
    expect(disk.exists('dangling')).toBe(true);
  });

  it('takes only names of ours', async () => {
    const disk = newDisk();
    for (const name of ['..', '../x', '/etc/passwd', 'a/b', '.hidden', '', 'A', 'a\0b', 'ä']) {
      expect(() => disk.exists(name)).toThrow('a file has one of our names');
      expect(await codeOf(disk.open(name, 'create'))).toBe('invariant/violated');
    }
    expect(readdirSync(disk.path)).toEqual([]);
  });

  it('passes on what the system says', async () => {
    const disk = newDisk();
    const file = await disk.open('one', 'create');
    await file.close();
    const after = [file.size(), file.read(0, 1), file.write(0, bytes(1)), file.truncate(0), file.sync()];
    for (const each of [...after, file.close()]) expect(await codeOf(each)).toBe('EBADF');
    for (const call of [() => file.linked(), () => file.readSync(0, 1)]) expect(call).toThrow('EBADF');
    rmSync(disk.path, { recursive: true });
    expect(await codeOf(disk.list())).toBe('ENOENT');
    expect(await codeOf(disk.syncNames())).toBe('ENOENT');
  });

  it('closes a file when all that is under way has ended', async () => {
    const disk = newDisk();
    const file = await disk.open('one', 'create');
    const large = new Uint8Array(5_000_000).fill(3);
    const written = Promise.all([file.write(0, large), file.sync()]);
    await file.close();
    await written;
    // This one has the same number, as the system counts.
    const other = await disk.open('two', 'create');
    expect(await other.size()).toBe(0);
    expect(statSync(join(disk.path, 'one')).size).toBe(5_000_000);
    await other.close();
  });

  it('reads nothing where nothing is asked for', async () => {
    const file = await newDisk().open('one', 'create');
    await file.write(0, bytes());
    expect(await file.read(0, 0)).toEqual(bytes());
    await file.close();
  });

  it('takes a second name for a name', async () => {
    const disk = newDisk();
    const file = await disk.open('one', 'create');
    linkSync(join(disk.path, 'one'), join(disk.path, 'other'));
    await disk.remove('one');
    expect(file.linked()).toBe(true);
    await file.close();
  });
});
