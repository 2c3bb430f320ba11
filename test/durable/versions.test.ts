// Programs that change between one life and the next.
import { describe, expect, it } from 'vitest';
import {
  behavior,
  entityRef,
  interceptor,
  receive,
  same,
  stopped,
  type ActorRef,
  type Behavior,
  type BehaviorFactory,
} from 'portico';
import { rejected } from '../errors/said.ts';
import { ends, Lives, witness } from './lives.ts';

const the = entityRef(witness(), 'the only one');

type Message =
  | { readonly type: 'add'; readonly n: number }
  | { readonly type: 'later'; readonly ms: number }
  | { readonly type: 'watch'; readonly ref: ActorRef<never> }
  | { readonly type: 'stop' };

/** What all versions do. */
function adding(add: (n: number) => Behavior<Message>): Behavior<Message> {
  return receive(
    (message, ctx) => {
      switch (message.type) {
        case 'add':
          return add(message.n);
        case 'later':
          ctx.timers.single('later', message.ms, { type: 'add', n: 100 });
          return same;
        case 'watch':
          ctx.watch(message.ref);
          return same;
        case 'stop':
          return stopped;
      }
    },
    {
      onSignal: ({ signal }, ctx) => {
        ctx.send(the, { said: signal });
        return same;
      },
    },
  );
}

/** Version 1 has a number; it tells what it has. */
const oldest = behavior('sum', (total: number): Behavior<Message> =>
  telling(total, (n) => oldest(total + n)),
);
/** Version 2 has an object. */
const newer: BehaviorFactory<[{ total: number }], Message> = behavior(
  'sum',
  ({ total }: { total: number }): Behavior<Message> => telling(total, (n) => newer({ total: total + n })),
  { version: 2, migrate: ([total]): [{ total: number }] => [{ total: total as number }] },
);
/** Version 3 counts in cents, and can take over both. */
const newest: BehaviorFactory<[{ cents: number }], Message> = behavior(
  'sum',
  ({ cents }: { cents: number }): Behavior<Message> =>
    telling(`${cents} cents`, (n) => newest({ cents: cents + n * 100 })),
  {
    version: 3,
    migrate: ([stored], from): [{ cents: number }] => [
      { cents: 100 * (from === 1 ? (stored as number) : (stored as { total: number }).total) },
    ],
  },
);

function telling(total: unknown, add: (n: number) => Behavior<Message>): Behavior<Message> {
  return adding((n) => {
    said.push(`${String(total)} + ${n}`);
    return add(n);
  });
}
/** What was done in this process, in turns that may have been undone. */
const said: string[] = [];

const loud = interceptor('loud', () => ({
  onMessage: (message: Message, _, next) => {
    said.push('loud');
    return next(message);
  },
}));

describe('a behavior with a version', () => {
  it.each(ends)('takes over what older versions have stored, after %s', async (end) => {
    said.length = 0;
    const lives = new Lives();
    let system = await lives.start({ behaviors: { oldest } });
    const [a, b] = [system.create(oldest(1)), system.create(oldest(10))];
    await system.send(a, { type: 'add', n: 1 });
    await system.send(b, { type: 'add', n: 1 });
    system = await lives.again(end, { behaviors: { newer } });
    await system.send(a, { type: 'add', n: 2 });
    system = await lives.again(end, { behaviors: { newest } });
    await system.send(a, { type: 'add', n: 3 });
    await system.send(b, { type: 'add', n: 3 });
    await lives.rest();
    expect(said).toEqual(['1 + 1', '10 + 1', '2 + 2', '400 cents + 3', '1100 cents + 3']);
    expect(await system.unknownBehaviors()).toEqual([]);
  });

  it('takes over what waits in creations, in entities and around other behaviors', async () => {
    said.length = 0;
    const lives = new Lives();
    let system = await lives.start({ behaviors: { oldest, loud } });
    const wrapped = system.create(loud(oldest(5)));
    const entity = system.entity(oldest(7), 'eve');
    await system.send(wrapped, { type: 'add', n: 1 });
    await lives.rest();
    said.length = 0;
    system = await lives.again('a crash', { behaviors: { newer, loud } });
    await system.send(wrapped, { type: 'add', n: 1 });
    const now = system.entity(newer({ total: 7 }), 'eve');
    expect(String(now)).toBe(String(entity));
    await system.send(now, { type: 'add', n: 1 });
    await lives.rest();
    expect(said).toEqual(['loud', '6 + 1', '7 + 1']);
  });
});

