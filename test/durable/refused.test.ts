// What cannot be stored is refused by name, and never stops the system.
import { describe, expect, it } from 'vitest';
import {
  ActorCreate,
  actorRef,
  behavior,
  entityRef,
  init,
  intercept,
  receive,
  same,
  start,
  supervise,
  restart,
  valueState,
  type ActorRef,
  type Behavior,
} from 'portico';
import { memoryStore } from 'portico/dataflow';
import { caught, rejected } from '../errors/said.ts';
import { Lives, witness } from './lives.ts';

const the = entityRef(witness(), 'the only one');

const echo = behavior('echo', (): Behavior<unknown> =>
  receive((message, ctx) => {
    ctx.send(the, { said: message });
    return same;
  }),
);

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}
const money = {
  name: 'money',
  class: Money,
  toData: (value: unknown) => (value as Money).cents,
  fromData: (data: unknown) => new Money(data as number),
};

const anonymous = receive<unknown>(() => same);
const becomes = behavior('becomes', (): Behavior<'go'> => receive(() => receive(() => same)));
const begins = behavior('begins', (): Behavior<'go'> => init(() => receive(() => same)));
const creates = behavior('creates', (): Behavior<'go'> =>
  receive((_, ctx) => {
    ctx.create(anonymous);
    return same;
  }),
);
const note = valueState<unknown>('note', undefined);
const notes = behavior('notes', (): Behavior<unknown> =>
  receive((message, ctx) => {
    note.set(ctx, message === 'bad' ? { deep: [{ call: () => 1 }] } : message);
    return same;
  }),
);
const sends = behavior('sends', (): Behavior<'go'> =>
  receive((_, ctx) => {
    ctx.send(the, { said: { deep: [new Money(1)] } });
    return same;
  }),
);
const forgotten = behavior('forgotten', (): Behavior<unknown> => receive(() => same));

const behaviors = { echo, becomes, begins, creates, notes, sends };

async function living(): Promise<Lives> {
  const lives = new Lives({ behaviors });
  await lives.start();
  return lives;
}

describe('a behavior without a name', () => {
  it('works in memory', async () => {
    await using system = await start({ behaviors });
    const ref = system.create(intercept(begins(), {}));
    await system.send(ref, 'go');
    await system.idle();
    expect(system.deadLetters.count).toBe(0);
  });

  it('is refused where it is created outside', async () => {
    const { system } = await living();
    for (const bad of [
      anonymous,
      init(() => anonymous),
      intercept(echo(), {}),
      supervise(anonymous, restart()),
    ]) {
      expect(caught(() => system.create(bad))).toMatchObject({
        code: 'actor/anonymous',
        where: 'system.create',
        cure: expect.stringContaining("const counting = behavior('counting'") as string,
      });
    }
  });

  it('is refused where an actor creates it, naming the actor; its turn is undone', async () => {
    const lives = await living();
    const { system } = lives;
    const ref = system.create(creates());
    await system.send(ref, 'go');
    await lives.rest();
    expect(system.deadLetters.list()).toMatchObject([
      {
        ref: { id: ref.id },
        reason: 'failed',
        message: 'go',
        error: { message: said(`[actor/anonymous] ${String(ref)}`) },
      },
    ]);
  });

  it('is refused where an actor becomes it, saying what ends in it', async () => {
    const lives = await living();
    const { system } = lives;
    const ref = system.create(becomes(), { name: 'ann' });
    await system.send(ref, 'go');
    await lives.rest();
    expect(system.deadLetters.list()).toMatchObject([
      { reason: 'failed', error: { message: said('[actor/anonymous] actor:name:ann') } },
    ]);
  });

  it('is refused where an actor begins with it', async () => {
    const lives = await living();
    const { system } = lives;
    const ref = system.create(begins());
    await lives.rest();
    expect(system.deadLetters.list()).toMatchObject([
      {
        ref: { id: ref.id },
        what: 'creation',
        error: { message: said('begins(…) ends in one') },
      },
    ]);
    expect(system.dataflow.failure).toBeUndefined();
  });
});

