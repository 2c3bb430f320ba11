// The compiler fails these tests (`npm run typecheck:test`): what a chain of operators infers and refuses.
import { describe, expectTypeOf, it } from 'vitest';
import {
  application,
  same,
  tasks,
  type ApplicationBuilder,
  type Flow,
  type FlowValue,
  type Key,
  type MachineState,
  type ProcessorContext,
  type Stream,
  type Task,
  type TaskFlow,
} from 'portico/dataflow';

interface Circle {
  readonly shape: 'circle';
  readonly radius: number;
}
interface Square {
  readonly shape: 'square';
  readonly side: number;
}
type Shape = Circle | Square;

const isCircle = (shape: Shape): shape is Circle => shape.shape === 'circle';
const isSquare = (shape: Shape): shape is Square => shape.shape === 'square';

/** Writes an application that nobody launches. */
const write = (body: (app: ApplicationBuilder) => void): void => void application('types', body);

const numbers = (app: ApplicationBuilder): Flow<number> =>
  app.workflow().source(app.generators.fromArray([1, 2]));
const shapes = (app: ApplicationBuilder): Flow<Shape> => app.workflow().source(app.ingress<Shape>().stream);

describe('a chain of operators', () => {
  it('infers the type of its events from operator to operator', () => {
    write((app) => {
      const flow = app
        .workflow()
        .source(app.generators.fromArray(['a b', 'c']))
        .flatMap((line) => line.split(' '))
        .map((word) => ({ word, length: word.length }))
        .key((event) => event.word)
        .filter((event) => event.length > 0)
        .identity()
        .logger()
        .sample(2);
      expectTypeOf<FlowValue<typeof flow>>().toEqualTypeOf<{ word: string; length: number }>();
      expectTypeOf(flow.sink()).toEqualTypeOf<Stream<{ word: string; length: number }>>();
    });
  });

  it('passes the values of every generator on as they are', () => {
    write((app) => {
      const { generators } = app;
      expectTypeOf(generators.fromArray([1, 'a'])).toEqualTypeOf<Stream<number | string>>();
      expectTypeOf(generators.fromArrays([[true], []])).toEqualTypeOf<Stream<boolean>>();
      expectTypeOf(generators.fromIterable(new Set(['a']))).toEqualTypeOf<Stream<string>>();
      expectTypeOf(generators.fromIterable([1n][Symbol.iterator]())).toEqualTypeOf<Stream<bigint>>();
      expectTypeOf(generators.fromIterables([new Set([1])])).toEqualTypeOf<Stream<number>>();
      expectTypeOf(generators.fromRange(0, 9, 3)).toEqualTypeOf<Stream<number>>();
      expectTypeOf(generators.signal({ a: 1 })).toEqualTypeOf<Stream<{ a: number }>>();
      expectTypeOf(generators.empty<Shape>()).toEqualTypeOf<Stream<Shape>>();
      const source = { hasNext: () => false, next: () => ['a'] };
      expectTypeOf(generators.custom(() => source)).toEqualTypeOf<Stream<string>>();
    });
  });

  it('gives the key function of a generator the values, and takes nothing but keys', () => {
    write((app) => {
      const { generators } = app;
      generators.fromArray([{ id: 'a' }], { key: ({ id }) => id });
      generators.fromRange(0, 9, 3, { key: (n) => BigInt(n) });
      generators.fromArray(['a'], { keys: [1n] });
      // @ts-expect-error an object is no key
      generators.fromArray([{ id: 'a' }], { key: (value) => value });
      // @ts-expect-error the values have no such field
      generators.signal({ id: 'a' }, { key: (value) => value.name });
      // @ts-expect-error a boolean is no key
      generators.fromArray(['a'], { keys: [true] });
      // @ts-expect-error keys of atoms stand in atoms too
      generators.fromArrays([['a']], { keys: ['a', 1] });
      numbers(app).key((n): Key => n);
      // @ts-expect-error an array is no key
      numbers(app).key((n) => [n]);
    });
  });

  it('narrows by type guards', () => {
    write((app) => {
      expectTypeOf(shapes(app).filter(isCircle)).toEqualTypeOf<TaskFlow<Shape, Circle>>();
      expectTypeOf(shapes(app).filter((shape) => shape.shape === 'circle')).toEqualTypeOf<
        TaskFlow<Shape, Circle>
      >();
      expectTypeOf(shapes(app).filter(() => true)).toEqualTypeOf<TaskFlow<Shape, Shape>>();
      // @ts-expect-error a number is no answer to whether it passes
      numbers(app).filter((n) => n + 1);
    });
  });

  it('narrows each flow of a split by its own predicate', () => {
    write((app) => {
      const [circles, squares, large] = shapes(app).split(
        isCircle,
        isSquare,
        (shape) => JSON.stringify(shape).length > 9,
      );
      expectTypeOf(circles).toEqualTypeOf<TaskFlow<Shape, Circle>>();
      expectTypeOf(squares).toEqualTypeOf<TaskFlow<Shape, Square>>();
      expectTypeOf(large).toEqualTypeOf<TaskFlow<Shape, Shape>>();
      // @ts-expect-error there are two predicates, and so two flows
      const [, , third] = shapes(app).split(isCircle, isSquare);
      expectTypeOf(third).toBeUndefined();
      // @ts-expect-error the predicate is one of another type
      shapes(app).split((shape: string) => shape === '');
    });
  });

  it('makes the union of what its flows carry', () => {
    write((app) => {
      const start = numbers(app);
      const words = start.map(String);
      const flags = start.map((n) => n > 0);
      const all = start.union(words, flags);
      expectTypeOf<FlowValue<typeof all>>().toEqualTypeOf<number | string | boolean>();
      const joined = start.combineAllFrom(
        [words, flags],
        tasks.map((value) => ({ value })),
      );
      expectTypeOf<FlowValue<typeof joined>>().toEqualTypeOf<{ value: string | boolean }>();
      const halve = tasks.map((n: number) => n / 2);
      // @ts-expect-error the task takes numbers, and the flows carry words
      start.combineAllFrom([words], halve);
      // @ts-expect-error a stream is no flow
      start.union(words.sink());
    });
  });

  it('lets a processor emit what it says it emits', () => {
    write((app) => {
      const flow = numbers(app).processor<string>((n, ctx) => {
        expectTypeOf(n).toBeNumber();
        ctx.emit('a');
        // @ts-expect-error it emits strings
        ctx.emit(n);
      });
      expectTypeOf<FlowValue<typeof flow>>().toBeString();
      const annotated = numbers(app).processor((n, ctx: ProcessorContext<boolean>) => ctx.emit(n > 0));
      expectTypeOf<FlowValue<typeof annotated>>().toBeBoolean();
      numbers(app).map((n, ctx) => {
        // @ts-expect-error a map answers with its value and does not emit
        ctx.emit(n);
        return n;
      });
    });
  });

  it('lets a processor emit nothing if it does not say what', () => {
    write((app) => {
      const flow = numbers(app).processor((n, ctx) => {
        // @ts-expect-error say what it emits: processor<number>
        ctx.emit(n);
      });
      expectTypeOf<FlowValue<typeof flow>>().toBeNever();
    });
  });

  it('lets a processor emit under a key, and release to an egress what that takes', () => {
    write((app) => {
      const mail = app.egress<{ to: string }>('mail');
      numbers(app).processor<string>((n, ctx) => {
        ctx.emitTo(n, 'a');
        ctx.release(mail, { to: 'ann' });
        expectTypeOf(ctx.random(n)).toBeNumber();
        // @ts-expect-error it emits strings
        ctx.emitTo('a', n);
        // @ts-expect-error an object is no key
        ctx.emitTo({ n }, 'a');
        // @ts-expect-error the egress takes letters
        ctx.release(mail, 'ann');
        // @ts-expect-error a stream is no egress; the output of the workflow is its sink
        ctx.release(mail.stream, { to: 'ann' });
      });
    });
  });

  it('carries nothing behind what uses all up', () => {
    write((app) => {
      expectTypeOf(numbers(app).consume(() => undefined)).toEqualTypeOf<TaskFlow<number, never>>();
      expectTypeOf(numbers(app).empty()).toEqualTypeOf<TaskFlow<number, never>>();
    });
  });

  it('takes tasks that fit, made now or at launch', () => {
    write((app) => {
      const halve: Task<number, number> = tasks.map((n: number) => n / 2);
      expectTypeOf(numbers(app).task(halve)).toEqualTypeOf<TaskFlow<number, number>>();
      expectTypeOf(numbers(app).init(() => tasks.map((n) => `${n}`))).toEqualTypeOf<
        TaskFlow<number, string>
      >();
      // A task that takes more than it gets fits as well.
      numbers(app).task(tasks.map((value: number | string) => value));
      // @ts-expect-error the task takes strings
      numbers(app).task(tasks.map((text: string) => text));
      // @ts-expect-error the task that the factory makes takes strings
      numbers(app).init(() => tasks.map((text: string) => text));
    });
  });

  it('lets a machine go only to states that handle the same values', () => {
    write((app) => {
      const idle: MachineState<number, string> = (n, ctx) => {
        ctx.emit(`${n}`);
        return n > 3 ? busy : same;
      };
      const busy: MachineState<number, string> = () => idle;
      expectTypeOf(numbers(app).vsm(idle)).toEqualTypeOf<TaskFlow<number, string>>();
      const other: MachineState<string, string> = () => same;
      // @ts-expect-error this machine handles strings
      numbers(app).vsm(other);
      // @ts-expect-error a state returns the next state
      const wrong: MachineState<number, string> = () => 'idle';
      void wrong;
    });
  });

  it('stashes the values that it handles', () => {
    write((app) => {
      numbers(app).stash<number>((stash) => {
        return tasks.processor((n, ctx) => {
          stash.stash(ctx, n);
          // @ts-expect-error it stashes numbers
          stash.stash(ctx, 'a');
          expectTypeOf(stash.size(ctx)).toBeNumber();
        });
      });
    });
  });
});

