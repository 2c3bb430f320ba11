/** Who waits outside for something that comes from an actor. Each is told once, and forgotten with it. */
import { PorticoError } from '../src/index.ts';
import type { Failure, OutsideReply } from './messages.ts';

/** Somebody who waits. */
export interface Waiter {
  /** For whom, for errors. */
  readonly from: string;
  resolve(reply: unknown): void;
  reject(error: PorticoError): void;
  /** Takes back what wakes it if nothing comes. */
  readonly cancel?: () => void;
}

export class Waiters {
  readonly #all = new Map<number, Waiter>();
  #count: number;

  /** Their numbers are those of this run: a reply to somebody who waited in an earlier one finds nobody. */
  constructor(run: number) {
    this.#count = run * MOST_PER_RUN;
  }

  add(waiter: Waiter): number {
    this.#all.set(++this.#count, waiter);
    return this.#count;
  }

  /** Whether there was still somebody who waited. */
  settle({ waiter, outcome }: OutsideReply): boolean {
    const found = this.#take(waiter);
    if ('reply' in outcome) found?.resolve(outcome.reply);
    else found?.reject(failed(outcome.failure, found.from));
    return found !== undefined;
  }

  reject(waiter: number, error: PorticoError): void {
    this.#take(waiter)?.reject(error);
  }

  rejectAll(reason: PorticoError): void {
    for (const waiter of this.#all.keys()) this.reject(waiter, reason);
  }

  #take(waiter: number): Waiter | undefined {
    const found = this.#all.get(waiter);
    this.#all.delete(waiter);
    found?.cancel?.();
    return found;
  }
}

const MOST_PER_RUN = 2 ** 32;

function failed({ code, message }: Failure, where: string): PorticoError {
  return new PorticoError({
    code: code === 'ask/timeout' ? 'ask/timeout' : 'ask/failed',
    where,
    what: `there is no reply [${code}]: ${message}`,
    cure: 'Look at the dead letters for the message and its cause',
  });
}
