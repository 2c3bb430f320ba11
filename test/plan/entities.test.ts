// Cycles among entities, against plain reachability.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { application } from 'portico/dataflow';
import { cyclesOf, edgesOf, type Edge } from '../../src/plan/entities.ts';

const edge = (from: string, to: string): Edge => ({ from, to, connection: false });

const NODES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const edges = fc.array(
  fc.tuple(fc.constantFrom(...NODES), fc.constantFrom(...NODES)).map(([from, to]) => edge(from, to)),
  { maxLength: 16 },
);

/** All that can be reached from a node by at least one edge. */
function reachable(all: readonly Edge[], node: string): Set<string> {
  const found = new Set<string>();
  const next = [node];
  for (let at = next.pop(); at !== undefined; at = next.pop()) {
    for (const { from, to } of all) {
      if (from !== at || found.has(to)) continue;
      found.add(to);
      next.push(to);
    }
  }
  return found;
}

/** The groups that reach each other, each in order, in order. */
function groups(all: readonly Edge[]): string[] {
  const reached = new Map(NODES.map((node) => [node, reachable(all, node)]));
  const onCycle = NODES.filter((node) => reached.get(node)?.has(node) === true);
  const group = (node: string): string =>
    onCycle
      .filter((other) => reached.get(node)?.has(other) === true && reached.get(other)?.has(node) === true)
      .join('');
  return [...new Set(onCycle.map(group))].toSorted();
}

describe('cyclesOf', () => {
  it('finds the groups whose members can all reach each other', () => {
    fc.assert(
      fc.property(edges, (all) => {
        const found = cyclesOf(all).map((cycle) => cycle.toSorted().join(''));
        expect(found.toSorted()).toEqual(groups(all));
      }),
      { numRuns: 500 },
    );
  });

  it('lists a plain cycle in its own direction', () => {
    const [cycle = []] = cyclesOf([edge('a', 'b'), edge('b', 'c'), edge('c', 'a')]);
    expect(cycle.join('').repeat(2)).toContain('abc');
  });

  it('takes long chains and long cycles', () => {
    const chain = Array.from({ length: 50_000 }, (_, i) => edge(`n${i}`, `n${i + 1}`));
    expect(cyclesOf(chain)).toEqual([]);
    expect(cyclesOf([...chain, edge('n50000', 'n0')])[0]).toHaveLength(50_001);
  });
});

describe('edgesOf', () => {
  const hub = application('hub', (app) => {
    const all = app.sequencer<number>({ name: 'all' });
    const out = app.workflow('w').source(all.stream).identity().sink();
    const splits = app.splitter(out, { name: 's' });
    app.connect(
      app.split(splits, () => true),
      all,
    );
  });
  const spoke = application('spoke', (app) => {
    app.connect(
      app.registry.stream<number>('/hub/workflows/w/stream'),
      app.registry.sequencer<number>('/hub/sequencers/all'),
    );
  });

  it('follows streams from who gives them to who reads them, through splitters too', () => {
    expect(edgesOf(hub)).toEqual([
      { from: '/hub/sequencers/all', to: '/hub/workflows/w', connection: false },
      { from: '/hub/workflows/w', to: '/hub/splitters/s', connection: false },
      { from: '/hub/splitters/s', to: '/hub/sequencers/all', connection: true },
    ]);
  });

  it('joins applications where it is given several', () => {
    expect(edgesOf(spoke)).toEqual([]);
    expect(edgesOf(hub, spoke)).toContainEqual({
      from: '/hub/workflows/w',
      to: '/hub/sequencers/all',
      connection: true,
    });
  });
});
