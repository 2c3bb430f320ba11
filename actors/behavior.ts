/**
 * Behaviors: what an actor does with its next message. A named behavior is data: a name and arguments, from which its
 * factory makes the handler whenever a message has to be handled.
 */
import { PorticoError } from '../src/index.ts';
import type { Supervision } from './supervise.ts';

/** What a behavior is. */
export type BehaviorKind =
  'receive' | 'init' | 'named' | 'same' | 'stopped' | 'unhandled' | 'empty' | 'ignore' | 'unknown';

// Without their types: the functions that make behaviors keep them.
export type OnMessage = (message: unknown, ctx: unknown) => Behavior<never>;
export type OnSignal = (signal: unknown, ctx: unknown) => Behavior<never>;
export type OnInit = (ctx: unknown) => Behavior<never>;

/** The definition behind a named behavior. */
export interface Definition {
  readonly name: string;
  /** The version of its arguments. */
  readonly version: number;
  /** Makes what handles messages, out of the arguments. */
  readonly make: (...args: never[]) => Behavior<never>;
  /** Makes the arguments of this version out of those of an older one. */
  readonly migrate: ((args: readonly unknown[], fromVersion: number) => readonly unknown[]) | undefined;
  /** Checks messages that come from outside. */
  readonly schema: StandardSchema | undefined;
}

/** What is used of the Standard Schema interface (https://standardschema.dev). */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  };
}

/** What a schema says of a value: the value, or what is wrong with it. */
export interface SchemaResult<Output> {
  readonly value?: Output;
  readonly issues?: readonly SchemaIssue[] | undefined;
}

/** One thing that is wrong with a value, and where. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

const NO_ARGS: readonly unknown[] = [];

/**
 * What an actor does with its next message of type `M`. One class and one shape for all kinds, because the runtime
 * looks at one for every message.
 */
export class Behavior<in M> {
  /** @internal */
  readonly kind: BehaviorKind;
  /** @internal Of a named behavior. */
  readonly definition: Definition | undefined;
  /** @internal Of a named behavior. */
  readonly args: readonly unknown[];
  /** @internal What handles a message. A named behavior has it once its factory has run. */
  onMessage: OnMessage | undefined;
  /** @internal */
  onSignal: OnSignal | undefined;
  /** @internal */
  readonly onInit: OnInit | undefined;
  /** @internal */
  supervision: Supervision | undefined;
  /** Carries the type; never present. */
  declare readonly handles?: (message: M) => void;

  /** @internal */
  constructor(parts: {
    kind: BehaviorKind;
    definition?: Definition | undefined;
    args?: readonly unknown[];
    onMessage?: OnMessage | undefined;
    onSignal?: OnSignal | undefined;
    onInit?: OnInit | undefined;
    supervision?: Supervision | undefined;
  }) {
    this.kind = parts.kind;
    this.definition = parts.definition;
    this.args = parts.args ?? NO_ARGS;
    this.onMessage = parts.onMessage;
    this.onSignal = parts.onSignal;
    this.onInit = parts.onInit;
    this.supervision = parts.supervision;
  }

  toString(): string {
    return this.definition === undefined
      ? this.kind
      : `${this.definition.name}(${this.args.map(String).join(', ')})`;
  }
}

/** The behavior stays as it is. */
export const same: Behavior<unknown> = new Behavior({ kind: 'same' });

/** The actor stops. */
export const stopped: Behavior<unknown> = new Behavior({ kind: 'stopped' });

/** The message was not handled: it is set aside as a dead letter, and the behavior stays as it is. */
export const unhandled: Behavior<unknown> = new Behavior({ kind: 'unhandled' });

/** Handles no message: each is set aside as a dead letter. */
export const empty: Behavior<unknown> = new Behavior({ kind: 'empty', onMessage: () => unhandled });

/** Uses each message up without doing anything. */
export const ignore: Behavior<unknown> = new Behavior({ kind: 'ignore', onMessage: () => same });

/** Refuses what is no behavior, before it gets anywhere. */
export function checkBehavior(behavior: unknown, where: string): void {
  if (behavior instanceof Behavior) return;
  const what = `${behavior === null ? 'null' : `a value of type ${typeof behavior}`} was given where a behavior is needed`;
  const cure = 'Give it receive(…), init(…) or what calling a behavior(…) makes';
  throw new PorticoError({ code: 'actor/bad-behavior', where, what, cure });
}
