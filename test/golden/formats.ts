// The versions of all that is written: found in what today's writers write, not in what they say.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { parts, ownTypes } from './parts.ts';

/** One line for each format. */
export async function formats(): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-formats-'));
  try {
    for (const [name, { write }] of Object.entries(parts)) await write(join(folder, name));
    const of = (part: string, pick: RegExp): Buffer => {
      const name =
        readdirSync(join(folder, part))
          .sort()
          .find((each) => pick.test(each)) ?? '';
      return readFileSync(join(folder, part, name));
    };
    const segment = of('journal', /^journal\./);
    const text = (bytes: Buffer, at: number): string => bytes.toString('latin1', at, at + 4);
    const snapshot = (pick: RegExp): number => of('snapshots', pick).readUInt32LE(4) >>> 8;
    return [
      `codec ${of('codec', /^scalars/)[0]}`,
      `record ${of('record', /./)[0]}`,
      `journal claim ${text(segment, 4)}`,
      `journal header ${text(segment, 4096 + 4)} ${segment.readUInt32LE(4096 + 8)}`,
      `journal mark ${text(of('journal', /^highwater\./), 4)}`,
      `snapshot full ${snapshot(/full$/)}`,
      `snapshot delta ${snapshot(/delta$/)}`,
      `snapshot mark ${snapshot(/opened$/)}`,
      ...(await level(join(folder, 'level'))),
      `last words ${Object.keys(JSON.parse(of('last-words', /./).toString('utf8', 4)) as object).join(' ')}`,
      ...indexedDb(),
      ...ownTypes.map(({ name }) => `type ${name}`),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the row of the last checkpoint holds: first the version. */
async function level(path: string): Promise<string[]> {
  const stored = new ClassicLevel<Uint8Array, Uint8Array>(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  await stored.open();
  const row = Buffer.from((await stored.get(Uint8Array.of(254))) ?? new Uint8Array(12));
  await stored.close();
  return [`level ${row.readDoubleLE(0)}`, `level checkpoint of ${Math.floor(row.length / 8)} numbers`];
}

/** What a browser stores are objects of its own: no bytes of ours but those of the codec. */
function indexedDb(): string[] {
  return ['journal', 'state'].map((part) => {
    const source = readFileSync(new URL(`../../src/web/indexeddb-${part}.ts`, import.meta.url), 'utf8');
    return `indexeddb ${part} ${/^const format = (\d+);$/m.exec(source)?.[1] ?? '?'}`;
  });
}
