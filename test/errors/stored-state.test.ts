import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { levelState } from '../../src/node/level-state.ts';
import { memoryState } from '../../src/state/memory-state.ts';
import { snapshotState } from '../../src/state/snapshot-state.ts';
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts';
import { caught, expectSaid, rejected } from './said.ts';

const row = { table: 'cells', key: 'a', value: new Uint8Array(600) };

describe('a stored state tells that', () => {
  it('nobody has opened it', () => {
    expectSaid(
      caught(() => memoryState().read('a', 'x')),
      { code: 'state/closed', where: 'memoryState', what: 'not open', cure: 'Open it first, once' },
    );
  });

  it('what it reads is not what was written', async () => {
    const machine = new SimulatedDisk();
    const state = snapshotState(machine.mount());
    await state.open();
    await state.apply([row], 1);
    await state.checkpoint();
    await state.close();
    machine.rot('0000000000000001-00000001.full', 300);
    expectSaid(await rejected(snapshotState(machine.mount()).open()), {
      code: 'state/damaged',
      where: '/simulated/0000000000000001-00000001.full',
      what: 'block 1, at byte 72: the bytes of the block are not those that were written',
      cure: 'Bring the file back from a copy',
    });
  });

  it('the disk fails', async () => {
    const machine = new SimulatedDisk();
    const state = snapshotState(machine.mount());
    await state.open();
    await state.apply([row], 1);
    machine.failAt({ operation: 'sync', code: 'EIO' });
    const error = await rejected(state.checkpoint());
    expectSaid(error, {
      code: 'state/failed',
      where: '/simulated',
      what: 'the state failed: EIO',
      cure: 'Start again',
    });
    expect(error.cause).toMatchObject({ code: 'EIO' });
  });

  it('somebody else has it', async () => {
    const machine = new SimulatedDisk();
    const state = snapshotState(machine.mount());
    await state.open();
    await snapshotState(machine.mount()).open();
    await state.apply([row], 1);
    expectSaid(await rejected(state.checkpoint()), {
      code: 'state/failed',
      where: '/simulated',
      what: 'somebody else has opened the state since',
      cure: 'Let one system have it at a time',
    });
  });

  it('there is no room', async () => {
    const machine = new SimulatedDisk();
    const state = snapshotState(machine.mount());
    await state.open();
    await state.apply([row], 1);
    machine.capacityBytes = 200;
    expectSaid(await rejected(state.checkpoint()), {
      code: 'state/full',
      where: '/simulated',
      what: 'there is no room left: ENOSPC',
      cure: 'Make room',
    });
  });
});

describe('a level state tells that', () => {
  let root = '';
  let places = 0;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'portico-level-'));
  });

  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('somebody has opened it already', async () => {
    const path = join(root, `${places++}`);
    const state = levelState(path);
    await state.open();
    expectSaid(await rejected(levelState(path).open()), {
      code: 'state/locked',
      where: path,
      what: 'another process has it open, or this one has',
      cure: 'Stop that one first',
    });
    await state.close();
  });

  it('there can be no folder', async () => {
    const path = join(root, `${places++}`);
    writeFileSync(path, 'a file');
    expectSaid(await rejected(levelState(path).open()), {
      code: 'state/failed',
      where: path,
      what: 'it cannot be opened: ',
      cure: 'Give it a folder that can be written to',
    });
  });

  it('LevelDB finds its files damaged', async () => {
    const path = join(root, `${places++}`);
    const state = levelState(path);
    await state.open();
    await state.apply([row], 1);
    await state.checkpoint();
    await state.close();
    const manifest = readdirSync(path).find((name) => name.startsWith('MANIFEST')) ?? '';
    writeFileSync(join(path, manifest), 'nothing of that kind');
    expectSaid(await rejected(levelState(path).open()), {
      code: 'state/damaged',
      where: path,
      what: 'LevelDB cannot open it: ',
      cure: 'Bring the file back from a copy',
    });
  });
});
