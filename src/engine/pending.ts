/**
 * What is under way between tasks, as rows and back: asks, the passes that wait for a workflow, and what was set aside.
 *
 * G1. An ask has a row as long as anybody knows it: who waits for its reply, a pass that brings it, a request that was left
 *     open, a dead letter, or another one of those.
 */
import { PorticoError, type ErrorCode } from '../errors.ts';
import type { Continuation } from '../graph/context.ts';
import type { Key } from '../graph/keys.ts';
import { Atom } from './atom.ts';
import type { Entrance, Pass, PassKind, TaskTimer } from './entrance.ts';
import { atomData, fillAtom } from './forms.ts';
import type { Partition } from './partition.ts';
import { Ask, Gather, named, type Resumption } from './portal.ts';
import type { RecordWriter } from './record.ts';
import type { Image } from './recover.ts';

/** A pass as data: of which kind, where it enters, and the numbers of what it brings. */
type PassData = readonly ['pass', PassKind, string, readonly number[]];
type WorkData = PassData | readonly ['atom', unknown];

/** Writes what is under way. */
export class PendingCutter {
  readonly #partition: Partition;
  readonly #record: RecordWriter;
  /** The rows that the store has, and what was last written of each. */
  readonly #asks: Map<number, string>;
  readonly #gathers: Map<number, string>;
  readonly #letters: Set<number>;
  readonly #passes = new Set<string>();
  /** The youngest numbers of asks and gathers. */
  #last: number;

  constructor(partition: Partition, record: RecordWriter, restored: Restored) {
    this.#partition = partition;
    this.#record = record;
    this.#asks = restored.asks;
    this.#gathers = restored.gathers;
    this.#letters = restored.letters;
    for (const workflow of restored.passes) this.#passes.add(workflow);
    this.#last = restored.last;
  }

  write(): void {
    const { turns, instances, deadLetters } = this.#partition;
    const asks = new Set<Ask>();
    for (const ask of turns.asks) reach(ask as Ask, asks);
    for (const { workflows, entities } of instances.values()) {
      for (const { inbox } of workflows) for (const work of inbox.waiting()) reachAll(work, asks);
      for (const { kind, runtime } of entities.values())
        if (kind === 'portal') for (const ask of runtime.open.values()) reach(ask, asks);
    }
    for (const { work } of deadLetters.all()) reachAll(work, asks);
    this.#writeAsks(asks);
    for (const { workflows } of instances.values()) {
      for (const { path, inbox } of workflows) this.#writePasses(path, inbox.waiting());
    }
    this.#writeLetters();
  }

  /** The youngest number of an ask or a gather. */
  get last(): number {
    return this.#last;
  }

  #writeAsks(asks: ReadonlySet<Ask>): void {
    const gathers = new Set<Gather>();
    for (const ask of asks) {
      if (ask.id === 0) ask.id = ++this.#last;
      const { gather } = ask;
      if (gather === undefined) continue;
      if (gather.id === 0) gather.id = ++this.#last;
      gathers.add(gather);
    }
    for (const ask of asks) {
      const now = `${ask.settled} ${ask.deferred}`;
      if (this.#asks.get(ask.id) === now) continue;
      this.#asks.set(ask.id, now);
      this.#record.put('asks', String(ask.id), askData(ask));
    }
    for (const gather of gathers) {
      const now = String(gather.missing);
      if (this.#gathers.get(gather.id) === now) continue;
      this.#gathers.set(gather.id, now);
      const members = gather.asks.map(({ id }) => id);
      this.#record.put('gathers', String(gather.id), [members, gather.missing, gather.resumption.data]);
    }
    this.#drop('asks', this.#asks, new Set([...asks].map(({ id }) => id)));
    this.#drop('gathers', this.#gathers, new Set([...gathers].map(({ id }) => id)));
  }

  #drop(table: string, stored: Map<number, string>, there: ReadonlySet<number>): void {
    if (stored.size === there.size) return;
    for (const id of stored.keys()) {
      if (there.has(id)) continue;
      stored.delete(id);
      this.#record.delete(table, String(id));
    }
  }

  #writePasses(workflow: string, waiting: readonly (Pass | Atom)[]): void {
    if (waiting.length > 0) {
      this.#record.put('passes', workflow, waiting.map(workData));
      this.#passes.add(workflow);
    } else if (this.#passes.delete(workflow)) this.#record.delete('passes', workflow);
  }

