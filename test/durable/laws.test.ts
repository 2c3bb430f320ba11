// What there is before a crash is there after it: for each kind of thing, with a crash at every moment of a story.
import {
  answer,
  continuation,
  perKeyMap,
  perKeyState,
  perTaskMap,
  perTaskState,
  priority,
  random,
  roundRobin,
  tasks,
  type ApplicationBuilder,
  type Key,
  type Portal,
  type RequestId,
  type Stream,
  type TimerId,
} from 'portico/dataflow';
import { describe, expect, it } from 'vitest';
import { endings, story, type Telling } from './everywhere.ts';

/** Tells a story with a crash at every moment: it ends the same way each time, and tells at least this. */
async function always(
  write: (app: ApplicationBuilder) => Stream<unknown>,
  ending: readonly unknown[],
  telling: Telling = {},
): Promise<void> {
  const all = await endings(story(write), telling);
  expect(all[0]).toEqual(ending);
  expect(all.length).toBeGreaterThan(5);
  for (const each of all) expect(each).toEqual(ending);
}

/** Each value as an atom of its own. */
function singly<T>(app: ApplicationBuilder, values: readonly T[]): Stream<T> {
  return app.generators.fromArrays(values.map((value) => [value]));
}

describe('the state of a key', () => {
  const count = perKeyState('count', 0);
  const last = perKeyState<unknown>('last', 'none');
  const entries = perKeyMap<Key, unknown>('entries');

  it.each<Key>([
    0,
    7,
    -7,
    0.5,
    -0.25,
    1e21,
    2 ** 31,
    2 ** 53,
    '',
    'a',
    '7',
    '#7',
    'ä\n\u0000',
    '\ud800',
    7n,
    -(10n ** 30n),
  ])('is found again under %o', async (key) => {
    await always(
      (app) =>
        app
          .workflow()
          .source(singly(app, [1, 2, 3]))
          .key(() => key)
          .map((_, ctx) => [typeof key, count.update(ctx, (n) => n + 1)])
          .sink(),
      [1, 2, 3].map((n) => [typeof key, n]),
      { most: 14 },
    );
  });

  it('is that of its own key, whatever keys look like', async () => {
    const keys: readonly Key[] = [1, '1', 1n, '#1', '&1', '$1', 1, '1', 1n, -1, '-1', '', ' '];
    const seen = new Map<Key, number>();
    const counted = keys.map((key) => {
      const n = (seen.get(key) ?? 0) + 1;
      seen.set(key, n);
      return n;
    });
    await always(
      (app) =>
        app
          .workflow()
          .source(singly(app, keys))
          .map((_, ctx) => count.update(ctx, (n) => n + 1))
          .sink(),
      counted,
    );
  });

  it('is what was set, deleted and set again', async () => {
    const moves = ['set', 'read', 'delete', 'read', 'set', 'delete', 'set', 'read', 'forget', 'read'];
    await always(
      (app) =>
        app
          .workflow()
          .source(singly(app, moves))
          .key(() => 'k')
          .processor<unknown>((move, ctx) => {
            if (move === 'set')
              last.set(ctx, { at: ctx.key, list: [1, undefined, null, new Map([[1, 'x']])] });
            if (move === 'delete') last.delete(ctx);
            if (move === 'forget') ctx.forget();
            if (move === 'read') ctx.emit(last.get(ctx));
          })
          .sink(),
      [
        { at: 'k', list: [1, undefined, null, new Map([[1, 'x']])] },
        'none',
        { at: 'k', list: [1, undefined, null, new Map([[1, 'x']])] },
        'none',
      ],
    );
  });

  it('has the entries of its maps in their order', async () => {
    const puts = ['b', 'a', 'c', '-b', 'd', 'b', 'a', '-c', 'c', 'x', '-x'];
    await always(
      (app) =>
        app
          .workflow()
          .source(singly(app, puts))
          .key(() => 'k')
          .map((put, ctx) => {
            if (put.startsWith('-')) entries.delete(ctx, put.slice(1));
            else entries.set(ctx, put, entries.size(ctx));
            return entries.entries(ctx).join(' ');
          })
          .sink(),
      [
        'b,0',
        'b,0 a,1',
        'b,0 a,1 c,2',
        'a,1 c,2',
        'a,1 c,2 d,2',
        'a,1 c,2 d,2 b,3',
        'a,4 c,2 d,2 b,3',
        'a,4 d,2 b,3',
        'a,4 d,2 b,3 c,3',
        'a,4 d,2 b,3 c,3 x,4',
        'a,4 d,2 b,3 c,3',
      ],
    );
  });

  it('is that of its own task, and of its own name', async () => {
    const other = perKeyState('other', 100);
    await always(
      (app) =>
        app
          .workflow()
          .source(singly(app, ['k', 'k', 'k']))
          .map((k, ctx) => [k, other.update(ctx, (n) => n + 1)] as const)
          .key(([k]) => k)
          .map(([, n], ctx) => [n, count.update(ctx, (c) => c + 1), other.update(ctx, (c) => c - 1)])
          .sink(),
      [
        [101, 1, 99],
        [102, 2, 98],
        [103, 3, 97],
      ],
    );
  });
});

