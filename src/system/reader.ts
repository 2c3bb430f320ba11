/**
 * A reader of a stream, for those who want the values one by one and at their own pace.
 *
 * U1. It takes the next atom out of the stream only when somebody asks for a value and the atom before was used up. What it
 *     has not taken waits in the stream, and whoever fills that stream waits for room as with any other reader.
 * U2. Nobody waits for ever: when the system ends, those who ask are told.
 */
import type { PorticoError } from '../errors.ts';

/** Where the values come from. */
export interface Source {
  /** Hands over atoms from now on. */
  resume(): void;
  /** Hands over no more than the atom that is under way. */
  pause(): void;
  close(): void;
}

interface Asker<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: PorticoError) => void;
}

export class Reader<T> implements AsyncIterableIterator<T, undefined, void> {
  readonly #source: Source;
  #values: T[] = [];
  /** How many of the values were read. */
  #read = 0;
  readonly #askers: Asker<T>[] = [];
  #ended = false;
  #failure: PorticoError | undefined;

  /** `open` is given what takes a value, and what is called when no more can come. */
  constructor(open: (take: (value: T) => void, end: () => void) => Source) {
    this.#source = open(
      (value) => {
        this.#take(value);
      },
      () => {
        this.end();
      },
    );
    this.#source.pause();
  }

  /** The next value, as soon as there is one. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#read < this.#values.length) {
      const value = this.#values[this.#read++] as T;
      if (this.#read === this.#values.length) [this.#values, this.#read] = [[], 0];
      return Promise.resolve({ done: false, value });
    }
    // U2.
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#askers.push({ resolve, reject });
      this.#source.resume();
    });
  }

  /** Reads no more. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#values = [];
    this.#read = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** There is nothing more to read, because the system failed or because there is nothing to read from. */
  end(failure?: PorticoError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#source.close();
    for (const { resolve, reject } of this.#askers.splice(0)) {
      if (failure === undefined) resolve({ done: true, value: undefined });
      else reject(failure);
    }
  }

  #take(value: T): void {
    const asker = this.#askers.shift();
    if (asker === undefined) this.#values.push(value);
    else asker.resolve({ done: false, value });
    // U1.
    if (this.#askers.length === 0) this.#source.pause();
  }
}
