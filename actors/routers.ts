/**
 * Routers: actors that hand each message on to one of several. A pool router creates its routees; a group router finds them
 * by a service key. How a router chooses is part of its definition, so its state is data.
 *
 * O1. A routee that has stopped is not chosen any more. A pool without routees stops.
 * O2. A group keeps messages until it knows its first listing; from then on, a message without a routee is unhandled.
 * O3. With hashing, messages of the same key go to the same routee; when a routee comes or goes, only its share moves.
 */
import { PorticoError, type Key } from '../src/index.ts';
import { same, stopped, unhandled, type Behavior } from './behavior.ts';
import { behavior, init, receive, supervise, type BehaviorFactory } from './behaviors.ts';
import { valueState, type ActorContext } from './context.ts';
import { receptionist, type Listing, type ServiceKey } from './receptionist.ts';
import { refEquals, type ActorRef } from './ref.ts';
import { restart } from './supervise.ts';

/** Who of the routees is given a message: one after the other, one at random, all, or always the same for a key of the message. */
export type RoutingStrategy<M> = 'roundRobin' | 'random' | 'broadcast' | { readonly hashBy: HashBy<M> };

/** The key of a message: the name of one of its fields, or a pure function. */
export type HashBy<M> = (M extends object ? keyof M & string : never) | ((message: M) => Key);

export interface PoolOptions<M> {
  /** How many routees. */
  readonly size: number;
  /** `roundRobin` if not given. */
  readonly strategy?: RoutingStrategy<M>;
}

export interface GroupOptions<M> {
  /** `roundRobin` if not given. */
  readonly strategy?: RoutingStrategy<M>;
  /** How many messages may wait for the first listing. 1,000 if not given. */
  readonly stash?: number;
}

/**
 * Defines a router over children of its own, which are restarted when they fail, unless they are supervised otherwise.
 *
 * @example
 * ```ts
 * import { behavior, poolRouter, receive, same, start } from 'portico';
 *
 * const worker = behavior('worker', () => receive<{ job: string }>(({ job }, ctx) => (ctx.emit(job), same)));
 * const workers = poolRouter('workers', worker, { size: 4, strategy: { hashBy: 'job' } });
 *
 * await using system = await start({ behaviors: { worker, workers } });
 * await system.send(system.create(workers()), { job: 'sweep' });
 * ```
 */
export function poolRouter<M>(
  name: string,
  worker: () => Behavior<M>,
  options: PoolOptions<M>,
): BehaviorFactory<[], M> {
  const { size, strategy = 'roundRobin' } = options;
  if (!Number.isInteger(size) || size < 1) {
    throw new PorticoError({
      code: 'graph/bad-argument',
      where: `router ${name}`,
      what: `a pool cannot have ${String(size)} routees`,
      cure: 'Give it a whole size from 1 up',
    });
  }
  const router: BehaviorFactory<[routees?: readonly ActorRef<M>[]], M> = behavior(
    name,
    (routees?: readonly ActorRef<M>[]): Behavior<M> => {
      if (routees !== undefined) {
        return receive(routing(name, strategy, routees), {
          // O1.
          onSignal: (signal) => {
            if (signal.signal !== 'terminated') return same;
            const left = routees.filter((routee) => !refEquals(routee, signal.ref));
            return left.length === 0 ? stopped : router(left);
          },
        });
      }
      return init((ctx) => {
        const created = Array.from({ length: size }, () => {
          const routee = ctx.create(supervise(worker(), restart()), { child: true });
          ctx.watch(routee);
          return routee;
        });
        return router(created);
      });
    },
  );
  return router;
}

/**
 * Defines a router over all actors that are registered under a key.
 *
 * @example
 * ```ts
 * import { groupRouter, serviceKey } from 'portico';
 *
 * const printing = serviceKey<{ page: string }>('printing');
 * const printers = groupRouter('printers', printing, { strategy: 'random' });
 * console.log(String(printers())); // printers()
 * ```
 */
