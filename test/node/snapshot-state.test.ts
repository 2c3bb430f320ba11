import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { nodeDisk } from '../../src/node/disk.ts';
import { snapshotState } from '../../src/state/snapshot-state.ts';
import { stateContract } from '../../src/testing/contracts/state.ts';

const root = mkdtempSync(join(tmpdir(), 'portico-snapshots-'));
let places = 0;

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('a snapshot state on a real disk', () => {
  const place = () => {
    const path = join(root, `${places++}`);
    return { state: () => snapshotState(nodeDisk(path), { deltas: 3 }) };
  };

  it.each(stateContract(place, { seeds: 3 }).map((each) => [each.name, each] as const))('%s', (_, { run }) =>
    run(),
  );
});