describe('the state of a task', () => {
  const sum = perTaskState('sum', 0);
  const known = perTaskMap<string, number>('known');

  it('is there again, and gone again where it was deleted', async () => {
    await always(
      (app) =>
        app
          .workflow()
          .source(singly(app, [1, 2, -1, 3, -1, 4]))
          .map((n, ctx) => {
            if (n < 0) {
              sum.delete(ctx);
              known.clear(ctx);
            } else {
              sum.update(ctx, (before) => before + n);
              known.set(ctx, `n${n}`, n);
            }
            return `${sum.get(ctx)} ${known.entries(ctx).join(' ')}`;
          })
          .sink(),
      ['1 n1,1', '3 n1,1 n2,2', '0 ', '3 n3,3', '0 ', '4 n4,4'],
    );
  });
});

describe('the state of a task of Portico’s own', () => {
  it('is where it was: which step, which of so many, what was stashed', async () => {
    await always(
      (app) =>
        app
          .workflow()
          .source(singly(app, [1, 2, 3, 4, 5, 6, 7, 8, 9]))
          .map((n) => n)
          .withLoop(
            2,
            tasks.map((n: number) => n * 10),
          )
          .withStep(tasks.map((n: number) => n * 100))
          .sample(2)
          .sink(),
      [1, 30, 5, 70, 9],
    );
    await always(
      (app) =>
        app
          .workflow()
          .source(singly(app, [1, 2, 3, 0, 4, 0]))
          .key(() => 'k')
          .task(
            tasks.stash<number, string>((stash) =>
              tasks.processor((n, ctx) => {
                if (n === 0) ctx.emit(`of ${stash.size(ctx)}`);
                else if (stash.size(ctx) < 2 && n < 10) stash.stash(ctx, n + 10);
                else ctx.emit(`${n}`);
                if (n === 0) stash.unstashAll(ctx);
              }),
            ),
          )
          .sink(),
      ['3', 'of 2', '11', '12', 'of 1', '14'],
    );
  });
});

describe('a stream', () => {
  it('has for each of its readers what that has not read', async () => {
    const seen = perTaskState('seen', '');
    await always(
      (app) => {
        const source = app.generators.fromArrays([[1, 2], [], [3], [4, 5, 6]]);
        const slow = app
          .workflow('slow')
          .source(source)
          .map((n) => n)
          .sink();
        const evens = app.split(app.splitter(slow), (n) => n % 2 === 0);
        const sequencer = app.sequencer<number>();
        app.connect(evens, sequencer);
        app
          .workflow('beside')
          .source(source)
          .consume((n, ctx) => void seen.update(ctx, (s) => s + n))
          .sink();
        return app
          .workflow('ends')
          .source(sequencer.stream)
          .processor<number | string>((n, ctx) => ctx.emit(n))
          .withOnAtomComplete((ctx) => ctx.emit('end'))
          .sink();
      },
      [2, 'end', 4, 6, 'end'],
    );
  });

  it('gives its end once', async () => {
    await always(
      (app) =>
        app
          .workflow()
          .source(singly(app, [1]))
          .processor<number | string>((n, ctx) => ctx.emit(n))
          .withOnComplete((ctx) => ctx.emit('over'))
          .sink(),
      [1, 'over'],
    );
  });

  it('keeps its past if it is retained', async () => {
    await always(
      (app) => {
        const past = app.retain(singly(app, ['a', 'b', 'c', 'd']));
        return app
          .workflow()
          .source(past, { from: 'start' })
          .map((s) => s.toUpperCase())
          .sink();
      },
      ['A', 'B', 'C', 'D'],
    );
  });
});

