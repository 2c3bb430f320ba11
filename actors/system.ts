/**
 * A system of actors, as users start it: an application with the workflow of actors in it, and the ways in and out.
 *
 * Z1. Whoever waits for a reply is told: by the reply, a failure, the timeout, or the end of the system.
 */
import {
  application,
  platformHost,
  PorticoError,
  startSystem,
  type Application,
  type ErrorCode,
  type Host,
  type Ingress,
  type Key,
  type RunningSystem,
} from '../src/index.ts';
import {
  checkBehavior,
  same,
  stopped,
  type Behavior,
  type Definition,
  type SchemaIssue,
  type StandardSchema,
} from './behavior.ts';
import { receive } from './behaviors.ts';
import type { CreateOptions, ReplyOf, RequestOf } from './context.ts';
import { ActorDeadLetters, type ActorDeadLetterBox } from './deadletters.ts';
import { EffectRunner } from './effect-runner.ts';
import type { Effect } from './effects.ts';
import { entityRef, nameId } from './identity.ts';
import {
  ActorCreate,
  ActorSend,
  Signalled,
  type ActorDeadLetter,
  type Failure,
  type OutsideReply,
} from './messages.ts';
import { ActorRef, checkRef } from './ref.ts';
import type { Signal } from './signals.ts';
import type { Supervision } from './supervise.ts';
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
  /** The name of the application that the actors are. `actors` if not given. */
  readonly name?: string;
  /** What happens with an actor whose turn fails, unless it is supervised itself. `quarantine` if not given. */
  readonly supervision?: Supervision;
  /** The platform: its clock, chance, scheduler and log. That of the process if not given. */
  readonly host?: Host;
  /** Decides every choice that the program leaves open. */
  readonly seed?: number;
  /** Freezes values of state, so that a change in place is found at once. True if not given. */
  readonly strict?: boolean;
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
  const { name = 'actors', supervision, portals, applications = [], host = platformHost() } = options;
  const app = application(name, (app) => {
    const ingress = app.ingress<ActorSend | ActorCreate>('in');
    const config = { ...(supervision && { supervision }), ...(portals && { portals }) };
    return { ingress, actors: workflowOf(app, ingress.stream, config) };
  });
  const running = await startSystem({
    applications: [...applications, app],
    host,
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.strict !== undefined && { strict: options.strict }),
  });
  return new ActorSystem(running, app.handles, host, options);
}

interface Waiter {
  resolve(reply: unknown): void;
  reject(error: PorticoError): void;
  readonly cancel: () => void;
}

/** The ways in and out of the application that the actors are. */
interface Handles {
  readonly ingress: Ingress<ActorSend | ActorCreate>;
  readonly actors: ActorWorkflow;
}

