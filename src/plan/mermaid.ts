/**
 * Plans as a Mermaid flowchart: an application is a box, a workflow a box in it; arrows are streams, dotted arrows are
 * portals, thick arrows lie on a cycle.
 *
 * Labels stand in quotes, and what could mean something to Mermaid in them is written as a character code.
 */
import { sentence } from '../errors.ts';
import { NOTHING, SOURCE, streamPath, type WorkflowNode } from '../graph/application.ts';
import type { Plan, TaskPlace } from './plan.ts';
import { details } from './explain.ts';
import { surround, type Surroundings } from './surroundings.ts';

/** All plans in one flowchart. */
export function drawPlans(around: Surroundings): string {
  return new Drawing(around).text();
}

/** A flowchart after each pass, as Markdown: a heading and a diagram for each. */
export function drawPasses(stages: readonly { readonly pass: string; readonly plan: Plan }[]): string {
  return stages
    .map(({ pass, plan }) => `## After ${pass}\n\n\`\`\`mermaid\n${drawPlans(surround([plan]))}\n\`\`\``)
    .join('\n\n');
}

/** What gives a stream: the node that an arrow starts at, what lies on cycles there, and what the arrow says. */
interface Producer {
  readonly node: string;
  readonly entity: string;
  readonly says?: string;
}

class Drawing {
  readonly #around: Surroundings;
  readonly #boxes: string[];
  readonly #arrows: string[] = [];
  readonly #producers = new Map<string, Producer>();
  /** The nodes of sequencers, splitters and portals by path. */
  readonly #nodes = new Map<string, string>();
  readonly #foreign = new Map<string, string>();
  readonly #loops: readonly ReadonlySet<string>[];

