// What the chapter “Actor lifecycle” of the Akka Typed documentation promises, held to by our actors: how they begin,
// whom they create, how they stop, who learns of it, and what is left.
import { describe, expect, it } from 'vitest';
import {
  ActorCreate,
  ActorRef,
  actorRef,
  ActorSend,
  actorWorkflow,
  behavior,
  empty,
  entityRef,
  ignore,
  init,
  mapState,
  quarantine,
  receive,
  refEquals,
  same,
  stop,
  stopped,
  supervise,
  unhandled,
  valueState,
  type ActorDeadLetter,
  type Behavior,
} from 'portico';
import { application, steppingSystem, type PorticoError, type SteppingSystem } from 'portico/dataflow';
import { settled, world } from './world.ts';

/** Emits each message. */
const echo = behavior('echo', (): Behavior<unknown> => receive((message, ctx) => (ctx.emit(message), same)));

/** Stops at the message `stop`, emits all others, and says when it has stopped. */
const mortal = behavior('mortal', (name: string): Behavior<string> =>
  receive(
    (message, ctx) => {
      if (message === 'stop') return stopped;
      ctx.emit(`${name} ${message}`);
      return same;
    },
    { onSignal: ({ signal }, ctx) => (ctx.emit(`${name} ${signal}`), same) },
  ),
);

describe('creating an actor', () => {
  it('gives a reference that can be used at once, inside and outside', async () => {
    await using w = await world();
    const parent = receive<string>((text, ctx) => {
      const child = ctx.create(echo());
      ctx.send(child, `${text} inside`);
      return same;
    });
    const ref = w.system.create(parent);
    await w.tell(ref, 'used');
    expect(w.said).toEqual(['used inside']);
  });

  it('runs init once, in the turn that creates it, and before any message', async () => {
    await using w = await world();
    const behaves = init<string>((ctx) => {
      ctx.emit('init');
      ctx.send(ctx.self, 'sent by init');
      ctx.send(ctx.create(echo()), 'created by init');
      return receive((text, inner) => (inner.emit(text), same));
    });
    const ref = await w.create(behaves);
    await w.tell(ref, 'one', 'two');
    expect(w.said).toEqual(['init', 'sent by init', 'created by init', 'one', 'two']);
  });

  it('goes through any number of init and named behaviors to what handles messages', async () => {
    await using w = await world();
    const inner = behavior('inner', (n: number): Behavior<string> =>
      n > 0 ? init((ctx) => (ctx.emit(n), inner(n - 1))) : echo(),
    );
    const ref = await w.create(inner(3));
    await w.tell(ref, 'hi');
    expect(w.said).toEqual([3, 2, 1, 'hi']);
  });

  it('is refused, and said so, if behaviors only make behaviors without end', async () => {
    await using w = await world();
    const endless = behavior('endless', (n: number): Behavior<string> => endless(n + 1));
    const ref = await w.create(endless(0));
    await w.tell(ref, 'hello');
    expect(w.letters().map(([reason]) => reason)).toEqual(['failed', 'stopped']);
    expect(w.system.deadLetters.list()[0]?.error).toMatchObject({ code: 'actor/bad-behavior' });
    expect(w.cells()).toBe(0);
  });

  it('does not call the factory of a named behavior again for each message', async () => {
    await using w = await world();
    let made = 0;
    const counted = behavior('counted', (): Behavior<string> => {
      made++;
      return receive((text, ctx) => (ctx.emit(text), same));
    });
    const ref = await w.create(counted());
    await w.tell(ref, 'a', 'b', 'c');
    expect(w.said).toEqual(['a', 'b', 'c']);
    expect(made).toBe(1);
  });

  it('can make a million of them in one turn', async () => {
    await using w = await world();
    const count = 1_000_000;
    let begun = 0;
    const leaf = init<string>(() => {
      begun++;
      return receive(() => stopped);
    });
    let last: ActorRef<string> | undefined;
    const creator = receive<string>((_, ctx) => {
      for (let i = 0; i < count; i++) last = ctx.create(leaf);
      return same;
    });
    await w.tell(await w.create(creator), 'create');
    expect(begun).toBe(count);
    expect(w.cells()).toBe(count + 1);
    if (last !== undefined) await w.tell(last, 'stop');
    expect(w.cells()).toBe(count);
    expect(w.letters()).toEqual([]);
  }, 60_000);

  it('leaves nothing of the turn if that fails: neither the actors nor what was sent to them', async () => {
    await using w = await world();
    const parent = receive<string>((text, ctx) => {
      ctx.send(ctx.create(echo(), { child: true }), text);
      if (text === 'bad') throw new Error('no');
      return same;
    });
    const ref = await w.create(parent);
    await w.tell(ref, 'bad', 'good');
    expect(w.said).toEqual(['good']);
    expect(w.cells()).toBe(2);
  });
});

