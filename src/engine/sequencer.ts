/**
 * A sequencer at run time: one atom of one input becomes the next atom of its own stream, unchanged.
 *
 * Q1. The order within each input is kept. Which input goes next is the strategy's to say, among those that are ready.
 * Q2. Atoms without events are swallowed, so that cycles come to rest; and a sequencer never ends, because it can be
 *     connected to further streams at any time.
 * Q3. If one workflow alone reads its stream and has nothing else of it to read, the atom goes straight there, in the
 *     same step. In the stepping system the workflow would have been next in any case: nothing of its class is ready.
 * Q4. If what comes of it comes back here, and nothing else is ready here, that is the next step; as long as it is nobody
 *     else's turn, it is made at once: without any stream between, if that can be (H1).
 * Q5. While the backlog is crowded, what goes round here goes before what comes here, whatever the strategy says; but each time
 *     when as many events went round as wait now, something that comes has its turn.
 */
import { PorticoError, describe } from '../errors.ts';
import { inWords } from '../graph/arguments.ts';
import type { SequencerStrategy } from '../graph/sequencers.ts';
import { ATOM, type Atom, type AtomPool } from './atom.ts';
import type { Backlog } from './backlog.ts';
import type { Random } from './random.ts';
import { SEQUENCERS, type Rank, type Ready, type Runnable } from './ready.ts';
import type { Lap, Rounds } from './rounds.ts';
import type { AtomicStream, Consumer, Cursor } from './stream.ts';
import { WorkflowRuntime } from './workflow.ts';

export class SequencerRuntime implements Runnable, Consumer {
  readonly rank: Rank = SEQUENCERS;
  place = -1;
  readonly path: string;
  readonly lasting: string;
  readonly stream: AtomicStream;
  readonly strategy: SequencerStrategy;
  /** The input that went last. */
  last = -1;
  readonly #inputs = new Map<
    number,
    { readonly cursor: Cursor; readonly priority: number; readonly goesRound: boolean }
  >();
  #connected = 0;
  /** The inputs with an atom waiting, in no particular order. */
  readonly #readyCursors: (Cursor | undefined)[] = [undefined];
  #readyCount = 0;
  /** How many events went round since something came, while it was crowded. */
  #wentRound = 0;
  /** Whether it takes what it is offered: while it passes an atom on. */
  #takes = false;
  #offered: Atom | undefined = undefined;
  #offeredBy: Cursor | undefined = undefined;
  readonly #ready: Ready;
  readonly #random: Random;
  readonly #pool: AtomPool;
  readonly #backlog: Backlog;

  constructor(
    path: string,
    stream: AtomicStream,
    strategy: SequencerStrategy,
    surroundings: {
      readonly ready: Ready;
      readonly random: Random;
      readonly pool: AtomPool;
      readonly backlog: Backlog;
    },
  ) {
    this.path = path;
    this.lasting = path;
    this.stream = stream;
    this.strategy = strategy;
    this.#ready = surroundings.ready;
    this.#random = surroundings.random;
    this.#pool = surroundings.pool;
    this.#backlog = surroundings.backlog;
  }

  /** `goesRound`: whether what it brings was made of what this sequencer gave. */
  connect(stream: AtomicStream, priority: number, goesRound: boolean): Cursor {
    const input = this.#connected++;
    const cursor = stream.attach(this);
    cursor.input = input;
    this.#inputs.set(input, { cursor, priority, goesRound });
    return cursor;
  }

