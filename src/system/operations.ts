/** What both systems do in the same way: launch, stop, send, subscribe, care for dead letters. */
import { PorticoError, describe, invalid, type ErrorCode, type Problem } from '../errors.ts';
import type { DeadLetter } from '../engine/deadletters.ts';
import type { Entered } from '../engine/entered.ts';
import type { Instance } from '../engine/instance.ts';
import type { Outbox } from '../engine/outbox.ts';
import type { Partition } from '../engine/partition.ts';
import type { AtomicStream } from '../engine/stream.ts';
import type { Place, Subscriber } from '../engine/tap.ts';
import { isApplication, streamPath, type Application } from '../graph/application.ts';
import { inWords, isPromise, pathOf } from '../graph/arguments.ts';
import type { Egress, Ingress, Stream } from '../graph/handles.ts';
import type { Key } from '../graph/keys.ts';
import { compile } from '../plan/compile.ts';
import { cursorText, placeOf } from './cursor.ts';
import { Reader } from './reader.ts';
import { aFunction, anObject, refuse, type Refusal } from './guards.ts';

/** An application, or its path or name. */
export type ApplicationRef = Application | string;

/** Receives the events of a stream, one at a time, each after it was committed. */
export type SubscriberOf<T> = (value: T, event: { readonly key: Key }) => void;

/** A value of a stream, with where it is. */
export interface StreamValue<T> {
  readonly value: T;
  readonly key: Key;
  /** The place behind it: read on from here, and it does not come again. */
  readonly cursor: string;
}

/** What was set aside, and what to do with it. */
export interface DeadLetterBox {
  list(): DeadLetter[];
  /** Lets the atom run again, as it was. */
  resend(id: number): void;
  /** Forgets it for good. */
  discard(id: number): void;
}

export function launchInto(partition: Partition, application: Application): Instance {
  refuse('launch', noApplication(application));
  if (partition.instances.has(application.path)) {
    const cure = 'Stop it first, or launch it under another name';
    throw wrong('application/launched-twice', application.path, 'it is running already', cure);
  }
  const plan = compile(application, partition);
  if (partition.image !== undefined) mustRepeat(application);
  return partition.launch(plan);
}

/** When the system starts again its generators begin anew, and pass over what they gave before. */
function mustRepeat({ path, generators }: Application): void {
  const problems = generators
    .filter(({ repeats }) => !repeats())
    .map(({ path: where }): Problem => {
      const what = 'what this generator was given can be read only once, and this system is kept';
      const cure =
        'Give it an array, or an iterable that begins anew; or read it outside, and send what it gives';
      return { code: 'generator/not-repeatable', where, what, cure };
    });
  if (problems.length > 0) throw invalid(path, problems);
}

export function stopIn(partition: Partition, ref: ApplicationRef): Instance {
  const given = typeof ref === 'string' ? ref : pathOf(ref);
  refuse(
    'stop',
    given === undefined ? [needed('an application or its name', ref, 'Give it what was launched')] : [],
  );
  const path = given?.startsWith('/') === true ? given : `/${given}`;
  const instance = partition.instances.get(path);
  if (instance === undefined) {
    const running = [...partition.instances.keys()].join(', ') || 'none';
    throw wrong('application/unknown', path, 'no such application is running', `Running are: ${running}`);
  }
  const dependents = partition.dependentsOf(instance);
  if (dependents.length > 0) {
    const who = [...new Set(dependents)].join(', ');
    throw wrong('application/in-use', path, `it is needed by ${who}`, 'Stop those applications first');
  }
  partition.remove(instance);
  return instance;
}

/** Appends one atom with these values to the stream of an ingress. */
export function sendInto<T>(
  partition: Partition,
  ingress: Ingress<T>,
  values: readonly T[],
  isChecked = false,
): void {
  const path = ingressPath(ingress);
  const found = partition.entity(streamPath(path));
  const node = found === undefined ? undefined : partition.instances.get(found.app)?.plan.ingresses.get(path);
  if (node === undefined || found?.kind !== 'stream') throw noIngress(partition, path);
  // All of them first: if one is refused, nothing has happened.
  if (!isChecked) for (const value of values) partition.mayEnter(value, found.runtime.path);
  partition.admit(found.runtime, node.key, values);
}

/** What has entered there under a key. */
export function enteredAt(partition: Partition, ingress: unknown): Entered {
  const path = ingressPath(ingress);
  const app = partition.entity(streamPath(path))?.app;
  const found = app === undefined ? undefined : partition.instances.get(app)?.entered.get(path);
  if (found === undefined) throw noIngress(partition, path);
  return found;
}

