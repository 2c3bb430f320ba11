// What the chapter “Fault tolerance” of the Akka Typed documentation promises, and where we go further: a turn that fails
// is undone as a whole, and supervision says what becomes of the actor.
import { describe, expect, it } from 'vitest';
import {
  backoff,
  behavior,
  effect,
  init,
  mapState,
  quarantine,
  receive,
  restart,
  resume,
  same,
  stop,
  stopped,
  supervise,
  valueState,
  type ActorRef,
  type Behavior,
  type Supervision,
} from 'portico';
import { settled, world, type World } from './world.ts';

const total = valueState('total', 0);
const seen = mapState<string, number>('seen');

/** Counts in its arguments and in its state, and says both. Throws at `bad`, stops at `stop`. */
const counter = behavior('counter', (n: number): Behavior<string> =>
  receive(
    (text, ctx) => {
      total.update(ctx, (sum) => sum + 1);
      seen.set(ctx, text, n);
      ctx.emit([text, n, total.get(ctx), seen.size(ctx)]);
      if (text === 'bad') throw new Error('a bad message');
      return text === 'stop' ? stopped : counter(n + 1);
    },
    { onSignal: ({ signal }, ctx) => (ctx.emit(signal), same) },
  ),
);

describe('a turn that throws', () => {
  it('is undone as a whole: behavior, state, sends, creations, timers, asks, effects, watches', async () => {
    let called = 0;
    const call = effect('call', () => {
      called++;
    });
    await using w = await world({ effects: { call } });
    const other = await w.create(counter(0));
    type Mess = { do: boolean } | { type: 'ran'; reply?: void };
    const messy = await w.create(
      receive<Mess>((_, ctx) => {
        total.set(ctx, 7);
        seen.set(ctx, 'x', 1);
        ctx.emit('half');
        ctx.send(other, 'half');
        ctx.create(counter(0), { child: true, name: 'half' });
        ctx.timers.single('k', 10, { do: true });
        ctx.run(call, undefined, { as: { type: 'ran' } });
        ctx.watch(other);
        ctx.stash.stash({ do: true });
        throw new Error('no');
      }),
    );
    await w.tell(messy, { do: true });
    await w.pass(100);
    expect(w.said).toEqual([]);
    expect(called).toBe(0);
    expect(w.cells()).toBe(2);
    expect(w.timers()).toBe(0);
    await w.tell(other, 'stop');
    expect(w.letters()).toEqual([['failed', { do: true }]]);
  });

  it('leaves other turns of the same atom alone', async () => {
    await using w = await world();
    const refs = [await w.create(counter(0)), await w.create(counter(10))];
    const both = receive<string>((_, ctx) => {
      for (const text of ['a', 'bad', 'b']) for (const ref of refs) ctx.send(ref, text);
      return same;
    });
    await w.tell(await w.create(both), 'go');
    expect(w.said).toEqual([
      ['a', 0, 1, 1],
      ['a', 10, 1, 1],
      ['b', 1, 2, 2],
      ['b', 11, 2, 2],
    ]);
  });

  it.each([
    ['an error', new Error('no')],
    ['a text', 'no'],
    ['undefined', undefined],
    ['null', null],
    ['an object', { no: true }],
  ])('may throw %s', async (_, thrown) => {
    await using w = await world();
    const ref = await w.create(
      receive<string>((text, ctx) => {
        // oxlint-disable-next-line typescript/only-throw-error -- anything may be thrown
        if (text === 'bad') throw thrown;
        ctx.emit(text);
        return same;
      }),
    );
    await w.tell(ref, 'bad', 'good');
    expect(w.said).toEqual(['good']);
    expect(w.letters()).toEqual([['failed', 'bad']]);
    expect(w.system.dataflow.failure).toBeUndefined();
  });

  it('never stops the system, even if the stack overflows', async () => {
    await using w = await world();
    const deep = (n: number): number => deep(n + 1) + 1;
    const ref = await w.create(receive<string>((text, ctx) => (ctx.emit(text), deep(0), same)));
    const other = await w.create(counter(0));
    await w.tell(ref, 'too deep');
    await w.tell(other, 'fine');
    expect(w.said).toEqual([['fine', 0, 1, 1]]);
    expect(w.letters()).toEqual([['failed', 'too deep']]);
  });
});

