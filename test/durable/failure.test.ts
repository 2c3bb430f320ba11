// What went wrong, and what was decided about it, over restarts.
import { describe, expect, it } from 'vitest';
import {
  actorRef,
  backoff,
  behavior,
  entityRef,
  init,
  quarantine,
  receive,
  restart,
  resume,
  same,
  stop,
  supervise,
  type Behavior,
} from 'portico';
import { ends, Lives, witness } from './lives.ts';

const the = entityRef(witness(), 'the only one');

type Work = { readonly job: string } | 'fail';

/** Says how many jobs it has done since it began. */
const working = behavior('working', (done: number): Behavior<Work> =>
  receive(
    (message, ctx) => {
      if (message === 'fail') throw new Error('cannot');
      ctx.send(the, { said: `${message.job} ${done + 1}` });
      return working(done + 1);
    },
    {
      onSignal: ({ signal }, ctx) => {
        ctx.send(the, { said: signal });
        return same;
      },
    },
  ),
);
const worker = behavior('worker', (): Behavior<Work> =>
  init((ctx) => {
    ctx.send(the, { said: 'began' });
    return working(0);
  }),
);

/** Fails as long as it is not mended. */
const world = { isBroken: true };
const fragile = behavior('fragile', (): Behavior<string> =>
  receive((message, ctx) => {
    if (world.isBroken) throw new Error('broken');
    ctx.send(the, { said: message });
    return same;
  }),
);

const behaviors = { working, worker, fragile };

describe.each(ends)('over %s, dead letters', (end) => {
  it('are listed with the same numbers, causes and messages', async () => {
    world.isBroken = true;
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(fragile());
    for (const message of ['a', 'b']) await system.send(ref, message);
    await system.send(actorRef<string>('nobody'), 'c');
    await lives.rest();
    const before = system.deadLetters.list();
    expect(before.map(({ id, message, reason }) => [id, message, reason])).toEqual([
      [1, 'a', 'failed'],
      [2, 'b', 'failed'],
      [3, 'c', 'unknown'],
    ]);
    system = await lives.again(end);
    const after = system.deadLetters.list();
    expect(after.map(({ id, message, reason, ref: to }) => [id, message, reason, String(to)])).toEqual(
      before.map(({ id, message, reason, ref: to }) => [id, message, reason, String(to)]),
    );
    expect(after[0]?.error).toMatchObject({ message: 'broken' });
    expect(system.deadLetters.count).toBe(3);
    await system.send(ref, 'd');
    await lives.rest();
    expect(system.deadLetters.list().at(-1)).toMatchObject({ id: 4, message: 'd' });
  });

  it('that were sent again or discarded are gone for good', async () => {
    world.isBroken = true;
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(fragile());
    for (const message of ['a', 'b', 'c']) await system.send(ref, message);
    await lives.rest();
    system = await lives.again(end);
    world.isBroken = false;
    await system.deadLetters.resend(2);
    system.deadLetters.discard(1);
    expect(await lives.heard()).toEqual(['b']);
    system = await lives.again(end);
    expect(system.deadLetters.list().map(({ message }) => message)).toEqual(['c']);
    expect(await lives.heard()).toEqual(['b']);
  });

  it('are no more than the limit, which forgets the oldest', async () => {
    world.isBroken = true;
    const lives = new Lives({ behaviors, deadLetterLimit: 3 });
    let system = await lives.start();
    const ref = system.create(fragile());
    for (const message of ['a', 'b', 'c', 'd']) await system.send(ref, message);
    await lives.rest();
    system = await lives.again(end);
    expect(system.deadLetters.list().map(({ message }) => message)).toEqual(['b', 'c', 'd']);
    system = await lives.again(end, { deadLetterLimit: 2 });
    expect(system.deadLetters.list().map(({ message }) => message)).toEqual(['c', 'd']);
    await lives.rest();
    system = await lives.again(end, { deadLetterLimit: 10 });
    expect(system.deadLetters.list().map(({ message }) => message)).toEqual(['c', 'd']);
  });

  it('of behaviors that could not begin can be sent again', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    system.create(working(1), { name: 'ann' });
    system.create(worker(), { name: 'ann' });
    await lives.rest();
    system = await lives.again(end);
    const [letter] = system.deadLetters.list();
    expect(letter).toMatchObject({ what: 'creation', reason: 'nameTaken' });
    expect(String(letter?.message)).toBe('worker()');
  });
});

