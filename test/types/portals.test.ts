// The compiler fails these tests (`npm run typecheck:test`): who may ask, reply and continue with what.
import { describe, expectTypeOf, it } from 'vitest';
import {
  answer,
  application,
  continuation,
  tasks,
  type Answer,
  type ApplicationBuilder,
  type AskerContext,
  type Flow,
  type FlowValue,
  type Future,
  type Portal,
  type ReplierContext,
  type TaskFlow,
} from 'portico/dataflow';

/** Writes an application that nobody launches. */
const write = (body: (app: ApplicationBuilder, words: Flow<string>) => void): void =>
  void application('types', (app) => body(app, app.workflow().source(app.ingress<string>().stream)));

describe('asking a portal', () => {
  it('takes its requests and gives a future of its replies', () => {
    write((app, words) => {
      const lengths = app.portal<string, number>('lengths');
      const flow = words.asker<boolean>([lengths], (word, ctx) => {
        const future = ctx.ask(lengths, word, { timeoutMs: 5 });
        expectTypeOf(future).toEqualTypeOf<Future<number>>();
        ctx.await(future, (length, inner) => {
          expectTypeOf(length).toBeNumber();
          expectTypeOf(future.value(inner)).toBeNumber();
          inner.emit(length > 3);
          // @ts-expect-error this task emits booleans
          inner.emit(length);
          inner.ask(lengths, 'again');
        });
        // @ts-expect-error the requests are strings
        ctx.ask(lengths, 1);
        // @ts-expect-error the replies are numbers
        ctx.await(ctx.ask(lengths, word), (length: string) => length);
        // @ts-expect-error an asker has nobody to reply to
        ctx.reply(1);
      });
      expectTypeOf(flow).toEqualTypeOf<TaskFlow<string, boolean, AskerContext<boolean>>>();
      flow.withOnNext((word, ctx) => void ctx.ask(lengths, word));
    });
  });

  it('emits nothing if it does not say what', () => {
    write((app, words) => {
      const lengths = app.portal<string, number>('lengths');
      const flow = words.asker([lengths], (_, ctx) => {
        // @ts-expect-error say what it emits: asker<string>
        ctx.emit('a');
      });
      expectTypeOf<FlowValue<typeof flow>>().toBeNever();
      const annotated = words.asker([lengths], (word, ctx: AskerContext<string>) => ctx.emit(word));
      expectTypeOf<FlowValue<typeof annotated>>().toBeString();
    });
  });

  it('is not offered to tasks that declare no portal', () => {
    write((app, words) => {
      const lengths = app.portal<string, number>('lengths');
      words.processor<string>((word, ctx) => {
        // @ts-expect-error a processor does not ask
        ctx.ask(lengths, word);
      });
    });
  });

  it('names portals by their handles', () => {
    write((app, words) => {
      // @ts-expect-error a name is no handle
      words.asker(['lengths'], () => undefined);
      const prices = app.registry.portal<{ item: string }, number>('/shop/portals/prices');
      words.asker([prices], (item, ctx) => {
        ctx.ask(prices, { item });
        // @ts-expect-error the request has a field called item
        ctx.ask(prices, { name: item });
        // @ts-expect-error nothing is known of the reply but that it is a number
        ctx.await(ctx.ask(prices, { item }), (price) => price.length);
      });
    });
  });
});

describe('a portal', () => {
  it('is of one type, whoever uses it', () => {
    expectTypeOf<Portal<string, number>>().not.toExtend<Portal<string, number | string>>();
    expectTypeOf<Portal<string | number, number>>().not.toExtend<Portal<string, number>>();
    const read = (portal: Portal<string, number>): string => portal.path;
    write((app) => {
      read(app.portal<string, number>('a'));
      // @ts-expect-error this portal replies with strings
      read(app.portal<string, string>('b'));
      // @ts-expect-error this portal takes numbers
      read(app.portal<number, number>('c'));
      // @ts-expect-error a stream is no portal
      read(app.generators.signal('a'));
      // @ts-expect-error the key of a request is a key
      app.portal<string, number>('d', { key: (request) => [request] });
    });
  });
});

