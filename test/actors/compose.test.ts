// Actors and dataflows, both ways.
import {
  actorRef,
  ActorCreate,
  ActorSend,
  actorWorkflow,
  askActor,
  behavior,
  entityRef,
  PorticoError,
  receive,
  restart,
  same,
  start,
  stopped,
  supervise,
  type ActorRef,
  type Behavior,
  type Failure,
} from 'portico';
import { answer, application, steppingSystem, type Portal } from 'portico/dataflow';
import { virtualHost } from 'portico/testing';
import { describe, expect, it } from 'vitest';

const silent = { log: () => undefined };

/** The deepest cause of an error, in words. */
function root(error: unknown): string {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause !== undefined) deepest = deepest.cause;
  return deepest instanceof PorticoError ? deepest.what : (deepest as Error).message;
}

describe('a workflow task that asks an actor', () => {
  type Desk =
    | { type: 'now' | 'later' | 'never' | 'fail' | 'stop' | 'twice'; replyTo: ActorRef<string> }
    | { type: 'open' };

  const desk = behavior('desk', (open: boolean): Behavior<Desk> =>
    receive((message, ctx) => {
      switch (message.type) {
        case 'open':
          ctx.stash.unstashAll();
          return desk(true);
        case 'later':
          if (!open) {
            ctx.stash.stash(message);
            return same;
          }
          ctx.send(message.replyTo, 'at last');
          return same;
        case 'now':
        case 'twice':
          ctx.send(message.replyTo, message.type);
          if (message.type === 'twice') ctx.send(message.replyTo, 'again');
          return same;
        case 'never':
          return same;
        case 'fail':
          throw new Error('the desk fell over');
        case 'stop':
          return stopped;
      }
    }),
  );

  /** Asks a desk each of these questions; the events after them are sent to it. */
  function asking(...what: Exclude<Desk['type'], 'open'>[]) {
    const clock = { nowMs: 0, now: () => clock.nowMs };
    const ref = entityRef(desk(false), 'front');
    const app = application('app', (app) => {
      const questions = app.ingress<Exclude<Desk['type'], 'open'>>('questions');
      const sends = app.ingress<ActorSend>('sends');
      const actors = actorWorkflow(app, sends.stream);
      const answers = app
        .workflow('asker')
        .source(questions.stream)
        .asker<string>([actors.portal], (type, ctx) => {
          ctx.await(
            askActor(ctx, actors.portal, ref, { type }, { timeoutMs: 100 }),
            (reply, ctx) => ctx.emit(reply),
            (error, ctx) => ctx.emit(`${(error as PorticoError).code}: ${root(error)}`),
          );
        })
        .sink();
      return { questions, sends, answers, actors };
    });
    const system = steppingSystem({ ...silent, clock });
    const got: string[] = [];
    system.launch(app);
    system.subscribe(app.handles.answers, (line) => got.push(line));
    system.send(app.handles.questions, ...what);
    system.stepUntilComplete();
    return { app, clock, system, got, ref };
  }

  it('gets its reply', () => {
    expect(asking('now', 'now').got).toEqual(['now', 'now']);
  });

  it('gets it in a later turn of the actor, too', () => {
    const { app, system, got, ref } = asking('later', 'now');
    expect(got).toEqual(['now']);
    system.send(app.handles.sends, new ActorSend(ref, { type: 'open' }));
    system.stepUntilComplete();
    expect(got).toEqual(['now', 'at last']);
  });

  it('is told when the actor fails on the request, and why', () => {
    expect(asking('fail', 'now').got.toSorted()).toEqual([
      'now',
      'portal/replier-failed: there is no reply [actor/failed]: the desk fell over',
    ]);
  });

  it('is told when the actor stops with the request in its stash', () => {
    const { got } = asking('later', 'stop');
    expect(got).toEqual([
      'portal/replier-failed: there is no reply [actor/stopped]: actor:entity:desk/front did not handle the request: stopped',
    ]);
  });

  it('is told when its time is over', () => {
    const { clock, system, got } = asking('never');
    expect(got).toEqual([]);
    clock.nowMs = 100;
    system.stepUntilComplete();
    expect(got).toEqual(['portal/timeout: /app/portals/actors did not reply in time']);
  });

  it('gets the first of two replies', () => {
    expect(asking('twice', 'now').got).toEqual(['twice', 'now']);
  });
});

