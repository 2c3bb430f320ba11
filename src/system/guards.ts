/**
 * Guards at the edge of a system: what it is told is checked when it is told, and what its host throws or gives that is
 * of no use becomes an error of Portico.
 */
import { describe, isPorticoError, PorticoError, type Problem } from '../errors.ts';
import { inWords, isGeneratorFunction, isPromise } from '../graph/arguments.ts';
import { platformHost, type Clock, type Host, type LogRecord } from '../host.ts';

/** What is wrong with an option or an argument. */
export type Refusal = Pick<Problem, 'what' | 'cure'>;

/** Throws all that is wrong in one error, if anything is. */
export function refuse(where: string, refusals: readonly Refusal[]): void {
  const code = 'system/bad-argument';
  const problems = refusals.map((refusal): Problem => ({ code, where, ...refusal }));
  const [first, second] = problems;
  if (first === undefined) return;
  if (second === undefined) throw new PorticoError(first);
  const what = `${problems.length} things that it was given are wrong`;
  throw new PorticoError({ code, where, what, cure: 'Mend each of them' }, { problems });
}

/** Whether an option is a whole number from `least` up, or without end. */
export function atLeast(name: string, given: unknown, least: number): Refusal[] {
  if (given === Infinity || (Number.isInteger(given) && (given as number) >= least)) return [];
  return [
    { what: `${name} is ${inWords(given)}`, cure: `Give a whole number from ${least} up, or Infinity` },
  ];
}

export function wholeNumber(name: string, given: unknown): Refusal[] {
  return Number.isInteger(given)
    ? []
    : [{ what: `${name} is ${inWords(given)}`, cure: 'Give a whole number' }];
}

/** Whether something has the functions that are needed of it. */
export function has(name: string, given: unknown, functions: readonly string[]): Refusal[] {
  const held = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
  const missing = functions.filter((each) => typeof held[each] !== 'function');
  if (missing.length === 0) return [];
  const what = `${name} is ${inWords(given)} without the function ${missing.join(' and ')}`;
  return [
    {
      what,
      cure:
        name === 'host' ? 'Begin with platformHost() and replace parts of it' : 'Give one, or leave it out',
    },
  ];
}

export function aFunction(name: string, given: unknown): Refusal[] {
  if (typeof given === 'function' && !isGeneratorFunction(given)) return [];
  return [{ what: `${name} is ${inWords(given)}`, cure: 'Give a plain function' }];
}

export function anObject(name: string, given: unknown): Refusal[] {
  const fine = typeof given === 'object' && given !== null && !Array.isArray(given);
  return fine
    ? []
    : [{ what: `${name} is ${inWords(given)}`, cure: 'Write them by name, as in { from: … }' }];
}

/** A clock whose time can be relied on; who is interested is told when it fails. */
export function guardedClock(clock: Clock, failed?: (error: PorticoError) => void): Clock {
  return {
    now: () => {
      try {
        const now = guarded('clock', () => clock.now());
        if (Number.isFinite(now)) return now;
        throw hostFailed('clock', `says that the time is ${inWords(now)}`, {});
      } catch (error) {
        failed?.(error as PorticoError);
        throw error;
      }
    },
  };
}

/** A log that never fails: a line that it does not take goes to the console, with the reason. */
export function guardedLog(log: (record: LogRecord) => void): (record: LogRecord) => void {
  return (record) => {
    const failed = (cause: unknown): void => {
      const { message } = hostFailed('log', `threw: ${describe(cause)}`, { cause });
      const platform = platformHost();
      platform.log({ level: 'error', name: 'system', path: 'host.log', value: message });
      platform.log(record);
    };
    try {
      const given: unknown = log(record);
      if (isPromise(given)) {
        given.then(undefined, (cause: unknown) => {
          failed(cause);
        });
      }
    } catch (cause) {
      failed(cause);
    }
  };
}

/**
 * A host whose errors are errors of Portico, with the code `host/failed`; what it gives that is of no use is one too. The
 * log never fails: a line that it does not take goes to the console. Systems take every host like this.
 *
 * @example
 * ```ts
 * import { guardedHost, platformHost } from 'portico/dataflow';
 *
 * const host = guardedHost(platformHost({ now: () => NaN }));
 * try {
 *   host.now();
 * } catch (error) {
 *   console.log((error as { code: string }).code); // host/failed
 * }
 * ```
 */
export function guardedHost(host: Host): Host {
  return {
    ...guardedClock(host),
    log: guardedLog((record) => host.log(record)),
    entropy: () => {
      const seed = guarded('entropy', () => host.entropy());
      if (Number.isInteger(seed)) return seed;
      throw hostFailed('entropy', `gave ${inWords(seed)} and no whole number`, {});
    },
    yield: (resume) => {
      guarded('yield', () => {
        host.yield(resume);
      });
    },
    after: (delayMs, wake, aside) => {
      const cancel: unknown = guarded('after', () => host.after(delayMs, wake, aside));
      if (typeof cancel !== 'function') {
        throw hostFailed('after', `gave ${inWords(cancel)} and no function that cancels`, {});
      }
      return () => {
        guarded('after', () => cancel() as unknown);
      };
    },
  };
}

function guarded<T>(part: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (isPorticoError(cause)) throw cause;
    throw hostFailed(part, `threw: ${describe(cause)}`, { cause });
  }
}

function hostFailed(part: string, how: string, options: { cause?: unknown }): PorticoError {
  const cure = `Mend the ${part} of the host`;
  return new PorticoError({ code: 'host/failed', where: `host.${part}`, what: `it ${how}`, cure }, options);
}
