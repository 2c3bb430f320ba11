/** The first pass: everything that is wrong with the graph, all of it at once. */
import type { Problem } from '../errors.ts';
import {
  NOTHING,
  streamPath,
  type Application,
  type EntityKind,
  type WorkflowNode,
} from '../graph/application.ts';
import { cyclesOf, definitions, edgesOf } from './entities.ts';
import type { Known, Pass, Plan, Requirement } from './plan.ts';

export const check: Pass = {
  name: 'check',
  run(plan, known) {
    const app = plan.application;
    const uses = usesOf(app);
    const own = new Map(definitions(app).map(({ path, kind }) => [path, kind]));
    const problems: Problem[] = [
      ...plan.problems,
      ...duplicatePaths(app, known),
      ...uses.flatMap((use) => wrongUse(use, own, known)),
      ...app.workflows.flatMap((workflow) => workflowProblems(workflow)),
      ...tasksOf(app).flatMap(({ spec, path }) =>
        spec.mistakes.map((mistake) => ({ ...mistake, where: path })),
      ),
      ...retention(app, own, known),
      ...connectedTwice(app),
      ...bareCycles(app),
      ...repliers(app),
    ];
    const requires = uses.filter(({ path }) => !own.has(path));
    return { ...plan, problems, requires } satisfies Plan;
  },
};

/** Every path that is used, what it must be, and by whom. */
function usesOf(app: Application): Requirement[] {
  const all: Requirement[] = [
    ...app.workflows.flatMap(({ source, path }) =>
      source === undefined ? [] : [{ path: source, kind: 'stream' as const, by: path }],
    ),
    ...app.splitters.map(({ input, path }) => ({ path: input, kind: 'stream' as const, by: path })),
    ...app.splits.map(({ splitter, path }) => ({ path: splitter, kind: 'splitter' as const, by: path })),
    ...app.connections.flatMap(({ from, to, path }) => [
      { path: from, kind: 'stream' as const, by: path },
      { path: to, kind: 'sequencer' as const, by: path },
    ]),
    ...tasksOf(app).flatMap(({ spec, path }) =>
      spec.asks.map((portal) => ({ path: portal.path, kind: 'portal' as const, by: path })),
    ),
  ];
  const uses = all.filter(({ path }) => path !== NOTHING || app.problems.length === 0);
  // What was looked up and is used is listed with its user; that says more.
  const used = new Set(uses.map(({ path, kind }) => `${kind} ${path}`));
  const unused = app.references.filter(({ path, kind }) => !used.has(`${kind} ${path}`));
  return [...uses, ...unused.map(({ path, kind }) => ({ path, kind, by: `${app.path}/registry` }))];
}

function tasksOf(app: Application): { spec: WorkflowNode['tasks'][number]['parts'][number]; path: string }[] {
  return app.workflows.flatMap((workflow) =>
    workflow.tasks.flatMap(({ name, parts }) =>
      parts.map((spec) => ({ spec, path: `${workflow.path}/${name}` })),
    ),
  );
}

function duplicatePaths(app: Application, known: Known | undefined): Problem[] {
  const seen = new Map<string, number>();
  for (const { path } of definitions(app)) seen.set(path, (seen.get(path) ?? 0) + 1);
  return [...seen].flatMap(([path, times]): Problem[] => {
    const cure = 'Give each its own name';
    // Whoever shares a name with another shares the path of its stream, too; that need not be said.
    if (path.endsWith('/stream') && (seen.get(path.slice(0, -'/stream'.length)) ?? 0) > 1) return [];
    if (times > 1)
      return [{ code: 'graph/duplicate-path', where: path, what: `${times} things have this path`, cure }];
    // Only splits are placed under another application's path.
    if (!path.startsWith(`${app.path}/`) && known?.kindOf(path) !== undefined) {
      return [
        {
          code: 'graph/duplicate-path',
          where: path,
          what: 'this path is taken by a launched application',
          cure,
        },
      ];
    }
    return [];
  });
}

function wrongUse(
  use: Requirement,
  own: Map<string, EntityKind | 'other'>,
  known: Known | undefined,
): Problem[] {
  const { path, kind, by } = use;
  const found = own.get(path) ?? known?.kindOf(path);
  if (found === kind) return [];
  if (found !== undefined) {
    const is = found === 'other' ? 'something else' : `a ${found}`;
    const stream = streamPath(path);
    const meant = kind === 'stream' && (own.has(stream) || known?.kindOf(stream) === 'stream');
    const hint = meant ? `Use ${stream}` : `Use the path of a ${kind}`;
    return [
      { code: 'graph/wrong-kind', where: by, what: `a ${kind} is needed, and ${path} is ${is}`, cure: hint },
    ];
  }
  if (known === undefined) return [];
  if (kind === 'stream' && known.kindOf(streamPath(path)) === 'stream') {
    const cure = `Use ${streamPath(path)}`;
    return [
      {
        code: 'graph/wrong-kind',
        where: by,
        what: `a stream is needed, and ${path} is the path of what makes one`,
        cure,
      },
    ];
  }
  const near = nearest(path, [...own.keys(), ...known.paths()]);
  const cure =
    near === undefined
      ? 'Launch the application that has it first'
      : `Did you mean ${near}? Otherwise launch the application that has it first`;
  return [{ code: 'graph/unknown-path', where: by, what: `there is no ${kind} ${path}`, cure }];
}

