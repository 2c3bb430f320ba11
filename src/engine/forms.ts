/** How the parts of a partition lie in rows, where that is more than a list of numbers: cells, and the atoms of streams. */
import type { Codec, DataType } from '../codec.ts';
import { absent } from '../graph/context.ts';
import type { Key } from '../graph/keys.ts';
import { frozen } from '../graph/state.ts';
import { SEAL, type Atom, type End } from './atom.ts';
import { EntryMap, type Cell } from './cells.ts';

/** What the engine itself puts into rows beside data: the entries of a map state, in their order. */
export const entryMaps: DataType<EntryMap> = {
  name: 'portico/entries',
  class: EntryMap,
  toData: (map) => [...map].flat(1),
  fromData: (data) => {
    const list = data as readonly unknown[];
    const map = new EntryMap();
    for (let i = 0; i < list.length; i += 2) map.set(list[i] as Key, list[i + 1]);
    return map;
  },
};

/** The slots of a cell that hold something, each with its number. */
export function slotsOf(cell: Cell): unknown[] {
  const { slots } = cell;
  if (slots === 1) return cell.first === absent ? [] : [0, cell.first];
  const list: unknown[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const value = cell.get(slot);
    if (value !== absent) list.push(slot, value);
  }
  return list;
}

export function fillCell(cell: Cell, codec: Codec, row: Uint8Array, where: string, freezes: boolean): void {
  const list = codec.decode(row, where) as readonly unknown[];
  for (let i = 0; i < list.length; i += 2) {
    const value = list[i + 1];
    if (freezes) for (const each of value instanceof EntryMap ? value.values() : [value]) frozen(each);
    cell.set(list[i] as number, value);
  }
  cell.stored = true;
}

/** An atom as data. */
export function atomData({ end, n, keys, values }: Atom): unknown {
  return [end, keys.slice(0, n), values.slice(0, n)];
}

export function fillAtom(atom: Atom, data: unknown): Atom {
  const [end, keys, values] = data as readonly [End, readonly Key[], readonly unknown[]];
  for (let i = 0; i < keys.length; i++) atom.push(keys[i] as Key, values[i]);
  if (end === SEAL) atom.end = SEAL;
  return atom;
}
