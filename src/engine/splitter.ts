/**
 * A splitter at run time: each event goes to the first split, in the order of their making, whose predicate holds.
 * A split gets an atom if it gets an event of it, and it gets every end of the stream. The rest is counted.
 */
import { PorticoError, describe } from '../errors.ts';
import { isPromise } from '../graph/arguments.ts';
import { SEAL, type Atom, type AtomPool } from './atom.ts';
import { SPLITTERS, type Rank, type Ready, type Runnable } from './ready.ts';
import type { AtomicStream, Consumer, Cursor } from './stream.ts';

export interface Split {
  readonly path: string;
  readonly stream: AtomicStream;
  readonly predicate: (value: unknown) => boolean;
}

export class SplitterRuntime implements Runnable, Consumer {
  readonly rank: Rank = SPLITTERS;
  place = -1;
  readonly path: string;
  readonly lasting: string;
  /** Events that no split wanted. */
  unmatched = 0;
  readonly #ready: Ready;
  readonly #pool: AtomPool;
  #splits: readonly Split[] = [];
  #cursor: Cursor | undefined;

  constructor(path: string, surroundings: { readonly ready: Ready; readonly pool: AtomPool }) {
    this.path = path;
    this.lasting = path;
    this.#ready = surroundings.ready;
    this.#pool = surroundings.pool;
  }

  read(stream: AtomicStream): void {
    this.#cursor = stream.attach(this);
  }

  add(split: Split): void {
    this.#splits = [...this.#splits, split];
  }

  remove(path: string): void {
    this.#splits = this.#splits.filter((split) => split.path !== path);
  }

  close(): void {
    if (this.#cursor !== undefined) this.#cursor.stream.detach(this.#cursor);
    this.#ready.remove(this);
  }

  arrived(): void {
    if (this.place === -1) this.#ready.add(this);
  }

  run(): boolean {
    const cursor = this.#cursor as Cursor;
    const atom = cursor.peek() as Atom;
    const outs: (Atom | undefined)[] = this.#splits.map(() => undefined);
    let unmatched = 0;
    for (let i = 0; i < atom.n; i++) {
      const value = atom.values[i];
      const to = this.#splits.findIndex((split) => this.#matches(split, value));
      if (to === -1) unmatched++;
      else (outs[to] ??= this.#pool.take()).push(atom.keys[i] as string, value);
    }
    this.unmatched += unmatched;
    this.#splits.forEach(({ stream }, i) => {
      const out = outs[i] ?? (atom.end === SEAL ? this.#pool.take() : undefined);
      if (out === undefined) return;
      out.end = atom.end;
      stream.append(out);
    });
    cursor.advance();
    return cursor.waiting;
  }

  #matches({ predicate, path: where }: Split, value: unknown): boolean {
    try {
      const matches: unknown = predicate(value);
      if (isPromise(matches)) throw new TypeError('it returned a promise');
      return Boolean(matches);
    } catch (cause) {
      throw new PorticoError(
        {
          code: 'splitter/predicate-failed',
          where,
          what: `its predicate threw: ${describe(cause)}`,
          cure: 'Let the predicate return true or false for every event of the stream',
        },
        { cause },
      );
    }
  }
}