describe('without supervision', () => {
  it('the message is set aside with its cause, and the actor goes on as it was', async () => {
    await using w = await world();
    const ref = await w.create(counter(0));
    await w.tell(ref, 'a', 'bad', 'b');
    expect(w.said).toEqual([
      ['a', 0, 1, 1],
      ['b', 1, 2, 2],
    ]);
    expect(w.system.deadLetters.list()).toMatchObject([
      { reason: 'failed', message: 'bad', error: { message: 'a bad message' } },
    ]);
  });

  it('the system’s own supervision holds, if one was given; an actor’s own goes first', async () => {
    await using w = await world({ supervision: stop });
    const plain = await w.create(counter(0));
    const own = await w.create(supervise(counter(0), resume));
    await w.tell(plain, 'bad', 'a');
    await w.tell(own, 'bad', 'b');
    expect(w.said).toEqual(['postStop', ['b', 0, 1, 1]]);
    expect(w.letters()).toEqual([['stopped', 'a']]);
  });

  it('the system’s own supervision may restart: with the behavior that the actor was created with', async () => {
    await using w = await world({ supervision: restart() });
    await w.tell(await w.create(counter(5)), 'a', 'b', 'bad', 'c');
    expect(w.said).toEqual([['a', 5, 1, 1], ['b', 6, 2, 2], 'preRestart', ['c', 5, 1, 1]]);
  });

  it('the system’s own supervision may back off: messages wait meanwhile', async () => {
    await using w = await world({ supervision: backoff({ minMs: 100, maxMs: 1_000 }) });
    await w.tell(await w.create(counter(5)), 'a', 'bad', 'c', 'd');
    expect(w.said).toEqual([['a', 5, 1, 1], 'preRestart']);
    await w.pass(100);
    expect(w.said.slice(2)).toEqual([
      ['c', 5, 1, 1],
      ['d', 6, 2, 2],
    ]);
    expect(w.letters()).toEqual([]);
  });
});

describe('quarantine', () => {
  it('lets the dead letter be sent again, to the actor as it is then', async () => {
    await using w = await world();
    let broken = true;
    const ref = await w.create(
      receive<string>((text, ctx) => {
        if (broken) throw new Error('not yet');
        ctx.emit(text);
        return same;
      }),
    );
    await w.tell(ref, 'a', 'b');
    broken = false;
    for (const { id } of w.system.deadLetters.list()) await w.system.deadLetters.resend(id);
    await w.rest();
    expect(w.said).toEqual(['a', 'b']);
    expect(w.letters()).toEqual([]);
    expect(w.system.deadLetters.count).toBe(2);
  });

  it('sets the message aside again if it fails again', async () => {
    await using w = await world();
    await w.tell(await w.create(counter(0)), 'bad');
    const [first] = w.system.deadLetters.list();
    await w.system.deadLetters.resend(first?.id ?? 0);
    await w.rest();
    const [second] = w.system.deadLetters.list();
    expect(second).toMatchObject({ message: 'bad' });
    expect(second?.id).not.toBe(first?.id);
  });

  it('lets the dead letter be discarded, and knows of no other', async () => {
    await using w = await world();
    await w.tell(await w.create(counter(0)), 'bad');
    const [letter] = w.system.deadLetters.list();
    w.system.deadLetters.discard(letter?.id ?? 0);
    expect(w.letters()).toEqual([]);
    const unknown = expect.objectContaining({ code: 'deadletter/unknown' });
    expect(() => w.system.deadLetters.discard(letter?.id ?? 0)).toThrow(unknown);
    await expect(w.system.deadLetters.resend(99)).rejects.toEqual(unknown);
  });

  it('keeps as many as allowed, the newest, and counts all', async () => {
    await using w = await world({ deadLetterLimit: 3 });
    await w.tell(await w.create<string>(stopped), 'a', 'b', 'c', 'd', 'e');
    expect(w.letters().map(([, text]) => text)).toEqual(['c', 'd', 'e']);
    expect(w.system.deadLetters.count).toBe(5);
  });
});

