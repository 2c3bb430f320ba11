/** How asks and errors lie in rows, and how they come back. */
import type { Codec } from '../codec.ts';
import { describe, PorticoError, type ErrorCode } from '../errors.ts';
import type { Continuation } from '../graph/context.ts';
import type { Key } from '../graph/keys.ts';
import { Entrance } from './entrance.ts';
import { Ask, named, type PortalRuntime, type Resumption } from './portal.ts';
import type { Turns } from './turn.ts';

export type AskData = readonly [
  portal: string | undefined,
  request: unknown,
  key: Key,
  /** Where the reply enters; '' if nobody is there any more. */
  home: string,
  askerKey: Key | undefined,
  outer: number,
  due: number,
  resumption: Resumption['data'],
  index: number,
  deferred: number,
  answered: boolean,
  settled: boolean,
  failed: boolean,
  outcome: unknown,
];

export type GatherData = readonly [
  members: readonly number[],
  missing: number | undefined,
  data: Resumption['data'],
];

export function askData(ask: Ask, codec: Codec): AskData {
  return [
    ask.portal?.path,
    ask.request,
    ask.key,
    ask.forsaken ? '' : ask.home.id,
    ask.askerKey,
    ask.outer?.id ?? 0,
    ask.due,
    ask.forsaken ? undefined : ask.resumption?.data,
    ask.index,
    ask.deferred,
    ask.answered,
    ask.settled,
    ask.failed,
    ask.failed ? errorData(ask.outcome, codec) : ask.outcome,
  ];
}

/** What of an ask changes after it was made. */
export function askNow({ settled, answered, deferred, forsaken }: Ask): string {
  return `${settled} ${answered} ${deferred} ${forsaken}`;
}

export function askFrom(
  id: number,
  data: AskData,
  portal: PortalRuntime | undefined,
  home: Entrance,
  outer: Ask | undefined,
): Ask {
  const [
    ,
    request,
    key,
    at,
    askerKey,
    ,
    due,
    resumption,
    index,
    deferred,
    answered,
    settled,
    failed,
    outcome,
  ] = data;
  const ask = new Ask(portal, request, key, home, askerKey, outer, due);
  ask.id = id;
  ask.index = index;
  ask.deferred = deferred;
  ask.answered = answered;
  ask.settled = settled;
  ask.failed = failed;
  ask.outcome = failed ? dataError(outcome) : outcome;
  ask.resumption = resumptionOf(home, resumption);
  ask.forsaken = at === '';
  return ask;
}

/** Where a reply goes that nobody waits for. */
export function nowhere(turns: Turns): Entrance {
  return new Entrance({ path: '', part: 0, continuations: [] }, turns, { push: () => undefined }, 0, 0);
}

/** What goes on when the reply is there. */
export function resumptionOf(home: Entrance, data: Resumption['data']): Resumption | undefined {
  if (data === undefined) return undefined;
  const [name, env] = data;
  const continuation = home.continuations.find((each) => each.name === name);
  if (continuation !== undefined) return named(continuation as Continuation<never, never, never>, env);
  throw new PorticoError({
    code: 'continuation/undeclared',
    where: home.path,
    what: `the store has an ask that goes on with ${name}, which the task does not declare any more`,
    cure: 'Declare it until no such ask is left',
  });
}

/** The rows of a store. */
interface Rows {
  keys(table: string): Iterable<string>;
  value(table: string, key: string): unknown;
}

/** Says so if an ask in the store could not go on, because its continuation is not there any more. */
export function checkAsks(rows: Rows, entrances: ReadonlyMap<string, Entrance>): void {
  const homes = new Map<number, string>();
  for (const id of rows.keys('asks')) {
    const [, , , home, , , , resumption] = rows.value('asks', id) as AskData;
    homes.set(Number(id), home);
    const at = entrances.get(home);
    if (at !== undefined) resumptionOf(at, resumption);
  }
  for (const id of rows.keys('gathers')) {
    const [[first = 0], , resumption] = rows.value('gathers', id) as GatherData;
    const at = entrances.get(homes.get(first) ?? '');
    if (at !== undefined) resumptionOf(at, resumption);
  }
}

/** An error as data: ours come back whole, others as far as they can be stored. */
export function errorData(error: unknown, codec: Codec): unknown {
  if (error instanceof PorticoError) {
    const { code, where, what, cure, cause } = error;
    return ['ours', code, where, what, cure, cause === undefined ? undefined : errorData(cause, codec)];
  }
  try {
    codec.check(error);
    return ['foreign', error];
  } catch {
    // Whatever was thrown, it must not keep anything else from being stored.
    return ['told', describe(error)];
  }
}

export function dataError(data: unknown): unknown {
  const [kind, first, where, what, cure, cause] = data as readonly [
    string,
    unknown,
    string,
    string,
    string,
    unknown,
  ];
  if (kind === 'foreign') return first;
  if (kind === 'told') return new Error(first as string);
  return new PorticoError(
    { code: first as ErrorCode, where, what, cure },
    cause === undefined ? {} : { cause: dataError(cause) },
  );
}
