/**
 * A client that keeps sending, whatever becomes of the process: what is not acknowledged is sent again, with the same key, to
 * the next one. It remembers what it was told.
 *
 * K1. Orders are sent in the order of their numbers, those that are sent again first: a client that numbers what it sends has to.
 * K2. An order keeps its key; the attempts at it are counted.
 */
import { chances, type Heard, type Order } from './orders.ts';
import type { Running } from './process.ts';

/** What the client knows of an order. */
export interface Known {
  readonly order: Order;
  attempts: number;
  /** The attempts that were acknowledged, and what was drawn then. */
  readonly acks: { readonly attempt: number; readonly draw: number | undefined }[];
}

const TYPES = ['count', 'number', 'draw', 'pay', 'later', 'move', 'move'] as const;

export class Client {
  readonly known = new Map<number, Known>();
  readonly #open = new Map<number, Known>();
  readonly #chance: (bound: number) => number;
  readonly actors: readonly string[];
  readonly #types: readonly Order['type'][];
  #process: Running | undefined;
  /** How many more orders it may make. */
  #left = 0;
  #window = 0;
  #onAck: () => void = () => undefined;
  sent = 0;
  /** Those that were sent again because nobody had acknowledged them, and on purpose, though somebody had. */
  resent = 0;
  repeated = 0;

  constructor(seed: number, actors: number, types: readonly Order['type'][] = TYPES) {
    this.#chance = chances(seed);
    this.actors = Array.from({ length: actors }, (_, i) => String(i));
    this.#types = types;
  }

  get figures(): {
    readonly orders: number;
    readonly sent: number;
    readonly resent: number;
    readonly repeated: number;
    readonly acknowledgements: number;
  } {
    const { sent, resent, repeated } = this;
    const acknowledgements = [...this.known.values()].reduce((sum, { acks }) => sum + acks.length, 0);
    return { orders: this.known.size, sent, resent, repeated, acknowledgements };
  }

  /** How many orders nobody has acknowledged yet. */
  get waiting(): number {
    return this.#open.size;
  }

  /** K1. Sends to this process from now on: all that waits, then `orders` new ones, so many at a time. */
  sendTo(process: Running, orders: number, window = 100): void {
    if (this.#process !== process) {
      process.onAck = (ack) => {
        this.#hear(ack);
      };
      this.#process = process;
      for (const known of this.#open.values()) {
        this.resent++;
        this.#send(known);
      }
    }
    this.#left = orders;
    this.#window = window;
    this.#fill();
  }

  /** Resolves when everything is acknowledged; rejects if the process is gone before. */
  settled(): Promise<void> {
    return this.#until(() => this.#open.size === 0);
  }

  /** The same for so many orders more. */
  async acknowledged(more: number): Promise<void> {
    const enough = this.known.size - this.#open.size + more;
    await this.#until(() => this.known.size - this.#open.size >= enough);
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      const heard = new Promise<undefined>((resolve) => {
        this.#onAck = () => {
          resolve(undefined);
        };
      });
      const ended = await Promise.race([heard, this.#process?.ended]);
      if (ended === undefined || isSo()) continue;
      throw new Error(
        `the process ended, and ${this.#open.size} orders wait: ${ended.message} ${ended.errors}`,
      );
    }
  }

  #fill(): void {
    while (this.#left > 0 && this.#open.size < this.#window) {
      this.#left--;
      this.#send(this.#make());
      if (this.#chance(10) === 0) this.#repeat();
    }
  }

  #make(): Known {
    const n = this.known.size + 1;
    const type = this.#types[this.#chance(this.#types.length)] ?? 'count';
    const known = { order: { n, type, who: this.#who(), to: this.#who(), amount: 1 + this.#chance(9) } };
    const made: Known = { ...known, attempts: 0, acks: [] };
    this.known.set(n, made);
    this.#open.set(n, made);
    return made;
  }

  #who(): string {
    return this.actors[this.#chance(this.actors.length)] ?? '0';
  }

  /** Sends an order again that was acknowledged. */
  #repeat(): void {
    const known = this.known.get(1 + this.#chance(this.known.size));
    if (known === undefined || known.acks.length === 0) return;
    this.repeated++;
    this.#send(known);
  }

  /** K2. */
  #send(known: Known): void {
    this.sent++;
    this.#process?.say({ ...known.order, attempt: ++known.attempts });
  }

  #hear({ n, attempt, draw }: Heard & { readonly heard: 'ack' }): void {
    this.known.get(n)?.acks.push({ attempt, draw });
    this.#open.delete(n);
    this.#fill();
    this.#onAck();
  }
}
