/**
 * The contract of a journal: records in the order in which they became durable, with one owner at a time. A record is
 * bytes; what they mean is none of the journal's business. Two things are promised, and `src/testing/contracts` holds
 * every implementation to them:
 *
 * J1. What is acknowledged is kept: after any crash the records are a prefix of what was appended, and what was
 *     acknowledged is a prefix of that.
 * J2. There is one owner. Whoever opens a journal fences the one who had it before: nothing that one appends is
 *     acknowledged any more, nor read by anybody.
 */

/** One record. */
export interface JournalRecord {
  /** Its number. The first of a journal has number 1, and none is left out. */
  readonly seq: number;
  /** Who appended it; grows with each takeover. */
  readonly ownerEpoch: number;
  readonly body: Uint8Array;
}

/** What there was when a journal was taken over. */
export interface Opening {
  readonly ownerEpoch: number;
  /** The oldest record kept; `next` if there is none. */
  readonly first: number;
  /** What the next record will be. */
  readonly next: number;
}

/** A journal, taken over once by `open` and then owned until somebody else does. */
export interface Journal {
  /** Takes the journal over: whoever owned it is fenced from now on. To be called once, before anything else. */
  open(owner: string): Promise<Opening>;
  /**
   * Appends; resolves with its number when it is durable. Several may be in flight: they become durable in order, or
   * from one on none does. The body is not to be changed until then.
   */
  append(body: Uint8Array): Promise<number>;
  /** The records from one on, in order, each checked, up to the last that is durable when it gets there. */
  read(from: number): AsyncIterable<JournalRecord>;
  /** Rejects if somebody has taken the journal over: for an owner that has nothing to append. */
  check(): Promise<void>;
  /** Records below may be dropped, at leisure. */
  trim(below: number): Promise<void>;
  /** Waits for what is in flight. */
  close(): Promise<void>;
}