describe('an actor whose beginning fails', () => {
  const broken = behavior('broken', (): Behavior<string> => {
    throw new Error('cannot begin');
  });

  it('is a dead letter with the cause, and there is no actor', async () => {
    await using w = await world();
    await w.create(broken());
    expect(w.system.deadLetters.list()).toMatchObject([
      { reason: 'failed', error: { message: 'cannot begin' } },
    ]);
    expect(w.cells()).toBe(0);
  });

  it('lets nobody wait for it: what was sent to it is a dead letter too, and who asks is told', async () => {
    await using w = await world();
    type Ask = { replyTo: ActorRef<string> };
    const refuses = init<Ask>(() => {
      throw new Error('cannot begin');
    });
    const ref = w.system.create(refuses);
    const reply = await settled(w.host, w.system.ask(ref, {}));
    expect(reply).toMatchObject({ error: { code: 'ask/failed' } });
    const late = await settled(w.host, w.system.ask(ref, {}));
    expect(late).toMatchObject({ error: { code: 'ask/failed' } });
    expect(w.letters().map(([reason]) => reason)).toEqual(['failed', 'stopped', 'stopped']);
    expect(w.cells()).toBe(0);
  });

  it('undoes what init had done before', async () => {
    await using w = await world();
    const parent = receive<string>((_, ctx) => {
      ctx.create(
        init<string>((inner) => {
          inner.emit('half');
          inner.create(mortal('grandchild'), { child: true });
          inner.timers.single('t', 10, 'tick');
          throw new Error('cannot begin');
        }),
        { child: true },
      );
      return same;
    });
    const ref = await w.create(parent);
    await w.tell(ref, 'go');
    expect(w.said).toEqual([]);
    expect(w.cells()).toBe(1);
    expect(w.timers()).toBe(0);
  });

  it('is no child that its parent would wait for', async () => {
    await using w = await world();
    const parent = receive<string>(
      (text, ctx) => {
        if (text === 'stop') return stopped;
        ctx.create(broken(), { child: true });
        return same;
      },
      { onSignal: ({ signal }, ctx) => (ctx.emit(signal), same) },
    );
    const ref = await w.create(parent);
    await w.tell(ref, 'create', 'stop');
    expect(w.said).toEqual(['postStop']);
    expect(w.cells()).toBe(0);
  });

  it.each([
    ['same', same],
    ['unhandled', unhandled],
  ])('fails if it is to begin with “%s”', async (_, nothing) => {
    await using w = await world();
    await w.create(nothing);
    await w.create(init(() => nothing));
    const codes = w.system.deadLetters.list().map(({ error }) => (error as PorticoError).code);
    expect(codes).toEqual(['actor/bad-behavior', 'actor/bad-behavior']);
    expect(w.cells()).toBe(0);
  });
});

describe('an init that stops at once', () => {
  it('leaves nothing, and what was sent to the actor is a dead letter', async () => {
    await using w = await world();
    const ref = w.system.create(init<string>((ctx) => (ctx.emit('was here'), stopped)));
    await w.tell(ref, 'too late');
    expect(w.said).toEqual(['was here']);
    expect(w.letters()).toEqual([['stopped', 'too late']]);
    expect(w.cells()).toBe(0);
  });

  it('takes the children that it created with it', async () => {
    await using w = await world();
    await w.create(init((ctx) => (ctx.create(mortal('child'), { child: true }), stopped)));
    expect(w.said).toEqual(['child postStop']);
    expect(w.cells()).toBe(0);
  });

  it('is the same as being created stopped', async () => {
    await using w = await world();
    const ref = w.system.create(stopped);
    await w.tell(ref, 'too late');
    expect(w.letters()).toEqual([['stopped', 'too late']]);
    expect(w.cells()).toBe(0);
  });
});

describe('a message to an actor that is not created yet', () => {
  const cellsIn = ({ partition }: SteppingSystem): number =>
    partition.instances.get('/early')?.cellCounts().get('/early/workflows/actors/ActorRuntime') ?? 0;

  /** Sends to a new actor from outside as soon as it is known there. Tells whether that was before its creation was read. */
  const early = (seed: number, first: Behavior<string>, name?: string) => {
    const app = application('early', (app) => {
      const ingress = app.ingress<ActorSend | ActorCreate>('in');
      return { ingress, outlets: actorWorkflow(app, ingress.stream).outlets };
    });
    const { ingress, outlets } = app.handles;
    const system = steppingSystem({ seed });
    system.launch(app);
    const said: unknown[] = [];
    const letters: ActorDeadLetter[] = [];
    const refs: ActorRef<string>[] = [];
    system.subscribe(outlets.deadLetters.stream, (letter) => void letters.push(letter));
    system.subscribe(outlets.emitted.stream, (value) => {
      if (value instanceof ActorRef) refs.push(value as ActorRef<string>);
      else said.push(value);
    });
    const creates = behavior('creates', () =>
      receive<string>((_, ctx) => {
        const ref = ctx.create(first, name === undefined ? {} : { name });
        ctx.emit(ref);
        return stopped;
      }),
    );
    const watcher = actorRef<never>('watcher');
    system.send(ingress, new ActorSend(entityRef(creates(), 'one'), 'go'));
    while (refs.length === 0) system.step();
    const [ref] = refs;
    if (ref === undefined) throw new Error('no reference came');
    const watching = init<never>((ctx) => {
      ctx.watch(ref);
      return receive(() => same, { onSignal: (signal, inner) => (inner.emit(signal.signal), same) });
    });
    for (const text of ['one', 'two']) system.send(ingress, new ActorSend(ref, text));
    system.send(ingress, new ActorCreate(watcher, watching));
    system.send(ingress, new ActorSend(ref, 'three'));
    // Nobody but the new actor has a cell: if there is one before it begins, messages wait in it.
    let waited = false;
    while (system.canStep()) {
      system.step();
      if (!said.includes('begun') && letters.length === 0 && cellsIn(system) > 0) waited = true;
    }
    return {
      said,
      letters: letters.map(({ reason, message }) => [reason, message]),
      waited,
      cells: cellsIn(system),
    };
  };
  const seeds = Array.from({ length: 24 }, (_, i) => i + 1);
  const begins = init<string>((ctx) => {
    ctx.emit('begun');
    return receive((text, inner) => (inner.emit(text), text === 'three' ? stopped : same));
  });

  it.each([
    ['a number', undefined],
    ['a name', 'new one'],
  ])('waits, in its place, if it comes on another input than the creation (known by %s)', (_, name) => {
    const runs = seeds.map((seed) => early(seed, begins, name));
    expect(runs.map(({ waited }) => waited)).toContain(true);
    for (const { said, letters, cells } of runs) {
      expect(said).toEqual(['begun', 'one', 'two', 'three', 'terminated']);
      expect(letters).toEqual([]);
      // The watcher.
      expect(cells).toBe(1);
    }
  });

  it('is a dead letter if there is no actor in the end, and nothing waits for it any more', () => {
    for (const nothing of [stopped, init<string>(() => stopped)]) {
      for (const { said, letters, cells } of seeds.map((seed) => early(seed, nothing))) {
        expect(said).toEqual(['terminated']);
        expect(letters).toEqual(['one', 'two', 'three'].map((text) => ['stopped', text]));
        expect(cells).toBe(1);
      }
    }
  });

  it('fails on its own, if it does, and neither undoes the creation nor what else waited', () => {
    const fails = init<string>((ctx) => {
      ctx.emit('begun');
      return receive((text, inner) => {
        inner.emit(text);
        if (text === 'two') throw new Error('no');
        return text === 'three' ? stopped : same;
      });
    });
    const runs = seeds.map((seed) => early(seed, fails));
    expect(runs.map(({ waited }) => waited)).toContain(true);
    for (const { said, letters } of runs) {
      expect(said).toEqual(['begun', 'one', 'three', 'terminated']);
      expect(letters).toEqual([['failed', 'two']]);
    }
  });
});

