/**
 * For tests of programs: a simulated machine on which a program runs while all goes wrong that can, a host in which time,
 * scheduling and entropy are simulated, faults at the ports, and a look at streams.
 *
 * @packageDocumentation
 */
export { simulate, type Simulated } from './simulate/simulate.ts';
export type { SimulateOptions } from './simulate/options.ts';
export type { AnyEffect, Scenario, SimulatedSystem, Where } from './simulate/scenario.ts';
export type { Client, Tried, Trying } from './simulate/client.ts';
export { usualFaults, type FaultName } from './simulate/faults.ts';
export { SimulationError } from './simulate/failure.ts';
export { virtualHost, type VirtualHost, type VirtualHostOptions } from './virtual-host.ts';
export { collect, type Subscribable } from './collect.ts';
export {
  Faults,
  operations,
  waysToFail,
  type Answer,
  type AnswerOf,
  type Answers,
  type Fault,
  type Operations,
  type When,
} from './faults.ts';
