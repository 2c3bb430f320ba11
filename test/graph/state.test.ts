import { describe, expect, it } from 'vitest';
import { application, perKeyState, steppingSystem, type PorticoError } from 'portico/dataflow';

describe('the initial value of a state', () => {
  it('cannot be changed in place, since all keys share it', () => {
    const list = perKeyState<string[]>('list', []);
    const app = application('lists', (app) => {
      const words = app.generators.fromArray(['a', 'b']);
      app
        .workflow()
        .source(words)
        .map((word, ctx) => list.get(ctx).push(word))
        .sink();
    });
    const system = steppingSystem();
    system.launch(app);
    let failure: PorticoError | undefined;
    try {
      system.stepUntilComplete();
    } catch (error) {
      failure = error as PorticoError;
    }
    expect(failure?.code).toBe('atom/failed');
    expect(failure?.cause).toBeInstanceOf(TypeError);
  });

  it('stays as it is if it is no plain data', () => {
    const date = new Date(0);
    const when = perKeyState('when', date);
    expect(Object.isFrozen(date)).toBe(false);
    expect(when.name).toBe('when');
  });
});
