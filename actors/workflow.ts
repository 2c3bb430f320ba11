/**
 * The compilation: a stream of sends and creations becomes one cyclic keyed workflow. A sequencer merges the stream with the
 * workflow's own output, each event goes to the key of its actor, and one task runs them all.
 */
import {
  answer,
  type ApplicationBuilder,
  type Egress,
  type Flow,
  type Key,
  type Portal,
  type Sequencer,
  type Stream,
} from '../src/index.ts';
import {
  ActorCreate,
  ActorSend,
  Control,
  type ActorDeadLetter,
  type Answer,
  type EffectCall,
  type OutsideReply,
} from './messages.ts';
import type { Outlets } from './outlets.ts';
import type { ActorAsk } from './portal.ts';
import { ActorRuntime } from './runtime.ts';
import type { Keeping } from './storable.ts';
import type { Supervision } from './supervise.ts';
import { unknownTopic, type Topic } from './topics.ts';

/** How the actors of a workflow may differ from the usual. */
export interface ActorConfig {
  /** The name of the workflow; its sequencer and outlets are called after it. `actors` if not given. */
  readonly name?: string;
  /** What happens with an actor whose turn fails, unless it is supervised itself. `quarantine` if not given. */
  readonly supervision?: Supervision;
  /** The portals that the actors may ask, with `ctx.askPortal`. */
  readonly portals?: readonly { readonly path: string }[];
  /** The topics under which the actors emit values. */
  readonly topics?: readonly Pick<Topic<never>, 'name' | 'retained'>[];
  /** How many dead letters are kept; the oldest are forgotten beyond that. 10,000 if not given. */
  readonly deadLetterLimit?: number;
  /** @internal */
  readonly keeping?: Keeping;
}

/** The workflow of actors, within an application. */
export interface ActorWorkflow {
  /** What the actors send to each other, as it goes round. */
  readonly stream: Stream<unknown>;
  /** What leaves the actors: `emitted` holds what they emit without a topic. */
  readonly outlets: Outlets;
  /** Where further streams of sends and creations can be connected, also by other applications. */
  readonly sequencer: Sequencer<ActorSend | ActorCreate>;
  /** By which tasks, also those of other applications, ask actors: see `askActor`. */
  readonly portal: Portal<ActorAsk, unknown>;
  /** What the actors emit under a topic. */
  emitted<T>(topic: Topic<T>): Stream<T>;
}

/**
 * Makes the workflow that runs actors, out of a stream of `ActorSend` and `ActorCreate` if one is given. More streams can be
 * connected to its `sequencer`.
 *
 * @example
 * ```ts
 * import { actorRef, ActorCreate, ActorSend, actorWorkflow, receive, same } from 'portico';
 * import { application, steppingSystem } from 'portico/dataflow';
 *
 * const printer = actorRef<string>('printer');
 * const app = application('print', (app) => {
 *   const sends = app.generators.fromArray([
 *     new ActorCreate(printer, receive<string>((text, ctx) => (ctx.log.info(text), same))),
 *     new ActorSend(printer, 'hello'),
 *   ]);
 *   actorWorkflow(app, sends);
 * });
 * const system = steppingSystem();
 * system.launch(app);
 * system.stepUntilComplete();
 * ```
 */
export function actorWorkflow(
  app: ApplicationBuilder,
  stream?: Stream<ActorSend | ActorCreate>,
  config: ActorConfig = {},
): ActorWorkflow {
  return workflowAround(
    (source) => source,
    (runtime) => runtime,
    app,
    stream,
    config,
  );
}

/** How an application gets its workflow of actors. */
export type WorkflowOf = typeof actorWorkflow;

/** What the task of the actors does. */
export type ActorTask = Pick<ActorRuntime, 'onNext' | 'onTimer' | 'onRequest' | 'portalReply' | 'care'>;

/** @internal The same, with something between the actors and their messages: a stage before them, and one around them. */
export function workflowAround(
  before: (source: Flow<unknown>) => Flow<unknown>,
  around: (runtime: ActorRuntime) => ActorTask,
  app: ApplicationBuilder,
  stream: Stream<ActorSend | ActorCreate> | undefined,
  { name = 'actors', supervision, portals = [], topics = [], deadLetterLimit = 10_000, keeping }: ActorConfig,
): ActorWorkflow {
  const outlets: Outlets = {
    outside: app.egress<OutsideReply>(`${name} outside`),
    // As many as keys are remembered.
    answers: app.egress<Answer>(`${name} answers`, { kept: true, most: Infinity }),
    effects: app.egress<EffectCall>(`${name} effects`, { kept: true }),
    deadLetters: app.egress<ActorDeadLetter>(`${name} dead letters`, { kept: true, most: deadLetterLimit }),
    emitted: app.egress<unknown>(`${name} emitted`),
    topics: new Map(topics.map((topic) => [topic.name, topicOutlet(app, name, topic)])),
  };
  const runtime = around(new ActorRuntime(outlets, supervision, keeping));
  const sequencer = app.sequencer<unknown>({ name });
  const portal = app.portal<ActorAsk, unknown>(name, { key: ({ ref }) => ref.id });
  const out = before(app.workflow(name).source(sequencer.stream))
    .key(byReference)
    .withName('by reference')
    .askerreplier<unknown>(
      { asks: portals, continuations: [runtime.portalReply] },
      [answer(portal, runtime.onRequest)],
      runtime.onNext,
    )
    .withName('ActorRuntime')
    .withOnTimer(runtime.onTimer)
    .withCare(runtime.care)
    .sink();
  if (stream !== undefined) app.connect(stream, sequencer);
  app.connect(out, sequencer);
  return {
    stream: out,
    outlets,
    sequencer: sequencer as unknown as ActorWorkflow['sequencer'],
    portal,
    emitted: <T>(topic: Topic<T>) => {
      const egress = outlets.topics.get(topic.name);
      if (egress === undefined) throw unknownTopic(topic, name);
      return egress.stream as Stream<T>;
    },
  };
}

function topicOutlet(
  app: ApplicationBuilder,
  workflow: string,
  { name, retained = false }: Pick<Topic<never>, 'name' | 'retained'>,
): Egress<unknown> {
  const egress = app.egress<unknown>(`${workflow} ${name}`);
  if (retained) app.retain(egress.stream);
  return egress;
}

/** What actors send has its key already; what comes from streams says whom it is for. */
function byReference(value: unknown, { key }: { readonly key: Key | undefined }): Key {
  // Most are plain messages, and one look tells.
  if (!(value instanceof Control)) return key ?? '';
  if (value instanceof ActorCreate) return value.id;
  return value instanceof ActorSend ? value.ref.id : (key ?? '');
}
