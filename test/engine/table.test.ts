// The table of cells, K1–K3, against a plain Map.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Key } from 'portico/dataflow';
import { Table } from '../../src/engine/table.ts';

interface Entry {
  readonly key: Key;
}

/** Keys that stand close, in strides, at the ends of what is a number of 32 bits, and those that are none. */
const key: fc.Arbitrary<Key> = fc.oneof(
  fc.integer({ min: -70, max: 70 }),
  fc.nat(40).map((n) => n * 64),
  fc.nat(40).map((n) => n * 0x10_0000),
  fc.constantFrom(0x7fff_ffff, -0x8000_0000, 0x8000_0000, -0x8000_0001, 2 ** 53, 0.5, 'a', '1', 1n),
);

describe('a table', () => {
  it('holds what a map would hold, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), key), { maxLength: 400 }), (steps) => {
        const table = new Table<Entry>();
        const map = new Map<Key, Entry>();
        for (const [there, key] of steps) {
          const entry = map.get(key);
          expect(table.get(key)).toBe(entry);
          if (there && entry === undefined) {
            map.set(key, { key });
            table.add(map.get(key) as Entry);
          } else if (!there && entry !== undefined) {
            map.delete(key);
            table.remove(entry);
          }
        }
        expect(table.size).toBe(map.size);
        expect(new Set(table.values())).toEqual(new Set(map.values()));
        for (const [key, entry] of map) expect(table.get(key)).toBe(entry);
      }),
    );
  });

  it.each([
    ['one after the other', (n: number): number => n],
    ['downwards', (n: number): number => -n],
    ['in strides of a run', (n: number): number => n * 64],
    ['in strides of a power of two', (n: number): number => n * 0x8000],
    ['at random', (n: number): number => Math.imul(n, 0x85eb_ca6b)],
  ])('finds 50,000 keys that come %s, and none of those that are gone', (_, keyOf) => {
    const table = new Table<Entry>();
    const entries = Array.from({ length: 50_000 }, (__, n) => ({ key: keyOf(n) }));
    for (const entry of entries) table.add(entry);
    expect(entries.every((entry) => table.get(entry.key) === entry)).toBe(true);
    entries.forEach((entry, n) => {
      if (n % 3 > 0) table.remove(entry);
    });
    expect(entries.every(({ key }, n) => table.get(key) === (n % 3 > 0 ? undefined : entries[n]))).toBe(true);
    expect(table.size).toBe(16_667);
  });

  it('makes room again as keys come and go for ever', () => {
    const table = new Table<Entry>();
    let last: Entry = { key: 0 };
    table.add(last);
    for (let key = 1; key <= 200_000; key++) {
      const entry = { key };
      table.add(entry);
      table.remove(last);
      last = entry;
    }
    expect([...table.values()]).toEqual([last]);
  });
});
