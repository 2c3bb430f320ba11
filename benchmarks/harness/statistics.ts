/** The middle of some figures, and how far they are spread. */

export interface Summary {
  readonly median: number;
  /** Half of the figures lie between the quartiles. */
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
}

export function summarize(figures: readonly number[]): Summary {
  const sorted = figures.toSorted((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    lowerQuartile: quantile(sorted, 0.25),
    upperQuartile: quantile(sorted, 0.75),
  };
}

/** Below which so much of the sorted figures lies. Between two of them, in proportion to their distance. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}
