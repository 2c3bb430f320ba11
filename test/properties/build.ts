/** Builds a random program for the engine, and runs it. */
import {
  answer,
  application,
  continuation,
  manualClock,
  perKeyMap,
  perKeyState,
  perTaskMap,
  perTaskState,
  priority,
  random,
  roundRobin,
  same,
  steppingSystem,
  tasks,
  type Answer,
  type Application,
  type ApplicationBuilder,
  type AskerContext,
  type Egress,
  type Flow,
  type Ingress,
  type Key,
  type ManualClock,
  type MapContext,
  type MachineState,
  type Portal,
  type ProcessorContext,
  type ReplierContext,
  type RequestId,
  type SteppingSystem,
  type Stream,
  type Task,
  type TaskFlow,
  type TimerId,
} from 'portico/dataflow';
import type { TaskContext } from '../../src/engine/context.ts';
import { SLOTS, blame, stateIn, type Turn, type World } from './perform.ts';
import {
  hash,
  lifeOf,
  mix,
  positionsOf,
  type Action,
  type Behavior,
  type Node,
  type Program,
  type Scope,
  type Workflow,
} from './program.ts';

/** One atom as somebody downstream saw it. */
export interface SeenAtom {
  readonly events: readonly (readonly [Key | undefined, number])[];
  readonly end: 'atom' | 'seal';
}

/** A program as an application, and what can be seen of it from outside. */
export interface Built {
  readonly app: Application;
  /** The atoms of each stream that has a recorder, by the number of the stream. */
  readonly recorded: ReadonlyMap<number, SeenAtom[]>;
  /** Every stream: those of the generators, then those of the stages. */
  readonly streams: readonly Stream<number>[];
  readonly ingresses: readonly Ingress<number>[];
  /** All state of all tasks, as a text. */
  state(): string;
}

/** Stands for the stream of the egress where a stream has a number. */
export const EGRESS = -1;

type Emitting = ProcessorContext<number>;
type Asking = AskerContext<number>;

const values = (
  scope: (name: string, initial: undefined) => ReturnType<typeof perKeyState<number | undefined>>,
) => Array.from({ length: SLOTS }, (_, i) => scope(`value ${i}`, undefined));
const handles = {
  key: { values: values(perKeyState), map: perKeyMap<number, number>('map') },
  task: { values: values(perTaskState), map: perTaskMap<number, number>('map') },
};
const lastOpen = perTaskState<RequestId<number> | undefined>('open', undefined);
const lastTimer = perTaskState<TimerId | undefined>('timer', undefined);

/** The value of handlers that have no event: with some life, so that they can set timers. */
export const AT_END = 100;

const strategies = { random, roundRobin, priority };

/** How a program may be built otherwise than usual. */
export interface Building {
  /** Which streams get a recorder: all if not given. Those that get none have one consumer less. */
  readonly record?: (stream: number) => boolean;
  /** Whether what generators would give is left to be sent. */
  readonly ingress?: boolean;
  /** Which streams keep their past. */
  readonly retain?: (stream: number) => boolean;
  /** Whether all of it can be stored: no functions as continuations, nor as the states of machines. */
  readonly durable?: boolean;
  /** What else the application has. */
  readonly beside?: (app: ApplicationBuilder, streams: readonly Stream<number>[]) => void;
}

export function build(program: Program, world: World, building: Building = {}): Built {
  const builder = new Builder(program, world, building);
  const app = application('program', (app) => {
    builder.write(app);
  });
  const { recorded, streams, ingresses } = builder;
  return { app, recorded, streams, ingresses, state: () => builder.state() };
}

class Builder {
  readonly recorded = new Map<number, SeenAtom[]>();
  readonly streams: Stream<number>[] = [];
  readonly ingresses: Ingress<number>[] = [];
  readonly #program: Program;
  readonly #world: World;
  readonly #building: Building;
  #portals: Portal<number, number>[] = [];
  #egress: Egress<number> = { path: '', stream: { path: '' } };
  /** A context of each task, whose parts share their state, and the keys that were seen there. */
  readonly #contexts = new Map<string, { context: TaskContext; keys: Set<Key> }>();

  constructor(program: Program, world: World, building: Building) {
    this.#program = program;
    this.#world = world;
    this.#building = building;
  }

