import { describe, expect, it } from 'vitest';
import { startSystem } from 'portico/dataflow';
import { virtualHost } from 'portico/testing';

describe('a listener to the end of a system', () => {
  it('is told with the reason, once', async () => {
    const system = await startSystem({ host: virtualHost(), seed: 1 });
    const told: string[] = [];
    system.onEnd(({ code }) => told.push(code));
    await system.shutdown();
    await system.shutdown();
    expect(told).toEqual(['system/shut-down']);
  });

  it('that throws keeps no other from being told, and leaves a line in the log', async () => {
    const host = virtualHost();
    const system = await startSystem({ host, seed: 1 });
    const told: string[] = [];
    system.onEnd(() => {
      throw new Error('not me');
    });
    system.onEnd(({ code }) => told.push(code));
    await system.shutdown();
    expect(told).toEqual(['system/shut-down']);
    expect(host.records.map(({ value }) => value)).toEqual([
      'a listener to the end of the system threw: not me',
    ]);
  });
});
