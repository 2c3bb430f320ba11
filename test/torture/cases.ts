// All the trouble that there is.
import type { Case } from './case.ts';
import { damageCases } from './damage-cases.ts';
import { diskCases, folderCases } from './disk-cases.ts';
import { ownerCases } from './owner-cases.ts';
import { tracedCases } from './traced-cases.ts';

export const cases: readonly Case[] = [
  ...(['level', 'memory'] as const).flatMap((state) => [
    ...diskCases(state),
    ...damageCases(state),
    ...ownerCases(state),
  ]),
  ...folderCases,
  ...tracedCases,
];