describe('an actor that asks a portal', () => {
  type Shopper =
    | { type: 'buy'; item: string; replyTo: ActorRef<string> }
    | { type: 'priced'; item: string; replyTo: ActorRef<string>; reply?: number; failure?: Failure }
    | { type: 'stop' }
    | { type: 'fail' };

  const catalogue = application('catalogue', (app) => {
    const price = app.portal<string, number>('price');
    app
      .workflow('prices', { onFailure: 'deadLetter' })
      .replier([
        answer(price, (item, ctx) => {
          if (item === 'nothing') throw new Error('nothing has no price');
          if (item !== 'slow') ctx.reply(item.length);
        }),
      ])
      .sink();
    return { price };
  });
  const { price } = catalogue.handles;

  const shopper = behavior('shopper', (asked: Portal<string, number>) =>
    receive<Shopper>((message, ctx) => {
      switch (message.type) {
        case 'buy': {
          const { item, replyTo } = message;
          ctx.askPortal(asked, item, { as: { type: 'priced', item, replyTo }, timeoutMs: 1000 });
          if (item === 'undone') throw new Error('changed my mind');
          return same;
        }
        case 'priced': {
          const { item, reply, failure } = message;
          ctx.send(message.replyTo, `${item} ${reply ?? `${failure?.code}: ${failure?.message}`}`);
          return same;
        }
        case 'stop':
          return stopped;
        case 'fail':
          throw new Error('no');
      }
    }),
  );

  const world = async () => {
    const host = virtualHost();
    const system = await start({ applications: [catalogue], portals: [price], host, seed: 1 });
    return { host, system };
  };
  const refuses = (asked: Promise<string>) => asked.catch((error: unknown) => (error as PorticoError).what);

  it('gets the reply as a message of its own', async () => {
    const { host, system } = await world();
    const bought = system.ask(system.create(shopper(price)), { type: 'buy', item: 'tea' });
    await host.run();
    expect(await bought).toBe('tea 3');
    await system.stop();
  });

  it('is told why there is none', async () => {
    const { host, system } = await world();
    const ref = system.create(shopper(price));
    const bought = system.ask(ref, { type: 'buy', item: 'nothing' });
    const waited = system.ask(ref, { type: 'buy', item: 'slow' });
    await host.advance(1000);
    expect(await bought).toBe(
      'nothing portal/replier-failed: its task failed on this request: nothing has no price',
    );
    expect(await waited).toBe('slow portal/timeout: /catalogue/portals/price did not reply in time');
    await system.stop();
  });

  it('did not ask in a turn that was undone', async () => {
    const { host, system } = await world();
    const requests = () => {
      const entity = system.dataflow.partition.entity(price.path);
      return entity?.kind === 'portal' ? entity.runtime.requests : -1;
    };
    const asked = refuses(system.ask(system.create(shopper(price)), { type: 'buy', item: 'undone' }));
    await host.run();
    expect(await asked).toContain('changed my mind');
    expect(requests()).toBe(0);
    await system.stop();
  });

  it('hears nothing any more once it has stopped or was restarted', async () => {
    const { host, system } = await world();
    for (const type of ['stop', 'fail'] as const) {
      const ref = system.create(supervise(shopper(price), restart()));
      const asked = refuses(system.ask(ref, { type: 'buy', item: 'slow' }, { timeoutMs: 5000 }));
      await system.send(ref, { type });
      await host.advance(10_000);
      expect(await asked).toBe('no reply came within 5000 ms');
    }
    expect(system.deadLetters.list()).toEqual([]);
    await system.stop();
  });

  it('that has stopped by the time of the reply has it set aside', async () => {
    const { host, system } = await world();
    const ref = system.create(shopper(price));
    const asked = refuses(system.ask(ref, { type: 'buy', item: 'tea' }, { timeoutMs: 5000 }));
    await system.send(ref, { type: 'stop' });
    await host.advance(10_000);
    expect(await asked).toBe('no reply came within 5000 ms');
    expect(system.deadLetters.list()).toMatchObject([{ message: 3, reason: 'late' }]);
    await system.stop();
  });

  it('may ask only what it was given', async () => {
    const { host, system } = await world();
    const other: Portal<string, number> = { path: '/catalogue/portals/other' };
    const asked = refuses(system.ask(system.create(shopper(other)), { type: 'buy', item: 'tea' }));
    await host.run();
    expect(await asked).toContain('it asks /catalogue/portals/other, which it does not declare');
    await system.stop();
  });
});

