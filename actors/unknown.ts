/** Behaviors of a store that the program does not have. Such an actor waits, with its messages, until it is known again. */
import { Behavior, same, type Definition, type OnMessage } from './behavior.ts';
import { extend, extrasOf, wait } from './kept.ts';
import type { LiveContext } from './live.ts';
import type { Supervision } from './supervise.ts';

/** Stands for a behavior that is not known: it can be stored again as it was. */
export function unknownBehavior(
  name: string,
  version: number,
  args: readonly unknown[],
  supervision?: Supervision,
): Behavior<never> {
  const definition: Definition = {
    name,
    version,
    make: () => same,
    migrate: undefined,
    schema: undefined,
  };
  const onMessage = waits as unknown as OnMessage;
  return new Behavior<never>({ kind: 'unknown', definition, args, supervision, onMessage });
}

function waits(message: unknown, { t }: LiveContext): Behavior<unknown> {
  if (extrasOf.get(t)?.unknown !== true) {
    extend({ unknown: true }, t);
    t.log.warn(`actor:${String(t.key)} has a behavior that this program does not have; its messages wait`);
  }
  wait(message, t);
  return same;
}
