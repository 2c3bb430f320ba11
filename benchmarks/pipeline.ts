/** Map, filter, key, state in large atoms: the price of an event when the atom costs next to nothing. */
import { application, perKeyState, startSystem, steppingSystem, type Application } from 'portico/dataflow';
import { PortalsJS } from 'portico/portalsjs';
import { perSecond, timed } from './harness/clock.ts';
import { question, type Run } from './harness/question.ts';

interface PipelineLoad extends Record<string, number> {
  atoms: number;
}

/** What PortalsJS itself reaches on machines like ours. */
const PORTALSJS_SPEED = 230_000;

const ATOM = 1024;
const KEYS = 1000;

/** What came out at the end: how many events, and the sum of their counts. */
interface Seen {
  passed: number;
  sum: number;
}

const runOf = (ms: number, atoms: number, { passed, sum }: Seen): Run => ({
  figures: { speed: perSecond(atoms * ATOM, ms) },
  outcome: { passed, sum },
});

/** Three of four events pass the filter: all of a key, or none, for 4 divides the number of keys. */
function expects({ atoms }: PipelineLoad): Run['outcome'] {
  let passed = 0;
  let sum = 0;
  for (let key = 1; key < KEYS; key++) {
    if (key % 4 === 0) continue;
    const count = Math.floor((atoms * ATOM - key) / KEYS) + 1;
    passed += count;
    sum += (count * (count + 1)) / 2;
  }
  return { passed, sum };
}

function pipeline(atoms: number, seen: Seen): Application {
  const counts = perKeyState('counts', 0);
  return application('pipeline', (app) => {
    app
      .workflow()
      .source(app.generators.fromRange(0, atoms * ATOM, ATOM))
      .map((n) => n + 1)
      .filter((n) => n % 4 !== 0)
      .key((n) => n % KEYS)
      .map((_, ctx) => {
        const count = counts.get(ctx) + 1;
        counts.set(ctx, count);
        seen.passed++;
        seen.sum += count;
        return count;
      })
      .sink();
  });
}

/** The same functions over the same arrays; the outputs go into an array for each atom. */
async function plain({ atoms }: PipelineLoad): Promise<Run> {
  const seen: Seen = { passed: 0, sum: 0 };
  const counts = new Map<number, number>();
  const plusOne = (n: number): number => n + 1;
  const keeps = (n: number): boolean => n % 4 !== 0;
  const keyOf = (n: number): number => n % KEYS;
  let last: number[] = [];
  const ms = await timed(() => {
    for (let atom = 0; atom < atoms; atom++) {
      const input: number[] = [];
      for (let i = atom * ATOM; i < (atom + 1) * ATOM; i++) input.push(i);
      const output: number[] = [];
      for (const value of input) {
        const mapped = plusOne(value);
        if (!keeps(mapped)) continue;
        const key = keyOf(mapped);
        const count = (counts.get(key) ?? 0) + 1;
        counts.set(key, count);
        seen.passed++;
        seen.sum += count;
        output.push(count);
      }
      last = output;
    }
  });
  if (last.length === 0) throw new Error('nothing came out');
  return runOf(ms, atoms, seen);
}

async function stepping({ atoms }: PipelineLoad): Promise<Run> {
  const seen: Seen = { passed: 0, sum: 0 };
  const system = steppingSystem();
  system.launch(pipeline(atoms, seen));
  return runOf(await timed(() => system.stepUntilComplete()), atoms, seen);
}

async function running({ atoms }: PipelineLoad): Promise<Run> {
  const seen: Seen = { passed: 0, sum: 0 };
  const system = await startSystem();
  system.launch(pipeline(atoms, seen));
  const ms = await timed(() => system.idle());
  await system.shutdown();
  return runOf(ms, atoms, seen);
}

/** The same program as one writes it for PortalsJS. */
async function throughPortalsjs({ atoms }: PipelineLoad): Promise<Run> {
  const seen: Seen = { passed: 0, sum: 0 };
  const builder = PortalsJS.ApplicationBuilder('pipeline');
  builder.workflows
    .source(builder.generators.fromRange(0, atoms * ATOM, ATOM).stream)
    .map(() => (n) => n + 1)
    .filter((n) => n % 4 !== 0)
    .key((n) => n % KEYS)
    .map((ctx) => () => {
      const counts = PortalsJS.PerKeyState('counts', 0, ctx);
      const count = counts.get() + 1;
      counts.set(count);
      seen.passed++;
      seen.sum += count;
      return count;
    })
    .sink()
    .freeze();
  const system = PortalsJS.System();
  system.launch(builder.build());
  return runOf(await timed(() => system.stepUntilComplete()), atoms, seen);
}

export const pipelineQuestion = question<PipelineLoad>({
  name: 'pipeline',
  asks: 'How many events a second go through map, filter, key and a task with state, in atoms of 1,024?',
  method:
    'A range of numbers; three of four pass the filter; the last task counts per key (1,000 keys). ' +
    'The plain loop calls the same functions over arrays of the same size and counts in a Map.',
  metrics: [{ name: 'speed', unit: 'events/s', better: 'more' }],
  contenders: [
    { name: 'plain loop', run: plain, expects },
    { name: 'stepping system', run: stepping, expects },
    { name: 'running system', run: running, expects },
    { name: 'portalsjs', run: throughPortalsjs, expects },
  ],
  reference: 'plain loop',
  goals: [
    { contender: 'stepping system', metric: 'speed', atLeast: 20_000_000 },
    { contender: 'running system', metric: 'speed', atLeast: 20_000_000 },
    { contender: 'portalsjs', metric: 'speed', atLeast: 50 * PORTALSJS_SPEED },
  ],
  loads: { full: { atoms: 8_000 }, warmUp: { atoms: 1_000 }, quick: { atoms: 4 } },
});
