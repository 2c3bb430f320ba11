/** `npm run bench`: asks the questions and shows the answers. The npm script builds `dist/` first, which is measured. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { answerOf, type Answer, type Conditions } from './harness/answer.ts';
import { forkedMeasure } from './harness/forked.ts';
import { presentOf } from './harness/question.ts';
import { orderOf, USAGE, type Order } from './harness/order.ts';
import { answerInText } from './harness/report.ts';
import { keep } from './harness/results.ts';
import { runRounds, undisturbed } from './harness/rounds.ts';
import { peerQuestions } from './peers/questions.ts';
import { questions } from './questions.ts';

const all = [...questions, ...peerQuestions];

async function run({ names, rounds, quick, json, save }: Order): Promise<void> {
  // Small loads do nothing but start, and their figures mean nothing anyway.
  const measure = quick ? forkedMeasure(true) : undisturbed(forkedMeasure(false));
  const conditions = conditionsNow();
  const answers: Answer[] = [];
  for (const asked of all.filter(({ name }) => names.includes(name))) {
    const { present: question, missing } = presentOf(asked);
    for (const why of missing) console.error(`${question.name} runs without ${why}`);
    const done = await runRounds(question, rounds, measure, tell);
    const answer = answerOf(question, quick, done, conditions);
    answers.push(answer);
    // One question at a time, so that there is something to read while the next one runs.
    if (!json) console.log(`${answerInText(answer)}\n`);
    if (save) keep([answer], all);
  }
  if (json) console.log(JSON.stringify(answers, undefined, 2));
}

/** Progress, for someone who watches; not part of the output. */
function tell(progress: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[2K${progress}\r`);
}

function conditionsNow(): Conditions {
  const commit = commitNow();
  return {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    ...(commit !== undefined && { commit }),
  };
}

/** Nothing if this is no repository. */
function commitNow(): string | undefined {
  const git = (...args: string[]): string | undefined => {
    const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' });
    return status === 0 ? stdout.trim() : undefined;
  };
  const commit = git('rev-parse', '--short', 'HEAD');
  return commit === undefined
    ? undefined
    : `${commit}${git('status', '--porcelain', 'src', 'actors') === '' ? '' : '+'}`;
}

let order: Order | undefined;
try {
  order = orderOf(
    process.argv.slice(2),
    questions.map(({ name }) => name),
    peerQuestions.map(({ name }) => name),
  );
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
if (order !== undefined) await run(order);