describe('resume', () => {
  it('drops the message, says so in the log, and the actor goes on as it was', async () => {
    await using w = await world();
    await w.tell(await w.create(supervise(counter(0), resume)), 'a', 'bad', 'b');
    expect(w.said).toEqual([
      ['a', 0, 1, 1],
      ['b', 1, 2, 2],
    ]);
    expect(w.letters()).toEqual([]);
    expect(w.lines()).toEqual([expect.stringContaining('a bad message')]);
  });
});

describe('stop', () => {
  it('stops the actor, with PostStop and its children, and tells its watchers', async () => {
    await using w = await world();
    const parent = supervise(
      init<string>((ctx) => {
        ctx.create(counter(0), { child: true });
        return counter(0);
      }),
      stop,
    );
    const ref = await w.create(parent);
    const watching = settled(w.host, w.system.watch(ref));
    await watching;
    await w.tell(ref, 'a', 'bad', 'b');
    expect(w.said).toEqual([['a', 0, 1, 1], 'postStop', 'postStop']);
    expect(w.letters()).toEqual([['stopped', 'b']]);
    expect(w.lines()).toEqual([expect.stringContaining('a bad message')]);
    expect(w.cells()).toBe(0);
  });
});

describe('restart', () => {
  it('begins again with the behavior that the actor was created with, and without any state', async () => {
    await using w = await world();
    await w.tell(await w.create(supervise(counter(5), restart())), 'a', 'b', 'bad', 'c');
    expect(w.said).toEqual([['a', 5, 1, 1], ['b', 6, 2, 2], 'preRestart', ['c', 5, 1, 1]]);
    expect(w.letters()).toEqual([]);
  });

  it('runs init again', async () => {
    await using w = await world();
    const ref = await w.create(
      supervise(
        init<string>((ctx) => (ctx.emit('init'), counter(0))),
        restart(),
      ),
    );
    await w.tell(ref, 'bad', 'bad', 'a');
    expect(w.said).toEqual(['init', 'preRestart', 'init', 'preRestart', 'init', ['a', 0, 1, 1]]);
  });

  it('keeps the reference, the name, the watchers and the messages that wait', async () => {
    await using w = await world();
    const ref = await w.create(supervise(counter(0), restart()), 'name');
    const watched = w.system.watch(ref);
    await w.rest();
    await w.tell(ref, 'bad', 'a');
    expect(await settled(w.host, watched)).toBe('waiting');
    await w.tell(ref, 'stop');
    expect(await settled(w.host, watched)).toEqual({ reply: undefined });
    expect(w.said).toEqual(['preRestart', ['a', 0, 1, 1], ['stop', 1, 2, 2], 'postStop']);
  });

  it('ends timers, asks and watches of before', async () => {
    await using w = await world();
    const other = await w.create(receive<{ q: string; replyTo: ActorRef<string> }>(() => same));
    type Busy = { type: 'busy' } | { type: 'bad' } | { type: 'got'; reply?: string; failure?: unknown };
    let begun = 0;
    const busy = await w.create(
      supervise(
        receive<Busy>((message, ctx) => {
          if (message.type === 'bad') throw new Error('no');
          if (message.type === 'got') ctx.emit('got');
          if (begun++ > 0) return same;
          ctx.ask(other, { q: 'a' }, { as: { type: 'got' }, timeoutMs: 100 });
          ctx.timers.fixedRate('k', 100, { type: 'got' });
          ctx.watch(other);
          return same;
        }),
        restart(),
      ),
    );
    await w.tell(busy, { type: 'busy' }, { type: 'bad' });
    expect(w.timers()).toBe(0);
    await w.pass(1_000);
    expect(w.said).toEqual([]);
    const fresh = w.system.watch(other);
    await w.rest();
    expect(await settled(w.host, fresh)).toBe('waiting');
  });

  it('gives what was stashed to the new behavior', async () => {
    await using w = await world();
    let stashing = true;
    const ref = await w.create(
      supervise(
        receive<string>((text, ctx) => {
          if (text === 'bad') throw new Error('no');
          if (stashing) ctx.stash.stash(text);
          else ctx.emit(text);
          return same;
        }),
        restart(),
      ),
    );
    await w.tell(ref, 'one', 'two');
    stashing = false;
    await w.tell(ref, 'bad', 'three');
    expect(w.said).toEqual(['one', 'two', 'three']);
  });

  it('ends if what was stashed fails again and again: each failure counts, and the message is used up', async () => {
    await using w = await world();
    let stashing = true;
    const ref = await w.create(
      supervise(
        receive<string>((text, ctx) => {
          if (stashing && text !== 'bad') ctx.stash.stash(text);
          else throw new Error('no');
          return same;
        }),
        restart({ limit: 3, withinMs: 1_000 }),
      ),
    );
    await w.tell(ref, 'a', 'b', 'c', 'd', 'e');
    stashing = false;
    await w.tell(ref, 'bad');
    expect(w.letters()).toEqual([
      ['stopped', 'd'],
      ['stopped', 'e'],
    ]);
    expect(w.cells()).toBe(0);
  });

  it('stops the actor after as many restarts as are allowed', async () => {
    await using w = await world();
    const ref = await w.create(supervise(counter(0), restart({ limit: 2 })));
    await w.tell(ref, 'bad', 'bad', 'a', 'bad', 'b');
    expect(w.said).toEqual(['preRestart', 'preRestart', ['a', 0, 1, 1], 'postStop']);
    expect(w.letters()).toEqual([['stopped', 'b']]);
    expect(w.lines().map((line) => /begins again|stops/.exec(String(line))?.[0])).toEqual([
      'begins again',
      'begins again',
      'stops',
    ]);
  });

  it('counts only the restarts within the window', async () => {
    await using w = await world();
    const ref = await w.create(supervise(counter(0), restart({ limit: 2, withinMs: 1_000 })));
    for (let i = 0; i < 10; i++) {
      await w.tell(ref, 'bad');
      await w.pass(500);
    }
    expect(w.cells()).toBe(1);
    await w.tell(ref, 'bad');
    await w.pass(499);
    await w.tell(ref, 'bad');
    expect(w.cells()).toBe(0);
  });

  it('allows none at all with a limit of 0', async () => {
    await using w = await world();
    await w.tell(await w.create(supervise(counter(0), restart({ limit: 0 }))), 'bad');
    expect(w.said).toEqual(['postStop']);
  });

  const family = (supervision: Supervision, depth: number): Behavior<string> =>
    supervise(
      init((ctx) => {
        ctx.create(descendant('child', depth), { child: true, name: 'child' });
        return receive((text, inner) => {
          if (text === 'bad') throw new Error('no');
          inner.emit(text);
          return same;
        });
      }),
      supervision,
    );
  const descendant = behavior('descendant', (name: string, depth: number): Behavior<string> =>
    init((ctx) => {
      ctx.emit(`${name} begins`);
      if (depth > 0) ctx.create(descendant(`${name}'s child`, depth - 1), { child: true });
      return receive(() => same, { onSignal: (_, inner) => (inner.emit(`${name} stops`), same) });
    }),
  );

  it.each([
    ['has no children', 0],
    ['has children', 1],
    ['has grandchildren', 2],
  ])(
    'begins again after its children have stopped, so that their names are free (the child %s)',
    async (_, depth) => {
      await using w = await world();
      const ref = await w.create(family(restart(), depth));
      const begun = w.said.splice(0);
      await w.tell(ref, 'bad', 'a');
      const stops = w.said.splice(0, depth + 1);
      expect(stops).toEqual(begun.map((line) => String(line).replace('begins', 'stops')).reverse());
      expect(new Set(w.said)).toEqual(new Set(['a', ...begun]));
      expect(w.said).toHaveLength(depth + 2);
      expect(w.letters()).toEqual([]);
      expect(w.cells()).toBe(depth + 2);
    },
  );

  it('leaves children alone if it says so', async () => {
    await using w = await world();
    const ref = await w.create(family(restart({ stopChildren: false }), 0));
    await w.tell(ref, 'bad', 'a');
    expect(w.said).toEqual(['child begins', 'a']);
    // The new beginning wants to create a child of the same name, and that is still there.
    expect(w.letters().map(([reason]) => reason)).toEqual(['nameTaken']);
    expect(w.cells()).toBe(2);
  });

  it('tells PreRestart to the behavior that failed; if that fails as well, it begins again all the same', async () => {
    await using w = await world();
    const ref = await w.create(
      supervise(
        receive<string>(
          (text, ctx) => {
            if (text === 'bad') throw new Error('no');
            ctx.emit(text);
            return same;
          },
          {
            onSignal: (_, ctx) => {
              ctx.emit('half');
              throw new Error('cannot even');
            },
          },
        ),
        restart(),
      ),
    );
    await w.tell(ref, 'bad', 'a');
    expect(w.said).toEqual(['a']);
    expect(w.letters()).toEqual([['failed', { signal: 'preRestart' }]]);
  });

  it('holds for a failure in a signal', async () => {
    await using w = await world();
    const other = await w.create(receive<string>(() => stopped));
    await w.create(
      supervise(
        init<string>((ctx) => {
          ctx.emit('init');
          ctx.watch(other);
          return receive(() => same);
        }),
        restart({ limit: 3 }),
      ),
    );
    await w.tell(other, 'stop');
    // Each time it watches one that has stopped, and does not handle that.
    expect(w.said).toEqual(['init', 'init', 'init', 'init']);
    expect(w.cells()).toBe(0);
  });
});

