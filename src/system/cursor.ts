/**
 * Cursors as text, for those who keep them outside: which atom of which stream comes next, and how many of its events were
 * read. To others that means nothing.
 */
import { PorticoError, type ErrorCode } from '../errors.ts';
import type { AtomicStream } from '../engine/stream.ts';
import type { Place } from '../engine/tap.ts';
import { inWords } from '../graph/arguments.ts';

export function cursorText(stream: AtomicStream, atom: number, index: number): string {
  return `${atom}.${index}@${stream.path}`;
}

/** The place of a cursor in a stream that is retained. */
export function placeOf(stream: AtomicStream, cursor: unknown): Place {
  const { path, first, next } = stream;
  const parts = typeof cursor === 'string' ? /^(\d+)\.(\d+)@(.+)$/.exec(cursor) : null;
  if (parts === null)
    throw wrong(
      'system/bad-argument',
      path,
      `${inWords(cursor)} is no cursor`,
      'Give it one that came with a value',
    );
  const [atom, index] = [Number(parts[1]), Number(parts[2])];
  if (parts[3] !== path)
    throw wrong('system/bad-argument', path, `the cursor is of ${parts[3]}`, 'Keep a cursor for each stream');
  if (atom < first) {
    const what = `the cursor is at atom ${atom}, and what comes before atom ${first} was forgotten`;
    throw wrong(
      'cursor/behind',
      path,
      what,
      'Begin anew without a cursor, or forget only what all have read',
    );
  }
  // Whoever has read something of an atom has left something of it.
  if (atom > next || (index > 0 && index >= (stream.at(atom)?.n ?? 0))) {
    const what = `the cursor is at atom ${atom}, and the stream ends before atom ${next}`;
    const cure = 'The store is older than the cursor: restore a newer copy, or begin anew without a cursor';
    throw wrong('cursor/ahead', path, what, cure);
  }
  return { atom, index };
}

function wrong(code: ErrorCode, where: string, what: string, cure: string): PorticoError {
  return new PorticoError({ code, where, what, cure });
}
