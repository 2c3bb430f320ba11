// `npm run overload`: what a system does when more comes than it can do, when somebody is slow, and when messages multiply. Each case
// runs in a process of its own, with so much heap and no more.
//
//     npm run overload                        all cases; each flood takes two minutes
//     npm run overload -- --minutes 10        longer floods
//     npm run overload -- --only flood        those with this in their name
//     npm run overload -- --send-limit 5000   fewer calls of send may wait: more are refused, and none waits long
//
// It ends with 1 if anything is wrong. Figures of time depend on what else the machine does; what is wrong does not.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fileStore } from 'portico/node';
import { cycle } from './cycle.ts';
import { doors, fairness } from './fairness.ts';
import { flood, type Flood, type FloodOptions } from './flood.ts';
import { hangingEffect, slowReader, type Slow } from './slow.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    'send-limit': { type: 'string' },
    case: { type: 'string' },
  },
});

const SMALL = { sendLimit: 10_000, backlogLimit: 400_000 };

const minutes = Number(values.minutes);
const sendLimit = values['send-limit'] === undefined ? undefined : Number(values['send-limit']);

interface Case {
  readonly heapMb: number;
  /** What it has to show, and what is wrong with it. */
  readonly run: (folder: string) => Promise<{ readonly shown: unknown; readonly wrong: readonly string[] }>;
}

const cases: Readonly<Record<string, Case>> = {
  // With the usual limits, and with limits for a smaller heap.
  'flood in memory': { heapMb: 1_024, run: () => flooded(undefined) },
  'flood on disk': { heapMb: 1_024, run: (folder) => flooded(folder) },
  'small flood in memory': { heapMb: 192, run: () => flooded(undefined, SMALL) },
  'small flood on disk': { heapMb: 192, run: (folder) => flooded(folder, SMALL) },
  fairness: { heapMb: 256, run: fair },
  'a slow subscriber': { heapMb: 256, run: async () => slowly(await slowReader('subscribe', 2_000_000)) },
  'a slow reader': { heapMb: 256, run: async () => slowly(await slowReader('read', 2_000_000)) },
  'a slow reader of the past': {
    heapMb: 256,
    run: async () => slowly(await slowReader('readFrom', 2_000_000)),
  },
  'an effect that hangs': { heapMb: 512, run: async () => slowly(await hangingEffect(1_000_000)) },
  'messages that multiply in memory': { heapMb: 2_048, run: () => cycle(undefined, undefined, 6) },
  'messages that multiply on disk': {
    heapMb: 2_048,
    run: (folder) => cycle(() => fileStore(folder), 100_000, 6),
  },
};

if (values.case === undefined) await all();
else await one(values.case);

/** In this process: prints what it has shown. */
async function one(name: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-overload-'));
  try {
    process.stdout.write(JSON.stringify(await cases[name]?.run(folder)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function all(): Promise<void> {
  let bad = 0;
  for (const [name, { heapMb }] of Object.entries(cases)) {
    if (!name.includes(values.only)) continue;
    const begun = performance.now();
    const { shown, wrong } = await inChild(name, heapMb);
    const seconds = Math.round((performance.now() - begun) / 1000);
    print(`${name}, with ${heapMb} MB of heap, in ${seconds} s`);
    for (const [what, value] of Object.entries(shown as object)) print(`  ${what}: ${JSON.stringify(value)}`);
    for (const what of wrong) print(`  WRONG: ${what}`);
    bad += wrong.length;
  }
  print(bad === 0 ? 'nothing is wrong' : `${bad} things are wrong`);
  process.exitCode = bad === 0 ? 0 : 1;
}

function inChild(name: string, heapMb: number): Promise<{ shown: unknown; wrong: readonly string[] }> {
  return new Promise((resolve) => {
    const flags = [`--max-old-space-size=${heapMb}`, ...process.execArgv];
    const rest = ['--case', name, '--minutes', values.minutes];
    if (sendLimit !== undefined) rest.push('--send-limit', String(sendLimit));
    const child = spawn(process.execPath, [...flags, fileURLToPath(import.meta.url), ...rest], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(output) as { shown: unknown; wrong: readonly string[] });
      else resolve({ shown: {}, wrong: [`its process ended with ${signal ?? code}`] });
    });
  });
}

async function flooded(
  folder: string | undefined,
  limits: Partial<FloodOptions> = {},
): Promise<{ shown: Flood; wrong: readonly string[] }> {
  const shown = await flood({
    storeOf: folder === undefined ? undefined : () => fileStore(folder),
    measureMs: 5_000,
    floodMs: minutes * 60_000,
    times: 2,
    ...limits,
    ...(sendLimit !== undefined && { sendLimit }),
  });
  return { shown, wrong: shown.wrong };
}

async function fair(): Promise<{ shown: unknown; wrong: readonly string[] }> {
  const shown: Record<string, unknown> = {};
  const wrong: string[] = [];
  for (const door of doors) {
    const shares = await fairness(door, 400_000);
    shown[door] = shares;
    if (shares.jain < 0.9) wrong.push(`by way of ${door}, one has more than the others`);
  }
  return { shown, wrong };
}

/** Nobody may miss anything without being told. */
function slowly(shown: Slow): { shown: Slow; wrong: readonly string[] } {
  const { end, arrived, taken } = shown;
  return {
    shown,
    wrong: end === 'all arrived' && arrived === taken ? [] : [`${end}: ${arrived} of ${taken}`],
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
