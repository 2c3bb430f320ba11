// The observed facts of the model, one test each, in its order. Where Portico departs from the model on purpose, the
// name of the test says so, and a comment says what PortalsJS does.
import { PortalsJS, type AnyContext, type Builder, type Flow, type Produced } from 'portico/portalsjs';
import { describe, expect, it } from 'vitest';

type App = ReturnType<Builder['build']>;

/** Writes an application. */
function written(write: (builder: Builder) => void, name = 'app'): App {
  const builder = PortalsJS.ApplicationBuilder(name);
  write(builder);
  return builder.build();
}

/** Runs applications, launched one after the other, to the end. */
function run(...apps: readonly App[]): void {
  const system = PortalsJS.System();
  for (const app of apps) system.launch(app);
  system.stepUntilComplete();
}

/** Notes in `seen` all that passes: the events, and the ends of atoms and of the stream. */
function traced<I, O>(flow: Flow<I, O>, seen: unknown[]): Flow<O, O> {
  return flow
    .identity()
    .withOnNext((ctx) => (value) => {
      seen.push(value);
      ctx.emit(value);
    })
    .withOnAtomComplete(() => void seen.push('ATOM'))
    .withOnComplete(() => void seen.push('SEAL'));
}

/** Adds a workflow that notes what a stream carries. */
function watch(builder: Builder, { stream }: Pick<Produced<unknown>, 'stream'>): unknown[] {
  const seen: unknown[] = [];
  traced(builder.workflows.source(stream), seen).sink().freeze();
  return seen;
}

/** What is seen behind a flow over these atoms, in a workflow of its own. */
function seenBehind<T, I, O>(
  atoms: readonly (readonly T[])[],
  write: (flow: Flow<T, T>) => Flow<I, O>,
): unknown[] {
  let seen: unknown[] = [];
  run(
    written((builder) => {
      const { stream } = builder.generators.fromArrayOfArrays(atoms);
      seen = watch(builder, write(builder.workflows.source(stream)).sink().freeze());
    }),
  );
  return seen;
}

/** The atoms in a trace. */
function atomsIn(seen: readonly unknown[]): unknown[][] {
  const atoms: unknown[][] = [[]];
  for (const each of seen) {
    if (each === 'ATOM') atoms.push([]);
    else if (each !== 'SEAL') atoms.at(-1)?.push(each);
  }
  return atoms.slice(0, -1);
}

/** Runs a workflow of its own that answers a portal, and reads nothing else. */
function replies<Request, Reply>(
  builder: Builder,
  name: string,
  onAsk: (ctx: { reply(reply: Reply): void } & AnyContext) => (request: Request) => unknown,
  key?: (request: Request) => number,
): ReturnType<Builder['portal']['portal']> {
  const portal = builder.portal.portal<Request, Reply>(name, key);
  builder.workflows
    .source(builder.generators.empty().stream)
    .replier(portal, () => () => undefined, onAsk)
    .sink()
    .freeze();
  return portal as ReturnType<Builder['portal']['portal']>;
}

