// What the section “Scheduling messages to self” of the Akka Typed documentation promises: timers by key, single and
// periodic, and that nothing fires that was cancelled or replaced.
import { describe, expect, it } from 'vitest';
import {
  behavior,
  init,
  quarantine,
  receive,
  restart,
  resume,
  same,
  start,
  stopped,
  supervise,
  type ActorContext,
  type Behavior,
} from 'portico';
import { virtualHost } from 'portico/testing';
import { world } from './world.ts';

type Run = (ctx: ActorContext<string | Run>) => void;

/** Emits texts with the time, and does what it is told. Throws at `bad`, stops at `stop`. */
const timed = (): Behavior<string | Run> =>
  receive((message, ctx) => {
    if (typeof message === 'function') message(ctx);
    else ctx.emit(`${message} at ${ctx.nowMs}`);
    if (message === 'bad') throw new Error('no');
    return message === 'stop' ? stopped : same;
  });

describe('a single timer', () => {
  it('gives the message once, when its time has come', async () => {
    await using w = await world();
    await w.tell(await w.create(timed()), (ctx) => {
      ctx.timers.single('k', 100, 'tick');
    });
    await w.pass(99);
    expect(w.said).toEqual([]);
    await w.pass(1);
    await w.pass(1_000);
    expect(w.said).toEqual(['tick at 100']);
    expect(w.timers()).toBe(0);
  });

  it('of 0 ms comes after what waits already', async () => {
    await using w = await world();
    await w.tell(await w.create(timed()), (ctx) => {
      ctx.timers.single('k', 0, 'tick');
      ctx.send(ctx.self, 'sent');
    });
    await w.pass(0);
    expect(w.said).toEqual(['sent at 0', 'tick at 0']);
  });

  it('is replaced by one of the same key, and others go on', async () => {
    await using w = await world();
    await w.tell(await w.create(timed()), (ctx) => {
      ctx.timers.single('k', 100, 'first');
      ctx.timers.single('k', 200, 'second');
      ctx.timers.single(7, 50, 'other');
    });
    await w.pass(1_000);
    expect(w.said).toEqual(['other at 50', 'second at 200']);
  });

  it('of another actor is another timer, whatever the key', async () => {
    await using w = await world();
    for (const name of ['a', 'b']) {
      await w.tell(await w.create(timed()), (ctx) => {
        ctx.timers.single('k', 100, name);
      });
    }
    await w.pass(100);
    expect(w.said).toEqual(['a at 100', 'b at 100']);
  });

  it('fires after those that are due before it, and with the same time in the order of setting', async () => {
    await using w = await world();
    await w.tell(await w.create(timed()), (ctx) => {
      for (const [key, ms] of [
        ['a', 30],
        ['b', 10],
        ['c', 20],
        ['d', 10],
      ] as const)
        ctx.timers.single(key, ms, key);
    });
    await w.pass(100);
    expect(w.said).toEqual(['b at 10', 'd at 10', 'c at 20', 'a at 30']);
  });

  it('does not fire once it is cancelled, and does not count as active', async () => {
    await using w = await world();
    const active: boolean[] = [];
    const look: Run = (ctx) => void active.push(ctx.timers.isActive('k'));
    const ref = await w.create(timed());
    await w.tell(ref, look, (ctx) => {
      ctx.timers.single('k', 100, 'tick');
    });
    await w.tell(ref, look, (ctx) => {
      ctx.timers.cancel('k');
      ctx.timers.cancel('never set');
    });
    await w.tell(ref, look);
    await w.pass(1_000);
    expect(active).toEqual([false, true, false]);
    expect(w.said).toEqual([]);
    expect(w.timers()).toBe(0);
  });

  it('is not active in its own turn, and can be set again there', async () => {
    await using w = await world();
    const active: boolean[] = [];
    const again: Run = (ctx) => {
      active.push(ctx.timers.isActive('k'));
      if (active.length < 3) ctx.timers.single('k', 100, again);
    };
    await w.tell(await w.create(timed()), (ctx) => {
      ctx.timers.single('k', 100, again);
    });
    await w.pass(1_000);
    expect(active).toEqual([false, false, false]);
  });

  it.each([
    ['cancelled', (ctx: ActorContext<string | Run>) => ctx.timers.cancel('second')],
    ['all cancelled', (ctx: ActorContext<string | Run>) => ctx.timers.cancelAll()],
    ['replaced', (ctx: ActorContext<string | Run>) => ctx.timers.single('second', 50, 'new')],
  ])('does not fire if it is %s while it is on its way', async (how, change) => {
    await using w = await world();
    // Both are due at once, and the turn of the first is before that of the second.
    await w.tell(await w.create(timed()), (ctx) => {
      ctx.timers.single('first', 100, change);
      ctx.timers.single('second', 100, 'old');
    });
    await w.pass(1_000);
    expect(w.said).toEqual(how === 'replaced' ? ['new at 150'] : []);
    expect(w.timers()).toBe(0);
  });

  it('does not fire if its actor stops while it is on its way', async () => {
    await using w = await world();
    await w.tell(await w.create(timed()), (ctx) => {
      ctx.timers.single('first', 100, 'stop');
      ctx.timers.single('second', 100, 'old');
    });
    await w.pass(1_000);
    expect(w.said).toEqual(['stop at 100']);
    expect(w.letters()).toEqual([]);
    expect(w.cells()).toBe(0);
  });

  it('does not fire for an actor that has taken the name of the one that set it', async () => {
    await using w = await world();
    const first = await w.create(timed(), 'name');
    await w.tell(first, (ctx) => {
      ctx.timers.single('k', 100, 'tick');
    });
    await w.tell(first, 'stop');
    await w.create(timed(), 'name');
    await w.pass(1_000);
    expect(w.said).toEqual(['stop at 0']);
  });

  it('set or cancelled in a turn that fails was not set or cancelled', async () => {
    await using w = await world();
    const ref = await w.create(timed());
    await w.tell(ref, (ctx) => {
      ctx.timers.single('kept', 100, 'kept');
    });
    await w.tell(ref, (ctx) => {
      ctx.timers.single('new', 50, 'new');
      ctx.timers.cancel('kept');
      throw new Error('no');
    });
    await w.pass(1_000);
    expect(w.said).toEqual(['kept at 100']);
  });

  it('has fired, also if the turn that got its message fails', async () => {
    await using w = await world();
    const active: boolean[] = [];
    const ref = await w.create(timed());
    await w.tell(ref, (ctx) => {
      ctx.timers.single('k', 100, 'bad');
    });
    await w.pass(100);
    await w.tell(ref, (ctx) => void active.push(ctx.timers.isActive('k')));
    expect(active).toEqual([false]);
    expect(w.letters()).toEqual([['failed', 'bad']]);
  });

  it('gives its message to the behavior of then, and a long time is no trouble', async () => {
    await using w = await world();
    const year = 365 * 86_400_000;
    const then = receive<string | Run>((message, ctx) => (ctx.emit([message, ctx.nowMs]), same));
    await w.tell(
      await w.create(
        receive<string | Run>((_, ctx) => {
          ctx.timers.single('k', 10 * year, 'happy birthday');
          return then;
        }),
      ),
      'go',
    );
    await w.pass(10 * year);
    expect(w.said).toEqual([['happy birthday', 10 * year]]);
  });

  it('in init counts from the creation', async () => {
    await using w = await world();
    await w.pass(1_000);
    await w.create(init<string | Run>((ctx) => (ctx.timers.single('k', 100, 'tick'), timed())));
    await w.pass(100);
    expect(w.said).toEqual(['tick at 1100']);
  });
});

