// What the pages in docs/concepts say and do not show: their programs are run by docs.test.ts, the rest is held here.
import { describe, expect, it } from 'vitest';
import {
  answer,
  application,
  manualClock,
  perKeyMap,
  perKeyState,
  perTaskState,
  platformHost,
  PorticoError,
  startSystem,
  steppingSystem,
  type ApplicationBuilder,
  type ReplierContext,
  type SteppingOptions,
  type Stream,
} from 'portico/dataflow';

const silent: SteppingOptions = { log: () => undefined };

/** What comes out of the stream that `write` returns. */
function outputs<T>(write: (app: ApplicationBuilder) => Stream<T>, options = silent): T[] {
  return keyed(write, options).map(({ value }) => value);
}

function keyed<T>(
  write: (app: ApplicationBuilder) => Stream<T>,
  options = silent,
): { key: unknown; value: T }[] {
  const app = application('app', write);
  const system = steppingSystem(options);
  const seen: { key: unknown; value: T }[] = [];
  system.launch(app);
  system.subscribe(app.handles, (value, { key }) => seen.push({ key, value }));
  system.stepUntilComplete(10_000);
  return seen;
}

/** The code of the error, or of its cause if it only says that an atom failed. */
function codeOf(act: () => void): string {
  try {
    act();
  } catch (error) {
    if (!(error instanceof PorticoError)) throw error;
    return error.code === 'atom/failed' && error.cause instanceof PorticoError
      ? error.cause.code
      : error.code;
  }
  return 'none';
}

describe('an atom, says its page,', () => {
  it('comes of a generator as it was given, and is made when it is needed', () => {
    let made = 0;
    function* atoms() {
      for (;;) {
        made++;
        yield [made];
      }
    }
    const app = application('app', (app) => app.generators.fromIterables(atoms()));
    const system = steppingSystem(silent);
    system.launch(app);
    system.step();
    system.step();
    expect(made).toBe(2);
  });

  it('may be larger than its throttle allows; then the next one waits for longer', () => {
    const clock = manualClock();
    const app = application('app', (app) =>
      app.generators.fromArrays([[1, 2, 3], [4], [5]], { throttle: { events: 2, perMs: 100 } }),
    );
    const system = steppingSystem({ ...silent, clock });
    const seen: string[] = [];
    system.launch(app);
    system.subscribe(app.handles, (value) => seen.push(`${value} at ${clock.now()}`));
    for (let tick = 0; tick < 5; tick++) {
      system.stepUntilComplete();
      clock.advance(100);
    }
    expect(seen).toEqual(['1 at 0', '2 at 0', '3 at 0', '4 at 100', '5 at 200']);
  });

  it('goes out whole when several branches are sunk into one stream', () => {
    const seen = outputs((app) => {
      const source = app.workflow('two').source(app.generators.fromArrays([[1, 2], [3]]));
      const stream = source.map((n) => `a${n}`).sink();
      source.map((n) => `b${n}`).sink(stream);
      return app
        .workflow('ends')
        .source(stream)
        .identity()
        .withOnAtomComplete((ctx) => ctx.emit('|'))
        .sink();
    });
    expect(seen).toEqual(['a1', 'a2', 'b1', 'b2', '|', 'a3', 'b3', '|']);
  });

  it('of a retained stream is read from the start by a workflow that comes late', () => {
    const past = application('past', (app) =>
      app.retain(app.generators.fromArrays([[1], [2]], { name: 'n' })),
    );
    const late = application('late', (app) =>
      app.workflow().source(past.handles, { from: 'start' }).identity().sink(),
    );
    const system = steppingSystem(silent);
    system.launch(past);
    system.stepUntilComplete();
    system.launch(late);
    const seen: number[] = [];
    system.subscribe(late.handles, (n) => seen.push(n));
    system.stepUntilComplete();
    expect(seen).toEqual([1, 2]);
  });
});

