// What is said of handlers that misuse their context, their state or their turn, and of whatever they throw.
import { describe, expect, it } from 'vitest';
import {
  application,
  perKeyMap,
  perKeyState,
  perTaskState,
  tasks,
  type ApplicationBuilder,
  type DeadLetter,
  type PorticoError,
  type ProcessorContext,
  type TimerId,
} from 'portico/dataflow';
import { caught, causeOf, expectSaid, js, misuse, misusing, quiet, type Move } from './said.ts';

const where = '/app/workflows/w/t';

describe('a context', () => {
  it('refuses to be used when its task has no turn', async () => {
    const { system } = quiet();
    const kept: ProcessorContext<unknown>[] = [];
    const state = perKeyState('count', 0);
    const map = perKeyMap<string, number>('seen');
    system.launch(
      application('app', (app) => {
        const portal = app.portal<1, 1>('p');
        app
          .workflow('w')
          .source(app.generators.signal(1))
          .askerreplier([portal], [{ portal, handle: () => undefined }], (_, ctx) => {
            kept.push(ctx);
          })
          .withOnTimer(() => undefined)
          .withName('t')
          .sink();
      }),
    );
    system.stepUntilComplete();
    const ctx = kept[0] as ProcessorContext<unknown>;
    const portal = js({ path: '/app/portals/p' });
    const uses: [string, () => unknown][] = [
      ['emit', () => ctx.emit(1)],
      ['after', () => ctx.after(1)],
      ['cancel', () => ctx.cancel({ timer: 1 })],
      ['ask', () => js(ctx).ask(portal, 1)],
      ['await', () => js(ctx).await({}, () => 0)],
      ['awaitAll', () => js(ctx).awaitAll([], () => 0)],
      ['reply', () => js(ctx).reply(1)],
      ['emitTo', () => ctx.emitTo('k', 1)],
      ['release', () => ctx.release(js({ path: '/x' }), js(1))],
      ['forget', () => ctx.forget()],
      ['undo', () => ctx.undo()],
      ['random', () => ctx.random(2)],
      ['nowMs', () => ctx.nowMs],
    ];
    // Later is the same as much later: after a promise, after a timeout.
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
    for (const [name, use] of uses) {
      expectSaid(caught(use), {
        code: 'context/outside-turn',
        where,
        what: `${name} was called outside a turn`,
        cure: 'Use a context only in the call that it was given to',
      });
    }
    expect(ctx.key).toBe(undefined);
    for (const use of [
      () => state.get(ctx),
      () => state.set(ctx, 1),
      () => map.set(ctx, 'a', 1),
      () => map.size(ctx),
    ]) {
      const error = caught(use);
      expect(error).toMatchObject({ code: 'state/outside-turn', where });
    }
    expectSaid(
      caught(() => state.get(ctx)),
      { code: 'state/outside-turn', where, what: 'the state count', cure: 'only in a handler' },
    );
    expect(system.canStep()).toBe(false);
  });

  it('belongs to its task, and not to others of the same workflow', () => {
    let kept: ProcessorContext<any> | undefined;
    const seen = perTaskState('seen', 0);
    const errors: unknown[] = [];
    const cause = misuse(({ flow }) =>
      flow
        .processor<Move>((move, ctx) => {
          kept = ctx;
          ctx.emit(move);
        })
        .withName('t')
        .processor<Move>((move, ctx) => {
          if (move === 'good') ctx.emit(move);
          else {
            try {
              seen.get(js(kept));
            } catch (error) {
              errors.push(error);
            }
            kept?.emit('x');
          }
        }),
    );
    expect(cause).toMatchObject({ code: 'context/outside-turn', where });
    expect(errors).toEqual([expect.objectContaining({ code: 'state/outside-turn', where })]);
  });

  it('offers what its kind of task can do, and no more', () => {
    const portal = js({ path: '/app/portals/echo' });
    const uses: [string, (ctx: any) => unknown][] = [
      ['emit', (ctx) => ctx.emit(1)],
      ['after', (ctx) => ctx.after(1)],
      ['cancel', (ctx) => ctx.cancel({ timer: 1 })],
      ['ask', (ctx) => ctx.ask(portal, 'x')],
      ['await', (ctx) => ctx.await({}, () => 0)],
      ['awaitAll', (ctx) => ctx.awaitAll([], () => 0)],
      ['reply', (ctx) => ctx.reply(1)],
      ['emitTo', (ctx) => ctx.emitTo('k', 1)],
      ['release', (ctx) => ctx.release({ path: '/x' }, 1)],
      ['forget', (ctx) => ctx.forget()],
      ['undo', (ctx) => ctx.undo()],
      ['random', (ctx) => ctx.random(2)],
    ];
    for (const [name, use] of uses) {
      expectSaid(
        misuse(({ flow }) => flow.map((move, ctx) => (move === 'bad' ? use(ctx) : move)).withName('t')),
        { code: 'context/not-offered', where, what: `cannot ${name}`, cure: 'Use a processor' },
      );
    }
    expect(
      misuse(({ flow }) => flow.filter((move, ctx) => move === 'good' || js(ctx).emit(1)).withName('t')).code,
    ).toBe('context/not-offered');
    expectSaid(
      misuse(({ flow }) =>
        flow.processor<Move>((move, ctx) => (move === 'bad' ? ctx.after(1) : ctx.emit(move))).withName('t'),
      ),
      { code: 'context/not-offered', where, what: 'no handler for it', cure: 'Add withOnTimer' },
    );
  });

  it('is not known to methods that were taken out of it', () => {
    const uses: [string, (ctx: any) => unknown][] = [
      ['emit', ({ emit }) => emit(1)],
      ['emitTo', ({ emitTo }) => emitTo('k', 1)],
      ['after', ({ after }) => after(1)],
      ['cancel', ({ cancel }) => cancel({ timer: 1 })],
      ['ask', ({ ask }) => ask({}, 'x')],
      ['await', (ctx) => Reflect.apply(ctx.await, undefined, [])],
      ['awaitAll', ({ awaitAll }) => awaitAll([], () => 0)],
      ['reply', ({ reply }) => reply(1)],
      ['release', ({ release }) => release({}, 1)],
      ['forget', ({ forget }) => forget()],
      ['undo', ({ undo }) => undo()],
      ['random', ({ random }) => random(2)],
    ];
    for (const [name, use] of uses) {
      expectSaid(
        misuse(({ flow }) =>
          flow.processor<Move>((move, ctx) => (move === 'bad' ? use(ctx) : ctx.emit(move))),
        ),
        {
          code: 'context/unbound',
          where: `ctx.${name}`,
          what: `${name} was called without its context`,
          cure: `Call it as ctx.${name}(…)`,
        },
      );
    }
    const { system, lines } = quiet();
    system.launch(
      application('app', (app) => {
        app
          .workflow('w')
          .source(app.generators.signal({ n: 1 }))
          .consume(({ n }, { log: { info } }: any) => info(n))
          .withName('t')
          .sink();
      }),
    );
    system.stepUntilComplete();
    expect(lines).toEqual([{ level: 'info', name: 't', path: where, value: 1 }]);
  });

  it.each([undefined, null, 5, {}])('releases nothing but to an egress', (egress) => {
    expectSaid(
      misuse(({ flow }) =>
        flow
          .processor<Move>((move, ctx) => (move === 'bad' ? ctx.release(js(egress), js(1)) : ctx.emit(move)))
          .withName('t'),
      ),
      { code: 'context/bad-argument', where, what: 'an egress is needed', cure: 'app.egress()' },
    );
  });

  it('releases nothing to what is no egress of its application', () => {
    expectSaid(
      misuse(({ flow }) =>
        flow
          .processor<Move>((move, ctx) =>
            move === 'bad' ? ctx.release(js({ path: '/x' }), js(1)) : ctx.emit(move),
          )
          .withName('t'),
      ),
      { code: 'graph/unknown-path', where, what: 'it releases to /x', cure: 'app.egress()' },
    );
  });

  it.each([0, -1, 1.5, NaN, Infinity, '2', undefined])('draws no number below %s', (bound) => {
    expectSaid(
      misuse(({ flow }) =>
        flow
          .processor<Move>((move, ctx) => (move === 'bad' ? void ctx.random(js(bound)) : ctx.emit(move)))
          .withName('t'),
      ),
      { code: 'context/bad-argument', where, what: 'random was given', cure: 'a whole number from 1 up' },
    );
  });

  it.each([NaN, -1, '5', undefined, null])('sets no timer of %s milliseconds', (delayMs) => {
    expectSaid(
      misuse(({ flow }) =>
        flow
          .processor<Move>((move, ctx) => {
            if (move === 'bad') ctx.after(js(delayMs));
            else ctx.emit(move);
          })
          .withOnTimer(() => undefined)
          .withName('t'),
      ),
      { code: 'context/bad-argument', where, what: 'a timer cannot wait', cure: 'a number from 0 up' },
    );
  });

  it.each([undefined, null, 5, {}, { timer: 'x' }])('cancels nothing but timers', (timer) => {
    expectSaid(
      misuse(({ flow }) =>
        flow
          .processor<Move>((move, ctx) => {
            if (move === 'bad') ctx.cancel(js(timer));
            else ctx.emit(move);
          })
          .withName('t'),
      ),
      { code: 'context/bad-argument', where, what: 'a timer is needed', cure: 'after' },
    );
  });

  it('cancels no timer of another task', () => {
    let foreign: TimerId | undefined;
    expectSaid(
      misuse(({ app, flow }) => {
        app
          .workflow('other')
          .source(app.generators.signal(1))
          .processor((_, ctx) => {
            foreign = ctx.after(1000);
          })
          .withOnTimer(() => undefined)
          .withName('sets')
          .sink();
        return flow
          .processor<Move>((move, ctx) => {
            if (move === 'bad') ctx.cancel(foreign as TimerId);
            else ctx.emit(move);
          })
          .withName('t');
      }),
      {
        code: 'context/bad-argument',
        where,
        what: 'the timer of /app/workflows/other/sets',
        cure: 'that set it',
      },
    );
  });

  it('does not mind a timer that fired or was cancelled already', () => {
    const { system } = quiet();
    const got: unknown[] = [];
    const app = application('app', (app) =>
      app
        .workflow('w')
        .source(app.generators.fromArrays([['a'], ['b']]))
        .processor<string>((value, ctx) => {
          const id = ctx.after(0, value);
          ctx.cancel(id);
          ctx.cancel(id);
          ctx.emit(value);
        })
        .withOnTimer((payload, ctx) => ctx.emit(`fired ${String(payload)}`))
        .sink(),
    );
    system.launch(app);
    system.subscribe(app.handles, (value) => {
      got.push(value);
    });
    system.stepUntilComplete();
    expect(got).toEqual(['a', 'b']);
  });
});

