/** What both systems do in the same way: launch, stop, send, subscribe, care for dead letters. */
import { PorticoError, describe, type ErrorCode } from '../errors.ts';
import type { DeadLetter } from '../engine/deadletters.ts';
import type { Outbox } from '../engine/outbox.ts';
import type { Partition } from '../engine/partition.ts';
import type { AtomicStream } from '../engine/stream.ts';
import type { Subscriber } from '../engine/tap.ts';
import { isApplication, streamPath, type Application } from '../graph/application.ts';
import { inWords, isPromise, pathOf } from '../graph/arguments.ts';
import type { Egress, Ingress, Stream } from '../graph/handles.ts';
import type { Key } from '../graph/keys.ts';
import { compile } from '../plan/compile.ts';
import { Reader } from './reader.ts';
import { aFunction, anObject, refuse, type Refusal } from './guards.ts';

/** An application, or its path or name. */
export type ApplicationRef = Application | string;

/** Receives the events of a stream, one at a time, each after it was committed. */
export type SubscriberOf<T> = (value: T, event: { readonly key: Key }) => void;

/** What was set aside, and what to do with it. */
export interface DeadLetterBox {
  list(): DeadLetter[];
  /** Lets the atom run again, as it was. */
  resend(id: number): void;
  /** Forgets it for good. */
  discard(id: number): void;
}

export function launchInto(partition: Partition, application: Application): void {
  refuse('launch', noApplication(application));
  if (partition.instances.has(application.path)) {
    const cure = 'Stop it first, or launch it under another name';
    throw wrong('application/launched-twice', application.path, 'it is running already', cure);
  }
  partition.launch(compile(application, partition));
}

export function stopIn(partition: Partition, ref: ApplicationRef): void {
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
}

/** Appends one atom with these values to the stream of an ingress. */
export function sendInto<T>(partition: Partition, ingress: Ingress<T>, values: readonly T[]): void {
  const path = ingressPath(ingress);
  const found = partition.entity(streamPath(path));
  const node = found === undefined ? undefined : partition.instances.get(found.app)?.plan.ingresses.get(path);
  if (node === undefined || found?.kind !== 'stream') throw noIngress(partition, path);
  partition.admit(found.runtime, node.key, values);
}

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
    if (isPromise(given)) given.then(undefined, rejected);
  };
  const rejected = (cause: unknown): void => {
    partition.untap(tap);
    const what = `the promise of a subscriber was rejected, and it was unsubscribed: ${describe(cause)}`;
    const cure = 'Catch in the subscriber what may happen there, and subscribe again';
    const error = new PorticoError({ code: 'system/subscriber-failed', where: path, what, cure }, { cause });
    partition.log('error', path, path, error.message);
  };
  const tap = partition.tap(stream, received, from);
  return () => {
    partition.untap(tap);
  };
}

/** Reads the events of a stream one by one, at the pace of whoever asks for them. */
export function readerOf<T>(
  partition: Partition,
  handle: Stream<T>,
  options: { readonly from?: 'end' | 'start' },
  told: { readonly wake: () => void; readonly closed: (reader: Reader<T>) => void },
): Reader<T> {
  const { stream, from } = readable(partition, 'read', handle, options);
  const reader: Reader<T> = new Reader<T>((take, end) => {
    const tap = partition.tap(
      stream,
      (value) => {
        take(value as T);
      },
      from,
    );
    tap.onEnd = end;
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
      known(partition.deadLetters.take(id) !== undefined, id);
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
