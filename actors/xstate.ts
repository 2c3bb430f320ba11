/**
 * Statecharts as behaviors: XState says what comes next, by its pure functions, and the actor does it. Published as
 * `portico/xstate`; the only file that knows XState (an optional peer).
 *
 * X1. The behavior is data: a snapshot as JSON, the delays that are pending, and the children. What XState holds in memory is
 *     made from that whenever it is missing.
 * X2. What a transition wants done is done in the turn of the event, or undone with it: sends, timers, children, emissions.
 * X3. Delays are timers of the actor. A chart that is restored sets those again that were pending, for the time that is left.
 * X4. An outcome counts only for the very child that it comes from, not for a later one with the same id.
 *
 * @packageDocumentation
 */
import {
  createActor,
  initialTransition,
  transition,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventFromLogic,
  type ExecutableActionObject,
  type InputFrom,
} from 'xstate';
import { PorticoError } from '../src/index.ts';
import { same, stopped, type Behavior } from './behavior.ts';
import { behavior, init, receive, type BehaviorFactory } from './behaviors.ts';
import { valueState, type ActorContext } from './context.ts';
import type { Effect } from './effects.ts';
import {
  copied,
  isInternal,
  isRead,
  origins,
  type Beginning,
  type Chart,
  type ChartEvent,
  type ChartSnapshot,
  type Child,
  type Delay,
  type Internal,
  type Link,
  type Message,
  type PersistedMachine,
  type ReadSnapshot,
  type Target,
} from './chart.ts';
import type { Failure } from './messages.ts';
import { ActorRef, refEquals } from './ref.ts';

export type {
  ChartEvent,
  ChartSnapshot,
  ChildOrigin,
  Delay,
  PersistedMachine,
  ReadSnapshot,
  Target,
} from './chart.ts';

/** What a statechart takes: its events, and the question for its snapshot. */
export type StatechartMessage<T extends AnyStateMachine> = EventFromLogic<T> | ReadSnapshot;

/**
 * What stands behind an actor that the machine invokes or spawns by name: another statechart, a function that makes a
 * behavior of the input, or an effect, whose outcome is then the `done` or `error` of the child.
 */
export type StatechartChild =
  | Pick<Statechart<AnyStateMachine>, 'asChild'>
  | ((input: never, parent: ActorRef<unknown>) => Behavior<never>)
  | Effect<never, unknown>;

export interface StatechartOptions {
  /** What is behind the names in the machine's `setup({ actors })`. Each of these has to be here. */
  readonly children?: Readonly<Record<string, StatechartChild>>;
  /** The version of the chart. 1 if not given. */
  readonly version?: number;
  /** Makes a snapshot of this version out of one of an older version. */
  readonly migrate?: (snapshot: ChartSnapshot, fromVersion: number) => ChartSnapshot;
}

/** Makes behaviors of a machine. Call it with the machine's input. */
export interface Statechart<T extends AnyStateMachine> {
  (
    ...input: undefined extends InputFrom<T> ? [input?: InputFrom<T>] : [input: InputFrom<T>]
  ): Behavior<StatechartMessage<T>>;
  /** A chart that goes on from a snapshot. Its children begin again. */
  restore(snapshot: ChartSnapshot): Behavior<StatechartMessage<T>>;
  /** @internal */
  asChild(input: unknown, link: Link): Behavior<never>;
  /** @internal */
  readonly definition: BehaviorFactory<[], never>['definition'];
}

/** The custom action that is running. */
let turn: { readonly self: object; readonly ctx: ActorContext<Message> } | undefined;

/** The context of the actor, for custom actions: `({ self }) => actorContext(self).send(ref, message)`. */
export function actorContext<M = unknown>(self: object): ActorContext<M> {
  if (turn?.self === self) return turn.ctx as unknown as ActorContext<M>;
  throw outsideTurn('actorContext');
}

/** Has what is sent to a stand-in reach the actor that it stands for. An effect takes nothing, as a promise of XState does not. */
function standFor(standIn: StandIn, { ref }: Child): void {
  standIn.send = (event) => {
    if (turn === undefined) throw outsideTurn('send');
    if (ref !== undefined) turn.ctx.send(ref as ActorRef<unknown>, event);
  };
}

function outsideTurn(where: string): PorticoError {
  const what = 'no action of that actor is running';
  return wrong('context/outside-turn', where, what, 'Call it in a custom action, with what that was given');
}

