// Two systems on one folder: the newer one has it, also if the older one has nothing to do.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { behavior, receive, same, start, valueState, type ActorRef } from 'portico';
import { fileStore } from 'portico/node';

const count = valueState('count', 0);
const counter = behavior('counter', () =>
  receive<{ readonly replyTo: ActorRef<number> }>(({ replyTo }, ctx) => {
    ctx.send(
      replyTo,
      count.update(ctx, (n) => n + 1),
    );
    return same;
  }),
);

describe('a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portico-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(['level', 'memory'] as const)(
    'is taken over from a system that has nothing to do, which stops and says who has it (%s)',
    async (state) => {
      const store = (): ReturnType<typeof fileStore> => fileStore(join(folder, state), { state });
      const older = await start({
        behaviors: { counter },
        store: store(),
        owner: 'the older one',
        log: () => 0,
      });
      const ended = new Promise<Error>((resolve) => older.dataflow.onEnd(resolve));
      expect(await older.ask(older.entity(counter(), 'a'), {})).toBe(1);
      await using newer = await start({ behaviors: { counter }, store: store(), owner: 'the newer one' });
      expect(await newer.ask(newer.entity(counter(), 'a'), {})).toBe(2);
      expect(String(await ended)).toContain('the newer one');
      expect(older.dataflow.failure?.code).toBe('journal/fenced');
      await expect(older.ask(older.entity(counter(), 'a'), {})).rejects.toThrow('the newer one');
      await older.stop();
      expect(await newer.ask(newer.entity(counter(), 'a'), {})).toBe(3);
    },
  );
});
