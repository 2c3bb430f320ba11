// Streams and cursors, S1–S4, against a model that keeps every atom and a number for every cursor.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Atom, AtomPool } from '../../src/engine/atom.ts';
import { AtomicStream, type Consumer, type Cursor } from '../../src/engine/stream.ts';

/** Reads when it is told to, and remembers whether it was told that something is there. */
class Reader implements Consumer {
  readonly told: Cursor[] = [];

  arrived(cursor: Cursor): void {
    cursor.known = true;
    this.told.push(cursor);
  }
}

const atomOf = (...values: readonly unknown[]): Atom => {
  const atom = new Atom();
  for (const value of values) atom.push('k', value);
  return atom;
};

/** Reads the next atom, if there is one: its first value. */
function read(cursor: Cursor): unknown {
  const value = cursor.peek()?.values[0];
  if (!cursor.waiting) return undefined;
  cursor.advance();
  cursor.known = cursor.waiting;
  return value;
}

/** Reads all that is there. */
function readAll(cursor: Cursor): unknown[] {
  const values: unknown[] = [];
  while (cursor.waiting) values.push(read(cursor));
  return values;
}

const command = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('append'), fc.integer({ min: 1, max: 3 })) },
  { weight: 6, arbitrary: fc.tuple(fc.constant('read'), fc.nat(9)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('attach'), fc.nat(1)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('detach'), fc.nat(9)) },
);

describe('a stream', () => {
  it('shows every cursor all atoms from its place on, in order, and keeps no other (S1–S3)', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120 }), fc.boolean(), (commands, retained) => {
        const stream = new AtomicStream('/s', new AtomPool(), retained);
        const reader = new Reader();
        // What the model knows: all atoms, what each held, and where each cursor stands.
        const atoms: Atom[] = [];
        let events = 0;
        let oldest = 0;
        let cursors: { cursor: Cursor; at: number }[] = [];
        let unread = 0;
        let room = 0;
        // A retained stream lets go of nothing; there the backlog shrinks when somebody reads or goes away.
        let fewer = 0;
        stream.onRoom = () => room++;
        for (const [what, number] of commands) {
          let [came, due]: unknown[] = [];
          const chosen = cursors[number % Math.max(1, cursors.length)];
          if (what === 'append') {
            const atom = atomOf(...Array.from({ length: number }, (_, i) => (i === 0 ? atoms.length : i)));
            stream.append(atom);
            atoms.push(atom);
            events += number;
            if (cursors.length === 0) unread++;
          } else if (what === 'attach') {
            const fromStart = number === 1 && retained;
            const cursor = stream.attach(reader, fromStart ? 'start' : 'end');
            cursors.push({ cursor, at: fromStart ? 0 : atoms.length });
          } else if (chosen !== undefined && what === 'detach') {
            stream.detach(chosen.cursor);
            fewer++;
            cursors = cursors.filter((each) => each !== chosen);
          } else if (chosen !== undefined) {
            came = read(chosen.cursor);
            if (came !== undefined) fewer++;
            due = chosen.at < atoms.length ? chosen.at : undefined;
            chosen.at = Math.min(atoms.length, chosen.at + 1);
          }
          expect(came).toBe(due);
          const least = Math.min(atoms.length, ...cursors.map(({ at }) => at));
          oldest = retained ? 0 : Math.max(oldest, least);
          // S2: an atom that was let go went back to the pool, which empties it.
          atoms.forEach(({ n }, i) => expect([i, n > 0]).toEqual([i, i >= oldest]));
          for (const { cursor, at } of cursors) {
            expect(cursor.waiting).toBe(at < atoms.length);
            expect(cursor.known).toBe(cursor.waiting);
          }
          expect([stream.atoms, stream.events]).toEqual([atoms.length, events]);
          expect(stream.backlog).toBe(cursors.length === 0 ? 0 : atoms.length - least);
        }
        expect(room).toBe(retained ? fewer : oldest - unread);
      }),
      { numRuns: 300 },
    );
  });

  it('tells a producer that waits for room of every atom that is let go', () => {
    const stream = new AtomicStream('/s', new AtomPool(), false);
    let room = 0;
    stream.onRoom = () => room++;
    const [one, two] = [stream.attach(new Reader()), stream.attach(new Reader())];
    for (let i = 0; i < 10; i++) stream.append(atomOf(i));
    readAll(one);
    expect([stream.backlog, room]).toEqual([10, 0]);
    read(two);
    expect([stream.backlog, room]).toEqual([9, 1]);
    stream.detach(two);
    expect([stream.backlog, room]).toEqual([0, 10]);
  });

  it('keeps nothing that nobody reads', () => {
    const stream = new AtomicStream('/s', new AtomPool(), false);
    const atom = atomOf('a');
    stream.append(atom);
    expect([atom.n, stream.atoms, stream.backlog]).toEqual([0, 1, 0]);
    const late = stream.attach(new Reader());
    stream.append(atomOf('b'));
    expect(readAll(late)).toEqual(['b']);
  });

  it('keeps its past if it is retained, for those who come late and want it', () => {
    const stream = new AtomicStream('/s', new AtomPool(), true);
    for (let i = 0; i < 20; i++) stream.append(atomOf(i));
    const first = stream.attach(new Reader(), 'start');
    expect(readAll(first)).toHaveLength(20);
    const reader = new Reader();
    const second = stream.attach(reader, 'start');
    expect(reader.told).toEqual([second]);
    expect(readAll(second)).toHaveLength(20);
    expect(readAll(stream.attach(reader))).toEqual([]);
  });

  it('lets go of an atom of two streams when both have (A2)', () => {
    const pool = new AtomPool();
    const [a, b] = [new AtomicStream('/a', pool, false), new AtomicStream('/b', pool, false)];
    const [inA, inB] = [a.attach(new Reader()), b.attach(new Reader())];
    const atom = atomOf('a');
    a.append(atom);
    b.append(atom);
    read(inA);
    expect(inB.peek()?.values[0]).toBe('a');
    read(inB);
    expect(atom.n).toBe(0);
  });

  it('has a sole reader only while that one has read all (S4)', () => {
    const stream = new AtomicStream('/s', new AtomPool(), false);
    expect(stream.soleReader).toBeUndefined();
    const reader = new Reader();
    const cursor = stream.attach(reader);
    expect(stream.soleReader).toBe(reader);
    stream.append(atomOf('a'));
    expect(stream.soleReader).toBeUndefined();
    read(cursor);
    expect(stream.soleReader).toBe(reader);
    const second = stream.attach(new Reader());
    expect(stream.soleReader).toBeUndefined();
    stream.detach(second);
    expect(stream.soleReader).toBe(reader);
    const retained = new AtomicStream('/r', new AtomPool(), true);
    retained.attach(reader);
    expect(retained.soleReader).toBeUndefined();
  });

  it('counts atoms that pass through without changing any place (S4)', () => {
    const stream = new AtomicStream('/s', new AtomPool(), false);
    const cursor = stream.attach(new Reader());
    stream.append(atomOf('a'));
    read(cursor);
    stream.passThrough(1, 2);
    expect([stream.atoms, stream.events, stream.backlog, cursor.waiting]).toEqual([2, 3, 0, false]);
    stream.append(atomOf('d'));
    expect(readAll(cursor)).toEqual(['d']);
  });
});