describe('a behavior that the system was not started with', () => {
  it('is refused, since a stored actor would not find it', async () => {
    const { system } = await living();
    for (const use of [() => system.create(forgotten()), () => system.entity(forgotten(), 'x')])
      expect(caught(use)).toMatchObject({
        code: 'actor/unregistered',
        what: said('behavior forgotten'),
      });
  });

  it('is refused as well if another one has its name', async () => {
    const { system } = await living();
    const other = behavior('echo', (): Behavior<unknown> => receive(() => same));
    expect(caught(() => system.create(other()))).toMatchObject({
      code: 'actor/unregistered',
      what: said('another behavior echo'),
    });
  });

  it('is refused at the start if there are two of one name', async () => {
    const other = behavior('echo', (): Behavior<unknown> => receive(() => same));
    const error = await rejected(start({ behaviors: { echo, other } }));
    expect(error).toMatchObject({ code: 'actor/same-name', what: said('called echo') });
  });

  it('is refused in a reference to an entity', async () => {
    const { system } = await living();
    const error = await rejected(system.send(entityRef(forgotten(), 'x'), 'hello'));
    expect(error).toMatchObject({ code: 'codec/unsupported', what: said('actor/unregistered') });
    expect(system.dataflow.failure).toBeUndefined();
  });
});

describe('a message from outside that cannot be stored', () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['a function', { items: [{ call: () => 1 }] }, '.items[0].call is the function "call"'],
    ['an instance of a class', { price: new Money(3) }, '.price is an instance of Money'],
    ['a promise', { later: Promise.resolve(1) }, '.later is a promise'],
    ['a symbol', { kind: Symbol('x') }, '.kind is a symbol'],
  ];

  it.each(cases)('is refused where it is sent: %s', async (_, message, what) => {
    const lives = await living();
    const { system } = lives;
    const ref = system.create(echo());
    expect(await rejected(system.send(ref, message))).toMatchObject({
      code: 'codec/unsupported',
      where: String(ref),
      what: said(what),
    });
    await system.send(ref, 'and on');
    expect(await lives.heard()).toEqual(['and on']);
  });

  it('is refused when it is a function or a symbol itself', async () => {
    const { system } = await living();
    const ref = system.create(echo());
    for (const bad of [() => 1, Symbol('x')])
      expect(await rejected(system.send(ref, bad))).toMatchObject({ code: 'codec/unsupported' });
  });

  it('is refused where it is asked', async () => {
    const { system } = await living();
    type Ask = { readonly what: unknown; readonly replyTo: ActorRef<unknown> };
    const ref = system.create(echo()) as ActorRef<Ask>;
    expect(await rejected(system.ask(ref, { what: () => 1 }))).toMatchObject({
      code: 'codec/unsupported',
      what: said('.what is the function'),
    });
  });

  it('takes nothing with it that was sent in the same moment', async () => {
    const lives = await living();
    const { system } = lives;
    const ref = system.create(echo());
    const sent = [1, { call: () => 1 }, 2].map((message) =>
      system.send(ref, message).then(
        () => 'taken',
        () => 'refused',
      ),
    );
    expect(await Promise.all(sent)).toEqual(['taken', 'refused', 'taken']);
    expect(await lives.heard()).toEqual([1, 2]);
  });

  it('is refused however many came before it', async () => {
    const lives = await living();
    const { system } = lives;
    const ref = system.create(echo());
    let refused = 0;
    for (let i = 0; i < 700; i++)
      system.send(ref, { call: () => 1 }).catch(() => {
        refused++;
      });
    await lives.rest();
    expect(refused).toBe(700);
    expect(system.dataflow.failure).toBeUndefined();
  });

  it('is refused in the arguments of a behavior that is created', async () => {
    const { system } = await living();
    const bad = behavior('echo', (what: unknown): Behavior<unknown> => receive(() => bad(what)));
    const lives = new Lives({ behaviors: { bad } });
    const other = await lives.start();
    expect(caught(() => other.create(bad({ call: () => 1 })))).toMatchObject({ code: 'codec/unsupported' });
    expect(system.dataflow.failure).toBeUndefined();
  });
});

describe('an actor', () => {
  it('that sends what cannot be stored fails in that turn, with the path', async () => {
    const lives = await living();
    const { system } = lives;
    const ref = system.create(sends());
    await system.send(ref, 'go');
    await lives.rest();
    expect(system.deadLetters.list()).toMatchObject([
      { ref: { id: ref.id }, message: 'go', error: { message: said('.deep[0] is an instance of Money') } },
    ]);
  });

  it('that keeps what cannot be stored fails in that turn, and has what it had', async () => {
    const lives = await living();
    let { system } = lives;
    const ref = system.create(notes());
    await system.send(ref, 'good');
    await system.send(ref, 'bad');
    await lives.rest();
    expect(system.deadLetters.list()).toMatchObject([
      { message: 'bad', error: { message: said('.deep[0].call is the function') } },
    ]);
    system = await lives.again();
    expect(system.dataflow.failure).toBeUndefined();
  });
});

