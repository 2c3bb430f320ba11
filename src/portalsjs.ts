/**
 * Runs programs that were written for the PortalsJS API, as they are. An adapter over the typed API and nothing more:
 * it knows names, curried handlers and conversions; building, checking and running are the typed API's.
 *
 * J1. Automatic names are consumed in the order of PortalsJS, so that programs which print or look up `$6` find it. A
 *     builder takes one each time it is looked at, used or not; `registry` and `tasks` take none.
 * J2. The outer function of a curried handler runs once for each event, like the inner one, for it may read state; unless
 *     its text shows that this cannot be told.
 * J3. A context belongs to one task of one launched application and stays the same object.
 *
 * @packageDocumentation
 */
import {
  answer,
  ApplicationBuilder as TypedBuilder,
  checkApplication,
  perKeyState,
  perTaskState,
  PorticoError,
  steppingSystem,
  TaskFlow,
  tasks as typed,
  type AnyFlow as TypedAnyFlow,
  type Application,
  type Future as TypedFuture,
  type Generators as TypedGenerators,
  type Key,
  type Log,
  type MapContext,
  type Portal,
  type ReplierContext,
  type Sequencer,
  type Splitter,
  type SteppingSystem,
  type Stream,
  type Task as TypedTask,
  type ValueState,
  type WorkflowBuilder as TypedWorkflow,
} from './index.ts';

/** A handler as PortalsJS writes it: `ctx => x => …`. */
export type Curried<V, R, O = unknown, Reply = unknown> = (ctx: Context<O, Reply>) => (value: V) => R;

/** What key functions return: a whole number, a BigInt, or text that is a whole number. */
export type NumericKey = number | bigint | string;

/** Something with a path and a stream: a generator, or a frozen workflow. */
export interface Produced<out T> {
  readonly path: string;
  readonly stream: Stream<T>;
}

/**
 * Begins an application. Works with and without `new`.
 *
 * @example
 * ```ts
 * import { PortalsJS } from 'portico/portalsjs';
 *
 * const builder = PortalsJS.ApplicationBuilder('hello');
 * builder.workflows
 *   .source(builder.generators.fromArray(['Hello']).stream)
 *   .map((ctx) => (x) => `${x} World`)
 *   .logger()
 *   .sink()
 *   .freeze();
 *
 * const system = PortalsJS.System();
 * system.launch(builder.build());
 * system.stepUntilComplete();
 * ```
 */
export const ApplicationBuilder: Callable<[name: string], Builder> = callable(
  (name: string) => new Builder(name),
);

/** Makes a system that runs when it is told to. Works with and without `new`. */
export const System: Callable<[], PortalsSystem> = callable(() => new PortalsSystem());

/** A value for each key of the task that uses it. Unset, it reads as `initial`. */
export const PerKeyState: StateMaker = function <T>(name: string, initial: T, ctx: AnyContext): State<T> {
  return ctx.stateOf('key', name, initial);
} as StateMaker;

/** A value for the task that uses it, whatever the key. Unset, it reads as `initial`. */
export const PerTaskState: StateMaker = function <T>(name: string, initial: T, ctx: AnyContext): State<T> {
  return ctx.stateOf('task', name, initial);
} as StateMaker;

/** All of it under the name that programs know. */
export const PortalsJS: {
  readonly ApplicationBuilder: typeof ApplicationBuilder;
  readonly System: typeof System;
  readonly PerKeyState: StateMaker;
  readonly PerTaskState: StateMaker;
} = { ApplicationBuilder, System, PerKeyState, PerTaskState };

/** A system: a stepping system without the strictness that these programs do not know. */
export class PortalsSystem {
  // PortalsJS keeps values of state by reference, and programs change them in place.
  readonly #system: SteppingSystem = steppingSystem({ strict: false });

  launch(application: Application): void {
    this.#system.launch(application);
  }

  step(): void {
    this.#system.step();
  }

  stepUntilComplete(): void {
    this.#system.stepUntilComplete();
  }

  shutdown(): void {
    this.#system.shutdown();
  }
}

/** An application while it is being written (J1). */
export class Builder {
  readonly #app: TypedBuilder;
  /** The portals that were named so far: an asker names one and may ask them all, as PortalsJS checks neither. */
  readonly #portals: { readonly path: string }[] = [];

  constructor(name: string) {
    this.#app = new TypedBuilder(name);
  }

