// What the chapters “Introduction to actors” and “Coordinated shutdown” of the Akka Typed documentation promise of a system
// as a whole: how it begins, comes to rest and ends, and how the outside gets in and out.
import { describe, expect, it } from 'vitest';
import { behavior, receive, same, start, stopped, type ActorRef, type Behavior } from 'portico';
import { application } from 'portico/dataflow';
import { virtualHost } from 'portico/testing';
import { settled, world } from './world.ts';

const echo = behavior('echo', (): Behavior<unknown> => receive((message, ctx) => (ctx.emit(message), same)));
type Query = { q: string; replyTo: ActorRef<string> };
const answers = behavior('answers', (): Behavior<Query> =>
  receive(({ q, replyTo }, ctx) => (ctx.send(replyTo, `${q}.`), same)),
);
const shutDown = expect.objectContaining({ code: 'system/shut-down' }) as Error;

describe('stopping a system', () => {
  it('can be done more than once', async () => {
    const w = await world();
    await w.create(echo());
    await Promise.all([w.system.stop(), w.system.stop()]);
    await w.system.stop();
    await w.system[Symbol.asyncDispose]();
  });

  it('refuses all that comes after', async () => {
    const w = await world();
    const ref = await w.create(answers());
    const silent = await w.create<unknown>(stopped);
    await w.tell(silent, 'dead');
    const [letter] = w.system.deadLetters.list();
    await w.system.stop();
    const { system, host } = w;
    expect(() => system.create(echo())).toThrow(shutDown);
    expect(() => system.subscribe(() => undefined)).toThrow(shutDown);
    for (const use of [
      () => system.send(ref, { q: 'a', replyTo: ref as never }),
      () => system.ask(ref, { q: 'a' }),
      () => system.watch(ref),
      () => system.idle(),
      () => system.deadLetters.resend(letter?.id ?? 0),
    ]) {
      expect(await settled(host, use())).toEqual({ error: shutDown });
    }
    // What could not be sent again is not lost.
    expect(w.letters()).toEqual([['stopped', 'dead']]);
  });

  it('runs no further turn', async () => {
    const w = await world();
    const ref = await w.create(echo());
    void w.system.send(ref, 'a');
    await w.system.stop();
    await w.rest();
    await w.pass(1_000);
    expect(w.said).toEqual([]);
  });

  it('happens at the end of “await using”', async () => {
    let escaped: ActorRef<unknown> | undefined;
    let system: Awaited<ReturnType<typeof start>> | undefined;
    {
      await using inner = await start();
      system = inner;
      escaped = inner.create(echo());
    }
    await expect(system.send(escaped, 'late')).rejects.toEqual(shutDown);
  });
});

describe('a system at rest', () => {
  it('has handled all that was sent before, and all that followed from it', async () => {
    await using system = await start();
    const said: unknown[] = [];
    system.subscribe((value) => said.push(value));
    const countdown = behavior('countdown', (): Behavior<number> =>
      receive((n, ctx) => {
        if (n === 0) ctx.emit('done');
        else ctx.send(ctx.create(countdown()), n - 1);
        return stopped;
      }),
    );
    void system.send(system.create(countdown()), 1_000);
    await system.idle();
    expect(said).toEqual(['done']);
  });

  it('may have timers that wait', async () => {
    await using w = await world();
    await w.tell(
      await w.create(receive<string>((text, ctx) => (ctx.timers.single('k', 1_000, text), same))),
      'a',
    );
    expect(await settled(w.host, w.system.idle())).toEqual({ reply: undefined });
  });
});

describe('systems', () => {
  it('do not know of each other: names, numbers and state are their own', async () => {
    await using one = await world();
    await using two = await world();
    const first = await one.create(echo(), 'name');
    await two.create(answers(), 'name');
    await one.tell(first, 'a');
    expect(one.said).toEqual(['a']);
    expect(two.said).toEqual([]);
  });

  it('run the same application in the same way with the same seed', async () => {
    const run = async (): Promise<unknown[]> => {
      await using w = await world({ seed: 42 });
      const hearer = await w.create(echo());
      const talker = behavior('talker', (left: number): Behavior<string> =>
        receive((text, ctx) => {
          ctx.send(hearer, `${text}${ctx.random(10)}`);
          ctx.send(ctx.self, text);
          return left > 0 ? talker(left - 1) : stopped;
        }),
      );
      for (const name of ['a', 'b', 'c']) void w.system.send(w.system.create(talker(5)), name);
      await w.rest();
      return w.said;
    };
    expect(await run()).toEqual(await run());
  });
});

