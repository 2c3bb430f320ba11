/** Rounds: every contender runs once in each, one after the other, and each round begins with another one. */
import type { Round } from './answer.ts';
import type { Contender, Question, Run } from './question.ts';

/** Runs a contender once, wherever that may be. */
export type Measure = (question: Question, contender: Contender) => Promise<Run>;

export async function runRounds(
  question: Question,
  rounds: number,
  measure: Measure,
  tell: (progress: string) => void,
): Promise<Round[]> {
  const done: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const runs = new Map<string, Run>();
    for (const contender of rotated(question.contenders, round)) {
      tell(`${question.name}, round ${round + 1} of ${rounds}: ${contender.name}`);
      runs.set(contender.name, await measure(question, contender));
    }
    done.push(runs);
  }
  return done;
}

function rotated<T>(all: readonly T[], by: number): T[] {
  const first = all.length === 0 ? 0 : by % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}
