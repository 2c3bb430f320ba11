// What systems say when they are driven wrongly, and when something that they run or rely on fails.
import { describe, expect, it, vi } from 'vitest';
import {
  application,
  ApplicationBuilder,
  formatLogLine,
  InvariantViolation,
  manualClock,
  platformHost,
  priority,
  startSystem,
  steppingSystem,
  type AtomSource,
  type Host,
  type Ingress,
  type LogRecord,
  type PorticoError,
  type SequencerStrategy,
  type SteppingSystem,
  type Stream,
} from 'portico/dataflow';
import { invariant, unreachable } from '../../src/errors.ts';
import { caught, causeOf, expectSaid, js, problemIn, quiet, rejected } from './said.ts';

/** An application that passes on what is sent to it. */
const echo = application('echo', (app) => {
  const moves = app.ingress<string>('moves');
  return { moves, out: app.workflow('w').source(moves.stream).sink() };
});

/** An application that fails when it runs. */
const failing = application('failing', (app) => {
  app
    .workflow('w')
    .source(app.generators.signal(1))
    .map((): number => {
      throw new Error('boom');
    })
    .sink();
});

const silent = (): void => undefined;

/** A host that keeps the log to itself, with other parts replaced. */
const hostWith = (replace: Partial<Host>): Host => platformHost({ log: silent, ...replace });

describe('launching', () => {
  it.each([undefined, null, 5, 'echo', {}, [echo], Promise.resolve(echo), () => echo])(
    'takes only applications',
    (given) => {
      const { system } = quiet();
      expectSaid(
        caught(() => {
          system.launch(js(given));
        }),
        {
          code: 'system/bad-argument',
          where: 'launch',
          what: 'an application is needed, and',
          cure: 'Give it what application(…) returned',
        },
      );
      system.launch(echo);
    },
  );

  it('says that a builder has to be built first', () => {
    const error = caught(() => {
      quiet().system.launch(js(new ApplicationBuilder('app')));
    });
    expect(error).toMatchObject({ code: 'system/bad-argument', cure: 'Call build() first' });
  });

  it('refuses a second application of one name, until the first one is stopped', () => {
    const { system } = quiet();
    system.launch(echo);
    expectSaid(
      caught(() => {
        system.launch(echo);
      }),
      { code: 'application/launched-twice', where: '/echo', what: 'running already', cure: 'Stop it first' },
    );
    system.stop(echo);
    system.launch(echo);
    const got: string[] = [];
    system.subscribe(echo.handles.out, (value) => got.push(value));
    system.send(echo.handles.moves, 'again');
    system.stepUntilComplete();
    expect(got).toEqual(['again']);
  });

  it('of several applications runs none, if one of them is wrong', async () => {
    let ran = 0;
    const counts = application('counts', (app) => {
      app
        .workflow('w')
        .source(app.generators.fromRange(0, 1000, 1))
        .map(() => ran++)
        .sink();
    });
    const wrong = application('wrong', (app) => app.workflow('w'));
    const error = await rejected(startSystem({ applications: [counts, wrong], host: hostWith({}) }));
    expect(error).toMatchObject({ code: 'graph/invalid', where: '/wrong' });
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
    expect(ran).toBe(0);
  });
});

describe('stopping', () => {
  it('takes only what is running, and says what is', () => {
    const { system } = quiet();
    expectSaid(
      caught(() => {
        system.stop('echo');
      }),
      { code: 'application/unknown', where: '/echo', what: 'no such application', cure: 'Running are: none' },
    );
    system.launch(echo);
    expect(
      caught(() => {
        system.stop('/ehco');
      }),
    ).toMatchObject({ code: 'application/unknown', where: '/ehco', cure: 'Running are: /echo' });
    for (const given of [undefined, null, 5, {}]) {
      expect(
        caught(() => {
          system.stop(js(given));
        }),
      ).toMatchObject({ code: 'system/bad-argument', where: 'stop' });
    }
    system.stop('echo');
    expect(
      caught(() => {
        system.stop(echo);
      }).code,
    ).toBe('application/unknown');
  });

  it('refuses to take an application from those that need it, and says who they are', () => {
    const { system } = quiet();
    system.launch(echo);
    system.launch(
      application('needs', (app) => {
        app.workflow('reader').source(app.registry.stream('/echo/workflows/w/stream')).sink();
      }),
    );
    expectSaid(
      caught(() => {
        system.stop(echo);
      }),
      {
        code: 'application/in-use',
        where: '/echo',
        what: '/needs/workflows/reader',
        cure: 'Stop those applications first',
      },
    );
    system.stop('needs');
    system.stop(echo);
  });

  it('makes its handles useless, and says so', () => {
    const { system } = quiet();
    system.launch(echo);
    const unsubscribe = system.subscribe(echo.handles.out, silent);
    system.stop(echo);
    unsubscribe();
    unsubscribe();
    expectSaid(
      caught(() => {
        system.send(echo.handles.moves, 'x');
      }),
      {
        code: 'graph/unknown-path',
        where: '/echo/ingresses/moves',
        what: 'no such ingress',
        cure: 'Launch the application',
      },
    );
    expect(caught(() => system.subscribe(echo.handles.out, silent))).toMatchObject({
      code: 'graph/unknown-path',
      where: '/echo/workflows/w/stream',
    });
  });
});

