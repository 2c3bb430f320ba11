import { behavior, receive, same, start, type ActorRef } from 'portico';
import { application, startSystem, type RunningSystem } from 'portico/dataflow';
import { feed, observe, observerOf, type Feed, type Overflow } from 'portico/rxjs';
import { systemKit } from 'portico/testkit';
import { virtualHost, type VirtualHost } from 'portico/testing';
import { concat, EMPTY, from, map, NEVER, of, Subject, take, tap, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';

/** A system that doubles numbers, and takes so many at a time. */
async function doubling(
  ingressLimit = 1_024,
): Promise<{ system: RunningSystem; host: VirtualHost; app: ReturnType<typeof numbers> }> {
  const host = virtualHost();
  const app = numbers();
  return { system: await startSystem({ applications: [app], host, ingressLimit }), host, app };
}

const numbers = () =>
  application('numbers', (app) => {
    const into = app.ingress<number>('in');
    const doubled = app
      .workflow('double')
      .source(into.stream)
      .map((n) => {
        if (n === 13) throw new Error('told to fail');
        return n * 2;
      })
      .sink();
    return { into, doubled };
  });

/** What became of a feed: resolved, or the code of the error. */
function outcome({ done }: Feed): Promise<string> {
  return done.then(
    () => 'done',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
}

const emitting = behavior('emitting', () => receive<unknown>((value, ctx) => (ctx.emit(value), same)));

describe('an observable that is fed to an ingress', () => {
  it('enters value by value, and is done when all of it was taken', async () => {
    const { system, host, app } = await doubling();
    await using _ = system;
    const seen: number[] = [];
    system.subscribe(app.handles.doubled, (n) => seen.push(n));
    const fed = feed(of(1, 2, 3), system, app.handles.into, { overflow: { buffer: 2 } });
    expect(await outcome(fed)).toBe('done');
    await host.run();
    expect([seen, fed.dropped]).toEqual([[2, 4, 6], 0]);
  });

  /** Feeds 1 to 6 while the system takes two, and lets it go on. */
  const fedFast = async (overflow: Overflow): Promise<{ seen: number[]; end: string; dropped: number }> => {
    const { system, host, app } = await doubling(1);
    await using _ = system;
    const seen: number[] = [];
    system.subscribe(app.handles.doubled, (n) => seen.push(n / 2));
    const source = new Subject<number>();
    const fed = feed(source, system, app.handles.into, { overflow });
    const end = outcome(fed);
    for (const n of [1, 2, 3, 4, 5]) source.next(n);
    await host.run();
    source.next(6);
    source.complete();
    await host.run();
    return { seen, end: await end, dropped: fed.dropped };
  };

  it.each<[string, Overflow, unknown]>([
    ['all that may wait', { buffer: 4 }, { seen: [1, 2, 3, 4, 5, 6], end: 'done', dropped: 0 }],
    ['the latest', 'latest', { seen: [1, 5, 6], end: 'done', dropped: 3 }],
    ['none of those that come too fast', 'drop', { seen: [1, 6], end: 'done', dropped: 4 }],
    ['none after the first that comes too fast', 'error', { seen: [1], end: 'ingress/overflow', dropped: 0 }],
    ['none after more came than may wait', { buffer: 3 }, { seen: [1], end: 'ingress/overflow', dropped: 3 }],
  ])('brings %s', async (_, overflow, expected) => {
    expect(await fedFast(overflow)).toEqual(expected);
  });

  it('waits as long as the system pushes back', async () => {
    const { system, host, app } = await doubling(2);
    await using _ = system;
    const reader = system.read(app.handles.into.stream);
    const fed = feed(from([1, 2, 3, 4]), system, app.handles.into, { overflow: { buffer: 10 } });
    const end = outcome(fed);
    let isDone = false;
    void end.then(() => (isDone = true));
    await host.run();
    expect(isDone).toBe(false);
    const all = Promise.all([reader.next(), reader.next(), reader.next(), reader.next()]);
    await host.run();
    expect((await all).map(({ value }) => value)).toEqual([1, 2, 3, 4]);
    expect(await end).toBe('done');
  });

  it('fails with its source', async () => {
    const { system, app } = await doubling();
    await using _ = system;
    const broken = concat(
      of(1),
      throwError(() => new Error('told to fail')),
    );
    expect(await outcome(feed(broken, system, app.handles.into, { overflow: 'latest' }))).toBe(
      'told to fail',
    );
  });

  it('is unsubscribed on dispose, also by using, and brings nothing from then on', async () => {
    const { system, host, app } = await doubling();
    await using _ = system;
    const seen: number[] = [];
    system.subscribe(app.handles.doubled, (n) => seen.push(n));
    const source = new Subject<number>();
    let ended: Promise<string>;
    {
      using fed = feed(source, system, app.handles.into, { overflow: { buffer: 10 } });
      ended = outcome(fed);
      source.next(1);
      expect(source.observed).toBe(true);
    }
    expect([source.observed, await ended]).toEqual([false, 'done']);
    source.next(2);
    await host.run();
    expect(seen).toEqual([2]);
  });

  it('is unsubscribed when the system is shut down, and fails when the system fails', async () => {
    const one = await doubling();
    const source = new Subject<number>();
    const end = outcome(feed(source, one.system, one.app.handles.into, { overflow: 'drop' }));
    await one.system.shutdown();
    expect([source.observed, await end]).toEqual([false, 'done']);

    const other = await doubling();
    await using _ = other.system;
    const failing = outcome(
      feed(concat(of(13), NEVER), other.system, other.app.handles.into, { overflow: 'drop' }),
    );
    await other.host.run();
    expect(await failing).toBe('system/failed');
  });

  it('takes promises and iterables too, and those that have nothing', async () => {
    const { system, host, app } = await doubling();
    await using _ = system;
    const seen: number[] = [];
    system.subscribe(app.handles.doubled, (n) => seen.push(n));
    for (const source of [Promise.resolve(1), [2], EMPTY]) {
      expect(await outcome(feed<number>(source, system, app.handles.into, { overflow: 'drop' }))).toBe(
        'done',
      );
    }
    await host.run();
    expect(seen).toEqual([2, 4]);
  });

  it('has to say what happens on overflow', async () => {
    const { system, app } = await doubling();
    await using _ = system;
    for (const overflow of [undefined, 'none', { buffer: -1 }, { buffer: 1.5 }] as unknown as Overflow[]) {
      expect(() => feed(of(1), system, app.handles.into, { overflow })).toThrow('system/bad-argument');
    }
  });
});

describe('an observable that is fed to an actor', () => {
  it('comes as its messages', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<number>();
    await feed(of(1, 2), kit.system, probe.ref, { overflow: { buffer: 1 } }).done;
    await probe.expectMessage(1);
    await probe.expectMessage(2);
  });
});

describe('an observable of a stream', () => {
  it('has what is published from the subscription on, each time anew, and completes with the system', async () => {
    const { system, host, app } = await doubling();
    const all = observe(system, app.handles.doubled);
    const seen: string[] = [];
    const say = (who: string) => ({
      next: (n: number) => seen.push(`${who}${n}`),
      complete: () => seen.push(`${who} end`),
    });
    all.subscribe(say('a'));
    await system.send(app.handles.into, 1);
    await host.run();
    all.subscribe(say('b'));
    await system.send(app.handles.into, 2);
    await host.run();
    await system.shutdown();
    await host.run();
    expect(seen).toEqual(['a2', 'a4', 'b4', 'a end', 'b end']);
  });

  it('ends its reading when it is unsubscribed', async () => {
    const { system, host, app } = await doubling(1);
    await using _ = system;
    const seen: number[] = [];
    observe(system, app.handles.into.stream)
      .pipe(take(1))
      .subscribe((n) => seen.push(n));
    for (const n of [1, 2, 3]) void system.send(app.handles.into, n);
    await host.run();
    await system.idle();
    expect(seen).toEqual([1]);
  });

  it('fails with the system', async () => {
    const { system, host, app } = await doubling();
    await using _ = system;
    const errors: unknown[] = [];
    observe(system, app.handles.doubled).subscribe({ error: (error) => errors.push(error) });
    await system.send(app.handles.into, 13);
    await host.run();
    expect(errors).toMatchObject([{ code: 'system/failed' }]);
  });

  it('has nothing of an atom that was undone', async () => {
    const app = application('numbers', (app) => {
      const into = app.ingress<number>('in');
      const out = app
        .workflow('careful', { onFailure: 'deadLetter' })
        .source(into.stream)
        .map((n) => {
          if (n < 0) throw new Error('told to fail');
          return n;
        })
        .sink();
      return { into, out };
    });
    const host = virtualHost();
    await using system = await startSystem({ applications: [app], host });
    const seen: number[] = [];
    observe(system, app.handles.out).subscribe((n) => seen.push(n));
    await system.send(app.handles.into, 1, 2, -3);
    await system.send(app.handles.into, 4);
    await host.run();
    expect(seen).toEqual([4]);
  });
});

describe('an observable of what actors emit', () => {
  it('has what is emitted, and nothing of a turn that was undone', async () => {
    await using kit = await systemKit();
    const fickle = behavior('fickle', () =>
      receive<number>((n, ctx) => {
        ctx.emit(n);
        if (n < 0) throw new Error('told to fail');
        return same;
      }),
    );
    const seen: unknown[] = [];
    observe(kit.system)
      .pipe(map((value) => value))
      .subscribe((value) => seen.push(value));
    const ref = kit.create(fickle());
    for (const n of [1, -2, 3]) await kit.send(ref, n);
    expect(seen).toEqual([1, 3]);
  });

  it('can be read value by value, at the pace of the reader', async () => {
    await using kit = await systemKit();
    const values = kit.system.read();
    const ref = kit.create(emitting());
    for (const n of [1, 2, 3]) await kit.send(ref, n);
    const seen: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const next = values.next();
      await kit.run();
      seen.push((await next).value);
    }
    expect(seen).toEqual([1, 2, 3]);
  });
});

