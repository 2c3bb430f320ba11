/**
 * A workflow at run time: takes an atom, runs it through its segments, publishes one atom, or undoes it all.
 *
 * W1. One atom in, one atom out, whatever the graph; a pass gives one atom, or none if nothing came of it.
 * W2. Where flows join, inputs follow each other whole, in the order in which they were written.
 * W3. An atom is passed over only after its outputs are published and its effects are applied, without a pause between.
 * W4. An atom in which an error was left over is undone whole; the policy of the workflow says what happens then. So is one
 *     that gives more than there is room for, whatever becomes of the rest (J4 of the backlog).
 */
import { describe, invariant, ours, PorticoError } from '../errors.ts';
import { SOURCE, type OnFailure } from '../graph/application.ts';
import { ATOM, Atom, Failure, SEAL, type AtomPool, type End } from './atom.ts';
import type { Backlog } from './backlog.ts';
import type { Inbox, Pass } from './entrance.ts';
import { HandlerOperator, type Operator } from './operators.ts';
import type { Ask } from './portal.ts';
import { PORTALS, WORKFLOWS, type Pace, type Rank, type Ready, type Runnable } from './ready.ts';
import { Rounds } from './rounds.ts';
import type { AtomicStream, Consumer, Cursor } from './stream.ts';
import type { Turns } from './turn.ts';

/** A segment of the plan with its operators. */
export interface Segment {
  readonly operators: readonly Operator[];
  readonly inputs: readonly number[];
  readonly readers: number;
}

/** What a workflow needs of its partition. */
export interface WorkflowHost {
  readonly turns: Turns;
  readonly pool: AtomPool;
  readonly ready: Ready;
  readonly backlog: Backlog;
  /** The atom or pass was undone. Returns whether it was set aside, so that the workflow goes on. */
  failed(workflow: WorkflowRuntime, work: Atom | Pass, error: PorticoError): boolean;
}

export class WorkflowRuntime implements Runnable, Consumer {
  readonly rank: Rank = WORKFLOWS;
  place = -1;
  readonly path: string;
  readonly lasting: string;
  readonly stream: AtomicStream;
  readonly inbox: PassQueue;
  readonly onFailure: OnFailure;
  readonly #host: WorkflowHost;
  readonly #pace: Pace;
  readonly #backlog: Backlog;
  readonly #turns: Turns;
  readonly #pool: AtomPool;
  #segments: readonly Segment[] = [];
  #sink: readonly number[] = [];
  #cursor: Cursor | undefined;
  /** The operators of the only segment, if all there is to do is run them. */
  #chain: readonly Operator[] | undefined;
  /** The only operator of that chain, if there is just one. */
  #only: Operator | undefined;
  /** How events go round through it, if it can be so. */
  rounds: Rounds | undefined = undefined;
  /** The outputs of the segments, while an atom runs. */
  readonly #outs: (Atom | undefined)[] = [];

  constructor(path: string, stream: AtomicStream, onFailure: OnFailure, host: WorkflowHost) {
    this.path = path;
    this.lasting = path;
    this.stream = stream;
    this.onFailure = onFailure;
    this.#host = host;
    this.#pace = host.ready.pace;
    this.#backlog = host.backlog;
    this.#turns = host.turns;
    this.#pool = host.pool;
    this.inbox = new PassQueue(this, host.ready);
  }

  /** Gives it its tasks. Their contexts know this workflow, so it is made first. */
  equip(segments: readonly Segment[], sink: readonly number[]): void {
    this.#segments = segments;
    this.#sink = sink;
    const [first] = segments;
    const linear = segments.length === 1 && first?.readers === 1 && sink.length === 1 && sink[0] === 0;
    this.#chain = linear && first.inputs.length === 1 ? first.operators : undefined;
    this.#only = this.#chain?.length === 1 ? this.#chain[0] : undefined;
  }

  read(stream: AtomicStream, from: 'end' | 'start'): void {
    this.#cursor = stream.attach(this, from);
    const task = this.#only;
    if (task instanceof HandlerOperator && task.endsSilently)
      this.rounds = new Rounds(task, stream, this.stream, {
        turns: this.#turns,
        pool: this.#pool,
        pace: this.#pace,
      });
  }

