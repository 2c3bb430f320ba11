import { describe, expect, it } from 'vitest';
import { answer, application, explain, steppingSystem } from 'portico/dataflow';

const lengths = application('lengths', (app) => {
  const length = app.portal<string, number>('length');
  app
    .workflow('service')
    .replier([answer(length, (text, ctx) => ctx.reply(text.length))])
    .sink();
  const out = app
    .workflow('client')
    .source(app.generators.fromArray(['a', 'bcd']))
    .asker<number>([length], (text, ctx) => {
      ctx.await(ctx.ask(length, text), (n, ctx) => ctx.emit(n));
    })
    .sink();
  return { out };
});

describe('a workflow that only answers portals', () => {
  it('needs no source', () => {
    const system = steppingSystem();
    const got: number[] = [];
    system.launch(lengths);
    system.subscribe(lengths.handles.out, (n) => got.push(n));
    system.stepUntilComplete();
    expect(got).toEqual([1, 3]);
  });

  it('is explained as one that reads nothing', () => {
    expect(explain(lengths)).toMatch(/source\s+← nothing/);
    expect(explain(lengths, { format: 'mermaid' })).toContain('a0flow0source(("source');
  });

  it('is still told to begin with a source if it has neither', () => {
    const app = application('app', (app) => {
      app.workflow('w');
    });
    expect(explain(app)).toContain('replier([…]) if it only answers portals');
  });
});
