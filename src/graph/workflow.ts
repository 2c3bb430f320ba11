/** The graph of one workflow while it is being written. Flows are positions in it. */
import type { ErrorCode, Problem } from '../errors.ts';
import { NOTHING, streamPath, type OnFailure, type WorkflowNode } from './application.ts';
import { inWords, notAHandle, pathOf, unknownWord, type Mistake } from './arguments.ts';
import type { Stream } from './handles.ts';
import { sequenceOf, type Step, type TaskSpec } from './task.ts';

interface TaskDraft {
  name: string;
  /** Each part is the sequence of its behaviors. */
  readonly parts: Step[][];
  readonly inputs: readonly number[];
}

/** Where a workflow may begin to read. */
const ends: readonly string[] = ['end', 'start'];

/** What a workflow needs of the application that it is written in. */
export interface Surroundings {
  freshName(): string;
  /** Refuses changes after the application was built. */
  mutable(where: string): void;
  /** Notes what is wrong; all of it is reported together. */
  problem(problem: Problem): void;
}

/** A position in a workflow, as far as joining flows needs it. */
export interface AnyFlow<out T> {
  /** @internal */
  readonly workflow: WorkflowDraft;
  /** @internal */
  readonly position: number;
  readonly carried?: T;
}

/** A workflow while it is being written. */
export class WorkflowDraft {
  readonly path: string;
  readonly name: string;
  readonly #app: Surroundings;
  readonly #onFailure: OnFailure;
  readonly #tasks: TaskDraft[] = [];
  #source: string | undefined;
  #sourceName = '';
  #from: 'end' | 'start' = 'end';
  #sink: { readonly name: string; readonly inputs: number[] } | undefined;

  constructor(app: Surroundings, path: string, name: string, onFailure: OnFailure) {
    this.#app = app;
    this.path = path;
    this.name = name;
    this.#onFailure = onFailure;
  }

  /** Sets the stream that the workflow reads. */
  source(stream: Stream<unknown>, from: 'end' | 'start'): void {
    this.#app.mutable(this.path);
    const path = pathOf(stream);
    if (path === undefined) this.fine([notAHandle('source', stream, 'a stream')]);
    if (this.#source !== undefined) {
      const cure = 'Merge the streams with a sequencer, or write a second workflow';
      this.problem(
        'graph/second-source',
        `it reads ${this.#source} already, not also ${path ?? inWords(stream)}`,
        cure,
      );
    } else {
      this.#source = path ?? NOTHING;
      const known = ends.includes(from);
      if (!known) this.fine([unknownWord('from', from, ends)]);
      this.#from = known ? from : 'end';
      this.#sourceName = this.#app.freshName();
    }
  }

  /** @internal */
  append(spec: TaskSpec, inputs: readonly number[]): number {
    this.#app.mutable(this.path);
    this.#tasks.push({ name: this.#app.freshName(), parts: [[{ spec, atoms: 1 }]], inputs });
    return this.#tasks.length - 1;
  }

  /** Says that the workflow reads no stream. */
  sourceless(): void {
    this.#app.mutable(this.path);
    this.#sourceName = this.#app.freshName();
  }

  /** Ends a branch. */
  sink<T>(flow: AnyFlow<T>, into: Stream<T> | undefined): Stream<T> {
    this.#app.mutable(this.path);
    const path = streamPath(this.path);
    if (into !== undefined && pathOf(into) === undefined) this.fine([notAHandle('sink', into, 'a stream')]);
    else if (into !== undefined && into.path !== path) {
      this.problem(
        'graph/foreign-sink',
        `a branch goes into ${into.path}`,
        `Sink it into ${path}, or connect two workflows by a stream`,
      );
    }
    this.#sink ??= { name: this.#app.freshName(), inputs: [] };
    this.#sink.inputs.push(flow.position);
    return { path };
  }

  /** Those flows that are of this workflow; says so of the others. */
  owned(flows: unknown): AnyFlow<unknown>[] {
    const isFlow = (given: unknown): given is AnyFlow<unknown> =>
      typeof given === 'object' &&
      given !== null &&
      'workflow' in given &&
      given.workflow instanceof WorkflowDraft;
    return (Array.isArray(flows) ? (flows as unknown[]) : [flows]).filter(
      (given): given is AnyFlow<unknown> => {
        if (!isFlow(given)) {
          const what = `${inWords(given)} was to be joined, and a flow is needed`;
          this.problem(
            'graph/bad-argument',
            what,
            'Give flows one after the other: union(a, b), combineAllFrom([a, b], task)',
          );
          return false;
        }
        if (given.workflow === this) return true;
        const cure = 'Join flows of one workflow, or merge the streams of two with a sequencer';
        this.problem('graph/foreign-flow', `a flow of ${given.workflow.path} was joined here`, cure);
        return false;
      },
    );
  }

  /** @internal */
  rename(position: number, name: string): void {
    const task = this.#draft(position, 'withName');
    if (typeof name !== 'string') {
      const what = `withName was given ${inWords(name)}`;
      this.fine([
        { code: 'graph/bad-name', what, cure: 'Give it a text of at least one character, without a slash' },
      ]);
    } else if (task !== undefined) task.name = name;
  }

  /** Modifies the last behavior of the last part of a task. */
  modify(position: number, change: (spec: TaskSpec) => TaskSpec): void {
    const steps = this.#draft(position, 'a modifier')?.parts.at(-1);
    const step = steps?.pop();
    if (step !== undefined) steps?.push({ ...step, spec: change(step.spec) });
  }

  /** Modifies every behavior of every task. */
  modifyAll(change: (spec: TaskSpec) => TaskSpec): void {
    this.#app.mutable(this.path);
    const changed = (steps: Step[]): Step[] => steps.map((step) => ({ ...step, spec: change(step.spec) }));
    for (const { parts } of this.#tasks) parts.splice(0, parts.length, ...parts.map(changed));
  }

  /** @internal */
  addStep(position: number, step: Step): void {
    this.#draft(position, 'withStep')?.parts.at(-1)?.push(step);
  }

  /** @internal */
  addPart(position: number, spec: TaskSpec): void {
    this.#draft(position, 'withAndThen')?.parts.push([{ spec, atoms: 1 }]);
  }

  /** Notes what is wrong; all of it is reported together. */
  problem(code: ErrorCode, what: string, cure: string): void {
    this.#app.problem({ code, where: this.path, what, cure });
  }

  /** Whether there are no mistakes; notes them if there are. */
  fine(mistakes: readonly Mistake[]): boolean {
    for (const { code, what, cure } of mistakes) this.problem(code, what, cure);
    return mistakes.length === 0;
  }

  /** @internal */
  node(): WorkflowNode {
    return {
      path: this.path,
      name: this.name,
      onFailure: this.#onFailure,
      source: this.#source,
      sourceName: this.#sourceName,
      from: this.#from,
      tasks: this.#tasks.map(({ name, parts, inputs }) => ({
        name,
        parts: parts.map((steps) =>
          steps.length === 1 && steps[0] !== undefined ? steps[0].spec : sequenceOf(steps),
        ),
        inputs,
      })),
      sink: this.#sink,
    };
  }

  #draft(position: number, what: string): TaskDraft | undefined {
    this.#app.mutable(this.path);
    const task = this.#tasks[position];
    if (task === undefined) {
      this.problem(
        'graph/modifier-on-source',
        `${what} was applied to the source`,
        'Put a task such as identity() before it',
      );
    }
    return task;
  }
}