  write(app: ApplicationBuilder): void {
    const { inputs, stages, portals, behindPortals } = this.#program;
    const { record = () => true, ingress = false, retain = () => false, durable = false } = this.#building;
    const { streams } = this;
    this.#egress = app.egress('out');
    this.#portals = portals.map(({ keyed }, i) =>
      app.portal(`p${i}`, keyed ? { key: (request) => request % 2 } : {}),
    );
    for (const atoms of inputs) {
      const sent = app.ingress<number>();
      this.ingresses.push(sent);
      streams.push(ingress ? sent.stream : app.generators.fromArrays(atoms));
    }
    const source = (number: number): Stream<number> => streams[number % streams.length] as Stream<number>;
    const loops: (() => void)[] = [];
    stages.forEach((stage, s) => {
      switch (stage.kind) {
        case 'workflow':
          streams.push(this.#workflow(app, `w${s}`, source(stage.source), stage));
          break;
        case 'splitter': {
          const splitter = app.splitter(source(stage.source));
          for (const mod of stage.mods) streams.push(app.split(splitter, (value) => value % mod === 0));
          break;
        }
        case 'sequencer': {
          const sequencer = app.sequencer<number>({ strategy: strategies[stage.strategy] });
          const from = new Set(stage.from.map(source));
          [...from].forEach((each, i) => {
            app.connect(each, sequencer, { priority: i % 2 });
          });
          const own = streams.push(sequencer.stream) - 1;
          const { back } = stage;
          if (back === undefined) break;
          loops.push(() => {
            const later = streams.slice(own);
            // Lives run out and atoms stay small, so every loop comes to rest.
            const left = perTaskState('left', 3);
            const closing = app.workflow(`loop${s}`).source(later[back % later.length] as Stream<number>);
            const once = closing.processor<number>((value, ctx) => {
              if (lifeOf(value) === 0 || left.get(ctx) === 0) return;
              left.update(ctx, (n) => n - 1);
              ctx.emit(value - 100);
            });
            app.connect(once.withOnAtomComplete((ctx) => left.delete(ctx)).sink(), sequencer);
          });
        }
      }
    });
    for (const close of loops) close();
    if (portals.length > 0) this.#answering(app, behindPortals);
    streams.forEach((stream, i) => {
      if (record(i)) this.#recorder(app, i, stream);
      if (retain(i)) app.retain(stream);
    });
    if (!durable || record(EGRESS)) this.#recorder(app, EGRESS, this.#egress.stream);
    this.#building.beside?.(app, [...streams, this.#egress.stream]);
  }

