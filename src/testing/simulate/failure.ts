/** What is said when a simulation fails: what went wrong, the least that has to go wrong for it, and how to see it again. */
import { describe } from '../../errors.ts';
import type { Plan } from './faults.ts';
import { inWords, lineOf } from './plan-text.ts';

/** A program did what it must not. `cause` is what was thrown. */
export class SimulationError extends Error {
  override readonly name: string = 'SimulationError';
  /** The seed that found it. */
  readonly seed: number;
  /** What has to go wrong for it, in a line: give it to `simulate` as `plan`, and that alone happens again. */
  readonly plan: string;
  /** What happened, line by line. */
  readonly story: readonly string[];

  /** @internal */
  constructor(message: string, plan: Plan, story: readonly string[], cause: unknown) {
    super(message, { cause });
    this.seed = plan.seed;
    this.plan = lineOf(plan);
    this.story = story;
  }
}

/** @internal A failure, as it is found. */
export interface Failure {
  readonly plan: Plan;
  readonly error: unknown;
  readonly story: readonly string[];
}

/** @internal The error for a failure. `of` are all the faults of the run that failed first, and how many runs it took to know. */
export function failureOf(
  { plan, error, story }: Failure,
  of: { readonly mishaps: number; readonly tries: number },
  isRandom: boolean,
): SimulationError {
  const { mishaps } = plan;
  const line = lineOf(plan);
  const when = !isRandom
    ? mishaps.length === 0
      ? 'when nothing goes wrong'
      : 'with this plan'
    : `with seed ${plan.seed}`;
  const needed =
    mishaps.length === 0
      ? ['Nothing has to go wrong for it: that messages come in this order is enough.']
      : [
          of.mishaps > mishaps.length
            ? `What has to go wrong for it (${mishaps.length} of ${of.mishaps} faults, found in ${of.tries} runs more):`
            : 'What has to go wrong for it:',
          ...mishaps.map((mishap) => `  ${inWords(mishap)}`),
        ];
  const hidden = Math.max(0, story.length - MOST_LINES);
  const again = isRandom ? `, or all of the seed with { seed: ${plan.seed} }` : '';
  return new SimulationError(
    [
      `The program fails ${when}: ${describe(error)}`,
      ...(isRandom || mishaps.length > 0 ? needed : []),
      hidden > 0 ? `What happened, after ${hidden} lines before that:` : 'What happened:',
      ...story.slice(hidden).map((each) => `  ${each}`),
      `Run it again with { plan: '${line}' }${again}`,
    ].join('\n'),
    plan,
    story,
    error,
  );
}

/** A story is as long as one reads. */
const MOST_LINES = 40;
