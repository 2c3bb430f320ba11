// Bringing all that is stored up to the versions of the program, by command.
import { describe, expect, it } from 'vitest';
import { behavior, memoryStore, receive, same, start, type ActorRef, type Behavior } from 'portico';

type Message = { readonly type: 'add' } | { readonly type: 'read'; readonly replyTo: ActorRef<number> };

const counting = (n: number, next: (n: number) => Behavior<Message>): Behavior<Message> =>
  receive((message, ctx) => {
    if (message.type === 'add') return next(n + 1);
    ctx.send(message.replyTo, n);
    return same;
  });

const first = behavior('count', (n: number): Behavior<Message> => counting(n, (more) => first(more)));

describe('migrating all that is stored', () => {
  it('makes each actor one of this version, once, while the system goes on', async () => {
    const store = memoryStore();
    const ids = Array.from({ length: 2_500 }, (_, i) => `actor ${i}`);
    {
      await using system = await start({ behaviors: { first }, store });
      await Promise.all(ids.map((id) => system.send(system.entity(first(0), id), { type: 'add' })));
    }
    let migrated = 0;
    const second = behavior(
      'count',
      ({ n }: { n: number }): Behavior<Message> => counting(n, (more) => second({ n: more })),
      { version: 2, migrate: ([n]): [{ n: number }] => (migrated++, [{ n: n as number }]) },
    );
    {
      await using system = await start({ behaviors: { second }, store, epochs: { activeCells: 100 } });
      const [all] = await Promise.all([
        system.migrate(),
        system.send(system.entity(second({ n: 0 }), 'actor 7'), { type: 'add' }),
      ]);
      expect(all).toBe(2_500);
    }
    expect(migrated).toBeGreaterThanOrEqual(2_500);
    migrated = 0;
    await using system = await start({ behaviors: { second }, store });
    const counts = await Promise.all(
      ids.map((id) => system.ask(system.entity(second({ n: 0 }), id), { type: 'read' })),
    );
    expect(counts).toEqual(ids.map((id) => (id === 'actor 7' ? 2 : 1)));
    expect(migrated).toBe(0);
  });

  it('does nothing to a system that is not kept', async () => {
    await using system = await start({ behaviors: { first } });
    system.create(first(0));
    expect(await system.migrate()).toBe(0);
  });
});
