/** All that a partition would have to bring back after a crash, as data that can be compared. */
import { describe } from '../../src/errors.ts';
import { Atom } from '../../src/engine/atom.ts';
import type { Pass, TaskTimer } from '../../src/engine/entrance.ts';
import { slotsOf } from '../../src/engine/forms.ts';
import type { Partition } from '../../src/engine/partition.ts';
import type { Ask } from '../../src/engine/portal.ts';
import { rowKey } from '../../src/engine/record.ts';
import type { Key } from 'portico/dataflow';

/** The keys that each task was seen with, by path: cells may be anywhere. */
export type KeysSeen = Map<string, Map<string, Key>>;

/** Notes the keys that a store has cells of. */
export function seeRows(rows: ReadonlyMap<string, ReadonlyMap<string, unknown>>, seen: KeysSeen): void {
  for (const [table, cells] of rows) {
    if (!table.startsWith('cells ')) continue;
    const path = table.slice('cells '.length);
    const keys = seen.get(path) ?? new Map<string, Key>();
    seen.set(path, keys);
    for (const name of cells.keys()) keys.set(name, keyOf(name));
  }
}

/** The key of a row. */
function keyOf(name: string): Key {
  const text = name.slice(1);
  return name.startsWith('#') ? Number(text) : name.startsWith('&') ? BigInt(text) : text;
}

export function dump(partition: Partition, seen: KeysSeen): Record<string, unknown> {
  const { random, taskTimers, deadLetters, turns } = partition;
  const all: Record<string, unknown> = {
    now: [random.state, taskTimers.last, deadLetters.last],
    asks: ([...turns.asks] as Ask[]).map((ask) => shown(ask)).sort(),
    letters: [...deadLetters.all()].map(({ letter, work }) => [
      letter.id,
      letter.workflow,
      workOf(work),
      describe(letter.error),
    ]),
    timers: turns.timers
      .waiting()
      .filter(({ owner }) => !owner.includes('/generators/'))
      .map((timed) =>
        'payload' in timed
          ? `${timed.dueMs} timer ${(timed as TaskTimer).id} ${JSON.stringify(timed.payload)}`
          : `${timed.dueMs} ask ${shown(timed as Ask)}`,
      )
      .sort(),
  };
  for (const { entities, states, workflows, generators, outboxes } of partition.instances.values()) {
    for (const [path, { kind, runtime }] of entities) {
      if (kind === 'stream') {
        const { needed, next, through, events, cursors } = runtime;
        const pending = Array.from({ length: next - needed }, (_, i) =>
          atomOf(runtime.at(needed + i) as Atom),
        );
        const places = cursors
          .filter(({ consumer }) => consumer.lasting !== undefined)
          .map(({ consumer, position }) => `${consumer.lasting} ${position}`)
          .sort();
        all[path] = { needed, next, through, events, pending, places };
      } else if (kind === 'sequencer') all[path] = runtime.last;
      else if (kind === 'splitter') all[path] = runtime.unmatched;
      else {
        const { requests, late, deferred, open } = runtime;
        const left = [...open].map(([id, ask]) => `${id} ${shown(ask)}`).sort();
        all[path] = { requests, late, deferred, left };
      }
    }
    for (const state of states) {
      const keys = seen.get(state.path) ?? new Map<string, Key>();
      seen.set(state.path, keys);
      for (const { key } of state.cells.values()) keys.set(rowKey(key), key);
      const cells = [...keys].flatMap(([name, key]) => {
        const cell = state.find(key);
        return cell === undefined || cell.empty ? [] : [`${name} ${text(slotsOf(cell))}`];
      });
      const { key, task } = state.slots;
      all[state.path] = { own: text(slotsOf(state.own)), cells: cells.sort(), slots: [[...key], [...task]] };
    }
    for (const { path, inbox } of workflows) all[`${path} inbox`] = inbox.waiting().map(workOf);
    for (const generator of generators) all[generator.path] = generator.position();
    for (const [path, { last, waiting }] of outboxes)
      all[path] = [last, [...waiting].map(([id, { key, value }]) => text([id, key, value]))];
  }
  return all;
}

function workOf(work: Atom | Pass): string {
  if (work instanceof Atom) return atomOf(work);
  const items =
    work.kind === 'timers'
      ? // One that was cancelled on its way does nothing when it arrives.
        (work.items as readonly TaskTimer[]).filter(({ cancelled }) => !cancelled).map(({ id }) => id)
      : (work.items as readonly Ask[]).map((ask) => shown(ask));
  return `${work.kind} at ${work.entrance.id}: ${items.join('; ')}`;
}

function atomOf({ end, n, keys, values }: Atom): string {
  return `${end} ${text(keys.slice(0, n))} ${text(values.slice(0, n))}`;
}

function shown(ask: Ask, around = true): string {
  const { portal, request, key, home, askerKey, outer, due, answered, settled, deferred, gather } = ask;
  const outcome = ask.failed ? describe(ask.outcome) : text(ask.outcome);
  const flags = [answered, settled, deferred, ask.failed, ask.forsaken].join();
  const then = text((ask.resumption ?? gather?.resumption)?.data);
  const own = `${portal?.path} ${text([request, key, askerKey])} ${home.id} due ${due} ${flags} ${outcome} then ${then}`;
  const together =
    gather === undefined || !around
      ? ''
      : ` with ${gather.missing} of ${gather.asks.map((each) => shown(each, false)).join(' & ')} as ${ask.index}`;
  return `(${own}${together}${outer === undefined ? '' : ` for ${shown(outer)}`})`;
}

/** Values as text; their kinds show. */
function text(value: unknown): string {
  if (value instanceof Map) return `Map${text([...value])}`;
  if (Array.isArray(value)) return `[${value.map(text).join(' ')}]`;
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Error) return describe(value);
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, each]) => `${key}:${text(each)}`)
      .join()}}`;
  return typeof value === 'string' ? JSON.stringify(value) : Object.is(value, -0) ? '-0' : String(value);
}
