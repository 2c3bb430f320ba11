/** Dead letters: atoms and passes that failed and were set aside whole, with their cause, until someone decides. */
import type { PorticoError } from '../errors.ts';
import type { Key } from '../graph/keys.ts';
import { Atom } from './atom.ts';
import type { Pass, PassKind, TaskTimer } from './entrance.ts';
import type { Ask } from './portal.ts';
import type { WorkflowRuntime } from './workflow.ts';

/** What was set aside. */
export interface DeadLetter {
  readonly id: number;
  /** The path of the workflow that it failed in. */
  readonly workflow: string;
  /** What failed: an atom of the workflow's stream, or requests, replies or timers of one of its tasks. */
  readonly kind: 'atom' | PassKind;
  /** The events, or what the pass brought: requests, replies, payloads of timers. */
  readonly events: readonly { readonly key: Key | undefined; readonly value: unknown }[];
  readonly error: PorticoError;
}

export class DeadLetters {
  readonly #limit: number;
  readonly #letters = new Map<
    number,
    { readonly letter: DeadLetter; readonly work: Atom | Pass; readonly workflow: WorkflowRuntime }
  >();
  /** The youngest number. */
  last = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** All that there is, with the work itself. */
  all(): Iterable<{ letter: DeadLetter; work: Atom | Pass; workflow: WorkflowRuntime }> {
    return this.#letters.values();
  }

  has(id: number): boolean {
    return this.#letters.has(id);
  }

  /** Takes back what was set aside before the system started. */
  restore(id: number, workflow: WorkflowRuntime, work: Atom | Pass, error: PorticoError): DeadLetter {
    const kind = work instanceof Atom ? 'atom' : work.kind;
    const letter: DeadLetter = { id, workflow: workflow.path, kind, events: eventsOf(work), error };
    this.#letters.set(id, { letter, work, workflow });
    return letter;
  }

  get full(): boolean {
    return this.#letters.size >= this.#limit;
  }

  /** Sets work aside. Streams and pools go on without it, so an atom is copied. */
  add(workflow: WorkflowRuntime, work: Atom | Pass, error: PorticoError): DeadLetter {
    return this.restore(++this.last, workflow, work instanceof Atom ? copyOf(work) : work, error);
  }

  list(): DeadLetter[] {
    return [...this.#letters.values()].map(({ letter }) => letter);
  }

  /** Takes a letter out; undefined if there is none of that number. */
  take(id: number): { work: Atom | Pass; workflow: WorkflowRuntime } | undefined {
    const found = this.#letters.get(id);
    this.#letters.delete(id);
    return found;
  }

  /** Forgets the letters of workflows under a path. */
  forget(under: string): void {
    for (const [id, { workflow }] of this.#letters)
      if (workflow.path.startsWith(under)) this.#letters.delete(id);
  }
}

function copyOf(atom: Atom): Atom {
  const copy = new Atom();
  copy.end = atom.end;
  copy.pushAll(atom);
  return copy;
}

function eventsOf(work: Atom | Pass): DeadLetter['events'] {
  if (work instanceof Atom)
    return work.values.slice(0, work.n).map((value, i) => ({ key: work.keys[i], value }));
  switch (work.kind) {
    case 'requests':
      return (work.items as readonly Ask[]).map(({ key, request }) => ({ key, value: request }));
    case 'replies':
      return (work.items as readonly Ask[]).map(({ askerKey, outcome }) => ({
        key: askerKey,
        value: outcome,
      }));
    case 'timers':
      return (work.items as readonly TaskTimer[]).map(({ key, payload }) => ({ key, value: payload }));
  }
}
