// The compiler fails these tests (`npm run typecheck:test`): who may be sent what, and what comes back. The last part runs the
// compiler itself, for its words and for how much work it has.
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  behavior,
  effect,
  init,
  receive,
  same,
  stopped,
  supervise,
  resume,
  unhandled,
  empty,
  ignore,
  type ActorContext,
  type ActorRef,
  type ActorSystem,
  type Awaiting,
  type Behavior,
  type Failure,
  type ReplyOf,
  type RequestOf,
} from 'portico';

type Add = { type: 'add'; n: number };
type Read = { type: 'read'; replyTo: ActorRef<number> };
type Name = { type: 'name'; language: string; replyTo: ActorRef<string> };
type Counter = Add | Read | Name;

/** Writes with references and contexts that nobody gives. */
const write = (
  _body: (given: { counter: ActorRef<Counter>; system: ActorSystem; ctx: ActorContext<Add> }) => void,
): void => undefined;

describe('a reference', () => {
  it('that takes more may stand where less is sent, and not the other way round', () => {
    expectTypeOf<ActorRef<Counter>>().toExtend<ActorRef<Add>>();
    expectTypeOf<ActorRef<Add>>().not.toExtend<ActorRef<Counter>>();
    expectTypeOf<ActorRef<unknown>>().toExtend<ActorRef<string>>();
    expectTypeOf<ActorRef<string>>().toExtend<ActorRef<never>>();
    expectTypeOf<ActorRef<never>>().not.toExtend<ActorRef<string>>();
    expectTypeOf<ActorRef<string>>().not.toExtend<ActorRef<number>>();
  });

  it('takes messages of its protocol only', () => {
    write(({ counter, system, ctx }) => {
      ctx.send(counter, { type: 'add', n: 1 });
      void system.send(counter, { type: 'add', n: 1 });
      // @ts-expect-error there is no such message
      ctx.send(counter, { type: 'subtract', n: 1 });
      // @ts-expect-error n is a number
      ctx.send(counter, { type: 'add', n: 'one' });
      // @ts-expect-error n is missing
      void system.send(counter, { type: 'add' });
      // @ts-expect-error the message does not decide the type of the reference
      ctx.send(ctx.create(receive<string>(() => same)), 1);
    });
  });

  it('comes typed from what creates it', () => {
    write(({ system, ctx }) => {
      const counter = behavior('counter', (_n: number): Behavior<Counter> => receive(() => same));
      expectTypeOf(system.create(counter(0))).toEqualTypeOf<ActorRef<Counter>>();
      expectTypeOf(ctx.create(counter(0), { child: true, name: 'a' })).toEqualTypeOf<ActorRef<Counter>>();
      expectTypeOf(system.entity(counter(0), 'a')).toEqualTypeOf<ActorRef<Counter>>();
      expectTypeOf(ctx.self).toEqualTypeOf<ActorRef<Add>>();
      // @ts-expect-error its argument is a number
      counter('zero');
      // @ts-expect-error it has an argument
      counter();
    });
  });
});

describe('a behavior', () => {
  it('that handles more may stand where less is handled', () => {
    expectTypeOf<Behavior<Counter>>().toExtend<Behavior<Add>>();
    expectTypeOf<Behavior<Add>>().not.toExtend<Behavior<Counter>>();
    for (const each of [same, stopped, unhandled, empty, ignore])
      expectTypeOf(each).toExtend<Behavior<Counter>>();
  });

  it('gives its handler the message, and needs a behavior of it', () => {
    receive<Counter>((message, ctx) => {
      expectTypeOf(message).toEqualTypeOf<Counter>();
      expectTypeOf(ctx).toEqualTypeOf<ActorContext<Counter>>();
      return same;
    });
    // @ts-expect-error a handler returns the next behavior
    receive<Counter>(() => undefined);
    // @ts-expect-error a handler does not wait
    receive<Counter>(async () => same);
    // @ts-expect-error the next behavior has to handle the same messages
    receive<Counter>(() => receive<Add>(() => same));
    init<Add>(() => receive<Counter>(() => same));
    expectTypeOf(
      supervise(
        receive<Add>(() => same),
        resume,
      ),
    ).toEqualTypeOf<Behavior<Add>>();
  });

  it('that forgets a message in its switch does not compile', () => {
    receive<Counter>((message) => {
      switch (message.type) {
        case 'add':
        case 'read':
        case 'name':
          return same;
      }
    });
    // @ts-expect-error what comes of “name”?
    receive<Counter>((message) => {
      // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the missing case is the subject
      switch (message.type) {
        case 'add':
        case 'read':
          return same;
      }
    });
  });

  it('is told signals by their names', () => {
    receive<Add>(() => same, {
      onSignal: (signal) => {
        if (signal.signal === 'terminated') expectTypeOf(signal.ref).toEqualTypeOf<ActorRef<never>>();
        // @ts-expect-error only the signal “terminated” is about somebody else
        if (signal.signal === 'postStop') void signal.ref;
        return same;
      },
    });
  });
});

