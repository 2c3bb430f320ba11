/**
 * What goes wrong in one run of a program: a plan that follows from a seed.
 *
 * UF1. Each run has a mixture of its own: some kinds of faults often, others not at all.
 * UF2. Faults of the machine come at a step, those of a call at the call of that number: leaving one out moves no other.
 */
import { Random } from '../../engine/random.ts';
import { fault, planOf, type Fault, type FaultPlan, type Setting } from '../simulation/plan.ts';

/** The kinds of faults, and how often each comes beside the others. */
export const usualFaults = {
  /** The process is killed. */
  kill: 6,
  /** The power fails: what was not synced may be lost. */
  power: 3,
  /** The process is asked to stop, and started again. */
  stop: 1,
  /** The process stands still; another one takes over, and then the old one goes on. */
  freeze: 2,
  /** An operation of the disk fails. */
  failingDisk: 1,
  /** For a while there is no room on the disk. */
  fullDisk: 1,
  /** For a while the disk takes its time. */
  slowDisk: 1,
  /** The clock jumps. */
  clock: 3,
  /** A call of the outside fails, and nothing was done. */
  failingCall: 3,
  /** A call of the outside is carried out, and fails nevertheless. */
  lostOutcome: 3,
  /** A call of the outside is carried out, and nothing comes back. */
  hangingCall: 1,
} as const;

/** A kind of fault. */
export type FaultName = keyof typeof usualFaults;

export const faultNames: readonly FaultName[] = Object.keys(usualFaults) as FaultName[];

const calls = ['failingCall', 'lostOutcome', 'hangingCall'] as const;

/** What becomes of a call of the outside. */
export type Fate = (typeof calls)[number];

/** A call of the outside that goes wrong: the call of that number, counted over the whole run. */
export interface CallFault {
  readonly kind: Fate;
  readonly at: number;
}

/** How it is ended when all was looked at; then it is started again. */
export interface End {
  readonly kind: 'end';
  readonly by: 'power' | 'stop';
}

export type Mishap = Fault | CallFault | End;

/** What goes wrong in a run. The rest follows from the seed: the order of messages, how long things take. */
export interface Plan {
  readonly seed: number;
  /** Those of the machine in the order of their steps. */
  readonly mishaps: readonly Mishap[];
  /** Before which step it is not over. */
  readonly calmAt: number;
}

/** What is known of a run in which nothing goes wrong, and what may go wrong in others. */
export interface Extent {
  readonly steps: number;
  readonly calls: number;
  readonly weights: Readonly<Record<FaultName, number>>;
  /** The most faults in a run. */
  readonly most: number;
}

/** The seed of the run in which nothing goes wrong. */
export const CALM_SEED = 0;

/** The plan of a seed. */
export function planOfSeed(seed: number, { steps, calls: called, weights, most }: Extent): Plan {
  const random = new Random(seed ^ 0x6b8b_4567);
  const any = <T>(...choices: readonly T[]): T => choices[random.below(choices.length)] as T;
  // UF1.
  const possible = faultNames.filter((name) => weights[name] > 0 && (called > 0 || !isFate(name)));
  const drawn = possible.filter(() => random.below(2) > 0);
  const names = drawn.length > 0 ? drawn : possible;
  const total = names.reduce((sum, name) => sum + weights[name], 0);
  const lastStep = Math.ceil(steps * 1.25);
  const mishaps: Mishap[] = [];
  const taken = new Set<number>();
  for (let left = names.length === 0 ? 0 : 1 + random.below(most); left > 0; left--) {
    let at = random.below(total);
    const name = names.find((each) => (at -= weights[each]) < 0) as FaultName;
    if (!isFate(name)) mishaps.push(machineFault(name, 1 + random.below(lastStep), random));
    else {
      const number = 1 + random.below(Math.ceil(called * 1.5));
      if (!taken.has(number)) mishaps.push({ kind: name, at: number });
      taken.add(number);
    }
  }
  if (weights.power > 0 && any(true, false)) mishaps.push({ kind: 'end', by: 'power' });
  else if (weights.stop > 0 && any(true, false)) mishaps.push({ kind: 'end', by: 'stop' });
  return { seed, mishaps: inOrder(mishaps), calmAt: taken.size > 0 ? calmAfter(lastStep) : 0 };
}

