// What must hold in the end, of what the client was told, of what the actors have, and of what the effects have left outside.
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { start } from 'portico';
import { optionsOf, readAll, STARTING_BALANCE, type Read, type Setting } from './actors.ts';
import type { Client } from './client.ts';

/** What was found, and what came of it. */
export interface Verdict {
  /** Everything that is wrong. */
  readonly wrong: readonly string[];
  /** How many acknowledgements were for orders that had entered before: those were known by their keys. */
  readonly duplicates: number;
  /** How often effects were called, and how many outcomes there are. */
  readonly calls: number;
  readonly outcomes: number;
}

/** Opens the store in this process, lets all come to rest, and looks. `mayLack` are orders that may be lost though acknowledged. */
export async function verdictOn(
  client: Client,
  setting: Setting,
  mayLack: ReadonlySet<number> = new Set(),
): Promise<Verdict> {
  const { reads, letters } = await atRest(client, setting);
  return judged(client, reads, letters, callsIn(setting.trace), mayLack);
}

async function atRest(
  client: Client,
  setting: Setting,
): Promise<{ readonly reads: readonly Read[]; readonly letters: number }> {
  await using system = await start({
    ...optionsOf({ ...setting, owner: 'the oracle' }),
    log: () => undefined,
  });
  for (;;) {
    await system.idle();
    const reads = await readAll(system, client.actors);
    // Timers that were set have still to ring; each does after a moment.
    const ringing = reads.some(({ handled, rung }) => {
      const rang = new Set(rung.map(([n]) => n));
      return handled.some(([n]) => client.known.get(n)?.order.type === 'later' && !rang.has(n));
    });
    if (!ringing) return { reads, letters: system.deadLetters.count };
    await sleep(10);
  }
}

/** What effects have left: by order, under each key what was drawn. */
type Calls = ReadonlyMap<number, ReadonlyMap<string, readonly number[]>>;

function callsIn(trace: string): Calls {
  const calls = new Map<number, Map<string, number[]>>();
  const lines = existsSync(trace) ? readFileSync(trace, 'utf8').trim().split('\n') : [];
  for (const line of lines.filter((each) => each !== '')) {
    const [n = '', key = '', draw = ''] = line.split(' ');
    const keys = calls.get(Number(n)) ?? new Map<string, number[]>();
    calls.set(Number(n), keys.set(key, [...(keys.get(key) ?? []), Number(draw)]));
  }
  return calls;
}

function judged(
  client: Client,
  reads: readonly Read[],
  letters: number,
  calls: Calls,
  mayLack: ReadonlySet<number>,
): Verdict {
  const wrong: string[] = [];
  const rule = (holds: boolean, say: () => string): void => {
    if (!holds) wrong.push(say());
  };
  let duplicates = 0;
  let outcomes = 0;
  const balances = reads.map(() => STARTING_BALANCE);
  const handled = byOrder(reads, ({ handled }) => handled);
  const drawn = byOrder(reads, ({ drawn }) => drawn);
  const paid = byOrder(reads, ({ paid }) => paid);
  const rung = byOrder(reads, ({ rung }) => rung);
  for (const known of client.known.values()) {
    const { order, acks } = known;
    const { n, type } = order;
    const who = Number(order.who);
    const say = (what: string) => (): string => `order ${JSON.stringify(known)} ${what}`;
    const handlers = handled.get(n) ?? [];
    const attempts = handlers.flatMap(([, each]) => each);
    rule(
      handlers.every(([by]) => by === who),
      say('was handled by somebody else'),
    );
    rule(attempts.length <= 1, say(`was handled ${attempts.length} times`));
    rule(
      acks.length === 0 || attempts.length > 0 || mayLack.has(n),
      say('was acknowledged, and is not there'),
    );
    const [attempt] = attempts;
    if (attempt === undefined) continue;
    rule(
      acks.every((ack) => ack.attempt >= attempt),
      say(`was acknowledged before attempt ${attempt} counted`),
    );
    duplicates += acks.filter((ack) => ack.attempt > attempt).length;
    if (type === 'draw') {
      const [draw] = valuesOf(drawn, n);
      rule(
        acks.every((ack) => ack.draw === draw),
        say(`was told another draw than ${draw}, which is kept`),
      );
    }
    if (type === 'later')
      rule(valuesOf(rung, n).join() === '1', say(`rang ${valuesOf(rung, n).join()} times`));
    if (type === 'pay') {
      const had = valuesOf(paid, n).flat();
      outcomes += had.length;
      rule(had.length === 1, say(`has ${had.length} outcomes`));
      const keys = [...(calls.get(n) ?? [])];
      rule(keys.length === 1, say(`was paid under the keys ${keys.map(([key]) => key).join()}`));
      rule(keys[0]?.[1].includes(had[0] ?? Number.NaN) === true, say('has an outcome that no call had'));
    }
    if (type === 'move') {
      balances[who] = (balances[who] ?? 0) - order.amount;
      balances[Number(order.to)] = (balances[Number(order.to)] ?? 0) + order.amount;
    }
  }
  for (const n of handled.keys()) rule(client.known.has(n), () => `order ${n} was never made`);
  const found = reads.map(({ balance }) => balance);
  rule(
    found.join() === balances.join(),
    () => `the balances are ${found.join()}, and not ${balances.join()}`,
  );
  rule(sum(found) === reads.length * STARTING_BALANCE, () => `${sum(found)} is in the bank`);
  rule(letters === 0, () => `${letters} dead letters`);
  const keys = [...calls.values()].flatMap((byKey) => [...byKey.keys()]);
  rule(new Set(keys).size === keys.length, () => 'one key stands for two orders');
  const made = [...calls.values()].flatMap((byKey) => [...byKey.values()]);
  return { wrong, duplicates, calls: made.flat().length, outcomes };
}

/** What the actors have of one kind, by order, and whose it is. */
function byOrder<T>(
  reads: readonly Read[],
  of: (read: Read) => readonly (readonly [n: number, value: T])[],
): ReadonlyMap<number, readonly (readonly [who: number, value: T])[]> {
  const found = new Map<number, (readonly [number, T])[]>();
  for (const [who, read] of reads.entries())
    for (const [n, value] of of(read)) found.set(n, [...(found.get(n) ?? []), [who, value]]);
  return found;
}

function valuesOf<T>(
  found: ReadonlyMap<number, readonly (readonly [who: number, value: T])[]>,
  n: number,
): readonly T[] {
  return (found.get(n) ?? []).map(([, value]) => value);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
