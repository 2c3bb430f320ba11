// An open loop: senders that do not wait, at a multiple of the rate that the system can take. What was acknowledged has to be there
// once, at the end and after a restart; what was refused must not; memory has to be flat.
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
import { PorticoError, type Store } from 'portico/dataflow';
import { median, quantile, thirds } from './statistics.ts';

/** How hard to try, and for how long. */
export interface FloodOptions {
  /** A store each time with the same content; none to stay in memory. */
  readonly storeOf: (() => Store) | undefined;
  /** How long to look for the rate that can be sustained, for the latency without load, and how long the flood lasts. */
  readonly measureMs: number;
  readonly floodMs: number;
  /** How many times as much as it can take is offered. */
  readonly times: number;
  readonly sendLimit?: number;
  readonly backlogLimit?: number;
}

/** What a flood has shown. */
export interface Flood {
  readonly sustainedPerSecond: number;
  readonly offeredPerSecond: number;
  readonly offered: number;
  readonly acknowledged: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Milliseconds from asking to the reply, of the probes that were let in; half of them, and 99 in 100, took no longer. */
  readonly unloadedMs: readonly [number, number];
  readonly loadedMs: readonly [number, number];
  readonly probesRefused: number;
  /** The most events that waited inside. */
  readonly mostWaiting: number;
  /** Medians of the thirds of the flood after its first tenth, in MB. */
  readonly heapMb: readonly number[];
  readonly rssMb: readonly number[];
  /** What is wrong; nothing, if all is as it should be. */
  readonly wrong: readonly string[];
}

interface Entry {
  readonly id: number;
}
interface Round {
  readonly entry: Entry;
  readonly rounds: number;
}
interface Sums {
  readonly count: number;
  readonly sum: number;
  readonly mixed: number;
}
type Query = { readonly replyTo: ActorRef<Sums> };

const NONE: Sums = { count: 0, sum: 0, mixed: 0 };
const LEDGERS = 64;
/** How often a message goes round. */
const ROUNDS = 20;
const DEAD_LETTERS = 1_000;
/** One in so many messages is for the actor that fails on each. */
const POISON = 50;

const PRIME = 4_294_967_291;
const add = ({ count, sum, mixed }: Sums, id: number): Sums => ({
  count: count + 1,
  sum: (sum + id) % PRIME,
  mixed: (mixed + Math.imul(id ^ (id >>> 15), 0x2c1b3c6d) * 3 + PRIME) % PRIME,
});

const sums = valueState<Sums>('sums', NONE);

/** Adds up what it is sent, so that a message that is missing, or there twice, shows. */
const ledger = behavior('ledger', () =>
  receive<Entry | Query>((message, ctx) => {
    if ('replyTo' in message) ctx.send(message.replyTo, sums.get(ctx));
    else sums.update(ctx, (before) => add(before, message.id));
    return same;
  }),
);

/** Sends what it is sent round some times: what comes from outside makes more work inside than to let it in. */
const counter = behavior('counter', (): Behavior<Round> =>
  receive(({ entry, rounds }, ctx) => {
    if (rounds > 0) ctx.send(ctx.self, { entry, rounds: rounds - 1 });
    else ctx.send(ctx.entity(ledger(), String(entry.id % LEDGERS)), entry);
    return same;
  }),
);

const poisoned = behavior('poisoned', () =>
  receive<Entry>(({ id }) => {
    throw new Error(`cannot take ${id}`);
  }),
);

