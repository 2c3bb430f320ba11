/** What a benchmark is: a question, those who answer it with figures, and the goals that the figures are held to. */

/** How much is done: numbers by name. */
export type Load = Readonly<Record<string, number>>;

/** What one run of a contender gives. */
export interface Run {
  /** By the name of the metric. */
  readonly figures: Readonly<Record<string, number>>;
  /** What was computed. It must equal what the contender expects, or the figures mean nothing. */
  readonly outcome: Readonly<Record<string, number>>;
  /** How much of a core it had, if it ran in a process of its own. */
  readonly share?: number;
}

/** A run, and how much of a core it had while it lasted. */
export interface Measured extends Run {
  /** CPU time by elapsed time: 1 or more, with what the engine does on other threads, if nobody was in the way. */
  readonly share: number;
}

/** What is measured. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  /** Not shown in relation to plain JavaScript, for which it is next to nothing. */
  readonly absolute?: true;
}

/** One of those who are compared. Each run of it that counts has a process of its own. */
export interface Contender<L extends Load = Load> {
  readonly name: string;
  /** The plain JavaScript that does the same work; the one of the question if not given. */
  readonly reference?: string;
  /** How many times the load for warming up runs before the run that counts; as often as the question says if not given. */
  readonly warmUps?: number;
  /** Why it cannot run here, if it cannot. */
  readonly missing?: () => string | undefined;
  /** Flags of its process, such as `--expose-gc`. */
  readonly nodeFlags?: readonly string[];
  readonly run: (load: L) => Run | Promise<Run>;
  readonly expects: (load: L) => Run['outcome'];
}

/** A bound for the median of a metric, or for the median of its ratio to that of another contender in the same round. */
export type Goal = {
  readonly contender: string;
  readonly metric: string;
  readonly timesThatOf?: string;
} & ({ readonly atLeast: number } | { readonly atMost: number });

export interface Question<L extends Load = Load> {
  readonly name: string;
  /** One sentence that ends with a question mark. */
  readonly asks: string;
  /** What runs, in a sentence or two. */
  readonly method: string;
  readonly metrics: readonly Metric[];
  readonly contenders: readonly Contender<L>[];
  /** The contender that the others are shown in relation to: plain JavaScript that does the same work. */
  readonly reference: string;
  readonly goals: readonly Goal[];
  /** What is measured; what runs before it in the same process, so that it was compiled; what runs in the tests. */
  readonly loads: { readonly full: L; readonly warmUp: L; readonly quick: L };
  /** How many times the load for warming up runs. 2 if not given. */
  readonly warmUps?: number;
}

/** Puts a question whose loads have these names. */
export function question<L extends Load>(put: Question<L>): Question {
  return put as unknown as Question;
}

/** A question without those who cannot run here and the goals that name them; and why they cannot. */
export function presentOf(question: Question): {
  readonly present: Question;
  readonly missing: readonly string[];
} {
  const all = question.contenders.map((contender) => ({ contender, why: contender.missing?.() }));
  const contenders = all.filter(({ why }) => why === undefined).map(({ contender }) => contender);
  const names = new Set(contenders.map(({ name }) => name));
  const goals = question.goals.filter(
    ({ contender, timesThatOf = contender }) => names.has(contender) && names.has(timesThatOf),
  );
  const missing = all.flatMap(({ contender, why }) =>
    why === undefined ? [] : [`${contender.name}: ${why}`],
  );
  return { present: { ...question, contenders, goals }, missing };
}

/** Runs a contender and checks what it computed. */
export async function checkedRun(question: Question, contender: Contender, load: Load): Promise<Run> {
  const run = await contender.run(load);
  const expected = contender.expects(load);
  for (const what of new Set([...Object.keys(expected), ...Object.keys(run.outcome)])) {
    if (run.outcome[what] === expected[what]) continue;
    const [is, should] = [String(run.outcome[what]), String(expected[what])];
    throw new Error(`${question.name}, ${contender.name}: ${what} should be ${should}, but is ${is}`);
  }
  return run;
}

/** Runs a contender warm, as its process does for a round. */
export async function measure(question: Question, contender: Contender, quick: boolean): Promise<Measured> {
  const { full, warmUp, quick: small } = question.loads;
  const warmUps = quick ? 0 : (contender.warmUps ?? question.warmUps ?? 2);
  for (let i = 0; i < warmUps; i++) await checkedRun(question, contender, warmUp);
  const start = performance.now();
  const before = process.cpuUsage();
  const run = await checkedRun(question, contender, quick ? small : full);
  const { user, system } = process.cpuUsage(before);
  return { ...run, share: run.share ?? (user + system) / 1000 / (performance.now() - start) };
}