describe('state', () => {
  it('that belongs to a key cannot be used where there is no key', () => {
    const state = perKeyState('count', 0);
    const { system } = quiet();
    system.launch(
      application('app', (app) => {
        app
          .workflow('w')
          .source(app.generators.signal(1))
          .identity()
          .withOnAtomComplete((ctx) => {
            state.set(ctx, 1);
          })
          .withName('t')
          .sink();
      }),
    );
    const error = caught(() => system.stepUntilComplete());
    expectSaid(causeOf(error), {
      code: 'state/no-key',
      where,
      what: 'the state count',
      cure: 'perTaskState',
    });
  });

  it('that is frozen tells who changes it in place', () => {
    const state = perKeyState<{ list: number[] }>('lists', { list: [] });
    const error = misusing(({ flow }) =>
      flow
        .map((move, ctx) => {
          state.set(ctx, { list: [1] });
          if (move === 'bad') state.get(ctx).list.push(2);
          return move;
        })
        .withName('t'),
    );
    expect(error).toBeInstanceOf(TypeError);
  });

  it.each([{}, null, undefined, NaN, Symbol('key'), true])(
    'takes no entry under a key that is none',
    (key) => {
      const map = perKeyMap<string, number>('entries');
      expectSaid(
        misuse(({ flow }) =>
          flow
            .map((move, ctx) => {
              if (move === 'bad') map.set(ctx, js(key), 1);
              return move;
            })
            .withName('t'),
        ),
        { code: 'key/unsupported', where, what: 'the key is', cure: 'a string, a finite number or a bigint' },
      );
    },
  );

  it('takes values of any depth', () => {
    let deep: unknown = null;
    for (let i = 0; i < 100_000; i++) deep = { next: deep };
    const state = perKeyState<unknown>('deep', null);
    const { system } = quiet();
    const got: unknown[] = [];
    const app = application('app', (app) =>
      app
        .workflow('w')
        .source(app.generators.signal(1))
        .map((_, ctx) => {
          state.set(ctx, deep);
          return Object.isFrozen(state.get(ctx));
        })
        .sink(),
    );
    system.launch(app);
    system.subscribe(app.handles, (value) => got.push(value));
    system.stepUntilComplete();
    expect(got).toEqual([true]);
  });

  it.each([undefined, null, 5, {}, () => 1])('needs a context', (ctx) => {
    const [value, map] = [perKeyState('count', 0), perKeyMap<string, number>('seen')];
    const given: ProcessorContext<never> = js(ctx);
    for (const [name, use] of [
      ['count', () => value.get(given)],
      ['count', () => value.set(given, 1)],
      ['count', () => value.update(given, (n) => n + 1)],
      ['count', () => value.delete(given)],
      ['seen', () => map.get(given, 'a')],
      ['seen', () => map.has(given, 'a')],
      ['seen', () => map.set(given, 'a', 1)],
      ['seen', () => map.delete(given, 'a')],
      ['seen', () => map.clear(given)],
      ['seen', () => map.size(given)],
      ['seen', () => map.entries(given)],
    ] as const) {
      const [what, cure] = [`the state ${name} was used without a context`, 'as in count.get(ctx)'];
      expectSaid(caught(use), { code: 'state/outside-turn', where: name, what, cure });
    }
  });

  it('cannot become a promise', () => {
    const state = perKeyState<unknown>('count', 0);
    expectSaid(
      misuse(({ flow }) =>
        flow.map((move, ctx) => {
          state.update(ctx, () => (move === 'bad' ? Promise.reject(new Error('late')) : 1));
          return move;
        }),
      ),
      { code: 'task/promise', where: 'count', what: 'the state count', cure: 'return the new value at once' },
    );
  });

  it.each(['', undefined, 5])('needs a name', (name) => {
    for (const make of [
      () => perKeyState(js(name), 0),
      () => perTaskState(js(name), 0),
      () => perKeyMap(js(name)),
    ]) {
      expect(caught(make)).toMatchObject({
        code: 'graph/bad-name',
        cure: 'Give it a text of at least one character',
      });
    }
  });
});

