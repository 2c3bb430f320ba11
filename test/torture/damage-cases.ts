// Files of a store are cut off, or a bit of them has flipped. What is damaged is refused by name, or was of no use; nothing
// else than what was written is ever served.
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PorticoError } from 'portico';
import type { Setting } from './actors.ts';
import { allIsThere, opened, type Case } from './case.ts';
import { Client } from './client.ts';
import { chances } from './orders.ts';
import { Place } from './place.ts';

export function damageCases(state: Setting['state']): readonly Case[] {
  return [
    {
      name: `is served nothing that is damaged, whichever file of its folder it is, its state in ${state}`,
      run: async (seed) => {
        await using place = new Place(state);
        const client = new Client(seed, 20);
        // What the first run has written the second one has moved to other files.
        for (let run = 1; run <= 2; run++) {
          const one = await opened(place.start());
          client.sendTo(one, 200);
          await client.settled();
          await one.stop();
        }
        const found = new Map<string, number>();
        for (const file of filesIn(place.setting.folder)) {
          for (const damage of ['cut', 'flipped'] as const) {
            // A bit in a table of LevelDB may end the process that reads it; or hide a row, which docs/guarantees.md says.
            if (file.endsWith('.ldb') && damage === 'flipped') continue;
            const folder = join(place.path, 'damaged');
            cpSync(place.setting.folder, folder, { recursive: true });
            worsen(join(folder, file), damage, chances(seed + found.size));
            const code = await outcome(client, { ...place.setting, folder }, `${file}, ${damage}`);
            found.set(code, (found.get(code) ?? 0) + 1);
            rmSync(folder, { recursive: true });
          }
        }
        // Not everything was of no use.
        for (const code of ['journal/damaged', 'state/damaged'])
          assert.ok(found.has(code), `${code} was found`);
      },
    },
  ];
}

/** All files but those in which LevelDB keeps nothing. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/^(LOG|LOG.old|LOCK)$/.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

function worsen(path: string, how: 'cut' | 'flipped', chance: (bound: number) => number): void {
  const bytes = readFileSync(path);
  const at = chance(bytes.length);
  if (how === 'cut') truncateSync(path, at);
  else writeFileSync(path, bytes.fill((bytes[at] ?? 0) ^ (1 << chance(8)), at, at + 1));
}

async function outcome(client: Client, setting: Setting, what: string): Promise<string> {
  try {
    await allIsThere(client, setting);
    return 'none the worse';
  } catch (error) {
    // What is found when it is needed ends the system.
    const known = error instanceof PorticoError && error.code === 'system/failed' ? error.cause : error;
    if (!(known instanceof PorticoError)) throw new Error(what, { cause: error });
    const { code, message } = known;
    assert.match(code, /^(journal|state)\/(damaged|failed)$|^store\/apart$/, what);
    assert.ok(message.includes(setting.folder), message);
    return code;
  }
}
