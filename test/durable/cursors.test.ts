// Streams that are read on from where a reader was, over crashes of either side.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { behavior, receive, same, start, topic } from 'portico';
import {
  application,
  memoryStore,
  startSystem,
  type Application,
  type Ingress,
  type RunningSystem,
  type Stream,
  type StreamValue,
} from 'portico/dataflow';
import { virtualHost } from 'portico/testing';
import { CrashStore } from './crash-store.ts';

/** Doubles what it is sent; atoms become atoms. */
function doubling(): {
  readonly app: Application;
  readonly numbers: Ingress<number>;
  readonly doubles: Stream<number>;
  readonly plain: Stream<number>;
} {
  const app = application('doubling', (app) => {
    const numbers = app.ingress<number>('numbers');
    const doubles = app
      .workflow('double')
      .source(numbers.stream)
      .map((n) => 2 * n)
      .sink();
    const plain = app.workflow('plain').source(doubles).identity().sink();
    return { numbers, doubles: app.retain(doubles), plain };
  });
  return { app, ...app.handles };
}

async function take<T>(values: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  if (count > 0)
    for await (const value of values) {
      taken.push(value);
      if (taken.length === count) break;
    }
  return taken;
}

const valuesOf = (all: readonly StreamValue<number>[]): number[] => all.map(({ value }) => value);

describe('a stream that is retained', () => {
  it('is read on from any cursor, also within an atom', async () => {
    const { app, numbers, doubles } = doubling();
    await using system = await startSystem({ applications: [app] });
    await system.send(numbers, 1, 2, 3);
    await system.send(numbers, 4);
    await system.send(numbers, 5, 6);
    const all = await take(system.readFrom(doubles), 6);
    expect(valuesOf(all)).toEqual([2, 4, 6, 8, 10, 12]);
    expect(all.map(({ key }) => key)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const [i, { cursor }] of all.entries()) {
      const rest = await take(system.readFrom(doubles, cursor), 5 - i);
      expect(rest).toEqual(all.slice(i + 1));
    }
  });

  it('is waited for at its end', async () => {
    const { app, numbers, doubles } = doubling();
    await using system = await startSystem({ applications: [app] });
    await system.send(numbers, 1, 2);
    const last = (await take(system.readFrom(doubles), 2)).at(-1);
    const next = take(system.readFrom(doubles, last?.cursor), 1);
    await system.send(numbers, 3);
    expect(valuesOf(await next)).toEqual([6]);
  });

  it('is read on in a later run', async () => {
    const store = memoryStore();
    let cursor: string | undefined;
    const seen: number[] = [];
    for (let run = 0; run < 4; run++) {
      const { app, numbers, doubles } = doubling();
      await using system = await startSystem({ applications: [app], store });
      await system.send(numbers, 3 * run, 3 * run + 1, 3 * run + 2);
      for (const { value, cursor: behind } of await take(system.readFrom(doubles, cursor), 2)) {
        seen.push(value);
        cursor = behind;
      }
    }
    expect(seen).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
  });

  it('gives nothing away that is not committed', async () => {
    const store = new CrashStore();
    const { app, numbers, doubles } = doubling();
    const host = virtualHost();
    const system = await startSystem({ applications: [app], store, host });
    await host.run();
    let release = (): void => undefined;
    store.pause = () => new Promise((resolve) => (release = resolve));
    const seen: number[] = [];
    const reading = take(system.readFrom(doubles), 1).then((all) => seen.push(...valuesOf(all)));
    const sent = system.send(numbers, 1);
    await host.run();
    expect({ seen, committing: store.committing }).toEqual({ seen: [], committing: true });
    store.pause = () => Promise.resolve();
    release();
    await Promise.all([sent, reading, host.run()]);
    expect(seen).toEqual([2]);
  });

  it('lets go of what is before a cursor', async () => {
    const store = new CrashStore();
    const { app, numbers, doubles } = doubling();
    const system = await startSystem({ applications: [app], store });
    for (let i = 0; i < 10; i++) await system.send(numbers, i);
    const all = await take(system.readFrom(doubles), 10);
    const [first, fifth] = [all[0]?.cursor ?? '', all[4]?.cursor ?? ''];
    const slow = system.readFrom(doubles, all[2]?.cursor);
    await slow.next();
    system.forget(doubles, fifth);
    expect(valuesOf(await take(slow, 6))).toEqual([8, 10, 12, 14, 16, 18]);
    // Nobody needs the rest of it now.
    system.forget(doubles, fifth);
    expect(valuesOf(await take(system.readFrom(doubles), 5))).toEqual([10, 12, 14, 16, 18]);
    expect(() => system.readFrom(doubles, first)).toThrow(
      expect.objectContaining({ code: 'cursor/behind', where: '/doubling/workflows/double/stream' }),
    );
    await system.idle();
    expect(
      store.keys().filter((row) => row.startsWith(`atoms /doubling/workflows/double/stream`)),
    ).toHaveLength(5);
    await system.shutdown();
    const again = doubling();
    await using later = await startSystem({ applications: [again.app], store });
    expect(valuesOf(await take(later.readFrom(again.doubles), 5))).toEqual([10, 12, 14, 16, 18]);
    expect(() => later.readFrom(again.doubles, first)).toThrow(
      expect.objectContaining({ code: 'cursor/behind' }),
    );
  });
});

