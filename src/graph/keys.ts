/** Keys: what places an event, and what per-key state belongs to. */

/** A key is a string, a finite number or a bigint. Nothing is reserved. */
export type Key = string | number | bigint;

/** Whether a value can be a key. */
export function isKey(value: unknown): value is Key {
  return (
    typeof value === 'string' ||
    // Infinity and NaN have no difference to themselves.
    (typeof value === 'number' ? value - value === 0 : typeof value === 'bigint')
  );
}

/** The key of an event that was given none: the value itself where it can be one, else `otherwise`. */
export function deriveKey(value: unknown, otherwise: number): Key {
  return isKey(value) ? value : otherwise;
}
