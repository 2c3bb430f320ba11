// What actors are called.
import { behavior, receive, same, start, type ActorRef } from 'portico';
import { describe, expect, it } from 'vitest';

type Ask = { readonly replyTo: ActorRef<string> };

const named = behavior('named', () =>
  receive<Ask>(({ replyTo }, ctx) => {
    ctx.send(replyTo, ctx.name);
    return same;
  }),
);

describe('an actor', () => {
  it('knows the name that it was created with', async () => {
    await using system = await start({ behaviors: { named } });
    expect(await system.ask(system.create(named(), { name: 'lobby' }), {})).toBe('lobby');
    expect(await system.ask(system.create(named(), { name: 'name:lobby' }), {})).toBe('name:lobby');
  });

  it('knows its id if it is an entity', async () => {
    await using system = await start({ behaviors: { named } });
    expect(await system.ask(system.entity(named(), 'de/ann'), {})).toBe('de/ann');
    expect(await system.ask(system.entity(named(), ''), {})).toBe('');
  });

  it('is called by its number otherwise', async () => {
    await using system = await start({ behaviors: { named } });
    const ref = system.create(named());
    expect(await system.ask(ref, {})).toBe(String(ref.id));
  });
});
