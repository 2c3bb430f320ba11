// The campaign of faults, as long as there is time; or the list of the places that take care of a failure. See docs/hacking.md.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runBank } from './bank.ts';
import { everyCall, fail, lasting, second, single, someCalls, type Report } from './campaign.ts';

const { values } = parseArgs({
  options: {
    /** How long the campaign may take; to its end if not given. */
    minutes: { type: 'string' },
    /** Which part of it: single, lasting or second; all if not given. */
    part: { type: 'string' },
    /** Lists the places instead, each with how often it ran in the tests. */
    list: { type: 'boolean', default: false },
  },
});

if (values.list) {
  const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'source', 'test/faults'], {
    env: { ...process.env, FAULTS: 'list' },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} else await campaign();

async function campaign(): Promise<void> {
  const { calls } = await runBank([]);
  const untilMs = performance.now() + Number(values.minutes ?? Infinity) * 60_000;
  const parts = {
    single: () => single(calls, everyCall),
    lasting: () => lasting(calls, everyCall),
    second: () => second(calls, someCalls),
  };
  for (const [name, faults] of Object.entries(parts)) {
    if (values.part !== undefined && values.part !== name) continue;
    const startMs = performance.now();
    const report = await fail(faults(), () => performance.now() > untilMs);
    tell(name, report, performance.now() - startMs);
  }
}

function tell(name: string, { runs, met, wrong }: Report, ms: number): void {
  for (const what of wrong) console.log(what);
  console.log(
    `${name}: ${runs} runs, ${met} calls failed, ${wrong.length} wrong, ${Math.round(ms / 1000)} s`,
  );
  if (wrong.length > 0) process.exitCode = 1;
}