  disconnect(cursor: Cursor): void {
    cursor.stream.detach(cursor);
    this.#inputs.delete(cursor.input);
    if (cursor.known) this.#unlist(this.#readyCursors.indexOf(cursor));
    if (this.#readyCount === 0) this.#ready.remove(this);
  }

  close(): void {
    for (const { cursor } of this.#inputs.values()) cursor.stream.detach(cursor);
    this.#ready.remove(this);
  }

  arrived(cursor: Cursor): void {
    cursor.known = true;
    this.#readyCursors[this.#readyCount++] = cursor;
    if (this.place === -1) this.#ready.add(this);
  }

  run(): boolean {
    const at = this.#readyCount === 1 ? 0 : this.#choose();
    const cursor = this.#readyCursors[at] as Cursor;
    this.last = cursor.input;
    const taken = cursor.take();
    if (taken === undefined) {
      // Others read the same stream: the atom stays there until they have.
      if (!this.#pass(cursor.peek() as Atom)) return false;
      cursor.advance();
      if (!cursor.waiting) this.#unlist(at);
    } else {
      if (!cursor.waiting) this.#unlist(at);
      if (!this.#goRound(cursor, taken)) return false;
    }
    return this.#readyCount > 0;
  }

  /** Q4. */
  offer(cursor: Cursor, atom: Atom): boolean {
    if (!this.#takes || this.#readyCount > 0 || this.#offered !== undefined) return false;
    this.#offered = atom;
    this.#offeredBy = cursor;
    return true;
  }

  /** Q4. Passes on an atom that was taken from its stream, then what comes back of it, and so on. */
  #goRound(cursor: Cursor, taken: Atom): boolean {
    // One hop alone would not be worth the preparation.
    const goesOn = taken.end === ATOM && this.#readyCount === 0 && !this.#ready.before(this);
    const reader = goesOn ? this.stream.soleReader : undefined;
    const workflow = reader instanceof WorkflowRuntime ? reader : undefined;
    const back = workflow?.stream.soleCursor;
    const rounds = back?.consumer === this ? workflow?.rounds : undefined;
    if (workflow === undefined || back === undefined || rounds === undefined)
      return this.#goOn(cursor, taken, this.#passOffered(taken));
    return this.#circulate(workflow, rounds, back, cursor, taken);
  }

  /** Lets what comes of one atom be the next, for as long as nothing comes between. */
  #circulate(workflow: WorkflowRuntime, rounds: Rounds, back: Cursor, cursor: Cursor, taken: Atom): boolean {
    const { pace } = this.#ready;
    const lap: Lap = { atom: taken, out: undefined };
    let from = cursor;
    for (;;) {
      pace.disturbed = false;
      const hops = rounds.go(lap);
      const { atom, out } = lap;
      // The first was not from there, and the last may not have begun.
      if (hops > 1 || (hops > 0 && out !== undefined)) this.last = back.input;
      if (hops > 0) from = back;
      if (out !== undefined) return this.#goOn(from, atom, this.#settle(workflow, atom, out));
      // Q2.
      if (hops === 0) {
        from.stream.release(atom);
        return true;
      }
      if (this.#hasToWait()) {
        back.stream.keep(atom);
        this.arrived(back);
        return true;
      }
      pace.left--;
      this.last = back.input;
    }
  }

  /** Settles an atom that could not simply go on; what is published is offered meanwhile. */
  #settle(workflow: WorkflowRuntime, atom: Atom, out: Atom): boolean {
    this.#takes = true;
    const settled = workflow.settle(atom, out);
    this.#takes = false;
    if (settled) this.stream.passThrough(1, atom.n);
    return settled;
  }

  /** Passes on what it was offered while it passed on an atom, and so on. */
  #goOn(cursor: Cursor, first: Atom, firstPassed: boolean): boolean {
    const { pace } = this.#ready;
    let from = cursor;
    let atom = first;
    let passed = firstPassed;
    for (;;) {
      if (!passed) {
        // The system has to stop: the atom goes back to where it was.
        from.stream.putBack(atom);
        if (!from.known) this.arrived(from);
        return false;
      }
      from.stream.release(atom);
      const offered = this.#offered;
      if (offered === undefined) return true;
      this.#offered = undefined;
      atom = offered;
      from = this.#offeredBy as Cursor;
      if (this.#hasToWait()) {
        from.stream.keep(atom);
        this.arrived(from);
        return true;
      }
      pace.left--;
      this.last = from.input;
      passed = this.#passOffered(atom);
    }
  }

  /** Whether what came back is not the next: something else is ready here, or somebody else may have a turn. */
  #hasToWait(): boolean {
    const { pace } = this.#ready;
    return this.#readyCount > 0 || pace.left <= 0 || pace.events <= 0 || this.#ready.before(this);
  }

  /** Passes on an atom, and takes what it is offered meanwhile. */
  #passOffered(atom: Atom): boolean {
    this.#takes = true;
    const passed = this.#pass(atom);
    this.#takes = false;
    return passed;
  }

  /** Q3. Returns false if the system has to stop; the atom then stays with its input. */
  #pass(atom: Atom): boolean {
    // Q2.
    if (atom.n === 0) return true;
    const { stream } = this;
    const reader = stream.soleReader;
    if (atom.end === ATOM && reader?.accept !== undefined) {
      if (!reader.accept(atom)) return false;
      stream.passThrough(1, atom.n);
    } else stream.append(atom.end === ATOM ? atom : this.#open(atom));
    return true;
  }

  #choose(): number {
    const ready = this.#choices();
    let choice: number;
    try {
      choice = this.strategy.choose(ready, this);
    } catch (cause) {
      throw this.#badChoice(`threw: ${describe(cause)}`, { cause });
    }
    // Not in the list that it was given: it may have sorted that.
    for (let at = 0; at < this.#readyCount; at++) {
      const cursor = this.#readyCursors[at] as Cursor;
      if (cursor.input !== choice) continue;
      if (!this.#goesRound(choice)) this.#wentRound = 0;
      else if (this.#backlog.over) this.#wentRound += cursor.peek()?.n ?? 0;
      return at;
    }
    throw this.#badChoice(`chose ${inWords(choice)}, and only ${this.#choices().join(', ')} are ready`, {});
  }

  /** Those that may go next. */
  #choices(): number[] {
    const ready = this.#readyCursors.slice(0, this.#readyCount).map((cursor) => (cursor as Cursor).input);
    if (!this.#backlog.over) return ready;
    // Q5.
    const round = this.#wentRound < this.#backlog.events;
    const first = ready.filter((input) => this.#goesRound(input) === round);
    return first.length > 0 ? first : ready;
  }

  #goesRound(input: number): boolean {
    return this.#inputs.get(input)?.goesRound === true;
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
    const cursors = this.#readyCursors;
    (cursors[at] as Cursor).known = false;
    const last = --this.#readyCount;
    cursors[at] = cursors[last];
    cursors[last] = undefined;
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
