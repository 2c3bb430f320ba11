// What a system does when the disk under its store is full, or fails.
import { describe, expect, it } from 'vitest';
import { behavior, receive, same, start, type ActorRef, type ActorSystem, type Behavior } from 'portico';
import type { LogRecord, Store } from 'portico/dataflow';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { snapshotState } from '../../src/state/snapshot-state.ts';
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts';

type Counting = { type: 'up' } | { type: 'read'; replyTo: ActorRef<number> };

const counter = behavior('counter', (count: number): Behavior<Counting> =>
  receive((message, ctx) => {
    if (message.type === 'up') return counter(count + 1);
    ctx.send(message.replyTo, count);
    return same;
  }),
);

const up = (system: ActorSystem): Promise<void> =>
  system.send(system.entity(counter(0), 'one'), { type: 'up' });
const count = (system: ActorSystem): Promise<number> =>
  system.ask(system.entity(counter(0), 'one'), { type: 'read' });

function place(): { readonly disk: SimulatedDisk; readonly states: SimulatedDisk; readonly store: Store } {
  const disk = new SimulatedDisk({ slowness: 0 });
  const states = new SimulatedDisk({ slowness: 0 });
  const store: Store = {
    name: 'a simulated disk',
    parts: () =>
      Promise.resolve({
        journal: fileJournal(disk.mount(), { preallocateBytes: 0 }),
        state: snapshotState(states.mount()),
      }),
  };
  return { disk, states, store };
}

describe('a system whose disk is full', () => {
  it('acknowledges nothing until there is room, and goes on then', async () => {
    const { disk, store } = place();
    const lines: LogRecord[] = [];
    await using system = await start({ behaviors: { counter }, store, log: (line) => lines.push(line) });
    await up(system);
    disk.capacityBytes = 0;
    const acknowledged: number[] = [];
    const waiting = [1, 2, 3].map((n) => up(system).then(() => acknowledged.push(n)));
    await expect.poll(() => lines.length).toBeGreaterThan(0);
    expect(String(lines[0]?.value)).toContain('journal/full');
    expect(acknowledged).toEqual([]);
    expect(system.dataflow.failure).toBeUndefined();
    disk.capacityBytes = Infinity;
    await Promise.all(waiting);
    expect(acknowledged).toEqual([1, 2, 3]);
    expect(await count(system)).toBe(4);
    expect(lines).toHaveLength(1);
  });
});

describe('a system whose state has no room', () => {
  // The state is brought up to date, and made durable, after every commit.
  const epochs = { applyBytes: 1, checkpointBytes: 1 };

  // A checkpoint that found no room ended the system, though the journal had everything and could wait.
  it('holds still until there is room, and goes on then', async () => {
    const { states, store } = place();
    const lines: LogRecord[] = [];
    const log = (line: LogRecord): void => void lines.push(line);
    await using system = await start({ behaviors: { counter }, store, epochs, log });
    await up(system);
    states.capacityBytes = 0;
    const waiting = [1, 2, 3].map(() => up(system));
    await expect.poll(() => lines.length).toBeGreaterThan(0);
    expect(String(lines[0]?.value)).toContain('state/full');
    const later = up(system);
    states.capacityBytes = Infinity;
    await Promise.all([...waiting, later]);
    expect(await count(system)).toBe(5);
    expect(system.dataflow.failure).toBeUndefined();
    expect(lines).toHaveLength(1);
  });

  it('can be stopped, and loses nothing: the journal has it', async () => {
    const { states, store } = place();
    const lines: LogRecord[] = [];
    const log = (line: LogRecord): void => void lines.push(line);
    const system = await start({ behaviors: { counter }, store, epochs, log });
    await up(system);
    states.capacityBytes = 0;
    const second = up(system);
    await expect.poll(() => lines.length).toBeGreaterThan(0);
    await system.stop();
    await second;
    states.capacityBytes = Infinity;
    await using next = await start({ behaviors: { counter }, store });
    expect(await count(next)).toBe(2);
  });
});

describe('a system whose disk fails', () => {
  it('ends, has acknowledged nothing that is not there, and starts again', async () => {
    const { disk, store } = place();
    const system = await start({ behaviors: { counter }, store, log: () => undefined });
    for (let i = 0; i < 3; i++) await up(system);
    disk.failAt({ operation: 'sync', code: 'EIO' });
    await expect(up(system)).rejects.toMatchObject({ code: 'journal/failed' });
    expect(system.dataflow.failure).toMatchObject({ code: 'journal/failed' });
    await expect(up(system)).rejects.toMatchObject({ code: 'system/failed' });
    await system.stop();
    disk.heal();
    await using next = await start({ behaviors: { counter }, store });
    // Of what was not acknowledged nobody knows: it was counted or it was not, once.
    expect([3, 4]).toContain(await count(next));
  });
});