function workflowProblems(workflow: WorkflowNode): Problem[] {
  const where = workflow.path;
  const problems: Problem[] = [];
  if (workflow.source === undefined && workflow.sourceName === '') {
    problems.push({
      code: 'graph/source-missing',
      where,
      what: 'it reads no stream',
      cure: 'Begin it with source(stream), or with replier([…]) if it only answers portals',
    });
  }
  if (workflow.sink === undefined) {
    problems.push({
      code: 'graph/sink-missing',
      where,
      what: 'it has no output',
      cure: 'End it with sink()',
    });
  }
  const names = new Set<string>();
  for (const { name, inputs } of workflow.tasks) {
    if (names.has(name)) {
      problems.push({
        code: 'graph/duplicate-task',
        where,
        what: `two tasks are called ${name}`,
        cure: 'Give each its own name',
      });
    }
    if (name === '' || name.includes('/')) {
      const what = `a task is called “${name}”`;
      problems.push({
        code: 'graph/bad-name',
        where,
        what,
        cure: 'Use at least one character, and no slash',
      });
    }
    if (inputs.length === 0) {
      problems.push({
        code: 'graph/bad-argument',
        where,
        what: `the task ${name} reads nothing`,
        cure: 'Give it at least one flow',
      });
    }
    names.add(name);
  }
  return problems;
}

function retention(
  app: Application,
  own: Map<string, EntityKind | 'other'>,
  known: Known | undefined,
): Problem[] {
  const foreign = app.retained
    .filter((path) => own.get(path) !== 'stream')
    .map((path): Problem => {
      const what = `${path} is no stream of this application, and so it cannot retain it`;
      return { code: 'graph/bad-argument', where: app.path, what, cure: 'Retain it where it is defined' };
    });
  const unkept = app.workflows.flatMap(({ source, from, path }): Problem[] => {
    if (source === undefined || source === NOTHING || from === 'end' || app.retained.includes(source))
      return [];
    if (!own.has(source) && known?.isRetained(source) !== false) return [];
    const what = `it reads ${source} from the start, and that stream keeps no past`;
    return [{ code: 'graph/not-retained', where: path, what, cure: 'Retain the stream where it is defined' }];
  });
  return [...foreign, ...unkept];
}

function connectedTwice(app: Application): Problem[] {
  const seen = new Set<string>();
  return app.connections.flatMap(({ from, to, path }): Problem[] => {
    const pair = `${from}\n${to}`;
    if (from === NOTHING || to === NOTHING) return [];
    if (!seen.has(pair)) {
      seen.add(pair);
      return [];
    }
    const what = `${from} is connected to ${to} a second time`;
    return [
      { code: 'graph/connected-twice', where: path, what, cure: 'Connect it once: every atom arrives once' },
    ];
  });
}

function bareCycles(app: Application): Problem[] {
  return cyclesOf(edgesOf(app).filter(({ connection }) => !connection)).map((cycle) => ({
    code: 'graph/cycle-without-sequencer',
    where: cycle[0] ?? app.path,
    what: `the cycle ${[...cycle, cycle[0]].join(' → ')} passes no sequencer`,
    cure: 'Close it with connect(stream, sequencer)',
  }));
}

function repliers(app: Application): Problem[] {
  const answers = tasksOf(app).flatMap(({ spec, path }) =>
    spec.answers.map(({ portal }) => ({ portal: portal.path, by: path })),
  );
  const own = new Set(app.portals.map(({ path }) => path));
  const problems = app.portals.flatMap(({ path: where }): Problem[] => {
    const by = answers.filter(({ portal }) => portal === where).map((answer) => answer.by);
    if (by.length === 1) return [];
    if (by.length === 0) {
      const cure = 'Add replier([answer(portal, …)]) to a workflow of this application';
      return [{ code: 'portal/no-replier', where, what: 'no task answers it', cure }];
    }
    const what = `it is answered by ${by.join(' and ')}`;
    return [{ code: 'portal/two-repliers', where, what, cure: 'Let exactly one task answer it' }];
  });
  const foreign = answers
    .filter(({ portal }) => !own.has(portal))
    .map(({ portal, by }): Problem => {
      const what = `it answers ${portal}, which is not a portal of ${app.path}`;
      return {
        code: 'portal/foreign-replier',
        where: by,
        what,
        cure: 'Answer a portal in the application that defines it',
      };
    });
  return [...problems, ...foreign];
}

/** The path that was most likely meant, if any is close. */
function nearest(path: string, candidates: readonly string[]): string | undefined {
  // Comparing takes the square of the length.
  if (path.length > LONG) return undefined;
  let best: string | undefined;
  let least = Math.max(2, Math.floor(path.length / 5)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - path.length) >= least) continue;
    const distance = editDistance(path, candidate);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Longer paths are not compared. */
const LONG = 500;

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
