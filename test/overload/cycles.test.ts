// Cyclic amplification: each message makes two. What waits stays within the limit, the rest lives on, and it ends well when the
// cause is gone (J1–J4 of the backlog).
import { describe, expect, it } from 'vitest';
import {
  behavior,
  receive,
  same,
  start,
  supervise,
  stop,
  valueState,
  type ActorRef,
  type ActorSystem,
  type Behavior,
  type StartOptions,
} from 'portico';
import {
  application,
  memoryStore,
  platformHost,
  startSystem,
  type ApplicationBuilder,
  type LogRecord,
  type PorticoError,
  type Stream,
} from 'portico/dataflow';

const LIMIT = 1_000;

/** Sends itself so many messages for each. */
const spring = behavior('spring', (times: number) =>
  receive<number>((round, ctx) => {
    for (let i = 0; i < times; i++) ctx.send(ctx.self, round + 1);
    return same;
  }),
);

const rounds = valueState('rounds', 0);
type Ball = { readonly from: ActorRef<Ball | Ask> };
type Pass = { readonly from: ActorRef<Pass> };
type Ask = { readonly replyTo: ActorRef<number> };

/** Sends back what it gets, and says how often when it is asked. */
const player = behavior('player', () =>
  receive<Ball | Ask>((message, ctx) => {
    if ('replyTo' in message) ctx.send(message.replyTo, rounds.get(ctx));
    else {
      rounds.update(ctx, (n) => n + 1);
      ctx.send(message.from, { from: ctx.self });
    }
    return same;
  }),
);

async function started(options: StartOptions = {}): Promise<{ system: ActorSystem; lines: string[] }> {
  const lines: string[] = [];
  const system = await start({
    behaviors: { spring, player },
    backlogLimit: LIMIT,
    deadLetterLimit: 50,
    log: ({ value }: LogRecord) => lines.push(String(value)),
    ...options,
  });
  return { system, lines };
}

const waiting = (system: ActorSystem): number => system.dataflow.partition.backlog.events;

