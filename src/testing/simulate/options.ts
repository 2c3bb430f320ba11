/** What `simulate` can be told, and what of it means nothing. */
import { aFunction, anObject, atLeast, wholeNumber, type Refusal } from '../../system/guards.ts';
import { faultNames, usualFaults, type FaultName } from './faults.ts';

export interface SimulateOptions {
  /** How many seeds are run. 100 if not given. */
  readonly seeds?: number;
  /** The first of them. 1 if not given. */
  readonly from?: number;
  /** Runs this seed only, after the run in which nothing goes wrong: one that has failed. */
  readonly seed?: number;
  /** Makes one run only, with this plan: as it was printed when a seed has failed. */
  readonly plan?: string;
  /**
   * Instead of seeds: one run for each step of the run in which nothing goes wrong, with a crash there; and for each call of the
   * outside, one for each way in which that can go wrong. False if not given.
   */
  readonly systematic?: boolean;
  /** What may go wrong: the kinds of faults, or how often each comes beside the others; 0 is never. */
  readonly faults?: readonly FaultName[] | Readonly<Partial<Record<FaultName, number>>>;
  /** The most faults in a run. 8 if not given. */
  readonly mostFaults?: number;
  /** After how many steps without a fault a run that has not come to rest has failed. 20,000 if not given. */
  readonly steps?: number;
  /**
   * How long all may take, in milliseconds of the real clock: no further seed is begun after that. As long as it takes if not
   * given.
   */
  readonly timeLimitMs?: number;
  /** How many milliseconds of its own time pass before a run counts as at rest though a timer is set. 60,000 if not given. */
  readonly restMs?: number;
  /** How many further runs may be made to find a simpler one that fails. 200 if not given. */
  readonly shrinks?: number;
}

/** How often each kind of fault comes. */
export function weightsOf(given: SimulateOptions['faults'] = {}): Readonly<Record<FaultName, number>> {
  const named = isList(given) ? Object.fromEntries(given.map((name) => [name, usualFaults[name]])) : given;
  const none = Object.fromEntries(faultNames.map((name) => [name, 0]));
  return { ...(isList(given) ? none : usualFaults), ...named } as Record<FaultName, number>;
}

function isList(given: NonNullable<SimulateOptions['faults']>): given is readonly FaultName[] {
  return Array.isArray(given);
}

/** What is wrong with what `simulate` was given. */
export function wrongOptions(scenario: unknown, options: unknown): Refusal[] {
  const found = [...aFunction('the scenario', scenario), ...anObject('options', options)];
  if (found.length > 0) return found;
  const { faults = {}, plan, ...numbers } = options as SimulateOptions;
  const names: readonly string[] = isList(faults) ? faults : Object.keys(faults);
  const cure = `Name some of ${faultNames.join(', ')}`;
  return [
    ...names
      .filter((name) => !(faultNames as readonly string[]).includes(name))
      .map((name) => ({ what: `faults has “${name}”, which is no kind of fault`, cure })),
    ...(isList(faults)
      ? []
      : Object.entries(faults).flatMap(([name, weight]) => atLeast(`faults.${name}`, weight, 0))),
    ...wholeNumber('from', numbers.from ?? 1),
    ...wholeNumber('seed', numbers.seed ?? 1),
    ...atLeast('seeds', numbers.seeds ?? 1, 1),
    ...(numbers.seeds === Infinity && (numbers.timeLimitMs ?? Infinity) === Infinity
      ? [{ what: 'seeds is Infinity, and timeLimitMs is too', cure: 'Give one of them an end' }]
      : []),
    ...atLeast('mostFaults', numbers.mostFaults ?? 1, 1),
    ...atLeast('steps', numbers.steps ?? 1, 1),
    ...atLeast('timeLimitMs', numbers.timeLimitMs ?? 0, 0),
    ...atLeast('restMs', numbers.restMs ?? 0, 0),
    ...atLeast('shrinks', numbers.shrinks ?? 0, 0),
    ...(plan === undefined || typeof plan === 'string'
      ? []
      : [{ what: 'plan is no text', cure: 'Give the plan as it was printed when a seed failed' }]),
  ];
}

export const nothingToTry: Refusal = {
  what: 'nothing can go wrong at each step in turn with these faults',
  cure: 'Let faults have kill or power, or what can go wrong with the calls that the program makes',
};

/** What is wrong with what the scenario has returned. */
export function wrongScenario(scenario: unknown): Refusal[] {
  const found = anObject('what the scenario returns', scenario);
  if (found.length > 0) return [{ ...found[0], cure: 'Return { start, run, check }' } as Refusal];
  const { start, run, check } = scenario as Record<string, unknown>;
  return [...aFunction('start', start), ...aFunction('run', run), ...aFunction('check', check)];
}
