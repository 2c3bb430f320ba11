/**
 * What is to go wrong in one run of a simulation: data that is made from a seed, can be printed, and can be made smaller.
 *
 * FP1. A fault has the number of the step at which it comes, so that leaving one out moves none of the others.
 * FP2. Each run has a mixture of its own: some kinds of faults often, others not at all.
 */
import { Random } from '../../engine/random.ts';
import type { DiskOperation } from '../simulated-disk.ts';

/** Something that goes wrong. A step is one callback of the platform or one operation of the disk. */
export type Fault =
  /** The process is killed, or the power fails: at an operation of the disk this is not done, half done or done. */
  | {
      readonly kind: 'crash';
      readonly at: number;
      readonly power: boolean;
      readonly done: 'not' | 'half' | 'whole';
    }
  /** The process is asked to stop, and started again. */
  | { readonly kind: 'stop'; readonly at: number }
  /** The process stands still for so many steps. Meanwhile another one takes over; then the old one goes on. */
  | { readonly kind: 'freeze'; readonly at: number; readonly steps: number }
  /** The next such operation fails. */
  | {
      readonly kind: 'fail';
      readonly at: number;
      readonly operation: DiskOperation;
      readonly code: 'EIO' | 'ENOSPC';
    }
  /** For so many steps there is room for so many bytes more. */
  | { readonly kind: 'full'; readonly at: number; readonly steps: number; readonly roomBytes: number }
  /** For so many steps each operation of the disk takes so many milliseconds. */
  | { readonly kind: 'slow'; readonly at: number; readonly steps: number; readonly ms: number }
  /** The clock on the wall jumps, forwards or backwards. */
  | { readonly kind: 'jump'; readonly at: number; readonly ms: number };

export type FaultKind = Fault['kind'];

/** How the machine and the product are set up in a run. */
export interface Setting {
  readonly sectorBytes: number;
  readonly kernelPercent: number;
  readonly slowness: number;
  /** The most turns of the platform that an operation of the disk takes. */
  readonly turns: number;
  /** How many turns more it takes on a file that is not of the journal: a checkpoint is slower than a commit. */
  readonly snapshotTurns: number;
  /** The most turns until the state has what it is given: a database takes its time. */
  readonly applyTurns: number;
  readonly segmentBytes: number;
  readonly preallocateBytes: number;
  readonly writesPerMark: number;
  readonly deltas: number;
  readonly deltaBytes: number;
  readonly epochMs: number;
  readonly epochDirty: number;
  readonly activeCells: number;
  readonly applyBytes: number;
  readonly checkpointBytes: number;
  /** How many steps the engine makes in one go, at most: the smaller, the more often something else comes in between. */
  readonly burst: number;
  /** Of a hundred calls of what is outside, how many are refused, how many are done and fail nevertheless, and how many do not end. */
  readonly outside: { readonly refuse: number; readonly fail: number; readonly hang: number };
}

/**
 * What becomes of the medium when nothing runs: a bit flips, a sector is full of zeros, holds what belongs elsewhere, or what was
 * there before. Which file and where are given as shares.
 */
export interface Damage {
  readonly kind: 'bit' | 'zeros' | 'misdirected' | 'stale';
  readonly file: number;
  readonly at: number;
  readonly bit: number;
}

export interface FaultPlan {
  readonly seed: number;
  readonly setting: Setting;
  /** Before which step it is not calm, though all faults have come. 0 if not given. */
  readonly calmAt?: number;
  /** How it is ended when all was looked at, to be looked at again: by a loss of power and then in good order if not given. */
  readonly ends?: readonly ('power' | 'stop')[];
  /** In the order of their steps. */
  readonly faults: readonly Fault[];
  /** What happens to the medium in the end; nothing if it is not given. */
  readonly rot?: Damage | undefined;
}

/** How many times as much goes wrong in a storm. */
const STORM = 6;

