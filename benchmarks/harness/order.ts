/** What the command line orders. */
import { parseArgs } from 'node:util';

export interface Order {
  /** Names of questions; if there are none, all but those that have to be named. */
  readonly names: readonly string[];
  readonly rounds: number;
  readonly quick: boolean;
  readonly json: boolean;
  readonly save: boolean;
}

export const USAGE = `npm run bench -- [question…] [--rounds n] [--quick] [--json] [--save]

  --rounds n   so many rounds; 5 if not given
  --quick      small loads, cold, one round: shows that everything runs, its figures mean nothing
  --json       prints the answers as JSON
  --save       keeps the answers in benchmarks/results/`;

/** Throws if the order makes no sense. Of the questions that are known, some run only when they are named. */
export function orderOf(
  args: readonly string[],
  known: readonly string[],
  onlyNamed: readonly string[] = [],
): Order {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
    },
  });
  const { quick, json, save } = values;
  const unknown = positionals.filter((name) => !known.includes(name) && !onlyNamed.includes(name));
  if (unknown.length > 0)
    throw new RangeError(
      `no question is called ${unknown.join(' or ')}; there are ${[...known, ...onlyNamed].join(', ')}`,
    );
  const rounds = Number(values.rounds ?? (quick ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new RangeError(`--rounds ${values.rounds ?? ''} is no number of rounds`);
  if (quick && save) throw new RangeError('figures of --quick mean nothing, so they are not kept');
  return { names: positionals.length > 0 ? positionals : known, rounds, quick, json, save };
}
