/**
 * Turns: the smallest steps, each with a savepoint, and the effects that wait for the end of their atom.
 *
 * T1. A turn that fails leaves nothing: no write, no emission, no ask, no reply, no timer.
 * T2. Effects take place when their atom is committed, in the order in which they were made, or not at all.
 * T3. What one commit sends to one entrance of a workflow arrives there as one pass.
 */
import type { Clock } from '../host.ts';
import { UndoLog } from './cells.ts';
import { Timers, type Timed } from './timers.ts';

/** Something a turn did that the outside of the turn must not see before the atom is committed. */
export interface Effect {
  apply(): void;
  /** The turn or atom was undone. */
  undo(): void;
}

/** Something that collects during a commit and is passed on at its end. */
export interface Collects {
  flush(): void;
}

/** The turns of one partition. */
export class Turns {
  readonly undoLog: UndoLog = new UndoLog();
  readonly timers: Timers = new Timers();
  /** The asks that wait for their reply. */
  readonly asks: Set<Timed> = new Set();
  readonly #clock: Clock;
  #effects: Effect[] = [];
  #kept = 0;
  #collecting: Collects[] = [];
  #nowMs: number | undefined;
  /** Counts atoms, so that a turn can be told from every other one. */
  atom = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The time of this atom: read once, when first asked for. */
  get nowMs(): number {
    this.undoLog.touched = true;
    return (this.#nowMs ??= this.#clock.now());
  }

  /** How many effects wait for the end of the atom. */
  get waiting(): number {
    return this.#effects.length;
  }

  add(effect: Effect): void {
    this.undoLog.dirty = true;
    this.#effects.push(effect);
  }

  /** Calls `flush` when this commit has applied all its effects. */
  collect(collects: Collects): void {
    this.#collecting.push(collects);
  }

  /** Ends a turn that went well. */
  keep(): void {
    this.undoLog.keep();
    this.#kept = this.#effects.length;
  }

  /** Undoes the running turn. */
  rollback(): void {
    this.undoLog.rollback();
    this.#drop(this.#kept);
  }

  /** Ends an atom that went well: its effects take place. */
  commit(): void {
    if (!this.undoLog.touched) return;
    this.undoLog.commit();
    const effects = this.#effects;
    if (effects.length > 0) {
      this.#effects = [];
      this.#kept = 0;
      for (const effect of effects) effect.apply();
    }
    if (this.#collecting.length > 0) this.flush();
    this.#nowMs = undefined;
    this.atom++;
  }

  /** Undoes the whole atom. */
  undo(): void {
    this.undoLog.undo();
    this.#drop(0);
    this.#kept = 0;
    this.#nowMs = undefined;
    this.atom++;
  }

  /** Fires what is due. Nothing else may be under way. */
  fireDue(): void {
    const now = this.#clock.now();
    if (this.timers.nextMs > now) return;
    this.timers.fireUntil(now);
    this.flush();
  }

  /** Passes on what was collected. */
  flush(): void {
    const collecting = this.#collecting;
    this.#collecting = [];
    for (const collects of collecting) collects.flush();
  }

  #drop(to: number): void {
    while (this.#effects.length > to) this.#effects.pop()?.undo();
  }
}
