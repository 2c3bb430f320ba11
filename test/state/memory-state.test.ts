import { describe, it } from 'vitest';
import { MemoryStateMedium, memoryState } from '../../src/state/memory-state.ts';
import { stateContract } from '../../src/testing/contracts/state.ts';

describe('a memory state', () => {
  const place = () => {
    const medium = new MemoryStateMedium();
    return { state: () => memoryState(medium), crash: () => Promise.resolve(medium.crash()) };
  };

  it.each(stateContract(place).map((each) => [each.name, each] as const))('%s', (_, { run }) => run());
});
