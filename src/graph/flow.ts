/** The flow of a workflow: positions in its graph, and the operators that go on from there. */
import { SOURCE } from './application.ts';
import { functionMistakes, inWords, optionsMistakes } from './arguments.ts';
import type { AskerContext, MapContext, ProcessorContext } from './context.ts';
import type { Stream } from './handles.ts';
import type { Key } from './keys.ts';
import type { Answer } from './portals.ts';
import {
  type CareOf,
  erased,
  identitySpec,
  specOf,
  withHandlers,
  withWrapper,
  type InitContext,
  type Task,
} from './task.ts';
import * as tasks from './tasks.ts';
import type { AnyFlow, WorkflowDraft } from './workflow.ts';

/** A workflow while it is being written: it begins with `source` and ends with the `sink` of a flow. */
export class WorkflowBuilder {
  readonly path: string;
  readonly name: string;
  readonly #draft: WorkflowDraft;

  /** @internal */
  constructor(draft: WorkflowDraft) {
    this.path = draft.path;
    this.name = draft.name;
    this.#draft = draft;
  }

  /**
   * The stream that the workflow reads. If it has had atoms before, the workflow sees only what comes from now on, or,
   * `from: 'start'`, all of a stream that is retained.
   */
  source<T>(stream: Stream<T>, options: { readonly from?: 'end' | 'start' } = {}): Flow<T> {
    const fine = this.#draft.fine(optionsMistakes('source', options));
    this.#draft.source(stream, (fine ? options.from : undefined) ?? 'end');
    return new Flow(this.#draft, SOURCE);
  }

  /** A workflow that reads no stream: it only answers portals. */
  replier<U = never>(answers: readonly Answer<U>[]): TaskFlow<never, U> {
    this.#draft.sourceless();
    return new Flow<never>(this.#draft, SOURCE).replier(answers);
  }
}

/** What passes a predicate: what it guards, if it is a type guard. */
export type Passing<T, P> = P extends ((value: T) => value is infer U extends T) ? U : T;

/** The values that a flow carries. */
export type FlowValue<F> = F extends AnyFlow<infer T> ? T : never;

/**
 * A position in a workflow, whose events are of type `T`. It never changes: two operators on one flow make a fork.
 *
 * @example
 * ```ts
 * import { application, steppingSystem } from 'portico/dataflow';
 *
 * const app = application('squares', (app) => {
 *   const numbers = app.generators.fromArray([1, 2, 3]);
 *   app.workflow().source(numbers).map((n) => n * n).logger().sink();
 * });
 * const system = steppingSystem();
 * system.launch(app);
 * system.stepUntilComplete();
 * ```
 */
export class Flow<T> implements AnyFlow<T> {
  /** @internal */
  readonly workflow: WorkflowDraft;
  /** @internal */
  readonly position: number;
  /** Carries the type; never present. */
  declare readonly carried?: T;

  /** @internal */
  constructor(workflow: WorkflowDraft, position: number) {
    this.workflow = workflow;
    this.position = position;
  }

  /** Transforms each value. */
  map<U>(f: (value: T, ctx: MapContext) => U): TaskFlow<T, U> {
    return this.task(tasks.map(f));
  }

  /** Keeps the values that pass. */
  filter<U extends T>(keep: (value: T, ctx: MapContext) => value is U): TaskFlow<T, U>;
  filter(keep: (value: T, ctx: MapContext) => boolean): TaskFlow<T, T>;
  filter(keep: (value: T, ctx: MapContext) => boolean): TaskFlow<T, T> {
    return this.task(tasks.filter(keep));
  }

  /** Makes any number of values of each. */
  flatMap<U>(f: (value: T, ctx: MapContext) => Iterable<U>): TaskFlow<T, U> {
    return this.task(tasks.flatMap(f));
  }

  /** Gives each event a key. What follows runs where the key lives, one event of a key at a time. */
  key(f: (value: T, ctx: MapContext) => Key): TaskFlow<T, T> {
    return this.task(tasks.key(f));
  }

  /** Handles each value with all that a context offers: emit any number, keep state, set timers. */
  processor<U = never>(onNext: (value: T, ctx: ProcessorContext<U>) => void): TaskFlow<T, U> {
    return this.task(tasks.processor(onNext));
  }

  /** Inserts a prebuilt task. */
  task<U>(task: Task<T, U>): TaskFlow<T, U> {
    return this.#append<T, U, ProcessorContext<U>>(task, 'task');
  }

  /** Passes everything on. */
  identity(): TaskFlow<T, T> {
    return this.task(tasks.identity());
  }

  /** Logs each value at level info, behind `prefix`, and passes it on. */
  logger(prefix = ''): TaskFlow<T, T> {
    return this.task(tasks.logger(prefix));
  }

  /** Uses each value up; nothing goes on. */
  consume(use: (value: T, ctx: MapContext) => void): TaskFlow<T, never> {
    return this.task(tasks.consume(use));
  }

  /** Drops all events. Ends of atoms still go on. */
  empty(): TaskFlow<T, never> {
    return this.task(tasks.empty());
  }

  /** Keeps the first of every `n` events. */
  sample(n: number): TaskFlow<T, T> {
    return this.task(tasks.sample(n));
  }

  /** Makes the task when the workflow starts, once for each launch. */
  init<U>(factory: (ctx: InitContext) => Task<T, U>): TaskFlow<T, U> {
    return this.task(tasks.init(factory));
  }

  /** A state machine per key: each state handles a value and returns the next one. */
  vsm<U>(initial: tasks.MachineState<T, U>): TaskFlow<T, U> {
    return this.task(tasks.vsm(initial));
  }

  /** A task with a stash for values that have to wait. */
  stash<U>(define: (stash: tasks.Stash<T>) => Task<T, U>): TaskFlow<T, U> {
    return this.task(tasks.stash(define));
  }

  /** All events of these flows: those of this one first, then of each other in the order given. */
  union<const F extends readonly AnyFlow<unknown>[]>(
    ...flows: F
  ): TaskFlow<T | FlowValue<F[number]>, T | FlowValue<F[number]>> {
    type All = T | FlowValue<F[number]>;
    return this.#join<All, All>({ spec: identitySpec('union') }, [this, ...flows]);
  }

  /** All events of the given flows, not of this one, through one task. */
  combineAllFrom<const F extends readonly AnyFlow<unknown>[], U>(
    flows: F,
    task: Task<FlowValue<F[number]>, U>,
  ): TaskFlow<FlowValue<F[number]>, U> {
    return this.#join<FlowValue<F[number]>, FlowValue<F[number]>>(
      { spec: identitySpec('union') },
      flows,
    ).task(task);
  }

  /** One flow for each predicate, with the events that pass it. An event can pass several. */
  split<const P extends readonly ((value: T) => boolean)[]>(
    ...predicates: P
  ): { [I in keyof P]: TaskFlow<T, Passing<T, P[I]>> } {
    return predicates.map((keep) => this.filter(keep)) as { [I in keyof P]: TaskFlow<T, Passing<T, P[I]>> };
  }

  /** Asks portals. */
  asker<U = never>(
    asks: tasks.Asks<U> | readonly { readonly path: string }[],
    onNext: (value: T, ctx: AskerContext<U>) => void,
  ): TaskFlow<T, U, AskerContext<U>> {
    return this.#append<T, U, AskerContext<U>>(tasks.asker(asks, onNext), 'asker');
  }

  /** Answers portals, each with a handler of its own, and handles events beside. */
  replier<U = never>(
    answers: readonly Answer<U>[],
    onNext?: (value: T, ctx: ProcessorContext<U>) => void,
  ): TaskFlow<T, U> {
    return this.task(tasks.replier(answers, onNext));
  }

  /** Asks some portals and answers others, in a request handler too. */
  askerreplier<U = never>(
    asks: tasks.Asks<U> | readonly { readonly path: string }[],
    answers: readonly Answer<U>[],
    onNext?: (value: T, ctx: AskerContext<U>) => void,
  ): TaskFlow<T, U, AskerContext<U>> {
    return this.#append<T, U, AskerContext<U>>(tasks.askerreplier(asks, answers, onNext), 'askerreplier');
  }

  /** Runs `f` at each end of an atom, in every task written so far in this workflow. */
  allWithOnAtomComplete(f: (ctx: ProcessorContext<unknown>) => void): this {
    const fine = this.workflow.fine(functionMistakes('allWithOnAtomComplete', f));
    if (fine) this.workflow.modifyAll((spec) => withHandlers(spec, { onAtomComplete: erased(f) }));
    return this;
  }

  /** Puts advice around every task written so far in this workflow. */
  allWithWrapper(
    wrapper: (value: unknown, ctx: ProcessorContext<unknown>, inner: (value: unknown) => void) => void,
  ): this {
    const fine = this.workflow.fine(functionMistakes('allWithWrapper', wrapper));
    if (fine) this.workflow.modifyAll((spec) => withWrapper(spec, erased(wrapper)));
    return this;
  }

  /**
   * Ends the branch: its events become the workflow's output, one atom for each atom read. Further branches go `into`
   * the stream that the first one returned, so that their types must agree.
   */
  sink(): Stream<T>;
  sink<U>(this: AnyFlow<NoInfer<U>>, into: Stream<U> | undefined): Stream<U>;
  sink(into?: Stream<T>): Stream<T> {
    return this.workflow.sink(this, into);
  }

  #append<I, U, C extends ProcessorContext<U>>(task: Task<I, U>, to: string): TaskFlow<I, U, C> {
    return new TaskFlow(this.workflow, this.workflow.append(specOf(task, to), [this.position]));
  }

