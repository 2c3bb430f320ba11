/** The identities behind names and entities. */
import { PorticoError } from '../src/index.ts';
import { checkBehavior, type Behavior } from './behavior.ts';
import { ActorRef } from './ref.ts';

/** The identity behind a name. */
export function nameId(name: string, where: string): string {
  if (typeof name === 'string' && name !== '') return `${NAME}${name}`;
  throw badName(where, `${JSON.stringify(name)} cannot be a name`, 'Use a text that is not empty');
}

/** The actor of a name, whoever creates it: for streams and tasks, which have no system at hand. */
export function actorRef<M>(name: string): ActorRef<M> {
  return new ActorRef(nameId(name, 'actorRef'));
}

/**
 * The actor of that kind and id, which always exists: its first message creates it. For streams and tasks, which have
 * no system at hand; a system and an actor have `entity`.
 *
 * @example
 * ```ts
 * import { ActorSend, behavior, entityRef, receive, same } from 'portico';
 *
 * const meter = behavior('meter', () => receive<number>(() => same));
 * console.log(String(new ActorSend(entityRef(meter(), 'hall'), 7).ref)); // actor:entity:meter/hall
 * ```
 */
export function entityRef<M>(behavior: Behavior<M>, id: string, where = 'entityRef'): ActorRef<M> {
  checkBehavior(behavior, where);
  const { definition } = behavior;
  if (definition !== undefined && typeof id === 'string') {
    return new ActorRef(`${entityPrefix(behavior)}${id}`, { kind: 'entity', behavior });
  }
  const what =
    definition === undefined ? 'an entity needs a named behavior' : 'the id of an entity must be a text';
  throw badName(where, what, "Define its kind with behavior('name', …) and give it a text as id");
}

/** What an actor is called: its name, its id if it is an entity, or its number. */
export function calledBy({ id, via }: ActorRef<never>): string {
  const text = String(id);
  if (via?.kind === 'entity') return text.slice(entityPrefix(via.behavior as Behavior<never>).length);
  return text.startsWith(NAME) ? text.slice(NAME.length) : text;
}

const NAME = 'name:';

function entityPrefix({ definition }: Behavior<never>): string {
  // A kind may have a slash in its name, and so may an id.
  const kind = definition?.name.replaceAll('~', '~0').replaceAll('/', '~1');
  return `entity:${kind}/`;
}

function badName(where: string, what: string, cure: string): PorticoError {
  return new PorticoError({ code: 'actor/bad-name', where, what, cure });
}