describe('an observer that is an actor', () => {
  type Message = { n: number } | { end: string };

  it('is sent each value, and the end if it wants to know', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<Message>();
    const values = of({ n: 1 }, { n: 2 });
    values.subscribe(observerOf(kit.system, probe.ref, { complete: { end: 'complete' } }));
    values.subscribe(observerOf(kit.system, probe.ref));
    expect(await probe.expectMessages(5)).toEqual([
      { n: 1 },
      { n: 2 },
      { end: 'complete' },
      { n: 1 },
      { n: 2 },
    ]);
    await probe.expectNoMessage();
  });

  it('is sent the error of its source, if it can take that', async () => {
    await using kit = await systemKit();
    const probe = kit.probe<Message>();
    const broken = throwError(() => new Error('told to fail'));
    broken.subscribe(observerOf(kit.system, probe.ref, { error: (error) => ({ end: String(error) }) }));
    await probe.expectMessage({ end: 'Error: told to fail' });
    expect(() => {
      observerOf(kit.system, probe.ref).error(new Error('unheard'));
    }).toThrow('unheard');
  });

  it('lets its source go on when the system has ended', async () => {
    const system = await start({ behaviors: { emitting } });
    const ref: ActorRef<unknown> = system.create(emitting());
    await system.stop();
    const seen: number[] = [];
    const source = of(1, 2).pipe(
      tap((n) => seen.push(n)),
      toArray(),
    );
    source.subscribe(observerOf(system, ref));
    expect(seen).toEqual([1, 2]);
  });
});