describe('a beginning that fails', () => {
  /** Fails to begin so many times. */
  const unlucky = (w: { said: unknown[] }, times: number): Behavior<string> => {
    let left = times;
    return init((ctx) => {
      w.said.push('tries');
      if (left-- > 0) throw new Error('not yet');
      return receive((text) => (ctx.emit(text), same));
    });
  };

  it.each([
    ['quarantined', quarantine],
    ['resumed', resume],
    ['stopped', stop],
    // That would be without end.
    ['restarted without a limit', restart()],
  ])('is the end of an actor that is %s', async (_, supervision) => {
    await using w = await world();
    await w.tell(await w.create(supervise(unlucky(w, 1), supervision)), 'a');
    expect(w.said).toEqual(['tries']);
    expect(w.letters().map(([reason]) => reason)).toEqual(['failed', 'stopped']);
    expect(w.cells()).toBe(0);
  });

  it('is tried again within the limit of a restart', async () => {
    await using w = await world();
    const lucky = await w.create(supervise(unlucky(w, 2), restart({ limit: 2 })));
    await w.tell(lucky, 'a');
    expect(w.said).toEqual(['tries', 'tries', 'tries', 'a']);
    expect(w.letters()).toEqual([]);
    w.said.length = 0;
    await w.tell(await w.create(supervise(unlucky(w, 3), restart({ limit: 2 }))), 'a');
    expect(w.said).toEqual(['tries', 'tries', 'tries']);
    expect(w.letters().map(([reason]) => reason)).toEqual(['failed', 'stopped']);
  });

  it('is tried again after a while under back-off, for as long as it takes', async () => {
    await using w = await world();
    const ref = await w.create(supervise(unlucky(w, 5), backoff({ minMs: 100, maxMs: 400 })));
    await w.tell(ref, 'a', 'b');
    const tries: number[] = [];
    for (let ms = 0; ms < 3_000; ms += 100) {
      tries.push(w.said.filter((line) => line === 'tries').length);
      await w.pass(100);
    }
    expect(tries.slice(0, 17)).toEqual([1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6]);
    expect(w.said.slice(-2)).toEqual(['a', 'b']);
    expect(w.letters()).toEqual([]);
  });

  it('is tried again when the factory says how it is supervised', async () => {
    await using w = await world();
    let left = 1;
    const kind = behavior('kind', (): Behavior<string> =>
      supervise(
        init((ctx) => {
          if (left-- > 0) throw new Error('not yet');
          return receive((text) => (ctx.emit(text), same));
        }),
        backoff({ minMs: 100, maxMs: 400 }),
      ),
    );
    await w.tell(await w.create(kind()), 'a');
    await w.tell(w.system.entity(kind(), 'x'), 'b');
    await w.pass(100);
    expect(new Set(w.said)).toEqual(new Set(['a', 'b']));
  });

  it('after a restart is the end, and is told to the watchers; PostStop is not, since nothing had begun', async () => {
    await using w = await world();
    let begun = 0;
    const ref = await w.create(
      supervise(
        init<string>(() => {
          if (begun++ > 0) throw new Error('not again');
          return counter(0);
        }),
        restart(),
      ),
    );
    const watched = w.system.watch(ref);
    await w.rest();
    await w.tell(ref, 'a', 'bad', 'b');
    expect(w.said).toEqual([['a', 0, 1, 1], 'preRestart']);
    expect(w.letters().map(([reason]) => reason)).toEqual(['failed', 'stopped']);
    expect(await settled(w.host, watched)).toEqual({ reply: undefined });
    expect(w.cells()).toBe(0);
  });
});

