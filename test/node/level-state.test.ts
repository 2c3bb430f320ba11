import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ClassicLevel } from 'classic-level';
import { afterAll, describe, expect, it } from 'vitest';
import { levelState } from '../../src/node/level-state.ts';
import { checksum } from '../../src/state/checksum.ts';
import { stateContract } from '../../src/testing/contracts/state.ts';
import { caught, rejected } from '../errors/said.ts';
import { fillUp, noMounts, smallDisk } from '../torture/disks.ts';

const root = mkdtempSync(join(tmpdir(), 'portico-level-'));
let places = 0;

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('a level state', () => {
  const place = () => {
    const path = join(root, `${places++}`);
    return { state: () => levelState(path) };
  };

  it.each(stateContract(place, { seeds: 4 }).map((each) => [each.name, each] as const))('%s', (_, { run }) =>
    run(),
  );
});

describe('the files of a level state', () => {
  const row = (key: string, text: string) => ({ table: 'cells', key, value: Buffer.from(text) });

  /** Changes what LevelDB holds, behind the back of the state. */
  async function tampered(
    path: string,
    tamper: (level: ClassicLevel<Uint8Array, Uint8Array>) => Promise<unknown>,
  ) {
    const level = new ClassicLevel<Uint8Array, Uint8Array>(path, {
      keyEncoding: 'view',
      valueEncoding: 'view',
    });
    await level.open();
    await tamper(level);
    await level.close();
  }

  async function entries(path: string): Promise<[key: Uint8Array, value: Uint8Array][]> {
    const found: [Uint8Array, Uint8Array][] = [];
    await tampered(path, async (level) => {
      for await (const entry of level.iterator()) found.push(entry);
    });
    return found;
  }

  /** A state with two rows, and two batches since its checkpoint; closed. */
  async function written(): Promise<string> {
    const path = join(root, `${places++}`);
    const state = levelState(path);
    await state.open();
    await state.apply([row('a', 'one'), row('b', 'one')], 3);
    await state.checkpoint();
    await state.apply([row('a', 'two')], 5);
    await state.apply([row('b', 'three')], 6);
    await state.close();
    return path;
  }

  it('hold what was applied since the last checkpoint too', async () => {
    const state = levelState(await written());
    expect(await state.open()).toBe(6);
    expect(state.read('cells', 'b')).toEqual(new Uint8Array(Buffer.from('three')));
    await state.close();
  });

  it('may lack a batch that was not synced: then what comes after it is applied again', async () => {
    const path = await written();
    const all = await entries(path);
    const batches = all.filter(([key]) => key[0] === 255);
    // The first was there at the checkpoint.
    expect(batches).toHaveLength(3);
    await tampered(path, (level) => level.del(batches[1]?.[0] ?? new Uint8Array()));
    const state = levelState(path);
    expect(await state.open()).toBe(3);
    await state.apply([row('a', 'two')], 5);
    await state.close();
    const next = levelState(path);
    expect(await next.open()).toBe(5);
    await next.close();
  });

  // LevelDB passed over the damaged block of a log, and what checkpoints had seen was gone without a word.
  it('may not lack what a checkpoint has seen, wherever a log is damaged', async () => {
    const path = join(root, `${places++}`);
    const state = levelState(path);
    await state.open();
    for (const [position, key, letter] of [
      [3, 'a', 'x'],
      [5, 'b', 'y'],
      [6, 'c', 'z'],
    ] as const) {
      // More than a block, so that what comes later can be read.
      await state.apply([row(key, letter.repeat(40_000))], position);
      await state.checkpoint();
    }
    await state.close();
    const [log = ''] = readdirSync(path).filter((name) => name.endsWith('.log'));
    const good = readFileSync(join(path, log));
    const outcomes: string[] = [];
    for (let at = 0; at < good.length; at += 1_999) {
      const copy = join(root, `${places++}`);
      cpSync(path, copy, { recursive: true });
      writeFileSync(join(copy, log), Buffer.from(good).fill((good[at] ?? 0) ^ 4, at, at + 1));
      const damagedState = levelState(copy);
      try {
        const position = await damagedState.open();
        // It says up to where it has everything, and the journal has the rest, or the store is refused.
        const rows = ['a', 'b', 'c'].filter((key) => damagedState.read('cells', key) !== undefined);
        expect(rows).toEqual({ 0: [], 3: ['a'], 5: ['a', 'b'], 6: ['a', 'b', 'c'] }[position]);
        outcomes.push(String(position));
      } catch (error) {
        outcomes.push((error as { readonly code: string }).code);
      }
      await damagedState.close();
    }
    expect(new Set(outcomes)).toEqual(new Set(['state/damaged', '5']));
  });

  it('keep the numbers of batches no longer than the logs that these are in', async () => {
    const path = join(root, `${places++}`);
    const state = levelState(path);
    await state.open();
    for (let position = 1; position <= 40; position++) {
      // LevelDB begins a new log after 4 MiB; no two values are packed into less.
      const value = randomBytes(1_000_000);
      await state.apply([{ table: 'cells', key: 'a', value }], position);
      await state.checkpoint();
    }
    await state.close();
    const numbered = (await entries(path)).filter(([key]) => key[0] === 255);
    expect(numbered.length).toBeLessThan(20);
    const next = levelState(path);
    expect(await next.open()).toBe(40);
    await next.close();
  });

  it.skipIf(noMounts !== undefined)(
    `wait for room, and are whole then${noMounts === undefined ? '' : ` (skipped: ${noMounts})`}`,
    async () => {
      const path = join(root, `${places++}`);
      const remove = smallDisk(path, 8);
      try {
        const state = levelState(path);
        await state.open();
        let position = 0;
        const applied = new Map<string, Buffer>();
        const apply = async (bytes: number, to = position + 1): Promise<void> => {
          const value = randomBytes(bytes);
          const key = String(to % 7);
          await state.apply([{ table: 'cells', key, value }], to);
          position = to;
          applied.set(key, value);
        };
        for (let round = 0; round < 3; round++) {
          for (let i = 0; i < 10; i++) await apply(1_000);
          fillUp(join(path, 'ballast'));
          const failing = [1, 2].map((n) => rejected(apply(300_000, position + n)));
          for (const error of await Promise.all(failing)) expect(error.code).toBe('state/full');
          expect((await rejected(state.checkpoint())).code).toBe('state/full');
          rmSync(join(path, 'ballast'));
          await apply(1_000);
          expect(await state.checkpoint()).toBe(position);
        }
        await state.close();
        const next = levelState(path);
        expect(await next.open()).toBe(position);
        for (const [key, value] of applied) expect(next.read('cells', key)).toEqual(new Uint8Array(value));
        await next.close();
      } finally {
        remove();
      }
    },
  );

  it('are not trusted with the bytes of a row', async () => {
    const path = await written();
    const all = await entries(path);
    for (const [key, value] of all.filter(([key]) => key[0] !== 255)) {
      for (const damage of [
        (bytes: Uint8Array) => bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte)),
        (bytes: Uint8Array) => bytes.subarray(1),
        (bytes: Uint8Array) => bytes.subarray(0, 2),
      ]) {
        await tampered(path, (level) => level.put(key, damage(value)));
        const state = levelState(path);
        const read = async () => {
          await state.open();
          for (const name of ['a', 'b']) state.read('cells', name);
        };
        expect(await rejected(read())).toMatchObject({ code: 'state/damaged' });
        await state.close();
      }
      await tampered(path, (level) => level.put(key, value));
    }
  });

  it('are not trusted with which row it is', async () => {
    const path = await written();
    const [[a, first] = [], [b, second] = []] = await entries(path);
    await tampered(path, async (level) => {
      await level.put(a ?? new Uint8Array(), second ?? new Uint8Array());
      await level.put(b ?? new Uint8Array(), first ?? new Uint8Array());
    });
    const state = levelState(path);
    await state.open();
    expect(caught(() => state.read('cells', 'a'))).toMatchObject({ code: 'state/damaged' });
    const scanned = async () => {
      for await (const [key] of state.scan('cells')) expect(key).toBe('none');
    };
    expect(await rejected(scanned())).toMatchObject({ code: 'state/damaged' });
    await state.close();
  });

  it('are not read if a newer version wrote them', async () => {
    const path = await written();
    const key = Uint8Array.of(254);
    const numbers = new Uint8Array(Float64Array.of(2, 7).buffer);
    const words = new Int32Array(5);
    new Uint8Array(words.buffer).set([...key, ...numbers]);
    const sum = Int32Array.of(checksum(words, 0, 5, numbers.length));
    await tampered(path, (level) => level.put(key, Uint8Array.of(...numbers, ...new Uint8Array(sum.buffer))));
    const error = await rejected(levelState(path).open());
    expect(error).toMatchObject({ code: 'state/damaged' });
    expect(error.what).toContain('it is of format 2, and this version of Portico reads formats up to 1');
  });
});