describe('a key, says its page,', () => {
  it('is the value itself, or a number, unless it was given', () => {
    const tea = { name: 'tea' };
    const cup = { name: 'cup' };
    expect(keyed((app) => app.generators.fromArray(['a', 1, 2n])).map(({ key }) => key)).toEqual([
      'a',
      1,
      2n,
    ]);
    expect(keyed((app) => app.generators.fromArray([tea, cup])).map(({ key }) => key)).toEqual([0, 1]);
    const named = keyed((app) => app.generators.fromArray([tea, cup], { key: ({ name }) => name }));
    expect(named.map(({ key }) => key)).toEqual(['tea', 'cup']);
  });

  it('of what is sent is 0 if the value cannot be one', () => {
    const app = application('app', (app) => app.ingress<object>('things'));
    const system = steppingSystem(silent);
    const keys: unknown[] = [];
    system.launch(app);
    system.subscribe(app.handles.stream, (_, { key }) => keys.push(key));
    system.send(app.handles, { a: 1 }, { b: 2 });
    system.stepUntilComplete();
    expect(keys).toEqual([0, 0]);
  });

  it('stays with its event through tasks and workflows', () => {
    const seen = keyed((app) => {
      const halves = app
        .workflow()
        .source(app.generators.fromArray([3, 4]))
        .key((n) => n % 2)
        .map((n) => `${n}`)
        .sink();
      return app
        .workflow()
        .source(halves)
        .processor<string>((text, ctx) => {
          ctx.emit(text);
          ctx.emit(`${text} again`);
        })
        .sink();
    });
    expect(seen.map(({ key }) => key)).toEqual([1, 1, 0, 0]);
  });

  it('is missing at the end of an atom; what is emitted there is its own key, or has the key 0', () => {
    const count = perKeyState('count', 0);
    const seen = keyed((app) =>
      app
        .workflow()
        .source(app.generators.fromArray(['a']))
        .processor<string | object>((_, ctx) => count.set(ctx, 1))
        .withOnAtomComplete((ctx) => {
          expect(ctx.key).toBe(undefined);
          expect(codeOf(() => count.get(ctx))).toBe('state/no-key');
          ctx.emit('own');
          ctx.emit({});
        })
        .sink(),
    );
    expect(seen.map(({ key }) => key)).toEqual(['own', 0]);
  });

  it('means a state of its own in each task', () => {
    const count = perKeyState('count', 0);
    const up = (_: unknown, ctx: Parameters<typeof count.get>[0]): number => count.update(ctx, (n) => n + 1);
    const seen = outputs((app) =>
      app
        .workflow()
        .source(app.generators.fromArray(['a', 'a']))
        .map(up)
        .map(up)
        .sink(),
    );
    expect(seen).toEqual([1, 2]);
  });

  it('leaves nothing when all its state is deleted', () => {
    const last = perKeyState('last', '');
    const items = perKeyMap<string, number>('items');
    const app = application('app', (app) => {
      const words = app.ingress<string>('words', { key: () => 'k' });
      app
        .workflow('w')
        .source(words.stream)
        .map((word, ctx) => {
          if (word === 'forget') {
            last.delete(ctx);
            items.delete(ctx, 'one');
          } else {
            last.set(ctx, word);
            items.set(ctx, 'one', 1);
          }
        })
        .withName('t')
        .sink();
      return words;
    });
    const system = steppingSystem(silent);
    system.launch(app);
    const cells = (): unknown =>
      system.partition.instances.get('/app')?.cellCounts().get('/app/workflows/w/t');
    system.send(app.handles, 'x');
    system.stepUntilComplete();
    expect(cells()).toBe(1);
    system.send(app.handles, 'forget');
    system.stepUntilComplete();
    expect(cells()).toBe(undefined);
  });
});

describe('a sequencer, says its page,', () => {
  it('passes on the events at the end of an input, and not the end', () => {
    const seen = outputs((app) => {
      const merged = app.sequencer<string>();
      app.connect(app.generators.fromArray(['a']), merged);
      return app
        .workflow()
        .source(merged.stream)
        .identity()
        .withOnComplete((ctx) => ctx.emit('end'))
        .sink();
    });
    expect(seen).toEqual(['a']);
  });

  it('never gets an error', () => {
    let rounds = 0;
    const app = application('app', (app) => {
      const loop = app.sequencer<number>();
      app.connect(app.generators.signal(1), loop);
      const back = app
        .workflow('w', { onFailure: 'deadLetter' })
        .source(loop.stream)
        .map((n) => {
          rounds++;
          if (n === 3) throw new Error('three');
          return n + 1;
        })
        .sink();
      app.connect(back, loop);
    });
    const system = steppingSystem(silent);
    system.launch(app);
    system.stepUntilComplete(1000);
    expect(rounds).toBe(3);
    expect(system.deadLetters.list()).toHaveLength(1);
  });
});

