// What cannot be kept is refused, and the store stays as it was.
import {
  answer,
  application,
  perKeyState,
  same,
  startSystem,
  tasks,
  type ApplicationBuilder,
  type DataType,
  type MachineState,
  type Stream,
} from 'portico/dataflow';
import { describe, expect, it } from 'vitest';
import { caught, expectSaid, js, rejected } from '../errors/said.ts';
import { Lives, within, type Life } from './following.ts';

const held = perKeyState<unknown>('held', undefined);

/** An application that does something with what it is sent. */
function using(write: (app: ApplicationBuilder, moves: Stream<string>) => Stream<unknown>) {
  return application('app', (app) => {
    const moves = app.ingress<string>('moves');
    return { moves, out: write(app, moves.stream) };
  });
}

type Using = ReturnType<typeof using>;

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
}

const points: DataType<Point> = {
  name: 'point',
  class: Point,
  toData: ({ x }) => x,
  fromData: (x) => new Point(x as number),
};

/** Sends something that fails; with which error the atom was set aside. */
async function refused(app: Using, life: Life): Promise<unknown> {
  await within(life, life.system.send(app.handles.moves, 'bad'));
  await life.host.run();
  expect(life.system.failure).toBeUndefined();
  const [letter] = life.system.deadLetters.list();
  return letter?.error.cause;
}