  #writeLetters(): void {
    const { deadLetters } = this.#partition;
    for (const { letter, work } of deadLetters.all()) {
      const { id, workflow, error } = letter;
      if (this.#letters.has(id)) continue;
      this.#letters.add(id);
      this.#record.put('letters', String(id), [workflow, workData(work), errorData(error)]);
    }
    for (const id of this.#letters) {
      if (deadLetters.has(id)) continue;
      this.#letters.delete(id);
      this.#record.delete('letters', String(id));
    }
  }
}

/** What was brought back, for the one who writes the rows from then on. */
export interface Restored {
  readonly asks: Map<number, string>;
  readonly gathers: Map<number, string>;
  readonly letters: Set<number>;
  readonly passes: Set<string>;
  readonly last: number;
}

/** Brings back what was under way. What belongs to an application that does not run stays in the store. */
export function restorePending(partition: Partition, image: Image): Restored {
  const asks = new Map<number, Ask>();
  const entrances = new Map<string, Entrance>();
  for (const instance of partition.instances.values())
    for (const [id, entrance] of instance.entrances) entrances.set(id, entrance);
  let last = 0;
  const rows = [...image.keys('asks')].map(Number).sort((a, b) => a - b);
  const outers = new Map<Ask, number>();
  for (const id of rows) {
    last = Math.max(last, id);
    const ask = restoreAsk(partition, id, image.value('asks', String(id)) as AskData, entrances, outers);
    if (ask !== undefined) asks.set(id, ask);
  }
  for (const [ask, outer] of outers) ask.outer = asks.get(outer);
  const gathers = new Map<number, string>();
  for (const key of image.keys('gathers')) {
    last = Math.max(last, Number(key));
    const gather = restoreGather(Number(key), image.value('gathers', key) as GatherData, asks);
    if (gather !== undefined) gathers.set(gather.id, String(gather.missing));
  }
  for (const ask of asks.values()) {
    if (!ask.settled && ask.awaited) ask.wait();
    if (!ask.settled && ask.deferred !== 0) ask.portal?.open.set(ask.deferred, ask);
  }
  const timers = restoreTimers(partition, image, entrances);
  const work = (data: WorkData): Pass | Atom | undefined => {
    if (data[0] === 'atom') return fillAtom(new Atom(), data[1]);
    const [, kind, entrance, ids] = data;
    const at = entrances.get(entrance);
    const items = ids.map((id) => (kind === 'timers' ? timers.get(id) : asks.get(id)));
    return at === undefined
      ? undefined
      : { kind, entrance: at, items: items.filter((item) => item !== undefined) };
  };
  const passes = new Set<string>();
  for (const instance of partition.instances.values()) {
    for (const { path, inbox } of instance.workflows) {
      const waiting = image.value('passes', path) as readonly WorkData[] | undefined;
      if (waiting === undefined) continue;
      passes.add(path);
      for (const data of waiting) {
        const each = work(data);
        if (each === undefined) continue;
        // It fired already.
        if (!(each instanceof Atom) && each.kind === 'timers')
          for (const timer of each.items as readonly TaskTimer[]) timers.delete(timer.id);
        inbox.push(each);
      }
    }
  }
  for (const timer of timers.values()) timer.wait();
  const letters = restoreLetters(partition, image, work);
  const known = new Map([...asks].map(([id, ask]) => [id, `${ask.settled} ${ask.deferred}`]));
  return { asks: known, gathers, letters, passes, last };
}

type AskData = readonly [
  portal: string | undefined,
  request: unknown,
  key: Key,
  home: string,
  askerKey: Key | undefined,
  outer: number,
  due: number,
  resumption: Resumption['data'],
  index: number,
  deferred: number,
  settled: boolean,
  failed: boolean,
  outcome: unknown,
];

type GatherData = readonly [
  members: readonly number[],
  missing: number | undefined,
  data: Resumption['data'],
];

function askData(ask: Ask): AskData {
  const outcome = ask.failed ? errorData(ask.outcome) : ask.outcome;
  return [
    ask.portal?.path,
    ask.request,
    ask.key,
    ask.home.id,
    ask.askerKey,
    ask.outer?.id ?? 0,
    ask.due,
    ask.resumption?.data,
    ask.index,
    ask.deferred,
    ask.settled,
    ask.failed,
    outcome,
  ];
}

