/** Topics: what actors emit for the outside, by name and with a type. */
import { PorticoError } from '../src/index.ts';

/** A kind of values that actors emit. */
export interface Topic<in out T> {
  readonly name: string;
  /** Whether what was emitted stays, to be read later. */
  readonly retained?: boolean;
  /** Carries the type; never present. */
  readonly carries?: (value: T) => T;
}

/** How a topic may differ from the usual. */
export interface TopicOptions {
  /** Keeps what was emitted, to be read later. */
  readonly retained?: boolean;
}

/**
 * Names a kind of values that actors emit, with their type. A system has to be told of it: `start({ topics: [prices] })`. If it
 * is retained, all that was emitted can be read later, with `system.readFrom`, until `system.forget` lets go of it: until then
 * it is in memory, and in the store, and grows.
 *
 * @example
 * ```ts
 * import { behavior, receive, same, start, topic } from 'portico';
 *
 * const prices = topic<{ item: string; price: number }>('prices');
 * const seller = behavior('seller', () =>
 *   receive<string>((item, ctx) => {
 *     ctx.emit(prices, { item, price: item.length });
 *     return same;
 *   }),
 * );
 *
 * await using system = await start({ behaviors: { seller }, topics: [prices] });
 * system.subscribe(prices, ({ item, price }) => console.log(`${item}: ${price.toFixed(2)}`));
 * await system.send(system.create(seller()), 'tea');
 * await system.idle();
 * ```
 */
export function topic<T>(name: string, { retained = false }: TopicOptions = {}): Topic<T> {
  if (typeof name === 'string' && name !== '') return retained ? { name, retained } : { name };
  throw new PorticoError({
    code: 'graph/bad-argument',
    where: 'topic',
    what: `${JSON.stringify(name)} cannot be the name of a topic`,
    cure: 'Use a text that is not empty',
  });
}

/** The error of a topic that a system was not told of. */
export function unknownTopic({ name }: { readonly name: string }, where: string): PorticoError {
  return new PorticoError({
    code: 'context/bad-argument',
    where,
    what: `the topic ${name} is not known here`,
    cure: 'Name it where the actors are started: start({ topics: […] })',
  });
}