describe.each([
  ['is not there any more', {}, 'the program has no behavior of that name'],
  ['is older than what is stored', { oldest }, 'Deploy a program with version 2 or newer of sum'],
  [
    'is newer and has no migrate',
    { sum: behavior('sum', (): Behavior<Message> => receive(() => same), { version: 4 }) },
    'Give sum one',
  ],
  [
    'fails to migrate',
    {
      sum: behavior('sum', (): Behavior<Message> => receive(() => same), {
        version: 4,
        migrate: () => {
          throw new Error('what is this?');
        },
      }),
    },
    'its migrate to version 4 failed: what is this?',
  ],
])('a stored behavior that %s', (_, behaviors, why) => {
  it('has its actors wait, listed, with a line in the log that says what to do', async () => {
    said.length = 0;
    const lives = new Lives();
    let system = await lives.start({ behaviors: { newer } });
    const ref = system.create(newer({ total: 1 }));
    const other = system.create(newer({ total: 10 }), { name: 'ann' });
    await lives.rest();
    system = await lives.again('a crash', { behaviors });
    await system.send(ref, { type: 'add', n: 1 });
    await system.send(ref, { type: 'add', n: 2 });
    await system.send(other, { type: 'add', n: 3 });
    await lives.rest();
    const waiting = [ref, other].map(({ id }) => ({
      ref: { id },
      behavior: 'sum',
      version: 2,
      why: expect.stringContaining(why) as string,
    }));
    expect(await system.unknownBehaviors()).toMatchObject(waiting);
    const lines = lives.log.filter(({ level }) => level === 'error').map(({ value }) => String(value));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(why);
    expect(lines[0]).toContain(String(ref));
    expect(system.deadLetters.count).toBe(0);
    expect(said).toEqual([]);
  });

  it('has them go on by themselves once the program has it, with all that came meanwhile, in order', async () => {
    said.length = 0;
    const lives = new Lives();
    let system = await lives.start({ behaviors: { newer } });
    const ref = system.create(newer({ total: 1 }));
    const mate = system.create(newer({ total: 1 }));
    await system.send(ref, { type: 'later', ms: 500 });
    await system.send(ref, { type: 'watch', ref: mate });
    await system.send(mate, { type: 'later', ms: 700 });
    await lives.rest();
    system = await lives.again('a crash', { behaviors });
    await system.send(ref, { type: 'add', n: 1 });
    await lives.pass(600);
    await system.send(ref, { type: 'add', n: 2 });
    await lives.rest();
    // A life in between in which nothing is sent: they still wait, and the log says so again.
    const before = lives.log.length;
    system = await lives.again('a crash', { behaviors });
    await lives.rest();
    expect(lives.log.slice(before).map(({ value }) => String(value))).toEqual([expect.stringContaining(why)]);
    expect(await system.unknownBehaviors()).toHaveLength(1);
    system = await lives.again('a crash', { behaviors: { newer } });
    await lives.rest();
    expect(said).toEqual(['1 + 1', '2 + 100', '102 + 2']);
    expect(await system.unknownBehaviors()).toEqual([]);
    await system.send(mate, { type: 'stop' });
    expect(await lives.heard()).toEqual(['postStop', 'terminated']);
    await lives.again();
    expect(said).toHaveLength(3);
  });

  it('has a signal wait as well', async () => {
    const lives = new Lives();
    let system = await lives.start({ behaviors: { newer } });
    const quit = behavior('quit', (): Behavior<'quit'> => receive(() => stopped));
    system = await lives.again('a stop', { behaviors: { newer, quit } });
    const mate = system.create(quit());
    const ref = system.create(newer({ total: 1 }));
    await system.send(ref, { type: 'watch', ref: mate });
    await lives.rest();
    system = await lives.again('a crash', { behaviors: { ...behaviors, quit } });
    await system.send(mate, 'quit');
    await lives.rest();
    expect(system.deadLetters.count).toBe(0);
    expect(await system.unknownBehaviors()).toHaveLength(1);
    await lives.again('a crash', { behaviors: { newer, quit } });
    expect(await lives.heard()).toEqual(['terminated']);
  });

  it('lets a parent stop such a child: what waited is a dead letter', async () => {
    const lives = new Lives();
    const parent = behavior('parent', (): Behavior<'create' | 'stop'> =>
      receive((message, ctx) => {
        if (message === 'stop') return stopped;
        ctx.create(newer({ total: 1 }), { child: true, name: 'child' });
        return same;
      }),
    );
    let system = await lives.start({ behaviors: { newer, parent } });
    const ref = system.create(parent());
    await system.send(ref, 'create');
    await lives.rest();
    system = await lives.again('a crash', { behaviors: { ...behaviors, parent } });
    const child = Object.assign(Object.create(Object.getPrototypeOf(ref) as object) as ActorRef<Message>, {
      id: 'name:child',
    });
    await system.send(child, { type: 'add', n: 1 });
    await system.send(ref, 'stop');
    await lives.rest();
    expect(system.deadLetters.list()).toMatchObject([{ reason: 'stopped', message: { n: 1 } }]);
    expect(await system.unknownBehaviors()).toEqual([]);
  });
});

