/**
 * The last words of a process, in a small file of its own in the folder of the store.
 *
 * K1. Each run has its own file, named by its number: one that was taken over speaks where nobody listens any more.
 * K2. What is said is written at once and not synced: it outlives the process, which is what it is for.
 */
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { LastWords } from '../engine/care.ts';

export function lastWordsIn(folder: string): LastWords {
  let fd: number | undefined;
  return {
    open: async (run) => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const earlier = readdirSync(folder)
        .map((name) => Number(/^last-words-(\d+)$/.exec(name)?.[1]))
        .filter((number) => number < run)
        .sort((a, b) => a - b);
      const last = earlier.at(-1);
      const before = last === undefined ? undefined : said(readFileSync(join(folder, nameOf(last))));
      fd = openSync(join(folder, nameOf(run)), O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW, 0o600);
      for (const number of earlier) rmSync(join(folder, nameOf(number)), { force: true });
      return before;
    },
    say: (text) => {
      if (fd === undefined) return;
      const bytes = Buffer.from(`    ${text}`);
      bytes.writeUInt32LE(bytes.length - 4);
      writeSync(fd, bytes, 0, bytes.length, 0);
    },
    close: () => {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

/** The words, without what longer ones have left behind them. */
function said(bytes: Buffer): string {
  return bytes.length < 4 ? '' : bytes.toString('utf8', 4, 4 + bytes.readUInt32LE());
}

function nameOf(run: number): string {
  return `last-words-${run}`;
}

const { O_CREAT, O_TRUNC, O_WRONLY } = constants;
/** Not there on Windows. */
const O_NOFOLLOW = (constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;
