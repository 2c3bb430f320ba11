/**
 * Who can run. Entities enter the ready list when an atom arrives for them, so a step never looks at idle ones.
 *
 * R1. An entity is in the list at most once: its `place` says where.
 * R2. Whoever takes an entity out runs it, and puts it back if it still has something to do.
 */
import type { Random } from './random.ts';

/** Something that can make a step. */
export interface Runnable {
  /** The class of the stepping system: portals, workflows, sequencers, splitters, generators. */
  readonly rank: Rank;
  /** Where it stands in the ready list; -1 if it does not. Only the list writes it. */
  place: number;
  /** One step. Returns whether there is more to do. */
  run(): boolean;
}

export type Rank = 0 | 1 | 2 | 3 | 4;
export const PORTALS: Rank = 0;
export const WORKFLOWS: Rank = 1;
export const SEQUENCERS: Rank = 2;
export const SPLITTERS: Rank = 3;
export const GENERATORS: Rank = 4;

export interface Ready {
  add(entity: Runnable): void;
  remove(entity: Runnable): void;
  /** Takes out who runs next. */
  take(): Runnable | undefined;
  readonly size: number;
}

/**
 * Strictly by class, at random within a class: all that follows from an atom is done before a generator makes the next.
 */
export class RankedReady implements Ready {
  readonly #lists: [Runnable[], Runnable[], Runnable[], Runnable[], Runnable[]] = [[], [], [], [], []];
  readonly #random: Random;
  size = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  add(entity: Runnable): void {
    if (entity.place !== -1) return;
    const list = this.#lists[entity.rank];
    entity.place = list.length;
    list.push(entity);
    this.size++;
  }

  remove(entity: Runnable): void {
    if (entity.place === -1) return;
    const list = this.#lists[entity.rank];
    const last = list.pop();
    if (last !== undefined && last !== entity) {
      list[entity.place] = last;
      last.place = entity.place;
    }
    entity.place = -1;
    this.size--;
  }

  take(): Runnable | undefined {
    const lists = this.#lists;
    for (let rank = 0; rank < 5; rank++) {
      const list = lists[rank] as Runnable[];
      if (list.length === 0) continue;
      const entity = list[list.length === 1 ? 0 : this.#random.below(list.length)] as Runnable;
      this.remove(entity);
      return entity;
    }
    return undefined;
  }
}

/** First come, first served: whoever can run runs once in every round. */
export class FairReady implements Ready {
  #ring: (Runnable | undefined)[] = Array.from({ length: 64 });
  #first = 0;
  #next = 0;
  size = 0;

  add(entity: Runnable): void {
    if (entity.place !== -1) return;
    if (this.#next - this.#first === this.#ring.length) this.#grow();
    entity.place = this.#next & (this.#ring.length - 1);
    this.#ring[entity.place] = entity;
    this.#next++;
    this.size++;
  }

  remove(entity: Runnable): void {
    if (entity.place === -1) return;
    this.#ring[entity.place] = undefined;
    entity.place = -1;
    this.size--;
  }

  take(): Runnable | undefined {
    while (this.#first < this.#next) {
      const at = this.#first++ & (this.#ring.length - 1);
      const entity = this.#ring[at];
      if (entity === undefined) continue;
      this.remove(entity);
      return entity;
    }
    return undefined;
  }

  #grow(): void {
    const waiting: Runnable[] = [];
    for (let entity = this.take(); entity !== undefined; entity = this.take()) waiting.push(entity);
    if (waiting.length * 2 > this.#ring.length) this.#ring = Array.from({ length: this.#ring.length * 2 });
    this.#first = 0;
    this.#next = 0;
    for (const entity of waiting) this.add(entity);
  }
}
