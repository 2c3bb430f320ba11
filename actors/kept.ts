/**
 * What is kept of actors: the state behind their turns, and what it says of a key. A key is an actor; its cell holds the
 * behavior and, if it has any, what else belongs to it.
 *
 * K1. A plain actor (no parent, watchers, timers, stash, supervision) is one slot of one cell; `extras` says what else there is.
 * K2. Nothing is left of a stopped actor. A number at or below the highest creation seen, with no behavior, has stopped;
 *     a number above it is not here yet, and its messages wait. So do those for a name that is announced.
 * K3. A number is given out once. Those of a turn that is undone are not given out again, since a reference may have been let
 *     out through a variable: there will be no such actors, and messages to them are dead letters.
 * K4. A name has one holder after another. That one has stopped, which its watchers and its parent are told, bears a number,
 *     and never counts for the next. What these say to the name needs none: it keeps its order.
 */
import {
  perKeyMap,
  perKeyState,
  perTaskMap,
  perTaskState,
  type Key,
  type MapState,
  type ProcessorContext,
  type ValueState,
} from '../src/index.ts';
import { Behavior } from './behavior.ts';
import type { Extras } from './extras.ts';
import { NeverCreated } from './messages.ts';
import { ActorRef } from './ref.ts';
import type { TimerEntry } from './timers.ts';

/** The context of the task that runs the actors. */
export type RuntimeContext = ProcessorContext<unknown>;

// The first slot of every cell: it comes first in every turn.
export const behaviorOf: ValueState<Behavior<never> | undefined> = perKeyState<Behavior<never> | undefined>(
  'portico/behavior',
  undefined,
);
export const extrasOf: ValueState<Extras | undefined> = perKeyState<Extras | undefined>(
  'portico/extras',
  undefined,
);
/** The numbers of its creations that have not stopped: a name can be taken again before the parent knows of the end. */
export const childrenOf: MapState<Key, readonly number[]> = perKeyMap('portico/children');
export const watchersOf: MapState<Key, number> = perKeyMap('portico/watchers');
export const watchingOf: MapState<Key, Watched> = perKeyMap('portico/watching');
export const stashOf: MapState<number, unknown> = perKeyMap('portico/stash');
export const waitingOf: MapState<number, unknown> = perKeyMap('portico/waiting');
export const timersOf: MapState<Key, TimerEntry> = perKeyMap('portico/timers');
/** An ask of a portal has no timer of ours: the portal tells when its time is over. */
export const asksOf: MapState<number, { readonly as: object; readonly timer: number | undefined }> =
  perKeyMap('portico/asks');

/** The highest number that was given out, and the highest of those created outside, of which a creation was seen. */
export const given: ValueState<number> = perTaskState('portico/given', 0);
const seen = perTaskState('portico/seen', 0);
const seenOutside = perTaskState('portico/seenOutside', 0);
/** How many creations by actors under a name are on their way. */
const announced = perTaskMap<Key, number>('portico/announced');
/** Who waits because the program cannot have its behavior. */
export const unknownOf: MapState<Key, Unknown> = perTaskMap<Key, Unknown>('portico/unknown');
/** The actors that stand for somebody outside. */
export const visitors: MapState<Key, true> = perTaskMap<Key, true>('portico/visitors');
/** By which the keys of this store's effects differ from those of any other. */
const originOf = perTaskState<string | undefined>('portico/origin', undefined);
/** Numbers for asks, timers and effects. */
const numbers = perTaskState('portico/numbers', 0);

/** A watch over another actor. */
export interface Watched {
  readonly number: number;
  /** The message that its end becomes, if it does not become a signal. */
  readonly as: object | undefined;
}

/** What behavior an actor has that the program cannot have, and why not. */
export interface Unknown {
  readonly behavior: string;
  /** The version that is stored. */
  readonly version: number;
  /** What is wrong, and what would be right. */
  readonly why: string;
}

const NO_EXTRAS: Extras = {};
// Neither handles messages, so that one look tells those who do from all others.
/** Marks an actor whose children have to stop first. */
export const stopping: Behavior<never> = new Behavior<never>({ kind: 'ignore' });
/** Marks an actor that waits to begin again: for its time, or for its children to stop. */
export const backingOff: Behavior<never> = new Behavior<never>({ kind: 'ignore' });

export function extend(more: Extras, t: RuntimeContext): void {
  extrasOf.set(t, { ...(extrasOf.get(t) ?? NO_EXTRAS), ...more });
}

/** The actor under this key. */
export function selfOf(t: RuntimeContext): ActorRef<never> {
  const entity = extrasOf.get(t)?.entity;
  return new ActorRef(t.key as Key, entity && { kind: 'entity', behavior: entity });
}

/** What it is called in errors and in the log, as its reference prints. */
export function named({ key }: { readonly key: Key | undefined }): string {
  return `actor:${String(key)}`;
}

export function nextNumber(t: RuntimeContext): number {
  return numbers.update(t, (n) => n + 1);
}

/** What tells this store's effects from others: drawn once. */
export function origin(drawn: string, t: RuntimeContext): string {
  const known = originOf.get(t);
  if (known === undefined) originOf.set(t, drawn);
  return known ?? drawn;
}

/** Keeps an event until the actor can have it. */
export function wait(value: unknown, t: RuntimeContext): void {
  waitingOf.set(t, waitingOf.size(t), value);
  if (extrasOf.get(t)?.waited !== true) extend({ waited: true }, t);
}

/** K2. Only what actors create was announced. */
export function sawCreation(byActor: boolean, t: RuntimeContext): void {
  const key = t.key as Key;
  if (typeof key !== 'number') {
    if (byActor) announce(key, -1, t);
  } else if (key > 0) seen.set(t, Math.max(seen.get(t), key));
  else seenOutside.set(t, Math.max(seenOutside.get(t), -key));
}

export function announce(name: Key, more: 1 | -1, t: RuntimeContext): void {
  const now = (announced.get(t, name) ?? 0) + more;
  if (now > 0) announced.set(t, name, now);
  else announced.delete(t, name);
}

/** The highest number of a creation from outside that was seen. */
export function lastOutside(t: RuntimeContext): number {
  return seenOutside.get(t);
}

/** K2: of a key under which there is no actor. */
export function hasStopped(t: RuntimeContext): boolean {
  const { key } = t;
  if (typeof key !== 'number') return !announced.has(t, key as Key);
  return key > 0 ? key <= seen.get(t) : -key <= seenOutside.get(t);
}

/** Undoes the turn. K3. */
export function undo(t: RuntimeContext): void {
  const last = given.get(t);
  t.undo();
  const first = given.get(t) + 1;
  if (last < first) return;
  given.set(t, last);
  for (let id = first; id <= last; id++) t.emitTo(id, new NeverCreated());
}
