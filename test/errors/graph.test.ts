// What is wrong with a graph, and what is said of it: everything at once, each with its place and its cure.
import { describe, expect, it } from 'vitest';
import {
  answer,
  application,
  ApplicationBuilder,
  checkApplication,
  continuation,
  perKeyState,
  tasks,
  type Application,
  type Stream,
} from 'portico/dataflow';
import { caught, expectSaid, js, problemOf, problemsOf, quiet } from './said.ts';

/** An application with a stream, a sequencer, a splitter, a workflow and a portal for others to use. */
const offers = application('offers', (app) => {
  const numbers = app.generators.fromArray([1, 2, 3], { name: 'numbers' });
  app.sequencer<number>({ name: 'all' });
  app.splitter(numbers, { name: 'parts' });
  const echo = app.portal<number, number>('echo');
  app
    .workflow('echoes')
    .source(numbers)
    .replier([answer<number, number>(echo, (n, ctx) => ctx.reply(n))])
    .sink();
});

const parts = '/offers/splitters/parts';

describe('the check of a graph', () => {
  it('says everything in one error, and nothing of the application runs', () => {
    const { system } = quiet();
    const app = application('shop', (app) => {
      app.workflow('endless').source(app.generators.signal(1)).identity();
      app.workflow('sourceless');
      app.portal('prices');
      app.sequencer({ name: 'a/b' });
      app.workflow('reader').source(app.registry.stream('/stock/workflows/levels/stream')).sink();
      app
        .workflow('lost')
        .source(app.generators.signal(1))
        .map(js(5))
        .withName('mapped')
        .filter(js(async () => Promise.resolve(true)))
        .withName('filtered')
        .sink();
    });
    const error = caught(() => {
      system.launch(app);
    });
    expectSaid(error, {
      code: 'graph/invalid',
      where: '/shop',
      what: '8 problems',
      cure: 'Mend each of them',
    });
    expect(error.family).toBe('program');
    expect(error.problems.map(({ code, where }) => `${code} ${where}`)).toEqual([
      'graph/bad-name /shop/sequencers/a/b',
      'graph/unknown-path /shop/workflows/reader',
      'graph/sink-missing /shop/workflows/endless',
      'graph/source-missing /shop/workflows/sourceless',
      'graph/sink-missing /shop/workflows/sourceless',
      'graph/bad-argument /shop/workflows/lost/mapped',
      'graph/async-function /shop/workflows/lost/filtered',
      'portal/no-replier /shop/portals/prices',
    ]);
    expect(error.message.split('\n')).toEqual([
      '[graph/invalid] /shop: the application has 8 problems. Mend each of them.',
      ...error.problems.map(({ code, where, what, cure }) => `  - [${code}] ${where}: ${what}. ${cure}.`),
    ]);
    expect(system.canStep()).toBe(false);
    system.launch(
      application('shop', (app) => {
        app.generators.signal(1);
      }),
    );
    expect(system.stepUntilComplete()).toBeGreaterThan(0);
  });

  it('finds a workflow without a sink', () => {
    expectSaid(
      problemOf((app) => app.workflow('w').source(app.generators.signal(1)).identity()),
      { code: 'graph/sink-missing', where: '/app/workflows/w', what: 'no output', cure: 'sink()' },
    );
  });

  it('finds a workflow without a source', () => {
    const [problem] = problemsOf((app) => app.workflow('w'));
    expectSaid(problem, {
      code: 'graph/source-missing',
      where: '/app/workflows/w',
      what: 'reads no stream',
      cure: 'source(stream)',
    });
  });

  it('finds a second source', () => {
    expectSaid(
      problemOf((app) => {
        const workflow = app.workflow('w');
        workflow.source(app.generators.signal(1, { name: 'one' })).sink();
        workflow.source(app.generators.signal(2, { name: 'two' }));
      }),
      {
        code: 'graph/second-source',
        where: '/app/workflows/w',
        what: 'reads /app/generators/one/stream already, not also /app/generators/two/stream',
        cure: 'sequencer',
      },
    );
  });

  it('finds a stream that is connected to a sequencer twice', () => {
    expectSaid(
      problemOf((app) => {
        const one = app.generators.signal(1, { name: 'one' });
        const all = app.sequencer<number>({ name: 'all' });
        app.connect(one, all);
        app.connect(one, all, { name: 'again' });
      }),
      {
        code: 'graph/connected-twice',
        where: '/app/connections/again',
        what: '/app/generators/one/stream is connected to /app/sequencers/all a second time',
        cure: 'once',
      },
    );
  });

  it('finds cycles that pass no sequencer, and names what lies on them', () => {
    const cycles = problemsOf((app) => {
      const stream = (name: string): Stream<number> => ({ path: `/app/workflows/${name}/stream` });
      app.workflow('self').source(stream('self')).sink();
      app.workflow('a').source(stream('b')).sink();
      app.workflow('b').source(stream('a')).sink();
      const back = app.splitter<number>({ path: '/app/splitters/s/back' }, { name: 's' });
      app.split(back, Boolean, { name: 'back' });
    });
    const where = ['/app/workflows/self', '/app/workflows/a', '/app/splitters/s'];
    expect(cycles.map((cycle) => cycle.where).toSorted()).toEqual(where.toSorted());
    for (const cycle of cycles) {
      expectSaid(cycle, {
        code: 'graph/cycle-without-sequencer',
        where: cycle.where,
        what: `${cycle.where} → `,
        cure: 'connect(stream, sequencer)',
      });
    }
  });

  it('finds a branch that is sunk into a foreign stream', () => {
    expectSaid(
      problemOf((app) => {
        const other = app.workflow('other').source(app.generators.signal(1)).sink();
        app.workflow('w').source(app.generators.signal(2)).sink(other);
      }),
      {
        code: 'graph/foreign-sink',
        where: '/app/workflows/w',
        what: 'into /app/workflows/other/stream',
        cure: '/app/workflows/w/stream',
      },
    );
  });

  it('finds flows of two workflows, or of two applications, that are joined', () => {
    const elsewhere = new ApplicationBuilder('elsewhere');
    const stranger = elsewhere.workflow('w').source(elsewhere.generators.signal(1));
    const [first, second] = problemsOf((app) => {
      const other = app.workflow('other').source(app.generators.signal(1));
      other.sink();
      app.workflow('w').source(app.generators.signal(2)).union(other, stranger).sink();
    });
    const cure = 'merge the streams of two with a sequencer';
    const where = '/app/workflows/w';
    expectSaid(first, { code: 'graph/foreign-flow', where, what: '/app/workflows/other', cure });
    expectSaid(second, { code: 'graph/foreign-flow', where, what: '/elsewhere/workflows/w', cure });
  });

  it('finds a modifier where there is no task', () => {
    expectSaid(
      problemOf((app) => {
        const flow = app.workflow('w').source(app.generators.signal(1));
        const { constructor } = flow.identity();
        js(Reflect.construct(constructor, [flow.workflow, -1])).withName('name');
        flow.sink();
      }),
      { code: 'graph/modifier-on-source', where: '/app/workflows/w', what: 'withName', cure: 'identity()' },
    );
  });
});

