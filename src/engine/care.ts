/**
 * Care: a process that ends while something is handled ends again when that is handled again, after every start. So after two
 * falls what is about to be handled is written down first, and what processes have ended in too often is refused.
 *
 * B1. An attempt is written down before it is made, in words that outlive the process, and crossed out after it.
 * B2. What a process ended in is one attempt further. It is known by its task, its key and its content, so it is the same one
 *      whether it was stored or is sent again.
 * B3. What was attempted too often is refused: an error takes the place of its handler, as if that had thrown it. Where an event
 *      brings several calls of users' code, each of them is an attempt of its own.
 * B4. Before the second fall within ten minutes, and ten minutes after the last one, nothing is written.
 */
import type { Codec } from '../codec.ts';
import { describe, PorticoError } from '../errors.ts';
import type { CareOf, Handlers, LeanFunction } from '../graph/task.ts';
import type { Key } from '../graph/keys.ts';
import { crc32 } from '../journal/crc32.ts';

/** What a process leaves behind when it ends. */
export interface LastWords {
  /** What the process before said last, if there was one; from now on this one speaks. */
  open(run: number): Promise<string | undefined>;
  /** Takes the place of what was said before. Synchronous; it outlives the process, though perhaps not a loss of power. */
  say(text: string): void;
  close(): void;
}

/** What processes ended in, and how often. */
interface Death {
  times: number;
  readonly where: string;
}

/** What is said. */
interface Said {
  /** When processes were found to have ended without a word. */
  readonly falls: readonly number[];
  readonly deaths: readonly (readonly [id: string, times: number, where: string])[];
  /** What is being attempted. */
  readonly attempt?: readonly [id: string, where: string];
  /** Whether it came to its end in good order. */
  readonly ended?: boolean;
}

export interface CareOptions {
  readonly words: LastWords;
  /** What the process before said. */
  readonly before: string | undefined;
  readonly nowMs: number;
  readonly codec: Codec;
  /** How often a process may end in the same. */
  readonly maxAttempts: number;
  readonly log: (level: 'warn' | 'error', text: string) => void;
}

/** For how long falls count. */
export const CARE_MS = 600_000;
const FALLS = 2;

export class Care {
  readonly #words: LastWords;
  readonly #codec: Codec;
  readonly #maxAttempts: number;
  readonly #log: CareOptions['log'];
  readonly #falls: number[];
  readonly #deaths: Map<string, Death>;
  /** Whether it is being careful. */
  #active: boolean;
  #ended = false;
  /** Whether nothing can be said any more. */
  #isMute = false;

  constructor({ words, before, nowMs, codec, maxAttempts, log }: CareOptions) {
    this.#words = words;
    this.#codec = codec;
    this.#maxAttempts = maxAttempts;
    this.#log = log;
    const past = before === undefined ? undefined : understood(before);
    const fell = past !== undefined && past.ended !== true;
    const recent = (past?.falls ?? []).filter((ms) => ms > nowMs - CARE_MS && ms <= nowMs);
    this.#falls = fell ? [...recent, nowMs] : [];
    this.#active = this.#falls.length >= FALLS && maxAttempts !== Infinity;
    this.#deaths = new Map(
      this.#active ? past?.deaths.map(([id, times, where]) => [id, { times, where }]) : [],
    );
    if (this.#active) this.#count(past?.attempt);
    this.#say();
  }

  /** Whether anything has to be guarded in this run. */
  get isNeeded(): boolean {
    return this.#active;
  }

