/** What a plan is shown beside: the plans that run together, and what is known of them while they run. */
import type { Plan } from './plan.ts';

export interface Surroundings {
  /** All plans that run together, in the order of their launch, the one that is shown among them. */
  readonly plans: readonly Plan[];
  /** What there is to say now of the entity with this path, in a few words. */
  now?(path: string): string | undefined;
}

/** The paths of all that read a stream: workflows, splitters and sequencers. */
export function readersOf(stream: string, { plans }: Surroundings): string[] {
  return plans.flatMap(({ application: { workflows, splitters, connections } }) => [
    ...workflows.filter(({ source }) => source === stream).map(({ path }) => path),
    ...splitters.filter(({ input }) => input === stream).map(({ path }) => path),
    ...connections.filter(({ from }) => from === stream).map(({ to }) => to),
  ]);
}
