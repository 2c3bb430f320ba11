/**
 * What Portico says when something is wrong. Every error has a stable code, says where it happened, what was wrong
 * and what would be right. Three families: the program is wrong, the world failed, or Portico itself is wrong.
 */

/** Who has to act: the author of the program, whoever runs it, or the authors of Portico. */
export type ErrorFamily = 'program' | 'world' | 'portico';

/** Every code, with its family and its meaning in a sentence. `docs/errors.md` is checked against this table. */
export const errorCatalogue = {
  'graph/invalid': ['program', 'An application has problems; `problems` lists all of them.'],
  'graph/bad-name': ['program', 'A name is empty or holds a slash, so no path can be made of it.'],
  'graph/duplicate-path': ['program', 'Two parts of one application have the same path.'],
  'graph/duplicate-task': ['program', 'Two tasks of one workflow have the same name.'],
  'graph/unknown-path': [
    'program',
    'A path names nothing, neither in this application nor in a launched one.',
  ],
  'graph/wrong-kind': ['program', 'A path names something of another kind than what is needed there.'],
  'graph/source-missing': ['program', 'A workflow has no source.'],
  'graph/second-source': ['program', 'A workflow was given a source twice.'],
  'graph/sink-missing': ['program', 'A workflow has no sink.'],
  'graph/connected-twice': ['program', 'A stream is connected to the same sequencer more than once.'],
  'graph/cycle-without-sequencer': ['program', 'Streams form a cycle that passes no sequencer.'],
  'graph/foreign-flow': ['program', 'Flows of different workflows were joined.'],
  'graph/foreign-sink': [
    'program',
    'A branch was sunk into a stream that is not the output of its own workflow.',
  ],
  'graph/modifier-on-source': ['program', 'A modifier was applied where there is no task to modify.'],
  'graph/bad-argument': ['program', 'An argument of a builder call is out of range or of the wrong type.'],
  'graph/async-function': ['program', 'A function whose answer is needed at once is asynchronous.'],
  'graph/not-retained': ['program', 'A stream that keeps no past was to be read from its start.'],
  'graph/frozen': ['program', 'A builder was used after it was built, frozen or sunk.'],
  'portal/no-replier': ['program', 'A portal is answered by no task.'],
  'portal/two-repliers': ['program', 'A portal is answered by more than one task.'],
  'portal/foreign-replier': ['program', 'A task answers a portal that another application owns.'],
  'portal/undeclared': ['program', 'A task asked a portal that it does not declare.'],
  'portal/reply-outside-request': ['program', 'A task replied where there is no request to reply to.'],
  'portal/replied-twice': ['program', 'A task replied to the same request a second time.'],
  'portal/replier-failed': [
    'program',
    'The task that answers a portal failed on this request; `cause` is its error.',
  ],
  'portal/timeout': ['world', 'No reply came within the time that the ask allowed.'],
  'future/elsewhere': ['program', 'The value of a future was read outside its own continuation.'],
  'future/other-turn': ['program', 'A future was awaited in another turn than the one that asked.'],
  'future/awaited-twice': ['program', 'A future was awaited a second time.'],
  'continuation/undeclared': [
    'program',
    'A task awaited with a named continuation that it does not declare.',
  ],
  'continuation/not-data': [
    'program',
    'A task of a system that is kept awaited with a function, which cannot be stored.',
  ],
  'continuation/same-name': ['program', 'Two continuations of one task have the same name.'],
  'context/outside-turn': ['program', 'A context was used when its task had no turn.'],
  'context/not-offered': ['program', 'A task used an ability that its kind of task does not have.'],
  'context/unbound': ['program', 'A method was taken out of its context and called without it.'],
  'context/bad-argument': [
    'program',
    'An argument of a call on a context is out of range or of the wrong type.',
  ],
  'state/outside-turn': ['program', 'State was used when its task had no turn.'],
  'state/no-key': ['program', 'Per-key state was used in a handler that has no event and so no key.'],
  'state/damaged': ['world', 'A stored state is not what was written, or a part of it is missing.'],
  'state/failed': ['world', 'What a state is stored on failed, or somebody else has taken it.'],
  'state/locked': ['world', 'Somebody else has the state of a store open, and does not let go of it.'],
  'state/full': ['world', 'There is no room left for a stored state; nothing is lost.'],
  'state/closed': ['program', 'A stored state was used before it was opened or after it was closed.'],
  'key/unsupported': ['program', 'A key is not a string, a finite number or a bigint.'],
  'task/init-failed': ['program', 'The factory of a task failed, or made something that cannot run there.'],
  'task/promise': ['program', 'A handler returned a promise, and a turn cannot wait for it.'],
  'task/bad-result': ['program', 'A function of a task returned something that the task cannot use.'],
  'task/deadly': ['program', 'The process has ended too often while this was handled; it is refused now.'],
  'atom/failed': ['program', 'An error reached the end of a workflow unhandled; the whole atom was undone.'],
  'generator/failed': ['program', 'A generator threw; `cause` is its error.'],
  'generator/not-repeatable': [
    'program',
    'A generator of a system that is kept was given something that can be read only once.',
  ],
  'sequencer/bad-choice': ['program', 'A sequencer strategy threw, or chose an input that is not ready.'],
  'splitter/predicate-failed': ['program', 'The predicate of a split threw; `cause` is its error.'],
  'actor/bad-message': ['program', 'A message from outside does not fit the schema of the actor.'],
  'ask/timeout': ['world', 'An actor did not reply in time.'],
  'ask/failed': ['program', 'An actor could not reply; the message is a dead letter.'],
  'actor/bad-behavior': ['program', 'Something that is no behavior was given where a behavior is needed.'],
  'actor/bad-name': ['program', 'A name or id cannot be that of an actor.'],
  'actor/name-taken': ['program', 'An actor of that name is alive already.'],
  'actor/not-a-child': ['program', 'An actor tried to stop one that is not its child.'],
  'actor/stash-full': ['program', 'An actor stashed more messages than its stash holds.'],
  'actor/death-pact': [
    'program',
    'An actor that is watched has stopped, and the watcher does not handle that.',
  ],
  'actor/anonymous': ['program', 'A behavior without a name was to be stored.'],
  'actor/same-name': ['program', 'Two behaviors of one system have the same name.'],
  'actor/unregistered': ['program', 'A behavior was to be stored that the system was not started with.'],
  'actor/newer-version': ['program', 'An actor is stored in a version that is newer than the program.'],
  'actor/bad-cron': ['program', 'A cron expression cannot be read, or names no day that exists.'],
  'ingress/overflow': [
    'world',
    'Values came faster than the system took them, and no more were allowed to wait.',
  ],
  'backlog/full': [
    'program',
    'A turn sent more than it took while as many events waited in the system as may wait.',
  ],
  'reader/behind': [
    'world',
    'A reader was so far behind that it was ended, and what it had not read makes room.',
  ],
  'application/launched-twice': ['program', 'An application of that name is running already.'],
  'application/unknown': ['program', 'No application of that name is running.'],
  'application/in-use': ['program', 'An application cannot be stopped because another one depends on it.'],
  'system/bad-argument': [
    'program',
    'An option of a system, or an argument of a call on it, is out of range or of the wrong type.',
  ],
  'system/nothing-to-do': ['program', '`step` was called while nothing could run.'],
  'system/step-limit': ['program', 'Work was left after the number of steps that was allowed.'],
  'system/failed': ['program', 'The system stopped because an atom failed; `cause` is that failure.'],
  'system/shut-down': ['program', 'The system was used after it had been shut down.'],
  'system/unfinished': [
    'world',
    'A system was shut down before all was done, or before it was committed; `cause` is why, if there is more to say.',
  ],
  'system/re-entered': ['program', 'The system was driven from within one of its own turns.'],
  'system/subscriber-failed': ['program', 'A subscriber threw; it was unsubscribed. `cause` is its error.'],
  'cursor/ahead': ['world', 'A cursor is beyond the end of its stream: the store is older than it.'],
  'cursor/behind': ['program', 'What comes after a cursor was forgotten already.'],
  'deadletter/unknown': ['program', 'No dead letter has that number.'],
  'deadletter/full': ['world', 'The dead letters are full, so the failed atom could not be set aside.'],
  'journal/fenced': ['world', 'The journal has a newer owner, so this one can append no more.'],
  'journal/damaged': ['world', 'What is stored is not what was written, or a part of it is missing.'],
  'journal/failed': ['world', 'The disk under a journal failed, and nobody knows what is on it now.'],
  'journal/full': ['world', 'There is no room for more records; nothing was appended.'],
  'journal/closed': ['program', 'A journal was used before it was opened or after it was closed.'],
  'journal/too-large': ['program', 'A record is larger than a journal takes.'],
  'journal/format': ['world', 'The journal was written by another version of Portico.'],
  'journal/trimmed': ['program', 'Records were to be read that the journal has dropped already.'],
  'store/failed': ['world', 'The store failed in a way of its own; `cause` is its error.'],
  'store/apart': ['world', 'The journal and the state of a store are not of the same time.'],
  'host/failed': ['world', 'A part of the host threw or gave something unusable; `cause` is its error.'],
  'host/missing': ['world', 'The platform lacks something that Portico needs and no host was given.'],
  'codec/unsupported': ['program', 'A value holds something that cannot be stored.'],
  'codec/too-deep': ['program', 'A value is nested too deeply, or holds itself.'],
  'codec/too-large': ['program', 'A value takes more bytes than it may.'],
  'codec/unknown-type': ['program', 'A stored value is of a data type that is not registered.'],
  'codec/version': ['world', 'A value was stored by a newer version of Portico.'],
  'codec/damaged': ['world', 'The bytes of a stored value are not what was written.'],
  'simulation/not-in-place': ['program', 'What was to be simulated does not run on the simulated machine.'],
  'simulation/start-failed': ['program', 'What was to be simulated could not be started; `cause` is why.'],
  'simulation/not-repeatable': ['program', 'The same run came out differently the second time.'],
  'simulation/no-rest': ['program', 'A run does not come to its end although nothing goes wrong any more.'],
  'invariant/violated': ['portico', 'Portico broke one of its own rules. This is a bug in Portico.'],
} as const;

