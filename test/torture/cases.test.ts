// The trouble that a real process may come into, each kind once; more: npm run torture -- --kills 0 --cases 10
import { describe, it } from 'vitest';
import { cases } from './cases.ts';

describe.concurrent('a process', () => {
  for (const { name, missing, run } of cases)
    it.skipIf(missing !== undefined)(
      `${name}${missing === undefined ? '' : ` (skipped: ${missing})`}`,
      { timeout: 120_000 },
      () => run(1),
    );
});
