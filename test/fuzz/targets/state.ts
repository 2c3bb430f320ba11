// The files of a state: whatever happened to them, it opens with what it was at a checkpoint, or says what is damaged.
import { checksum } from '../../../src/state/checksum.ts';
import { PackedRows, copiesOf } from '../../../src/state/packed-rows.ts';
import { snapshotState } from '../../../src/state/snapshot-state.ts';
import type { Row, State } from '../../../src/state/state.ts';
import { Choices } from '../choices.ts';
import { damaged } from '../damage.ts';
import { Shelf, type Files } from '../shelf.ts';
import { must, refusedWith, type Target, type Verdict } from '../target.ts';

/** What a state holds, as text. */
export async function shown(state: State): Promise<string> {
  const rows: string[] = [];
  for (const table of await state.tables())
    for await (const [key, value] of state.scan(table)) rows.push(`${table} ${key} ${String(value)}`);
  return rows.join('\n');
}

/** The rows of the record at a position. */
export function rowsAt(position: number): Row[] {
  const value = new Uint8Array(5 + 7 * position).fill(position);
  const wide = { table: 'cells €', key: `k${position % 4}€`, value };
  return [
    wide,
    { table: 'streams', key: `s${position % 3}`, value },
    { table: 'streams', key: `s${(position + 1) % 3}`, value: position % 4 === 0 ? undefined : value },
  ];
}

/** A state that was opened twice, and what it was at each checkpoint. */
async function written(): Promise<{ files: Files; at: Map<number, string> }> {
  const shelf = new Shelf();
  const at = new Map([[0, '']]);
  for (const [from, to] of [
    [1, 6],
    [7, 11],
  ] as const) {
    const state = snapshotState(shelf, { deltas: 4 });
    await state.open();
    for (let position = from; position <= to; position++) {
      await state.apply(rowsAt(position), position);
      await state.checkpoint();
      at.set(position, await shown(state));
    }
    await state.close();
  }
  return { files: shelf.content(), at };
}

const { files, at: expected } = await written();

export const snapshot: Target = {
  name: 'snapshot',
  first: [
    Uint8Array.of(0),
    ...Array.from({ length: 8 }, (_, file) => Uint8Array.of(0, 12, file, 0, 40, 0, 1)),
    ...Array.from({ length: 8 }, (_, file) => Uint8Array.of(128, 10, file, 0, 40, 255, 255)),
    ...Array.from({ length: 8 }, (_, file) => Uint8Array.of(128, 10, file, 0, 12, 255, 255)),
  ],
  most: 31,
  room: () => 0x40_0000,
  run: async (bytes): Promise<Verdict> => {
    const choices = new Choices(bytes);
    const forged = choices.byte() >= 128;
    const { files: bad, touched, moved } = damaged(files, choices);
    if (forged) for (const name of touched) bad.set(name, resealed(bad.get(name) ?? new Uint8Array(0)));
    const state = snapshotState(new Shelf(bad));
    try {
      const position = await state.open();
      if (!forged) {
        must(
          [...touched].every((name) => name.endsWith('.opened')) || moved || touched.size === 0,
          'a file that was changed is not served',
        );
        must(
          expected.get(position) === (await shown(state)),
          'what is there is what was there at its position',
        );
        const whole = touched.size === 0 && !moved;
        must(!whole || position === 11, 'what is whole is the newest');
      } else await shown(state);
    } catch (error) {
      return refusedWith(error, 'state/damaged', ...(forged ? ['state/', 'invariant/'] : []));
    } finally {
      await state.close();
    }
    return 'taken';
  },
};

/** With right checksums wherever a block begins. */
function resealed(before: Uint8Array): Uint8Array {
  const bytes = before.slice(0, before.length & ~3);
  const words = new Int32Array(bytes.buffer);
  for (let at = 0, index = 0; at + 8 <= words.length; index++) {
    const length = (words[at + 3] as number) >> 2;
    if (length >= 0 && at + 8 + length <= words.length && bytes.length > 32)
      words[at + 4] = checksum(words.subarray(at + 8, at + 8 + length), 0, length, index);
    words[at + 7] = checksum(words, at, at + 7, 0);
    at += 8 + (length >= 0 && length < words.length ? length : 0);
    if (length < 0) break;
  }
  return bytes;
}

/** Rows in memory: what plain maps would hold, after anything; and bytes that are no rows are refused. */
export const rows: Target = {
  name: 'rows',
  first: [
    Uint8Array.from({ length: 60 }, (_, i) => i * 7),
    Uint8Array.of(0, 1, 2, 3, 0, 1, 2, 9, 4, 1, 5, 0, 0, 6),
    Uint8Array.of(7, 40, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4),
  ],
  most: 300,
  room: () => 0x40_0000,
  run: (bytes): Verdict => {
    const choices = new Choices(bytes);
    let packed = new PackedRows();
    const model = new Map<string, Uint8Array>();
    let steps = 0;
    while (!choices.done && steps++ < 200) {
      const [table, key] = [`t${choices.below(3)}`, choices.text()];
      const at = `${table} ${key}`;
      switch (choices.below(8)) {
        case 0:
        case 1:
        case 2: {
          const value = new Uint8Array(choices.below(9) * choices.below(99)).fill(steps);
          packed.put(table, key, value);
          model.set(at, value);
          break;
        }
        case 3:
          packed.delete(table, key);
          model.delete(at);
          break;
        case 4:
          packed.settle(packed.captureDirty());
          break;
        case 5: {
          // By way of a file.
          const next = new PackedRows();
          const captured = packed.captureAll();
          for (const [name, count] of packed.named(0, captured.tables)) next.define(name, count);
          for (const piece of copiesOf(captured)) must(next.adopt(piece.slice()), 'rows are rows');
          packed = next;
          break;
        }
        case 6:
          packed.tidy();
          break;
        default:
          garbage(packed, choices.take(40));
      }
      must(isSame(packed.read(table, key), model.get(at)), 'a row is what was put');
    }
    must(packed.count === model.size, 'there are as many rows');
    for (const table of ['t0', 't1', 't2'])
      for (const [key, value] of packed.scan(table))
        must(isSame(value, model.get(`${table} ${key}`)), 'all rows are what was put');
    return 'taken';
  },
};

/** To rows that nobody needs afterwards. */
function garbage(like: PackedRows, piece: Uint8Array): void {
  const lost = new PackedRows();
  for (const [name, count] of like.named(0, like.defined)) lost.define(name, count);
  lost.adopt(piece.slice(0, piece.length & ~3));
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
