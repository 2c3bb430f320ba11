/**
 * A system of actors, as users start it: an application with the workflow of actors in it, and the ways in and out.
 *
 * Z1. Whoever waits for a reply is told: by the reply, a failure, the timeout, or the end of the system.
 * Z2. What is sent in one moment enters together, in order: as one atom, and so with one commit. Nobody is in the midst of a run
 *     then, so subscribers and effects can send, too.
 * Z3. What cannot be stored is refused before it enters, by itself: neither the system nor what enters with it is any worse for it.
 */
import {
  application,
  guardedHost,
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
  type Key,
  type LogRecord,
  type RunningOptions,
  type Once,
  type RunningSystem,
  type Stream,
  type StreamValue,
} from '../src/index.ts';
import { checkBehavior, same, stopped, type Behavior, type Definition } from './behavior.ts';
import { ownDefinitions, receive, visitor } from './behaviors.ts';
import type { CreateOptions, ReplyOf, RequestOf } from './context.ts';
import { Answers } from './answers.ts';
import { ActorDeadLetters, unknownLetter, type ActorDeadLetterBox } from './deadletters.ts';
import { Door, isName } from './door.ts';
import { EffectRunner } from './effect-runner.ts';
import type { Effect } from './effects.ts';
import { entityRef, nameId } from './identity.ts';
import {
  ActorCreate,
  ActorSend,
  type Control,
  NewRun,
  Signalled,
  WhoWaits,
  type ActorDeadLetter,
  type Outcome,
} from './messages.ts';
import type { Unknown } from './kept.ts';
import { ActorRef, checkRef } from './ref.ts';
import type { Signal } from './signals.ts';
import { checkStorable, definitionsOf, type Definitions } from './storable.ts';
import { actorTypes } from './stored.ts';
import type { Supervision } from './supervise.ts';
import type { Topic } from './topics.ts';
import { words } from './undelivered.ts';
import { Waiters } from './waiters.ts';
import { actorWorkflow, type ActorWorkflow, type WorkflowOf } from './workflow.ts';

/** What a system of actors is started with. */
export interface StartOptions extends Pick<
  RunningOptions,
  'ingressLimit' | 'sendLimit' | 'backlogLimit' | 'maxMessageBytes' | 'remember' | 'maxAttempts'
> {
  /** The behaviors by name. */
  readonly behaviors?: Readonly<Record<string, { readonly definition: Definition }>>;
  /** The effects that actors may run. */
  readonly effects?: Readonly<Record<string, Effect<never, unknown>>>;
  /** Applications that run beside the actors, launched before them. Those that need the actors come after: `dataflow.launch`. */
  readonly applications?: readonly Application[];
  /** The portals that the actors may ask, with `ctx.askPortal`. */
  readonly portals?: readonly { readonly path: string }[];
  /** The topics under which the actors emit values. */
  readonly topics?: readonly Pick<Topic<never>, 'name' | 'retained'>[];
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

/** An actor that waits because the program cannot have its behavior. */
export interface UnknownBehavior extends Unknown {
  readonly ref: ActorRef<never>;
}

/** How a message from outside may differ from the usual. */
export interface SendOptions {
  /**
   * By what the actor knows the message if it is sent again: then it is not handled again. A text of its own for each message;
   * or a number of the sender's, which grows from message to message.
   */
  readonly idempotencyKey?: string | { readonly client: string; readonly seq: number };
}

/** How a system is stopped. */
export interface StopOptions {
  /** Lets all that is under way come to its end first. False if not given. */
  readonly drain?: boolean;
  /** How many milliseconds that may take, and committing then as many. 10,000 if not given. */
  readonly deadlineMs?: number;
}

/** How an ask from outside may differ from the usual. */
export interface OutsideAskOptions {
  /**
   * By what the actor knows the request if it is asked again: then it is not handled again, and the answer is the one that was
   * recorded, a reply or a failure. A caller that waits no longer is no answer: ask again, and wait for the first attempt.
   */
  readonly idempotencyKey?: string;
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
  const { name = 'actors', supervision, portals, topics, deadLetterLimit, applications = [] } = options;
  const host = guardedHost(hostWith(options));
  const { store, owner = name, types = [], epochs, behaviors = {} } = options;
  const given = Object.values(behaviors).map(({ definition }) => definition);
  const definitions = definitionsOf([...given, ...ownDefinitions]);
  const origin = `${host.entropy().toString(36)}${host.entropy().toString(36)}`;
  const app = application(name, (app) => {
    const ingress = app.ingress<ActorSend | ActorCreate>('in');
    const config = {
      keeping: { behaviors: store && definitions, origin },
      ...(supervision && { supervision }),
      ...(portals && { portals }),
      ...(topics && { topics }),
      ...(deadLetterLimit !== undefined && { deadLetterLimit }),
    };
    return { ingress, actors: workflowOf(app, ingress.stream, config) };
  });
  const running = await startSystem({
    applications: [...applications, app],
    host,
    ...(store !== undefined && { store, owner, types: [...actorTypes(definitions), ...types] }),
    ...(epochs !== undefined && { epochs }),
    ...limitsOf(options),
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.strict !== undefined && { strict: options.strict }),
  });
  const system = new ActorSystem(running, app.handles, host, options, store && definitions);
  if (running.run > 1) await system.goOn();
  return system;
}