describe('back-off', () => {
  /** Lets a supervised actor fail again and again as soon as it has begun again, and tells how long each wait was. */
  const waits = async (w: World, supervision: Supervision, times: number): Promise<number[]> => {
    const ref = await w.create(
      supervise(
        init<string>((ctx) => (ctx.emit(ctx.nowMs), counter(0))),
        supervision,
      ),
    );
    const begun = (): number => w.said.filter((each) => typeof each === 'number').at(-1) as number;
    const found: number[] = [];
    for (let i = 0; i < times; i++) {
      const failedMs = w.host.now();
      await w.tell(ref, 'bad');
      while (begun() < failedMs || found.length === i) {
        await w.pass(1);
        if (begun() > failedMs) found.push(begun() - failedMs);
      }
    }
    return found;
  };

  it('waits twice as long each time, up to the most', async () => {
    await using w = await world();
    const found = await waits(w, backoff({ minMs: 10, maxMs: 100, resetMs: 1_000 }), 6);
    expect(found).toEqual([10, 20, 40, 80, 100, 100]);
  });

  it('waits up to the jitter more, never less, and not always the same', async () => {
    await using w = await world();
    const found = await waits(w, backoff({ minMs: 1_000, maxMs: 1_000, jitter: 0.2, resetMs: 1e9 }), 30);
    for (const ms of found) {
      expect(ms).toBeGreaterThanOrEqual(1_000);
      expect(ms).toBeLessThanOrEqual(1_200);
    }
    expect(new Set(found).size).toBeGreaterThan(10);
  });

  it('begins with the shortest wait again after it went well for long enough, and not before', async () => {
    await using w = await world();
    const ref = await w.create(supervise(counter(0), backoff({ minMs: 100, maxMs: 10_000, resetMs: 1_000 })));
    const waited = (): unknown => /in (\d+) ms/.exec(String(w.lines().at(-1)))?.[1];
    await w.tell(ref, 'bad');
    expect(waited()).toBe('100');
    await w.pass(100 + 999);
    await w.tell(ref, 'bad');
    expect(waited()).toBe('200');
    await w.pass(200 + 1_000);
    await w.tell(ref, 'bad');
    expect(waited()).toBe('100');
  });

  it('lets messages wait meanwhile, in their order, and begins without any state', async () => {
    await using w = await world();
    const ref = await w.create(supervise(counter(5), backoff({ minMs: 100, maxMs: 100 })));
    await w.tell(ref, 'a', 'bad', 'b', 'c');
    await w.pass(50);
    await w.tell(ref, 'd');
    expect(w.said).toEqual([['a', 5, 1, 1], 'preRestart']);
    await w.pass(50);
    await w.tell(ref, 'e');
    expect(w.said.slice(2)).toEqual([
      ['b', 5, 1, 1],
      ['c', 6, 2, 2],
      ['d', 7, 3, 3],
      ['e', 8, 4, 4],
    ]);
  });

  it('lets as many wait as its stash holds; the rest are dead letters, and who asks is told', async () => {
    await using w = await world();
    const ref = await w.create(supervise(counter(0), backoff({ minMs: 100, maxMs: 100, stash: 2 })));
    await w.tell(ref, 'bad', 'a', 'b', 'c');
    expect(w.letters()).toEqual([['stashFull', 'c']]);
    const asked = w.system.ask(ref as unknown as ActorRef<{ replyTo: ActorRef<string> }>, {});
    expect(await settled(w.host, asked)).toMatchObject({ error: { code: 'ask/failed' } });
    await w.pass(100);
    expect(w.said.slice(1)).toEqual([
      ['a', 0, 1, 1],
      ['b', 1, 2, 2],
    ]);
  });

  it('goes on when one of those that waited fails: the rest wait again', async () => {
    await using w = await world();
    const ref = await w.create(supervise(counter(0), backoff({ minMs: 100, maxMs: 1_000, resetMs: 1_000 })));
    await w.tell(ref, 'bad', 'a', 'bad', 'b');
    await w.pass(100);
    expect(w.said).toEqual(['preRestart', ['a', 0, 1, 1], 'preRestart']);
    await w.pass(199);
    expect(w.said).toHaveLength(3);
    await w.pass(1);
    expect(w.said.slice(3)).toEqual([['b', 0, 1, 1]]);
    expect(w.letters()).toEqual([]);
  });

  it('stops the children when it fails, and begins again after they have stopped', async () => {
    await using w = await world();
    const tardy = behavior('tardy', (): Behavior<string> =>
      receive(() => same, {
        onSignal: (_, ctx) => (ctx.emit('child stops'), same),
      }),
    );
    const ref = await w.create(
      supervise(
        init<string>((ctx) => {
          ctx.emit('begins');
          ctx.create(tardy(), { child: true, name: 'tardy' });
          return counter(0);
        }),
        backoff({ minMs: 10, maxMs: 10 }),
      ),
    );
    await w.tell(ref, 'bad');
    expect(w.said).toEqual(['begins', 'preRestart', 'child stops']);
    await w.pass(10);
    expect(w.said.slice(3)).toEqual(['begins']);
    expect(w.letters()).toEqual([]);
  });

  it('ends with its parent: what waited is dead letters, no timer is left, and nobody comes back', async () => {
    await using w = await world();
    let child: ActorRef<string> | undefined;
    const parent = await w.create(
      receive<string>((text, ctx) => {
        if (text === 'stop') return stopped;
        child = ctx.create(supervise(counter(0), backoff({ minMs: 100, maxMs: 100 })), {
          child: true,
          name: 'child',
        });
        return same;
      }),
    );
    await w.tell(parent, 'create');
    if (child === undefined) throw new Error('no child');
    await w.tell(child, 'bad', 'a', 'b');
    await w.tell(parent, 'stop');
    expect(w.letters()).toEqual([
      ['stopped', 'a'],
      ['stopped', 'b'],
    ]);
    expect(w.timers()).toBe(0);
    expect(w.cells()).toBe(0);
    // Its name is free, and its wait does not begin another actor again.
    await w.create(counter(50), 'child');
    await w.tell(child, 'c');
    await w.pass(100);
    await w.tell(child, 'd');
    expect(w.said.slice(-2)).toEqual([
      ['c', 50, 1, 1],
      ['d', 51, 2, 2],
    ]);
  });

  it('ends with its parent also while it waits for its own children', async () => {
    await using w = await world();
    const nested = behavior('nested', (depth: number): Behavior<string> =>
      supervise(
        init((ctx) => {
          if (depth > 0) ctx.create(nested(depth - 1), { child: true });
          return counter(0);
        }),
        backoff({ minMs: 0, maxMs: 0 }),
      ),
    );
    let child: ActorRef<string> | undefined;
    const parent = await w.create(
      receive<string>((text, ctx) => {
        if (text === 'stop') return stopped;
        child ??= ctx.create(nested(5), { child: true });
        if (text === 'both') {
          ctx.send(child, 'bad');
          ctx.stop(child);
        }
        return same;
      }),
    );
    await w.tell(parent, 'create', 'both');
    await w.pass(1_000);
    expect(w.cells()).toBe(1);
    await w.tell(parent, 'stop');
    expect(w.cells()).toBe(0);
    expect(w.timers()).toBe(0);
  });
});

