/** Who answers each portal and who asks it. */
import type { Application } from '../graph/application.ts';
import type { TaskSpec } from '../graph/task.ts';
import type { Pass, TaskPlace } from './plan.ts';

export const portals: Pass = {
  name: 'portals',
  run(plan) {
    const parts = partsOf(plan.application);
    const own = new Set(plan.application.portals.map(({ path }) => path));
    const asked = parts.flatMap(({ spec }) => spec.asks.map(({ path }) => path));
    const paths = [...own, ...new Set(asked.filter((path) => !own.has(path)))];
    return {
      ...plan,
      portals: paths.map((path) => ({
        path,
        answeredBy: parts.find(({ spec }) => spec.answers.some(({ portal }) => portal.path === path))?.place,
        askedBy: parts
          .filter(({ spec }) => spec.asks.some((portal) => portal.path === path))
          .map(({ place }) => place),
      })),
    };
  },
};

function partsOf(app: Application): { spec: TaskSpec; place: TaskPlace }[] {
  return app.workflows.flatMap(({ tasks }, workflow) =>
    tasks.flatMap(({ parts }, task) =>
      parts.map((spec, part) => ({ spec, place: { workflow, task, part } })),
    ),
  );
}
