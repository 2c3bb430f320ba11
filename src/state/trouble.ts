/** What states say when something is wrong. */
import { describe, PorticoError } from '../errors.ts';

/** It was used before it was opened, or after it was closed. */
export function notOpen(where: string): PorticoError {
  return new PorticoError({
    code: 'state/closed',
    where,
    what: 'the state is not open',
    cure: 'Open it first, once, and do not use it after it was closed',
  });
}

/** Something in it is not what was written. */
export function damaged(where: string, what: string, cause?: unknown): PorticoError {
  const cure =
    'Bring the file back from a copy, or move the state away: a journal that was never trimmed makes it again';
  return new PorticoError({ code: 'state/damaged', where, what, cure }, cause === undefined ? {} : { cause });
}

/** It was written by a program that knows more than this one. */
export function tooNew(where: string, version: number, known: number): PorticoError {
  return new PorticoError({
    code: 'state/damaged',
    where,
    what: `it is of format ${version}, and this version of Portico reads formats up to ${known}`,
    cure: 'Run the version of Portico that wrote it, or a newer one',
  });
}

/** What it is on failed. Nobody knows what was written, so it does nothing any more. */
export function failed(where: string, cause: unknown): PorticoError {
  return new PorticoError(
    {
      code: 'state/failed',
      where,
      what: `the state failed: ${describe(cause)}`,
      cure: 'Start again when what it is on works: the journal has what is missing',
    },
    { cause },
  );
}

/** Somebody else opened it, so it does nothing any more. */
export function takenOver(where: string): PorticoError {
  return new PorticoError({
    code: 'state/failed',
    where,
    what: 'somebody else has opened the state since',
    cure: 'Let one system have it at a time',
  });
}

/** There was no room for what was to be written. All that was applied is still there. */
export function full(where: string, cause: unknown): PorticoError {
  return new PorticoError(
    {
      code: 'state/full',
      where,
      what: `there is no room left: ${describe(cause)}`,
      cure: 'Make room and try again; nothing is lost',
    },
    { cause },
  );
}