  get workflows(): Workflow {
    return this.workflowsWithName(this.#app.freshName());
  }

  get generators(): Generators {
    return this.generatorsWithName(this.#app.freshName());
  }

  get sequencers(): Sequencers {
    return this.sequencersWithName(this.#app.freshName());
  }

  get splitters(): Splitters {
    return this.splittersWithName(this.#app.freshName());
  }

  get splits(): Splits {
    return this.splitsWithName(this.#app.freshName());
  }

  get connections(): Connections {
    return this.connectionsWithName(this.#app.freshName());
  }

  get portal(): Portals {
    this.#app.freshName();
    return {
      portal: <Request, Reply>(name: string, key?: (request: Request) => NumericKey) => {
        const where = { path: `${this.#app.path}/portals/${name}` };
        const keyOf = key && adapted(key, (f) => (request: Request) => integerKey(f(request), where));
        return this.#named(this.#app.portal<Request, Reply>(name, keyOf && { key: keyOf }));
      },
    };
  }

  get registry(): Registry {
    const { registry } = this.#app;
    return {
      streams: { get: (path) => registry.stream(path) },
      sequencers: { get: (path) => registry.sequencer(path) },
      splitters: { get: (path) => registry.splitter(path) },
      portals: { get: (path) => this.#named(registry.portal(path)) },
    };
  }

  get tasks(): Tasks {
    return tasks;
  }

  workflowsWithName(name: string): Workflow {
    return new Workflow(this.#app, name, (portal) => [
      portal,
      ...this.#portals.filter((other) => other !== portal),
    ]);
  }

  generatorsWithName(name: string): Generators {
    return new Generators(this.#app, name);
  }

  sequencersWithName(name: string): Sequencers {
    return { random: () => this.#app.sequencer({ name }) };
  }

  splittersWithName(name: string): Splitters {
    return { empty: (stream) => this.#app.splitter(stream, { name }) };
  }

  splitsWithName(_name: string): Splits {
    return {
      split: (splitter, keep) => {
        // J1: a split takes a name for its stream and one for itself, whatever its builder is called.
        const name = this.#app.freshName();
        this.#app.freshName();
        return this.#app.split(splitter, byTruth(keep), { name });
      },
    };
  }

  connectionsWithName(name: string): Connections {
    return {
      connect: (stream, sequencer) => {
        this.#app.connect(stream, sequencer, { name });
      },
    };
  }

  /** The application as data. Throws all that is wrong with it in one error. */
  build(): Application {
    const application = this.#app.build();
    checkApplication(application);
    return application;
  }

  #named<P extends { readonly path: string }>(portal: P): P {
    this.#portals.push(portal);
    return portal;
  }
}

/** Makes sequencers. */
export interface Sequencers {
  random<T>(): Sequencer<T>;
}

/** Makes splitters. */
export interface Splitters {
  empty<T>(stream: Stream<T>): Splitter<T>;
}

/** Makes splits. */
export interface Splits {
  split<T>(splitter: Splitter<T>, keep: (value: T) => unknown): Stream<T>;
}

/** Makes connections. */
export interface Connections {
  connect<T>(stream: Stream<T>, sequencer: Sequencer<T>): void;
}

/** Makes portals. */
export interface Portals {
  portal<Request, Reply>(name: string, key?: (request: Request) => NumericKey): Portal<Request, Reply>;
}

/** Finds what applications launched before this one offer. */
export interface Registry {
  readonly streams: { get<T>(path: string): Stream<T> };
  readonly sequencers: { get<T>(path: string): Sequencer<T> };
  readonly splitters: { get<T>(path: string): Splitter<T> };
  readonly portals: { get<Request, Reply>(path: string): Portal<Request, Reply> };
}

/** Makes generators. */
export class Generators {
  readonly #app: TypedBuilder;
  readonly #name: string;
  /** @internal */
  readonly path: string;

  /** @internal */
  constructor(app: TypedBuilder, name: string) {
    this.#app = app;
    this.#name = name;
    this.path = `${app.path}/generators/${name}`;
  }

  /** One atom with these values. */
  fromArray<T>(values: readonly T[], keys?: readonly NumericKey[]): Produced<T> {
    return this.#made((make) => make.fromArray(values, this.#options(keys?.map(this.#key))));
  }

  /** One atom for each inner array. */
  fromArrayOfArrays<T>(
    atoms: readonly (readonly T[])[],
    keys?: readonly (readonly NumericKey[])[],
  ): Produced<T> {
    return this.#made((make) =>
      make.fromArrays(atoms, this.#options(keys?.map((row) => row.map(this.#key)))),
    );
  }

  /** One atom with all that the iterator yields. */
  fromIterator<T>(values: AnyIterator<T>, keys?: AnyIterator<NumericKey>): Produced<T> {
    return this.#made((make) => make.fromIterable(values, this.#options(keys && mapped(keys, this.#key))));
  }

  /** One atom for each inner iterator. They are read as atoms are needed, so there may be infinitely many. */
  fromIteratorOfIterators<T>(
    atoms: AnyIterator<AnyIterator<T>>,
    keys?: AnyIterator<AnyIterator<NumericKey>>,
  ): Produced<T> {
    const given = keys && mapped(keys, (row) => mapped(row, this.#key));
    return this.#made((make) => make.fromIterables(mapped(atoms, iterable), this.#options(given)));
  }

  /** The whole numbers from `start` up to but not including `end`, in atoms of `step`. */
  fromRange(start: number, end: number, step: number): Produced<number> {
    return this.#made((make) => make.fromRange(start, Math.max(start, end), step, { name: this.#name }));
  }

  /** One atom with one value. */
  signal<T>(value: T): Produced<T> {
    return this.#made((make) => make.signal(value, this.#options(undefined)));
  }

  /** One atom without events. */
  empty<T>(): Produced<T> {
    return this.#made((make) => make.empty<T>({ name: this.#name }));
  }

  #options<K>(keys: K | undefined): { name: string; key: (value: unknown) => Key; keys?: K } {
    return { name: this.#name, key: eventKey, ...(keys !== undefined && { keys }) };
  }

  readonly #key = (key: NumericKey): Key => integerKey(key, this);

  #made<T>(make: (generators: TypedGenerators) => Stream<T>): Produced<T> {
    return { path: this.path, stream: make(this.#app.generators) };
  }
}

/** An iterator, or something that gives one. Only the latter can be launched more than once. */
export type AnyIterator<T> = Iterable<T> | Iterator<T>;

/** What a task may ask that names this portal. */
type Asking = (portal: { readonly path: string }) => readonly { readonly path: string }[];

/** A workflow while it is being written. */
export class Workflow {
  readonly #app: TypedBuilder;
  readonly #name: string;
  readonly #asking: Asking;
  #typed: TypedWorkflow | undefined;
  #frozen = false;

  /** @internal */
  constructor(app: TypedBuilder, name: string, asking: Asking) {
    this.#app = app;
    this.#name = name;
    this.#asking = asking;
  }

  /** The stream that the workflow reads. */
  source<T>(stream: Stream<T>): Flow<T, T> {
    const { workflow, position } = this.#begun.source(stream);
    return new Flow(new TaskFlow<T, T>(workflow, position), this, this.#asking);
  }

  /** Ends the workflow. Its stream can be used before that, too. */
  freeze<T = unknown>(): Produced<T> {
    this.open('freeze()');
    this.#frozen = true;
    const { path } = this.#begun;
    return { path, stream: { path: `${path}/stream` } };
  }

  /** @internal Refuses changes after the end. */
  open(what: string, sunk: boolean = false): void {
    if (!this.#frozen && !sunk) return;
    const end = sunk ? 'sink()' : 'freeze()';
    throw new PorticoError({
      code: 'graph/frozen',
      where: this.#begun.path,
      what: `${what} comes after ${end}`,
      cure: `Write it before ${end}; what was sunk or frozen is done`,
    });
  }

  /** Looking at `builder.workflows` makes no workflow yet. */
  get #begun(): TypedWorkflow {
    return (this.#typed ??= this.#app.workflow(this.#name));
  }
}

/** A flow, as far as joining flows needs it. */
export interface AnyFlow<out O> {
  /** @internal */
  readonly at: TypedAnyFlow<O>;
}

/** A position in a workflow. */
export class Flow<I, O> implements AnyFlow<O> {
  /** @internal What it is in the typed API. */
  readonly at: TaskFlow<I, O>;
  readonly #workflow: Workflow;
  readonly #asking: Asking;
  readonly #sunk: boolean;

  /** @internal */
  constructor(at: TaskFlow<I, O>, workflow: Workflow, asking: Asking, sunk: boolean = false) {
    this.at = at;
    this.#workflow = workflow;
    this.#asking = asking;
    this.#sunk = sunk;
  }

  map<U>(f: Curried<O, U, never>): Flow<O, U> {
    return this.task(tasks.map(f));
  }

  /** Makes any number of values of each: an array, or text for its characters. */
  flatMap<U>(f: Curried<O, Iterable<U>, never>): Flow<O, U> {
    return this.task(tasks.flatMap(f));
  }

  processor<U>(onNext: Curried<O, unknown, U>): Flow<O, U> {
    return this.task(tasks.processor(onNext));
  }

  filter(keep: (value: O) => unknown): Flow<O, O> {
    return this.task(tasks.filter(keep));
  }

  /** Gives each event a key: a whole number. */
  key(f: (value: O) => NumericKey): Flow<O, O> {
    return this.task(tasks.key(f));
  }

  task<U>(task: Task<O, U>): Flow<O, U> {
    return this.#go('task', (at) => at.task(made(task, contextOf)));
  }

  identity(): Flow<O, O> {
    return this.task(tasks.identity as Task<O, O>);
  }

  logger(prefix?: string): Flow<O, O> {
    return this.#go('logger', (at) => at.logger(prefix));
  }

  /** Makes the task at launch. State may be made with the factory's context; it is that of the task. */
  init<U>(factory: (ctx: Context<U>) => Task<O, U>): Flow<O, U> {
    const make = adapted(factory, (f) => () => {
      const ctx = new Context();
      return made(f(ctx), (task) => ctx.bind(task));
    });
    return this.#go('init', (at) => at.init(make));
  }

  union<U>(flows: readonly AnyFlow<U>[]): Flow<O | U, O | U> {
    return this.#go('union', (at) => at.union(...flows.map((flow) => flow.at)));
  }

  asker<U, Request, Reply>(portal: Portal<Request, Reply>, onNext: Curried<O, unknown, U>): Flow<O, U> {
    return this.#go(
      'asker',
      (at) => at.asker<U>(this.#asking(portal), curried(onNext, contextOf)) as TaskFlow<O, U>,
    );
  }

  replier<U, Request, Reply>(
    portal: Portal<Request, Reply>,
    onNext: Curried<O, unknown, U>,
    onAsk: Curried<Request, unknown, U, Reply>,
  ): Flow<O, U> {
    const answers = [answer<Request, Reply, U>(portal, curried(onAsk, contextOf))];
    return this.#go('replier', (at) => at.replier<U>(answers, curried(onNext, contextOf)));
  }

  askerreplier<U, Request, Reply, Asked, Answered>(
    askPortal: Portal<Asked, Answered>,
    replyPortal: Portal<Request, Reply>,
    onNext: Curried<O, unknown, U>,
    onAsk: Curried<Request, unknown, U, Reply>,
  ): Flow<O, U> {
    const answers = [answer<Request, Reply, U>(replyPortal, curried(onAsk, contextOf))];
    return this.#go(
      'askerreplier',
      (at) =>
        at.askerreplier<U>(this.#asking(askPortal), answers, curried(onNext, contextOf)) as TaskFlow<O, U>,
    );
  }

  withName(name: string): Flow<I, O> {
    return this.#go('withName', (at) => at.withName(name));
  }

  withOnNext(onNext: Curried<I, unknown, O>): Flow<I, O> {
    return this.#go('withOnNext', (at) => at.withOnNext(curried(onNext, contextOf)));
  }

  withOnError(onError: Curried<unknown, unknown, O>): Flow<I, O> {
    return this.#go('withOnError', (at) => at.withOnError(curried(onError, contextOf)));
  }

  withOnComplete(onComplete: (ctx: Context<O>) => void): Flow<I, O> {
    return this.#go('withOnComplete', (at) => at.withOnComplete(atEnd(onComplete)));
  }

  withOnAtomComplete(onAtomComplete: (ctx: Context<O>) => void): Flow<I, O> {
    return this.#go('withOnAtomComplete', (at) => at.withOnAtomComplete(atEnd(onAtomComplete)));
  }

  /** Advice around the task: `ctx => inner => x => …`, which may call `inner(ctx)(x)`. */
  withWrapper(wrapper: Wrapper<I, O>): Flow<I, O> {
    return this.#go('withWrapper', (at) => at.withWrapper(wrapped(wrapper)));
  }

  /** Uses `task` for the next atom of the sequence. */
  withStep<U>(task: Task<I, U>): Flow<I, O | U> {
    return this.#go('withStep', (at) => at.withStep(made(task, contextOf)));
  }

  /** Uses `task` for the next `atoms` atoms of the sequence. */
  withLoop<U>(atoms: number, task: Task<I, U>): Flow<I, O | U> {
    return this.#go('withLoop', (at) => at.withLoop(atoms, made(task, contextOf)));
  }

  withAndThen<U>(task: Task<O, U>): Flow<O, U> {
    return this.#go('withAndThen', (at) => at.withAndThen(made(task, contextOf)));
  }

  /** Runs at each end of an atom in every task written so far in this workflow. */
  allWithOnAtomComplete(onAtomComplete: (ctx: Context) => void): Flow<I, O> {
    return this.#go('allWithOnAtomComplete', (at) => at.allWithOnAtomComplete(atEnd(onAtomComplete)));
  }

  /** Puts advice around every task written so far in this workflow. */
  allWithWrapper(wrapper: Wrapper<unknown, unknown>): Flow<I, O> {
    return this.#go('allWithWrapper', (at) => at.allWithWrapper(wrapped(wrapper)));
  }

  /** Ends the branch. What is sunk can only be frozen. */
  sink(): Flow<I, O> {
    this.#workflow.open('sink()', this.#sunk);
    this.at.sink();
    return new Flow(this.at, this.#workflow, this.#asking, true);
  }

  freeze(): Produced<O> {
    return this.#workflow.freeze();
  }

  #go<J, U>(what: string, go: (at: TaskFlow<I, O>) => TaskFlow<J, U>): Flow<J, U> {
    this.#workflow.open(`${what}()`, this.#sunk);
    return new Flow(go(this.at), this.#workflow, this.#asking);
  }
}

/** Advice around a task: it decides whether and with what the task's own handler is called. */
export type Wrapper<I, O> = (
  ctx: Context<O>,
) => (inner: (ctx: Context<O>) => (value: I) => void) => (value: I) => unknown;

/** A prebuilt task, for `task`, `withStep` and the like: the task in the typed API, once contexts can be found. */
export type Task<I, O> = (find: Find) => TypedTask<I, O>;

/** Makes tasks. */
export interface Tasks {
  map<I, O>(f: Curried<I, O, never>): Task<I, O>;
  flatMap<I, O>(f: Curried<I, Iterable<O>, never>): Task<I, O>;
  processor<I, O>(onNext: Curried<I, unknown, O>): Task<I, O>;
  filter<I>(keep: (value: I) => unknown): Task<I, I>;
  key<I>(f: (value: I) => NumericKey): Task<I, I>;
  readonly identity: Task<unknown, unknown>;
}

const tasks: Tasks = {
  map: (f) => (find) => typed.map(curried(f, find)),
  flatMap: (f) => (find) => typed.flatMap(curried(f, find)),
  processor: (onNext) => (find) => typed.processor(curried(onNext, find)),
  filter: (keep) => () => typed.filter(byTruth(keep)),
  key: (f) => () => typed.key(adapted(f, (keyOf) => (value, task) => integerKey(keyOf(value), task))),
  identity: () => typed.identity(),
};

/** A context of the typed API. Whatever its type shows, the engine gives every task the same. */
type TaskContext = ReplierContext<unknown, unknown>;

/** What handlers get (J3). What a kind of task cannot do is refused by the typed API. */
export class Context<in O = unknown, in Reply = unknown> {
  /** PortalsJS has it, and nothing can be done with it there either: state is made with `PerKeyState` and `PerTaskState`. */
  readonly state: object = {};
  #task: TaskContext | undefined;
  readonly #states = {
    key: new Map<string, ValueState<unknown>>(),
    task: new Map<string, ValueState<unknown>>(),
  };
  #lastState: State<unknown> | undefined;

  get log(): Log {
    return this.task.log;
  }

  emit(value: O): void {
    this.task.emit(value);
  }

  ask<Request, Answer>(portal: Portal<Request, Answer>, request: NoInfer<Request>): Future<Answer> {
    return new Future(this, portal, request);
  }

  /** Says what happens when the reply is there. A later `then` replaces an earlier one. */
  await(future: Future<unknown>, then: (ctx: this) => void): void {
    future.continueWith(then as (ctx: unknown) => void);
  }

  /** Answers the request. Only the first reply to a request counts: programs rely on it. */
  reply(reply: Reply): void {
    try {
      this.task.reply(reply);
    } catch (error) {
      if (!(error instanceof PorticoError) || error.code !== 'portal/replied-twice') throw error;
    }
  }

  /** @internal The context in the typed API. */
  get task(): TaskContext {
    if (this.#task === undefined) throw tooEarly();
    return this.#task;
  }

  /** @internal Says which task this is the context of. */
  bind(task: MapContext): this {
    this.#task = task as TaskContext;
    return this;
  }

  /** @internal Programs make state for each event. What is made again is the same, so that it costs next to nothing. */
  stateOf<T>(scope: 'key' | 'task', name: string, initial: T): State<T> {
    const last = this.#lastState;
    if (last?.is(scope, name, initial) === true) return last as State<T>;
    const handles = this.#states[scope];
    let handle = handles.get(name);
    if (handle === undefined) {
      handle = (scope === 'key' ? perKeyState : perTaskState)<unknown>(name, unset);
      handles.set(name, handle);
    }
    const state = new State(this, handle, initial);
    this.#lastState = state;
    return state;
  }
}

/** The context of any task: who takes one does not care what it may emit. */
export type AnyContext = Context<never, never>;

/** What a handle reads where nothing was set. The program says what that means each time it makes the state. */
const unset: unique symbol = Symbol('portico.unset');

/** Makes state. Works with and without `new`. */
export type StateMaker = {
  <T>(name: string, initial: T, ctx: AnyContext): State<T>;
  new <T>(name: string, initial: T, ctx: AnyContext): State<T>;
};

/** A value of a task, or of each key of a task. State of one name is the same, wherever it was made. */
export class State<T> {
  readonly #ctx: AnyContext;
  readonly #handle: ValueState<unknown>;
  readonly #initial: T;

  /** @internal */
  constructor(ctx: AnyContext, handle: ValueState<unknown>, initial: T) {
    this.#ctx = ctx;
    this.#handle = handle;
    this.#initial = initial;
  }

  get(): T {
    const value = this.#handle.get(this.#ctx.task);
    return value === unset ? this.#initial : (value as T);
  }

  set(value: T): void {
    this.#handle.set(this.#ctx.task, value);
  }

  /** Forgets the value. */
  del(): void {
    this.#handle.delete(this.#ctx.task);
  }

  /** @internal Whether it was made like this. */
  is(scope: 'key' | 'task', name: string, initial: unknown): boolean {
    const handle = this.#handle;
    return handle.name === name && handle.scope === scope && Object.is(initial, this.#initial);
  }
}

/** A reply that is to come. */
export class Future<out T> {
  readonly #typed: TypedFuture<T>;
  #then: ((ctx: unknown) => void) | undefined;
  #over = false;

  /** @internal Asks, and awaits at once: in PortalsJS what happens then may still be said in the continuation of another ask. */
  constructor(ctx: AnyContext, portal: { readonly path: string }, request: unknown) {
    const { task } = ctx;
    this.#typed = task.ask(portal, request);
    task.await(this.#typed, () => {
      this.#over = true;
      this.#then?.(ctx);
    });
  }

  /** The reply, in the function that was given to `await`. Any context of the task will do. */
  value(ctx: AnyContext): T {
    return this.#typed.value(ctx.task);
  }

  /** @internal Says what happens when the reply is there. */
  continueWith(then: (ctx: unknown) => void): void {
    if (this.#over) {
      throw new PorticoError({
        code: 'future/other-turn',
        where: 'await',
        what: 'it awaits a future whose reply has come already',
        cure: 'Await it in the handler that asks',
      });
    }
    this.#then = then;
  }
}

/** @internal Finds the context of a program for the context of its task. */
export type Find = (task: MapContext) => Context;

const contexts = new WeakMap<MapContext, Context>();

function contextOf(task: MapContext): Context {
  let ctx = contexts.get(task);
  if (ctx === undefined) {
    ctx = new Context().bind(task);
    contexts.set(task, ctx);
  }
  return ctx;
}

/** Adapts a function. Anything else stays as it is: the typed API says what is wrong with it. */
function adapted<F, G>(f: F, adapt: (f: F) => G): G {
  return typeof f === 'function' ? adapt(f) : (f as unknown as G);
}

/** J2. */
function curried<V, R>(handler: Curried<V, R>, find: Find): (value: V, task: MapContext) => R {
  return adapted(handler, (outer) => {
    let lastTask: MapContext | undefined;
    let ctx: Context;
    let inner: (value: V) => R;
    const runsOnce = isBare(outer);
    return (value, task) => {
      if (task !== lastTask) {
        ctx = find(task);
        lastTask = task;
        if (runsOnce) inner = outer(ctx);
      }
      return runsOnce ? inner(value) : outer(ctx)(value);
    };
  });
}

/**
 * Whether a function is written as `ctx => x => …`. All that it does is to make the inner function: nobody can tell
 * whether that happens once or for each event, and once is faster. Any other function might do more.
 */
function isBare(outer: (ctx: Context) => unknown): boolean {
  const text = Function.prototype.toString.call(outer);
  return /^(?:[\w$]+|\(\s*[\w$]*\s*\))\s*=>\s*(?:[\w$]+|\(\s*[\w$]*\s*\))\s*=>/.test(text);
}

function atEnd(handler: (ctx: Context) => void): (task: MapContext) => void {
  return adapted(handler, (f) => (task) => f(contextOf(task)));
}

function wrapped<I, O>(
  wrapper: Wrapper<I, O>,
): (value: I, task: MapContext, inner: (value: I) => void) => void {
  return adapted(wrapper, (f) => (value, task, inner) => void f(contextOf(task))(() => inner)(value));
}

/** Only the value is passed on: programs give functions that would take a second argument for something else. */
function byTruth<V>(keep: (value: V) => unknown): (value: V) => boolean {
  return adapted(keep, (f) => (value) => Boolean(f(value)));
}

function made<I, O>(task: Task<I, O>, find: Find): TypedTask<I, O> {
  return typeof task === 'function' ? task(find) : task;
}

function tooEarly(): PorticoError {
  return new PorticoError({
    code: 'context/outside-turn',
    where: 'init',
    what: 'the context of an init factory was used before its task had an event',
    cure: 'Make state with it and a task; use them in the handlers of the task',
  });
}

/** A key as PortalsJS reads it: as text, which has to be a whole number, of which it takes the low 64 bits. */
function integerKey(key: NumericKey, where: { readonly path: string }): Key {
  if (Number.isSafeInteger(key)) return key;
  const text = String(key);
  if (!/^[+-]?\d+$/.test(text)) {
    const cure = 'Return a whole number or a BigInt';
    throw new PorticoError({ code: 'key/unsupported', where: where.path, what: `the key is ${text}`, cure });
  }
  const low = BigInt.asIntN(64, BigInt(text));
  // One number, one key, however it was written.
  const number = Number(low);
  return Number.isSafeInteger(number) ? number : low;
}

/**
 * The key of a generated event: numbers, strings and bigints are their own. So that equal values share a key and objects
 * have one each, everything else has a number, beyond those that a program can make.
 */
function eventKey(value: unknown): Key {
  if (typeof value === 'string' || typeof value === 'bigint' || Number.isFinite(value)) return value as Key;
  const known = (typeof value === 'object' && value !== null ? identities : oddities) as Map<unknown, Key>;
  const key = known.get(value) ?? ++lastIdentity;
  known.set(value, key);
  return key;
}

let lastIdentity = 2n ** 64n;
const identities = new WeakMap<object, Key>();
/** undefined, null, true, false and the numbers that are not finite. */
const oddities = new Map<unknown, Key>();

function iterable<T>(source: AnyIterator<T>): Iterable<T> {
  return Symbol.iterator in source ? source : { [Symbol.iterator]: () => source };
}

function mapped<T, U>(source: AnyIterator<T>, f: (value: T) => U): Iterable<U> {
  return {
    *[Symbol.iterator]() {
      for (const value of iterable(source)) yield f(value);
    },
  };
}

/** A function that can be called with and without `new`. */
export type Callable<A extends unknown[], T> = { (...args: A): T; new (...args: A): T };

function callable<A extends unknown[], T>(make: (...args: A) => T): Callable<A, T> {
  // What a constructor returns is what `new` gives.
  return function (...args: A): T {
    return make(...args);
  } as Callable<A, T>;
}