/** Numbers for children, and for delays without a name. */
const numbers = valueState('portico/statechart numbers', 0);

/**
 * Makes behaviors of a machine.
 *
 * @example
 * ```ts
 * import { start } from 'portico';
 * import { statechart } from 'portico/xstate';
 * import { setup } from 'xstate';
 *
 * const machine = setup({ types: { events: {} as { type: 'push' } } }).createMachine({
 *   initial: 'dark',
 *   states: { dark: { on: { push: 'lit' } }, lit: { after: { 60_000: 'dark' } } },
 * });
 * const lamp = statechart('lamp', machine);
 *
 * await using system = await start({ behaviors: { lamp } });
 * const ref = system.create(lamp());
 * await system.send(ref, { type: 'push' });
 * console.log((await system.ask(ref, { type: 'portico.snapshot' })).machine.value); // lit
 * ```
 */
export function statechart<T extends AnyStateMachine>(
  name: string,
  machine: T,
  options: StatechartOptions = {},
): Statechart<T> {
  const { children = {}, version = 1, migrate } = options;
  checkChildren(name, machine, children);
  const current = (snapshot: ChartSnapshot, from: number): ChartSnapshot => {
    if (from === version) return snapshot;
    if (migrate !== undefined) return { ...migrate(snapshot, from), version };
    const what = `a snapshot of version ${from} was given, and the chart has version ${version}`;
    throw wrong('actor/bad-behavior', `statechart ${name}`, what, 'Give the chart a function migrate');
  };
  const running = new Machine(name, machine, children);
  const chart = behavior(
    name,
    (at: Chart | Beginning): Behavior<Message> => {
      if ('machine' in at) return receive((message, ctx) => next(at, message, ctx));
      return init((ctx) => {
        if (!('restore' in at)) return become(running.begin(at.input, at.link, ctx), ctx);
        return become(running.restore(current(at.restore, at.restore.version), ctx), ctx);
      });
    },
    {
      version,
      ...(migrate && {
        migrate: ([at], from): [Chart | Beginning] => {
          if ('restore' in (at as Beginning) || !('machine' in (at as Chart))) return [at as Beginning];
          const { machine, delays, children } = current({ ...(at as Chart), version: from }, from);
          return [{ ...(at as Chart), machine, delays, children: children as Chart['children'] }];
        },
      }),
    },
  );
  const become = (at: Chart, ctx: ActorContext<Message>): Behavior<Message> => {
    const { link } = at;
    if (at.machine.status !== 'done') {
      if (link?.sync === true) {
        ctx.send(link.parent, {
          type: 'portico.synced',
          child: link.child,
          run: link.run,
          snapshot: at.machine,
        });
      }
      return chart(at);
    }
    if (link !== undefined) {
      ctx.send(link.parent, {
        type: 'portico.done',
        child: link.child,
        run: link.run,
        output: at.machine['output'],
      });
    }
    return stopped;
  };
  const next = (at: Chart, message: Message, ctx: ActorContext<Message>): Behavior<Message> => {
    if (isRead(message)) {
      const { machine, delays } = at;
      ctx.send(message.replyTo, { version, machine, delays, children: origins(at.children) });
      return same;
    }
    const after = running.take(at, message, ctx);
    return after === at ? same : become(after, ctx);
  };
  const made = (at: Beginning): Behavior<never> => chart(at);
  return Object.assign((input?: unknown) => made({ input }), {
    restore: (snapshot: ChartSnapshot) => made({ restore: snapshot }),
    asChild: (input: unknown, link: Link) => made({ input, link }),
    definition: chart.definition,
  }) as unknown as Statechart<T>;
}

/** Runs a machine: events in, the next chart out, and what is to be done on the way is done by the context. */
class Machine {
  readonly #where: string;
  readonly #machine: AnyStateMachine;
  readonly #kinds: Readonly<Record<string, StatechartChild>>;
  /** What XState holds in memory, for charts of which it was made already. */
  readonly #live = new WeakMap<PersistedMachine, AnyMachineSnapshot>();

  constructor(name: string, machine: AnyStateMachine, kinds: Readonly<Record<string, StatechartChild>>) {
    this.#where = `statechart ${name}`;
    this.#machine = machine;
    this.#kinds = kinds;
  }