describe('a behavior', () => {
  it('is data: a name and arguments, and what comes next is the one that was returned', async () => {
    await using w = await world();
    const counter = behavior('counter', (n: number): Behavior<string> =>
      receive((_, ctx) => (ctx.emit(n), counter(n + 1))),
    );
    expect(String(counter(7))).toBe('counter(7)');
    await w.tell(await w.create(counter(7)), 'a', 'b', 'c');
    expect(w.said).toEqual([7, 8, 9]);
  });

  it('may be that of another actor: nothing of that actor comes with it', async () => {
    await using w = await world();
    const count = valueState('count', 0);
    const counts = receive<string>((_, ctx) => (ctx.emit(count.update(ctx, (n) => n + 1)), same));
    const turnsInto = receive<string>(() => counts);
    const one = await w.create(counts);
    const other = await w.create(turnsInto);
    await w.tell(one, 'a', 'b');
    await w.tell(other, 'becomes it', 'a');
    await w.tell(one, 'c');
    expect(w.said).toEqual([1, 2, 1, 3]);
  });

  it('may travel in a message and be created elsewhere', async () => {
    await using w = await world();
    const creator = receive<Behavior<string>>((given, ctx) => (ctx.send(ctx.create(given), 'hello'), same));
    await w.tell(await w.create(creator), echo());
    expect(w.said).toEqual(['hello']);
  });

  it('may be an init, which then runs in that turn', async () => {
    await using w = await world();
    const again = receive<string>((text) =>
      init((ctx) => (ctx.emit(`init after ${text}`), receive((next, inner) => (inner.emit(next), same)))),
    );
    await w.tell(await w.create(again), 'one', 'two');
    expect(w.said).toEqual(['init after one', 'two']);
  });

  it('may stop in its factory, or in an init that a handler returned', async () => {
    await using w = await world();
    const spent = behavior('spent', () => stopped);
    const one = await w.create(receive<string>(() => spent()));
    const other = await w.create(receive<string>(() => init(() => stopped)));
    await w.tell(one, 'go', 'too late');
    await w.tell(other, 'go', 'too late');
    expect(w.letters()).toEqual([
      ['stopped', 'too late'],
      ['stopped', 'too late'],
    ]);
    expect(w.cells()).toBe(0);
  });

  it('that its factory cannot make fails the turn that returned it, and the actor goes on as it was', async () => {
    await using w = await world();
    const broken = behavior('broken', (): Behavior<string> => {
      throw new Error('cannot be made');
    });
    const ref = await w.create(
      receive<string>((text, ctx) => {
        ctx.emit(text);
        return text === 'break' ? broken() : same;
      }),
    );
    await w.tell(ref, 'a', 'break', 'b');
    expect(w.said).toEqual(['a', 'b']);
    expect(w.system.deadLetters.list()).toMatchObject([
      { reason: 'failed', message: 'break', error: { message: 'cannot be made' } },
    ]);
  });

  it.each([
    ['nothing', () => undefined],
    ['null', () => null],
    ['some object', () => ({ kind: 'receive' })],
    ['a promise', () => Promise.reject(new Error('nobody looks'))],
  ])('is needed from every handler: “%s” fails the turn', async (_, returns) => {
    await using w = await world();
    const ref = await w.create(
      receive<string>((text, ctx) => (ctx.emit(text), text === 'bad' ? (returns() as never) : same)),
    );
    await w.tell(ref, 'bad', 'good');
    expect(w.said).toEqual(['good']);
    expect(w.system.deadLetters.list()).toMatchObject([
      { reason: 'failed', message: 'bad', error: { code: 'actor/bad-behavior' } },
    ]);
  });

  it('“unhandled” leaves it as it was, and the message is a dead letter', async () => {
    await using w = await world();
    const ref = await w.create(
      receive<string>((text, ctx) => {
        if (text === 'odd') return unhandled;
        ctx.emit(text);
        return same;
      }),
    );
    await w.tell(ref, 'a', 'odd', 'b');
    expect(w.said).toEqual(['a', 'b']);
    expect(w.letters()).toEqual([['unhandled', 'odd']]);
  });

  it('“empty” handles nothing, “ignore” uses up everything; both live on', async () => {
    await using w = await world();
    const none = await w.create<string>(empty);
    const all = await w.create<string>(ignore);
    await w.tell(none, 'a', 'b');
    await w.tell(all, 'c', 'd');
    expect(w.letters()).toEqual([
      ['unhandled', 'a'],
      ['unhandled', 'b'],
    ]);
    expect(w.cells()).toBe(2);
  });
});

