/** What an application consists of, seen as a graph of entities joined by streams. */
import { streamPath, type Application, type EntityKind } from '../graph/application.ts';

/** The kind of every path that an application defines. A path that is defined twice is listed twice. */
export function definitions(app: Application): { path: string; kind: EntityKind | 'other' }[] {
  const streams = [...app.workflows, ...app.generators, ...app.ingresses, ...app.egresses, ...app.sequencers];
  return [
    ...streams.map(({ path }) => ({ path: streamPath(path), kind: 'stream' as const })),
    ...app.splits.map(({ path }) => ({ path, kind: 'stream' as const })),
    ...app.sequencers.map(({ path }) => ({ path, kind: 'sequencer' as const })),
    ...app.splitters.map(({ path }) => ({ path, kind: 'splitter' as const })),
    ...app.portals.map(({ path }) => ({ path, kind: 'portal' as const })),
    ...[...app.workflows, ...app.generators, ...app.ingresses, ...app.egresses, ...app.connections].map(
      ({ path }) => ({
        path,
        kind: 'other' as const,
      }),
    ),
  ];
}

/** An edge from the producer of a stream to an entity that reads it. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** A connection: the edge into a sequencer. */
  readonly connection: boolean;
}

/** The edges between the entities of an application, or of several. */
export function edgesOf(...apps: readonly Application[]): Edge[] {
  const producers = new Map<string, string>();
  for (const app of apps) {
    for (const { path } of [...app.workflows, ...app.generators, ...app.ingresses, ...app.sequencers]) {
      producers.set(streamPath(path), path);
    }
    for (const { path, splitter } of app.splits) producers.set(path, splitter);
  }
  const edge = (stream: string | undefined, to: string, connection = false): Edge[] => {
    const from = stream === undefined ? undefined : producers.get(stream);
    return from === undefined ? [] : [{ from, to, connection }];
  };
  return apps.flatMap((app) => [
    ...app.workflows.flatMap(({ source, path }) => edge(source, path)),
    ...app.splitters.flatMap(({ input, path }) => edge(input, path)),
    ...app.connections.flatMap(({ from, to }) => edge(from, to, true)),
  ]);
}

/** The groups of entities that lie on a common cycle of these edges (Tarjan's algorithm, without recursion). */
export function cyclesOf(edges: readonly Edge[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) {
    next.set(to, next.get(to) ?? []);
    const targets = next.get(from);
    if (targets === undefined) next.set(from, [to]);
    else targets.push(to);
  }
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const cycles: string[][] = [];
  for (const root of next.keys()) {
    if (order.has(root)) continue;
    const walk: { node: string; at: number }[] = [];
    const enter = (node: string): void => {
      order.set(node, order.size);
      low.set(node, order.size - 1);
      open.push(node);
      isOpen.add(node);
      walk.push({ node, at: 0 });
    };
    enter(root);
    for (let top = walk.at(-1); top !== undefined; top = walk.at(-1)) {
      const { node } = top;
      const target = next.get(node)?.[top.at];
      top.at += 1;
      if (target !== undefined) {
        if (!order.has(target)) enter(target);
        else if (isOpen.has(target)) low.set(node, Math.min(low.get(node) ?? 0, order.get(target) ?? 0));
        continue;
      }
      walk.pop();
      const parent = walk.at(-1)?.node;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent) ?? 0, low.get(node) ?? 0));
      if (low.get(node) !== order.get(node)) continue;
      // From the end, because that is where it is: chains are long and cycles short.
      const group = open.splice(open.lastIndexOf(node));
      for (const member of group) isOpen.delete(member);
      const self = next.get(node)?.includes(node) === true;
      if (group.length > 1 || self) cycles.push(group);
    }
  }
  return cycles;
}
