// What is simulated, and how one seed of it is run.
import {
  planOf,
  SimulatedWorld,
  type FaultPlan,
  type RunReport,
  type Scenario,
} from '../../src/testing/simulation/index.ts';
import { Circuit } from './circuit.ts';
import { Ledger } from './ledger.ts';

export const scenarios: Readonly<Record<string, (world: SimulatedWorld) => Scenario>> = {
  ledger: (world) => new Ledger(world),
  circuit: (world) => new Circuit(world),
};

/** One seed after the other goes to each of them in turn. */
export function scenarioOf(seed: number): string {
  const names = Object.keys(scenarios);
  return names[seed % names.length] as string;
}

/** Runs a plan. Throws what is wrong. */
export async function runPlan(plan: FaultPlan, name: string): Promise<RunReport> {
  const make = scenarios[name];
  if (make === undefined) throw new Error(`there is no scenario ${name}`);
  return new SimulatedWorld(plan, make).run();
}

export async function runSeed(seed: number, name: string = scenarioOf(seed)): Promise<RunReport> {
  return runPlan(planOf(seed), name);
}

/** All of those: at each step, by process and by power, alone and again at each of so many steps later. From 0. */
export function crashPlanOf(number: number, mostAgain: number): FaultPlan {
  const again = number % (mostAgain + 1);
  const rest = Math.floor(number / (mostAgain + 1));
  return crashPlan(1 + (rest >> 1), rest % 2 === 1, again === 0 ? undefined : again);
}

/** A short run in which nothing happens but one crash, and perhaps another one so many steps later. */
export function crashPlan(at: number, power: boolean, again?: number): FaultPlan {
  const { setting } = planOf(1);
  const done = (['not', 'half', 'whole'] as const)[at % 3] as 'not' | 'half' | 'whole';
  const first = { kind: 'crash', at, power, done } as const;
  const second = again === undefined ? [] : [{ ...first, at: at + again, power: (at + again) % 2 === 0 }];
  const small = { segmentBytes: 8_700, preallocateBytes: 0, writesPerMark: 1, deltas: 1, deltaBytes: 0 };
  const often = { epochMs: 0, epochDirty: 1, activeCells: 1, applyBytes: 1, checkpointBytes: 1, burst: 2 };
  const quick = { turns: 1, applyTurns: 0, snapshotTurns: 0, slowness: 0, kernelPercent: 30 };
  return { seed: 1, setting: { ...setting, ...small, ...often, ...quick }, faults: [first, ...second] };
}
