/**
 * A system of actors, as users start it: an application with the workflow of actors in it, and the ways in and out.
 *
 * Z1. Whoever waits for a reply is told: by the reply, a failure, the timeout, or the end of the system.
 * Z2. What is sent in one moment enters together, in order: as one atom, and so with one commit. Nobody is in the midst of a run
 *     then, so subscribers and effects can send, too.
 */
import {
  application,
  platformHost,
  PorticoError,
  startSystem,
  type DataType,
  type Egress,
  type EpochOptions,
  type Store,
  type Application,
  type ErrorCode,
  type Host,
  type Ingress,
  type LogRecord,
  type RunningSystem,
  type Stream,
} from '../src/index.ts';
import { checkBehavior, same, stopped, type Behavior, type Definition } from './behavior.ts';
import { ownBehavior, ownDefinitions, receive } from './behaviors.ts';
import type { CreateOptions, ReplyOf, RequestOf } from './context.ts';
import { ActorDeadLetters, type ActorDeadLetterBox } from './deadletters.ts';
import { Door, isName } from './door.ts';
import { EffectRunner } from './effect-runner.ts';
import type { Effect } from './effects.ts';
import { entityRef, nameId } from './identity.ts';
import {
  ActorCreate,
  ActorSend,
  LastOutside,
  Signalled,
  type ActorDeadLetter,
  type OutsideReply,
} from './messages.ts';
import { ActorRef, checkRef } from './ref.ts';
import type { Signal } from './signals.ts';
import { actorTypes } from './stored.ts';
import type { Supervision } from './supervise.ts';
import type { Topic } from './topics.ts';
import { Waiters } from './waiters.ts';
import { actorWorkflow, type ActorWorkflow, type WorkflowOf } from './workflow.ts';

/** What a system of actors is started with. */
export interface StartOptions {
  /** The behaviors by name. */
  readonly behaviors?: Readonly<Record<string, { readonly definition: Definition }>>;
  /** The effects that actors may run. */
  readonly effects?: Readonly<Record<string, Effect<never, unknown>>>;
  /** Applications that run beside the actors, launched before them. Those that need the actors come after: `dataflow.launch`. */
  readonly applications?: readonly Application[];
  /** The portals that the actors may ask, with `ctx.askPortal`. */
  readonly portals?: readonly { readonly path: string }[];
  /** The topics under which the actors emit values. */
  readonly topics?: readonly { readonly name: string }[];
  /** The name of the application that the actors are. `actors` if not given. */
  readonly name?: string;
  /** What happens with an actor whose turn fails, unless it is supervised itself. `quarantine` if not given. */
  readonly supervision?: Supervision;
  /** The platform: its clock, chance, scheduler and log. That of the process if not given. */
  readonly host?: Host;
  /** Where lines of the log go. Where the host sends them if not given. */
  readonly log?: (record: LogRecord) => void;
  /** Decides every choice that the program leaves open. */
  readonly seed?: number;
  /** Freezes values of state, so that a change in place is found at once. True if not given. */
  readonly strict?: boolean;
  /**
   * Where everything is kept: started again with it, the system goes on where it was, whatever ended it. In memory only if
   * not given.
   */
  readonly store?: Store;
  /** Who starts it, for those who take the store over or are refused by it. The name of the application if not given. */
  readonly owner?: string;
  /** The classes whose instances are in messages and state, with how they are stored. */
  readonly types?: readonly DataType<unknown>[];
  /** How often to commit, and how much to keep in memory. */
  readonly epochs?: Partial<EpochOptions>;
  /** How many dead letters are kept; the oldest are forgotten beyond that. 10,000 if not given. */
  readonly deadLetterLimit?: number;
}

/** How an ask from outside may differ from the usual. */
export interface OutsideAskOptions {
  /** How long to wait for the reply. 30 s if not given. */
  readonly timeoutMs?: number;
}

/**
 * Starts a system of actors.
 *
 * @example
 * ```ts
 * import { behavior, receive, same, start, type ActorRef } from 'portico';
 *
 * type Greet = { name: string; replyTo: ActorRef<string> };
 * const greeter = behavior('greeter', () =>
 *   receive<Greet>(({ name, replyTo }, ctx) => (ctx.send(replyTo, `Hello ${name}`), same)),
 * );
 *
 * await using system = await start({ behaviors: { greeter } });
 * console.log(await system.ask(system.create(greeter()), { name: 'World' })); // Hello World
 * ```
 */
export async function start(options: StartOptions = {}): Promise<ActorSystem> {
  return startWith(options, actorWorkflow);
}