describe('a key', () => {
  it.each([undefined, null, NaN, Infinity, true, {}, [], Symbol('key'), new Date(0), Promise.resolve('x')])(
    'cannot be %s',
    (key) => {
      const error = misuse(({ flow }) => flow.key((move) => (move === 'bad' ? js(key) : move)).withName('t'));
      expectSaid(error, {
        code: 'key/unsupported',
        where,
        what: 'the key is',
        cure: 'a string, a finite number or a bigint',
      });
      const inChain = misuse(({ flow }) =>
        flow
          .key((move) => (move === 'bad' ? js(key) : move))
          .withName('t')
          .processor<Move>((move, ctx) => ctx.emit(move)),
      );
      expect(inChain).toMatchObject({ code: 'key/unsupported', where });
    },
  );

  it('can be anything else, and minus zero is zero', () => {
    const { system } = quiet();
    const got: unknown[] = [];
    const seen = perKeyState('seen', 0);
    const keys = ['', '__proto__', 0, -0, -1, 1e300, 0n, -5n, 'x'.repeat(100_000)];
    const app = application('app', (app) =>
      app
        .workflow('w')
        .source(app.generators.fromArray(keys))
        .key((key) => key)
        .map((_, ctx) => seen.update(ctx, (n) => n + 1))
        .sink(),
    );
    system.launch(app);
    system.subscribe(app.handles, (value) => got.push(value));
    system.stepUntilComplete();
    expect(got).toEqual([1, 1, 1, 2, 1, 1, 1, 1, 1]);
  });
});

