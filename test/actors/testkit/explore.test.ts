import { behavior, init, receive, same, stopped, type ActorRef, type Behavior } from 'portico';
import { ExplorationError, explore, type SystemKit } from 'portico/testkit';
import { describe, expect, it } from 'vitest';

const relay = behavior('relay', (to: ActorRef<string>): Behavior<string> =>
  receive((text, ctx) => (ctx.send(to, text), same)),
);

/** Two actors that send to a third at the same time. */
async function race(kit: SystemKit, texts: readonly string[] = ['a', 'b']): Promise<string> {
  const probe = kit.probe<string>('the end');
  for (const text of texts) await kit.system.send(kit.create(relay(probe.ref)), text);
  return (await probe.expectMessages(texts.length)).join('');
}

async function failure(promise: Promise<unknown>): Promise<ExplorationError> {
  const error: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error instanceof ExplorationError) return error;
  throw new Error(`it did not fail as expected: ${String(error)}`);
}

describe('an explorer', () => {
  it('lets messages of different senders arrive in every order', async () => {
    const seen = new Set<string>();
    const { runs } = await explore(async (kit) => void seen.add(await race(kit, ['a', 'b', 'c'])));
    expect(runs).toBe(100);
    expect([...seen].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
  });

  it('begins with the usual order', async () => {
    const seen: string[] = [];
    await explore(async (kit) => void seen.push(await race(kit)), { runs: 1 });
    expect(seen).toEqual(['ab']);
  });

  it('keeps the order of messages from one actor to another', async () => {
    const through = behavior('through', (to: ActorRef<number>): Behavior<number> =>
      receive((n, ctx) => (ctx.send(to, n), same)),
    );
    const numbers = [1, 2, 3, 4, 5];
    await explore(async (kit) => {
      const probe = kit.probe<number>();
      const [one, other] = [kit.create(through(probe.ref)), kit.create(through(probe.ref))];
      for (const n of numbers) {
        await kit.system.send(one, n);
        await kit.system.send(other, -n);
      }
      const seen = await probe.expectMessages(10);
      expect(seen.filter((n) => n > 0)).toEqual(numbers);
      expect(seen.filter((n) => n < 0)).toEqual(numbers.map((n) => -n));
    });
  });

  it('keeps what actors are: creation, children, asks, timers and the end of all of them', async () => {
    type Ask = { n: number; replyTo: ActorRef<number> };
    type Parent =
      { type: 'begin'; to: ActorRef<string> } | { type: 'got'; reply?: number } | { type: 'wake' };
    const child = behavior('child', () =>
      receive<Ask>(({ n, replyTo }, ctx) => (ctx.send(replyTo, n * 2), same)),
    );
    const parent = behavior(
      'parent',
      (to?: ActorRef<string>, missing: number = 3, sum: number = 0): Behavior<Parent> =>
        receive<Parent>(
          (message, ctx) => {
            switch (message.type) {
              case 'begin':
                for (const n of [1, 2, 3])
                  ctx.ask(ctx.create(child(), { child: true }), { n }, { as: { type: 'got' } });
                return parent(message.to);
              case 'got':
                if (missing === 1) ctx.timers.single('wake', 10, { type: 'wake' });
                return parent(to, missing - 1, sum + (message.reply ?? 0));
              case 'wake':
                if (to !== undefined) ctx.send(to, `${sum} ${ctx.children.length}`);
                return stopped;
            }
          },
          { onSignal: () => same },
        ),
    );
    await explore(
      async (kit) => {
        const probe = kit.probe<string>();
        const ref = kit.create(init<Parent>(() => parent()));
        await kit.send(ref, { type: 'begin', to: probe.ref });
        await probe.expectMessage('12 3', { withinMs: 10 });
        await kit.expectStopped(ref);
        expect(kit.deadLetters.list()).toEqual([]);
      },
      { runs: 50 },
    );
  });

  it('reports the simplest run that fails: its error, its messages, and how to run it again', async () => {
    const scenario = async (kit: SystemKit): Promise<void> => {
      const noise = kit.probe<string>('noise');
      for (let i = 0; i < 5; i++) await kit.system.send(kit.create(relay(noise.ref)), 'noise');
      const order = await race(kit);
      if (order !== 'ab') throw new Error(`it was ${order}`);
    };
    const error = await failure(explore(scenario));
    expect(error.cause).toMatchObject({ message: 'it was ba' });
    expect(error.choices.filter((choice) => choice > 0)).toHaveLength(1);
    const atTheEnd = error.trace.filter((line) => line.includes('the end: "'));
    expect(atTheEnd.map((line) => line.replace(/actor:-\d+/, 'a relay'))).toEqual([
      'a relay → the end: "b"',
      'a relay → the end: "a"',
    ]);
    expect(error.message).toContain('it was ba');
    expect(error.message).toContain(`{ replay: [${error.choices.join(', ')}] }`);
    const again = await failure(explore(scenario, { replay: error.choices }));
    expect([again.trace, again.choices]).toEqual([error.trace, error.choices]);
  });

  it('explores the choices of the scenario too, and makes them simple', async () => {
    const error = await failure(
      explore(async (_, pick) => {
        const numbers: number[] = [];
        while (pick.below(4) > 0) numbers.push(pick.below(100));
        expect(pick.oneOf(['x', 'y'])).toMatch(/x|y/);
        if (numbers.some((n) => n >= 10)) throw new Error(`failed with ${numbers.join(' ')}`);
      }),
    );
    expect(error.cause).toMatchObject({ message: 'failed with 10' });
    expect(error.choices).toEqual([1, 10]);
  });

  it('tries the same orders for the same seed, and others for another', async () => {
    const orders = async (seed: number): Promise<string[]> => {
      const seen: string[] = [];
      await explore(async (kit) => void seen.push(await race(kit, ['a', 'b', 'c', 'd'])), { runs: 10, seed });
      return seen;
    };
    expect(await orders(3)).toEqual(await orders(3));
    expect(await orders(3)).not.toEqual(await orders(4));
  });

  it('counts the runs that differ', async () => {
    expect(await explore(async (kit) => void (await race(kit)), { runs: 20 })).toMatchObject({
      runs: 20,
      distinct: expect.any(Number) as number,
    });
    expect(await explore(() => undefined, { runs: 20 })).toEqual({ runs: 20, distinct: 1 });
  });
});
