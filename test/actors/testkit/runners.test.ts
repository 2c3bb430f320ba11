// The kits throw plain errors, so that every runner shows them: here that of Node itself.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const text = `
import { test } from 'node:test';
import { behavior, receive } from 'portico';
import { behaviorKit, explore, systemKit } from 'portico/testkit';

const counter = behavior('counter', (n) => receive(({ replyTo }, ctx) => (ctx.send(replyTo, n), counter(n + 1))));

test('a behavior', () => {
  const kit = behaviorKit(counter(0));
  kit.run({ replyTo: kit.ref });
  if (String(kit.behavior) !== 'counter(1)') throw new Error('it does not count');
});

test('a system', async () => {
  await using kit = await systemKit();
  const probe = kit.probe('the end');
  await kit.send(kit.create(counter(7)), { replyTo: probe.ref });
  await probe.expectMessage(7);
});

test('every order', async () => {
  await explore(async (kit) => void (await kit.ask(kit.create(counter(7)), {})), { runs: 3 });
});

test('what is not as expected', async () => {
  await using kit = await systemKit();
  await kit.probe('the end').expectMessage(7);
});
`;

it('runs under the runner of Node', async () => {
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'node-test-'));
  try {
    const file = join(folder, 'kit.test.mts');
    writeFileSync(file, text);
    const args = ['--conditions=portico:source', '--import', 'tsx', '--test', '--test-reporter=tap', file];
    const ran = await promisify(execFile)(process.execPath, args, { cwd: root }).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
    expect(ran).toContain('ok 1 - a behavior');
    expect(ran).toContain('ok 2 - a system');
    expect(ran).toContain('ok 3 - every order');
    expect(ran).toContain('not ok 4 - what is not as expected');
    expect(ran).toContain('the end was sent nothing, and 7 was expected');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