  #join<I, U>(task: Task<I, U>, flows: readonly AnyFlow<unknown>[]): TaskFlow<I, U> {
    const positions = this.workflow.owned(flows).map((flow) => flow.position);
    return new TaskFlow(this.workflow, this.workflow.append(task.spec, positions));
  }
}

/** A flow just behind a task, which can still be modified. Modifiers keep the task's role and its other handlers. */
export class TaskFlow<I, O, C = ProcessorContext<O>> extends Flow<O> {
  /** Names the task. Without it the task has the next automatic name, `$1`, `$2` and so on. */
  withName(name: string): this {
    this.workflow.rename(this.position, name);
    return this;
  }

  /** Replaces what the task does with each value. */
  withOnNext(onNext: (value: I, ctx: C) => void): this {
    return this.#handlers({ onNext: erased(onNext) });
  }

  /** Handles the errors that reach the task from above, instead of passing them on. */
  withOnError(onError: (error: unknown, ctx: C) => void): this {
    return this.#handlers({ onError: erased(onError) });
  }

  /** Runs when the stream has ended. */
  withOnComplete(onComplete: (ctx: C) => void): this {
    return this.#handlers({ onComplete: erased(onComplete) });
  }

  /** Runs at the end of each atom. */
  withOnAtomComplete(onAtomComplete: (ctx: C) => void): this {
    return this.#handlers({ onAtomComplete: erased(onAtomComplete) });
  }

