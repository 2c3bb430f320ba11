import { describe, expect, it } from 'vitest';
import { application, startSystem } from 'portico/dataflow';
import { virtualHost } from 'portico/testing';

/** Atoms without an end in sight, held back only by who reads them. */
const source = application('source', (app) => ({
  numbers: app.retain(app.generators.fromRange(0, 200, 1)),
}));

describe('a generator whose stream is retained', () => {
  it('goes on when a reader that comes late has caught up', async () => {
    const host = virtualHost();
    const system = await startSystem({ host, seed: 1 });
    const got: number[] = [];
    system.launch(source);
    // Enough for more atoms than a reader may lag behind.
    for (let i = 0; i < 60; i++) system.partition.run(1);
    const before = system.partition.instances.get('/source')?.stream(source.handles.numbers.path).atoms ?? 0;
    expect(before).toBeGreaterThan(16);
    expect(before).toBeLessThan(200);
    system.subscribe(source.handles.numbers, (n) => got.push(n), { from: 'start' });
    await host.run();
    expect(got).toEqual(Array.from({ length: 200 }, (_, i) => i));
    await system.shutdown();
  });

  it('goes on when a reader that lags behind goes away', async () => {
    const host = virtualHost();
    const system = await startSystem({ host, seed: 1 });
    system.launch(source);
    for (let i = 0; i < 60; i++) system.partition.run(1);
    const unsubscribe = system.subscribe(source.handles.numbers, () => undefined, { from: 'start' });
    // The generator finds its reader too far behind.
    system.partition.run(1);
    unsubscribe();
    await host.run();
    const stream = system.partition.instances.get('/source')?.stream(source.handles.numbers.path);
    // All numbers and the end.
    expect(stream?.atoms).toBe(201);
    await system.shutdown();
  });
});