describe('asking', () => {
  it('knows the requests of a protocol, and the reply to each', () => {
    expectTypeOf<RequestOf<Counter>>().toEqualTypeOf<Omit<Read, 'replyTo'> | Omit<Name, 'replyTo'>>();
    expectTypeOf<ReplyOf<Counter, { type: 'read' }>>().toBeNumber();
    expectTypeOf<ReplyOf<Counter, { type: 'name'; language: string }>>().toBeString();
    write(({ counter, system }) => {
      expectTypeOf(system.ask(counter, { type: 'read' })).toEqualTypeOf<Promise<number>>();
      expectTypeOf(system.ask(counter, { type: 'name', language: 'en' })).toEqualTypeOf<Promise<string>>();
    });
  });

  it('is refused for a message that nobody replies to, or that is incomplete', () => {
    write(({ counter, system, ctx }) => {
      // @ts-expect-error nobody replies to that
      void system.ask(counter, { type: 'add', n: 1 });
      // @ts-expect-error the language is missing
      void system.ask(counter, { type: 'name' });
      // @ts-expect-error this protocol knows no request
      void system.ask(ctx.self, {});
    });
  });

  it('inside needs a message of one’s own protocol that can hold the reply', () => {
    type Own =
      | { type: 'number'; of: string; reply?: number; failure?: Failure }
      | { type: 'text'; reply?: string; failure?: Failure }
      | { type: 'plain' };
    expectTypeOf<Awaiting<Own, number>>().toEqualTypeOf<{ type: 'number'; of: string }>();
    write(({ counter }) => {
      receive<Own>((_, ctx) => {
        ctx.ask(counter, { type: 'read' }, { as: { type: 'number', of: 'x' }, timeoutMs: 5 });
        ctx.ask(counter, { type: 'name', language: 'en' }, { as: { type: 'text' } });
        // @ts-expect-error the reply is a number, and this message holds a text
        ctx.ask(counter, { type: 'read' }, { as: { type: 'text' } });
        // @ts-expect-error it says of what
        ctx.ask(counter, { type: 'read' }, { as: { type: 'number' } });
        // @ts-expect-error this message holds no reply
        ctx.ask(counter, { type: 'read' }, { as: { type: 'plain' } });
        // @ts-expect-error nobody replies to that
        ctx.ask(counter, { type: 'add', n: 1 }, { as: { type: 'text' } });
        return same;
      });
    });
  });

  it('by hand takes a reference to whom the reply may be sent', () => {
    write(({ counter, ctx }) => {
      receive<number>((_, inner) => (inner.send(counter, { type: 'read', replyTo: inner.self }), same));
      // @ts-expect-error this actor does not take numbers
      ctx.send(counter, { type: 'read', replyTo: ctx.self });
    });
  });
});

describe('what comes back as a message', () => {
  type Own =
    | { type: 'sum'; item: string; reply?: number }
    | { type: 'gone'; reply?: ActorRef<never> }
    | { type: 'plain' };
  const price = effect('price', (item: string) => item.length);

  it('is typed for adapters, effects and watches', () => {
    expectTypeOf(price.call).parameter(0).toBeString();
    receive<Own>((_, ctx) => {
      expectTypeOf(ctx.adapt({ type: 'sum', item: 'tea' })).toEqualTypeOf<ActorRef<number>>();
      ctx.run(price, 'tea', { as: { type: 'sum', item: 'tea' } });
      ctx.watch(ctx.self, { as: { type: 'gone' } });
      ctx.watch(ctx.self);
      // @ts-expect-error this message holds no reply
      ctx.adapt({ type: 'plain' });
      // @ts-expect-error the effect takes a text
      ctx.run(price, 5, { as: { type: 'sum', item: 'tea' } });
      // @ts-expect-error its outcome is a number
      ctx.run(price, 'tea', { as: { type: 'gone' } });
      // @ts-expect-error this message holds no outcome
      ctx.run(price, 'tea', { as: { type: 'plain' } });
      // @ts-expect-error who has stopped is a reference
      ctx.watch(ctx.self, { as: { type: 'sum', item: 'tea' } });
      // @ts-expect-error a timer gives a message of one's own protocol
      ctx.timers.single('k', 5, { type: 'tick' });
      // @ts-expect-error so does the stash
      ctx.stash.stash('anything');
      return same;
    });
  });
});

