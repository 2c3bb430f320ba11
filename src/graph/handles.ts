/**
 * Typed names of what an application is made of. A handle is a path and a type, nothing more: it can be passed to
 * another application, which then finds the entity by its path when it is launched.
 */

/**
 * Carries a type without a value, and says of which kind a handle is, so that one cannot be taken for another. Never
 * present at run time; `undefined` beside it keeps the compiler's messages short.
 */
export declare const carries: unique symbol;

/** An atomic stream: a totally ordered log of atoms, with one producer and any number of consumers. */
export interface Stream<out T> {
  readonly path: string;
  readonly [carries]?: { readonly stream: T } | undefined;
}

/** Merges many streams into one. The only legal way to close a cycle. */
export interface Sequencer<in out T> {
  readonly path: string;
  readonly stream: Stream<T>;
  readonly [carries]?: { readonly sequencer: (value: T) => T } | undefined;
}

/** Routes each event of one stream to the first split whose predicate holds. */
export interface Splitter<out T> {
  readonly path: string;
  readonly [carries]?: { readonly splitter: T } | undefined;
}

/** A request/reply service that exactly one task answers. */
export interface Portal<in out Request, in out Reply> {
  readonly path: string;
  readonly [carries]?: { readonly portal: (request: Request, reply: Reply) => [Request, Reply] } | undefined;
}

/** Where values leave that are for the outside, beside the output of a workflow. */
export interface Egress<in out T> {
  readonly path: string;
  readonly stream: Stream<T>;
  readonly [carries]?: { readonly egress: (value: T) => T } | undefined;
}

/** Where values from outside enter. */
export interface Ingress<in out T> {
  readonly path: string;
  readonly stream: Stream<T>;
  readonly [carries]?: { readonly ingress: (value: T) => T } | undefined;
}
