/** Portals from the side of those who ask and answer: futures, answers, named continuations. */
import type { AnyContext, Continuation, ReplierContext } from './context.ts';
import type { carries, Portal } from './handles.ts';

/**
 * Names a continuation. The task that awaits with it declares it, so that it can be found by its name. What it emits,
 * and what it replies if the task that awaits is answering a request, has to be said: `Out` and `Reply`.
 *
 * @example
 * ```ts
 * import { answer, application, continuation } from 'portico/dataflow';
 *
 * const priced = continuation<number, string, string>('priced', (price, item, ctx) => {
 *   ctx.emit(`${item}: ${price}`);
 * });
 *
 * application('shop', (app) => {
 *   const prices = app.portal<string, number>('prices');
 *   const items = app.generators.fromArray(['tea']);
 *   app.workflow().source(items).asker({ asks: [prices], continuations: [priced] }, (item, ctx) => {
 *     ctx.await(ctx.ask(prices, item), priced, item);
 *   }).sink();
 *   app.workflow().replier([answer(prices, (item, ctx) => ctx.reply(item.length))]).sink();
 * });
 * ```
 */
export function continuation<R, Env, Out = never, Reply = never>(
  name: string,
  run: (reply: R, env: Env, ctx: ReplierContext<Out, Reply>) => void,
  otherwise?: (error: unknown, env: Env, ctx: ReplierContext<Out, Reply>) => void,
): Continuation<R, Env, Out, Reply> {
  return {
    name,
    run: run as unknown as Continuation<R, Env, Out, Reply>['run'],
    otherwise: otherwise as unknown as Continuation<R, Env, Out, Reply>['otherwise'],
  };
}

/** How a task answers one portal. */
export interface Answer<out O> {
  readonly portal: { readonly path: string };
  /** @internal */
  readonly handle: (request: unknown, ctx: AnyContext) => void;
  readonly [carries]?: O | undefined;
}

/**
 * Says how a task answers a portal: each portal of a task has a handler of its own.
 *
 * @example
 * ```ts
 * import { answer, application } from 'portico/dataflow';
 *
 * application('lengths', (app) => {
 *   const lengths = app.portal<string, number>('lengths');
 *   app.workflow().replier([answer(lengths, (text, ctx) => ctx.reply(text.length))]).sink();
 * });
 * ```
 */
export function answer<Request, Reply, O = never>(
  portal: Portal<Request, Reply>,
  handle: (request: Request, ctx: ReplierContext<O, Reply>) => void,
): Answer<O> {
  return { portal, handle: handle as unknown as Answer<O>['handle'] };
}
