/**
 * What goes wrong in one run of a program: a plan that follows from a seed, and that can be said in a line and in words.
 *
 * UF1. A plan and its line are the same: each can be made of the other.
 * UF2. Each run has a mixture of its own: some kinds of faults often, others not at all.
 * UF3. Faults of the machine come at a step, those of a call at the call of that number: leaving one out moves no other.
 */
import { Random } from '../../engine/random.ts';
import { PorticoError } from '../../errors.ts';
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
  // UF2.
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

function isFate(kind: string): kind is Fate {
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

/** UF1. A plan in a line: its seed, and what goes wrong. */
export function lineOf({ seed, mishaps, calmAt }: Plan): string {
  const calm = calmAt > 0 ? [`calm@${calmAt}`] : [];
  return [seed, ...mishaps.map(tokenOf), ...calm].join(' ');
}

function tokenOf(mishap: Mishap): string {
  switch (mishap.kind) {
    case 'crash':
      return `${mishap.power ? 'power' : 'kill'}@${mishap.at}:${mishap.done}`;
    case 'freeze':
      return `freeze@${mishap.at}:${mishap.steps}`;
    case 'fail':
      return `failingDisk@${mishap.at}:${mishap.operation}:${mishap.code}`;
    case 'full':
      return `fullDisk@${mishap.at}:${mishap.steps}:${mishap.roomBytes}`;
    case 'slow':
      return `slowDisk@${mishap.at}:${mishap.steps}:${mishap.ms}`;
    case 'jump':
      return `clock@${mishap.at}:${mishap.ms}`;
    case 'end':
      return `end@${mishap.by}`;
    case 'stop':
    case 'failingCall':
    case 'lostOutcome':
    case 'hangingCall':
      return `${mishap.kind}@${mishap.at}`;
  }
}

/** UF1. */
export function planOfLine(line: string): Plan {
  const [first = '', ...tokens] = line.trim().split(/\s+/);
  const seed = Number(first);
  if (first === '' || !Number.isInteger(seed)) throw noPlan(`“${line}” does not begin with a seed`);
  const mishaps: Mishap[] = [];
  let calmAt = 0;
  for (const token of tokens) {
    const calm = /^calm@(\d+)$/.exec(token);
    if (calm !== null) calmAt = Number(calm[1]);
    else mishaps.push(mishapOf(token));
  }
  return planWith(seed, mishaps, calmAt);
}

function mishapOf(token: string): Mishap {
  const [, kind = '', first = '', ...rest] =
    /^([a-zA-Z]+)@([^:]+)(?::([^:]+))?(?::([^:]+))?$/.exec(token) ?? [];
  const at = Number(first);
  const [second = '', third = ''] = rest;
  const made = ((): Mishap | undefined => {
    switch (kind) {
      case 'kill':
      case 'power':
        return { kind: 'crash', at, power: kind === 'power', done: second as 'not' };
      case 'stop':
        return { kind, at };
      case 'freeze':
        return { kind, at, steps: Number(second) };
      case 'failingDisk':
        return { kind: 'fail', at, operation: second as 'sync', code: third as 'EIO' };
      case 'fullDisk':
        return { kind: 'full', at, steps: Number(second), roomBytes: Number(third) };
      case 'slowDisk':
        return { kind: 'slow', at, steps: Number(second), ms: Number(third) };
      case 'clock':
        return { kind: 'jump', at, ms: Number(second) };
      case 'end':
        return { kind, by: first as 'power' };
      default:
        return isFate(kind) ? { kind, at } : undefined;
    }
  })();
  // What cannot be read would come out otherwise.
  if (made !== undefined && tokenOf(made) === token && !token.includes('NaN')) return made;
  throw noPlan(`“${token}” says nothing that can go wrong`);
}

function noPlan(what: string): PorticoError {
  const cure = 'Give the plan as it was printed when a seed failed';
  return new PorticoError({ code: 'system/bad-argument', where: 'simulate', what, cure });
}

/** What goes wrong, in words. */
export function inWords(mishap: Mishap): string {
  return mishap.kind === 'end'
    ? `in the end: ${what(mishap)}`
    : `${isFate(mishap.kind) ? 'call' : 'step'} ${mishap.at}: ${what(mishap)}`;
}

/** The same, without when. */
export function what(mishap: Mishap): string {
  switch (mishap.kind) {
    case 'crash':
      return mishap.power ? 'the power fails' : 'the process is killed';
    case 'stop':
      return 'the process is asked to stop, and started again';
    case 'freeze':
      return `the process stands still for ${mishap.steps} steps, and another one takes over`;
    case 'fail':
      return `the next ${mishap.operation} of the disk fails with ${mishap.code}`;
    case 'full':
      return `for ${mishap.steps} steps there is room for no more than ${mishap.roomBytes} bytes on the disk`;
    case 'slow':
      return `for ${mishap.steps} steps each operation of the disk takes ${mishap.ms} ms`;
    case 'jump':
      return `the clock jumps ${mishap.ms < 0 ? 'back' : 'forward'} by ${Math.abs(mishap.ms)} ms`;
    case 'failingCall':
      return 'fails, and nothing was done';
    case 'lostOutcome':
      return 'is carried out, and its outcome is lost';
    case 'hangingCall':
      return 'is carried out, and nothing comes back';
    case 'end':
      return mishap.by === 'power'
        ? 'the power fails, and it is started again'
        : 'it is stopped in good order, and started again';
  }
}