  /** B2. */
  #count(attempt: Said['attempt']): void {
    const within = 'processes with this store have ended at least twice within ten minutes';
    this.#log('warn', `${within}: what is handled is written down first, which takes its time`);
    if (attempt === undefined) return;
    const [id, where] = attempt;
    const death = this.#deaths.get(id) ?? { times: 0, where };
    death.times++;
    this.#deaths.set(id, death);
    this.#log('error', `the process before ended while ${where} was handled; that was time ${death.times}`);
  }

  /** Looks after what one task handles. */
  guard(path: string, { same, calls }: CareOf = {}): Guard {
    return (key, value, handle) => {
      if (!this.#active) return handle();
      const where = key === undefined ? path : `${path} under the key ${String(key)}`;
      const id = this.#idOf(path, key, same === undefined ? value : same(value));
      try {
        this.#attempt(id, where);
        if (calls === undefined) return handle();
        let call = 0;
        return calls(handle, () => {
          this.#attempt(`${id}-${++call}`, where);
        });
      } finally {
        this.#say();
      }
    };
  }

  /** B1, B3. */
  #attempt(id: string, where: string): void {
    const times = this.#deaths.get(id)?.times ?? 0;
    if (times >= this.#maxAttempts) throw deadly(where, times);
    this.#say([id, where]);
  }

  /** There was no fall for long enough. B4. */
  rest(): void {
    this.#active = false;
    this.#falls.length = 0;
    this.#deaths.clear();
    this.#say();
  }

  /** The process goes on, or ends in good order: this was no fall. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#active = false;
    this.#speak({ falls: [], deaths: [], ended: true });
    try {
      this.#words.close();
    } catch (error) {
      // Whoever ends the system goes on: what was said last is all that the next process needs.
      this.#log('error', `what was said last cannot be closed: ${describe(error)}`);
    }
  }

  #say(attempt?: Said['attempt']): void {
    const deaths = [...this.#deaths].map(([id, { times, where }]) => [id, times, where] as const);
    this.#speak({ falls: this.#falls, deaths, ...(attempt && { attempt }) });
  }

  #speak(said: Said): void {
    if (this.#isMute) return;
    try {
      this.#words.say(JSON.stringify(said));
    } catch (error) {
      this.#isMute = true;
      this.#active = false;
      this.#log('error', `what is handled cannot be written down: ${describe(error)}`);
    }
  }

  /** B2. */
  #idOf(path: string, key: Key | undefined, value: unknown): string {
    let bytes: Uint8Array;
    try {
      bytes = this.#codec.encode([path, key, value], path);
    } catch (error) {
      // What cannot be stored is refused in the same words each time.
      bytes = this.#codec.encode([path, key, describe(error)], path);
    }
    return `${crc32(bytes).toString(36)}-${bytes.length.toString(36)}`;
  }
}

/** Handles something under a key, or refuses to. */
export type Guard = <T>(key: Key | undefined, value: unknown, handle: () => T) => T;

/** The same handlers, looked after. */
export function guardedHandlers(handlers: Handlers, guard: Guard): Handlers {
  const { onNext, onError, onTimer, onAtomComplete, onComplete } = handlers;
  return {
    ...(onNext && { onNext: (value, ctx) => guard(ctx.key, value, () => onNext(value, ctx)) }),
    ...(onError && {
      onError: (error, ctx) => guard(ctx.key, describe(error), () => onError(error, ctx)),
    }),
    ...(onTimer && { onTimer: (payload, ctx) => guard(ctx.key, payload, () => onTimer(payload, ctx)) }),
    ...(onAtomComplete && {
      onAtomComplete: (ctx) => guard(undefined, 'onAtomComplete', () => onAtomComplete(ctx)),
    }),
    ...(onComplete && { onComplete: (ctx) => guard(undefined, 'onComplete', () => onComplete(ctx)) }),
  };
}

export function guardedFunction(f: LeanFunction, guard: Guard): LeanFunction {
  return (value, ctx) => guard(ctx.key, value, () => f(value, ctx));
}

function deadly(where: string, times: number): PorticoError {
  return new PorticoError({
    code: 'task/deadly',
    where,
    what: `a process has ended ${times === 1 ? 'once' : `${times} times`} while this was handled, and so it is refused`,
    cure: 'Mend what handles it, start the system again, and send again what was set aside',
  });
}

const isNumber = (value: unknown): boolean => typeof value === 'number';
const isText = (value: unknown): boolean => typeof value === 'string';

function isList<T>(value: readonly T[] | undefined, is: (each: unknown) => boolean): value is readonly T[] {
  return Array.isArray(value) && value.every(is);
}

function isDeath(value: unknown): boolean {
  return Array.isArray(value) && isText(value[0]) && isNumber(value[1]) && isText(value[2]);
}

function isAttempt(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && isText(value[0]) && isText(value[1]));
}

/** What was said; undefined if it makes no sense: then it is as if nothing had been. */
function understood(text: string): Said | undefined {
  try {
    const said = JSON.parse(text) as Partial<Said> | null;
    if (isList(said?.falls, isNumber) && isList(said.deaths, isDeath) && isAttempt(said.attempt))
      return said as Said;
  } catch {
    // Words that were being said when the power failed are cut short, and nothing depends on them.
  }
  return undefined;
}