describe('supervision around supervision', () => {
  it('the innermost decides', async () => {
    await using w = await world();
    const ref = await w.create(supervise(supervise(counter(0), resume), stop));
    const named = behavior('named', () => supervise(counter(0), resume));
    const other = await w.create(supervise(named(), stop));
    await w.tell(ref, 'bad', 'a');
    await w.tell(other, 'bad', 'b');
    expect(w.said).toEqual([
      ['a', 0, 1, 1],
      ['b', 0, 1, 1],
    ]);
  });

  it('holds for every actor that is created with the same value of a behavior', async () => {
    await using w = await world();
    const named = behavior('named', (n: number) => supervise(counter(n), stop));
    const value = named(1);
    for (let i = 0; i < 3; i++) await w.tell(await w.create(value), 'bad');
    expect(w.said).toEqual(['postStop', 'postStop', 'postStop']);
    expect(w.cells()).toBe(0);
  });

  it('does not pass on to children, nor does a parent fail with its child', async () => {
    await using w = await world();
    let child: ActorRef<string> | undefined;
    const parent = await w.create(
      supervise(
        receive<string>((text, ctx) => {
          child = ctx.create(counter(0), { child: true });
          ctx.emit(text);
          return same;
        }),
        stop,
      ),
    );
    await w.tell(parent, 'create');
    if (child !== undefined) await w.tell(child, 'bad', 'a');
    await w.tell(parent, 'still here');
    expect(w.said).toEqual(['create', ['a', 0, 1, 1], 'still here']);
  });

  it('lets a failure go up by a death pact, if the parent watches', async () => {
    await using w = await world();
    const fails = (): never => {
      throw new Error('the child is gone');
    };
    const up = behavior('up', (depth: number): Behavior<string> =>
      supervise(
        init((ctx) => {
          const child = depth > 0 ? ctx.create(up(depth - 1), { child: true }) : undefined;
          if (child !== undefined) ctx.watch(child);
          return receive(
            (text, inner) => {
              if (child === undefined) throw new Error('at the bottom');
              inner.send(child, text);
              return same;
            },
            {
              onSignal: ({ signal }, inner) => {
                if (signal === 'terminated') return fails();
                inner.emit(depth);
                return same;
              },
            },
          );
        }),
        stop,
      ),
    );
    await w.tell(await w.create(up(3)), 'go');
    expect(w.said).toEqual([0, 1, 2, 3]);
    expect(w.cells()).toBe(0);
  });
});
