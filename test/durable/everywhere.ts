/**
 * A story that is told with a crash at every moment, one after the other; it always has to end as without.
 *
 * Everything comes from generators, timers and what follows from them, so that nothing depends on who sends what when.
 */
import {
  application,
  perTaskState,
  startSystem,
  type Application,
  type ApplicationBuilder,
  type EpochOptions,
  type RunningSystem,
  type Stream,
} from 'portico/dataflow';
import { virtualHost, type VirtualHost } from 'portico/testing';
import { CrashStore } from './crash-store.ts';
import { inSmallSteps } from '../../src/testing/small-steps.ts';

/** Everything as small as it can be: each step is a commit, nothing stays in memory, the state follows at once. */
export const tiny: Partial<EpochOptions> = {
  epochMs: 0,
  epochDirty: 1,
  activeCells: 0,
  applyBytes: 1,
  checkpointBytes: 1,
};

const told = perTaskState<readonly unknown[]>('told', []);

/** An application whose story is what comes out of a stream: kept in its own state, so it is there once, or not at all. */
export function story(write: (app: ApplicationBuilder) => Stream<unknown>): () => Application {
  return () =>
    application('story', (app) => {
      app
        .workflow('told')
        .source(write(app))
        .consume((value, ctx) => void told.update(ctx, (before) => [...before, value]))
        .withName('told')
        .sink();
    });
}

/** What was told so far. */
export function toldBy(system: RunningSystem): unknown[] {
  const states = system.partition.instances.get('/story')?.states ?? [];
  return (states.find(({ path }) => path.endsWith('/told/told'))?.own.first ?? []) as unknown[];
}

/** A host that crashes after so many callbacks. */
export interface CrashingHost extends VirtualHost {
  readonly isDown: boolean;
}

export function crashingHost(
  { seed = 1, startMs, after }: { seed?: number; startMs: number; after: number },
  onCrash: () => void,
): CrashingHost {
  const host = virtualHost({ seed, startMs });
  let left = after;
  let isDown = false;
  const counted = (callback: () => void) => (): void => {
    if (isDown) return;
    if (left-- > 0) callback();
    else {
      isDown = true;
      onCrash();
    }
  };
  return {
    ...host,
    get records() {
      return host.records;
    },
    get isDown() {
      return isDown;
    },
    yield: (resume) => {
      host.yield(counted(resume));
    },
    after: (delayMs, wake, aside) => host.after(delayMs, counted(wake), aside),
  };
}

/** Whether to crash at each moment, or only at every other one. */
const thorough = Number(process.env['PROPERTY_RUNS'] ?? 1) > 1;

/** How a story is told. */
export interface Telling {
  /** How long it takes. 100 ms if not given. */
  readonly ms?: number;
  readonly epochs?: Partial<EpochOptions>;
  /** The most moments to crash at. */
  readonly most?: number;
}

/** What a story ends with, for each moment at which the power may fail; the first is that of a run without a crash. */
export async function endings(
  app: () => Application,
  { ms = 100, epochs = tiny, most = 400 }: Telling = {},
): Promise<unknown[][]> {
  const tell = async (after: number, keeps: boolean): Promise<{ told: unknown[]; crashed: boolean }> => {
    const store = new CrashStore();
    let nowMs = 0;
    let crashed = false;
    for (;;) {
      const host = crashingHost({ startMs: nowMs, after: crashed ? Infinity : after }, () => {
        store.crash(keeps);
      });
      store.pause = () => Promise.resolve();
      const system = await startSystem({ applications: [app()], host, store, seed: 1, epochs });
      inSmallSteps(system, 1);
      store.pause = () => new Promise((resolve) => host.yield(resolve));
      const untilMs = ms + (crashed ? nowMs : 0);
      while (!host.isDown && system.failure === undefined && host.now() < untilMs) await host.advance(10);
      if (system.failure !== undefined) throw system.failure;
      if (!host.isDown) return { told: toldBy(system), crashed };
      nowMs = host.now();
      crashed = true;
    }
  };
  const all = [(await tell(Infinity, false)).told];
  const stride = thorough ? 1 : 2;
  for (let after = 0; after < most; after += stride) {
    const { told, crashed } = await tell(after, (after / stride) % 2 === 0);
    if (!crashed) break;
    all.push(told);
  }
  return all;
}
