/** The answer to a question: the figures of all rounds, their medians and spread, and whether the goals were met. */
import type { Goal, Load, Metric, Question } from './question.ts';
import { UNDISTURBED, type Round } from './rounds.ts';
import { summarize, type Summary } from './statistics.ts';

export interface Answer {
  readonly question: string;
  readonly asks: string;
  readonly method: string;
  readonly load: Load;
  readonly rounds: number;
  /** How many runs there were, and how many of them had to share their core with someone else. */
  readonly runs: number;
  readonly disturbed: number;
  readonly conditions: Conditions;
  readonly figures: readonly Figure[];
  readonly goals: readonly Verdict[];
}

/** Where the figures come from, as far as it matters to who compares them. */
export interface Conditions {
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  /** What was measured. Ends with `+` if there were changes beside it; missing if nobody knows. */
  readonly commit?: string;
}

export interface Figure extends Metric, Summary {
  readonly contender: string;
  /** One for each round. */
  readonly values: readonly number[];
  /** The plain JavaScript of the same round, and the ratio to it. */
  readonly reference?: string;
  readonly timesReference?: Summary;
}

/** What came of a goal. */
export interface Verdict {
  readonly says: string;
  readonly value: number;
  readonly met: boolean;
}

export function answerOf(
  question: Question,
  quick: boolean,
  rounds: readonly Round[],
  conditions: Conditions,
): Answer {
  const { name, asks, method } = question;
  const figures = question.contenders.flatMap((contender) =>
    question.metrics.flatMap((metric): Figure[] => {
      const values = valuesOf(rounds, contender.name, metric.name);
      if (values.length === 0) return [];
      const figure = { contender: contender.name, ...metric, ...summarize(values), values };
      const reference = contender.reference ?? question.reference;
      const related = contender.name !== reference && metric.absolute !== true;
      const ratios = related ? ratiosOf(rounds, metric.name, contender.name, reference) : [];
      return [ratios.length === 0 ? figure : { ...figure, reference, timesReference: summarize(ratios) }];
    }),
  );
  const load = quick ? question.loads.quick : question.loads.full;
  // Figures of small loads are held to nothing.
  const goals = (quick ? [] : question.goals).flatMap((goal) => verdictOn(goal, question, rounds));
  const runs = rounds.flatMap((round) => [...round.values()]);
  const disturbed = runs.filter(({ share }) => share < UNDISTURBED).length;
  return {
    question: name,
    asks,
    method,
    load,
    rounds: rounds.length,
    runs: runs.length,
    disturbed,
    conditions,
    figures,
    goals,
  };
}

/** The goal in words. */
export function goalInWords(goal: Goal, { metrics }: Question): string {
  const unit = metrics.find(({ name }) => name === goal.metric)?.unit ?? '';
  const bound = 'atLeast' in goal ? `at least ${grouped(goal.atLeast)}` : `at most ${grouped(goal.atMost)}`;
  const of = goal.timesThatOf === undefined ? ` ${unit}` : ` times that of ${goal.timesThatOf}`;
  return `${goal.contender}: ${goal.metric} ${bound}${of}`;
}

/** Nothing if there are no figures to judge. */
function verdictOn(goal: Goal, question: Question, rounds: readonly Round[]): Verdict[] {
  const { contender, metric, timesThatOf } = goal;
  const values =
    timesThatOf === undefined
      ? valuesOf(rounds, contender, metric)
      : ratiosOf(rounds, metric, contender, timesThatOf);
  if (values.length === 0) return [];
  const value = summarize(values).median;
  const met = 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost;
  return [{ says: goalInWords(goal, question), value, met }];
}

function valuesOf(rounds: readonly Round[], contender: string, metric: string): number[] {
  return rounds.flatMap((round) => round.get(contender)?.figures[metric] ?? []);
}

/** The ratio within each round: what slows the machine down for a while slows down both. */
function ratiosOf(rounds: readonly Round[], metric: string, contender: string, other: string): number[] {
  return rounds.flatMap((round) => {
    const own = round.get(contender)?.figures[metric];
    const reference = round.get(other)?.figures[metric];
    return own === undefined || reference === undefined || reference === 0 ? [] : own / reference;
  });
}

function grouped(n: number): string {
  return n.toLocaleString('en');
}