  /** All state of all tasks that had a turn, but for what is not set. */
  state(): string {
    const lines = [...this.#contexts].flatMap(([site, { context, keys }]) => {
      const { key, cell, live } = context;
      context.live = true;
      const ofKeys = [...keys].map((key): [string, string] => {
        context.key = key;
        context.cell = undefined;
        return [String(key), stateIn('key', stateTurn(context))];
      });
      const ofTask = `${stateIn('task', stateTurn(context))} timer ${lastTimer.get(context)?.timer ?? '-'} open ${lastOpen.get(context)?.request ?? '-'}`;
      Object.assign(context, { key, cell, live });
      return [...ofKeys, ['', ofTask]]
        .filter(([, state = '']) => /\d/.test(state))
        .map((line) => `${site} ${line.join(' ')}`);
    });
    return lines.toSorted().join('\n');
  }

  #workflow(
    app: ApplicationBuilder,
    name: string,
    source: Stream<number>,
    workflow: Workflow,
  ): Stream<number> {
    const { nodes, sinks, onFailure } = workflow;
    const first = app.workflow(name, { onFailure }).source(source);
    const flows = this.#nodes(name, first, nodes);
    const positions = positionsOf(sinks, nodes.length);
    let out: Stream<number> | undefined;
    for (const position of positions) {
      const flow = flows[position] ?? first;
      out = out === undefined ? flow.sink() : flow.sink(out);
    }
    return out as Stream<number>;
  }

  #nodes(name: string, first: Flow<number>, nodes: readonly Node[]): TaskFlow<number, number>[] {
    const flows: TaskFlow<number, number>[] = [];
    nodes.forEach((node, n) => {
      const [from = first, ...others] = positionsOf(node.inputs, n).map(
        (position) => flows[position] ?? first,
      );
      flows.push(this.#node(`${name}n${n}`, others.length > 0 ? from.union(...others) : from, node));
    });
    return flows;
  }

  #node(name: string, from: Flow<number>, { parts }: Node): TaskFlow<number, number> {
    let flow: TaskFlow<number, number> | undefined;
    parts.forEach((steps, p) => {
      steps.forEach(({ behavior, atoms }, s) => {
        const site = `${name}.${p}.${s}`;
        const task = this.#task(site, behavior);
        if (flow === undefined) flow = from.task(task).withName(name);
        else flow = s === 0 ? flow.withAndThen(task) : flow.withLoop(atoms, task);
        flow = this.#modified(site, flow, behavior);
      });
    });
    return flow as TaskFlow<number, number>;
  }

  #task(site: string, { op, init }: Behavior): Task<number, number> {
    const made = this.#made(site, op);
    return init ? tasks.init(() => made) : made;
  }

  #made(site: string, op: Behavior['op']): Task<number, number> {
    switch (op.kind) {
      case 'map':
        return tasks.map((value, ctx) => {
          this.#perform(ctx, site, value, op.actions);
          return mix(value, op.add);
        });
      case 'filter':
        return tasks.filter((value, ctx) => {
          this.#perform(ctx, site, value, op.actions);
          return value % op.mod === 0;
        });
      case 'flatMap': {
        const perform = (ctx: MapContext, value: number, what: string, actions: readonly Action[]): void => {
          this.#perform(ctx, site + what, value, actions);
        };
        return tasks.flatMap(function* (value, ctx) {
          perform(ctx, value, '', op.actions);
          for (let i = 0; i < op.times; i++) {
            yield mix(value, i);
            perform(ctx, value, `.${i}`, []);
          }
        });
      }
      case 'key':
        return tasks.key((value, ctx) => {
          this.#perform(ctx, site, value, op.actions);
          return keyOf(value, op.mod);
        });
      case 'consume':
        return tasks.consume((value, ctx) => {
          this.#perform(ctx, site, value, op.actions);
        });
      case 'processor':
        return this.#processor(site, (value, ctx) => {
          this.#perform(ctx, site, value, op.actions);
        });
      case 'vsm': {
        if (this.#building.durable === true)
          return this.#made(site, { kind: 'processor', actions: op.actions });
        const odd: MachineState<number, number> = (value, ctx) => {
          this.#perform(ctx, site, value, op.actions);
          return value % 2 === 1 ? even : same;
        };
        const even: MachineState<number, number> = (value, ctx) => {
          this.#perform(ctx, site, value, op.others);
          return value % 2 === 0 ? odd : same;
        };
        return tasks.vsm(odd);
      }
      case 'stash':
        return tasks.stash((stash) =>
          tasks.processor<number, number>((value, ctx) => {
            // Values that come out of the stash are marked by their sign.
            if (value >= 0 && value % 3 === 0) {
              stash.stash(ctx, ~value);
              this.#perform(ctx, `${site}.stash`, value, []);
              return;
            }
            const own = value < 0 ? ~value : value;
            this.#perform(ctx, site, own, op.actions);
            ctx.emit(mix(own, stash.size(ctx)));
            if (value >= 0 && value % 3 === 1) stash.unstashAll(ctx);
          }),
        );
      case 'sample':
        return tasks.sample(op.every);
      case 'identity':
        return tasks.identity();
      case 'empty':
        return tasks.empty();
      case 'logger':
        return tasks.logger();
    }
  }

  /** A processor, or a task that asks if there is anyone to ask. */
  #processor(site: string, onNext: (value: number, ctx: Emitting) => void): Task<number, number> {
    if (this.#portals.length === 0) return tasks.processor(onNext);
    return tasks.asker(this.#asks(site), onNext);
  }

  #asks(site: string): { asks: Portal<number, number>[]; continuations: ReturnType<Builder['named']>[] } {
    return { asks: this.#portals, continuations: [this.named(site, false), this.named(site, true)] };
  }

  #modified(site: string, flow: TaskFlow<number, number>, behavior: Behavior): TaskFlow<number, number> {
    const { wrapper, onError, onAtomComplete, onComplete, onTimer } = behavior;
    let made = flow;
    if (wrapper !== undefined) {
      made = made.withWrapper<number>((value, ctx, inner) => {
        this.#perform(ctx, `${site}.wrapper`, value, [{ do: 'add', scope: 'task', slot: 0, by: 1 }]);
        for (let i = 0; i < wrapper; i++) inner(value);
      });
    }
    if (onError !== undefined) {
      made = made.withOnError((error, ctx) => {
        this.#perform(ctx, `${site}.error`, blame(error), onError);
      });
    }
    if (onAtomComplete !== undefined) {
      made = made.withOnAtomComplete((ctx) => {
        this.#perform(ctx, `${site}.atom`, AT_END, onAtomComplete);
      });
    }
    if (onComplete !== undefined) {
      made = made.withOnComplete((ctx) => {
        this.#perform(ctx, `${site}.complete`, AT_END, onComplete);
      });
    }
    if (onTimer !== undefined) {
      made = made.withOnTimer<number>((value, ctx) => {
        this.#perform(ctx, `${site}.timer`, value, onTimer);
      });
    }
    return made;
  }

  /** The workflow whose one task answers all portals. */
  #answering(app: ApplicationBuilder, behind: readonly Node[]): void {
    const answers = this.#program.portals.map(({ actions }, i): Answer<number> =>
      answer(
        this.#portals[i] as Portal<number, number>,
        (request: number, ctx: ReplierContext<number, number>) => {
          this.#perform(ctx, `answer.p${i}`, request, actions);
        },
      ),
    );
    const onFailure =
      this.#program.stages.find((stage) => stage.kind === 'workflow')?.onFailure ?? 'deadLetter';
    const source = app.workflow('answer', { onFailure }).source(this.streams[0] as Stream<number>);
    const task = tasks.askerreplier<number, number>(this.#asks('answer'), answers, (value, ctx) => {
      this.#perform(ctx, 'answer', value, [{ do: 'add', scope: 'key', slot: 0, by: 1 }]);
    });
    const flow = source.task(task).withName('answer');
    this.streams.push((this.#nodes('answer', flow, behind).at(-1) ?? flow).sink());
  }

  #recorder(app: ApplicationBuilder, number: number, stream: Stream<number>): void {
    const atoms: SeenAtom[] = [];
    this.recorded.set(number, atoms);
    let events: SeenAtom['events'][number][] = [];
    const end = (end: SeenAtom['end']) => (): void => {
      atoms.push({ events, end });
      events = [];
    };
    app
      .workflow(`recorder${number}`)
      .source(stream)
      .consume((value, ctx) => {
        events.push([ctx.key, value]);
      })
      .withOnAtomComplete(end('atom'))
      .withOnComplete(end('seal'))
      .sink();
  }

  #perform(ctx: MapContext, site: string, value: number, actions: readonly Action[]): void {
    const context = ctx as TaskContext;
    const place = site.split('.', 1).join();
    const known = this.#contexts.get(place) ?? { context, keys: new Set() };
    this.#contexts.set(place, known);
    if (ctx.key !== undefined) known.keys.add(ctx.key);
    this.#world.perform(this.#turn(ctx as Emitting), site, value, actions);
  }

  #turn(ctx: Emitting): Turn {
    const replying = (): ReplierContext<number, number> => ctx as ReplierContext<number, number>;
    return {
      get key() {
        return ctx.key;
      },
      emit: (value) => ctx.emit(value),
      emitTo: (key, value) => ctx.emitTo(key, value),
      release: (value) => ctx.release(this.#egress, value),
      undo: () => ctx.undo(),
      keep: () => ctx.keep(),
      forgetKey: () => ctx.forget(),
      draw: () => ctx.random(10),
      log: (value) => ctx.log.info(value),
      ...stateTurn(ctx),
      after: (ms, value) => {
        lastTimer.set(ctx, ctx.after(ms, value));
      },
      cancel: () => {
        const id = lastTimer.get(ctx);
        if (id !== undefined) ctx.cancel(id);
      },
      ask: (action, value, site) => {
        this.#ask(ctx as Asking, action, value, site);
      },
      reply: (value) => {
        replying().reply(value);
      },
      defer: () => {
        lastOpen.set(ctx, replying().defer());
      },
      settle: (how, value) => {
        const open = lastOpen.get(ctx);
        if (open === undefined) return;
        lastOpen.delete(ctx);
        if (how === 'reply') replying().replyTo(open, value);
        else replying().refuse(open, new Error('refused'));
      },
    };
  }

  #ask(ctx: Asking, action: Action & { readonly do: 'ask' }, value: number, site: string): void {
    const { ms, onReply, onFailure } = action;
    const { durable = false } = this.#building;
    const how = durable && action.how === 'closure' ? 'named' : action.how;
    const place = site.split('.', 1)[0] === 'answer' ? 'answer' : site.split(/[./]/).slice(0, 3).join('.');
    const options = ms === undefined ? {} : { timeoutMs: ms };
    // A handler asks only portals after its own, so that chains of requests end.
    const after = /^answer\.p(\d+)/.exec(site)?.[1];
    const offered = this.#portals.slice(after === undefined ? 0 : Number(after) + 1);
    if (offered.length === 0) return;
    const futures = action.portals.map((p) =>
      ctx.ask(offered[p % offered.length] as Portal<number, number>, value, options),
    );
    const failed = (error: unknown, c: Asking): void => {
      this.#perform(c, `${site}.else`, blame(error), onFailure ?? []);
    };
    if (how === 'all' && durable) {
      const env = { site: `${site}.all`, onReply, onFailure, life: lifeOf(value) };
      ctx.awaitAll(futures, this.named(place, onFailure !== undefined) as never, env as never);
    } else if (how === 'all') {
      const all = (replies: readonly number[], c: Asking): void => {
        this.#perform(c, `${site}.all`, lifeOf(value) * 100 + (hash(replies.join()) % 100), onReply);
      };
      if (onFailure === undefined) ctx.awaitAll(futures, all);
      else ctx.awaitAll(futures, all, failed);
    }
    if (how === 'all') return;
    futures.forEach((future, f) => {
      if (how === 'closure') {
        const resumed = (reply: number, c: Asking): void => {
          if (future.value(c) !== reply)
            throw new Error('a future has another value than its continuation was given');
          this.#perform(c, `${site}.then${f}`, reply, onReply);
        };
        if (onFailure === undefined) ctx.await(future, resumed);
        else ctx.await(future, resumed, failed);
      } else if (how === 'named') {
        ctx.await(future, this.named(place, onFailure !== undefined), {
          site: `${site}.named${f}`,
          onReply,
          onFailure,
        });
      }
    });
  }

  readonly #named = new Map<string, ReturnType<typeof continuation<number, Environment, number>>>();

  /** The named continuations of a task; whoever awaits with one gives its actions along. */
  named(place: string, withElse: boolean): ReturnType<typeof continuation<number, Environment, number>> {
    const name = `${place} ${withElse}`;
    let made = this.#named.get(name);
    if (made === undefined) {
      const run = (reply: number | readonly number[], env: Environment, ctx: Emitting): void => {
        const { site, onReply, life = 0 } = env;
        const value = typeof reply === 'number' ? reply : life * 100 + (hash(reply.join()) % 100);
        this.#perform(ctx, site, value, onReply);
      };
      const failed = (error: unknown, { site, onFailure }: Environment, ctx: Emitting): void => {
        this.#perform(ctx, `${site}.else`, blame(error), onFailure ?? []);
      };
      made = withElse ? continuation(name, run, failed) : continuation(name, run);
      this.#named.set(name, made);
    }
    return made;
  }
}

