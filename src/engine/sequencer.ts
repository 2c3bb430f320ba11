/**
 * A sequencer at run time: one atom of one input becomes the next atom of its own stream, unchanged.
 *
 * Q1. The order within each input is kept. Which input goes next is the strategy's to say, among those that are ready.
 * Q2. Atoms without events are swallowed, so that cycles come to rest; and a sequencer never ends, because it can be
 *     connected to further streams at any time.
 */
import { PorticoError } from '../errors.ts';
import type { SequencerStrategy } from '../graph/sequencers.ts';
import { ATOM, type Atom, type AtomPool } from './atom.ts';
import type { Random } from './random.ts';
import { SEQUENCERS, type Rank, type Ready, type Runnable } from './ready.ts';
import type { AtomicStream, Consumer, Cursor } from './stream.ts';

export class SequencerRuntime implements Runnable, Consumer {
  readonly rank: Rank = SEQUENCERS;
  place = -1;
  readonly path: string;
  readonly stream: AtomicStream;
  readonly strategy: SequencerStrategy;
  /** The input that went last. */
  last = -1;
  readonly #inputs = new Map<number, { readonly cursor: Cursor; readonly priority: number }>();
  #connected = 0;
  /** The inputs with an atom waiting, in no particular order. */
  readonly #readyInputs: number[] = [];
  readonly #readyCursors: Cursor[] = [];
  readonly #ready: Ready;
  readonly #random: Random;
  readonly #pool: AtomPool;

  constructor(
    path: string,
    stream: AtomicStream,
    strategy: SequencerStrategy,
    surroundings: { readonly ready: Ready; readonly random: Random; readonly pool: AtomPool },
  ) {
    this.path = path;
    this.stream = stream;
    this.strategy = strategy;
    this.#ready = surroundings.ready;
    this.#random = surroundings.random;
    this.#pool = surroundings.pool;
  }

  connect(stream: AtomicStream, priority: number): Cursor {
    const input = this.#connected++;
    const cursor = stream.attach(this);
    cursor.input = input;
    this.#inputs.set(input, { cursor, priority });
    return cursor;
  }

  disconnect(cursor: Cursor): void {
    cursor.stream.detach(cursor);
    this.#inputs.delete(cursor.input);
    if (cursor.listed) this.#unlist(this.#readyCursors.indexOf(cursor));
    if (this.#readyInputs.length === 0) this.#ready.remove(this);
  }

  close(): void {
    for (const { cursor } of this.#inputs.values()) cursor.stream.detach(cursor);
    this.#ready.remove(this);
  }

  arrived(cursor: Cursor): void {
    if (cursor.listed) return;
    cursor.listed = true;
    this.#readyInputs.push(cursor.input);
    this.#readyCursors.push(cursor);
    if (this.place === -1) this.#ready.add(this);
  }

  run(): boolean {
    const at = this.#readyInputs.length === 1 ? 0 : this.#choose();
    const cursor = this.#readyCursors[at] as Cursor;
    const atom = cursor.peek() as Atom;
    // Q2.
    if (atom.n > 0) this.stream.append(atom.end === ATOM ? atom : this.#open(atom));
    this.last = cursor.input;
    cursor.advance();
    if (!cursor.waiting) this.#unlist(at);
    return this.#readyInputs.length > 0;
  }

  #choose(): number {
    let choice: number;
    try {
      choice = this.strategy.choose(this.#readyInputs, this);
    } catch (cause) {
      throw this.#badChoice('threw', { cause });
    }
    const at = this.#readyInputs.indexOf(choice);
    if (at === -1) throw this.#badChoice(`chose input ${choice}, and ${this.#readyInputs.join(', ')} are ready`, {});
    return at;
  }

  /** What a strategy may ask. */
  priority(input: number): number {
    return this.#inputs.get(input)?.priority ?? 0;
  }

  /** What a strategy may ask. */
  random(bound: number): number {
    return this.#random.below(bound);
  }

  /** The events of the last atom of an input: they go on, its end does not. */
  #open(seal: Atom): Atom {
    const atom = this.#pool.take();
    atom.pushAll(seal);
    return atom;
  }

  #unlist(at: number): void {
    (this.#readyCursors[at] as Cursor).listed = false;
    const input = this.#readyInputs.pop() as number;
    const cursor = this.#readyCursors.pop() as Cursor;
    if (at < this.#readyInputs.length) {
      this.#readyInputs[at] = input;
      this.#readyCursors[at] = cursor;
    }
  }

  #badChoice(what: string, options: { cause?: unknown }): PorticoError {
    return new PorticoError(
      {
        code: 'sequencer/bad-choice',
        where: this.path,
        what: `its strategy ${this.strategy.name} ${what}`,
        cure: 'Let choose return one of the inputs that it is given',
      },
      options,
    );
  }
}