describe('an error that a handler throws', () => {
  it('undoes the atom, and says in which workflow and from which task', () => {
    const { system } = quiet();
    system.launch(
      application('app', (app) => {
        app
          .workflow('w')
          .source(app.generators.fromArray([1, 2, 3]))
          .map((n): number => {
            throw new RangeError(`no ${n}.`);
          })
          .withName('t')
          .sink();
      }),
    );
    const error = caught(() => system.stepUntilComplete());
    expectSaid(error, {
      code: 'atom/failed',
      where: '/app/workflows/w',
      what: 'an error of /app/workflows/w/t was left over at the end of the workflow: no 1, and 2 more',
      cure: 'withOnError',
    });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error.message).toBe(
      '[atom/failed] /app/workflows/w: an error of /app/workflows/w/t was left over at the end of the workflow: no 1, ' +
        'and 2 more. Mend the task; or handle the error with withOnError, or set such atoms aside with onFailure: deadLetter.',
    );
  });

  const toString = (): never => {
    throw new Error('no text');
  };
  const hostile = {
    get message(): never {
      throw new Error('no message');
    },
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  it.each([
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a string', 'sad', 'sad'],
    ['a number', 7, '7'],
    ['a symbol', Symbol('sad'), 'Symbol(sad)'],
    ['an object', { status: 404 }, '{"status":404}'],
    ['an object with a text', { toString: () => 'sad' }, 'sad'],
    ['a frozen object', Object.freeze({ a: 1 }), '{"a":1}'],
    ['an object without a prototype', Object.create(null), 'a value that cannot be printed'],
    ['an object that cannot be printed', { toString }, 'a value that cannot be printed'],
    ['an error without a message', new TypeError(), 'TypeError'],
    ['an error whose message throws', Object.assign(Object.create(Error.prototype), { name: 'x' }, {}), 'x'],
    [
      'an error that hides its message',
      Object.setPrototypeOf(hostile, Error.prototype),
      'a value that cannot be printed',
    ],
    [
      'an error whose message is no text',
      Object.assign(new Error(), { message: { a: 1 } }),
      '[object Object]',
    ],
    ['a proxy that was revoked', revoked.proxy, 'a value that cannot be printed'],
    ['very much', 'x'.repeat(100_000), 'x…'],
  ])('can be %s', (_, thrown, text) => {
    const { system } = quiet();
    const got: unknown[] = [];
    const app = application('app', (app) => {
      const moves = app.ingress<Move>('moves');
      const sad = app
        .workflow('w', { onFailure: 'deadLetter' })
        .source(moves.stream)
        .map((move) => {
          if (move === 'good') return move;
          throw thrown;
        })
        .withName('t');
      const handled = app
        .workflow('h')
        .source(moves.stream)
        .map((move): unknown => {
          if (move === 'good') return move;
          throw thrown;
        })
        .identity()
        .withOnError((error, ctx) => ctx.emit(error === thrown));
      return { moves, sad: sad.sink(), handled: handled.sink() };
    });
    system.launch(app);
    system.subscribe(app.handles.sad, (value) => got.push(value));
    system.subscribe(app.handles.handled, (value) => got.push(value));
    system.send(app.handles.moves, 'bad');
    system.stepUntilComplete();
    expect(got).toEqual([true]);
    const [letter] = system.deadLetters.list();
    expect(letter?.error.what).toContain(`end of the workflow: ${text.replace('x…', 'x'.repeat(200) + '…')}`);
    const { error } = letter as DeadLetter;
    expect('cause' in error && Object.is(error.cause, thrown)).toBe(true);
    system.send(app.handles.moves, 'good');
    system.stepUntilComplete();
    expect(got).toEqual([true, 'good', 'good']);
  });

  it.each([
    ['nothing', undefined],
    ['an object that cannot be printed', { toString }],
    ['an error that hides its message', Object.setPrototypeOf(hostile, Error.prototype)],
  ])('can be %s wherever users throw, and is the cause of what is said', (_, thrown) => {
    const fail = (): never => {
      throw thrown;
    };
    const run = (write: (app: ApplicationBuilder) => unknown): PorticoError => {
      const { system } = quiet();
      return caught(() => {
        system.launch(application('app', write));
        system.stepUntilComplete();
      });
    };
    const one = (app: ApplicationBuilder) => app.workflow('w').source(app.generators.signal(1));
    const errors = [
      run((app) => app.generators.custom(fail)),
      run((app) => app.generators.custom(() => ({ hasNext: fail, next: fail }))),
      run((app) => app.split(app.splitter(app.generators.signal(1)), fail)),
      run((app) => one(app).init(fail).sink()),
      run((app) => one(app).key(fail).sink()),
      run((app) => one(app).identity().withOnComplete(fail).sink()),
    ];
    expect(errors.map(({ code }) => code)).toEqual([
      'generator/failed',
      'generator/failed',
      'splitter/predicate-failed',
      'task/init-failed',
      'atom/failed',
      'atom/failed',
    ]);
    for (const error of errors) expect('cause' in error && Object.is(error.cause, thrown)).toBe(true);
  });

  it('can come in any number, from an atom of any size', () => {
    const { system } = quiet();
    const got: number[] = [];
    const boom = new Error('boom');
    const app = application('app', (app) => {
      const numbers = app.generators.fromRange(0, 200_000, 200_000);
      app
        .workflow('w', { onFailure: 'deadLetter' })
        .source(numbers)
        .map((): number => {
          throw boom;
        })
        .sink();
      return app
        .workflow('s')
        .source(numbers)
        .flatMap((n) => [n, n])
        .filter((n) => n % 100_000 === 0)
        .sink();
    });
    system.launch(app);
    system.subscribe(app.handles, (n) => got.push(n));
    system.stepUntilComplete();
    expect(got).toEqual([0, 0, 100_000, 100_000]);
    const [letter] = system.deadLetters.list();
    expect(letter?.events).toHaveLength(200_000);
    expect(letter?.error.what).toMatch(/boom, and 199999 more$/);
  });

  it('can be a stack that overflows, wherever it does', () => {
    // The depth of the stack at the first call varies, so that it overflows in another place each time.
    const { system } = quiet();
    const [value, map] = [perKeyState('n', 0), perKeyMap<number, number>('m')];
    const got: unknown[] = [];
    const app = application('app', (app) => {
      const moves = app.ingress<Move>('moves', { key: () => 'k' });
      const out = app
        .workflow('w', { onFailure: 'deadLetter' })
        .source(moves.stream)
        .processor<unknown>((move, ctx) => {
          if (move === 'good') ctx.emit([value.get(ctx), map.entries(ctx)]);
          else deeper(0, ctx);
        })
        .withOnTimer(() => undefined)
        .sink();
      return { moves, out };
    });
    const deeper = (n: number, ctx: ProcessorContext<unknown>): void => {
      value.set(ctx, n + 1);
      map.set(ctx, n, n);
      ctx.emit(n);
      ctx.after(1000 + n);
      deeper(n + 1, ctx);
    };
    const padded = (n: number, run: () => void): void => {
      if (n === 0) run();
      else padded(n - 1, run);
    };
    system.launch(app);
    system.subscribe(app.handles.out, (value) => got.push(value));
    for (let padding = 0; padding < 16; padding++) {
      system.send(app.handles.moves, 'bad');
      padded(padding, () => {
        system.stepUntilComplete();
      });
      system.send(app.handles.moves, 'good');
      system.stepUntilComplete();
    }
    expect(got).toEqual(Array.from({ length: 16 }, () => [0, []]));
    for (const { error } of system.deadLetters.list()) expect(error.cause).toBeInstanceOf(RangeError);
    expect(system.deadLetters.list()).toHaveLength(16);
  });
});

