import { test as property, fc } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { copiesOf, PackedRows, rowsOf, type Captured } from '../../src/state/packed-rows.ts';
import type { Row } from '../../src/state/state.ts';

const filled = (size: number, byte: number): Uint8Array => new Uint8Array(size).fill(byte);

/** What there is, by table and key. */
type Model = ReadonlyMap<string, Uint8Array>;

const name = ({ table, key }: Pick<Row, 'table' | 'key'>): string => JSON.stringify([table, key]);

function namesOf(rows: PackedRows, captured: Captured): readonly string[] {
  return [...rows.named(0, captured.tables)].map(([name]) => name);
}

function shown(rows: PackedRows): Model {
  const found = new Map<string, Uint8Array>();
  for (const table of rows.tables()) {
    for (const [key, value] of rows.scan(table)) found.set(name({ table, key }), value);
  }
  return found;
}

function changed(model: Model, changes: readonly Row[]): Model {
  const next = new Map(model);
  for (const row of changes) {
    if (row.value === undefined) next.delete(name(row));
    else next.set(name(row), row.value);
  }
  return next;
}

function change(rows: PackedRows, changes: readonly Row[]): void {
  for (const { table, key, value } of changes) {
    if (value === undefined) rows.delete(table, key);
    else rows.put(table, key, value);
  }
  rows.tidy();
}

/** As text, which is compared faster than bytes are. */
const text = (value: Uint8Array): string => Buffer.from(value).toString('latin1');

const sorted = (model: Model): readonly string[] =>
  [...model].map(([name, value]) => `${name}=${text(value)}`).sort();

const row: fc.Arbitrary<Row> = fc.record({
  table: fc.constantFrom('a', 'b'),
  key: fc.oneof(
    { weight: 8, arbitrary: fc.nat(30).map(String) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  ),
  value: fc.option(
    fc
      .record({ size: fc.oneof(fc.nat(50), fc.nat(3_000)), byte: fc.nat(255) })
      .map(({ size, byte }) => filled(size, byte)),
    { nil: undefined, freq: 3 },
  ),
});

describe('packed rows', () => {
  property.prop([fc.array(fc.array(row, { maxLength: 40 }), { maxLength: 20 })], { numRuns: 60 })(
    'are a map, whatever is put, deleted, moved and captured',
    (steps) => {
      const rows = new PackedRows();
      let model: Model = new Map();
      /** What was in the last checkpoint, and what each of those since has changed. */
      let stored: Model = new Map();
      let given: { value: Uint8Array; copy: Uint8Array }[] = [];
      for (const [i, changes] of steps.entries()) {
        change(rows, changes);
        model = changed(model, changes);
        expect(sorted(shown(rows))).toEqual(sorted(model));
        expect(rows.count).toBe(model.size);
        given = given.concat(
          [...shown(rows).values()].slice(0, 3).map((value) => ({ value, copy: value.slice() })),
        );
        if (i % 3 !== 2) continue;
        const all = i % 2 === 0;
        const captured = all ? rows.captureAll() : rows.captureDirty();
        const changedMeanwhile = steps[i - 1] ?? [];
        change(rows, changedMeanwhile);
        const written = [...rowsOf(captured, namesOf(rows, captured))];
        stored = changed(all ? new Map() : stored, written);
        expect(sorted(stored)).toEqual(sorted(model));
        model = changed(model, changedMeanwhile);
        rows.settle(captured);
      }
      for (const { value, copy } of given) expect(text(value)).toBe(text(copy));
    },
  );

  property.prop([fc.array(row, { maxLength: 60 }), fc.array(row, { maxLength: 60 })])(
    'can be read back from their copies',
    (first, second) => {
      const rows = new PackedRows();
      const copies: Uint8Array[] = [];
      const keep = (captured: Captured): void => {
        for (const piece of copiesOf(captured)) copies.push(piece.slice());
        rows.settle(captured);
      };
      change(rows, first);
      keep(rows.captureAll());
      change(rows, second);
      keep(rows.captureDirty());
      const read = new PackedRows();
      for (const [name, count] of rows.named(0, rows.defined)) read.define(name, count);
      for (const copy of copies) expect(read.adopt(copy)).toBe(true);
      read.tidy();
      expect(sorted(shown(read))).toEqual(sorted(shown(rows)));
      expect([...rowsOf(read.captureDirty(), [])]).toEqual([]);
    },
  );

  it('take at most twice what they hold, and something, however often they change', () => {
    const rows = new PackedRows();
    for (let i = 0; i < 60_000; i++) {
      rows.put('cells', `${(i * 7_919) % 5_000}`, filled(100, i));
      if (i % 100 === 0) rows.tidy();
    }
    rows.tidy();
    expect(rows.count).toBe(5_000);
    const held = 5_000 * 120;
    expect(rows.bytes).toBeLessThan(2 * held + 3 * 0x4_0000);
  });

  it('give back what was taken when they are deleted', () => {
    const rows = new PackedRows();
    for (let i = 0; i < 20_000; i++) rows.put('cells', `${i}`, filled(100, i));
    const full = rows.bytes;
    for (let i = 0; i < 20_000; i++) rows.delete('cells', `${i}`);
    rows.settle(rows.captureDirty());
    expect(rows.count).toBe(0);
    expect(rows.tables()).toEqual([]);
    expect(rows.bytes).toBeLessThan(full / 4);
  });

  it.each([
    ['a table that there is not', [0, 2, 1, 1]],
    ['a key that ends beyond the end', [0, 0, 100, 1]],
    ['a key of less than nothing', [0, 0, -1, 1]],
    ['a value that ends beyond the end', [0, 0, 1, 100]],
    ['a value of less than nothing', [0, 0, 1, -2]],
  ])('do not take %s', (_, words) => {
    const rows = new PackedRows();
    rows.define('a', 0);
    expect(rows.adopt(new Uint8Array(Int32Array.of(...words, 0).buffer))).toBe(false);
    expect(rows.adopt(new Uint8Array(Int32Array.of(0, 0, 1, 1, 0).buffer))).toBe(true);
  });
});
