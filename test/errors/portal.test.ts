// What is said of portals, futures and continuations that are used wrongly, and what comes of those who asked.
import { describe, expect, it } from 'vitest';
import {
  answer,
  application,
  continuation,
  manualClock,
  steppingSystem,
  type AskerContext,
  type Future,
  type Portal,
  type PorticoError,
  type ReplierContext,
} from 'portico/dataflow';
import { caught, causeOf, expectSaid, js, misuse, misusing, problemOf, problemsOf, quiet } from './said.ts';

const where = '/app/workflows/w/t';

describe('the check of portals', () => {
  it('finds a portal that no task answers', () => {
    expectSaid(
      problemOf((app) => app.portal('p')),
      { code: 'portal/no-replier', where: '/app/portals/p', what: 'no task answers it', cure: 'replier(' },
    );
  });

  it('finds a portal that two tasks answer, or one task twice', () => {
    const [between, within] = problemsOf((app) => {
      const [p, q] = [app.portal<1, 1>('p'), app.portal<1, 1>('q')];
      const nothing = app.generators.empty<never>();
      const replies = (portal: typeof p) => answer<1, 1>(portal, (one, ctx) => ctx.reply(one));
      const flow = app.workflow('w').source(nothing);
      flow
        .replier([replies(p)])
        .withName('first')
        .sink();
      flow
        .replier([replies(p)])
        .withName('second')
        .sink();
      flow
        .replier([replies(q), replies(q)])
        .withName('both')
        .sink();
    });
    const cure = 'exactly one task';
    expectSaid(between, {
      code: 'portal/two-repliers',
      where: '/app/portals/p',
      what: '/app/workflows/w/first and /app/workflows/w/second',
      cure,
    });
    expectSaid(within, {
      code: 'portal/two-repliers',
      where: '/app/portals/q',
      what: '/app/workflows/w/both',
      cure,
    });
  });

  it('finds a task that answers the portal of another application', () => {
    const owner = application('owner', (app) => {
      const p = app.portal<1, 1>('p');
      app
        .workflow('w')
        .source(app.generators.empty())
        .replier([answer(p, () => undefined)])
        .sink();
    });
    expectSaid(
      problemOf(
        (app) =>
          app
            .workflow('w')
            .source(app.generators.empty())
            .replier([answer(app.registry.portal('/owner/portals/p'), () => undefined)])
            .withName('t')
            .sink(),
        [owner],
      ),
      {
        code: 'portal/foreign-replier',
        where,
        what: '/owner/portals/p',
        cure: 'in the application that defines it',
      },
    );
  });

  it('finds a task that asks what is no portal', () => {
    expect(
      problemOf((app) =>
        app
          .workflow('w')
          .source(app.generators.signal(1, { name: 's' }))
          .asker([{ path: '/app/generators/s/stream' }], () => undefined)
          .withName('t')
          .sink(),
      ),
    ).toMatchObject({ code: 'graph/wrong-kind', where });
  });
});

