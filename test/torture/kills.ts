// A process is killed again and again at random moments, at work and while it opens its store, and started again; a client
// keeps sending.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Setting } from './actors.ts';
import { Client } from './client.ts';
import { verdictOn } from './oracle.ts';
import { chances } from './orders.ts';
import { Place } from './place.ts';
import type { Running } from './process.ts';

export interface KillOptions {
  readonly state: Setting['state'];
  readonly kills: number;
  readonly seed: number;
  readonly actors?: number;
}

/** What was done, and seen. */
export interface Figures {
  readonly kills: number;
  /** How many of them came while the store was being opened. */
  readonly whileOpening: number;
  readonly orders: number;
  readonly sent: number;
  readonly resent: number;
  readonly repeated: number;
  readonly acknowledgements: number;
  readonly duplicates: number;
  readonly calls: number;
  readonly outcomes: number;
}

export async function killed({ state, kills, seed, actors = 40 }: KillOptions): Promise<Figures> {
  await using place = new Place(state);
  const chance = chances(seed);
  const client = new Client(seed, actors);
  let whileOpening = 0;
  // The next one loads meanwhile.
  let next = place.start();
  for (let kill = 0; kill < kills; kill++) {
    const one = next;
    next = place.start();
    if (chance(4) === 0) {
      await one.said('loaded');
      one.say({ say: 'open' });
      await sleep(chance(40));
    } else if (await one.open()) {
      client.sendTo(one, Infinity);
      // However fast it is, it has done something, and is in the midst of more.
      await client.acknowledged(chance(150));
      await sleep(chance(80));
    }
    if (!one.heard.some(({ heard }) => heard === 'ready')) whileOpening++;
    await end(one);
  }
  if (!(await next.open())) assert.fail((await next.ended).message);
  client.sendTo(next, 0);
  await client.settled();
  assert.equal((await next.stop()).errors, '');
  const { wrong, ...verdict } = await verdictOn(client, place.setting);
  assert.deepEqual(wrong, []);
  return { kills, whileOpening, ...client.figures, ...verdict };
}

/** Ends it from one instruction to the next. By then it had nothing to complain about. */
async function end(one: Running): Promise<void> {
  one.signal('SIGKILL');
  const { signal, message, errors } = await one.ended;
  assert.deepEqual({ signal, message, errors }, { signal: 'SIGKILL', message: '', errors: '' });
}
