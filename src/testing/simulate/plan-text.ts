/**
 * A plan as it is said: in one line, to be handed on and run again, and in words.
 *
 * PT1. A plan and its line are the same: each can be made of the other.
 */
import { PorticoError } from '../../errors.ts';
import { isFate, planWith, type Mishap, type Plan } from './faults.ts';

/** PT1. A plan in a line: its seed, and what goes wrong. */
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

/** PT1. */
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
