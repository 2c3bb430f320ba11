/**
 * Runs a scenario again and again, each time with the messages in another order that the guarantees allow, and reports the
 * simplest run that fails.
 *
 * E1. A run is decided by its choices alone: the same choices, the same run.
 * E2. What is reported did fail, just so, in the last run that was made of it.
 */

import { ActorCreate, ActorSend } from '../index.ts';
import { AskReply, Control, ToEntity } from '../messages.ts';
import { atRandom, Chooser, isSimpler, simpler, trimmed, type Choices } from './choices.ts';
import { shown } from './expectation.ts';
import { interleaved, type Delivery } from './interleaving.ts';
import { kitWith, type SystemKit, type SystemKitOptions } from './system-kit.ts';

export interface ExploreOptions extends Omit<SystemKitOptions, 'seed'> {
  /** How many runs are made at most. 100 if not given. */
  readonly runs?: number;
  /** How many further runs may be made to find a simpler one that fails. 300 if not given. */
  readonly shrinks?: number;
  /** Decides which orders are tried. 1 if not given. */
  readonly seed?: number;
  /** Makes one run only, with these choices: those of a failure that was reported. */
  readonly replay?: Choices;
}

/** A scenario: what happens, and what must hold then. It throws if that does not hold. */
export type Scenario = (kit: SystemKit, pick: Picker) => Promise<void> | void;

/** Choices of the scenario itself; they are explored, and made simpler, together with the order of messages. */
export interface Picker {
  /** A number from 0 up to but not including `bound`. */
  below(bound: number): number;
  /** One of the values; the first is the simplest. */
  oneOf<T>(values: readonly [T, ...T[]]): T;
}

/** What came of an exploration in which nothing failed. */
export interface Explored {
  readonly runs: number;
  /** How many of them differ from each other. */
  readonly distinct: number;
}

/** A scenario failed. `cause` is the error of the simplest run that was found. */
export class ExplorationError extends Error {
  override readonly name: string = 'ExplorationError';
  /** Give them to `replay` to run it again. */
  readonly choices: Choices;
  /** What happened, one line a message that was delivered. */
  readonly trace: readonly string[];

  /** @internal */
  constructor(message: string, { error, choices, trace }: Failed) {
    super(message, { cause: error });
    this.choices = choices;
    this.trace = trace;
  }
}

/**
 * Runs a scenario under many orders of its messages. Rejects with the simplest failure, if there is one.
 *
 * @example
 * ```ts
 * import { behavior, receive, same, type ActorRef } from 'portico';
 * import { explore } from 'portico/testkit';
 *
 * const relay = behavior('relay', (to: ActorRef<string>) => receive<string>((text, ctx) => (ctx.send(to, text), same)));
 *
 * const { distinct } = await explore(async (kit) => {
 *   const probe = kit.probe<string>();
 *   for (const text of ['a', 'b']) await kit.system.send(kit.create(relay(probe.ref)), text);
 *   const both = await probe.expectMessages(2);
 *   if (both.sort().join('') !== 'ab') throw new Error('one is missing');
 * });
 * console.log(distinct > 1); // true
 * ```
 */
export async function explore(scenario: Scenario, options: ExploreOptions = {}): Promise<Explored> {
  const { runs = 100, shrinks = 300, seed = 1, replay, ...kit } = options;
  const run = (chooser: Chooser): Promise<Outcome> => runOnce(scenario, kit, chooser);
  if (replay !== undefined) {
    const outcome = await run(new Chooser(replay));
    if (outcome.failed) throw new ExplorationError(report(outcome, 'with the given choices', 0), outcome);
    return { runs: 1, distinct: 1 };
  }
  const seen = new Set<string>();
  for (let i = 0; i < runs; i++) {
    // The usual order first.
    const outcome = await run(i === 0 ? new Chooser([]) : new Chooser([], atRandom(seed * 1_000_003 + i)));
    seen.add(outcome.choices.join(' '));
    if (!outcome.failed) continue;
    const { failed, tries } = await shrunk(outcome, run, shrinks);
    throw new ExplorationError(report(failed, `in run ${i + 1} of ${runs}`, tries), failed);
  }
  return { runs, distinct: seen.size };
}

interface Run {
  readonly choices: Choices;
  readonly trace: readonly string[];
}

interface Failed extends Run {
  readonly failed: true;
  readonly error: unknown;
}

type Outcome = Failed | (Run & { readonly failed: false });

async function runOnce(scenario: Scenario, options: SystemKitOptions, chooser: Chooser): Promise<Outcome> {
  const deliveries: Delivery[] = [];
  const workflow = interleaved(chooser.choose, (delivery) => deliveries.push(delivery));
  const kit = await kitWith(options, workflow);
  const choose = (bound: number): number => (bound > 1 ? chooser.choose(bound) : 0);
  const pick: Picker = { below: choose, oneOf: (values) => values[choose(values.length)] ?? values[0] };
  const run = (): Run => ({
    choices: trimmed(chooser.made),
    trace: deliveries.map((each) => told(each, kit)),
  });
  try {
    await scenario(kit, pick);
    await kit.run();
    return { ...run(), failed: false };
  } catch (error) {
    return { ...run(), failed: true, error };
  } finally {
    await kit.stop();
  }
}

/** The simplest failure that is found within so many runs. */
async function shrunk(
  first: Failed,
  run: (chooser: Chooser) => Promise<Outcome>,
  most: number,
): Promise<{ failed: Failed; tries: number }> {
  let failed = first;
  let tries = 0;
  const tried = new Set<string>([first.choices.join(' ')]);
  for (let found = true; found;) {
    found = false;
    for (const candidate of simpler(failed.choices)) {
      if (tries >= most) return { failed, tries };
      const name = candidate.join(' ');
      if (tried.has(name) || !isSimpler(candidate, failed.choices)) continue;
      tried.add(name);
      tries++;
      const outcome = await run(new Chooser(candidate));
      // What was made may be simpler than what was given: a run may need fewer choices.
      if (!outcome.failed || !isSimpler(outcome.choices, failed.choices)) continue;
      failed = outcome;
      found = true;
      break;
    }
  }
  return { failed, tries };
}

function report({ error, choices, trace }: Failed, when: string, tries: number): string {
  const words = error instanceof Error ? error.message : String(error);
  const shrinking = tries === 0 ? '' : `; the simplest of ${tries} runs more`;
  const lines = trace.map((line, i) => `  ${i + 1}. ${line}`);
  return [
    `The scenario failed ${when}${shrinking}: ${words}`,
    'What was delivered, in this order:',
    ...(lines.length === 0 ? ['  nothing'] : lines),
    `Run it again with { replay: [${choices.join(', ')}] }`,
  ].join('\n');
}

function told({ from, to, value }: Delivery, kit: SystemKit): string {
  const sender = from === undefined ? 'outside' : kit.nameOf(from);
  return `${sender} → ${kit.nameOf(to)}: ${contents(value)}`;
}

/** What is delivered, as the user would say it. */
function contents(value: unknown): string {
  if (value instanceof ActorSend || value instanceof ToEntity) return shown(value.message);
  if (value instanceof ActorCreate) return `is created as ${String(value.behavior)}`;
  if (value instanceof AskReply) return shown(value.outcome);
  if (value instanceof Control) return `(${value.kind})`;
  return shown(value);
}
