/** A value in a few words, for the story of a run. */
import { printed } from '../../errors.ts';

export function shown(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each)) as
      string | undefined;
  } catch {
    // It holds itself, or refuses.
  }
  const line = text ?? printed(value);
  return line.length > MOST ? `${line.slice(0, MOST)}…` : line;
}

const MOST = 80;