function limitsOf(options: StartOptions): RunningOptions {
  const { ingressLimit, sendLimit, backlogLimit, maxMessageBytes, remember, maxAttempts } = options;
  return {
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(backlogLimit !== undefined && { backlogLimit }),
    ...(ingressLimit !== undefined && { ingressLimit }),
    ...(sendLimit !== undefined && { sendLimit }),
    ...(maxMessageBytes !== undefined && { maxMessageBytes }),
    ...(remember !== undefined && { remember }),
  };
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
    after: (delayMs, wake, aside) => host.after(delayMs, wake, aside),
    log,
  };
}

/** The ways in and out of the application that the actors are. */
interface Handles {
  readonly ingress: Ingress<ActorSend | ActorCreate>;
  readonly actors: ActorWorkflow;
}

const ASK_TIMEOUT_MS = 30_000;
const SEND_LIMIT = 100_000;
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
  /** The behaviors that can be stored; undefined if nothing is. */
  readonly #storable: Definitions | undefined;
  readonly #host: Host;
  readonly #effects: EffectRunner;
  readonly #letters: ActorDeadLetters;
  readonly #waiters: Waiters;
  readonly #answers: Answers;
  readonly #door: Door;
  /** Behaviors of entities that can be stored. */
  readonly #seen = new WeakSet<object>();
  /** What is about to enter. */
  #entering: Entering | undefined;
  /** How many messages and creations are on their way in, and how many may be. */
  #sending = 0;
  readonly #sendLimit: number;
  #created = 0;
  #stopped = false;

  /** @internal */
  constructor(
    dataflow: RunningSystem,
    handles: Handles,
    host: Host,
    options: StartOptions,
    storable: Definitions | undefined,
  ) {
    this.dataflow = dataflow;
    this.#storable = storable;
    this.#sendLimit = options.sendLimit ?? SEND_LIMIT;
    this.#handles = handles;
    this.#host = host;
    this.actors = handles.actors;
    const { outlets } = handles.actors;
    const name = options.name ?? 'actors';
    const effects = new Map(Object.values(options.effects ?? {}).map((effect) => [effect.name, effect]));
    this.#waiters = new Waiters(dataflow.run);
    this.#effects = new EffectRunner(
      effects,
      host,
      name,
      (id, outcome) => {
        this.#check(outcome.ref, outcome.message);
        this.#settle(outlets.effects, id, outcome).catch(() => {
          // The system has ended. If it is kept, the effect begins anew when it is started again.
        });
      },
      (effect, args, call) => dataflow.attempt(effect, args, call),
    );
    this.#door = new Door(
      (send, once) => (once === undefined ? this.#put(send) : this.#putOnce(send, once)),
      this.#waiters,
    );
    const entered = dataflow.entered(handles.ingress);
    const answers = new Answers({
      remembers: (key) => entered.has(key),
      settle: (id) => {
        this.#settle(outlets.answers, id).catch(() => {
          // The system has ended. If it is kept, the answer is there when it is started again, and is forgotten then.
        });
      },
      tell: (waiter, outcome) => {
        this.#waiters.settle({ waiter, outcome });
      },
      late: ({ key, outcome }) => {
        this.#late(answerRef(key), outcome);
      },
    });
    this.#answers = answers;
    entered.onForget = (key) => {
      answers.forget(key);
    };
    const letters = new ActorDeadLetters(options.deadLetterLimit ?? 10_000, {
      resend: async (letter) => {
        const { ref, message, what, id } = letter;
        const isOwn = id < 0;
        // Whoever has the name now may have another schema.
        if (isName(ref) && what === undefined) {
          const once = isOwn ? undefined : { key: `portico/dead letter ${id}` };
          await this.#door.admit(ref, message, once);
          if (!isOwn) await this.#settle(outlets.deadLetters, id);
        } else if (isOwn) await this.#put(resent(letter));
        else if (!(await this.#settle(outlets.deadLetters, id, resent(letter)))) throw unknownLetter(id);
      },
      settle: (id) => {
        this.#settle(outlets.deadLetters, id).catch(() => {
          // The system has ended. If it is kept, the letter is there when it is started again.
        });
      },
    });
    this.deadLetters = letters;
    this.#letters = letters;
    // Z1.
    dataflow.onEnd((reason) => {
      if (this.#stopped) this.#end();
      this.#effects.stop();
      this.#waiters.rejectAll(reason);
    });
    dataflow.subscribe(outlets.outside.stream, (reply) => {
      if (!this.#waiters.settle(reply)) this.#late(outsideRef(reply.waiter), reply.outcome);
    });
    dataflow.handle(outlets.answers, (answer, { id }) => {
      answers.add(answer, id);
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
    const created = await this.#question((waiter) => new NewRun(waiter));
    this.#created = Math.max(this.#created, created as number);
  }

  /** What the runtime of the actors itself is asked. */
  #question(question: (waiter: number) => Control): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const waiter = this.#waiters.add({ from: 'the actors', resolve, reject });
      const send = new ActorSend(new ActorRef<never>(0), question(waiter) as never);
      this.dataflow.enter(this.#handles.ingress, [send], true, false).catch((error: unknown) => {
        this.#waiters.reject(waiter, error as PorticoError);
      });
    });
  }

  /** Creates an actor. The reference can be used at once. */
  create<M>(behavior: Behavior<M>, options: Pick<CreateOptions, 'name'> = {}): ActorRef<M> {
    if (this.#stopped) throw shutDown('system.create', 'the system was stopped', 'Start a new one');
    checkBehavior(behavior, 'system.create');
    if (this.#sending >= this.#sendLimit) throw overflow(this.#sending);
    if (this.#storable !== undefined) checkStorable(behavior, this.#storable, 'system.create');
    this.dataflow.check(behavior, String(behavior));
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
    const ref = entityRef(behavior, id, 'system.entity');
    if (this.#storable !== undefined) checkStorable(behavior, this.#storable, 'system.entity');
    return ref;
  }

  /** Sends a message. Resolves when the system has taken it, now or before. */
  send<M>(ref: ActorRef<M>, message: NoInfer<M>, options?: SendOptions): Promise<void> {
    try {
      checkRef(ref, 'system.send', 'system/bad-argument');
      const key = options?.idempotencyKey;
      return this.#door.admit(ref, message, key === undefined ? undefined : onceAt(ref, key, 'system.send'));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Asks an actor; resolves with its reply. */
  async ask<M, const Q extends RequestOf<M>>(
    ref: ActorRef<M>,
    request: Q,
    options: OutsideAskOptions = {},
  ): Promise<ReplyOf<M, Q>> {
    checkRef(ref, 'system.ask', 'system/bad-argument');
    const { timeoutMs = ASK_TIMEOUT_MS, idempotencyKey } = options;
    const once = idempotencyKey === undefined ? undefined : { key: keyAt(ref, idempotencyKey, 'system.ask') };
    return new Promise<ReplyOf<M, Q>>((resolve, reject) => {
      const forget = this.#after(timeoutMs, () => {
        this.#waiters.reject(waiter, timedOut(ref, timeoutMs));
      });
      const cancel = (): void => {
        forget();
        if (once !== undefined) this.#answers.left(once.key, waiter);
      };
      const waiter = this.#waiters.add({ from: String(ref), resolve, reject, cancel });
      if (once !== undefined && this.#answers.wait(once.key, waiter)) return;
      const replyTo = once === undefined ? outsideRef(waiter) : answerRef(once.key);
      this.#door.admit(ref, { ...(request as object), replyTo }, once).catch((error: unknown) => {
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

  /**
   * The actors that wait because the program cannot have their behavior: it is not among those that the system was started with,
   * or stored in another version. They are known once there was something for them to do. A program that has the behavior goes
   * on with them, and nothing is lost.
   */
  async unknownBehaviors(): Promise<readonly UnknownBehavior[]> {
    const waiting = (await this.#question((waiter) => new WhoWaits(waiter))) as [Key, Unknown][];
    return waiting.map(([key, unknown]) => ({ ref: new ActorRef(key), ...unknown }));
  }

  /**
   * Brings all stored actors up to the versions of their behaviors in this program, instead of each when it is first needed:
   * after it, `migrate` of the older versions is not called any more. The system goes on meanwhile. Returns how many actors
   * there were.
   */
  migrate(): Promise<number> {
    return this.dataflow.migrate();
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

  /**
   * Reads what actors emit under a topic that is retained, value by value, each with a cursor; from its beginning, or on from
   * the cursor of the last value that was read. Who keeps the cursor together with what was made of the value sees every value
   * once, whoever crashes.
   *
   * @example
   * ```ts
   * import { behavior, receive, same, start, topic } from 'portico';
   *
   * const sales = topic<number>('sales', { retained: true });
   * const till = behavior('till', () => receive<number>((price, ctx) => (ctx.emit(sales, price), same)));
   *
   * await using system = await start({ behaviors: { till }, topics: [sales] });
   * const ref = system.create(till());
   * for (const price of [3, 4]) await system.send(ref, price);
   *
   * const first = await system.readFrom(sales).next();
   * console.log(first.value?.value); // 3
   * const second = await system.readFrom(sales, first.value?.cursor).next();
   * console.log(second.value?.value); // 4
   * ```
   */
  readFrom<T>(topic: Topic<T>, cursor?: string): AsyncIterableIterator<StreamValue<T>, undefined, void> {
    return this.dataflow.readFrom(this.actors.emitted(topic), cursor);
  }

  /** Lets go of all that was emitted under a topic before a cursor. */
  forget<T>(topic: Topic<T>, cursor: string): void {
    this.dataflow.forget(this.actors.emitted(topic), cursor);
  }

  /** @internal A listener threw, and hears nothing more. */
  unsubscribed(where: string, cause: unknown): void {
    const what = `a listener threw, and it was unsubscribed: ${words(cause)}`;
    const cure = 'Catch in the listener what may happen there, and subscribe again';
    const { message } = wrong('system/subscriber-failed', where, what, cure);
    this.#host.log({ level: 'error', name: 'system', path: where, value: message });
  }

  #emitted(topic?: Topic<unknown>): Stream<unknown> {
    return topic === undefined ? this.actors.outlets.emitted.stream : this.actors.emitted(topic);
  }

  /** Resolves when there is nothing left to do: no message waits and no effect runs. Timers do not count. */
  async idle(): Promise<void> {
    for (;;) {
      const { outcomes } = this.#effects;
      await this.#entering?.done.catch(() => {
        // Whoever sent it is told. Whether the system has ended is asked next.
      });
      await this.dataflow.idle();
      const entering = this.#door.next();
      if (entering !== undefined) await entering;
      else if (this.#effects.running > 0) await new Promise<void>((resolve) => this.#host.after(1, resolve));
      // An outcome that came meanwhile is a message that waits.
      else if (this.#effects.outcomes === outcomes) return;
    }
  }

  /**
   * Ends the system. With `drain` nothing enters any more, and all that is under way comes to its end first: messages, replies,
   * effects. Otherwise what has not been done by then is not done, or if the system is kept, when it is started again. Rejects
   * with `system/unfinished` if it could not do so in time. A second call ends the first at once: what was committed stays.
   *
   * @example
   * ```ts
   * import { behavior, receive, same, start } from 'portico';
   *
   * const printer = behavior('printer', () => receive<string>((text, ctx) => (ctx.log.info(text), same)));
   * const system = await start({ behaviors: { printer } });
   * void system.send(system.create(printer()), 'the last words');
   * await system.stop({ drain: true, deadlineMs: 5_000 });
   * ```
   */
  async stop({ drain = false, deadlineMs }: StopOptions = {}): Promise<void> {
    // What was sent before enters.
    this.#entering?.now();
    this.#stopped = true;
    if (!drain) this.#end();
    await this.dataflow.shutdown({
      drain: drain && (() => this.idle()),
      ...(deadlineMs !== undefined && { deadlineMs }),
    });
  }

  /** Stops it, unless that was done or is under way. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stopped ? this.dataflow[Symbol.asyncDispose]() : this.stop();
  }

  /** Nobody waits any more. */
  #end(): void {
    this.#effects.stop();
    const what = 'the system was stopped before there was a reply';
    this.#waiters.rejectAll(shutDown('stop', what, 'Wait for replies first, or stop it with drain: true'));
  }

  /** Z3. A message that cannot be stored, with the path to what is wrong in it. */
  #check(ref: ActorRef<never>, message: unknown): void {
    const { via } = ref;
    try {
      if (via !== undefined && !(via.kind === 'entity' && this.#seen.has(via.behavior))) {
        this.dataflow.check(ref, 'system.send');
        if (via.kind === 'entity') this.#seen.add(via.behavior);
      }
      this.dataflow.check(message, 'system.send');
    } catch (error) {
      throw error instanceof PorticoError ? said(error, ref) : error;
    }
  }

  /** Z2. */
  #put(value: ActorSend | ActorCreate): Promise<void> {
    try {
      if (this.#sending >= this.#sendLimit) throw overflow(this.#sending);
      if (value.kind === 'send') this.#check(value.ref, value.message);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#sending++;
    const entering = this.#entering;
    if (entering !== undefined && entering.values.length < MOST_TOGETHER) {
      entering.values.push(value);
      return entering.done;
    }
    const next = new Entering(value, async (values) => {
      if (this.#entering === next) this.#entering = undefined;
      try {
        // Each was checked when it was sent, so that one that is refused harms no other.
        await this.dataflow.enter(this.#handles.ingress, values, true);
      } finally {
        this.#sending -= values.length;
      }
    });
    this.#entering = next;
    return next.done;
  }

  /** What may be sent again enters by itself, between what was sent before and what is sent after it. */
  async #putOnce(send: ActorSend, once: Once): Promise<void> {
    this.#check(send.ref, send.message);
    this.#entering = undefined;
    await Promise.resolve();
    await this.dataflow.sendOnce(this.#handles.ingress, once, send);
  }

  /** What is kept under a number is done with; the outcome enters in the same commit. False if it was done with before. */
  async #settle<T>(egress: Egress<T>, id: number, outcome?: ActorSend | ActorCreate): Promise<boolean> {
    const { ingress } = this.#handles;
    const enters = outcome && { ingress, values: [outcome] };
    try {
      return await this.dataflow.settle(egress, id, enters);
    } catch (error) {
      if (!(error instanceof PorticoError && error.code === 'system/re-entered')) throw error;
      // As in #put.
      return this.dataflow.settle(egress, id, enters);
    }
  }

  #after(timeoutMs: number, wake: () => void): () => void {
    return timeoutMs === Infinity ? () => undefined : this.#host.after(timeoutMs, wake);
  }

  /** A reply that nobody waits for any more. */
  #late(ref: ActorRef<never>, outcome: Outcome): void {
    if ('failure' in outcome) return;
    this.#letters.addOwn({ ref, message: outcome.reply, reason: 'late' });
  }
}

/** The same error, about this actor. */
function said({ code, what, cure, cause }: PorticoError, ref: ActorRef<never>): PorticoError {
  return new PorticoError({ code, where: String(ref), what, cure }, { cause });
}

/** What enters together. */
class Entering {
  readonly values: (ActorSend | ActorCreate)[];
  readonly done: Promise<void>;
  #enter: (() => void) | undefined;

  constructor(
    first: ActorSend | ActorCreate,
    send: (values: readonly (ActorSend | ActorCreate)[]) => Promise<void>,
  ) {
    this.values = [first];
    this.done = new Promise((resolve) => {
      this.#enter = () => {
        resolve(send(this.values));
      };
    });
    // It ends with `now`, which throws nothing.
    void this.#soon();
  }

  async #soon(): Promise<void> {
    await Promise.resolve();
    this.now();
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
const watching = visitor('watching', (ref: ActorRef<never>) =>
  receive<Watching>(({ replyTo, reply }, ctx) => {
    if (reply === undefined) {
      ctx.watch(ref, { as: { replyTo } });
      return same;
    }
    ctx.send(replyTo, null);
    return stopped;
  }),
);

/** Keys are those of one actor, for messages or for asks. */
function onceAt(
  ref: ActorRef<never>,
  key: string | { readonly client: string; readonly seq: number },
  where: string,
): Once {
  // What comes from outside may be anything, null too.
  return typeof key === 'object' && (key as unknown) !== null
    ? { client: keyAt(ref, key.client, where), seq: key.seq }
    : { key: keyAt(ref, key, where) };
}

function keyAt({ id }: ActorRef<never>, key: unknown, where: string): string {
  if (typeof key === 'string' && key !== '') return JSON.stringify([where, typeof id, String(id), key]);
  const given = key === '' ? 'an empty text' : `a value of type ${typeof key}`;
  const what = `an idempotency key is needed, and ${given} was given`;
  throw wrong('system/bad-argument', where, what, 'Give a text that is not empty');
}

function answerRef(key: string): ActorRef<never> {
  return new ActorRef<never>(`answer:${key}`, { kind: 'answer', key });
}

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

function overflow(sending: number): PorticoError {
  const cure = 'Await each send, or so many at a time; or allow more with sendLimit';
  return wrong('ingress/overflow', 'system', `${sending} messages are on their way in already`, cure);
}

function timedOut(ref: ActorRef<never>, timeoutMs: number): PorticoError {
  const what = `no reply came within ${timeoutMs} ms`;
  return wrong('ask/timeout', String(ref), what, 'Let the actor reply to every request, or allow more time');
}

function wrong(code: ErrorCode, where: string, what: string, cure: string): PorticoError {
  return new PorticoError({ code, where, what, cure });
}
