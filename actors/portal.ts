/** The portal of the actors: how the tasks of workflows ask them. */
import type { AskerContext, AskOptions, Future, Portal } from '../src/index.ts';
import type { ReplyOf, RequestOf } from './context.ts';
import type { ActorRef } from './ref.ts';

/** A request that a task of a workflow has for an actor, as it goes through the portal of the actors. */
export interface ActorAsk {
  /** Who is asked. */
  readonly ref: ActorRef<never>;
  /** The request, without its `replyTo`. */
  readonly request: object;
}

/**
 * Asks an actor, in a task that names the portal of the actors among those that it asks. What comes back is awaited as
 * with any portal.
 *
 * @example
 * ```ts
 * import { actorWorkflow, askActor, behavior, entityRef, receive, same, type ActorRef } from 'portico';
 * import { application, steppingSystem } from 'portico/dataflow';
 *
 * type Length = { text: string; replyTo: ActorRef<number> };
 * const counter = behavior('counter', () =>
 *   receive<Length>(({ text, replyTo }, ctx) => (ctx.send(replyTo, text.length), same)),
 * );
 *
 * const app = application('lengths', (app) => {
 *   const actors = actorWorkflow(app);
 *   const counting = entityRef(counter(), 'the only one');
 *   app.workflow('words').source(app.generators.fromArray(['tea', 'coffee'])).asker<string>([actors.portal], (text, ctx) => {
 *     ctx.await(askActor(ctx, actors.portal, counting, { text }), (length, ctx) => ctx.emit(`${text}: ${length}`));
 *   }).logger().sink();
 * });
 * const system = steppingSystem();
 * system.launch(app);
 * system.stepUntilComplete();
 * ```
 */
export function askActor<O, M, const Q extends RequestOf<M>>(
  ctx: AskerContext<O>,
  actors: Portal<ActorAsk, unknown>,
  ref: ActorRef<M>,
  request: Q,
  options: AskOptions = {},
): Future<ReplyOf<M, Q>> {
  return ctx.ask(actors, { ref, request }, options) as Future<ReplyOf<M, Q>>;
}
