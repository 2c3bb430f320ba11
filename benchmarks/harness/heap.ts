/** How much is alive. */

/**
 * The bytes of the heap that are in use. The garbage is collected before if the process has `--expose-gc`, as the
 * contenders who measure memory ask for; without it, as in the tests, the figure means nothing.
 */
export function heapInUse(): number {
  // What finalizers let go of is collected only the next time.
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
