/** Reads the clock around a piece of work. */

/** The milliseconds that it took. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** So many a second. */
export function perSecond(count: number, ms: number): number {
  return (count / ms) * 1000;
}