describe('sending and subscribing', () => {
  it.each([undefined, null, 5, {}])('refuse what is no handle', async (given) => {
    const { system } = quiet();
    await using running = await startSystem({ host: hostWith({}) });
    const wrong = { code: 'system/bad-argument' };
    expect(caught(() => system.subscribe(js(given), silent))).toMatchObject({ ...wrong, where: 'subscribe' });
    expect(
      caught(() => {
        system.send(js(given), 1);
      }),
    ).toMatchObject({ ...wrong, where: 'send' });
    expect(await rejected(running.send(js(given), 1))).toMatchObject({ ...wrong, where: 'send' });
  });

  it('refuse handles of another kind', () => {
    const { system } = quiet();
    const app = application('app', (app) => {
      const stream = app.generators.signal(1, { name: 's' });
      const sequencer = app.sequencer<number>({ name: 'q' });
      return { stream, sequencer };
    });
    system.launch(app);
    for (const [handle, where] of [
      [app.handles.stream, '/app/generators/s/stream'],
      [app.handles.sequencer, '/app/sequencers/q'],
      [{ path: '/app/generators/s' }, '/app/generators/s'],
    ] as const) {
      expectSaid(
        caught(() => {
          system.send(js(handle), 1);
        }),
        { code: 'graph/wrong-kind', where, what: 'an ingress is needed', cure: 'app.ingress()' },
      );
    }
    expectSaid(
      caught(() => system.subscribe(js(app.handles.sequencer), silent)),
      {
        code: 'graph/wrong-kind',
        where: '/app/sequencers/q',
        what: 'a stream is needed',
        cure: 'Use its stream',
      },
    );
  });

  it('refuse ingresses and egresses where their streams are meant, and name those', () => {
    const { system } = quiet();
    system.launch(echo);
    const error = caught(() => system.subscribe(js(echo.handles.moves), silent));
    expectSaid(error, {
      code: 'graph/wrong-kind',
      where: '/echo/ingresses/moves',
      what: 'a stream is needed',
      cure: 'Use /echo/ingresses/moves/stream',
    });
  });

  it('refuse subscribers that are no functions, and words that say nothing', () => {
    const { system } = quiet();
    system.launch(echo);
    const error = caught(() => system.subscribe(echo.handles.out, js({ next: silent }), { from: js('now') }));
    expectSaid(error, {
      code: 'system/bad-argument',
      where: 'subscribe',
      what: '2 things',
      cure: 'Mend each of them',
    });
    expect(error.problems.map(({ what }) => what)).toEqual([
      'the subscriber is an object',
      'from is the text “now”',
    ]);
    expect(caught(() => system.subscribe(echo.handles.out, silent, js(null)))).toMatchObject({
      code: 'system/bad-argument',
      what: 'options is null',
    });
    expectSaid(
      caught(() => system.subscribe(echo.handles.out, silent, { from: 'start' })),
      {
        code: 'graph/not-retained',
        where: '/echo/workflows/w/stream',
        what: 'keeps no past',
        cure: 'Retain it',
      },
    );
  });

  it('let nothing in if the key of one value cannot be one', () => {
    const { system } = quiet();
    const app = application('app', (app) => {
      const moves = app.ingress<string>('moves', { key: (value) => (value === 'bad' ? js({}) : value) });
      return { moves, out: app.workflow('w').source(moves.stream).sink() };
    });
    system.launch(app);
    const got: string[] = [];
    system.subscribe(app.handles.out, (value) => got.push(value));
    expectSaid(
      caught(() => {
        system.send(app.handles.moves, 'one', 'bad', 'two');
      }),
      { code: 'key/unsupported', where: '/app/ingresses/moves/stream', what: 'the key is', cure: 'a string' },
    );
    system.send(app.handles.moves, 'three');
    system.stepUntilComplete();
    expect(got).toEqual(['three']);
  });
});

describe('a subscriber', () => {
  const subscribed = (subscriber: (value: string) => unknown): { lines: LogRecord[]; got: string[] } => {
    const { system, lines } = quiet();
    const got: string[] = [];
    system.launch(echo);
    system.subscribe(echo.handles.out, js(subscriber));
    system.subscribe(echo.handles.out, (value) => got.push(value));
    for (const move of ['a', 'b', 'c']) system.send(echo.handles.moves, move);
    system.stepUntilComplete();
    return { lines, got };
  };

  it('that throws is unsubscribed, which the log says; nobody else is harmed', () => {
    const seen: string[] = [];
    const { lines, got } = subscribed((value) => {
      seen.push(value);
      if (value === 'b') throw new Error('boom');
    });
    expect(got).toEqual(['a', 'b', 'c']);
    expect(seen).toEqual(['a', 'b']);
    const where = '/echo/workflows/w/stream';
    expect(lines).toEqual([expect.objectContaining({ level: 'error', path: where })]);
    expectSaid(problemIn(lines[0]), {
      code: 'system/subscriber-failed',
      where,
      what: 'unsubscribed: boom',
      cure: 'Catch in the subscriber',
    });
  });

  it('may be asynchronous, and is unsubscribed if its promise is rejected', async () => {
    const { lines, got } = subscribed(async (value) => {
      await Promise.resolve();
      if (value !== 'a') throw new Error(`boom ${value}`);
    });
    expect(got).toEqual(['a', 'b', 'c']);
    expect(lines).toEqual([]);
    await vi.waitFor(() => expect(lines.length).toBeGreaterThan(0));
    expect(lines[0]).toMatchObject({ level: 'error', path: '/echo/workflows/w/stream' });
    expect(problemIn(lines[0])).toMatchObject({
      code: 'system/subscriber-failed',
      what: 'the promise of a subscriber was rejected, and it was unsubscribed: boom b',
    });
  });

  it('may unsubscribe itself, and twice', () => {
    const { system } = quiet();
    const seen: string[] = [];
    system.launch(echo);
    const unsubscribe = system.subscribe(echo.handles.out, (value) => {
      seen.push(value);
      unsubscribe();
      unsubscribe();
    });
    system.send(echo.handles.moves, 'a', 'b');
    system.send(echo.handles.moves, 'c');
    system.stepUntilComplete();
    expect(seen).toEqual(['a']);
  });

  it('cannot drive the system that calls it', () => {
    const { system, lines } = quiet();
    const got: string[] = [];
    system.launch(echo);
    system.subscribe(echo.handles.out, () => {
      system.step();
    });
    system.subscribe(echo.handles.out, (value) => got.push(value));
    for (const move of ['a', 'b', 'c']) system.send(echo.handles.moves, move);
    system.stepUntilComplete();
    expect(got).toEqual(['a', 'b', 'c']);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.value).toContain('[system/re-entered] step: it was called from within a turn');
  });
});

