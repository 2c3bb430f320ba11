import { test as property, fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { isPorticoError, printed } from '../../src/errors.ts';
import type { Disk } from '../../src/host.ts';
import { checksum } from '../../src/state/checksum.ts';
import { snapshotState, type SnapshotOptions } from '../../src/state/snapshot-state.ts';
import type { Row, State } from '../../src/state/state.ts';
import { stateContract } from '../../src/testing/contracts/state.ts';
import { SimulatedDisk, type PlannedCrash } from '../../src/testing/simulated-disk.ts';
import { rejected } from '../errors/said.ts';

const early: SnapshotOptions = { deltaBytes: 0, deltas: 2 };

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const row = (key: string, value?: string): Row => ({
  table: 'cells',
  key,
  value: value === undefined ? undefined : bytes(value),
});

/** All rows, as text. */
async function shown(state: State): Promise<string[]> {
  const found: string[] = [];
  for (const table of await state.tables()) {
    for await (const [key, value] of state.scan(table)) found.push(`${key}=${String.fromCharCode(...value)}`);
  }
  return found;
}

async function opened(disk: Disk, options?: SnapshotOptions): Promise<State> {
  const state = snapshotState(disk, options);
  await state.open();
  return state;
}

/** The code of what went wrong. */
function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => (isPorticoError(error) ? error.code : printed(error)),
  );
}

/** A state with a full file and some deltas. */
async function written(machine: SimulatedDisk): Promise<string[]> {
  const state = await opened(machine.mount());
  await state.apply([row('a', 'one'), row('b', 'two'), row('c', 'x'.repeat(2_000))], 1);
  await state.checkpoint();
  await state.apply([row('a', 'three')], 2);
  await state.checkpoint();
  await state.apply([row('b'), { table: 'other', key: '\uD83C', value: bytes('four') }], 3);
  await state.checkpoint();
  await state.close();
  return machine.files().filter((name) => !name.endsWith('.opened'));
}

