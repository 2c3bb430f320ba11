// The logs of a state in LevelDB: whatever happened to them, no row is missing up to where the state says it is, or it says what
// is damaged. The disk is a real one, so this takes its time.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { levelState } from '../../../src/node/level-state.ts';
import { Choices } from '../choices.ts';
import { damaged } from '../damage.ts';
import type { Files } from '../shelf.ts';
import { must, refusedWith, type Target, type Verdict } from '../target.ts';

const root = mkdtempSync(join(tmpdir(), 'portico-fuzz-level-'));
process.on('exit', () => {
  rmSync(root, { recursive: true, force: true });
});
const records = 60;

function filesOf(path: string): Map<string, Uint8Array> {
  return new Map(readdirSync(path).map((name) => [name, new Uint8Array(readFileSync(join(path, name)))]));
}

async function written(): Promise<Files> {
  const path = join(root, 'whole');
  const state = levelState(path);
  await state.open();
  for (let position = 1; position <= records; position++) {
    const value = new Uint8Array(1_500).fill(position);
    await state.apply([{ table: 'cells', key: `k${position}`, value }], position);
    if (position % 7 === 0) await state.checkpoint();
  }
  await state.close();
  return filesOf(path);
}

const files = await written();
const logs = new Map([...files].filter(([name]) => name.endsWith('.log')));

export const level: Target = {
  name: 'level',
  first: [Uint8Array.of(12, 0, 16, 8, 0, 1), Uint8Array.of(5, 0, 80, 8, 0, 9)],
  most: 18,
  room: () => 0x100_0000,
  run: async (bytes): Promise<Verdict> => {
    const path = join(root, 'bad');
    mkdirSync(path);
    const { files: bad, moved } = damaged(logs, new Choices(bytes));
    for (const [name, content] of moved ? logs : bad) writeFileSync(join(path, name), content);
    for (const [name, content] of files) if (!logs.has(name)) writeFileSync(join(path, name), content);
    const state = levelState(path);
    try {
      const position = await state.open();
      const keys = new Set<string>();
      for await (const [key, value] of state.scan('cells')) {
        must(
          value.every((byte) => `k${byte}` === key),
          'each row is what was written',
        );
        keys.add(key);
      }
      await state.close();
      for (let at = 1; at <= position; at++) must(keys.has(`k${at}`), 'no row is missing');
    } catch (error) {
      return refusedWith(error, 'state/');
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
    return 'taken';
  },
};