describe('a periodic timer', () => {
  it.each(['fixedDelay', 'fixedRate'] as const)(
    'of the kind %s gives its message until it is cancelled',
    async (kind) => {
      await using w = await world();
      const ref = await w.create(timed());
      await w.tell(ref, (ctx) => {
        ctx.timers[kind]('k', 100, 'tick');
      });
      await w.pass(350);
      await w.tell(ref, (ctx) => {
        ctx.timers.cancel('k');
      });
      await w.pass(1_000);
      expect(w.said).toEqual(['tick at 100', 'tick at 200', 'tick at 300']);
      expect(w.timers()).toBe(0);
    },
  );

  it.each([
    [
      'fixedDelay',
      'counts from when it fired',
      ['tick at 100', 'tick at 1730', 'tick at 1830', 'tick at 1930'],
    ],
    [
      'fixedRate',
      'keeps its times, and skips those that were missed',
      ['tick at 100', 'tick at 1730', 'tick at 1800', 'tick at 1900'],
    ],
  ] as const)('of the kind %s after a long pause %s', async (kind, _, expected) => {
    const host = virtualHost();
    // The whole process sleeps: the clock goes on, and nothing runs.
    let sleptMs = 0;
    await using system = await start({ host: { ...host, now: () => host.now() + sleptMs }, seed: 1 });
    const said: unknown[] = [];
    system.subscribe((value) => said.push(value));
    await system.send(system.create(timed()), (ctx) => {
      ctx.timers[kind]('k', 100, 'tick');
    });
    await host.advance(150);
    sleptMs = 1_530;
    await host.advance(270);
    expect(said).toEqual(expected);
  });

  it.each(['fixedDelay', 'fixedRate'] as const)(
    'of the kind %s goes on after a turn that fails',
    async (kind) => {
      await using w = await world();
      const ref = await w.create(supervise(timed(), kind === 'fixedDelay' ? quarantine : resume));
      await w.tell(ref, (ctx) => {
        ctx.timers[kind]('k', 100, 'bad');
      });
      await w.pass(350);
      expect(w.letters()).toHaveLength(kind === 'fixedDelay' ? 3 : 0);
      const active: boolean[] = [];
      await w.tell(ref, (ctx) => void active.push(ctx.timers.isActive('k')));
      expect(active).toEqual([true]);
      expect(w.timers()).toBe(1);
    },
  );

  it('ends with its actor, and with a restart', async () => {
    await using w = await world();
    const ref = await w.create(supervise(timed(), restart()));
    await w.tell(ref, (ctx) => {
      ctx.timers.fixedRate('k', 100, 'tick');
    });
    await w.pass(100);
    await w.tell(ref, 'bad');
    await w.pass(1_000);
    expect(w.said).toEqual(['tick at 100']);
    await w.tell(ref, (ctx) => {
      ctx.timers.fixedDelay('k', 100, 'tick');
    });
    await w.tell(ref, 'stop');
    await w.pass(1_000);
    expect(w.said).toEqual(['tick at 100', 'stop at 1100']);
    expect(w.timers()).toBe(0);
  });

  it('is silent while its actor waits for its children to stop', async () => {
    await using w = await world();
    const ref = await w.create(timed());
    await w.tell(ref, (ctx) => {
      const slow = behavior('slow', (depth: number): Behavior<never> =>
        init((inner) => (depth > 0 && inner.create(slow(depth - 1), { child: true }), receive(() => same))),
      );
      ctx.create(slow(50), { child: true });
      ctx.timers.fixedRate('k', 1, 'tick');
      ctx.timers.single('s', 0, 'stop');
    });
    await w.pass(10);
    expect(w.said).toEqual(['stop at 0']);
    expect(w.letters()).toEqual([]);
    expect(w.cells()).toBe(0);
  });

  it('does not keep others from their turn, however many there are', async () => {
    await using w = await world();
    for (let i = 0; i < 1_000; i++) {
      await w.tell(await w.create(timed()), (ctx) => {
        ctx.timers.fixedRate('k', 10, 'tick');
      });
    }
    await w.pass(100);
    expect(w.said).toHaveLength(10_000);
  });
});

