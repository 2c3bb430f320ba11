// The simulation under node:test: it needs nothing of the runner but that it shows errors.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../.cache/simulate-runners', import.meta.url));

const program = `
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { behavior, receive, same, start, valueState, type ActorRef } from 'portico';
import { simulate } from 'portico/testing';

const sum = valueState('sum', 0);
const counter = behavior('counter', () =>
  receive<{ add: number } | { replyTo: ActorRef<number> }>((message, ctx) => {
    if ('add' in message) sum.update(ctx, (n) => n + message.add);
    else ctx.send(message.replyTo, sum.get(ctx));
    return same;
  }),
);
const adding = (keyed: boolean) => () => simulate(
  () => ({
    start: (where) => start({ behaviors: { counter }, ...where }),
    run: async (client) => {
      await client.retry('add 1', (system, key) =>
        system.send(system.entity(counter(), 'all'), { add: 1 }, keyed ? { idempotencyKey: key } : {}),
      );
    },
    check: async (system) => assert.equal(await system.ask(system.entity(counter(), 'all'), {}), 1),
  }),
  { seeds: 40 },
).then(() => undefined);

test('a sender with a key', adding(true));
test('a sender without a key', adding(false));
`;

describe('a simulation under node:test', () => {
  it('passes where it should, and fails with its story where it should', async () => {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'program.ts');
    writeFileSync(path, program);
    const options = ['--conditions=portico:source', '--import', 'tsx', '--test-reporter=tap', path];
    const ended = await promisify(execFile)(process.execPath, options, { timeout: 60_000 }).catch(
      (error: { stdout: string }) => error,
    );
    expect(ended.stdout).toMatch(/^ok 1 - a sender with a key$/m);
    expect(ended.stdout).toMatch(/^not ok 2 - a sender without a key$/m);
    expect(ended.stdout).toMatch(/The program fails with seed \d+/);
    expect(ended.stdout).toMatch(/Run it again with \{ plan: '\d+ .*' \}/);
  });
});
