// The targets by name, and how many of a hundred inputs each gets: those that read what comes from far away get the most.
export const shares = {
  decode: 40,
  encode: 14,
  record: 20,
  rows: 4,
  journal: 4,
  snapshot: 2,
  names: 14,
  cron: 2,
  words: 2,
  level: 0.02,
} as const;
