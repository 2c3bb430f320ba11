/** The benchmarks in nact: actors of functions, one message for each turn of the event loop. */
import { bigRun, type BigLoad } from '../actors/big.ts';
import { countingRun, UP, type CountingLoad } from '../actors/counting.ts';
import { createRun, type CreateLoad } from '../actors/create.ts';
import { fibRun, type FibLoad } from '../actors/fib.ts';
import { pingPongRun, type PingPongLoad } from '../actors/ping-pong.ts';
import { LENGTH, threadRingRun, type ThreadRingLoad } from '../actors/thread-ring.ts';
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

interface Token {
  readonly hops: number;
  readonly replyTo: Ref<number>;
}

export async function nactThreadRing({ hops }: ThreadRingLoad): Promise<Run> {
  let last = 0;
  const ms = await inSystem(({ dispatch, spawn }, system, done) => {
    const outside = spawn<null, number>(
      system,
      (_, number) => {
        last = number;
        done();
        return null;
      },
      'outside',
    );
    const members = Array.from({ length: LENGTH }, (_, i) =>
      spawn<null, Token>(
        system,
        (_, { hops, replyTo }) => {
          const next = members[(i + 1) % LENGTH];
          if (hops === 0) dispatch(replyTo, i + 1);
          else if (next !== undefined) dispatch(next, { hops: hops - 1, replyTo });
          return null;
        },
        `member-${i + 1}`,
      ),
    );
    const [first] = members;
    if (first !== undefined) dispatch(first, { hops, replyTo: outside });
  });
  return threadRingRun(hops, ms, last);
}

type Fib = { readonly n: number; readonly replyTo: Ref<Fib> } | number;

interface Adding {
  readonly replyTo: Ref<Fib>;
  readonly sum: number;
  readonly missing: number;
}

export async function nactFib({ n }: FibLoad): Promise<Run> {
  let result = 0;
  const ms = await inSystem(({ dispatch, spawn, stop }, system, done) => {
    let names = 0;
    const outside = spawn<null, Fib>(
      system,
      (_, sum) => {
        if (typeof sum === 'number') result = sum;
        done();
        return null;
      },
      'outside',
    );
    const fib = (): Ref<Fib> =>
      spawn<Adding | null, Fib>(
        system,
        (adding, message, { self }) => {
          if (typeof message !== 'number') {
            const { n, replyTo } = message;
            if (n > 2) {
              dispatch(fib(), { n: n - 1, replyTo: self });
              dispatch(fib(), { n: n - 2, replyTo: self });
              return { replyTo, sum: 0, missing: 2 };
            }
            dispatch(replyTo, 1);
          } else if (adding !== null && adding !== undefined) {
            const { replyTo, missing } = adding;
            const sum = adding.sum + message;
            if (missing > 1) return { replyTo, sum, missing: missing - 1 };
            dispatch(replyTo, sum);
          }
          stop(self);
          return null;
        },
        `fib-${names++}`,
      );
    dispatch(fib(), { n, replyTo: outside });
  });
  return fibRun(n, ms, result);
}

type Peer =
  | { readonly type: 'start'; readonly peers: readonly Ref<Peer>[]; readonly sink: Ref<number> }
  | { readonly type: 'ping'; readonly from: Ref<Peer> }
  | { readonly type: 'pong' };

interface Pongs {
  readonly sink: Ref<number>;
  readonly pongs: number;
  readonly waitingFor: number;
}

export async function nactBig({ actors }: BigLoad): Promise<Run> {
  let sum = 0;
  const ms = await inSystem(({ dispatch, spawn }, system, done) => {
    let missing = actors;
    const all = spawn<null, number>(
      system,
      (_, pongs) => {
        sum += pongs;
        if (--missing === 0) done();
        return null;
      },
      'all',
    );
    const peers = Array.from({ length: actors }, (_, i) =>
      spawn<Pongs, Peer>(
        system,
        (before, message, { self }) => {
          const state = before ?? { sink: all, pongs: 0, waitingFor: 0 };
          switch (message.type) {
            case 'start':
              for (const [j, other] of message.peers.entries())
                if (j !== i) dispatch(other, { type: 'ping', from: self });
              return { ...state, sink: message.sink, waitingFor: message.peers.length - 1 };
            case 'ping':
              dispatch(message.from, { type: 'pong' });
              return state;
            case 'pong': {
              const pongs = state.pongs + 1;
              if (pongs === state.waitingFor) dispatch(state.sink, pongs);
              return { ...state, pongs };
            }
          }
        },
        `peer-${i}`,
      ),
    );
    for (const peer of peers) dispatch(peer, { type: 'start', peers, sink: all });
  });
  return bigRun(actors, ms, sum);
}
