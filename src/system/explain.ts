/** Shows what will run, and of a system also what has been running. */
import { sentence } from '../errors.ts';
import type { Instance } from '../engine/instance.ts';
import type { Partition } from '../engine/partition.ts';
import type { AtomicStream } from '../engine/stream.ts';
import { Tap } from '../engine/tap.ts';
import { streamPath, type Application } from '../graph/application.ts';
import { compileStepwise } from '../plan/compile.ts';
import { explainPasses, explainPlan } from '../plan/explain.ts';
import { drawPasses, drawPlans } from '../plan/mermaid.ts';
import { surround } from '../plan/surroundings.ts';
import { anObject, refuse } from './guards.ts';
import { needed, noApplication } from './operations.ts';
import { RunningSystem } from './running.ts';
import { SteppingSystem } from './stepping.ts';

/** How to show it. */
export interface ExplainOptions {
  /** `text` if not given. `mermaid` is a flowchart. */
  readonly format?: 'text' | 'mermaid';
  /** Shows the plan after each pass of the compilation, and not only at the end. As Mermaid, in Markdown. */
  readonly passes?: boolean;
}

/**
 * What will run: the plan of an application, or the plans of a system's applications with their counts. An application
 * with problems is shown with all of them; nothing is thrown.
 *
 * @example
 * ```ts
 * import { application, explain } from 'portico/dataflow';
 *
 * const app = application('hello', (app) => {
 *   const words = app.generators.fromArray(['Hello', 'World']);
 *   app.workflow('shout').source(words).map((word) => word.toUpperCase()).sink();
 * });
 * console.log(explain(app));
 * console.log(explain(app, { format: 'mermaid' }));
 * ```
 */
export function explain(
  subject: Application | SteppingSystem | RunningSystem,
  options: ExplainOptions = {},
): string {
  refuse('explain', anObject('options', options));
  const { format = 'text', passes = false } = options;
  const words = ['text', 'mermaid'];
  if (!words.includes(format))
    refuse('explain', [needed('text or mermaid', format, 'Leave it out for text')]);
  const showPasses = format === 'text' ? explainPasses : drawPasses;
  if (subject instanceof SteppingSystem || subject instanceof RunningSystem) {
    const { partition } = subject;
    if (!passes) return explainSystem(partition, format);
    const applications = [...partition.instances.values()].map(({ plan }) => plan.application);
    return applications.map((application) => showPasses(compileStepwise(application))).join('\n\n');
  }
  refuse('explain', noApplication(subject));
  const stages = compileStepwise(subject);
  if (passes) return showPasses(stages);
  const around = surround(stages.slice(-1).map(({ plan }) => plan));
  return format === 'text' ? around.plans.map((plan) => explainPlan(plan)).join('') : drawPlans(around);
}

function explainSystem(partition: Partition, format: 'text' | 'mermaid'): string {
  const instances = [...partition.instances.values()];
  const around = surround(
    instances.map(({ plan }) => plan),
    counts(partition, instances),
  );
  if (format === 'mermaid') return drawPlans(around);
  return [heading(partition), ...around.plans.map((plan) => explainPlan(plan, around))].join('\n\n');
}

function heading({ failure, steps, ready, turns, deadLetters }: Partition): string {
  const counted = [
    many(steps, 'step'),
    `${ready.size} ready to run`,
    `${turns.timers.size} waiting for the clock`,
    many(deadLetters.list().length, 'dead letter'),
  ];
  const line = `system after ${counted.join(', ')}`;
  return failure === undefined ? line : `${line}\n  ! it has stopped: ${sentence(failure)}`;
}

/** Says of each path what was counted there. */
function counts(partition: Partition, instances: readonly Instance[]): (path: string) => string | undefined {
  const found = new Map<string, string[]>();
  const add = (path: string, ...texts: readonly string[]): void => {
    found.set(path, [...(found.get(path) ?? []), ...texts]);
  };
  const dead = new Map<string, number>();
  for (const { workflow } of partition.deadLetters.list()) dead.set(workflow, (dead.get(workflow) ?? 0) + 1);
  for (const instance of instances) {
    const { ingresses, egresses, sequencers, splits } = instance.plan.application;
    const ofStreams = [
      ...ingresses,
      ...egresses,
      ...instance.generators,
      ...sequencers,
      ...instance.workflows,
    ];
    for (const { path } of ofStreams) add(path, ...streamCounts(instance.stream(streamPath(path))));
    for (const { path } of splits) add(path, ...streamCounts(instance.stream(path)));
    for (const { path, done } of instance.generators) if (done) add(path, 'at its end');
    for (const { path, inbox } of instance.workflows) {
      if (inbox.size > 0) add(path, `${many(inbox.size, 'pass')} to run`);
      const letters = dead.get(path) ?? 0;
      if (letters > 0) add(path, many(letters, 'dead letter'));
    }
    for (const [task, cells] of instance.cellCounts()) {
      const end = task.lastIndexOf('/');
      add(task.slice(0, end), `${many(cells, 'cell')} in ${task.slice(end + 1)}`);
    }
    for (const [path, { kind, runtime }] of instance.entities) {
      if (kind === 'splitter') add(path, `${many(runtime.unmatched, 'event')} unmatched`);
      if (kind === 'portal') add(path, many(runtime.requests, 'request'), many(runtime.late, 'late reply'));
    }
  }
  return (path) => found.get(path)?.join(', ');
}

function streamCounts(stream: AtomicStream): string[] {
  const { atoms, events, backlog, cursors } = stream;
  const taps = cursors.filter(({ consumer }) => consumer instanceof Tap).length;
  return [
    many(atoms, 'atom'),
    many(events, 'event'),
    `${backlog} waiting`,
    ...(taps === 0 ? [] : [many(taps, 'subscriber')]),
  ];
}

function many(n: number, noun: string): string {
  const plural = noun.endsWith('y')
    ? `${noun.slice(0, -1)}ies`
    : noun.endsWith('s')
      ? `${noun}es`
      : `${noun}s`;
  return `${n} ${n === 1 ? noun : plural}`;
}
