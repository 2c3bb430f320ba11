// What the chapter “Stash” of the Akka Typed documentation promises: messages set aside, bounded, and given back in their
// order, each in a turn of its own.
import { describe, expect, it } from 'vitest';
import {
  behavior,
  init,
  receive,
  resume,
  restart,
  same,
  stop,
  stopped,
  supervise,
  type Behavior,
  type Supervision,
} from 'portico';
import { world } from './world.ts';

type Message = string;

/** Stashes until `open`, then emits; `close` shuts it again. Throws at `bad`, stops at `stop`. */
const door = behavior('door', (open: boolean, limit?: number): Behavior<Message> =>
  receive(
    (text, ctx) => {
      if (text === 'open') {
        ctx.stash.unstashAll();
        return door(true, limit);
      }
      if (!open) {
        ctx.stash.stash(text, limit);
        return same;
      }
      if (text === 'bad') throw new Error('no');
      if (text === 'stop') return stopped;
      ctx.emit(text);
      return text === 'close' ? door(false, limit) : same;
    },
    { onSignal: ({ signal }, ctx) => (ctx.emit(signal), same) },
  ),
);

describe('the stash', () => {
  it('gives the messages to the next behavior, oldest first, and before any other', async () => {
    await using w = await world();
    const ref = await w.create(door(false));
    await w.tell(ref, 'a', 'b', 'open', 'c');
    await w.tell(ref, 'd');
    expect(w.said).toEqual(['a', 'b', 'c', 'd']);
  });

  it('tells how many there are', async () => {
    await using w = await world();
    const sizes = receive<string>((text, ctx) => {
      if (text === 'unstash') ctx.stash.unstashAll();
      else if (text !== 'look') ctx.stash.stash('stashed');
      ctx.emit(ctx.stash.size);
      return text === 'unstash'
        ? receive((next, inner) => (inner.emit([next, inner.stash.size]), same))
        : same;
    });
    await w.tell(await w.create(sizes), 'look', 'a', 'b', 'unstash');
    expect(w.said).toEqual([0, 1, 2, 2, ['stashed', 0], ['stashed', 0]]);
  });

  it('keeps its order when a message that comes out shuts it again', async () => {
    await using w = await world();
    const ref = await w.create(door(false));
    await w.tell(ref, 'a', 'close', 'b', 'c', 'open', 'd', 'open', 'e');
    expect(w.said).toEqual(['a', 'close', 'b', 'c', 'd', 'e']);
  });

  it('does not spin when a message is stashed again as soon as it comes out', async () => {
    await using w = await world();
    let turns = 0;
    const stubborn = receive<string>((text, ctx) => {
      turns++;
      ctx.stash.stash(text);
      ctx.stash.unstashAll();
      return same;
    });
    const ref = await w.create(stubborn);
    await w.tell(ref, 'a');
    await w.tell(ref, 'b');
    expect(turns).toBeLessThan(10);
    await w.tell(ref, 'c');
    expect(w.letters()).toEqual([]);
  });

  it('is bounded: the turn that wants to stash one more fails, and none is lost', async () => {
    await using w = await world();
    const ref = await w.create(door(false, 2));
    await w.tell(ref, 'a', 'b', 'c', 'open', 'd');
    expect(w.said).toEqual(['a', 'b', 'd']);
    expect(w.system.deadLetters.list()).toMatchObject([
      { reason: 'failed', message: 'c', error: { code: 'actor/stash-full' } },
    ]);
  });

  it('holds a thousand if no bound is given', async () => {
    await using w = await world();
    const ref = await w.create(door(false));
    await w.tell(ref, ...Array.from({ length: 1_001 }, (_, i) => String(i)));
    expect(w.letters()).toEqual([['failed', '1000']]);
    await w.tell(ref, 'open');
    expect(w.said).toEqual(Array.from({ length: 1_000 }, (_, i) => String(i)));
  });

  it('of a stopped actor becomes dead letters', async () => {
    await using w = await world();
    const ref = await w.create(door(false));
    await w.tell(ref, 'a', 'stop', 'b', 'c', 'open');
    // The stop is stashed like the others: it stops the actor when it comes out, and what is behind it is left.
    expect(w.said).toEqual(['a', 'postStop']);
    expect(w.letters()).toEqual([
      ['stopped', 'b'],
      ['stopped', 'c'],
    ]);
    expect(w.cells()).toBe(0);
  });

  it('is dead letters if the turn that opens it stops the actor', async () => {
    await using w = await world();
    const ref = await w.create(
      receive<string>((text, ctx) => {
        if (text !== 'end') ctx.stash.stash(text);
        else ctx.stash.unstashAll();
        return text === 'end' ? stopped : same;
      }),
    );
    await w.tell(ref, 'a', 'end');
    expect(w.letters()).toEqual([['stopped', 'a']]);
  });

  it('is not changed by a turn that fails', async () => {
    await using w = await world();
    const ref = await w.create(
      receive<string>((text, ctx) => {
        if (text === 'bad') ctx.stash.unstashAll();
        ctx.stash.stash(text);
        if (text === 'bad') throw new Error('no');
        if (text !== 'open') return same;
        ctx.stash.unstashAll();
        return receive((next, inner) => (inner.emit(next), same));
      }),
    );
    await w.tell(ref, 'a', 'bad', 'open');
    expect(w.said).toEqual(['a', 'open']);
  });

  it('opens after a signal, or in init, as after a message', async () => {
    await using w = await world();
    const awaited = await w.create(receive<string>(() => stopped));
    const waits = init<string>((ctx) => {
      ctx.watch(awaited);
      ctx.stash.stash('from init');
      return receive(
        (text, inner) => {
          inner.emit(text);
          inner.stash.stash(text);
          return same;
        },
        { onSignal: (_, inner) => (inner.stash.unstashAll(), inner.emit('signal'), same) },
      );
    });
    await w.tell(await w.create(waits), 'a');
    await w.tell(awaited, 'stop');
    expect(w.said).toEqual(['a', 'signal', 'from init', 'a']);
    const early = init<string>((ctx) => {
      ctx.stash.stash('early');
      ctx.stash.unstashAll();
      return receive((text, inner) => (inner.emit(text), same));
    });
    await w.create(early);
    expect(w.said.at(-1)).toBe('early');
  });

  it('is that of its actor alone: an order to open that comes to nothing opens no other', async () => {
    await using w = await world();
    const ref = await w.create(door(false));
    await w.tell(ref, 'a');
    const opening: Behavior<string>[] = [
      init((ctx) => (ctx.stash.unstashAll(), stopped)),
      init((ctx) => {
        ctx.stash.unstashAll();
        throw new Error('no');
      }),
      receive(() => stopped, { onSignal: (_, ctx) => (ctx.stash.unstashAll(), same) }),
      receive((_, ctx) => {
        ctx.stash.unstashAll();
        throw new Error('no');
      }),
      supervise(
        receive(
          () => {
            throw new Error('no');
          },
          { onSignal: (_, ctx) => (ctx.stash.unstashAll(), same) },
        ),
        restart(),
      ),
    ];
    for (const each of opening) {
      const other = w.system.create(each);
      void w.system.send(other, 'go');
      await w.tell(ref, 'b');
    }
    expect(w.said).toEqual([]);
    await w.tell(ref, 'open');
    expect(w.said).toEqual(['a', 'b', 'b', 'b', 'b', 'b']);
  });
});