describe('stopping', () => {
  it('comes after what the turn did: what it sent still leaves', async () => {
    await using w = await world();
    const other = await w.create(echo());
    const ref = await w.create(receive<string>((text, ctx) => (ctx.send(other, text), stopped)));
    await w.tell(ref, 'last words');
    expect(w.said).toEqual(['last words']);
  });

  it('makes dead letters of the messages that come after, with the reason', async () => {
    await using w = await world();
    const ref = await w.create(mortal('a'));
    await w.tell(ref, 'stop', 'too late');
    await w.tell(ref, 'even later');
    expect(w.letters()).toEqual([
      ['stopped', 'too late'],
      ['stopped', 'even later'],
    ]);
  });

  it('gives the last signal, PostStop, to the behavior that the actor had last', async () => {
    await using w = await world();
    const second = mortal('second');
    const ref = await w.create(receive<string>(() => second));
    await w.tell(ref, 'change', 'stop');
    expect(w.said).toEqual(['second postStop']);
  });

  it('lets PostStop send, and creates nobody who would outlive it as a child', async () => {
    await using w = await world();
    const other = await w.create(echo());
    const ref = await w.create(
      receive<string>(() => stopped, {
        onSignal: (_, ctx) => {
          ctx.send(other, 'sent by PostStop');
          ctx.create(mortal('late child'), { child: true });
          ctx.timers.single('t', 10, 'tick');
          ctx.timers.fixedRate('u', 10, 'tick');
          ctx.stash.stash('stashed');
          ctx.stash.unstashAll();
          ctx.watch(other);
          return same;
        },
      }),
    );
    await w.tell(ref, 'stop');
    await w.pass(100);
    expect(w.said).toEqual(['sent by PostStop', 'late child postStop']);
    expect(w.letters()).toEqual([['stopped', 'stashed']]);
    expect(w.cells()).toBe(1);
    expect(w.timers()).toBe(0);
  });

  it('goes on if PostStop throws: that is a dead letter, what it sent before is undone, and all others are told', async () => {
    await using w = await world();
    const failing = receive<string>(() => stopped, {
      onSignal: (_, ctx) => {
        ctx.emit('half');
        throw new Error('cannot stop');
      },
    });
    const parent = receive<string>(
      (_, ctx) => {
        const child = ctx.create(failing, { child: true });
        ctx.watch(child);
        ctx.stop(child);
        return same;
      },
      { onSignal: ({ signal }, ctx) => (ctx.emit(signal), stopped) },
    );
    await w.tell(await w.create(parent), 'go');
    expect(w.said).toEqual(['terminated', 'postStop']);
    expect(w.system.deadLetters.list()).toMatchObject([
      { reason: 'failed', message: { signal: 'postStop' }, error: { message: 'cannot stop' } },
    ]);
    expect(w.cells()).toBe(0);
  });

  it('leaves nothing behind: no state, no timer, no name, no ask', async () => {
    await using w = await world();
    const list = mapState<string, string>('list');
    const value = valueState('value', 0);
    type Order =
      { type: 'fill' } | { type: 'stop' } | { type: 'answered'; reply?: string; failure?: unknown };
    type Question = { q: string; replyTo: ActorRef<string> };
    const silent = await w.create(receive<Question>(() => same));
    const full = receive<Order>((order, ctx) => {
      if (order.type === 'stop') return stopped;
      list.set(ctx, 'a', 'b');
      value.set(ctx, 1);
      ctx.timers.single('one', 1_000, order);
      ctx.timers.fixedRate('two', 1_000, order);
      ctx.ask(silent, { q: 'how?' }, { as: { type: 'answered' }, timeoutMs: 1_000 });
      ctx.watch(silent);
      ctx.stash.stash({ type: 'fill' });
      ctx.create(mortal('child'), { child: true });
      return same;
    });
    const refs = [await w.create(full, 'full'), await w.create(full)];
    for (const ref of refs) await w.tell(ref, { type: 'fill' });
    expect(w.timers()).toBe(6);
    for (const ref of refs) await w.tell(ref, { type: 'stop' });
    // Only the one that was asked is left, and nobody watches it.
    expect(w.cells()).toBe(1);
    expect(w.timers()).toBe(0);
    await w.pass(2_000);
    expect(w.said).toEqual(['child postStop', 'child postStop']);
  });

  it('leaves nothing of 20,000 actors that came and went', async () => {
    await using w = await world();
    const fork = behavior('fork', (n: number): Behavior<string> =>
      init((ctx) => {
        if (n > 0) for (const child of [true, false]) ctx.create(fork(n - 1), { child });
        return n === 0 ? stopped : receive(() => stopped);
      }),
    );
    const root = receive<string>((_, ctx) => {
      for (let i = 0; i < 10_000; i++) {
        ctx.send(ctx.create(mortal('quiet'), { child: i % 2 === 0 }), 'stop');
        ctx.stop(
          ctx.create(
            receive<string>(() => same),
            { child: true },
          ),
        );
      }
      return same;
    });
    await w.tell(await w.create(root), 'go');
    expect(w.said).toHaveLength(10_000);
    expect(w.cells()).toBe(1);
    await w.create(fork(3));
    // Each fork that has children waits for a message; the leaves are gone.
    expect(w.cells()).toBe(1 + 7);
  });
});

