import {
  behavior,
  entityRef,
  init,
  receive,
  receptionist,
  same,
  serviceKey,
  stopped,
  type ActorRef,
  type Behavior,
  type Failure,
  type Listing,
} from 'portico';
import { systemKit } from 'portico/testkit';
import { describe, expect, it } from 'vitest';

type Print = { page: string } | 'end';
const printing = serviceKey<Print>('printing');

const printer = behavior('printer', (): Behavior<Print> =>
  receive((message) => (message === 'end' ? stopped : same)),
);

/** Registers itself. */
const registering = behavior('registering', (): Behavior<Print> =>
  init((ctx) => {
    receptionist.register(ctx, printing, ctx.self);
    return printer();
  }),
);

type Client =
  | { type: 'find' }
  | { type: 'subscribe' }
  | { type: 'unsubscribe' }
  | { type: 'found'; reply?: Listing<Print>; failure?: Failure }
  | { type: 'end' };

const client = behavior('client', (to: ActorRef<readonly ActorRef<Print>[]>): Behavior<Client> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'find':
        receptionist.find(ctx, printing, { as: { type: 'found' } });
        return same;
      case 'subscribe':
        receptionist.subscribe(ctx, printing, { as: { type: 'found' } });
        return same;
      case 'unsubscribe':
        receptionist.unsubscribe(ctx, printing);
        return same;
      case 'found':
        if (message.reply !== undefined) ctx.send(to, message.reply.refs);
        return same;
      case 'end':
        return stopped;
    }
  }),
);

describe('a receptionist', () => {
  it('lists who is registered under a key, in the order of registration', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<readonly ActorRef<Print>[]>();
    const ref = kit.create(client(probe.ref));
    await kit.send(ref, { type: 'find' });
    await probe.expectMessage([]);
    const [one, other] = [kit.create(registering()), kit.create(registering())];
    await kit.send(ref, { type: 'find' });
    await probe.expectMessage([one, other]);
  });

  it('keeps keys apart', async () => {
    await using kit = await systemKit();
    const scanning = serviceKey<Print>('scanning');
    const ref = kit.create(printer());
    await receptionist.register(kit.system, scanning, ref);
    expect((await listed(kit, printing)).refs).toEqual([]);
    expect((await listed(kit, scanning)).refs).toEqual([ref]);
  });

  it('lists an actor once, however often it registers', async () => {
    await using kit = await systemKit();
    const ref = kit.create(printer());
    for (let i = 0; i < 3; i++) await receptionist.register(kit.system, printing, ref);
    expect((await listed(kit, printing)).refs).toEqual([ref]);
  });

  it('ends a registration when its actor stops', async () => {
    await using kit = await systemKit();
    const [one, other] = [kit.create(registering()), kit.create(registering())];
    await kit.send(one, 'end');
    expect((await listed(kit, printing)).refs).toEqual([other]);
  });

  it('ends a registration when it is taken back', async () => {
    await using kit = await systemKit();
    const ref = kit.create(registering());
    await kit.run();
    await receptionist.deregister(kit.system, printing, ref);
    expect((await listed(kit, printing)).refs).toEqual([]);
  });

  it('tells subscribers the listing at once and after each change', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<readonly ActorRef<Print>[]>();
    await kit.send(kit.create(client(probe.ref)), { type: 'subscribe' });
    await probe.expectMessage([]);
    const one = kit.create(registering());
    await probe.expectMessage([one]);
    const other = kit.create(registering());
    await probe.expectMessage([one, other]);
    await kit.send(one, 'end');
    await probe.expectMessage([other]);
    await receptionist.deregister(kit.system, printing, other);
    await probe.expectMessage([]);
    await probe.expectNoMessage();
  });

  it('does not tell subscribers what changes nothing', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<readonly ActorRef<Print>[]>();
    const ref = kit.create(registering());
    await kit.send(kit.create(client(probe.ref)), { type: 'subscribe' });
    await probe.expectMessage([ref]);
    await receptionist.register(kit.system, printing, ref);
    await receptionist.deregister(kit.system, printing, kit.create(printer()));
    await probe.expectNoMessage();
  });

  it('forgets a subscriber that unsubscribes or stops, and leaves nothing behind', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<readonly ActorRef<Print>[]>();
    const [one, other] = [kit.create(client(probe.ref)), kit.create(client(probe.ref))];
    for (const ref of [one, other]) await kit.send(ref, { type: 'subscribe' });
    await probe.expectMessages(2);
    await kit.send(one, { type: 'unsubscribe' });
    await kit.send(other, { type: 'end' });
    const ref = kit.create(registering());
    await kit.send(ref, 'end');
    await probe.expectNoMessage();
    expect(kit.deadLetters.list()).toEqual([]);
  });

  it('knows an actor that is registered and subscribed, as long as it is one of them', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<readonly ActorRef<Print>[]>();
    type Both = Print | { found: true; reply?: Listing<Print> } | 'quit';
    const both = behavior('both', (): Behavior<Both> =>
      init((ctx) => {
        receptionist.register(ctx, printing, ctx.self);
        receptionist.subscribe(ctx, printing, { as: { found: true } });
        return receive((message) => {
          if (message === 'end') return stopped;
          if (message === 'quit') receptionist.deregister(ctx, printing, ctx.self);
          else if ('found' in message) ctx.send(probe.ref, message.reply?.refs ?? []);
          return same;
        });
      }),
    );
    const ref = kit.create(both());
    await probe.expectMessage([ref]);
    await kit.send(ref, 'quit');
    await probe.expectMessage([]);
    const late = kit.create(registering());
    await probe.expectMessage([late]);
    await kit.send(ref, 'end');
    await kit.send(late, 'end');
    await probe.expectNoMessage();
    expect(kit.deadLetters.list()).toEqual([]);
  });

  it('is there for a key only as long as somebody is registered or subscribed', async () => {
    await using kit = await systemKit();
    const desk = entityRef(behavior('portico/receptionist', printer)(), printing.service);
    const ref = kit.create(registering());
    await kit.run();
    await expect(kit.expectStopped(desk)).rejects.toThrow('has not stopped');
    await kit.send(ref, 'end');
    await kit.expectStopped(desk);
    expect((await listed(kit, printing)).refs).toEqual([]);
    await kit.expectStopped(desk);
  });

  it('is there for those outside: find, subscribe, and its end', async () => {
    await using kit = await systemKit();
    const seen: string[] = [];
    const end = receptionist.subscribe(kit.system, printing, ({ refs }) =>
      seen.push(refs.map(String).join(' ')),
    );
    await kit.run();
    const ref = kit.create(registering());
    await kit.run();
    await kit.send(ref, 'end');
    end();
    end();
    await kit.run();
    kit.create(registering());
    await kit.run();
    expect(seen).toEqual(['', String(ref), '']);
  });

  it('ends the subscriptions of those outside together with the system', async () => {
    const kit = await systemKit();
    const seen: unknown[] = [];
    const end = receptionist.subscribe(kit.system, printing, (listing) => seen.push(listing));
    await kit.run();
    await kit.stop();
    end();
    expect(seen).toHaveLength(1);
  });
});

/** Asks from outside. */
async function listed(
  kit: Awaited<ReturnType<typeof systemKit>>,
  key: typeof printing,
): Promise<Listing<Print>> {
  const listing = receptionist.find(kit.system, key);
  await kit.run();
  return listing;
}
