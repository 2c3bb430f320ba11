/**
 * What is under way between tasks, as rows and back: asks, the passes that wait for a workflow, and what was set aside.
 *
 * G1. An ask has a row as long as anybody knows it: who waits for its reply, a pass that brings it, a request that was left
 *     open, a dead letter, or another one of those.
 * G2. What needs an application that does not run stays in the store, and is brought back when that is launched.
 */
import type { Codec } from '../codec.ts';
import { askData, askFrom, askNow, dataError, errorData, nowhere, resumptionOf } from './asked.ts';
import type { AskData, GatherData } from './asked.ts';
import type { Key } from '../graph/keys.ts';
import type { PorticoError } from '../errors.ts';
import { Atom } from './atom.ts';
import type { Entrance, Pass, PassKind, TaskTimer } from './entrance.ts';
import { atomData, fillAtom } from './forms.ts';
import type { Instance } from './instance.ts';
import type { Partition } from './partition.ts';
import { Gather, type Ask } from './portal.ts';
import type { RecordWriter } from './record.ts';
import type { Image } from './recover.ts';

/** A pass as data: of which kind, where it enters, and the numbers of what it brings. */
type PassData = readonly ['pass', PassKind, string, readonly number[]];
type WorkData = PassData | readonly ['atom', unknown];

/** Brings back what was under way, and from then on writes what is. */
export class Pending {
  readonly #partition: Partition;
  readonly #record: RecordWriter;
  readonly #image: Image;
  readonly #codec: Codec;
  /** The rows that the store has, and what was last written of each. */
  readonly #asks = new Map<number, string>();
  readonly #gathers = new Map<number, string>();
  readonly #letters = new Set<number>();
  readonly #passes = new Set<string>();
  /** What waits for a workflow and cannot be brought back yet (G2). */
  readonly #left = new Map<string, readonly WorkData[]>();
  /** The asks that were brought back, as long as there are others that may speak of them. */
  readonly #restored = new Map<number, Ask>();
  /** Rows that nobody will ever take up. */
  #lost: (readonly [table: string, id: string])[] = [];
  /** The youngest number of an ask or a gather. */
  #last = 0;

  constructor(partition: Partition, record: RecordWriter, image: Image, codec: Codec) {
    this.#partition = partition;
    this.#record = record;
    this.#image = image;
    this.#codec = codec;
    for (const table of ['asks', 'gathers'])
      for (const id of image.keys(table)) this.#last = Math.max(this.#last, Number(id));
  }

