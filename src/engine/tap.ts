/** A tap: hands the events of a stream to the outside, atom by atom, once they are committed. */
import type { Key } from '../graph/keys.ts';
import type { Atom } from './atom.ts';
import { WORKFLOWS, type Rank, type Ready, type Runnable } from './ready.ts';
import type { AtomicStream, Consumer, Cursor } from './stream.ts';

/** Receives one event, and the place behind it: an atom and how many of its events are read. */
export type Subscriber = (value: unknown, event: { readonly key: Key }, atom: number, index: number) => void;

/** A place in a stream: an atom, and how many of its events are read. */
export interface Place {
  readonly atom: number;
  readonly index: number;
}

export class Tap implements Runnable, Consumer {
  readonly rank: Rank = WORKFLOWS;
  place = -1;
  readonly stream: AtomicStream;
  readonly #subscriber: Subscriber;
  readonly #ready: Ready;
  readonly #failed: (cause: unknown) => void;
  readonly #cursor: Cursor;
  /** Called when it is closed. */
  onEnd: (() => void) | undefined;
  /** Called when it is too far behind; only whoever sets this reads at a pace of their own. */
  onBehind: (() => void) | undefined;
  /** How many events the stream has had that it has read, or that came before it. */
  #seen: number;
  #paused = false;
  #closed = false;
  /** Up to which atom it may read (E3), and up to which it will when the next commit is done. */
  #upTo: number;
  #cutAt = 0;
  readonly #held: (() => void) | undefined;
  /** How many events of the first atom are read already. */
  #skip: number;

  constructor(
    stream: AtomicStream,
    subscriber: Subscriber,
    ready: Ready,
    from: 'end' | 'start' | Place,
    failed: (cause: unknown) => void,
    held?: () => void,
  ) {
    this.stream = stream;
    this.#subscriber = subscriber;
    this.#ready = ready;
    this.#failed = failed;
    this.#held = held;
    this.#upTo = held === undefined ? Infinity : 0;
    this.#skip = typeof from === 'object' ? from.index : 0;
    this.#seen = stream.events;
    this.#cursor = stream.attach(this, typeof from === 'object' ? from.atom : from);
  }

  /** Called while it is made, too. */
  arrived(cursor: Cursor): void {
    if (cursor.position >= this.#upTo) this.#held?.();
    else if (!this.#paused) this.#ready.add(this);
  }

  /** A cut was made: what it holds may be read once it is committed. */
  cut(): void {
    this.#cutAt = this.stream.next;
  }

  release(): void {
    this.#upTo = Math.max(this.#upTo, this.#cutAt);
    if (!this.#paused && !this.#closed && this.#readable) this.#ready.add(this);
  }

  get #readable(): boolean {
    return this.#cursor.waiting && this.#cursor.position < this.#upTo;
  }

  /** How many events wait because of it: those of a retained stream do not. */
  get unread(): number {
    return this.onBehind === undefined || this.stream.retained ? 0 : this.stream.events - this.#seen;
  }

  /** Ends it, because too much waits. */
  giveUp(): void {
    this.onBehind?.();
  }

  /** Hands over no atom from now on but the one that is under way. Those that come wait in the stream. */
  pause(): void {
    this.#paused = true;
    this.#ready.remove(this);
  }

  resume(): void {
    this.#paused = false;
    if (this.#closed || !this.#cursor.waiting) return;
    if (this.#readable) this.#ready.add(this);
    else this.#held?.();
  }

  run(): boolean {
    const { keys, values, n } = this.#cursor.peek() as Atom;
    const { position } = this.#cursor;
    let i = this.#skip;
    this.#skip = 0;
    // A subscriber may unsubscribe itself, or throw; the atom has been read either way.
    while (i < n && !this.#closed) {
      const [value, key] = [values[i], keys[i] as Key];
      i++;
      try {
        this.#subscriber(value, { key }, i < n ? position : position + 1, i < n ? i : 0);
      } catch (cause) {
        this.close();
        this.#failed(cause);
      }
    }
    if (this.#closed) return false;
    this.#cursor.advance();
    this.#seen += n;
    return !this.#paused && this.#readable;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.stream.detach(this.#cursor);
    this.#ready.remove(this);
    this.onEnd?.();
  }
}
