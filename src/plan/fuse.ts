/**
 * Joins tasks into segments: chains in which each task is the only reader of the one before. A segment runs on one
 * buffer, handed from task to task; buffers are copied only where flows fork or join.
 */
import { SOURCE, type WorkflowNode } from '../graph/application.ts';
import type { Pass, SegmentPlan, WorkflowPlan } from './plan.ts';

export const fuse: Pass = {
  name: 'fuse',
  run: (plan) => ({
    ...plan,
    workflows: plan.workflows.map((workflow, i) => {
      const node = plan.application.workflows[i];
      return node === undefined ? workflow : { ...workflow, ...segmentsOf(node) };
    }),
  }),
};

function segmentsOf(workflow: WorkflowNode): Pick<WorkflowPlan, 'segments' | 'sink'> {
  const sinkInputs = workflow.sink?.inputs ?? [];
  const readers = new Map<number, number>();
  for (const input of [...workflow.tasks.flatMap(({ inputs }) => inputs), ...sinkInputs]) {
    readers.set(input, (readers.get(input) ?? 0) + 1);
  }
  const segments: { tasks: number[]; inputs: readonly number[] }[] = [];
  const segmentOf = new Map<number, number>([[SOURCE, SOURCE]]);
  const toSegment = (position: number): number => segmentOf.get(position) ?? SOURCE;
  workflow.tasks.forEach(({ inputs }, task) => {
    const [only] = inputs;
    const before =
      inputs.length === 1 && only !== undefined && readers.get(only) === 1
        ? segments[toSegment(only)]
        : undefined;
    if (before !== undefined && only !== undefined) {
      before.tasks.push(task);
      segmentOf.set(task, toSegment(only));
    } else {
      segmentOf.set(task, segments.length);
      segments.push({ tasks: [task], inputs: inputs.map(toSegment) });
    }
  });
  return {
    segments: segments.map(({ tasks, inputs }): SegmentPlan => ({
      tasks,
      inputs,
      readers: readers.get(tasks.at(-1) ?? SOURCE) ?? 0,
    })),
    sink: sinkInputs.map(toSegment),
  };
}
