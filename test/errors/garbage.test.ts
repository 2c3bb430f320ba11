// Whatever is given to whatever can be called, the only errors that come are those of Portico, and it can go on.
import { describe, expect, it } from 'vitest';
import * as portico from 'portico/dataflow';
import {
  answer,
  application,
  perKeyMap,
  perKeyState,
  perTaskMap,
  perTaskState,
  platformHost,
  PorticoError,
  startSystem,
  tasks,
  type ApplicationBuilder,
} from 'portico/dataflow';
import { js, quiet, type Move } from './said.ts';

const garbage: readonly (readonly [string, unknown])[] = Object.entries({
  undefined: undefined,
  null: null,
  'a number': 5,
  NaN: Number.NaN,
  'a negative number': -1,
  'an empty text': '',
  'a text': 'x',
  'a path': '/x/y',
  true: true,
  'an object': {},
  'an object without a prototype': Object.create(null),
  'an array': [],
  'an array of nothing': [undefined],
  'an array of objects': [{}],
  'a symbol': Symbol('s'),
  'a function': () => undefined,
  'an async function': async () => Promise.resolve(),
  'a generator function': function* () {},
  'a promise': Promise.resolve(),
  'a date': new Date(0),
  'a map': new Map(),
  'a bigint': 1n,
  'a path that is none': { path: 5 },
  'a stranger': { path: '/x/y' },
  'half a task': { spec: {} },
  'half of asks': { asks: [null], continuations: [null] },
  'half an iterable': { [Symbol.iterator]: 5 },
  'half an iterator': { next: 5 },
  'options that are none': {
    key: 5,
    keys: 5,
    name: 5,
    throttle: 5,
    strategy: {},
    priority: 'x',
    onFailure: 5,
    from: 5,
  },
  'a timer that is none': { timer: Number.NaN },
});

/** The names of the methods of an object, without those that only Portico calls. */
function methodsOf(target: object): string[] {
  const own = ['constructor', 'place', 'mutable', 'problem', 'note', 'options', 'keyOf', 'build'];
  const names = new Set<string>();
  for (let at = target; at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === 'function' && !own.includes(name)) names.add(name);
    }
  }
  return [...names];
}

/** What a call throws that is no error of Portico, or says that Portico is broken. */
function strange(call: () => unknown): unknown[] {
  try {
    call();
    return [];
  } catch (error) {
    return error instanceof PorticoError && error.family !== 'portico' ? [] : [error];
  }
}

/** Calls with one, two and three times the same. */
function calls(target: any, name: string, given: unknown): (() => unknown)[] {
  return [1, 2, 3].map((n) => () => target[name](...Array.from({ length: n }, () => given)));
}

