// All that is fuzzed, by the names of `shares.ts`.
import type { shares } from '../shares.ts';
import type { Target } from '../target.ts';
import { decode, encode } from './codec.ts';
import { journal } from './journal.ts';
import { records } from './record.ts';
import { rows, snapshot } from './state.ts';
import { crons, names } from './texts.ts';

export const targets: Readonly<Record<keyof typeof shares, Target>> = {
  decode,
  encode,
  record: records,
  names,
  rows,
  journal,
  snapshot,
  cron: crons,
};
