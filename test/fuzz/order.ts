// What a search is told, and what it tells.

export interface Order {
  /** With coverage, and what is new is kept; or without, at full speed. */
  readonly mode: 'covered' | 'blind';
  readonly seed: number;
  /** How many inputs for each target. */
  readonly inputs: Readonly<Record<string, number>>;
  /** The file with what was kept by now, by target; what is kept is written there. */
  readonly corpus: string;
  /** The file into which each input is written before it is tried. */
  readonly trail?: string;
  /** This input and no other. */
  readonly only?: string;
}

export interface FoundInput {
  readonly target: string;
  readonly at: number;
  readonly input: string;
  readonly rule: string;
  readonly alone: boolean;
  readonly stack?: string | undefined;
}

export interface Ended {
  readonly target: string;
  readonly inputs: number;
  readonly taken: number;
  readonly seconds: number;
  readonly signatures: number;
  /** How many inputs were kept by then. */
  readonly kept: number;
}

export type Told =
  | { readonly beat: { readonly target: string; readonly at: number } }
  | { readonly found: FoundInput }
  | { readonly end: Ended };
