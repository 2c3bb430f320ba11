import {
  behavior,
  groupRouter,
  init,
  poolRouter,
  receive,
  receptionist,
  resume,
  same,
  serviceKey,
  stopped,
  supervise,
  valueState,
  type ActorRef,
  type Behavior,
  type RoutingStrategy,
} from 'portico';
import { systemKit, type SystemKit } from 'portico/testkit';
import { describe, expect, it } from 'vitest';

type Job = { user: string; job: 'do' | 'fail' | 'end'; replyTo: ActorRef<string> };

const done = valueState('done', 0);

/** Says who it is, and how much it has done. */
const working = behavior('working', (): Behavior<Job> =>
  receive(({ job, replyTo }, ctx) => {
    if (job === 'fail') throw new Error('told to fail');
    ctx.send(replyTo, `${String(ctx.self)} ${done.update(ctx, (n) => n + 1)}`);
    return job === 'end' ? stopped : same;
  }),
);

const users = Array.from({ length: 40 }, (_, i) => `user ${i}`);

/** Who does the job for each user. */
async function owners(
  kit: SystemKit,
  router: ActorRef<Job>,
  of: readonly string[] = users,
): Promise<string[]> {
  const found: string[] = [];
  for (const user of of) found.push((await kit.ask(router, { user, job: 'do' })).split(' ')[0] ?? '');
  return found;
}

const pool = (size: number, strategy?: RoutingStrategy<Job>): Behavior<Job> =>
  poolRouter('workers', working, { size, ...(strategy && { strategy }) })();

describe('a pool router', () => {
  it('gives messages to its routees, one after the other', async () => {
    await using kit = await systemKit();
    const found = await owners(kit, kit.create(pool(3)), users.slice(0, 6));
    expect(new Set(found).size).toBe(3);
    expect(found.slice(3)).toEqual(found.slice(0, 3));
  });

  it('gives messages to routees at random, the same for the same seed', async () => {
    const random = async (seed: number): Promise<string[]> => {
      await using kit = await systemKit({ seed });
      return await owners(kit, kit.create(pool(4, 'random')));
    };
    expect(new Set(await random(1)).size).toBe(4);
    expect(await random(1)).toEqual(await random(1));
    expect(await random(1)).not.toEqual(await random(2));
  });

  it('gives a message to all its routees', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<string>();
    await kit.send(kit.create(pool(3, 'broadcast')), { user: 'ann', job: 'do', replyTo: probe.ref });
    expect(new Set(await probe.expectMessages(3)).size).toBe(3);
    await probe.expectNoMessage();
  });

  it.each<[string, RoutingStrategy<Job>]>([
    ['a field', { hashBy: 'user' }],
    ['a function', { hashBy: ({ user }) => Number(user.slice(5)) }],
  ])('gives messages with the same key to the same routee, by %s', async (_, strategy) => {
    await using kit = await systemKit();
    const router = kit.create(pool(4, strategy));
    const found = await owners(kit, router);
    expect(new Set(found).size).toBe(4);
    expect(await owners(kit, router)).toEqual(found);
  });

  it('gives each routee its share of the keys', async () => {
    await using kit = await systemKit();
    const router = kit.create(pool(4, { hashBy: 'user' }));
    const many = Array.from({ length: 400 }, (_, i) => `user ${i}`);
    const found = await owners(kit, router, many);
    for (const owner of new Set(found))
      expect(found.filter((each) => each === owner).length).toBeGreaterThan(50);
  });

  it('sets a message without a key aside, and says why', async () => {
    await using kit = await systemKit();
    const router = kit.create(pool(2, { hashBy: 'user' }));
    const probe = kit.probe<string>();
    await kit.send(router, { job: 'do', replyTo: probe.ref } as Job);
    expect(kit.deadLetters.list()).toMatchObject([{ reason: 'failed', error: { code: 'key/unsupported' } }]);
  });

  it('restarts a routee that fails', async () => {
    await using kit = await systemKit();
    const router = kit.create(pool(1));
    const probe = kit.probe<string>();
    await kit.ask(router, { user: 'ann', job: 'do' });
    await kit.send(router, { user: 'ann', job: 'fail', replyTo: probe.ref });
    expect(await kit.ask(router, { user: 'ann', job: 'do' })).toMatch(/ 1$/);
    expect(kit.deadLetters.list()).toEqual([]);
  });

  it('leaves a routee that is supervised otherwise to that', async () => {
    await using kit = await systemKit();
    const router = kit.create(poolRouter('workers', () => supervise(working(), resume), { size: 1 })());
    const probe = kit.probe<string>();
    await kit.ask(router, { user: 'ann', job: 'do' });
    await kit.send(router, { user: 'ann', job: 'fail', replyTo: probe.ref });
    expect(await kit.ask(router, { user: 'ann', job: 'do' })).toMatch(/ 2$/);
  });

  it('goes on with those that are left when a routee stops, and moves only the keys of that one', async () => {
    await using kit = await systemKit();
    const router = kit.create(pool(4, { hashBy: 'user' }));
    const before = await owners(kit, router);
    const [gone] = before;
    await kit.ask(router, { user: users[0] ?? '', job: 'end' });
    const after = await owners(kit, router);
    expect(after).not.toContain(gone);
    expect(after.filter((owner, i) => before[i] !== gone && owner !== before[i])).toEqual([]);
  });

  it('stops when no routee is left', async () => {
    await using kit = await systemKit();
    const router = kit.create(pool(2));
    await kit.ask(router, { user: 'ann', job: 'end' });
    await kit.ask(router, { user: 'ann', job: 'end' });
    await kit.expectStopped(router);
  });

  it('takes its routees along when it stops', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<string>();
    const mortal = behavior('mortal', (): Behavior<'end'> =>
      receive<'end'>(() => same, { onSignal: ({ signal }, ctx) => (ctx.send(probe.ref, signal), same) }),
    );
    const owner = behavior('owner', (): Behavior<'end'> =>
      init((ctx) => {
        ctx.create(poolRouter('mortals', mortal, { size: 2 })(), { child: true });
        return receive(() => stopped);
      }),
    );
    await kit.send(kit.create(owner()), 'end');
    expect(await probe.expectMessages(2)).toEqual(['postStop', 'postStop']);
  });

  it('refuses a size that makes no pool', () => {
    for (const size of [0, -1, 1.5, NaN]) expect(() => pool(size)).toThrow('graph/bad-argument');
  });

  it('is data: a name, and then its routees', () => {
    expect(String(pool(3))).toBe('workers()');
  });
});

