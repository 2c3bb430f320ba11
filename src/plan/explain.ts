/**
 * A plan in words: what will run, who reads what, and, as far as the passes have come, what they found.
 *
 * Paths of the application itself are given without its own path, those of other applications in full.
 */
import { sentence } from '../errors.ts';
import { NOTHING, SOURCE, streamPath, type WorkflowNode } from '../graph/application.ts';
import type { Handlers, TaskSpec } from '../graph/task.ts';
import type { Plan, WorkflowPlan } from './plan.ts';
import { surround, taskPath, type Surroundings } from './surroundings.ts';

/** The plan as text. */
export function explainPlan(plan: Plan, around: Surroundings = surround([plan])): string {
  const blocks = [
    ...ingresses(plan, around),
    ...generators(plan, around),
    ...sequencers(plan, around),
    ...connections(plan),
    ...splitters(plan, around),
    ...foreignSplits(plan, around),
    ...portals(plan, around),
    ...workflows(plan, around),
    ...egresses(plan, around),
    ...cycles(plan),
    ...cyclesBeyond(plan, around),
    ...needs(plan),
  ];
  return [
    ...heading(plan),
    ...blocks.flatMap(({ head, lines }) => [`  ${head}`, ...lines.map(indented)]),
  ].join('\n');
}

/** The plan after each pass. What a pass added is marked with a plus. */
export function explainPasses(stages: readonly { readonly pass: string; readonly plan: Plan }[]): string {
  const [first] = stages;
  if (first === undefined) return '';
  const { application } = first.plan;
  let before = explainPlan({ ...first.plan, problems: application.problems, requires: [] });
  return stages
    .map(({ pass, plan }, i) => {
      const text = explainPlan(plan);
      const marked = markAdded(before, text);
      const adds = text !== before;
      before = text;
      return adds || i === 0 ? `after ${pass}\n${marked}` : `after ${pass}: nothing new`;
    })
    .join('\n\n');
}

/** One entity, or one finding: a line and what belongs to it. */
interface Block {
  readonly head: string;
  readonly lines: readonly string[];
}

function heading({ application, problems }: Plan): string[] {
  const { path } = application;
  if (problems.length === 0) return [`application ${path}`];
  const many = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  return [
    `application ${path} cannot run, it has ${many}`,
    ...problems.map((problem) => `  ! ${sentence(problem)}`),
  ];
}

function ingresses(plan: Plan, around: Surroundings): Block[] {
  return plan.application.ingresses.map(({ path, name, key }) => {
    const stream = streamPath(path);
    const keys = key === undefined ? '' : ', with a key function';
    return {
      head: `ingress ${name}${keys}${kept(plan, stream)}${to(plan, stream, around)}`,
      lines: now(path, around),
    };
  });
}

function generators(plan: Plan, around: Surroundings): Block[] {
  return plan.application.generators.map(({ path, name, kind, key, throttle }) => {
    const stream = streamPath(path);
    const keys = key === undefined ? '' : ', with a key function';
    const slow =
      throttle === undefined ? '' : `, at most ${throttle.events} events in ${throttle.perMs ?? 1000} ms`;
    const head = `generator ${name}: ${kind}${slow}${keys}${kept(plan, stream)}${to(plan, stream, around)}`;
    return { head, lines: now(path, around) };
  });
}

function sequencers(plan: Plan, around: Surroundings): Block[] {
  return plan.application.sequencers.map(({ path, name, strategy }) => {
    const stream = streamPath(path);
    const inputs = around.connectionsTo(path).map(({ from, name: by, priority }) => {
      const urgent = priority === 0 ? '' : `, priority ${priority}`;
      return `from ${short(plan, from)}${urgent} (connection ${by})`;
    });
    const lines = inputs.length === 0 ? ['from nowhere'] : inputs;
    const head = `sequencer ${name}: ${strategy.name}${kept(plan, stream)}${to(plan, stream, around)}`;
    return { head, lines: [...lines, ...now(path, around)] };
  });
}

/** Those that end at sequencers of other applications; the rest are shown where they end. */
function connections(plan: Plan): Block[] {
  const own = new Set(plan.application.sequencers.map(({ path }) => path));
  return plan.application.connections
    .filter((connection) => !own.has(connection.to))
    .map(({ name, from, to, priority }) => {
      const urgent = priority === 0 ? '' : `, priority ${priority}`;
      return { head: `connection ${name}: ${short(plan, from)} → ${short(plan, to)}${urgent}`, lines: [] };
    });
}

