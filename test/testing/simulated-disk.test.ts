import { describe, expect, it } from 'vitest';
import type { Disk, DiskFile } from '../../src/host.ts';
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts';

const quiet = { kernelPercent: 0, slowness: 0, sectorBytes: 4 };

async function created(disk: Disk, name: string, ...content: number[]): Promise<DiskFile> {
  const file = await disk.open(name, 'create');
  await file.write(0, Uint8Array.from(content));
  return file;
}

/** What a file holds after the power has failed, over many seeds. */
async function afterPowerLoss(act: (disk: Disk) => Promise<unknown>): Promise<Set<string>> {
  const found = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const machine = new SimulatedDisk({ ...quiet, seed });
    await act(machine.mount());
    machine.powerLoss();
    found.add(
      machine
        .files()
        .map((name) => `${name}=${machine.content(name).join('')}`)
        .join(' '),
    );
  }
  return found;
}

describe('a simulated disk', () => {
  it('keeps files as a disk does', async () => {
    const machine = new SimulatedDisk(quiet);
    const disk = machine.mount();
    const file = await created(disk, 'one', 1, 2, 3);
    await file.write(5, Uint8Array.of(6));
    expect(await file.size()).toBe(6);
    expect(await file.read(0, 10)).toEqual(Uint8Array.of(1, 2, 3, 0, 0, 6));
    expect(file.readSync(1, 2)).toEqual(Uint8Array.of(2, 3));
    await file.truncate(2);
    await file.truncate(4);
    expect(await file.read(0, 10)).toEqual(Uint8Array.of(1, 2, 0, 0));
    await expect(disk.open('one', 'create')).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(disk.open('two', 'read')).rejects.toMatchObject({ code: 'ENOENT' });
    const two = await created(disk, 'two', 9);
    await disk.rename('one', 'two');
    expect([file.linked(), two.linked(), disk.exists('one')]).toEqual([true, false, false]);
    expect(await disk.list()).toEqual(['two']);
    await disk.remove('two');
    expect([file.linked(), disk.exists('two')]).toEqual([false, false]);
    await file.close();
    await expect(file.size()).rejects.toMatchObject({ code: 'EBADF' });
  });

  it('keeps what was synced when the power fails, and its name if that was synced', async () => {
    const found = await afterPowerLoss(async (disk) => {
      const file = await created(disk, 'one', 1, 2, 3, 4, 5);
      await file.sync();
      await disk.syncNames();
      await created(disk, 'two', 1);
    });
    expect([...found].toSorted()).toContain('one=12345');
    for (const each of found) expect(each).toMatch(/^one=12345( two=.*)?$/);
  });

  it('loses what was not synced, in any part and each sector for itself', async () => {
    const found = await afterPowerLoss(async (disk) => {
      const file = await created(disk, 'one', 1, 1, 1, 1, 1, 1, 1, 1);
      await file.sync();
      await disk.syncNames();
      await file.write(0, Uint8Array.of(2, 2, 2, 2, 2, 2, 2, 2));
    });
    for (const each of ['11111111', '22222222', '11112222', '22221111', '22111111']) {
      expect(found).toContain(`one=${each}`);
    }
    expect([...found].some((each) => /[03-9]/.test(each))).toBe(true);
  });

  it('tears nothing that was not to change', async () => {
    const found = await afterPowerLoss(async (disk) => {
      const file = await created(disk, 'one', 1, 2);
      await file.sync();
      await disk.syncNames();
      await file.write(2, Uint8Array.of(3, 4));
    });
    for (const each of found) expect(each).toMatch(/^one=12/);
  });

  it('keeps everything but the processes when they are killed', async () => {
    const machine = new SimulatedDisk(quiet);
    const file = await created(machine.mount(), 'one', 1, 2);
    const pending = file.write(0, Uint8Array.of(9));
    machine.kill();
    await expect(pending).rejects.toMatchObject({ code: 'EGONE' });
    expect(() => file.linked()).toThrow('the process has ended');
    expect(() => file.readSync(0, 1)).toThrow('the process has ended');
    expect(machine.content('one')).toEqual(Uint8Array.of(1, 2));
  });

  it('believes after a failed sync that all was written', async () => {
    let lost = 0;
    for (let seed = 0; seed < 20; seed++) {
      const machine = new SimulatedDisk({ ...quiet, seed });
      const disk = machine.mount();
      const file = await created(disk, 'one', 1, 2, 3, 4);
      await disk.syncNames();
      machine.failAt({ operation: 'sync', code: 'EIO' });
      await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
      await file.sync();
      expect(await file.read(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 4));
      machine.powerLoss();
      if (machine.content('one').join('') !== '1234') lost++;
    }
    expect(lost).toBeGreaterThan(3);
    expect(lost).toBeLessThan(17);
  });

  it('forgets what it believes to be on the medium', async () => {
    let forgotten = false;
    for (let seed = 0; seed < 20 && !forgotten; seed++) {
      const machine = new SimulatedDisk({ ...quiet, kernelPercent: 100, seed });
      const file = await created(machine.mount(), 'one', 1, 2, 3, 4);
      machine.failAt({ operation: 'sync', code: 'EIO' });
      await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
      for (let read = 0; read < 10; read++) forgotten ||= (await file.read(0, 4)).join('') !== '1234';
    }
    expect(forgotten).toBe(true);
  });

  it('crashes at an operation, which is done, half done or not done', async () => {
    const found = new Map<string, Set<string>>();
    for (const done of ['not', 'half', 'whole'] as const) {
      const contents = new Set<string>();
      for (let seed = 0; seed < 30; seed++) {
        const machine = new SimulatedDisk({ ...quiet, seed });
        machine.crashAt({ at: 2, kind: 'process', done });
        await expect(created(machine.mount(), 'one', 1, 2, 3)).rejects.toMatchObject({ code: 'EGONE' });
        expect(machine.crashed).toBe(true);
        contents.add(machine.content('one').join(''));
      }
      found.set(done, contents);
    }
    expect(Object.fromEntries(found)).toEqual({
      not: new Set(['']),
      whole: new Set(['123']),
      half: new Set(['', '1', '12', '123']),
    });
  });

  it('has so much room, and writes what there is room for', async () => {
    const machine = new SimulatedDisk(quiet);
    const disk = machine.mount();
    machine.capacityBytes = 5;
    const file = await created(disk, 'one', 1, 2, 3);
    await expect(created(disk, 'two', 4, 5, 6)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(machine.content('two')).toEqual(Uint8Array.of(4, 5));
    await file.write(0, Uint8Array.of(7, 7, 7));
    await disk.remove('two');
    await file.write(3, Uint8Array.of(7, 7));
    await expect(file.write(5, Uint8Array.of(7))).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  it('damages what a test wants damaged, for good', async () => {
    const machine = new SimulatedDisk(quiet);
    const disk = machine.mount();
    const file = await created(disk, 'one', 1, 2, 3, 4);
    await file.sync();
    await disk.syncNames();
    machine.rot('one', 0, 0xff);
    machine.zero('one', 2, 3);
    expect(await file.read(0, 4)).toEqual(Uint8Array.of(254, 2, 0, 4));
    machine.powerLoss();
    expect(machine.content('one')).toEqual(Uint8Array.of(254, 2, 0, 4));
    machine.put('two', Uint8Array.of(5));
    machine.put('one', undefined);
    machine.powerLoss();
    expect(machine.files()).toEqual(['two']);
    expect(() => machine.content('one')).toThrow('ENOENT');
  });

  it('does the same for the same seed', async () => {
    const run = async (seed: number): Promise<string[]> => {
      const machine = new SimulatedDisk({ seed, stallPercent: 10 });
      machine.trace = [];
      const disk = machine.mount();
      const worker = async (name: string): Promise<void> => {
        const file = await created(disk, name, 1, 2, 3);
        for (let n = 0; n < 5; n++) await file.write(n, Uint8Array.of(n));
      };
      await Promise.all(['one', 'two', 'three'].map(worker));
      machine.powerLoss();
      return [...machine.trace, ...machine.files().map((name) => machine.content(name).join())];
    };
    expect(await run(5)).toEqual(await run(5));
    expect(await run(5)).not.toEqual(await run(6));
  });
});
