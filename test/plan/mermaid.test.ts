// Flowcharts: exact texts of small ones, and a grammar that all of them must keep, whatever the names.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answer, application, explain, type Application } from 'portico/dataflow';

const draw = (app: Application): string[] => explain(app, { format: 'mermaid' }).split('\n');

const cycle = application('cycle', (app) => {
  const loop = app.sequencer<number>({ name: 'loop' });
  app.connect(app.generators.signal(3, { name: 'start' }), loop);
  const back = app
    .workflow('down')
    .source(loop.stream)
    .key((n) => n)
    .map((n) => n - 1)
    .withOnAtomComplete(() => undefined)
    .sink();
  app.connect(back, loop, { priority: 2 });
});

const service = application('service', (app) => {
  const lengths = app.portal<string, number>('lengths');
  const words = app.splitter(app.registry.stream<string>('/texts/ingresses/words/stream'), { name: 's' });
  app
    .workflow('ask')
    .source(app.split(words, (word) => word !== '', { name: 'some' }))
    .asker([lengths], () => undefined)
    .sink();
  app
    .workflow('answer')
    .source(app.ingress<never>('none').stream)
    .replier([answer(lengths, (word, ctx) => ctx.reply(word.length))])
    .sink();
  app.split(words, () => true, { name: 'rest' });
  app.egress('out');
});

