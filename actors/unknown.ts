/**
 * Behaviors of a store that the program cannot have: it does not know the name, or has another version of it. Such an actor
 * waits, with all that comes for it, until a program can have its behavior again.
 */
import { Behavior, same, type Definition, type OnMessage, type OnSignal } from './behavior.ts';
import { extend, extrasOf, named, unknownOf, wait, type RuntimeContext } from './kept.ts';
import type { LiveContext } from './live.ts';
import { Signalled } from './messages.ts';
import type { Signal } from './signals.ts';
import type { Supervision } from './supervise.ts';

/** Of what behavior an actor is that waits, and why it does. */
export interface Unknown {
  readonly behavior: string;
  /** The version that is stored. */
  readonly version: number;
  /** What is wrong, and what would be right. */
  readonly why: string;
}

/** Stands for a behavior that the program cannot have: it can be stored again as it was. */
export function unknownBehavior(
  unknown: Unknown,
  args: readonly unknown[],
  supervision?: Supervision,
): Behavior<never> {
  const { behavior: name, version } = unknown;
  const definition: Definition = { name, version, make: () => same, migrate: undefined, schema: undefined };
  const onMessage = ((message, { t }) => waits(message, unknown, t)) satisfies Waits as unknown as OnMessage;
  const onSignal = ((signal, { t }) =>
    (signal as Signal).signal === 'terminated'
      ? waits(new Signalled(signal as Signal), unknown, t)
      : same) satisfies Waits as unknown as OnSignal;
  return new Behavior<never>({ kind: 'unknown', definition, args, supervision, onMessage, onSignal });
}

type Waits = (value: unknown, ctx: LiveContext) => Behavior<unknown>;

function waits(value: unknown, unknown: Unknown, t: RuntimeContext): Behavior<unknown> {
  if (extrasOf.get(t)?.unknown !== true) {
    extend({ unknown: true }, t);
    note(unknown, t);
  }
  wait(value, t);
  return same;
}

/** Puts it into the list of those that wait, and says so. */
function note(unknown: Unknown, t: RuntimeContext): void {
  const { behavior, version, why } = unknown;
  unknownOf.set(t, t.key as never, unknown);
  t.log.error(`${named(t)} waits with all its messages: it is stored as ${behavior}, version ${version}; ${why}`);
}

/** Says again, in a later run, that an actor waits; whether it still does. */
export function stillWaits(behavior: Behavior<never>, t: RuntimeContext): boolean {
  if (behavior.kind !== 'unknown') return false;
  unknownOf.delete(t, t.key as never);
  extend({ unknown: undefined }, t);
  return true;
}
