/**
 * Actors with the guarantees of stream processing.
 *
 * @packageDocumentation
 */
// Write behaviors.
export {
  behavior,
  init,
  receive,
  supervise,
  type BehaviorFactory,
  type BehaviorOptions,
  type ReceiveOptions,
} from './behaviors.ts';
export { Behavior, empty, ignore, same, stopped, unhandled } from './behavior.ts';
export type { Definition, SchemaIssue, SchemaResult, StandardSchema } from './behavior.ts';
export { ActorRef, refEquals } from './ref.ts';
export { mapState, valueState } from './context.ts';
export type {
  ActorContext,
  Adaptable,
  Adapted,
  Awaiting,
  CreateOptions,
  ReplyOf,
  RequestOf,
  StashBuffer,
  Timers,
} from './context.ts';
export type { PostStop, PreRestart, Signal, Terminated } from './signals.ts';
export { backoff, quarantine, restart, resume, stop, type Supervision } from './supervise.ts';
export { topic, type Topic, type TopicOptions } from './topics.ts';
export { effect, type Effect, type EffectContext, type EffectOptions } from './effects.ts';

// Patterns, made of the above.
export {
  receptionist,
  serviceKey,
  type Listing,
  type Receptionist,
  type ReceptionistMessage,
  type ServiceKey,
} from './receptionist.ts';
export {
  groupRouter,
  poolRouter,
  type GroupOptions,
  type HashBy,
  type PoolOptions,
  type RoutingStrategy,
} from './routers.ts';
export { askAll, type AskAllOptions, type Gathered } from './aggregate.ts';
export { intercept, interceptor, logMessages, monitor, type Interceptor } from './intercept.ts';

// Run them.
export {
  start,
  ActorSystem,
  type OutsideAskOptions,
  type SendOptions,
  type StartOptions,
  type StopOptions,
  type UnknownBehavior,
} from './system.ts';
export type { ActorDeadLetterBox, DeadMessage } from './deadletters.ts';
export type { ActorDeadLetter, Answer, EffectCall, Failure, Outcome, OutsideReply } from './messages.ts';

// Compose them with dataflows.
export { actorWorkflow, type ActorConfig, type ActorWorkflow } from './workflow.ts';
export { ActorCreate, ActorSend, type Birth } from './messages.ts';
export { askActor, type ActorAsk } from './portal.ts';
export { actorRef, entityRef } from './identity.ts';
export type { Outlets } from './outlets.ts';

// What they share with dataflows.
export { memoryStore, platformHost, PorticoError } from '../src/index.ts';
export type {
  DataType,
  EpochOptions,
  ErrorCode,
  Host,
  Key,
  Log,
  LogLevel,
  LogRecord,
  MapState,
  Store,
  StreamValue,
  ValueState,
} from '../src/index.ts';