  begin(input: unknown, link: Link | undefined, ctx: ActorContext<Message>): Chart {
    const [after, actions] = initialTransition(inTurn(this.#machine, link), input);
    return this.#perform({ delays: {}, children: {}, ...(link && { link }) }, undefined, after, actions, ctx);
  }

  restore({ machine, delays, children }: ChartSnapshot, ctx: ActorContext<Message>): Chart {
    const again: Record<string, Child> = {};
    const kept = machine['children'] as Record<string, { readonly syncSnapshot?: boolean } | undefined>;
    for (const [id, origin] of Object.entries(children)) {
      if (origin.isDone === true) again[id] = { ...origin, run: 0 };
      else again[id] = this.#create(id, origin.src, origin.input, kept[id]?.syncSnapshot === true, ctx);
    }
    // X3.
    for (const [id, { dueMs }] of Object.entries(delays)) setTimer(id, dueMs, ctx);
    // A copy, because whatever stands for the children of this chart belongs to it alone.
    return { machine: { ...machine }, delays, children: again };
  }

  take(at: Chart, message: ChartEvent | Internal, ctx: ActorContext<Message>): Chart {
    if (!isInternal(message)) return this.#event(at, message, ctx);
    if (message.type === 'portico.due') {
      const { [message.id]: due, ...delays } = at.delays;
      if (due === undefined) return at;
      const now = { ...at, delays };
      if (due.to === undefined) return this.#event(now, due.event, ctx);
      this.#send(due.to, due.event, now, ctx);
      return now;
    }
    const { child: id } = message;
    const child = at.children[id];
    // X4.
    if (child === undefined || child.run !== message.run || child.isDone === true) return at;
    if (message.type === 'portico.synced') {
      return this.#event(at, { type: `xstate.snapshot.${id}`, snapshot: message.snapshot }, ctx);
    }
    const now = { ...at, children: { ...at.children, [id]: { ...child, isDone: true } } };
    return this.#event(now, outcomeOf(message, this.#kinds[child.src]), ctx);
  }

  #event(at: Chart, event: ChartEvent, ctx: ActorContext<Message>): Chart {
    const before = this.#alive(at);
    const [after, actions] = transition(inTurn(this.#machine, at.link), before, event);
    if (after === before && actions.length === 0) return at;
    return this.#perform(at, before, after, actions, ctx);
  }

  /** X2. Children that come are there before anything is sent to them; those that go have been sent everything before. */
  #perform(
    at: Omit<Chart, 'machine'>,
    before: AnyMachineSnapshot | undefined,
    after: AnyMachineSnapshot,
    actions: readonly ExecutableActionObject[],
    ctx: ActorContext<Message>,
  ): Chart {
    if (after.status === 'error') throw failureOf(after.error, this.#where);
    const stays: Record<string, Child> = {};
    const known = new Map<unknown, string>();
    const all: Record<string, Child> = { ...at.children };
    for (const [id, standIn] of Object.entries(after.children as Record<string, StandIn | undefined>)) {
      const child = all[id];
      stays[id] =
        child !== undefined && before?.children[id] === standIn ? child : this.#spawn(id, standIn, ctx);
      all[id] = stays[id];
      known.set(standIn, id);
    }
    // Sends to a child that goes, and whose id is taken by another one, are for the one that goes.
    const gone = Object.entries(at.children).filter(([id, child]) => stays[id]?.run !== child.run);
    const going: Record<string, Child> = {};
    for (const [id, child] of gone) {
      going[`${id}/${child.run}`] = child;
      known.set(before?.children[id], `${id}/${child.run}`);
    }
    let delays = at.delays;
    for (const action of actions)
      delays = this.#act(action, { ...at, delays, children: { ...stays, ...going } }, known, ctx);
    for (const [, { ref }] of gone)
      if (ref !== undefined && ctx.children.some((each) => refEquals(each, ref))) ctx.stop(ref);
    const machine = this.#machine.getPersistedSnapshot(after) as unknown as PersistedMachine;
    this.#live.set(machine, after);
    return { ...at, machine, delays, children: stays };
  }

  /** Does one action, and returns the delays that are pending then. */
  #act(
    { type, info, params, exec }: ExecutableActionObject,
    at: Omit<Chart, 'machine'>,
    known: ReadonlyMap<unknown, string>,
    ctx: ActorContext<Message>,
  ): Chart['delays'] {
    const { delays } = at;
    const said = params as {
      readonly id?: string;
      readonly delay?: number;
      readonly event: ChartEvent;
      readonly to?: unknown;
    };
    switch (type) {
      case 'xstate.raise':
        return said.delay === undefined
          ? delays
          : this.#later(said.delay, said.id, { event: said.event }, delays, ctx);
      case 'xstate.sendTo': {
        const to = said.to === info.self ? undefined : targetOf(said.to, known);
        if (said.delay !== undefined) {
          return this.#later(said.delay, said.id, { event: said.event, ...(to && { to }) }, delays, ctx);
        }
        if (to === undefined) ctx.send(ctx.self, said.event);
        else this.#send(to, said.event, at, ctx);
        return delays;
      }
      case 'xstate.cancel': {
        const { sendId } = params as { readonly sendId: string };
        const { [sendId]: cancelled, ...others } = delays;
        if (cancelled === undefined) return delays;
        ctx.timers.cancel(timerKey(sendId));
        return others;
      }
      case 'xstate.emit':
        ctx.emit(said.event);
        return delays;
      case 'xstate.log': {
        const { label, value } = params as { readonly label?: string; readonly value: unknown };
        ctx.log.info(label === undefined ? value : { [label]: value });
        return delays;
      }
      // Who is there and who is not is seen from the snapshot.
      case 'xstate.spawnChild':
      case 'xstate.stopChild':
        return delays;
      default:
        this.#custom(info.self as StandIn, () => exec?.(info, params), ctx);
        return delays;
    }
  }

  /** A custom action may send by the objects of XState: it means the actors that these stand for. */
  #custom(self: StandIn, act: () => void, ctx: ActorContext<Message>): void {
    self.send = (event) => {
      ctx.send(ctx.self, event);
    };
    turn = { self, ctx };
    try {
      act();
    } finally {
      turn = undefined;
    }
  }

  #later(
    delayMs: number,
    name: string | undefined,
    what: Omit<Delay, 'dueMs'>,
    delays: Chart['delays'],
    ctx: ActorContext<Message>,
  ): Chart['delays'] {
    const id = name ?? `portico.${numbers.update(ctx, (n) => n + 1)}`;
    const dueMs = ctx.nowMs + delayMs;
    setTimer(id, dueMs, ctx);
    return { ...delays, [id]: { dueMs, ...what } };
  }

