/** What random crashes have in common: when they come, how programs live between them, how often epochs are cut. */
import {
  startSystem,
  type Application,
  type EpochOptions,
  type PorticoError,
  type RunningSystem,
} from 'portico/dataflow';
import fc from 'fast-check';
import { isTooLarge } from '../properties/perform.ts';
import type { CrashStore } from './crash-store.ts';
import { inSmallSteps } from '../../src/testing/small-steps.ts';
import { crashingHost, type CrashingHost } from './everywhere.ts';

/** When the power fails: after so many callbacks of the host, or within so many calls of the start. */
export interface Crash {
  readonly after: number;
  readonly inStart: boolean;
  /** Whether the append under way reaches the disk. */
  readonly keeps: boolean;
}

export const crashes: fc.Arbitrary<readonly Crash[]> = fc.array(
  fc.record({
    after: fc.oneof(fc.nat(8), fc.nat(60)),
    inStart: fc.integer({ min: 0, max: 5 }).map((drawn) => drawn === 5),
    keeps: fc.boolean(),
  }),
  { maxLength: 12 },
);

/** How often to cut and what to keep: mostly so small that everything happens. */
export const epochs: fc.Arbitrary<Partial<EpochOptions>> = fc.record({
  epochMs: fc.constantFrom(0, 0, 5),
  epochDirty: fc.constantFrom(1, 1, 20_000),
  activeCells: fc.constantFrom(0, 1, 4, 100_000),
  applyBytes: fc.constantFrom(1, 1, 500, 0x40_0000),
  checkpointBytes: fc.constantFrom(1, 1, 2_000, 0x400_0000),
});

/** How many steps are made at once. */
export const steps: fc.Arbitrary<number> = fc.constantFrom(1, 2, 5);

export const faults = fc.record({
  when: fc.constant('late' as const),
  salt: fc.nat(),
  percent: fc.nat(15),
});

export interface Living {
  readonly system: RunningSystem;
  readonly host: CrashingHost;
}

/** How a life begins. */
export interface Beginning {
  readonly store: CrashStore;
  readonly application: Application;
  readonly seed: number;
  readonly steps: number;
  readonly epochs: Partial<EpochOptions>;
  readonly startMs: number;
  readonly crash: Crash | undefined;
}

/** Starts a system; undefined if the power failed before it had started. */
export async function begin(beginning: Beginning): Promise<Living | undefined> {
  const { store, application, seed, epochs, startMs, crash } = beginning;
  const host = crashingHost(
    { seed, startMs, after: crash === undefined || crash.inStart ? Infinity : crash.after },
    () => {
      store.crash(crash?.keeps);
    },
  );
  let left = crash?.inStart === true ? crash.after % 4 : Infinity;
  const cut = new Promise<undefined>((resolve) => {
    store.pause = async () => {
      if (left-- > 0) return;
      store.crash(crash?.keeps);
      resolve(undefined);
    };
  });
  const system = await Promise.race([
    startSystem({ applications: [application], host, store, seed, epochs }),
    cut,
  ]);
  if (system === undefined) return undefined;
  inSmallSteps(system, beginning.steps);
  store.pause = async () => {
    // Some calls take longer than others, so that commits and what follows them overtake each other.
    for (let turns = host.entropy() % 5; turns >= 0; turns--)
      await new Promise<void>((resolve) => {
        host.yield(resolve);
      });
  };
  return { system, host };
}

/** Lets time pass, until nothing happens any more or the power fails. Returns the time then. */
export async function live({ host, system }: Living): Promise<number> {
  for (let round = 0; round < 14 && !host.isDown && system.failure === undefined; round++)
    await host.advance(round);
  if (system.failure !== undefined) {
    fc.pre(!isTooLarge(causeOf(system.failure)));
    throw system.failure;
  }
  return host.now();
}

function causeOf(error: PorticoError): unknown {
  return error.code === 'system/failed' ? error.cause : error;
}