/** What is wrong with what should be an idempotency key. */
export function noKey(once: unknown): Refusal[] {
  const { key, client, seq } = (once ?? {}) as { key?: unknown; client?: unknown; seq?: unknown };
  if (isShortText(key) && client === undefined) return [];
  if (key === undefined && isShortText(client))
    return Number.isSafeInteger(seq) && (seq as number) >= 0
      ? []
      : [{ what: `the number of client ${client} is ${inWords(seq)}`, cure: 'Give whole numbers that grow' }];
  const cure = `Give { key } or { client, seq }, with a text of 1 to ${LONGEST_KEY} characters`;
  return [needed('an idempotency key', once, cure)];
}

function isShortText(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && text.length <= LONGEST_KEY;
}

/** Each is kept for a day. */
const LONGEST_KEY = 1_000;

function noIngress(partition: Partition, path: string): PorticoError {
  const taken = partition.entity(path) ?? partition.entity(streamPath(path));
  if (taken !== undefined)
    return wrong(
      'graph/wrong-kind',
      path,
      'an ingress is needed, and it is none',
      'Make one with app.ingress()',
    );
  return wrong(
    'graph/unknown-path',
    path,
    'there is no such ingress',
    'Launch the application that has it first',
  );
}

/** Lets a function take care of all that is kept at an egress. */
export function handleIn<T>(
  partition: Partition,
  egress: Egress<T>,
  keeper: (value: T, event: { readonly key: Key; readonly id: number }) => void,
): void {
  refuse('handle', aFunction('what takes care of the values', keeper));
  outboxOf(partition, 'handle', egress).handle((value, event) => {
    keeper(value as T, event);
  });
}

/** The values that are kept at an egress. */
export function outboxOf(partition: Partition, where: string, egress: unknown): Outbox {
  const path = pathOf(egress) ?? '';
  const found = partition.outbox(path);
  if (found !== undefined) return found;
  const cure = 'Make it with app.egress(name, { kept: true }), and launch its application first';
  throw wrong(
    'graph/wrong-kind',
    path || where,
    'an egress that keeps its values is needed, and there is none',
    cure,
  );
}

/** Hands the events of a stream to a function, until the returned function is called. */
export function subscribeTo<T>(
  partition: Partition,
  handle: Stream<T>,
  subscriber: SubscriberOf<T>,
  options: { readonly from?: 'end' | 'start' },
): () => void {
  const mistakes = aFunction('the subscriber', subscriber);
  const { stream, from } = readable(partition, 'subscribe', handle, options, mistakes);
  const { path } = stream;
  const received: Subscriber = (value, event) => {
    const given: unknown = subscriber(value as T, event);
    if (!isPromise(given)) return;
    given.then(undefined, (cause: unknown) => {
      partition.untap(tap);
      const what = `the promise of a subscriber was rejected, and it was unsubscribed: ${describe(cause)}`;
      const cure = 'Catch in the subscriber what may happen there, and subscribe again';
      const error = new PorticoError(
        { code: 'system/subscriber-failed', where: path, what, cure },
        { cause },
      );
      partition.log('error', path, path, error.message);
    });
  };
  const tap = partition.tap(stream, received, from);
  return () => {
    partition.untap(tap);
  };
}

/** Who is told of a reader. */
export interface ReaderListener<T> {
  readonly wake: () => void;
  readonly closed: (reader: Reader<T>) => void;
}

/** Reads the events of a stream one by one, at the pace of whoever asks for them. */
export function readerOf<T>(
  partition: Partition,
  handle: Stream<T>,
  options: { readonly from?: 'end' | 'start' },
  told: ReaderListener<T>,
): Reader<T> {
  const { stream, from } = readable(partition, 'read', handle, options);
  return reading(partition, stream, from, told, (value) => value as T);
}

/** The same, from a cursor on, each with the cursor behind it. */
export function readerFrom<T>(
  partition: Partition,
  handle: Stream<T>,
  cursor: string | undefined,
  told: ReaderListener<StreamValue<T>>,
): Reader<StreamValue<T>> {
  const { stream } = readable(partition, 'readFrom', handle, { from: 'start' });
  const from = cursor === undefined ? 'start' : placeOf(stream, cursor);
  return reading(partition, stream, from, told, (value, { key }, atom, index) => ({
    value: value as T,
    key,
    cursor: cursorText(stream, atom, index),
  }));
}

/** Lets go of what a stream holds before a cursor. */
export function forgetIn(partition: Partition, handle: Stream<unknown>, cursor: string): void {
  const { stream } = readable(partition, 'forget', handle, { from: 'start' });
  stream.forget(placeOf(stream, cursor).atom);
}

