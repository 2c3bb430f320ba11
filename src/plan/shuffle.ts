/**
 * Where events change their place: behind a key task they belong to the partition of their new key. Counts the key
 * boundaries before each task; tasks of one stage need no exchange between them.
 */
import type { Pass } from './plan.ts';

export const shuffle: Pass = {
  name: 'shuffle',
  run: (plan) => ({
    ...plan,
    workflows: plan.workflows.map((workflow, i) => {
      const stages: number[] = [];
      const after: number[] = [];
      for (const { inputs, parts } of plan.application.workflows[i]?.tasks ?? []) {
        const stage = Math.max(0, ...inputs.map((input) => after[input] ?? 0));
        stages.push(stage);
        after.push(stage + parts.filter(({ role }) => role === 'key').length);
      }
      return { ...workflow, stages };
    }),
  }),
};
