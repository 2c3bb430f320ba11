// Every member of the PortalsJS surface, and what departs there.
import { PorticoError, steppingSystem, type ErrorCode } from 'portico/dataflow';
import * as portalsjs from 'portico/portalsjs';
import {
  ApplicationBuilder,
  PerKeyState,
  PerTaskState,
  PortalsJS,
  System,
  type Builder,
  type Flow,
  type NumericKey,
} from 'portico/portalsjs';
import { describe, expect, it } from 'vitest';
import { capture, printedBy } from './program.ts';

/** What a function throws. */
function thrownBy(act: () => unknown): PorticoError {
  try {
    act();
  } catch (error) {
    if (error instanceof PorticoError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Writes an application and runs it to the end. */
function run(write: (builder: Builder) => void): void {
  const builder = PortalsJS.ApplicationBuilder('app');
  write(builder);
  const system = PortalsJS.System();
  system.launch(builder.build());
  system.stepUntilComplete();
}

/** Sinks a flow and collects what its workflow puts out. */
function collect<I, O>(builder: Builder, flow: Flow<I, O>): O[] {
  const collected: O[] = [];
  const { stream } = flow.sink().freeze();
  builder.workflows
    .source(stream)
    .processor(() => (value) => collected.push(value))
    .sink()
    .freeze();
  return collected;
}

/** What comes out behind a flow that reads these values in one atom. */
function behind<T, I, O>(
  values: readonly T[],
  write: (flow: Flow<T, T>, builder: Builder) => Flow<I, O>,
): O[] {
  let out: O[] = [];
  run((builder) => {
    out = collect(
      builder,
      write(builder.workflows.source(builder.generators.fromArray(values).stream), builder),
    );
  });
  return out;
}

/** The codes of the errors that reach the end of a flow, and what comes out beside. */
function outcomesBehind<T, I, O>(
  values: readonly T[],
  write: (flow: Flow<T, T>) => Flow<I, O>,
): (O | ErrorCode)[] {
  return behind(values, (flow) =>
    write(flow)
      .processor<O | ErrorCode>((ctx) => (value) => ctx.emit(value))
      .withOnError((ctx) => (error) => ctx.emit((error as PorticoError).code)),
  );
}

/** How often each event's key has been seen when the event comes. */
const counted = <I, O>(flow: Flow<I, O>): Flow<O, number> =>
  flow.map((ctx) => () => {
    const count = PerKeyState('count', 0, ctx);
    count.set(count.get() + 1);
    return count.get();
  });

/** A workflow that answers `portal` and reads nothing. */
function replier<Reply>(builder: Builder, name: string, reply: (request: number) => Reply) {
  const portal = builder.portal.portal<number, Reply>(name);
  builder.workflows
    .source(builder.generators.empty().stream)
    .replier(
      portal,
      () => () => undefined,
      (ctx) => (request) => ctx.reply(reply(request)),
    )
    .sink()
    .freeze();
  return portal;
}

describe('PortalsJS', () => {
  it('has all its members as exports of their own, too', () => {
    expect(Object.keys(PortalsJS)).toEqual(['ApplicationBuilder', 'System', 'PerKeyState', 'PerTaskState']);
    for (const [name, member] of Object.entries(PortalsJS)) {
      expect(Object.entries(portalsjs)).toContainEqual([name, member]);
    }
  });

  it('makes builders, systems and state with and without new', () => {
    const flow = (builder: Builder) =>
      builder.workflows.source(builder.generators.fromArray(['x']).stream).processor((ctx) => () => {
        const plain = PerTaskState('n', 1, ctx);
        const made = new PerTaskState('n', 1, ctx);
        made.set(made.get() + plain.get());
        new PerKeyState('k', 0, ctx).set(plain.get());
        ctx.emit([plain.get(), PerKeyState('k', 0, ctx).get()]);
      });
    for (const builder of [ApplicationBuilder('a'), new ApplicationBuilder('a')]) {
      for (const system of [System(), new System()]) {
        expect(system).toHaveProperty('launch');
      }
      const out = collect(builder, flow(builder));
      const system = new System();
      system.launch(builder.build());
      system.stepUntilComplete();
      expect(out).toEqual([[2, 2]]);
    }
  });

  it('ignores further arguments', () => {
    const builder = PortalsJS.ApplicationBuilder('app');
    const flow = builder.workflows.source(builder.generators.fromRange(0, 8, 1).stream);
    const out = collect(builder, flow);
    const system = (System as (...extra: number[]) => ReturnType<typeof System>)(42);
    system.launch(builder.build());
    (system.stepUntilComplete as (steps: number) => void).call(system, 1);
    expect(out).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('a builder', () => {
  it('consumes a name whenever it is looked at, except for the registry and the tasks', () => {
    const builder = ApplicationBuilder('app');
    const looks: (keyof Builder)[] = [
      'workflows',
      'splitters',
      'splits',
      'generators',
      'sequencers',
      'connections',
      'portal',
      'registry',
      'tasks',
    ];
    for (const look of looks) expect(builder[look]).toBeDefined();
    expect(builder.generators.signal(1).path).toBe('/app/generators/$8');
  });

  it('consumes no name where one is given', () => {
    const builder = ApplicationBuilder('app');
    const { path, stream } = builder.generatorsWithName('numbers').fromArray([1]);
    expect({ path, stream }).toEqual({
      path: '/app/generators/numbers',
      stream: { path: '/app/generators/numbers/stream' },
    });
    const sequencer = builder.sequencersWithName('all').random<number>();
    expect(sequencer).toEqual({
      path: '/app/sequencers/all',
      stream: { path: '/app/sequencers/all/stream' },
    });
    expect(builder.connectionsWithName('in').connect(stream, sequencer)).toBeUndefined();
    const splitter = builder.splittersWithName('parts').empty(stream);
    expect(splitter).toEqual({ path: '/app/splitters/parts' });
    // Its own name is not used, and it takes two: $1 for its stream, $2 for itself.
    expect(builder.splitsWithName('odd').split(splitter, (x) => x % 2)).toEqual({
      path: '/app/splitters/parts/$1',
    });
    expect(builder.portal.portal('service')).toEqual({ path: '/app/portals/service' });
    const workflow = builder.workflowsWithName('doubled');
    workflow.source(stream).identity().sink();
    expect(workflow.freeze()).toEqual({
      path: '/app/workflows/doubled',
      stream: { path: '/app/workflows/doubled/stream' },
    });
    // The portal took $3; source, task and sink $4 to $6.
    expect(builder.sequencers.random().path).toBe('/app/sequencers/$7');
  });

  it('gives splits the second of the three names that they take', () => {
    const builder = ApplicationBuilder('app');
    const splitter = builder.splitters.empty(builder.generators.signal(1).stream);
    expect(splitter.path).toBe('/app/splitters/$1');
    expect(builder.splits.split(splitter, () => true).path).toBe('/app/splitters/$1/$4');
    expect(builder.generators.signal(1).path).toBe('/app/generators/$6');
  });

  it('consumes one name for the source, each task, each union and the first sink', () => {
    const names = printedBy(`
      let builder = PortalsJS.ApplicationBuilder("names");
      let numbers = builder.generators.signal(0);                       // $1
      let flow = builder.workflows.source(numbers.stream).logger();     // $2, $3, $4
      let other = flow.identity().withName("other").logger();           // $5, $6
      flow.union([other]).logger().sink();                              // $7, $8, $9
      other.sink().freeze();
      let sequencer = builder.sequencers.random();                      // $10
      builder.connections.connect(numbers.stream, sequencer);           // $11
      builder.workflows.source(sequencer.stream).logger().sink();       // $12, $13, $14
      let system = PortalsJS.System();
      system.launch(builder.build());
      system.stepUntilComplete();
    `);
    expect(names.toSorted()).toEqual(['$14 - 0', '$4 - 0', '$6 - 0', '$8 - 0', '$8 - 0']);
  });

  it('freezes what was sunk and not frozen', () => {
    expect(behind([1, 2], (flow) => flow.map(() => (x) => x + 1))).toEqual([2, 3]);
    run((builder) => {
      const numbers = builder.generators.signal(1);
      const out: number[] = [];
      builder.workflows
        .source(numbers.stream)
        .map(() => (x) => out.push(x))
        .sink();
      expect(out).toEqual([]);
    });
  });

  it('reports all problems at build, in one error', () => {
    const builder = ApplicationBuilder('app');
    builder.portal.portal('service');
    const numbers = builder.generators.fromRange(0, 8, 0);
    builder.workflowsWithName('unsunk').source(numbers.stream).identity();
    builder.workflowsWithName('named').source(numbers.stream).withName('source').sink().freeze();
    builder.workflowsWithName('sourceless').freeze();
    builder.workflowsWithName('a/b').source(numbers.stream).sink();
    const error = thrownBy(() => builder.build());
    expect(error.code).toBe('graph/invalid');
    expect(error.problems.map(({ code }) => code).toSorted()).toEqual([
      'graph/bad-argument',
      'graph/bad-name',
      'graph/modifier-on-source',
      'graph/sink-missing',
      'graph/sink-missing',
      'graph/source-missing',
      'portal/no-replier',
    ]);
  });

  it('reports at build what is no function, no task, no stream', () => {
    const builder = ApplicationBuilder('app');
    const nothing = undefined as never;
    const { stream } = builder.generators.signal(1);
    const attempts: ((flow: Flow<number, number>) => Flow<never, number> | Flow<number, number>)[] = [
      (flow) => flow.map(nothing),
      (flow) => flow.filter(nothing),
      (flow) => flow.key(nothing),
      (flow) => flow.init(nothing),
      (flow) => flow.task(nothing),
      (flow) => flow.identity().withStep(nothing),
      (flow) => flow.identity().withOnNext(nothing),
      (flow) => flow.identity().withOnAtomComplete(nothing),
      (flow) => flow.identity().withWrapper(nothing),
      (flow) => flow.asker(nothing, () => () => undefined),
    ];
    for (const attempt of attempts) attempt(builder.workflows.source(stream)).sink().freeze();
    builder.splits.split(builder.splitters.empty(stream), nothing);
    builder.workflows.source(nothing).sink().freeze();
    expect(thrownBy(() => builder.build()).problems.map(({ code }) => code)).toEqual(
      Array.from({ length: attempts.length + 2 }, () => 'graph/bad-argument'),
    );
  });

  it('leaves it to the launch whether other applications have what is needed', () => {
    const builder = ApplicationBuilder('app');
    builder.workflows.source(builder.registry.streams.get('/elsewhere/generators/x/stream')).sink().freeze();
    const application = builder.build();
    const { problems } = thrownBy(() => System().launch(application));
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['graph/unknown-path']));
  });

  it('makes applications for systems of the typed API', () => {
    const builder = ApplicationBuilder('app');
    const { stream } = builder.workflows
      .source(builder.generators.signal(20).stream)
      .map(() => (x) => x + 1)
      .sink()
      .freeze();
    const system = steppingSystem();
    system.launch(builder.build());
    const seen: number[] = [];
    system.subscribe(stream, (value) => seen.push(value));
    system.stepUntilComplete();
    expect(seen).toEqual([21]);
  });
});

describe('a workflow builder', () => {
  it('refuses a second freeze, a second source and whatever comes after a sink or a freeze', () => {
    const builder = ApplicationBuilder('app');
    const { stream } = builder.generators.signal(1);
    const workflow = builder.workflowsWithName('done');
    const flow = workflow.source(stream);
    const sunk = flow.identity().sink();
    const attempts: (() => unknown)[] = [
      () => sunk.map(() => (x) => x),
      () => sunk.withName('x'),
      () => sunk.sink(),
    ];
    workflow.freeze();
    attempts.push(
      () => workflow.freeze(),
      () => sunk.freeze(),
      () => flow.identity(),
      () => flow.sink(),
    );
    for (const attempt of attempts) {
      const { code, where } = thrownBy(attempt);
      expect({ code, where }).toEqual({ code: 'graph/frozen', where: '/app/workflows/done' });
    }
    builder.build();
    expect(thrownBy(() => builder.workflows.source(stream)).code).toBe('graph/frozen');

    const twice = ApplicationBuilder('twice');
    const again = twice.workflows;
    again.source(twice.generators.signal(1).stream);
    again.source(twice.generators.signal(2).stream).sink();
    expect(thrownBy(() => twice.build()).problems.map(({ code }) => code)).toEqual(['graph/second-source']);
  });
});

describe('the generators', () => {
  /** The atoms of a generator, and whether its stream ends. */
  function atomsOf<T>(make: (builder: Builder) => { stream: { path: string } }): {
    atoms: T[][];
    ends: boolean;
  } {
    const atoms: T[][] = [[]];
    let ends = false;
    run((builder) => {
      builder.workflows
        .source<T>(make(builder).stream)
        .processor(() => (value) => atoms.at(-1)?.push(value))
        .withOnAtomComplete(() => void atoms.push([]))
        .withOnComplete(() => void (ends = true))
        .sink()
        .freeze();
    });
    return { atoms: atoms.slice(0, -1), ends };
  }

  it.each([
    ['fromArray', (b: Builder) => b.generators.fromArray([1, 2]), [[1, 2]]],
    [
      'fromArrayOfArrays',
      (b: Builder) => b.generators.fromArrayOfArrays([[1, 2], [], [3]]),
      [[1, 2], [], [3]],
    ],
    ['fromIterator', (b: Builder) => b.generators.fromIterator([1, 2].values()), [[1, 2]]],
    ['fromRange', (b: Builder) => b.generators.fromRange(1, 6, 2), [[1, 2], [3, 4], [5]]],
    ['an empty range', (b: Builder) => b.generators.fromRange(6, 1, 2), []],
    ['signal', (b: Builder) => b.generators.signal(1), [[1]]],
    ['empty', (b: Builder) => b.generators.empty<number>(), [[]]],
  ])('make atoms and then the end: %s', (_, make, atoms) => {
    expect(atomsOf(make)).toEqual({ atoms, ends: true });
  });

  it('read iterators of iterators, also those that can do nothing but next()', () => {
    let n = 0;
    const inner = (until: number): Iterator<number> => ({
      next: () => (n < until ? { done: false, value: n++ } : { done: true, value: undefined }),
    });
    const all = [inner(2), inner(3)].values();
    expect(atomsOf((b) => b.generators.fromIteratorOfIterators(all))).toEqual({
      atoms: [[0, 1], [2]],
      ends: true,
    });
  });

  it('take keys beside the values (departure: PortalsJS cannot make any)', () => {
    const keys = [7, 7n, '7', 8];
    const counts = (make: (builder: Builder) => { stream: { path: string } }): number[] => {
      let out: number[] = [];
      run((builder) => {
        out = collect(builder, counted(builder.workflows.source(make(builder).stream)));
      });
      return out;
    };
    const values = ['a', 'b', 'c', 'd'];
    expect(counts((b) => b.generators.fromArray(values, keys))).toEqual([1, 2, 3, 1]);
    expect(counts((b) => b.generators.fromArrayOfArrays([values], [keys]))).toEqual([1, 2, 3, 1]);
    expect(counts((b) => b.generators.fromIterator(values.values(), keys.values()))).toEqual([1, 2, 3, 1]);
    expect(
      counts((b) =>
        b.generators.fromIteratorOfIterators([values.values()].values(), [keys.values()].values()),
      ),
    ).toEqual([1, 2, 3, 1]);
  });

  it('give equal primitives one key, and each object its own', () => {
    const object = {};
    const values = ['a', 'a', 1, 1, 5n, 5n, true, true, false, undefined, undefined, NaN, NaN, Infinity];
    expect(behind(values, counted)).toEqual([1, 2, 1, 2, 1, 2, 1, 2, 1, 1, 2, 1, 2, 1]);
    expect(behind([object, {}, object, [], [], () => 0], counted)).toEqual([1, 1, 2, 1, 1, 1]);
    // Departure: in PortalsJS a null stops the step with a TypeError.
    expect(behind([null, null], counted)).toEqual([1, 2]);
  });
});

describe('the flow', () => {
  it('maps, filters by truth, and makes many of one', () => {
    expect(behind([1, 2], (flow) => flow.map(() => (x) => x * 10))).toEqual([10, 20]);
    expect(behind([0, 1, '', 'a', null, {}], (flow) => flow.filter((x) => x))).toEqual([1, 'a', {}]);
    expect(
      behind([2, 0, 3], (flow) => flow.flatMap(() => (x) => Array.from({ length: x }, () => x))),
    ).toEqual([2, 2, 3, 3, 3]);
    expect(behind(['hi', 'ho'], (flow) => flow.flatMap(() => (text) => text))).toEqual(['h', 'i', 'h', 'o']);
  });

  it('passes plain functions the value alone', () => {
    const seen: unknown[][] = [];
    const note = (...args: unknown[]): number => seen.push(args);
    behind(['x'], (flow) => flow.filter(note).key(note));
    expect(seen).toEqual([['x'], ['x']]);
  });

  it('processes: any number of values for each, with state and log', () => {
    expect(
      behind([2, 0, 1], (flow) =>
        flow.processor<string>((ctx) => (x) => {
          for (let i = 0; i < x; i++) ctx.emit(`${x}.${i}`);
        }),
      ),
    ).toEqual(['2.0', '2.1', '1.0']);
  });

  it('takes prebuilt tasks', () => {
    const out = behind([1, 2, 3, 4], (flow, { tasks }) =>
      flow
        .task(tasks.map<number, number>(() => (x) => x + 1))
        .task(tasks.filter((x) => x % 2))
        .task(tasks.flatMap<number, number>(() => (x) => [x, -x]))
        .task(tasks.processor<number, number>((ctx) => (x) => ctx.emit(x * 10)))
        .task(tasks.key((x) => x))
        .task(tasks.identity),
    );
    expect(out).toEqual([30, -30, 50, -50]);
  });

  it('joins flows in the order of their declaration, those of a forked handle too', () => {
    expect(
      behind([1, 2], (flow) => flow.filter((x) => x > 1).union([flow.map(() => (x) => -x), flow.identity()])),
    ).toEqual([2, -1, -2, 1, 2]);
  });

  it('names tasks, and logs under their names', () => {
    const lines = printedBy(`
      let builder = PortalsJS.ApplicationBuilder("names");
      builder.workflows
        .source(builder.generators.fromArray(["x"]).stream)
        .logger("a: ").withName("first")
        .logger().withName("second")
        .sink().freeze();
      let system = PortalsJS.System();
      system.launch(builder.build());
      system.stepUntilComplete();
    `);
    // Departure: PortalsJS prints the name of whoever logged first in the workflow, for all of them.
    expect(lines).toEqual(['first - a: x', 'second - x']);
  });

  it('replaces handlers, of any task, and keeps the others', () => {
    const out = behind([1, 2], (flow) =>
      flow
        .identity()
        .withOnAtomComplete((ctx) => ctx.emit(100))
        .withOnComplete((ctx) => ctx.emit(200))
        .withOnNext((ctx) => (x) => ctx.emit(-x)),
    );
    expect(out).toEqual([-1, -2, 100, 200]);
  });

  it('handles the errors from above', () => {
    const out = behind([1, 2, 3], (flow) =>
      flow
        .map<string>(() => (x) => {
          if (x === 2) throw new Error('two');
          return String(x);
        })
        .identity()
        .withOnError((ctx) => (error) => ctx.emit((error as Error).message)),
    );
    expect(out).toEqual(['1', 'two', '3']);
  });

  it('wraps a task: ctx, then the task itself, then the value', () => {
    const out = behind([1, 2, 3], (flow) =>
      flow
        .map<number | string>(() => (x) => x * 10)
        .withWrapper((ctx) => (inner) => (x) => {
          if (x === 2) return;
          ctx.emit('before');
          inner(ctx)(x);
        }),
    );
    expect(out).toEqual(['before', 10, 'before', 30]);
  });

  it('modifies all tasks written so far', () => {
    const out = behind([1], (flow) =>
      flow
        .map<number>(() => (x) => x * 10)
        .identity()
        .allWithWrapper((ctx) => (inner) => (x) => inner(ctx)((x as number) + 1))
        .allWithOnAtomComplete((ctx) => ctx.emit(7))
        .identity(),
    );
    // The 7 of the first task passes through the second one, which adds its own.
    expect(out).toEqual([21, 8, 7]);
  });

  it('makes a sequence over atoms, and goes on from one task to the next with one state', () => {
    const says = (builder: Builder, name: string) => builder.tasks.map<unknown, string>(() => () => name);
    let out: string[] = [];
    run((builder) => {
      const atoms = builder.generators.fromArrayOfArrays([[0], [0], [], [0, 0]]);
      const flow = builder.workflows.source(atoms.stream).task(says(builder, 'A'));
      out = collect(builder, flow.withStep(says(builder, 'B')).withLoop(2, says(builder, 'L')));
    });
    expect(out).toEqual(['A', 'B', 'L', 'L']);

    const counts = (builder: Builder) =>
      builder.tasks.map<number, number>((ctx) => () => {
        const count = PerTaskState('count', 0, ctx);
        count.set(count.get() + 1);
        return count.get();
      });
    const fused = (values: number[]): number[] =>
      behind(values, (flow, builder) => flow.task(counts(builder)).withAndThen(counts(builder)));
    expect(fused([0])).toEqual([2]);
    // Departure: PortalsJS takes each event through both tasks before the next one, and so counts 2, 4.
    expect(fused([0, 0])).toEqual([3, 4]);
  });

  it('makes a task at launch, with state made by the factory', () => {
    const out = behind([1, 2, 3], (flow, builder) =>
      flow
        .key(() => 0)
        .init<string>((outer) => {
          const sum = PerKeyState('sum', 0, outer);
          const last = PerTaskState('last', 'none', outer);
          return builder.tasks.processor((ctx) => (x) => {
            outer.emit(`${last.get()}, ${sum.get()}`);
            sum.set(sum.get() + x);
            last.set(`after ${PerTaskState('last', '', ctx).get()}`);
          });
        }),
    );
    expect(out).toEqual(['none, 0', 'after , 1', 'after after , 3']);
  });

  it('refuses to use state while a task is made', () => {
    const builder = ApplicationBuilder('app');
    builder.workflows
      .source(builder.generators.signal(1).stream)
      .init((ctx) => {
        PerTaskState('n', 0, ctx).set(1);
        return builder.tasks.identity;
      })
      .sink()
      .freeze();
    const application = builder.build();
    const error = thrownBy(() => System().launch(application));
    expect([error.code, (error.cause as PorticoError).code]).toEqual([
      'task/init-failed',
      'context/outside-turn',
    ]);
  });
});

describe('a curried handler', () => {
  it('runs its outer function for each event, so that it may read state', () => {
    let outer = 0;
    const out = behind([1, 2, 3], (flow) =>
      flow.map((ctx) => {
        outer++;
        const sum = PerTaskState('sum', 0, ctx);
        const before = sum.get();
        return (x) => {
          sum.set(before + x);
          return before;
        };
      }),
    );
    expect(out).toEqual([0, 1, 3]);
    expect(outer).toBe(3);
  });

  it.each([
    ['a block', 'ctx => { n++; return x => x }'],
    ['a function', 'function (ctx) { n++; return x => x }'],
    ['a sequence', 'ctx => (n++, x => x)'],
    ['a sequence that begins with an arrow', 'ctx => (x => x, n++, x => x)'],
    ['a default', '(ctx, also = n++) => x => x'],
    ['a choice', 'ctx => n++ < 0 || (x => x)'],
  ])('runs its outer function for each event, if that might be seen: %s', (_, outer) => {
    const lines = printedBy(`
      let n = 0;
      let builder = PortalsJS.ApplicationBuilder("outer");
      builder.workflows
        .source(builder.generators.fromArrayOfArrays([[1, 2], [3]]).stream)
        .map(${outer})
        .map(ctx => x => [x, n])
        .logger()
        .sink()
        .freeze();
      let system = PortalsJS.System();
      system.launch(builder.build());
      system.stepUntilComplete();
    `);
    expect(lines.map((line) => line.replace('$6 - ', ''))).toEqual(['1,2', '2,2', '3,3']);
  });

  it('is one of its own for each task that it is used for', () => {
    const out = behind([1, 2], (flow, { tasks }) => {
      const task = tasks.processor<number, number>((ctx) => (x) => {
        const sum = PerTaskState('sum', 0, ctx);
        sum.set(sum.get() + x);
        ctx.emit(sum.get());
      });
      return flow.task(task).task(task);
    });
    expect(out).toEqual([1, 4]);
  });

  it('gets the same context for every event, and one of its own for each task', () => {
    const contexts: object[][] = [[], []];
    behind([1, 2], (flow) =>
      flow.map((ctx) => (x) => (contexts[0]?.push(ctx), x)).map((ctx) => (x) => (contexts[1]?.push(ctx), x)),
    );
    const [first = [], second = []] = contexts.map((seen) => new Set(seen)).map((seen) => [...seen]);
    expect([first.length, second.length]).toEqual([1, 1]);
    expect(first[0]).not.toBe(second[0]);
  });
});

describe('a context', () => {
  it('has a state that nothing can be done with', () => {
    const out = behind([1], (flow) => flow.map((ctx) => () => Object.keys(ctx.state)));
    expect(out).toEqual([[]]);
  });

  it('refuses to emit, to ask and to reply in a task that is not meant to', () => {
    expect(outcomesBehind([1], (flow) => flow.map<void>((ctx) => () => ctx.emit(1 as never)))).toEqual([
      'context/not-offered',
    ]);
    expect(
      outcomesBehind([1], (flow) =>
        flow.flatMap<number>((ctx) => (x) => {
          ctx.emit(x as never);
          return [x];
        }),
      ),
    ).toEqual(['context/not-offered']);
    const portal = ApplicationBuilder('elsewhere').portal.portal<number, number>('portal');
    expect(outcomesBehind([1], (flow) => flow.processor((ctx) => (x) => ctx.ask(portal, x)))).toEqual([
      'portal/undeclared',
    ]);
    expect(outcomesBehind([1], (flow) => flow.processor((ctx) => (x) => ctx.reply(x)))).toEqual([
      'portal/reply-outside-request',
    ]);
  });

  it('has no key at the end of an atom (departure: PortalsJS takes that of some earlier event)', () => {
    const outcomes = outcomesBehind([1], (flow) =>
      flow
        .key(() => 1)
        .processor<number>((ctx) => (x) => PerKeyState('x', 0, ctx).set(x))
        .withOnAtomComplete((ctx) => ctx.emit(PerKeyState('x', 0, ctx).get())),
    );
    expect(outcomes).toEqual(['state/no-key']);
  });
});

describe('a key function', () => {
  it('gives whole numbers, however they are written', () => {
    const keys: NumericKey[] = [
      5,
      5n,
      '5',
      '+5',
      5n + 2n ** 64n,
      -5,
      '-5',
      2 ** 60,
      BigInt(String(2 ** 60)),
      -0,
      0,
    ];
    expect(behind(keys, (flow) => counted(flow.key((key) => key)))).toEqual([
      1, 2, 3, 4, 5, 1, 2, 1, 2, 1, 2,
    ]);
  });

  it('raises on what is no whole number', () => {
    const bad = [1.5, NaN, Infinity, 1e21, undefined, null, 'five', '', '0x5', {}, [], true];
    const codes = outcomesBehind(bad, (flow) => flow.key((key) => key as NumericKey).map(() => () => 'none'));
    expect(codes).toEqual(bad.map(() => 'key/unsupported'));
  });
});

describe('state', () => {
  it('is per key or per task, by its name, and reads as its initial value until it is set and after it is deleted', () => {
    const out = behind([1, 2, 3], (flow) =>
      flow
        .key((x) => x % 2)
        .map((ctx) => (x) => {
          const key = PerKeyState<number[]>('values', [], ctx);
          const task = PerTaskState<number[]>('values', [], ctx);
          key.set([...key.get(), x]);
          task.set([...task.get(), x]);
          const seen = [key.get(), PerTaskState<number[]>('values', [], ctx).get()];
          if (x === 2) PerTaskState('values', 0, ctx).del();
          return [...seen, PerTaskState('values', 'deleted', ctx).get()];
        }),
    );
    expect(out).toEqual([
      [[1], [1], [1]],
      [[2], [1, 2], 'deleted'],
      [[1, 3], [3], [3]],
    ]);
  });

  it('keeps values by reference', () => {
    const out = behind([1, 2], (flow) =>
      flow.map((ctx) => (x) => {
        const all = PerTaskState<number[]>('all', [], ctx);
        const values = all.get();
        values.push(x);
        all.set(values);
        return [...values];
      }),
    );
    expect(out).toEqual([[1], [1, 2]]);
  });

  it('is undone with its turn', () => {
    const out = outcomesBehind([1, 2, 3], (flow) =>
      flow.map((ctx) => (x) => {
        const sum = PerTaskState('sum', 0, ctx);
        sum.set(sum.get() + x);
        if (x === 2) throw new PorticoError({ code: 'graph/bad-argument', where: '', what: '', cure: '' });
        return sum.get();
      }),
    );
    expect(out).toEqual([1, 'graph/bad-argument', 4]);
  });

  it('is not undone where a value was changed in place', () => {
    const out = behind([1, 2, 3], (flow) =>
      flow
        .map((ctx) => (x) => {
          const all = PerTaskState<number[]>('all', [], ctx);
          const values = all.get();
          all.set(values);
          values.push(x);
          if (x === 2) throw new Error('2');
          return [...values];
        })
        .identity()
        .withOnError(() => () => undefined),
    );
    expect(out).toEqual([[1], [1, 2, 3]]);
  });
});

describe('a future', () => {
  /** What an asker emits that is given a context, a question and two portals. */
  const asked = (
    onNext: (ctx: Parameters<Parameters<Flow<number, number>['asker']>[1]>[0]) => (x: number) => unknown,
    values = [1],
  ): unknown[] => {
    let out: unknown[] = [];
    run((builder) => {
      const echo = replier(builder, 'echo', (x) => x);
      const flow = builder.workflows.source(builder.generators.fromArray(values).stream).asker(echo, onNext);
      out = collect(
        builder,
        flow.identity().withOnError((ctx) => (error) => ctx.emit((error as PorticoError).code)),
      );
    });
    return out;
  };
  const echo = { path: '/app/portals/echo' };

  it('is read with the outer or with the inner context', () => {
    const out = asked((outer) => (x) => {
      const future = outer.ask(echo, x);
      outer.await(future, (inner) => inner.emit([future.value(inner), future.value(outer), inner === outer]));
    });
    expect(out).toEqual([[1, 1, true]]);
  });

  it('is read in its own continuation only', () => {
    const out = asked(
      (ctx) => (x) => {
        const first = ctx.ask(echo, x);
        const second = ctx.ask(echo, x);
        ctx.await(first, () => ctx.emit(second.value(ctx)));
        if (x === 2) ctx.emit(first.value(ctx));
      },
      [1, 2],
    );
    expect(out).toEqual(['future/elsewhere', 'future/elsewhere']);
  });

  it('may be awaited again, and the later one replaces the earlier one', () => {
    const out = asked((ctx) => (x) => {
      const future = ctx.ask(echo, x);
      ctx.await(future, () => ctx.emit('earlier'));
      ctx.await(future, () => ctx.emit('later'));
    });
    expect(out).toEqual(['later']);
  });

  it('may be left alone', () => {
    expect(asked((ctx) => (x) => (ctx.ask(echo, x), ctx.emit('asked')))).toEqual(['asked']);
  });

  it('may be awaited in the continuation of another one, but not once its reply has come', () => {
    const out = asked(
      (ctx) => (x) => {
        const [first, second] = [ctx.ask(echo, x), ctx.ask(echo, x + 1)];
        if (x === 1) ctx.await(first, () => ctx.await(second, () => ctx.emit(second.value(ctx))));
        else ctx.await(second, () => ctx.await(first, () => ctx.emit(first.value(ctx))));
      },
      [1, 10],
    );
    expect(out).toEqual([2, 'future/other-turn']);
  });

  it('nests as deep as it is asked to', () => {
    const out = asked((ctx) => (x) => {
      const again = (n: number): void => {
        const future = ctx.ask(echo, n);
        ctx.await(future, () => (n === 0 ? ctx.emit('done') : again((future.value(ctx) as number) - 1)));
      };
      again(5000 * x);
    });
    expect(out).toEqual(['done']);
  });
});

describe('a portal task', () => {
  it('asks any portal that was named before it: it can declare one, and PortalsJS checks none', () => {
    let out: unknown[] = [];
    run((builder) => {
      const one = replier(builder, 'one', (x) => x + 1);
      const ten = replier(builder, 'ten', (x) => x * 10);
      const numbers = builder.generators.signal(1);
      const flow = builder.workflows
        .source(numbers.stream)
        .asker<number, number, number>(one, (ctx) => (x) => {
          for (const portal of [one, ten]) {
            const future = ctx.ask(portal, x);
            ctx.await(future, () => ctx.emit(future.value(ctx)));
          }
        });
      out = collect(builder, flow);
    });
    expect(new Set(out)).toEqual(new Set([2, 10]));
  });

  it('handles events and requests, each with emissions of its own', () => {
    let out: unknown[] = [];
    run((builder) => {
      const portal = builder.portal.portal<string, string>('portal');
      const flow = builder.workflows
        .source(builder.generators.fromArray(['event']).stream)
        .askerreplier<string, string, string, string, string>(
          portal,
          portal,
          (ctx) => (text) => {
            const future = ctx.ask(portal, text);
            ctx.await(future, () => ctx.emit(future.value(ctx)));
          },
          (ctx) => (text) => {
            ctx.emit(`asked: ${text}`);
            ctx.reply(`reply to ${text}`);
          },
        );
      out = collect(builder, flow);
    });
    expect(out).toEqual(['asked: event', 'reply to event']);
  });

  it('keeps its role under modifiers (departure: in PortalsJS such a replier fails at build)', () => {
    let out: unknown[] = [];
    run((builder) => {
      const portal = builder.portal.portal<number, number>('portal', (x) => BigInt(x));
      builder.workflows
        .source(builder.generators.empty().stream)
        .replier(
          portal,
          () => () => undefined,
          (ctx) => (x) => ctx.reply(-x),
        )
        .withName('replier')
        .withOnAtomComplete(() => undefined)
        .sink()
        .freeze();
      const flow = builder.workflows
        .source(builder.generators.fromArray([1, 2]).stream)
        .asker<number, number, number>(portal, (ctx) => (x) => {
          const future = ctx.ask(portal, x);
          ctx.await(future, () => ctx.emit(future.value(ctx)));
        });
      out = collect(builder, flow);
    });
    expect(out).toEqual([-1, -2]);
  });

  it('raises where a portal makes a key that is no whole number', () => {
    const codes = behind([1], (flow, builder) => {
      const portal = builder.portal.portal<number, number>('portal', () => 0.5);
      return flow
        .askerreplier<unknown, number, number, number, number>(
          portal,
          portal,
          (ctx) => (x) => ctx.ask(portal, x),
          (ctx) => (x) => ctx.reply(x),
        )
        .identity()
        .withOnError((ctx) => (error) => {
          const { code, where } = error as PorticoError;
          ctx.emit([code, where]);
        });
    });
    expect(codes).toEqual([['key/unsupported', '/app/portals/portal']]);
  });
});

describe('the log', () => {
  /** What is printed when a value is logged by `.logger()` and by `ctx.log.info`. */
  const logged = (value: unknown): string[] =>
    capture(() =>
      run((builder) => {
        builder.workflows
          .source(builder.generators.fromArray([value]).stream)
          .logger()
          .map((ctx) => (x) => ctx.log.info(x))
          .sink()
          .freeze();
      }),
    ).map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} INFO \$[45] - /, ''));

  it.each([
    ['an array', [1, [2, 3]], '1,2,3'],
    ['an object', { a: 1 }, '[object Object]'],
    ['minus zero', -0, '0'],
    ['null', null, 'null'],
    ['undefined', undefined, 'undefined'],
    ['a BigInt', 5n, '5'],
    ['text', 'as it is', 'as it is'],
  ])('prints %s as JavaScript does', (_, value, text) => {
    expect(logged(value)).toEqual([text, text]);
  });

  it('prints each line of a text with a call of its own, and the time with the first only', () => {
    const lines = capture(() =>
      run((builder) => {
        builder.workflows.source(builder.generators.signal('one\ntwo\n').stream).logger('> ').sink().freeze();
      }),
    );
    expect(lines).toEqual([expect.stringMatching(/^\d\d:\d\d:\d\d\.\d{3} INFO \$4 - > one$/), 'two', '']);
  });
});

describe('a system', () => {
  it('launches, steps, steps to the end and shuts down', () => {
    const builder = ApplicationBuilder('app');
    const out = collect(builder, builder.workflows.source(builder.generators.fromArray([1]).stream));
    const application = builder.build();
    const system = System();
    system.launch(application);
    expect(thrownBy(() => system.launch(application)).code).toBe('application/launched-twice');
    // The generator, and then the two workflows.
    for (const seen of [[], [], [1]]) {
      system.step();
      expect(out).toEqual(seen);
    }
    system.stepUntilComplete();
    expect(thrownBy(() => system.step()).code).toBe('system/nothing-to-do');
    system.shutdown();
    expect(thrownBy(() => system.stepUntilComplete()).code).toBe('system/shut-down');
  });

  it('stops loudly at an error that nothing handles (departure: PortalsJS says nothing and goes on)', () => {
    const error = thrownBy(() =>
      behind([1], (flow) =>
        flow.map(() => () => {
          throw new Error('unhandled');
        }),
      ),
    );
    expect([error.code, (error.cause as Error).message]).toEqual(['atom/failed', 'unhandled']);
  });
});