describe('driving a system', () => {
  it('from within a turn is refused, whatever it is that is called', () => {
    const { system } = quiet();
    const errors = new Map<string, unknown>();
    const attempt = (name: string, call: () => unknown): void => {
      try {
        call();
      } catch (error) {
        errors.set(name, error);
      }
    };
    const app = application('app', (app) => {
      const moves = app.ingress<string>('moves');
      const out = app
        .workflow('w')
        .source(moves.stream)
        .map((move): string => {
          if (move !== 'bad') return move;
          attempt('step', () => {
            system.step();
          });
          attempt('stepUntilComplete', () => system.stepUntilComplete());
          attempt('canStep', () => system.canStep());
          attempt('launch', () => {
            system.launch(echo);
          });
          attempt('stop', () => {
            system.stop('app');
          });
          attempt('send', () => {
            system.send(moves, 'x');
          });
          attempt('subscribe', () => system.subscribe(out, silent));
          attempt('shutdown', () => {
            system.shutdown();
          });
          attempt('resend', () => {
            system.deadLetters.resend(1);
          });
          attempt('discard', () => {
            system.deadLetters.discard(1);
          });
          return move;
        })
        .sink();
      return { moves, out };
    });
    system.launch(app);
    const got: string[] = [];
    system.subscribe(app.handles.out, (value) => got.push(value));
    system.send(app.handles.moves, 'bad');
    system.stepUntilComplete();
    system.send(app.handles.moves, 'good');
    system.stepUntilComplete();
    expect(got).toEqual(['bad', 'good']);
    const names = [
      'step',
      'stepUntilComplete',
      'canStep',
      'launch',
      'stop',
      'send',
      'subscribe',
      'shutdown',
      'resend',
      'discard',
    ];
    expect([...errors.keys()]).toEqual(names);
    for (const [name, error] of errors) {
      expectSaid(error as PorticoError, {
        code: 'system/re-entered',
        where: name,
        what: 'from within a turn of this system',
        cure: 'from outside',
      });
    }
  });

  it('that runs by itself, from within a turn, is refused as well', async () => {
    const calls: Promise<PorticoError>[] = [];
    await using system = await startSystem({ host: hostWith({}) });
    const app = application('app', (app) => {
      app
        .workflow('w')
        .source(app.generators.signal(1))
        .map((n) => {
          calls.push(rejected(system.idle()), rejected(system.send(js(echo.handles.moves), 'x')));
          return n;
        })
        .sink();
    });
    system.launch(app);
    await system.idle();
    const errors = await Promise.all(calls);
    expect(errors.map(({ code, where }) => `${code} ${where}`)).toEqual([
      'system/re-entered idle',
      'system/re-entered send',
    ]);
  });

  it('makes no step where there is none to make', () => {
    const { system } = quiet();
    expectSaid(
      caught(() => {
        system.step();
      }),
      { code: 'system/nothing-to-do', where: 'step', what: 'nothing can run now', cure: 'canStep()' },
    );
    system.launch(echo);
    system.send(echo.handles.moves, 'x');
    system.step();
  });

  it('stops at the number of steps that is allowed, and can go on', () => {
    const { system } = quiet();
    system.launch(application('app', (app) => void app.generators.fromRange(0, 10, 1)));
    expectSaid(
      caught(() => system.stepUntilComplete(3)),
      {
        code: 'system/step-limit',
        where: 'stepUntilComplete',
        what: 'after 3 steps there is still work',
        cure: 'Allow more steps',
      },
    );
    expect(caught(() => system.stepUntilComplete(0)).code).toBe('system/step-limit');
    for (const steps of [NaN, -1, 1.5, '3', null]) {
      expect(caught(() => system.stepUntilComplete(js(steps)))).toMatchObject({
        code: 'system/bad-argument',
        where: 'stepUntilComplete',
      });
    }
    expect(system.stepUntilComplete(Infinity)).toBeGreaterThan(0);
    expect(system.stepUntilComplete(0)).toBe(0);
  });

  it('ends with the first error that nothing handles, and says what it was', () => {
    const { system } = quiet();
    system.launch(failing);
    const cause = caught(() => system.stepUntilComplete());
    expect(cause.code).toBe('atom/failed');
    expect(system.canStep()).toBe(false);
    const error = caught(() => {
      system.launch(echo);
    });
    expectSaid(error, {
      code: 'system/failed',
      where: '/failing/workflows/w',
      what: 'the system has stopped because an error of /failing/workflows/w/$3 was left over',
      cure: 'start anew',
    });
    expect(error.cause).toBe(cause);
    for (const call of [
      () => system.step(),
      () => system.stepUntilComplete(),
      () => system.stop('failing'),
      () => system.subscribe(echo.handles.out, silent),
    ]) {
      expect(caught(call).code).toBe('system/failed');
    }
    expect(() => {
      system.shutdown();
    }).not.toThrow();
  });

  it('that runs by itself ends the same way: all who wait are told, and the log says why', async () => {
    const lines: LogRecord[] = [];
    await using system = await startSystem({
      host: platformHost({ log: (record) => void lines.push(record) }),
      ingressLimit: 1,
    });
    system.launch(echo);
    await system.send(echo.handles.moves, 'a');
    const waiting = [
      rejected(system.idle()),
      rejected(system.send(echo.handles.moves, 'b')),
      rejected(system.idle()),
    ];
    system.launch(failing);
    const errors = await Promise.all(waiting.filter((_, i) => i !== 1));
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'system/failed', where: '/failing/workflows/w' });
      expect(error.cause).toBe(system.failure);
    }
    expect(lines).toEqual([
      expect.objectContaining({ level: 'error', name: 'system', path: '/failing/workflows/w' }),
    ]);
    expect((await rejected(system.idle())).code).toBe('system/failed');
    expect((await rejected(system.send(echo.handles.moves, 'c'))).code).toBe('system/failed');
    await Promise.allSettled(waiting);
  });
});

