/**
 * The place on the simulated machine that a process gives to a program: what the program makes of it is noted, so that one that runs
 * elsewhere is found out, and so that it is known what it still waits for.
 */
import { PorticoError } from '../../errors.ts';
import type { Host, Store } from '../../index.ts';
import { RunningSystem } from '../../system/running.ts';
import type { SimulatedSystem } from './scenario.ts';

/** What of the machine a program has made use of. */
export interface Place {
  host: boolean;
  store: boolean;
  /** When the timers are due that it has set there. */
  readonly due: Set<number>;
}

/** The system of dataflows. Throws if there is none, or if it does not run on the machine. */
export function dataflowOf(system: unknown, { host, store }: Place): RunningSystem {
  const given = system as Partial<SimulatedSystem> | undefined | null;
  const dataflow = given instanceof RunningSystem ? given : given?.dataflow;
  const isOne =
    dataflow instanceof RunningSystem &&
    typeof given?.idle === 'function' &&
    typeof given[Symbol.asyncDispose] === 'function';
  if (!isOne) {
    const cure =
      'Return what start or startSystem gives, or an object with it as dataflow, with idle and a dispose';
    throw elsewhere('what start has returned is no system', cure);
  }
  if (host && store) return dataflow;
  const missing = [...(host ? [] : ['host']), ...(store ? [] : ['store'])].join(' and its ');
  const what = `the system does not run on the simulated machine: start has not used its ${missing}`;
  throw elsewhere(what, 'Spread all of where into what start or startSystem is given');
}

export function hostAt(place: Place, host: Host, log: Host['log']): Host {
  return {
    now: () => {
      place.host = true;
      return host.now();
    },
    entropy: () => host.entropy(),
    yield: (resume) => {
      place.host = true;
      host.yield(resume);
    },
    after: (delayMs, wake, aside) => {
      place.host = true;
      if (aside !== undefined) return host.after(delayMs, wake, aside);
      const dueMs = dueAt(place, host.now() + Math.max(0, delayMs));
      const cancel = host.after(delayMs, () => {
        place.due.delete(dueMs);
        wake();
      });
      return () => {
        place.due.delete(dueMs);
        cancel();
      };
    },
    log,
  };
}

/** Each timer has a time of its own there, so that none is taken for another. */
function dueAt({ due }: Place, dueMs: number): number {
  let own = dueMs;
  while (due.has(own)) own += 0.001;
  due.add(own);
  return own;
}

export function storeAt(place: Place, store: Store): Store {
  return {
    name: store.name,
    parts: () => {
      place.store = true;
      return store.parts();
    },
  };
}

function elsewhere(what: string, cure: string): PorticoError {
  return new PorticoError({ code: 'simulation/not-in-place', where: 'start', what, cure });
}
