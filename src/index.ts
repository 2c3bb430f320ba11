/**
 * The dataflow of Portico, in reading order: write an application, launch it into a system, see what will run.
 *
 * @packageDocumentation
 */
// Write an application.
export {
  application,
  ApplicationBuilder,
  Generators,
  Registry,
  type ApplicationWith,
  type WorkflowOptions,
} from './graph/builder.ts';
export type {
  Application,
  ConnectionNode,
  EgressNode,
  EntityKind,
  IngressNode,
  OnFailure,
  PortalNode,
  ReferenceNode,
  SequencerNode,
  SinkNode,
  SplitNode,
  SplitterNode,
  TaskNode,
  WorkflowNode,
} from './graph/application.ts';
export { checkApplication } from './plan/compile.ts';
export { Flow, TaskFlow, WorkflowBuilder, type FlowValue, type Passing } from './graph/flow.ts';
export type { AnyFlow } from './graph/workflow.ts';
export type { Egress, Ingress, Portal, Sequencer, Splitter, Stream } from './graph/handles.ts';
export type { Key } from './graph/keys.ts';
export type { AtomSource, GeneratorNode, GeneratorOptions, Throttle } from './graph/generators.ts';
export {
  priority,
  random,
  roundRobin,
  type SequencerStrategy,
  type SequencerTurn,
} from './graph/sequencers.ts';

// Write its tasks.
export * as tasks from './graph/tasks.ts';
export { same, type Asks, type MachineState, type Stash } from './graph/tasks.ts';
export type { CareOf, InitContext, Task } from './graph/task.ts';
export { MapState, perKeyMap, perKeyState, perTaskMap, perTaskState, ValueState } from './graph/state.ts';
export { answer, continuation, type Answer } from './graph/portals.ts';
export type {
  AskerContext,
  AskOptions,
  Continuation,
  Future,
  FutureValues,
  Log,
  MapContext,
  ProcessorContext,
  ReplierContext,
  RequestId,
  StateAccess,
  StateContext,
  StateHandle,
  TimerId,
} from './graph/context.ts';

// Run it.
export { steppingSystem, SteppingSystem, type SteppingOptions } from './system/stepping.ts';
export { startSystem, RunningSystem } from './system/running.ts';
export type { RunningOptions, ShutdownOptions } from './system/options.ts';
export type { ApplicationRef, DeadLetterBox, StreamValue, SubscriberOf } from './system/operations.ts';
export type { DeadLetter } from './engine/deadletters.ts';
export type { PassKind } from './engine/entrance.ts';
export { explain, type ExplainOptions } from './system/explain.ts';
export { abortController, formatLogLine, manualClock, platformHost } from './host.ts';
export { guardedHost } from './system/guards.ts';
export type { Aborted, Clock, Host, LogLevel, LogRecord, ManualClock } from './host.ts';

// Keep it.
export { memoryStore, type Store, type StoreParts } from './system/store.ts';
export type { LastWords } from './engine/care.ts';
export type { EpochOptions } from './engine/epoch.ts';
export type { Once, RememberOptions } from './engine/entered.ts';
export type { DataType } from './codec.ts';
export type { Journal, JournalRecord, Opening } from './journal/journal.ts';
export type { Row, State } from './state/state.ts';

// When something is wrong.
export { errorCatalogue, InvariantViolation, PorticoError } from './errors.ts';
export type { ErrorCode, ErrorFamily, Problem } from './errors.ts';
