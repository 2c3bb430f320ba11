/** An egress at run time: what the atoms of one commit release becomes one atom of its stream (G3: not before that). */
import type { Key } from '../graph/keys.ts';
import type { Atom, AtomPool } from './atom.ts';
import type { Outbox } from './outbox.ts';
import type { AtomicStream } from './stream.ts';
import type { Collects, Effect, Turns } from './turn.ts';

export class EgressRuntime implements Collects {
  readonly stream: AtomicStream;
  readonly #outbox: Outbox | undefined;
  readonly #turns: Turns;
  readonly #pool: AtomPool;
  #collected: Atom | undefined;

  constructor(
    stream: AtomicStream,
    outbox: Outbox | undefined,
    surroundings: { readonly turns: Turns; readonly pool: AtomPool },
  ) {
    this.stream = stream;
    this.#outbox = outbox;
    this.#turns = surroundings.turns;
    this.#pool = surroundings.pool;
  }

  /** Whether what it releases is stored until somebody is done with it. */
  get keeps(): boolean {
    return this.#outbox !== undefined;
  }

  /** Whether what it releases waits until somebody is done with it. */
  get waits(): boolean {
    return this.#outbox?.waits === true;
  }

  release(key: Key, value: unknown): Effect {
    return new Release(this, key, value);
  }

  collect(key: Key, value: unknown): void {
    if (this.#collected === undefined) {
      this.#collected = this.#pool.take();
      this.#turns.collect(this);
    }
    this.#collected.push(key, value);
  }

  flush(): void {
    const atom = this.#collected;
    this.#collected = undefined;
    if (atom === undefined) return;
    if (this.#outbox !== undefined)
      for (let i = 0; i < atom.n; i++) this.#outbox.put(atom.keys[i] as Key, atom.values[i]);
    this.stream.append(atom);
  }
}

class Release implements Effect {
  readonly #egress: EgressRuntime;
  readonly #key: Key;
  readonly #value: unknown;

  constructor(egress: EgressRuntime, key: Key, value: unknown) {
    this.#egress = egress;
    this.#key = key;
    this.#value = value;
  }

  apply(): void {
    this.#egress.collect(this.#key, this.#value);
  }

  undo(): void {
    // Nothing was released yet.
  }
}
