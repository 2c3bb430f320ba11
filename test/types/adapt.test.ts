import type { ActorContext, ActorRef, Failure } from 'portico';
import { describe, expectTypeOf, it } from 'vitest';

type Guard =
  | { type: 'hour'; reply?: number }
  | { type: 'day'; name: string; reply?: string; failure?: Failure }
  | { type: 'report'; replyTo: ActorRef<string> };

declare const ctx: ActorContext<Guard>;
declare const tower: ActorRef<{ to: ActorRef<number> }>;

describe('an adapter', () => {
  it('takes what the message that it makes has as its reply', () => {
    const types = () => {
      expectTypeOf(ctx.adapt({ type: 'hour' })).toEqualTypeOf<ActorRef<number>>();
      expectTypeOf(ctx.adapt({ type: 'day', name: 'Monday' })).toEqualTypeOf<ActorRef<string>>();
      ctx.send(tower, { to: ctx.adapt({ type: 'hour' }) });
      // @ts-expect-error the other one takes strings
      ctx.send(tower, { to: ctx.adapt({ type: 'day', name: 'Monday' }) });
    };
    expectTypeOf(types).returns.toBeVoid();
  });

  it('is made only as a message that takes a reply, and that lacks nothing else', () => {
    const types = () => {
      // @ts-expect-error a request has a place where to reply, and none for a reply
      ctx.adapt({ type: 'report' });
      // @ts-expect-error the name is missing
      ctx.adapt({ type: 'day' });
    };
    expectTypeOf(types).returns.toBeVoid();
  });

  it('is made in a function that does not know the protocol', () => {
    const subscribe = <R>(to: ActorRef<{ to: ActorRef<R> }>, of: ActorContext<{ reply?: R }>) =>
      of.send(to, { to: of.adapt({}) });
    expectTypeOf(subscribe<number>)
      .parameter(0)
      .toEqualTypeOf<typeof tower>();
  });
});
