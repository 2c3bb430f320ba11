/**
 * The outside as a network shows it to a process: a call takes its time to get there, is carried out, and its outcome takes its
 * time to come back. Each of the three can go wrong.
 *
 * OC1. A call that is on its way is carried out even if the process that made it has ended. Its outcome comes to that process
 *      or to none. A process that has ended makes no calls.
 * OC2. A call that fails was carried out or not; who made it cannot tell.
 * OC3. When nothing goes wrong any more, calls that hang fail.
 */
import type { Random } from '../../engine/random.ts';
import { describe } from '../../errors.ts';
import type { SimulatedProcess } from '../simulation/process.ts';
import type { SimulatedWorld } from '../simulation/world.ts';
import type { Fate } from './faults.ts';
import { shown } from './shown.ts';
import { way } from './way.ts';

export class Outside {
  /** How many calls there were. */
  called: number = 0;
  /** How many of them went wrong. */
  failed: number = 0;
  /** Those that have not come back. */
  readonly #calls = new Set<{ readonly said: string; readonly isOver: () => boolean }>();
  readonly #world: SimulatedWorld;
  readonly #random: Random;
  readonly #fates: ReadonlyMap<number, Fate>;
  readonly #tell: (what: string) => void;
  #hanging: (() => void)[] = [];

  constructor(
    world: SimulatedWorld,
    random: Random,
    fates: ReadonlyMap<number, Fate>,
    tell: (what: string) => void,
  ) {
    this.#world = world;
    this.#random = random;
    this.#fates = fates;
    this.#tell = tell;
  }

  async call<R>(
    process: SimulatedProcess,
    name: string,
    args: readonly unknown[],
    carryOut: () => Promise<R> | R,
  ): Promise<R> {
    const hasEnded = (): boolean => !process.isAlive;
    // OC1.
    if (hasEnded()) return new Promise<never>(() => undefined);
    const number = ++this.called;
    const said = `call ${number}, ${name}(${args.map(shown).join(', ')})`;
    const fate = this.#world.isCalm ? undefined : this.#fates.get(number);
    const tell = (what: string): void => {
      this.#tell(`${said} ${what}`);
    };
    if (fate !== undefined) this.failed++;
    // OC1. What has not come yet will come; what comes back to nobody does not.
    let isThere = false;
    const call = { said, isOver: () => isThere && hasEnded() };
    this.#calls.add(call);
    await way(this.#world, this.#random);
    if (fate === 'failingCall') {
      tell('fails, and nothing was done');
      isThere = true;
      await way(this.#world, this.#random, process);
      this.#calls.delete(call);
      throw new Error(`${name} could not be reached`);
    }
    let outcome: { readonly value: R } | { readonly error: unknown };
    try {
      outcome = { value: await carryOut() };
      tell(`is carried out${hasEnded() ? ', though the process that made it has ended' : ''}`);
    } catch (error) {
      outcome = { error };
      tell(`is refused: ${describe(error)}`);
    }
    isThere = true;
    if (fate === 'hangingCall' && !this.#world.isCalm) {
      tell('hangs: nothing comes back');
      await new Promise<void>((resolve) => this.#hanging.push(resolve));
    }
    await way(this.#world, this.#random, process);
    this.#calls.delete(call);
    if (fate !== undefined) {
      tell('fails: its outcome is lost');
      throw new Error(`${name} did not answer`);
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  /** OC3. */
  release(): void {
    for (const wake of this.#hanging.splice(0)) wake();
  }

  /** Those that somebody waits for, or that are still to be carried out. */
  get underWay(): readonly string[] {
    for (const call of this.#calls) if (call.isOver()) this.#calls.delete(call);
    return [...this.#calls].map(({ said }) => said);
  }
}