/** A stable error code. */
export type ErrorCode = keyof typeof errorCatalogue;

/** One thing that is wrong: its code, where it is, what is wrong and what would be right. */
export interface Problem {
  readonly code: ErrorCode;
  /** A path, or a path and what is under it. */
  readonly where: string;
  /** What is wrong, as a sentence without its full stop. */
  readonly what: string;
  /** What would be right, as a sentence without its full stop. */
  readonly cure: string;
}

/**
 * The error that Portico throws.
 *
 * @example
 * ```ts
 * import { PorticoError } from 'portico/dataflow';
 *
 * try {
 *   throw new PorticoError({ code: 'key/unsupported', where: '/shop', what: 'the key is an object', cure: 'use its id' });
 * } catch (error) {
 *   if (error instanceof PorticoError) console.log(error.code, error.where);
 * }
 * ```
 */
export class PorticoError extends Error implements Problem {
  override readonly name: string = 'PorticoError';
  readonly code: ErrorCode;
  readonly where: string;
  readonly what: string;
  readonly cure: string;
  /** All that is wrong, where one error speaks for several problems. */
  readonly problems: readonly Problem[];

  constructor(problem: Problem, options: { cause?: unknown; problems?: readonly Problem[] } = {}) {
    super(told(problem, options.problems), 'cause' in options ? { cause: options.cause } : undefined);
    this.code = problem.code;
    this.where = problem.where;
    this.what = problem.what;
    this.cure = problem.cure;
    this.problems = options.problems ?? [problem];
  }

