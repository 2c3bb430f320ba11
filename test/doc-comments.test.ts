// The examples in doc comments are executed: every `ts` fence of a comment in src/ and actors/ compiles and runs, and a
// line `console.log(…); // text` prints that text.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { findFences, problems, type Fence } from './fences.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function sources(): string[] {
  return ['src', 'actors']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
        join(folder, path),
      ),
    )
    .filter((path) => path.endsWith('.ts') && !path.startsWith('actors/examples/'))
    .toSorted();
}

/** The doc comments of a source and nothing else, at the lines where they stand. */
function commentsOf(text: string): string {
  const lines = text.split(/\r?\n/).map(() => '');
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest);
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of ts.getLeadingCommentRanges(text, node.pos) ?? []) {
      const comment = text.slice(pos, end);
      if (!comment.startsWith('/**')) continue;
      const { line } = source.getLineAndCharacterOfPosition(pos);
      for (const [i, each] of comment.slice(3, -2).split(/\r?\n/).entries()) {
        lines[line + i] = each.replace(/^\s*\* ?/, '');
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  visit(source.endOfFileToken);
  return lines.join('\n');
}

/** What a fence says that it prints, if each of its lines that print says so. */
function said(text: string): string | undefined {
  const prints = text.split('\n').filter((line) => /^\s*console\.log\(/.test(line));
  const texts = prints.map((line) => /\);? \/\/ (.*)$/.exec(line)?.[1]);
  return prints.length > 0 && texts.every((each) => each !== undefined) ? texts.join('\n') : undefined;
}

function examplesOf(path: string, text: string): Fence[] {
  return findFences(path, commentsOf(text)).map((fence) => {
    const output = fence.mode === 'run' ? said(fence.text) : undefined;
    return output === undefined ? fence : { ...fence, output };
  });
}

const fences = sources().flatMap((path) => examplesOf(path, readFileSync(join(root, path), 'utf8')));
const found = await problems(fences, 'doc-comments');

describe('the doc comments', () => {
  test.each(fences.map((fence, index) => ({ at: `${fence.page}:${fence.line}`, index })))(
    'keep their word at $at',
    ({ index }) => {
      expect(found[index]).toEqual([]);
    },
  );

  test('are found', () => {
    expect(new Set(fences.map(({ page }) => page.split('/')[0]))).toEqual(new Set(['src', 'actors']));
  });
});

describe('the reader of doc comments', () => {
  test('takes the fences of doc comments, with their lines and what they say that they print', () => {
    const text = [
      'const a = `${1}/** ```ts */`;',
      '/**',
      ' * Says it.',
      ' *',
      ' * ```ts',
      ' * if (a) {',
      ' *   console.log(1); // 1',
      ' * }',
      ' * ```',
      ' */',
      '/* ```ts',
      'no doc comment',
      '``` */',
      "export const b = '/** ```ts */';",
    ].join('\n');
    expect(examplesOf('a.ts', text)).toEqual([
      { page: 'a.ts', line: 6, mode: 'run', text: 'if (a) {\n  console.log(1); // 1\n}', output: '1' },
    ]);
  });

  test('takes no output from an example that prints something else as well', () => {
    expect(said('console.log(1); // 1\nconsole.log(2);')).toBeUndefined();
    expect(said('const a = 1; // 1')).toBeUndefined();
  });
});
