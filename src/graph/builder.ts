/** The application builder: names, paths and handles for what is being written. */
import { PorticoError, type Problem } from '../errors.ts';
import {
  functionMistakes,
  inWords,
  isPromise,
  notAHandle,
  optionalFunctionMistakes,
  optionsMistakes,
  pathOf,
  unknownWord,
  type Mistake,
} from './arguments.ts';
import {
  NOTHING,
  streamPath,
  type Application,
  type ConnectionNode,
  type EgressNode,
  type EntityKind,
  type IngressNode,
  type OnFailure,
  type PortalNode,
  type ReferenceNode,
  type SequencerNode,
  type SplitNode,
  type SplitterNode,
} from './application.ts';
import {
  arrayMistakes,
  atomSource,
  batches,
  iterableMistakes,
  iterate,
  range,
  repeats,
  type AtomSource,
  type GeneratorNode,
  type GeneratorOptions,
  type Throttle,
} from './generators.ts';
import { WorkflowBuilder } from './flow.ts';
import type { Egress, Ingress, Portal, Sequencer, Splitter, Stream } from './handles.ts';
import type { Key } from './keys.ts';
import { random, type SequencerStrategy } from './sequencers.ts';
import { erased } from './task.ts';
import { WorkflowDraft } from './workflow.ts';

/** How a workflow may differ from the usual. */
export interface WorkflowOptions {
  /** What happens with an atom whose error nothing handles. `stop` if not given. */
  readonly onFailure?: OnFailure;
}

/**
 * Writes an application. What `write` returns is at hand afterwards as `handles`.
 *
 * @example
 * ```ts
 * import { application, explain } from 'portico/dataflow';
 *
 * const app = application('hello', (app) => {
 *   const words = app.generators.fromArray(['Hello', 'World']);
 *   app.workflow('shout').source(words).map((word) => word.toUpperCase()).sink();
 * });
 * console.log(explain(app));
 * ```
 */
export function application<H = void>(
  name: string,
  write: (app: ApplicationBuilder) => H,
): ApplicationWith<H> {
  const builder = new ApplicationBuilder(name);
  const mistakes = functionMistakes('application', write).filter(({ code }) => code === 'graph/bad-argument');
  builder.note(mistakes, builder.path);
  const handles = mistakes.length === 0 ? write(builder) : (undefined as H);
  if (isPromise(handles)) {
    const what = 'the function that writes the application returned a promise';
    const cure = 'Write it in one go; await before application(), and return handles that are at hand';
    builder.problem({ code: 'graph/async-function', where: builder.path, what, cure });
  }
  return { ...builder.build(), handles };
}

/** An application and what its writer returned: its streams, ingresses and portals for those outside. */
export interface ApplicationWith<H> extends Application {
  readonly handles: H;
}

/** An application while it is being written. */
export class ApplicationBuilder {
  readonly name: string;
  readonly path: string;
  /** Sources of atoms. */
  readonly generators: Generators;
  /** Finds what applications launched before this one offer. */
  readonly registry: Registry;
  readonly #problems: Problem[] = [];
  readonly #workflows: WorkflowDraft[] = [];
  readonly #generators: GeneratorNode[] = [];
  readonly #ingresses: IngressNode[] = [];
  readonly #egresses: EgressNode[] = [];
  readonly #sequencers: SequencerNode[] = [];
  readonly #splitters: SplitterNode[] = [];
  readonly #splits: SplitNode[] = [];
  readonly #connections: ConnectionNode[] = [];
  readonly #portals: PortalNode[] = [];
  readonly #references: ReferenceNode[] = [];
  readonly #retained: string[] = [];
  #names = 0;
  #built = false;