describe('the check without a launch', () => {
  it('says everything, too, but what other applications offer', () => {
    const app = application('app', (app) => {
      app.workflow('w').source(app.registry.stream('/others/workflows/w/stream'));
    });
    const error = caught(() => {
      checkApplication(app);
    });
    expect(error.problems.map(({ code }) => code)).toEqual(['graph/sink-missing']);
    expect(() => {
      checkApplication(offers);
    }).not.toThrow();
  });

  it.each([undefined, null, 'app', {}, new ApplicationBuilder('app')])('needs an application', (given) => {
    expectSaid(
      caught(() => {
        checkApplication(js(given));
      }),
      {
        code: 'graph/bad-argument',
        where: 'checkApplication',
        what: 'an application is needed',
        cure: 'build()',
      },
    );
  });
});

describe('the check of names', () => {
  it.each(['', 'a/b'])('refuses “%s”, which makes no path', (name) => {
    const what = name === '' ? 'the name is empty' : '“a/b” holds a slash';
    expectSaid(
      problemOf((app) => app.ingress(name)),
      { code: 'graph/bad-name', where: `/app/ingresses/${name}`, what, cure: 'without a slash' },
    );
    expect(
      problemOf((app) => app.workflow('w').source(app.generators.signal(1)).identity().withName(name).sink()),
    ).toMatchObject({ code: 'graph/bad-name', where: '/app/workflows/w' });
    expect(
      problemOf((app) => app.split(app.registry.splitter<number>(parts), Boolean, { name }), [offers]).code,
    ).toBe('graph/bad-name');
    const error = caught(() => {
      quiet().system.launch(application(name, () => undefined));
    });
    expect(error.problems[0]).toMatchObject({ code: 'graph/bad-name', where: `/${name}` });
  });

  it.each([5, null, {}, Symbol('name')])('refuses a name that is no text', (name) => {
    for (const problem of [
      problemOf((app) => app.ingress(js(name))),
      problemOf((app) => app.sequencer({ name: js(name) })),
      problemOf((app) => app.generators.signal(1, { name: js(name) })),
    ]) {
      expect(problem.code).toBe('graph/bad-name');
      expect(problem.what).toMatch(/^the name is (5|null|an object|a symbol)$/);
    }
    expect(
      problemOf((app) =>
        app.workflow('w').source(app.generators.signal(1)).identity().withName(js(name)).sink(),
      ),
    ).toMatchObject({ code: 'graph/bad-name', where: '/app/workflows/w' });
  });

  it('takes any other name, also those that objects already have', () => {
    const names = ['__proto__', 'constructor', 'toString', '..', '.', ' ', 'stream', 'ä€😀', 'a:b', '$1'];
    const { system } = quiet();
    const got: string[] = [];
    for (const name of names) {
      const app = application(name, (app) => {
        const seen = perKeyState(name, 0);
        const sequencer = app.sequencer<string>({ name });
        app.connect(app.generators.fromArray([name, name], { name }), sequencer, { name });
        return app
          .workflow(name)
          .source(sequencer.stream)
          .key((value) => value)
          .map((value, ctx) => `${value} ${seen.update(ctx, (n) => n + 1)}`)
          .withName(name)
          .sink();
      });
      system.launch(app);
      system.subscribe(app.handles, (value) => {
        got.push(value);
      });
    }
    system.stepUntilComplete();
    expect(got.toSorted()).toEqual(names.flatMap((name) => [`${name} 1`, `${name} 2`]).toSorted());
    for (const name of names) system.stop(name);
  });

  it('finds two things of one path, and says so once', () => {
    expectSaid(
      problemOf((app) => {
        app.generators.signal(1, { name: 'same' });
        app.generators.signal(2, { name: 'same' });
      }),
      { code: 'graph/duplicate-path', where: '/app/generators/same', what: '2 things', cure: 'its own name' },
    );
  });

  it('finds a split whose path another application has taken', () => {
    const adds = (name: string, split: string): Application =>
      application(name, (app) => {
        app.split(app.registry.splitter<number>(parts), Boolean, { name: split });
      });
    const { system } = quiet();
    system.launch(offers);
    system.launch(adds('a', 'b:c'));
    const error = caught(() => {
      system.launch(adds('a:b', 'c'));
    });
    expectSaid(error.problems[0], {
      code: 'graph/duplicate-path',
      where: `${parts}/a:b:c`,
      what: 'taken by a launched application',
      cure: 'its own name',
    });
  });

  it('finds two tasks of one name', () => {
    expectSaid(
      problemOf((app) => {
        const flow = app.workflow('w').source(app.generators.signal(1));
        flow.identity().withName('twin').identity().withName('twin').sink();
      }),
      { code: 'graph/duplicate-task', where: '/app/workflows/w', what: 'twin', cure: 'its own name' },
    );
  });
});

