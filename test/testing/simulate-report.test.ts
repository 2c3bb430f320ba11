// What a simulation says when it finds something, and that it can be seen again.
import {
  behavior,
  effect,
  receive,
  same,
  start,
  valueState,
  type ActorRef,
  type ActorSystem,
  type Behavior,
} from 'portico';
import { simulate, SimulationError, type Client, type Scenario, type SimulateOptions } from 'portico/testing';
import { describe, expect, it } from 'vitest';
import { faultNames, planOfSeed, usualFaults } from '../../src/testing/simulate/faults.ts';
import { lineOf, planOfLine } from '../../src/testing/simulate/plan-text.ts';

type Message =
  | { type: 'buy'; item: string }
  | { type: 'bought'; item: string; reply?: number }
  | { type: 'count'; replyTo: ActorRef<number> };

const bought = valueState('bought', 0);

/** Each purchase is to be made once at a shop that knows no keys. */
function shopping(client: (client: Client<ActorSystem>) => Promise<void> = buyBoth): Scenario<ActorSystem> {
  const purchases: string[] = [];
  return {
    start: (where) =>
      start({
        behaviors: { buyer },
        effects: { buy: where.effect({ ...buy, call: (item) => purchases.push(item) }) },
        ...where,
      }),
    run: client,
    check: () => {
      if (purchases.length !== new Set(purchases).size) throw new Error(`something was bought twice`);
    },
  };
}

const buy = effect('buy', (_item: string) => 0, { tries: 2 });

const buyer = behavior('buyer', (): Behavior<Message> =>
  receive((message, ctx) => {
    if (message.type === 'buy') {
      ctx.log.info(`buys ${message.item}`);
      ctx.run(buy, message.item, { as: { type: 'bought', item: message.item } });
    } else if (message.type === 'bought') bought.update(ctx, (before) => before + 1);
    else ctx.send(message.replyTo, bought.get(ctx));
    return same;
  }),
);

async function buyBoth(client: Client<ActorSystem>): Promise<void> {
  for (const item of ['tea', 'milk'])
    await client.retry(`buy ${item}`, (system, idempotencyKey) =>
      system.send(system.entity(buyer(), 'ann'), { type: 'buy', item }, { idempotencyKey }),
    );
}

async function found(options: SimulateOptions): Promise<SimulationError> {
  const error: unknown = await simulate(() => shopping(), options).catch((thrown: unknown) => thrown);
  if (!(error instanceof SimulationError)) throw new Error('nothing was found', { cause: error });
  return error;
}

describe('a failure', () => {
  it('says what went wrong, the least that has to go wrong for it, what happened, and how to see it again', async () => {
    const { message, cause, plan, seed, story } = await found({ faults: ['kill', 'clock', 'slowDisk'] });
    expect(cause).toEqual(new Error('something was bought twice'));
    const lines = message.split('\n');
    expect(lines[0]).toBe(`The program fails with seed ${seed}: something was bought twice`);
    expect(lines[1]).toMatch(/^What has to go wrong for it/);
    expect(lines[2]).toMatch(/^ {2}step \d+: the process is killed$/);
    expect(lines[3]).toBe('What happened:');
    expect(lines.at(-1)).toBe(
      `Run it again with { plan: '${plan}' }, or all of the seed with { seed: ${seed} }`,
    );
    expect(plan).toMatch(new RegExp(`^${seed} kill@\\d+:(not|half|whole)$`));
    const told = story.map((line) => line.replace(/^ *\d+ ms {2}/, ''));
    for (const line of [
      'process 1 starts',
      'buy tea comes to process 1',
      'process 1 logs: buys tea',
      'buy tea is acknowledged',
      'FAULT: the process is killed',
      'process 2 starts',
      'run has done its part',
    ])
      expect(told, told.join('; ')).toContain(line);
  });

  it('comes again with its plan, with its seed, and whenever it is looked for', async () => {
    const first = await found({});
    expect(await found({})).toEqual(first);
    expect(await found({ seed: first.seed })).toEqual(first);
    const replayed = await found({ plan: first.plan });
    expect(replayed.story).toEqual(first.story);
    expect(replayed.plan).toBe(first.plan);
    expect(replayed.message).toContain('The program fails with this plan: something was bought twice');
  });

  it('is found from any seed on', async () => {
    for (const from of [100, 200, 300])
      expect((await found({ from, seeds: 50 })).seed).toBeGreaterThanOrEqual(from);
  });

  it('is found by a crash at each step in turn, without chance', async () => {
    const { plan } = await found({ systematic: true, faults: ['kill'] });
    expect(plan).toMatch(/^0 kill@\d+:/);
    expect((await found({ systematic: true, faults: ['hangingCall'] })).plan).toMatch(
      /^0 hangingCall@1 calm@\d+$/,
    );
  });
});