  constructor(around: Surroundings) {
    this.#around = around;
    this.#loops = around.loops.map((loop) => new Set(loop));
    this.#boxes = around.plans.flatMap((plan, i) => this.#application(plan, `a${i}`));
    around.plans.forEach((plan, i) => this.#splitProducers(plan, `a${i}`));
    around.plans.forEach((plan, i) => {
      this.#streams(plan, `a${i}`);
      this.#portals(plan, `a${i}`);
    });
  }

  text(): string {
    const foreign = [...this.#foreign].map(
      ([path, node]) => `${node}[${label('elsewhere', path === NOTHING ? 'nothing' : path)}]:::foreign`,
    );
    const classes = [
      ...(foreign.length > 0 ? ['classDef foreign stroke-dasharray:4'] : []),
      ...(this.#around.plans.some(({ problems }) => problems.length > 0)
        ? ['classDef problem stroke:#c00']
        : []),
    ];
    return ['flowchart LR', ...indent([...this.#boxes, ...foreign, ...this.#arrows, ...classes])].join('\n');
  }

  #application(plan: Plan, id: string): string[] {
    const { application, problems } = plan;
    const lines = problems.map((problem, i) => `${id}problem${i}[${label(sentence(problem))}]:::problem`);
    const node = (path: string, made: string, open: string, close: string, ...says: string[]): void => {
      lines.push(`${made}${open}${label(...says, ...this.#now(path))}${close}`);
      this.#nodes.set(path, made);
    };
    const produces = (path: string, made: string): void => {
      this.#producers.set(streamPath(path), { node: made, entity: path });
    };
    application.ingresses.forEach(({ path, name }, i) => {
      node(path, `${id}in${i}`, '[/', '/]', `ingress ${name}`);
      produces(path, `${id}in${i}`);
    });
    application.generators.forEach(({ path, name, kind }, i) => {
      node(path, `${id}gen${i}`, '([', '])', `generator ${name}`, kind);
      produces(path, `${id}gen${i}`);
    });
    application.sequencers.forEach(({ path, name, strategy }, i) => {
      node(path, `${id}seq${i}`, '[[', ']]', `sequencer ${name}`, strategy.name);
      produces(path, `${id}seq${i}`);
    });
    application.splitters.forEach(({ path, name }, i) => {
      node(path, `${id}split${i}`, '{', '}', `splitter ${name}`);
    });
    application.portals.forEach(({ path, name }, i) => {
      node(path, `${id}portal${i}`, '{{', '}}', `portal ${name}`);
    });
    application.egresses.forEach(({ path, name }, i) => {
      node(path, `${id}out${i}`, '[\\', '\\]', `egress ${name}`);
      produces(path, `${id}out${i}`);
    });
    application.workflows.forEach((workflow, i) => {
      lines.push(...this.#workflow(plan, workflow, i, `${id}flow${i}`));
      produces(workflow.path, workflow.sink === undefined ? `${id}flow${i}` : `${id}flow${i}sink`);
    });
    return [`subgraph ${id}[${label(`application ${application.path}`)}]`, ...indent(lines), 'end'];
  }

  #workflow(plan: Plan, workflow: WorkflowNode, index: number, id: string): string[] {
    const { tasks, sink, sourceName, name, path } = workflow;
    const nodeOf = (position: number): string =>
      position === SOURCE ? `${id}source` : `${id}task${position}`;
    const staged = plan.workflows[index]?.stages.some((stage) => stage > 0) === true;
    const byKey = (position: number): boolean =>
      staged && tasks[position]?.parts.some(({ role }) => role === 'key') === true;
    const arrow = (from: number, to: string): string =>
      `${nodeOf(from)} -->${byKey(from) ? '|"by key"|' : ''} ${to}`;
    const taskLines = tasks.map(({ name: task, parts }, i) => {
      const does = parts.flatMap((part, at) => [
        `${at === 0 ? '' : 'and then '}${part.role}`,
        ...details(plan, part),
      ]);
      return `${nodeOf(i)}[${label(`task ${task}`, ...does)}]`;
    });
    const chains = (plan.workflows[index]?.segments ?? []).filter(({ tasks: members }) => members.length > 1);
    const chained = new Set(chains.flatMap((chain) => chain.tasks));
    const lines = [
      ...(sourceName === '' ? [] : [`${nodeOf(SOURCE)}((${label(`source ${sourceName}`)}))`]),
      ...chains.flatMap(({ tasks: members }, i) => [
        `subgraph ${id}fused${i}[${label('fused')}]`,
        ...indent(members.map((task) => taskLines[task] ?? '')),
        'end',
      ]),
      ...taskLines.filter((_, task) => !chained.has(task)),
      ...(sink === undefined ? [] : [`${id}sink((${label(`sink ${sink.name}`)}))`]),
      ...tasks.flatMap(({ inputs }, i) => inputs.map((from) => arrow(from, nodeOf(i)))),
      ...(sink?.inputs.map((from) => arrow(from, `${id}sink`)) ?? []),
    ];
    return [`subgraph ${id}[${label(`workflow ${name}`, ...this.#now(path))}]`, ...indent(lines), 'end'];
  }

  #splitProducers({ application }: Plan, id: string): void {
    application.splits.forEach(({ path, splitter }) => {
      const number = this.#around.splitsOf(splitter).findIndex((split) => split.path === path) + 1;
      const says = `${number} ${path.slice(splitter.length + 1)}`;
      this.#producers.set(path, { node: this.#node(splitter), entity: splitter, says });
    });
    // A split that nobody reads is shown all the same.
    application.splits.forEach(({ path }, i) => {
      const producer = this.#producers.get(path);
      if (producer === undefined || this.#around.readersOf(path).length > 0) return;
      this.#boxes.push(`${id}unread${i}[${label('nobody')}]`);
      this.#arrows.push(`${producer.node} -->|${label(producer.says ?? '')}| ${id}unread${i}`);
    });
  }

  #streams({ application }: Plan, id: string): void {
    application.workflows.forEach(({ source, path }, i) => {
      if (source !== undefined) this.#stream(source, `${id}flow${i}source`, path);
    });
    application.splitters.forEach(({ input, path }, i) => this.#stream(input, `${id}split${i}`, path));
    application.connections.forEach(({ from, to, priority }) => {
      this.#stream(from, this.#node(to), to, ...(priority === 0 ? [] : [`priority ${priority}`]));
    });
  }

  #stream(stream: string, to: string, reader: string, ...says: string[]): void {
    const producer = this.#producers.get(stream);
    const from = producer?.node ?? this.#node(stream);
    const all = [...(producer?.says === undefined ? [] : [producer.says]), ...says];
    const cyclic = this.#loops.some(
      (loop) => loop.has(reader) && producer !== undefined && loop.has(producer.entity),
    );
    this.#arrows.push(
      `${from} ${cyclic ? '==>' : '-->'}${all.length === 0 ? '' : `|${label(...all)}|`} ${to}`,
    );
  }

  #portals({ portals }: Plan, id: string): void {
    const taskAt = ({ workflow, task }: TaskPlace): string => `${id}flow${workflow}task${task}`;
    for (const { path, answeredBy, askedBy } of portals) {
      for (const place of askedBy) this.#arrows.push(`${taskAt(place)} -.->|"asks"| ${this.#node(path)}`);
      if (answeredBy !== undefined)
        this.#arrows.push(`${this.#node(path)} -.->|"answered by"| ${taskAt(answeredBy)}`);
    }
  }

  /** The node of an entity; one of an application that is not shown is put beside the boxes. */
  #node(path: string): string {
    const known = this.#nodes.get(path) ?? this.#foreign.get(path);
    if (known !== undefined) return known;
    const made = `foreign${this.#foreign.size}`;
    this.#foreign.set(path, made);
    return made;
  }

  #now(path: string): string[] {
    const text = this.#around.now(path);
    return text === undefined ? [] : [text];
  }
}

function label(...lines: readonly string[]): string {
  return `"${lines.map(escaped).join('<br/>')}"`;
}

/** Mermaid reads quotes, character codes, HTML, Markdown and comments even within quotes. */
function escaped(text: string): string {
  return text.replace(/["#&<>`*_~%;]|\p{C}|\p{Z}/gu, (char) =>
    char === ' ' ? char : `#${char.codePointAt(0)};`,
  );
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
