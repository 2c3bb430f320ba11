// What the chapter “Behaviors as finite state machines” of the Akka Typed documentation promises: states are behaviors,
// and their data are arguments.
import { describe, expect, it } from 'vitest';
import {
  behavior,
  init,
  receive,
  restart,
  same,
  stopped,
  supervise,
  unhandled,
  valueState,
  type ActorRef,
  type Behavior,
} from 'portico';
import { world } from './world.ts';

/** The example of that chapter: collects for a second, then hands over what it has; flushes earlier if told. */
type Buncher =
  | { type: 'target'; ref: ActorRef<string[]> }
  | { type: 'queue'; what: string }
  | { type: 'flush' }
  | { type: 'time' };

const idle = behavior('idle', (target: ActorRef<string[]> | undefined): Behavior<Buncher> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'target':
        return idle(message.ref);
      case 'queue':
        if (target === undefined) return unhandled;
        ctx.timers.single('time', 1_000, { type: 'time' });
        return active(target, [message.what]);
      case 'flush':
      case 'time':
        return unhandled;
    }
  }),
);

const active = behavior('active', (target: ActorRef<string[]>, queue: readonly string[]): Behavior<Buncher> =>
  receive((message, ctx) => {
    switch (message.type) {
      case 'queue':
        return active(target, [...queue, message.what]);
      case 'flush':
      case 'time':
        ctx.timers.cancel('time');
        ctx.send(target, [...queue]);
        return idle(target);
      case 'target':
        return unhandled;
    }
  }),
);

const collector = receive<string[]>((texts, ctx) => (ctx.emit(texts), same));

describe('a machine of states', () => {
  it('handles each message as the state says that it is in', async () => {
    await using w = await world();
    const ref = await w.create(collector);
    const buncher = await w.create(idle(undefined));
    await w.tell(buncher, { type: 'queue', what: 'too early' }, { type: 'target', ref });
    await w.tell(
      buncher,
      { type: 'queue', what: 'a' },
      { type: 'queue', what: 'b' },
      { type: 'target', ref },
    );
    await w.tell(buncher, { type: 'flush' }, { type: 'flush' });
    expect(w.said).toEqual([['a', 'b']]);
    expect(w.letters()).toEqual([
      ['unhandled', { type: 'queue', what: 'too early' }],
      ['unhandled', { type: 'target', ref }],
      ['unhandled', { type: 'flush' }],
    ]);
  });

  it('leaves a state after a while by a timer, which does not fire in another state', async () => {
    await using w = await world();
    const ref = await w.create(collector);
    const buncher = await w.create(idle(ref));
    await w.tell(buncher, { type: 'queue', what: 'a' });
    await w.pass(999);
    expect(w.said).toEqual([]);
    await w.pass(1);
    expect(w.said).toEqual([['a']]);
    await w.tell(buncher, { type: 'queue', what: 'b' }, { type: 'flush' });
    await w.pass(10_000);
    expect(w.said).toEqual([['a'], ['b']]);
    expect(w.letters()).toEqual([]);
  });

  it('keeps data as arguments: many machines do not share them, and a failed step changes none', async () => {
    await using w = await world();
    const climb = behavior('climb', (steps: readonly string[]): Behavior<string> =>
      receive((step, ctx) => {
        const now = [...steps, step];
        ctx.emit(now.join(''));
        if (step === '!') throw new Error('slipped');
        return climb(now);
      }),
    );
    const value = climb([]);
    const [one, two] = [await w.create(value), await w.create(value)];
    await w.tell(one, 'a', '!', 'b');
    await w.tell(two, 'c');
    expect(w.said).toEqual(['a', 'ab', 'c']);
  });

  it('may go through many states in one turn, by factories and inits, and ends in the last', async () => {
    await using w = await world();
    const through = behavior('through', (n: number): Behavior<string> =>
      n > 0
        ? init((ctx) => (ctx.emit(n), through(n - 1)))
        : receive((text, ctx) => (ctx.emit(text), stopped)),
    );
    await w.tell(await w.create(receive<string>(() => through(3))), 'go', 'end');
    expect(w.said).toEqual([3, 2, 1, 'end']);
  });

  it('may return to a state that it was in, as it was', async () => {
    await using w = await world();
    const on: Behavior<string> = receive((text, ctx) => (ctx.emit(`on ${text}`), off));
    const off: Behavior<string> = receive((text, ctx) => (ctx.emit(`off ${text}`), on));
    await w.tell(await w.create(off), '1', '2', '3');
    expect(w.said).toEqual(['off 1', 'on 2', 'off 3']);
  });

  it('keeps what belongs to the actor across states: state handles, timers, stash', async () => {
    await using w = await world();
    const visits = valueState('visits', 0);
    const first: Behavior<string> = receive((text, ctx) => {
      visits.update(ctx, (n) => n + 1);
      ctx.timers.single('k', 100, 'tick');
      ctx.stash.stash(text);
      return second;
    });
    const second: Behavior<string> = receive((text, ctx) => {
      ctx.emit([text, visits.get(ctx), ctx.stash.size]);
      return same;
    });
    await w.tell(await w.create(first), 'a', 'b');
    await w.pass(100);
    expect(w.said).toEqual([
      ['b', 1, 1],
      ['tick', 1, 1],
    ]);
  });

  it('begins again in its first state when it is restarted', async () => {
    await using w = await world();
    const state = behavior('state', (name: string): Behavior<string> =>
      receive((text, ctx) => {
        if (text === '!') throw new Error('no');
        ctx.emit(`${name} ${text}`);
        return state(text);
      }),
    );
    await w.tell(await w.create(supervise(state('first'), restart())), 'second', 'third', '!', 'again');
    expect(w.said).toEqual(['first second', 'second third', 'first again']);
  });

  it('whose data is changed in place is found out', async () => {
    await using w = await world();
    const list = valueState<string[]>('list', []);
    const careless = receive<string>((text, ctx) => {
      list.set(ctx, [...list.get(ctx), text]);
      if (text === 'bad') list.get(ctx).push('behind our back');
      ctx.emit(list.get(ctx).length);
      return same;
    });
    await w.tell(await w.create(careless), 'a', 'bad', 'b');
    expect(w.said).toEqual([1, 2]);
    expect(w.letters()).toEqual([['failed', 'bad']]);
  });
});
