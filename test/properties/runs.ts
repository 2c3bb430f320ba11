/** How often each property is tried: PROPERTY_RUNS times as often as usual, from PROPERTY_SEED if that is given. */
import type { Parameters } from 'fast-check';

const { PROPERTY_RUNS: times = '1', PROPERTY_SEED: seed } = process.env;

export function runs<T>(usual: number = 100): Parameters<T> {
  return {
    numRuns: Math.ceil(usual * Number(times)),
    ...(seed !== undefined && { seed: Number(seed) }),
  };
}
