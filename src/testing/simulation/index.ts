/** Simulation: a program on a machine that fails by a plan, again and again. */
export { planOf, printedPlan, shrunkPlan } from './plan.ts';
export type { Damage, Fault, FaultKind, FaultPlan, Setting } from './plan.ts';
export { SimulatedWorld, Violation, type RunReport, type Scenario } from './world.ts';
export { SimulatedProcess, type Machine } from './process.ts';
export { Trace } from './trace.ts';
