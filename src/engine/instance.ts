/**
 * A launched application: its plan made into streams, workflows and the rest.
 *
 * L1. Everything is made before anything is attached: a launch that fails leaves nothing behind.
 * L2. What is closed is detached from all it touched, in other applications too.
 */
import { describe, PorticoError, unreachable } from '../errors.ts';
import { streamPath, type EntityKind } from '../graph/application.ts';
import { handlersOf, type InitContext, type TaskSpec } from '../graph/task.ts';
import type { Plan } from '../plan/plan.ts';
import type { AtomPool } from './atom.ts';
import { guardedFunction, guardedHandlers, type Care } from './care.ts';
import type { Backlog } from './backlog.ts';
import { TaskContext } from './context.ts';
import { TaskState, type Surroundings } from './task.ts';
import { EgressRuntime } from './egress.ts';
import { Entered, type RememberOptions } from './entered.ts';
import { Outbox, type OutboxGround } from './outbox.ts';
import { checkAsks } from './asked.ts';
import type { Image } from './recover.ts';
import { Entrance } from './entrance.ts';
import { GeneratorRuntime } from './generator.ts';
import { HandlerOperator, KeyedMapOperator, KeyOperator, leanOperator, type Operator } from './operators.ts';
import { PortalRuntime } from './portal.ts';
import type { Random } from './random.ts';
import type { Ready } from './ready.ts';
import { SequencerRuntime } from './sequencer.ts';
import { SplitterRuntime } from './splitter.ts';
import { AtomicStream, type Cursor } from './stream.ts';
import { WorkflowRuntime, type Segment, type WorkflowHost } from './workflow.ts';

/** What an instance needs of its partition. */
export interface Ground extends WorkflowHost, Surroundings, OutboxGround {
  readonly pool: AtomPool;
  readonly ready: Ready;
  readonly random: Random;
  readonly backlog: Backlog;
  /** What the store holds, if there is one. */
  readonly image: Image | undefined;
  /** How much of what has entered under a key is remembered. */
  readonly remember: RememberOptions;
  /** Looks after what is handled, if processes have ended in it. */
  readonly care: Care | undefined;
  /** What launched applications offer. */
  entity(path: string): Entity | undefined;
}

interface Runtimes {
  stream: AtomicStream;
  sequencer: SequencerRuntime;
  splitter: SplitterRuntime;
  portal: PortalRuntime;
}

/** What a path names at run time. */
export type Entity = {
  [K in EntityKind]: { readonly kind: K; readonly app: string; readonly runtime: Runtimes[K] };
}[EntityKind];

export class Instance {
  readonly plan: Plan;
  readonly path: string;
  readonly entities: Map<string, Entity> = new Map();
  readonly workflows: readonly WorkflowRuntime[];
  readonly generators: readonly GeneratorRuntime[];
  readonly #ground: Ground;
  readonly states: TaskState[] = [];
  /** What left through egresses that keep, by the path of the egress. */
  readonly outboxes: Map<string, Outbox> = new Map();
  /** What has entered under a key, by the path of the ingress. */
  readonly entered: ReadonlyMap<string, Entered>;
  /** Where timers and replies enter, by what they are called in the store. */
  readonly entrances: Map<string, Entrance> = new Map();
  readonly #egresses: ReadonlyMap<string, EgressRuntime>;
  readonly #connected: { readonly sequencer: SequencerRuntime; readonly cursor: Cursor }[] = [];