/** What is wrong with a flowchart: lines that are none of those we draw, boxes left open, nodes that are nowhere. */
function mistakes(chart: readonly string[]): string[] {
  const [first, ...lines] = chart.map((line) => line.trim());
  const found = first === 'flowchart LR' ? [] : [`begins with ${first}`];
  const label = String.raw`"(?:[^"#<&%\x60]|#\d+;|<br\/>)+"`;
  const shapes = [
    ['[', ']'],
    ['[[', ']]'],
    ['([', '])'],
    ['((', '))'],
    ['{', '}'],
    ['{{', '}}'],
    ['[/', '/]'],
    ['[\\', '\\]'],
  ].map(([open = '', close = '']) => escape(open) + label + escape(close));
  const node = new RegExp(String.raw`^(\w+)(?:${shapes.join('|')})(?::::(?:foreign|problem))?$`);
  const box = new RegExp(String.raw`^subgraph (\w+)\[${label}\]$`);
  const arrow = new RegExp(String.raw`^(\w+) (?:-->|==>|-\.->)(?:\|${label}\|)? (\w+)$`);
  const declared = new Set<string>();
  const used: string[] = [];
  let open = 0;
  for (const line of lines) {
    const [, made] = node.exec(line) ?? box.exec(line) ?? [];
    const [, from, to] = arrow.exec(line) ?? [];
    if (made !== undefined) {
      if (declared.has(made)) found.push(`${made} is there twice`);
      declared.add(made);
      if (line.startsWith('subgraph ')) open++;
    } else if (from !== undefined && to !== undefined) used.push(from, to);
    else if (line === 'end') open--;
    else if (!/^classDef (foreign|problem) [\w-]+:#?\w+$/.test(line)) found.push(`not a line: ${line}`);
    if (open < 0) found.push('a box ends that did not begin');
  }
  if (open > 0) found.push('a box does not end');
  return [...found, ...used.filter((id) => !declared.has(id)).map((id) => `${id} is nowhere`)];
}

const escape = (text: string): string => text.replace(/[[\](){}/\\]/g, String.raw`\$&`);

describe('explain as Mermaid', () => {
  it('draws workflows as boxes, chains as boxes in them, and cycles with thick arrows', () => {
    expect(draw(cycle)).toEqual([
      'flowchart LR',
      '  subgraph a0["application /cycle"]',
      '    a0gen0(["generator start<br/>signal"])',
      '    a0seq0[["sequencer loop<br/>random"]]',
      '    subgraph a0flow0["workflow down"]',
      '      a0flow0source(("source $2"))',
      '      subgraph a0flow0fused0["fused"]',
      '        a0flow0task0["task $3<br/>key"]',
      '        a0flow0task1["task $4<br/>map<br/>with onAtomComplete"]',
      '      end',
      '      a0flow0sink(("sink $5"))',
      '      a0flow0source --> a0flow0task0',
      '      a0flow0task0 -->|"by key"| a0flow0task1',
      '      a0flow0task1 --> a0flow0sink',
      '    end',
      '  end',
      '  a0seq0 ==> a0flow0source',
      '  a0gen0 --> a0seq0',
      '  a0flow0sink ==>|"priority 2"| a0seq0',
    ]);
  });

  it('draws portals with dotted arrows, splits in order, and other applications beside', () => {
    expect(draw(service)).toEqual([
      'flowchart LR',
      '  subgraph a0["application /service"]',
      '    a0in0[/"ingress none"/]',
      '    a0split0{"splitter s"}',
      '    a0portal0{{"portal lengths"}}',
      String.raw`    a0out0[\"egress out"\]`,
      '    subgraph a0flow0["workflow ask"]',
      '      a0flow0source(("source $1"))',
      '      a0flow0task0["task $2<br/>asker<br/>asks portals/lengths"]',
      '      a0flow0sink(("sink $3"))',
      '      a0flow0source --> a0flow0task0',
      '      a0flow0task0 --> a0flow0sink',
      '    end',
      '    subgraph a0flow1["workflow answer"]',
      '      a0flow1source(("source $4"))',
      '      a0flow1task0["task $5<br/>replier<br/>answers portals/lengths"]',
      '      a0flow1sink(("sink $6"))',
      '      a0flow1source --> a0flow1task0',
      '      a0flow1task0 --> a0flow1sink',
      '    end',
      '  end',
      '  a0unread1["nobody"]',
      '  foreign0["elsewhere<br/>/texts/ingresses/words/stream"]:::foreign',
      '  a0split0 -->|"2 rest"| a0unread1',
      '  a0split0 -->|"1 some"| a0flow0source',
      '  a0in0 --> a0flow1source',
      '  foreign0 --> a0split0',
      '  a0flow0task0 -.->|"asks"| a0portal0',
      '  a0portal0 -.->|"answered by"| a0flow1task0',
      '  classDef foreign stroke-dasharray:4',
    ]);
  });

  it('gives a diagram after each pass, in Markdown', () => {
    const sections = explain(cycle, { format: 'mermaid', passes: true }).split('\n\n');
    expect(sections.filter((_, i) => i % 2 === 0)).toEqual([
      '## After check',
      '## After portals',
      '## After loops',
      '## After fuse',
      '## After shuffle',
    ]);
    const charts = sections.filter((_, i) => i % 2 === 1);
    for (const chart of charts) {
      expect(chart.startsWith('```mermaid\n') && chart.endsWith('\n```')).toBe(true);
      expect(mistakes(chart.split('\n').slice(1, -1))).toEqual([]);
    }
    expect(charts.map((chart) => chart.includes('==>'))).toEqual([false, false, true, true, true]);
    expect(charts.map((chart) => chart.includes('"fused"'))).toEqual([false, false, false, true, true]);
    expect(charts.map((chart) => chart.includes('"by key"'))).toEqual([false, false, false, false, true]);
  });

  it('draws applications of any size', () => {
    const app = application('many', (app) => {
      const { stream } = app.ingress<number>('in');
      for (let i = 0; i < 10_000; i++) app.workflow().source(stream).identity().sink();
    });
    expect(draw(app).filter((line) => line.includes('subgraph a0flow'))).toHaveLength(10_000);
  });

  it('keeps to its grammar whatever things are called, wrong applications included', () => {
    const tricky = fc.constantFrom(
      'end',
      '"',
      '#35;',
      '`',
      '%%',
      '<b>',
      ';',
      '\n',
      '[',
      '{{',
      '|',
      '&amp;',
      '🙂',
      '\u0000',
      '\u2028',
      '\ud800',
    );
    const name = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      tricky,
      fc.tuple(tricky, tricky).map((two) => two.join('')),
    );
    fc.assert(
      fc.property(
        fc.array(name, { minLength: 6, maxLength: 6 }),
        ([a = '', b = '', c = '', d = '', e = '', f = '']) => {
          const app = application(a, (app) => {
            const numbers = app.generators.signal(1, { name: b });
            const splits = app.splitter(numbers, { name: c });
            const merged = app.sequencer<number>({ name: d });
            app.connect(
              app.split(splits, () => true, { name: e }),
              merged,
            );
            app.connect(app.registry.stream<number>(f), merged);
            app
              .workflow(f)
              .source(merged.stream)
              .map((n) => n)
              .withName(a)
              .filter(() => true)
              .withName(b)
              .sink();
          });
          expect(mistakes(draw(app))).toEqual([]);
        },
      ),
    );
  });

  it.each([
    ['an unknown line', ['flowchart LR', 'what']],
    ['a label that is not closed', ['flowchart LR', 'a["b]']],
    ['a quote in a label', ['flowchart LR', 'a["b"c"]']],
    ['a box that is not closed', ['flowchart LR', 'subgraph a["b"]']],
    ['a box that was not opened', ['flowchart LR', 'end']],
    ['an arrow to nowhere', ['flowchart LR', 'a["a"]', 'a --> b']],
    ['a node that is there twice', ['flowchart LR', 'a["a"]', 'a["a"]']],
    ['no flowchart', ['sequenceDiagram']],
  ])('is checked by a grammar that finds %s', (_, chart) => {
    expect(mistakes(chart)).not.toEqual([]);
  });
});