describe('a stashed message that fails', () => {
  it('is the only one that is set aside: the turn that opened the stash and the other messages stand', async () => {
    await using w = await world();
    const ref = await w.create(door(false));
    await w.tell(ref, 'a', 'bad', 'b', 'open', 'c');
    expect(w.said).toEqual(['a', 'b', 'c']);
    expect(w.letters()).toEqual([['failed', 'bad']]);
  });

  it.each([
    ['resumed', resume, ['a', 'b', 'c'], []],
    ['stopped', stop, ['a', 'postStop'], ['b', 'c']],
    // It begins again shut; what had come out before stands, and the rest waits for the next `open`.
    ['restarted', restart(), ['a', 'preRestart'], []],
  ] as [string, Supervision, string[], string[]][])(
    'leaves what is behind it to the actor as it is then: %s',
    async (_, supervision, said, dead) => {
      await using w = await world();
      const ref = await w.create(supervise(door(false), supervision));
      await w.tell(ref, 'a', 'bad', 'b', 'open', 'c');
      expect(w.said).toEqual(said);
      expect(w.letters()).toEqual(dead.map((text) => ['stopped', text]));
      if (supervision.on !== 'restart') return;
      await w.tell(ref, 'open');
      expect(w.said).toEqual([...said, 'b', 'c']);
    },
  );
});