  constructor(plan: Plan, ground: Ground) {
    const app = plan.application;
    this.plan = plan;
    this.path = app.path;
    this.#ground = ground;
    const { pool } = ground;
    for (const { path } of [
      ...app.generators,
      ...app.ingresses,
      ...app.egresses,
      ...app.sequencers,
      ...app.workflows,
    ])
      this.#addStream(streamPath(path));
    for (const { path } of app.splits) this.#addStream(path);
    for (const { runtime } of this.entities.values()) ground.image?.restoreStream(runtime as AtomicStream);
    this.entered = new Map(app.ingresses.map(({ path }) => [path, this.#entered(path)]));
    this.#egresses = new Map(
      app.egresses.map(({ path, kept, most }) => {
        const outbox = kept ? this.#outbox(path, most) : undefined;
        return [path, new EgressRuntime(this.stream(streamPath(path)), outbox, ground)];
      }),
    );
    for (const { path, strategy } of app.sequencers) {
      const runtime = new SequencerRuntime(path, this.stream(streamPath(path)), strategy, ground);
      this.entities.set(path, { kind: 'sequencer', app: app.path, runtime });
    }
    for (const { path } of app.splitters) {
      this.entities.set(path, {
        kind: 'splitter',
        app: app.path,
        runtime: new SplitterRuntime(path, ground),
      });
    }
    for (const { path, key } of app.portals) {
      this.entities.set(path, { kind: 'portal', app: app.path, runtime: new PortalRuntime(path, key) });
    }
    this.generators = app.generators.map(
      (node) => new GeneratorRuntime(node, this.stream(streamPath(node.path)), ground),
    );
    this.workflows = app.workflows.map(
      ({ path, onFailure }) => new WorkflowRuntime(path, this.stream(streamPath(path)), onFailure, ground),
    );
    if (ground.image !== undefined) this.#restore(ground.image);
    this.workflows.forEach((workflow, i) => {
      workflow.equip(this.#segments(i, workflow, pool), plan.workflows[i]?.sink ?? []);
    });
    if (ground.image !== undefined) checkAsks(ground.image, this.entrances);
  }

  /** Lets it run: from now on atoms arrive. */
  attach(): void {
    const app = this.plan.application;
    app.workflows.forEach(({ source, from }, i) => {
      if (source !== undefined) this.workflows[i]?.read(this.stream(source), from);
    });
    for (const { path, input } of app.splitters) this.#find(path, 'splitter').read(this.stream(input));
    for (const { path, splitter, predicate } of app.splits) {
      this.#find(splitter, 'splitter').add({ path, stream: this.stream(path), predicate });
    }
    for (const { from, to, priority } of app.connections) {
      const sequencer = this.#find(to, 'sequencer');
      const cursor = sequencer.connect(this.stream(from), priority, this.#goesRound(from, to));
      this.#connected.push({ sequencer, cursor });
    }
    for (const generator of this.generators) generator.start();
  }

  /** L2. */
  close(): void {
    const app = this.plan.application;
    for (const { sequencer, cursor } of this.#connected) sequencer.disconnect(cursor);
    for (const { path, splitter } of app.splits) this.#find(splitter, 'splitter').remove(path);
    for (const generator of this.generators) generator.close();
    for (const outbox of this.outboxes.values()) outbox.close();
    for (const workflow of this.workflows) workflow.close();
    for (const { kind, runtime } of this.entities.values()) {
      if (kind === 'sequencer' || kind === 'splitter') runtime.close();
    }
  }

  /** The number of cells of each task that has any, by the path of the task. */
  cellCounts(): Map<string, number> {
    return new Map(
      this.states.filter(({ cells }) => cells.size > 0).map(({ path, cells }) => [path, cells.size]),
    );
  }

  /** Clears the stamps of all cells. */
  clearStamps(): void {
    for (const { cells, own } of this.states) {
      own.keptIn = 0;
      for (const cell of cells.values()) cell.keptIn = 0;
    }
  }

  stream(path: string): AtomicStream {
    return this.#find(path, 'stream');
  }

  /** Whether a stream comes from where a sequencer leads to. */
  #goesRound(from: string, sequencer: string): boolean {
    const { application, loops } = this.plan;
    const split = application.splits.find(({ path }) => path === from);
    return loops.some(
      (loop) =>
        loop.includes(sequencer) &&
        loop.some((path) => streamPath(path) === from || path === split?.splitter),
    );
  }

  #outbox(path: string, most: number | undefined): Outbox {
    const outbox = new Outbox(path, this.#ground, most);
    this.outboxes.set(path, outbox);
    this.#ground.image?.restoreOutbox(outbox);
    return outbox;
  }

  #entered(path: string): Entered {
    const { image, remember } = this.#ground;
    const entered = new Entered(path, remember, image !== undefined);
    image?.restoreEntered(entered);
    return entered;
  }

  /** Lets its parts go on where they were. */
  #restore(image: Image): void {
    for (const { kind, runtime } of this.entities.values()) {
      if (kind === 'sequencer') runtime.last = (image.list('sequencers', runtime.path)?.[0] ?? -1) as number;
      if (kind === 'splitter')
        runtime.unmatched = (image.list('splitters', runtime.path)?.[0] ?? 0) as number;
      if (kind === 'portal') {
        const [requests = 0, late = 0, deferred = 0] = (image.list('portals', runtime.path) ??
          []) as number[];
        Object.assign(runtime, { requests, late, deferred });
      }
    }
    for (const generator of this.generators) {
      const position = image.list('generators', generator.path);
      if (position !== undefined) generator.restore(position);
    }
  }

  #addStream(path: string): void {
    const retained = this.plan.application.retained.includes(path);
    const runtime = new AtomicStream(path, this.#ground.pool, retained, this.#ground.backlog);
    this.entities.set(path, { kind: 'stream', app: this.path, runtime });
  }

  #find<K extends EntityKind>(path: string, kind: K): Runtimes[K] {
    const found = this.entities.get(path) ?? this.#ground.entity(path);
    if (found?.kind === kind) return found.runtime as Runtimes[K];
    return unreachable(this.path, `the plan was checked, and yet there is no ${kind} ${path}`);
  }

  #segments(index: number, workflow: WorkflowRuntime, pool: AtomPool): Segment[] {
    const tasks = this.plan.application.workflows[index]?.tasks ?? [];
    return (this.plan.workflows[index]?.segments ?? []).map(
      ({ tasks: members, inputs, readers }, segment) => {
        const operators: Operator[] = [];
        for (const task of members) {
          const node = tasks[task];
          if (node === undefined) continue;
          const { image } = this.#ground;
          const state = new TaskState(node.name, `${workflow.path}/${node.name}`, image);
          image?.restoreTask(state);
          this.states.push(state);
          node.parts.forEach((spec, part) => {
            this.#addOperator(made(spec, state), part, state, workflow, segment, operators, pool);
          });
        }
        return { operators, inputs, readers };
      },
    );
  }

