/** All questions, in the order in which they are asked. */
import { bankQuestion } from './actors/bank.ts';
import { bigQuestion } from './actors/big.ts';
import { chameneosQuestion } from './actors/chameneos.ts';
import { churnQuestion } from './actors/churn.ts';
import { countingQuestion } from './actors/counting.ts';
import { createQuestion } from './actors/create.ts';
import { dictionaryQuestion } from './actors/dictionary.ts';
import { fibQuestion } from './actors/fib.ts';
import { idleQuestion } from './actors/idle.ts';
import { philosophersQuestion } from './actors/philosophers.ts';
import { pingPongQuestion } from './actors/ping-pong.ts';
import { threadRingQuestion } from './actors/thread-ring.ts';
import { asksQuestion } from './asks.ts';
import { atomSizeQuestion } from './atom-size.ts';
import { chainQuestion } from './chain.ts';
import { cycleQuestion } from './cycle.ts';
import { durableCommits } from './durable/commits.ts';
import { durableCounters } from './durable/counters.ts';
import {
  durableBig,
  durableCounting,
  durableCreate,
  durableFib,
  durablePingPong,
  durableThreadRing,
} from './durable/programs.ts';
import { forkJoinQuestion } from './fork-join.ts';
import { durableRequests } from './durable/requests.ts';
import { durableRestart } from './durable/restart.ts';
import { durableWeek } from './durable/week.ts';
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
  // Actors.
  pingPongQuestion,
  threadRingQuestion,
  countingQuestion,
  fibQuestion,
  createQuestion,
  bigQuestion,
  chameneosQuestion,
  philosophersQuestion,
  bankQuestion,
  dictionaryQuestion,
  idleQuestion,
  churnQuestion,
  // Durable.
  durablePingPong,
  durableThreadRing,
  durableCounting,
  durableBig,
  durableFib,
  durableCreate,
  durableCounters,
  durableRequests,
  durableRestart,
  durableWeek,
  durableCommits,
];
