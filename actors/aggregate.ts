/**
 * Asking several actors at once: a message with all their replies, or with those that came until the timeout. A child of the
 * actor that asks gathers them, for this one time, so that nothing of it is left afterwards.
 */
import { stopped, type Behavior } from './behavior.ts';
import { ownBehavior, init, receive } from './behaviors.ts';
import { mapState, type ActorContext, type Awaiting, type ReplyOf, type RequestOf } from './context.ts';
import type { Failure } from './messages.ts';
import type { ActorRef } from './ref.ts';

/** What one of the actors replied, or why it did not. */
export type Gathered<R> =
  | { readonly ref: ActorRef<never>; readonly reply: R }
  | { readonly ref: ActorRef<never>; readonly failure: Failure };

export interface AskAllOptions<As> {
  /** The message of this actor's own protocol that the outcome is put into, as `reply`. */
  readonly as: As;
  /** How long to wait for each of the replies. 30 s if not given. */
  readonly timeoutMs?: number;
  /** How many replies are enough. Once they are there, the others are not waited for, nor listed. All if not given. */
  readonly enough?: number;
}

/**
 * Asks several actors the same. Their outcomes come together, as one message, in the order of `refs`.
 *
 * @example
 * ```ts
 * import { askAll, behavior, receive, same, type ActorRef, type Gathered } from 'portico';
 *
 * type Quote = { item: string; replyTo: ActorRef<number> };
 * type Message = { type: 'buy'; item: string } | { type: 'quoted'; item: string; reply?: readonly Gathered<number>[] };
 *
 * const buyer = behavior('buyer', (shops: readonly ActorRef<Quote>[]) =>
 *   receive<Message>((message, ctx) => {
 *     if (message.type === 'buy') {
 *       const { item } = message;
 *       askAll(ctx, shops, { item }, { as: { type: 'quoted', item }, timeoutMs: 500 });
 *     } else {
 *       const prices = (message.reply ?? []).flatMap((each) => ('reply' in each ? [each.reply] : []));
 *       ctx.log.info(`${message.item} from ${Math.min(...prices)}`);
 *     }
 *     return same;
 *   }),
 * );
 * console.log(String(buyer([])));
 * ```
 */
export function askAll<M, T, const Q extends RequestOf<T>>(
  ctx: ActorContext<M>,
  refs: readonly ActorRef<T>[],
  request: Q,
  options: AskAllOptions<Awaiting<M, readonly Gathered<ReplyOf<T, Q>>[]>>,
): void {
  const { as, timeoutMs, enough = Infinity } = options;
  const replyTo = ctx.adapt(as as never) as ActorRef<readonly Gathered<unknown>[]>;
  ctx.create(
    gathering(
      refs as readonly ActorRef<never>[] as readonly ActorRef<Asked>[],
      request as object,
      { enough, ...(timeoutMs !== undefined && { timeoutMs }) },
      replyTo,
    ),
    { child: true },
  );
}

type Outcomes = readonly Gathered<unknown>[];

/** What is known here of those who are asked. */
interface Asked {
  readonly replyTo: ActorRef<unknown>;
}

/** The reply to one of the asks. */
interface Came {
  readonly from: number;
  readonly reply?: unknown;
  readonly failure?: Failure;
}

interface Bounds {
  readonly enough: number;
  readonly timeoutMs?: number;
}

const outcomes = mapState<number, { readonly reply: unknown } | { readonly failure: Failure }>(
  'portico/gathered',
);

const gathering = ownBehavior(
  'gathering',
  (
    refs: readonly ActorRef<Asked>[],
    request: object,
    { enough, timeoutMs }: Bounds,
    replyTo: ActorRef<Outcomes>,
  ): Behavior<Came> =>
    init((ctx) => {
      if (refs.length === 0) {
        ctx.send(replyTo, []);
        return stopped;
      }
      for (const [from, ref] of refs.entries()) {
        ctx.ask(ref, request, { as: { from }, ...(timeoutMs !== undefined && { timeoutMs }) });
      }
      return gathered(refs, enough, replyTo);
    }),
);

const gathered = ownBehavior(
  'gathered',
  (
    refs: readonly ActorRef<never>[],
    enough: number,
    replyTo: ActorRef<Outcomes>,
    replies: number = 0,
  ): Behavior<Came> =>
    receive(({ from, reply, failure }, ctx) => {
      outcomes.set(ctx, from, failure === undefined ? { reply } : { failure });
      const now = failure === undefined ? replies + 1 : replies;
      if (outcomes.size(ctx) < refs.length && now < enough) return gathered(refs, enough, replyTo, now);
      const all = refs.flatMap((ref, i) => {
        const outcome = outcomes.get(ctx, i);
        return outcome === undefined ? [] : [{ ref, ...outcome }];
      });
      ctx.send(replyTo, all);
      return stopped;
    }),
);
