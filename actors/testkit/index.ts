/**
 * For tests of actors: a single behavior whose effects are data, a system in the test's hand with probes, and an explorer of
 * the orders in which messages may arrive. All of it throws plain errors, so it works with every test runner.
 *
 * @packageDocumentation
 */
export {
  behaviorKit,
  BehaviorKit,
  type BehaviorKitOptions,
  type KitEffect,
  type Waiting,
} from './behavior-kit.ts';
export { systemKit, SystemKit, Probe, type Patience, type SystemKitOptions } from './system-kit.ts';
export {
  explore,
  ExplorationError,
  type Explored,
  type ExploreOptions,
  type Picker,
  type Scenario,
} from './explore.ts';
export type { Choices } from './choices.ts';
export { ExpectationError } from './expectation.ts';
