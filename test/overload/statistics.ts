// What the parts of the overload command say in numbers.

/** The value below which so great a share of them lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The medians of the three thirds of a series: if they do not rise, it is flat. */
export function thirds(values: readonly number[]): readonly number[] {
  const third = Math.floor(values.length / 3);
  return [0, 1, 2].map((i) => median(values.slice(i * third, (i + 1) * third)));
}

/** Jain's index: 1 if all have the same share, 1/n if one has everything. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((all, share) => all + share, 0);
  const squares = shares.reduce((all, share) => all + share * share, 0);
  return sum ** 2 / (shares.length * squares);
}
