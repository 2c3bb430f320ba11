/** Which entities lie on a cycle. Every cycle passes a sequencer, as the check has made sure. */
import { cyclesOf, edgesOf } from './entities.ts';
import type { Pass } from './plan.ts';

export const loops: Pass = {
  name: 'loops',
  run: (plan) => ({ ...plan, loops: cyclesOf(edgesOf(plan.application)) }),
};
