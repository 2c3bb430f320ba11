// Sequences of behaviors of which some are made when the workflow starts.
import { describe, expect, it } from 'vitest';
import { answer, application, explain, steppingSystem, tasks } from 'portico/dataflow';

describe('a sequence with a behavior that is made at launch', () => {
  it('uses each for its atoms, and makes it once', () => {
    let made = 0;
    const app = application('app', (app) => {
      const out = app
        .workflow()
        .source(app.generators.fromArrays([[1], [2], [3], [4], [5]]))
        .map((n) => `a${n}`)
        .withLoop(
          2,
          tasks.init(() => {
            made++;
            return tasks.map((n) => `b${n}`);
          }),
        )
        .sink();
      return { out };
    });
    const system = steppingSystem();
    const seen: string[] = [];
    system.launch(app);
    system.subscribe(app.handles.out, (value) => seen.push(value));
    system.stepUntilComplete();
    expect([seen, made]).toEqual([['a1', 'b2', 'b3', 'a4', 'b5'], 1]);
  });

  it('asks and answers what its other behaviors ask and answer', () => {
    const app = application('app', (app) => {
      const lengths = app.portal<string, number>('lengths');
      const words = app.generators.fromArrays([['one'], ['three']]);
      const out = app
        .workflow('ask')
        .source(words)
        .asker<number>([lengths], (word, ctx) => {
          ctx.await(ctx.ask(lengths, word), (length, inner) => inner.emit(length));
        })
        .withStep(tasks.init(() => tasks.map((word) => -word.length)))
        .sink();
      app
        .workflow('answer')
        .source(app.generators.empty<string>())
        .replier([answer(lengths, (word, ctx) => ctx.reply(word.length))])
        .sink();
      return { out };
    });
    expect(explain(app)).toContain('asked by workflows/ask/');
    const system = steppingSystem();
    const seen: number[] = [];
    system.launch(app);
    system.subscribe(app.handles.out, (value) => seen.push(value));
    system.stepUntilComplete();
    expect(seen).toEqual([3, -5]);
  });
});

describe('a behavior of a sequence whose end of an atom fails', () => {
  it('has had its atom all the same, if the error is handled', () => {
    const seen: string[] = [];
    const app = application('app', (app) => {
      const numbers = app.generators.fromArrays([[1], [2], [3]]);
      app
        .workflow('w')
        .source(numbers)
        .map((n) => `a${n}`)
        .withOnAtomComplete(() => {
          throw new Error('no end');
        })
        .withStep(tasks.map((n: number) => `b${n}`))
        .identity()
        .withOnError((error, ctx) => ctx.emit(String(error)))
        .consume((text) => void seen.push(text))
        .sink();
    });
    const system = steppingSystem();
    system.launch(app);
    system.stepUntilComplete();
    expect(seen).toEqual(['a1', 'Error: no end', 'b2', 'a3', 'Error: no end']);
  });
});
