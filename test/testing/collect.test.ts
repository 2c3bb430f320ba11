import { application, steppingSystem, type Stream } from 'portico/dataflow';
import { collect } from 'portico/testing';
import { describe, expect, it } from 'vitest';

describe('a collection of a stream', () => {
  const counting = (retain: boolean) => {
    let numbers: Stream<number> | undefined;
    const app = application('count', (app) => {
      numbers = app
        .workflow()
        .source(app.generators.fromRange(0, 4, 1))
        .map((n) => n)
        .sink();
      if (retain) app.retain(numbers);
    });
    const system = steppingSystem();
    system.launch(app);
    if (numbers === undefined) throw new Error('the application was not written');
    return { system, numbers };
  };

  it('grows as the system runs', () => {
    const { system, numbers } = counting(false);
    const seen = collect(system, numbers);
    const lengths: number[] = [];
    while (system.canStep()) {
      system.step();
      lengths.push(seen.length);
    }
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(new Set(lengths)).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  it('begins where it was made, or at the start of a stream that is retained', () => {
    const { system, numbers } = counting(true);
    const first = collect(system, numbers);
    while (first.length < 2) system.step();
    const late = collect(system, numbers);
    const whole = collect(system, numbers, { from: 'start' });
    system.stepUntilComplete();
    expect(late).toEqual([2, 3]);
    expect(whole).toEqual([0, 1, 2, 3]);
  });
});
