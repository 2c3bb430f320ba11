// The disk is full, its folder is gone, or nothing may be written there.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Setting } from './actors.ts';
import { allIsThere, endsWith, opened, type Case } from './case.ts';
import { Client } from './client.ts';
import { fillUp, noMounts, remount, smallDisk } from './disks.ts';
import { Place } from './place.ts';

/** Nobody in particular. */
const SOMEBODY = 65_534;

export function diskCases(state: Setting['state']): readonly Case[] {
  return [
    {
      name: `holds still while the disk is full, and goes on when there is room, its state in ${state}`,
      missing: noMounts,
      run: async (seed) => {
        await using place = new Place(state);
        const { folder } = place.setting;
        place.undo.push(smallDisk(folder, 8));
        const one = await opened(place.start());
        const client = new Client(seed, 20);
        for (let round = 1; round <= 2; round++) {
          client.sendTo(one, 200);
          await client.settled();
          fillUp(join(folder, 'ballast'));
          const saidBefore = one.log.length;
          client.sendTo(one, Infinity);
          if (!(await one.until(() => one.log.length > saidBefore))) assert.fail((await one.ended).message);
          assert.match(one.log.at(-1) ?? '', /^\[(journal|state)\/full\] /);
          client.sendTo(one, 0);
          rmSync(join(folder, 'ballast'));
          await client.settled();
        }
        await one.stop();
        await allIsThere(client, place.setting);
      },
    },
    {
      name: `ends when its folder becomes read-only, and loses nothing, its state in ${state}`,
      missing: process.getuid === undefined ? 'there are no users' : undefined,
      run: async (seed) => {
        await using place = new Place(state);
        const { folder } = place.setting;
        mkdirSync(folder);
        // Nothing is read-only for root.
        const isRoot = process.getuid?.() === 0;
        if (isRoot) for (const path of [place.path, folder]) chownSync(path, SOMEBODY, SOMEBODY);
        const one = await opened(place.start(isRoot ? { uid: SOMEBODY } : {}));
        const client = new Client(seed, 20);
        client.sendTo(one, 50);
        await client.settled();
        const folders = readdirSync(folder).map((name) => join(folder, name));
        for (const each of folders) chmodSync(each, 0o500);
        // It can write to the files that it has open, until it needs another one.
        client.sendTo(one, Infinity);
        const { code = '', message } = await one.ended;
        assert.match(code, /^(journal|state)\/failed$/);
        assert.match(message, /EACCES|Permission denied/);
        for (const each of folders) chmodSync(each, 0o700);
        await allIsThere(client, place.setting);
      },
    },
  ];
}

/** Those that the journal meets first, wherever the state is. */
export const folderCases: readonly Case[] = [
  {
    name: 'ends when its folder is removed, and acknowledges nothing more',
    run: async (seed) => {
      await using place = new Place('level');
      const one = await opened(place.start());
      const client = new Client(seed, 20);
      client.sendTo(one, 50);
      await client.settled();
      // It may be tidying up, and put a file there meanwhile.
      rmSync(place.setting.folder, { recursive: true, maxRetries: 10 });
      client.sendTo(one, 50);
      await endsWith(one, 'journal/failed');
      assert.equal(client.waiting, 50);
    },
  },
  {
    name: 'is not started on a disk that is read-only, and loses nothing',
    missing: noMounts,
    run: async (seed) => {
      await using place = new Place('memory');
      const { folder } = place.setting;
      place.undo.push(smallDisk(folder, 8));
      const one = await opened(place.start());
      const client = new Client(seed, 20);
      client.sendTo(one, 50);
      await client.settled();
      await one.stop();
      remount(folder, 'ro');
      const next = place.start();
      assert.ok(!(await next.open()));
      assert.match((await endsWith(next, 'journal/failed')).message, /EROFS/);
      remount(folder, 'rw');
      await allIsThere(client, place.setting);
    },
  },
];
