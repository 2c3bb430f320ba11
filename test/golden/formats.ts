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
      `level ${await levelVersion(join(folder, 'level'))}`,
      ...indexedDb(),
      ...ownTypes.map(({ name }) => `type ${name}`),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first number in the row of the last checkpoint. */
async function levelVersion(path: string): Promise<number> {
  const level = new ClassicLevel<Uint8Array, Uint8Array>(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  await level.open();
  const row = Buffer.from((await level.get(Uint8Array.of(254))) ?? new Uint8Array(8));
  await level.close();
  return row.readDoubleLE(0);
}

/** What a browser stores are objects of its own: no bytes of ours but those of the codec. */
function indexedDb(): string[] {
  return ['journal', 'state'].map((part) => {
    const source = readFileSync(new URL(`../../src/web/indexeddb-${part}.ts`, import.meta.url), 'utf8');
    return `indexeddb ${part} ${/^const format = (\d+);$/m.exec(source)?.[1] ?? '?'}`;
  });
}
