// Timers of actors over restarts. The clock is in the test's hand.
import { describe, expect, it } from 'vitest';
import { behavior, entityRef, init, receive, same, type Behavior } from 'portico';
import { ends, Lives, witness } from './lives.ts';

type Kind = 'single' | 'fixedDelay' | 'fixedRate' | 'cron';
type Set = { readonly kind: Kind; readonly name: string; readonly ms?: number; readonly cron?: string };
type Message = Set | { readonly rings: string } | { readonly cancel: string };

const the = entityRef(witness(), 'the only one');

const clock = behavior('clock', (): Behavior<Message> =>
  receive((message, ctx) => {
    const { timers } = ctx;
    if ('rings' in message) ctx.send(the, { said: `${message.rings} ${ctx.nowMs}` });
    else if ('cancel' in message) timers.cancel(message.cancel);
    else {
      const { kind, name, ms = 0, cron = '' } = message;
      const rings = { rings: name };
      if (kind === 'cron') timers.cron(name, cron, rings);
      else timers[kind](name, ms, rings);
    }
    return same;
  }),
);
const snooze = behavior('snooze', (): Behavior<Message> =>
  init((ctx) => {
    ctx.timers.single('first', 100, { rings: 'first' });
    return clock();
  }),
);

const behaviors = { clock, snooze };
const START = 1_000_000;

describe.each(ends)('over %s', (end) => {
  it('a single timer rings once, at its time', async () => {
    const lives = new Lives({ behaviors });
    const system = await lives.start();
    await system.send(system.create(clock()), { kind: 'single', name: 'tea', ms: 500 });
    await lives.pass(200);
    await lives.again(end);
    await lives.pass(299);
    expect(await lives.heard()).toEqual([]);
    await lives.pass(1);
    expect(await lives.heard()).toEqual([`tea ${START + 500}`]);
    await lives.again(end);
    await lives.pass(10_000);
    expect(await lives.heard()).toEqual([`tea ${START + 500}`]);
  });

  it('timers that were due meanwhile ring once each, in the order in which they were due', async () => {
    const lives = new Lives({ behaviors });
    const system = await lives.start();
    const ref = system.create(clock());
    const other = system.create(clock());
    await system.send(ref, { kind: 'single', name: 'c', ms: 300 });
    await system.send(other, { kind: 'single', name: 'a', ms: 100 });
    await system.send(ref, { kind: 'single', name: 'b', ms: 200 });
    await system.send(ref, { kind: 'single', name: 'later', ms: 5_000 });
    await lives.end(end);
    lives.nowMs += 1_000;
    await lives.start();
    const now = START + 1_000;
    expect(await lives.heard()).toEqual([`a ${now}`, `b ${now}`, `c ${now}`]);
    await lives.again(end);
    expect(await lives.heard()).toHaveLength(3);
  });

  it('a timer that an init has set rings', async () => {
    const lives = new Lives({ behaviors });
    const system = await lives.start();
    system.create(snooze());
    await lives.rest();
    await lives.again(end);
    await lives.pass(100);
    expect(await lives.heard()).toEqual([`first ${START + 100}`]);
  });

  it('a timer at fixed delays goes on, each counted from the last', async () => {
    const lives = new Lives({ behaviors });
    const system = await lives.start();
    await system.send(system.create(clock()), { kind: 'fixedDelay', name: 'd', ms: 100 });
    await lives.pass(250);
    await lives.end(end);
    lives.nowMs += 1_000;
    await lives.start();
    await lives.pass(100);
    const times = [100, 200, 1_250, 1_350].map((ms) => `d ${START + ms}`);
    expect(await lives.heard()).toEqual(times);
  });

  it('a timer at a fixed rate keeps its rhythm, and leaves out what it missed', async () => {
    const lives = new Lives({ behaviors });
    const system = await lives.start();
    await system.send(system.create(clock()), { kind: 'fixedRate', name: 'r', ms: 100 });
    await lives.pass(250);
    await lives.end(end);
    lives.nowMs += 1_000;
    await lives.start();
    await lives.pass(100);
    // 300 was due; it rings at 1250, and the rhythm goes on at 1300.
    const times = [100, 200, 1_250, 1_300].map((ms) => `r ${START + ms}`);
    expect(await lives.heard()).toEqual(times);
  });

  it('a cron timer goes on, and what it missed rings once', async () => {
    const lives = new Lives({ behaviors });
    const system = await lives.start();
    await system.send(system.create(clock()), { kind: 'cron', name: 'm', cron: '* * * * *' });
    await lives.pass(60_000);
    await lives.end(end);
    lives.nowMs += 600_000;
    await lives.start();
    await lives.pass(60_000);
    const first = Math.ceil(START / 60_000) * 60_000;
    const woken = START + 660_000;
    expect(await lives.heard()).toEqual([
      `m ${first}`,
      `m ${woken}`,
      `m ${Math.ceil(woken / 60_000) * 60_000}`,
    ]);
  });

  it('a timer that was cancelled stays so, and one that was set anew rings at its new time', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(clock());
    for (const name of ['a', 'b', 'c']) await system.send(ref, { kind: 'single', name, ms: 100 });
    await system.send(ref, { cancel: 'a' });
    await system.send(ref, { kind: 'single', name: 'c', ms: 300 });
    system = await lives.again(end);
    await system.send(ref, { cancel: 'b' });
    await lives.again(end);
    await lives.pass(1_000);
    expect(await lives.heard()).toEqual([`c ${START + 300}`]);
  });

  it('a clock that goes backwards only makes timers wait longer', async () => {
    const lives = new Lives({ behaviors });
    const system = await lives.start();
    const ref = system.create(clock());
    await system.send(ref, { kind: 'single', name: 's', ms: 100 });
    await system.send(ref, { kind: 'fixedRate', name: 'r', ms: 100 });
    await system.send(ref, { kind: 'fixedDelay', name: 'd', ms: 100 });
    await system.send(ref, { kind: 'cron', name: 'm', cron: '* * * * *' });
    await lives.end(end);
    lives.nowMs -= 300_000;
    await lives.start();
    await lives.pass(299_999);
    expect(await lives.heard()).toEqual([]);
    await lives.pass(101);
    expect(await lives.heard()).toEqual(['s', 'r', 'd'].map((name) => `${name} ${START + 100}`));
    await lives.pass(100);
    expect((await lives.heard()).slice(3)).toEqual(['r', 'd'].map((name) => `${name} ${START + 200}`));
  });
});

describe('a timer that rings in the moment of a crash', () => {
  it.each([true, false])('counts once, its commit on disk: %s', async (keeps) => {
    const lives = new Lives({ behaviors });
    const system = await lives.start();
    await system.send(system.create(clock()), { kind: 'single', name: 'tea', ms: 500 });
    await lives.rest();
    lives.hold();
    await lives.tick(500);
    lives.crash({ keeps });
    await lives.start();
    expect(await lives.heard()).toEqual([`tea ${START + 500}`]);
    await lives.again();
    expect(await lives.heard()).toEqual([`tea ${START + 500}`]);
  });
});
