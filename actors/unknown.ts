/**
 * Behaviors of a store that the program cannot have: it does not know the name, or has another version of it. Such an actor
 * waits, with all that comes for it, until a program can have its behavior again.
 */
import { Behavior, same, type Definition, type OnMessage, type OnSignal } from './behavior.ts';
import { extend, extrasOf, named, unknownOf, wait, type RuntimeContext, type Unknown } from './kept.ts';
import type { LiveContext } from './live.ts';
import { Signalled } from './messages.ts';
import type { Signal } from './signals.ts';
import type { Supervision } from './supervise.ts';

/** Stands for a behavior that the program cannot have: it can be stored again as it was. */
export function unknownBehavior(
  unknown: Unknown,
  args: readonly unknown[],
  supervision?: Supervision,
): Behavior<never> {
  const { behavior: name, version } = unknown;
  const definition: Definition = { name, version, make: () => same, migrate: undefined, schema: undefined };
  const onMessage: Handler = (message, { t }) => waits(message, unknown, t);
  const onSignal: Handler = (signal, { t }) =>
    (signal as Signal).signal === 'terminated' ? waits(new Signalled(signal as Signal), unknown, t) : same;
  return new Behavior<never>({
    kind: 'unknown',
    definition,
    args,
    supervision,
    onMessage: onMessage as unknown as OnMessage,
    onSignal: onSignal as unknown as OnSignal,
  });
}

type Handler = (value: unknown, ctx: LiveContext) => Behavior<unknown>;

function waits(value: unknown, unknown: Unknown, t: RuntimeContext): Behavior<unknown> {
  if (extrasOf.get(t)?.unknown !== true) {
    extend({ unknown: true }, t);
    unknownOf.set(t, t.key as never, unknown);
    const { behavior, version, why } = unknown;
    t.log.error(
      `${named(t)} is stored as ${behavior}, version ${version}, and waits with its messages: ${why}`,
    );
  }
  wait(value, t);
  return same;
}

/** It is as it was before it had to wait, but for what waits. */
export function waitsNoMore(t: RuntimeContext): void {
  extend({ unknown: undefined }, t);
  unknownOf.delete(t, t.key as never);
}