describe('a portal, says its page,', () => {
  /** Asks once for each number under the key n % 3; the handler of requests is given. */
  const asking = (
    handle: (asked: number) => number | undefined,
    options: { onFailure?: 'deadLetter' } = {},
  ) =>
    application('app', (app) => {
      const numbers = app.ingress<number>('numbers', { key: (n) => n % 3 });
      const portal = app.portal<number, number>('portal', { key: (n) => `of ${n}` });
      app
        .workflow('replier')
        .source(app.generators.empty<never>())
        .replier([
          answer(portal, (n, ctx) => {
            const reply = handle(n);
            if (reply !== undefined) ctx.reply(reply);
            expect(ctx.key).toBe(`of ${n}`);
          }),
        ])
        .sink();
      const lines = app
        .workflow('asker', options)
        .source(numbers.stream)
        .asker<string>([portal], (n, ctx) => {
          ctx.await(
            ctx.ask(portal, n, { timeoutMs: 10 }),
            (reply, ctx) => ctx.emit(`${n} → ${reply} under ${ctx.key}`),
            (error, ctx) => ctx.emit(`${n} fails: ${(error as PorticoError).code}`),
          );
          if (n < 0) throw new Error('negative');
        })
        .sink();
      return { numbers, lines, portal };
    });

  it('answers under its own key, and continues under the key that asked', () => {
    const app = asking((n) => n * 2);
    const system = steppingSystem(silent);
    const lines: string[] = [];
    system.launch(app);
    system.subscribe(app.handles.lines, (line) => lines.push(line));
    system.send(app.handles.numbers, 4, 5);
    system.stepUntilComplete();
    expect(lines).toEqual(['4 → 8 under 1', '5 → 10 under 2']);
  });

  it('is not asked by an atom that was undone', () => {
    const asked: number[] = [];
    const app = asking((n) => asked.push(n), { onFailure: 'deadLetter' });
    const system = steppingSystem(silent);
    system.launch(app);
    system.send(app.handles.numbers, 1, -1);
    system.send(app.handles.numbers, 2);
    system.stepUntilComplete();
    expect(asked).toEqual([2]);
  });

  it('drops a reply that comes too late', () => {
    const clock = manualClock();
    const app = application('app', (app) => {
      const go = app.ingress<string>('go');
      const portal = app.portal<string, string>('portal');
      const slow = app.portal<string, string>('slow');
      const lines = app
        .workflow('asker')
        .source(go.stream)
        .asker<string>([portal], (text, ctx) => {
          ctx.await(
            ctx.ask(portal, text, { timeoutMs: 10 }),
            (reply, ctx) => ctx.emit(reply),
            (error, ctx) => ctx.emit((error as PorticoError).code),
          );
        })
        .sink();
      // Answers only when its own request has timed out.
      app
        .workflow('between')
        .source(app.generators.empty<never>())
        .askerreplier(
          [slow],
          [
            answer(portal, (text, ctx) => {
              ctx.await(
                ctx.ask(slow, text, { timeoutMs: 50 }),
                () => undefined,
                (_, ctx) => ctx.reply('late'),
              );
            }),
          ],
        )
        .sink();
      app
        .workflow('silent')
        .source(app.generators.empty<never>())
        .replier([answer(slow, () => undefined)])
        .sink();
      return { go, lines };
    });
    const system = steppingSystem({ ...silent, clock });
    const lines: string[] = [];
    system.launch(app);
    system.subscribe(app.handles.lines, (line) => lines.push(line));
    system.send(app.handles.go, 'x');
    for (let i = 0; i < 6; i++) {
      system.stepUntilComplete();
      clock.advance(10);
    }
    system.stepUntilComplete();
    expect(lines).toEqual(['portal/timeout']);
    expect(system.partition.turns.timers.size).toBe(0);
  });

  it('fails with its first failure when several replies are awaited, and passes it on to who asked before', () => {
    const lines = outputs((app) => {
      const inner = app.portal<number, number>('inner');
      const outer = app.portal<number, number>('outer');
      app
        .workflow('inner', { onFailure: 'deadLetter' })
        .source(app.generators.empty<never>())
        .replier([
          answer(inner, (n, ctx) => {
            if (n < 0) throw new Error(`${n} is negative`);
            ctx.reply(n);
          }),
        ])
        .sink();
      app
        .workflow('outer', { onFailure: 'deadLetter' })
        .source(app.generators.empty<never>())
        .askerreplier(
          [inner],
          [
            answer(outer, (n, ctx) => {
              ctx.awaitAll([ctx.ask(inner, n), ctx.ask(inner, -n)], ([a, b], ctx) => ctx.reply(a + b));
            }),
          ],
        )
        .sink();
      return app
        .workflow('asker')
        .source(app.generators.signal(7))
        .asker<string>([outer], (n, ctx) => {
          ctx.await(
            ctx.ask(outer, n),
            () => ctx.emit('never'),
            (error, ctx) => {
              let deepest: unknown = error;
              while (deepest instanceof Error && deepest.cause !== undefined) deepest = deepest.cause;
              ctx.emit(`${(error as PorticoError).code}: ${(deepest as Error).message}`);
            },
          );
        })
        .sink();
    });
    expect(lines).toEqual(['portal/replier-failed: -7 is negative']);
  });
});

