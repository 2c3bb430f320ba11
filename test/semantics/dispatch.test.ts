// What the chapters “Message delivery” and “Dispatchers” of the Akka Typed documentation promise: the order of messages,
// and that nobody starves. Ours is kept by one cyclic keyed workflow, and the last part holds it to that.
import { describe, expect, it } from 'vitest';
import {
  ActorCreate,
  actorRef,
  ActorSend,
  actorWorkflow,
  behavior,
  receive,
  restart,
  same,
  start,
  stopped,
  supervise,
  type ActorRef,
  type Behavior,
} from 'portico';
import { application, explain, steppingSystem } from 'portico/dataflow';
import { world } from './world.ts';

describe('messages from one actor to another', () => {
  type Talk = { from: string; n: number };

  it('arrive in the order in which they were sent, however many talk at once', async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      await using w = await world({ seed });
      const last = new Map<string, number>();
      let inOrder = true;
      const hearer = await w.create(
        receive<Talk>(({ from, n }) => {
          inOrder &&= n === (last.get(from) ?? -1) + 1;
          last.set(from, n);
          return same;
        }),
      );
      // Talks in several turns, some of which fail in between, and directly or by way of the timer and of itself.
      const talker = behavior('talker', (name: string, n: number): Behavior<'talk' | 'bad'> =>
        receive((order, ctx) => {
          if (order === 'bad') {
            ctx.send(hearer, { from: name, n });
            throw new Error('no');
          }
          for (let i = 0; i < 3; i++) ctx.send(hearer, { from: name, n: n + i });
          if (n > 90) return stopped;
          if (n % 2 === 0) ctx.send(ctx.self, 'bad');
          if (n % 5 === 0) ctx.timers.single('again', n % 10, 'talk');
          else ctx.send(ctx.self, 'talk');
          return talker(name, n + 3);
        }),
      );
      for (let i = 0; i < 10; i++) void w.system.send(w.system.create(talker(`talker ${i}`, 0)), 'talk');
      await w.pass(1_000);
      expect(inOrder).toBe(true);
      expect([...last.values()]).toEqual(Array.from({ length: 10 }, () => 95));
    }
  });

  it('arrive in order from outside, from each who sends', async () => {
    await using w = await world();
    const ref = await w.create(receive<number>((n, ctx) => (ctx.emit(n), same)));
    await w.tell(ref, ...Array.from({ length: 5_000 }, (_, i) => i));
    expect(w.said).toEqual(Array.from({ length: 5_000 }, (_, i) => i));
  });

  it('have no order between different senders, but the seed decides it', async () => {
    const run = async (seed: number): Promise<string> => {
      await using w = await world({ seed });
      const hearer = await w.create(receive<string>((text, ctx) => (ctx.emit(text), same)));
      const talker = behavior('talker', (left: number): Behavior<string> =>
        receive((text, ctx) => {
          ctx.send(hearer, text);
          if (left === 0) return stopped;
          ctx.send(ctx.self, text);
          return talker(left - 1);
        }),
      );
      void w.system.send(w.system.create(talker(10)), 'a');
      for (let i = 0; i < 10; i++) {
        void w.system.send(hearer, 'b');
        // What is sent in one moment enters together.
        await Promise.resolve();
        await Promise.resolve();
      }
      await w.rest();
      return w.said.join('');
    };
    const runs = await Promise.all([1, 2, 3, 4, 5, 6].map(run));
    expect(new Set(runs).size).toBeGreaterThan(1);
    expect(await Promise.all([1, 2, 3, 4, 5, 6].map(run))).toEqual(runs);
  });

  it('come one at a time to an actor: each turn sees all that the earlier ones did', async () => {
    await using w = await world();
    const sum = behavior('sum', (total: number): Behavior<number> =>
      receive((n, ctx) => (ctx.emit(total), sum(total + n))),
    );
    const ref = await w.create(sum(0));
    const adders = Array.from({ length: 10 }, () => receive<number>((n, ctx) => (ctx.send(ref, n), stopped)));
    for (const adder of adders) void w.system.send(w.system.create(adder), 1);
    await w.rest();
    expect(w.said).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('are delivered once each: none is lost and none comes twice', async () => {
    await using w = await world();
    const heard: number[] = [];
    const last = await w.create(receive<number>((n) => (heard.push(n), same)));
    const passes = (to: ActorRef<number>): Behavior<number> => receive((n, ctx) => (ctx.send(to, n), same));
    let first = last;
    for (let i = 0; i < 20; i++) first = await w.create(passes(first));
    await w.tell(first, ...Array.from({ length: 500 }, (_, i) => i));
    expect(heard).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });
});