function restoreAsk(
  partition: Partition,
  id: number,
  data: AskData,
  entrances: ReadonlyMap<string, Entrance>,
  outers: Map<Ask, number>,
): Ask | undefined {
  const [
    portal,
    request,
    key,
    home,
    askerKey,
    outer,
    due,
    resumption,
    index,
    deferred,
    settled,
    isFailed,
    outcome,
  ] = data;
  const at = entrances.get(home);
  const target = portal === undefined ? undefined : partition.entity(portal);
  if (at === undefined || (portal !== undefined && target?.kind !== 'portal')) return undefined;
  const ask = new Ask(
    target?.kind === 'portal' ? target.runtime : undefined,
    request,
    key,
    at,
    askerKey,
    undefined,
    due,
  );
  ask.id = id;
  ask.index = index;
  ask.deferred = deferred;
  ask.settled = settled;
  ask.answered = settled;
  ask.failed = isFailed;
  ask.outcome = isFailed ? dataError(outcome) : outcome;
  ask.resumption = resumptionOf(at, resumption);
  if (outer !== 0) outers.set(ask, outer);
  return ask;
}

function restoreGather(
  id: number,
  [members, missing, data]: GatherData,
  asks: ReadonlyMap<number, Ask>,
): Gather | undefined {
  const found = members.map((member) => asks.get(member)).filter((ask) => ask !== undefined);
  const [first] = found;
  const resumption = first === undefined ? undefined : resumptionOf(first.home, data);
  if (resumption === undefined || found.length < members.length) return undefined;
  const gather = new Gather(found, resumption);
  gather.id = id;
  gather.missing = missing;
  for (const ask of found) ask.gather = gather;
  return gather;
}

/** The timers of tasks, which wait for nothing yet. */
function restoreTimers(
  { taskTimers }: Partition,
  image: Image,
  entrances: ReadonlyMap<string, Entrance>,
): Map<number, TaskTimer> {
  const timers = new Map<number, TaskTimer>();
  for (const id of [...image.keys('timers')].map(Number).sort((a, b) => a - b)) {
    const [home, key, payload, due] = image.value('timers', String(id)) as [string, Key, unknown, number];
    const entrance = entrances.get(home);
    if (entrance === undefined) continue;
    image.known.short.set(`timers ${id}`, []);
    timers.set(id, taskTimers.restore(entrance, key, due, payload, id));
  }
  return timers;
}

function restoreLetters(
  partition: Partition,
  image: Image,
  work: (data: WorkData) => Pass | Atom | undefined,
): Set<number> {
  const letters = new Set<number>();
  for (const key of image.keys('letters')) {
    const id = Number(key);
    const [path, data, error] = image.value('letters', key) as [string, WorkData, unknown];
    const workflow = [...partition.instances.values()]
      .flatMap(({ workflows }) => workflows)
      .find((each) => each.path === path);
    const what = work(data);
    if (workflow === undefined || what === undefined) continue;
    partition.deadLetters.restore(id, workflow, what, dataError(error) as PorticoError);
    letters.add(id);
  }
  return letters;
}

function resumptionOf(home: Entrance, data: Resumption['data']): Resumption | undefined {
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

function workData(work: Pass | Atom): WorkData {
  if (work instanceof Atom) return ['atom', atomData(work)];
  const { kind, entrance, items } = work;
  return ['pass', kind, entrance.id, (items as readonly { readonly id: number }[]).map(({ id }) => id)];
}

function reachAll(work: Pass | Atom, asks: Set<Ask>): void {
  if (!(work instanceof Atom) && work.kind !== 'timers')
    for (const ask of work.items) reach(ask as Ask, asks);
}

/** G1. */
function reach(ask: Ask, asks: Set<Ask>): void {
  const left = [ask];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (asks.has(next)) continue;
    asks.add(next);
    if (next.outer !== undefined) left.push(next.outer);
    if (next.gather !== undefined) left.push(...next.gather.asks);
  }
}

/** An error of ours as data, so that it comes back whole. */
function errorData(error: unknown): unknown {
  if (!(error instanceof PorticoError)) return ['foreign', error];
  const { code, where, what, cure, cause } = error;
  return ['ours', code, where, what, cure, cause];
}

function dataError(data: unknown): unknown {
  const [kind, first, where, what, cure, cause] = data as readonly [
    string,
    unknown,
    string,
    string,
    string,
    unknown,
  ];
  if (kind === 'foreign') return first;
  return new PorticoError({ code: first as ErrorCode, where, what, cure }, { cause });
}
