/** The results that are kept in the repository: one JSON file a question, and a page that shows them all. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answer } from './answer.ts';
import { answersInMarkdown } from './report.ts';

const folder = fileURLToPath(new URL('../results', import.meta.url));

/** The kept answers to these questions, as far as there are any. */
export function keptAnswers(questions: readonly { readonly name: string }[]): Answer[] {
  return questions.flatMap(({ name }) => {
    const path = join(folder, `${name}.json`);
    return existsSync(path) ? [JSON.parse(readFileSync(path, 'utf8')) as Answer] : [];
  });
}

/** The page as it is; empty if there is none. */
export function keptPage(): string {
  const path = join(folder, 'README.md');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** The page as it should be; empty if there is nothing to show. */
export function pageOf(questions: readonly { readonly name: string }[]): string {
  const answers = keptAnswers(questions);
  return answers.length === 0 ? '' : answersInMarkdown(answers);
}

/** Keeps answers in place of earlier ones to the same questions. */
export function keep(answers: readonly Answer[], questions: readonly { readonly name: string }[]): void {
  mkdirSync(folder, { recursive: true });
  for (const answer of answers) {
    writeFileSync(join(folder, `${answer.question}.json`), `${JSON.stringify(answer, undefined, 2)}\n`);
  }
  writeFileSync(join(folder, 'README.md'), pageOf(questions));
}