describe('an actor that sends itself two messages for each', () => {
  it('is held at the limit: its turns fail, and the others go on', async () => {
    const { system, lines } = await started();
    let balls = 0;
    const counted = behavior('counted', (): Behavior<Pass> =>
      receive(({ from }, ctx) => {
        balls++;
        ctx.send(from, { from: ctx.self });
        return same;
      }),
    );
    const [a, b] = [system.create(counted()), system.create(counted())];
    await system.send(a, { from: b });
    await system.send(system.create(spring(2)), 0);
    let most = 0;
    await expect
      .poll(() => {
        most = Math.max(most, waiting(system));
        return system.deadLetters.count > 10_000;
      })
      .toBe(true);
    const before = balls;
    await expect.poll(() => balls > before + 10).toBe(true);
    expect(most).toBeGreaterThan(LIMIT / 4);
    expect(most).toBeLessThanOrEqual(LIMIT);
    const letters = system.deadLetters.list();
    expect(letters).toHaveLength(50);
    for (const { reason, error } of letters)
      expect([reason, (error as PorticoError).code]).toEqual(['failed', 'backlog/full']);
    // Who fills it is said by name, once, and so is that letters are forgotten.
    expect(lines.filter((line) => line.includes('which is spring(2)'))).toHaveLength(1);
    expect(lines.some((line) => line.includes('events wait'))).toBe(true);
    expect(lines.some((line) => line.includes('the oldest are forgotten'))).toBe(true);
    expect(system.dataflow.failure).toBeUndefined();
    await system.stop();
  });

  it('may see that it sends too much, and do with less', async () => {
    const refused: string[] = [];
    const careful = behavior('careful', () =>
      receive<number>((round, ctx) => {
        ctx.send(ctx.self, round + 1);
        try {
          ctx.send(ctx.self, round + 1);
        } catch (error) {
          refused.push((error as PorticoError).code);
        }
        return same;
      }),
    );
    const { system } = await started();
    await system.send(system.create(careful()), 0);
    await expect.poll(() => refused.length > 10_000).toBe(true);
    expect(new Set(refused)).toEqual(new Set(['backlog/full']));
    expect(waiting(system)).toBeLessThanOrEqual(LIMIT);
    expect(system.deadLetters.count).toBe(0);
    await system.stop();
  });

  it('can still be reached from outside, and comes to rest when it is told to', async () => {
    const calm = valueState('calm', false);
    const teachable = behavior('teachable', () =>
      receive<number | 'calm'>((message, ctx) => {
        if (message === 'calm') calm.set(ctx, true);
        else if (!calm.get(ctx)) for (let i = 0; i < 2; i++) ctx.send(ctx.self, message + 1);
        return same;
      }),
    );
    const { system } = await started();
    const ref = system.entity(teachable(), 't');
    const other = system.entity(player(), 'p');
    await system.send(ref, 0);
    await expect.poll(() => system.deadLetters.count > 5_000).toBe(true);
    expect(await system.ask(other, {})).toBe(0);
    await system.send(ref, 'calm');
    await system.idle();
    expect(waiting(system)).toBe(0);
    const { count } = system.deadLetters;
    // All is as before, and dead letters can be sent again.
    await system.send(ref, 1);
    await system.deadLetters.resend(system.deadLetters.list()[0]?.id ?? 0);
    await system.idle();
    expect([system.deadLetters.count, system.deadLetters.list().length]).toEqual([count, 49]);
    await system.stop();
  });

  it('can be stopped by its supervision, which tells all who watch it although there is no room', async () => {
    const told: string[] = [];
    const watcher = behavior('watcher', (of: ActorRef<never>, name: string) =>
      receive<{ readonly reply?: ActorRef<never> }>((message, ctx) => {
        if (message.reply === undefined) ctx.watch(of, { as: {} });
        else told.push(name);
        return same;
      }),
    );
    const { system } = await started();
    const fragile = behavior('fragile', (): Behavior<number> =>
      supervise(
        receive<number>((round, ctx) => {
          for (let i = 0; i < 2; i++) ctx.send(ctx.self, round + 1);
          return same;
        }),
        stop,
      ),
    );
    const ref = system.create(fragile());
    for (const name of ['a', 'b', 'c']) await system.send(system.create(watcher(ref, name)), {});
    await system.idle();
    await system.send(ref, 0);
    await system.idle();
    expect(told.toSorted()).toEqual(['a', 'b', 'c']);
    expect(waiting(system)).toBe(0);
    expect(system.dataflow.failure).toBeUndefined();
    // What it had sent itself found nobody.
    expect(system.deadLetters.list().every(({ reason }) => reason === 'stopped')).toBe(true);
    await system.stop();
  });

  it('is at the same point when it is started again, and comes to rest when the cause is gone', async () => {
    const store = memoryStore();
    const first = await started({ store });
    const [a, b] = [first.system.entity(player(), 'a'), first.system.entity(player(), 'b')];
    await first.system.send(a, { from: b });
    await first.system.send(first.system.entity(spring(2), 's'), 0);
    await expect.poll(() => first.system.deadLetters.count > 3_000).toBe(true);
    await first.system.stop();

    const second = await started({ store });
    await expect.poll(() => waiting(second.system) > LIMIT / 4).toBe(true);
    const { count } = second.system.deadLetters;
    await expect.poll(() => second.system.deadLetters.count > count + 1_000).toBe(true);
    expect(waiting(second.system)).toBeLessThanOrEqual(LIMIT);
    await second.system.stop();

    // The mended program.
    const mended = behavior('spring', (_times: number) => receive<number>(() => same));
    const third = await started({ store, behaviors: { spring: mended, player } });
    const played = await third.system.ask(third.system.entity(player(), 'a'), {});
    expect(played).toBeGreaterThan(0);
    // The ball still goes to and fro, and nothing else.
    await expect.poll(() => waiting(third.system) <= 2).toBe(true);
    expect(await third.system.ask(third.system.entity(player(), 'a'), {})).toBeGreaterThan(played);
    await third.system.stop();
  });
});