describe('an actor that sends to itself without end', () => {
  const endless = behavior('endless', (): Behavior<string> =>
    receive((text, ctx) => (ctx.send(ctx.self, text), same)),
  );
  const failing = behavior('failing', (): Behavior<string> =>
    supervise(
      receive((text, ctx) => {
        if (text === 'bad') throw new Error('no');
        ctx.send(ctx.self, text);
        return same;
      }),
      restart(),
    ),
  );
  type Query = { q: string; replyTo: ActorRef<string> };
  const answers = receive<Query>(({ q, replyTo }, ctx) => (ctx.send(replyTo, `${q}.`), same));

  it.each([
    ['one', 1],
    ['a thousand', 1_000],
  ])('does not keep others from their turn (%s of them)', async (_, count) => {
    await using system = await start();
    for (let i = 0; i < count; i++)
      await system.send(system.create(i % 2 === 0 ? endless() : failing()), 'again');
    const ref = system.create(answers);
    for (const q of ['a', 'b', 'c']) expect(await system.ask(ref, { q })).toBe(`${q}.`);
  });

  it('does not keep timers from firing, nor another application from running', async () => {
    const beside = application('beside', (app) => {
      const ticks = app.generators.fromRange(0, 1_000, 1);
      const total = app
        .workflow()
        .source(ticks)
        .map((n) => n * 2)
        .sink();
      return { total };
    });
    await using system = await start({ applications: [beside] });
    const doubled: number[] = [];
    system.dataflow.subscribe(beside.handles.total, (n) => void doubled.push(n));
    await system.send(system.create(endless()), 'again');
    await new Promise<void>((resolve) => {
      system.subscribe(() => {
        resolve();
      });
      const timed = receive<string>((text, ctx) => {
        if (text === 'set') ctx.timers.single('k', 1, 'due');
        else ctx.emit(text);
        return same;
      });
      void system.send(system.create(timed), 'set');
    });
    while (doubled.length < 1_000) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(doubled.at(-1)).toBe(1_998);
  });

  it('can be ended by a message', async () => {
    await using system = await start();
    const ref = system.create(
      receive<string>((text, ctx) => (ctx.send(ctx.self, 'again'), text === 'end' ? stopped : same)),
    );
    await system.send(ref, 'again');
    await system.send(ref, 'end');
    await system.watch(ref);
    await system.idle();
  });
});

describe('a system of actors', () => {
  /** The lines of the plan that begin with a word. */
  const linesOf = (plan: string, word: string): string[] =>
    plan.split('\n').flatMap((line) => (line.trim().startsWith(`${word} `) ? [line.trim()] : []));

  it('is an application with one sequencer, one keyed task and one cycle, and nothing else that runs', async () => {
    await using w = await world();
    const plan = explain(w.system.dataflow);
    expect(linesOf(plan, 'application')).toEqual(['application /actors']);
    expect(linesOf(plan, 'sequencer')).toEqual(['sequencer actors: random → workflows/actors']);
    expect(linesOf(plan, 'from')).toEqual([
      expect.stringMatching(/^from ingresses\/in\/stream/),
      expect.stringMatching(/^from workflows\/actors\/stream/),
    ]);
    expect(linesOf(plan, 'workflow')).toEqual(['workflow actors → sequencers/actors']);
    expect(linesOf(plan, 'cycle')).toEqual(['cycle through workflows/actors, sequencers/actors']);
    // The key and the task under it run in one loop.
    expect(linesOf(plan, 'segment')).toEqual(['segment by reference · ActorRuntime']);
    expect(linesOf(plan, 'stages')).toEqual(['stages by reference | by key | ActorRuntime']);
    for (const word of ['generator', 'splitter', 'split']) expect(linesOf(plan, word)).toEqual([]);
  });

  it('is the same whatever runs in it: actors do not make the plan larger', async () => {
    await using w = await world();
    const shape = (): string => explain(w.system.dataflow).replaceAll(/^.*(now |system after).*$/gm, '');
    const before = shape();
    const parent = receive<string>((text, ctx) => {
      for (let i = 0; i < 100; i++)
        ctx.send(
          ctx.create(
            supervise(
              receive<string>(() => stopped),
              restart(),
            ),
          ),
          text,
        );
      return same;
    });
    await w.tell(await w.create(parent), 'go');
    expect(shape()).toBe(before);
  });

  it('can be several workflows of one application, where a name is known to one of them', () => {
    const said: string[] = [];
    const app = application('two', (app) => {
      const sides = ['east', 'west'].map((name) => {
        const ingress = app.ingress<ActorSend | ActorCreate>(`to the ${name}`);
        actorWorkflow(app, ingress.stream, { name });
        return { name, ingress };
      });
      return sides;
    });
    const system = steppingSystem();
    system.launch(app);
    const ann = actorRef<string>('ann');
    for (const { name, ingress } of app.handles) {
      const says = receive<string>((text) => (said.push(`${name} hears ${text}`), same));
      system.send(ingress, new ActorCreate(ann, says));
      system.send(ingress, new ActorSend(ann, 'hello'));
    }
    system.stepUntilComplete();
    expect(said.sort()).toEqual(['east hears hello', 'west hears hello']);
  });
});
