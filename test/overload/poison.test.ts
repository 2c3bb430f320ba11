// An actor that fails on every message while the others are busy: what is set aside stays within its limit, the others do not notice,
// and what was kept can be sent again when the program is mended.
import { describe, expect, it } from 'vitest';
import {
  behavior,
  receive,
  same,
  start,
  valueState,
  type ActorRef,
  type ActorSystem,
  type Behavior,
} from 'portico';
import { memoryStore, type LogRecord, type Store } from 'portico/dataflow';

type Ball = { readonly from: ActorRef<Ball> };
type Sum = { readonly replyTo: ActorRef<number> };

const total = valueState('total', 0);

const player = behavior('player', () =>
  receive<Ball>(({ from }, ctx) => {
    ctx.send(from, { from: ctx.self });
    return same;
  }),
);

const till = (fails: boolean) =>
  behavior('till', (): Behavior<number | Sum> =>
    receive((message, ctx) => {
      if (typeof message !== 'number') ctx.send(message.replyTo, total.get(ctx));
      else if (fails) throw new Error(`cannot book ${message}`);
      else total.update(ctx, (sum) => sum + message);
      return same;
    }),
  );

async function started(fails: boolean, store?: Store) {
  const kinds = { till: till(fails), player };
  const lines: string[] = [];
  const system = await start({
    behaviors: kinds,
    deadLetterLimit: 100,
    log: ({ value }: LogRecord) => lines.push(String(value)),
    ...(store && { store }),
  });
  return { system, lines, poisoned: system.entity(kinds.till(), 'poisoned') };
}

/** Values that the system keeps as dead letters, whoever has seen them. */
function keptIn(system: ActorSystem): number {
  const [instance] = system.dataflow.partition.instances.values();
  return instance?.outboxes.get(system.actors.outlets.deadLetters.path)?.waiting.size ?? NaN;
}

describe.each<[string, () => Store | undefined]>([
  ['in memory', () => undefined],
  ['kept', () => memoryStore()],
])('an actor that fails on every message, %s', (_, storeOf) => {
  it('keeps no more dead letters than the limit while others never rest; the youngest are kept, and it is said', async () => {
    const { system, lines, poisoned } = await started(true, storeOf());
    // Always something to do for somebody else.
    for (let pair = 0; pair < 5; pair++) {
      const [a, b] = [system.entity(player(), `a${pair}`), system.entity(player(), `b${pair}`)];
      await system.send(a, { from: b });
    }
    let most = 0;
    for (let batch = 0; batch < 30; batch++) {
      await Promise.all(Array.from({ length: 100 }, (__, i) => system.send(poisoned, 100 * batch + i)));
      most = Math.max(most, keptIn(system));
    }
    await expect.poll(() => system.deadLetters.count).toBe(3_000);
    expect(Math.max(most, keptIn(system))).toBe(100);
    expect(system.deadLetters.list().map(({ message }) => message)).toEqual(
      Array.from({ length: 100 }, (__, i) => 2_900 + i),
    );
    // Each failure has a line of its own; that letters are forgotten is said at the first and after each hundred.
    expect(lines.filter((line) => line.includes('cannot book'))).toHaveLength(3_000);
    expect(lines.filter((line) => line.includes('the oldest are forgotten'))).toHaveLength(29);
    await system.stop();
  });

  it('does not harm the others', async () => {
    const { system, poisoned } = await started(true, storeOf());
    const [a, b] = [system.entity(player(), 'a'), system.entity(player(), 'b')];
    await system.send(a, { from: b });
    const sums: Promise<number>[] = [];
    for (let i = 0; i < 200; i++) {
      void system.send(poisoned, i);
      sums.push(system.ask(poisoned, {}));
    }
    // It answers what it can answer, in between.
    expect(await Promise.all(sums)).toEqual(Array.from({ length: 200 }, () => 0));
    await expect.poll(() => system.deadLetters.count).toBe(200);
    await system.stop();
  });
});

describe('dead letters that are kept', () => {
  it('are there after a restart, and each is handled once when it is sent again to a program that was mended', async () => {
    const store = memoryStore();
    const first = await started(true, store);
    await Promise.all(Array.from({ length: 250 }, (__, n) => first.system.send(first.poisoned, n)));
    await expect.poll(() => first.system.deadLetters.count).toBe(250);
    await first.system.stop();

    const { system, poisoned } = await started(false, store);
    await system.idle();
    const letters = system.deadLetters.list();
    expect(letters.map(({ message }) => message)).toEqual(Array.from({ length: 100 }, (__, n) => 150 + n));
    for (const { id } of letters) await system.deadLetters.resend(id);
    await system.idle();
    const expected = letters.reduce((sum, { message }) => sum + (message as number), 0);
    expect(await system.ask(poisoned, {})).toBe(expected);
    expect([system.deadLetters.list(), keptIn(system)]).toEqual([[], 0]);
    await system.stop();

    const third = await started(false, store);
    await third.system.idle();
    expect(await third.system.ask(third.poisoned, {})).toBe(expected);
    expect(third.system.deadLetters.list()).toEqual([]);
    await third.system.stop();
  });

  it('are not sent again when they were forgotten meanwhile', async () => {
    const { system, poisoned } = await started(true);
    await Promise.all(Array.from({ length: 100 }, (__, n) => system.send(poisoned, n)));
    await system.idle();
    const [oldest] = system.deadLetters.list();
    await Promise.all(Array.from({ length: 100 }, (__, n) => system.send(poisoned, n)));
    await system.idle();
    await expect(system.deadLetters.resend(oldest?.id ?? 0)).rejects.toMatchObject({
      code: 'deadletter/unknown',
    });
    await system.stop();
  });
});