describe('a system that was shut down', () => {
  it('can do nothing any more, but be shut down again', () => {
    const { system } = quiet();
    system.launch(echo);
    system.send(echo.handles.moves, 'x');
    system.shutdown();
    system.shutdown();
    expect(system.canStep()).toBe(false);
    for (const [where, call] of [
      ['step', () => system.step()],
      ['stepUntilComplete', () => system.stepUntilComplete()],
      ['launch', () => system.launch(echo)],
      ['stop', () => system.stop(echo)],
      ['send', () => system.send(echo.handles.moves, 'x')],
      ['subscribe', () => system.subscribe(echo.handles.out, silent)],
      ['resend', () => system.deadLetters.resend(1)],
      ['discard', () => system.deadLetters.discard(1)],
    ] as const) {
      expectSaid(caught(call), {
        code: 'system/shut-down',
        where,
        what: 'was shut down',
        cure: 'Make a new one',
      });
    }
    expect(system.deadLetters.list()).toEqual([]);
  });

  it('tells all who wait for it, and runs nothing any more', async () => {
    let ran = 0;
    const system = await startSystem({ host: hostWith({}), ingressLimit: 1 });
    system.launch(
      application('app', (app) => {
        app
          .workflow('w')
          .source(app.generators.fromRange(0, 1_000_000, 1))
          .map(() => ran++)
          .sink();
      }),
    );
    system.launch(echo);
    await system.send(echo.handles.moves, 'a');
    const waiting = [rejected(system.idle()), rejected(system.send(echo.handles.moves, 'b'))];
    await system.shutdown();
    await system.shutdown();
    for (const error of await Promise.all(waiting)) {
      expectSaid(error, {
        code: 'system/shut-down',
        where: 'shutdown',
        what: 'was shut down',
        cure: 'Wait for idle()',
      });
    }
    const before = ran;
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
    expect(ran).toBe(before);
    expect(await rejected(system.idle())).toMatchObject({ code: 'system/shut-down', where: 'idle' });
    expect(await rejected(system.send(echo.handles.moves, 'c'))).toMatchObject({
      code: 'system/shut-down',
      where: 'send',
    });
    expect(
      caught(() => {
        system.launch(echo);
      }).code,
    ).toBe('system/shut-down');
  });
});

describe('those who wait for room', () => {
  it('are told when the application that they wait for is stopped', async () => {
    let resumes: (() => void)[] = [];
    const system = await startSystem({
      host: hostWith({
        yield: (resume) => {
          resumes.push(resume);
        },
      }),
      ingressLimit: 1,
    });
    system.launch(echo);
    await system.send(echo.handles.moves, 'a');
    const waiting = rejected(system.send(echo.handles.moves, 'b'));
    system.stop(echo);
    while (resumes.length > 0) {
      const now = resumes;
      resumes = [];
      for (const resume of now) resume();
    }
    expect(await waiting).toMatchObject({ code: 'graph/unknown-path', where: '/echo/ingresses/moves' });
    await system.shutdown();
  });
});

