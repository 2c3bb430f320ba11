/** What a running system can be told, what holds if it is not told, and what makes no sense. */
import { ours } from '../errors.ts';
import type { DataType } from '../codec.ts';
import { BACKLOG_LIMIT } from '../engine/backlog.ts';
import type { RememberOptions } from '../engine/entered.ts';
import type { EpochOptions } from '../engine/epoch.ts';
import type { Application } from '../graph/application.ts';
import { inWords } from '../graph/arguments.ts';
import { platformHost, type Host } from '../host.ts';
import { anObject, atLeast, has, refuse, wholeNumber } from './guards.ts';
import { wrong } from './operations.ts';
import { codecOf, type Store } from './store.ts';

/** How a system is shut down. */
export interface ShutdownOptions {
  /** Lets all that is under way come to its end first, or this; nothing enters meanwhile. False if not given. */
  readonly drain?: boolean | (() => Promise<void>);
  /** How many milliseconds that may take, and committing then as many. 10,000 if not given. */
  readonly deadlineMs?: number;
}

export interface RunningOptions {
  /** Launched in this order. */
  readonly applications?: readonly Application[];
  /** Where it runs. The platform's if not given. */
  readonly host?: Host;
  /** Decides every choice that the program leaves open. From the host's entropy if not given. */
  readonly seed?: number;
  /** Freezes values of state, so that a change in place is found at once. True if not given. */
  readonly strict?: boolean;
  /** How many dead letters are kept. 10,000 if not given. */
  readonly deadLetterLimit?: number;
  /** Where everything is kept, so that the system goes on when it is started again. In memory only if not given. */
  readonly store?: Store;
  /** The classes whose instances are sent or kept in state, with how they are stored. */
  readonly types?: readonly DataType<unknown>[];
  /** Who starts it, for those who take the store over or are refused by it. */
  readonly owner?: string;
  /** How often to commit, and how much to keep in memory. */
  readonly epochs?: Partial<EpochOptions>;
  /** How many atoms of one ingress may wait to be read before `send` waits too. 1,024 if not given. */
  readonly ingressLimit?: number;
  /**
   * How many calls of `send` may wait for room at one ingress before one more is refused; and how many may wait for their
   * commit before more wait for room. 100,000 if not given.
   */
  readonly sendLimit?: number;
  /**
   * How many events may wait inside: in streams, and at egresses until somebody is done with them. From a quarter of that on,
   * `send` and generators wait, until half of it is done, and little is let in: nothing, if it is readers or those who take care
   * of kept values that are waited for. At the limit a turn that sends more than one event fails, so that what goes round in a
   * cycle and grows cannot take all memory; and a reader with half as much unread is ended. What retained streams keep does not
   * count. 4,000,000 if not given.
   */
  readonly backlogLimit?: number;
  /**
   * How many bytes a value may take that is sent to a system that is kept; one that takes more is refused. 1 MiB if not
   * given.
   */
  readonly maxMessageBytes?: number;
  /** How much is remembered of what has entered under an idempotency key, at each ingress. */
  readonly remember?: Partial<RememberOptions>;
  /**
   * How often a process may end while the same event is handled, before that event is refused instead: its turn fails with
   * `task/deadly`. Infinity for never. 3 if not given.
   */
  readonly maxAttempts?: number;
}

/** The same with all that was not given, and it makes sense. */
export interface SettledOptions extends Required<Omit<RunningOptions, 'seed' | 'store' | 'epochs'>> {
  readonly seed: number | undefined;
  readonly store: Store | undefined;
  readonly epochs: EpochOptions;
}

/** Checks options before anything is done with them. */
export function settledOptions(options: RunningOptions): SettledOptions {
  refuse('startSystem', anObject('options', options));
  const {
    applications = [],
    host = platformHost(),
    seed,
    strict = true,
    deadLetterLimit = 10_000,
    store,
    types = [],
    owner = 'a system',
    epochs,
    ingressLimit = 1024,
    sendLimit = 100_000,
    backlogLimit = BACKLOG_LIMIT,
    maxMessageBytes = MESSAGE_BYTES,
    remember = {},
    maxAttempts = MAX_ATTEMPTS,
  } = options;
  refuse('startSystem', [
    ...has('host', host, ['now', 'entropy', 'yield', 'after', 'log']),
    ...wholeNumber('seed', seed ?? 0),
    ...atLeast('deadLetterLimit', deadLetterLimit, 0),
    ...atLeast('ingressLimit', ingressLimit, 1),
    ...atLeast('sendLimit', sendLimit, 1),
    ...atLeast('backlogLimit', backlogLimit, 1),
    ...atLeast('maxMessageBytes', maxMessageBytes, 1),
    ...atLeast('maxAttempts', maxAttempts, 1),
    ...anObject('remember', remember),
    ...atLeast('remember.maxKeys', remember.maxKeys ?? 0, 0),
    ...atLeast('remember.maxAgeMs', remember.maxAgeMs ?? 0, 0),
    ...(Array.isArray(applications)
      ? []
      : [{ what: `applications is ${inWords(applications)}`, cure: 'Give a list of them' }]),
  ]);
  return {
    applications,
    host,
    seed,
    strict,
    deadLetterLimit,
    store,
    types,
    owner,
    epochs: { ...EPOCHS, ...epochs },
    ingressLimit,
    sendLimit,
    backlogLimit,
    maxMessageBytes,
    remember,
    maxAttempts,
  };
}

const EPOCHS: EpochOptions = {
  epochMs: 5,
  epochDirty: 20_000,
  activeCells: 100_000,
  activeBytes: 0x800_0000,
  applyBytes: 0x40_0000,
  checkpointBytes: 0x100_0000,
};

const MAX_ATTEMPTS = 3;

/** 1 MiB. */
const MESSAGE_BYTES = 0x10_0000;

/** Refuses what cannot be stored, and what is too large to be let in. */
export function doorOf({ types, maxMessageBytes }: SettledOptions): (value: unknown, where: string) => void {
  const codec = codecOf(types, maxMessageBytes);
  return (value, where) => {
    try {
      codec.check(value, where);
    } catch (error) {
      const known = ours(error);
      if (known?.code !== 'codec/too-large') throw error;
      const cure =
        'Send it in parts, keep it elsewhere and send where it is, or allow more with maxMessageBytes';
      throw wrong(known.code, where, known.what, cure);
    }
  };
}
