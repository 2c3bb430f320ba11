// A search in a process of its own, for it may never come back or die. Prints JSON, a line each: how far it is, what it found,
// how it ended.
//
//     node hunt.ts '{"mode":"covered","seed":1,"inputs":{"decode":1000},"corpus":"corpus.json"}'
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import type { Coverage as Covered } from './coverage.ts';
import type { Target } from './target.ts';
import type { Order, Told } from './order.ts';

const order = JSON.parse(process.argv[2] ?? '{}') as Order;
const tell = (told: Told): void => void process.stdout.write(`${JSON.stringify(told)}\n`);

let now: { target: string; at: number; input: Uint8Array } | undefined;
process.on('beforeExit', () => {
  // Somebody waits for what never comes.
  if (now !== undefined) tell({ found: { ...shownNow(now), rule: 'it comes to an end', alone: true } });
});

let coverage: Covered | undefined;
if (order.mode === 'covered') {
  const { Coverage } = await import('./coverage.ts');
  coverage = new Coverage();
}
// Only now the sources are loaded.
const watch = await import('./watch.ts');
watch.countBuffers();
const { fuzz, ruleOf } = await import('./fuzzer.ts');
const { targets } = await import('./targets/index.ts');

const kept = JSON.parse(readFileSync(order.corpus, 'utf8')) as Record<string, readonly string[]>;
const fromText = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function shownNow({ target, at, input }: { target: string; at: number; input: Uint8Array }): {
  readonly target: string;
  readonly at: number;
  readonly input: string;
} {
  return { target, at, input: toText(input) };
}

for (const [target, inputs] of Object.entries(order.inputs)) {
  const of = await (targets as Readonly<Record<string, () => Promise<Target>>>)[target]?.();
  if (of === undefined) throw new Error(`there is no target ${target}`);
  const corpus = (kept[target] ?? []).map(fromText);
  const started = performance.now();
  let told = started;
  const before = (at: number, input: Uint8Array): void => {
    now = { target, at, input };
    if (order.trail !== undefined) writeFileSync(order.trail, JSON.stringify(shownNow(now)));
    if (at % 256 !== 0 || performance.now() - told < 1_000) return;
    told = performance.now();
    tell({ beat: { target, at } });
  };
  if (order.only !== undefined) {
    const only = fromText(order.only);
    const ran = await fuzz(
      { ...of, first: [only] },
      { seed: 0, inputs: 1, corpus: [], coverage: { fresh: () => 0 } as never, before },
    );
    report(ran.found);
    tell({ end: { target, inputs: 1, taken: ran.taken, seconds: 0, signatures: 0, kept: 0 } });
    continue;
  }
  const ran = await fuzz(of, { seed: order.seed, inputs, corpus, coverage, before });
  report(ran.found);
  const seconds = (performance.now() - started) / 1_000;
  const { taken } = ran;
  tell({
    end: {
      target,
      inputs: ran.inputs,
      taken,
      seconds,
      signatures: coverage?.size ?? 0,
      kept: ran.corpus.length,
    },
  });
  kept[target] = ran.corpus.map(toText);
}
now = undefined;
if (coverage !== undefined) writeFileSync(order.corpus, JSON.stringify(kept));
process.exit();

function report(found: Awaited<ReturnType<typeof fuzz>>['found']): void {
  if (found === undefined) return;
  const { target, at, input, error, alone } = found;
  const stack = error instanceof Error ? error.stack : String(error);
  tell({ found: { target, at, input: toText(input), rule: ruleOf(error), alone, stack } });
}
