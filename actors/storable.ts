/** Which behaviors can be stored: those that the program will find again by their name. */
import { PorticoError } from '../src/index.ts';
import type { Behavior, Definition } from './behavior.ts';

/** The behaviors that a system was started with, by name. */
export type Definitions = ReadonlyMap<string, Definition>;

export function definitionsOf(given: Iterable<Definition>): Definitions {
  const byName = new Map<string, Definition>();
  for (const definition of given) {
    const { name } = definition;
    const other = byName.get(name);
    if (other !== undefined && other !== definition) {
      throw new PorticoError({
        code: 'actor/same-name',
        where: 'start',
        what: `two behaviors are called ${name}`,
        cure: 'Give each behavior a name of its own: stored actors are found by it',
      });
    }
    byName.set(name, definition);
  }
  return byName;
}

/** What the runtime has to know of how it is kept. */
export interface Keeping {
  /** The behaviors that can be stored; undefined if nothing is stored. */
  readonly behaviors: Definitions | undefined;
  /** What tells this system from all others, unless its store says so already. */
  readonly origin: string;
}

export const NOT_KEPT: Keeping = { behaviors: undefined, origin: '' };

/** Refuses a behavior that could not be found again. `of` is what it was made of. */
export function checkStorable(
  behavior: Behavior<never>,
  known: Definitions,
  where: string,
  of: Behavior<never> = behavior,
): void {
  const { kind, definition } = behavior;
  if (definition === undefined) {
    if (kind === 'receive' || kind === 'init') throw anonymous(where, of);
  } else if (kind !== 'unknown' && known.get(definition.name) !== definition) {
    throw unregistered(where, definition.name, known.has(definition.name));
  }
}

function anonymous(where: string, of: Behavior<never>): PorticoError {
  const made = of.definition === undefined ? '' : `, and ${of.definition.name}(…) ends in one`;
  return new PorticoError({
    code: 'actor/anonymous',
    where,
    what: `a behavior without a name cannot be stored${made}`,
    cure: "Give it one, as in const counting = behavior('counting', (…) => receive(…)), and use counting(…)",
  });
}

function unregistered(where: string, name: string, isTaken: boolean): PorticoError {
  return new PorticoError({
    code: 'actor/unregistered',
    where,
    what: isTaken
      ? `the system was started with another behavior ${name} than this one`
      : `the system was not started with the behavior ${name}, so a stored actor would not find it`,
    cure: `Start it with that: start({ behaviors: { … } })`,
  });
}
