/** Gathers the values of a stream. */
import type { Stream, SubscriberOf } from '../index.ts';

/** A system of either kind, as far as gathering needs it. */
export interface Subscribable {
  subscribe<T>(
    stream: Stream<T>,
    subscriber: SubscriberOf<T>,
    options?: { readonly from?: 'end' | 'start' },
  ): () => void;
}

/**
 * The values of a stream: an array that grows as the system runs. It begins with what is published from now on, or,
 * with `from: 'start'`, with the past of a stream that is retained.
 *
 * @example
 * ```ts
 * import { application, steppingSystem, type Stream } from 'portico/dataflow';
 * import { collect } from 'portico/testing';
 *
 * let squares: Stream<number> | undefined;
 * const app = application('squares', (app) => {
 *   squares = app.workflow().source(app.generators.fromArray([1, 2, 3])).map((n) => n * n).sink();
 * });
 * const system = steppingSystem();
 * system.launch(app);
 * const seen = squares && collect(system, squares);
 * system.stepUntilComplete();
 * console.log(seen); // [ 1, 4, 9 ]
 * ```
 */
export function collect<T>(
  system: Subscribable,
  stream: Stream<T>,
  options: { readonly from?: 'end' | 'start' } = {},
): T[] {
  const values: T[] = [];
  system.subscribe(stream, (value) => values.push(value), options);
  return values;
}
