// Random lives: actors that create, watch, ask, set timers, stash, fail and stop in any order, under any supervision. In the end
// the system has not failed, every ask was settled, and nothing is left of those that stopped.
import { describe, expect, it } from 'vitest';
import {
  backoff,
  init,
  quarantine,
  receive,
  restart,
  resume,
  same,
  stop,
  stopped,
  supervise,
  unhandled,
  type ActorContext,
  type ActorRef,
  type Behavior,
  type Failure,
  type Supervision,
} from 'portico';
import { world } from './world.ts';

type Life =
  | { type: 'live'; steps: number }
  | { type: 'question'; replyTo: ActorRef<string> }
  | { type: 'settled'; reply?: string; failure?: Failure }
  | { type: 'gone'; reply?: ActorRef<never> }
  | { type: 'tick' }
  | { type: 'end' };

const supervisions: Supervision[] = [
  quarantine,
  resume,
  stop,
  restart(),
  restart({ limit: 2, withinMs: 50 }),
  restart({ stopChildren: false, limit: 3 }),
  backoff({ minMs: 1, maxMs: 20, jitter: 0.5, stash: 5 }),
];

describe('whatever actors do', () => {
  it.each(Array.from({ length: 25 }, (_, i) => i + 1))(
    'nothing is left when all have stopped (seed %i)',
    async (seed) => {
      await using w = await world({ seed });
      // Of those who were created in a turn that was undone, nobody knows.
      const known = w.said as ActorRef<Life>[];
      let asked = 0;
      let settled = 0;
      const anyone = (ctx: ActorContext<Life>): ActorRef<Life> => known[ctx.random(known.length)] ?? ctx.self;

      const act = (ctx: ActorContext<Life>, steps: number): Behavior<Life> => {
        switch (ctx.random(16)) {
          case 0:
          case 1:
          case 2: {
            const name = ctx.random(4) === 0 ? { name: `name ${ctx.random(5)}` } : {};
            const child = ctx.create(life(ctx.random(supervisions.length)), {
              ...name,
              child: ctx.random(2) === 0,
            });
            ctx.emit(child);
            ctx.send(child, { type: 'live', steps: steps - 1 });
            return same;
          }
          case 3:
            if (ctx.random(2) === 0) ctx.watch(anyone(ctx));
            else ctx.watch(anyone(ctx), { as: { type: 'gone' } });
            return same;
          case 4:
            ctx.unwatch(anyone(ctx));
            return same;
          case 5:
          case 6:
            ctx.ask(
              anyone(ctx),
              { type: 'question' },
              { as: { type: 'settled' }, timeoutMs: ctx.random(30) },
            );
            return same;
          case 7:
            ctx.timers.single(ctx.random(2), ctx.random(10), { type: 'tick' });
            return same;
          case 8:
            ctx.timers[ctx.random(2) === 0 ? 'fixedRate' : 'fixedDelay'](ctx.random(2), 1 + ctx.random(10), {
              type: 'tick',
            });
            return same;
          case 9:
            ctx.stash.stash({ type: 'live', steps: steps - 1 }, 3);
            return same;
          case 10:
            ctx.stash.unstashAll();
            return life(ctx.random(supervisions.length));
          case 11:
            throw new Error('a bad turn');
          case 12:
            return ctx.random(3) === 0 ? stopped : unhandled;
          case 13: {
            const [child] = ctx.children;
            if (child !== undefined) ctx.stop(child);
            return same;
          }
          case 14:
            return init((inner) => act(inner, steps - 1));
          default:
            ctx.send(anyone(ctx), { type: 'live', steps: steps - 1 });
            ctx.send(ctx.self, { type: 'live', steps: steps - 1 });
            return same;
        }
      };
      const turn = (message: Life, ctx: ActorContext<Life>): Behavior<Life> => {
        switch (message.type) {
          case 'live':
            return message.steps > 0 ? act(ctx, message.steps) : same;
          case 'question':
            if (ctx.random(2) === 0) ctx.send(message.replyTo, 'answer');
            return ctx.random(10) === 0 ? stopped : same;
          case 'settled':
          case 'gone':
          case 'tick':
            return ctx.random(8) === 0 ? act(ctx, 2) : same;
          case 'end':
            return stopped;
        }
      };
      const handler = (): Behavior<Life> =>
        receive(turn, {
          onSignal: (signal, ctx) => {
            if (ctx.random(6) === 0) throw new Error('a bad signal');
            if (ctx.random(6) === 0) ctx.send(anyone(ctx), { type: 'live', steps: 1 });
            return signal.signal === 'terminated' && ctx.random(3) === 0 ? unhandled : same;
          },
        });
      const life = (supervision: number): Behavior<Life> =>
        supervise(
          init((ctx) => {
            if (ctx.random(10) === 0) throw new Error('a bad beginning');
            return ctx.random(20) === 0 ? stopped : handler();
          }),
          supervisions[supervision] ?? quarantine,
        );

      for (let i = 0; i < 8; i++) {
        const ref = w.system.create(life(i % supervisions.length));
        known.push(ref);
        void w.system.send(ref, { type: 'live', steps: 8 });
        asked++;
        w.system.ask(ref, { type: 'question' }, { timeoutMs: 100 }).then(
          () => settled++,
          () => settled++,
        );
      }
      await w.pass(200);
      // Those that are backing off stop when they are back.
      for (let round = 0; round < 40 && w.cells() > 0; round++) {
        for (const ref of new Set(known)) void w.system.send(ref, { type: 'end' });
        await w.pass(50);
      }
      expect(w.system.dataflow.failure).toBeUndefined();
      expect(settled).toBe(asked);
      expect(w.cells()).toBe(0);
      expect(w.timers()).toBe(0);
    },
  );
});
