/**
 * Faults at the ports: a journal, a state, a disk or a host of which a call fails that is told by its number. With it a test
 * fails every call that a program makes, one after the other, and sees what becomes of the program.
 *
 * FT1. Every operation can fail: the compiler holds the list of them to the contracts, so that none is forgotten.
 * FT2. A call that fails `before` has done nothing, and one that fails `after` has done all. Nobody is told which.
 * FT3. Calls are counted whether or not any fails: a run without faults says how many there are to fail.
 */
import type { LastWords } from '../engine/care.ts';
import type { Disk, DiskFile, Host } from '../host.ts';
import type { Journal } from '../journal/journal.ts';
import type { State } from '../state/state.ts';
import type { Store } from '../system/store.ts';

/** How an operation answers, and so how it can fail. */
export type Answer = 'value' | 'promise' | 'iterable';

export type AnswerOf<F> = F extends (...given: never[]) => infer R
  ? R extends Promise<unknown>
    ? 'promise'
    : R extends AsyncIterable<unknown>
      ? 'iterable'
      : 'value'
  : never;

export type Answers<C> = {
  readonly [K in keyof C as C[K] extends (...given: never[]) => unknown ? K : never]: AnswerOf<C[K]>;
};

/** FT1. The operations of each contract. */
export interface Operations {
  readonly Journal: Answers<Journal>;
  readonly State: Answers<State>;
  readonly Disk: Answers<Disk>;
  readonly DiskFile: Answers<DiskFile>;
  readonly Host: Answers<Host>;
  readonly Store: Answers<Store>;
  readonly LastWords: Answers<LastWords>;
}

export const operations: Operations = {
  Journal: {
    open: 'promise',
    append: 'promise',
    read: 'iterable',
    check: 'promise',
    trim: 'promise',
    close: 'promise',
  },
  State: {
    open: 'promise',
    read: 'value',
    scan: 'iterable',
    tables: 'promise',
    apply: 'promise',
    checkpoint: 'promise',
    close: 'promise',
  },
  Disk: {
    list: 'promise',
    open: 'promise',
    exists: 'value',
    rename: 'promise',
    remove: 'promise',
    syncNames: 'promise',
  },
  DiskFile: {
    size: 'promise',
    read: 'promise',
    readSync: 'value',
    write: 'promise',
    truncate: 'promise',
    linked: 'value',
    sync: 'promise',
    close: 'promise',
  },
  Host: { now: 'value', entropy: 'value', yield: 'value', after: 'value', log: 'value' },
  Store: { parts: 'promise' },
  LastWords: { open: 'promise', say: 'value', close: 'value' },
};

/**
 * When a call fails: it throws instead of giving what was asked for, `at once`; it fails `before` it has done anything, or
 * `after` it has done all; or it is `never` answered. What gives values one after the other fails `before` the first or `after` it.
 */
export type When = 'at once' | 'before' | 'after' | 'never';

/** In which ways what answers like this can fail. */
export const waysToFail: { readonly [A in Answer]: readonly When[] } = {
  value: ['at once', 'after'],
  promise: ['at once', 'before', 'after', 'never'],
  iterable: ['at once', 'before', 'after', 'never'],
};

/** One call that fails. */
export interface Fault {
  /** Which operation of which contract, as in `Journal.append`. */
  readonly operation: string;
  /** Which of its calls, from 1. */
  readonly call: number;
  readonly when: When;
  /** What it fails with. */
  readonly error: unknown;
  /** Whether all later calls fail as well. */
  readonly lasting?: boolean;
  /** What fails after that: its calls are counted from then on. */
  readonly next?: Fault;
}

/** A fault that can come, and how many calls there were before it could. */
interface Armed {
  readonly fault: Fault;
  readonly before: number;
}