describe('a client', () => {
  it('that tries once knows whether it was told, and no more', async () => {
    const told = { yes: 0, no: 0, counted: 0 };
    const { runs } = await simulate(
      () => {
        let mayCount = 0;
        let counts = 0;
        return {
          ...shopping(async (client) => {
            for (const item of ['a', 'b', 'c']) {
              const tried = await client.once(item, (system) =>
                system.send(system.entity(buyer(), 'ann'), { type: 'buy', item }),
              );
              expect(client.acknowledged(item)).toBe(tried.acknowledged);
              if (tried.acknowledged) counts++;
              else mayCount++;
            }
          }),
          check: async (system) => {
            const count = await system.ask(system.entity(buyer(), 'ann'), { type: 'count' });
            expect(count).toBeGreaterThanOrEqual(counts);
            expect(count).toBeLessThanOrEqual(counts + mayCount);
            told.yes += counts;
            told.no += mayCount;
            told.counted += count - counts;
          },
        };
      },
      { seeds: 30, faults: ['kill'] },
    );
    expect(runs).toBe(30);
    expect(told.yes).toBeGreaterThan(0);
    expect(told.no).toBeGreaterThan(0);
    // What nobody was told may count, and it may not.
    expect(told.counted).toBeGreaterThan(0);
    expect(told.counted).toBeLessThan(told.no);
  });

  it('draws the same each time, and waits by the time of the simulation', async () => {
    const seen: unknown[][] = [];
    const scenario = () =>
      shopping(async (client) => {
        const from = client.nowMs;
        await client.pause(60_000);
        seen.push([client.nowMs - from, client.random(1_000_000)]);
        client.note('has waited');
      });
    await simulate(scenario, { seeds: 1, faults: [] });
    const [first, second, third] = seen;
    expect(first?.[0]).toBe(60_000);
    expect(second).toEqual(first);
    expect(third?.[0]).toBe(60_000);
    expect(third?.[1]).not.toBe(first?.[1]);
  });

  it('does not repeat what a program refuses', async () => {
    let attempts = 0;
    const error: unknown = await simulate(() =>
      shopping(async (client) => {
        await client.retry('a function', (system) => {
          attempts++;
          return system.send(system.entity(buyer(), 'ann'), { type: 'buy', item: (() => 1) as never });
        });
      }),
    ).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SimulationError);
    expect((error as SimulationError).cause).toMatchObject({ code: 'codec/unsupported' });
    // In each of the two runs in which nothing goes wrong.
    expect(attempts).toBe(2);
  });
});

describe('a simulation', () => {
  it('begins no seed after its time', async () => {
    expect((await simulate(() => ({ ...shopping(), check: () => undefined }), { timeLimitMs: 0 })).runs).toBe(
      0,
    );
  });

  it('lets only those faults happen that were asked for', async () => {
    const kinds = new Set<string>();
    for (let seed = 1; seed <= 200; seed++) {
      const weights = { ...usualFaults, kill: 0, power: 0, lostOutcome: 0 };
      for (const { kind } of planOfSeed(seed, { steps: 100, calls: 3, weights, most: 8 }).mishaps)
        kinds.add(kind);
    }
    expect([...kinds].toSorted()).toEqual(
      ['end', 'fail', 'failingCall', 'freeze', 'full', 'hangingCall', 'jump', 'slow', 'stop'].toSorted(),
    );
  });
});

describe('a plan', () => {
  it('is the same after it was printed and read', () => {
    const kinds = new Set<string>();
    for (let seed = 1; seed <= 500; seed++) {
      const plan = planOfSeed(seed, { steps: 300, calls: 5, weights: usualFaults, most: 12 });
      expect(planOfLine(lineOf(plan))).toEqual(plan);
      for (const word of lineOf(plan).split(' ').slice(1)) kinds.add(word.split('@')[0] ?? '');
    }
    expect([...kinds].toSorted()).toEqual([...faultNames, 'end', 'calm'].toSorted());
  });
});