/** The plan of a seed. */
export function planOf(seed: number, most = 48): FaultPlan {
  const random = new Random(seed ^ 0x51f1_57a1);
  const any = <T>(...choices: readonly T[]): T => choices[random.below(choices.length)] as T;
  const setting: Setting = {
    sectorBytes: any(64, 512, 512, 4096),
    kernelPercent: any(0, 10, 30),
    slowness: any(0, 1, 3),
    turns: any(1, 1, 2, 5),
    snapshotTurns: any(0, 0, 4, 20),
    applyTurns: any(0, 0, 4, 20),
    segmentBytes: 8192 + any(300, 300, 1_000, 20_000),
    preallocateBytes: any(0, 500, 3_000),
    writesPerMark: any(1, 2, 8, 64),
    deltas: any(0, 1, 3, 64),
    deltaBytes: any(0, 2_000, 100_000),
    epochMs: any(0, 0, 0, 5),
    epochDirty: any(1, 20_000),
    activeCells: any(0, 1, 4, 100_000),
    applyBytes: any(1, 500, 3_000, 20_000),
    checkpointBytes: any(1, 1, 2_000, 20_000),
    burst: any(1, 1, 1, 2, 64),
    outside: { refuse: any(0, 10, 40), fail: any(0, 10, 40), hang: any(0, 0, 10) },
  };
  // In a storm it crashes again and again: in recoveries, and in recoveries from those.
  const isStorm = random.below(4) === 0;
  const weights: readonly (readonly [FaultKind, number])[] = [
    ['crash', isStorm ? 60 : any(4, 10, 20)],
    ['stop', any(0, 0, 2, 5)],
    ['freeze', any(0, 2, 8)],
    ['fail', any(0, 2, 8)],
    ['full', any(0, 0, 5)],
    ['slow', any(0, 2)],
    ['jump', any(0, 0, 2)],
  ];
  const powers = any(0, 50, 50, 100);
  // Recovery is short, and where it is crashed matters most.
  const pace = isStorm ? any(6, 15, 30, 60) : any(15, 40, 100, 300);
  const faults: Fault[] = [];
  let at = 0;
  for (let left = 1 + random.below(isStorm ? STORM * most : most); left > 0; left--) {
    at += 1 + random.below(random.below(3) === 0 ? 30 : pace);
    faults.push(fault(kindBy(weights, random), at, powers, random));
  }
  const share = (): number => random.below(1_000_000) / 1_000_000;
  const kind = any<Damage['kind']>('bit', 'bit', 'zeros', 'misdirected', 'stale');
  const rot = random.below(3) > 0 ? undefined : { kind, file: share(), at: share(), bit: random.below(8) };
  return { seed, setting, faults, ...(rot && { rot }) };
}

function kindBy(weights: readonly (readonly [FaultKind, number])[], random: Random): FaultKind {
  let left = random.below(weights.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [kind, weight] of weights) if ((left -= weight) < 0) return kind;
  return 'crash';
}

/** @internal A fault of a kind; of a hundred crashes so many are losses of power. */
export function fault(kind: FaultKind, at: number, powers: number, random: Random): Fault {
  const any = <T>(...choices: readonly T[]): T => choices[random.below(choices.length)] as T;
  switch (kind) {
    case 'crash':
      return { kind, at, power: random.below(100) < powers, done: any('not', 'half', 'whole') };
    case 'stop':
      return { kind, at };
    case 'freeze':
      return { kind, at, steps: 1 + random.below(any(20, 80, 300)) };
    case 'fail': {
      const operation = any<DiskOperation>('sync', 'sync', 'write', 'write', 'read', 'syncNames', 'rename');
      return { kind, at, operation, code: operation === 'write' ? any('EIO', 'ENOSPC') : 'EIO' };
    }
    case 'full':
      return { kind, at, steps: 1 + random.below(150), roomBytes: random.below(3_000) };
    case 'slow':
      return { kind, at, steps: 1 + random.below(100), ms: any(1, 10, 300) };
    case 'jump':
      return { kind, at, ms: any(-10_000, -20, 20, 5_000, 600_000) };
  }
}

/** A plan in words, one line a fault. */
export function printedPlan({ seed, setting, faults, rot }: FaultPlan): string {
  const lines = faults.map(({ kind, at, ...rest }) => `  at step ${at}: ${kind} ${JSON.stringify(rest)}`);
  if (rot !== undefined) lines.push(`  in the end: ${JSON.stringify(rot)}`);
  return [`seed ${seed}`, `  setting ${JSON.stringify(setting)}`, ...lines].join('\n');
}

/**
 * The smallest part of a plan that still fails: without any of its faults, it does not.
 *
 * @param fails Whether a plan fails.
 */
export async function shrunkPlan(
  plan: FaultPlan,
  fails: (plan: FaultPlan) => Promise<boolean>,
): Promise<FaultPlan> {
  const faults = await fewest(plan.faults, (fewer) => fails({ ...plan, faults: fewer }));
  const withoutRot = { ...plan, faults, rot: undefined };
  return plan.rot !== undefined && (await fails(withoutRot)) ? withoutRot : { ...plan, faults };
}

/** As few of a list as still fail: without any of them, they do not. */
export async function fewest<T>(
  all: readonly T[],
  fails: (some: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let left = all;
  for (let size = Math.ceil(left.length / 2); size >= 1;) {
    let isSmaller = false;
    // From the end: a failure that needs fewer of them comes earlier.
    for (let from = left.length - size; from > -size; from -= size) {
      const fewer = left.filter((_, at) => at < from || at >= from + size);
      if (fewer.length === left.length || !(await fails(fewer))) continue;
      left = fewer;
      isSmaller = true;
    }
    if (size === 1 && !isSmaller) break;
    if (!isSmaller) size = Math.floor(size / 2);
    else size = Math.min(size, Math.ceil(left.length / 2)) || 0;
  }
  return left;
}
