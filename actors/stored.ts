/**
 * How actors are stored: references, behaviors, and what travels between actors beside the messages of users.
 *
 * I1. A behavior is stored by its name and its arguments. One without a name is a function, and is refused.
 * I2. What a name means is looked up when it is read: with arguments of an older version, `migrate` makes those of this one.
 * I3. A name that the program does not have is kept as it is: such an actor waits until the program has it again.
 */
import { PorticoError, type DataType } from '../src/index.ts';
import { Behavior, empty, ignore, same, stopped, unhandled, type Definition } from './behavior.ts';
import { backingOff, stopping } from './kept.ts';
import {
  ActorCreate,
  ActorSend,
  AskReply,
  ChildStopped,
  FromOutside,
  Knock,
  LastOutside,
  NeverCreated,
  Signalled,
  Stop,
  ToEntity,
  Unwatch,
  Watch,
  WatchedStopped,
} from './messages.ts';
import { ActorRef } from './ref.ts';
import type { Supervision } from './supervise.ts';
import { unknownBehavior } from './unknown.ts';

/** The data types of a system with these behaviors. */
export function actorTypes(definitions: Iterable<Definition>): DataType<unknown>[] {
  const byName = new Map<string, Definition>();
  for (const definition of definitions) {
    const other = byName.get(definition.name);
    if (other !== undefined && other !== definition) throw sameName(definition.name);
    byName.set(definition.name, definition);
  }
  return [
    type('ref', ActorRef<never>, ({ id, via }) => (via === undefined ? [id] : [id, via]), ActorRef),
    {
      name: 'portico/behavior',
      class: Behavior,
      toData: behaviorData,
      fromData: (data) => behaviorOf(data as BehaviorData, byName),
    } satisfies DataType<Behavior<never>>,
    type('send', ActorSend, ({ ref, message }) => [ref, message], ActorSend),
    type('create', ActorCreate, ({ ref, behavior, birth }) => [ref, behavior, birth], ActorCreate),
    type('neverCreated', NeverCreated, () => [], NeverCreated),
    type('knock', Knock, ({ waiter }) => [waiter], Knock),
    type('lastOutside', LastOutside, ({ waiter }) => [waiter], LastOutside),
    type('fromOutside', FromOutside, ({ send, fits }) => [send, fits], FromOutside),
    type('toEntity', ToEntity, ({ behavior, message }) => [behavior, message], ToEntity),
    type('askReply', AskReply, ({ ask, outcome }) => [ask, outcome], AskReply),
    type('stop', Stop, ({ by }) => [by], Stop),
    type('signalled', Signalled, ({ signal }) => [signal], Signalled),
    type('childStopped', ChildStopped, ({ child, number }) => [child, number], ChildStopped),
    type('watch', Watch, ({ watcher, number }) => [watcher, number], Watch),
    type('unwatch', Unwatch, ({ watcher }) => [watcher], Unwatch),
    type('watchedStopped', WatchedStopped, ({ ref, number }) => [ref.id, number], WatchedStopped),
  ];
}

/** A class whose instances are made again by its constructor. */
function type<T, A extends unknown[]>(
  name: string,
  of: abstract new (...args: never[]) => T,
  toData: (value: T) => unknown[],
  again: new (...args: A) => T,
): DataType<unknown> {
  return {
    name: `portico/${name}`,
    class: of,
    toData: (value) => toData(value as T),
    fromData: (data) => new again(...(data as A)),
  };
}

/** One that everybody has, by name; or a named one with its arguments, and how it is supervised. */
type BehaviorData =
  | readonly [string]
  | readonly [name: string, version: number, args: readonly unknown[], supervision?: Supervision];

const ofAll = new Map<string, Behavior<never>>([
  ['same', same],
  ['stopped', stopped],
  ['unhandled', unhandled],
  ['empty', empty],
  ['ignore', ignore],
  ['stopping', stopping],
  ['backingOff', backingOff],
]);
const nameOfAll = new Map([...ofAll].map(([name, behavior]) => [behavior, name]));

/** I1. */
function behaviorData(behavior: Behavior<never>): BehaviorData {
  const known = nameOfAll.get(behavior);
  if (known !== undefined) return [known];
  const { definition, args, supervision } = behavior;
  if (definition === undefined) throw anonymous(behavior);
  const { name, version } = definition;
  return supervision === undefined ? [name, version, args] : [name, version, args, supervision];
}

function behaviorOf(data: BehaviorData, byName: ReadonlyMap<string, Definition>): Behavior<never> {
  const [name, version, stored, supervision] = data;
  if (version === undefined || stored === undefined) return ofAll.get(name) as Behavior<never>;
  const definition = byName.get(name);
  // I3.
  if (definition === undefined) return unknownBehavior(name, version, stored, supervision);
  if (version > definition.version) throw newer(definition, version);
  // I2.
  const args =
    version === definition.version || definition.migrate === undefined
      ? stored
      : definition.migrate(stored, version);
  return new Behavior<never>({ kind: 'named', definition, args, supervision });
}

function anonymous(behavior: Behavior<never>): PorticoError {
  return new PorticoError({
    code: 'actor/anonymous',
    where: String(behavior),
    what: 'a behavior without a name cannot be stored',
    cure: "Give it one: const counting = behavior('counting', (…) => receive(…)), and use counting(…)",
  });
}

function sameName(name: string): PorticoError {
  return new PorticoError({
    code: 'actor/same-name',
    where: 'start',
    what: `two behaviors are called ${name}`,
    cure: 'Give each behavior a name of its own: stored actors are found by it',
  });
}

function newer({ name, version }: Definition, stored: number): PorticoError {
  return new PorticoError({
    code: 'actor/newer-version',
    where: name,
    what: `an actor is stored in version ${stored} of this behavior, and the program has version ${version}`,
    cure: `Deploy a program with version ${stored} or newer of ${name}`,
  });
}
