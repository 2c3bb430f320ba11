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

/** How much more may be done before somebody else is asked. */
export interface Pace {
  /** Steps: for entities that make several in a row. */
  left: number;
  /** Events. An atom may have very many, and is run whole all the same: what it has too many is missing afterwards. */
  events: number;
  /** Whether somebody else may have a turn: set when anybody becomes ready, for entities that make several steps in a row. */
  disturbed: boolean;
}

export interface Ready {
  readonly pace: Pace;
  add(entity: Runnable): void;
  remove(entity: Runnable): void;
  /** Takes out who runs next. */
  take(): Runnable | undefined;
  readonly size: number;
  /** Whether anybody has a turn before this entity has its next one. */
  before(entity: Runnable): boolean;
}

/**
 * Strictly by class, at random within a class: all that follows from an atom is done before a generator makes the next.
 */
export class RankedReady implements Ready {
  readonly pace: Pace = { left: 0, events: 0, disturbed: false };
  readonly #ranks: readonly RankList[] = [
    new RankList(),
    new RankList(),
    new RankList(),
    new RankList(),
    new RankList(),
  ];
  readonly #random: Random;
  /** A bit for each class in which someone is ready. */
  #some = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#ranks.reduce((sum, { n }) => sum + n, 0);
  }

  before({ rank }: Runnable): boolean {
    return (this.#some & ((2 << rank) - 1)) !== 0;
  }

  add(entity: Runnable): void {
    if (entity.place !== -1) return;
    this.pace.disturbed = true;
    const { rank } = entity;
    const list = this.#ranks[rank] as RankList;
    const n = list.n++;
    list.entities[n] = entity;
    entity.place = n;
    this.#some |= 1 << rank;
  }

  remove(entity: Runnable): void {
    if (entity.place !== -1) this.#removeAt(entity.rank, entity.place);
  }

  take(): Runnable | undefined {
    const some = this.#some;
    if (some === 0) return undefined;
    // The lowest bit that is set.
    const rank = 31 - Math.clz32(some & -some);
    const { entities, n } = this.#ranks[rank] as RankList;
    const at = n === 1 ? 0 : this.#random.below(n);
    const entity = entities[at] as Runnable;
    this.#removeAt(rank, at);
    return entity;
  }

  #removeAt(rank: number, at: number): void {
    const list = this.#ranks[rank] as RankList;
    const { entities } = list;
    const n = --list.n;
    (entities[at] as Runnable).place = -1;
    if (at !== n) {
      const last = entities[n] as Runnable;
      entities[at] = last;
      last.place = at;
    }
    entities[n] = undefined;
    if (n === 0) this.#some &= ~(1 << rank);
  }
}

/** The entities of one class. Counted by hand, because it grows and shrinks at every step. */
class RankList {
  readonly entities: (Runnable | undefined)[] = [undefined];
  n = 0;
}

/** First come, first served: whoever can run runs once in every round. */
export class FairReady implements Ready {
  readonly pace: Pace = { left: 0, events: 0, disturbed: false };
  #ring: (Runnable | undefined)[] = Array.from({ length: 64 });
  #first = 0;
  #next = 0;
  size = 0;

  before(): boolean {
    return this.size > 0;
  }

  add(entity: Runnable): void {
    if (entity.place !== -1) return;
    this.pace.disturbed = true;
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
