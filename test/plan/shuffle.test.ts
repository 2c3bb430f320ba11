import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SOURCE, type WorkflowNode } from '../../src/graph/application.ts';
import { planOf, workflowNode } from './graphs.ts';

/** The most key boundaries on any way from the source to a position, behind it. */
function keysUpTo({ tasks }: WorkflowNode, position: number): number {
  const task = position === SOURCE ? undefined : tasks[position];
  if (task === undefined) return 0;
  const before = Math.max(...task.inputs.map((input) => keysUpTo({ tasks } as WorkflowNode, input)));
  return before + task.parts.filter(({ role }) => role === 'key').length;
}

describe('the shuffle pass', () => {
  it('counts the key boundaries before each task, on the way that has most', () => {
    fc.assert(
      fc.property(workflowNode, (node) => {
        const expected = node.tasks.map(({ inputs }) =>
          Math.max(...inputs.map((input) => keysUpTo(node, input))),
        );
        expect(planOf(node).stages).toEqual(expected);
      }),
    );
  });
});