describe('a modifier', () => {
  it('keeps the type of its task', () => {
    write((app) => {
      const flow = numbers(app)
        .map((n) => `${n}`)
        .withName('text')
        .withOnNext((n, ctx) => {
          expectTypeOf(n).toBeNumber();
          ctx.emit('a');
          // @ts-expect-error the task emits strings
          ctx.emit(n);
        })
        .withOnError((error, ctx) => {
          expectTypeOf(error).toBeUnknown();
          ctx.emit('a');
        })
        .withOnAtomComplete((ctx) => {
          // @ts-expect-error the task emits strings
          ctx.emit(1);
        })
        .withOnComplete((ctx) => ctx.emit('end'))
        .withOnTimer<number>((payload) => expectTypeOf(payload).toBeNumber());
      expectTypeOf(flow).toEqualTypeOf<TaskFlow<number, string>>();
    });
  });

  it('is not there before the first task', () => {
    write((app) => {
      // @ts-expect-error there is no task to name
      void numbers(app).withName;
    });
  });

  it('widens the type by what a wrapper or a further behavior emits', () => {
    write((app) => {
      const task = numbers(app).map((n) => n);
      expectTypeOf(
        task.withWrapper<string>((n, ctx, inner) => (n > 0 ? inner(n) : ctx.emit('low'))),
      ).toEqualTypeOf<TaskFlow<number, number | string>>();
      expectTypeOf(task.withStep(tasks.map((n) => n > 0))).toEqualTypeOf<
        TaskFlow<number, number | boolean>
      >();
      expectTypeOf(
        task.withLoop(
          3,
          tasks.map((n) => `${n}`),
        ),
      ).toEqualTypeOf<TaskFlow<number, number | string>>();
      // @ts-expect-error the further behavior gets numbers too
      task.withStep(tasks.map((text: string) => text));
      // @ts-expect-error the inner handler takes a number
      task.withWrapper((_n, _ctx, inner) => inner('a'));
    });
  });

  it('goes on with what its task emits', () => {
    write((app) => {
      const task = numbers(app).map((n) => `${n}`);
      expectTypeOf(task.withAndThen(tasks.map((text) => text === ''))).toEqualTypeOf<
        TaskFlow<string, boolean>
      >();
      task.withAndThen(tasks.identity()).withStep(tasks.map((text: string) => text));
      // @ts-expect-error the task emits strings, and this goes on with numbers
      task.withAndThen(tasks.map((n: number) => n));
    });
  });
});
