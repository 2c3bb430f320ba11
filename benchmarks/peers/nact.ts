/** The benchmarks in nact: actors of functions, one message for each turn of the event loop. */
import { countingRun, UP, type CountingLoad } from '../actors/counting.ts';
import { createRun, type CreateLoad } from '../actors/create.ts';
import { pingPongRun, type PingPongLoad } from '../actors/ping-pong.ts';
import { timed } from '../harness/clock.ts';
import type { Run } from '../harness/question.ts';
import { installed } from './installed.ts';

/** What is used of it. */
interface Nact {
  readonly start: () => Ref<never>;
  readonly stop: (ref: Ref<never>) => void;
  readonly dispatch: <M>(ref: Ref<M>, message: NoInfer<M>) => void;
  readonly spawn: <S, M>(
    parent: Ref<never>,
    next: (state: S | undefined, message: M, ctx: { readonly self: Ref<M> }) => S,
    name: string,
  ) => Ref<M>;
}

interface Ref<in M> {
  readonly accepts?: (message: M) => void;
}

/** Runs the work in a system of its own, until the work says that it is done. */
async function inSystem(work: (nact: Nact, system: Ref<never>, done: () => void) => void): Promise<number> {
  const nact = installed<Nact>('nact');
  const system = nact.start();
  const ms = await timed(() => new Promise<void>((resolve) => work(nact, system, resolve)));
  nact.stop(system);
  return ms;
}

interface Ball {
  readonly sent: number;
  readonly from: Ref<Ball>;
}

export async function nactPingPong({ messages }: PingPongLoad): Promise<Run> {
  let result = 0;
  const ms = await inSystem(({ dispatch, spawn }, system, done) => {
    const pong = spawn<null, Ball>(
      system,
      (_, { sent, from }, { self }) => {
        dispatch(from, { sent: sent + 1, from: self });
        return null;
      },
      'pong',
    );
    const ping = spawn<null, Ball>(
      system,
      (_, { sent, from }, { self }) => {
        if (sent < messages) dispatch(from, { sent: sent + 1, from: self });
        else {
          result = sent;
          done();
        }
        return null;
      },
      'ping',
    );
    dispatch(pong, { sent: 1, from: ping });
  });
  return pingPongRun(result, ms);
}

type Counting = { readonly type: 'up' } | { readonly type: 'read'; readonly replyTo: Ref<number> };

export async function nactCounting({ increments }: CountingLoad): Promise<Run> {
  let result = 0;
  const ms = await inSystem(({ dispatch, spawn }, system, done) => {
    const outside = spawn<null, number>(
      system,
      (_, count) => {
        result = count;
        done();
        return null;
      },
      'outside',
    );
    const counter = spawn<number, Counting>(
      system,
      (count = 0, message) => {
        if (message.type === 'up') return count + 1;
        dispatch(message.replyTo, count);
        return count;
      },
      'counter',
    );
    const producer = spawn<null, number>(
      system,
      (_, increments) => {
        for (let i = 0; i < increments; i++) dispatch(counter, UP);
        dispatch(counter, { type: 'read', replyTo: outside });
        return null;
      },
      'producer',
    );
    dispatch(producer, increments);
  });
  return countingRun(result, ms);
}

export async function nactCreate({ actors }: CreateLoad): Promise<Run> {
  let started = 0;
  const ms = await inSystem(({ dispatch, spawn, stop }, system, done) => {
    const creator = spawn<null, number>(
      system,
      (_, count) => {
        // Names that it makes up itself would collide sooner or later.
        for (let i = 0; i < count; i++) {
          const worker = spawn<null, 'go'>(
            system,
            (_, _message, { self }) => {
              stop(self);
              if (++started === count) done();
              return null;
            },
            `worker-${i}`,
          );
          dispatch(worker, 'go');
        }
        return null;
      },
      'creator',
    );
    dispatch(creator, actors);
  });
  return createRun(started, ms);
}