describe('a failure, says its page,', () => {
  it('goes on to the tasks behind, not to the handler of its own task', () => {
    const lines = outputs((app) =>
      app
        .workflow()
        .source(app.generators.fromArray([1, 2]))
        .map((n) => {
          if (n === 1) throw new Error('one');
          return `${n}`;
        })
        .withOnError((_, ctx) => ctx.emit('own'))
        .identity()
        .withOnError((error) => {
          throw new Error(`${(error as Error).message}, again`);
        })
        .identity()
        .withOnError((error, ctx) => ctx.emit((error as Error).message))
        .sink(),
    );
    expect(lines).toEqual(['one, again', '2']);
  });

  it('at the end of a branch without a sink undoes the atom as well', () => {
    const app = application('app', (app) => {
      const source = app.workflow('w').source(app.generators.signal(1));
      source.map(() => {
        throw new Error('aside');
      });
      return source.map((n) => n).sink();
    });
    const system = steppingSystem(silent);
    const seen: number[] = [];
    system.launch(app);
    system.subscribe(app.handles, (n) => seen.push(n));
    expect(codeOf(() => system.stepUntilComplete())).toBe('atom/failed');
    expect(seen).toEqual([]);
    expect(codeOf(() => system.stepUntilComplete())).toBe('system/failed');
  });

  it('stops the system when there is no room for another dead letter', () => {
    const app = application('app', (app) => {
      const numbers = app.generators.fromArrays([[1], [2]]);
      app
        .workflow('w', { onFailure: 'deadLetter' })
        .source(numbers)
        .map(() => {
          throw new Error('always');
        })
        .sink();
    });
    const system = steppingSystem({ ...silent, deadLetterLimit: 1 });
    system.launch(app);
    expect(codeOf(() => system.stepUntilComplete())).toBe('deadletter/full');
    expect(system.deadLetters.list()).toHaveLength(1);
  });

  it('tells those who asked when their requests are set aside', () => {
    const app = application('app', (app) => {
      const portal = app.portal<number, number>('portal');
      app
        .workflow('replier', { onFailure: 'deadLetter' })
        .source(app.generators.empty<never>())
        .replier<number>([
          answer(portal, (n, ctx: ReplierContext<number, number>) => {
            ctx.reply(n);
            ctx.emit(n);
          }),
        ])
        .map(() => {
          throw new Error('downstream');
        })
        .sink();
      return app
        .workflow('asker')
        .source(app.generators.signal(1))
        .asker<string>([portal], (n, ctx) => {
          ctx.await(
            ctx.ask(portal, n),
            () => ctx.emit('never'),
            (error, ctx) => ctx.emit((error as PorticoError).code),
          );
        })
        .sink();
    });
    const system = steppingSystem(silent);
    const seen: string[] = [];
    system.launch(app);
    system.subscribe(app.handles, (line) => seen.push(line));
    system.stepUntilComplete();
    expect(seen).toEqual(['portal/replier-failed']);
    expect(system.deadLetters.list().map(({ kind, events }) => [kind, events[0]?.value])).toEqual([
      ['requests', 1],
    ]);
  });

  it('passes the end of the stream on', () => {
    const seen = outputs((app) => {
      const ended = app
        .workflow('first', { onFailure: 'deadLetter' })
        .source(app.generators.signal(1))
        .map((n) => `${n}`)
        .withOnComplete(() => {
          throw new Error('at the end');
        })
        .sink();
      return app
        .workflow('second')
        .source(ended)
        .identity()
        .withOnComplete((ctx) => ctx.emit('end'))
        .sink();
    });
    expect(seen).toEqual(['1', 'end']);
  });

  it('can be discarded', () => {
    const app = application('app', (app) => {
      app
        .workflow('w', { onFailure: 'deadLetter' })
        .source(app.generators.signal(1))
        .map(() => {
          throw new Error('always');
        })
        .sink();
    });
    const system = steppingSystem(silent);
    system.launch(app);
    system.stepUntilComplete();
    system.deadLetters.discard(1);
    expect(system.deadLetters.list()).toEqual([]);
    expect(codeOf(() => system.deadLetters.discard(1))).toBe('deadletter/unknown');
  });

  it('of a subscriber ends its subscription, and is written to the log', () => {
    const log: string[] = [];
    const app = application('app', (app) => app.generators.fromArrays([[1], [2]]));
    const system = steppingSystem({ log: ({ level, value }) => log.push(`${level} ${String(value)}`) });
    system.launch(app);
    const seen: number[] = [];
    system.subscribe(app.handles, () => {
      throw new Error('mine');
    });
    system.subscribe(app.handles, (n) => seen.push(n));
    system.stepUntilComplete();
    expect(seen).toEqual([1, 2]);
    expect(log).toEqual([expect.stringMatching(/^error .*system\/subscriber-failed.*mine/)]);
  });
});