describe('the options of a system', () => {
  it('are checked at once, all of them', async () => {
    const options = { seed: NaN, clock: {}, log: 5, deadLetterLimit: -1 };
    const error = caught(() => steppingSystem(js(options)));
    expectSaid(error, {
      code: 'system/bad-argument',
      where: 'steppingSystem',
      what: '4 things',
      cure: 'Mend each',
    });
    expect(error.problems.map(({ what }) => what)).toEqual([
      'seed is NaN',
      'clock is an object without the function now',
      'log is 5',
      'deadLetterLimit is -1',
    ]);
    expect(error.message.split('\n')).toHaveLength(5);
    const others = {
      seed: '1',
      host: { now: Date.now },
      deadLetterLimit: 1.5,
      ingressLimit: 0,
      applications: echo,
    };
    const failed = await rejected(startSystem(js(others)));
    expect(failed.where).toBe('startSystem');
    expect(failed.problems.map(({ what }) => what)).toEqual([
      'host is an object without the function entropy and yield and after and log',
      'seed is the text “1”',
      'deadLetterLimit is 1.5',
      'ingressLimit is 0',
      'applications is an object',
    ]);
  });

  it.each([null, 5, 'fast', []])('are an object', async (options) => {
    const wrong = { code: 'system/bad-argument', what: expect.stringContaining('options') as string };
    expect(caught(() => steppingSystem(js(options)))).toMatchObject(wrong);
    expect(await rejected(startSystem(js(options)))).toMatchObject(wrong);
  });

  it.each([NaN, Infinity, '5'])('include a clock that never starts at %s', (ms) => {
    expect(caught(() => manualClock(js(ms)))).toMatchObject({
      code: 'system/bad-argument',
      where: 'manualClock',
    });
  });

  it('refuse generator functions, whose bodies would not run', () => {
    const body = js(function* () {
      yield 1;
    });
    const error = caught(() => steppingSystem({ log: body }));
    expect(error).toMatchObject({ code: 'system/bad-argument', what: 'log is a generator function' });
    const { system } = quiet();
    system.launch(echo);
    expect(caught(() => system.subscribe(echo.handles.out, body)).what).toBe(
      'the subscriber is a generator function',
    );
  });

  it.each([NaN, -5, Infinity, '5'])('include a clock that is never moved by %s', (ms) => {
    const clock = manualClock();
    expectSaid(
      caught(() => {
        clock.advance(js(ms));
      }),
      {
        code: 'system/bad-argument',
        where: 'advance',
        what: `by ${ms} ms`,
        cure: 'a finite number from 0 up',
      },
    );
    expect(clock.now()).toBe(0);
  });
});

describe('a generator', () => {
  const generates = (open: () => unknown): PorticoError => {
    const { system } = quiet();
    const app = application('app', (app) => {
      const stream = app.generators.custom<unknown>(js(open), { name: 'g' });
      return app.workflow('w').source(stream).sink();
    });
    return caught(() => {
      system.launch(app);
      system.stepUntilComplete();
    });
  };
  const boom = (): never => {
    throw new Error('boom');
  };
  const once = (source: Partial<AtomSource<unknown>>): AtomSource<unknown> => ({
    hasNext: () => true,
    next: () => [1],
    ...source,
  });

  it.each<[string, () => unknown]>([
    ['is opened', boom],
    ['is asked whether it has more', () => once({ hasNext: boom })],
    ['is asked for values', () => once({ next: boom })],
    ['is asked for keys', () => once({ keys: boom })],
    ['gives its values', () => once({ next: () => ({ [Symbol.iterator]: boom }) })],
    ['gives one of its values', () => once({ next: () => ({ [Symbol.iterator]: () => ({ next: boom }) }) })],
    ['gives one of its keys', () => once({ keys: () => ({ [Symbol.iterator]: () => ({ next: boom }) }) })],
  ])('that throws when it %s stops the system', (_, open) => {
    const error = generates(open);
    expectSaid(error, {
      code: 'generator/failed',
      where: '/app/generators/g',
      what: 'boom',
      cure: 'Mend its source',
    });
    expect(error.cause).toBeInstanceOf(Error);
  });

  it.each<[string, () => unknown, string]>([
    ['no source', () => undefined, 'it opened undefined'],
    ['half a source', () => ({ hasNext: () => true }), 'no functions hasNext and next'],
    ['no values', () => once({ next: js(() => undefined) }), 'not iterable'],
    ['a promise of values', () => once({ next: js(async () => Promise.resolve([1])) }), 'not iterable'],
    ['a bad key', () => once({ keys: js(() => [{}]) }), 'the key is'],
    ['too few keys', () => once({ next: () => [1, 2], keys: () => ['a'] }), 'more values than keys'],
    ['too many keys', () => once({ next: () => [1], keys: () => ['a', 'b'] }), 'more keys than values'],
  ])('that gives %s stops the system', (_, open, text) => {
    expect(generates(open)).toMatchObject({
      code: 'generator/failed',
      what: expect.stringContaining(text) as string,
    });
  });

  it.each<[string, (app: ApplicationBuilder) => Stream<unknown>, string]>([
    [
      'atoms that are none',
      (app) => app.generators.fromArrays<number>(js([[1], 2])),
      'an atom is 2, and an iterable',
    ],
    [
      'atoms of promises',
      (app) => app.generators.fromIterables<number>(js([Promise.resolve([1])])),
      'an atom is a promise',
    ],
    [
      'an iterator that answers later',
      (app) =>
        app.generators.fromIterable<number>(
          js({ next: async () => Promise.resolve({ value: 1, done: false }) }),
        ),
      'answered with a promise',
    ],
    [
      'an iterator of atoms that answers later',
      (app) =>
        app.generators.fromIterables<number>(js({ next: async () => Promise.resolve({ value: [1] }) })),
      'answered with a promise',
    ],
    [
      'an iterator that answers nothing',
      (app) => app.generators.fromIterable<number>(js({ next: () => undefined })),
      'answered with undefined',
    ],
    [
      'more atoms of keys than of values',
      (app) => app.generators.fromArrays([[1]], { keys: [['a'], ['b']] }),
      'more atoms of keys',
    ],
    [
      'fewer atoms of keys than of values',
      (app) => app.generators.fromArrays([[1], [2]], { keys: [['a']] }),
      'more atoms of values',
    ],
    ['a key function that throws', (app) => app.generators.fromArray([1], { key: boom }), 'boom'],
    [
      'a key function that gives no key',
      (app) => app.generators.fromArray([1], { key: () => js({}) }),
      'the key is',
    ],
  ])('of %s stops the system', (_, make, text) => {
    const { system } = quiet();
    system.launch(application('app', (app) => app.workflow('w').source(make(app)).sink()));
    expect(caught(() => system.stepUntilComplete())).toMatchObject({
      code: 'generator/failed',
      where: '/app/generators/$1',
      what: expect.stringContaining(text) as string,
    });
  });
});