describe('what was drawn', () => {
  it('is not drawn again', async () => {
    const draws = await endings(
      story((app) =>
        app
          .workflow()
          .source(singly(app, [1, 2, 3, 4, 5]))
          .processor<number>((_, ctx) => ctx.emit(ctx.random(1_000_000)))
          .sink(),
      ),
    );
    expect(new Set(draws[0]).size).toBe(5);
    for (const each of draws) expect(each).toEqual(draws[0]);
  });
});

describe('a sequencer', () => {
  it.each([random, roundRobin, priority])(
    'loses nothing and keeps the order of each input',
    async (strategy) => {
      const all = await endings(
        story((app) => {
          const merged = app.sequencer<string>({ strategy });
          app.connect(singly(app, ['a1', 'a2', 'a3']), merged);
          app.connect(singly(app, ['b1', 'b2', 'b3']), merged, { priority: 1 });
          return app
            .workflow()
            .source(merged.stream)
            .map((s) => s)
            .sink();
        }),
      );
      for (const each of all) {
        const of = (input: string): unknown[] => each.filter((value) => String(value).startsWith(input));
        expect(of('a')).toEqual(['a1', 'a2', 'a3']);
        expect(of('b')).toEqual(['b1', 'b2', 'b3']);
      }
    },
  );

  it('goes round until nothing is left', async () => {
    await always(
      (app) => {
        const round = app.sequencer<number>();
        app.connect(singly(app, [3]), round);
        const down = app
          .workflow('down')
          .source(round.stream)
          .flatMap((n) => (n > 0 ? [n - 1] : []))
          .sink();
        app.connect(down, round);
        return down;
      },
      [2, 1, 0],
    );
  });
});

describe('an atom that goes straight round', () => {
  it('is numbered anew when it has to wait after all', async () => {
    await always(
      (app) => {
        const seen = app.egress<number>('seen');
        const round = app.sequencer<number>();
        app.connect(singly(app, [4]), round);
        const down = app
          .workflow('down')
          .source(round.stream)
          .processor<number>((n, ctx) => {
            ctx.release(seen, n);
            if (n % 10 > 0) ctx.emit(n - 1);
          })
          .sink();
        app.connect(down, round);
        return app
          .workflow('seen')
          .source(seen.stream)
          .map((n) => n)
          .sink();
      },
      [4, 3, 2, 1, 0],
    );
  });
});

describe('a generator', () => {
  const all = (app: ApplicationBuilder, stream: Stream<unknown>): Stream<unknown> =>
    app
      .workflow()
      .source(stream)
      .processor<unknown>((value, ctx) => ctx.emit([ctx.key, value]))
      .withOnComplete((ctx) => ctx.emit('end'))
      .sink();

  it('goes on after the atoms that it has given', async () => {
    await always(
      (app) => all(app, app.generators.fromRange(0, 7, 2)),
      [[0, 0], [1, 1], [2, 2], [3, 3], [4, 4], [5, 5], [6, 6], 'end'],
    );
    await always(
      (app) => all(app, app.generators.fromIterables(new Set([['a'], [], ['b', 'c']]))),
      [['a', 'a'], ['b', 'b'], ['c', 'c'], 'end'],
    );
    // What cannot be a key is counted.
    await always(
      (app) => all(app, app.generators.fromArrays([[{}], [{}, {}]], { throttle: { events: 1, perMs: 5 } })),
      [[0, {}], [1, {}], [2, {}], 'end'],
    );
    await always(
      (app) => all(app, app.generators.fromArrays([[1], [2]], { keys: [['x'], ['y']] })),
      [['x', 1], ['y', 2], 'end'],
    );
  });
});