describe('answering a portal', () => {
  it('replies with what the portal replies with', () => {
    write((app, words) => {
      const lengths = app.portal<string, number>('lengths');
      words.replier([
        answer(lengths, (word, ctx) => {
          expectTypeOf(word).toBeString();
          ctx.reply(word.length);
          // @ts-expect-error the replies are numbers
          ctx.reply(word);
        }),
        // @ts-expect-error the requests are strings
        answer(lengths, (request: number, ctx) => ctx.reply(request)),
      ]);
    });
  });

  it('emits what its task emits', () => {
    write((app, words) => {
      const lengths = app.portal<string, number>('lengths');
      const flow = words.replier<string>([answer(lengths, (word, ctx) => ctx.emit(word))], (word, ctx) =>
        ctx.emit(word),
      );
      expectTypeOf(flow).toEqualTypeOf<TaskFlow<string, string>>();
      words.replier<string>([
        answer(lengths, (word, ctx) => {
          // @ts-expect-error the task emits strings
          ctx.emit(word.length);
        }),
      ]);
      const flag = answer(lengths, (_, ctx: ReplierContext<boolean, number>) => ctx.emit(true));
      expectTypeOf(flag).toEqualTypeOf<Answer<boolean>>();
      // @ts-expect-error this answer emits booleans, and the task strings
      words.replier<string>([flag]);
    });
  });

  it('replies in a continuation of what it asked itself', () => {
    write((app, words) => {
      const lengths = app.portal<string, number>('lengths');
      const doubles = app.portal<number, number>('doubles');
      words.askerreplier(
        [doubles],
        [
          answer(lengths, (word, ctx) => {
            ctx.await(ctx.ask(doubles, word.length), (double, inner) => {
              inner.reply(double);
              // @ts-expect-error the replies are numbers
              inner.reply(word);
            });
          }),
        ],
      );
    });
  });

  it('gives each portal of a task a handler of its own type', () => {
    write((app, words) => {
      const lengths = app.portal<string, number>('lengths');
      const halves = app.portal<number, string>('halves');
      const task = tasks.replier<string, never>([
        answer(lengths, (word, ctx) => ctx.reply(word.length)),
        answer(halves, (n, ctx) => ctx.reply(`${n / 2}`)),
      ]);
      words.task(task);
    });
  });
});

describe('awaiting several futures', () => {
  it('gives their values in order, each of its type', () => {
    write((app, words) => {
      const lengths = app.portal<string, number>('lengths');
      const flags = app.portal<string, boolean>('flags');
      words.asker([lengths, flags], (word, ctx) => {
        const futures = [ctx.ask(lengths, word), ctx.ask(flags, word)] as const;
        ctx.awaitAll(futures, (replies) => expectTypeOf(replies).toEqualTypeOf<[number, boolean]>());
        ctx.awaitAll([ctx.ask(flags, word), ctx.ask(lengths, word)], ([flag, length]) => {
          expectTypeOf(flag).toBeBoolean();
          expectTypeOf(length).toBeNumber();
        });
        const many = [word, word].map((each) => ctx.ask(lengths, each));
        ctx.awaitAll(many, (replies) => expectTypeOf(replies).toEqualTypeOf<number[]>());
        // @ts-expect-error there are two futures
        ctx.awaitAll([ctx.ask(flags, word), ctx.ask(lengths, word)], ([, , third]) => third);
        // @ts-expect-error a string is no future
        ctx.awaitAll([word], () => undefined);
      });
    });
  });
});

describe('a named continuation', () => {
  const priced = continuation<number, { item: string }, string>('priced', (price, { item }, ctx) => {
    ctx.emit(`${item}: ${price}`);
    // @ts-expect-error it emits strings
    ctx.emit(price);
    // @ts-expect-error it does not say that it replies
    ctx.reply(price);
  });

  it('is awaited with the reply and the environment that it takes', () => {
    write((app, words) => {
      const prices = app.portal<string, number>('prices');
      const names = app.portal<string, string>('names');
      const flow = words.asker({ asks: [prices, names], continuations: [priced] }, (item, ctx) => {
        ctx.await(ctx.ask(prices, item), priced, { item });
        // @ts-expect-error the environment has a field called item
        ctx.await(ctx.ask(prices, item), priced, { name: item });
        // @ts-expect-error an environment is needed
        ctx.await(ctx.ask(prices, item), priced);
        // @ts-expect-error the replies of that portal are strings
        ctx.await(ctx.ask(names, item), priced, { item });
      });
      expectTypeOf<FlowValue<typeof flow>>().toBeString();
    });
  });

  it('emits only what the task that awaits with it emits', () => {
    write((app, words) => {
      const prices = app.portal<string, number>('prices');
      // @ts-expect-error the continuation emits strings
      words.asker<number>({ asks: [prices], continuations: [priced] }, () => undefined);
      words.asker<number>([prices], (item, ctx) => {
        // @ts-expect-error the continuation emits strings
        ctx.await(ctx.ask(prices, item), priced, { item });
      });
      const silent = continuation('silent', (_price: number, _item: string) => undefined);
      words.asker<boolean>({ asks: [prices], continuations: [silent] }, (item, ctx) => {
        ctx.await(ctx.ask(prices, item), silent, item);
      });
    });
  });

  it('replies only where the portal that is answered takes the reply', () => {
    const doubled = continuation<number, null, never, number>('doubled', (n, _, ctx) => ctx.reply(2 * n));
    write((app, words) => {
      const lengths = app.portal<string, number>('lengths');
      const names = app.portal<string, string>('names');
      words.askerreplier({ asks: [lengths], continuations: [doubled] }, [
        answer(app.portal<string, number>('doubles'), (word, ctx) =>
          ctx.await(ctx.ask(lengths, word), doubled, null),
        ),
        answer(names, (word, ctx) => {
          // @ts-expect-error that portal replies with strings
          ctx.await(ctx.ask(lengths, word), doubled, null);
        }),
      ]);
      words.asker([lengths], (word, ctx) => {
        // @ts-expect-error an asker has nobody to reply to
        ctx.await(ctx.ask(lengths, word), doubled, null);
      });
    });
  });
});