describe('a behavior within an interceptor of the program', () => {
  it('waits by itself, and goes on by itself', async () => {
    said.length = 0;
    const lives = new Lives();
    let system = await lives.start({ behaviors: { newer, loud } });
    const ref = system.create(loud(newer({ total: 1 })));
    await lives.rest();
    system = await lives.again('a crash', { behaviors: { loud } });
    for (const n of [1, 2]) await system.send(ref, { type: 'add', n });
    await lives.rest();
    expect(await system.unknownBehaviors()).toMatchObject([
      { ref: { id: ref.id }, behavior: 'sum', version: 2 },
    ]);
    said.length = 0;
    await lives.again('a crash', { behaviors: { newer, loud } });
    await lives.rest();
    expect(said).toEqual(['loud', '1 + 1', 'loud', '2 + 2']);
  });
});

describe('an ask of an actor that waits', () => {
  it('is answered when the program has its behavior', async () => {
    type Ask = { readonly replyTo: ActorRef<number> };
    const five = behavior('five', (): Behavior<Ask> =>
      receive(({ replyTo }, ctx) => {
        ctx.send(replyTo, 5);
        return same;
      }),
    );
    const asker = behavior('asker', (): Behavior<{ ask: ActorRef<Ask> } | { reply?: number }> =>
      receive((message, ctx) => {
        if ('ask' in message) ctx.ask(message.ask, {}, { as: {}, timeoutMs: 1e9 });
        else ctx.send(the, { said: message.reply });
        return same;
      }),
    );
    const lives = new Lives();
    let system = await lives.start({ behaviors: { five, asker } });
    const ref = system.create(five());
    const asking = system.create(asker());
    await lives.rest();
    system = await lives.again('a crash', { behaviors: { asker } });
    await system.send(asking, { ask: ref });
    const outside = rejected(system.ask(ref, {}, { timeoutMs: 1_000 }));
    await lives.pass(1_000);
    expect(await outside).toMatchObject({ code: 'ask/timeout' });
    await lives.again('a crash', { behaviors: { five, asker } });
    expect(await lives.heard()).toEqual([5]);
  });
});
