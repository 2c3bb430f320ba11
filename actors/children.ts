/** The children of an actor: those that it created, that have not stopped as far as it knows, and that stop with it. */
import { PorticoError, type Key } from '../src/index.ts';
import { childrenOf, extend, extrasOf, named, nextNumber, type RuntimeContext } from './kept.ts';
import { Stop, type Birth, type ChildStopped } from './messages.ts';
import { ActorRef } from './ref.ts';

/** The actor creates a child. */
export function adopt(child: Key, t: RuntimeContext): Birth {
  const number = typeof child === 'number' ? 0 : nextNumber(t);
  childrenOf.set(t, child, number === 0 ? ALONE : [...(childrenOf.get(t, child) ?? []), number]);
  if (extrasOf.get(t)?.parental !== true) extend({ parental: true }, t);
  return { parent: t.key as Key, number };
}

export function children(t: RuntimeContext): ActorRef<never>[] {
  return childrenOf.entries(t).map(([child]) => new ActorRef(child));
}

/** Stops them all. They stop in turns of their own. */
export function stopChildren(t: RuntimeContext): void {
  for (const [child] of childrenOf.entries(t)) t.emitTo(child, new Stop(t.key as Key));
}

export function stopChild(child: ActorRef<never>, t: RuntimeContext): void {
  if (!childrenOf.has(t, child.id)) throw notAChild(child, t);
  t.emitTo(child.id, new Stop(t.key as Key));
}

/** Forgets a child that has stopped; whether it was one. K4. */
export function lost({ child, number }: ChildStopped, t: RuntimeContext): boolean {
  const before = childrenOf.get(t, child);
  if (before === undefined) return false;
  const alive = before.filter((each) => each !== number);
  if (alive.length > 0) childrenOf.set(t, child, alive);
  else childrenOf.delete(t, child);
  return true;
}

/** The numbers of a child without a name: it has a key of its own. */
const ALONE: readonly number[] = [0];

function notAChild(child: ActorRef<never>, t: RuntimeContext): PorticoError {
  return new PorticoError({
    code: 'actor/not-a-child',
    where: named(t),
    what: `it cannot stop ${String(child)}, which is not its child`,
    cure: 'Create it with { child: true }, or send it a message that makes it stop',
  });
}