describe('creating and stopping in one turn', () => {
  it('runs the whole life of the child', async () => {
    await using w = await world();
    const parent = receive<string>((_, ctx) => {
      const child = ctx.create(mortal('child'), { child: true });
      ctx.send(child, 'hello');
      ctx.stop(child);
      ctx.send(child, 'too late');
      return same;
    });
    await w.tell(await w.create(parent), 'go');
    expect(w.said).toEqual(['child hello', 'child postStop']);
    expect(w.letters()).toEqual([['stopped', 'too late']]);
    expect(w.cells()).toBe(1);
  });

  it('lets a parent create children and stop itself', async () => {
    await using w = await world();
    const parent = receive<string>((_, ctx) => {
      ctx.send(ctx.create(mortal('dependent'), { child: true }), 'hello');
      ctx.send(ctx.create(mortal('independent')), 'hello');
      return stopped;
    });
    await w.tell(await w.create(parent), 'go');
    expect(w.said).toEqual(['dependent hello', 'independent hello', 'dependent postStop']);
    expect(w.cells()).toBe(1);
  });
});

describe('children', () => {
  /** Has `width` children at each level, down to `depth`. */
  const tree = behavior('tree', (path: string, depth: number): Behavior<string> =>
    init((ctx) => {
      for (const side of depth > 0 ? ['l', 'r'] : [])
        ctx.create(tree(path + side, depth - 1), { child: true });
      return receive(
        (text, inner) => {
          if (text === 'count') inner.emit(inner.children.length);
          return text === 'stop' ? stopped : same;
        },
        { onSignal: ({ signal }, inner) => (inner.emit(`${path} ${signal}`), same) },
      );
    }),
  );

  it('stop with their parent, depth first: PostStop of a parent runs after those of all below it', async () => {
    await using w = await world();
    const ref = await w.create(tree('x', 3));
    expect(w.cells()).toBe(15);
    await w.tell(ref, 'stop');
    const order = w.said.map((line) => String(line).split(' ')[0] ?? '');
    expect(order).toHaveLength(15);
    expect(order.at(-1)).toBe('x');
    order.forEach((path, at) => {
      for (const below of order.slice(at + 1)) expect(below.startsWith(path)).toBe(false);
    });
    expect(w.cells()).toBe(0);
  });

  it('go through a chain of any depth', async () => {
    await using w = await world();
    const chain = behavior('chain', (depth: number): Behavior<string> =>
      init((ctx) => {
        if (depth > 0) ctx.create(chain(depth - 1), { child: true });
        return receive(() => stopped, { onSignal: (_, inner) => (inner.emit(depth), same) });
      }),
    );
    await w.tell(await w.create(chain(2_000)), 'stop');
    expect(w.said).toEqual(Array.from({ length: 2_001 }, (_, i) => i));
    expect(w.cells()).toBe(0);
  });

  it('are those that were created as such: others live on', async () => {
    await using w = await world();
    let other: ActorRef<string> | undefined;
    const parent = receive<string>((_, ctx) => {
      other = ctx.create(echo());
      return stopped;
    });
    await w.tell(await w.create(parent), 'go');
    if (other !== undefined) await w.tell(other, 'alive');
    expect(w.said).toEqual(['alive']);
  });

  it('are counted while they live', async () => {
    await using w = await world();
    const ref = await w.create(tree('x', 1));
    await w.tell(ref, 'count');
    expect(w.said).toEqual([2]);
  });

  it('can be stopped by their parent, and by nobody else', async () => {
    await using w = await world();
    const stranger = await w.create(mortal('stranger'));
    const parent = receive<string>((_, ctx) => {
      ctx.stop(stranger);
      return same;
    });
    await w.tell(await w.create(parent), 'go');
    expect(w.system.deadLetters.list()).toMatchObject([
      { reason: 'failed', error: { code: 'actor/not-a-child' } },
    ]);
    await w.tell(stranger, 'alive');
    expect(w.said).toEqual(['stranger alive']);
  });

  it('may be stopped more than once', async () => {
    await using w = await world();
    const parent = receive<string>((_, ctx) => {
      const child = ctx.create(mortal('child'), { child: true });
      ctx.stop(child);
      ctx.stop(child);
      return same;
    });
    await w.tell(await w.create(parent), 'go');
    expect(w.said).toEqual(['child postStop']);
    expect(w.letters()).toEqual([]);
  });

  it('keep a stopping parent in place: its messages are dead letters, and it does not stop twice', async () => {
    await using w = await world();
    const ref = await w.create(tree('x', 2));
    await w.tell(ref, 'stop', 'stop', 'hello');
    expect(w.letters()).toEqual([
      ['stopped', 'stop'],
      ['stopped', 'hello'],
    ]);
    expect(w.said.filter((line) => line === 'x postStop')).toHaveLength(1);
  });

  it('have stopped before their name can be taken again, and the new one is a child too', async () => {
    await using w = await world();
    type Order = 'create' | 'stop' | { gone: string };
    const child = behavior('child', (n: number, parent: ActorRef<Order>): Behavior<string> =>
      receive(
        (_, ctx) => {
          // The parent learns from this message, before it is told of the end, and takes the name again.
          ctx.send(parent, { gone: String(n) });
          return stopped;
        },
        { onSignal: ({ signal }, ctx) => (ctx.emit(`${n} ${signal}`), same) },
      ),
    );
    const parent = behavior('parent', (n: number): Behavior<Order> =>
      receive((order, ctx) => {
        if (order === 'stop') return stopped;
        ctx.create(child(n, ctx.self), { name: 'the child', child: true });
        return parent(n + 1);
      }),
    );
    const ref = await w.create(parent(1));
    await w.tell(ref, 'create');
    await w.tell(actorRef<string>('the child'), 'end');
    await w.tell(ref, 'stop');
    expect(w.said).toEqual(['1 postStop', '2 postStop']);
    expect(w.letters()).toEqual([]);
    expect(w.cells()).toBe(0);
  });

  it('do not include an actor that had the name before', async () => {
    await using w = await world();
    const first = await w.create(mortal('first'), 'the name');
    const parent = receive<string>(
      (text, ctx) => {
        if (text === 'stop') return stopped;
        ctx.create(mortal('second'), { name: 'the name', child: true });
        return text === 'create and stop' ? stopped : same;
      },
      { onSignal: ({ signal }, ctx) => (ctx.emit(`parent ${signal}`), same) },
    );
    await w.tell(await w.create(parent), 'create', 'stop');
    await w.tell(await w.create(parent), 'create and stop');
    expect(w.letters().map(([reason]) => reason)).toEqual(['nameTaken', 'nameTaken']);
    await w.tell(first, 'alive');
    expect(w.said).toEqual(['parent postStop', 'parent postStop', 'first alive']);
    expect(w.cells()).toBe(1);
  });
});

