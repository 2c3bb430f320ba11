// What ends the process when it is handled, and is found, and refused.
import { describe, expect, it } from 'vitest';
import {
  behavior,
  effect,
  init,
  receive,
  restart,
  same,
  start,
  supervise,
  valueState,
  type ActorRef,
  type ActorSystem,
  type Failure,
  type StartOptions,
} from 'portico';
import { application, platformHost, startSystem, type RunningSystem } from 'portico/dataflow';
import { mortalStore, type MortalStore } from './mortal.ts';

/** Falls until care is taken, and attempts after that. */
const DEATHS = 2 + 3;

/** What is deadly in the program that runs: somebody may mend it. */
interface World {
  readonly store: MortalStore;
  isMended: boolean;
  readonly lines: string[];
}

function world(): World {
  return { store: mortalStore(), isMended: false, lines: [] };
}

/** Ends the process, unless it was mended. */
function die({ store, isMended }: World): void {
  if (isMended) return;
  store.die();
  throw new Error('the process is dead');
}

/** Starts a system and lets something be done with it, again and again until no process dies of that. */
async function survived<S extends ActorSystem | RunningSystem>(
  { store }: World,
  begin: () => Promise<S>,
  act: (system: S) => Promise<unknown>,
): Promise<S> {
  for (let life = 1; life <= 20; life++) {
    const { death } = store;
    const before = store.deaths;
    const lived = begin().then(async (system) => {
      await act(system);
      return system;
    });
    lived.catch(() => undefined);
    const system = await Promise.race([lived, death]);
    // It may have died just when it was done.
    if (system !== undefined && store.deaths === before) return system;
  }
  throw new Error('process after process has died');
}

function starting(at: World, options: StartOptions): () => Promise<ActorSystem> {
  return () =>
    start({
      ...options,
      store: at.store,
      log: ({ value }) => void at.lines.push(String(value)),
    });
}

type Doing =
  | { readonly do: 'die' }
  | { readonly do: 'answer'; readonly replyTo: ActorRef<string> }
  | { readonly do: 'count' }
  | { readonly do: 'send'; readonly to: string }
  | { readonly do: 'wait' }
  | { readonly do: 'pay' }
  | { readonly do: 'paid'; readonly reply?: string; readonly failure?: Failure }
  | { readonly do: 'make' }
  | { readonly do: 'read'; readonly replyTo: ActorRef<string> };

const quiet = platformHost({ log: () => undefined });

const count = valueState('count', 0);
const heard = valueState('heard', '');

function program(at: World, supervision?: typeof restart) {
  const pay = effect('pay', () => {
    die(at);
    return 'paid';
  });
  const stillborn = behavior('stillborn', () =>
    init<string>(() => {
      die(at);
      return receive<string>(() => same);
    }),
  );
  const doer = behavior('doer', () => {
    const plain = receive<Doing>((message, ctx) => {
      switch (message.do) {
        case 'die':
          die(at);
          heard.set(ctx, `${heard.get(ctx)}handled `);
          break;
        case 'answer':
          die(at);
          ctx.send(message.replyTo, 'alive');
          break;
        case 'count':
          count.update(ctx, (n) => n + 1);
          break;
        case 'send':
          ctx.send(ctx.entity(doer(), message.to), { do: 'die' });
          break;
        case 'wait':
          ctx.timers.single('later', 1, { do: 'die' });
          break;
        case 'pay':
          ctx.run(pay, undefined, { as: { do: 'paid' } });
          break;
        case 'paid':
          heard.set(ctx, message.reply ?? message.failure?.code ?? '');
          break;
        case 'make':
          ctx.create(stillborn());
          break;
        case 'read':
          ctx.send(message.replyTo, `${count.get(ctx)} ${heard.get(ctx)}`);
          break;
      }
      return same;
    });
    return supervision === undefined ? plain : supervise(plain, supervision());
  });
  return { doer, begin: starting(at, { behaviors: { doer, stillborn }, effects: { pay } }) };
}