describe('a timer', () => {
  const set = perKeyState<TimerId | undefined>('timer', undefined);

  it('fires once, in order, also if it was due while nothing ran', async () => {
    await always(
      (app) =>
        app
          .workflow()
          .source(app.generators.fromArray([40, 10, 30, 20, 0]))
          .processor<string>((ms, ctx) => void ctx.after(ms, { ms }))
          .withOnTimer<{ ms: number }>(({ ms }, ctx) => ctx.emit(`${String(ctx.key)} after ${ms}`))
          .sink(),
      ['0 after 0', '10 after 10', '20 after 20', '30 after 30', '40 after 40'],
    );
  });

  it('stays cancelled', async () => {
    await always(
      (app) =>
        app
          .workflow()
          .source(singly(app, ['set', 'cancel', 'set', 'set and cancel']))
          .key(() => 'k')
          .processor<string>((move, ctx) => {
            if (move.startsWith('set')) set.set(ctx, ctx.after(5, move));
            const timer = set.get(ctx);
            if (move.endsWith('cancel') && timer !== undefined) ctx.cancel(timer);
            ctx.emit(move);
          })
          .withOnTimer<string>((move, ctx) => ctx.emit(`${move} fired`))
          .sink(),
      ['set', 'cancel', 'set', 'set and cancel', 'set fired'],
    );
  });

  it('can set the next one, for ever', async () => {
    await always(
      (app) =>
        app
          .workflow()
          .source(singly(app, [3]))
          .processor<number>((n, ctx) => void ctx.after(10, n))
          .withOnTimer<number>((n, ctx) => {
            ctx.emit(n);
            if (n > 0) ctx.after(10, n - 1);
          })
          .sink(),
      [3, 2, 1, 0],
    );
  });
});

