/**
 * Lets a system make only so many steps in one go; then everybody else has their turn. So commits, crashes and whatever comes from
 * outside fall between any two atoms, and not only when all has come to rest.
 */
import type { RunningSystem } from '../system/running.ts';

export function inSmallSteps({ partition }: RunningSystem, steps: number): void {
  const run = partition.run.bind(partition);
  const isRunnable = (): boolean =>
    Reflect.get(Object.getPrototypeOf(partition) as object, 'runnable', partition) as boolean;
  let hasRun = false;
  partition.run = (limit) => {
    hasRun = true;
    return run(Math.min(limit, steps));
  };
  Object.defineProperty(partition, 'runnable', {
    get: () => {
      const isTurnOfOthers = hasRun;
      hasRun = false;
      return !isTurnOfOthers && isRunnable();
    },
  });
}