describe('a handler that returns a promise', () => {
  const later = (value: unknown): any => Promise.resolve(value);

  it('fails at once, and names its task', () => {
    expectSaid(
      misuse(({ flow }) =>
        flow.processor<Move>((move, ctx) => (move === 'bad' ? later(1) : ctx.emit(move))).withName('t'),
      ),
      {
        code: 'task/promise',
        where,
        what: 'its handler returned a promise, and a turn cannot wait for it',
        cure: 'send its result to an ingress',
      },
    );
  });

  it.each<[string, Parameters<typeof misuse>[0]]>([
    ['map', ({ flow }) => flow.map((move) => (move === 'bad' ? later(move) : move)).withName('t')],
    ['filter', ({ flow }) => flow.filter((move) => (move === 'bad' ? later(false) : true)).withName('t')],
    ['flatMap', ({ flow }) => flow.flatMap((move) => (move === 'bad' ? later([]) : [move])).withName('t')],
    [
      'a map with more handlers',
      ({ flow }) =>
        flow
          .map((move) => (move === 'bad' ? later(move) : move))
          .withOnComplete(() => undefined)
          .withName('t'),
    ],
    [
      'a filter with more handlers',
      ({ flow }) =>
        flow
          .filter((move) => (move === 'bad' ? later(false) : true))
          .withOnComplete(() => undefined)
          .withName('t'),
    ],
    [
      'a flatMap with more handlers',
      ({ flow }) =>
        flow
          .flatMap((move) => (move === 'bad' ? later([]) : [move]))
          .withOnComplete(() => undefined)
          .withName('t'),
    ],
    [
      'a step',
      ({ flow }) =>
        flow
          .map((move) => (move === 'bad' ? later(move) : move))
          .withLoop(5, tasks.identity())
          .withName('t'),
    ],
    [
      'a wrapper',
      ({ flow }) =>
        flow
          .identity()
          .withWrapper((move, _, inner) => (move === 'bad' ? later(move) : inner(move)))
          .withName('t'),
    ],
    [
      'onAtomComplete',
      ({ flow }) => {
        let bad = false;
        return flow
          .map((move) => ((bad = move === 'bad'), move))
          .identity()
          .withOnAtomComplete(() => (bad ? later(1) : undefined))
          .withName('t');
      },
    ],
    [
      'onError',
      ({ flow }) =>
        flow
          .map((move) => {
            if (move === 'good') return move;
            throw new Error('boom');
          })
          .identity()
          .withOnError(() => later(1))
          .withName('t'),
    ],
    [
      'vsm',
      ({ flow }) =>
        flow
          .vsm<Move>(
            js((move: Move, ctx: ProcessorContext<Move>) =>
              move === 'bad' ? later(tasks.same) : (ctx.emit(move), tasks.same),
            ),
          )
          .withName('t'),
    ],
  ])('is refused in %s', (_, write) => {
    const error = misuse(write);
    expect(error).toMatchObject({ code: 'task/promise', where });
  });

  it('is refused in timers, and in continuations', () => {
    expect(
      misuse(({ flow, echo }) =>
        flow
          .asker<string>([echo], (move, ctx) => {
            ctx.await(ctx.ask(echo, move), (reply) => (reply === 'bad' ? later(1) : ctx.emit(reply)));
          })
          .withName('t'),
      ),
    ).toMatchObject({ code: 'task/promise', where });
    expect(
      misuse(({ flow }) =>
        flow
          .processor<Move>((move, ctx) => {
            ctx.after(0, move);
          })
          .withOnTimer<Move>((move, ctx) => (move === 'bad' ? later(1) : ctx.emit(move)))
          .withName('t'),
      ),
    ).toMatchObject({ code: 'task/promise', where });
  });
});

