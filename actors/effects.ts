/**
 * Effects: what takes time, and what touches the outside. An actor has them carried out by name; the outcome comes back
 * as a message. At least once, with a key that stays the same, so that whoever is called can tell a repetition.
 */
import { PorticoError, type Aborted } from '../src/index.ts';

/** What an effect is told. */
export interface EffectContext {
  /** The same for every try of one call. */
  readonly idempotencyKey: string;
  /** Aborted when the system stops. */
  readonly signal: Aborted;
}

/** How calls are carried out, and failed tries repeated. */
export interface EffectOptions {
  /** How many tries of this effect there may be at one time; further ones wait. 64 if not given. */
  readonly concurrency?: number;
  /** How many tries in all. 1 if not given. */
  readonly tries?: number;
  /** The wait before the second try; it doubles with each further one. 100 if not given. */
  readonly backoffMs?: number;
  /** The longest wait. 30,000 if not given. */
  readonly maxBackoffMs?: number;
}

/** A named effect. */
export interface Effect<in A, out R> {
  /** By which the system finds it: name it in `start({ effects })`. */
  readonly name: string;
  /** What it does. */
  readonly call: (args: A, ctx: EffectContext) => Promise<R> | R;
  /** How it is carried out. */
  readonly options: EffectOptions;
}

/**
 * Names an effect.
 *
 * @example
 * ```ts
 * import { effect } from 'portico';
 *
 * const lookUp = effect('lookUp', async (item: string) => item.length);
 * console.log(lookUp.name);
 * ```
 */
export function effect<A, R>(
  name: string,
  call: (args: A, ctx: EffectContext) => Promise<R> | R,
  options: EffectOptions = {},
): Effect<A, R> {
  const { concurrency = 1 } = options;
  if (concurrency >= 1) return { name, call, options };
  throw new PorticoError({
    code: 'graph/bad-argument',
    where: `effect ${name}`,
    what: `there cannot be ${String(concurrency)} tries at one time`,
    cure: 'Give it a number from 1 up as concurrency, or leave it out',
  });
}
