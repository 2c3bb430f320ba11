// How far the engine runs in one go. Within its slice of time it goes on after that; `src/testing/small-steps.ts` lets all others have
// their turn in between.
import type { RunningSystem } from 'portico/dataflow';

/** Lets only so many steps be made in one go, so that cuts fall everywhere and not only when all has come to rest. */
export function inBursts({ partition }: RunningSystem, steps: number): void {
  const run = partition.run.bind(partition);
  partition.run = (limit) => run(Math.min(limit, steps));
}