  #addOperator(
    spec: TaskSpec,
    part: number,
    state: TaskState,
    workflow: WorkflowRuntime,
    segment: number,
    operators: Operator[],
    pool: AtomPool,
  ): void {
    const guard = this.#ground.care?.guard(state.path, spec.care);
    const handlers = guard === undefined ? handlersOf(spec) : guardedHandlers(handlersOf(spec), guard);
    const last = operators.at(-1);
    // Parts of one task share state, so one runs over the whole atom before the next.
    const keyed = last instanceof KeyOperator && last.context.path !== state.path;
    const { lean } = spec;
    const key = keyed && (lean === undefined || lean.kind === 'map') ? last : undefined;
    if (key !== undefined) operators.pop();
    const place = { path: state.path, part, continuations: spec.continuations };
    const entrance = new Entrance(place, this.#ground.turns, workflow.inbox, segment, operators.length);
    this.entrances.set(entrance.id, entrance);
    const abilities = {
      asks: new Map(spec.asks.map(({ path }) => [path, this.#find(path, 'portal')])),
      answers: new Map(spec.answers.map(({ portal }) => [portal.path, this.#find(portal.path, 'portal')])),
      continuations: new Set<unknown>(spec.continuations),
      owns: spec.owns,
      hasTimer: handlers.onTimer !== undefined,
      egresses: this.#egresses,
    };
    const context = new TaskContext(state, entrance, abilities, this.#ground);
    for (const { portal, handle } of spec.answers)
      this.#find(portal.path, 'portal').answerWith(
        entrance,
        guard === undefined ? handle : guardedFunction(handle, guard),
      );
    if (lean === undefined) {
      operators.push(new HandlerOperator(handlers, key, context, pool, guard));
      return;
    }
    const f = guard === undefined ? lean.f : guardedFunction(lean.f, guard);
    if (key !== undefined) operators.push(new KeyedMapOperator(key, f, context, pool));
    else operators.push(leanOperator(lean.kind, f, context, pool));
  }
}

/** The task itself, made by its factory if it has one. */
function made(spec: TaskSpec, { name, path }: InitContext): TaskSpec {
  const { factory } = spec;
  if (factory === undefined) return spec;
  let task: TaskSpec;
  try {
    task = made(factory({ name, path }), { name, path });
  } catch (cause) {
    throw initFailed(path, `its factory threw: ${describe(cause)}`, 'Let the factory return a task', {
      cause,
    });
  }
  // The plan knows only what was declared before the factory ran.
  const asks = new Set(spec.asks.map((portal) => portal.path));
  const answers = new Set(spec.answers.map(({ portal }) => portal.path));
  if (
    task.asks.some((portal) => !asks.has(portal.path)) ||
    task.answers.some(({ portal }) => !answers.has(portal.path))
  ) {
    const cure = 'Write portal tasks directly into the workflow, so that it is known who asks and answers';
    throw initFailed(path, 'its factory made a task with portals', cure, {});
  }
  return task;
}

function initFailed(where: string, what: string, cure: string, options: { cause?: unknown }): PorticoError {
  return new PorticoError({ code: 'task/init-failed', where, what, cure }, options);
}
