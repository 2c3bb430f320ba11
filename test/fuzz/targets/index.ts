// All that is fuzzed, by the names of `shares.ts`. Each is loaded when it is its turn: coverage costs by what is loaded.
import type { shares } from '../shares.ts';
import type { Target } from '../target.ts';

export const targets: Readonly<Record<keyof typeof shares, () => Promise<Target>>> = {
  decode: async () => (await import('./codec.ts')).decode,
  encode: async () => (await import('./codec.ts')).encode,
  record: async () => (await import('./record.ts')).records,
  names: async () => (await import('./texts.ts')).names,
  rows: async () => (await import('./state.ts')).rows,
  journal: async () => (await import('./journal.ts')).journal,
  snapshot: async () => (await import('./state.ts')).snapshot,
  words: async () => (await import('./words.ts')).words,
  level: async () => (await import('./level.ts')).level,
  cron: async () => (await import('./texts.ts')).crons,
};