const ASK_TIMEOUT_MS = 30_000;

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
  readonly #waiters = new Map<number, Waiter>();
  readonly #schemas = new WeakMap<ActorRef<never>, StandardSchema>();
  /** The last message for an actor that is still being checked. */
  readonly #doors = new Map<Key, Promise<void>>();
  #created = 0;
  #asked = 0;
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
    this.#effects = new EffectRunner(effects, host, name, (send) => {
      this.#put(send).catch(() => undefined);
    });
    const letters = new ActorDeadLetters(options.deadLetterLimit ?? 10_000, (letter) =>
      this.#put(resent(letter)),
    );
    this.deadLetters = letters;
    this.#letters = letters;
    // Z1.
    dataflow.onEnd((reason) => {
      this.#effects.stop();
      this.#rejectAll(reason);
    });
    dataflow.subscribe(outlets.outside.stream, (reply) => {
      this.#settle(reply);
    });
    dataflow.subscribe(outlets.effects.stream, (call) => {
      this.#effects.start(call);
    });
    dataflow.subscribe(outlets.deadLetters.stream, (letter) => {
      letters.add(letter);
    });
  }

  /** Creates an actor. The reference can be used at once. */
  create<M>(behavior: Behavior<M>, options: Pick<CreateOptions, 'name'> = {}): ActorRef<M> {
    if (this.#stopped) throw shutDown('system.create', 'the system was stopped', 'Start a new one');
    checkBehavior(behavior, 'system.create');
    const id = options.name === undefined ? -++this.#created : nameId(options.name, 'system.create');
    const ref = new ActorRef<M>(id);
    this.#remember(ref, behavior);
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
  async send<M>(ref: ActorRef<M>, message: NoInfer<M>): Promise<void> {
    checkRef(ref, 'system.send', 'system/bad-argument');
    await this.#admit(ref, message);
  }

  /** Asks an actor; resolves with its reply. */
  async ask<M, const Q extends RequestOf<M>>(
    ref: ActorRef<M>,
    request: Q,
    options: OutsideAskOptions = {},
  ): Promise<ReplyOf<M, Q>> {
    checkRef(ref, 'system.ask', 'system/bad-argument');
    const waiter = ++this.#asked;
    const { timeoutMs = ASK_TIMEOUT_MS } = options;
    const message = { ...(request as object), replyTo: outsideRef(waiter) };
    return new Promise<ReplyOf<M, Q>>((resolve, reject) => {
      const cancel = this.#after(timeoutMs, () => {
        const what = `no reply came within ${timeoutMs} ms`;
        this.#take(waiter)?.reject(
          wrong('ask/timeout', String(ref), what, 'Let the actor reply to every request, or allow more time'),
        );
      });
      this.#waiters.set(waiter, { resolve, reject, cancel });
      this.#admit(ref, message).catch((error: unknown) => {
        this.#take(waiter)?.reject(error as PorticoError);
      });
    });
  }

  /** Resolves when an actor has stopped. */
  async watch(ref: ActorRef<never>): Promise<void> {
    checkRef(ref, 'system.watch', 'system/bad-argument');
    const watcher = this.create(watching(ref));
    await this.ask(watcher, {}, { timeoutMs: Infinity });
  }

  /** Calls `subscriber` with each value that an actor emits; the returned function ends that. */
  subscribe(subscriber: (value: unknown) => void): () => void {
    return this.dataflow.subscribe(this.actors.outlets.emitted.stream, (value) => {
      subscriber(value);
    });
  }

  /**
   * Reads what actors emit, value by value: `for await (const value of system.read())`. What was not read yet waits, but no
   * actor does: one that should go no faster than it is read is asked for each value.
   */
  read(): AsyncIterableIterator<unknown, undefined, void> {
    return this.dataflow.read(this.actors.outlets.emitted.stream);
  }

  /** Resolves when there is nothing left to do: no message waits and no effect runs. Timers do not count. */
  async idle(): Promise<void> {
    for (;;) {
      const { outcomes } = this.#effects;
      await this.dataflow.idle();
      if (this.#effects.running > 0) await new Promise<void>((resolve) => this.#host.after(1, resolve));
      // An outcome that came meanwhile is a message that waits.
      else if (this.#effects.outcomes === outcomes) return;
    }
  }

  /** Ends the system. What has not been done by then is not done; `idle` comes first. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#effects.stop();
    const end = shutDown('stop', 'the system was stopped before there was a reply', 'Wait for replies first');
    this.#rejectAll(end);
    await this.dataflow.shutdown();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #rejectAll(reason: PorticoError): void {
    for (const id of this.#waiters.keys()) this.#take(id)?.reject(reason);
  }

  async #put(value: ActorSend | ActorCreate): Promise<void> {
    try {
      await this.dataflow.send(this.#handles.ingress, value);
    } catch (error) {
      if (!(error instanceof PorticoError && error.code === 'system/re-entered')) throw error;
      // Subscribers and effects are called in the midst of a run; what they send enters right after it.
      await this.dataflow.send(this.#handles.ingress, value);
    }
  }

  #after(timeoutMs: number, wake: () => void): () => void {
    return timeoutMs === Infinity ? () => undefined : this.#host.after(timeoutMs, wake);
  }

  #settle({ waiter, outcome }: OutsideReply): void {
    const found = this.#take(waiter);
    if ('failure' in outcome) found?.reject(failed(outcome.failure));
    else if (found !== undefined) found.resolve(outcome.reply);
    else this.#letters.add({ ref: outsideRef(waiter), message: outcome.reply, reason: 'late' });
  }

  #take(waiter: number): Waiter | undefined {
    const found = this.#waiters.get(waiter);
    this.#waiters.delete(waiter);
    found?.cancel();
    return found;
  }

  #remember(ref: ActorRef<never>, behavior: Behavior<never>): void {
    const schema = schemaOf(behavior);
    if (schema !== undefined) this.#schemas.set(ref, schema);
  }

  /** Lets a message in, unless it does not fit the schema of the actor's behavior; in order, however long checking takes. */
  async #admit(ref: ActorRef<never>, message: unknown): Promise<void> {
    const schema =
      ref.via?.kind === 'entity' ? schemaOf(ref.via.behavior as Behavior<never>) : this.#schemas.get(ref);
    const send = new ActorSend(ref, message as never);
    if (schema === undefined) {
      await this.#put(send);
      return;
    }
    const { id } = ref;
    const before = this.#doors.get(id);
    const entering = this.#enter(send, schema, before);
    const door = entering.catch(() => undefined);
    this.#doors.set(id, door);
    await door;
    if (this.#doors.get(id) === door) this.#doors.delete(id);
    await entering;
  }

  async #enter(send: ActorSend, schema: StandardSchema, before: Promise<void> | undefined): Promise<void> {
    const result = await schema['~standard'].validate(send.message);
    await before;
    const [issue] = result.issues ?? [];
    if (issue !== undefined) throw misfit(send.ref, issue);
    await this.#put(send);
  }
}

