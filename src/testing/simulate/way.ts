/**
 * How long something is on its way through the simulated network: some turns of the platform, and now and then a while. By the turns
 * it comes in the midst of what else goes on at that time, for time passes only when nothing goes on.
 */
import type { Random } from '../../engine/random.ts';
import type { SimulatedProcess } from '../simulation/process.ts';
import type { SimulatedWorld } from '../simulation/world.ts';

export async function way(world: SimulatedWorld, random: Random, process?: SimulatedProcess): Promise<void> {
  const turns = random.below(MOST_TURNS);
  const ms = random.below(3) === 0 ? 1 + random.below(MOST_MS) : 0;
  if (ms > 0) await world.pause(ms, process);
  for (let left = turns; left > 0; left--) await turn(world, process);
}

/** Lets all others have their turn. */
export function turn(world: SimulatedWorld, process?: SimulatedProcess): Promise<void> {
  return new Promise((resolve) => {
    world.soon(process, resolve);
  });
}

const MOST_TURNS = 12;
const MOST_MS = 5;