describe('an instance of a class that the system was told of', () => {
  it('is sent, kept and there again after a crash', async () => {
    const lives = new Lives({ behaviors, types: [money] });
    let system = await lives.start();
    const ref = system.create(echo());
    await system.send(ref, { price: new Money(250) });
    await lives.rest();
    system = await lives.again();
    const [heard] = await lives.heard();
    expect(heard).toEqual({ price: new Money(250) });
    expect((heard as { price: unknown }).price).toBeInstanceOf(Money);
    expect(system.deadLetters.count).toBe(0);
  });
});

describe('a program that has lost the class of a stored value', () => {
  it('stops loudly when it comes to it, and goes on with all of it when it has the class again', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start({ types: [money] });
    const ref = system.create(notes());
    await system.send(ref, new Money(7));
    await lives.rest();
    system = await lives.again();
    await system.send(ref, 'read it').catch(() => undefined);
    await lives.ticks();
    expect(system.dataflow.failure).toMatchObject({ what: said('money') });
    expect(lives.lines.at(-1)).toContain('money');
    system = await lives.again('a crash', { types: [money] });
    await system.send(ref, 'and on');
    await lives.rest();
    expect(system.deadLetters.list()).toEqual([]);
    expect(system.dataflow.failure).toBeUndefined();
  });
});

describe('a dead letter', () => {
  /** Throws what it is told by name. */
  const thrown: Record<string, () => unknown> = {
    'a text': () => 'no',
    'a function': () => () => 1,
    'a symbol': () => Symbol('no'),
    'an object without a prototype': () => Object.create(null) as object,
    'an instance': () => new Money(1),
    'a promise': () => Promise.resolve(1),
    nothing: () => undefined,
    'an error with a function in it': () => Object.assign(new Error('no'), { retry: () => 1 }),
    'an error whose cause cannot be stored': () => new Error('no', { cause: new Money(1) }),
    'an error that cannot be read': () =>
      Object.defineProperty(new Error('no'), 'message', {
        get: () => {
          throw new Error('unreadable');
        },
      }),
    'an error with a cycle': () => {
      const error: Error & { self?: unknown } = new Error('no');
      error.self = error;
      return error;
    },
  };
  const throws = behavior('throws', (): Behavior<string> =>
    receive((what) => {
      throw thrown[what]?.();
    }),
  );

  it.each(Object.keys(thrown))('can tell of anything that was thrown: %s', async (what) => {
    const lives = new Lives({ behaviors: { throws } });
    let system = await lives.start();
    const ref = system.create(throws());
    await system.send(ref, what);
    await lives.rest();
    expect(system.dataflow.failure).toBeUndefined();
    system = await lives.again();
    await lives.rest();
    const [letter, ...more] = system.deadLetters.list();
    expect(more).toEqual([]);
    expect(letter).toMatchObject({ ref: { id: ref.id }, message: what, reason: 'failed' });
    expect(letter).toHaveProperty('error');
  });

  it('keeps the words of a message that could not be stored, and says so when it is to be sent again', async () => {
    const lives = await living();
    const { system } = lives;
    const late = actorRef<unknown>('nobody');
    const sloppy = behavior('sloppy', (): Behavior<'go'> =>
      receive((_, ctx) => {
        // Only some of so many are looked at where they are sent.
        for (let i = 0; i < 600; i++) ctx.send(late, { i, call: i === 300 ? (): number => 1 : null });
        return same;
      }),
    );
    await system.stop();
    const again = await lives.start({ behaviors: { ...behaviors, sloppy } });
    await again.send(again.create(sloppy()), 'go');
    await lives.rest();
    expect(again.dataflow.failure).toBeUndefined();
    const letters = again.deadLetters.list();
    expect(letters).toHaveLength(600);
    const [bad] = letters.filter(({ what }) => what === 'unstorable');
    expect(bad).toMatchObject({ message: '{"i":300}', reason: 'unknown' });
    expect(await rejected(again.deadLetters.resend(bad?.id ?? 0))).toMatchObject({
      code: 'codec/unsupported',
    });
    expect(again.deadLetters.list()).toHaveLength(600);
  });
});

describe('a creation that a stream brings', () => {
  it('is refused as well if its behavior has no name', async () => {
    const store = memoryStore();
    await using system = await start({ behaviors, store });
    const error = await rejected(system.send(actorRef('x'), new ActorCreate(actorRef('y'), anonymous)));
    expect(error).toMatchObject({ code: 'codec/unsupported', what: said('actor/anonymous') });
  });
});

function said(text: string): unknown {
  return expect.stringContaining(text);
}