describe('an actor that sends very many messages in one turn', () => {
  const burst = behavior('burst', (to: ActorRef<number>) =>
    receive<number>((n, ctx) => {
      for (let i = 0; i < n; i++) ctx.send(to, i);
      return same;
    }),
  );
  const total = valueState('total', 0);
  const sink = behavior('sink', () =>
    receive<number | Ask>((message, ctx) => {
      if (typeof message === 'number') total.update(ctx, (n) => n + 1);
      else ctx.send(message.replyTo, total.get(ctx));
      return same;
    }),
  );

  it('may send as many as there is room for, and none if it sends more', async () => {
    const { system } = await started({ behaviors: { burst, sink } });
    const to = system.entity(sink(), 'x');
    const from = system.entity(burst(to), 'b');
    await system.send(from, LIMIT - 1);
    await system.idle();
    expect(await system.ask(to, {})).toBe(LIMIT - 1);
    await system.send(from, LIMIT + 1);
    await system.idle();
    expect(await system.ask(to, {})).toBe(LIMIT - 1);
    expect(system.deadLetters.list()).toMatchObject([
      { message: LIMIT + 1, error: { code: 'backlog/full' } },
    ]);
    await system.stop();
  });

  it('is waited for by those who come from outside, so that many of them do not reach the limit', async () => {
    const { system } = await started({ behaviors: { burst, sink }, backlogLimit: 4 * LIMIT });
    const to = system.entity(sink(), 'x');
    const sends: Promise<void>[] = [];
    for (let moment = 0; moment < 100; moment++) {
      for (let i = 0; i < 20; i++) sends.push(system.send(system.entity(burst(to), `b${i}`), 50));
      // An atom of its own for each moment, and nothing runs meanwhile.
      await Promise.resolve();
      await Promise.resolve();
    }
    await Promise.all(sends);
    await system.idle();
    expect(await system.ask(to, {})).toBe(100 * 20 * 50);
    expect(system.deadLetters.count).toBe(0);
    expect(waiting(system)).toBe(0);
    await system.stop();
  });
});

describe('a cycle of a dataflow', () => {
  type Around = (
    app: ApplicationBuilder,
    all: Stream<number>,
    options: { onFailure: 'stop' | 'deadLetter' },
  ) => Stream<number>[];

  const cycleOf = (around: Around, onFailure: 'stop' | 'deadLetter' = 'stop') =>
    application('cycle', (app) => {
      const numbers = app.ingress<number>('numbers');
      const all = app.sequencer<number>({ name: 'all' });
      app.connect(numbers.stream, all);
      for (const stream of around(app, all.stream, { onFailure })) app.connect(stream, all);
      const beside = app.ingress<number>('beside');
      const out = app
        .workflow('beside')
        .source(beside.stream)
        .map((n) => n + 1)
        .sink();
      return { numbers, beside, out };
    });

  const twoEvents: Around = (app, all, options) => [
    app
      .workflow('round', options)
      .source(all)
      .flatMap((n) => [n, n])
      .sink(),
  ];

  const twoBranches: Around = (app, all, options) => {
    const flow = app.workflow('round', options).source(all);
    return [
      flow
        .map((n) => n)
        .union(flow.map((n) => n))
        .sink(),
    ];
  };

  const twoAtoms: Around = (app, all, options) =>
    ['left', 'right'].map((name) =>
      app
        .workflow(name, options)
        .source(all)
        .map((n) => n)
        .sink(),
    );

  it.each([
    ['makes two events of one', twoEvents],
    ['joins two branches', twoBranches],
    ['makes two atoms of one', twoAtoms],
  ])('that %s stops the system at the limit, and says where', async (_, around) => {
    const app = cycleOf(around);
    const host = { ...platformHost(), log: () => undefined };
    const system = await startSystem({ applications: [app], backlogLimit: LIMIT, host });
    await system.send(app.handles.numbers, 1);
    await expect(system.idle()).rejects.toMatchObject({ code: 'system/failed' });
    expect(system.failure).toMatchObject({ code: 'atom/failed', cause: { code: 'backlog/full' } });
    expect(system.failure?.where).toMatch(/^\/cycle\/workflows\/(round|left|right)$/);
  });

  it('can set aside what grows, and the rest goes on', async () => {
    const app = cycleOf(twoEvents, 'deadLetter');
    const host = { ...platformHost(), log: () => undefined };
    const system = await startSystem({ applications: [app], backlogLimit: LIMIT, host });
    const { numbers, beside, out } = app.handles;
    const seen: number[] = [];
    system.subscribe(out, (n) => seen.push(n));
    await system.send(numbers, 1);
    await system.send(beside, 41);
    await system.idle();
    expect(seen).toEqual([42]);
    const [letter, ...others] = system.deadLetters.list();
    expect([letter?.events.length, letter?.error.cause, others]).toMatchObject([
      512,
      { code: 'backlog/full' },
      [],
    ]);
    expect(system.partition.backlog.events).toBe(0);
    await system.shutdown();
  });
});