export function groupRouter<M>(
  name: string,
  key: ServiceKey<M>,
  options: GroupOptions<M> = {},
): BehaviorFactory<[], M> {
  const { strategy = 'roundRobin', stash } = options;
  const router = behavior(name, (routees?: readonly ActorRef<M>[] | 'unknown'): Behavior<M | Found<M>> => {
    if (routees === undefined) {
      return init((ctx) => {
        receptionist.subscribe(ctx, key, { as: FOUND });
        return router('unknown');
      });
    }
    const route = routees === 'unknown' ? undefined : routing(name, strategy, routees);
    return receive((message, ctx) => {
      if (isFound<M>(message)) {
        // O2.
        if (route === undefined) ctx.stash.unstashAll();
        return router(message.reply.refs);
      }
      if (route !== undefined) return route(message, ctx);
      ctx.stash.stash(message, stash);
      return same;
    });
  });
  return router;
}

/** What the receptionist tells a group router, among the messages that it routes. */
interface Found<M> {
  readonly portico: 'group router';
  readonly reply: Listing<M>;
}

const FOUND = { portico: 'group router' } as const;

function isFound<M>(message: unknown): message is Found<M> {
  return (
    typeof message === 'object' &&
    message !== null &&
    'portico' in message &&
    message.portico === FOUND.portico
  );
}

type Route<M> = (message: M, ctx: ActorContext<never>) => Behavior<unknown>;

const next = valueState('portico/router next', 0);

function routing<M>(name: string, strategy: RoutingStrategy<M>, routees: readonly ActorRef<M>[]): Route<M> {
  // O2.
  if (routees.length === 0) return () => unhandled;
  const to = (ref: ActorRef<M> | undefined, message: M, ctx: ActorContext<never>): Behavior<unknown> => {
    if (ref !== undefined) ctx.send(ref, message);
    return same;
  };
  if (typeof strategy === 'object') {
    const owner = ring(routees);
    return (message, ctx) => to(owner(keyOf(message, strategy.hashBy, name)), message, ctx);
  }
  switch (strategy) {
    case 'roundRobin':
      return (message, ctx) => {
        const at = next.get(ctx) % routees.length;
        next.set(ctx, at + 1);
        return to(routees[at], message, ctx);
      };
    case 'random':
      return (message, ctx) => to(routees[ctx.random(routees.length)], message, ctx);
    case 'broadcast':
      return (message, ctx) => {
        for (const routee of routees) ctx.send(routee, message);
        return same;
      };
  }
}

/**
 * O3. Each routee owns several points of a ring; a key belongs to the owner of the next point. What a routee owns depends on
 * itself alone.
 */
function ring<M>(routees: readonly ActorRef<M>[]): (key: Key) => ActorRef<M> | undefined {
  const points = routees
    .flatMap((ref) =>
      Array.from({ length: POINTS }, (_, i) => ({
        at: hash(`${typeof ref.id}:${String(ref.id)}:${i}`),
        ref,
      })),
    )
    .sort((a, b) => a.at - b.at || (String(a.ref) < String(b.ref) ? -1 : 1));
  return (key) => {
    const at = hash(`${typeof key}:${String(key)}`);
    let [low, high] = [0, points.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((points[middle]?.at ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return points[low === points.length ? 0 : low]?.ref;
  };
}

const POINTS = 64;

/** FNV-1a, stirred so that texts that differ little lie far apart. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function keyOf<M>(message: M, hashBy: HashBy<M>, name: string): Key {
  const key = typeof hashBy === 'function' ? hashBy(message) : (message as Record<string, unknown>)[hashBy];
  if (typeof key === 'string' || typeof key === 'bigint' || Number.isFinite(key)) return key as Key;
  throw new PorticoError({
    code: 'key/unsupported',
    where: `router ${name}`,
    what: `the key of a message is ${key === undefined ? 'missing' : `a value of type ${typeof key}`}`,
    cure: 'Hash by a field, or a function, that gives a text, a finite number or a bigint for each message',
  });
}
