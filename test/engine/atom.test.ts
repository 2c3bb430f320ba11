import { describe, expect, it } from 'vitest';
import { ATOM, Atom, AtomPool, Failure, SEAL } from '../../src/engine/atom.ts';

const atomOf = (...values: readonly unknown[]): Atom => {
  const atom = new Atom();
  values.forEach((value, i) => atom.push(`k${i}`, value));
  return atom;
};

const eventsOf = ({ keys, values, n }: Atom): unknown[] =>
  values.slice(0, n).map((value, i) => [keys[i], value]);

describe('an atom', () => {
  it('takes events in order, behind those that it has', () => {
    const atom = atomOf('a', 'b');
    const other = atomOf('c');
    const failure = new Failure(new Error('no'), '/a/workflows/w/t');
    other.fail(7, failure);
    atom.pushAll(other);
    atom.push(1n, undefined);
    expect(eventsOf(atom)).toEqual([
      ['k0', 'a'],
      ['k1', 'b'],
      ['k0', 'c'],
      [7, failure],
      [1n, undefined],
    ]);
    expect([atom.n, atom.failures, other.failures]).toEqual([5, 1, 1]);
  });
});

describe('the pool of atoms', () => {
  it('gives what was given back, as good as new', () => {
    const pool = new AtomPool();
    const atom = atomOf('a', 'b');
    atom.fail('c', new Failure(new Error('no'), ''));
    atom.end = SEAL;
    pool.give(atom);
    expect(pool.take()).toBe(atom);
    expect([atom.n, atom.failures, atom.end]).toEqual([0, 0, ATOM]);
    expect(pool.take()).not.toBe(atom);
  });

  it('keeps no value of the user alive', () => {
    const pool = new AtomPool();
    const atom = atomOf({ a: 1 }, { b: 2 });
    pool.give(atom);
    expect(atom.values.every((value) => value === undefined)).toBe(true);
  });

  it('never hands out one atom twice', () => {
    const pool = new AtomPool();
    const atoms = Array.from({ length: 1_000 }, () => pool.take());
    expect(new Set(atoms).size).toBe(atoms.length);
    for (const atom of atoms) pool.give(atom);
    const again = Array.from({ length: 1_000 }, () => pool.take());
    expect(new Set(again).size).toBe(again.length);
  });

  it('keeps no more room than a bounded one, in however many atoms, and not very many atoms', () => {
    const pool = new AtomPool();
    const large = Array.from({ length: 20 }, () => {
      const atom = new Atom();
      for (let i = 0; i < 10_000; i++) atom.push(i, i);
      return atom;
    });
    for (const atom of large) pool.give(atom);
    const spare = large.map(() => pool.take()).filter((atom) => large.includes(atom));
    expect(spare.reduce((room, { values }) => room + values.length, 0)).toBeLessThanOrEqual(32_768);
    expect(spare.length).toBeGreaterThan(0);
    const atoms = new Set(Array.from({ length: 1_000 }, () => pool.take()));
    for (const atom of atoms) pool.give(atom);
    let kept = 0;
    for (let i = 0; i < 1_000; i++) if (atoms.has(pool.take())) kept++;
    expect(kept).toSatisfy((n: number) => n > 0 && n < 1_000);
  });
});