function splitters(plan: Plan, around: Surroundings): Block[] {
  return plan.application.splitters.map(({ path, name, input }) => {
    const splits = around.splitsOf(path).map((split, i) => {
      const text = around.now(split.path);
      const counts = text === undefined ? '' : ` (now ${text})`;
      return `${i + 1} ${split.path.slice(path.length + 1)}${to(plan, split.path, around)}${counts}`;
    });
    const head = `splitter ${name}: each event of ${short(plan, input)} to the first split that it passes`;
    return { head, lines: [...splits, 'else counted as unmatched', ...now(path, around)] };
  });
}

function foreignSplits(plan: Plan, around: Surroundings): Block[] {
  const own = new Set(plan.application.splitters.map(({ path }) => path));
  return plan.application.splits
    .filter(({ splitter }) => !own.has(splitter))
    .map(({ path, splitter }) => ({
      head: `split ${path.slice(splitter.length + 1)} of ${splitter}${to(plan, path, around)}`,
      lines: now(path, around),
    }));
}

function portals(plan: Plan, around: Surroundings): Block[] {
  return plan.application.portals.map(({ path, name, key }) => {
    const keys = key === undefined ? 'under the key of who asks' : 'under a key of the request';
    const planned = plan.portals.find((portal) => portal.path === path);
    const askers = around.askersOf(path).map((asker) => short(plan, asker));
    const found =
      planned === undefined
        ? []
        : [
            `answered by ${planned.answeredBy === undefined ? 'nobody' : short(plan, taskPath(plan, planned.answeredBy))}`,
            `asked by ${askers.length === 0 ? 'nobody here' : listed(askers)}`,
          ];
    return { head: `portal ${name}: answered ${keys}`, lines: [...found, ...now(path, around)] };
  });
}

function workflows(plan: Plan, around: Surroundings): Block[] {
  return plan.application.workflows.map((workflow, i) => {
    const { path, name, onFailure } = workflow;
    const stream = streamPath(path);
    const aside = onFailure === 'stop' ? '' : ', sets failed atoms aside';
    const found = plan.workflows[i];
    return {
      head: `workflow ${name}${aside}${kept(plan, stream)}${to(plan, stream, around)}`,
      lines: [
        ...taskRows(plan, workflow),
        ...(found === undefined ? [] : [...fused(workflow, found), ...stages(workflow, found)]),
        ...now(path, around),
      ],
    };
  });
}

function egresses(plan: Plan, around: Surroundings): Block[] {
  return plan.application.egresses.map(({ path, name }) => {
    const stream = streamPath(path);
    const head = `egress ${name}: what tasks release${kept(plan, stream)}${to(plan, stream, around)}`;
    return { head, lines: now(path, around) };
  });
}

/** The source, the tasks and the sink: name, role, what it reads, and what else there is to say. */
function taskRows(plan: Plan, workflow: WorkflowNode): string[] {
  const nameOf = (position: number): string =>
    position === SOURCE ? workflow.sourceName : (workflow.tasks[position]?.name ?? '?');
  const reads = (inputs: readonly number[]): string => `← ${inputs.map(nameOf).join(', then ')}`;
  const rows: [string, string, string][] = [];
  if (workflow.source !== undefined) {
    const from = workflow.from === 'start' ? ' from its start' : '';
    rows.push([workflow.sourceName, 'source', `← ${short(plan, workflow.source)}${from}`]);
  } else if (workflow.sourceName !== '') rows.push([workflow.sourceName, 'source', '← nothing']);
  for (const { name, parts, inputs } of workflow.tasks) {
    const [first, ...others] = parts;
    const more = others.flatMap((part) => [`and then ${part.role}`, ...details(plan, part)]);
    const rest = [reads(inputs), ...(first === undefined ? [] : details(plan, first)), ...more];
    rows.push([name, first?.role ?? '', rest.join('; ')]);
  }
  if (workflow.sink !== undefined) rows.push([workflow.sink.name, 'sink', reads(workflow.sink.inputs)]);
  const wide = (column: 0 | 1): number => Math.max(...rows.map((row) => row[column].length));
  const [names, roles] = rows.length === 0 ? [0, 0] : [wide(0), wide(1)];
  return rows.map(([name, role, rest]) => `${name.padEnd(names)}  ${role.padEnd(roles)}  ${rest}`);
}

/** What a part of a task does beside handling values. */
export function details(plan: Plan, spec: TaskSpec): string[] {
  const { steps, asks, answers, continuations } = spec;
  return [
    ...(steps === undefined
      ? handlerNames(spec.handlers)
      : [`in turn ${steps.map((step) => stepText(step)).join(', ')}`]),
    ...(spec.factory === undefined || spec.role === 'init' ? [] : ['made at launch']),
    ...(asks.length === 0 ? [] : [`asks ${listed(asks.map(({ path }) => short(plan, path)))}`]),
    ...(answers.length === 0
      ? []
      : [`answers ${listed(answers.map(({ portal }) => short(plan, portal.path)))}`]),
    ...(continuations.length === 0
      ? []
      : [`continues with ${listed(continuations.map(({ name }) => name))}`]),
  ];
}

