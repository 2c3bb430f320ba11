/** What a plan is shown beside: the plans that run together, and what is known of them while they run. */
import type { ConnectionNode, SplitNode } from '../graph/application.ts';
import { cyclesOf, edgesOf } from './entities.ts';
import type { Plan, TaskPlace } from './plan.ts';

export interface Surroundings {
  /** All plans that run together, in the order of their launch, the one that is shown among them. */
  readonly plans: readonly Plan[];
  /** The cycles, also those that lead through several applications. */
  readonly loops: readonly (readonly string[])[];
  /** The paths of all that read a stream: workflows, splitters and sequencers. */
  readersOf(stream: string): readonly string[];
  /** What is connected to a sequencer, in order. */
  connectionsTo(sequencer: string): readonly ConnectionNode[];
  /** The splits of a splitter, in order. */
  splitsOf(splitter: string): readonly SplitNode[];
  /** The paths of the tasks that ask a portal. */
  askersOf(portal: string): readonly string[];
  /** What there is to say now of the entity with this path, in a few words. */
  now(path: string): string | undefined;
}

/** Puts plans beside each other. */
export function surround(
  plans: readonly Plan[],
  now: (path: string) => string | undefined = () => undefined,
): Surroundings {
  const readers = new Map<string, string[]>();
  const connections = new Map<string, ConnectionNode[]>();
  const splits = new Map<string, SplitNode[]>();
  const askers = new Map<string, string[]>();
  for (const plan of plans) {
    const { application } = plan;
    for (const { source, path } of application.workflows)
      if (source !== undefined) add(readers, source, path);
    for (const { input, path } of application.splitters) add(readers, input, path);
    for (const connection of application.connections) {
      add(readers, connection.from, connection.to);
      add(connections, connection.to, connection);
    }
    for (const split of application.splits) add(splits, split.splitter, split);
    for (const { path, askedBy } of plan.portals)
      for (const place of askedBy) add(askers, path, taskPath(plan, place));
  }
  // Of one plan it is said only what the passes have found.
  const [only] = plans.length === 1 ? plans : [];
  return {
    plans,
    loops: only?.loops ?? cyclesOf(edgesOf(...plans.map(({ application }) => application))),
    readersOf: (stream) => readers.get(stream) ?? [],
    connectionsTo: (sequencer) => connections.get(sequencer) ?? [],
    splitsOf: (splitter) => splits.get(splitter) ?? [],
    askersOf: (portal) => [...new Set(askers.get(portal))],
    now,
  };
}

/** The path of a task. */
export function taskPath({ application }: Plan, { workflow, task }: TaskPlace): string {
  const node = application.workflows[workflow];
  return `${node?.path}/${node?.tasks[task]?.name}`;
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
