/** A plan: an application that was checked, with what the engine has to know to run it. Immutable. */
import type { Problem } from '../errors.ts';
import type { Application, EntityKind, IngressNode } from '../graph/application.ts';

export interface Plan {
  readonly application: Application;
  /** All that is wrong. A plan with problems does not run. */
  readonly problems: readonly Problem[];
  /** The entities that other applications must offer. */
  readonly requires: readonly Requirement[];
  readonly portals: readonly PortalPlan[];
  /** By path, so that finding one takes as long whatever else there is. */
  readonly ingresses: ReadonlyMap<string, IngressNode>;
  /** The cycles, each as the paths on it. */
  readonly loops: readonly (readonly string[])[];
  /** In the order of the application's workflows. */
  readonly workflows: readonly WorkflowPlan[];
}

export interface Requirement {
  readonly path: string;
  readonly kind: EntityKind;
  /** Who needs it. */
  readonly by: string;
}

/** Who answers a portal and who asks it, all within this application. */
export interface PortalPlan {
  readonly path: string;
  readonly answeredBy: TaskPlace | undefined;
  readonly askedBy: readonly TaskPlace[];
}

/** A part of a task, by numbers. */
export interface TaskPlace {
  readonly workflow: number;
  readonly task: number;
  readonly part: number;
}

export interface WorkflowPlan {
  /** Chains of tasks that share their buffers; every segment comes after those that it reads. */
  readonly segments: readonly SegmentPlan[];
  /** The segments that the output is made of, in order; SOURCE for the input itself. */
  readonly sink: readonly number[];
  /** For each task the number of key boundaries before it. */
  readonly stages: readonly number[];
}

export interface SegmentPlan {
  readonly tasks: readonly number[];
  /** Segments, or SOURCE, whose events it reads, whole input by whole input. */
  readonly inputs: readonly number[];
  /** How often its output is read. */
  readonly readers: number;
}

/** What runs already. */
export interface Known {
  kindOf(path: string): EntityKind | undefined;
  /** Whether a stream keeps its past. */
  isRetained(path: string): boolean;
  /** All paths, to say which one was meant. */
  paths(): Iterable<string>;
}

/** A step of the compilation. */
export interface Pass {
  readonly name: string;
  /** Without `known` nothing is said about what other applications offer. */
  run(plan: Plan, known: Known | undefined): Plan;
}