describe('a task that asks', () => {
  it('may ask only what it declares', () => {
    expectSaid(
      misuse(({ flow, echo }) =>
        flow
          .asker<string>([], (move, ctx) => (move === 'bad' ? ctx.ask(echo, 'x') : ctx.emit(move)))
          .withName('t'),
      ),
      { code: 'portal/undeclared', where, what: '/app/portals/echo', cure: 'Name the portal in asks' },
    );
  });

  it.each([NaN, -1, '5', null])('may not wait for %s milliseconds', (timeoutMs) => {
    expectSaid(
      misuse(({ flow, echo }) =>
        flow
          .asker<string>([echo], (move, ctx) => {
            if (move === 'bad') ctx.ask(echo, 'x', { timeoutMs: js(timeoutMs) });
            else ctx.await(ctx.ask(echo, move, { timeoutMs: 0 }), (reply) => ctx.emit(reply));
          })
          .withName('t'),
      ),
      { code: 'context/bad-argument', where, what: 'an ask cannot wait', cure: 'a number from 0 up' },
    );
  });

  it('awaits each future once', () => {
    const twice = (again: (ctx: AskerContext<string>, future: Future<string>) => void) =>
      misuse(({ flow, echo }) =>
        flow
          .asker<string>([echo], (move, ctx) => {
            const future = ctx.ask(echo, move);
            if (move === 'bad') again(ctx, future);
            ctx.await(future, (reply) => ctx.emit(reply));
          })
          .withName('t'),
      );
    const nothing = (): void => undefined;
    for (const error of [
      twice((ctx, future) => ctx.await(future, nothing)),
      twice((ctx, future) => ctx.awaitAll([future], nothing)),
      twice((ctx, future) => ctx.awaitAll([future, future], nothing)),
    ]) {
      expectSaid(error, { code: 'future/awaited-twice', where, what: 'awaited already', cure: 'once' });
    }
  });

  it('awaits a future in the turn that asked', () => {
    let kept: Future<string> | undefined;
    expectSaid(
      misuse(({ flow, echo }) =>
        flow
          .asker<string>([echo], (move, ctx) => ctx.emit(move))
          .withOnAtomComplete((ctx) => {
            kept = ctx.ask(echo, 'x');
          })
          .asker<string>([echo], (move, ctx) => {
            if (move === 'bad') ctx.await(kept as Future<string>, () => undefined);
            else ctx.emit(move);
          })
          .withName('t'),
      ),
      { code: 'future/other-turn', where, what: 'a future of another turn', cure: 'in the turn that asks' },
    );
  });

  it('cannot await the future of another system, whatever its turn is called there', () => {
    const error = misuse(({ flow }) =>
      flow
        .asker<string>([], (move, ctx) => {
          if (move === 'good') ctx.emit(move);
          else {
            // Both systems have done the same so far, so the turns have the same numbers.
            ctx.await(futureOfAnother(), () => undefined);
          }
        })
        .withName('t'),
    );
    expectSaid(error, {
      code: 'future/other-turn',
      where,
      what: 'another turn',
      cure: 'in the turn that asks',
    });
  });

  it.each([undefined, null, 5, {}, 'future', Promise.resolve('x')])('awaits nothing but futures', (given) => {
    expect(
      misuse(({ flow, echo }) =>
        flow
          .asker<string>([echo], (move, ctx) => {
            if (move === 'bad') ctx.await(js(given), () => undefined);
            else ctx.emit(move);
          })
          .withName('t'),
      ),
    ).toMatchObject({ code: 'future/other-turn', where });
  });

  it.each([undefined, null, 5, {}, 'then'])('needs a function or a continuation to await with', (then) => {
    const error = misuse(({ flow, echo }) =>
      flow
        .asker<string>([echo], (move, ctx) => {
          if (move === 'bad') ctx.await(ctx.ask(echo, 'x'), js(then));
          else ctx.emit(move);
        })
        .withName('t'),
    );
    expectSaid(error, {
      code: 'context/bad-argument',
      where,
      what: 'and a function is needed',
      cure: 'continuation',
    });
  });

  it('needs a list of futures to await all of them, and functions for both outcomes', () => {
    const misused = (wrong: (ctx: AskerContext<string>, future: Future<string>) => void) =>
      misuse(({ flow, echo }) =>
        flow
          .asker<string>([echo], (move, ctx) => {
            if (move === 'bad') wrong(ctx, ctx.ask(echo, 'x'));
            else ctx.awaitAll([ctx.ask(echo, move)], ([reply]) => ctx.emit(reply));
          })
          .withName('t'),
      );
    const nothing = (): void => undefined;
    for (const error of [
      misused((ctx) => ctx.awaitAll(js(undefined), nothing)),
      misused((ctx, future) => ctx.awaitAll(js(future), nothing)),
      misused((ctx, future) => ctx.awaitAll([future], js(undefined))),
      misused((ctx, future) => ctx.await(future, nothing, js('otherwise'))),
      misused((ctx, future) => ctx.awaitAll([future], nothing, js({}))),
    ]) {
      expect(error).toMatchObject({ code: 'context/bad-argument', where });
    }
  });

  it.each([undefined, null, 'echo', {}])('cannot ask what is no portal', (portal) => {
    const error = misuse(({ flow, echo }) =>
      flow
        .asker<string>([echo], (move, ctx) =>
          move === 'bad' ? ctx.ask(js(portal), js('x')) : ctx.emit(move),
        )
        .withName('t'),
    );
    expectSaid(error, {
      code: 'context/bad-argument',
      where,
      what: 'a portal is needed',
      cure: 'app.portal()',
    });
  });

  it('may not await with a continuation that is asynchronous', () => {
    for (const error of [
      misuse(({ flow, echo }) =>
        flow
          .asker<string>([echo], (move, ctx) => {
            if (move === 'good') ctx.emit(move);
            else
              ctx.await(
                ctx.ask(echo, 'x'),
                js(async () => Promise.resolve()),
              );
          })
          .withName('t'),
      ),
    ]) {
      expectSaid(error, { code: 'task/promise', where, what: 'returned a promise', cure: 'ingress' });
    }
  });

  it('awaits by name only what it declares', () => {
    const done = continuation<string, null, string>('done', (reply, _, ctx) => ctx.emit(reply));
    const undeclared = continuation<string, null, string>('undeclared', () => undefined);
    expectSaid(
      misuse(({ flow, echo }) =>
        flow
          .asker<string>({ asks: [echo], continuations: [done] }, (move, ctx) => {
            ctx.await(ctx.ask(echo, move), move === 'bad' ? undeclared : done, null);
          })
          .withName('t'),
      ),
      { code: 'continuation/undeclared', where, what: 'undeclared', cure: 'continuations' },
    );
  });

  it('reads a future in its own continuation only', () => {
    const reading = (
      read: (
        ctx: AskerContext<string>,
        future: Future<string>,
        other: Future<string>,
        echo: Portal<string, string>,
      ) => void,
    ) =>
      misuse(({ flow, echo }) =>
        flow
          .asker<string>([echo], (move, ctx) => {
            if (move === 'good') ctx.await(ctx.ask(echo, move), () => ctx.emit(move));
            else read(ctx, ctx.ask(echo, 'x'), ctx.ask(echo, 'y'), echo);
          })
          .withName('t'),
      );
    for (const error of [
      reading((ctx, future) => future.value(ctx)),
      reading((ctx, future, other) => {
        ctx.await(other, () => undefined);
        ctx.await(future, () => other.value(ctx));
      }),
      reading((ctx, future, _, echo) => {
        ctx.await(future, () => ctx.await(ctx.ask(echo, 'z'), () => future.value(ctx)));
      }),
      reading((_, future) => future.value({})),
    ]) {
      expectSaid(error, {
        code: 'future/elsewhere',
        where,
        what: 'outside its own continuation',
        cure: 'given to await',
      });
    }
  });

  it('learns that no reply came in time', () => {
    const clock = manualClock();
    const system = steppingSystem({ clock });
    const failures: unknown[] = [];
    system.launch(
      application('app', (app) => {
        const mute = app.portal<string, string>('mute');
        app
          .workflow('mute')
          .source(app.generators.empty<never>())
          .replier([answer(mute, () => undefined)])
          .sink();
        app
          .workflow('w')
          .source(app.generators.signal('x'))
          .asker([mute], (move, ctx) => {
            ctx.await(
              ctx.ask(mute, move, { timeoutMs: 10 }),
              () => undefined,
              (error) => failures.push(error),
            );
          })
          .withName('t')
          .sink();
      }),
    );
    system.stepUntilComplete();
    clock.advance(10);
    system.stepUntilComplete();
    expect(failures).toHaveLength(1);
    expectSaid(failures[0] as PorticoError, {
      code: 'portal/timeout',
      where,
      what: '/app/portals/mute did not reply in time',
      cure: 'timeoutMs',
    });
    expect((failures[0] as PorticoError).family).toBe('world');
  });

  it('fails with what the key function of a portal throws, and the portal goes on', () => {
    const boom = new Error('boom');
    const error = (() => {
      const { system } = quiet();
      const got: string[] = [];
      const app = application('app', (app) => {
        const keyed = app.portal<string, string>('keyed', {
          key: (request) => {
            if (request === 'throws') throw boom;
            return request === 'bad' ? js({}) : request;
          },
        });
        const moves = app.ingress<string>('moves');
        app
          .workflow('r')
          .source(app.generators.empty<never>())
          .replier([answer<string, string>(keyed, (r, ctx) => ctx.reply(r))])
          .sink();
        const out = app
          .workflow('w', { onFailure: 'deadLetter' })
          .source(moves.stream)
          .asker<string>([keyed], (move, ctx) => ctx.await(ctx.ask(keyed, move), (reply) => ctx.emit(reply)))
          .sink();
        return { moves, out };
      });
      system.launch(app);
      system.subscribe(app.handles.out, (value) => got.push(value));
      for (const move of ['throws', 'bad', 'good']) system.send(app.handles.moves, move);
      system.stepUntilComplete();
      expect(got).toEqual(['good']);
      return system.deadLetters.list().map((letter) => letter.error.cause);
    })();
    expect(error).toEqual([
      boom,
      expect.objectContaining({ code: 'key/unsupported', where: '/app/portals/keyed' }),
    ]);
  });
});

