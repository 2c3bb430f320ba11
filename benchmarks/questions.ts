/** All questions, in the order in which they are asked. */
import { asksQuestion } from './asks.ts';
import { atomSizeQuestion } from './atom-size.ts';
import { chainQuestion } from './chain.ts';
import { cycleQuestion } from './cycle.ts';
import { forkJoinQuestion } from './fork-join.ts';
import type { Question } from './harness/question.ts';
import { neighboursQuestion } from './neighbours.ts';
import { nexmarkQuestion } from './nexmark.ts';
import { pipelineQuestion } from './pipeline.ts';
import { ringQuestion } from './ring.ts';
import { stateQuestion } from './state.ts';

export const questions: readonly Question[] = [
  cycleQuestion,
  pipelineQuestion,
  neighboursQuestion,
  asksQuestion,
  stateQuestion,
  ringQuestion,
  forkJoinQuestion,
  chainQuestion,
  atomSizeQuestion,
  nexmarkQuestion,
];