/** @internal With another way of making the workflow of the actors. */
export async function startWith(options: StartOptions, workflowOf: WorkflowOf): Promise<ActorSystem> {
  const { name = 'actors', supervision, portals, topics, applications = [] } = options;
  const host = hostWith(options);
  const app = application(name, (app) => {
    const ingress = app.ingress<ActorSend | ActorCreate>('in');
    const config = {
      ...(supervision && { supervision }),
      ...(portals && { portals }),
      ...(topics && { topics }),
    };
    return { ingress, actors: workflowOf(app, ingress.stream, config) };
  });
  const { store, owner = name, types = [], epochs, behaviors = {} } = options;
  const definitions = [...Object.values(behaviors).map(({ definition }) => definition), ...ownDefinitions];
  const running = await startSystem({
    applications: [...applications, app],
    host,
    ...(store !== undefined && { store, owner, types: [...actorTypes(definitions), ...types] }),
    ...(epochs !== undefined && { epochs }),
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.strict !== undefined && { strict: options.strict }),
  });
  const system = new ActorSystem(running, app.handles, host, options);
  if (running.run > 1) await system.goOn();
  return system;
}

/** The host, with another log if one is given. */
function hostWith({ host = platformHost(), log }: StartOptions): Host {
  if (log === undefined) return host;
  return {
    now: () => host.now(),
    entropy: () => host.entropy(),
    yield: (resume) => {
      host.yield(resume);
    },
    after: (delayMs, wake) => host.after(delayMs, wake),
    log,
  };
}

/** The ways in and out of the application that the actors are. */
interface Handles {
  readonly ingress: Ingress<ActorSend | ActorCreate>;
  readonly actors: ActorWorkflow;
}

const ASK_TIMEOUT_MS = 30_000;
/** More than this do not enter as one atom. */
const MOST_TOGETHER = 1024;

/**
 * A system of actors that runs. Get one from `start`; `stop` it, or let `await using` do that.
 *
 * @example
 * ```ts
 * import { behavior, receive, same, start, stopped, type ActorRef } from 'portico';
 *
 * type Message = { type: 'greet'; name: string; replyTo: ActorRef<string> } | { type: 'end' };
 * const greeter = behavior('greeter', () =>
 *   receive<Message>((message, ctx) => {
 *     if (message.type === 'end') return stopped;
 *     ctx.send(message.replyTo, `Hello ${message.name}`);
 *     return same;
 *   }),
 * );
 *
 * await using system = await start({ behaviors: { greeter } });
 * const ref = system.create(greeter(), { name: 'the greeter' });
 * console.log(await system.ask(ref, { type: 'greet', name: 'Ann' }, { timeoutMs: 1000 })); // Hello Ann
 * await system.send(ref, { type: 'end' });
 * await system.watch(ref);
 * console.log(system.deadLetters.count); // 0
 * ```
 */
export class ActorSystem implements AsyncDisposable {
  /** The system of dataflow that it is: launch applications beside the actors, look at the plan with `explain`. */
  readonly dataflow: RunningSystem;
  /** Messages that nobody handled. */
  readonly deadLetters: ActorDeadLetterBox;
  /** The workflow of the actors, for applications that are launched beside it: what these can read, ask and connect to. */
  readonly actors: ActorWorkflow;
  readonly #handles: Handles;
  readonly #host: Host;
  readonly #effects: EffectRunner;
  readonly #letters: ActorDeadLetters;
  readonly #waiters: Waiters;
  readonly #door: Door;
  /** What is about to enter. */
  #entering: Entering | undefined;
  #created = 0;
  #stopped = false;