type Watching = { readonly replyTo: ActorRef<null>; readonly reply?: ActorRef<never> };

/** An actor that replies when another one has stopped. */
function watching(ref: ActorRef<never>): Behavior<Watching> {
  return receive<Watching>(({ replyTo, reply }, ctx) => {
    if (reply === undefined) {
      ctx.watch(ref, { as: { replyTo } });
      return same;
    }
    ctx.send(replyTo, null);
    return stopped;
  });
}

function outsideRef(waiter: number): ActorRef<never> {
  return new ActorRef<never>(`outside:${waiter}`, { kind: 'outside', waiter });
}

function schemaOf({ definition }: Behavior<never>): StandardSchema | undefined {
  return definition?.schema;
}

/** A dead letter on its way again. */
function resent({ ref, message, what }: ActorDeadLetter): ActorSend | ActorCreate {
  if (what === 'creation') return new ActorCreate(ref, message as Behavior<never>);
  return new ActorSend(ref, (what === 'signal' ? new Signalled(message as Signal) : message) as never);
}

function misfit(ref: ActorRef<never>, { message, path = [] }: SchemaIssue): PorticoError {
  const at = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  const what = `the message does not fit${at === '' ? '' : ` at ${at}`}: ${message}`;
  return wrong('actor/bad-message', String(ref), what, 'Send what the schema of its behavior allows');
}

function shutDown(where: string, what: string, cure: string): PorticoError {
  return wrong('system/shut-down', where, what, cure);
}

function failed({ code, message }: Failure): PorticoError {
  const known: ErrorCode = code === 'ask/timeout' ? 'ask/timeout' : 'ask/failed';
  return wrong(
    known,
    'ask',
    `there is no reply [${code}]: ${message}`,
    'Look at the dead letters for the message and its cause',
  );
}

function wrong(code: ErrorCode, where: string, what: string, cure: string): PorticoError {
  return new PorticoError({ code, where, what, cure });
}