  #send(
    to: Target,
    event: ChartEvent,
    { children, link }: Omit<Chart, 'machine'>,
    ctx: ActorContext<Message>,
  ): void {
    if (to === 'parent') {
      if (link !== undefined) ctx.send(link.parent as ActorRef<unknown>, event);
    } else if ('ref' in to) ctx.send(to.ref as ActorRef<unknown>, event);
    else {
      // A child that has gone meanwhile, and an effect, take no events; XState passes over that in the same way.
      const ref = children[to.child]?.ref;
      if (ref !== undefined) ctx.send(ref as ActorRef<unknown>, event);
    }
  }

  #spawn(id: string, standIn: StandIn | undefined, ctx: ActorContext<Message>): Child {
    const src = standIn?.src;
    if (standIn !== undefined && typeof src === 'string') {
      const child = this.#create(
        id,
        src,
        standIn.options?.input,
        standIn.options?.syncSnapshot === true,
        ctx,
      );
      standFor(standIn, child);
      return child;
    }
    const cure =
      'Name it in setup({ actors }), and say in the children of the statechart what is behind that name';
    throw wrong('actor/bad-behavior', this.#where, `the child ${id} has no name that is known`, cure);
  }

  #create(id: string, src: string, input: unknown, sync: boolean, ctx: ActorContext<Message>): Child {
    const kind = this.#kinds[src];
    const run = numbers.update(ctx, (n) => n + 1);
    const origin = { src, ...(input !== undefined && { input }) };
    if (kind === undefined) {
      throw wrong(
        'actor/bad-behavior',
        this.#where,
        `nothing is known behind the child ${src}`,
        `Add ${src} to the children of the statechart`,
      );
    }
    const self = ctx.self as ActorRef<unknown>;
    let made: Behavior<never>;
    if ('asChild' in kind) made = kind.asChild(input, { parent: self, child: id, run, sync });
    else if (typeof kind === 'function') made = kind(input as never, self);
    else {
      ctx.run(kind, input as never, { as: { type: 'portico.outcome', child: id, run } as never });
      return { ...origin, run };
    }
    const ref = ctx.create(made, { child: true });
    ctx.watch(ref, { as: { type: 'portico.stopped', child: id, run } as never });
    return { ...origin, run, ref };
  }

  /** X1. */
  #alive({ machine, children }: Chart): AnyMachineSnapshot {
    const known = this.#live.get(machine);
    if (known !== undefined) return known;
    // XState puts children into the context that it is given, so it is given a copy.
    const snapshot = copied(machine) as never;
    const alive = createActor(this.#machine, { snapshot }).getSnapshot() as AnyMachineSnapshot;
    for (const [id, standIn] of Object.entries(alive.children as Record<string, StandIn>)) {
      const child = children[id];
      if (child !== undefined) standFor(standIn, child);
    }
    this.#live.set(machine, alive);
    return alive;
  }
}

