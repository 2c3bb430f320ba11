// Real processes take a journal on the real disk from each other, under load.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { nodeDisk } from '../../src/node/disk.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Lets a racer run; what it printed, and how it ended. */
async function race(path: string, name: string, forMs: number, killAfterMs = Infinity) {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/journal/racer.ts', path, name, `${forMs}`],
    {
      cwd: root,
    },
  );
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    // From its first word on, so that it does not die while it starts.
    if (killAfterMs < Infinity) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = await new Promise<string>((resolve) => {
    child.on('close', (code, signal) => {
      resolve(signal ?? `${code}`);
    });
  });
  return { name, ended, err, lines: out.split('\n').slice(0, -1) };
}

describe('a file journal', () => {
  it('loses nothing and mixes nothing up when three processes take it from each other', async () => {
    const path = mkdtempSync(join(tmpdir(), 'portico-race-'));
    try {
      const racers = await Promise.all([
        race(path, 'a', 1600),
        race(path, 'b', 1600),
        race(path, 'c', 1600),
        race(path, 'd', 1600, 600),
      ]);
      for (const { ended, err, name } of racers)
        expect([ended, err]).toEqual([name === 'd' ? 'SIGKILL' : '0', '']);

      const journal = fileJournal(nodeDisk(path));
      const { first, next } = await journal.open('judge');
      expect(first).toBe(1);
      const found: { id: string; ownerEpoch: number }[] = [];
      for await (const { body, ownerEpoch } of journal.read(1)) {
        const id = String.fromCharCode(...body.subarray(0, 12)).replace(/\0.*$/su, '');
        found.push({ id, ownerEpoch });
      }
      await journal.close();
      expect(found).toHaveLength(next - 1);

      const lines = racers.flatMap((racer) => racer.lines);
      const acknowledged = lines.flatMap((line) => {
        const [, seq, id] = /^ack (\d+) (.+)$/.exec(line) ?? [];
        return seq === undefined ? [] : [[Number(seq), id] as const];
      });
      for (const [seq, id] of acknowledged) expect([seq, found[seq - 1]?.id]).toEqual([seq, id]);

      // Owners follow each other, and the records of each are in its order.
      const epochs = found.map(({ ownerEpoch }) => ownerEpoch);
      expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
      for (const { name } of racers) {
        const own = found.flatMap(({ id }) => (id.startsWith(`${name}:`) ? [Number(id.slice(2))] : []));
        expect(own).toEqual([...new Set(own)].toSorted((a, b) => a - b));
      }

      // There was a race to speak of.
      expect(acknowledged.length).toBeGreaterThan(50);
      expect(lines.filter((line) => line.startsWith('own')).length).toBeGreaterThan(6);
      const fenced = lines.filter((line) => line.startsWith('fenced'));
      expect(fenced.length).toBeGreaterThan(2);
      for (const line of fenced) expect(line).toMatch(/“[abcd]” \(epoch \d+\) has taken the journal over/);
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
  });
});