describe('the outside', () => {
  it('may send, create, ask and watch from where it is told of something', async () => {
    await using w = await world();
    const heard: unknown[] = [];
    w.system.subscribe((value) => {
      if (value !== 'go') return;
      const ref = w.system.create(echo());
      void w.system.send(ref, 'created meanwhile');
      heard.push(w.system.ask(w.system.create(answers()), { q: 'asked meanwhile' }));
    });
    await w.tell(await w.create(echo()), 'go');
    expect(w.said).toEqual(['go', 'created meanwhile']);
    expect(await Promise.all(heard)).toEqual(['asked meanwhile.']);
  });

  it('may stop listening, also from where it is told', async () => {
    await using w = await world();
    const heard: unknown[] = [];
    const end = w.system.subscribe((value) => {
      heard.push(value);
      end();
    });
    await w.tell(await w.create(echo()), 'a', 'b');
    expect(heard).toEqual(['a']);
    expect(w.said).toEqual(['a', 'b']);
    end();
  });

  it('that throws where it is told is told no more, and the system goes on', async () => {
    await using w = await world();
    w.system.subscribe(() => {
      throw new Error('not listening');
    });
    await w.tell(await w.create(echo()), 'a', 'b');
    expect(w.said).toEqual(['a', 'b']);
    expect(w.system.dataflow.failure).toBeUndefined();
  });

  it('that sends more than the system takes at once has to wait, and loses nothing', async () => {
    await using system = await start();
    const heard: unknown[] = [];
    const ref = system.create(receive<number>((n) => (heard.push(n), same)));
    const count = 10_000;
    for (let i = 0; i < count; i++) void system.send(ref, i);
    await system.send(ref, count);
    await system.idle();
    expect(heard).toEqual(Array.from({ length: count + 1 }, (_, i) => i));
  });

  it('sees nothing of a turn before the turn stands', async () => {
    await using w = await world();
    const ref = await w.create(
      receive<Query>(({ q, replyTo }, ctx) => {
        ctx.send(replyTo, 'too early');
        ctx.emit('too early');
        if (q === 'bad') throw new Error('no');
        return same;
      }),
    );
    expect(await settled(w.host, w.system.ask(ref, { q: 'bad' }))).toMatchObject({
      error: { code: 'ask/failed' },
    });
    expect(w.said).toEqual([]);
  });
});

describe('the log of a system', () => {
  it('goes where start is told, whatever the host', async () => {
    const host = virtualHost();
    const lines: unknown[] = [];
    await using system = await start({ host, log: ({ value }) => void lines.push(value) });
    void system.send(system.create(receive<string>((text, ctx) => (ctx.log.info(text), same))), 'hello');
    await host.run();
    expect([lines, host.records]).toEqual([['hello'], []]);
  });
});

describe('applications beside the actors', () => {
  it('run in the same system, and a failure of theirs is told to those who wait', async () => {
    const host = virtualHost();
    const beside = application('beside', (app) => {
      const input = app.ingress<string>('in');
      app
        .workflow('fails', { onFailure: 'stop' })
        .source(input.stream)
        .map((text) => {
          throw new Error(text);
        })
        .sink();
      return input;
    });
    const system = await start({ host, applications: [beside] });
    const ref = system.create(receive<Query>(() => same));
    const asked = system.ask(ref, { q: 'a' });
    const resting = system.idle();
    await system.dataflow.send(beside.handles, 'no');
    const outcomes = [settled(host, resting), settled(host, asked)];
    await Promise.all(outcomes);
    expect(await settled(host, resting)).toMatchObject({ error: { code: 'system/failed' } });
    expect(system.dataflow.failure).toMatchObject({ code: 'atom/failed' });
    expect(await settled(host, system.send(ref, { q: 'b', replyTo: ref as never }))).toMatchObject({
      error: { code: 'system/failed' },
    });
    // Z1: they learn of it then and there, not at their timeout.
    expect(await settled(host, asked)).toMatchObject({ error: { code: 'system/failed' } });
    await system.stop();
  });
});
