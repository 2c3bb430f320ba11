import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { application, type Flow } from 'portico/dataflow';
import { SOURCE, type WorkflowNode } from '../../src/graph/application.ts';
import { planOf, workflowNode } from './graphs.ts';

/** How often a position is read, by tasks and by the sink. */
const readersOf = ({ tasks, sink }: WorkflowNode, position: number): number =>
  [...tasks.flatMap(({ inputs }) => inputs), ...(sink?.inputs ?? [])].filter((input) => input === position)
    .length;

/** The segments of a workflow that is written in the usual way, as the names of their tasks. */
function segmentsOf(write: (source: Flow<number>) => void): string[][] {
  const app = application('app', (app) => write(app.workflow().source(app.ingress<number>().stream)));
  const [node] = app.workflows;
  if (node === undefined) throw new Error('there is no workflow');
  return planOf(node).segments.map(({ tasks }) => tasks.map((task) => node.tasks[task]?.name ?? '?'));
}

const map = (flow: Flow<number>, name: string): Flow<number> => flow.map((n) => n).withName(name);

describe('the fuse pass', () => {
  it('puts every task into one segment, in order', () => {
    fc.assert(
      fc.property(workflowNode, (node) => {
        const placed = planOf(node).segments.flatMap(({ tasks }) => tasks);
        expect(placed.toSorted((a, b) => a - b)).toEqual(node.tasks.map((_, i) => i));
      }),
    );
  });

  it('joins a task to the one before if each knows only the other, and no others', () => {
    fc.assert(
      fc.property(workflowNode, (node) => {
        const { segments } = planOf(node);
        const before = new Map(
          segments.flatMap(({ tasks }) => tasks.slice(1).map((task, i) => [task, tasks[i]])),
        );
        node.tasks.forEach(({ inputs }, task) => {
          const [only = SOURCE] = inputs;
          const joined = inputs.length === 1 && only !== SOURCE && readersOf(node, only) === 1;
          expect([task, before.get(task)]).toEqual([task, joined ? only : undefined]);
        });
      }),
    );
  });

  it('says what each segment and the sink read, in the order in which it was written, and how often each is read', () => {
    fc.assert(
      fc.property(workflowNode, (node) => {
        const { segments, sink } = planOf(node);
        const segmentOf = (position: number): number =>
          position === SOURCE ? SOURCE : segments.findIndex(({ tasks }) => tasks.includes(position));
        segments.forEach(({ tasks, inputs, readers }, at) => {
          expect(inputs).toEqual(node.tasks[tasks[0] ?? 0]?.inputs.map(segmentOf));
          expect(inputs.every((input) => input < at)).toBe(true);
          expect(readers).toBe(readersOf(node, tasks.at(-1) ?? SOURCE));
        });
        expect(sink).toEqual(node.sink?.inputs.map(segmentOf));
      }),
    );
  });

  it('makes one segment of a chain', () => {
    expect(segmentsOf((source) => map(map(map(source, 'a'), 'b'), 'c').sink())).toEqual([['a', 'b', 'c']]);
  });

  it('ends segments where flows fork, and begins one where they join', () => {
    const segments = segmentsOf((source) => {
      const fork = map(map(source, 'a'), 'fork');
      const left = map(map(fork, 'l1'), 'l2');
      const join = left.union(map(fork, 'r')).withName('join');
      map(join, 'end').sink();
    });
    expect(segments).toEqual([['a', 'fork'], ['l1', 'l2'], ['r'], ['join', 'end']]);
  });
});
