/**
 * How actors are stored: references, behaviors, and what travels between actors beside the messages of users.
 *
 * I1. A behavior is stored by its name and its arguments. One without a name is a function, and is refused.
 * I2. What a name means is looked up when it is read: with arguments of an older version, `migrate` makes those of this one.
 * I3. A name that the program does not have is kept as it is, and so is a version that it cannot make its own: such an actor
 *     waits until there is a program that can.
 */
import { PorticoError, type DataType } from '../src/index.ts';
import {
  Behavior,
  empty,
  ignore,
  same,
  stopped,
  unhandled,
  type BehaviorKind,
  type Definition,
} from './behavior.ts';
import { backingOff, stopping } from './kept.ts';
import {
  ActorCreate,
  ActorSend,
  AskReply,
  ChildStopped,
  FromOutside,
  Knock,
  Leave,
  LookAgain,
  NeverCreated,
  NewRun,
  Signalled,
  Stop,
  ToEntity,
  Unwatch,
  Watch,
  WatchedStopped,
  WhoWaits,
} from './messages.ts';
import { ActorRef } from './ref.ts';
import { checkStorable, type Definitions } from './storable.ts';
import type { Supervision } from './supervise.ts';
import { words } from './undelivered.ts';
import { unknownBehavior } from './unknown.ts';

/** The data types of a system with these behaviors. */
export function actorTypes(byName: Definitions): DataType<unknown>[] {
  return [
    type('ref', ActorRef<never>, ({ id, via }) => (via === undefined ? [id] : [id, via]), ActorRef),
    {
      name: 'portico/behavior',
      class: Behavior,
      toData: (behavior) => behaviorData(behavior, byName),
      fromData: (data) => behaviorOf(data as BehaviorData, byName),
    } satisfies DataType<Behavior<never>>,
    type('send', ActorSend, ({ ref, message }) => [ref, message], ActorSend),
    type('create', ActorCreate, ({ ref, behavior, birth }) => [ref, behavior, birth], ActorCreate),
    type('neverCreated', NeverCreated, () => [], NeverCreated),
    type('knock', Knock, ({ waiter }) => [waiter], Knock),
    type('newRun', NewRun, ({ waiter }) => [waiter], NewRun),
    type('lookAgain', LookAgain, () => [], LookAgain),
    type('leave', Leave, () => [], Leave),
    type('whoWaits', WhoWaits, ({ waiter }) => [waiter], WhoWaits),
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

/** One that everybody has, by name, and perhaps supervised; or one of the program, with its arguments. */
type BehaviorData =
  | readonly [name: string]
  | readonly [kind: BehaviorKind, version: null, args: null, supervision: Supervision]
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
function behaviorData(behavior: Behavior<never>, byName: Definitions): BehaviorData {
  const known = nameOfAll.get(behavior);
  if (known !== undefined) return [known];
  checkStorable(behavior, byName, String(behavior));
  const { kind, definition, args, supervision } = behavior;
  if (definition === undefined) return supervision === undefined ? [kind] : [kind, null, null, supervision];
  const { name, version } = definition;
  return supervision === undefined ? [name, version, args] : [name, version, args, supervision];
}

function behaviorOf(data: BehaviorData, byName: Definitions): Behavior<never> {
  const [name, version, stored, supervision] = data;
  if (version === undefined) return ofAll.get(name) as Behavior<never>;
  if (version === null) {
    const { kind, onMessage } = ofAll.get(name) as Behavior<never>;
    return new Behavior<never>({ kind, onMessage, supervision });
  }
  const definition = byName.get(name);
  const found = migrated(definition, version, stored);
  // I3.
  if (typeof found === 'string') {
    return unknownBehavior({ behavior: name, version, why: found }, stored, supervision);
  }
  return new Behavior<never>({ kind: 'named', definition, args: found, supervision });
}

/** I2. The arguments, or why there are none. */
function migrated(
  definition: Definition | undefined,
  stored: number,
  args: readonly unknown[],
): readonly unknown[] | string {
  if (definition === undefined) return 'the program has no behavior of that name. Deploy one that has it';
  const { version, migrate, name } = definition;
  if (stored === version) return args;
  if (stored > version) return newer(name, stored, version).message;
  if (migrate === undefined) return `the program has version ${version} and no migrate. Give ${name} one`;
  try {
    return migrate(args, stored);
  } catch (error) {
    return `its migrate to version ${version} failed: ${words(error)}. Mend it`;
  }
}

function newer(name: string, stored: number, version: number): PorticoError {
  return new PorticoError({
    code: 'actor/newer-version',
    where: name,
    what: `an actor is stored in version ${stored} of this behavior, and the program has version ${version}`,
    cure: `Deploy a program with version ${stored} or newer of ${name}`,
  });
}