/**
 * What is handed out of this fails as planned.
 *
 * @example
 * ```ts
 * import { behavior, memoryStore, receive, same, start } from 'portico';
 * import { Faults } from 'portico/testing';
 *
 * const counter = behavior('counter', () => receive<'up'>(() => same));
 * const disk = new Error('the disk is gone');
 * const faults = new Faults([{ operation: 'Journal.append', call: 2, when: 'before', error: disk }]);
 * await using system = await start({ behaviors: { counter }, store: faults.store(memoryStore()), log: () => undefined });
 * await system.send(system.entity(counter(), 'a'), 'up');
 * const error = await system.send(system.entity(counter(), 'a'), 'up').catch((error: Error) => error);
 * console.log(error?.message); // [store/failed] store: the store failed: the disk is gone. Look at the cause; start the system again when it is mended.
 * console.log(faults.calls.get('Journal.append')); // 2
 * ```
 */
export class Faults {
  /** FT3. How often each operation was called. */
  readonly calls: Map<string, number> = new Map<string, number>();
  /** Those that came. */
  readonly met: Fault[] = [];
  readonly #armed: Armed[] = [];

  constructor(planned: readonly Fault[] = []) {
    for (const fault of planned) this.#arm(fault);
  }

  #arm(fault: Fault): void {
    this.#armed.push({ fault, before: this.calls.get(fault.operation) ?? 0 });
  }

  journal(journal: Journal): Journal {
    return this.#failing('Journal', journal, operations.Journal);
  }

  state(state: State): State {
    return this.#failing('State', state, operations.State);
  }

  disk(disk: Disk): Disk {
    const failing = this.#failing('Disk', disk, operations.Disk);
    return {
      ...failing,
      path: disk.path,
      open: async (name, mode) => this.file(await failing.open(name, mode)),
    };
  }

  file(file: DiskFile): DiskFile {
    return this.#failing('DiskFile', file, operations.DiskFile);
  }

  host(host: Host): Host {
    return this.#failing('Host', host, operations.Host);
  }

  lastWords(words: LastWords): LastWords {
    return this.#failing('LastWords', words, operations.LastWords);
  }

  /** A store of which all parts fail as planned. */
  store(store: Store): Store {
    const failing = this.#failing('Store', store, operations.Store);
    return {
      name: store.name,
      parts: async () => {
        const { journal, state, lastWords } = await failing.parts();
        return {
          journal: this.journal(journal),
          state: this.state(state),
          ...(lastWords && { lastWords: this.lastWords(lastWords) }),
        };
      },
    };
  }

  #failing<C extends object>(contract: string, real: C, answers: object): C {
    const failing: Record<string, unknown> = {};
    for (const [name, answer] of Object.entries(answers) as [string, Answer][]) {
      const act = (real as Record<string, (...given: unknown[]) => unknown>)[name] as (
        ...given: unknown[]
      ) => unknown;
      failing[name] = (...given: unknown[]) =>
        this.#called(`${contract}.${name}`, answer, () => act.apply(real, given));
    }
    return failing as C;
  }

  #called(operation: string, answer: Answer, act: () => unknown): unknown {
    const call = (this.calls.get(operation) ?? 0) + 1;
    this.calls.set(operation, call);
    const armed = this.#armed.find(
      ({ fault, before }) =>
        fault.operation === operation &&
        (call === before + fault.call || (fault.lasting === true && call > before + fault.call)),
    );
    if (armed === undefined) return act();
    const { fault } = armed;
    if (fault.next !== undefined && !this.met.includes(fault)) this.#arm(fault.next);
    this.met.push(fault);
    if (fault.when === 'at once') throw fault.error;
    if (answer === 'promise') return failingPromise(fault, act as () => Promise<unknown>);
    if (answer === 'iterable') return failingIterable(fault, act as () => AsyncIterable<unknown>);
    if (fault.when === 'after') act();
    throw fault.error;
  }
}

/** FT2. */
async function failingPromise({ when, error }: Fault, act: () => Promise<unknown>): Promise<never> {
  if (when === 'never') return never();
  if (when === 'after') await act();
  throw error;
}

async function* failingIterable({ when, error }: Fault, act: () => AsyncIterable<unknown>): AsyncGenerator {
  if (when === 'never') await never();
  if (when === 'after') {
    for await (const first of act()) {
      yield first;
      break;
    }
  }
  throw error;
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
