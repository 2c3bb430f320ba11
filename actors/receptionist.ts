/**
 * The receptionist: actors register under a key of a service, and others find them by it. There is an entity for each
 * key, so that keys do not wait for each other.
 *
 * C1. A registration ends when its actor stops; so does a subscription.
 * C2. A subscriber is told the listing at once, and again after each change.
 * C3. An entity without registrations and subscriptions stops: nothing is left of it.
 */
import type { Key } from '../src/index.ts';
import { same, stopped, type Behavior } from './behavior.ts';
import { init, ownBehavior, receive, visitor } from './behaviors.ts';
import { mapState, type ActorContext, type Awaiting } from './context.ts';
import type { ActorRef } from './ref.ts';
import type { ActorSystem, OutsideAskOptions } from './system.ts';

/** Names a service whose actors take messages of type `M`. */
export interface ServiceKey<in M> {
  readonly service: string;
  /** Carries the type; never present. */
  readonly takes?: (message: M) => void;
}

/** Names a service. The same name is the same key, wherever it is made. */
export function serviceKey<M>(service: string): ServiceKey<M> {
  return { service };
}

/** Who is registered under a key, in the order of registration. */
export interface Listing<in M> {
  readonly key: ServiceKey<M>;
  readonly refs: readonly ActorRef<M>[];
}

/** What the receptionist of a key takes. */
export type ReceptionistMessage =
  | { readonly type: 'register'; readonly ref: ActorRef<never> }
  | { readonly type: 'deregister'; readonly ref: ActorRef<never> }
  | { readonly type: 'find'; readonly replyTo: ActorRef<Listing<never>> }
  | { readonly type: 'subscribe'; readonly subscriber: ActorRef<Listing<never>> }
  | { readonly type: 'unsubscribe'; readonly subscriber: ActorRef<never> }
  | { readonly type: 'gone'; readonly reply?: ActorRef<never> };

const registered = mapState<Key, ActorRef<never>>('portico/registered');
const subscribers = mapState<Key, ActorRef<Listing<never>>>('portico/subscribers');

const desk = ownBehavior('receptionist', (service: string): Behavior<ReceptionistMessage> =>
  receive((message, ctx) => {
    const listing = (): Listing<never> => ({
      key: { service },
      refs: registered.entries(ctx).map(([, ref]) => ref),
    });
    const tellAll = (): void => {
      const now = listing();
      for (const [, subscriber] of subscribers.entries(ctx)) ctx.send(subscriber, now);
    };
    const watched = (id: Key): boolean => registered.has(ctx, id) || subscribers.has(ctx, id);
    const forget = (
      ref: ActorRef<never>,
      from: { delete(ctx: ActorContext<never>, id: Key): void },
    ): void => {
      from.delete(ctx, ref.id);
      if (!watched(ref.id)) ctx.unwatch(ref);
    };
    switch (message.type) {
      case 'register': {
        const { ref } = message;
        if (registered.has(ctx, ref.id)) return same;
        if (!watched(ref.id)) ctx.watch(ref, { as: { type: 'gone' } });
        registered.set(ctx, ref.id, ref);
        tellAll();
        return same;
      }
      case 'subscribe': {
        const { subscriber } = message;
        if (!watched(subscriber.id)) ctx.watch(subscriber, { as: { type: 'gone' } });
        subscribers.set(ctx, subscriber.id, subscriber);
        ctx.send(subscriber, listing());
        return same;
      }
      case 'find':
        ctx.send(message.replyTo, listing());
        break;
      case 'deregister': {
        const known = registered.has(ctx, message.ref.id);
        forget(message.ref, registered);
        if (known) tellAll();
        break;
      }
      case 'unsubscribe':
        forget(message.subscriber, subscribers);
        break;
      case 'gone': {
        const { reply: ref } = message;
        if (ref === undefined) return same;
        const known = registered.has(ctx, ref.id);
        registered.delete(ctx, ref.id);
        subscribers.delete(ctx, ref.id);
        if (known) tellAll();
        break;
      }
    }
    // C3.
    return registered.size(ctx) === 0 && subscribers.size(ctx) === 0 ? stopped : same;
  }),
);

/** Waits for listings on behalf of somebody outside, who asks for the next one when ready for it. */
type Listening =
  | { readonly type: 'listing'; readonly reply?: Listing<never> }
  | { readonly type: 'next'; readonly replyTo: ActorRef<Listing<never> | null> }
  | { readonly type: 'end' };

const listeningAt = visitor('listening at', (key: ServiceKey<never>): Behavior<Listening> =>
  init((ctx) => {
    subscribe(ctx as ActorContext<unknown>, key, { type: 'listing' });
    return listening();
  }),
);

const listening = ownBehavior(
  'listening',
  (unseen?: Listing<never>, waiting?: ActorRef<Listing<never> | null>): Behavior<Listening> =>
    receive((message, ctx) => {
      switch (message.type) {
        case 'listing': {
          const { reply } = message;
          if (reply === undefined) return same;
          if (waiting === undefined) return listening(reply);
          ctx.send(waiting, reply);
          return listening();
        }
        case 'next':
          if (unseen === undefined) return listening(undefined, message.replyTo);
          ctx.send(message.replyTo, unseen);
          return listening();
        case 'end':
          if (waiting !== undefined) ctx.send(waiting, null);
          return stopped;
      }
    }),
);