describe('a checkpoint of a level state', () => {
  it('is there after the process was killed', async () => {
    const path = join(root, `${places++}`);
    const script = `
      const { levelState } = await import(${JSON.stringify(new URL('../../src/node/level-state.ts', import.meta.url).href)});
      const { _cache: loaded } = (await import('node:module')).default;
      const isLoaded = () => Object.keys(loaded).some((file) => file.includes('classic-level'));
      const state = levelState(${JSON.stringify(path)});
      console.log(isLoaded());
      await state.open();
      console.log(isLoaded());
      for (let position = 1; position <= 30; position++) {
        const rows = Array.from({ length: 500 }, (_, i) => ({
          table: 'cells', key: position + '-' + i, value: crypto.getRandomValues(new Uint8Array(400)),
        }));
        await state.apply(rows, position);
      }
      console.log(await state.checkpoint());
      process.kill(process.pid, 'SIGKILL');
    `;
    const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    });
    // The package was loaded when it was needed, and not before.
    expect(stdout.trim().split('\n')).toEqual(['false', 'true', '30']);
    const state = levelState(path);
    expect(await state.open()).toBe(30);
    let rows = 0;
    for await (const [, value] of state.scan('cells')) rows += value.length === 400 ? 1 : 0;
    expect(rows).toBe(15_000);
    await state.close();
  });
});