describe('watching', () => {
  const watcher = (ref: ActorRef<never>): Behavior<string> =>
    init((ctx) => {
      ctx.watch(ref);
      return receive(
        (text, inner) => {
          if (text === 'unwatch') inner.unwatch(ref);
          else if (text === 'watch') inner.watch(ref);
          else inner.emit(text);
          return same;
        },
        {
          onSignal: (signal, inner) => {
            if (signal.signal === 'terminated') inner.emit(['terminated', refEquals(signal.ref, ref)]);
            return same;
          },
        },
      );
    });

  it('tells the watcher, once, which actor has stopped, and after all that it got from it', async () => {
    await using w = await world();
    const talker = await w.create(
      receive<ActorRef<string>>((to, ctx) => {
        for (const text of ['one', 'two']) ctx.send(to, text);
        return stopped;
      }),
    );
    const ref = await w.create(watcher(talker));
    await w.tell(ref, 'watch');
    await w.tell(talker, ref);
    expect(w.said).toEqual(['one', 'two', ['terminated', true]]);
    expect(w.cells()).toBe(1);
  });

  it('tells each of many watchers', async () => {
    await using w = await world();
    const watched = await w.create(mortal('watched'));
    for (let i = 0; i < 100; i++) await w.create(watcher(watched));
    await w.tell(watched, 'stop');
    expect(w.said.filter((each) => Array.isArray(each))).toHaveLength(100);
  });

  it('tells at once of an actor that has stopped, or that never was', async () => {
    await using w = await world();
    const gone = await w.create(stopped);
    const never = actorRef<string>('never created');
    const kind = behavior('kind', () => receive<string>(() => same));
    for (const ref of [gone, never, entityRef(kind(), 'asleep')]) await w.create(watcher(ref));
    expect(w.said).toEqual([
      ['terminated', true],
      ['terminated', true],
      ['terminated', true],
    ]);
    expect(w.cells()).toBe(3);
  });

  it('is told of an actor that fails to begin', async () => {
    await using w = await world();
    const parent = receive<string>(
      (_, ctx) => {
        ctx.watch(
          ctx.create(
            init(() => {
              throw new Error('no');
            }),
          ),
        );
        return same;
      },
      { onSignal: ({ signal }, ctx) => (ctx.emit(signal), same) },
    );
    await w.tell(await w.create(parent), 'go');
    expect(w.said).toEqual(['terminated']);
  });

  it('ends with unwatch, also when the end of the other is on its way already', async () => {
    await using w = await world();
    const watched = await w.create(mortal('watched'));
    const ref = await w.create(watcher(watched));
    await w.tell(ref, 'unwatch');
    await w.tell(watched, 'stop');
    expect(w.said).toEqual(['watched postStop']);
    const other = await w.create(mortal('other'));
    const late = await w.create(watcher(other));
    // In one go: the other stops, and before its watcher is told it does not want to know any more.
    await w.tell(
      await w.create(receive<string>((_, ctx) => (ctx.send(other, 'stop'), ctx.send(late, 'unwatch'), same))),
      'go',
    );
    expect(w.said).toEqual(['watched postStop', 'other postStop']);
  });

  it('gives the message that was asked for in place of the signal', async () => {
    await using w = await world();
    type Told =
      { type: 'watch'; whom: ActorRef<string> } | { type: 'gone'; who: string; reply?: ActorRef<never> };
    const ref = await w.create(
      receive<Told>((told, ctx) => {
        if (told.type === 'watch') ctx.watch(told.whom, { as: { type: 'gone', who: 'x' } });
        else ctx.emit([told.who, String(told.reply)]);
        return same;
      }),
    );
    const watched = await w.create(mortal('watched'), 'x');
    await w.tell(ref, { type: 'watch', whom: watched });
    await w.tell(watched, 'stop');
    expect(w.said).toEqual(['watched postStop', ['x', String(watched)]]);
  });

  it('is a death pact for who does not handle it: that turn fails, and supervision decides', async () => {
    await using w = await world();
    const watched = await w.create(mortal('watched'));
    const unaware = (): Behavior<string> => init((ctx) => (ctx.watch(watched), receive(() => same)));
    const quarantined = await w.create(supervise(unaware(), quarantine));
    const dying = await w.create(supervise(unaware(), stop));
    const witness = await w.create(watcher(dying));
    await w.tell(watched, 'stop');
    expect(w.said).toEqual(['watched postStop', ['terminated', true]]);
    expect(w.system.deadLetters.list()).toMatchObject([
      { reason: 'failed', message: { signal: 'terminated' }, error: { code: 'actor/death-pact' } },
    ]);
    expect(refEquals(w.system.deadLetters.list()[0]?.ref ?? witness, quarantined)).toBe(true);
    expect(w.cells()).toBe(2);
  });

  it('is handled after a failure when the dead letter is sent again', async () => {
    await using w = await world();
    const watched = await w.create(mortal('watched'));
    let ready = false;
    await w.create(
      init<string>((ctx) => {
        ctx.watch(watched);
        return receive(() => same, {
          onSignal: ({ signal }, inner) => {
            if (!ready) throw new Error('not yet');
            inner.emit(signal);
            return same;
          },
        });
      }),
    );
    await w.tell(watched, 'stop');
    ready = true;
    const [letter] = w.system.deadLetters.list();
    await w.system.deadLetters.resend(letter?.id ?? 0);
    await w.rest();
    expect(w.said).toEqual(['watched postStop', 'terminated']);
  });

  it('can be oneself, which tells nobody', async () => {
    await using w = await world();
    const ref = await w.create(init<string>((ctx) => (ctx.watch(ctx.self), receive(() => stopped))));
    await w.tell(ref, 'stop');
    expect(w.letters()).toEqual([]);
    expect(w.cells()).toBe(0);
  });

  it('works from outside', async () => {
    await using w = await world();
    const watched = await w.create(mortal('watched'));
    const told = w.system.watch(watched);
    expect(await settled(w.host, told)).toBe('waiting');
    await w.tell(watched, 'stop');
    expect(await settled(w.host, told)).toEqual({ reply: undefined });
    expect(await settled(w.host, w.system.watch(watched))).toEqual({ reply: undefined });
    expect(w.cells()).toBe(0);
  });
});

