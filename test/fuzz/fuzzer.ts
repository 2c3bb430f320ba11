// The loop: an input of one that was kept, what the target says to it, and whether it is kept as well.
//
// Input `n` of a seed follows from that seed, that number and what was kept by then, and from nothing else.
import { Random } from '../../src/engine/random.ts';
import type { Coverage } from './coverage.ts';
import { mutated, smaller } from './mutate.ts';
import { Broken, must, type Target } from './target.ts';
import { asked, checkPrototypes, checkPrototypesWell } from './watch.ts';

/** An input with which something does not hold. */
export interface Found {
  readonly target: string;
  readonly input: Uint8Array;
  readonly error: unknown;
  /** Which input of the run it was. */
  readonly at: number;
  /** Whether it fails by itself, or only after those before it. */
  readonly alone: boolean;
}

export interface Run {
  readonly inputs: number;
  readonly taken: number;
  readonly corpus: readonly Uint8Array[];
  readonly found: Found | undefined;
}

export interface Course {
  readonly seed: number;
  readonly inputs: number;
  readonly corpus: readonly Uint8Array[];
  /** Keeps what is new by it; without one nothing is kept, and the inputs run at full speed. */
  readonly coverage?: Coverage | undefined;
  /** Called before each input. */
  readonly before: (at: number, input: Uint8Array) => void;
}

/** No input may take longer. */
const MOST_MS = 1_000;
const IN_TIME = 'an input takes less than a second';

export async function fuzz(target: Target, { seed, inputs, corpus, coverage, before }: Course): Promise<Run> {
  const { first, words = [], most = 512 } = target;
  const kept = [...first, ...corpus];
  const random = new Random(seed);
  let taken = 0;
  for (let at = 0; at < inputs; at++) {
    const input = at < first.length && coverage !== undefined ? (first[at] as Uint8Array) : next(at);
    before(at, input);
    try {
      const verdict = attempt(target, input);
      if ((typeof verdict === 'string' ? verdict : await verdict) === 'taken') taken++;
      if (at % 1_000 === 0) checkPrototypesWell();
    } catch (error) {
      const alone = await failsAgain(target, input, error);
      // A machine that has much else to do may stand still for a second.
      if (!alone && ruleOf(error) === ruleOf(new Broken(IN_TIME))) continue;
      const small = alone ? await shrunk(target, input, error) : input;
      return {
        inputs: at + 1,
        taken,
        corpus: kept,
        found: { target: target.name, input: small, error, at, alone },
      };
    }
    if (coverage !== undefined && coverage.fresh() > 0) kept.push(input);
  }
  checkPrototypesWell();
  return { inputs, taken, corpus: kept.slice(first.length), found: undefined };

  function next(at: number): Uint8Array {
    random.state = (Math.imul(seed, 0x9e37_79b1) ^ Math.imul(at + 1, 0x85eb_ca6b)) | 0 || 1;
    random.below(2);
    random.below(2);
    // What was kept lately leads on more often.
    const last = kept.length - 1;
    const parent =
      random.below(3) === 0 ? last - random.below(Math.min(8, kept.length)) : random.below(kept.length);
    const other = kept[random.below(kept.length)] as Uint8Array;
    return mutated(random, kept[parent] as Uint8Array, other, words, most);
  }
}

/** What a target says to an input, and whether it behaved. */
export function attempt(
  target: Target,
  input: Uint8Array,
): 'taken' | 'refused' | Promise<'taken' | 'refused'> {
  asked.bytes = 0;
  const started = performance.now();
  const verdict = target.run(input);
  if (typeof verdict === 'string') {
    behaved(target, input, started);
    return verdict;
  }
  return verdict.then((told) => {
    behaved(target, input, started);
    return told;
  });
}

function behaved({ room }: Target, { length }: Uint8Array, started: number): void {
  checkPrototypes();
  must(asked.bytes <= room(length), 'no more memory is asked for than an input of that size can need');
  must(performance.now() - started < MOST_MS, IN_TIME);
}

/** The rule that an error says is broken, without what differs from input to input. */
export function ruleOf(error: unknown): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return what
    .split('\n', 1)[0]!
    .replace(/[“"'].*[”"']/g, '…')
    .replace(/\d+/g, '#')
    .slice(0, 60);
}

async function failsAgain(target: Target, input: Uint8Array, error: unknown): Promise<boolean> {
  try {
    await attempt(target, input);
    return false;
  } catch (again) {
    return ruleOf(again) === ruleOf(error);
  }
}

/** The smallest input found, in a while, that breaks the same rule. */
async function shrunk(target: Target, input: Uint8Array, error: unknown): Promise<Uint8Array> {
  const until = performance.now() + SHRINK_MS;
  let best = input;
  for (let better = true; better;) {
    better = false;
    for (const candidate of smaller(best)) {
      if (performance.now() > until) return best;
      if (!(await failsAgain(target, candidate, error))) continue;
      best = candidate;
      better = true;
      break;
    }
  }
  return best;
}

const SHRINK_MS = 5_000;
