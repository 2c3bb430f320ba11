// A store in a folder: where its files are, what a copy of them is worth, and who may have it.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { behavior, receive, same, start, type ActorRef, type ActorSystem, type Behavior } from 'portico';
import { fileStore } from 'portico/node';

const root = mkdtempSync(join(tmpdir(), 'portico-folder-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

type Counting = { type: 'up' } | { type: 'read'; replyTo: ActorRef<number> };

const counter = behavior('counter', (count: number): Behavior<Counting> =>
  receive((message, ctx) => {
    if (message.type === 'up') return counter(count + 1);
    ctx.send(message.replyTo, count);
    return same;
  }),
);

const kinds = [{ state: 'level' }, { state: 'memory' }] as const;
type Kind = (typeof kinds)[number];

const started = (folder: string, kind: Kind, owner = 'test'): Promise<ActorSystem> =>
  start({ behaviors: { counter }, store: fileStore(folder, kind), owner, log: () => undefined });

const count = (system: ActorSystem): Promise<number> =>
  system.ask(system.entity(counter(0), 'one'), { type: 'read' });

async function countUp(system: ActorSystem, times: number): Promise<void> {
  const ref = system.entity(counter(0), 'one');
  for (let i = 0; i < times; i++) await system.send(ref, { type: 'up' });
}

/** A folder that holds a count of three, from two runs. */
async function written(kind: Kind): Promise<string> {
  const folder = newFolder();
  for (const times of [1, 2]) {
    await using system = await started(folder, kind);
    await countUp(system, times);
  }
  return folder;
}

describe.each(kinds)('a folder whose state is $state', (kind) => {
  it('has a folder for the journal and one for the state, the last words of the last run, and nothing else', async () => {
    const folder = await written(kind);
    expect(readdirSync(folder).sort()).toEqual(
      ['journal', 'last-words-2', kind.state === 'level' ? 'state' : 'snapshots'].sort(),
    );
  });

  it('goes on as a whole copy that was made while no system had it', async () => {
    const folder = await written(kind);
    const copy = newFolder();
    cpSync(folder, copy, { recursive: true });
    {
      await using system = await started(folder, kind);
      await countUp(system, 10);
    }
    await using restored = await started(copy, kind);
    expect(await count(restored)).toBe(3);
  });

  it('is refused if its state is newer than its journal', async () => {
    const old = await written(kind);
    const folder = newFolder();
    cpSync(old, folder, { recursive: true });
    {
      await using system = await started(folder, kind);
      await countUp(system, 10);
    }
    rmSync(join(folder, 'journal'), { recursive: true });
    cpSync(join(old, 'journal'), join(folder, 'journal'), { recursive: true });
    await expect(started(folder, kind)).rejects.toMatchObject({ code: 'store/apart', where: folder });
  });

  it('is refused if its state is gone, or too old for its journal', async () => {
    const folder = await written(kind);
    rmSync(join(folder, kind.state === 'level' ? 'state' : 'snapshots'), { recursive: true });
    await expect(started(folder, kind)).rejects.toMatchObject({ code: 'store/apart', where: folder });
  });

  it('is refused if its journal is damaged, which is named', async () => {
    const folder = newFolder();
    {
      await using system = await started(folder, kind);
      await countUp(system, 3);
    }
    const journal = join(folder, 'journal');
    const [segment = ''] = readdirSync(journal).filter((name) => name.startsWith('journal.'));
    const bytes = readFileSync(join(journal, segment));
    // The first block says who made the file, the second is its header.
    for (let i = 4096; i < 4096 + 64; i++) bytes[i] = (bytes[i] ?? 0) ^ 1;
    writeFileSync(join(journal, segment), bytes);
    await expect(started(folder, kind)).rejects.toMatchObject({
      code: 'journal/damaged',
      where: expect.stringContaining(folder) as string,
    });
  });
});
