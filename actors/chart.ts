/**
 * A statechart as data: its state, what it waits for, and what is said between it and its children. Nothing here knows XState.
 */
import type { Failure } from './messages.ts';
import type { ActorRef } from './ref.ts';

/** Asks a statechart for its snapshot. */
export interface ReadSnapshot {
  readonly type: 'portico.snapshot';
  readonly replyTo: ActorRef<ChartSnapshot>;
}

/** A statechart as JSON, as far as its context, events and inputs are. */
export interface ChartSnapshot {
  /** The version of the chart that it was taken from. */
  readonly version: number;
  /** The state in the words of XState: `value`, `context`, `historyValue` and so on. */
  readonly machine: PersistedMachine;
  /** What will happen by itself, and when. */
  readonly delays: Readonly<Record<string, Delay>>;
  /** The children of the states that are active. */
  readonly children: Readonly<Record<string, ChildOrigin>>;
}

/** What XState makes of its snapshot to be kept. */
export interface PersistedMachine {
  readonly status: string;
  readonly value: unknown;
  readonly context: unknown;
  readonly [more: string]: unknown;
}

/** An event that is sent when its time has come. */
export interface Delay {
  readonly dueMs: number;
  readonly event: ChartEvent;
  /** To whom; to the chart itself if not given. */
  readonly to?: Target;
}

/** Whence a child comes. */
export interface ChildOrigin {
  readonly src: string;
  readonly input?: unknown;
  /** Whether it has come to its end. XState keeps it until the state is left that invoked it. */
  readonly isDone?: boolean;
}

/** An event, as far as is known here. */
export interface ChartEvent {
  readonly type: string;
  readonly [more: string]: unknown;
}

export type Target = { readonly child: string } | 'parent' | { readonly ref: ActorRef<never> };

/** The child's side of its bond with its parent. */
export interface Link {
  readonly parent: ActorRef<Internal>;
  readonly child: string;
  readonly run: number;
  /** Whether the parent wants to know each snapshot. */
  readonly sync: boolean;
}

/** What a chart tells itself, or its children tell it, beside events. */
export type Internal =
  | { readonly type: 'portico.due'; readonly id: string }
  | {
      readonly type: 'portico.outcome';
      readonly child: string;
      readonly run: number;
      readonly reply?: unknown;
      readonly failure?: Failure;
    }
  | { readonly type: 'portico.done'; readonly child: string; readonly run: number; readonly output: unknown }
  | {
      readonly type: 'portico.synced';
      readonly child: string;
      readonly run: number;
      readonly snapshot: unknown;
    }
  | {
      readonly type: 'portico.stopped';
      readonly child: string;
      readonly run: number;
      readonly reply?: ActorRef<never>;
    };

export type Message = ChartEvent | ReadSnapshot | Internal;

/** A child that is alive. */
export interface Child extends ChildOrigin {
  /** Tells it from others of the same id. */
  readonly run: number;
  /** The actor that it is; an effect is none. */
  readonly ref?: ActorRef<never>;
}

/** X1: all that a chart is. */
export interface Chart extends Omit<ChartSnapshot, 'version' | 'children'> {
  readonly children: Readonly<Record<string, Child>>;
  readonly link?: Link;
}

/** How a chart begins. */
export type Beginning =
  { readonly input: unknown; readonly link?: Link } | { readonly restore: ChartSnapshot };

/** Whence the children come. */
export function origins(children: Chart['children']): ChartSnapshot['children'] {
  return Object.fromEntries(
    Object.entries(children).map(([id, { src, input, isDone }]) => [
      id,
      { src, ...(input !== undefined && { input }), ...(isDone === true && { isDone }) },
    ]),
  );
}

export function isRead(message: Message): message is ReadSnapshot {
  return message.type === 'portico.snapshot';
}

export function isInternal(message: ChartEvent | Internal): message is Internal {
  return message.type.startsWith('portico.');
}

/** A copy of lists and plain objects, all the way down. */
export function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copied(each)]));
}