describe('the facts observed of PortalsJS', () => {
  it('1: a downstream task sees each atom, empty ones too, and then the end', () => {
    expect(seenBehind([[1, 2], [3], []], (flow) => flow.identity())).toEqual([
      1,
      2,
      'ATOM',
      3,
      'ATOM',
      'ATOM',
      'SEAL',
    ]);
  });

  it('2: a filter that drops everything still forwards every end of an atom and of the stream', () => {
    expect(seenBehind([[1, 2], [3], []], (flow) => flow.filter(() => false))).toEqual([
      'ATOM',
      'ATOM',
      'ATOM',
      'SEAL',
    ]);
  });

  it('3: what is emitted at the end of an atom belongs to it; what is emitted at the end comes before it', () => {
    const emitting = seenBehind([[1, 2], [3]], (flow) =>
      flow
        .processor<unknown>((ctx) => (x) => ctx.emit(x))
        .withOnAtomComplete((ctx) => ctx.emit('d'))
        .withOnComplete((ctx) => ctx.emit('e')),
    );
    expect(emitting).toEqual([1, 2, 'd', 'ATOM', 3, 'd', 'ATOM', 'e', 'SEAL']);
  });

  // PortalsJS: the newest connection first, c1 c2 b1 b2 a1 a2.
  it('4: a union makes one atom of one atom (departure: in the order of its declaration), and two sinks do', () => {
    const branch = (flow: Flow<number, number>, name: string): Flow<number, string> =>
      flow.map(() => (x) => `${name}${x}`);
    const inOrder = ['a1', 'a2', 'b1', 'b2', 'c1', 'c2', 'ATOM', 'SEAL'];
    const united = seenBehind([[1, 2]], (flow) => {
      const a = branch(flow, 'a');
      return a.union([branch(flow, 'b'), branch(flow, 'c')]);
    });
    expect(united).toEqual(inOrder);

    let sunk: unknown[] = [];
    run(
      written((builder) => {
        const workflow = builder.workflows;
        const flow = workflow.source(builder.generators.fromArray([1, 2]).stream);
        for (const name of ['a', 'b', 'c']) branch(flow, name).sink();
        sunk = watch(builder, workflow.freeze());
      }),
    );
    expect(sunk).toEqual(inOrder);
  });

  it('5: each event goes to the first split that it passes, in an atom if there is one; ends go to all', () => {
    let splits: unknown[][] = [];
    run(
      written((builder) => {
        const numbers = builder.generators.fromArrayOfArrays([[1, 2, 3, 4], [5], [6]]);
        const splitter = builder.splitters.empty(numbers.stream);
        const predicates = [
          (x: number) => 1 < x && x < 5,
          (x: number) => x % 2 === 0,
          (x: number) => x === 5,
        ];
        splits = predicates.map((keep) => watch(builder, { stream: builder.splits.split(splitter, keep) }));
      }),
    );
    expect(splits).toEqual([
      [2, 3, 4, 'ATOM', 'SEAL'],
      [6, 'ATOM', 'SEAL'],
      [5, 'ATOM', 'SEAL'],
    ]);
  });

  it('6: a sequencer keeps atoms whole and each source in order, drops empty atoms, and never ends', () => {
    let seen: unknown[] = [];
    run(
      written((builder) => {
        const sequencer = builder.sequencers.random<string>();
        for (const atoms of [
          [['a1'], ['a2', 'a3'], []],
          [['b1'], ['b2']],
        ]) {
          builder.connections.connect(builder.generators.fromArrayOfArrays(atoms).stream, sequencer);
        }
        seen = watch(builder, sequencer);
      }),
    );
    expect(seen).not.toContain('SEAL');
    const atoms = atomsIn(seen);
    expect(atoms).toHaveLength(4);
    expect(atoms.filter(([first]) => String(first).startsWith('a'))).toEqual([['a1'], ['a2', 'a3']]);
    expect(atoms.filter(([first]) => String(first).startsWith('b'))).toEqual([['b1'], ['b2']]);
  });

  it('7: a cycle doubles its atoms until one without events ends it', () => {
    let seen: unknown[] = [];
    run(
      written((builder) => {
        const sequencer = builder.sequencers.random<number>();
        const doubled = builder.workflows
          .source(sequencer.stream)
          .processor<number>((ctx) => (x) => {
            if (x === 0) return;
            ctx.emit(x - 1);
            ctx.emit(x - 1);
          })
          .sink()
          .freeze();
        builder.connections.connect(builder.generators.signal(3).stream, sequencer);
        builder.connections.connect(doubled.stream, sequencer);
        seen = watch(builder, doubled);
      }),
    );
    expect(atomsIn(seen).map((atom) => atom.length)).toEqual([2, 4, 8, 0]);
  });

  it('8: keys go along through maps and into the next workflow', () => {
    let seen: unknown[] = [];
    run(
      written((builder) => {
        const keyed = builder.workflows
          .source(builder.generators.fromArray([1, 2, 3, 4]).stream)
          .key((x) => x % 2)
          .map(() => (x) => `number ${x}`)
          .sink()
          .freeze();
        const counted = builder.workflows
          .source(keyed.stream)
          .map((ctx) => () => {
            const count = PortalsJS.PerKeyState('count', 0, ctx);
            count.set(count.get() + 1);
            return count.get();
          })
          .sink()
          .freeze();
        seen = watch(builder, counted);
      }),
    );
    expect(seen).toEqual([1, 1, 2, 2, 'ATOM', 'SEAL']);
  });

  it('9: a task that is used twice in a flow has two states', () => {
    const counted = seenBehind([['x', 'y']], (flow) => {
      const task = PortalsJS.ApplicationBuilder('tasks').tasks.map<string, string>((ctx) => (text) => {
        const count = PortalsJS.PerTaskState('count', 0, ctx);
        count.set(count.get() + 1);
        return `${text}${count.get()}`;
      });
      return flow.task(task).task(task);
    });
    expect(counted).toEqual(['x11', 'y22', 'ATOM', 'SEAL']);
  });

  /** An asker on [1, 2] and [3] that emits before and after it asks, and in the continuation. */
  const asking = (finish: (flow: Flow<number, string>) => Flow<number, string>): unknown[] => {
    let seen: unknown[] = [];
    run(
      written((builder) => {
        const portal = replies<number, number>(builder, 'echo', (ctx) => (x) => ctx.reply(x));
        const asker = builder.workflows
          .source(builder.generators.fromArrayOfArrays([[1, 2], [3]]).stream)
          .asker<string, unknown, unknown>(portal, (ctx) => (x) => {
            ctx.emit(`pre${x}`);
            const future = ctx.ask(portal, x);
            ctx.await(future, (inner) => inner.emit(`cont${String(future.value(inner))}`));
            ctx.emit(`post${x}`);
          });
        seen = watch(builder, finish(asker).sink().freeze());
      }),
    );
    return seen;
  };

  // PortalsJS: the atom of the continuations has no end of its own.
  it('10: the continuations of an atom make the next atom (departure: with its end, like any other)', () => {
    expect(asking((flow) => flow)).toEqual(
      [
        ['pre1', 'post1', 'pre2', 'post2', 'ATOM'],
        ['cont1', 'cont2', 'ATOM'],
        ['pre3', 'post3', 'ATOM'],
        ['cont3', 'ATOM', 'SEAL'],
      ].flat(),
    );
  });

  it('11: what an asker emits at the end of an atom comes before all its continuations', () => {
    expect(asking((flow) => flow.withOnAtomComplete((ctx) => ctx.emit('A'))).slice(0, 8)).toEqual([
      'pre1',
      'post1',
      'pre2',
      'post2',
      'A',
      'ATOM',
      'cont1',
      'cont2',
    ]);
  });

  it('12: a request is answered under its own key, a continuation runs under that of the asker', () => {
    let seen: unknown[] = [];
    run(
      written((builder) => {
        const portal = replies<number, number>(
          builder,
          'count',
          (ctx) => () => {
            const count = PortalsJS.PerKeyState('count', 0, ctx);
            count.set(count.get() + 1);
            ctx.reply(count.get());
          },
          (x) => x % 2,
        );
        const asker = builder.workflows
          .source(builder.generators.fromArray([1, 2, 3, 4, 5, 6]).stream)
          .key((x) => x % 3)
          .asker<string, unknown, unknown>(portal, (ctx) => (x) => {
            const future = ctx.ask(portal, x);
            ctx.await(future, (inner) => {
              const own = PortalsJS.PerKeyState('own', 0, inner);
              own.set(own.get() + 1);
              inner.emit(
                `${x}: ${String(future.value(inner))} of key ${x % 2}, ${own.get()} of key ${x % 3}`,
              );
            });
          });
        seen = watch(builder, asker.sink().freeze());
      }),
    );
    expect(seen.filter((each) => String(each).includes('key'))).toEqual([
      '1: 1 of key 1, 1 of key 1',
      '2: 1 of key 0, 1 of key 2',
      '3: 2 of key 1, 1 of key 0',
      '4: 2 of key 0, 2 of key 1',
      '5: 3 of key 1, 2 of key 2',
      '6: 3 of key 0, 2 of key 0',
    ]);
  });

  // PortalsJS: 3 is lost, and the state keeps the step of the event that threw.
  it('13: a throw becomes an error event (departure: in its place, and its turn is undone)', () => {
    const seen = seenBehind(
      [
        [1, 2, 3],
        [4, 5],
      ],
      (flow) =>
        flow
          .processor<string>((ctx) => (x) => {
            const count = PortalsJS.PerTaskState('count', 0, ctx);
            count.set(count.get() + 1);
            ctx.emit(`${x} is number ${count.get()}`);
            if (x === 2) throw new Error('no 2, please');
          })
          .identity()
          .withOnError((ctx) => (error) => ctx.emit(`ERROR: ${(error as Error).message}`)),
    );
    expect(seen).toEqual([
      '1 is number 1',
      'ERROR: no 2, please',
      '3 is number 2',
      'ATOM',
      '4 is number 3',
      '5 is number 4',
      'ATOM',
      'SEAL',
    ]);
  });

  // PortalsJS: the step throws, and the next one runs the atom again: its event arrives twice and is counted twice.
  it('14: a throw at the end of an atom is an error event (departure: and nothing is done twice)', () => {
    let throws = 1;
    const seen = seenBehind([['x']], (flow) =>
      flow
        .processor<string>((ctx) => (x) => {
          const count = PortalsJS.PerTaskState('count', 0, ctx);
          count.set(count.get() + 1);
          ctx.emit(`${x}${count.get()}`);
        })
        .withOnAtomComplete((ctx) => {
          ctx.emit('undone');
          if (throws-- > 0) throw new Error('once');
        })
        .identity()
        .withOnError((ctx) => (error) => ctx.emit(`ERROR: ${(error as Error).message}`)),
    );
    expect(seen).toEqual(['x1', 'ERROR: once', 'ATOM', 'SEAL']);
  });

  // PortalsJS: the step throws, and both requests are lost.
  it('15: a throw in a request handler (departure: fails the one who asked, and nobody else)', () => {
    let seen: unknown[] = [];
    run(
      written((builder) => {
        const portal = replies<number, string>(builder, 'picky', (ctx) => (x) => {
          if (x === 1) throw new Error('not 1');
          ctx.reply(`reply ${x}`);
        });
        const asker = builder.workflows
          .source(builder.generators.fromArrayOfArrays([[1, 2], [3]]).stream)
          .asker<unknown, unknown, unknown>(portal, (ctx) => (x) => {
            const future = ctx.ask(portal, x);
            ctx.await(future, (inner) => inner.emit(future.value(inner)));
          })
          .identity()
          .withOnError((ctx) => (error) => ctx.emit(`ERROR: ${((error as Error).cause as Error).message}`));
        seen = watch(builder, asker.sink().freeze());
      }),
    );
    expect(seen).toEqual(['ATOM', 'ERROR: not 1', 'reply 2', 'ATOM', 'ATOM', 'reply 3', 'ATOM', 'SEAL']);
  });

  // PortalsJS: the request is sent all the same, and its continuation runs.
  it('16: a throw after an ask (departure: takes the request back)', () => {
    const requests: number[] = [];
    let seen: unknown[] = [];
    run(
      written((builder) => {
        const portal = replies<number, number>(builder, 'echo', (ctx) => (x) => {
          requests.push(x);
          ctx.reply(x);
        });
        const asker = builder.workflows
          .source(builder.generators.fromArray([1, 2]).stream)
          .asker<unknown, unknown, unknown>(portal, (ctx) => (x) => {
            const future = ctx.ask(portal, x);
            ctx.await(future, (inner) => inner.emit(`cont${String(future.value(inner))}`));
            if (x === 1) throw new Error('after all not');
          })
          .identity()
          .withOnError((ctx) => () => ctx.emit('ERROR'));
        seen = watch(builder, asker.sink().freeze());
      }),
    );
    expect(requests).toEqual([2]);
    expect(seen).toEqual(['ERROR', 'ATOM', 'cont2', 'ATOM', 'SEAL']);
  });

  it('17: an application that comes late sees what comes after it', () => {
    let early: unknown[] = [];
    let late: unknown[] = [];
    const system = PortalsJS.System();
    system.launch(
      written((builder) => {
        early = watch(builder, builder.generatorsWithName('numbers').fromRange(1, 9, 1));
      }, 'early'),
    );
    while (atomsIn(early).length < 3) system.step();
    system.launch(
      written((builder) => {
        late = watch(builder, { stream: builder.registry.streams.get('/early/generators/numbers/stream') });
      }, 'late'),
    );
    system.stepUntilComplete();
    expect(atomsIn(early)).toEqual([[1], [2], [3], [4], [5], [6], [7], [8]]);
    expect(atomsIn(late)).toEqual([[4], [5], [6], [7], [8]]);
  });

  it('18: steps and loops take turns by the atom, and begin again', () => {
    const { tasks } = PortalsJS.ApplicationBuilder('tasks');
    const says = (name: string) => tasks.map<unknown, string>(() => () => name);
    const seen = seenBehind(
      Array.from({ length: 8 }, () => [0]),
      (flow) => flow.task(says('A')).withStep(says('B')).withLoop(2, says('L')),
    );
    expect(atomsIn(seen).flat()).toEqual(['A', 'B', 'L', 'L', 'A', 'B', 'L', 'L']);
  });

  // PortalsJS: called at launch and once more at the first event; the second result is the one used.
  it('19: the factory of an init task is called at launch (departure: once)', () => {
    let calls = 0;
    let seen: unknown[] = [];
    const app = written((builder) => {
      const flow = builder.workflows.source(builder.generators.fromArray(['x', 'y']).stream).init(() => {
        const mine = ++calls;
        return builder.tasks.map<string, string>(() => (text) => `${text}${mine}`);
      });
      seen = watch(builder, flow.sink().freeze());
    });
    const system = PortalsJS.System();
    expect(calls).toBe(0);
    system.launch(app);
    expect(calls).toBe(1);
    system.stepUntilComplete();
    expect(calls).toBe(1);
    expect(atomsIn(seen)).toEqual([['x1', 'y1']]);
  });

  // PortalsJS: the generator is exhausted by the first system.
  it('20: an application can be launched again in another system (departure: and runs from its beginning)', () => {
    let seen: unknown[] = [];
    const app = written((builder) => {
      seen = watch(builder, builder.generators.fromArrayOfArrays([[1], [2]]));
    });
    run(app);
    run(app);
    expect(atomsIn(seen)).toEqual([[1], [2], [1], [2]]);
  });

  it('20, as it is: an iterator can be read only once, whoever launches it', () => {
    let seen: unknown[] = [];
    const app = written((builder) => {
      seen = watch(builder, builder.generators.fromIterator([1, 2].values()));
    });
    run(app);
    run(app);
    expect(atomsIn(seen)).toEqual([[1, 2], []]);
  });

  it('21: two consumers of a stream get all its atoms each', () => {
    let first: unknown[] = [];
    let second: unknown[] = [];
    run(
      written((builder) => {
        const numbers = builder.generators.fromArrayOfArrays([[1, 2], [3]]);
        first = watch(builder, numbers);
        second = watch(builder, numbers);
      }),
    );
    expect(first).toEqual([1, 2, 'ATOM', 3, 'ATOM', 'SEAL']);
    expect(second).toEqual(first);
  });
});