  /** Brings back what was under way in the applications that run (G2). */
  restore(): void {
    const entrances = new Map<string, Entrance>();
    for (const instance of this.#partition.instances.values())
      for (const [id, entrance] of instance.entrances) entrances.set(id, entrance);
    const asks = this.#restoreAsks(entrances);
    this.#restoreGathers();
    for (const ask of asks) {
      if (ask.settled) continue;
      if (ask.awaited) ask.wait();
      if (ask.deferred !== 0) ask.portal?.open.set(ask.deferred, ask);
    }
    const timers = this.#restoreTimers(entrances);
    this.#restorePasses(entrances, timers);
    this.#restoreLetters(entrances, timers);
    // All but those that have fired: these are in passes and letters.
    for (const timer of timers.values()) timer.wait();
    if (numbers(this.#image, 'asks').length === 0) this.#restored.clear();
  }

  /** An application was stopped. Others may still have what it asked; but nobody waits for the reply. */
  forget({ path, entrances }: Instance): void {
    for (const ask of this.#reached()) if (entrances.get(ask.home.id) === ask.home) ask.forsaken = true;
    const under = `${path}/`;
    this.#lose('asks', (row) => (row as AskData)[3].startsWith(under));
    this.#lose('timers', (row) => (row as [string])[0].startsWith(under));
    this.#lose('letters', (row) => (row as [string])[0].startsWith(under));
    for (const workflow of this.#left.keys()) if (workflow.startsWith(under)) this.#left.delete(workflow);
    for (const workflow of this.#passes) if (workflow.startsWith(under)) this.#passes.delete(workflow);
  }

  write(): void {
    for (const [table, id] of this.#lost) this.#record.delete(table, id);
    this.#lost = [];
    this.#writeAsks(this.#reached());
    for (const { workflows } of this.#partition.instances.values())
      for (const { path, inbox } of workflows) this.#writePasses(path, inbox.waiting());
    this.#writeLetters();
  }

  /** G1. */
  #reached(): ReadonlySet<Ask> {
    const { turns, instances, deadLetters } = this.#partition;
    const asks = new Set<Ask>();
    for (const ask of turns.asks) reach(ask as Ask, asks);
    for (const { workflows, entities } of instances.values()) {
      for (const { inbox } of workflows) for (const work of inbox.waiting()) reachAll(work, asks);
      for (const { kind, runtime } of entities.values())
        if (kind === 'portal') for (const ask of runtime.open.values()) reach(ask, asks);
    }
    for (const { work } of deadLetters.all()) reachAll(work, asks);
    return asks;
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
      const now = askNow(ask);
      if (this.#asks.get(ask.id) === now) continue;
      this.#asks.set(ask.id, now);
      this.#record.put('asks', String(ask.id), askData(ask, this.#codec));
    }
    for (const gather of gathers) {
      const now = String(gather.missing);
      if (this.#gathers.get(gather.id) === now) continue;
      this.#gathers.set(gather.id, now);
      const data: GatherData = [gather.asks.map(({ id }) => id), gather.missing, gather.resumption.data];
      this.#record.put('gathers', String(gather.id), data);
    }
    this.#drop('asks', this.#asks, asks);
    this.#drop('gathers', this.#gathers, gathers);
  }

  #drop(table: string, stored: Map<number, string>, there: ReadonlySet<{ readonly id: number }>): void {
    if (stored.size === there.size) return;
    const ids = new Set([...there].map(({ id }) => id));
    for (const id of stored.keys()) {
      if (ids.has(id)) continue;
      stored.delete(id);
      this.#record.delete(table, String(id));
    }
  }

  #writePasses(workflow: string, waiting: readonly (Pass | Atom)[]): void {
    const left = this.#left.get(workflow) ?? [];
    if (waiting.length + left.length > 0) {
      this.#record.put('passes', workflow, [...left, ...waiting.map(workData)]);
      this.#passes.add(workflow);
    } else if (this.#passes.delete(workflow)) this.#record.delete('passes', workflow);
  }

  #writeLetters(): void {
    const { deadLetters } = this.#partition;
    for (const { letter, work } of deadLetters.all()) {
      const { id, workflow, error } = letter;
      if (this.#letters.has(id)) continue;
      this.#letters.add(id);
      this.#record.put('letters', String(id), [workflow, workData(work), errorData(error, this.#codec)]);
    }
    for (const id of this.#letters) {
      if (deadLetters.has(id)) continue;
      this.#letters.delete(id);
      this.#record.delete('letters', String(id));
    }
  }

  /** Those that can be: each after the one that it was asked for. */
  #restoreAsks(entrances: ReadonlyMap<string, Entrance>): readonly Ask[] {
    const image = this.#image;
    const tried = new Set<number>();
    const asks: Ask[] = [];
    for (const id of numbers(image, 'asks')) {
      const left = [id];
      for (let next = left.at(-1); next !== undefined; next = left.at(-1)) {
        const data = image.value('asks', String(next)) as AskData | undefined;
        const outer = data?.[5] ?? 0;
        if (!tried.has(next) && outer !== 0 && image.value('asks', String(outer)) !== undefined) {
          tried.add(next);
          left.push(outer);
          continue;
        }
        tried.add(next);
        left.pop();
        const ask = data && this.#restoreAsk(next, data, entrances);
        if (ask !== undefined) asks.push(ask);
      }
    }
    return asks.sort((a, b) => a.id - b.id);
  }

  #restoreAsk(id: number, data: AskData, entrances: ReadonlyMap<string, Entrance>): Ask | undefined {
    const [portal, , , home, , outer] = data;
    const partition = this.#partition;
    const at = home === '' ? nowhere(partition.turns) : entrances.get(home);
    const target = portal === undefined ? undefined : partition.entity(portal);
    const around = this.#restored.get(outer);
    if (at === undefined || (outer !== 0 && around === undefined)) return undefined;
    if (portal !== undefined && target?.kind !== 'portal') return undefined;
    const ask = askFrom(id, data, target?.kind === 'portal' ? target.runtime : undefined, at, around);
    this.#restored.set(id, ask);
    this.#asks.set(id, askNow(ask));
    this.#image.took('asks', String(id));
    return ask;
  }

  #restoreGathers(): void {
    for (const id of numbers(this.#image, 'gathers')) {
      const data = this.#image.value('gathers', String(id)) as GatherData;
      const [members, missing, continuation] = data;
      const asks = members.map((member) => this.#restored.get(member)).filter((ask) => ask !== undefined);
      const resumption = asks[0] && resumptionOf(asks[0].home, continuation);
      if (resumption === undefined || asks.length < members.length) continue;
      const gather = new Gather(asks, resumption);
      gather.id = id;
      gather.missing = missing;
      for (const ask of asks) ask.gather = gather;
      this.#gathers.set(id, String(missing));
      this.#image.took('gathers', String(id));
    }
  }

  /** The timers of tasks, which wait for nothing yet. */
  #restoreTimers(entrances: ReadonlyMap<string, Entrance>): Map<number, TaskTimer> {
    const image = this.#image;
    const timers = new Map<number, TaskTimer>();
    for (const id of numbers(image, 'timers')) {
      const [home, key, payload, due] = image.value('timers', String(id)) as [string, Key, unknown, number];
      const entrance = entrances.get(home);
      if (entrance === undefined) continue;
      timers.set(id, this.#partition.taskTimers.restore(entrance, key, due, payload, id));
      image.known.short.set(`timers ${id}`, []);
      image.took('timers', String(id));
    }
    return timers;
  }

  #restorePasses(entrances: ReadonlyMap<string, Entrance>, timers: Map<number, TaskTimer>): void {
    for (const { workflows } of this.#partition.instances.values()) {
      for (const { path, inbox } of workflows) {
        const stored = this.#image.value('passes', path) as readonly WorkData[] | undefined;
        if (stored !== undefined) this.#passes.add(path);
        this.#image.took('passes', path);
        const left: WorkData[] = [];
        for (const data of stored ?? this.#left.get(path) ?? []) {
          const { work, rest } = this.#work(data, entrances, timers);
          if (work !== undefined) inbox.push(work);
          if (rest !== undefined) left.push(rest);
        }
        if (left.length > 0) this.#left.set(path, left);
        else this.#left.delete(path);
      }
    }
  }

  #restoreLetters(entrances: ReadonlyMap<string, Entrance>, timers: Map<number, TaskTimer>): void {
    const image = this.#image;
    const { instances, deadLetters } = this.#partition;
    for (const id of numbers(image, 'letters')) {
      const [path, data, error] = image.value('letters', String(id)) as [string, WorkData, unknown];
      const workflow = [...instances.values()]
        .flatMap(({ workflows }) => workflows)
        .find((each) => each.path === path);
      if (workflow === undefined) continue;
      const { work, rest } = this.#work(data, entrances, timers);
      if (work === undefined || rest !== undefined) continue;
      deadLetters.restore(id, workflow, work, dataError(error) as PorticoError);
      this.#letters.add(id);
      image.took('letters', String(id));
    }
  }

  /** Work from its data, and what of it has to wait for another application. */
  #work(
    data: WorkData,
    entrances: ReadonlyMap<string, Entrance>,
    timers: Map<number, TaskTimer>,
  ): { readonly work?: Pass | Atom; readonly rest?: WorkData } {
    if (data[0] === 'atom') return { work: fillAtom(new Atom(), data[1]) };
    const [, kind, at, ids] = data;
    const entrance = entrances.get(at);
    if (entrance === undefined) return { rest: data };
    if (kind === 'timers') {
      // One that was cancelled on its way has no row any more.
      const items = ids.map((id) => timers.get(id)).filter((timer) => timer !== undefined);
      for (const { id } of items) timers.delete(id);
      return { work: { kind, entrance, items } };
    }
    const items = ids.map((id) => this.#restored.get(id)).filter((ask) => ask !== undefined);
    const rest = ids.filter((id) => !this.#restored.has(id));
    return {
      ...(items.length > 0 && { work: { kind, entrance, items } }),
      ...(rest.length > 0 && { rest: ['pass', kind, at, rest] }),
    };
  }

  #lose(table: string, isLost: (row: unknown) => boolean): void {
    for (const id of this.#image.keys(table)) {
      if (!isLost(this.#image.value(table, id))) continue;
      this.#lost.push([table, id]);
      this.#image.took(table, id);
    }
  }
}

/** The keys of a table that are numbers, in order. */
function numbers(image: Image, table: string): readonly number[] {
  return [...image.keys(table)].map(Number).sort((a, b) => a - b);
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

function reach(ask: Ask, asks: Set<Ask>): void {
  const left = [ask];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (asks.has(next)) continue;
    asks.add(next);
    if (next.outer !== undefined) left.push(next.outer);
    if (next.gather !== undefined) left.push(...next.gather.asks);
  }
}
