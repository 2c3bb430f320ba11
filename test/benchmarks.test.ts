// The benchmarks cannot rot: each contender runs at a small size, and what it computed is checked. Its time never is.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { withFolder } from '../benchmarks/durable/places.ts';
import { answerOf, type Answer, type Conditions } from '../benchmarks/harness/answer.ts';
import { Core } from '../benchmarks/harness/core.ts';
import { orderOf } from '../benchmarks/harness/order.ts';
import {
  checkedRun,
  measure,
  presentOf,
  question,
  type Contender,
  type Goal,
  type Load,
  type Run,
} from '../benchmarks/harness/question.ts';
import { inOwnProcess } from '../benchmarks/harness/own-process.ts';
import { PlainRing } from '../benchmarks/harness/plain.ts';
import { answerInText, answersInMarkdown, short } from '../benchmarks/harness/report.ts';
import { keep, keptPage, pageOf } from '../benchmarks/harness/results.ts';
import { runRounds, undisturbed, type Measure } from '../benchmarks/harness/rounds.ts';
import { summarize } from '../benchmarks/harness/statistics.ts';
import { peerQuestions } from '../benchmarks/peers/questions.ts';
import { questions } from '../benchmarks/questions.ts';

const conditions: Conditions = { node: '20.0.0', platform: 'linux x64', cores: 2, commit: 'abc1234' };

/** Gives these speeds, one a run. */
function scripted(name: string, ...speeds: number[]): Contender {
  return {
    name,
    run: ({ events = 0 }) => ({ figures: { speed: speeds.shift() ?? 0 }, outcome: { events } }),
    expects: ({ events = 0 }: Load) => ({ events }),
  };
}

/** Runs the small load, as if nobody were in the way. */
const steady: Measure = async (question, contender) => ({
  ...(await checkedRun(question, contender, question.loads.quick)),
  share: 1,
});

const quietly = (): void => undefined;

function race(contenders: readonly Contender[], goals: readonly Goal[] = []) {
  return question({
    name: 'race',
    asks: 'Who is fastest?',
    method: 'They run.',
    metrics: [{ name: 'speed', unit: 'events/s', better: 'more' }],
    contenders,
    reference: 'plain',
    goals,
    loads: { full: { events: 1_000 }, warmUp: { events: 10 }, quick: { events: 1 } },
  });
}

// Whoever runs the tests need not have installed the peers.
const peersHere = peerQuestions.map((question) => presentOf(question).present);

describe.each([...questions, ...peersHere])('the benchmark $name', (question) => {
  it.each(question.contenders)('computes what it should with $name', async (contender) => {
    const load = question.loads.quick;
    const { outcome, figures } = await checkedRun(question, contender, load);
    expect(outcome).toEqual(contender.expects(load));
    const declared = question.metrics.map(({ name }) => name);
    expect(Object.keys(figures).filter((name) => !declared.includes(name))).toEqual([]);
    expect(figures).not.toEqual({});
  });

  it('names only what there is', () => {
    const contenders = question.contenders.map(({ name }) => name);
    const named = [
      question.reference,
      ...question.contenders.flatMap(({ reference }) => reference ?? []),
      ...question.goals.flatMap(({ contender, timesThatOf }) => [contender, timesThatOf ?? contender]),
    ];
    expect(contenders).toEqual(expect.arrayContaining(named));
    expect(new Set(contenders).size).toBe(contenders.length);
    expect(question.metrics.map(({ name }) => name)).toEqual(
      expect.arrayContaining(question.goals.map(({ metric }) => metric)),
    );
  });
});

describe('a question for those who are here', () => {
  it('leaves out the others and the goals that name them, and says why', () => {
    const away = { ...scripted('away', 1), missing: () => 'it is not installed' };
    const goals = [
      { contender: 'fast', metric: 'speed', atLeast: 1 },
      { contender: 'fast', metric: 'speed', timesThatOf: 'away', atLeast: 2 },
      { contender: 'away', metric: 'speed', atLeast: 3 },
    ];
    const { present, missing } = presentOf(race([scripted('plain', 1), scripted('fast', 2), away], goals));
    expect(present.contenders.map(({ name }) => name)).toEqual(['plain', 'fast']);
    expect(present.goals).toEqual(goals.slice(0, 1));
    expect(missing).toEqual(['away: it is not installed']);
  });
});

describe('a run in a process of its own', () => {
  it('says itself how much of a core it had', async () => {
    const told = scripted('plain', 1);
    const run: Contender['run'] = (load) => ({ ...(told.run(load) as Run), share: 0.5 });
    const { share } = await measure(race([{ ...told, run }]), { ...told, run }, true);
    expect(share).toBe(0.5);
  });
});

