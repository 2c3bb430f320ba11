/** Random workflows for the properties of the passes: tasks that read any positions before them. */
import * as fc from 'fast-check';
import { application, tasks, type Application } from 'portico/dataflow';
import { SOURCE, type TaskNode, type WorkflowNode } from '../../src/graph/application.ts';
import { compileStepwise } from '../../src/plan/compile.ts';
import type { WorkflowPlan } from '../../src/plan/plan.ts';

const plain = tasks.map((value: unknown) => value).spec;
const keyed = tasks.key((value: string) => value).spec;

/** Positions that a task may read: mostly the one before it, so that there are chains. */
function inputs(before: number): fc.Arbitrary<number[]> {
  const any = fc.integer({ min: SOURCE, max: before - 1 });
  const several = fc.array(any, { minLength: 1, maxLength: 3 });
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant<number[]>([before - 1]) },
    { weight: 2, arbitrary: several },
  );
}

function taskNode(index: number): fc.Arbitrary<TaskNode> {
  const part = fc.oneof({ weight: 3, arbitrary: fc.constant(plain) }, fc.constant(keyed));
  return fc.record({
    name: fc.constant(`t${index}`),
    parts: fc.array(part, { minLength: 1, maxLength: 2 }),
    inputs: inputs(index),
  });
}

/** A workflow of up to ten tasks; a task need not lead anywhere. */
export const workflowNode: fc.Arbitrary<WorkflowNode> = fc.nat(10).chain((n) =>
  fc.record({
    path: fc.constant('/app/workflows/w'),
    name: fc.constant('w'),
    onFailure: fc.constant('stop' as const),
    source: fc.constant('/app/ingresses/in/stream'),
    sourceName: fc.constant('$1'),
    from: fc.constant('end' as const),
    tasks: fc.tuple(...Array.from({ length: n }, (_, i) => taskNode(i))),
    sink: fc.record({ name: fc.constant('$2'), inputs: inputs(n) }),
  }),
);

/** What the passes make of a workflow. */
export function planOf(node: WorkflowNode): WorkflowPlan {
  const empty: Application = application('app', (app) => void app.ingress('in'));
  const plan = compileStepwise({ ...empty, workflows: [node] }).at(-1)?.plan;
  const [made] = plan?.workflows ?? [];
  if (made === undefined) throw new Error('the workflow has no plan');
  return made;
}