describe.each(garbage)('%s', (_, given) => {
  const parts: [string, (app: ApplicationBuilder) => object][] = [
    ['an application', (app) => app],
    ['generators', (app) => app.generators],
    ['the registry', (app) => app.registry],
    ['a workflow', (app) => app.workflow('v')],
    ['a flow', (app) => app.workflow('v').source(app.generators.signal(1))],
    ['a task', (app) => app.workflow('v').source(app.generators.signal(1)).identity()],
  ];

  it.each(parts)('given to the methods of %s is a problem or is fine', (_, part) => {
    for (const name of methodsOf(part(new portico.ApplicationBuilder('probe')))) {
      for (const n of [0, 1, 2]) {
        const { system } = quiet();
        const found = strange(() => {
          const app = application('app', (app) => {
            const result = js(calls(part(app), name, given)[n]?.());
            result?.sink?.();
          });
          system.launch(app);
          system.stepUntilComplete(100);
        });
        expect({ name, found }).toEqual({ name, found: [] });
      }
    }
  });

  it('given to what is exported is refused or is fine', () => {
    const made = { ...tasks, ...portico };
    const functions = Object.entries(made).filter(
      ([name, f]) => typeof f === 'function' && /^[a-z]/.test(name),
    );
    for (const [name] of functions.filter(
      ([name]) => !['startSystem', 'formatLogLine', 'platformHost'].includes(name),
    )) {
      const found = calls(made, name, given).flatMap(strange);
      expect({ name, found }).toEqual({ name, found: [] });
    }
  });

  it('given to the methods of a system is refused or is fine', () => {
    const app = application('app', (app) => app.workflow('w').source(app.ingress('i').stream).sink());
    for (const name of methodsOf(quiet().system)) {
      for (const n of [0, 1, 2]) {
        const { system } = quiet();
        system.launch(app);
        const found = strange(calls(system, name, given)[n] as () => unknown);
        expect({ name, found }).toEqual({ name, found: [] });
      }
    }
  });

  it('given to a system that runs by itself is refused or is fine, and it goes on', async () => {
    const app = application('app', (app) => {
      const moves = app.ingress<number>('moves');
      return { moves, out: app.workflow('w').source(moves.stream).sink() };
    });
    const host = platformHost({ log: () => undefined });
    const kept = ['shutdown', 'idle'];
    await using system = await startSystem({ host, applications: [app] });
    const got: number[] = [];
    system.subscribe(app.handles.out, (value) => got.push(value));
    for (const name of methodsOf(system).filter((each) => !kept.includes(each))) {
      for (const call of calls(system, name, given)) {
        const found = await Promise.resolve()
          .then(call)
          .then(
            () => [],
            (error: unknown) => (error instanceof PorticoError && error.family !== 'portico' ? [] : [error]),
          );
        expect({ name, found }).toEqual({ name, found: [] });
      }
    }
    await system.send(app.handles.moves, 7);
    await system.idle();
    expect(got).toEqual([7]);
    const start = await startSystem(js(given)).then(
      async (started) => started.shutdown(),
      (error: unknown) => error,
    );
    expect(start === undefined || start instanceof PorticoError).toBe(true);
  });

  it('given to what a handler has at hand is refused or is fine, and the next event is handled', () => {
    const states = {
      value: perKeyState<unknown>('a', 0),
      map: perKeyMap<string, unknown>('b'),
      ownValue: perTaskState<unknown>('c', 0),
      ownMap: perTaskMap<string, unknown>('d'),
    };
    const methods = [
      'emit',
      'emitTo',
      'after',
      'cancel',
      'ask',
      'await',
      'awaitAll',
      'reply',
      'release',
      'forget',
      'undo',
      'random',
    ];
    const uses: [string, (ctx: any) => unknown][] = [
      ...methods.flatMap((name) =>
        calls({}, name, given).map((_, n): [string, (ctx: any) => unknown] => [
          name,
          (ctx) => calls(ctx, name, given)[n]?.(),
        ]),
      ),
      ...Object.values(states).flatMap((state) =>
        methodsOf(state)
          .filter((name) => name !== 'update')
          .flatMap((name): [string, (ctx: any) => unknown][] => [
            [name, (ctx) => js(state)[name](ctx, given, given)],
            [name, () => js(state)[name](given, 'k', 1)],
          ]),
      ),
    ];
    for (const [name, use] of uses) {
      const { system } = quiet();
      const app = application('app', (app) => {
        const portal = app.portal<unknown, unknown>('p');
        const moves = app.ingress<Move>('moves');
        const out = app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(moves.stream)
          .askerreplier<unknown>([portal], [answer(portal, () => undefined)], (move, ctx) => {
            if (move === 'bad') use(ctx);
            else ctx.emit(move);
          })
          .withOnTimer(() => undefined)
          .sink();
        return { moves, out };
      });
      system.launch(app);
      const got: unknown[] = [];
      system.send(app.handles.moves, 'bad');
      const found = strange(() => system.stepUntilComplete(100));
      system.subscribe(app.handles.out, (value) => got.push(value));
      system.send(app.handles.moves, 'good');
      system.stepUntilComplete(100);
      const causes = system.deadLetters.list().map(({ error }) => error.cause);
      const strangers = causes.filter((cause) => !(cause instanceof PorticoError));
      expect({ name, got, found, strangers }).toEqual({ name, got: ['good'], found: [], strangers: [] });
    }
  });
});