describe('the share of a core', () => {
  it('is what a process got of what it wanted, or not known', () => {
    const { share = 1 } = new Core().share();
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThanOrEqual(1);
  });
});

describe('a folder that is lent', () => {
  it('is removed, whatever becomes of the work', async () => {
    let folder = '';
    const failing = withFolder(async (lent) => {
      folder = lent;
      writeFileSync(join(lent, 'kept'), '');
      throw new Error('the work failed');
    });
    await expect(failing).rejects.toThrow('the work failed');
    expect(folder).toContain('portico-bench-');
    expect(existsSync(folder)).toBe(false);
  });
});

describe('work in a process of its own', () => {
  const told = (program: string): Promise<unknown> =>
    withFolder((folder) => {
      const path = join(folder, 'program.mjs');
      writeFileSync(path, program);
      return inOwnProcess(pathToFileURL(path).href, [], ['7']);
    });

  it('is heard, also of a process that kills itself then', async () => {
    const program = `import { writeSync } from 'node:fs';
      writeSync(1, process.argv[2]);
      process.kill(process.pid, 'SIGKILL');`;
    expect(await told(program)).toBe(7);
  });

  it('fails if the process says nothing', async () => {
    await expect(told('process.exitCode = 3;')).rejects.toThrow(
      'the process of 7 ended with 3 and said nothing',
    );
  });
});