describe('a system, says its page,', () => {
  it('gives all handlers of an atom the same time', () => {
    let time = 0;
    const app = application('app', (app) =>
      app
        .workflow()
        .source(app.generators.fromArrays([[1, 2], [3]]))
        .map((_, ctx) => ctx.nowMs)
        .map((first, ctx) => ctx.nowMs - first)
        .sink(),
    );
    const system = steppingSystem({ ...silent, clock: { now: () => ++time } });
    const seen: number[] = [];
    system.launch(app);
    system.subscribe(app.handles, (n) => seen.push(n));
    system.stepUntilComplete();
    expect(seen).toEqual([0, 0, 0]);
  });

  it('launches an application anew after it was stopped', () => {
    const total = perTaskState('total', 0);
    const app = application('app', (app) =>
      app
        .workflow('w')
        .source(app.generators.fromArray([1, 2]))
        .map((n, ctx) => total.update(ctx, (sum) => sum + n))
        .sink(),
    );
    const system = steppingSystem(silent);
    const runOnce = (): number[] => {
      const seen: number[] = [];
      system.launch(app);
      system.subscribe(app.handles, (n) => seen.push(n));
      system.stepUntilComplete();
      system.stop(app);
      return seen;
    };
    expect(runOnce()).toEqual([1, 3]);
    expect(runOnce()).toEqual([1, 3]);
  });

  it('that runs by itself lets nobody send more than it can take', async () => {
    const app = application('app', (app) => {
      const numbers = app.ingress<number>('numbers');
      app.workflow().source(numbers.stream).identity().sink();
      return numbers;
    });
    await using system = await startSystem({ applications: [app], ingressLimit: 3 });
    let sent = 0;
    const sending = Array.from({ length: 5 }, async (_, i) => {
      await system.send(app.handles, i);
      sent++;
    });
    await Promise.resolve();
    await Promise.resolve();
    expect(sent).toBe(3);
    await Promise.all(sending);
    expect(sent).toBe(5);
  });

  it('that runs by itself holds a generator back while its atoms wait', async () => {
    const app = application('app', (app) => {
      const numbers = app.generators.fromRange(0, 1000, 1, { name: 'numbers' });
      const passed = app.workflow('w').source(numbers).identity().sink();
      return { numbers, passed };
    });
    await using system = await startSystem({ applications: [app] });
    let most = 0;
    system.subscribe(app.handles.passed, () => {
      const stream = system.partition.entity(app.handles.numbers.path);
      if (stream?.kind === 'stream') most = Math.max(most, stream.runtime.backlog);
    });
    await system.idle();
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(16);
  });

  it('that runs by itself tells those who wait when it fails', async () => {
    const app = application('app', (app) => {
      const numbers = app.ingress<number>('numbers');
      app
        .workflow()
        .source(numbers.stream)
        .map(() => {
          throw new Error('no');
        })
        .sink();
      return numbers;
    });
    await using system = await startSystem({
      applications: [app],
      host: platformHost({ log: () => undefined }),
    });
    await system.send(app.handles, 1);
    await expect(system.idle()).rejects.toMatchObject({ code: 'system/failed' });
    expect(system.failure?.code).toBe('atom/failed');
    await expect(system.send(app.handles, 2)).rejects.toMatchObject({ code: 'system/failed' });
  });
});