describe('a launch that fails', () => {
  it('leaves nothing behind, wherever it failed', () => {
    const { system } = quiet();
    const opened: string[] = [];
    const write = (fails: boolean) => (app: ApplicationBuilder) => {
      const open = (name: string) => (): AtomSource<string> => {
        opened.push(name);
        if (fails && name === 'second') throw new Error('boom');
        return { hasNext: () => opened.length === 4, next: () => [opened.pop() ?? ''] };
      };
      const all = app.sequencer<string>();
      app.connect(app.generators.custom(open('first')), all);
      app.connect(app.generators.custom(open('second')), all);
      app.split(app.registry.splitter<string>('/base/splitters/s'), () => true, { name: 'x' });
      return app.workflow('w').source(all.stream).sink();
    };
    const base = application('base', (app) => {
      app.splitter(app.generators.empty<string>(), { name: 's' });
    });
    system.launch(base);
    system.stepUntilComplete();
    const error = caught(() => {
      system.launch(application('app', write(true)));
    });
    expect(error.code).toBe('generator/failed');
    expect(system.canStep()).toBe(false);
    expect(caught(() => system.stop('app')).code).toBe('application/unknown');
    const app = application('app', write(false));
    system.launch(app);
    const got: string[] = [];
    system.subscribe(app.handles, (value) => got.push(value));
    system.stepUntilComplete();
    expect(got).toEqual(['second']);
    system.stop('app');
    system.stop('base');
  });
});

describe('a strategy of a sequencer', () => {
  const chooses = (
    choose: (ready: number[]) => unknown,
  ): { error: PorticoError | undefined; got: unknown[] } => {
    const { system } = quiet();
    const strategy = { name: 'odd', choose } as SequencerStrategy;
    const app = application('app', (app) => {
      const all = app.sequencer<string>({ name: 'all', strategy });
      const [a, b] = [app.ingress<string>('a'), app.ingress<string>('b')];
      app.connect(a.stream, all);
      app.connect(b.stream, all);
      return { a, b, all };
    });
    system.launch(app);
    const got: unknown[] = [];
    system.subscribe(app.handles.all.stream, (value) => got.push(value));
    for (const n of [1, 2, 3]) {
      system.send(app.handles.a, `a${n}`);
      system.send(app.handles.b, `b${n}`);
    }
    let error: PorticoError | undefined;
    try {
      system.stepUntilComplete();
    } catch (cause) {
      error = cause as PorticoError;
    }
    return { error, got };
  };

  it('that throws, or chooses what is not ready, stops the system before an atom is lost', () => {
    const where = '/app/sequencers/all';
    const cure = 'one of the inputs';
    const boom = new Error('boom');
    const thrown = chooses(() => {
      throw boom;
    }).error;
    expectSaid(thrown, { code: 'sequencer/bad-choice', where, what: 'its strategy odd threw: boom', cure });
    expect(thrown?.cause).toBe(boom);
    for (const choice of [2, -1, 0.5, NaN, undefined, null, '0', {}, Symbol('first'), Promise.resolve(0)]) {
      const { error, got } = chooses(() => choice);
      expectSaid(error, { code: 'sequencer/bad-choice', where, what: 'its strategy odd chose', cure });
      expect(error?.what).toMatch(/only 0, 1 are ready$/);
      expect(got).toEqual([]);
    }
  });

  it('may do with the list what it wants', () => {
    for (const spoil of [
      (ready: number[]) => ready.sort((a, b) => b - a),
      (ready: number[]) => ready.splice(0),
      (ready: number[]) => ready.push(7),
      (ready: number[]) => ready.reverse(),
    ]) {
      const { error, got } = chooses((ready) => {
        const first = Math.min(...ready);
        spoil(ready);
        return first;
      });
      expect(error).toBe(undefined);
      expect(got).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
    }
  });

  it('is asked in vain to compare what cannot be compared', () => {
    expect(priority.choose([0, 1], { last: -1, priority: () => NaN, random: () => 0 })).toBeOneOf([0, 1]);
  });
});