describe('a message that ends the process', () => {
  it('is set aside after some attempts if the sender sends it again and again', async () => {
    const at = world();
    const { doer, begin } = program(at);
    const system = await survived(at, begin, async (system) => {
      const ref = system.entity(doer(), 'a');
      await system.send(ref, { do: 'count' }, { idempotencyKey: 'before' });
      await system.send(ref, { do: 'die' }, { idempotencyKey: 'the deadly one' });
      await system.send(ref, { do: 'count' }, { idempotencyKey: 'after' });
    });
    expect(at.store.deaths).toBe(DEATHS);
    expect(await system.ask(system.entity(doer(), 'a'), { do: 'read' })).toBe('2 ');
    expect(system.deadLetters.list()).toMatchObject([
      { reason: 'failed', message: { do: 'die' }, error: { code: 'task/deadly' } },
    ]);
    await system.stop();
  });

  it('is set aside if another actor sends it', async () => {
    const at = world();
    const { doer, begin } = program(at);
    const system = await survived(at, begin, async (system) => {
      const ref = system.entity(doer(), 'a');
      await system.send(ref, { do: 'send', to: 'b' }, { idempotencyKey: 'once' });
      await system.idle();
    });
    expect(at.store.deaths).toBe(DEATHS);
    expect(system.deadLetters.list()).toMatchObject([{ message: { do: 'die' }, reason: 'failed' }]);
    expect(String(system.deadLetters.list()[0]?.ref)).toContain('b');
    await system.stop();
  });

  it('is the same one whoever waits for its answer', async () => {
    const at = world();
    const { doer, begin } = program(at);
    const system = await survived(at, begin, async (system) => {
      system.ask(system.entity(doer(), 'a'), { do: 'answer' }, { timeoutMs: 10_000 }).catch(() => undefined);
      await expect.poll(() => system.deadLetters.count).toBe(1);
    });
    expect(at.store.deaths).toBe(DEATHS);
    await system.stop();
  });

  it('is set aside if a timer brings it', async () => {
    const at = world();
    const { doer, begin } = program(at);
    const system = await survived(at, begin, async (system) => {
      await system.send(system.entity(doer(), 'a'), { do: 'wait' }, { idempotencyKey: 'once' });
      await expect.poll(() => system.deadLetters.count).toBe(1);
    });
    expect(at.store.deaths).toBe(DEATHS);
    await system.stop();
  });

  it('lets the actor begin again where that is what failing does', async () => {
    const at = world();
    const { doer, begin } = program(at, restart);
    const system = await survived(at, begin, async (system) => {
      const ref = system.entity(doer(), 'a');
      await system.send(ref, { do: 'count' }, { idempotencyKey: 'before' });
      await system.send(ref, { do: 'die' }, { idempotencyKey: 'the deadly one' });
      await system.send(ref, { do: 'count' }, { idempotencyKey: 'after' });
    });
    expect(await system.ask(system.entity(doer(), 'a'), { do: 'read' })).toBe('1 ');
    await system.stop();
  });

  it('may be one of several', async () => {
    const at = world();
    const { doer, begin } = program(at);
    const system = await survived(at, begin, async (system) => {
      for (const name of ['a', 'b', 'c'])
        await system.send(system.entity(doer(), name), { do: 'die' }, { idempotencyKey: name });
      await system.send(system.entity(doer(), 'd'), { do: 'count' }, { idempotencyKey: 'd' });
    });
    expect(at.store.deaths).toBe(DEATHS + 3 + 3);
    expect(system.deadLetters.count).toBe(3);
    expect(await system.ask(system.entity(doer(), 'd'), { do: 'read' })).toBe('1 ');
    await system.stop();
  });

  it('is handled once the program is mended and it is sent again', async () => {
    const at = world();
    const { doer, begin } = program(at);
    const before = await survived(at, begin, (system) =>
      system.send(system.entity(doer(), 'a'), { do: 'die' }, { idempotencyKey: 'the deadly one' }),
    );
    await before.stop();
    at.isMended = true;
    const after = await begin();
    const [letter] = after.deadLetters.list();
    await after.deadLetters.resend(letter?.id ?? 0);
    expect(await after.ask(after.entity(doer(), 'a'), { do: 'read' })).toBe('0 handled ');
    await after.stop();
  });

  it('is named in the log when the next process begins', async () => {
    const at = world();
    const { doer, begin } = program(at);
    const system = await survived(at, begin, (system) =>
      system.send(system.entity(doer(), 'a'), { do: 'die' }, { idempotencyKey: 'the deadly one' }),
    );
    const said = at.lines.filter((line) => line.includes('ended while'));
    expect(said).toHaveLength(3);
    expect(said.at(-1)).toMatch(/\/actors\/.*ActorRuntime under the key entity:doer\/a was handled.* 3$/);
    await system.stop();
  });
});

describe('an actor whose beginning ends the process', () => {
  it('is set aside', async () => {
    const at = world();
    const { doer, begin } = program(at);
    const system = await survived(at, begin, async (system) => {
      await system.send(system.entity(doer(), 'a'), { do: 'make' }, { idempotencyKey: 'once' });
      await system.idle();
    });
    expect(at.store.deaths).toBe(DEATHS);
    expect(system.deadLetters.list()).toMatchObject([{ what: 'creation', error: { code: 'task/deadly' } }]);
    await system.stop();
  });
});

describe('an effect that ends the process', () => {
  it('has failed after some attempts', async () => {
    const at = world();
    const { doer, begin } = program(at);
    const system = await survived(at, begin, async (system) => {
      const ref = system.entity(doer(), 'a');
      await system.send(ref, { do: 'pay' }, { idempotencyKey: 'once' });
      await expect.poll(() => system.ask(ref, { do: 'read' })).toBe('0 effect/failed');
    });
    // The first process does not live to be asked: its effect begins only after the commit.
    expect(at.store.deaths).toBe(DEATHS);
    await system.stop();
  });
});

describe('an event of a dataflow that ends the process', () => {
  it('is set aside with its atom, as if its task had thrown', async () => {
    const at = world();
    const seen: number[] = [];
    const flow = () =>
      application('flow', (app) => {
        const numbers = app.ingress<number>('numbers');
        app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(numbers.stream)
          .map((n) => {
            if (n === 13) die(at);
            return n;
          })
          .consume((n) => void seen.push(n))
          .sink();
        return numbers;
      });
    let app = flow();
    const system = await survived(
      at,
      () => startSystem({ applications: [(app = flow())], store: at.store, host: quiet }),
      async (system) => {
        for (const n of [12, 13, 14]) await system.sendOnce(app.handles, { key: `n ${n}` }, n);
        await system.idle();
      },
    );
    expect(at.store.deaths).toBe(DEATHS);
    expect(seen.at(-1)).toBe(14);
    expect(system.deadLetters.list()).toMatchObject([{ kind: 'atom', events: [{ value: 13 }] }]);
    await system.shutdown();
  });
});