describe('a function that gives what its task cannot use', () => {
  it.each([undefined, null, 5, {}])('fails in flatMap', (given) => {
    expectSaid(
      misuse(({ flow }) => flow.flatMap((move) => (move === 'bad' ? js(given) : [move])).withName('t')),
      { code: 'task/bad-result', where, what: 'and an iterable is needed', cure: 'Return an array' },
    );
  });

  it.each([undefined, null, 5, {}, 'same'])('fails in a machine, in the turn that gave it', (given) => {
    expectSaid(
      misuse(({ flow }) =>
        flow
          .vsm<Move>((move, ctx) => (move === 'bad' ? js(given) : (ctx.emit(move), tasks.same)))
          .withName('t'),
      ),
      {
        code: 'task/bad-result',
        where,
        what: 'a state of its machine returned',
        cure: 'Return the next state',
      },
    );
  });

  it('passes on values that are nothing', () => {
    const { system } = quiet();
    const got: unknown[] = [];
    const app = application('app', (app) =>
      app
        .workflow('w')
        .source(app.generators.fromArray([undefined, null, NaN, Symbol.iterator]))
        .logger()
        .map((value) => value)
        .processor<unknown>((value, ctx) => ctx.emit(value))
        .sink(),
    );
    system.launch(app);
    system.subscribe(app.handles, (value) => got.push(value));
    system.stepUntilComplete();
    expect(got).toEqual([undefined, null, NaN, Symbol.iterator]);
  });
});

