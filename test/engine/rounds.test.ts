// What goes round: H1–H3. The law is that it comes to the same as by way of the streams; so each program runs twice, once without.
import * as fc from 'fast-check';
import {
  application,
  perKeyState,
  perTaskState,
  random,
  roundRobin,
  startSystem,
  steppingSystem,
  type Application,
  type SteppingSystem,
} from 'portico/dataflow';
import { virtualHost } from 'portico/testing';
import { describe, expect, it, vi } from 'vitest';
import { HandlerOperator } from '../../src/engine/operators.ts';
import { Rounds } from '../../src/engine/rounds.ts';
import { runs } from '../properties/runs.ts';

/** What goes round: how often it still does, and what decides what becomes of it. */
interface Ball {
  readonly left: number;
  readonly salt: number;
}

/** How often each of these happens, in percent. */
interface Chances {
  readonly becomesNone: number;
  readonly becomesMany: number;
  readonly fails: number;
  readonly failsLate: number;
  readonly writes: number;
  readonly setsTimer: number;
  readonly releases: number;
  readonly badKey: number;
}

interface Program {
  readonly chances: Chances;
  readonly atoms: readonly (readonly Ball[])[];
  readonly salt: number;
  /** Whether what is released comes back. */
  readonly returns: boolean;
  readonly inTurn: boolean;
  readonly onFailure: 'deadLetter' | 'stop';
}

const percent = fc.oneof(fc.constant(0), fc.constant(0), fc.nat(12));
const ball = fc.record({ left: fc.oneof(fc.nat(4), fc.nat(400)), salt: fc.nat() });
const programs: fc.Arbitrary<Program> = fc.record({
  chances: fc.record({
    becomesNone: percent,
    becomesMany: fc.oneof(fc.constant(0), fc.nat(12)),
    fails: percent,
    failsLate: percent,
    writes: fc.nat(100),
    setsTimer: percent,
    releases: percent,
    badKey: percent,
  }),
  atoms: fc.array(fc.array(ball, { maxLength: 3 }), { minLength: 1, maxLength: 4 }),
  salt: fc.nat(),
  returns: fc.boolean(),
  inTurn: fc.boolean(),
  onFailure: fc.constantFrom('deadLetter', 'deadLetter', 'stop'),
});

const slice = fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 40 }));

function mixed(...parts: readonly number[]): number {
  return parts.reduce((mix, part) => Math.imul(mix ^ part, 0x9e37_79b1) >>> 7, 0x1234_5678);
}

const MOST = 3_000;

/** A cycle, and all turns of its task in their order. */
function cycle({ chances, atoms, salt, returns, inTurn, onFailure }: Program): {
  app: Application;
  turns: unknown[];
} {
  const turns: unknown[] = [];
  const count = perKeyState('count', 0);
  const all = perTaskState('all', 0);
  const happens = (what: keyof Chances, { left, salt: of }: Ball): boolean =>
    mixed(salt, of, left, what.length) % 100 < chances[what];
  const app = application('cycle', (app) => {
    const turn = app.sequencer<Ball>({ name: 'turn', strategy: inTurn ? roundRobin : random });
    const aside = app.egress<Ball>('aside');
    const back = app
      .workflow('rounds', { onFailure })
      .source(turn.stream)
      .key((ball) => (happens('badKey', ball) ? (Number.NaN as never) : ball.salt % 5))
      .processor<Ball>((ball, ctx) => {
        const seen = all.get(ctx) + 1;
        turns.push([ctx.key, ball, seen, count.get(ctx)]);
        if (happens('fails', ball)) throw new Error('early');
        if (happens('writes', ball)) count.set(ctx, count.get(ctx) + 1);
        all.set(ctx, seen);
        if (ball.left === 0 || seen > MOST || happens('becomesNone', ball)) return;
        const next = { left: ball.left - 1, salt: mixed(ball.salt, ball.left) };
        if (happens('setsTimer', ball)) ctx.after(next.left % 3, next);
        else if (happens('releases', ball)) ctx.release(aside, next);
        else ctx.emit(next);
        if (happens('becomesMany', ball))
          ctx.emitTo(next.salt % 7, { left: ball.left >> 2, salt: mixed(next.salt, 1) });
        if (happens('failsLate', ball)) throw new Error('late');
      })
      .withOnTimer((ball, ctx) => {
        turns.push(['timer', ctx.key, ball]);
        ctx.emit(ball as Ball);
      })
      .withName('task')
      .sink();
    app.connect(app.generators.fromArrays(atoms), turn);
    app.connect(back, turn);
    if (returns) app.connect(aside.stream, turn);
  });
  return { app, turns };
}

