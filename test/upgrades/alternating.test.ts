// Programs of three versions take turns on one store, forwards and back, and each of them is killed: whatever was acknowledged is
// handled once, in order, by a program that knows how; until then it waits, by name.
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import {
  behavior,
  mapState,
  receive,
  same,
  valueState,
  type ActorContext,
  type ActorRef,
  type Behavior,
  type BehaviorFactory,
  type StartOptions,
} from 'portico';
import { Random } from '../../src/engine/random.ts';
import { Lives } from '../durable/lives.ts';

type Order = { readonly n: number };
type Read = { readonly replyTo: ActorRef<unknown> };
type Message = Order | Read;

/** How often each order was handled. All versions know this. */
const handled = mapState<number, number>('handled');
/** Only version 2 and newer ones know these. */
const last = valueState('last', 0);
const byTens = mapState<number, number>('byTens');
/** And this only version 3. */
const newest = valueState('newest', 0);

function handle(n: number, ctx: ActorContext<Message>, version: number): void {
  handled.set(ctx, n, (handled.get(ctx, n) ?? 0) + 1);
  if (version === 1) return;
  last.set(ctx, n);
  byTens.set(ctx, Math.floor(n / 10), (byTens.get(ctx, Math.floor(n / 10)) ?? 0) + 1);
  // A behavior that version 1 does not have.
  ctx.send(ctx.entity(auditor(), 'the auditor'), { n });
  if (version === 3) newest.set(ctx, n);
}

const auditor = behavior('auditor', (): Behavior<Message> =>
  receive((message, ctx) => {
    if ('n' in message) handled.set(ctx, message.n, (handled.get(ctx, message.n) ?? 0) + 1);
    else ctx.send(message.replyTo, handled.entries(ctx));
    return same;
  }),
);

/** The same behavior in all versions of the program, which uses more state in newer ones. */
const counters = [1, 2, 3].map((version) =>
  behavior('counter', (): Behavior<Message> =>
    receive((message, ctx) => {
      if ('n' in message) handle(message.n, ctx, version);
      else if (version === 1) ctx.send(message.replyTo, { handled: handled.entries(ctx) });
      else
        ctx.send(message.replyTo, {
          handled: handled.entries(ctx),
          last: last.get(ctx),
          tens: byTens.entries(ctx),
        });
      return same;
    }),
  ),
) as [BehaviorFactory<[], Message>, BehaviorFactory<[], Message>, BehaviorFactory<[], Message>];

const sums1: BehaviorFactory<[number], Message> = behavior('sum', (total: number): Behavior<Message> =>
  summing(1, total, (n) => sums1(total + n)),
);
const sums2: BehaviorFactory<[{ total: number }], Message> = behavior(
  'sum',
  ({ total }: { total: number }): Behavior<Message> => summing(2, total, (n) => sums2({ total: total + n })),
  { version: 2, migrate: ([total]): [{ total: number }] => [{ total: total as number }] },
);
const sums3: BehaviorFactory<[{ cents: number }], Message> = behavior(
  'sum',
  ({ cents }: { cents: number }): Behavior<Message> =>
    summing(3, cents / 100, (n) => sums3({ cents: cents + 100 * n })),
  {
    version: 3,
    migrate: ([stored], from): [{ cents: number }] => [
      { cents: 100 * (from === 1 ? (stored as number) : (stored as { total: number }).total) },
    ],
  },
);

function summing(version: number, total: number, next: (n: number) => Behavior<Message>): Behavior<Message> {
  return receive((message, ctx) => {
    if ('n' in message) {
      handle(message.n, ctx, version);
      return next(message.n);
    }
    ctx.send(message.replyTo, { total, handled: handled.entries(ctx) });
    return same;
  });
}

interface Program {
  readonly behaviors: NonNullable<StartOptions['behaviors']>;
  readonly sum: () => Behavior<Message>;
  readonly counter: () => Behavior<Message>;
}

const programs: readonly [Program, Program, Program] = [
  { behaviors: { sum: sums1, counter: counters[0] }, sum: () => sums1(0), counter: counters[0] },
  {
    behaviors: { sum: sums2, counter: counters[1], auditor },
    sum: () => sums2({ total: 0 }),
    counter: counters[1],
  },
  {
    behaviors: { sum: sums3, counter: counters[2], auditor },
    sum: () => sums3({ cents: 0 }),
    counter: counters[2],
  },
];

