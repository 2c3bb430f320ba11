// A campaign: some inputs with coverage, which keeps those that are new; then many at full speed, made of what was kept; and
// again. Counting what runs makes it thirty times slower, and what it has found is worth more than the count.
import { search, type Corpus } from './child.ts';
import type { Ended, FoundInput } from './order.ts';

export interface Campaign {
  readonly seed: number;
  /** How many inputs altogether. */
  readonly inputs: number;
  /** How many per cent of them are run with coverage. */
  readonly coveredPercent: number;
  /** The targets, each with its share of the inputs. */
  readonly shares: Readonly<Record<string, number>>;
  /** What was kept before. */
  readonly corpus?: Corpus;
  /** The folder with the sources. */
  readonly root?: string;
}

export interface Figures {
  readonly found: readonly FoundInput[];
  readonly corpus: Corpus;
  readonly covered: readonly Ended[];
  readonly blind: readonly Ended[];
}

export async function campaign({
  seed,
  inputs,
  coveredPercent,
  shares,
  corpus = {},
  root,
}: Campaign): Promise<Figures> {
  const all = Object.values(shares).reduce((sum, share) => sum + share, 0);
  const parts = (percent: number): Record<string, number> =>
    Object.fromEntries(
      Object.entries(shares).map(([target, share]) => [
        target,
        Math.ceil((inputs * percent * share) / (100 * all)),
      ]),
    );
  const from = root === undefined ? {} : { root };
  const covered = await search({ mode: 'covered', seed, inputs: parts(coveredPercent), corpus, ...from });
  const kept = covered.corpus;
  if (covered.found.length > 0)
    return { found: covered.found, corpus: kept, covered: covered.ends, blind: [] };
  const blind = await search({
    mode: 'blind',
    seed,
    inputs: parts(100 - coveredPercent),
    corpus: kept,
    ...from,
  });
  return { found: blind.found, corpus: kept, covered: covered.ends, blind: blind.ends };
}
