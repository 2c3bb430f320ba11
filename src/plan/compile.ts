/** From what the user wrote to what will run: the passes, in order. */
import { PorticoError, invalid } from '../errors.ts';
import { isApplication, type Application } from '../graph/application.ts';
import { inWords } from '../graph/arguments.ts';
import { check } from './check.ts';
import { fuse } from './fuse.ts';
import { loops } from './loops.ts';
import type { Known, Pass, Plan } from './plan.ts';
import { portals } from './portals.ts';
import { shuffle } from './shuffle.ts';

/** Each pass adds what it finds to the plan. */
export const passes: readonly Pass[] = [check, portals, loops, fuse, shuffle];

/** The plan of an application that may run beside what is known. Throws all problems in one error. */
export function compile(application: Application, known: Known): Plan {
  const plan = passes.reduce((made, pass) => pass.run(made, known), unplanned(application));
  if (plan.problems.length > 0) throw invalid(application.path, plan.problems);
  return plan;
}

/** Throws all that is wrong with an application in itself, whatever others offer, in one error. */
export function checkApplication(application: Application): void {
  if (!isApplication(application)) {
    const what = `an application is needed, and ${inWords(application)} was given`;
    const cure = 'Give it what application(…) or build() returned';
    throw new PorticoError({ code: 'graph/bad-argument', where: 'checkApplication', what, cure });
  }
  const { problems } = check.run(unplanned(application), undefined);
  if (problems.length > 0) throw invalid(application.path, problems);
}

/** The plan after each pass, with its problems instead of an error. */
export function compileStepwise(application: Application, known?: Known): { pass: string; plan: Plan }[] {
  let plan = unplanned(application);
  return passes.map((pass) => {
    plan = pass.run(plan, known);
    return { pass: pass.name, plan };
  });
}

function unplanned(application: Application): Plan {
  return {
    application,
    problems: application.problems,
    requires: [],
    portals: [],
    ingresses: new Map(application.ingresses.map((node) => [node.path, node])),
    loops: [],
    workflows: application.workflows.map(({ tasks }) => ({
      segments: [],
      sink: [],
      stages: tasks.map(() => 0),
    })),
  };
}