interface Sent {
  readonly to: string;
  acknowledged: boolean;
}

/** What was seen while programs took turns. */
interface Seen {
  lives: number;
  waited: number;
}

async function takeTurns(seed: number, seen: Seen): Promise<void> {
  const random = new Random(seed);
  const lives = new Lives({}, seed);
  const sent: Sent[] = [];
  const count = 4 + random.below(5);
  for (let life = 0; life <= count; life++) {
    const version = life === count ? 3 : 1 + random.below(3);
    const { behaviors, sum, counter } = programs[version - 1] as Program;
    const system = await lives.start({ behaviors });
    seen.lives++;
    let isHeld = false;
    for (let left = random.below(12); left > 0; left--) {
      if (life < count && random.below(8) === 0) {
        lives.hold();
        isHeld = true;
      }
      const id = `e${random.below(3)}`;
      const [kind, made] =
        random.below(2) === 0 ? (['sum', sum()] as const) : (['counter', counter()] as const);
      const order: Sent = { to: `${kind} ${id}`, acknowledged: false };
      const n = sent.push(order);
      system.send(system.entity(made, id), { n }).then(
        () => (order.acknowledged = true),
        () => undefined,
      );
      if (random.below(2) === 0) await lives.ticks(1 + random.below(6));
    }
    // Those that a newer program has stored wait for one; nothing is given up.
    expect(system.deadLetters.count).toBe(0);
    for (const line of lives.lines.splice(0)) expect(line).toMatch(/\bDeploy\b|\bsum\b|auditor/);
    if (life < count && !isHeld && random.below(3) === 0) await system.stop();
    else if (life < count) lives.crash({ keeps: random.below(2) === 0 });
    if (version < 3 && life > 0) seen.waited++;
  }
  await lives.rest();
  await check(lives, sent);
}

async function check(lives: Lives, sent: readonly Sent[]): Promise<void> {
  const { system } = lives;
  const { sum, counter } = programs[2];
  expect(await system.unknownBehaviors()).toEqual([]);
  expect(system.deadLetters.count).toBe(0);
  const all = new Map<string, readonly (readonly [number, number])[]>();
  for (const id of ['e0', 'e1', 'e2']) {
    const summed = (await system.ask(system.entity(sum(), id), {})) as {
      total: number;
      handled: [number, number][];
    };
    const counted = (await system.ask(system.entity(counter(), id), {})) as {
      last: number;
      tens: [number, number][];
      handled: [number, number][];
    };
    all.set(`sum ${id}`, summed.handled).set(`counter ${id}`, counted.handled);
    expect(summed.total).toBe(summed.handled.reduce((total, [n]) => total + n, 0));
    // What older programs do not know of they leave as it is.
    const tens = counted.tens.reduce((total, [, times]) => total + times, 0);
    expect(tens).toBeLessThanOrEqual(counted.handled.length);
    expect(counted.last === 0).toBe(tens === 0);
    if (tens > 0) expect(counted.handled.map(([n]) => n)).toContain(counted.last);
  }
  for (const [who, orders] of all) {
    const numbers = orders.map(([n]) => n);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    for (const [n, times] of orders) expect([times, sent[n - 1]?.to]).toEqual([1, who]);
  }
  const lost = sent.filter(
    ({ to, acknowledged }, i) => acknowledged && !(all.get(to) ?? []).some(([n]) => n === i + 1),
  );
  expect(lost).toEqual([]);
}

/** With PROPERTY_RUNS, that many times as many. */
const seeds = 40 * Number(process.env['PROPERTY_RUNS'] ?? 1);

describe('programs of three versions', () => {
  it(
    'take turns on one store, forwards and back, killed each time: nothing is lost, nothing comes twice',
    { timeout: 600_000 },
    async () => {
      const seen: Seen = { lives: 0, waited: 0 };
      for (let seed = 1; seed <= seeds; seed++) {
        try {
          await takeTurns(seed, seen);
        } catch (error) {
          throw new Error(`seed ${seed}`, { cause: error });
        }
      }
      expect(seen.lives).toBeGreaterThan(5 * seeds);
      expect(seen.waited).toBeGreaterThan(2 * seeds);
    },
  );
});