describe('the compiler', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

  /** Compiles a module that uses the sources of the package. */
  const compile = (text: string): ts.Program => {
    const { options } = ts.parseJsonConfigFileContent(
      ts.readConfigFile(`${root}/test/tsconfig.json`, (path) => ts.sys.readFile(path)).config,
      ts.sys,
      `${root}/test`,
    );
    const file = `${root}/test/types/fixture.ts`;
    const host = ts.createCompilerHost({ ...options, incremental: false });
    const read = host.getSourceFile.bind(host);
    const exists = host.fileExists.bind(host);
    host.fileExists = (path) => path === file || exists(path);
    host.getSourceFile = (path, language) =>
      path === file ? ts.createSourceFile(path, text, language, true) : read(path, language);
    const program = ts.createProgram([file], { ...options, incremental: false, types: [] }, host);
    return program;
  };
  const problems = (program: ts.Program): string[] =>
    program
      .getSemanticDiagnostics(program.getSourceFile(`${root}/test/types/fixture.ts`))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));

  const protocol = `
    import { behavior, receive, same, type ActorContext, type ActorRef, type ActorSystem, type Behavior } from 'portico';
    type Tea = { type: 'pour'; cups: number } | { type: 'taste'; replyTo: ActorRef<string> };
    declare const pot: ActorRef<Tea>;
    declare const ctx: ActorContext<string>;
    declare const system: ActorSystem;
  `;

  it.each([
    ['send, inside', `ctx.send(pot, 'pour');`],
    ['send, outside', `void system.send(pot, { type: 'spill' });`],
    ['a reference that takes less', `declare const cup: ActorRef<string>; const wrong: ActorRef<Tea> = cup;`],
    ['a behavior that handles less', `const wrong: Behavior<Tea> = receive<string>(() => same);`],
  ])(
    'names the protocol when the message is wrong: %s',
    (_, line) => {
      const found = problems(compile(protocol + line));
      expect(found.length).toBeGreaterThan(0);
      expect(found.join('\n')).toMatch(/\bTea\b|"pour" \| "taste"/);
    },
    60_000,
  );

  it('has little work with actors, so that editors stay quick', () => {
    const actors = Array.from(
      { length: 50 },
      (_, i) => `
        type Ask${i} = { type: 'ask${i}'; n: number; replyTo: ActorRef<number> };
        type Own${i} = Ask${i} | { type: 'got${i}'; reply?: number } | { type: 'end${i}' };
        const actor${i} = behavior('actor${i}', (n: number, to: ActorRef<Ask${i}>): Behavior<Own${i}> =>
          receive((message, ctx) => {
            switch (message.type) {
              case 'ask${i}': ctx.send(message.replyTo, n); return actor${i}(n + 1, to);
              case 'got${i}': ctx.send(ctx.self, { type: 'end${i}' }); return same;
              case 'end${i}': ctx.ask(to, { type: 'ask${i}', n }, { as: { type: 'got${i}' } }); return same;
            }
          }));
        async function use${i}(): Promise<number> { return system.ask(system.create(actor${i}(0, null as never)), { type: 'ask${i}', n: 1 }); }
        void use${i};`,
    );
    const work = (text: string): number => {
      const program = compile(protocol + text);
      expect(problems(program)).toEqual([]);
      return program.getInstantiationCount();
    };
    const each =
      (work(actors.join('\n')) -
        work(`void [behavior, receive, same, pot, ctx, system]; export type { Behavior };`)) /
      50;
    expect(each).toBeGreaterThan(0);
    expect(each).toBeLessThan(INSTANTIATIONS_PER_ACTOR);
  }, 60_000);
});

/** How many types the compiler may make for one actor that is asked, asks and sends. */
const INSTANTIATIONS_PER_ACTOR = 600;
