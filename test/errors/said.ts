// What the tests of errors share: to provoke an error, and to look at what it says.
import { expect } from 'vitest';
import {
  answer,
  application,
  PorticoError,
  steppingSystem,
  type Application,
  type ApplicationBuilder,
  type ErrorCode,
  type Flow,
  type LogRecord,
  type Portal,
  type Problem,
  type Stream,
  type SteppingSystem,
} from 'portico/dataflow';

/** What an error should say: where exactly, and words of what is wrong and of what would be right. */
export interface Said {
  readonly code: ErrorCode;
  readonly where: string;
  readonly what: string;
  readonly cure: string;
}

/** `test/errors.test.ts` looks for calls of this function: every code must be expected by one. */
export function expectSaid(problem: Problem | undefined, { code, where, what, cure }: Said): void {
  expect(problem).toMatchObject({
    code,
    where,
    what: expect.stringContaining(what) as string,
    cure: expect.stringContaining(cure) as string,
  });
  expectSentences(problem as Problem);
}

/** Read aloud, `what` and `cure` are sentences: nothing was left out in the middle, and the full stops are ours. */
function expectSentences({ what, cure }: Problem): void {
  expect(what).toMatch(/^\S.*[^.\s]$/u);
  expect(cure).toMatch(/^\p{Lu}.*[^.\s]$/u);
  expect(`${what} ${cure}`).not.toMatch(/\[object|\.\.|“”/u);
}

/** The error of Portico that a call throws. */
export function caught(call: () => unknown): PorticoError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(PorticoError);
    return error as PorticoError;
  }
  throw new Error('nothing was thrown');
}

/** The error of Portico that a promise is rejected with. */
export async function rejected(promise: Promise<unknown>): Promise<PorticoError> {
  const error: unknown = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(PorticoError);
  return error as PorticoError;
}

/** The error behind an error. */
export function causeOf(error: PorticoError): PorticoError {
  expect(error.cause).toBeInstanceOf(PorticoError);
  return error.cause as PorticoError;
}

/** All that is wrong with an application called `app`, found when it is launched after `others`. */
export function problemsOf(
  write: (app: ApplicationBuilder) => unknown,
  others: readonly Application[] = [],
): readonly Problem[] {
  const { system } = quiet();
  for (const other of others) system.launch(other);
  system.stepUntilComplete();
  const error = caught(() => {
    system.launch(application('app', write));
  });
  expect(error.code).toBe('graph/invalid');
  expect(system.canStep()).toBe(false);
  return error.problems;
}

/** The one thing that is wrong with an application. */
export function problemOf(
  write: (app: ApplicationBuilder) => unknown,
  others: readonly Application[] = [],
): Problem {
  const problems = problemsOf(write, others);
  expect(problems).toHaveLength(1);
  return problems[0] as Problem;
}

/** A stepping system that keeps its log to itself. */
export function quiet(): { system: SteppingSystem; lines: LogRecord[] } {
  const lines: LogRecord[] = [];
  const system = steppingSystem({
    log: (record) => {
      lines.push(record);
    },
  });
  return { system, lines };
}

/** The problem that a line of the log tells. */
export function problemIn(line: LogRecord | undefined): Problem {
  const [, code, where = '', what = '', cure = ''] =
    /^\[(.+?)\] (.+?): (.+)\. (.+)\.$/.exec(String(line?.value)) ?? [];
  return { code: code as ErrorCode, where, what, cure };
}

/** What JavaScript lets pass and TypeScript would not. */
export function js(value: unknown): any {
  return value;
}

/** What handlers under test get: a value that means misuse, and one that means proper use afterwards. */
export type Move = 'bad' | 'good';

/** The workflow under test, and what its tasks may use. */
export interface Stage {
  readonly app: ApplicationBuilder;
  readonly flow: Flow<Move>;
  /** Answers each request with itself. */
  readonly echo: Portal<string, string>;
  readonly system: SteppingSystem;
}

/** A flow, whatever it carries. */
export interface Written {
  sink(): Stream<unknown>;
}

/**
 * Lets a handler misuse something on the event `bad`, and gives the error that this was. Makes sure that the event is
 * set aside with that error and leaves nothing else, and that the event `good`, sent afterwards, comes out as `good`.
 */
export function misusing(write: (stage: Stage) => Written): unknown {
  const { system } = quiet();
  const app = application('app', (app) => {
    const moves = app.ingress<Move>('moves');
    const echo = app.portal<string, string>('echo');
    app
      .workflow('echo')
      .source(app.generators.empty<never>())
      .replier([answer<string, string>(echo, (request, ctx) => ctx.reply(request))])
      .sink();
    const flow = app.workflow('w', { onFailure: 'deadLetter' }).source(moves.stream);
    return { moves, out: write({ app, flow, echo, system }).sink() };
  });
  system.launch(app);
  system.stepUntilComplete();
  const got: unknown[] = [];
  system.subscribe(app.handles.out, (value) => {
    got.push(value);
  });
  system.send(app.handles.moves, 'bad');
  system.stepUntilComplete(100);
  expect(got).toEqual([]);
  const letters = system.deadLetters.list();
  expect(letters).toHaveLength(1);
  system.send(app.handles.moves, 'good');
  system.stepUntilComplete(100);
  expect(got).toEqual(['good']);
  expect(system.deadLetters.list()).toEqual(letters);
  const [letter] = letters;
  expect(letter?.error).toMatchObject({ code: 'atom/failed', where: '/app/workflows/w' });
  return letter?.error.cause;
}

/** The same, for errors of Portico. */
export function misuse(write: (stage: Stage) => Written): PorticoError {
  const error = misusing(write);
  expect(error).toBeInstanceOf(PorticoError);
  return error as PorticoError;
}