function stepText({ spec, atoms }: { spec: TaskSpec; atoms: number }): string {
  const handlers = handlerNames(spec.handlers);
  const also = handlers.length === 0 ? '' : ` ${handlers.join(' ')}`;
  return `${spec.role}${also} for ${atoms === 1 ? 'one atom' : `${atoms} atoms`}`;
}

function handlerNames(handlers: Handlers | undefined): string[] {
  const names = Object.entries(handlers ?? {})
    .filter(([name, handler]) => name !== 'onNext' && handler !== undefined)
    .map(([name]) => name);
  return names.length === 0 ? [] : [`with ${listed(names.toSorted())}`];
}

/** The chains of tasks that share a buffer, and where flows fork and join. */
function fused(workflow: WorkflowNode, { segments }: WorkflowPlan): string[] {
  return segments.map(({ tasks, inputs, readers }) => {
    const names = tasks.map((task) => workflow.tasks[task]?.name ?? '?');
    const joins = inputs.length > 1 ? [`joins ${inputs.length} flows`] : [];
    const forks = readers > 1 ? [`forks into ${readers}`] : readers === 0 ? ['leads nowhere'] : [];
    return [`segment ${names.join(' · ')}`, ...joins, ...forks].join('; ');
  });
}

/** Where events change their place, if they do. */
function stages(workflow: WorkflowNode, { stages: found }: WorkflowPlan): string[] {
  const last = Math.max(0, ...found);
  if (last === 0) return [];
  const names = Array.from({ length: last + 1 }, (_, stage) =>
    workflow.tasks.filter((_, task) => found[task] === stage).map(({ name }) => name),
  );
  return [`stages ${names.map((stage) => stage.join(', ')).join(' | by key | ')}`];
}

function cycles(plan: Plan): Block[] {
  return plan.loops.map((loop) => ({
    head: `cycle through ${loop.map((path) => short(plan, path)).join(', ')}`,
    lines: [],
  }));
}

/** Those that also lead through other applications: shown in each of them. */
function cyclesBeyond(plan: Plan, around: Surroundings): Block[] {
  const own = (path: string): boolean => path.startsWith(`${plan.application.path}/`);
  return around.loops
    .filter((loop) => loop.some(own) && !loop.every(own))
    .map((loop) => ({ head: `cycle through ${listed(loop.map((path) => short(plan, path)))}`, lines: [] }));
}

function needs({ application, requires }: Plan): Block[] {
  const needed = new Map<string, Set<string>>();
  for (const { kind, path, by } of requires) {
    const users = needed.get(`${kind} ${path}`) ?? new Set();
    needed.set(`${kind} ${path}`, users.add(by));
  }
  if (needed.size === 0) return [];
  const registry = `${application.path}/registry`;
  const lines = [...needed].map(([what, users]) => {
    const by = [...users]
      .filter((user) => user !== registry)
      .map((user) => shortened(application.path, user));
    return `${what}, ${by.length === 0 ? 'looked up only' : `for ${listed(by)}`}`;
  });
  return [{ head: 'needs of other applications', lines }];
}

function kept({ application }: Plan, stream: string): string {
  return application.retained.includes(stream) ? ', keeps its past' : '';
}

function to(plan: Plan, stream: string, around: Surroundings): string {
  const readers = around.readersOf(stream).map((path) => short(plan, path));
  return ` → ${readers.length === 0 ? 'nobody' : listed(readers)}`;
}

function now(path: string, around: Surroundings): string[] {
  const text = around.now(path);
  return text === undefined ? [] : [`now ${text}`];
}

function short({ application }: Plan, path: string): string {
  return shortened(application.path, path);
}

function shortened(app: string, path: string): string {
  if (path === NOTHING) return 'nothing';
  return path.startsWith(`${app}/`) ? path.slice(app.length + 1) : path;
}

function listed(words: readonly string[]): string {
  return words.join(', ');
}

function indented(line: string): string {
  return `    ${line}`.trimEnd();
}

/** Every line of a text behind a margin that marks those that another text does not have. */
function markAdded(before: string, after: string): string {
  const left = new Map<string, number>();
  for (const line of before.split('\n')) left.set(line, (left.get(line) ?? 0) + 1);
  return after
    .split('\n')
    .map((line) => {
      const times = left.get(line) ?? 0;
      left.set(line, times - 1);
      return times > 0 ? `  ${line}` : `+ ${line}`;
    })
    .join('\n');
}