/** Finds actors by the service that they offer: within an actor by its context, outside by the system. */
export interface Receptionist {
  /** Registers an actor, until it stops. */
  register<S>(ctx: ActorContext<never>, key: ServiceKey<S>, ref: ActorRef<NoInfer<S>>): void;
  /** Registers an actor, until it stops. Resolves when the system has taken it. */
  register<S>(system: ActorSystem, key: ServiceKey<S>, ref: ActorRef<NoInfer<S>>): Promise<void>;
  /** Takes a registration back. */
  deregister<S>(ctx: ActorContext<never>, key: ServiceKey<S>, ref: ActorRef<NoInfer<S>>): void;
  /** Takes a registration back. Resolves when the system has taken it. */
  deregister<S>(system: ActorSystem, key: ServiceKey<S>, ref: ActorRef<NoInfer<S>>): Promise<void>;
  /** Asks who is registered. The listing comes as the message `as`. */
  find<M, S>(
    ctx: ActorContext<M>,
    key: ServiceKey<S>,
    options: { readonly as: Awaiting<M, Listing<S>>; readonly timeoutMs?: number },
  ): void;
  /** Asks who is registered. */
  find<S>(system: ActorSystem, key: ServiceKey<S>, options?: OutsideAskOptions): Promise<Listing<S>>;
  /** Asks to be told the listing, as the message `as`, now and after each change. An actor has one subscription of a key. */
  subscribe<M, S>(
    ctx: ActorContext<M>,
    key: ServiceKey<S>,
    options: { readonly as: Awaiting<M, Listing<S>> },
  ): void;
  /** Calls `listener` with the listing, now and after changes, until the returned function is called. */
  subscribe<S>(system: ActorSystem, key: ServiceKey<S>, listener: (listing: Listing<S>) => void): () => void;
  /** Takes back the subscription of an actor. */
  unsubscribe(ctx: ActorContext<never>, key: ServiceKey<never>): void;
}

/** How a context and a system alike reach the receptionist. */
interface Reach {
  entity<T>(behavior: Behavior<T>, id: string): ActorRef<T>;
  send<T>(ref: ActorRef<T>, message: NoInfer<T>): unknown;
}

interface Asking extends Reach {
  ask(ref: ActorRef<ReceptionistMessage>, request: { type: 'find' }, options?: object): unknown;
}

/** The receptionist of a key. */
function at(caller: Reach, { service }: ServiceKey<never>): ActorRef<ReceptionistMessage> {
  return caller.entity(desk(service), service);
}

function subscribe(ctx: ActorContext<unknown>, key: ServiceKey<never>, as: object): void {
  ctx.send(at(ctx, key), { type: 'subscribe', subscriber: ctx.adapt(as as never) as ActorRef<unknown> });
}

/** Asks for one listing after the other, so that whoever is slow skips some. */
function listen(
  system: ActorSystem,
  key: ServiceKey<never>,
  listener: (listing: Listing<never>) => void,
): () => void {
  const listening = system.create(listeningAt(key));
  const state = { open: true };
  const end = (): void => {
    if (!state.open) return;
    state.open = false;
    system.send(listening, { type: 'end' }).catch(() => {
      // The system has ended, and with it the subscription.
    });
  };
  const next = async (): Promise<void> => {
    const asked = system.ask(listening, { type: 'next' }, { timeoutMs: Infinity });
    // The system has ended, and with it the subscription.
    const listing = await asked.catch(() => null);
    if (listing === null || !state.open) return;
    try {
      listener(listing);
    } catch (cause) {
      end();
      system.unsubscribed(`receptionist.subscribe ${key.service}`, cause);
      return;
    }
    go();
  };
  const go = (): void => {
    // It ends by itself, whatever is thrown on the way.
    void next();
  };
  go();
  return end;
}

/** Finds actors by the service that they offer. */
export const receptionist: Receptionist = {
  register: (caller: Reach, key: ServiceKey<never>, ref: ActorRef<never>) =>
    caller.send(at(caller, key), { type: 'register', ref }) as never,
  deregister: (caller: Reach, key: ServiceKey<never>, ref: ActorRef<never>) =>
    caller.send(at(caller, key), { type: 'deregister', ref }) as never,
  find: (caller: unknown, key: ServiceKey<never>, options?: object) =>
    (caller as Asking).ask(at(caller as Asking, key), { type: 'find' }, options ?? {}) as never,
  subscribe: (caller: unknown, key: ServiceKey<never>, told: unknown) => {
    if (typeof told === 'function') return listen(caller as ActorSystem, key, told as never) as never;
    subscribe(caller as ActorContext<unknown>, key, (told as { readonly as: object }).as);
    return undefined as never;
  },
  unsubscribe: (ctx: ActorContext<never>, key: ServiceKey<never>) => {
    ctx.send(at(ctx, key), { type: 'unsubscribe', subscriber: ctx.self });
  },
};
