/**
 * The contract of a state: what is true now, as rows of bytes under a table and a key. It is materialised from a journal,
 * behind it and at leisure, and never holds what the journal does not. Four things are promised, and
 * `src/testing/contracts` holds every implementation to them:
 *
 * S1. Whole: after any crash it opens at the position of one `apply`, with the rows of exactly those up to there. What the
 *     journal holds beyond that position is to be applied again.
 * S2. Kept: that position is never below the one that the last `checkpoint` returned.
 * S3. Exact: any text is a table or a key, and no two of them are taken for each other.
 * S4. Loud: bytes that are not those that were applied are found, and never served.
 *
 * A state is no fence: it trusts that only the owner of its journal applies anything to it. What an earlier owner still
 * does to it afterwards can make that one fail, never this one wrong.
 */

/** One row that changed. */
export interface Row {
  readonly table: string;
  readonly key: string;
  /** Undefined deletes. */
  readonly value: Uint8Array | undefined;
}

export interface State {
  /** Opens it, once and before anything else; the position it is at, 0 if it is new. */
  open(): Promise<number>;
  /**
   * What a row holds. Synchronous: a turn cannot wait. The bytes are not to be written to, and remain as they are
   * whatever is applied later.
   */
  read(table: string, key: string): Uint8Array | undefined;
  /** All rows of a table in the order of their keys, by code units; as they are when the first is asked for. */
  scan(table: string): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  /** The tables that have rows, in order. */
  tables(): Promise<readonly string[]>;
  /**
   * Applies the rows of the records up to a position, which is beyond the last one; of several rows with the same key the
   * last counts. The bytes can be reused when it resolves, and `read` sees the rows then. Several may be in flight.
   */
  apply(rows: readonly Row[], position: number): Promise<void>;
  /**
   * Makes durable at least what was applied before the call; returns the position that is durable then, up to which the
   * journal may be trimmed. Others may read and apply meanwhile.
   */
  checkpoint(): Promise<number>;
  /** Waits for what is in flight. What was applied since the last checkpoint may be lost. */
  close(): Promise<void>;
}
