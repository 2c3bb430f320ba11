// What is refused before it gets anywhere, so that the mistake of one caller does no harm to the others.
import {
  actorRef,
  ActorCreate,
  ActorSend,
  entityRef,
  PorticoError,
  receive,
  same,
  start,
  type ActorContext,
  type ActorRef,
  type ActorSystem,
  type Behavior,
} from 'portico';
import { describe, expect, it } from 'vitest';

const nobody = 'Ann' as unknown as ActorRef<string>;
const nothing = {} as never;

/** The code of what is thrown, at once or later. */
async function code(act: (system: ActorSystem) => unknown): Promise<unknown> {
  await using system = await start();
  try {
    await act(system);
  } catch (error) {
    // The system is none the worse for it.
    await system.idle();
    return error instanceof PorticoError ? error.code : error;
  }
  return undefined;
}

describe('a system of actors', () => {
  it('refuses what is no reference', async () => {
    expect(await code((system) => system.send(nobody, 'hello'))).toBe('system/bad-argument');
    expect(await code((system) => system.ask(nobody as never, {} as never))).toBe('system/bad-argument');
    expect(await code((system) => system.watch(null as never))).toBe('system/bad-argument');
  });

  it('refuses what is no behavior', async () => {
    expect(await code((system) => system.create(nothing))).toBe('actor/bad-behavior');
    expect(await code((system) => system.create(undefined as never))).toBe('actor/bad-behavior');
    expect(await code((system) => system.entity(nothing, 'id'))).toBe('actor/bad-behavior');
  });
});

describe('what a stream sends to actors', () => {
  it('has a reference and a behavior', async () => {
    expect(await code(() => new ActorSend(nobody, 'hello'))).toBe('graph/bad-argument');
    expect(
      await code(
        () =>
          new ActorCreate(
            nobody,
            receive<string>(() => same),
          ),
      ),
    ).toBe('graph/bad-argument');
    expect(await code(() => new ActorCreate(actorRef<string>('Ann'), nothing))).toBe('actor/bad-behavior');
    expect(await code(() => entityRef(null as never, 'Ann'))).toBe('actor/bad-behavior');
  });
});

describe('an error in a turn', () => {
  const wrongs: Record<string, (ctx: ActorContext<string>) => unknown> = {
    'actor/bad-behavior': () => undefined,
    'actor/bad-name': (ctx) =>
      ctx.create(
        receive(() => same),
        { name: '' },
      ),
    'actor/not-a-child': (ctx) => {
      ctx.stop(ctx.self);
    },
    'actor/stash-full': (ctx) => {
      ctx.stash.stash('one', 0);
    },
    'context/bad-argument': (ctx) => {
      ctx.timers.single('timer', -1, 'one');
    },
  };

  it.each(Object.keys(wrongs))('names the actor: %s', async (expected) => {
    await using system = await start({ log: () => undefined });
    const bad = receive<string>((_, ctx) => wrongs[expected]?.(ctx) as Behavior<string>);
    await system.send(system.create(bad), 'go');
    await system.send(system.create(bad, { name: 'Ann' }), 'go');
    await system.idle();
    const errors = system.deadLetters.list().map(({ error }) => error as PorticoError);
    expect(errors.map(({ code, where }) => [code, where])).toEqual([
      [expected, 'actor:-1'],
      [expected, 'actor:name:Ann'],
    ]);
  });
});
