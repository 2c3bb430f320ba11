// Who is there, who is whose child, who watches whom and who has which name, over restarts.
import { describe, expect, it } from 'vitest';
import {
  actorRef,
  behavior,
  entityRef,
  receive,
  same,
  stopped,
  type ActorRef,
  type Behavior,
  type SchemaResult,
} from 'portico';
import { rejected } from '../errors/said.ts';
import { ends, Lives, witness } from './lives.ts';

const the = entityRef(witness(), 'the only one');

type Message =
  | { readonly type: 'say'; readonly text: string }
  | { readonly type: 'create'; readonly name?: string; readonly child?: boolean }
  | { readonly type: 'watch'; readonly ref: ActorRef<never>; readonly as?: string }
  | { readonly type: 'gone'; readonly as: string; readonly reply?: ActorRef<never> }
  | { readonly type: 'pass on'; readonly to: ActorRef<Message>; readonly message: Message }
  | { readonly type: 'children' }
  | { readonly type: 'child stops'; readonly ref: ActorRef<never> }
  | { readonly type: 'last'; readonly replyTo: ActorRef<ActorRef<Message>> }
  | { readonly type: 'stop' };

const person = behavior('person', (last?: ActorRef<Message>): Behavior<Message> =>
  receive(
    (message, ctx) => {
      const say = (text: string): void => {
        ctx.send(the, { said: `${ctx.name}: ${text}` });
      };
      switch (message.type) {
        case 'say':
          say(message.text);
          return same;
        case 'create': {
          const { name, child = false } = message;
          return person(ctx.create(person(), { child, ...(name !== undefined && { name }) }));
        }
        case 'watch':
          if (message.as === undefined) ctx.watch(message.ref);
          else ctx.watch(message.ref, { as: { type: 'gone', as: message.as } });
          return same;
        case 'gone':
          say(`${message.as} ${String(message.reply)}`);
          return same;
        case 'pass on':
          ctx.send(message.to, message.message);
          return same;
        case 'children':
          say(ctx.children.map(String).join(' '));
          return same;
        case 'child stops':
          ctx.stop(message.ref);
          return same;
        case 'last':
          if (last !== undefined) ctx.send(message.replyTo, last);
          return same;
        case 'stop':
          return stopped;
      }
    },
    {
      onSignal: (signal, ctx) => {
        const about = signal.signal === 'terminated' ? ` ${String(signal.ref)}` : '';
        ctx.send(the, { said: `${ctx.name}: ${signal.signal}${about}` });
        return same;
      },
    },
  ),
);

const behaviors = { person };

