// The part of the tour that is kept: a system of actors with a store. End the program at any moment, and start it again:
// the actors go on where they were, and this part of the program only has to ask them again for what it wants.
import { start, type ActorSystem } from 'portico';
import type { Store } from 'portico/dataflow';
import { bankBehaviors, clerk, transfers } from './bank.ts';
import { counter } from './counter.ts';
import { fibonacci, fibonacciBehaviors } from './fibonacci.ts';
import { balls, match, matchBehaviors } from './match.ts';
import { tour } from './tour.ts';

type Print = (line: string) => void;

export class Kept implements AsyncDisposable {
  readonly #system: ActorSystem;
  /** The round of the tour that this run begins, or goes on with. */
  readonly #round: number;

  private constructor(system: ActorSystem, round: number) {
    this.#system = system;
    this.#round = round;
  }

  static async start(store: Store, owner: string): Promise<Kept> {
    const system = await start({ behaviors, topics: [balls, transfers], store, owner });
    const rounds = await system.ask(system.entity(tour(0), 'tour'), { type: 'rounds' });
    return new Kept(system, rounds + 1);
  }

  /** How often the store was started with, this time included. */
  get run(): number {
    return this.#system.dataflow.run;
  }

  /** What the actors say of the runs before. */
  async found(): Promise<readonly string[]> {
    const round = this.#round;
    const [fib, left, count, { made, balances }] = await Promise.all([
      this.#system.ask(this.#fibonacci, { type: 'look' }),
      this.#system.ask(this.#match, { type: 'look' }),
      this.#system.ask(this.#counter, { type: 'look' }),
      this.#system.ask(this.#clerk, { type: 'audit' }),
    ]);
    const total = balances.reduce((sum, balance) => sum + balance, 0);
    return [
      inWords.fib(fib),
      inWords.match(round, left),
      `${count} messages have been counted`,
      `${made} transfers have been made, and the bank holds ${total}`,
    ];
  }

  async fibonacci(print: Print): Promise<void> {
    print(`fib(21) is ${await this.#system.ask(this.#fibonacci, { type: 'ask' })}`);
  }

  async match(print: Print): Promise<void> {
    const unsubscribe = this.#system.subscribe(balls, (left) => {
      if (left % 256 === 0) print(`${left} left`);
    });
    await this.#system.ask(this.#match, { type: 'play' });
    unsubscribe();
    print(`match ${this.#round} is over`);
  }

  async counting(print: Print): Promise<void> {
    const goal = this.#round * 1024;
    let count = await this.#system.ask(this.#counter, { type: 'look' });
    while (count < goal) {
      // Each is acknowledged when it is kept. What was sent and not acknowledged before a crash, the count shows.
      const some = Array.from({ length: Math.min(16, goal - count) });
      await Promise.all(some.map(() => this.#system.send(this.#counter, { type: 'up' })));
      count += some.length;
    }
    print(`counted ${await this.#system.ask(this.#counter, { type: 'look' })}`);
  }

  async bank(print: Print): Promise<void> {
    const unsubscribe = this.#system.subscribe(transfers, (made) => print(`${made} transfers`));
    await this.#system.ask(this.#clerk, { type: 'make', upTo: this.#round * 100 });
    unsubscribe();
    const { balances } = await this.#system.ask(this.#clerk, { type: 'audit' });
    const [ann = 0, bob = 0, eve = 0] = balances;
    print(`ann has ${ann}, bob has ${bob}, eve has ${eve}: ${ann + bob + eve} in all`);
    await this.#system.send(this.#system.entity(tour(0), 'tour'), { type: 'over', round: this.#round });
  }

  /** What was written in this run. */
  written(): string {
    const { commits, rows, bytes } = this.#system.dataflow.committed;
    return `${commits} commits, ${rows} rows, ${(bytes / 1e6).toFixed(1)} MB`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#system.stop();
  }

  get #fibonacci() {
    return this.#system.entity(fibonacci(), '21');
  }

  get #match() {
    return this.#system.entity(match(), String(this.#round));
  }

  get #counter() {
    return this.#system.entity(counter(0), 'all');
  }

  get #clerk() {
    return this.#system.entity(clerk(0, undefined), 'the');
  }
}

const behaviors = {
  ...fibonacciBehaviors,
  ...matchBehaviors,
  ...bankBehaviors,
  counter,
  tour,
};

const inWords = {
  fib(found: 'new' | 'under way' | number): string {
    if (found === 'new') return 'nobody has asked for fib(21) yet';
    return found === 'under way' ? 'fib(21) is being worked out' : `fib(21) is known to be ${found}`;
  },
  match(round: number, left: 'new' | number): string {
    if (left === 'new') return `match ${round} has not begun`;
    return left === 0 ? `match ${round} is over` : `match ${round} goes on with ${left} balls`;
  },
};
