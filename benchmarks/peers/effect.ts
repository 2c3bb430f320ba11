/** The benchmarks in Effect: an actor is a fiber that takes what it does next from a queue of its own. */
import { countingRun, UP, type CountingLoad } from '../actors/counting.ts';
import { createRun, type CreateLoad } from '../actors/create.ts';
import { pingPongRun, type PingPongLoad } from '../actors/ping-pong.ts';
import { timed } from '../harness/clock.ts';
import type { Run } from '../harness/question.ts';
import { imported } from './installed.ts';

/** What is used of it. */
interface Effects {
  readonly gen: <A>(body: () => Generator<Eff<unknown>, A, unknown>) => Eff<A>;
  readonly forkChild: (body: Eff<unknown>) => Eff<unknown>;
  readonly runPromise: <A>(effect: Eff<A>) => Promise<A>;
}

interface Queues {
  readonly unbounded: <M>() => Eff<Queue<M>>;
  readonly offer: <M>(queue: Queue<M>, message: NoInfer<M>) => Eff<boolean>;
  readonly take: <M>(queue: Queue<M>) => Eff<M>;
}

/** An effect is yielded to have it done. */
interface Eff<A> {
  [Symbol.iterator](): Iterator<Eff<unknown>, A, unknown>;
}

interface Queue<in out M> {
  readonly carries?: (message: M) => M;
}

/** Runs a program of fibers; the time is that of the program. */
async function inEffect<A>(
  program: (effect: Effects, queue: Queues) => Eff<A>,
): Promise<{ readonly ms: number; readonly result: A }> {
  const effect = await imported<Effects>('effect', 'dist/Effect.js');
  const queue = await imported<Queues>('effect', 'dist/Queue.js');
  const results: A[] = [];
  const ms = await timed(async () => {
    results.push(await effect.runPromise(program(effect, queue)));
  });
  return { ms, result: results[0] as A };
}

interface Ball {
  readonly sent: number;
  readonly from: Queue<Ball>;
}

export async function effectPingPong({ messages }: PingPongLoad): Promise<Run> {
  const { ms, result } = await inEffect(({ gen, forkChild }, { unbounded, offer, take }) =>
    gen(function* () {
      const ping = yield* unbounded<Ball>();
      const pong = yield* unbounded<Ball>();
      yield* forkChild(
        gen(function* (): Generator<Eff<unknown>, never, unknown> {
          for (;;) {
            const { sent, from } = yield* take(pong);
            yield* offer(from, { sent: sent + 1, from: pong });
          }
        }),
      );
      yield* offer(pong, { sent: 1, from: ping });
      for (;;) {
        const { sent, from } = yield* take(ping);
        if (sent >= messages) return sent;
        yield* offer(from, { sent: sent + 1, from: ping });
      }
    }),
  );
  return pingPongRun(result, ms);
}

type Counting = typeof UP | { readonly type: 'read'; readonly replyTo: Queue<number> };

export async function effectCounting({ increments }: CountingLoad): Promise<Run> {
  const { ms, result } = await inEffect(({ gen, forkChild }, { unbounded, offer, take }) =>
    gen(function* () {
      const counter = yield* unbounded<Counting>();
      const outside = yield* unbounded<number>();
      yield* forkChild(
        gen(function* (): Generator<Eff<unknown>, never, unknown> {
          for (let count = 0; ;) {
            const message = yield* take(counter);
            if (message.type === 'up') count++;
            else yield* offer(message.replyTo, count);
          }
        }),
      );
      yield* forkChild(
        gen(function* () {
          for (let i = 0; i < increments; i++) yield* offer(counter, UP);
          yield* offer(counter, { type: 'read', replyTo: outside });
        }),
      );
      return yield* take(outside);
    }),
  );
  return countingRun(result, ms);
}

export async function effectCreate({ actors }: CreateLoad): Promise<Run> {
  const { ms, result } = await inEffect(({ gen, forkChild }, { unbounded, offer, take }) =>
    gen(function* () {
      const outside = yield* unbounded<number>();
      let started = 0;
      for (let i = 0; i < actors; i++) {
        const inbox = yield* unbounded<'go'>();
        yield* forkChild(
          gen(function* () {
            yield* take(inbox);
            if (++started === actors) yield* offer(outside, started);
          }),
        );
        yield* offer(inbox, 'go');
      }
      return yield* take(outside);
    }),
  );
  return createRun(result, ms);
}