describe('a group router', () => {
  const key = serviceKey<Job>('jobs');
  const member = behavior('member', (): Behavior<Job> =>
    init((ctx) => {
      receptionist.register(ctx, key, ctx.self);
      return working();
    }),
  );
  const group = (strategy?: RoutingStrategy<Job>): Behavior<Job> =>
    groupRouter('group', key, { ...(strategy && { strategy }) })();

  it('gives messages to whoever is registered, also when that changes', async () => {
    await using kit = await systemKit();
    const one = kit.create(member());
    await kit.run();
    const router = kit.create(group());
    expect(new Set(await owners(kit, router, ['a', 'b', 'c']))).toEqual(new Set([String(one)]));
    const other = kit.create(member());
    await kit.run();
    expect(new Set(await owners(kit, router, ['a', 'b', 'c', 'd']))).toEqual(
      new Set([String(one), String(other)]),
    );
    await kit.ask(router, { user: 'ann', job: 'end' });
    expect(new Set(await owners(kit, router, ['a', 'b', 'c'])).size).toBe(1);
  });

  it('keeps messages until it knows who is registered', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<string>();
    kit.create(member());
    await kit.run();
    const router = kit.create(group());
    for (const user of ['a', 'b']) await kit.system.send(router, { user, job: 'do', replyTo: probe.ref });
    expect(await probe.expectMessages(2)).toHaveLength(2);
    expect(kit.deadLetters.list()).toEqual([]);
  });

  it('does not handle a message while nobody is registered, and whoever asks learns that', async () => {
    await using kit = await systemKit();
    const router = kit.create(group());
    await kit.run();
    await expect(kit.ask(router, { user: 'ann', job: 'do' })).rejects.toThrow('actor/unhandled');
    expect(kit.deadLetters.list()).toMatchObject([{ reason: 'unhandled' }]);
  });

  it('moves only the keys of a routee that comes', async () => {
    await using kit = await systemKit();
    for (let i = 0; i < 3; i++) kit.create(member());
    await kit.run();
    const router = kit.create(group({ hashBy: 'user' }));
    const before = await owners(kit, router);
    const late = kit.create(member());
    await kit.run();
    const after = await owners(kit, router);
    expect(after).toContain(String(late));
    expect(after.filter((owner, i) => owner !== before[i] && owner !== String(late))).toEqual([]);
  });
});
