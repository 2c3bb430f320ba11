/** The results that are kept in the repository: one JSON file a question, and a page that shows them all. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answer } from './answer.ts';
import { answersInMarkdown } from './report.ts';

const own = fileURLToPath(new URL('../results', import.meta.url));

type Questions = readonly { readonly name: string }[];

/** The page as it is; empty if there is none. */
export function keptPage(folder: string = own): string {
  const path = join(folder, 'README.md');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** The page as it should be; empty if there is nothing to show. */
export function pageOf(questions: Questions, folder: string = own): string {
  const answers = keptAnswers(questions, folder);
  return answers.length === 0 ? '' : answersInMarkdown(answers);
}

/** Keeps answers in place of earlier ones to the same questions, and writes the page anew. */
export function keep(answers: readonly Answer[], questions: Questions, folder: string = own): void {
  mkdirSync(folder, { recursive: true });
  for (const answer of answers) {
    // More digits than that are noise.
    const text = JSON.stringify(
      answer,
      (_, value: unknown) => (typeof value === 'number' ? rounded(value) : value),
      2,
    );
    writeFileSync(join(folder, `${answer.question}.json`), `${text}\n`);
  }
  writeFileSync(join(folder, 'README.md'), pageOf(questions, folder));
}

function keptAnswers(questions: Questions, folder: string): Answer[] {
  return questions.flatMap(({ name }) => {
    const path = join(folder, `${name}.json`);
    return existsSync(path) ? [JSON.parse(readFileSync(path, 'utf8')) as Answer] : [];
  });
}

function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(5));
}