describe('a cursor', () => {
  async function running(): Promise<ReturnType<typeof doubling> & { readonly system: RunningSystem }> {
    const all = doubling();
    return { ...all, system: await startSystem({ applications: [all.app] }) };
  }

  it('is refused if the store is older than it', async () => {
    const before = await running();
    for (let i = 0; i < 3; i++) await before.system.send(before.numbers, 1, 2);
    const all = await take(before.system.readFrom(before.doubles), 6);
    await before.system.shutdown();
    const { system, numbers, doubles } = await running();
    await system.send(numbers, 1);
    await system.idle();
    for (const [i, { cursor }] of all.entries()) {
      if (i === 1) continue;
      expect(() => system.readFrom(doubles, cursor)).toThrow(
        expect.objectContaining({ code: 'cursor/ahead', where: '/doubling/workflows/double/stream' }),
      );
    }
    // The end of the only atom.
    const next = take(system.readFrom(doubles, all[1]?.cursor), 1);
    await system.send(numbers, 7);
    expect(valuesOf(await next)).toEqual([14]);
    await system.shutdown();
  });

  it.each([
    ['of another stream', '0.0@/other'],
    ['that is none', 'x'],
    ['that is a number', 7],
  ])('is refused %s', async (_, cursor) => {
    const { system, doubles } = await running();
    expect(() => system.readFrom(doubles, cursor as never)).toThrow(
      expect.objectContaining({ code: 'system/bad-argument' }),
    );
    await system.shutdown();
  });

  it('is refused for a stream that is not retained', async () => {
    const { system, plain } = await running();
    expect(() => system.readFrom(plain)).toThrow(expect.objectContaining({ code: 'graph/not-retained' }));
    expect(() => {
      system.forget(plain, '0.0@x');
    }).toThrow(expect.objectContaining({ code: 'graph/not-retained' }));
    await system.shutdown();
  });
});

describe('a consumer that keeps the cursor with its own work', () => {
  /** What a crash is like: after so many values read, and whether the commit under way is kept. */
  const crashes = fc.array(
    fc.record({ after: fc.nat(6), sends: fc.nat(4), keeps: fc.boolean(), consumer: fc.boolean() }),
    { minLength: 1, maxLength: 8 },
  );

  it('sees every value once, whoever crashes', async () => {
    await fc.assert(
      fc.asyncProperty(crashes, async (all) => {
        const store = new CrashStore();
        /** What the consumer keeps: its work and the cursor, changed together. */
        let kept: { readonly cursor: string | undefined; readonly values: readonly number[] } = {
          cursor: undefined,
          values: [],
        };
        let sent = 0;
        for (const { after, sends, keeps, consumer } of [
          ...all,
          { after: Infinity, sends: 1, keeps: true, consumer: false },
        ]) {
          const { app, numbers, doubles } = doubling();
          const system = await startSystem({ applications: [app], store });
          for (let i = 0; i < sends; i++) {
            await system.sendOnce(numbers, { client: 'a', seq: sent }, 2 * sent, 2 * sent + 1);
            sent++;
          }
          // This one may get lost, and is sent again in the next run.
          if (after !== Infinity)
            void system
              .sendOnce(numbers, { client: 'a', seq: sent }, 2 * sent, 2 * sent + 1)
              .catch(() => undefined);
          const values = system.readFrom(doubles, kept.cursor);
          const most = Math.min(after, 2 * sent - kept.values.length);
          for (let i = 0; i < most; i++) {
            const { value: read } = await values.next();
            if (read === undefined) break;
            // A consumer that crashes between the two has read it and not kept it.
            if (consumer && i === most - 1) break;
            kept = { cursor: read.cursor, values: [...kept.values, read.value] };
          }
          if (after === Infinity) await system.shutdown();
          else store.crash(keeps);
        }
        expect(kept.values).toEqual(Array.from({ length: 2 * sent }, (_, i) => 2 * i));
      }),
      { numRuns: 60 },
    );
  });
});

describe('a topic that is retained', () => {
  const sales = topic<number>('sales', { retained: true });
  const other = topic<number>('other');
  const till = behavior('till', () =>
    receive<number>((price, ctx) => {
      ctx.emit(sales, price);
      return same;
    }),
  );

  it('is read on from a cursor, in this run and a later one', async () => {
    const store = memoryStore();
    const seen: number[] = [];
    let cursor: string | undefined;
    for (let run = 0; run < 3; run++) {
      await using system = await start({ behaviors: { till }, topics: [sales, other], store });
      const ref = system.entity(till(), 'a');
      for (let i = 0; i < 3; i++) await system.send(ref, 10 * run + i);
      for (const { value, cursor: behind } of await take(system.readFrom(sales, cursor), 2)) {
        seen.push(value);
        cursor = behind;
      }
      if (run === 1) system.forget(sales, cursor ?? '');
    }
    expect(seen).toEqual([0, 1, 2, 10, 11, 12]);
  });

  it('is the only one that can be', async () => {
    await using system = await start({ behaviors: { till }, topics: [sales, other] });
    expect(() => system.readFrom(other)).toThrow(expect.objectContaining({ code: 'graph/not-retained' }));
  });
});