  /** Stops reading and forgets what has not been done. */
  close(): void {
    if (this.#cursor !== undefined) this.#cursor.stream.detach(this.#cursor);
    this.#host.ready.remove(this);
    this.inbox.close();
  }

  arrived(): void {
    if (this.place === -1) this.#host.ready.add(this);
  }

  run(): boolean {
    const cursor = this.#cursor as Cursor;
    if (!this.accept(cursor.peek() as Atom)) return false;
    // W3.
    cursor.advance();
    return cursor.waiting;
  }

  /** Runs an atom and publishes its outputs. Returns false if it failed and the system has to stop. */
  accept(atom: Atom): boolean {
    this.#pace.events -= atom.n;
    return this.settle(atom, this.#run(atom));
  }

  /** Publishes what came of an atom, or undoes it all. Returns false if the system has to stop. */
  settle(atom: Atom, out: Atom): boolean {
    if (out.n > this.#backlog.most - this.#backlog.events) this.#refuse(out);
    if (out.failures === 0) {
      out.end = atom.end;
      this.stream.append(out);
      this.#turns.commit();
      return true;
    }
    if (!this.#undo(out, atom)) return false;
    // The atom is set aside, the end of the stream is not.
    if (atom.end === SEAL) {
      const seal = this.#pool.take();
      seal.end = SEAL;
      this.stream.append(seal);
    }
    return true;
  }

  /** Runs an atom again that was set aside. If it was the end of the stream, that end has been passed on already. */
  retry(atom: Atom): boolean {
    const out = this.#run(atom);
    if (out.failures > 0) return this.#undo(out, atom);
    if (out.n > 0 || atom.end === ATOM) this.stream.append(out);
    else this.#pool.give(out);
    this.#turns.commit();
    return true;
  }

  #run(atom: Atom): Atom {
    if (this.#only !== undefined) {
      const out = this.#only.run(atom, false, atom.end);
      return out === atom ? this.#copyOf(atom) : out;
    }
    const chain = this.#chain;
    return chain === undefined
      ? this.#runSegments(atom, 0, atom.end)
      : this.#runChain(chain, 0, atom, false, atom.end);
  }

  /** Runs a pass. Returns false if the system has to stop. */
  runPass(pass: Pass): boolean {
    const { segment, operator } = pass.entrance;
    const operators = this.#segments[segment]?.operators ?? [];
    const entrance = operators[operator];
    invariant(entrance !== undefined, this.path, 'a pass entered at a task that this workflow does not have');
    const entered = entrance.enter(pass);
    const first = this.#runChain(operators, operator + 1, entered, true, ATOM);
    const out = this.#chain === undefined ? this.#runFrom(segment, first) : first;
    if (out.failures > 0) return this.#undo(out, pass);
    if (out.n > 0) this.stream.append(out);
    else this.#pool.give(out);
    this.#turns.commit();
    return true;
  }

  /** Runs the operators of a chain from one on. The result is a batch that this workflow owns. */
  #runChain(operators: readonly Operator[], from: number, input: Atom, inputOwned: boolean, ends: End): Atom {
    const pool = this.#pool;
    let batch = input;
    let owned = inputOwned;
    for (let i = from; i < operators.length; i++) {
      const out = (operators[i] as Operator).run(batch, owned, ends);
      if (out === batch) continue;
      if (owned) pool.give(batch);
      batch = out;
      owned = true;
    }
    return owned ? batch : this.#copyOf(batch);
  }

  /** Runs what comes after a segment whose output is there already. Segments that it does not reach stay still. */
  #runFrom(segment: number, first: Atom): Atom {
    if (this.#segments[segment]?.readers !== 0) this.#outs[segment] = first;
    // It leads nowhere: only its failures count.
    else if (first.failures > 0) return first;
    else this.#pool.give(first);
    return this.#runSegments(undefined, segment + 1, ATOM);
  }

  #runSegments(source: Atom | undefined, from: number, ends: End): Atom {
    const pool = this.#pool;
    const segments = this.#segments;
    const outs = this.#outs;
    // The failures of branches that lead nowhere count as well.
    let lost: Atom | undefined;
    for (let s = from; s < segments.length; s++) {
      const { operators, inputs, readers } = segments[s] as Segment;
      const input = this.#input(inputs, source);
      if (input === undefined) continue;
      const out = this.#runChain(operators, 0, input, this.#taken, ends);
      if (readers > 0) outs[s] = out;
      else if (out.failures > 0 && lost === undefined) lost = out;
      else pool.give(out);
    }
    let out = lost ?? this.#input(this.#sink, source) ?? pool.take();
    if (lost === undefined && !this.#taken) out = this.#copyOf(out);
    for (let s = 0; s < outs.length; s++) {
      const batch = outs[s];
      if (batch !== undefined) pool.give(batch);
      outs[s] = undefined;
    }
    return out;
  }

  /** Whether the last input belongs to who took it. */
  #taken = false;

  /** What a segment, or the sink, reads: the batch itself if there is one, else all of them in one (W2). */
  #input(inputs: readonly number[], source: Atom | undefined): Atom | undefined {
    const outs = this.#outs;
    this.#taken = true;
    if (inputs.length === 1) {
      const [input] = inputs as [number];
      const batch = input === SOURCE ? source : outs[input];
      this.#taken = input !== SOURCE && this.#segments[input]?.readers === 1;
      if (this.#taken) outs[input] = undefined;
      return batch;
    }
    let all: Atom | undefined;
    for (const input of inputs) {
      const batch = input === SOURCE ? source : outs[input];
      if (batch !== undefined) (all ??= this.#pool.take()).pushAll(batch);
    }
    return all;
  }

  #copyOf(batch: Atom): Atom {
    const copy = this.#pool.take();
    copy.pushAll(batch);
    return copy;
  }

  /** W4. */
  #refuse(out: Atom): void {
    if (out.n > 0) out.fail(0, new Failure(this.#backlog.refusal(this.path), this.path));
  }

  /** W4. */
  #undo(out: Atom, work: Atom | Pass): boolean {
    const failure = out.values.find((value, i) => i < out.n && value instanceof Failure) as Failure;
    this.#turns.undo();
    const error = atomFailed(this.path, failure, out.failures);
    this.#pool.give(out);
    const setAside = this.#host.failed(this, work, error);
    // Those who asked must not wait for an answer that was undone.
    if (setAside && 'kind' in work && work.kind !== 'timers') {
      for (const ask of work.items as readonly Ask[])
        (work.kind === 'requests' ? ask : ask.outer)?.fail(error);
      this.#turns.flush();
    }
    return setAside;
  }
}

/** The passes that wait for a workflow, first in, first out. */
export class PassQueue implements Runnable, Inbox {
  readonly rank: Rank = PORTALS;
  place = -1;
  readonly #workflow: WorkflowRuntime;
  readonly #ready: Ready;
  /** Also atoms that were set aside and are tried again. */
  #passes: (Pass | Atom)[] = [];
  #next = 0;
  #closed = false;

  constructor(workflow: WorkflowRuntime, ready: Ready) {
    this.#workflow = workflow;
    this.#ready = ready;
  }

  get size(): number {
    return this.#passes.length - this.#next;
  }

  /** What waits, the oldest first. */
  waiting(): readonly (Pass | Atom)[] {
    return this.#passes.slice(this.#next);
  }

  push(pass: Pass | Atom): void {
    if (this.#closed) return;
    this.#passes.push(pass);
    this.#ready.add(this);
  }

  run(): boolean {
    const work = this.#passes[this.#next] as Pass | Atom;
    const done = work instanceof Atom ? this.#workflow.retry(work) : this.#workflow.runPass(work);
    if (!done) return false;
    this.#next++;
    if (this.#next === this.#passes.length) {
      this.#passes.length = this.#next = 0;
      return false;
    }
    // Half of the array is history: drop it.
    if (this.#next * 2 >= this.#passes.length) {
      this.#passes.splice(0, this.#next);
      this.#next = 0;
    }
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#passes = [];
    this.#next = 0;
    this.#ready.remove(this);
  }
}

function atomFailed(path: string, { error, where }: Failure, failures: number): PorticoError {
  const more = failures > 1 ? `, and ${failures - 1} more` : '';
  const known = ours(error);
  const said = known === undefined ? describe(error) : `${known.what} [${known.code}]`;
  const what = `an error of ${where} was left over at the end of the workflow: ${said}${more}`;
  const mend = known?.cure ?? 'Mend the task';
  const cure = `${mend}; or handle the error with withOnError, or set such atoms aside with onFailure: deadLetter`;
  return new PorticoError({ code: 'atom/failed', where: path, what, cure }, { cause: error });
}