describe('a stream', () => {
  const counter = behavior('counter', (count: number): Behavior<string> =>
    receive((_, ctx) => {
      ctx.emit(`${ctx.name} ${count + 1}`);
      return counter(count + 1);
    }),
  );

  it('sends to actors, and one that they emit to is read by a workflow', () => {
    const app = application('app', (app) => {
      const words = app.ingress<string>('words');
      const sends = app
        .workflow('sends')
        .source(words.stream)
        .map((word) => new ActorSend(entityRef(counter(0), word), word))
        .sink();
      const actors = actorWorkflow(app, sends);
      const lines = app
        .workflow('lines')
        .source(actors.outlets.emitted.stream)
        .map((line) => String(line).toUpperCase())
        .sink();
      return { words, lines };
    });
    const system = steppingSystem(silent);
    const got: string[] = [];
    system.launch(app);
    system.subscribe(app.handles.lines, (line) => got.push(line));
    system.send(app.handles.words, 'tea', 'cup', 'tea');
    system.stepUntilComplete();
    expect(got).toEqual(['TEA 1', 'CUP 1', 'TEA 2']);
  });

  it('creates actors', () => {
    const ref = actorRef<string>('printer');
    const log: unknown[] = [];
    const printer = receive<string>((text, ctx) => {
      ctx.log.info(text);
      return same;
    });
    const app = application('app', (app) => {
      actorWorkflow(
        app,
        app.generators.fromArray([new ActorCreate(ref, printer), new ActorSend(ref, 'hello')]),
      );
    });
    const system = steppingSystem({ log: ({ value }) => log.push(value) });
    system.launch(app);
    system.stepUntilComplete();
    expect(log).toEqual(['hello']);
  });

  it('of an application beside a running system of actors reaches them, and it reads what they emit', async () => {
    await using system = await start({ behaviors: { counter }, seed: 1 });
    const { actors } = system;
    const beside = application('beside', (app) => {
      const words = app.ingress<string>('words');
      const sends = app
        .workflow('sends')
        .source(words.stream)
        .map((word) => new ActorSend(entityRef(counter(0), word), word))
        .sink();
      app.connect(sends, actors.sequencer);
      const lines = app.workflow('lines').source(actors.outlets.emitted.stream).map(String).sink();
      return { words, lines };
    });
    system.dataflow.launch(beside);
    const got: string[] = [];
    system.dataflow.subscribe(beside.handles.lines, (line) => got.push(line));
    await system.dataflow.send(beside.handles.words, 'tea');
    await system.send(system.entity(counter(0), 'cup'), 'cup');
    await system.idle();
    expect(got.toSorted()).toEqual(['cup 1', 'tea 1']);
    system.dataflow.stop(beside);
    await system.send(system.entity(counter(0), 'tea'), 'tea');
    await system.idle();
    expect(got).toHaveLength(2);
  });
});