  /** Who has to act. */
  get family(): ErrorFamily {
    return errorCatalogue[this.code][0];
  }
}

/** Portico broke one of its own rules. Never caught to go on. */
export class InvariantViolation extends PorticoError {
  override readonly name: string = 'InvariantViolation';
}

/** All problems of an application in one error. */
export function invalid(path: string, problems: readonly Problem[]): PorticoError {
  const many = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  const what = `the application has ${many}`;
  return new PorticoError(
    { code: 'graph/invalid', where: path, what, cure: 'Mend each of them' },
    { problems },
  );
}

/** Asserts what must hold whatever users do. */
export function invariant(holds: boolean, where: string, what: string): asserts holds {
  if (!holds) broken(where, what);
}

/** Marks a place that cannot be reached. */
export function unreachable(where: string, what: string): never {
  return broken(where, what);
}

/** Whether a thrown value is an error of ours. */
export function isPorticoError(error: unknown): error is PorticoError {
  return ours(error) !== undefined;
}

/** Any thrown value in a few words. Nothing that was thrown can make it throw. */
export function describe(error: unknown): string {
  try {
    // Without its full stop, for it becomes part of a sentence.
    if (error instanceof Error) return (printed(error.message) || printed(error.name)).replace(/\.$/, '');
    const text = printed(error);
    const shown = text.startsWith('[object ') ? JSON.stringify(error) : text;
    return shown.length > LONG ? `${shown.slice(0, LONG)}…` : shown;
  } catch {
    return unprintable;
  }
}

/** What was thrown, if it is an error of ours. A proxy that was revoked cannot even be asked what it is. */
export function ours(error: unknown): PorticoError | undefined {
  try {
    return error instanceof PorticoError ? error : undefined;
  } catch {
    return undefined;
  }
}

/** Any value as text, as JavaScript has it. */
export function printed(value: unknown): string {
  try {
    return String(value);
  } catch {
    return unprintable;
  }
}

const unprintable = 'a value that cannot be printed';

/** Thrown values that are no errors may be anything, so not all of them is shown. */
const LONG = 200;

function broken(where: string, what: string): never {
  const cure = 'Please report it with the program that led here';
  throw new InvariantViolation({ code: 'invariant/violated', where, what, cure });
}

/** A problem, and below it those that it speaks for. */
function told(problem: Problem, problems: readonly Problem[] = []): string {
  return [sentence(problem), ...problems.map(sentence)].join('\n  - ');
}

/** A problem as a line of text. */
export function sentence({ code, where, what, cure }: Problem): string {
  return `[${code}] ${where}: ${what}. ${cure}.`;
}