describe('the peers', () => {
  const versions = (path: string, field: string): Record<string, string> => {
    const text = readFileSync(new URL(path, import.meta.url), 'utf8');
    return (JSON.parse(text) as Record<string, Record<string, string>>)[field] ?? {};
  };
  const peers = versions('../benchmarks/peers/package.json', 'dependencies');

  it('are exact versions, and XState is the one that the adapter is tested with', () => {
    expect(Object.keys(peers)).toEqual(['effect', 'nact', 'xstate']);
    for (const version of Object.values(peers)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(versions('../package.json', 'devDependencies')).toMatchObject({ xstate: peers['xstate'] });
  });

  it('run beside the same contenders as the questions of the same name', () => {
    for (const { name, contenders } of peerQuestions) {
      const same = questions.find((question) => `peers-${question.name}` === name);
      expect(contenders.map(({ name }) => name)).toEqual([
        ...(same?.contenders ?? []).map(({ name }) => name),
        'nact',
        ...(name === 'peers-ping-pong' || name === 'peers-counting' || name === 'peers-create'
          ? ['xstate', 'effect']
          : []),
        'erlang',
      ]);
      expect(contenders).toEqual(expect.arrayContaining([...(same?.contenders ?? [])]));
    }
  });
});

describe('a plain ring', () => {
  it('keeps the order while it grows, wherever it begins', () => {
    const ring = new PlainRing<number>();
    const seen: (number | undefined)[] = [];
    for (let n = 0; n < 1_500; n++) {
      if (n === 700) for (let i = 0; i < 300; i++) seen.push(ring.shift());
      ring.push(n);
    }
    for (let n = 1_500; n < 4_000; n++) ring.push(n);
    while (seen.length < 4_000) seen.push(ring.shift());
    expect(seen).toEqual(Array.from({ length: 4_000 }, (_, n) => n));
    expect(ring.shift()).toBeUndefined();
  });
});

describe('a run', () => {
  it('that computed something else than expected does not count', async () => {
    const wrong: Contender = { ...scripted('plain', 1), expects: () => ({ events: 7 }) };
    await expect(checkedRun(race([wrong]), wrong, { events: 1 })).rejects.toThrow(
      'race, plain: events should be 7, but is 1',
    );
  });

  it('that did not compute something expected does not count', async () => {
    const silent: Contender = { ...scripted('plain', 1), run: () => ({ figures: {}, outcome: {} }) };
    await expect(checkedRun(race([silent]), silent, { events: 1 })).rejects.toThrow(
      'events should be 1, but is undefined',
    );
  });

  it('follows others that warm up, and is the last one', async () => {
    const plain = scripted('plain', 1, 2, 3);
    expect(await measure(race([plain]), plain, false)).toMatchObject({
      figures: { speed: 3 },
      outcome: { events: 1_000 },
    });
    const cold: Contender = { ...scripted('cold', 1, 2, 3), warmUps: 0 };
    expect((await measure(race([cold]), cold, false)).figures).toEqual({ speed: 1 });
  });

  it('is small and cold when it has to be quick', async () => {
    const plain = scripted('plain', 1, 2, 3);
    expect(await measure(race([plain]), plain, true)).toMatchObject({
      figures: { speed: 1 },
      outcome: { events: 1 },
    });
  });
});

describe('rounds', () => {
  it('let every contender run once in each, and begin with another one each time', async () => {
    const ran: string[] = [];
    const all = race([scripted('plain'), scripted('a'), scripted('b')]);
    const rounds = await runRounds(
      all,
      3,
      async (_, { name }) => {
        ran.push(name);
        return { figures: { speed: ran.length }, outcome: {}, share: 1 };
      },
      quietly,
    );
    expect(ran.join(' ')).toBe('plain a b a b plain b plain a');
    expect(rounds.map((round) => round.get('plain')?.figures['speed'])).toEqual([1, 6, 8]);
  });
});

describe('a run that was disturbed', () => {
  const all = race([scripted('plain')]);
  /** Runs that have these shares of a core; their speed counts them. */
  const attempt = async (...shares: number[]) => {
    let runs = 0;
    const measured = undisturbed(() => {
      const share = shares[runs++] ?? 1;
      return Promise.resolve({ figures: { speed: runs }, outcome: {}, share });
    });
    const { figures } = await measured(all, scripted('plain'));
    return { runs, counted: figures['speed'] };
  };

  it('is run again until one is not', async () => {
    expect(await attempt(0.95)).toEqual({ runs: 1, counted: 1 });
    expect(await attempt(0.5, 1.2)).toEqual({ runs: 2, counted: 2 });
  });

  it('is given up after three, and the least disturbed one counts', async () => {
    expect(await attempt(0.3, 0.8, 0.5, 1)).toEqual({ runs: 3, counted: 2 });
  });
});

describe('a summary', () => {
  it('has the median and the quartiles, in proportion between two figures', () => {
    expect(summarize([4, 1, 3, 2, 5])).toEqual({ median: 3, lowerQuartile: 2, upperQuartile: 4 });
    expect(summarize([10, 20])).toEqual({ median: 15, lowerQuartile: 12.5, upperQuartile: 17.5 });
    expect(summarize([7])).toEqual({ median: 7, lowerQuartile: 7, upperQuartile: 7 });
  });
});

describe('an answer', () => {
  const answer = async (quick: boolean): Promise<Answer> => {
    const goals: Goal[] = [
      { contender: 'portico', metric: 'speed', timesThatOf: 'plain', atLeast: 0.25 },
      { contender: 'portico', metric: 'speed', atLeast: 1_000 },
      { contender: 'portico', metric: 'speed', atMost: 40 },
    ];
    const all = race([scripted('plain', 100, 10, 200), scripted('portico', 50, 5, 40)], goals);
    const rounds = await runRounds(all, 3, steady, quietly);
    return answerOf(all, quick, rounds, conditions);
  };

  it('has each figure of each contender, and its ratio within each round', async () => {
    const { figures, rounds, load } = await answer(false);
    expect({ rounds, load }).toEqual({ rounds: 3, load: { events: 1_000 } });
    expect(figures).toEqual([
      expect.objectContaining({ contender: 'plain', values: [100, 10, 200], median: 100 }),
      expect.objectContaining({ contender: 'portico', values: [50, 5, 40], median: 40, reference: 'plain' }),
    ]);
    // The ratio of the medians would be 0.4.
    expect(figures.map(({ timesReference }) => timesReference?.median)).toEqual([undefined, 0.5]);
  });

  it('says how many runs were disturbed', async () => {
    const shares = [1, 0.5, 0.9, 0.89];
    const all = race([scripted('plain'), scripted('portico')]);
    const run: Measure = async (...args) => ({ ...(await steady(...args)), share: shares.shift() ?? 1 });
    const rounds = await runRounds(all, 2, run, quietly);
    expect(answerOf(all, false, rounds, conditions)).toMatchObject({ rounds: 2, runs: 4, disturbed: 2 });
  });

  it('says which goals were met', async () => {
    expect((await answer(false)).goals).toEqual([
      { says: 'portico: speed at least 0.25 times that of plain', value: 0.5, met: true },
      { says: 'portico: speed at least 1,000 events/s', value: 40, met: false },
      { says: 'portico: speed at most 40 events/s', value: 40, met: true },
    ]);
  });

  it('leaves out the ratio of a metric that is next to nothing in plain JavaScript', async () => {
    const all = race([scripted('plain', 0.001), scripted('portico', 5)]);
    const absolute = {
      ...all,
      metrics: all.metrics.map((metric) => ({ ...metric, absolute: true as const })),
    };
    const rounds = await runRounds(absolute, 1, steady, quietly);
    const { figures } = answerOf(absolute, false, rounds, conditions);
    expect(figures.map(({ median, timesReference }) => [median, timesReference])).toEqual([
      [0.001, undefined],
      [5, undefined],
    ]);
  });

  it('judges nothing by small loads', async () => {
    expect((await answer(true)).goals).toEqual([]);
  });

  it('is shown with its unit, its direction, its spread and its ratio', async () => {
    expect(answerInText(await answer(false))).toBe(
      [
        'race: Who is fastest?',
        '  Load: 1,000 events. 3 rounds, 0 of 6 runs disturbed. Node 20.0.0 on linux x64, 2 cores, commit abc1234.',
        '',
        '  contender   measured                           median   quartiles   × plain',
        '  plain       speed, events/s (more is better)      100    55 – 150',
        '  portico     speed, events/s (more is better)       40   22.5 – 45       0.5',
        '',
        '  met: portico: speed at least 0.25 times that of plain (it is 0.5)',
        '  MISSED: portico: speed at least 1,000 events/s (it is 40)',
        '  met: portico: speed at most 40 events/s (it is 40)',
      ].join('\n'),
    );
  });

  it('says what its figures are related to, if that is not plain JavaScript', async () => {
    const all = { ...race([scripted('in memory', 10), scripted('kept', 5)]), reference: 'in memory' };
    const rounds = await runRounds(all, 1, steady, quietly);
    expect(answerInText(answerOf(all, false, rounds, conditions))).toContain('quartiles   × in memory\n');
  });

  it('is a table in Markdown', async () => {
    const page = answersInMarkdown([await answer(false)]);
    expect(page).toContain('## race\n\n**Who is fastest?**\n\nThey run.\n');
    expect(page).toContain('| portico | speed, events/s (more is better) | 40 | 22.5 – 45 | 0.5 |\n');
    expect(page).toContain('- MISSED: portico: speed at least 1,000 events/s (it is 40)\n');
  });

  it.each([
    [0, '0'],
    [0.1234, '0.123'],
    [1.2345, '1.23'],
    [42.42, '42.4'],
    [9_994, '9994'],
    [12_345, '12.3 k'],
    [999_600, '1 M'],
    [53_210_000, '53.2 M'],
    [-1.5, '-1.5'],
  ])('shows %d as %s', (value, shown) => {
    expect(short(value)).toBe(shown);
  });
});

describe('an order', () => {
  const known = ['cycle', 'state'];

  it('is for all questions but those that must be named, and five rounds, if it says nothing', () => {
    expect(orderOf([], known)).toEqual({ names: known, rounds: 5, quick: false, json: false, save: false });
    expect(orderOf([], known, ['peers-cycle'])).toMatchObject({ names: known });
    expect(orderOf(['peers-cycle'], known, ['peers-cycle'])).toMatchObject({ names: ['peers-cycle'] });
    expect(orderOf(['--quick', '--json'], known)).toMatchObject({ rounds: 1, quick: true, json: true });
    expect(orderOf(['state', '--rounds', '9', '--save'], known)).toMatchObject({
      names: ['state'],
      rounds: 9,
      save: true,
    });
  });

  it.each([
    [['speed'], 'no question is called speed; there are cycle, state'],
    [['--rounds', '0'], '--rounds 0'],
    [['--rounds', 'many'], '--rounds many'],
    [['--quick', '--save'], 'not kept'],
    [['--fast'], '--fast'],
  ])('that says %j is refused', (args, why) => {
    expect(() => orderOf(args, known)).toThrow(why);
  });
});

describe('kept results', () => {
  const kept = async (folder: string, ...speeds: number[]): Promise<string> => {
    const all = race([scripted('plain', ...speeds)]);
    const rounds = await runRounds(all, speeds.length, steady, quietly);
    keep([answerOf(all, false, rounds, conditions)], [all], folder);
    return keptPage(folder);
  };

  it('replace those of the same question, and are shown on a page', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portico-results-'));
    try {
      expect(keptPage(folder)).toBe('');
      expect(pageOf([{ name: 'race' }], folder)).toBe('');
      expect(await kept(folder, 10, 20, 30)).toContain(
        '| plain | speed, events/s (more is better) | 20 | 15 – 25 |',
      );
      expect(await kept(folder, 5.123456789)).toContain(
        '| plain | speed, events/s (more is better) | 5.12 |',
      );
      expect(keptPage(folder)).toBe(pageOf([{ name: 'race' }], folder));
      expect(JSON.parse(readFileSync(join(folder, 'race.json'), 'utf8'))).toMatchObject({
        rounds: 1,
        conditions,
        figures: [{ contender: 'plain', values: [5.1235] }],
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('in the repository are what its page shows', () => {
    expect(keptPage()).toBe(pageOf([...questions, ...peerQuestions]));
  });
});
