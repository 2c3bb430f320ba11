// Trouble that a process is brought into, and what is to come of it.
import assert from 'node:assert/strict';
import type { Setting } from './actors.ts';
import type { Client } from './client.ts';
import { verdictOn } from './oracle.ts';
import type { Ended, Running } from './process.ts';

export interface Case {
  /** Ends the sentence that begins with “a process”. */
  readonly name: string;
  /** Why it cannot be run here. */
  readonly missing?: string | undefined;
  /** Rejects with what went wrong. The seed decides what is ordered, and where the trouble comes. */
  readonly run: (seed: number) => Promise<void>;
}

/** Everything that was acknowledged is there once, and nothing is there twice. */
export async function allIsThere(client: Client, setting: Setting): Promise<void> {
  const { wrong } = await verdictOn(client, setting);
  assert.deepEqual(wrong, []);
}

/** Opens the store in a process, which has to work. */
export async function opened(one: Running): Promise<Running> {
  if (!(await one.open())) assert.fail((await one.ended).message);
  return one;
}

/** It ends by itself, and says why. */
export async function endsWith(one: Running, code: string): Promise<Ended> {
  const ended = await one.ended;
  assert.deepEqual({ code: ended.code, errors: ended.errors }, { code, errors: '' });
  return ended;
}
