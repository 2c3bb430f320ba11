// What is fuzzed: something that takes bytes or text from outside, with what must hold whatever these are.
import { PorticoError } from '../../src/errors.ts';

/** Whether an input was taken for something, or refused as it should be. */
export type Verdict = 'taken' | 'refused';

export interface Target {
  readonly name: string;
  /** Inputs to begin with. */
  readonly first: readonly Uint8Array[];
  /** Pieces that mean something to it. */
  readonly words?: readonly Uint8Array[];
  /** The longest input. 512 bytes if not given. */
  readonly most?: number;
  /** Throws if anything is not as it must be. */
  run(input: Uint8Array): Verdict | Promise<Verdict>;
  /** How many bytes of buffers may be asked for by an input of so many. */
  readonly room: (length: number) => number;
}

/** What must hold does not. Everything else that a target throws is as wrong. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

export function must(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Broken(rule);
}

/** That something was refused as Portico refuses: by an error of ours with one of these codes. */
export function refusedWith(error: unknown, ...starts: readonly string[]): Verdict {
  if (error instanceof PorticoError && starts.some((start) => error.code.startsWith(start))) return 'refused';
  throw error;
}

export function bytesOfText(text: string): Uint8Array {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0) & 0xff);
}