describe('a task that answers', () => {
  /** What the asker of `x` learns of a handler's failure. */
  const learned = (handle: (request: string, ctx: ReplierContext<never, string>) => void): PorticoError => {
    const { system } = quiet();
    const failures: unknown[] = [];
    const replies: string[] = [];
    const app = application('app', (app) => {
      const portal = app.portal<string, string>('p');
      const requests = app.ingress<string>('requests');
      app
        .workflow('w')
        .source(app.generators.empty<never>())
        .replier([
          answer<string, string>(portal, (request, ctx) =>
            request === 'x' ? handle(request, ctx) : ctx.reply(request),
          ),
        ])
        .withName('t')
        .sink();
      app
        .workflow('asks')
        .source(requests.stream)
        .asker([portal], (request, ctx) => {
          ctx.await(
            ctx.ask(portal, request),
            (reply) => replies.push(reply),
            (error) => failures.push(error),
          );
        })
        .sink();
      return requests;
    });
    system.launch(app);
    system.send(app.handles, 'x');
    system.stepUntilComplete();
    system.send(app.handles, 'y');
    system.stepUntilComplete();
    expect(replies).toEqual(['y']);
    expect(failures).toHaveLength(1);
    return failures[0] as PorticoError;
  };

  it('fails the future of the asker with its error as the cause', () => {
    const boom = new Error('out of stock');
    const error = learned(() => {
      throw boom;
    });
    expectSaid(error, {
      code: 'portal/replier-failed',
      where: '/app/portals/p',
      what: 'failed on this request: out of stock',
      cure: 'where it is awaited',
    });
    expect(error.cause).toBe(boom);
  });

  it('replies once; a second reply takes the first one back and says so to both', () => {
    expectSaid(
      causeOf(
        learned((request, ctx) => {
          ctx.reply(request);
          ctx.reply(request);
        }),
      ),
      { code: 'portal/replied-twice', where, what: 'replied to already', cure: 'once' },
    );
  });

  it('replies only where there is a request', () => {
    const error = misuse(({ flow }) =>
      flow
        .processor<string>((move, ctx) => (move === 'bad' ? js(ctx).reply('x') : ctx.emit(move)))
        .withName('t'),
    );
    const cure = 'in a request handler';
    expectSaid(error, { code: 'portal/reply-outside-request', where, what: 'no request to reply to', cure });
  });

  it('cannot reply through a context that it kept', () => {
    const { system } = quiet();
    let kept: ReplierContext<never, string> | undefined;
    system.launch(
      application('app', (app) => {
        const portal = app.portal<string, string>('p');
        const flow = app.workflow('w').source(app.generators.signal('x'));
        const handle = answer<string, string>(portal, (_, ctx) => {
          kept = ctx;
        });
        flow
          .askerreplier([portal], [handle], (value, ctx) => ctx.ask(portal, value))
          .withName('t')
          .sink();
      }),
    );
    system.stepUntilComplete();
    const error = caught(() => kept?.reply('late'));
    expectSaid(error, {
      code: 'context/outside-turn',
      where,
      what: 'reply was called outside a turn',
      cure: 'Use a context only',
    });
  });

  it('may not be asynchronous', () => {
    const error = learned(
      js((request: string, ctx: ReplierContext<never, string>) =>
        Promise.resolve().then(() => ctx.reply(request)),
      ),
    );
    expectSaid(causeOf(error), { code: 'task/promise', where, what: 'returned a promise', cure: 'ingress' });
  });
});

/** A future of a system that has done exactly what the one under test has done. */
function futureOfAnother(): Future<string> {
  let future: Future<string> | undefined;
  misusing(({ flow, echo }) =>
    flow
      .asker<string>([echo], (move, ctx) => {
        if (move === 'good') ctx.emit(move);
        else {
          future = ctx.ask(echo, 'theirs');
          throw new Error('enough');
        }
      })
      .withName('t'),
  );
  return future as Future<string>;
}
