// Every error path runs. All that fails on purpose runs here in one thread, and V8 counts: the ports one call after the other,
// the cases that no port brings about, and of the other tests those that are about failing. Then each place in the runtime that
// takes care of a failure must have run, or a reason stands here why it cannot.
import { describe, expect, it } from 'vitest';
import { countHandlers } from './executed.ts';
import { handlersIn, lettingGo, runtimeFiles, textOf } from './handlers.ts';

const counted = countHandlers();

// What is counted must be loaded after that.
const { lying, runBank } = await import('./bank.ts');
const { fail, lasting, ports, second, single } = await import('./campaign.ts');

/** Tests of other subjects in which things fail that fail nowhere here. */
const others = [
  'actors/compose.test.ts',
  'actors/rxjs.test.ts',
  'durable/effects.test.ts',
  'durable/letters.test.ts',
  'durable/not-data.test.ts',
  'durable/refused.test.ts',
  'durable/versions.test.ts',
  'engine/care.test.ts',
  'errors/codec.test.ts',
  'errors/journal.test.ts',
  'errors/portal.test.ts',
  'errors/stored-state.test.ts',
  'errors/system.test.ts',
  'node/disk.test.ts',
  'semantics/interaction-patterns.test.ts',
  'semantics/lives.test.ts',
  'semantics/stash.test.ts',
  'system/end.test.ts',
];

/** Where no fault can be brought about in Node, and why. */
const elsewhere: readonly (readonly [files: RegExp, reason: string])[] = [
  [
    /^src\/web\//,
    'A browser is needed for it. Each of these runs in one in test/package/indexeddb.test.ts, where every request fails once.',
  ],
];

describe('the bank, whichever call of a port fails,', () => {
  it('is whole in the end without any fault, and uses every operation', async () => {
    const { wrong, calls, lives } = await runBank([]);
    expect(wrong).toEqual([]);
    expect(lives).toBe(4);
    // Nothing here reads a file within a turn: the state with snapshots has its rows in memory.
    expect([...ports.keys()].filter((operation) => !calls.has(operation))).toEqual(['DiskFile.readSync']);
  });

  it('is not whole if what was acknowledged is lost', async () => {
    const { wrong } = await runBank([], 1, lying);
    expect(wrong).not.toEqual([]);
  });

  const half = (count: number): readonly number[] => (count === 0 ? [] : [Math.ceil(count / 2)]);
  const third = (count: number): readonly number[] => (count === 0 ? [] : [Math.ceil(count / 3)]);

  it.each([
    ['once', single, half, 2],
    ['for good', lasting, third, 1],
    ['and another one after it', second, half, 4],
  ] as const)(
    '%s, goes on or ends and says why, and is whole in the end',
    async (_, plan, calls, stride) => {
      const counts = (await runBank([])).calls;
      const faults = [...plan(counts, calls)].filter((_, index) => index % stride === 0);
      const { runs, met, wrong } = await fail(faults);
      expect(wrong).toEqual([]);
      expect(met).toBeGreaterThanOrEqual(runs * 0.9);
    },
    120_000,
  );
});

describe.each(['faults/ports.ts', 'faults/disk.ts', 'faults/cases.ts', ...others])('in %s', async (file) => {
  await import(/* @vite-ignore */ new URL(`../${file}`, import.meta.url).pathname);
});

describe('a place in the runtime that takes care of a failure', () => {
  const written = runtimeFiles().flatMap((file) =>
    handlersIn(textOf(file)).map((handler) => ({ ...handler, where: `${file}:${handler.line}` })),
  );
  const where = (handlers: readonly { readonly where: string }[]): string[] =>
    handlers.map((handler) => handler.where);

  it('does what is written there, and not what is written elsewhere', () => {
    expect(where(written.filter(({ isInPlace }) => !isInPlace))).toEqual([]);
  });

  it('says why if it does nothing', () => {
    expect(where(written.filter(({ isEmpty, isExplained }) => isEmpty && !isExplained))).toEqual([]);
  });

  it('is none that lets go of a promise without a reason', () => {
    const silent = runtimeFiles().flatMap((file) => lettingGo(textOf(file)).map((line) => `${file}:${line}`));
    expect(silent).toEqual([]);
  });

  it('has run, or cannot here', () => {
    const ran = counted();
    if (process.env['FAULTS'] === 'list')
      console.log(
        ran.map(({ where: at, kind, times }) => `${String(times).padStart(8)} ${at} ${kind}`).join('\n'),
      );
    const missed = ran.filter(({ times }) => times === 0);
    expect(where(missed.filter(({ where: at }) => !elsewhere.some(([files]) => files.test(at))))).toEqual([]);
    // Whoever brings one about takes its reason away.
    for (const [files, reason] of elsewhere) {
      expect(reason).toMatch(/^[A-Z].*\.$/);
      expect(where(missed.filter(({ where: at }) => files.test(at)))).not.toEqual([]);
    }
    expect(ran.length).toBeGreaterThan(150);
  });
});

describe('what finds these places', () => {
  it('finds each kind, and what it does', () => {
    const found = handlersIn(`
      try { a(); } catch { b(); } finally { c(); }
      try { a(); } catch (error) {
        // It says why.
      }
      p.then(x, (error) => { d(); }).finally(() => e());
      p.catch(() => undefined);
      // A reason.
      p.catch(() => null);
      p.catch(nothing);
    `);
    expect(
      found.map(({ kind, isInPlace, isEmpty, isExplained }) => [kind, isInPlace, isEmpty, isExplained]),
    ).toEqual([
      ['catch', true, false, false],
      ['finally', true, false, false],
      ['catch', true, true, true],
      ['.finally', true, false, false],
      ['.then', true, false, false],
      ['.catch', true, true, false],
      ['.catch', true, true, true],
      ['.catch', false, false, false],
    ]);
  });

  it('finds a promise that is let go, unless it is said why', () => {
    const program = 'void a();\n// It ends by itself.\nvoid b();\nconst c = () => void d();\nvoid 0;\n';
    expect(lettingGo(program)).toEqual([1]);
  });
});