describe('the predicate of a split', () => {
  it('that throws, or returns a promise, stops the system before an event is lost', () => {
    const splits = (predicate: () => unknown): PorticoError => {
      const { system } = quiet();
      const app = application('app', (app) => {
        const splitter = app.splitter(app.generators.signal(1), { name: 's' });
        return app.split(splitter, js(predicate), { name: 'odd' });
      });
      system.launch(app);
      system.subscribe(app.handles, () => {
        throw new Error('an event passed');
      });
      return caught(() => system.stepUntilComplete());
    };
    const boom = new Error('boom');
    const error = splits(() => {
      throw boom;
    });
    const [code, where, cure] = [
      'splitter/predicate-failed',
      '/app/splitters/s/odd',
      'true or false',
    ] as const;
    expectSaid(error, { code: 'splitter/predicate-failed', where, what: 'its predicate threw: boom', cure });
    expect(error.cause).toBe(boom);
    expect(splits(() => Promise.resolve(false))).toMatchObject({
      code,
      where,
      what: expect.stringContaining('a promise') as string,
    });
  });
});

describe('dead letters', () => {
  const launched = (
    deadLetterLimit: number,
  ): { system: SteppingSystem; moves: Ingress<string>; lines: LogRecord[] } => {
    const lines: LogRecord[] = [];
    const system = steppingSystem({ deadLetterLimit, log: (record) => void lines.push(record) });
    const app = application('app', (app) => {
      const moves = app.ingress<string>('moves');
      app
        .workflow('w', { onFailure: 'deadLetter' })
        .source(moves.stream)
        .map((): string => {
          throw new Error('boom');
        })
        .sink();
      return moves;
    });
    system.launch(app);
    return { system, moves: app.handles, lines };
  };

  it('that do not exist can be neither sent again nor discarded', () => {
    const { system, moves } = launched(10);
    system.send(moves, 'x');
    system.stepUntilComplete();
    const [letter] = system.deadLetters.list();
    for (const id of [0, 2, NaN, undefined, '1', Symbol('1')]) {
      for (const care of ['resend', 'discard'] as const) {
        expect(
          caught(() => {
            system.deadLetters[care](js(id));
          }).code,
        ).toBe('deadletter/unknown');
      }
    }
    expectSaid(
      caught(() => {
        system.deadLetters.resend(99);
      }),
      { code: 'deadletter/unknown', where: 'dead letter 99', what: 'no such dead letter', cure: 'list()' },
    );
    expect(system.deadLetters.list()).toEqual([letter]);
    system.deadLetters.discard(letter?.id ?? 0);
    expect(
      caught(() => {
        system.deadLetters.discard(letter?.id ?? 0);
      }).code,
    ).toBe('deadletter/unknown');
  });

  it('are never dropped for want of room: the system stops instead', () => {
    const { system, moves } = launched(2);
    for (const move of ['a', 'b', 'c']) system.send(moves, move);
    const error = caught(() => system.stepUntilComplete());
    expectSaid(error, {
      code: 'deadletter/full',
      where: '/app/workflows/w',
      what: 'could not be set aside: an error of /app/workflows/w/$2',
      cure: 'discard dead letters',
    });
    expect(error.family).toBe('world');
    expect(causeOf(error).code).toBe('atom/failed');
    expect(system.deadLetters.list()).toHaveLength(2);
    expect(launchedAndSent(0).code).toBe('deadletter/full');
  });

  const launchedAndSent = (limit: number): PorticoError => {
    const { system, moves } = launched(limit);
    system.send(moves, 'x');
    return caught(() => system.stepUntilComplete());
  };

  it('are forgotten with their application', () => {
    const { system, moves } = launched(10);
    system.send(moves, 'x');
    system.stepUntilComplete();
    const [letter] = system.deadLetters.list();
    system.stop('app');
    expect(
      caught(() => {
        system.deadLetters.resend(letter?.id ?? 0);
      }).code,
    ).toBe('deadletter/unknown');
  });
});

describe('a log that throws', () => {
  it('neither harms the task nor loses the line: the console gets it, and the reason', () => {
    const printed: string[] = [];
    const spy = vi.spyOn(console, 'log').mockImplementation((line: string) => {
      printed.push(line);
    });
    try {
      const system = steppingSystem({
        log: () => {
          throw new Error('disk full');
        },
      });
      const app = application('app', (app) =>
        app
          .workflow('w')
          .source(app.generators.fromArray([1, 2]))
          .logger('saw ')
          .withName('t')
          .sink(),
      );
      system.launch(app);
      const got: number[] = [];
      system.subscribe(app.handles, (value) => got.push(value));
      system.stepUntilComplete();
      expect(got).toEqual([1, 2]);
    } finally {
      spy.mockRestore();
    }
    expect(printed.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'ERROR system - [host/failed] host.log: it threw: disk full. Mend the log of the host.',
      'INFO t - saw 1',
      'ERROR system - [host/failed] host.log: it threw: disk full. Mend the log of the host.',
      'INFO t - saw 2',
    ]);
  });

  it('later, in a promise, is told apart from one that does its work', async () => {
    const printed: string[] = [];
    const spy = vi.spyOn(console, 'log').mockImplementation((line: string) => {
      printed.push(line);
    });
    const system = steppingSystem({ log: js(async () => Promise.reject(new Error('disk full'))) });
    system.launch(
      application('app', (app) =>
        app.workflow().source(app.generators.signal(1)).logger().withName('t').sink(),
      ),
    );
    system.stepUntilComplete();
    await vi.waitFor(() => expect(printed).toHaveLength(2));
    spy.mockRestore();
    expect(printed.join()).toMatch(/host\.log: it threw: disk full.*INFO t - 1/);
  });

  it('prints every value, also those without a text', () => {
    const record = { level: 'info', name: 't', path: '/t' } as const;
    const bad = { toString: () => js(null).x };
    for (const value of [Object.create(null), bad]) {
      expect(formatLogLine({ ...record, value })).toMatch(/INFO t - a value that cannot be printed$/);
    }
    expect(formatLogLine({ ...record, value: Symbol('s') })).toMatch(/Symbol\(s\)$/);
  });
});