describe('a time that cannot be', () => {
  it.each([
    ['single', -1],
    ['single', NaN],
    ['single', '5'],
    ['fixedDelay', 0],
    ['fixedDelay', -1],
    ['fixedRate', 0],
    ['fixedRate', NaN],
  ] as const)('is refused where it is given: %s of %s ms', async (kind, ms) => {
    await using w = await world();
    await w.tell(await w.create(timed()), (ctx) => {
      ctx.timers[kind]('k', ms as number, 'tick');
    });
    expect(w.system.deadLetters.list()).toMatchObject([{ error: { code: 'context/bad-argument' } }]);
    await w.pass(1_000);
    expect(w.said).toEqual([]);
    expect(w.system.dataflow.failure).toBeUndefined();
  });

  it('does not include for ever', async () => {
    await using w = await world();
    await w.tell(await w.create(timed()), (ctx) => {
      ctx.timers.single('k', Infinity, 'tick');
      ctx.timers.fixedRate('l', Infinity, 'tick');
      ctx.timers.single('m', 10, 'tick');
    });
    await w.pass(1_000_000);
    expect(w.said).toEqual(['tick at 10']);
  });
});

describe('a cron timer', () => {
  const at = (text: string): number => Date.parse(`${text}Z`);
  const from = async (start_: string, expression: string, until: string): Promise<string[]> => {
    const host = virtualHost({ startMs: at(start_) });
    await using system = await start({ host, seed: 1 });
    const said: string[] = [];
    system.subscribe((value) => said.push(new Date(value as number).toISOString().slice(0, 16)));
    const ref = system.create(
      receive<'set' | 'due'>((message, ctx) => {
        if (message === 'set') ctx.timers.cron('k', expression, 'due');
        else ctx.emit(ctx.nowMs);
        return same;
      }),
    );
    await system.send(ref, 'set');
    await host.advance(at(until) - at(start_));
    return said;
  };

  it.each([
    [
      '* * * * *',
      '2026-03-01T12:00',
      '2026-03-01T12:03',
      ['2026-03-01T12:01', '2026-03-01T12:02', '2026-03-01T12:03'],
    ],
    [
      '*/20 9-10 * * *',
      '2026-03-01T10:30',
      '2026-03-02T09:20',
      ['2026-03-01T10:40', '2026-03-02T09:00', '2026-03-02T09:20'],
    ],
    ['0 0 31 * *', '2026-01-31T00:00', '2026-06-01T00:00', ['2026-03-31T00:00', '2026-05-31T00:00']],
    ['30 6 29 2 *', '2026-01-01T00:00', '2028-03-01T00:00', ['2028-02-29T06:30']],
    [
      '0 12 * * 1,7',
      '2026-03-01T00:00',
      '2026-03-08T13:00',
      ['2026-03-01T12:00', '2026-03-02T12:00', '2026-03-08T12:00'],
    ],
    ['0 0 13 * 5', '2026-03-01T00:00', '2026-03-14T00:00', ['2026-03-06T00:00', '2026-03-13T00:00']],
    ['59 23 31 12 *', '2026-12-31T23:58', '2027-01-01T00:00', ['2026-12-31T23:59']],
  ])('“%s” from %s to %s fires at its times, in UTC', async (expression, begin, until, expected) => {
    expect(await from(begin, expression, until)).toEqual(expected);
  });

  it.each([
    '',
    '* * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    'a * * * *',
    '0 0 31 2 *',
    '0 0 30 2 *',
    '1,,2 * * * *',
    '* * * * MON',
  ])('“%s” is refused where it is given', async (expression) => {
    await using w = await world();
    await w.tell(await w.create(timed()), (ctx) => {
      ctx.timers.cron('k', expression, 'tick');
    });
    expect(w.system.deadLetters.list()).toMatchObject([{ error: { code: 'actor/bad-cron' } }]);
  });

  it('is replaced and cancelled like any other, and goes on after a failure', async () => {
    await using w = await world();
    const ref = await w.create(timed());
    await w.tell(ref, (ctx) => {
      ctx.timers.cron('k', '* * * * *', 'bad');
      ctx.timers.cron('l', '* * * * *', 'never');
      ctx.timers.cron('l', '*/2 * * * *', 'tick');
    });
    await w.pass(4 * 60_000);
    expect(w.letters()).toHaveLength(4);
    expect(w.said).toEqual(['tick at 120000', 'tick at 240000']);
    await w.tell(ref, (ctx) => {
      ctx.timers.cancelAll();
    });
    expect(w.timers()).toBe(0);
  });
});