describe.each(ends)('after %s', (end) => {
  it('children stop with their parent, and before it', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const parent = system.create(person(), { name: 'parent' });
    for (const name of ['tim', 'tom']) await system.send(parent, { type: 'create', name, child: true });
    await lives.rest();
    system = await lives.again(end);
    await system.send(parent, { type: 'children' });
    await lives.rest();
    system = await lives.again(end);
    await system.send(parent, { type: 'stop' });
    expect(await lives.heard()).toEqual([
      'parent: actor:name:tim actor:name:tom',
      'tim: postStop',
      'tom: postStop',
      'parent: postStop',
    ]);
  });

  it('a parent can stop a child that it created before', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const parent = system.create(person(), { name: 'parent' });
    await system.send(parent, { type: 'create', child: true });
    const ref = await system.ask(parent, { type: 'last' });
    system = await lives.again(end);
    await system.send(parent, { type: 'child stops', ref });
    await system.send(parent, { type: 'children' });
    expect(await lives.heard()).toContain('1: postStop');
    await system.send(parent, { type: 'children' });
    expect((await lives.heard()).at(-1)).toBe('parent: ');
  });

  it('watchers are told, by a signal and by a message, and once', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const ref = system.create(person(), { name: 'ann' });
    const bob = system.create(person(), { name: 'bob' });
    const cid = system.create(person(), { name: 'cid' });
    await system.send(bob, { type: 'watch', ref });
    await system.send(cid, { type: 'watch', ref, as: 'gone is' });
    await lives.rest();
    system = await lives.again(end);
    await system.send(ref, { type: 'stop' });
    const heard = ['ann: postStop', 'bob: terminated actor:name:ann', 'cid: gone is actor:name:ann'];
    expect(await lives.heard()).toEqual(heard);
    system = await lives.again(end);
    expect(await lives.heard()).toEqual(heard);
  });

  it('whoever watches one that has stopped before is told as well', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const refs = [system.create(person()), system.create(person(), { name: 'ann' })];
    for (const ref of refs) await system.send(ref, { type: 'stop' });
    await lives.rest();
    system = await lives.again(end);
    const bob = system.create(person(), { name: 'bob' });
    for (const ref of refs) await system.send(bob, { type: 'watch', ref, as: 'gone' });
    expect((await lives.heard()).slice(2)).toEqual(['bob: gone actor:-1', 'bob: gone actor:name:ann']);
    for (const ref of refs) {
      const watched = system.watch(ref);
      await lives.rest();
      await watched;
    }
  });

  it('a name that is taken stays taken, and can be taken again once it is free', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    system.create(person(), { name: 'ann' });
    await lives.rest();
    system = await lives.again(end);
    system.create(person(), { name: 'ann' });
    await lives.rest();
    expect(system.deadLetters.list()).toMatchObject([{ reason: 'nameTaken' }]);
    await system.send(actorRef<Message>('ann'), { type: 'stop' });
    await lives.rest();
    system = await lives.again(end);
    system.create(person(), { name: 'ann' });
    await system.send(actorRef<Message>('ann'), { type: 'say', text: 'hello' });
    expect(await lives.heard()).toEqual(['ann: postStop', 'ann: hello']);
  });

  it('no number is given out twice, inside or outside', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const parent = system.create(person(), { name: 'parent' });
    const ids = new Set<unknown>();
    for (let life = 0; life < 3; life++) {
      for (let i = 0; i < 3; i++) {
        ids.add(system.create(person()).id);
        await system.send(parent, { type: 'create' });
        ids.add((await system.ask(parent, { type: 'last' })).id);
      }
      // The last one is nobody's any more when the next life begins.
      const passing = system.create(person());
      ids.add(passing.id);
      await system.send(passing, { type: 'stop' });
      await lives.rest();
      system = await lives.again(end);
    }
    expect(ids.size).toBe(21);
  });

  it('references that were given out before reach whom they reached', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const outside = system.create(person());
    await system.send(outside, { type: 'create' });
    const inside = await system.ask(outside, { type: 'last' });
    const entity = system.entity(person(), 'eve');
    system = await lives.again(end);
    for (const ref of [outside, inside, entity]) await system.send(ref, { type: 'say', text: 'here' });
    expect((await lives.heard()).map(String).sort()).toEqual(['-1: here', '1: here', 'eve: here']);
  });

  it('a message that waits for an actor that is still to be created is given to it', async () => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const first = system.create(person());
    // A reference can be known before the actor is there: numbers are given out one after the other.
    const next = Object.assign(Object.create(Object.getPrototypeOf(first) as object) as typeof first, {
      id: 1,
    });
    await system.send(first, { type: 'pass on', to: next, message: { type: 'say', text: 'at last' } });
    await lives.rest();
    system = await lives.again(end);
    expect(await lives.heard()).toEqual([]);
    await system.send(first, { type: 'create' });
    expect(await lives.heard()).toEqual(['1: at last']);
    expect(system.deadLetters.count).toBe(0);
  });
});

describe('a creation that was never acknowledged', () => {
  it.each([true, false])('is there or is not, and harms nobody; on disk: %s', async (keeps) => {
    const lives = new Lives({ behaviors });
    let system = await lives.start();
    const first = system.create(person());
    await system.send(first, { type: 'say', text: 'a' });
    lives.hold();
    const second = system.create(person());
    void system.send(second, { type: 'say', text: 'b' });
    await lives.ticks();
    lives.crash({ keeps });
    system = await lives.start();
    const third = system.create(person());
    await system.send(third, { type: 'say', text: 'c' });
    expect(await lives.heard()).toEqual(keeps ? ['-1: a', '-2: b', '-3: c'] : ['-1: a', '-2: c']);
  });
});

describe('an actor with a schema', () => {
  type Price = { readonly cents: number };
  const schema = {
    '~standard': {
      version: 1 as const,
      vendor: 'the test',
      validate: (value: unknown): SchemaResult<Price> =>
        typeof (value as Price).cents === 'number'
          ? { value: value as Price }
          : { issues: [{ message: 'no number', path: ['cents'] }] },
    },
  };
  const priced = behavior(
    'priced',
    (): Behavior<Price> =>
      receive(({ cents }, ctx) => {
        ctx.send(the, { said: cents });
        return same;
      }),
    { schema },
  );

  it.each(ends)('is protected by it after %s, whichever reference is used', async (end) => {
    const lives = new Lives({ behaviors: { priced } });
    let system = await lives.start();
    const refs = [
      system.create(priced()),
      system.create(priced(), { name: 'ann' }),
      system.entity(priced(), 'eve'),
    ];
    await lives.rest();
    system = await lives.again(end);
    for (const ref of refs) {
      expect(await rejected(system.send(ref, { cents: 'no' } as never))).toMatchObject({
        code: 'actor/bad-message',
      });
      await system.send(ref, { cents: 7 });
    }
    expect(await lives.heard()).toEqual([7, 7, 7]);
  });
});