describe('a name', () => {
  it('is found by whoever knows it', async () => {
    await using w = await world();
    await w.create(mortal('a'), 'the name');
    await w.tell(actorRef<string>('the name'), 'hello');
    expect(w.said).toEqual(['a hello']);
  });

  it('belongs to one actor at a time: another creation is a dead letter, and the first goes on', async () => {
    await using w = await world();
    const first = await w.create(mortal('first'), 'the name');
    const second = await w.create(mortal('second'), 'the name');
    expect(refEquals(first, second)).toBe(true);
    await w.tell(second, 'hello');
    expect(w.said).toEqual(['first hello']);
    expect(w.system.deadLetters.list()).toMatchObject([
      { reason: 'nameTaken', error: { code: 'actor/name-taken' } },
    ]);
  });

  it('can be used again after the actor has stopped, also by the creation that was set aside', async () => {
    await using w = await world();
    const first = await w.create(mortal('first'), 'the name');
    await w.create(mortal('second'), 'the name');
    await w.tell(first, 'stop');
    const [letter] = w.system.deadLetters.list();
    await w.system.deadLetters.resend(letter?.id ?? 0);
    await w.tell(actorRef<string>('the name'), 'hello', 'stop');
    await w.create(mortal('third'), 'the name');
    await w.tell(actorRef<string>('the name'), 'hello');
    expect(w.said).toEqual(['first postStop', 'second hello', 'second postStop', 'third hello']);
  });

  it('that nobody has is no actor: the message is a dead letter', async () => {
    await using w = await world();
    await w.tell(actorRef<string>('nobody'), 'hello');
    expect(w.letters()).toEqual([['unknown', 'hello']]);
  });

  it('is what the actor is called; without one it is a number', async () => {
    await using w = await world();
    const says = receive<string>((_, ctx) => (ctx.emit(ctx.name), same));
    await w.tell(await w.create(says, 'Ann'), 'go');
    await w.tell(await w.create(says), 'go');
    const kind = behavior('kind', () => says);
    await w.tell(w.system.entity(kind(), 'a/b'), 'go');
    expect(w.said).toEqual(['Ann', expect.stringMatching(/^-?\d+$/), 'a/b']);
  });

  it.each([[''], [7], [null]])('cannot be %j', async (name) => {
    await using w = await world();
    expect(() => w.system.create(echo(), { name: name as string })).toThrow(
      expect.objectContaining({ code: 'actor/bad-name' }),
    );
    await w.tell(
      await w.create(receive<string>((_, ctx) => (ctx.create(echo(), { name: name as string }), same))),
      'go',
    );
    expect(w.system.deadLetters.list()).toMatchObject([{ error: { code: 'actor/bad-name' } }]);
  });
});