describe('an ask', () => {
  /** A task that asks with a continuation of its own, for each value. */
  const asking = (
    app: ApplicationBuilder,
    portal: Portal<number, number>,
    values: readonly number[],
    timeoutMs = 1000,
  ): Stream<unknown> => {
    const replied = continuation<number, number, string>(
      'replied',
      (reply, of, ctx) => ctx.emit(`${of} → ${reply} at ${String(ctx.key)}`),
      (error, of, ctx) => ctx.emit(`${of} failed: ${(error as { code: string }).code}`),
    );
    return app
      .workflow('asker')
      .source(singly(app, values))
      .asker<string>({ asks: [portal], continuations: [replied] }, (n, ctx) => {
        ctx.await(ctx.ask(portal, n, { timeoutMs }), replied, n);
      })
      .sink();
  };

  it('gets one reply, and its continuation runs once, with what it was given', async () => {
    const served = perKeyState('served', 0);
    await always(
      (app) => {
        const portal = app.portal<number, number>('p');
        app
          .workflow('replier')
          .source(app.generators.empty<never>())
          .replier([
            answer<number, number>(portal, (n, ctx) =>
              ctx.reply(n * 10 + served.update(ctx, (times) => times + 1)),
            ),
          ])
          .sink();
        return asking(app, portal, [1, 2, 3]);
      },
      ['1 → 11 at 1', '2 → 21 at 2', '3 → 31 at 3'],
    );
  });

  it('that was left open is answered later', async () => {
    const open = perTaskState<RequestId<number> | undefined>('open', undefined);
    await always(
      (app) => {
        const portal = app.portal<number, number>('p');
        app
          .workflow('replier')
          .source(singly(app, [0]))
          .task(
            tasks.replier<number, never>([
              answer<number, number>(portal, (n, ctx) => {
                open.set(ctx, ctx.defer());
                ctx.after(20, n);
              }),
            ]),
          )
          .withOnTimer<number>((n, ctx) => {
            const id = open.get(ctx);
            if (id !== undefined)
              (ctx as never as { replyTo(id: unknown, value: number): void }).replyTo(id, n + 1);
          })
          .sink();
        return asking(app, portal, [5]);
      },
      ['5 → 6 at 5'],
    );
  });

  it('that nobody answers times out, once, also if that time came while nothing ran', async () => {
    await always(
      (app) => {
        const portal = app.portal<number, number>('p');
        app
          .workflow('replier')
          .source(app.generators.empty<never>())
          .replier([answer<number, number>(portal, () => undefined)])
          .sink();
        return asking(app, portal, [1, 2], 30);
      },
      ['1 failed: portal/timeout', '2 failed: portal/timeout'],
    );
  });

  it('whose replier fails is told why', async () => {
    await always(
      (app) => {
        const portal = app.portal<number, number>('p');
        app
          .workflow('replier')
          .source(app.generators.empty<never>())
          .replier([
            answer<number, number>(portal, () => {
              // oxlint-disable-next-line typescript/only-throw-error -- anything may be thrown, and it cannot be stored
              throw { call: () => 1 };
            }),
          ])
          .sink();
        return asking(app, portal, [1]);
      },
      ['1 failed: portal/replier-failed'],
    );
  });

  it('waits for all that were asked together', async () => {
    const all = continuation<readonly number[], string, string>('all', (replies, of, ctx) =>
      ctx.emit(`${of}: ${replies.join(' ')}`),
    );
    await always(
      (app) => {
        const fast = app.portal<number, number>('fast');
        const slow = app.portal<number, number>('slow');
        const later = perKeyState<RequestId<number> | undefined>('later', undefined);
        app
          .workflow('fast')
          .source(app.generators.empty<never>())
          .replier([answer<number, number>(fast, (n, ctx) => ctx.reply(n))])
          .sink();
        app
          .workflow('slow')
          .source(app.generators.empty<never>())
          .replier([
            answer<number, number>(slow, (n, ctx) => {
              later.set(ctx, ctx.defer());
              ctx.after(10, n * 100);
            }),
          ])
          .withOnTimer<number>((n, ctx) => {
            (ctx as never as { replyTo(id: unknown, value: number): void }).replyTo(later.get(ctx), n);
          })
          .sink();
        return app
          .workflow('asker')
          .source(singly(app, [1, 2]))
          .asker<string>({ asks: [fast, slow], continuations: [all] }, (n, ctx) => {
            ctx.awaitAll(
              [ctx.ask(slow, n), ctx.ask(fast, n), ctx.ask(fast, n + 1)] as never,
              all as never,
              `of ${n}` as never,
            );
            ctx.awaitAll([] as never, all as never, `none ${n}` as never);
          })
          .sink();
      },
      ['none 1: ', 'none 2: ', 'of 1: 100 1 2', 'of 2: 200 2 3'],
    );
  });

  it('that was asked for another one answers that when it comes back', async () => {
    const outer = continuation<number, number>('outer', (reply, n, ctx) =>
      (ctx as never as { reply(value: number): void }).reply(reply + n),
    );
    await always(
      (app) => {
        const first = app.portal<number, number>('first');
        const second = app.portal<number, number>('second');
        app
          .workflow('second')
          .source(app.generators.empty<never>())
          .replier([answer<number, number>(second, (n, ctx) => ctx.reply(n * 2))])
          .sink();
        app
          .workflow('first')
          .source(singly(app, [0]))
          .askerreplier({ asks: [second], continuations: [outer] }, [
            answer<number, number>(first, (n, ctx) => {
              const asker = ctx as never as {
                ask(portal: unknown, n: number): object;
                await(...all: unknown[]): void;
              };
              asker.await(asker.ask(second, n), outer, 1000);
            }),
          ])
          .sink();
        return asking(app, first, [1, 2]);
      },
      ['1 → 1002 at 1', '2 → 1004 at 2'],
    );
  });

  it('whose reply nobody waits for is handled once, and may be replied to', async () => {
    await always(
      (app) => {
        const portal = app.portal<number, number>('p');
        const out = app
          .workflow('replier')
          .source(app.generators.empty<never>())
          .replier<string>([
            answer<number, number, string>(portal, (n, ctx) => {
              ctx.reply(n);
              ctx.emit(`handled ${n}`);
            }),
          ])
          .sink();
        app
          .workflow('asker')
          .source(singly(app, [1, 2]))
          .asker([portal], (n, ctx) => void ctx.ask(portal, n))
          .sink();
        return out;
      },
      ['handled 1', 'handled 2'],
    );
  });

  it('may be replied to after its time, too', async () => {
    await always(
      (app) => {
        const portal = app.portal<number, number>('p');
        const held = perTaskState<RequestId<number> | undefined>('held', undefined);
        app
          .workflow('replier')
          .source(singly(app, [0]))
          .task(
            tasks.replier<number, never>([
              answer<number, number>(portal, (n, ctx) => {
                held.set(ctx, ctx.defer());
                ctx.after(30, n);
              }),
            ]),
          )
          .withOnTimer<number>((n, ctx) => {
            const id = held.get(ctx);
            if (id !== undefined)
              (ctx as never as { replyTo(id: unknown, value: number): void }).replyTo(id, n);
          })
          .sink();
        return asking(app, portal, [1], 10);
      },
      ['1 failed: portal/timeout'],
    );
  });
});
