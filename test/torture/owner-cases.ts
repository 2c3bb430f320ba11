// Another process takes the store over, from one that works, and from one that stands still.
import assert from 'node:assert/strict';
import { allIsThere, endsWith, opened, type Case } from './case.ts';
import { Client } from './client.ts';
import type { Setting } from './actors.ts';
import { Place } from './place.ts';
import type { Running } from './process.ts';

export function ownerCases(state: Setting['state']): readonly Case[] {
  return [
    {
      name: `is fenced when another one takes its folder over, and both lose nothing, the state in ${state}`,
      run: async (seed) => {
        await using place = new Place(state);
        const client = new Client(seed, 20);
        const older = await opened(place.start({ owner: 'the older' }));
        client.sendTo(older, Infinity);
        const newer = await opened(place.start({ owner: 'the newer' }));
        client.sendTo(newer, 100);
        // It is named as soon as it has said its name, which it does right after it has come.
        assert.match(
          (await endsWith(older, 'journal/fenced')).message,
          /(“the newer” .*|somebody else) has taken the journal over/,
        );
        await client.settled();
        await newer.stop();
        await allIsThere(client, place.setting);
      },
    },
    frozen(state),
  ];
}

/** With its state in LevelDB a process that stands still keeps that locked, and with it all others out. */
function frozen(state: Setting['state']): Case {
  const what = state === 'level' ? 'keeps another one out' : 'lets another one take over';
  return {
    name: `${what} while it stands still, and is fenced when it wakes up; both lose nothing, the state in ${state}`,
    run: async (seed) => {
      await using place = new Place(state);
      const client = new Client(seed, 20);
      const older = await opened(place.start({ owner: 'the older' }));
      client.sendTo(older, Infinity);
      await client.acknowledged(100);
      older.signal('SIGSTOP');
      const newer = place.start({ owner: 'the newer' });
      if (state === 'level') assert.ok(!(await newer.open()) && (await endsWith(newer, 'state/locked')));
      else client.sendTo(await opened(newer), 100);
      older.signal('SIGCONT');
      await endsWith(older, 'journal/fenced');
      await goOn(client, state === 'level' ? await opened(place.start()) : newer);
      await allIsThere(client, place.setting);
    },
  };
}

async function goOn(client: Client, process: Running): Promise<void> {
  client.sendTo(process, 100);
  await client.settled();
  await process.stop();
}