describe('an entity', () => {
  const account = behavior('account', (sum: number): Behavior<number | 'read' | 'close'> =>
    receive(
      (order, ctx) => {
        if (order === 'close') return stopped;
        if (order !== 'read') return account(sum + order);
        ctx.emit([ctx.name, sum]);
        return same;
      },
      { onSignal: ({ signal }, ctx) => (ctx.emit([ctx.name, signal]), same) },
    ),
  );

  it('always exists: its first message creates it, and there is nothing of it before', async () => {
    await using w = await world();
    const ann = w.system.entity(account(0), 'ann');
    const bob = w.system.entity(account(10), 'bob');
    expect(w.cells()).toBe(0);
    await w.tell(ann, 1, 2, 'read');
    expect(w.cells()).toBe(1);
    await w.tell(bob, 'read');
    expect(w.said).toEqual([
      ['ann', 3],
      ['bob', 10],
    ]);
  });

  it('is the same for everybody, inside and outside', async () => {
    await using w = await world();
    const inside = receive<string>((id, ctx) => (ctx.send(ctx.entity(account(0), id), 5), same));
    await w.tell(await w.create(inside), 'ann');
    await w.tell(w.system.entity(account(0), 'ann'), 1, 'read');
    expect(refEquals(w.system.entity(account(0), 'ann'), entityRef(account(99), 'ann'))).toBe(true);
    expect(w.said).toEqual([['ann', 6]]);
  });

  it('comes into being again with the first message after it has stopped', async () => {
    await using w = await world();
    const ann = w.system.entity(account(0), 'ann');
    await w.tell(ann, 1, 'close', 'read');
    await w.tell(ann, 'close');
    expect(w.said).toEqual([
      ['ann', 'postStop'],
      ['ann', 0],
      ['ann', 'postStop'],
    ]);
    expect(w.letters()).toEqual([]);
    expect(w.cells()).toBe(0);
  });

  it('comes into being again also for messages that came while it waited for its children to stop', async () => {
    await using w = await world();
    const house = behavior('house', (): Behavior<string> =>
      init((ctx) => {
        ctx.emit('built');
        ctx.create(mortal('tenant'), { child: true });
        return receive((text, inner) => (inner.emit(text), text === 'stop' ? stopped : same));
      }),
    );
    await w.tell(w.system.entity(house(), 'one'), 'a', 'stop', 'b', 'c');
    expect(w.said).toEqual(['built', 'a', 'stop', 'tenant postStop', 'built', 'b', 'c']);
    expect(w.letters()).toEqual([]);
  });

  it('knows itself as the entity: a reference that it gave away creates it again', async () => {
    await using w = await world();
    const kind = behavior('kind', () =>
      receive<string>((text, ctx) => {
        if (text === 'give') ctx.emit(ctx.self);
        else ctx.emit(text);
        return stopped;
      }),
    );
    await w.tell(w.system.entity(kind(), 'x'), 'give');
    const [ref] = w.said as ActorRef<string>[];
    if (ref !== undefined) await w.tell(ref, 'again');
    expect(w.said.at(-1)).toBe('again');
    expect(w.letters()).toEqual([]);
  });

  it('whose first message fails is there with the next one, and supervised from the first on', async () => {
    await using w = await world();
    const fragile = behavior('fragile', (): Behavior<string> =>
      supervise(
        init((ctx) => {
          ctx.emit('begun');
          return receive((text, inner) => {
            inner.emit(text);
            if (text === 'bad') throw new Error('no');
            return same;
          });
        }),
        stop,
      ),
    );
    const ref = w.system.entity(fragile(), 'x');
    await w.tell(ref, 'bad', 'good');
    // Its beginning stands, its first turn does not; supervision stopped it, and the next message began it anew.
    expect(w.said).toEqual(['begun', 'begun', 'good']);
    expect(w.letters()).toEqual([]);
  });

  it('that cannot begin is a dead letter with each message, which can be sent again when it can', async () => {
    await using w = await world();
    let broken = true;
    const kind = behavior('kind', (): Behavior<string> => {
      if (broken) throw new Error('no');
      return echo();
    });
    await w.tell(w.system.entity(kind(), 'x'), 'hello');
    expect(w.letters().map(([reason]) => reason)).toEqual(['failed', 'stopped']);
    expect(w.cells()).toBe(0);
    broken = false;
    const letter = w.system.deadLetters.list().find(({ reason }) => reason === 'stopped');
    await w.system.deadLetters.resend(letter?.id ?? 0);
    await w.rest();
    expect(w.said).toEqual(['hello']);
  });

  it('is told apart from others whatever its kind and id are called', () => {
    const outer = behavior('a', () => echo());
    const inner = behavior('a/b', () => echo());
    expect(refEquals(entityRef(outer(), 'b/c'), entityRef(inner(), 'c'))).toBe(false);
    expect(refEquals(entityRef(outer(), ''), actorRef('entity:a/'))).toBe(false);
  });

  it('needs a named behavior and a text', async () => {
    await using w = await world();
    const anonymous = receive<string>(() => same);
    for (const make of [() => w.system.entity(anonymous, 'x'), () => w.system.entity(echo(), 7 as never)]) {
      expect(make).toThrow(expect.objectContaining({ code: 'actor/bad-name' }));
    }
  });
});