  /** @internal */
  constructor(dataflow: RunningSystem, handles: Handles, host: Host, options: StartOptions) {
    this.dataflow = dataflow;
    this.#handles = handles;
    this.#host = host;
    this.actors = handles.actors;
    const { outlets } = handles.actors;
    const name = options.name ?? 'actors';
    const effects = new Map(Object.values(options.effects ?? {}).map((effect) => [effect.name, effect]));
    this.#waiters = new Waiters(dataflow.run);
    this.#effects = new EffectRunner(effects, host, name, (id, outcome) => {
      this.#settle(outlets.effects, id, outcome).catch(() => undefined);
    });
    this.#door = new Door((send) => this.#put(send), this.#waiters);
    const letters = new ActorDeadLetters(options.deadLetterLimit ?? 10_000, {
      resend: (letter) => {
        const { ref, message, what } = letter;
        // Whoever has the name now may have another schema.
        return isName(ref) && what === undefined ? this.#door.admit(ref, message) : this.#put(resent(letter));
      },
      settle: (id) => {
        this.#settle(outlets.deadLetters, id).catch(() => undefined);
      },
    });
    this.deadLetters = letters;
    this.#letters = letters;
    // Z1.
    dataflow.onEnd((reason) => {
      this.#effects.stop();
      this.#waiters.rejectAll(reason);
    });
    dataflow.subscribe(outlets.outside.stream, (reply) => {
      if (!this.#waiters.settle(reply)) this.#tooLate(reply);
    });
    dataflow.handle(outlets.effects, (call, { id }) => {
      this.#effects.start(call, id);
    });
    dataflow.handle(outlets.deadLetters, (letter, { id }) => {
      letters.add(letter, id);
    });
  }

  /** @internal Goes on counting its creations where the run before was. */
  async goOn(): Promise<void> {
    const created = await new Promise((resolve, reject) => {
      const waiter = this.#waiters.add({ from: 'start', resolve, reject });
      const question = new ActorSend(new ActorRef<never>(0), new LastOutside(waiter) as never);
      this.#put(question).catch(reject);
    });
    this.#created = Math.max(this.#created, created as number);
  }

  /** Creates an actor. The reference can be used at once. */
  create<M>(behavior: Behavior<M>, options: Pick<CreateOptions, 'name'> = {}): ActorRef<M> {
    if (this.#stopped) throw shutDown('system.create', 'the system was stopped', 'Start a new one');
    checkBehavior(behavior, 'system.create');
    const id = options.name === undefined ? -++this.#created : nameId(options.name, 'system.create');
    const ref = new ActorRef<M>(id);
    this.#door.created(ref, behavior);
    this.#put(new ActorCreate(ref, behavior)).catch((error: unknown) => {
      this.#host.log({ level: 'error', name: 'system', path: 'system.create', value: error });
    });
    return ref;
  }

  /** The actor of that kind and id, which always exists: its first message creates it. */
  entity<M>(behavior: Behavior<M>, id: string): ActorRef<M> {
    return entityRef(behavior, id, 'system.entity');
  }

  /** Sends a message. Resolves when the system has taken it. */
  send<M>(ref: ActorRef<M>, message: NoInfer<M>): Promise<void> {
    try {
      checkRef(ref, 'system.send', 'system/bad-argument');
      return this.#door.admit(ref, message);
    } catch (error) {
      return Promise.reject(error as PorticoError);
    }
  }

  /** Asks an actor; resolves with its reply. */
  async ask<M, const Q extends RequestOf<M>>(
    ref: ActorRef<M>,
    request: Q,
    options: OutsideAskOptions = {},
  ): Promise<ReplyOf<M, Q>> {
    checkRef(ref, 'system.ask', 'system/bad-argument');
    const { timeoutMs = ASK_TIMEOUT_MS } = options;
    return new Promise<ReplyOf<M, Q>>((resolve, reject) => {
      const cancel = this.#after(timeoutMs, () => {
        this.#waiters.reject(waiter, timedOut(ref, timeoutMs));
      });
      const waiter = this.#waiters.add({ from: String(ref), resolve, reject, cancel });
      const message = { ...(request as object), replyTo: outsideRef(waiter) };
      this.#door.admit(ref, message).catch((error: unknown) => {
        this.#waiters.reject(waiter, error as PorticoError);
      });
    });
  }

  /** Resolves when an actor has stopped. */
  async watch(ref: ActorRef<never>): Promise<void> {
    checkRef(ref, 'system.watch', 'system/bad-argument');
    const watcher = this.create(watching(ref));
    await this.ask(watcher, {}, { timeoutMs: Infinity });
  }

  /** Calls `subscriber` with each value that an actor emits without a topic; the returned function ends that. */
  subscribe(subscriber: (value: unknown) => void): () => void;
  /** The same for what actors emit under a topic. */
  subscribe<T>(topic: Topic<T>, subscriber: (value: NoInfer<T>) => void): () => void;
  subscribe(
    ...given: [(value: unknown) => void] | [topic: Topic<unknown>, subscriber: (value: unknown) => void]
  ): () => void {
    const [stream, subscriber] =
      given.length === 1 ? [this.#emitted(), given[0]] : [this.#emitted(given[0]), given[1]];
    return this.dataflow.subscribe(stream, (value) => {
      subscriber(value);
    });
  }

  /**
   * Reads what actors emit without a topic, value by value: `for await (const value of system.read())`. What was not read
   * yet waits, but no actor does: one that should go no faster than it is read is asked for each value.
   */
  read(): AsyncIterableIterator<unknown, undefined, void>;
  /** The same for what actors emit under a topic. */
  read<T>(topic: Topic<T>): AsyncIterableIterator<T, undefined, void>;
  read(topic?: Topic<unknown>): AsyncIterableIterator<unknown, undefined, void> {
    return this.dataflow.read(this.#emitted(topic));
  }

  #emitted(topic?: Topic<unknown>): Stream<unknown> {
    return topic === undefined ? this.actors.outlets.emitted.stream : this.actors.emitted(topic);
  }

  /** Resolves when there is nothing left to do: no message waits and no effect runs. Timers do not count. */
  async idle(): Promise<void> {
    for (;;) {
      const { outcomes } = this.#effects;
      await this.#entering?.done.catch(() => undefined);
      await this.dataflow.idle();
      const entering = this.#door.next();
      if (entering !== undefined) await entering;
      else if (this.#effects.running > 0) await new Promise<void>((resolve) => this.#host.after(1, resolve));
      // An outcome that came meanwhile is a message that waits.
      else if (this.#effects.outcomes === outcomes) return;
    }
  }

  /** Ends the system. What has not been done by then is not done; `idle` comes first. */
  async stop(): Promise<void> {
    this.#entering?.now();
    this.#stopped = true;
    this.#effects.stop();
    const end = shutDown('stop', 'the system was stopped before there was a reply', 'Wait for replies first');
    this.#waiters.rejectAll(end);
    await this.dataflow.shutdown();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Z2. */
  #put(value: ActorSend | ActorCreate): Promise<void> {
    const entering = this.#entering;
    if (entering !== undefined && entering.values.length < MOST_TOGETHER) {
      entering.values.push(value);
      return entering.done;
    }
    const next = new Entering(value, (values) => {
      if (this.#entering === next) this.#entering = undefined;
      return this.dataflow.send(this.#handles.ingress, ...values);
    });
    this.#entering = next;
    return next.done;
  }

  /** What is kept under a number is done with; the outcome enters in the same commit. */
  async #settle<T>(egress: Egress<T>, id: number, outcome?: ActorSend): Promise<void> {
    const { ingress } = this.#handles;
    const enters = outcome && { ingress, values: [outcome] };
    try {
      await this.dataflow.settle(egress, id, enters);
    } catch (error) {
      if (!(error instanceof PorticoError && error.code === 'system/re-entered')) throw error;
      // As in #put.
      await this.dataflow.settle(egress, id, enters);
    }
  }

  #after(timeoutMs: number, wake: () => void): () => void {
    return timeoutMs === Infinity ? () => undefined : this.#host.after(timeoutMs, wake);
  }

  /** A reply that nobody waits for any more. */
  #tooLate({ waiter, outcome }: OutsideReply): void {
    if ('failure' in outcome) return;
    this.#letters.addOwn({ ref: outsideRef(waiter), message: outcome.reply, reason: 'late' });
  }
}

/** What enters together. */
class Entering {
  readonly values: (ActorSend | ActorCreate)[];
  readonly done: Promise<void>;
  #enter: (() => void) | undefined;

  constructor(first: ActorSend | ActorCreate, send: (values: readonly (ActorSend | ActorCreate)[]) => Promise<void>) {
    this.values = [first];
    this.done = new Promise((resolve) => {
      this.#enter = () => {
        resolve(send(this.values));
      };
    });
    void Promise.resolve().then(() => {
      this.now();
    });
  }

  /** Enters now, if it has not yet. */
  now(): void {
    const enter = this.#enter;
    this.#enter = undefined;
    enter?.();
  }
}