function reading<R>(
  partition: Partition,
  stream: AtomicStream,
  from: 'end' | 'start' | Place,
  told: ReaderListener<R>,
  read: (...given: Parameters<Subscriber>) => R,
): Reader<R> {
  const reader: Reader<R> = new Reader<R>((take, end) => {
    const tap = partition.tap(
      stream,
      (...given) => {
        take(read(...given));
      },
      from,
    );
    tap.onEnd = end;
    tap.onBehind = () => {
      reader.end(behind(stream.path, tap.unread));
    };
    return {
      resume: () => {
        tap.resume();
        told.wake();
      },
      pause: () => {
        tap.pause();
      },
      close: () => {
        partition.untap(tap);
        told.closed(reader);
      },
    };
  });
  return reader;
}

function behind(path: string, unread: number): PorticoError {
  const what = `it was ended, because ${unread} events waited for it and filled the system`;
  const cure = 'Read faster, or take a retained stream and read on from a cursor';
  return wrong('reader/behind', path, what, cure);
}

/** The stream that is to be read, and from where. */
function readable(
  partition: Partition,
  where: string,
  handle: unknown,
  options: { readonly from?: 'end' | 'start' },
  mistakes: readonly Refusal[] = [],
): { readonly stream: AtomicStream; readonly from: 'end' | 'start' } {
  refuse(where, anObject('options', options));
  const { from = 'end' } = options;
  const path = pathOf(handle) ?? '';
  refuse(where, [
    ...(path === '' ? [needed('a stream', handle, 'Give it a stream of an application')] : []),
    ...mistakes,
    ...(from === 'start' || (from as string) === 'end'
      ? []
      : [{ what: `from is ${inWords(from)}`, cure: 'It can be “end” or “start”' }]),
  ]);
  const stream = streamOf(partition, path);
  if (from === 'end' || stream.retained) return { stream, from };
  throw wrong(
    'graph/not-retained',
    path,
    'it keeps no past to read from its start',
    'Retain it where it is defined',
  );
}

/** The path of the ingress that was given. */
export function ingressPath(ingress: unknown): string {
  const path = pathOf(ingress);
  refuse(
    'send',
    path === undefined ? [needed('an ingress', ingress, 'Give it what app.ingress() returned')] : [],
  );
  return path ?? '';
}

export function deadLettersOf(
  partition: Partition,
  usable: (what: string) => void,
  wake: () => void,
): DeadLetterBox {
  const known = (found: boolean, id: number): void => {
    if (!found)
      throw wrong(
        'deadletter/unknown',
        `dead letter ${inWords(id)}`,
        'there is no such dead letter',
        'Ask list() which there are',
      );
  };
  return {
    list: () => partition.deadLetters.list(),
    resend: (id) => {
      usable('resend');
      known(partition.resend(id), id);
      wake();
    },
    discard: (id) => {
      usable('discard');
      known(partition.discard(id), id);
      wake();
    },
  };
}

/** Refuses to be driven from within a turn: one thing happens at a time. */
export function outsideTurns(partition: Partition, what: string): void {
  if (!partition.busy) return;
  const cure = 'Let handlers emit, ask or set timers, and drive the system from outside';
  throw wrong('system/re-entered', what, 'it was called from within a turn of this system', cure);
}

/** That a system stopped because of this. */
export function systemFailed(cause: PorticoError): PorticoError {
  const what = `the system has stopped because ${cause.what} [${cause.code}]`;
  return new PorticoError(
    { code: 'system/failed', where: cause.where, what, cure: 'Mend the cause and start anew' },
    { cause },
  );
}

export function wrong(code: ErrorCode, where: string, what: string, cure: string): PorticoError {
  return new PorticoError({ code, where, what, cure });
}

/** What is wrong with what should be an application. */
export function noApplication(given: unknown): Refusal[] {
  if (isApplication(given)) return [];
  const { build } = (given ?? {}) as { build?: unknown };
  const cure = typeof build === 'function' ? 'Call build() first' : 'Give it what application(…) returned';
  return [needed('an application', given, cure)];
}

/** That something else was needed. */
export function needed(what: string, given: unknown, cure: string): Refusal {
  return { what: `${what} is needed, and ${inWords(given)} was given`, cure };
}

function streamOf(partition: Partition, path: string): AtomicStream {
  const found = partition.entity(path);
  if (found?.kind === 'stream') return found.runtime;
  if (found !== undefined)
    throw wrong('graph/wrong-kind', path, `a stream is needed, and it is a ${found.kind}`, 'Use its stream');
  const stream = streamPath(path);
  if (partition.entity(stream)?.kind === 'stream') {
    throw wrong('graph/wrong-kind', path, 'a stream is needed, and this has one', `Use ${stream}`);
  }
  throw wrong(
    'graph/unknown-path',
    path,
    'there is no such stream',
    'Launch the application that has it first',
  );
}
