/**
 * Entrances: where requests, replies and timers enter a workflow, at a task. What one commit sends there becomes one
 * pass, which the workflow runs like an atom.
 */
import type { Key } from '../graph/keys.ts';
import { Timed, type Timers } from './timers.ts';
import type { Collects, Effect, Turns } from './turn.ts';

/** What can enter. */
export type PassKind = 'requests' | 'replies' | 'timers';

/** What entered at one task together. */
export interface Pass {
  readonly kind: PassKind;
  readonly entrance: Entrance;
  readonly items: readonly unknown[];
}

/** Where passes wait. */
export interface Inbox {
  push(pass: Pass): void;
}

/** Which part of a task it leads to. */
export interface EntrancePlace {
  readonly path: string;
  readonly part: number;
  readonly continuations: readonly { readonly name: string }[];
}

export class Entrance implements Collects {
  /** The path of its task. */
  readonly path: string;
  /** The path, and which part of the task it is: the same whenever the application runs. */
  readonly id: string;
  readonly part: number;
  readonly turns: Turns;
  readonly inbox: Inbox;
  /** The named continuations of its task. */
  readonly continuations: readonly { readonly name: string }[];
  /** The numbers of its segment and of the operator within that. */
  readonly segment: number;
  readonly operator: number;
  #kind: PassKind = 'requests';
  #items: unknown[] = [];

  constructor(
    { path, part, continuations }: EntrancePlace,
    turns: Turns,
    inbox: Inbox,
    segment: number,
    operator: number,
  ) {
    this.path = path;
    this.id = `${path}#${part}`;
    this.part = part;
    this.continuations = continuations;
    this.turns = turns;
    this.inbox = inbox;
    this.segment = segment;
    this.operator = operator;
  }

  /** Lets something enter at the end of this commit. */
  add(kind: PassKind, item: unknown): void {
    if (this.#items.length > 0 && this.#kind !== kind) this.flush();
    if (this.#items.length === 0) this.turns.collect(this);
    this.#kind = kind;
    this.#items.push(item);
  }

  flush(): void {
    if (this.#items.length === 0) return;
    const pass: Pass = { kind: this.#kind, entrance: this, items: this.#items };
    this.#items = [];
    this.inbox.push(pass);
  }
}

/** The timers of tasks, by number, from being set until they were delivered or cancelled. */
export class TaskTimers {
  readonly #byId = new Map<number, TaskTimer>();
  /** The youngest number. */
  last = 0;
  /** The numbers of those that were set or are done since they were taken, if anybody takes them. */
  #changed: Set<number> | undefined;

  /** Notes what changes from now on. */
  record(): void {
    this.#changed = new Set();
  }

  takeChanged(): Iterable<number> {
    const changed = this.#changed ?? [];
    this.#changed = new Set();
    return changed;
  }

  noteChanged(id: number): void {
    this.#changed?.add(id);
  }

  add(timer: TaskTimer): number {
    this.#byId.set(++this.last, timer);
    return this.last;
  }

  /** Takes back a timer that was set before the system started. */
  restore(entrance: Entrance, key: Key, due: number, payload: unknown, id: number): TaskTimer {
    const timer = new TaskTimer(entrance, this, key, due, payload, id);
    this.#byId.set(id, timer);
    return timer;
  }

  find(id: number): TaskTimer | undefined {
    return this.#byId.get(id);
  }

  delete(id: number): void {
    this.#byId.delete(id);
    this.noteChanged(id);
  }

  /** Takes back the youngest number, with its timer. */
  undo(id: number): void {
    this.#byId.delete(id);
    this.last = id - 1;
  }

  /** Forgets the timers of tasks under a path. */
  forget(under: string): void {
    for (const [id, { owner }] of this.#byId) if (owner.startsWith(under)) this.delete(id);
  }

  get size(): number {
    return this.#byId.size;
  }
}

/** A timer of a task. */
export class TaskTimer extends Timed implements Effect {
  readonly entrance: Entrance;
  readonly key: Key;
  readonly payload: unknown;
  readonly due: number;
  readonly #all: TaskTimers;
  readonly id: number;
  cancelled = false;

  constructor(entrance: Entrance, all: TaskTimers, key: Key, due: number, payload: unknown, id?: number) {
    super();
    this.entrance = entrance;
    this.key = key;
    this.payload = payload;
    this.due = due;
    this.#all = all;
    this.id = id ?? all.add(this);
  }

  get owner(): string {
    return this.entrance.path;
  }

  apply(): void {
    this.#all.noteChanged(this.id);
    this.wait();
  }

  /** Lets it fire when it is due. */
  wait(): void {
    this.entrance.turns.timers.set(this, this.due);
  }

  undo(): void {
    this.#all.undo(this.id);
  }

  fire(): void {
    this.entrance.add('timers', this);
  }

  /** It was delivered, or will not be. */
  done(): void {
    this.#all.delete(this.id);
  }

  /** That it was delivered. */
  delivery(): Effect {
    return { apply: () => this.done(), undo: () => undefined };
  }
}

/** Takes a timer back, also when it is already on its way. */
export class CancelTimer implements Effect {
  readonly #timer: TaskTimer;
  readonly #timers: Timers;

  constructor(timer: TaskTimer, timers: Timers) {
    this.#timer = timer;
    this.#timers = timers;
  }

  apply(): void {
    this.#timer.cancelled = true;
    this.#timers.cancel(this.#timer);
    this.#timer.done();
  }

  undo(): void {
    // Nothing was done yet.
  }
}
