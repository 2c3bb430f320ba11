// The places where the runtime takes care of a failure: found in the text of the program, so that none can be forgotten.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** What kind of place it is: of a `try`, or a function that is given to a promise. */
export type HandlerKind = 'catch' | 'finally' | '.catch' | '.then' | '.finally';

export interface Handler {
  readonly kind: HandlerKind;
  /** From 1. */
  readonly line: number;
  /** Where it begins to do something. */
  readonly at: number;
  /** Whether what it does is written in its place, and not a function from elsewhere. */
  readonly isInPlace: boolean;
  /** Whether it does nothing at all. */
  readonly isEmpty: boolean;
  /** Whether a comment stands in it or directly above it. */
  readonly isExplained: boolean;
}

/** All handlers of a program, in the order in which they are written. */
export function handlersIn(text: string): Handler[] {
  const file = ts.createSourceFile('program.ts', text, ts.ScriptTarget.Latest, true);
  const found: Handler[] = [];
  const add = (kind: HandlerKind, handler: ts.Node): void => {
    const body = bodyOf(handler);
    const start = handler.getStart(file);
    const does = body === undefined ? [] : whatItDoes(body);
    found.push({
      kind,
      line: file.getLineAndCharacterOfPosition(start).line + 1,
      at: (does[0] ?? body ?? handler).getStart(file) + (does.length === 0 && body !== undefined ? 1 : 0),
      isInPlace: body !== undefined,
      isEmpty: body !== undefined && does.length === 0,
      isExplained: hasComment(text, handler, body),
    });
  };
  const visit = (node: ts.Node): void => {
    if (isOfTheLoader(node)) return;
    if (ts.isTryStatement(node)) {
      visit(node.tryBlock);
      if (node.catchClause !== undefined) {
        add('catch', node.catchClause.block);
        visit(node.catchClause);
      }
      if (node.finallyBlock !== undefined) {
        add('finally', node.finallyBlock);
        visit(node.finallyBlock);
      }
      return;
    }
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { text: name } = node.expression.name;
      const [first, second] = node.arguments;
      if (name === 'catch' && first !== undefined) add('.catch', first);
      if (name === 'then' && second !== undefined) add('.then', second);
      if (name === 'finally' && first !== undefined) add('.finally', first);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** What the tests are loaded with adds how to get at each export. */
function isOfTheLoader(node: ts.Node): boolean {
  return (
    ts.isCallExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === '__vite_ssr_exportName__'
  );
}

/** What runs when the handler is called, if that is written here. */
function bodyOf(handler: ts.Node): ts.Node | undefined {
  if (ts.isBlock(handler)) return handler;
  return ts.isArrowFunction(handler) || ts.isFunctionExpression(handler) ? handler.body : undefined;
}

/** The statements of a body, or what it evaluates; nothing if that is `undefined` for ever. */
function whatItDoes(body: ts.Node): readonly ts.Node[] {
  if (ts.isBlock(body)) return body.statements;
  const isNothing =
    (ts.isIdentifier(body) && body.text === 'undefined') ||
    ts.isVoidExpression(body) ||
    body.kind === ts.SyntaxKind.NullKeyword;
  return isNothing ? [] : [body];
}

/** A comment inside of it, or on the line above the statement that it is part of. */
function hasComment(text: string, handler: ts.Node, body: ts.Node | undefined): boolean {
  if (body !== undefined && ts.isBlock(body) && /\/\/|\/\*/.test(body.getFullText())) return true;
  let statement: ts.Node = handler;
  while (!ts.isStatement(statement) || ts.isBlock(statement)) statement = statement.parent;
  return (
    ts.getLeadingCommentRanges(text, statement.getFullStart()) !== undefined ||
    ts.getLeadingCommentRanges(text, handler.getFullStart()) !== undefined
  );
}

/** The lines of calls of which a statement lets go with `void` and does not say above why. */
export function lettingGo(text: string): number[] {
  const file = ts.createSourceFile('program.ts', text, ts.ScriptTarget.Latest, true);
  const lines: number[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isExpressionStatement(node) &&
      ts.isVoidExpression(node.expression) &&
      !ts.isNumericLiteral(node.expression.expression) &&
      ts.getLeadingCommentRanges(text, node.getFullStart()) === undefined
    )
      lines.push(file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return lines;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What is not the runtime: what tests are made with, and examples. */
const elsewhere = /^(src\/testing|actors\/testkit|actors\/examples)\//;

/** The files of the runtime, by their paths from the root of the repository. */
export function runtimeFiles(): string[] {
  return ['src', 'actors']
    .flatMap((folder) =>
      readdirSync(root + folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
    )
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts') && !elsewhere.test(name))
    .sort();
}

export function textOf(file: string): string {
  return readFileSync(root + file, 'utf8');
}

/** The path of a file from the root of the repository, given its path or its URL; undefined for what lies elsewhere. */
export function fileAt(url: string): string | undefined {
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  return path.startsWith(root) ? path.slice(root.length).replaceAll('\\', '/') : undefined;
}