async function started({ storeOf, sendLimit, backlogLimit }: FloodOptions): Promise<ActorSystem> {
  const store = storeOf?.();
  return start({
    behaviors: { ledger, counter, poisoned },
    deadLetterLimit: DEAD_LETTERS,
    log: () => undefined,
    ...(store && { store }),
    ...(sendLimit !== undefined && { sendLimit }),
    ...(backlogLimit !== undefined && { backlogLimit }),
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What was sent, and what became of it. */
class Senders {
  readonly system: ActorSystem;
  readonly #options: FloodOptions;
  next = 0;
  /** How many have not been told yet what became of what they sent. */
  #waiting = 0;
  acknowledged = 0;
  expected: Sums[] = Array.from({ length: LEDGERS }, () => NONE);
  poisoned = 0;
  readonly refused: Record<string, number> = {};

  constructor(system: ActorSystem, options: FloodOptions) {
    this.system = system;
    this.#options = options;
  }

  async send(): Promise<void> {
    const id = this.next++;
    this.#waiting++;
    const bad = id % POISON === 0;
    const { system } = this;
    try {
      if (bad) await system.send(system.entity(poisoned(), 'one'), { id });
      else await system.send(system.entity(counter(), String(id % 1_000)), { entry: { id }, rounds: ROUNDS });
    } catch (error) {
      const code = error instanceof PorticoError ? error.code : String(error);
      this.refused[code] = (this.refused[code] ?? 0) + 1;
      return;
    } finally {
      this.#waiting--;
    }
    this.acknowledged++;
    if (bad) this.poisoned++;
    else this.expected[id % LEDGERS] = add(this.expected[id % LEDGERS] ?? NONE, id);
  }

  /** So many at a time, each awaited: what can be sustained. */
  async sustain(ms: number, atOnce: number): Promise<number> {
    const [from, begun] = [this.acknowledged, performance.now()];
    const sender = async (): Promise<void> => {
      while (performance.now() - begun < ms) await this.send();
    };
    await Promise.all(Array.from({ length: atOnce }, sender));
    // Those that are acknowledged have their turn later.
    await this.system.idle();
    return ((this.acknowledged - from) / (performance.now() - begun)) * 1000;
  }

  /** The rate at which it takes no more although more is offered. */
  async capacity(ms: number): Promise<number> {
    const { sendLimit = 100_000 } = this.#options;
    // The first time is for the compiler.
    await this.sustain(ms / 2, Math.min(20_000, sendLimit / 2));
    let rate = await this.sustain(ms, Math.min(20_000, sendLimit / 2));
    for (let tries = 0; tries < 8; tries++) {
      const [begun, from] = [performance.now(), this.acknowledged];
      await this.offer(1.4 * rate, ms, () => undefined);
      await this.system.idle();
      const taken = ((this.acknowledged - from) / (performance.now() - begun)) * 1000;
      if (taken < 1.2 * rate) return Math.max(rate, taken);
      rate = taken;
    }
    return rate;
  }

  /** At times of their own, whatever becomes of those before. */
  async offer(perSecond: number, ms: number, meanwhile: () => void): Promise<void> {
    const [begun, from] = [performance.now(), this.next];
    for (let now = begun; now < begun + ms; now = performance.now()) {
      const due = from + Math.floor(((now - begun) / 1000) * perSecond);
      // As from sockets: not all that are due come in one turn of the event loop.
      for (let burst = 0; this.next < due && burst < 5_000; burst++) void this.send();
      meanwhile();
      await (this.next < due ? new Promise((resolve) => setImmediate(resolve)) : pause(1));
    }
    while (this.#waiting > 0) await pause(1);
  }
}

/** Asks now and then, and notes how long the answer took. */
class Probes {
  readonly #system: ActorSystem;
  ms: number[] = [];
  refused = 0;
  #nextMs = 0;
  #under: Promise<void> | undefined;

  constructor(system: ActorSystem) {
    this.#system = system;
  }

  /** One at a time, so many milliseconds after the one before. */
  look(): void {
    if (this.#under !== undefined || performance.now() < this.#nextMs) return;
    this.#under = this.#ask().finally(() => {
      this.#nextMs = performance.now() + 5;
      this.#under = undefined;
    });
  }

  async #ask(): Promise<void> {
    const begun = performance.now();
    try {
      await this.#system.ask(this.#system.entity(ledger(), 'probe'), {}, { timeoutMs: Infinity });
      this.ms.push(performance.now() - begun);
    } catch (error) {
      const code = error instanceof PorticoError ? error.code : '';
      if (code !== 'ingress/overflow') throw error;
      this.refused++;
    }
  }

  /** Those so far. */
  async taken(): Promise<readonly [number, number]> {
    await this.#under;
    const { ms } = this;
    this.ms = [];
    return [median(ms), quantile(ms, 0.99)];
  }
}

export async function flood(options: FloodOptions): Promise<Flood> {
  const { measureMs, floodMs, times, storeOf } = options;
  let system = await started(options);
  const senders = new Senders(system, options);
  const probes = new Probes(system);
  const sustainedPerSecond = await senders.capacity(measureMs);
  await senders.offer(sustainedPerSecond / 10, measureMs, () => {
    probes.look();
  });
  const unloadedMs = await probes.taken();

  const [heap, rss]: [number[], number[]] = [[], []];
  for (const code of Object.keys(senders.refused)) senders.refused[code] = 0;
  const before = { next: senders.next, acknowledged: senders.acknowledged };
  const begun = performance.now();
  let sampledMs = 0;
  let mostWaiting = 0;
  await senders.offer(times * sustainedPerSecond, floodMs, () => {
    probes.look();
    mostWaiting = Math.max(mostWaiting, system.dataflow.partition.backlog.events);
    const now = performance.now() - begun;
    if (now < floodMs / 10 || now < sampledMs) return;
    sampledMs = now + Math.min(250, floodMs / 100);
    const { heapUsed, rss: all } = process.memoryUsage();
    heap.push(heapUsed / 1e6);
    rss.push(all / 1e6);
  });
  const loadedMs = await probes.taken();
  const offered = senders.next - before.next;
  const acknowledged = senders.acknowledged - before.acknowledged;
  const seconds = (performance.now() - begun) / 1000;

  await system.idle();
  const wrong = await mistakes(system, senders, 'at the end');
  await system.stop();
  if (storeOf !== undefined) {
    system = await started(options);
    await system.idle();
    wrong.push(...(await mistakes(system, senders, 'after the restart')));
    await system.stop();
  }
  return {
    sustainedPerSecond: Math.round(sustainedPerSecond),
    offeredPerSecond: Math.round(offered / seconds),
    offered,
    acknowledged,
    refused: senders.refused,
    unloadedMs,
    loadedMs,
    probesRefused: probes.refused,
    mostWaiting,
    heapMb: thirds(heap),
    rssMb: thirds(rss),
    wrong,
  };
}

/** Where what is there differs from what was acknowledged. */
async function mistakes(system: ActorSystem, senders: Senders, when: string): Promise<string[]> {
  const wrong: string[] = [];
  for (let i = 0; i < LEDGERS; i++) {
    const is = JSON.stringify(await system.ask(system.entity(ledger(), String(i)), {}));
    const should = JSON.stringify(senders.expected[i]);
    if (is !== should) wrong.push(`${when}, ledger ${i} has ${is}, and ${should} was acknowledged`);
  }
  const { deadLetters } = system;
  const kept = Math.min(DEAD_LETTERS, senders.poisoned);
  if (deadLetters.list().length !== kept || deadLetters.count !== senders.poisoned)
    wrong.push(
      `${when}, there are ${deadLetters.list().length} dead letters of ${deadLetters.count}, and ${senders.poisoned} were sent`,
    );
  return wrong;
}