  /** Runs when a timer set with `ctx.after` is due. */
  withOnTimer<P = unknown>(onTimer: (payload: P, ctx: C) => void): this {
    return this.#handlers({ onTimer: erased(onTimer) });
  }

  /** @internal Says what to do with an event in which processes have ended. */
  withCare(care: CareOf): this {
    this.workflow.modify(this.position, (spec) => ({ ...spec, care }));
    return this;
  }

  /** Puts advice around the task: it decides whether and with what value the task's own handler is called. */
  withWrapper<U = O>(
    wrapper: (value: I, ctx: ProcessorContext<O | U>, inner: (value: I) => void) => void,
  ): TaskFlow<I, O | U> {
    this.workflow.modify(this.position, (spec) => withWrapper(spec, erased(wrapper)));
    return new TaskFlow(this.workflow, this.position);
  }

  /** Uses `task` for the next atom in the sequence of behaviors; after the last one comes the first again. */
  withStep<U>(task: Task<I, U>): TaskFlow<I, O | U> {
    return this.withLoop(1, task);
  }

  /** Uses `task` for the next `atoms` atoms in the sequence of behaviors. */
  withLoop<U>(atoms: number, task: Task<I, U>): TaskFlow<I, O | U> {
    const fine = Number.isInteger(atoms) && atoms >= 1;
    if (!fine) {
      const what = `withLoop(${inWords(atoms)}, …) is no number of atoms`;
      this.workflow.fine([{ code: 'graph/bad-argument', what, cure: 'Give it a whole number from 1 up' }]);
    }
    this.workflow.addStep(this.position, { spec: specOf(task, 'withStep'), atoms: fine ? atoms : 1 });
    return new TaskFlow(this.workflow, this.position);
  }

  /**
   * Lets `task` go on with what this one emits, under the same name and with the same state. Modifiers that follow
   * modify `task`.
   */
  withAndThen<U>(task: Task<O, U>): TaskFlow<O, U> {
    this.workflow.addPart(this.position, specOf(task, 'withAndThen'));
    return new TaskFlow(this.workflow, this.position);
  }

  #handlers(handlers: Parameters<typeof withHandlers>[1]): this {
    this.workflow.modify(this.position, (spec) => withHandlers(spec, handlers));
    return this;
  }
}
