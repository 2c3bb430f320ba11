/** The application builder: names, paths and handles for what is being written. */
import { PorticoError, type Problem } from '../errors.ts';
import {
  streamPath,
  type Application,
  type ConnectionNode,
  type EntityKind,
  type IngressNode,
  type OnFailure,
  type PortalNode,
  type ReferenceNode,
  type SequencerNode,
  type SplitNode,
  type SplitterNode,
} from './application.ts';
import { batches, iterate, range, type AtomSource, type GeneratorNode, type GeneratorOptions } from './generators.ts';
import { WorkflowBuilder } from './flow.ts';
import type { Ingress, Portal, Sequencer, Splitter, Stream } from './handles.ts';
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
export function application<H = void>(name: string, write: (app: ApplicationBuilder) => H): ApplicationWith<H> {
  const builder = new ApplicationBuilder(name);
  const handles = write(builder);
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
    this.name = name;
    this.path = `/${name}`;
    this.#checkName(name, this.path);
    this.generators = new Generators(this, this.#generators);
    this.registry = new Registry((path, kind) => this.#references.push({ path, kind }));
  }

  /** Begins a workflow. */
  workflow(name: string = this.freshName(), options: WorkflowOptions = {}): WorkflowBuilder {
    const path = this.place('workflows', name);
    const draft = new WorkflowDraft(this, path, name, options.onFailure ?? 'stop');
    this.#workflows.push(draft);
    return new WorkflowBuilder(draft);
  }

  /** A place where values from outside enter: `system.send(ingress, …)`. */
  ingress<T>(name: string = this.freshName(), options: { readonly key?: (value: T) => Key } = {}): Ingress<T> {
    const path = this.place('ingresses', name);
    this.#ingresses.push({ path, name, key: options.key && erased(options.key) });
    return { path, stream: { path: streamPath(path) } };
  }

  /** Merges streams; connect them with `connect`. The strategy is `random` if not given. */
  sequencer<T>(options: { readonly name?: string; readonly strategy?: SequencerStrategy } = {}): Sequencer<T> {
    const name = options.name ?? this.freshName();
    const path = this.place('sequencers', name);
    this.#sequencers.push({ path, name, strategy: options.strategy ?? random });
    return { path, stream: { path: streamPath(path) } };
  }

  /** Lets a stream flow into a sequencer. */
  connect<T>(
    from: Stream<T>,
    to: Sequencer<T>,
    options: { readonly name?: string; readonly priority?: number } = {},
  ): void {
    const name = options.name ?? this.freshName();
    const path = this.place('connections', name);
    this.#connections.push({ path, name, from: from.path, to: to.path, priority: options.priority ?? 0 });
  }

  /** Splits a stream; add splits with `split`. */
  splitter<T>(input: Stream<T>, options: { readonly name?: string } = {}): Splitter<T> {
    const name = options.name ?? this.freshName();
    const path = this.place('splitters', name);
    this.#splitters.push({ path, name, input: input.path });
    return { path };
  }

  /**
   * A stream of the events that pass, out of a splitter of this or of another application. Splits are tried in the
   * order in which they were made; an event goes to the first that it passes.
   */
  split<T, U extends T>(splitter: Splitter<T>, predicate: (value: T) => value is U, options?: { readonly name?: string }): Stream<U>;
  split<T>(splitter: Splitter<T>, predicate: (value: T) => boolean, options?: { readonly name?: string }): Stream<T>;
  split<T>(splitter: Splitter<T>, predicate: (value: T) => boolean, options: { readonly name?: string } = {}): Stream<T> {
    this.mutable(splitter.path);
    const name = options.name ?? this.freshName();
    this.#checkName(name, splitter.path);
    // Several applications may add splits to one splitter; their automatic names would meet.
    const own = splitter.path.startsWith(`${this.path}/`);
    const path = `${splitter.path}/${own ? name : `${this.name}:${name}`}`;
    this.#splits.push({ path, splitter: splitter.path, predicate: erased(predicate) });
    return { path };
  }

  /** A request/reply service. One task of this application answers it; tasks of any application may ask it. */
  portal<Request, Reply>(name: string, options: { readonly key?: (request: Request) => Key } = {}): Portal<Request, Reply> {
    const path = this.place('portals', name);
    this.#portals.push({ path, name, key: options.key && erased(options.key) });
    return { path };
  }

  /** Keeps the past of a stream of this application, so that those who come later can read it from its start. */
  retain<T>(stream: Stream<T>): Stream<T> {
    this.mutable(stream.path);
    this.#retained.push(stream.path);
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
      generators: this.#generators,
      ingresses: this.#ingresses,
      sequencers: this.#sequencers,
      splitters: this.#splitters,
      splits: this.#splits,
      connections: this.#connections,
      portals: this.#portals,
      retained: this.#retained,
      references: this.#references,
      problems: this.#problems,
    };
  }

  /** @internal The path of a new entity. */
  place(kind: string, name: string): string {
    const path = `${this.path}/${kind}/${name}`;
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

  #checkName(name: string, where: string): void {
    if (name !== '' && !name.includes('/')) return;
    const what = name === '' ? 'the name is empty' : `the name “${name}” holds a slash`;
    this.problem({ code: 'graph/bad-name', where, what, cure: 'Use any other characters' });
  }
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
  fromArray<T>(values: readonly T[], options: GeneratorOptions<T> & { readonly keys?: readonly Key[] } = {}): Stream<T> {
    const { keys } = options;
    return this.#add('array', options, () => batches([values], keys && [keys]));
  }

  /** One atom for each inner array. */
  fromArrays<T>(
    atoms: readonly (readonly T[])[],
    options: GeneratorOptions<T> & { readonly keys?: readonly (readonly Key[])[] } = {},
  ): Stream<T> {
    return this.#add('arrays', options, () => batches(atoms, options.keys));
  }

  /** One atom with all that the source yields; it must end. An iterator, other than an iterable, can be read only once. */
  fromIterable<T>(
    values: Iterable<T> | Iterator<T>,
    options: GeneratorOptions<T> & { readonly keys?: Iterable<Key> | Iterator<Key> } = {},
  ): Stream<T> {
    const { keys } = options;
    return this.#add('iterable', options, () => batches([iterate(values)], keys && [iterate(keys)]));
  }

  /** One atom for each iterable that the source yields. It is read as atoms are needed, so it need not end. */
  fromIterables<T>(
    atoms: Iterable<Iterable<T>> | Iterator<Iterable<T>>,
    options: GeneratorOptions<T> & { readonly keys?: Iterable<Iterable<Key>> | Iterator<Iterable<Key>> } = {},
  ): Stream<T> {
    return this.#add('iterables', options, () => batches(atoms, options.keys));
  }

  /** The whole numbers from `start` up to but not including `end`, in atoms of `size`. */
  fromRange(start: number, end: number, size: number, options: GeneratorOptions<number> = {}): Stream<number> {
    const fine = Number.isInteger(start) && end >= start && Number.isInteger(size) && size >= 1;
    if (!fine) {
      const what = `fromRange(${start}, ${end}, ${size}) is no range in atoms`;
      const cure = 'Give a whole start, an end not below it, and a whole size from 1 up';
      this.#app.problem({ code: 'graph/bad-argument', where: this.#app.path, what, cure });
    }
    return this.#add('range', options, () => range(start, end, size));
  }

  /** One atom with one value. */
  signal<T>(value: T, options: GeneratorOptions<T> = {}): Stream<T> {
    return this.#add('signal', options, () => batches([[value]]));
  }

  /** One atom without events, and then the end. */
  empty<T>(options: GeneratorOptions<T> = {}): Stream<T> {
    return this.#add<T>('empty', options, () => batches<T>([[]]));
  }

  /** Whatever `open` gives: it is called once for each launch. */
  custom<T>(open: () => AtomSource<T>, options: GeneratorOptions<T> = {}): Stream<T> {
    return this.#add('custom', options, open);
  }

  #add<T>(kind: string, options: GeneratorOptions<T>, open: () => AtomSource<T>): Stream<T> {
    const name = options.name ?? this.#app.freshName();
    const path = this.#app.place('generators', name);
    const { throttle } = options;
    const fine = throttle === undefined || (throttle.events >= 1 && (throttle.perMs ?? 1) > 0);
    if (!fine) {
      const what = `a throttle of ${throttle.events} events per ${throttle.perMs ?? 1000} ms lets nothing pass`;
      this.#app.problem({ code: 'graph/bad-argument', where: path, what, cure: 'Allow at least one event per time' });
    }
    this.#nodes.push({ path, name, kind, key: options.key && erased(options.key), throttle, open });
    return { path: streamPath(path) };
  }
}

/** Names what other applications offer. Whether it exists and is of that kind is checked at launch; its type is yours to say. */
export class Registry {
  readonly #refer: (path: string, kind: EntityKind) => void;

  constructor(refer: (path: string, kind: EntityKind) => void) {
    this.#refer = refer;
  }

  stream<T>(path: string): Stream<T> {
    this.#refer(path, 'stream');
    return { path };
  }

  sequencer<T>(path: string): Sequencer<T> {
    this.#refer(path, 'sequencer');
    return { path, stream: { path: streamPath(path) } };
  }

  splitter<T>(path: string): Splitter<T> {
    this.#refer(path, 'splitter');
    return { path };
  }

  portal<Request, Reply>(path: string): Portal<Request, Reply> {
    this.#refer(path, 'portal');
    return { path };
  }
}