describe('the check of paths', () => {
  it('finds a path that names nothing, and asks whether a similar one was meant', () => {
    expectSaid(
      problemOf(
        (app) => app.workflow('w').source(app.registry.stream('/offers/generators/number/stream')).sink(),
        [offers],
      ),
      {
        code: 'graph/unknown-path',
        where: '/app/workflows/w',
        what: 'there is no stream /offers/generators/number/stream',
        cure: 'Did you mean /offers/generators/numbers/stream?',
      },
    );
    expect(problemOf((app) => app.registry.portal('/nowhere/portals/p'))).toMatchObject({
      code: 'graph/unknown-path',
      where: '/app/registry',
      cure: 'Launch the application that has it first',
    });
  });

  it('finds a path that names something else', () => {
    expectSaid(
      problemOf((app) => {
        const all = app.sequencer<number>({ name: 'all' });
        app.connect(js(all), all, { name: 'c' });
      }),
      {
        code: 'graph/wrong-kind',
        where: '/app/connections/c',
        what: 'a stream is needed, and /app/sequencers/all is a sequencer',
        cure: 'Use /app/sequencers/all/stream',
      },
    );
    expect(
      problemOf((app) =>
        app.connect(app.generators.signal(1), js(app.generators.signal(2, { name: 'two' }))),
      ),
    ).toMatchObject({
      code: 'graph/wrong-kind',
      what: 'a sequencer is needed, and /app/generators/two/stream is a stream',
    });
    expect(problemOf((app) => app.registry.splitter('/offers/portals/echo'), [offers])).toMatchObject({
      code: 'graph/wrong-kind',
      what: 'a splitter is needed, and /offers/portals/echo is a portal',
    });
  });

  it.each(['/offers/workflows/echoes', '/offers/generators/numbers', '/offers/sequencers/all'])(
    'says that the stream of %s was meant',
    (path) => {
      const problem = problemOf(
        (app) => app.workflow('w').source(app.registry.stream(path)).sink(),
        [offers],
      );
      expect(problem).toMatchObject({ code: 'graph/wrong-kind', cure: `Use ${path}/stream` });
    },
  );

  it.each([undefined, null, 7, '', {}])('refuses to look for what is no path', (path) => {
    expect(
      problemOf((app) =>
        app
          .workflow('w')
          .source(app.registry.stream(js(path)))
          .sink(),
      ),
    ).toMatchObject({
      code: 'graph/bad-argument',
      where: '/app',
    });
  });

  it('finds a stream that keeps no past and is to be read from its start', () => {
    const unkept = {
      code: 'graph/not-retained' as const,
      where: '/app/workflows/w',
      cure: 'Retain the stream where it is defined',
    };
    expectSaid(
      problemOf((app) =>
        app
          .workflow('w')
          .source(app.generators.signal(1, { name: 's' }), { from: 'start' })
          .sink(),
      ),
      { ...unkept, what: '/app/generators/s/stream from the start', code: 'graph/not-retained' },
    );
    expect(
      problemOf(
        (app) =>
          app
            .workflow('w')
            .source(app.registry.stream('/offers/generators/numbers/stream'), { from: 'start' })
            .sink(),
        [offers],
      ),
    ).toMatchObject(unkept);
  });

  it('lets nobody retain what belongs to another application, or is no stream', () => {
    const where = '/app';
    expectSaid(
      problemOf((app) => app.retain(app.registry.stream('/offers/generators/numbers/stream')), [offers]),
      {
        code: 'graph/bad-argument',
        where,
        what: '/offers/generators/numbers/stream',
        cure: 'where it is defined',
      },
    );
    expect(problemOf((app) => app.retain(js(app.sequencer({ name: 's' }))))).toMatchObject({
      code: 'graph/bad-argument',
      where,
    });
    expect(problemOf((app) => app.retain(js(undefined)))).toMatchObject({
      code: 'graph/bad-argument',
      where,
    });
  });
});

