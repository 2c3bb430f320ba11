/** What a journal says when it cannot go on. */
import { describe, PorticoError } from '../errors.ts';
import { diskCode } from '../host.ts';

/** Who took a journal over, as far as that is known. */
export interface NewerOwner {
  readonly ownerEpoch: number;
  readonly owner: string;
}

export function fenced(where: string, newer: NewerOwner | undefined): PorticoError {
  const who = newer === undefined ? 'somebody else' : `“${newer.owner}” (epoch ${newer.ownerEpoch})`;
  const what = `${who} has taken the journal over`;
  return new PorticoError({
    code: 'journal/fenced',
    where,
    what,
    cure: 'Stop this owner; the other one goes on',
  });
}

export function damaged(where: string, what: string): PorticoError {
  const cure = 'Put the last good copy of this folder back as a whole, and keep the damaged one';
  return new PorticoError({ code: 'journal/damaged', where, what, cure });
}

export function failed(where: string, cause: unknown): PorticoError {
  const what = `the disk failed: ${describe(cause)}`;
  const cure = 'Mend the disk, then open the journal anew: that finds out what was kept';
  return new PorticoError({ code: 'journal/failed', where, what, cure }, { cause });
}

export function full(where: string, cause?: unknown): PorticoError {
  const what = 'there is no room for more records, and nothing was appended';
  return new PorticoError(
    { code: 'journal/full', where, what, cure: 'Make room, then append again' },
    cause === undefined ? {} : { cause },
  );
}

export function closed(where: string, what: string): PorticoError {
  const cure = 'Open a journal once, use it, and close it last';
  return new PorticoError({ code: 'journal/closed', where, what, cure });
}

export function tooLarge(where: string, bytes: number, limit: number): PorticoError {
  const what = `a record of ${bytes} bytes is more than the ${limit} that a record may have`;
  return new PorticoError({ code: 'journal/too-large', where, what, cure: 'Split it, or raise the limit' });
}

export function trimmed(where: string, from: number, first: number): PorticoError {
  const what = `record ${from} was dropped; the oldest that is kept is ${first}`;
  const cure = 'Begin with the oldest, or trim later';
  return new PorticoError({ code: 'journal/trimmed', where, what, cure });
}

export function wrongFormat(where: string, found: number, known: number): PorticoError {
  const what = `its format is ${found}, and this version of Portico knows format ${known}`;
  const cure = 'Run the version of Portico that wrote it';
  return new PorticoError({ code: 'journal/format', where, what, cure });
}

/** What a disk threw, as the journal says it. */
export function refusal(where: string, error: unknown): PorticoError {
  if (error instanceof PorticoError) return error;
  return diskCode(error) === 'ENOSPC' || diskCode(error) === 'EDQUOT'
    ? full(where, error)
    : failed(where, error);
}
