/** An application as data: what the user wrote, by path. It may be wrong; the plan checks it. */
import type { Problem } from '../errors.ts';
import type { GeneratorNode } from './generators.ts';
import type { Key } from './keys.ts';
import type { SequencerStrategy } from './sequencers.ts';
import type { TaskSpec } from './task.ts';

/** What was written with an application builder. Immutable; it can be launched in any number of systems. */
export interface Application {
  readonly name: string;
  readonly path: string;
  readonly workflows: readonly WorkflowNode[];
  readonly generators: readonly GeneratorNode[];
  readonly ingresses: readonly IngressNode[];
  readonly egresses: readonly EgressNode[];
  readonly sequencers: readonly SequencerNode[];
  readonly splitters: readonly SplitterNode[];
  readonly splits: readonly SplitNode[];
  readonly connections: readonly ConnectionNode[];
  readonly portals: readonly PortalNode[];
  /** The streams that keep their past. */
  readonly retained: readonly string[];
  /** Paths that were looked up in the registry. */
  readonly references: readonly ReferenceNode[];
  /** What was already wrong while building. */
  readonly problems: readonly Problem[];
}

/** What happens with an atom that fails: the system stops and says so, or the atom is set aside whole. */
export type OnFailure = 'stop' | 'deadLetter';

export interface WorkflowNode {
  readonly path: string;
  readonly name: string;
  readonly onFailure: OnFailure;
  /** The path of the stream it reads. */
  readonly source: string | undefined;
  readonly sourceName: string;
  /** Where it begins to read, if atoms were there before it. */
  readonly from: 'end' | 'start';
  /** In the order in which they were written, so every input comes before the tasks that read it. */
  readonly tasks: readonly TaskNode[];
  /** Undefined if no branch was sunk. */
  readonly sink: SinkNode | undefined;
}

export interface TaskNode {
  readonly name: string;
  /** @internal One after the other, under one name and with one state. Mostly just one. */
  readonly parts: readonly TaskSpec[];
  readonly inputs: readonly number[];
}

export interface SinkNode {
  readonly name: string;
  readonly inputs: readonly number[];
}

/** Stands for the source where a task or a sink says what it reads. */
export const SOURCE = -1;

export interface IngressNode {
  readonly path: string;
  readonly name: string;
  readonly key: ((value: unknown) => Key) | undefined;
}

export interface EgressNode {
  readonly path: string;
  readonly name: string;
  /** Whether each value is kept until somebody is done with it. */
  readonly kept: boolean;
  /** How many are kept at most, if the oldest may be forgotten. */
  readonly most?: number;
}

export interface SequencerNode {
  readonly path: string;
  readonly name: string;
  readonly strategy: SequencerStrategy;
}

export interface SplitterNode {
  readonly path: string;
  readonly name: string;
  readonly input: string;
}

export interface SplitNode {
  /** The path of its stream, under the splitter. */
  readonly path: string;
  readonly splitter: string;
  readonly predicate: (value: unknown) => boolean;
}

export interface ConnectionNode {
  readonly path: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly priority: number;
}

export interface PortalNode {
  readonly path: string;
  readonly name: string;
  readonly key: ((request: unknown) => Key) | undefined;
}

export interface ReferenceNode {
  readonly path: string;
  readonly kind: EntityKind;
}

/** What a path can name. */
export type EntityKind = 'stream' | 'sequencer' | 'splitter' | 'portal';

/** Whether something is an application, as far as can be seen. */
export function isApplication(given: unknown): given is Application {
  if (typeof given !== 'object' || given === null) return false;
  const { path, ...parts } = given as Record<string, unknown>;
  return typeof path === 'string' && lists.every((name) => Array.isArray(parts[name]));
}

const lists: readonly (keyof Application)[] = [
  'workflows',
  'generators',
  'ingresses',
  'egresses',
  'sequencers',
  'splitters',
  'splits',
  'connections',
  'portals',
  'retained',
  'references',
  'problems',
];

/** Stands for the path of an argument that was no handle. The builder has said so; nothing else is said about it. */
export const NOTHING = '';

/** The path of the stream of a workflow, generator, ingress, egress or sequencer. */
export function streamPath(path: string): string {
  return `${path}/stream`;
}
