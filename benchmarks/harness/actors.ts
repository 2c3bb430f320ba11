/** Runs actors through what users have, `portico`: in memory, on one thread, every turn can be undone. */
import { start, type ActorSystem, type StartOptions } from 'portico';
import { timed } from './clock.ts';

/** What came of it, and the milliseconds that it took. */
export interface Timed<T> {
  readonly ms: number;
  readonly result: T;
}

/**
 * Starts a system and prepares it; then takes the time of the work, until nothing is left to do. What is read afterwards
 * takes no time. A message that nobody handled, or whose turn failed, ends the benchmark.
 */
export async function timedActors<T>(
  behaviors: NonNullable<StartOptions['behaviors']>,
  prepare: (system: ActorSystem) => () => Promise<T>,
  read: (system: ActorSystem) => Promise<void> = () => Promise.resolve(),
): Promise<Timed<T>> {
  await using system = await start({ behaviors, seed: 1 });
  const work = prepare(system);
  await system.idle();
  const results: T[] = [];
  const ms = await timed(async () => {
    results.push(await work());
    await system.idle();
  });
  await read(system);
  const [letter] = system.deadLetters.list();
  if (letter !== undefined) throw new Error(`a dead letter: ${letter.reason}`, { cause: letter.error });
  return { ms, result: results[0] as T };
}