/** Late enough for all that goes wrong by then; in hundreds, so that a step more or less makes no other plan. */
export function calmAfter(steps: number): number {
  return Math.ceil(steps / 100) * 100;
}

function machineFault(name: Exclude<FaultName, Fate>, at: number, random: Random): Fault {
  switch (name) {
    case 'kill':
    case 'power':
      return fault('crash', at, name === 'power' ? 100 : 0, random);
    case 'stop':
    case 'freeze':
      return fault(name, at, 0, random);
    case 'failingDisk':
      return fault('fail', at, 0, random);
    case 'fullDisk':
      return fault('full', at, 0, random);
    case 'slowDisk':
      return fault('slow', at, 0, random);
    case 'clock':
      return fault('jump', at, 0, random);
  }
}

/** A plan with nothing but these. */
export function planWith(seed: number, mishaps: readonly Mishap[], calmAt = 0): Plan {
  return { seed, mishaps: inOrder(mishaps), calmAt };
}

function inOrder(mishaps: readonly Mishap[]): readonly Mishap[] {
  const rank = (mishap: Mishap): number => (mishap.kind === 'end' ? 2 : isFate(mishap.kind) ? 1 : 0);
  const at = (mishap: Mishap): number => (mishap.kind === 'end' ? 0 : mishap.at);
  return mishaps.toSorted((a, b) => rank(a) - rank(b) || at(a) - at(b));
}

/** The same for the machine. */
export function machinePlan({ seed, mishaps, calmAt }: Plan): FaultPlan {
  return { seed, setting: settingOf(seed), faults: faultsOf(mishaps), calmAt, ends: endsOf(mishaps) };
}

export function faultsOf(mishaps: readonly Mishap[]): readonly Fault[] {
  return mishaps.filter((mishap): mishap is Fault => mishap.kind !== 'end' && !isFate(mishap.kind));
}

/** What becomes of which call. */
export function fatesOf(mishaps: readonly Mishap[]): ReadonlyMap<number, Fate> {
  const fates = new Map<number, Fate>();
  for (const { kind, ...rest } of mishaps) if (isFate(kind) && 'at' in rest) fates.set(rest.at, kind);
  return fates;
}

function endsOf(mishaps: readonly Mishap[]): readonly End['by'][] {
  return mishaps.flatMap((mishap) => (mishap.kind === 'end' ? [mishap.by] : []));
}

export function isFate(kind: string): kind is Fate {
  return (calls as readonly string[]).includes(kind);
}

/** How quick the disk is, how often there are commits, and what stays in memory. */
function settingOf(seed: number): Setting {
  const random = new Random(seed ^ 0x327b_23c6);
  const any = <T>(usual: T, ...others: readonly T[]): T =>
    seed === CALM_SEED ? usual : ([usual, ...others][random.below(others.length + 1)] as T);
  return {
    ...planOf(CALM_SEED).setting,
    sectorBytes: 512,
    kernelPercent: any(10, 0, 30),
    slowness: any(0, 0, 2),
    turns: any(1, 1, 3),
    snapshotTurns: 0,
    applyTurns: 0,
    segmentBytes: 40_000,
    preallocateBytes: 0,
    writesPerMark: 64,
    deltas: 3,
    deltaBytes: 2_000,
    epochMs: any(0, 0, 5),
    epochDirty: any(1, 1, 20_000),
    activeCells: any(100_000, 0, 1),
    applyBytes: any(20_000, 1, 500),
    checkpointBytes: any(20_000, 20_000, 1_000),
    burst: any(1, 1, 1, 2, 64),
  };
}
