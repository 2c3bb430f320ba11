/**
 * What goes round: a sequencer, the workflow that alone reads it, and the sequencer again, which alone reads that. Events that go
 * round need no stream on their way, and so this is where the price of a hop is decided.
 *
 * H1. It comes to the same as by way of the streams: the same turns in the same order, the same counts, the same steps.
 * H2. As soon as somebody else may have to have a turn, or an atom is out of the ordinary (an error is left over, or there is no
 *     room), the sequencer decides what happens next. Nobody begins to read within a turn: systems refuse that.
 * H3. An atom that is run can be had again until it is done: it may have to be undone, and set aside.
 */
import type { Key } from '../graph/keys.ts';
import { Atom, type AtomPool } from './atom.ts';
import type { HandlerOperator } from './operators.ts';
import type { Pace } from './ready.ts';
import type { AtomicStream } from './stream.ts';
import type { Turns } from './turn.ts';

/** Where what goes round is. */
export interface Lap {
  /** The next atom. */
  atom: Atom;
  /** What came of it, if it was run and that cannot simply be passed on. The workflow has to settle it. */
  out: Atom | undefined;
}

export class Rounds {
  /** Where the atoms come from, and where what comes of them goes. */
  readonly #source: AtomicStream;
  readonly #stream: AtomicStream;
  readonly #task: HandlerOperator;
  readonly #turns: Turns;
  readonly #pool: AtomPool;
  readonly #pace: Pace;

  constructor(
    task: HandlerOperator,
    source: AtomicStream,
    stream: AtomicStream,
    { turns, pool, pace }: { readonly turns: Turns; readonly pool: AtomPool; readonly pace: Pace },
  ) {
    this.#task = task;
    this.#source = source;
    this.#stream = stream;
    this.#turns = turns;
    this.#pool = pool;
    this.#pace = pace;
  }

  /**
   * Runs an atom, then what came of it, and so on. Returns how many were run and done: none if it has no events. It ends when none
   * came of one, and whenever the sequencer has to decide (H2).
   */
  go(lap: Lap): number {
    const { n } = lap.atom;
    if (n === 0) return 0;
    return n === 1 ? this.#alone(lap) : this.#together(lap);
  }

  /**
   * For as long as one event becomes one event. Once it was read its place is free for what comes of it. That place is in a new
   * atom: the garbage collector wants to know of all that is stored in old objects, and of nothing that is stored in new ones.
   */
  #alone(lap: Lap): number {
    const pace = this.#pace;
    const turns = this.#turns;
    const { undoLog } = turns;
    const task = this.#task;
    const first = lap.atom;
    let [key] = first.keys as [Key];
    let [value] = first.values;
    const atom = new Atom();
    const most = Math.min(pace.left + 1, pace.events);
    let hops = 0;
    task.begin(atom);
    task.allow(1);
    for (;;) {
      if (!task.one(key, value, atom)) {
        lap.out = atom;
        break;
      }
      if (undoLog.touched) {
        turns.commit();
        task.allow(1);
      }
      hops++;
      if (atom.n !== 1 || pace.disturbed || hops >= most) break;
      key = atom.keys[0] as Key;
      value = atom.values[0];
      atom.n = 0;
    }
    task.end();
    const begun = lap.out === undefined ? hops : hops + 1;
    pace.left -= begun - 1;
    pace.events -= begun;
    if (hops === 0) return 0;
    this.#source.release(first);
    if (lap.out === undefined) {
      if (atom.n === 0) atom.values[0] = undefined;
      lap.atom = atom;
    } else {
      // H3.
      lap.atom = this.#pool.take();
      lap.atom.push(key, value);
    }
    lap.atom.holders = 1;
    this.#count(hops, hops, hops - 1 + lap.atom.n);
    return hops;
  }

  /** For atoms of any size: two take turns. */
  #together(lap: Lap): number {
    const pace = this.#pace;
    const turns = this.#turns;
    const { undoLog } = turns;
    const task = this.#task;
    const pool = this.#pool;
    const first = lap.atom.n;
    let { atom } = lap;
    let out = pool.take();
    let { left, events } = pace;
    let hops = 0;
    let taken = 0;
    for (;;) {
      const { n } = atom;
      events -= n;
      task.begin(out);
      if (!task.all(atom, out)) {
        lap.out = out;
        break;
      }
      if (undoLog.touched) turns.commit();
      hops++;
      taken += n;
      const read = atom;
      atom = out;
      atom.holders = 1;
      if (--read.holders === 0) {
        read.clear();
        out = read;
      } else out = pool.take();
      if (atom.n <= 1 || pace.disturbed || left <= 0 || events <= 0) break;
      left--;
    }
    task.end();
    pace.left = left;
    pace.events = events;
    if (lap.out === undefined) pool.give(out);
    if (hops > 0) this.#count(hops, taken, taken - first + atom.n);
    lap.atom = atom;
    return hops;
  }

  /** So many atoms were read and published, with so many events. */
  #count(atoms: number, taken: number, made: number): void {
    this.#source.passThrough(atoms, taken);
    this.#stream.passThrough(atoms, made);
  }
}