describe('a dead letter that is sent again in the moment of a crash', () => {
  it.each([true, false])('is handled once, its commit on disk: %s', async (keeps) => {
    world.isBroken = true;
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    for (const ref of [system.create(fragile()), system.create(fragile(), { name: 'ann' })])
      await system.send(ref, String(ref));
    await lives.rest();
    world.isBroken = false;
    const ids = system.deadLetters.list().map(({ id }) => id);
    lives.hold();
    for (const id of ids) void system.deadLetters.resend(id).catch(() => undefined);
    await lives.ticks();
    lives.crash({ keeps });
    system = await lives.start();
    await lives.rest();
    for (const { id } of system.deadLetters.list()) await system.deadLetters.resend(id);
    expect((await lives.heard()).map(String).sort()).toEqual(['actor:-1', 'actor:name:ann']);
    expect(system.deadLetters.list()).toEqual([]);
  });
});

describe.each(ends)('over %s, supervision', (end) => {
  it('counts restarts, and stops the actor at its limit', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(supervise(worker(), restart({ limit: 2, withinMs: 60_000 })));
    await system.send(ref, { job: 'a' });
    await system.send(ref, 'fail');
    system = await lives.again(end);
    await system.send(ref, { job: 'b' });
    await system.send(ref, 'fail');
    system = await lives.again(end);
    await system.send(ref, 'fail');
    await system.send(ref, { job: 'c' });
    expect(await lives.heard()).toEqual([
      'began',
      'a 1',
      'preRestart',
      'began',
      'b 1',
      'preRestart',
      'began',
      'postStop',
    ]);
    expect(system.deadLetters.list()).toMatchObject([{ reason: 'stopped', message: { job: 'c' } }]);
  });

  it('waits to begin again as long as it was to, with the messages that came meanwhile', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(supervise(worker(), backoff({ minMs: 1_000, maxMs: 10_000, resetMs: 60_000 })));
    await system.send(ref, 'fail');
    await system.send(ref, { job: 'a' });
    await lives.pass(400);
    system = await lives.again(end);
    await system.send(ref, { job: 'b' });
    await lives.pass(599);
    expect(await lives.heard()).toEqual(['began', 'preRestart']);
    await lives.pass(1);
    expect(await lives.heard()).toEqual(['began', 'preRestart', 'began', 'a 1', 'b 2']);
    // The next wait is twice as long, since it has not gone well for long enough.
    await system.send(ref, 'fail');
    system = await lives.again(end);
    await lives.pass(1_999);
    expect((await lives.heard()).slice(5)).toEqual(['preRestart']);
    await lives.pass(1);
    expect((await lives.heard()).slice(5)).toEqual(['preRestart', 'began']);
  });

  it('that is over its wait meanwhile begins again at once', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(supervise(worker(), backoff({ minMs: 1_000, maxMs: 10_000 })));
    await system.send(ref, 'fail');
    await lives.end(end);
    lives.nowMs += 5_000;
    system = await lives.start();
    await system.send(ref, { job: 'a' });
    expect(await lives.heard()).toEqual(['began', 'preRestart', 'began', 'a 1']);
  });

  it.each([
    ['quarantine', quarantine, ['began', 'a 1', 'b 2'], ['failed']],
    ['resume', resume, ['began', 'a 1', 'b 2'], []],
    ['stop', stop, ['began', 'a 1', 'postStop'], ['stopped']],
    ['restart', restart(), ['began', 'a 1', 'preRestart', 'began', 'b 1'], []],
  ] as const)('stays what it was: %s', async (_, supervision, heard, letters) => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(supervise(worker(), supervision));
    await system.send(ref, { job: 'a' });
    system = await lives.again(end);
    await system.send(ref, 'fail');
    system = await lives.again(end);
    await system.send(ref, { job: 'b' });
    expect(await lives.heard()).toEqual(heard);
    expect(system.deadLetters.list().map(({ reason }) => reason)).toEqual(letters);
  });
});