/** All that is left of a run, and of how it went. */
function traceOf({ partition, deadLetters }: Pick<SteppingSystem, 'partition' | 'deadLetters'>): unknown {
  const streams = [...partition.paths()].flatMap((path) => {
    const found = partition.entity(path);
    if (found?.kind === 'sequencer') return [[path, found.runtime.last]];
    if (found?.kind !== 'stream') return [];
    const { atoms, events, backlog } = found.runtime;
    return [[path, atoms, events, backlog]];
  });
  return {
    streams,
    steps: partition.steps,
    random: partition.random.state,
    waiting: partition.backlog.events,
    atoms: partition.turns.atom,
    letters: deadLetters.list().map(({ id, events, error }) => [id, events, error.message]),
    failure: partition.failure?.message,
  };
}

/** So many steps, or so many events, at a time. */
function stepped(
  program: Program,
  seed: number,
  steps: number = Infinity,
  events: number = Infinity,
): unknown {
  const { app, turns } = cycle(program);
  const system = steppingSystem({ seed, log: () => undefined });
  system.launch(app);
  const { partition } = system;
  const slices: unknown[] = [];
  while (partition.runnable) slices.push([partition.run(steps, events), partition.ready.pace.events]);
  return { turns, slices, left: traceOf(system) };
}

async function ran(program: Program, seed: number, backlogLimit: number): Promise<unknown> {
  const { app, turns } = cycle(program);
  const host = virtualHost({ seed });
  await using system = await startSystem({ applications: [app], host, backlogLimit });
  for (let ms = 0; ms < 12; ms++) await host.advance(1);
  return { turns, left: traceOf(system), log: host.records };
}

/** Runs without it. */
async function byWayOfStreams<T>(run: () => T | Promise<T>): Promise<T> {
  const without = vi.spyOn(HandlerOperator.prototype, 'endsSilently', 'get').mockReturnValue(false);
  try {
    return await run();
  } finally {
    without.mockRestore();
  }
}

describe('what goes round', () => {
  it('comes to the same as by way of the streams, in a stepping system (H1)', async () => {
    await fc.assert(
      fc.asyncProperty(programs, fc.nat(), slice, slice, async (program, seed, steps, events) => {
        const run = (): unknown => stepped(program, seed, steps, events);
        expect(run()).toEqual(await byWayOfStreams(run));
      }),
      runs(200),
    );
  });

  it('comes to the same as by way of the streams, in a system that runs by itself (H1)', async () => {
    await fc.assert(
      fc.asyncProperty(programs, fc.nat(), fc.integer({ min: 8, max: 200 }), async (program, seed, limit) => {
        expect(await ran(program, seed, limit)).toEqual(
          await byWayOfStreams(() => ran(program, seed, limit)),
        );
      }),
      runs(150),
    );
  });

  it('is what most of these programs do', () => {
    let hops = 0;
    const go = vi.spyOn(Rounds.prototype, 'go');
    const program = {
      chances: {
        becomesNone: 0,
        becomesMany: 0,
        fails: 0,
        failsLate: 0,
        writes: 50,
        setsTimer: 0,
        releases: 0,
        badKey: 0,
      },
      atoms: [
        [{ left: 400, salt: 1 }],
        [
          { left: 300, salt: 2 },
          { left: 200, salt: 3 },
        ],
      ],
      salt: 4,
      returns: false,
      inTurn: false,
      onFailure: 'stop' as const,
    };
    try {
      stepped(program, 1);
      for (const { value } of go.mock.results) hops += value as number;
    } finally {
      go.mockRestore();
    }
    expect(hops).toBe(401 + 301);
  });
});
