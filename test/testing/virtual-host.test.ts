import {
  answer,
  application,
  startSystem,
  type ApplicationBuilder,
  type Ingress,
  type Stream,
} from 'portico/dataflow';
import { collect, virtualHost } from 'portico/testing';
import { describe, expect, it } from 'vitest';

describe('a virtual host', () => {
  it('runs what was scheduled in that order, and what that schedules in turn', async () => {
    const host = virtualHost();
    const seen: string[] = [];
    host.yield(() => {
      seen.push('a');
      host.yield(() => seen.push('c'));
    });
    host.yield(() => seen.push('b'));
    expect(seen).toEqual([]);
    await host.run();
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('lets promises go on between two callbacks', async () => {
    const host = virtualHost();
    const seen: string[] = [];
    host.yield(() => {
      void (async () => {
        for (let i = 0; i < 3; i++) await Promise.resolve();
        seen.push('after three awaits');
      })();
    });
    host.yield(() => seen.push('next'));
    await host.run();
    expect(seen).toEqual(['after three awaits', 'next']);
  });

  it('fires timers in the order in which they are due, each at its time', async () => {
    const host = virtualHost({ startMs: 100 });
    const seen: [string, number][] = [];
    const note = (name: string) => () => seen.push([name, host.now()]);
    host.after(30, note('late'));
    host.after(10, () => {
      note('early')();
      host.after(5, note('set on the way'));
      host.yield(note('scheduled on the way'));
    });
    host.after(10, note('equal, but set later'));
    host.after(50, note('beyond'));
    await host.advance(40);
    expect(seen).toEqual([
      ['early', 110],
      ['scheduled on the way', 110],
      ['equal, but set later', 110],
      ['set on the way', 115],
      ['late', 130],
    ]);
    expect(host.now()).toBe(140);
  });

  it('fires a timer of no delay in a run, and leaves later ones', async () => {
    const host = virtualHost();
    const seen: string[] = [];
    host.after(0, () => seen.push('now'));
    host.after(1, () => seen.push('later'));
    await host.run();
    expect(seen).toEqual(['now']);
    expect(host.now()).toBe(0);
  });

  it('does not fire a timer that was cancelled', async () => {
    const host = virtualHost();
    const seen: string[] = [];
    const cancel = host.after(5, () => seen.push('fired'));
    cancel();
    await host.advance(10);
    expect(seen).toEqual([]);
  });

  it.each([-1, NaN])('refuses to move time by %d ms', async (ms) => {
    await expect(virtualHost().advance(ms)).rejects.toThrow(RangeError);
  });

  it('gives the same entropy for the same seed, another for another, in 32 bits', () => {
    const drawn = (seed?: number): number[] => {
      const host = virtualHost(seed === undefined ? {} : { seed });
      return Array.from({ length: 100 }, () => host.entropy());
    };
    expect(drawn(7)).toEqual(drawn(7));
    expect(drawn(7)).not.toEqual(drawn(8));
    expect(drawn().every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)).toBe(true);
    expect(new Set(drawn()).size).toBeGreaterThan(90);
  });
});

describe('a system on a virtual host', () => {
  const launched = async (write: (app: ApplicationBuilder) => void, seed = 1) => {
    const host = virtualHost({ seed });
    const system = await startSystem({ applications: [application('test', write)], host });
    return { host, system };
  };

  it('does nothing until the host runs, and then comes to rest', async () => {
    const { host, system } = await launched((app) => {
      app
        .workflow()
        .source(app.generators.fromArray(['a', 'b']))
        .logger()
        .withName('logger')
        .sink();
    });
    await Promise.resolve();
    expect(host.records).toEqual([]);
    const idle = system.idle();
    await host.run();
    await idle;
    expect(host.records).toEqual([
      { level: 'info', name: 'logger', path: '/test/workflows/$1/logger', value: 'a' },
      { level: 'info', name: 'logger', path: '/test/workflows/$1/logger', value: 'b' },
    ]);
  });

  it('has the time of the host: timers, throttles and asks without a reply', async () => {
    const { host } = await launched((app) => {
      const silent = app.portal<string, never>('silent');
      const ticks = app.generators.fromArrays(
        ['a', 'b', 'c'].map((x) => [x]),
        { throttle: { events: 1, perMs: 100 } },
      );
      const asks = app.workflow('asks').source(ticks);
      asks
        .asker<string>([silent], (x, ctx) => {
          ctx.await(
            ctx.ask(silent, x, { timeoutMs: 150 }),
            () => undefined,
            () => ctx.log.info(`${x} gave up at ${ctx.nowMs}`),
          );
        })
        .sink();
      app
        .workflow('never')
        .source(app.generators.empty<never>())
        .replier([answer(silent, () => undefined)])
        .sink();
    });
    const seen = (): unknown[] => host.records.map(({ value }) => value);
    await host.advance(149);
    expect(seen()).toEqual([]);
    await host.advance(1);
    expect(seen()).toEqual(['a gave up at 150']);
    await host.advance(1_000);
    expect(seen()).toEqual(['a gave up at 150', 'b gave up at 250', 'c gave up at 350']);
  });

  it('lets a sender that waits for room go on in the same run', async () => {
    let numbers: Ingress<number> | undefined;
    const host = virtualHost();
    const app = application('test', (app) => {
      numbers = app.ingress<number>('numbers');
      app.workflow().source(numbers.stream).logger().sink();
    });
    const system = await startSystem({ applications: [app], host, ingressLimit: 2 });
    const all = async (to: Ingress<number>): Promise<void> => {
      for (let n = 0; n < 10; n++) await system.send(to, n);
    };
    const sent = numbers && all(numbers);
    await host.run();
    await sent;
    expect(host.records.map(({ value }) => value)).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
      '9',
    ]);
  });

  it('runs the same way for the same seed of the host', async () => {
    const order = async (seed: number): Promise<unknown[]> => {
      const { host } = await launched((app) => {
        const merged = app.sequencer<number>();
        for (const from of [0, 100, 200]) app.connect(app.generators.fromRange(from, from + 20, 1), merged);
        app.workflow().source(merged.stream).logger().sink();
      }, seed);
      await host.run();
      return host.records.map(({ value }) => value);
    };
    expect(await order(3)).toHaveLength(60);
    expect(await order(3)).toEqual(await order(3));
    expect(await order(3)).not.toEqual(await order(4));
  });

  it('shares the host with other systems', async () => {
    const host = virtualHost();
    const start = async (name: string): Promise<void> => {
      const app = application(name, (app) => {
        app.workflow().source(app.generators.signal(name)).logger().sink();
      });
      await startSystem({ applications: [app], host });
    };
    await start('one');
    await start('two');
    await host.run();
    expect(host.records.map(({ value }) => value)).toEqual(['one', 'two']);
  });

  it('shows what a stream carries to those who collect it', async () => {
    let numbers: Ingress<number> | undefined;
    let doubled: Stream<number> | undefined;
    const { host, system } = await launched((app) => {
      numbers = app.ingress<number>('numbers');
      doubled = app.retain(
        app
          .workflow()
          .source(numbers.stream)
          .map((n) => n * 2)
          .sink(),
      );
    });
    if (numbers === undefined || doubled === undefined) throw new Error('the application was not written');
    const early = collect(system, doubled);
    await system.send(numbers, 1, 2);
    expect(early).toEqual([]);
    await host.run();
    expect(early).toEqual([2, 4]);
    const late = collect(system, doubled);
    const all = collect(system, doubled, { from: 'start' });
    await system.send(numbers, 3);
    await host.run();
    expect([early, late, all]).toEqual([[2, 4, 6], [6], [2, 4, 6]]);
  });
});