/** What XState has in the place of a child; it never runs. */
interface StandIn {
  send: (event: ChartEvent) => void;
  readonly src: unknown;
  readonly options?: { readonly input?: unknown; readonly syncSnapshot?: boolean };
}

/** Stands in the place of the parent; it is only ever compared. */
const PARENT = { id: 'parent' };

/**
 * The machine as it is used by one call of `transition` or `initialTransition`. These make an actor of it first, which would
 * compute the initial state anew each time, and has no parent; neither is wanted.
 */
function inTurn(machine: AnyStateMachine, link: Link | undefined): AnyStateMachine {
  let isScoped = false;
  const scoped = (scope: Parameters<AnyStateMachine['transition']>[2]): typeof scope => {
    if (link !== undefined) (scope.self as unknown as { _parent: unknown })._parent = PARENT;
    return scope;
  };
  const logic: Pick<AnyStateMachine, 'config' | 'transition' | 'getInitialSnapshot'> = {
    config: machine.config,
    getInitialSnapshot: (scope, input) => {
      if (isScoped) return machine.getInitialSnapshot(scoped(scope), input);
      isScoped = true;
      return { status: 'active', output: undefined, error: undefined } as AnyMachineSnapshot;
    },
    transition: (snapshot, event, scope) => machine.transition(snapshot, event, scoped(scope)),
  };
  return logic as AnyStateMachine;
}

function targetOf(to: unknown, known: ReadonlyMap<unknown, string>): Target | undefined {
  if (to === PARENT) return 'parent';
  if (to instanceof ActorRef) return { ref: to as ActorRef<never> };
  return { child: known.get(to) ?? '' };
}

function outcomeOf(
  message: Exclude<Internal, { type: 'portico.due' | 'portico.synced' }>,
  kind: StatechartChild | undefined,
): ChartEvent {
  const { child: id } = message;
  const done = (output: unknown): ChartEvent => ({ type: `xstate.done.actor.${id}`, output, actorId: id });
  const failed = (error: unknown): ChartEvent => ({ type: `xstate.error.actor.${id}`, error, actorId: id });
  switch (message.type) {
    case 'portico.done':
      return done(message.output);
    case 'portico.outcome':
      return message.failure === undefined ? done(message.reply) : failed(message.failure);
    case 'portico.stopped':
      // A chart says its output before it stops; without that it has not come to its end.
      if (kind === undefined || !('asChild' in kind)) return done(undefined);
      return failed({
        code: 'actor/stopped',
        message: `the child ${id} has stopped before its end`,
      } satisfies Failure);
  }
}

function checkChildren(
  name: string,
  machine: AnyStateMachine,
  children: Readonly<Record<string, StatechartChild>>,
): void {
  const missing = Object.keys(machine.implementations.actors).filter((src) => !(src in children));
  if (missing.length === 0) return;
  const what = `the machine names actors of which nothing is known: ${missing.join(', ')}`;
  const cure =
    'Say in the children of the statechart what is behind each: a statechart, a function that makes a behavior, or an effect';
  throw wrong('graph/bad-argument', `statechart ${name}`, what, cure);
}

function setTimer(id: string, dueMs: number, ctx: ActorContext<Message>): void {
  ctx.timers.single(timerKey(id), Math.max(0, dueMs - ctx.nowMs), { type: 'portico.due', id });
}

function timerKey(id: string): string {
  return `portico/statechart ${id}`;
}

/** What a turn is failed with when the machine has failed: XState takes anything for an error. */
function failureOf(error: unknown, where: string): Error {
  if (error instanceof Error) return error;
  const what = `the machine failed: ${JSON.stringify(error)}`;
  const cure = 'Handle the error of the child (onError), or mend it';
  return new PorticoError({ code: 'ask/failed', where, what, cure }, { cause: error });
}

function wrong(
  code: ConstructorParameters<typeof PorticoError>[0]['code'],
  where: string,
  what: string,
  cure: string,
): PorticoError {
  return new PorticoError({ code, where, what, cure });
}