type Watching = { readonly replyTo: ActorRef<null>; readonly reply?: ActorRef<never> };

/** An actor that replies when another one has stopped. */
const watching = ownBehavior('watching', (ref: ActorRef<never>) =>
  receive<Watching>(({ replyTo, reply }, ctx) => {
    if (reply === undefined) {
      ctx.watch(ref, { as: { replyTo } });
      return same;
    }
    ctx.send(replyTo, null);
    return stopped;
  }),
);

function outsideRef(waiter: number): ActorRef<never> {
  return new ActorRef<never>(`outside:${waiter}`, { kind: 'outside', waiter });
}

/** A dead letter on its way again. */
function resent({ ref, message, what }: ActorDeadLetter): ActorSend | ActorCreate {
  if (what === 'creation') return new ActorCreate(ref, message as Behavior<never>);
  return new ActorSend(ref, (what === 'signal' ? new Signalled(message as Signal) : message) as never);
}

function shutDown(where: string, what: string, cure: string): PorticoError {
  return wrong('system/shut-down', where, what, cure);
}

function timedOut(ref: ActorRef<never>, timeoutMs: number): PorticoError {
  const what = `no reply came within ${timeoutMs} ms`;
  return wrong('ask/timeout', String(ref), what, 'Let the actor reply to every request, or allow more time');
}

function wrong(code: ErrorCode, where: string, what: string, cure: string): PorticoError {
  return new PorticoError({ code, where, what, cure });
}