describe('the factory of a task', () => {
  const launch = (factory: () => unknown): PorticoError => {
    const { system } = quiet();
    const error = caught(() => {
      system.launch(
        application('app', (app) => {
          app.workflow('w').source(app.generators.signal(1)).init(js(factory)).withName('t').sink();
        }),
      );
    });
    expect(system.canStep()).toBe(false);
    system.launch(application('app', (app) => app.workflow('w').source(app.generators.signal(1)).sink()));
    system.stepUntilComplete();
    return error;
  };

  it('stops the launch if it throws, and nothing of the application runs', () => {
    const boom = new Error('boom');
    const error = launch(() => {
      throw boom;
    });
    expectSaid(error, {
      code: 'task/init-failed',
      where,
      what: 'its factory threw: boom',
      cure: 'return a task',
    });
    expect(error.cause).toBe(boom);
  });

  it('stops the launch if it makes no task, or one that is wrong or cannot run there', () => {
    expect(causeOf(launch(() => undefined))).toMatchObject({ code: 'graph/bad-argument', where });
    expect(causeOf(launch(() => tasks.map(js(5))))).toMatchObject({ code: 'graph/bad-argument', where });
    expect(causeOf(launch(() => tasks.map(js(async () => Promise.resolve()))))).toMatchObject({
      code: 'graph/async-function',
      where,
    });
    expectSaid(
      launch(() => tasks.asker([{ path: '/app/portals/p' }], () => undefined)),
      { code: 'task/init-failed', where, what: 'a task with portals', cure: 'directly into the workflow' },
    );
  });
});