  constructor(name: string) {
    this.name = textOf(name);
    this.path = `/${this.name}`;
    this.#checkName(name, this.path);
    this.generators = new Generators(this, this.#generators);
    this.registry = new Registry((path, kind) => this.#refer(path, kind));
  }

  /** Begins a workflow. */
  workflow(name: string = this.freshName(), options: WorkflowOptions = {}): WorkflowBuilder {
    const path = this.place('workflows', name);
    const { onFailure = 'stop' } = this.options('workflow', options, path);
    if (!policies.includes(onFailure)) this.note([unknownWord('onFailure', onFailure, policies)], path);
    const draft = new WorkflowDraft(this, path, textOf(name), onFailure);
    this.#workflows.push(draft);
    return new WorkflowBuilder(draft);
  }

  /** A place where values from outside enter: `system.send(ingress, …)`. */
  ingress<T>(
    name: string = this.freshName(),
    options: { readonly key?: (value: T) => Key } = {},
  ): Ingress<T> {
    const path = this.place('ingresses', name);
    const key = this.keyOf('ingress', options, path);
    this.#ingresses.push({ path, name, key });
    return { path, stream: { path: streamPath(path) } };
  }

  /**
   * A place where values leave for the outside, beside the output of a workflow: `ctx.release(egress, value)` in any
   * task of this application, `system.subscribe(egress.stream, …)` outside. With `kept`, each value is kept until whoever
   * takes care of it, with `system.handle`, is done with it. What waits so counts as the backlog of the system, which then
   * lets nothing more in; with `most` it does not, and the oldest are forgotten when there are more.
   */
  egress<T>(
    name: string = this.freshName(),
    options: { readonly kept?: boolean; readonly most?: number } = {},
  ): Egress<T> {
    const path = this.place('egresses', name);
    const { kept = false, most } = this.options('egress', options, path);
    if (most !== undefined && !(most === Infinity || (Number.isInteger(most) && most >= 0))) {
      const what = `most is ${inWords(most)}`;
      this.note([{ code: 'graph/bad-argument', what, cure: 'Give a whole number from 0 up' }], path);
    }
    this.#egresses.push({ path, name, kept, ...(most !== undefined && { most }) });
    return { path, stream: { path: streamPath(path) } };
  }

  /** Merges streams; connect them with `connect`. The strategy is `random` if not given. */
  sequencer<T>(
    options: { readonly name?: string; readonly strategy?: SequencerStrategy } = {},
  ): Sequencer<T> {
    const { name = this.freshName(), strategy = random } = this.options('sequencer', options, this.path);
    const path = this.place('sequencers', name);
    this.note(strategyMistakes(strategy), path);
    this.#sequencers.push({ path, name, strategy });
    return { path, stream: { path: streamPath(path) } };
  }

  /** Lets a stream flow into a sequencer. */
  connect<T>(
    from: Stream<NoInfer<T>>,
    to: Sequencer<T>,
    options: { readonly name?: string; readonly priority?: number } = {},
  ): void {
    const { name = this.freshName(), priority = 0 } = this.options('connect', options, this.path);
    const path = this.place('connections', name);
    if (typeof priority !== 'number' || Number.isNaN(priority)) {
      const what = `its priority is ${inWords(priority)}`;
      this.note([{ code: 'graph/bad-argument', what, cure: 'Give it a number' }], path);
    }
    const [source, target] = [
      this.#handle('connect', from, 'a stream', path),
      this.#handle('connect', to, 'a sequencer', path),
    ];
    this.#connections.push({ path, name, from: source, to: target, priority });
  }

  /** Splits a stream; add splits with `split`. */
  splitter<T>(input: Stream<T>, options: { readonly name?: string } = {}): Splitter<T> {
    const { name = this.freshName() } = this.options('splitter', options, this.path);
    const path = this.place('splitters', name);
    this.#splitters.push({ path, name, input: this.#handle('splitter', input, 'a stream', path) });
    return { path };
  }

  /**
   * A stream of the events that pass, out of a splitter of this or of another application. Splits are tried in the
   * order in which they were made; an event goes to the first that it passes.
   */
  split<T, U extends T>(
    splitter: Splitter<T>,
    predicate: (value: T) => value is U,
    options?: { readonly name?: string },
  ): Stream<U>;
  split<T>(
    splitter: Splitter<T>,
    predicate: (value: T) => boolean,
    options?: { readonly name?: string },
  ): Stream<T>;
  split<T>(
    splitter: Splitter<T>,
    predicate: (value: T) => boolean,
    options: { readonly name?: string } = {},
  ): Stream<T> {
    this.mutable(this.path);
    const { name = this.freshName() } = this.options('split', options, this.path);
    const from = this.#handle('split', splitter, 'a splitter', this.path);
    if (from === NOTHING) return { path: NOTHING };
    // Several applications may add splits to one splitter; their automatic names would meet.
    const own = from.startsWith(`${this.path}/`);
    const path = `${from}/${own ? textOf(name) : `${this.name}:${textOf(name)}`}`;
    this.#checkName(name, path);
    this.note(functionMistakes('split', predicate), path);
    this.#splits.push({ path, splitter: from, predicate: erased(predicate) });
    return { path };
  }

  /** A request/reply service. One task of this application answers it; tasks of any application may ask it. */
  portal<Request, Reply>(
    name: string,
    options: { readonly key?: (request: Request) => Key } = {},
  ): Portal<Request, Reply> {
    const path = this.place('portals', name);
    const key = this.keyOf('portal', options, path);
    this.#portals.push({ path, name, key });
    return { path };
  }

  /**
   * Keeps the past of a stream of this application, so that those who come later can read it from its start. It is in memory, and
   * in the store if there is one, and grows until `system.forget` lets go of some of it.
   */
  retain<T>(stream: Stream<T>): Stream<T> {
    this.mutable(this.path);
    const path = this.#handle('retain', stream, 'a stream', this.path);
    if (path !== NOTHING) this.#retained.push(path);
    return stream;
  }

  /** The next automatic name: `$1`, `$2` and so on. */
  freshName(): string {
    this.#names += 1;
    return `$${this.#names}`;
  }

  /** The application as data. It is checked when it is launched or explained. */
  build(): Application {
    this.mutable(this.path);
    this.#built = true;
    return {
      name: this.name,
      path: this.path,
      workflows: this.#workflows.map((workflow) => workflow.node()),
      generators: [...this.#generators],
      ingresses: [...this.#ingresses],
      egresses: [...this.#egresses],
      sequencers: [...this.#sequencers],
      splitters: [...this.#splitters],
      splits: [...this.#splits],
      connections: [...this.#connections],
      portals: [...this.#portals],
      retained: [...this.#retained],
      references: [...this.#references],
      problems: [...this.#problems],
    };
  }

  /** @internal The path of a new entity. */
  place(kind: string, name: string): string {
    const path = `${this.path}/${kind}/${textOf(name)}`;
    this.mutable(path);
    this.#checkName(name, path);
    return path;
  }

  /** @internal Refuses changes after the application was built. */
  mutable(where: string): void {
    if (!this.#built) return;
    const what = 'the application was built already';
    throw new PorticoError({ code: 'graph/frozen', where, what, cure: 'Write all of it before build()' });
  }

  /** @internal Notes what is wrong; all of it is reported together. */
  problem(problem: Problem): void {
    this.#problems.push(problem);
  }

  /** @internal Notes what is wrong with arguments. */
  note(mistakes: readonly Mistake[], where: string): void {
    for (const mistake of mistakes) this.problem({ ...mistake, where });
  }

  /** @internal The options that were given; none if they are no options, which is noted. */
  options<O extends object>(to: string, given: O, where: string): Partial<O> {
    const mistakes = optionsMistakes(to, given);
    this.note(mistakes, where);
    return mistakes.length === 0 ? given : {};
  }

  /** @internal The key function among the options. */
  keyOf<T>(
    to: string,
    given: { readonly key?: (value: T) => Key },
    where: string,
  ): ((value: unknown) => Key) | undefined {
    const { key } = this.options(to, given, where);
    this.note(optionalFunctionMistakes(`the key of ${to}`, key), where);
    return key && erased(key);
  }

  #handle(to: string, given: unknown, needed: string, where: string): string {
    const path = pathOf(given);
    if (path === undefined) this.note([notAHandle(to, given, needed)], where);
    return path ?? NOTHING;
  }

  #refer(path: unknown, kind: EntityKind): string {
    this.mutable(`${this.path}/registry`);
    if (typeof path === 'string' && path !== '') {
      this.#references.push({ path, kind });
      return path;
    }
    const what = `the registry was asked for a ${kind} at ${inWords(path)}`;
    const cure = 'Give it a path, such as /app/workflows/name/stream';
    this.note([{ code: 'graph/bad-argument', what, cure }], this.path);
    return NOTHING;
  }

  #checkName(name: unknown, where: string): void {
    if (typeof name === 'string' && name !== '' && !name.includes('/')) return;
    const given =
      typeof name === 'string' ? `the name “${name}” holds a slash` : `the name is ${inWords(name)}`;
    const what = name === '' ? 'the name is empty' : given;
    this.problem({
      code: 'graph/bad-name',
      where,
      what,
      cure: 'Use a text of at least one character, without a slash',
    });
  }
}

const policies: readonly string[] = ['stop', 'deadLetter'];

/** A name as part of a path, also of what is no name. */
function textOf(name: unknown): string {
  return typeof name === 'string' ? name : '?';
}

function strategyMistakes(given: unknown): Mistake[] {
  const { name, choose } = (given ?? {}) as Partial<SequencerStrategy>;
  if (typeof name === 'string' && typeof choose === 'function')
    return functionMistakes(`the strategy ${name}`, choose);
  const what = `its strategy is ${inWords(given)}, which cannot choose`;
  const cure = 'Use random, roundRobin or priority, or an object with a name and a function choose';
  return [{ code: 'graph/bad-argument', what, cure }];
}

/** Makes generators. Every launch of the application reads their source from its beginning. */
export class Generators {
  readonly #app: ApplicationBuilder;
  readonly #nodes: GeneratorNode[];

  constructor(app: ApplicationBuilder, nodes: GeneratorNode[]) {
    this.#app = app;
    this.#nodes = nodes;
  }

  /** One atom with these values. */
  fromArray<T>(
    values: readonly T[],
    options: GeneratorOptions<T> & { readonly keys?: readonly Key[] } = {},
  ): Stream<T> {
    const open = (keys?: readonly Key[]): AtomSource<T> => batches([values], keys && [keys]);
    return this.#add('array', options, open, arrayMistakes('fromArray', values));
  }

  /** One atom for each inner array. */
  fromArrays<T>(
    atoms: readonly (readonly T[])[],
    options: GeneratorOptions<T> & { readonly keys?: readonly (readonly Key[])[] } = {},
  ): Stream<T> {
    const open = (keys?: readonly (readonly Key[])[]): AtomSource<T> => batches(atoms, keys);
    return this.#add('arrays', options, open, arrayMistakes('fromArrays', atoms));
  }

  /** One atom with all that the source yields; it must end. An iterator, other than an iterable, can be read only once. */
  fromIterable<T>(
    values: Iterable<T> | Iterator<T>,
    options: GeneratorOptions<T> & { readonly keys?: Iterable<Key> | Iterator<Key> } = {},
  ): Stream<T> {
    const open = (keys?: Iterable<Key> | Iterator<Key>): AtomSource<T> =>
      batches([iterate(values)], keys && [iterate(keys)]);
    return this.#add('iterable', options, open, iterableMistakes('fromIterable', values), values);
  }

  /** One atom for each iterable that the source yields. It is read as atoms are needed, so it need not end. */
  fromIterables<T>(
    atoms: Iterable<Iterable<T>> | Iterator<Iterable<T>>,
    options: GeneratorOptions<T> & { readonly keys?: Iterable<Iterable<Key>> | Iterator<Iterable<Key>> } = {},
  ): Stream<T> {
    const open = (keys?: Iterable<Iterable<Key>> | Iterator<Iterable<Key>>): AtomSource<T> =>
      batches(atoms, keys);
    return this.#add('iterables', options, open, iterableMistakes('fromIterables', atoms), atoms);
  }

  /** The whole numbers from `start` up to but not including `end`, in atoms of `size`. */
  fromRange(
    start: number,
    end: number,
    size: number,
    options: GeneratorOptions<number> = {},
  ): Stream<number> {
    const fine =
      Number.isInteger(start) &&
      typeof end === 'number' &&
      end >= start &&
      Number.isInteger(size) &&
      size >= 1;
    const what = `fromRange(${inWords(start)}, ${inWords(end)}, ${inWords(size)}) is no range in atoms`;
    const cure = 'Give a whole start, an end not below it, and a whole size from 1 up';
    return this.#add(
      'range',
      options,
      () => range(start, end, size),
      fine ? [] : [{ code: 'graph/bad-argument', what, cure }],
    );
  }

  /** One atom with one value. */
  signal<T>(value: T, options: GeneratorOptions<T> = {}): Stream<T> {
    return this.#add('signal', options, () => batches([[value]]));
  }

  /** One atom without events, and then the end. */
  empty<T>(options: GeneratorOptions<T> = {}): Stream<T> {
    return this.#add('empty', options, () => batches<T>([[]]));
  }

  /** Whatever `open` gives: it is called once for each launch. */
  custom<T>(open: () => AtomSource<T>, options: GeneratorOptions<T> = {}): Stream<T> {
    const checked = (): AtomSource<T> => atomSource(open());
    return this.#add('custom', options, checked, functionMistakes('custom', open));
  }

  #add<T, K>(
    kind: string,
    given: GeneratorOptions<T> & { readonly keys?: K },
    open: (keys?: K) => AtomSource<T>,
    mistakes: readonly Mistake[] = [],
    source?: unknown,
  ): Stream<T> {
    const options = this.#app.options('the generator', given, this.#app.path);
    const { name = this.#app.freshName(), throttle, keys } = options;
    const path = this.#app.place('generators', name);
    const keysMistakes = keys === undefined ? [] : iterableMistakes('keys', keys);
    this.#app.note([...mistakes, ...keysMistakes, ...throttleMistakes(throttle)], path);
    const key = this.#app.keyOf('the generator', options, path);
    this.#nodes.push({
      path,
      name,
      kind,
      key,
      throttle,
      open: () => open(keys),
      repeats: () => repeats(source) && repeats(keys),
    });
    return { path: streamPath(path) };
  }
}

function throttleMistakes(throttle: Throttle | undefined): Mistake[] {
  if (throttle === undefined) return [];
  const { events, perMs = 1000 } = (throttle as Throttle | null) ?? {};
  if (events !== undefined && events >= 1 && perMs > 0 && Number.isFinite(perMs)) return [];
  const what = `a throttle of ${inWords(events)} events per ${inWords(perMs)} ms lets nothing pass`;
  return [
    {
      code: 'graph/bad-argument',
      what,
      cure: 'Allow at least one event per time, and give the time in milliseconds',
    },
  ];
}

/** Names what other applications offer. Whether it exists and is of that kind is checked at launch; its type is yours to say. */
export class Registry {
  readonly #refer: (path: string, kind: EntityKind) => string;

  /** @internal `refer` notes what was looked up, and gives its path. */
  constructor(refer: (path: string, kind: EntityKind) => string) {
    this.#refer = refer;
  }

  stream<T>(path: string): Stream<T> {
    return { path: this.#refer(path, 'stream') };
  }

  sequencer<T>(path: string): Sequencer<T> {
    const found = this.#refer(path, 'sequencer');
    return { path: found, stream: { path: found === NOTHING ? NOTHING : streamPath(found) } };
  }

  splitter<T>(path: string): Splitter<T> {
    return { path: this.#refer(path, 'splitter') };
  }

  portal<Request, Reply>(path: string): Portal<Request, Reply> {
    return { path: this.#refer(path, 'portal') };
  }
}