describe('a snapshot state', () => {
  const place =
    (how: 'kill' | 'powerLoss', options?: SnapshotOptions) =>
    (seed = 1) => {
      const machine = new SimulatedDisk({ seed });
      return {
        state: () => snapshotState(machine.mount(), options),
        crash: () => Promise.resolve(machine[how]()),
      };
    };

  describe('over power failures', () => {
    it.each(stateContract(place('powerLoss')).map((each) => [each.name, each] as const))('%s', (_, { run }) =>
      run(),
    );
  });

  describe('that merges early, and is killed', () => {
    it.each(stateContract(place('kill', early)).map((each) => [each.name, each] as const))(
      '%s',
      (_, { run }) => run(),
    );
  });

  describe('at a checkpoint', () => {
    it('writes what changed, and not what did not', async () => {
      const machine = new SimulatedDisk();
      const state = await opened(machine.mount());
      await state.apply(
        Array.from({ length: 2_000 }, (_, i) => row(`${i}`, 'a state of some length')),
        1,
      );
      await state.checkpoint();
      await state.apply([row('7', 'changed'), row('8')], 2);
      await state.checkpoint();
      const sizes = Object.fromEntries(machine.files().map((name) => [name, machine.content(name).length]));
      expect(sizes).toMatchObject({ '0000000000000001-00000001.full': expect.any(Number) as number });
      expect(sizes['0000000000000001-00000001.full']).toBeGreaterThan(60_000);
      expect(sizes['0000000000000002-00000001.delta']).toBeLessThan(300);
    });

    it('writes nothing when nothing was applied', async () => {
      const machine = new SimulatedDisk();
      await written(machine);
      const state = await opened(machine.mount());
      const before = machine.operations;
      expect(await state.checkpoint()).toBe(3);
      expect(machine.operations).toBe(before);
    });

    it('keeps few files, and no more bytes than the rows are worth', async () => {
      const machine = new SimulatedDisk({ kernelPercent: 0 });
      const state = await opened(machine.mount(), { deltaBytes: 4_000, deltas: 5 });
      for (let position = 1; position <= 300; position++) {
        await state.apply([row(`${position % 50}`, `state ${position}`.padEnd(100, '.'))], position);
        await state.checkpoint();
        expect(machine.files().length).toBeLessThanOrEqual(7);
      }
      const total = machine.files().reduce((sum, name) => sum + machine.content(name).length, 0);
      expect(total).toBeLessThan(20_000);
    });
  });

  describe('that crashes', () => {
    /** Applies and checkpoints; what was durable for sure, and what was applied, at any moment. */
    async function run(disk: Disk, told: { durable: number; applied: number }): Promise<void> {
      const state = snapshotState(disk, early);
      told.applied = told.durable = Math.max(told.durable, await state.open());
      for (let position = told.applied + 1; position <= 8; position++) {
        told.applied = position;
        await state.apply(
          [row(`${position}`, 'new'), row(`${position - 2}`), row('same', `${position}`)],
          position,
        );
        if (position % 2 === 1) continue;
        await state.checkpoint();
        told.durable = position;
      }
      await state.close();
    }

    /** What there must be at a position. */
    const expected = (position: number): string[] =>
      position === 0
        ? []
        : [`${position - 1}=new`, `${position}=new`, `same=${position}`]
            .filter((each) => each !== '0=new')
            .sort();

    async function isRight(
      machine: SimulatedDisk,
      told: { durable: number; applied: number },
    ): Promise<void> {
      const state = snapshotState(machine.mount(), early);
      const position = await state.open();
      expect(position).toBeGreaterThanOrEqual(told.durable);
      expect(position).toBeLessThanOrEqual(told.applied);
      expect(await shown(state)).toEqual(expected(position));
      await state.close();
    }

    async function operations(): Promise<number> {
      const machine = new SimulatedDisk();
      await run(machine.mount(), { durable: 0, applied: 0 });
      return machine.operations;
    }

    it.each(['process', 'power'] as const)(
      'at any operation (%s) is as it was after one of its applies',
      async (kind) => {
        const count = await operations();
        expect(count).toBeGreaterThan(30);
        for (let at = 1; at <= count; at++) {
          for (const done of ['not', 'half', 'whole'] as const) {
            const machine = new SimulatedDisk({ seed: at });
            const told = { durable: 0, applied: 0 };
            machine.crashAt({ at, kind, done });
            expect(await failureOf(run(machine.mount(), told))).toBe('state/failed');
            expect(machine.crashed).toBe(true);
            machine.heal();
            await isRight(machine, told);
          }
        }
      },
    );

    const crash = fc.record({
      at: fc.integer({ min: 1, max: 60 }),
      kind: fc.constantFrom<PlannedCrash['kind'][]>('process', 'power'),
      done: fc.constantFrom<PlannedCrash['done'][]>('not', 'half', 'whole'),
    });

    property.prop([fc.integer(), fc.array(crash, { minLength: 1, maxLength: 5 })], { numRuns: 150 })(
      'again and again is as it was after one of its applies',
      async (seed, crashes) => {
        const machine = new SimulatedDisk({ seed });
        const told = { durable: 0, applied: 0 };
        for (const planned of crashes) {
          machine.crashAt({ ...planned, at: machine.operations + planned.at });
          expect(['none', 'state/failed']).toContain(await failureOf(run(machine.mount(), told)));
          machine.heal();
        }
        machine.powerLoss();
        await isRight(machine, told);
      },
    );
  });

  describe('that somebody else opens too', () => {
    it('does not take anything from the newer one', async () => {
      const machine = new SimulatedDisk();
      const older = await opened(machine.mount(), early);
      await older.apply([row('a', 'one')], 1);
      await older.checkpoint();
      const newer = await opened(machine.mount(), early);
      await older.apply([row('a', 'two')], 2);
      expect(await rejected(older.checkpoint())).toMatchObject({
        code: 'state/failed',
        what: expect.stringContaining('somebody else') as string,
      });
      expect(await rejected(older.apply([], 3))).toMatchObject({ code: 'state/failed' });
      await newer.apply([row('a', 'two'), row('b', 'three')], 3);
      await newer.checkpoint();
      await newer.close();
      const next = await opened(machine.mount());
      expect(await shown(next)).toEqual(['a=two', 'b=three']);
    });

    // The simulation found it: it said that the state was damaged.
    it('says so, too, to one that stood still while it was opened', async () => {
      const machine = new SimulatedDisk();
      const disk = machine.mount();
      const gate = { open: (): void => undefined };
      const shut = new Promise<void>((resolve) => (gate.open = resolve));
      const lists = { count: 0 };
      const late = snapshotState({
        path: disk.path,
        open: (name, mode) => disk.open(name, mode),
        exists: (name) => disk.exists(name),
        rename: (from, to) => disk.rename(from, to),
        remove: (name) => disk.remove(name),
        syncNames: () => disk.syncNames(),
        // It has its mark, and stands still before it looks what there is.
        list: async () => {
          if (++lists.count === 2) await shut;
          return disk.list();
        },
      });
      const opening = rejected(late.open());
      while (lists.count < 2) await new Promise((resolve) => setImmediate(resolve));
      const newer = await opened(machine.mount());
      await newer.apply([row('a', 'one')], 1);
      await newer.checkpoint();
      gate.open();
      expect(await opening).toMatchObject({
        code: 'state/failed',
        what: expect.stringContaining('somebody else') as string,
      });
      await newer.apply([row('a', 'two')], 2);
      await newer.checkpoint();
      expect(await shown(await opened(machine.mount()))).toEqual(['a=two']);
    });

    it('does not look at what the older one leaves behind, however far that is', async () => {
      const machine = new SimulatedDisk();
      const older = await opened(machine.mount());
      await older.apply([row('a', 'one')], 1);
      await older.checkpoint();
      const newer = await opened(machine.mount(), { deltaBytes: 0, deltas: 0 });
      await newer.apply([row('a', 'two')], 2);
      await newer.checkpoint();
      await older.apply([row('a', 'nine')], 9);
      expect(await failureOf(older.checkpoint())).toBe('state/failed');
      expect(machine.files()).toContain('0000000000000009-00000001.delta');
      const next = snapshotState(machine.mount());
      expect(await next.open()).toBe(2);
      expect(await shown(next)).toEqual(['a=two']);
      expect(machine.files()).toEqual(['00000003.opened', '0000000000000002-00000002.full'].sort());
    });

    property.prop([fc.integer(), fc.array(fc.nat(2), { minLength: 10, maxLength: 60 })], { numRuns: 100 })(
      'never lets the newest one lose a checkpoint',
      async (seed, moves) => {
        const machine = new SimulatedDisk({ seed, slowness: 6 });
        const owners: { state: State; position: number; busy: Promise<void> }[] = [];
        const failed: unknown[] = [];
        let newest: State | undefined;
        let durable = 0;
        const carriedOn = async (state: State, position: number): Promise<void> => {
          try {
            await state.apply([row('a', `${position}`)], position);
            durable = Math.max(durable, await state.checkpoint());
          } catch (error) {
            if (state === newest || !isPorticoError(error) || error.code !== 'state/failed')
              failed.push(error);
          }
        };
        for (const move of moves) {
          const owner = owners[move === 1 ? owners.length - 1 : Math.floor(owners.length / 2)];
          if (move === 2 || owner === undefined) {
            const state = snapshotState(machine.mount(), early);
            newest = state;
            const position = await state.open();
            expect(position).toBeGreaterThanOrEqual(durable);
            expect(await shown(state)).toEqual(position === 0 ? [] : [`a=${position}`]);
            owners.push({ state, position, busy: Promise.resolve() });
          } else {
            // Each carries on with the same history: what a fenced owner applies has been committed.
            const position = ++owner.position;
            owner.busy = carriedOn(owner.state, position);
            if (seed % 2 === 0) await owner.busy;
          }
        }
        await Promise.all(owners.map(({ busy }) => busy));
        const last = snapshotState(machine.mount(), early);
        expect(await last.open()).toBeGreaterThanOrEqual(durable);
        expect(failed).toEqual([]);
      },
    );
  });

  describe('that is damaged', () => {
    /** Opens it, and expects that this names a file. */
    async function isFound(machine: SimulatedDisk, name: string, what: RegExp): Promise<void> {
      const error = await rejected(snapshotState(machine.mount()).open());
      expect(error).toMatchObject({ code: 'state/damaged', what: expect.stringMatching(what) as string });
      expect(error.where).toContain(name);
    }

    it('finds a bit that has flipped, wherever it is', async () => {
      const files = await written(new SimulatedDisk());
      for (const name of files) {
        const length = await sizeOf(name);
        for (let at = 0; at < length; at += 1 + Math.floor(length / 300)) {
          const machine = new SimulatedDisk();
          await written(machine);
          machine.rot(name, at, 1 << (at % 8));
          await isFound(machine, name, /./);
        }
      }
    });

    async function sizeOf(name: string): Promise<number> {
      const machine = new SimulatedDisk();
      await written(machine);
      return machine.content(name).length;
    }

    it('finds a bit that has flipped in the mark of its last owner', async () => {
      for (let at = 0; at < 32; at++) {
        const machine = new SimulatedDisk();
        await written(machine);
        machine.rot('00000001.opened', at);
        await isFound(machine, '/simulated', /no mark of who wrote them/);
      }
    });

    it('finds a file that has been cut off, or has grown', async () => {
      const [name = ''] = await written(new SimulatedDisk());
      const length = await sizeOf(name);
      for (const kept of [0, 1, 31, 32, 33, 100, length - 33, length - 32, length - 1]) {
        const machine = new SimulatedDisk();
        await written(machine);
        machine.put(name, machine.content(name).slice(0, kept));
        await isFound(machine, name, /cut off/);
      }
      const machine = new SimulatedDisk();
      await written(machine);
      machine.put(name, Uint8Array.of(...machine.content(name), 0));
      await isFound(machine, name, /behind its end/);
    });

    it('finds zeros where a sector was', async () => {
      const machine = new SimulatedDisk();
      const [name = ''] = await written(machine);
      machine.zero(name, 512, 1024);
      await isFound(machine, name, /block 1, at byte \d+: the bytes of the block/);
    });

    it('misses a file that is missing', async () => {
      const names = await written(new SimulatedDisk());
      expect(names).toHaveLength(3);
      for (const [i, name] of names.slice(0, 2).entries()) {
        const machine = new SimulatedDisk();
        await written(machine);
        machine.put(name, undefined);
        await isFound(machine, names[i + 1] ?? '', new RegExp(`${name.replace(/\..*/, '')}, is missing`));
      }
    });

    it('says where it is, if the newest file is missing: then it is for the journal to say whether that is too old', async () => {
      const machine = new SimulatedDisk();
      const names = await written(machine);
      machine.put(names[2] ?? '', undefined);
      expect(await snapshotState(machine.mount()).open()).toBe(2);
    });

    it('finds a file in the place of another', async () => {
      const machine = new SimulatedDisk();
      const [full = '', delta = ''] = await written(machine);
      machine.put(delta, machine.content(full));
      await isFound(machine, delta, /belongs elsewhere/);
    });

    it('says so when it was written by a newer version', async () => {
      const machine = new SimulatedDisk();
      const names = await written(machine);
      const content = machine.content(names[2] ?? '');
      const words = new Int32Array(content.buffer, 0, 8);
      words[1] = (words[1] as number) + 0x100;
      words[7] = checksum(words, 0, 7, 0);
      machine.put(names[2] ?? '', content);
      await isFound(
        machine,
        names[2] ?? '',
        /of format 2, and this version of Portico reads formats up to 1/,
      );
    });

    it('does not ask for more room than the file can fill, even if all checksums are right', async () => {
      // Found by `npm run fuzz`: room was made for the length that a block said, and for the number of rows in its head.
      for (const [word, value, what] of [
        [3, 0x7fff_fff0, /cut off/],
        [3, -64, /cut off/],
        [13, 0x3fff_ffff, /more rows than fit/],
      ] as const) {
        const machine = new SimulatedDisk();
        const [name = ''] = await written(machine);
        const content = machine.content(name);
        const words = new Int32Array(content.buffer, 0, content.length >> 2);
        words[word] = value;
        const length = (words[3] as number) >> 2;
        if (word > 7) words[4] = checksum(words, 8, 8 + length, 0);
        words[7] = checksum(words, 0, 7, 0);
        machine.put(name, content);
        const asked: number[] = [];
        const disk = machine.mount();
        const open = disk.open.bind(disk);
        disk.open = async (of, mode) => {
          const file = await open(of, mode);
          const read = file.read.bind(file);
          file.read = (at, size) => (asked.push(size), read(at, size));
          return file;
        };
        const error = await rejected(snapshotState(disk).open());
        expect(error).toMatchObject({ code: 'state/damaged', what: expect.stringMatching(what) as string });
        expect(Math.max(...asked)).toBeLessThan(0x1_0000);
      }
    });

    it('leaves files alone that are none of its own', async () => {
      const machine = new SimulatedDisk();
      machine.put('notes.txt', bytes('mine'));
      await written(machine);
      expect(machine.files()).toContain('notes.txt');
    });
  });

  describe('on a disk that fails', () => {
    it.each(['write', 'sync', 'open'] as const)(
      'goes on if there was only no room (%s)',
      async (operation) => {
        const machine = new SimulatedDisk();
        const state = await opened(machine.mount(), early);
        await state.apply([row('a', 'one')], 1);
        await state.checkpoint();
        await state.apply([row('a'), row('b', 'two')], 2);
        machine.failAt({ operation, name: 'writing', code: 'ENOSPC' });
        expect(await rejected(state.checkpoint())).toMatchObject({ code: 'state/full' });
        expect(machine.files().filter((name) => name.endsWith('.writing'))).toEqual([]);
        await state.apply([row('c', 'three')], 3);
        expect(await shown(state)).toEqual(['b=two', 'c=three']);
        expect(await state.checkpoint()).toBe(3);
        await state.close();
        const next = snapshotState(machine.mount());
        expect(await next.open()).toBe(3);
        expect(await shown(next)).toEqual(['b=two', 'c=three']);
      },
    );

    it.each(['open', 'write', 'sync', 'rename', 'syncNames', 'list', 'remove'] as const)(
      'does nothing more after %s failed, but can be read',
      async (operation) => {
        const machine = new SimulatedDisk();
        const state = await opened(machine.mount(), { deltaBytes: 0, deltas: 0 });
        await state.apply([row('a', 'one')], 1);
        await state.checkpoint();
        await state.apply([row('a', 'two')], 2);
        machine.failAt({ operation, code: 'EIO' });
        const error = await rejected(state.checkpoint());
        expect(error).toMatchObject({ code: 'state/failed', cause: { code: 'EIO' } });
        const before = machine.operations;
        expect(await rejected(state.checkpoint())).toBe(error);
        expect(await rejected(state.apply([], 3))).toBe(error);
        expect(machine.operations).toBe(before);
        expect(await shown(state)).toEqual(['a=two']);
        machine.powerLoss();
        const next = snapshotState(machine.mount());
        const position = await next.open();
        expect([1, 2]).toContain(position);
        expect(await shown(next)).toEqual([position === 1 ? 'a=one' : 'a=two']);
      },
    );

    it('does not open if there is no room for its mark, and does when there is', async () => {
      const machine = new SimulatedDisk();
      await written(machine);
      machine.capacityBytes = 0;
      expect(await rejected(snapshotState(machine.mount()).open())).toMatchObject({ code: 'state/full' });
      machine.capacityBytes = Infinity;
      expect(await snapshotState(machine.mount()).open()).toBe(3);
    });

    it.each(['list', 'open', 'read', 'size'] as const)('does not open if %s fails', async (operation) => {
      const machine = new SimulatedDisk();
      await written(machine);
      machine.failAt({ operation, code: 'EIO' });
      expect(await rejected(snapshotState(machine.mount()).open())).toMatchObject({ code: 'state/failed' });
    });
  });
});