interface Environment {
  readonly site: string;
  readonly onReply: readonly Action[];
  readonly onFailure: readonly Action[] | undefined;
  /** Of the value that asked, where several replies are awaited. */
  readonly life?: number;
}

/** State as the engine's contexts give it. */
function stateTurn(ctx: MapContext): Pick<Turn, 'read' | 'write' | 'entries' | 'put' | 'clear'> {
  const of = (scope: Scope) => handles[scope];
  return {
    read: (scope, slot) => of(scope).values[slot]?.get(ctx),
    write: (scope, slot, value) => {
      const handle = of(scope).values[slot];
      if (value === undefined) handle?.delete(ctx);
      else handle?.set(ctx, value);
    },
    entries: (scope) => of(scope).map.entries(ctx),
    put: (scope, entry, value) => {
      if (value === undefined) of(scope).map.delete(ctx, entry);
      else of(scope).map.set(ctx, entry, value);
    },
    clear: (scope) => {
      of(scope).map.clear(ctx);
    },
  };
}

/** Keys of every kind. */
export function keyOf(value: number, mod: number): Key {
  const rest = value % mod;
  return rest === 0 ? 'zero' : rest === 1 ? 1n : rest;
}

/** A stepping system with a clock and its log. */
export interface Stepping {
  readonly system: SteppingSystem;
  readonly clock: ManualClock;
  readonly log: string[];
}

export function stepping(app: Application, seed: number): Stepping {
  const clock = manualClock();
  const log: string[] = [];
  const system = steppingSystem({
    seed,
    clock,
    log: ({ level, path, value }) => log.push(`${level} ${path} ${String(value)}`),
  });
  system.launch(app);
  return { system, clock, log };
}

/** Steps until nothing can run, and again whenever a timer is due, a few times. */
export function runToRest({ system, clock }: Stepping, step: () => void = () => system.step()): void {
  for (let round = 0; round < 12; round++) {
    while (system.canStep()) step();
    const { nextMs } = system.partition.turns.timers;
    if (nextMs === Infinity) return;
    clock.advance(nextMs - clock.now());
  }
}