describe('a host that fails', () => {
  const boom = (): never => {
    throw new Error('boom');
  };
  const timed = application('timed', (app) => {
    app
      .workflow('w')
      .source(app.generators.signal(1))
      .processor((_, ctx) => {
        ctx.after(5);
      })
      .withOnTimer(() => undefined)
      .withName('t')
      .sink();
  });

  it.each<[string, Partial<Host>]>([
    ['entropy', { entropy: boom }],
    ['entropy', { entropy: () => NaN }],
    ['yield', { yield: boom }],
  ])('to give %s lets the start fail', async (part, replace) => {
    const error = await rejected(startSystem({ host: hostWith(replace), applications: [timed] }));
    expectSaid(error, {
      code: 'host/failed',
      where: `host.${part}`,
      what: 'it',
      cure: `Mend the ${part} of the host`,
    });
    expect(error.family).toBe('world');
  });

  it.each<[string, Partial<Host>]>([
    ['clock', { now: boom }],
    ['clock', { now: () => NaN }],
    ['after', { after: boom }],
    ['after', { after: js((ms: number, wake: () => void) => setTimeout(wake, ms)) }],
  ])('to give %s stops the system, and nobody waits for ever', async (part, replace) => {
    const system = await startSystem({ host: hostWith(replace) });
    system.launch(timed);
    const error = await rejected(system.idle().then(async () => system.idle()));
    expect(error.code).toBe('system/failed');
    const { failure } = system;
    const cause = failure?.code === 'atom/failed' ? causeOf(failure) : failure;
    expect(cause).toMatchObject({ code: 'host/failed', where: `host.${part}` });
    await system.shutdown();
  });

  it('to yield after a while stops the system, and nobody waits for ever', async () => {
    let yields = 0;
    const platform = platformHost();
    const system = await startSystem({
      host: hostWith({
        yield: (resume) => {
          if (++yields > 2) boom();
          platform.yield(resume);
        },
      }),
    });
    system.launch(echo);
    await system.send(echo.handles.moves, 'x');
    await system.idle();
    system.launch(application('more', (app) => void app.generators.signal(1)));
    const error = await rejected(system.idle().then(async () => system.send(echo.handles.moves, 'y')));
    expect(error.code).toMatch(/^(host|system)\/failed$/);
    expect((await rejected(system.idle())).code).toBe('system/failed');
    await system.shutdown();
  });

  it('to tell the time fails the task that asks for it', () => {
    const system = steppingSystem({ clock: { now: boom }, log: silent });
    system.launch(
      application('app', (app) => {
        app
          .workflow('w')
          .source(app.generators.signal(1))
          .map((_, ctx) => ctx.nowMs)
          .sink();
      }),
    );
    const error = causeOf(caught(() => system.stepUntilComplete()));
    expectSaid(error, {
      code: 'host/failed',
      where: 'host.clock',
      what: 'it threw: boom',
      cure: 'Mend the clock',
    });
  });

  it('for want of a platform says what is missing', async () => {
    const { setTimeout, setImmediate, MessageChannel } = globalThis;
    const missing = (call: () => unknown): PorticoError => {
      vi.stubGlobal('setTimeout', undefined);
      vi.stubGlobal('setImmediate', undefined);
      vi.stubGlobal('MessageChannel', undefined);
      // The platform is looked at when it is used.
      try {
        return caught(call);
      } finally {
        vi.unstubAllGlobals();
      }
    };
    const host = platformHost();
    expectSaid(
      missing(() => {
        host.yield(silent);
      }),
      {
        code: 'host/missing',
        where: 'platformHost',
        what: 'no setImmediate, MessageChannel or setTimeout',
        cure: 'a host of your own',
      },
    );
    expectSaid(
      missing(() => host.after(1, silent)),
      { code: 'host/missing', where: 'platformHost', what: 'no setTimeout', cure: 'a host of your own' },
    );
    expect([globalThis.setTimeout, globalThis.setImmediate, globalThis.MessageChannel]).toEqual([
      setTimeout,
      setImmediate,
      MessageChannel,
    ]);
    await Promise.resolve();
  });
});

describe('a rule of Portico that is broken', () => {
  it('is said to be our fault, and is never taken for an error of a task', () => {
    const error = caught(() => {
      invariant(false, '/app', 'one is two');
    });
    expect(error).toBeInstanceOf(InvariantViolation);
    expectSaid(error, {
      code: 'invariant/violated',
      where: '/app',
      what: 'one is two',
      cure: 'Please report it',
    });
    expect(error.family).toBe('portico');
    expect(caught(() => unreachable('/app', 'here')).code).toBe('invariant/violated');
    const { system } = quiet();
    system.launch(
      application('app', (app) => {
        app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(app.generators.signal(1))
          .map((): number => {
            throw error;
          })
          .identity()
          .withOnError(() => undefined)
          .sink();
      }),
    );
    expect(caught(() => system.stepUntilComplete())).toBe(error);
    expect(system.deadLetters.list()).toEqual([]);
  });
});
