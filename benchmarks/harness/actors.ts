/** Runs actors through what users have, `portico`: on one thread, every turn can be undone; in memory, or kept. */
import { start, type ActorSystem, type StartOptions } from 'portico';
import { timed } from './clock.ts';

/** What came of it, and the milliseconds that it took. */
export interface Timed<T> {
  readonly ms: number;
  readonly result: T;
}

/** Where a system is kept. */
export interface Place {
  readonly options?: Pick<StartOptions, 'store' | 'epochs'>;
  /** Is told of the system when the work is done, before it ends. */
  readonly done?: (system: ActorSystem, ms: number) => void;
}

export const inMemory: Place = {};

/**
 * Starts a system and prepares it; then takes the time of the work, until nothing is left to do: if the system is kept,
 * until all of it is durable. What is read afterwards takes no time. A message that nobody handled, or whose turn failed,
 * ends the benchmark.
 */
export async function timedActors<T>(
  behaviors: NonNullable<StartOptions['behaviors']>,
  prepare: (system: ActorSystem) => () => Promise<T>,
  read: (system: ActorSystem) => Promise<void> = () => Promise.resolve(),
  { options, done }: Place = inMemory,
): Promise<Timed<T>> {
  await using system = await start({ behaviors, seed: 1, ...options });
  const work = prepare(system);
  await system.idle();
  const results: T[] = [];
  const ms = await timed(async () => {
    results.push(await work());
    await system.idle();
  });
  done?.(system, ms);
  await read(system);
  const [letter] = system.deadLetters.list();
  if (letter !== undefined) throw new Error(`a dead letter: ${letter.reason}`, { cause: letter.error });
  return { ms, result: results[0] as T };
}