describe('a kept system', () => {
  it('refuses at the door what cannot be stored, by the path of the field', async () => {
    const lives = new Lives();
    const app = using((app, moves) =>
      app
        .workflow()
        .source(moves)
        .map((move) => move)
        .sink(),
    );
    const life = await lives.begin([app]);
    for (let n = 0; n < 1000; n++) void life.system.send(app.handles.moves, js({ n }));
    await life.host.run();
    const steps = life.system.partition.steps;
    const error = await rejected(
      life.system.send(app.handles.moves, 'fine', js({ list: [1, { call: () => 1 }] })),
    );
    expectSaid(error, {
      code: 'codec/unsupported',
      where: '/app/ingresses/moves/stream',
      what: '.list[1].call is the function "call"',
      cure: 'Store data, and let it name what is to be done',
    });
    for (const bad of [() => 1, Symbol('s'), new Point(1), Promise.resolve(), [new WeakMap()]])
      expect((await rejected(life.system.send(app.handles.moves, js(bad)))).code).toBe('codec/unsupported');
    await life.host.run();
    expect(life.system.partition.steps).toBe(steps);
    expect(life.system.failure).toBeUndefined();
  });

  it.each<
    [what: string, write: (app: ApplicationBuilder, moves: Stream<string>) => Stream<unknown>, path: string]
  >([
    [
      'an event',
      (app, moves) =>
        app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(moves)
          .processor<unknown>((_, ctx) => ctx.emit({ of: [() => 1] }))
          .sink(),
      '.of[0]',
    ],
    [
      'a value of state',
      (app, moves) =>
        app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(moves)
          .map((move, ctx) => {
            held.set(ctx, { of: [() => 1] });
            return move;
          })
          .sink(),
      '.of[0]',
    ],
    [
      'the payload of a timer',
      (app, moves) =>
        app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(moves)
          .processor((_, ctx) => void ctx.after(1, () => 1))
          .withOnTimer(() => undefined)
          .sink(),
      'the value',
    ],
    [
      'what is released',
      (app, moves) => {
        const out = app.egress<unknown>('out');
        return app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(moves)
          .processor((_, ctx) => ctx.release(out, { of: [() => 1] }))
          .sink();
      },
      '.of[0]',
    ],
    [
      'a request',
      (app, moves) => {
        const portal = app.portal<unknown, string>('p');
        app
          .workflow('replier')
          .source(app.generators.empty<never>())
          .replier([answer<unknown, string>(portal, (_, ctx) => ctx.reply('x'))])
          .sink();
        return app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(moves)
          .asker([portal], (_, ctx) => void ctx.ask(portal, { of: [() => 1] }))
          .sink();
      },
      '.of[0]',
    ],
    [
      'the state of a machine',
      (app, moves) => {
        const next: MachineState<string, never> = () => same;
        return app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(moves)
          .task(tasks.vsm<string, never>(() => next))
          .sink();
      },
      'the value',
    ],
  ])('refuses %s that cannot be stored, where it is made', async (_, write, path) => {
    const lives = new Lives();
    const app = using(write);
    const life = await lives.begin([app]);
    const error = await refused(app, life);
    expect(error).toMatchObject({ code: 'codec/unsupported' });
    expect((error as Error).message).toContain(`${path} is `);
  });

  it('lets a machine run that stays as it is', async () => {
    const lives = new Lives();
    const app = using((app, moves) =>
      app
        .workflow()
        .source(moves)
        .task(tasks.vsm<string, string>((move, ctx) => (ctx.emit(move), same)))
        .sink(),
    );
    const life = await lives.begin([app]);
    const seen: unknown[] = [];
    life.system.subscribe(app.handles.out, (move) => seen.push(move));
    await within(life, life.system.send(app.handles.moves, 'a'));
    await life.host.run();
    expect(seen).toEqual(['a']);
  });

  it('refuses functions as continuations', async () => {
    const lives = new Lives();
    const app = using((app, moves) => {
      const portal = app.portal<string, string>('p');
      app
        .workflow('replier')
        .source(app.generators.empty<never>())
        .replier([answer<string, string>(portal, (name, ctx) => ctx.reply(name))])
        .sink();
      return app
        .workflow('w', { onFailure: 'deadLetter' })
        .source(moves)
        .asker<string>([portal], (move, ctx) => {
          ctx.await(ctx.ask(portal, move), (reply) => ctx.emit(reply));
        })
        .withName('ask')
        .sink();
    });
    const life = await lives.begin([app]);
    expectSaid(js(await refused(app, life)), {
      code: 'continuation/not-data',
      where: '/app/workflows/w/ask',
      what: 'it awaits with a function, which cannot be stored',
      cure: 'Declare a continuation(name, …) in the task, and await with that',
    });
  });

  it('keeps instances of the classes that it was given, and refuses others', async () => {
    const lives = new Lives();
    const pointing = () =>
      using((app, moves) =>
        app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(moves)
          .key(() => 'k')
          .processor<unknown>((move, ctx) => {
            if (move === 'set') held.set(ctx, { at: new Point(3) });
            ctx.emit(held.get(ctx));
          })
          .sink(),
      );
    const plain = pointing();
    const without = await lives.begin([plain]);
    await within(without, without.system.send(plain.handles.moves, 'set'));
    expect(without.system.deadLetters.list()[0]?.error.message).toContain('.at is an instance of Point');
    const app = pointing();
    const first = await lives.begin([app], { types: [points] as never });
    await within(first, first.system.send(app.handles.moves, 'set'));
    const again = pointing();
    const second = await lives.begin([again], { types: [points] as never });
    const seen: unknown[] = [];
    second.system.subscribe(again.handles.out, (value) => seen.push(value));
    await within(second, second.system.send(again.handles.moves, 'get'));
    await second.host.run();
    expect(seen).toEqual([{ at: new Point(3) }]);
    expect((seen[0] as { at: unknown }).at).toBeInstanceOf(Point);
  });

  it('stops if the cut finds what slipped through, and the next one goes on from the commit before', async () => {
    const lives = new Lives();
    const counted = perKeyState('counted', 0);
    const holding = (bad: unknown) =>
      using((app, moves) =>
        app
          .workflow('w')
          .source(moves)
          .key(() => 'k')
          .map((move, ctx) => {
            held.set(ctx, move === 'bad' ? bad : move);
            return counted.update(ctx, (n) => n + 1);
          })
          .withName('hold')
          .sink(),
      );
    const app = holding(() => 1);
    const first = await lives.begin([app]);
    await within(first, first.system.send(app.handles.moves, 'fine'));
    // Only objects are looked at where they are set.
    const waiting = rejected(first.system.send(app.handles.moves, 'bad'));
    await first.host.run();
    const said = {
      code: 'codec/unsupported',
      where: 'cells /app/workflows/w/hold $k',
      what: 'is a function',
      cure: 'Store data, and let it name what is to be done',
    } as const;
    expectSaid(await waiting, said);
    expectSaid(first.system.failure, said);
    expect(caught(() => first.system.launch(app)).code).toBe('system/failed');
    await first.system.shutdown();
    const again = holding('mended');
    const second = await lives.begin([again]);
    const seen: unknown[] = [];
    second.system.subscribe(again.handles.out, (n) => seen.push(n));
    await within(second, second.system.send(again.handles.moves, 'bad'));
    await second.host.run();
    expect(seen).toEqual([2]);
  });

  it('takes no generator that can be read only once', async () => {
    function* numbers(): Generator<number[]> {
      yield [1];
      yield [2];
    }
    const reading = (...sources: readonly (Iterable<number[]> | Iterator<number[]>)[]) =>
      application('app', (app) => {
        sources.forEach((source, i) => {
          app
            .workflow()
            .source(app.generators.fromIterables(source, { name: `g${i}` }))
            .sink();
        });
      });
    const lives = new Lives();
    const iterator: Iterator<number[]> = { next: () => ({ done: true, value: undefined }) };
    const error = await rejected(lives.begin([reading([[1]], numbers(), iterator)]));
    expect(error.code).toBe('graph/invalid');
    expect(error.problems.map(({ where }) => where)).toEqual(['/app/generators/g1', '/app/generators/g2']);
    expectSaid(error.problems[0], {
      code: 'generator/not-repeatable',
      where: '/app/generators/g1',
      what: 'what this generator was given can be read only once, and this system is kept',
      cure: 'Give it an array, or an iterable that begins anew',
    });
    const keyed = application('app', (app) => {
      const keys = ['a', 'b'].values();
      app
        .workflow()
        .source(app.generators.fromIterable([1, 2], { name: 'g', keys }))
        .sink();
    });
    expect((await rejected(lives.begin([keyed]))).problems[0]?.code).toBe('generator/not-repeatable');
    const anew = { [Symbol.iterator]: numbers };
    const life = await lives.begin([reading([[1]], new Set([[1]]), anew)]);
    await life.host.run();
    expect(life.system.failure).toBeUndefined();
    // Where nothing is kept, nothing begins anew.
    await using system = await startSystem({ applications: [reading(numbers())] });
    await system.idle();
  });

  it('keeps what failed, whatever was thrown', async () => {
    const lives = new Lives();
    const throwing = () =>
      using((app, moves) =>
        app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(moves)
          .map((move): string => {
            // oxlint-disable-next-line typescript/only-throw-error -- anything may be thrown
            throw { move, call: () => 1, at: new Point(1) };
          })
          .sink(),
      );
    const app = throwing();
    const first = await lives.begin([app]);
    await within(first, first.system.send(app.handles.moves, 'a'));
    expect(first.system.failure).toBeUndefined();
    const second = await lives.begin([throwing()]);
    const [letter] = second.system.deadLetters.list();
    expect(letter?.error.code).toBe('atom/failed');
    expect(letter?.events).toEqual([{ key: 'a', value: 'a' }]);
  });
});