describe('the check of arguments', () => {
  const inWorkflow = (write: Parameters<typeof written>[0]) => problemOf(written(write));

  it.each([undefined, null, 'text', 7, {}, [], Promise.resolve()])('refuses what is no function: %s', (f) => {
    const given =
      /^.+ was given (undefined|null|the text “text”|7|an object|an array|a promise), and a function is needed$/;
    const problems = [
      inWorkflow((flow) => flow.map(js(f))),
      inWorkflow((flow) => flow.filter(js(f))),
      inWorkflow((flow) => flow.flatMap(js(f))),
      inWorkflow((flow) => flow.key(js(f))),
      inWorkflow((flow) => flow.init(js(f))),
      inWorkflow((flow) => flow.vsm(js(f))),
      inWorkflow((flow) => flow.stash(js(f))),
      inWorkflow((flow) => flow.identity().withOnNext(js(f))),
      inWorkflow((flow) => flow.identity().withOnError(js(f))),
      inWorkflow((flow) => flow.identity().withOnComplete(js(f))),
      inWorkflow((flow) => flow.identity().withOnAtomComplete(js(f))),
      inWorkflow((flow) => flow.identity().withOnTimer(js(f))),
      inWorkflow((flow) => flow.identity().withWrapper(js(f))),
      inWorkflow((flow) => flow.identity().identity().allWithOnAtomComplete(js(f))),
      inWorkflow((flow) => flow.identity().identity().allWithWrapper(js(f))),
      inWorkflow((flow) => flow.identity().withStep(tasks.map(js(f)))),
      inWorkflow((flow) => flow.identity().withAndThen(tasks.map(js(f)))),
      problemOf((app) => app.generators.custom(js(f))),
      problemOf((app) => app.split(app.splitter(app.generators.signal(1)), js(f))),
    ];
    for (const problem of problems) {
      expect(problem).toMatchObject({ code: 'graph/bad-argument', cure: 'Give it a function' });
      expect(problem.what).toMatch(given);
      expect(problem.where).toMatch(/^\/app\/(workflows|generators|splitters)\//);
    }
  });

  it.each(['text', 7, {}])('refuses what is neither left out nor a function: %s', (f) => {
    for (const problem of [
      inWorkflow((flow) => flow.processor(js(f))),
      inWorkflow((flow) => flow.consume(js(f))),
      problemOf((app) => app.ingress('in', { key: js(f) })),
      problemOf((app) => app.generators.signal(1, { key: js(f) })),
    ]) {
      expect(problem.code).toBe('graph/bad-argument');
      expect(problem.what).toMatch(/a function is needed$/);
    }
  });

  it.each([undefined, 'text', { workflows: [] }, function* () {}])(
    'refuses to be written by what is no function',
    (write) => {
      expect(problemOf(js(write))).toMatchObject({
        code: 'graph/bad-argument',
        where: '/app',
        what: expect.stringContaining('application was given') as string,
      });
    },
  );

  it('refuses async functions where an answer is needed at once', () => {
    const f: () => never = js(async () => Promise.resolve(1));
    expectSaid(
      inWorkflow((flow) => flow.processor(f).withName('fetches')),
      {
        code: 'graph/async-function',
        where: '/app/workflows/w/fetches',
        what: 'processor was given an async function',
        cure: 'send its result to an ingress',
      },
    );
    const state = js(f);
    const problems = [
      inWorkflow((flow) => flow.map(f)),
      inWorkflow((flow) => flow.filter(f)),
      inWorkflow((flow) => flow.flatMap(f)),
      inWorkflow((flow) => flow.flatMap(js(async function* () {}))),
      inWorkflow((flow) => flow.key(f)),
      inWorkflow((flow) => flow.consume(f)),
      inWorkflow((flow) => flow.init(f)),
      inWorkflow((flow) => flow.stash(f)),
      inWorkflow((flow) => flow.vsm(state)),
      inWorkflow((flow) => flow.identity().withOnNext(f)),
      inWorkflow((flow) => flow.identity().withOnTimer(f)),
      inWorkflow((flow) => flow.identity().withOnAtomComplete(f)),
      inWorkflow((flow) => flow.identity().withWrapper(f)),
      inWorkflow((flow) => flow.identity().allWithWrapper(f)),
      problemOf((app) => app.ingress('in', { key: f })),
      problemOf((app) => app.generators.signal(1, { key: f })),
      problemOf((app) => app.generators.custom(f)),
      problemOf((app) => app.generators.fromIterable(js((async function* () {})()))),
      problemOf((app) => app.split(app.splitter(app.generators.signal(1)), f)),
      problemOf((app) => app.sequencer({ strategy: { name: 'slow', choose: f } })),
      problemOf(async () => Promise.resolve()),
    ];
    expect(problems.map(({ code }) => code)).toEqual(problems.map(() => 'graph/async-function'));
  });

  it('refuses generator functions, whose body would not run, but where many values are made of one', () => {
    const many: () => never = js(function* () {
      yield 1;
    });
    for (const problem of [
      inWorkflow((flow) => flow.map(many)),
      inWorkflow((flow) => flow.processor(many)),
    ]) {
      expect(problem).toMatchObject({
        code: 'graph/bad-argument',
        cure: expect.stringContaining('flatMap') as string,
      });
    }
    const { system } = quiet();
    system.launch(
      application(
        'app',
        written((flow) => flow.flatMap(many)),
      ),
    );
    expect(system.stepUntilComplete()).toBeGreaterThan(0);
  });

  it.each([undefined, null, 'text', {}, []])('refuses what is no handle: %s', (handle) => {
    const kinds =
      /was given (undefined|null|the text “text”|an object|an array), and (a stream|a splitter|a sequencer|a portal|the answer to a portal) is needed$/;
    const problems = [
      problemOf((app) => app.workflow('w').source(js(handle)).sink()),
      problemOf((app) => app.connect(js(handle), app.sequencer())),
      problemOf((app) => app.connect(app.generators.signal(1), js(handle))),
      problemOf((app) => app.splitter(js(handle))),
      problemOf((app) =>
        app
          .workflow('w')
          .source(app.split(js(handle), Boolean))
          .sink(),
      ),
      problemOf((app) => app.retain(js(handle))),
      inWorkflow((flow) => flow.asker([js(handle)], () => undefined)),
      inWorkflow((flow) => flow.replier([js(handle)])),
      inWorkflow((flow) => flow.replier([answer(js(handle), () => undefined)])),
    ];
    for (const problem of problems) {
      expect(problem.code).toBe('graph/bad-argument');
      expect(problem.what).toMatch(kinds);
      expect(problem.cure).toMatch(/builder/);
    }
  });

  it('refuses to sink into what is no stream', () => {
    expect(inWorkflow((flow) => (flow.sink(js(null)), flow))).toMatchObject({ code: 'graph/bad-argument' });
  });

  it.each([undefined, null, 'text', {}, [], (x: unknown) => x])('refuses what is no task', (task) => {
    const problems = [
      inWorkflow((flow) => flow.task(js(task))),
      inWorkflow((flow) => flow.identity().withStep(js(task))),
      inWorkflow((flow) => flow.identity().withLoop(2, js(task))),
      inWorkflow((flow) => flow.identity().withAndThen(js(task))),
      inWorkflow((flow) => flow.combineAllFrom([flow], js(task))),
      inWorkflow((flow) => flow.stash(() => js(task))),
    ];
    for (const problem of problems) {
      expect(problem).toMatchObject({
        code: 'graph/bad-argument',
        where: expect.stringContaining('/app/workflows/w/') as string,
      });
      expect(problem.what).toMatch(/and a task is needed$/);
    }
  });

  it('refuses to join what is no flow', () => {
    for (const problem of [
      inWorkflow((flow) => flow.union(js([flow]))),
      inWorkflow((flow) => flow.union(js(undefined))),
      inWorkflow((flow) => flow.union(js({ workflow: { path: '/x' }, position: 0 }))),
    ]) {
      expect(problem).toMatchObject({
        code: 'graph/bad-argument',
        cure: expect.stringContaining('union(a, b)') as string,
      });
    }
    expectSaid(
      inWorkflow((flow) => flow.combineAllFrom([], tasks.identity())),
      {
        code: 'graph/bad-argument',
        where: '/app/workflows/w',
        what: 'reads nothing',
        cure: 'at least one flow',
      },
    );
  });

  it('refuses lists of portals and answers that are none', () => {
    for (const [write, cure] of [
      [(flow) => flow.asker(js({ path: '/app/portals/p' }), () => undefined), 'asker([portal], …)'],
      [(flow) => flow.askerreplier(js(undefined), []), 'askerreplier([portal], …)'],
      [(flow) => flow.asker(js({ asks: [], continuations: 5 }), () => undefined), 'continuations: […]'],
      [(flow) => flow.replier(js({ path: '/app/portals/p' })), 'replier([answer(portal, handle)])'],
      [
        (flow) => flow.asker({ asks: [], continuations: [js(null)] }, () => undefined),
        'continuation(name, run)',
      ],
      [
        (flow) =>
          flow.asker({ asks: [], continuations: [continuation('', () => undefined)] }, () => undefined),
        'continuation(name, run)',
      ],
      [
        (flow) => flow.asker({ asks: [], continuations: [continuation('c', js(7))] }, () => undefined),
        'function',
      ],
      [
        (flow) =>
          flow.asker(
            { asks: [], continuations: [continuation('c', () => undefined, js(7))] },
            () => undefined,
          ),
        'function',
      ],
      [(flow) => flow.asker([], js(7)), 'function'],
      [(flow) => flow.replier([], js(7)), 'function'],
    ] satisfies [Parameters<typeof inWorkflow>[0], string][]) {
      expect(inWorkflow(write)).toMatchObject({
        code: 'graph/bad-argument',
        cure: expect.stringContaining(cure) as string,
      });
    }
  });

  it.each([0, -1, 1.5, NaN, Infinity, '2'])('refuses counts that are no whole number from 1 up: %s', (n) => {
    for (const problem of [
      inWorkflow((flow) => flow.sample(js(n))),
      inWorkflow((flow) => flow.task(tasks.sample(js(n)))),
      inWorkflow((flow) => flow.identity().withLoop(js(n), tasks.identity())),
      problemOf((app) => app.generators.fromRange(0, 10, js(n))),
    ]) {
      expect(problem.code).toBe('graph/bad-argument');
      expect(problem.cure).toMatch(/whole (number|size) from 1 up$/);
    }
  });

  it('refuses ranges that go nowhere', () => {
    expectSaid(
      problemOf((app) => app.generators.fromRange(5, 1, 2, { name: 'down' })),
      {
        code: 'graph/bad-argument',
        where: '/app/generators/down',
        what: 'fromRange(5, 1, 2)',
        cure: 'an end not below it',
      },
    );
    expect(problemOf((app) => app.generators.fromRange(0, NaN, 2)).code).toBe('graph/bad-argument');
    expect(problemOf((app) => app.generators.fromRange(0.5, 2, 2)).code).toBe('graph/bad-argument');
  });

  it.each([
    { events: 0 },
    { events: NaN },
    { events: 5, perMs: 0 },
    { events: 5, perMs: Infinity },
    {},
    null,
    5,
  ])('refuses a throttle that lets nothing pass', (throttle) => {
    expect(problemOf((app) => app.generators.signal(1, { name: 'g', throttle: js(throttle) }))).toMatchObject(
      {
        code: 'graph/bad-argument',
        where: '/app/generators/g',
        cure: expect.stringContaining('at least one event') as string,
      },
    );
  });

  it.each([undefined, null, 5, {}, () => []])('refuses values that cannot be iterated', (values) => {
    for (const problem of [
      problemOf((app) => app.generators.fromArray(js(values))),
      problemOf((app) => app.generators.fromArrays(js(values))),
      problemOf((app) => app.generators.fromIterable(js(values))),
      problemOf((app) => app.generators.fromIterables(js(values))),
    ]) {
      expect(problem.code).toBe('graph/bad-argument');
      expect(problem.where).toBe('/app/generators/$1');
    }
  });

  it('refuses words that are no options', () => {
    expectSaid(
      problemOf((app) =>
        app
          .workflow('w', { onFailure: js('restart') })
          .source(app.generators.signal(1))
          .sink(),
      ),
      {
        code: 'graph/bad-argument',
        where: '/app/workflows/w',
        what: 'onFailure is the text “restart”',
        cure: '“stop” or “deadLetter”',
      },
    );
    expectSaid(
      problemOf((app) =>
        app
          .workflow('w')
          .source(app.generators.signal(1), { from: js('now') })
          .sink(),
      ),
      {
        code: 'graph/bad-argument',
        where: '/app/workflows/w',
        what: 'from is the text “now”',
        cure: '“end” or “start”',
      },
    );
  });

  it.each([null, 'text', 7])('refuses options that are no object', (options) => {
    for (const problem of [
      problemOf((app) => app.workflow('w', js(options)).source(app.generators.signal(1)).sink()),
      problemOf((app) => app.workflow('w').source(app.generators.signal(1), js(options)).sink()),
      problemOf((app) => app.sequencer(js(options))),
      problemOf((app) => app.connect(app.generators.signal(1), app.sequencer(), js(options))),
      problemOf((app) => app.splitter(app.generators.signal(1), js(options))),
      problemOf((app) => app.split(app.splitter(app.generators.signal(1)), Boolean, js(options))),
      problemOf((app) => app.ingress('in', js(options))),
      problemOf((app) => app.generators.signal(1, js(options))),
      problemOf((app) => app.generators.fromArray([1], js(options))),
      problemOf((app) => app.generators.fromArrays([[1]], js(options))),
      problemOf((app) => app.generators.fromIterable([1], js(options))),
      problemOf((app) => app.generators.fromIterables([[1]], js(options))),
    ]) {
      expect(problem).toMatchObject({
        code: 'graph/bad-argument',
        cure: expect.stringContaining('by name') as string,
      });
    }
  });

  it('refuses strategies that cannot choose, and priorities that are no numbers', () => {
    for (const strategy of [
      'random',
      null,
      {},
      { name: 'first' },
      { choose: () => 0 },
      { name: 'x', choose: 0 },
    ]) {
      expect(problemOf((app) => app.sequencer({ name: 's', strategy: js(strategy) }))).toMatchObject({
        code: 'graph/bad-argument',
        where: '/app/sequencers/s',
        cure: expect.stringContaining('roundRobin') as string,
      });
    }
    for (const priority of [NaN, 'high', null]) {
      expect(
        problemOf((app) =>
          app.connect(app.generators.signal(1), app.sequencer(), { name: 'c', priority: js(priority) }),
        ),
      ).toMatchObject({ code: 'graph/bad-argument', where: '/app/connections/c' });
    }
  });

  it('refuses two continuations of one name in a task', () => {
    expectSaid(
      inWorkflow((flow) =>
        flow
          .asker(
            {
              asks: [],
              continuations: [continuation('priced', () => undefined), continuation('priced', () => 1)],
            },
            () => undefined,
          )
          .withName('t'),
      ),
      {
        code: 'continuation/same-name',
        where: '/app/workflows/w/t',
        what: 'called priced',
        cure: 'its own name',
      },
    );
  });
});

describe('a builder whose application was built', () => {
  it('refuses every change, and the application stays as it was', () => {
    const builder = new ApplicationBuilder('app');
    const stream = builder.generators.signal(1);
    const sequencer = builder.sequencer<number>();
    const splitter = builder.splitter(stream);
    const workflow = builder.workflow('w');
    const flow = workflow.source(stream);
    const task = flow.identity();
    task.sink();
    const built = builder.build();
    const before = JSON.stringify(built);
    const late: [string, () => unknown][] = [
      ['/app', () => builder.build()],
      ['/app/workflows/late', () => builder.workflow('late')],
      ['/app/ingresses/late', () => builder.ingress('late')],
      ['/app/sequencers/late', () => builder.sequencer({ name: 'late' })],
      ['/app/connections/late', () => builder.connect(stream, sequencer, { name: 'late' })],
      ['/app/splitters/late', () => builder.splitter(stream, { name: 'late' })],
      ['/app', () => builder.split(splitter, Boolean, { name: 'late' })],
      ['/app/portals/late', () => builder.portal('late')],
      ['/app', () => builder.retain(stream)],
      ['/app/registry', () => builder.registry.stream('/x/y')],
      ['/app/generators/late', () => builder.generators.signal(1, { name: 'late' })],
      ['/app/workflows/w', () => workflow.source(stream)],
      ['/app/workflows/w', () => flow.map((n) => n)],
      ['/app/workflows/w', () => flow.sample(0)],
      ['/app/workflows/w', () => flow.union(task)],
      ['/app/workflows/w', () => flow.sink()],
      ['/app/workflows/w', () => task.withName('late')],
      ['/app/workflows/w', () => task.withOnNext(() => undefined)],
      ['/app/workflows/w', () => task.withOnNext(js(5))],
      ['/app/workflows/w', () => task.withLoop(0, tasks.identity())],
      ['/app/workflows/w', () => task.withAndThen(tasks.identity())],
      ['/app/workflows/w', () => flow.allWithOnAtomComplete(() => undefined)],
    ];
    for (const [where, change] of late) {
      expectSaid(caught(change), {
        code: 'graph/frozen',
        where,
        what: 'built already',
        cure: 'before build()',
      });
    }
    expect(JSON.stringify(built)).toBe(before);
    const { system } = quiet();
    system.launch(built);
    system.stepUntilComplete();
  });
});

/** The writer of an application with one workflow, which reads one event and does what is asked for. */
function written(
  write: (flow: ReturnType<ReturnType<ApplicationBuilder['workflow']>['source']>) => unknown,
): (app: ApplicationBuilder) => void {
  return (app) => {
    const flow = app.workflow('w').source<unknown>(app.generators.signal<unknown>(1));
    (write(flow) as typeof flow).sink();
  };
}
